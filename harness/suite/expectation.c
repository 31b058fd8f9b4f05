#include "harness/suite/expectation.h"

#include <ctype.h>
#include <string.h>

#include "world/wire_fault.h"

static const char *const TALLY_WORDS[] = {
    [TALLY_ATTEMPTS] = "attempts", [TALLY_DELIVERED] = "delivered",
    [TALLY_BEGUN] = "begun",       [TALLY_CONNECTIONS] = "connections",
    [TALLY_OPEN] = "open",         [TALLY_HANDSHAKES] = "handshakes",
    [TALLY_RESUMED] = "resumed",
};

const char *tally_word(enum expected_tally tally)
{
    check(tally < TALLY_COUNT);
    return TALLY_WORDS[tally];
}

/* ---- reading -------------------------------------------------------------------------------- */

enum {
    COUNT_LIMIT = 1000000, /* no case makes a million of anything that is counted */
    BODY_LIMIT_GIB = 64,   /* the largest body anybody streams through a test */
};
static const uint64_t BODY_LIMIT = (uint64_t)BODY_LIMIT_GIB << 30;

struct reading {
    struct region *region;
    const struct expectation_names *names;
    struct yaml_error *error;
};

static void *take(const struct reading *reading, const struct yaml_node *at, size_t size)
{
    void *piece = region_take(reading->region, size);
    if (piece == NULL)
        yaml_fail(reading->error, at, "the case needs more memory than a case may have");
    return piece;
}

static bool must_be_map(const struct reading *reading, const struct yaml_node *node,
                        const char *what)
{
    return node->kind == YAML_MAP || yaml_fail(reading->error, node, "%s is a map", what);
}

/* The index of a key among the names; -1 and the nearest name in the error. */
static int name_index(const struct reading *reading, const struct yaml_node *node, const char *what,
                      const char *const *names)
{
    return yaml_word(node, what, names, reading->error);
}

static bool read_tally(const struct reading *reading, const struct yaml_node *node,
                       enum expected_tally tally, struct expectation *out)
{
    const char *what = tally_word(tally);
    if (node->kind != YAML_MAP && tally == TALLY_ATTEMPTS)
        return number_rule_read(node, what, COUNT_LIMIT, &out->attempts, reading->error);
    if (node->kind != YAML_MAP)
        return yaml_fail(reading->error, node, "'%s' is a map of upstreams to numbers, as {a: 1}",
                         what);
    for (const struct yaml_node *number = node->first; number != NULL; number = number->next) {
        int index =
            name_index(reading, number->key, "an upstream's name", reading->names->upstreams);
        if (index < 0 || !number_rule_read(number, what, COUNT_LIMIT,
                                           &out->upstreams[index].tallies[tally], reading->error))
            return false;
    }
    return true;
}

static bool add_header(const struct reading *reading, const struct yaml_node *name,
                       const struct yaml_node *value, const struct expected_header **list)
{
    struct expected_header *header = take(reading, name, sizeof(*header));
    if (header == NULL || !yaml_text(name, "a field name", &header->name, reading->error))
        return false;
    if (value != NULL && !yaml_text(value, "a field value", &header->value, reading->error))
        return false;
    header->next = (struct expected_header *)(uintptr_t)*list;
    *list = header;
    return true;
}

/* A map of names to values, with lists for repeated names. NULL is an empty one. */
static bool read_fields(const struct reading *reading, const struct yaml_node *map,
                        const struct expected_header **out)
{
    if (map != NULL && !must_be_map(reading, map, map->key->text))
        return false;
    for (const struct yaml_node *field = map ? map->first : NULL; field != NULL;
         field = field->next) {
        const struct yaml_node *value = field->kind == YAML_LIST ? field->first : field;
        for (; value != NULL; value = field->kind == YAML_LIST ? value->next : NULL)
            if (!add_header(reading, field->key, value, out))
                return false;
    }
    return true;
}

/* `headers: {name: value}` and `absent: [names]`. */
static bool read_headers(const struct reading *reading, const struct yaml_node *map,
                         const struct expected_header **out)
{
    const struct yaml_node *absent = yaml_get(map, "absent");
    if (absent != NULL && absent->kind != YAML_LIST)
        return yaml_fail(reading->error, absent, "'absent' is a list of field names");
    if (!read_fields(reading, yaml_get(map, "headers"), out))
        return false;
    for (const struct yaml_node *name = absent ? absent->first : NULL; name != NULL;
         name = name->next)
        if (!add_header(reading, name, NULL, out))
            return false;
    return true;
}

