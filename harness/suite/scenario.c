#include "harness/suite/scenario.h"

#include <string.h>

#include "harness/suite/scenario_needs.h"
#include "harness/suite/scenario_schedule.h"
#include "proxy/config.h"

static const char *const FILE_KEYS[] = {
    "name",        "stage",      "level", "source",  "why",    "fault",   "tags",      "grid",
    "except",      "proxy",      "hooks", "network", "client", "clients", "upstreams", "expect",
    "unsupported", "time_limit", "dns",   "faults",  "order",  "found",   NULL};
static const char *const WORLD_WORDS[] = {
    [WORLD_SIM] = "sim", [WORLD_SOCKETS] = "sockets", [WORLD_KIND_COUNT] = NULL};
static const char *const LEVEL_WORDS[] = {
    [LEVEL_MUST] = "must", [LEVEL_SHOULD] = "should", [LEVEL_INFO] = "info", [LEVEL_COUNT] = NULL};
static const char *const STAGE_WORDS[] = {
#define STAGE_WORD(name, word) [STAGE_##name] = (word),
    STAGE_LIST(STAGE_WORD)
#undef STAGE_WORD
        [STAGE_COUNT] = NULL};

#define TIME_LIMIT_DEFAULT_NS (120 * NS_PER_S)

const char *world_word(enum world_kind kind)
{
    check(kind < WORLD_KIND_COUNT);
    return WORLD_WORDS[kind];
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool check_file(struct scenario_file *file, struct region *region, struct yaml_error *error)
{
    if (file->root->kind != YAML_MAP)
        return yaml_fail(error, file->root, "a scenario is a map with 'name', 'stage', ...");
    return yaml_check_keys(file->root, "a scenario", FILE_KEYS, error) &&
           grid_load(&file->grid, region, yaml_get(file->root, "grid"),
                     yaml_get(file->root, "except"), error);
}

bool scenario_file_load(struct scenario_file *file, struct region *region, const char *path,
                        const char *base, struct yaml_error *error)
{
    size_t size;
    *file = (struct scenario_file){.path = path, .base = base};
    file->text = yaml_read(region, path, &size, error);
    if (file->text != NULL)
        file->root = yaml_parse(region, path, file->text, size, error);
    return file->root != NULL && check_file(file, region, error);
}

bool scenario_file_parse(struct scenario_file *file, struct region *region, struct bytes text,
                         const char *name, struct yaml_error *error)
{
    *file = (struct scenario_file){.path = name, .base = name};
    file->root = yaml_parse(region, name, (const char *)text.data, text.size, error);
    return file->root != NULL && check_file(file, region, error);
}

/* ---- one case ------------------------------------------------------------------------------- */

struct reading {
    struct scenario *out;
    const struct scenario_file *file;
    const struct grid_choice *choice;
    const struct yaml_node *root; /* after substitution */
    struct region *region;
    struct yaml_error *error;
};

static bool fail_full(const struct reading *reading)
{
    return yaml_fail(reading->error, reading->root,
                     "the case needs more memory than a case may have");
}

static const struct yaml_node *need(const struct reading *reading, const char *key)
{
    const struct yaml_node *node = yaml_get(reading->root, key);
    if (node == NULL)
        yaml_fail(reading->error, reading->root, "a scenario needs '%s'", key);
    return node;
}

/* What is left of an id or a path after its last slash. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A number, true and false say nothing without the name of what they are. */
static bool speaks_alone(const char *label)
{
    return !(label[0] >= '0' && label[0] <= '9') && strcmp(label, "true") != 0 &&
           strcmp(label, "false") != 0;
}

/* The row in the matrix: the values that are neither method nor framing, else the file's name. */
static const char *default_fault(const struct reading *reading)
{
    const struct grid *grid = &reading->file->grid;
    const char *fault = NULL;
    for (size_t i = 0; i < grid->axis_count; i++) {
        const char *label = reading->choice->values[i]->label;
        if (strcmp(grid->axes[i].name, "method") == 0 || strcmp(grid->axes[i].name, "framing") == 0)
            continue;
        if (!speaks_alone(label))
            label = region_format(reading->region, "%s %s", grid->axes[i].name, label);
        if (label != NULL && fault != NULL)
            label = region_format(reading->region, "%s %s", fault, label);
        fault = label;
        if (fault == NULL)
            return NULL;
    }
    return fault != NULL ? fault : last_part(reading->file->base);
}

static bool read_words(const struct reading *reading)
{
    struct scenario *out = reading->out;
    const struct yaml_node *name = need(reading, "name");
    const struct yaml_node *stage = need(reading, "stage");
    if (name == NULL || stage == NULL || !yaml_text(name, "'name'", &out->name, reading->error))
        return false;
    if (name->text_size == 0)
        return yaml_fail(reading->error, name, "'name' is the sentence that the case proves");
    out->line = name->line;
    int stage_index = yaml_word(stage, "a stage", STAGE_WORDS, reading->error);
    const struct yaml_node *level = yaml_get(reading->root, "level");
    int level_index =
        level == NULL ? LEVEL_MUST : yaml_word(level, "a level", LEVEL_WORDS, reading->error);
    if (stage_index < 0 || level_index < 0)
        return false;
    out->stage = (enum stage)stage_index;
    out->level = (enum level)level_index;
    const struct yaml_node *source = yaml_get(reading->root, "source");
    const struct yaml_node *why = yaml_get(reading->root, "why");
    const struct yaml_node *fault = yaml_get(reading->root, "fault");
    const char *ignored;
    if ((source != NULL && !yaml_text(source, "'source'", &out->source, reading->error)) ||
        (why != NULL && !yaml_text(why, "'why'", &ignored, reading->error)))
        return false;
    if (fault != NULL)
        return yaml_text(fault, "'fault'", &out->fault, reading->error);
    out->fault = default_fault(reading);
    return out->fault != NULL || fail_full(reading);
}

static bool read_tags(const struct reading *reading)
{
    const struct yaml_node *list = yaml_get(reading->root, "tags");
    if (list == NULL)
        return true;
    if (list->kind != YAML_LIST || list->count > SCENARIO_TAGS_MAX)
        return yaml_fail(reading->error, list, "'tags' is a list of at most %d words",
                         SCENARIO_TAGS_MAX);
    const char **tags = region_take(reading->region, (list->count + 1) * sizeof(*tags));
    if (tags == NULL)
        return fail_full(reading);
    for (const struct yaml_node *tag = list->first; tag != NULL; tag = tag->next)
        if (!yaml_text(tag, "a tag", &tags[reading->out->tag_count++], reading->error))
            return false;
    reading->out->tags = tags;
    return true;
}

static bool read_unsupported(const struct reading *reading)
{
    const struct yaml_node *map = yaml_get(reading->root, "unsupported");
    if (map == NULL)
        return true;
    if (map->kind != YAML_MAP)
        return yaml_fail(reading->error, map, "'unsupported' is a map of worlds to reasons");
    for (const struct yaml_node *reason = map->first; reason != NULL; reason = reason->next) {
        int world = yaml_word(reason->key, "a world", WORLD_WORDS, reading->error);
        if (world < 0 ||
            !yaml_text(reason, "the reason", &reading->out->unsupported[world], reading->error))
            return false;
    }
    return true;
}

static bool read_network(const struct reading *reading)
{
    static const char *const KEYS[] = {"latency", "segment", "sndbuf", "rcvbuf", NULL};
    enum { BUFFER_BYTES_MAX = 64 * 1024 * 1024 }; /* what kernels allow at the very most */
    struct scenario_network *out = &reading->out->network;
    const struct yaml_node *map = yaml_get(reading->root, "network");
    if (map == NULL)
        return true;
    if (map->kind != YAML_MAP)
        return yaml_fail(reading->error, map, "'network' is a map");
    if (!yaml_check_keys(map, "'network'", KEYS, reading->error))
        return false;
    uint64_t *const sizes[] = {NULL, &out->segment_bytes, &out->sndbuf_bytes, &out->rcvbuf_bytes};
    for (size_t i = 1; i < COUNT_OF(sizes); i++) {
        const struct yaml_node *size = yaml_get(map, KEYS[i]);
        if (size != NULL && !yaml_size(size, KEYS[i], BUFFER_BYTES_MAX, sizes[i], reading->error))
            return false;
    }
    const struct yaml_node *latency = yaml_get(map, "latency");
    return latency == NULL || yaml_duration(latency, "'latency'", &out->latency_ns, reading->error);
}

/* ---- actors --------------------------------------------------------------------------------- */

/* A request for an upstream that is not there would go out for nobody, and what comes of that would look like a finding. */
static bool check_targets(const struct reading *reading, const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        const struct draft *draft = script->steps[i].draft;
        if (draft != NULL && draft->to != NULL &&
            yaml_word(draft->to_at, "an upstream", reading->out->upstream_names, reading->error) <
                0)
            return false;
    }
    return true;
}

