#include "proxy/config.h"

#include <string.h>

#include "proxy/http/place.h"
#include "proxy/preset.h"
#include "proxy/retry_keys.h"

enum {
    REGION_BYTES_MAX = 8 * 1024 * 1024
}; /* the largest file that yaml_load() takes, as a tree */

/* Ours; retry_keys() are read beside them. */
static const char *const SETTING_KEYS[] = {
    "preset",       "select",     "connect_timeout",   "head_timeout", "response_timeout",
    "idle_timeout", "window",     "pool_size",         "pool_timeout", "head_limit",
    "uri_limit",    "body_limit", "client_half_close", "via",          NULL,
};

enum { KEYS_MAX = 48 }; /* ours and the caller's, checked below */

static void add_keys(const char **known, size_t *count, const char *const *keys)
{
    for (; keys != NULL && *keys != NULL; keys++) {
        check(*count + 1 < KEYS_MAX);
        known[(*count)++] = *keys;
    }
    known[*count] = NULL;
}

static bool check_keys(const struct yaml_node *map, const char *const *also,
                       struct yaml_error *error)
{
    const char *known[KEYS_MAX];
    size_t count = 0;

    add_keys(known, &count, SETTING_KEYS);
    add_keys(known, &count, retry_keys());
    add_keys(known, &count, also);
    return yaml_check_keys(map, "proxy", known, error);
}

/* ---- one setting of each kind; a key that is absent keeps the default --------------------------- */

static bool read_duration(const struct yaml_node *map, const char *key, uint64_t *out,
                          struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, key);

    return node == NULL || yaml_duration(node, key, out, error);
}

struct size_range {
    const char *key;
    uint64_t min;
    uint64_t max;
};

static bool read_size(const struct yaml_node *map, const struct size_range *range, size_t *out,
                      struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, range->key);
    uint64_t value;

    if (node == NULL)
        return true;
    if (!yaml_size(node, range->key, range->max, &value, error))
        return false;
    if (value < range->min)
        return yaml_fail(error, node, "%s is at least %llu bytes", range->key,
                         (unsigned long long)range->min);
    *out = (size_t)value;
    return true;
}

/* The index of the word, or the default that stands in *index. */
static bool read_word(const struct yaml_node *map, const char *key, const char *const *words,
                      int *index, struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, key);

    if (node == NULL)
        return true;
    *index = yaml_word(node, key, words, error);
    return *index >= 0;
}

static bool copy_text(char *to, size_t size_max, const struct yaml_node *node,
                      struct yaml_error *error)
{
    size_t size = strlen(node->text);

    if (size == 0 || size >= size_max)
        return yaml_fail(error, node, "'%s' must have 1 to %zu characters", node->text,
                         size_max - 1);
    memcpy(to, node->text, size + 1);
    return true;
}

/* A token both of a head (RFC 9110 5.6.2) and, in Proxy-Status, of a structured field (RFC 8941 3.3.4). */
static bool is_token(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return strchr(letters, text[0]) != NULL && text[strspn(text, others)] == '\0';
}

static bool read_via(const struct yaml_node *map, struct proxy_settings *settings,
                     struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, "via");
    const char *text;

    if (node == NULL)
        return true;
    if (!yaml_text(node, "via", &text, error) ||
        !copy_text(settings->via, sizeof(settings->via), node, error))
        return false;
    return is_token(text) ||
           yaml_fail(error, node,
                     "via is a word of letters, digits and -._ that begins with a letter");
}

static bool read_words(const struct yaml_node *map, struct proxy_settings *settings,
                       struct yaml_error *error)
{
    static const char *const rules[] = {"first", "round-robin", "least-connections", NULL};
    static const char *const half_closes[] = {"cancel", "allow", NULL};
    int rule = (int)settings->select;
    int half_close = settings->client_half_close_allowed;

    if (!read_word(map, "select", rules, &rule, error) ||
        !read_word(map, "client_half_close", half_closes, &half_close, error))
        return false;
    settings->select = (enum selection_rule)rule;
    settings->client_half_close_allowed = half_close == 1;
    return true;
}

static bool read_durations(const struct yaml_node *map, struct proxy_settings *settings,
                           struct yaml_error *error)
{
    return read_duration(map, "connect_timeout", &settings->connect_timeout_ns, error) &&
           read_duration(map, "head_timeout", &settings->head_timeout_ns, error) &&
           read_duration(map, "response_timeout", &settings->response_timeout_ns, error) &&
           read_duration(map, "idle_timeout", &settings->idle_timeout_ns, error) &&
           read_duration(map, "pool_timeout", &settings->pool_timeout_ns, error);
}