static bool read_optional_text(const struct reading *reading, const struct yaml_node *map,
                               const char *key, const char **out)
{
    const struct yaml_node *node = yaml_get(map, key);
    return node == NULL || yaml_text(node, key, out, reading->error);
}

static bool read_body(const struct reading *reading, const struct yaml_node *map,
                      struct expected_request *out)
{
    const struct yaml_node *body = yaml_get(map, "body");
    if (body == NULL)
        return true;
    out->body_same = body->kind == YAML_SCALAR && strcmp(body->text, "same") == 0;
    return out->body_same || number_rule_read(body, "'body' (bytes, or 'same')", BODY_LIMIT,
                                              &out->body, reading->error);
}

static bool read_received(const struct reading *reading, const struct yaml_node *node,
                          struct expectation *out)
{
    static const char *const KEYS[] = {"method", "target",  "headers", "absent",
                                       "body",   "framing", NULL};
    static const char *const FRAMINGS[] = {"none", "content-length", "chunked", NULL};
    if (!must_be_map(reading, node, "'received'"))
        return false;
    for (const struct yaml_node *map = node->first; map != NULL; map = map->next) {
        int index = name_index(reading, map->key, "an upstream's name", reading->names->upstreams);
        if (index < 0 || !must_be_map(reading, map, "what an upstream received") ||
            !yaml_check_keys(map, "'received'", KEYS, reading->error))
            return false;
        struct expected_request *request = take(reading, map, sizeof(*request));
        if (request == NULL || !read_optional_text(reading, map, "method", &request->method) ||
            !read_optional_text(reading, map, "target", &request->target) ||
            !read_headers(reading, map, &request->headers) || !read_body(reading, map, request))
            return false;
        const struct yaml_node *framing = yaml_get(map, "framing");
        int word = framing == NULL ? 0 : yaml_word(framing, "a framing", FRAMINGS, reading->error);
        if (word < 0)
            return false;
        request->framing = framing == NULL ? NULL : FRAMINGS[word];
        out->upstreams[index].received = request;
    }
    return true;
}

static bool read_status(const struct reading *reading, const struct yaml_node *node,
                        struct expected_response *out)
{
    static const char *const WORDS[] = {"gateway-error", "none", NULL};
    if (node->kind == YAML_SCALAR && isalpha((unsigned char)node->text[0])) {
        int word = yaml_word(node, "a status", WORDS, reading->error);
        out->status_gateway = word == 0;
        out->status_none = word == 1;
        return word >= 0;
    }
    return number_rule_read(node, "a status", 999, &out->status, reading->error);
}

static bool read_interim(const struct reading *reading, const struct yaml_node *list,
                         struct expected_response *out)
{
    if (list->kind != YAML_LIST)
        return yaml_fail(reading->error, list, "'interim' is a list of statuses, as [103]");
    out->interim = take(reading, list, (list->count + 1) * sizeof(*out->interim));
    if (out->interim == NULL)
        return false;
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next)
        if (!number_rule_read(node, "a 1xx status", 199, &out->interim[out->interim_count++],
                              reading->error))
            return false;
    return true;
}

/* The keys of one response whose values are words or numbers. */
static bool read_response_values(const struct reading *reading, const struct yaml_node *map,
                                 struct expected_response *out)
{
    static const char *const CLOSINGS[] = {[CLOSING_ANY] = "any",
                                           [CLOSING_FIN] = "fin",
                                           [CLOSING_RST] = "rst",
                                           [CLOSING_OPEN] = "open",
                                           NULL};
    const struct yaml_node *status = yaml_get(map, "status");
    const struct yaml_node *complete = yaml_get(map, "complete");
    const struct yaml_node *closed = yaml_get(map, "closed");
    const struct yaml_node *body = yaml_get(map, "body");
    const struct yaml_node *interim = yaml_get(map, "interim");
    if (status != NULL && !read_status(reading, status, out))
        return false;
    out->complete_set = complete != NULL;
    if (complete != NULL && !yaml_bool(complete, "'complete'", &out->complete, reading->error))
        return false;
    if (body != NULL &&
        !number_rule_read(body, "'body' (bytes)", BODY_LIMIT, &out->body, reading->error))
        return false;
    if (interim != NULL && !read_interim(reading, interim, out))
        return false;
    int closing =
        closed == NULL ? CLOSING_ANY : yaml_word(closed, "'closed'", CLOSINGS, reading->error);
    out->closed = closing < 0 ? CLOSING_ANY : (enum expected_closing)closing;
    return closing >= 0;
}

