#include "fakeupstream/upstream_script.h"

#include <string.h>

static const char *const UPSTREAM_KEYS[] = {"connections", "then",   "listen", "times",
                                            "host",        "family", "tls",    NULL};
static const char *const ENTRY_KEYS[] = {"repeat", "steps", NULL};
static const char *const LISTEN_WORDS[] = {"refused", "blackhole", NULL};

static bool read_connections(struct region *region, const struct yaml_node *list,
                             struct upstream_script *out, struct yaml_error *error);

/* [read: request, respond: 200] */
static bool make_standing(struct region *region, struct script *out)
{
    struct step *steps = region_take(region, 2 * sizeof(*steps));
    struct draft *draft = region_take(region, sizeof(*draft));

    if (steps == NULL || draft == NULL || !draft_standing(region, draft))
        return false;
    steps[0] = (struct step){.word = STEP_READ, .text = "read: request", .target = TARGET_MESSAGE};
    steps[1] = (struct step){.word = STEP_RESPOND, .text = "respond: 200", .draft = draft};
    *out = (struct script){.steps = steps, .count = 2};
    return true;
}

static bool read_listen(const struct yaml_node *map, struct upstream_script *out,
                        struct yaml_error *error)
{
    static const enum listen_mode MODES[] = {LISTEN_REFUSED, LISTEN_BLACKHOLE};
    const struct yaml_node *listen = yaml_get(map, "listen");
    const struct yaml_node *times = yaml_get(map, "times");
    int word;

    if (listen == NULL)
        return times == NULL || yaml_fail(error, times, "`times` needs `listen`");
    word = yaml_word(listen, "listen", LISTEN_WORDS, error);
    if (word < 0)
        return false;
    out->listen = MODES[word];
    if (times == NULL && (yaml_get(map, "connections") != NULL || yaml_get(map, "then") != NULL))
        return yaml_fail(error, listen, "nobody ever gets through to these steps: say `times`");
    return times == NULL ||
           yaml_u64(times, "times", 1, UPSTREAM_SCRIPT_CONNECTIONS_MAX, &out->listen_times, error);
}

/* RFC 1123 2.1, and underscores. */
static bool is_host(const char *text)
{
    static const char LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t size = strlen(text);

    return size > 0 && size < AUTHORITY_NAME_BYTES && strspn(text, LETTERS) == size;
}

/* Where it is, and how it is spoken to. */
static bool read_place(const struct yaml_node *map, struct upstream_script *out,
                       struct yaml_error *error)
{
    static const char *const FAMILY_WORDS[] = {"4", "6", NULL};
    const struct yaml_node *host = yaml_get(map, "host");
    const struct yaml_node *family = yaml_get(map, "family");
    const struct yaml_node *tls = yaml_get(map, "tls");
    int word = 0;

    if (host != NULL && !yaml_text(host, "host", &out->host, error))
        return false;
    if (out->host != NULL && !is_host(out->host))
        return yaml_fail(error, host, "a host is a name such as a.test");
    if (family != NULL)
        word = yaml_word(family, "a family of addresses", FAMILY_WORDS, error);
    out->on_ipv6 = word == 1;
    return word >= 0 && (tls == NULL || tls_draft_parse_upstream(tls, &out->tls, error));
}

bool upstream_script_parse(struct region *region, const struct yaml_node *node,
                           struct upstream_script *out, struct yaml_error *error)
{
    const struct yaml_node *connections = node;
    const struct yaml_node *then = NULL;

    *out = (struct upstream_script){.listen = LISTEN_OPEN};
    if (node->kind == YAML_SCALAR)
        return yaml_fail(error, node, "an upstream is a list of connections, or a map");
    if (node->kind == YAML_MAP) {
        if (!yaml_check_keys(node, "an upstream", UPSTREAM_KEYS, error) ||
            !read_listen(node, out, error) || !read_place(node, out, error))
            return false;
        connections = yaml_get(node, "connections");
        then = yaml_get(node, "then");
    }
    if (connections != NULL && !read_connections(region, connections, out, error))
        return false;
    if (then != NULL)
        return script_parse(region, then, SCRIPT_UPSTREAM, &out->standing, error);
    return make_standing(region, &out->standing) ||
           yaml_fail(error, node, "this upstream makes the scenario too large for memory");
}