static bool read_sizes(const struct yaml_node *map, struct proxy_settings *settings,
                       struct yaml_error *error)
{
    static const struct size_range window = {"window", WINDOW_BYTES_MIN, WINDOW_BYTES_MAX};
    static const struct size_range head = {"head_limit", HEAD_BYTES_MIN, HEAD_BYTES_MAX};
    static const struct size_range uri = {"uri_limit", 1, HEAD_BYTES_MAX};
    static const struct size_range pool = {"pool_size", 0, 65536};
    const struct yaml_node *body = yaml_get(map, "body_limit");

    return read_size(map, &window, &settings->window_bytes, error) &&
           read_size(map, &head, &settings->head_bytes_max, error) &&
           read_size(map, &uri, &settings->uri_bytes_max, error) &&
           read_size(map, &pool, &settings->pool_size, error) &&
           (body == NULL ||
            yaml_size(body, "body_limit", UINT64_MAX, &settings->body_bytes_max, error));
}

/* ---- retries -------------------------------------------------------------------------------------- */

/* A policy beside a preset would say the same thing twice, and otherwise. */
static bool refuse_contradictions(const struct yaml_node *map, struct yaml_error *error)
{
    static const char *const keys[] = {"policy", "retry_on"};

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct yaml_node *node = yaml_get(map, keys[i]);

        if (node != NULL)
            return yaml_fail(error, node->key,
                             "%s contradicts preset; a configuration has one of them", keys[i]);
    }
    return true;
}

/* Whether something may be tried again of which a byte was written, so that its body is needed once more. */
static bool is_wider_than_at_most_once(const struct retry_settings *retry)
{
    const unsigned unwritten =
        RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT);

    return retry->policy != RETRY_AT_MOST_ONCE &&
           ((retry_conditions(retry) & ~unwritten) != 0 || !status_set_is_empty(&retry->on_status));
}

static void add_statuses(struct status_set *to, const struct status_set *more)
{
    for (size_t i = 0; i < COUNT_OF(to->bits); i++)
        to->bits[i] |= more->bits[i];
}

/* nginx's tries are its upstreams, each once. A scenario may leave them out: then the default stands. */
static void count_tries(const struct yaml_node *map, struct retry_settings *retry)
{
    const struct yaml_node *upstreams = yaml_get(map, "upstreams");

    if (upstreams != NULL && upstreams->kind == YAML_LIST && upstreams->count > 0 &&
        upstreams->count <= UPSTREAMS_MAX)
        retry->retries_max = (unsigned)upstreams->count - 1;
}

static bool read_preset(const struct yaml_node *map, struct proxy_settings *settings,
                        struct yaml_error *error)
{
    const struct yaml_node *preset = yaml_get(map, "preset");
    struct preset_choice choice = {.retry = settings->retry};
    struct status_set own;

    if (!refuse_contradictions(map, error) || !preset_read(preset, &choice, error))
        return false;
    if (choice.adds_statuses && yaml_get(map, "retry_on_status") == NULL)
        return yaml_fail(error, preset, "the preset's words need retry_on_status beside them");
    own = choice.retry.on_status;
    settings->retry = choice.retry;
    if (choice.each_upstream_once)
        count_tries(map, &settings->retry);
    if (!retry_keys_read(map, &settings->retry, error))
        return false;
    if (choice.adds_statuses)
        add_statuses(&settings->retry.on_status, &own);
    return true;
}

static bool read_retries(const struct yaml_node *map, struct proxy_settings *settings,
                         struct yaml_error *error)
{
    struct retry_settings *retry = &settings->retry;
    bool has_preset = yaml_get(map, "preset") != NULL;
    bool is_said =
        has_preset || yaml_get(map, "policy") != NULL || yaml_get(map, "retry_on") != NULL;

    if (is_said)
        retry->replay_bytes = REPLAY_BYTES_DEFAULT;
    if (has_preset ? !read_preset(map, settings, error) : !retry_keys_read(map, retry, error))
        return false;
    if (is_said && yaml_get(map, "replay_buffer_bytes") == NULL &&
        !is_wider_than_at_most_once(retry))
        retry->replay_bytes = 0;
    return true;
}

/* ---- a map of settings ------------------------------------------------------------------------------ */

/* The key of the map that a sentence speaks of first, or NULL. */
static const struct yaml_node *find_key_in(const struct yaml_node *map, const char *sentence)
{
    const struct yaml_node *found = NULL;
    const char *found_at = NULL;

    for (const struct yaml_node *value = map->first; value != NULL; value = value->next) {
        const char *at = strstr(sentence, value->key->text);

        if (at == NULL || (found != NULL && at >= found_at))
            continue;
        found = value->key;
        found_at = at;
    }
    return found;
}