static bool read_tls(const struct reading *reading, const struct yaml_node *map,
                     struct expected_response *out)
{
    static const char *const KEYS[] = {"version", "alpn", "failed", "detail", "resumed", NULL};
    struct expected_tls *tls = take(reading, map, sizeof(*tls));
    if (tls == NULL || !must_be_map(reading, map, "'tls'") ||
        !yaml_check_keys(map, "'tls'", KEYS, reading->error))
        return false;
    const struct yaml_node *failed = yaml_get(map, "failed");
    const struct yaml_node *resumed = yaml_get(map, "resumed");
    out->tls = tls;
    tls->failed_set = failed != NULL;
    tls->resumed_set = resumed != NULL;
    return (failed == NULL || yaml_bool(failed, "'failed'", &tls->failed, reading->error)) &&
           (resumed == NULL || yaml_bool(resumed, "'resumed'", &tls->resumed, reading->error)) &&
           read_optional_text(reading, map, "version", &tls->version) &&
           read_optional_text(reading, map, "alpn", &tls->alpn) &&
           read_optional_text(reading, map, "detail", &tls->detail);
}

static bool read_response(const struct reading *reading, const struct yaml_node *map,
                          struct expected_response *out)
{
    static const char *const KEYS[] = {"status",   "complete", "closed",  "body",  "from",
                                       "headers",  "absent",   "interim", "error", "cause",
                                       "trailers", "tls",      NULL};
    if (!must_be_map(reading, map, "what a client gets") ||
        !yaml_check_keys(map, "what a client gets", KEYS, reading->error))
        return false;
    out->line = map->line;
    const struct yaml_node *from = yaml_get(map, "from");
    if (from != NULL) {
        int index = name_index(reading, from, "an upstream's name", reading->names->upstreams);
        if (index < 0)
            return false;
        out->from = reading->names->upstreams[index];
    }
    const struct yaml_node *trailers = yaml_get(map, "trailers");
    const struct yaml_node *tls = yaml_get(map, "tls");
    out->trailers_set = trailers != NULL;
    if (tls != NULL && !read_tls(reading, tls, out))
        return false;
    return read_response_values(reading, map, out) && read_headers(reading, map, &out->headers) &&
           read_fields(reading, trailers, &out->trailers) &&
           read_optional_text(reading, map, "error", &out->error) &&
           read_optional_text(reading, map, "cause", &out->cause);
}

static bool read_client(const struct reading *reading, const struct yaml_node *node,
                        struct expected_client *out)
{
    out->listed = node->kind == YAML_LIST;
    size_t count = out->listed ? node->count : 1;
    struct expected_response *responses = take(reading, node, (count + 1) * sizeof(*responses));
    if (responses == NULL)
        return false;
    const struct yaml_node *map = out->listed ? node->first : node;
    for (; out->count < count; map = map->next)
        if (!read_response(reading, map, &responses[out->count++]))
            return false;
    out->responses = responses;
    return true;
}

static size_t count_names(const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    return count;
}

static bool read_clients(const struct reading *reading, const struct yaml_node *map,
                         struct expectation *out)
{
    const struct yaml_node *one = yaml_get(map, "client");
    const struct yaml_node *several = yaml_get(map, "clients");
    size_t count = count_names(reading->names->clients);
    struct expected_client *clients = take(reading, map, (count + 1) * sizeof(*clients));
    if (clients == NULL)
        return false;
    out->clients = clients;
    if (one != NULL && (count != 1 || several != NULL))
        return yaml_fail(reading->error, one,
                         "with several clients write 'clients: {name: {...}}'");
    if (one != NULL)
        return read_client(reading, one, &clients[0]);
    if (several == NULL)
        return true;
    if (!must_be_map(reading, several, "'clients'"))
        return false;
    for (const struct yaml_node *node = several->first; node != NULL; node = node->next) {
        int index = name_index(reading, node->key, "a client's name", reading->names->clients);
        if (index < 0 || !read_client(reading, node, &clients[index]))
            return false;
    }
    return true;
}

