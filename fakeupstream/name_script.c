#include "fakeupstream/name_script.h"

#include <stdio.h>
#include <string.h>

static const char *const ANSWER_WORDS[] = {
    [NAME_NXDOMAIN] = "nxdomain", [NAME_SERVFAIL] = "servfail",   [NAME_REFUSED] = "refused",
    [NAME_TIMEOUT] = "timeout",   [NAME_TRUNCATED] = "truncated", [NAME_WRONG_ID] = "wrong-id",
    [NAME_NO_DATA] = "no-data",   [NAME_ADDRESSES] = NULL,
};
static const char *const ANSWER_KEYS[] = {"answer", "ttl", "delay", NULL};

enum {
    NAME_BYTES_MAX = 253, /* RFC 1035 3.1 allows 255 octets on the wire: 253 in text */
    WORDS_MAX = 32, /* names of upstreams that a mistake is told with: as many as a proxy has */
};
#define TTL_MAX_S 2147483647u /* RFC 2181 8: 31 bits */

/* What everything that is taken from the region says when there is no more. */
static bool refuse_size(const struct yaml_node *node, struct yaml_error *error)
{
    return yaml_fail(error, node, "these names make the scenario too large for memory");
}

/* ---- one answer -------------------------------------------------------------------------------- */

/* NAME_ADDRESSES if it is none of the words. */
static enum name_answer_kind kind_of(const struct yaml_node *node)
{
    enum name_answer_kind kind = NAME_NXDOMAIN;

    while (kind < NAME_ADDRESSES &&
           !bytes_equal_text(bytes_make(node->text, node->text_size), ANSWER_WORDS[kind]))
        kind++;
    return kind;
}

static bool read_target(const struct yaml_node *node, struct name_target *out,
                        struct yaml_error *error)
{
    enum { ANY_PORT = 1 }; /* address_parse() wants a default, which is not used */
    const char *text;
    char bracketed[ADDRESS_TEXT_BYTES];
    int size;

    if (node->kind != YAML_SCALAR)
        return yaml_fail(error, node, "this should be an address or an upstream's name");
    if (!yaml_text(node, "an address", &text, error))
        return false;
    *out = (struct name_target){.at = node};
    size = snprintf(bracketed, sizeof(bracketed), "[%s]", text);
    if (size > 0 && (size_t)size < sizeof(bracketed) &&
        (address_parse(bracketed, ANY_PORT, &out->address) ||
         address_parse(text, ANY_PORT, &out->address))) {
        if (out->address.port != ANY_PORT)
            return yaml_fail(error, node, "an answer of a nameserver has no port: %s", text);
        out->address.port = 0;
        return true;
    }
    out->address = (struct address){0};
    out->upstream = text;
    return true;
}

static bool read_targets(struct region *region, const struct yaml_node *list,
                         struct name_answer *out, struct yaml_error *error)
{
    struct name_target *targets;

    if (list->count == 0)
        return yaml_fail(error, list, "an answer without addresses is `no-data`");
    if (list->count > QUERY_ADDRESSES_MAX)
        return yaml_fail(error, list, "an answer has at most %d addresses", QUERY_ADDRESSES_MAX);
    targets = region_take(region, list->count * sizeof(*targets));
    if (targets == NULL)
        return refuse_size(list, error);
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next)
        if (!read_target(node, &targets[out->target_count++], error))
            return false;
    out->targets = targets;
    return true;
}

/* A word, an address, or a list of addresses. */
static bool read_plain(struct region *region, const struct yaml_node *node, struct name_answer *out,
                       struct yaml_error *error)
{
    struct name_target *target;

    out->kind = node->kind == YAML_SCALAR ? kind_of(node) : NAME_ADDRESSES;
    if (out->kind != NAME_ADDRESSES)
        return true;
    if (node->kind == YAML_LIST)
        return read_targets(region, node, out, error);
    if (node->kind == YAML_MAP)
        return yaml_fail(error, node, "an `answer` is a word, an address or a list of addresses");
    target = region_take(region, sizeof(*target));
    if (target == NULL)
        return refuse_size(node, error);
    out->targets = target;
    out->target_count = 1;
    return read_target(node, target, error);
}

static bool read_ttl(const struct yaml_node *node, struct name_answer *out,
                     struct yaml_error *error)
{
    uint64_t ns;

    if (!yaml_duration(node, "ttl", &ns, error))
        return false;
    if (ns % NS_PER_S != 0 || ns / NS_PER_S > TTL_MAX_S)
        return yaml_fail(error, node, "a `ttl` is of whole seconds");
    out->ttl_s = (uint32_t)(ns / NS_PER_S);
    return true;
}

static bool read_answer(struct region *region, const struct yaml_node *node,
                        struct name_answer *out, struct yaml_error *error)
{
    const struct yaml_node *answer, *ttl, *delay;