static bool read_client(const struct reading *reading, const struct yaml_node *steps,
                        const char *name)
{
    struct scenario *out = reading->out;
    if (out->client_count == SCENARIO_CLIENTS_MAX)
        return yaml_fail(reading->error, steps, "a case has at most %d clients",
                         SCENARIO_CLIENTS_MAX);
    struct scenario_client *client = &out->clients[out->client_count++];
    client->name = name;
    return client_script_parse(reading->region, steps, &client->script, reading->error) &&
           check_targets(reading, &client->script);
}

static bool read_clients(const struct reading *reading)
{
    const struct yaml_node *one = yaml_get(reading->root, "client");
    const struct yaml_node *several = yaml_get(reading->root, "clients");
    if (one != NULL && several != NULL)
        return yaml_fail(reading->error, several, "a scenario has 'client' or 'clients', not both");
    if (one != NULL)
        return read_client(reading, one, "client");
    if (several == NULL)
        return need(reading, "client") != NULL;
    if (several->kind != YAML_MAP || several->count == 0)
        return yaml_fail(reading->error, several, "'clients' is a map of names to lists of steps");
    for (const struct yaml_node *steps = several->first; steps != NULL; steps = steps->next)
        if (!read_client(reading, steps, steps->key->text))
            return false;
    return true;
}