/* One connection: its steps, or {repeat, steps}. */
static bool read_entry(struct region *region, const struct yaml_node *node,
                       struct upstream_script_entry *entry, struct yaml_error *error)
{
    const struct yaml_node *steps = node;
    uint64_t repeat = 1;

    if (node->kind == YAML_SCALAR ||
        (node->kind == YAML_MAP && yaml_get(node, "steps") == NULL && node->count == 1))
        return yaml_fail(error, node,
                         "a connection is a list of steps, so an upstream is a list of lists: "
                         "[[read: request, respond: 200]]");
    if (node->kind == YAML_MAP) {
        const struct yaml_node *times = yaml_get(node, "repeat");

        if (!yaml_check_keys(node, "a connection", ENTRY_KEYS, error))
            return false;
        steps = yaml_get(node, "steps");
        if (steps == NULL)
            return yaml_fail(error, node, "a connection needs `steps`");
        if (times != NULL &&
            !yaml_u64(times, "repeat", 1, UPSTREAM_SCRIPT_CONNECTIONS_MAX, &repeat, error))
            return false;
    }
    entry->repeat = (unsigned)repeat;
    return script_parse(region, steps, SCRIPT_UPSTREAM, &entry->script, error);
}

static bool read_connections(struct region *region, const struct yaml_node *list,
                             struct upstream_script *out, struct yaml_error *error)
{
    struct upstream_script_entry *entries;
    size_t count = 0;

    if (list->kind != YAML_LIST)
        return yaml_fail(error, list, "`connections` is a list of connections");
    if (list->count == 0)
        return true;
    entries = region_take(region, list->count * sizeof(*entries));
    if (entries == NULL)
        return yaml_fail(error, list, "this upstream makes the scenario too large for memory");
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next) {
        if (!read_entry(region, node, &entries[count], error))
            return false;
        if (entries[count].repeat > UPSTREAM_SCRIPT_CONNECTIONS_MAX - out->connection_count)
            return yaml_fail(error, node, "an upstream has at most %d connections",
                             UPSTREAM_SCRIPT_CONNECTIONS_MAX);
        out->connection_count += entries[count++].repeat;
    }
    out->entries = entries;
    out->entry_count = count;
    return true;
}

const struct script *upstream_script_of(const struct upstream_script *upstream, unsigned connection)
{
    check(connection > 0);
    for (size_t i = 0; i < upstream->entry_count; i++) {
        if (connection <= upstream->entries[i].repeat)
            return &upstream->entries[i].script;
        connection -= upstream->entries[i].repeat;
    }
    return &upstream->standing;
}

struct tls_draft upstream_script_tls(const struct upstream_script *upstream, unsigned connection)
{
    const struct script *script = upstream_script_of(upstream, connection);

    if (script->count == 0 || script->steps[0].word != STEP_TLS)
        return upstream->tls;
    return tls_draft_over(&upstream->tls, script->steps[0].tls);
}

static bool has_tls_step(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->steps[i].word == STEP_TLS)
            return true;
    return false;
}

bool upstream_script_has_tls_step(const struct upstream_script *upstream)
{
    for (size_t i = 0; i < upstream->entry_count; i++)
        if (has_tls_step(&upstream->entries[i].script))
            return true;
    return has_tls_step(&upstream->standing);
}

/* A turn is over when a response has been given; `prepare` stands for one that is sent in pieces. */
static bool find_pre_write(const struct script *script, struct pre_write_fault *out)
{
    unsigned turn = 1;

    for (size_t i = 0; i < script->count; i++) {
        const struct step *step = &script->steps[i];

        if (step->word == STEP_PRE_WRITE) {
            *out = (struct pre_write_fault){.turn = turn, .kind = step->end};
            return true;
        }
        turn += step->word == STEP_RESPOND || step->word == STEP_PREPARE;
    }
    return false;
}

bool upstream_script_pre_write(const struct upstream_script *upstream, unsigned connection,
                               struct pre_write_fault *out)
{
    return find_pre_write(upstream_script_of(upstream, connection), out);
}

bool upstream_script_has_pre_write(const struct upstream_script *upstream)
{
    struct pre_write_fault fault;

    for (size_t i = 0; i < upstream->entry_count; i++)
        if (find_pre_write(&upstream->entries[i].script, &fault))
            return true;
    return find_pre_write(&upstream->standing, &fault);
}