    *out = (struct name_answer){.ttl_s = NAME_TTL_DEFAULT_S};
    if (node->kind != YAML_MAP)
        return read_plain(region, node, out, error);
    if (!yaml_check_keys(node, "an answer", ANSWER_KEYS, error))
        return false;
    answer = yaml_get(node, "answer");
    ttl = yaml_get(node, "ttl");
    delay = yaml_get(node, "delay");
    if (answer == NULL)
        return yaml_fail(error, node, "an answer that is a map needs `answer`");
    return read_plain(region, answer, out, error) && (ttl == NULL || read_ttl(ttl, out, error)) &&
           (delay == NULL || yaml_duration(delay, "delay", &out->delay_ns, error));
}

/* ---- the answers of a name, and the names ------------------------------------------------------ */

/* A list of nothing but addresses is what one lookup finds; anything else in it makes it a list of answers. */
static bool is_list_of_answers(const struct yaml_node *node)
{
    if (node->kind != YAML_LIST)
        return false;
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next)
        if (child->kind != YAML_SCALAR || kind_of(child) != NAME_ADDRESSES)
            return true;
    return false;
}

static bool read_entry(struct region *region, const struct yaml_node *node,
                       struct name_script_entry *entry, struct yaml_error *error)
{
    bool many = is_list_of_answers(node);
    size_t count = many ? node->count : 1;
    struct name_answer *answers;

    if (!yaml_text(node->key, "a name", &entry->name, error))
        return false;
    if (node->key->text_size > NAME_BYTES_MAX)
        return yaml_fail(error, node->key, "a name has at most %d bytes", NAME_BYTES_MAX);
    if (count > NAME_SCRIPT_ANSWERS_MAX)
        return yaml_fail(error, node, "a name has at most %d answers", NAME_SCRIPT_ANSWERS_MAX);
    answers = region_take(region, count * sizeof(*answers));
    if (answers == NULL)
        return refuse_size(node, error);
    entry->answers = answers;
    if (!many) {
        entry->answer_count = 1;
        return read_answer(region, node, answers, error);
    }
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next)
        if (!read_answer(region, child, &answers[entry->answer_count++], error))
            return false;
    return true;
}

bool name_script_parse(struct region *region, const struct yaml_node *node, struct name_script *out,
                       struct yaml_error *error)
{
    struct name_script_entry *entries;

    *out = (struct name_script){0};
    if (node->kind != YAML_MAP)
        return yaml_fail(error, node, "`dns` is a map: a name, and what its lookups are answered");
    if (node->count > NAME_SCRIPT_NAMES_MAX)
        return yaml_fail(error, node, "`dns` has at most %d names", NAME_SCRIPT_NAMES_MAX);
    if (node->count == 0)
        return true;
    entries = region_take(region, node->count * sizeof(*entries));
    if (entries == NULL)
        return refuse_size(node, error);
    out->entries = entries;
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
        struct name_script_entry *entry = &entries[out->entry_count];

        if (name_script_find(out, bytes_make(child->key->text, child->key->text_size)) != NULL)
            return yaml_fail(error, child->key, "names are the same in any case: %s is here twice",
                             child->key->text);
        if (!read_entry(region, child, entry, error))
            return false;
        out->entry_count++;
    }
    return true;
}

/* ---- questions about a script ------------------------------------------------------------------ */

const struct name_script_entry *name_script_find(const struct name_script *script,
                                                 struct bytes name)
{
    for (size_t i = 0; i < script->entry_count; i++)
        if (bytes_equal_text_nocase(name, script->entries[i].name))
            return &script->entries[i];
    return NULL;
}

static bool is_among(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

/* What is none of the upstreams may be a slip in one of the other words. */
static bool refuse_target(const struct name_target *target, const char *const *upstreams,
                          struct yaml_error *error)
{
    const char *words[NAME_ADDRESSES + WORDS_MAX + 1] = {NULL};
    size_t count = 0;

    for (; count < NAME_ADDRESSES; count++)
        words[count] = ANSWER_WORDS[count];
    for (; *upstreams != NULL && count < NAME_ADDRESSES + WORDS_MAX; upstreams++)
        words[count++] = *upstreams;
    if (yaml_word(target->at, "an answer about a name", words, error) < 0)
        return false;
    return yaml_fail(error, target->at, "'%s' is a whole answer, and stands beside no address",
                     target->upstream);
}

static bool check_answer(const struct name_answer *answer, const char *const *upstreams,
                         struct yaml_error *error)
{
    for (size_t i = 0; i < answer->target_count; i++) {
        const struct name_target *target = &answer->targets[i];

        if (target->upstream != NULL && !is_among(target->upstream, upstreams))
            return refuse_target(target, upstreams, error);
    }
    return true;
}

bool name_script_check_upstreams(const struct name_script *script, const char *const *upstreams,
                                 struct yaml_error *error)
{
    for (size_t i = 0; i < script->entry_count; i++)
        for (size_t j = 0; j < script->entries[i].answer_count; j++)
            if (!check_answer(&script->entries[i].answers[j], upstreams, error))
                return false;
    return true;
}
