#include "harness/schedule/fault_list.h"

#include <stdio.h>
#include <string.h>

#include "world/base/bytes.h"

struct reading {
    struct region *region;
    const struct fault_names *names;
    struct yaml_error *error;
};

static const char *const KIND_WORDS[] = {
#define KIND_WORD(name, word, party, direction) [WIRE_FAULT_##name] = (word),
    WIRE_FAULT_LIST(KIND_WORD)
#undef KIND_WORD
        [WIRE_FAULT_KIND_COUNT] = NULL};

static size_t count_names(const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    return count;
}

static bool fail_full(const struct reading *reading, const struct yaml_node *at)
{
    return yaml_fail(reading->error, at, "the case needs more memory than a case may have");
}

/* ---- whose connection ----------------------------------------------------------------------- */

/* Finds who has that name among upstreams, clients and `lookup`, in this order. */
static bool find_party(const struct reading *reading, const struct yaml_node *name,
                       struct wire_fault *out)
{
    size_t upstreams = count_names(reading->names->upstreams);
    size_t clients = count_names(reading->names->clients);
    const char **words = region_take(reading->region, (upstreams + clients + 2) * sizeof(*words));
    if (words == NULL)
        return fail_full(reading, name);
    for (size_t i = 0; i < upstreams + clients; i++)
        words[i] =
            i < upstreams ? reading->names->upstreams[i] : reading->names->clients[i - upstreams];
    words[upstreams + clients] = FAULT_LOOKUP;
    int word = yaml_word(name, "whose connection it is", words, reading->error);
    if (word < 0)
        return false;
    size_t place = (size_t)word;
    for (size_t i = place + 1; i < upstreams + clients; i++)
        if (strcmp(words[i], words[place]) == 0)
            return yaml_fail(reading->error, name,
                             "'%s' is an upstream and a client; give one of them another name",
                             words[place]);
    if (place == upstreams + clients)
        out->party = WIRE_LOOKUP;
    else
        out->party = place < upstreams ? WIRE_UPSTREAM : WIRE_CLIENT;
    out->index = (uint32_t)(out->party == WIRE_CLIENT ? place - upstreams : place);
    if (out->party == WIRE_LOOKUP)
        out->index = 0;
    return true;
}

static bool read_place(const struct reading *reading, const struct yaml_node *at,
                       struct wire_fault *out)
{
    const char *hash = at->kind == YAML_SCALAR ? strrchr(at->text, '#') : NULL;
    uint64_t connection;
    if (hash == NULL)
        return yaml_fail(reading->error, at,
                         "'at' is a name and which of its connections, from 1: a#1, client#2, "
                         "lookup#1");
    size_t size = (size_t)(hash - at->text);
    if (!bytes_to_u64(bytes_make(hash + 1, at->text_size - size - 1), UINT32_MAX, &connection) ||
        connection == 0)
        return yaml_fail(reading->error, at,
                         "behind '#' stands which connection it is, 1 or a larger number");
    struct yaml_node name = *at;
    name.text = region_copy_text(reading->region, at->text, size);
    name.text_size = size;
    if (name.text == NULL)
        return fail_full(reading, at);
    out->connection = (uint32_t)connection;
    return find_party(reading, &name, out);
}

/* ---- where on it ---------------------------------------------------------------------------- */

static bool read_bytes(const struct reading *reading, const struct yaml_node *map,
                       struct wire_fault *out)
{
    const struct yaml_node *sent = yaml_get(map, "sent");
    const struct yaml_node *received = yaml_get(map, "received");
    out->direction = WIRE_DIAL;
    if (sent != NULL && received != NULL)
        return yaml_fail(reading->error, received,
                         "a fault is at a byte that was 'sent' or 'received', not both");
    if (sent != NULL)
        out->direction = WIRE_SENT;
    else if (received != NULL)
        out->direction = WIRE_RECEIVED;
    else
        return true;
    return yaml_size(sent != NULL ? sent : received, sent != NULL ? "'sent'" : "'received'",
                     FAULT_OFFSET_MAX, &out->offset, reading->error);
}