/* `sni: {a: a.test}`. */
static bool read_sni(const struct reading *reading, const struct yaml_node *map,
                     struct expectation *out)
{
    if (!must_be_map(reading, map, "'sni'"))
        return false;
    for (const struct yaml_node *name = map->first; name != NULL; name = name->next) {
        int index = name_index(reading, name->key, "an upstream's name", reading->names->upstreams);
        if (index < 0 ||
            !yaml_text(name, "a server name", &out->upstreams[index].sni, reading->error))
            return false;
    }
    return true;
}

/* `lookups: {a.test: 2}`. */
static bool read_lookups(const struct reading *reading, const struct yaml_node *map,
                         struct expectation *out)
{
    if (!must_be_map(reading, map, "'lookups'"))
        return false;
    for (const struct yaml_node *count = map->first; count != NULL; count = count->next) {
        struct expected_lookup *lookup = take(reading, count, sizeof(*lookup));
        if (lookup == NULL ||
            name_index(reading, count->key, "a name in 'dns'", reading->names->hosts) < 0 ||
            !number_rule_read(count, "'lookups'", COUNT_LIMIT, &lookup->count, reading->error))
            return false;
        lookup->name = count->key->text;
        lookup->next = (struct expected_lookup *)(uintptr_t)out->lookups;
        out->lookups = lookup;
    }
    return true;
}

/* A rule for a number of bytes, or a size: 1GiB. */
static bool read_bytes(const struct reading *reading, const struct yaml_node *map, const char *key,
                       struct number_rule *out)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL)
        return true;
    size_t size = node->kind == YAML_SCALAR ? node->text_size : 0;
    if (size < 2 || node->text[size - 1] != 'B')
        return number_rule_read(node, key, BODY_LIMIT, out, reading->error);
    *out = (struct number_rule){.comparison = NUMBER_ONE_OF, .count = 1};
    return yaml_size(node, key, BODY_LIMIT, &out->values[0], reading->error);
}

static bool read_tunnel(const struct reading *reading, const struct yaml_node *map,
                        struct expectation *out)
{
    static const char *const KEYS[] = {"up", "down", "same", NULL};
    struct expected_tunnel *tunnel = take(reading, map, sizeof(*tunnel));
    if (tunnel == NULL || !must_be_map(reading, map, "'tunnel'") ||
        !yaml_check_keys(map, "'tunnel'", KEYS, reading->error))
        return false;
    const struct yaml_node *same = yaml_get(map, "same");
    out->tunnel = tunnel;
    tunnel->same_set = same != NULL;
    return read_bytes(reading, map, "up", &tunnel->up) &&
           read_bytes(reading, map, "down", &tunnel->down) &&
           (same == NULL || yaml_bool(same, "'same'", &tunnel->same, reading->error));
}

static bool read_claims(const struct reading *reading, const struct yaml_node *map,
                        struct expectation *out)
{
    const struct yaml_node *record = yaml_get(map, "record");
    const struct yaml_node *log = yaml_get(map, "log");
    if (record != NULL)
        out->record = expected_record_read(reading->region, record, reading->error);
    if (log != NULL)
        out->log = expected_log_read(reading->region, log, reading->error);
    return (record == NULL || out->record != NULL) && (log == NULL || out->log != NULL);
}

/* A list of names of hooks; *out is never NULL then. */
static bool read_hook_list(const struct reading *reading, const struct yaml_node *list,
                           const enum hook_name **out, size_t *count)
{
    if (list->kind != YAML_LIST)
        return yaml_fail(reading->error, list, "the calls of hooks are a list of their names");
    enum hook_name *hooks = take(reading, list, (list->count + 1) * sizeof(*hooks));
    if (hooks == NULL)
        return false;
    *out = hooks;
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next) {
        int hook = yaml_word(node, "a hook", hook_words(), reading->error);
        if (hook < 0)
            return false;
        hooks[(*count)++] = (enum hook_name)hook;
    }
    return true;
}