/* The key makes the proxy speak TLS: without it a handshake that fails would meet plain HTTP, and prove nothing. */
static bool check_tls(const struct reading *reading, const struct yaml_node *node,
                      const struct upstream_script *upstream)
{
    bool is_said = node->kind == YAML_MAP && yaml_get(node, "tls") != NULL;

    return is_said || !upstream_script_has_tls_step(upstream) ||
           yaml_fail(reading->error, node,
                     "connections here speak TLS, and the proxy does only where the upstream says "
                     "`tls: true` (or `tls: false`, if that is meant)");
}

static bool read_upstreams(const struct reading *reading)
{
    struct scenario *out = reading->out;
    const struct yaml_node *map = need(reading, "upstreams");
    if (map == NULL)
        return false;
    if (map->kind != YAML_MAP || map->count > UPSTREAMS_MAX)
        return yaml_fail(reading->error, map, "'upstreams' is a map of at most %d upstreams",
                         UPSTREAMS_MAX);
    const char **names = region_take(reading->region, (map->count + 1) * sizeof(*names));
    out->upstreams = region_take(reading->region, (map->count + 1) * sizeof(*out->upstreams));
    if (names == NULL || out->upstreams == NULL)
        return fail_full(reading);
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        if (node->key->text_size == 0 || node->key->text_size >= UPSTREAM_NAME_BYTES)
            return yaml_fail(reading->error, node->key, "an upstream's name has 1 to %d bytes",
                             UPSTREAM_NAME_BYTES - 1);
        if (!upstream_script_parse(reading->region, node, &out->upstreams[out->upstream_count],
                                   reading->error) ||
            !check_tls(reading, node, &out->upstreams[out->upstream_count]))
            return false;
        names[out->upstream_count++] = node->key->text;
    }
    out->upstream_names = names;
    return true;
}

/* Its place in the settings has a name at once, so that routes can name it, and an address when it listens. */
static bool give_upstream(const struct reading *reading, size_t index)
{
    struct scenario *out = reading->out;
    const char *name = out->upstream_names[index];
    out->proxy_upstreams[out->proxy_upstream_count++] = index;
    return proxy_config_add_upstream(&out->proxy, name) ||
           yaml_fail(reading->error, yaml_get(reading->root, "upstreams"),
                     "the proxy cannot be given an upstream of the name '%s'", name);
}

/*
 * `proxy: {upstreams: [b, a]}`; where it is not said, all of them in their order, but for a proxy that goes wherever it is
 * asked to.
 */
static bool read_proxy_upstreams(const struct reading *reading, const struct yaml_node *map)
{
    struct scenario *out = reading->out;
    const struct yaml_node *list = yaml_get(map, "upstreams");
    const struct yaml_node *mode = yaml_get(map, "mode");
    bool forward = mode != NULL && mode->kind == YAML_SCALAR &&
                   strcmp(mode->text, "forward") == 0 && yaml_get(map, "routes") == NULL;
    if (list == NULL) {
        for (size_t i = 0; i < out->upstream_count && !forward; i++)
            if (!give_upstream(reading, i))
                return false;
        return true;
    }
    if (list->kind != YAML_LIST || list->count > UPSTREAMS_MAX)
        return yaml_fail(reading->error, list, "the proxy's 'upstreams' is a list of their names");
    for (const struct yaml_node *name = list->first; name != NULL; name = name->next) {
        int index = yaml_word(name, "an upstream's name", out->upstream_names, reading->error);
        if (index < 0 || !give_upstream(reading, (size_t)index))
            return false;
    }
    return true;
}