/* Why such a fault is none there. */
static bool fail_unfit(const struct reading *reading, const struct yaml_node *kind,
                       const struct wire_fault *fault)
{
    static const char *const PARTIES[] = {
        [WIRE_CLIENT] = "a client", [WIRE_UPSTREAM] = "an upstream", [WIRE_LOOKUP] = "a lookup"};
    bool anywhere = false;
    for (enum wire_direction d = WIRE_DIAL; d <= WIRE_RECEIVED; d++)
        anywhere = anywhere || wire_fault_fits(fault->kind, fault->party, d);
    const char *word = wire_fault_word(fault->kind);
    if (!anywhere)
        return yaml_fail(reading->error, kind, "'%s' is no fault of %s", word,
                         PARTIES[fault->party]);
    if (wire_fault_fits(fault->kind, fault->party, WIRE_DIAL))
        return yaml_fail(reading->error, kind,
                         "'%s' is when the connection begins: without 'sent' and 'received'", word);
    if (fault->direction == WIRE_DIAL)
        return yaml_fail(
            reading->error, kind, "'%s' is at a byte: say behind how many, '%s: 0' or more", word,
            wire_fault_fits(fault->kind, fault->party, WIRE_SENT) ? "sent" : "received");
    return yaml_fail(reading->error, kind, "'%s' is at a byte that was %s", word,
                     fault->direction == WIRE_SENT ? "'received'" : "'sent'");
}

static bool read_fault(const struct reading *reading, const struct yaml_node *map,
                       struct wire_fault *out)
{
    static const char *const KEYS[] = {"at", "sent", "received", "kind", "lasting", NULL};
    if (map->kind != YAML_MAP)
        return yaml_fail(reading->error, map, "a fault is a map: {at: a#1, sent: 17, kind: fin}");
    if (!yaml_check_keys(map, "a fault", KEYS, reading->error))
        return false;
    const struct yaml_node *at = yaml_get(map, "at");
    const struct yaml_node *kind = yaml_get(map, "kind");
    const struct yaml_node *lasting = yaml_get(map, "lasting");
    if (at == NULL || kind == NULL)
        return yaml_fail(reading->error, map, "a fault needs '%s'", at == NULL ? "at" : "kind");
    if (!read_place(reading, at, out) || !read_bytes(reading, map, out))
        return false;
    int word = yaml_word(kind, "the kind of a fault", KIND_WORDS, reading->error);
    if (word < 0)
        return false;
    out->kind = (enum wire_fault_kind)word;
    if (!wire_fault_fits(out->kind, out->party, out->direction))
        return fail_unfit(reading, kind, out);
    return lasting == NULL || yaml_bool(lasting, "'lasting'", &out->lasting, reading->error);
}

bool fault_list_read(struct region *region, const struct yaml_node *list,
                     const struct fault_names *names, struct fault_list *out,
                     struct yaml_error *error)
{
    const struct reading reading = {region, names, error};
    if (list->kind != YAML_LIST || list->count > WIRE_FAULTS_MAX)
        return yaml_fail(error, list, "'faults' is a list of at most %d faults", WIRE_FAULTS_MAX);
    struct wire_fault *faults = region_take(region, (list->count + 1) * sizeof(*faults));
    if (faults == NULL)
        return fail_full(&reading, list);
    size_t count = 0;
    for (const struct yaml_node *map = list->first; map != NULL; map = map->next) {
        if (!read_fault(&reading, map, &faults[count]))
            return false;
        for (size_t i = 0; i < count; i++)
            if (wire_fault_equal(&faults[i], &faults[count]))
                return yaml_fail(error, map, "the same fault stands there twice");
        count++;
    }
    *out = (struct fault_list){faults, count};
    return true;
}

bool fault_order_read(struct region *region, const struct yaml_node *list, struct fault_order *out,
                      struct yaml_error *error)
{
    const struct reading reading = {region, NULL, error};
    if (list->kind != YAML_LIST || list->count > FAULT_ORDER_MAX)
        return yaml_fail(error, list, "'order' is a list of at most %d choices, each from 0",
                         FAULT_ORDER_MAX);
    uint32_t *choices = region_take(region, (list->count + 1) * sizeof(*choices));
    if (choices == NULL)
        return fail_full(&reading, list);
    size_t count = 0;
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next) {
        uint64_t choice;
        if (!yaml_u64(node, "a choice", 0, UINT32_MAX, &choice, error))
            return false;
        choices[count++] = (uint32_t)choice;
    }
    *out = (struct fault_order){choices, count};
    return true;
}

const char *fault_place(const struct wire_fault *fault, const struct fault_names *names,
                        char text[FAULT_PLACE_BYTES])
{
    const char *name = FAULT_LOOKUP;
    if (fault->party != WIRE_LOOKUP) {
        const char *const *all = fault->party == WIRE_UPSTREAM ? names->upstreams : names->clients;
        check(fault->index < count_names(all));
        name = all[fault->index];
    }
    snprintf(text, FAULT_PLACE_BYTES, "%s#%u", name, (unsigned)fault->connection);
    return text;
}