static bool read_hooks(const struct reading *reading, const struct yaml_node *map,
                       struct expectation *out)
{
    const struct yaml_node *whole = yaml_get(map, "hooks");
    const struct yaml_node *within = yaml_get(map, "hooks_within");
    const struct yaml_node *suppressed = yaml_get(map, "suppressed");
    out->hooks.whole_set = whole != NULL;
    out->suppressed_set = suppressed != NULL;
    return (whole == NULL ||
            read_hook_list(reading, whole, &out->hooks.whole, &out->hooks.whole_count)) &&
           (within == NULL ||
            read_hook_list(reading, within, &out->hooks.within, &out->hooks.within_count)) &&
           (suppressed == NULL ||
            yaml_bool(suppressed, "'suppressed'", &out->suppressed, reading->error)) &&
           read_optional_text(reading, map, "summary", &out->summary);
}

static bool read_bounds(const struct reading *reading, const struct yaml_node *map,
                        struct expectation *out)
{
    const struct yaml_node *held = yaml_get(map, "held");
    const struct yaml_node *growth = yaml_get(map, "memory_growth");
    const struct yaml_node *within = yaml_get(map, "within");
    const struct yaml_node *after = yaml_get(map, "after");
    out->held_max = UINT64_MAX;
    out->memory_growth_max = UINT64_MAX;
    out->within_ns = TIME_NEVER;
    return (held == NULL ||
            yaml_size(held, "'held'", BODY_LIMIT, &out->held_max, reading->error)) &&
           (growth == NULL || yaml_size(growth, "'memory_growth'", BODY_LIMIT,
                                        &out->memory_growth_max, reading->error)) &&
           (within == NULL || yaml_duration(within, "'within'", &out->within_ns, reading->error)) &&
           (after == NULL || yaml_duration(after, "'after'", &out->after_ns, reading->error));
}

static const char *const EXPECT_KEYS[] = {
#define EXPECT_KEY_WORD(name, word) [EXPECT_##name] = (word),
    EXPECT_KEY_LIST(EXPECT_KEY_WORD)
#undef EXPECT_KEY_WORD
        [EXPECT_KEY_COUNT] = NULL};

bool expectation_read(struct region *region, const struct yaml_node *node,
                      const struct expectation_names *names, struct expectation *out,
                      struct yaml_error *error)
{
    const struct reading reading = {region, names, error};
    *out = (struct expectation){0};
    if (!must_be_map(&reading, node, "'expect'") ||
        !yaml_check_keys(node, "'expect'", EXPECT_KEYS, error))
        return false;
    for (enum expect_key key = 0; key < EXPECT_KEY_COUNT; key++) {
        const struct yaml_node *value = yaml_get(node, EXPECT_KEYS[key]);
        out->lines[key] = value != NULL ? value->key->line : 0;
    }
    size_t upstream_count = count_names(names->upstreams);
    out->upstreams = take(&reading, node, (upstream_count + 1) * sizeof(*out->upstreams));
    if (out->upstreams == NULL)
        return false;
    for (enum expected_tally tally = 0; tally < TALLY_COUNT; tally++) {
        const struct yaml_node *value = yaml_get(node, tally_word(tally));
        if (value != NULL && !read_tally(&reading, value, tally, out))
            return false;
    }
    const struct yaml_node *received = yaml_get(node, "received");
    const struct yaml_node *sni = yaml_get(node, "sni");
    const struct yaml_node *lookups = yaml_get(node, "lookups");
    const struct yaml_node *tunnel = yaml_get(node, "tunnel");
    const struct yaml_node *faults = yaml_get(node, "faults");
    return (received == NULL || read_received(&reading, received, out)) &&
           (sni == NULL || read_sni(&reading, sni, out)) &&
           (lookups == NULL || read_lookups(&reading, lookups, out)) &&
           (tunnel == NULL || read_tunnel(&reading, tunnel, out)) &&
           (faults == NULL ||
            number_rule_read(faults, "'faults'", WIRE_FAULTS_MAX, &out->faults, error)) &&
           read_claims(&reading, node, out) && read_clients(&reading, node, out) &&
           read_bounds(&reading, node, out) && read_hooks(&reading, node, out);
}