static bool check_settings(const struct yaml_node *map, const struct proxy_settings *settings,
                           struct yaml_error *error)
{
    char sentence[SETTINGS_ERROR_BYTES];
    const struct yaml_node *at;

    if (proxy_settings_check(settings, sentence))
        return true;
    at = find_key_in(map, sentence);
    return yaml_fail(error, at != NULL ? at : map, "%s", sentence);
}

bool proxy_config_read(const struct yaml_node *map, const char *const *also,
                       struct proxy_settings *settings, struct yaml_error *error)
{
    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "proxy settings are a map of keys and values");
    return check_keys(map, also, error) && read_retries(map, settings, error) &&
           read_words(map, settings, error) && read_durations(map, settings, error) &&
           read_sizes(map, settings, error) && read_via(map, settings, error) &&
           check_settings(map, settings, error);
}

/* ---- a whole file ------------------------------------------------------------------------------ */

static bool read_origin(const struct yaml_node *node, struct upstream_settings *out,
                        struct yaml_error *error)
{
    struct place place;
    const char *text;
    const char *wrong;

    if (!yaml_text(node, "an upstream's address", &text, error))
        return false;
    if (!place_read(text, &place, &wrong))
        return yaml_fail(error, node, "'%s' %s", text, wrong);
    memcpy(out->host, place.host, sizeof(out->host));
    out->port = place.port;
    return true;
}

static bool read_upstream(const struct yaml_node *node, struct upstream_settings *out,
                          struct yaml_error *error)
{
    static const char *const keys[] = {"name", "address", NULL};
    const struct yaml_node *name;
    const struct yaml_node *address;

    if (node->kind == YAML_SCALAR)
        return copy_text(out->name, sizeof(out->name), node, error) &&
               read_origin(node, out, error);
    if (node->kind != YAML_MAP)
        return yaml_fail(error, node, "an upstream is host:port or {name, address}");
    if (!yaml_check_keys(node, "an upstream", keys, error))
        return false;
    name = yaml_get(node, "name");
    address = yaml_get(node, "address");
    if (address == NULL || name == NULL || name->kind != YAML_SCALAR)
        return yaml_fail(error, node, "an upstream has a name and an address");
    return copy_text(out->name, sizeof(out->name), name, error) && read_origin(address, out, error);
}

static bool read_upstreams(const struct yaml_node *list, struct proxy_settings *settings,
                           struct yaml_error *error)
{
    if (list->kind != YAML_LIST || list->count == 0)
        return yaml_fail(error, list, "upstreams is a list of at least one host:port");
    if (list->count > UPSTREAMS_MAX)
        return yaml_fail(error, list, "at most %d upstreams, here are %zu", UPSTREAMS_MAX,
                         list->count);
    settings->upstream_count = 0;
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next)
        if (!read_upstream(node, &settings->upstreams[settings->upstream_count++], error))
            return false;
    return true;
}

static bool read_file(const struct yaml_node *root, struct proxy_settings *settings,
                      struct yaml_error *error)
{
    static const char *const also[] = {"listen", "upstreams", NULL};
    const struct yaml_node *listen;
    const struct yaml_node *upstreams;
    const char *text;

    if (!proxy_config_read(root, also, settings, error))
        return false;
    listen = yaml_get(root, "listen");
    upstreams = yaml_get(root, "upstreams");
    if (listen == NULL)
        return yaml_fail(error, root, "a configuration has `listen`, like 127.0.0.1:8080");
    if (upstreams == NULL)
        return yaml_fail(error, root, "a configuration has `upstreams`, like [127.0.0.1:9001]");
    if (!yaml_text(listen, "listen", &text, error))
        return false;
    if (!address_parse(text, 0, &settings->listen))
        return yaml_fail(error, listen, "'%s' is not an address and a port, like 127.0.0.1:8080",
                         text);
    return read_upstreams(upstreams, settings, error);
}

bool proxy_settings_load(struct proxy_settings *settings, const char *path,
                         char error[SETTINGS_ERROR_BYTES])
{
    _Static_assert((int)SETTINGS_ERROR_BYTES >= (int)YAML_ERROR_BYTES, "a sentence fits whole");
    struct yaml_error mistake = {{0}};
    struct region region;
    struct yaml_node *root;
    bool read;

    region_init(&region, REGION_BYTES_MAX);
    proxy_settings_init(settings);
    root = yaml_load(&region, path, &mistake);
    read = root != NULL && read_file(root, settings, &mistake);
    region_release(&region);
    memcpy(error, mistake.sentence, sizeof(mistake.sentence));
    return read;
}