/* The subject in a process of its own, and of which program. */
static bool read_process(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const PROCESSES[] = {"own", NULL};
    const struct yaml_node *process = yaml_get(map, "process");
    const struct yaml_node *program = yaml_get(map, "program");
    struct scenario *out = reading->out;
    if (process != NULL && yaml_word(process, "'process'", PROCESSES, reading->error) < 0)
        return false;
    out->process_own = process != NULL;
    if (program == NULL)
        return true;
    if (process == NULL)
        return yaml_fail(reading->error, program, "'program' needs 'process: own'");
    return yaml_text(program, "'program'", &out->program, reading->error);
}

/* `listen: 6`; everything else of where it listens is chosen for each case. */
static bool read_listen(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const FAMILIES[] = {"4", "6", NULL};
    const struct yaml_node *listen = yaml_get(map, "listen");
    int family = listen == NULL ? 0 : yaml_word(listen, "'listen'", FAMILIES, reading->error);
    reading->out->proxy_on_ipv6 = family == 1;
    return family >= 0;
}

static bool read_proxy(const struct reading *reading)
{
    static const char *const OWN_KEYS[] = {"upstreams",    "process", "program", "tls",
                                           "upstream_tls", "listen",  NULL};
    const struct yaml_node nothing = {.kind = YAML_MAP};
    struct scenario *out = reading->out;
    proxy_settings_init(&out->proxy);
    const struct yaml_node *map = yaml_get(reading->root, "proxy");
    if (map == NULL)
        return read_proxy_upstreams(reading, &nothing);
    if (map->kind != YAML_MAP)
        return yaml_fail(reading->error, map, "'proxy' is a map of settings");
    return read_process(reading, map) && read_listen(reading, map) &&
           tls_setup_read(map, &out->tls, reading->error) && read_proxy_upstreams(reading, map) &&
           proxy_config_read(map, OWN_KEYS, &out->proxy, reading->error);
}

/* Who is told of an upstream by its host finds it under that name, unless `dns` says otherwise. */
static bool add_hosts(const struct reading *reading)
{
    struct scenario *out = reading->out;
    size_t most = out->names.entry_count + out->upstream_count;
    struct name_script_entry *entries = region_take(reading->region, (most + 1) * sizeof(*entries));
    struct name_answer *answers = region_take(reading->region, (most + 1) * sizeof(*answers));
    struct name_target *targets = region_take(reading->region, (most + 1) * sizeof(*targets));
    const char **hosts = region_take(reading->region, (most + 1) * sizeof(*hosts));
    size_t count = out->names.entry_count;
    if (entries == NULL || answers == NULL || targets == NULL || hosts == NULL)
        return fail_full(reading);
    for (size_t i = 0; i < count; i++)
        entries[i] = out->names.entries[i];
    for (size_t u = 0; u < out->upstream_count; u++) {
        const char *host = out->upstreams[u].host;
        if (host == NULL || name_script_find(&out->names, bytes_of(host)) != NULL)
            continue;
        targets[u].upstream = out->upstream_names[u];
        answers[u] = (struct name_answer){.kind = NAME_ADDRESSES,
                                          .targets = &targets[u],
                                          .target_count = 1,
                                          .ttl_s = NAME_TTL_DEFAULT_S};
        entries[count++] = (struct name_script_entry){host, &answers[u], 1};
    }
    if (count > NAME_SCRIPT_NAMES_MAX)
        return yaml_fail(reading->error, yaml_get(reading->root, "upstreams"),
                         "a case has at most %d names", NAME_SCRIPT_NAMES_MAX);
    out->names = (struct name_script){entries, count};
    for (size_t i = 0; i < count; i++)
        hosts[i] = entries[i].name;
    out->hosts = hosts;
    return true;
}

static bool read_names(const struct reading *reading)
{
    struct scenario *out = reading->out;
    const struct yaml_node *dns = yaml_get(reading->root, "dns");
    out->names_are_scripted = dns != NULL;
    if (dns != NULL &&
        (!name_script_parse(reading->region, dns, &out->names, reading->error) ||
         !name_script_check_upstreams(&out->names, out->upstream_names, reading->error)))
        return false;
    return add_hosts(reading);
}

static bool read_hooks(const struct reading *reading)
{
    struct scenario *out = reading->out;
    const struct yaml_node *node = yaml_get(reading->root, "hooks");
    if (node == NULL)
        return true;
    if (out->process_own)
        return yaml_fail(reading->error, node, "'hooks' need the subject within this process");
    return hook_plan_read(reading->region, node, out->upstream_names, &out->hooks, reading->error);
}

/* What only hooks can bring about is not expected where there are none. */
static bool check_hook_expectations(const struct reading *reading, const struct yaml_node *expect)
{
    static const char *const HOOK_KEYS[] = {"hooks", "hooks_within", "summary", "suppressed"};
    for (size_t i = 0; i < COUNT_OF(HOOK_KEYS) && !reading->out->hooks.installed; i++)
        if (yaml_get(expect, HOOK_KEYS[i]) != NULL)
            return yaml_fail(reading->error, yaml_get(expect, HOOK_KEYS[i]),
                             "'%s' needs 'hooks: trace', or what they are to do", HOOK_KEYS[i]);
    return true;
}

static bool read_expect(const struct reading *reading)
{
    struct scenario *out = reading->out;
    const struct yaml_node *node = need(reading, "expect");
    const char *client_names[SCENARIO_CLIENTS_MAX + 1] = {NULL};
    for (size_t i = 0; i < out->client_count; i++)
        client_names[i] = out->clients[i].name;
    const struct expectation_names names = {out->upstream_names, client_names, out->hosts};
    if (node == NULL ||
        !expectation_read(reading->region, node, &names, &out->expect, reading->error))
        return false;
    if (out->expect.memory_growth_max != UINT64_MAX && !out->process_own)
        return yaml_fail(reading->error, yaml_get(node, "memory_growth"),
                         "'memory_growth' needs 'process: own'");
    if (out->expect.log != NULL && out->process_own)
        return yaml_fail(reading->error, yaml_get(node, "log"),
                         "'log' needs the subject within this process");
    return check_hook_expectations(reading, node);
}

/* ---- what follows from the rest ------------------------------------------------------------- */

/* The method of a request that a script sends as raw bytes; NULL if it begins with no such word. */
static const char *raw_method(const struct reading *reading, const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        struct bytes raw = script->steps[i].raw;
        size_t size = 0;
        if (script->steps[i].word != STEP_RAW)
            continue;
        while (size < raw.size && raw.data[size] >= 'A' && raw.data[size] <= 'Z')
            size++;
        if (size > 0 && size < SCENARIO_METHOD_BYTES && size < raw.size && raw.data[size] == ' ')
            return region_copy_text(reading->region, (const char *)raw.data, size);
    }
    return NULL;
}

static const char *last_method(const struct reading *reading)
{
    const struct scenario *out = reading->out;
    for (size_t i = out->client_count; i-- > 0;) {
        const struct script *script = &out->clients[i].script;
        const struct draft *request = script_last_request(script);
        const char *method = request != NULL ? request->method : raw_method(reading, script);
        if (method != NULL)
            return method;
    }
    return "-";
}

static bool read_case(const struct reading *reading)
{
    const struct yaml_node *limit = yaml_get(reading->root, "time_limit");
    struct scenario *out = reading->out;
    out->time_limit_ns = TIME_LIMIT_DEFAULT_NS;
    if (!read_words(reading) || !read_tags(reading) || !read_unsupported(reading) ||
        !read_network(reading) || !read_upstreams(reading) || !read_names(reading) ||
        !read_clients(reading) || !read_proxy(reading) || !read_hooks(reading) ||
        !scenario_read_schedule(out, reading->root, reading->region, reading->error) ||
        !read_expect(reading))
        return false;
    if (limit != NULL && !yaml_duration(limit, "'time_limit'", &out->time_limit_ns, reading->error))
        return false;
    out->method = last_method(reading);
    scenario_find_needs(out);
    return true;
}

enum scenario_reading scenario_read(struct scenario *scenario, const struct scenario_file *file,
                                    size_t combination, struct region *region,
                                    struct yaml_error *error)
{
    struct grid_choice choice;
    if (!grid_choose(&file->grid, combination, &choice))
        return SCENARIO_LEFT_OUT;
    *scenario = (struct scenario){0};
    struct reading reading = {scenario, file, &choice, NULL, region, error};
    reading.root = grid_substitute(&file->grid, &choice, region, file->root, error);
    if (reading.root == NULL)
        return SCENARIO_WRONG;
    const char *suffix = grid_suffix(&file->grid, &choice, region);
    if (suffix != NULL)
        scenario->id = region_format(region, "%s%s", file->base, suffix);
    if (scenario->id == NULL)
        fail_full(&reading);
    return scenario->id != NULL && read_case(&reading) ? SCENARIO_READ : SCENARIO_WRONG;
}
