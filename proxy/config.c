#include "proxy/config.h"

#include <string.h>

#include "world/base/bytes.h"

enum {
    REGION_BYTES_MAX = 8 * 1024 * 1024
}; /* the largest file that yaml_load() takes, as a tree */

static const char *const SETTING_KEYS[] = {
    "max_retries",  "policy",
    "select",       "connect_timeout",
    "head_timeout", "response_timeout",
    "idle_timeout", "deadline",
    "window",       "pool_size",
    "pool_timeout", "head_limit",
    "uri_limit",    "client_half_close",
    "body_limit",   "via",
    NULL,
};

enum { KEYS_MAX = 32 }; /* ours and the caller's, checked below */

static bool check_keys(const struct yaml_node *map, const char *const *also,
                       struct yaml_error *error)
{
    const char *known[KEYS_MAX];
    size_t count = 0;

    for (size_t i = 0; SETTING_KEYS[i] != NULL; i++)
        known[count++] = SETTING_KEYS[i];
    for (size_t i = 0; also != NULL && also[i] != NULL; i++) {
        check(count + 1 < KEYS_MAX);
        known[count++] = also[i];
    }
    known[count] = NULL;
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
    static const char *const policies[] = {"at-most-once", "idempotent", NULL};
    static const char *const rules[] = {"first", "round-robin", "least-connections", NULL};
    static const char *const half_closes[] = {"cancel", "allow", NULL};
    int policy = (int)settings->retry.policy;
    int rule = (int)settings->select;
    int half_close = settings->client_half_close_allowed;

    if (!read_word(map, "policy", policies, &policy, error) ||
        !read_word(map, "select", rules, &rule, error) ||
        !read_word(map, "client_half_close", half_closes, &half_close, error))
        return false;
    settings->retry.policy = (enum retry_policy)policy;
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
           read_duration(map, "deadline", &settings->retry.deadline_ns, error) &&
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

bool proxy_config_read(const struct yaml_node *map, const char *const *also,
                       struct proxy_settings *settings, struct yaml_error *error)
{
    const struct yaml_node *retries;
    uint64_t count = settings->retry.retries_max;

    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "proxy settings are a map of keys and values");
    if (!check_keys(map, also, error))
        return false;
    retries = yaml_get(map, "max_retries");
    if (retries != NULL && !yaml_u64(retries, "max_retries", 0, RETRIES_MAX, &count, error))
        return false;
    settings->retry.retries_max = (unsigned)count;
    return read_words(map, settings, error) && read_durations(map, settings, error) &&
           read_sizes(map, settings, error) && read_via(map, settings, error);
}

/* ---- a whole file ------------------------------------------------------------------------------ */

/* "host:port"; the host may be a name, or an IPv6 address in brackets. */
static bool read_origin(const struct yaml_node *node, struct upstream_settings *out,
                        struct yaml_error *error)
{
    struct address address;
    const char *text;
    const char *colon;
    uint64_t port;

    if (!yaml_text(node, "an upstream's address", &text, error))
        return false;
    colon = strrchr(text, ':');
    if (colon == NULL || colon == text || !bytes_to_u64(bytes_of(colon + 1), 65535, &port) ||
        port == 0)
        return yaml_fail(error, node, "'%s' is not host:port", text);
    if ((size_t)(colon - text) >= sizeof(out->host))
        return yaml_fail(error, node, "a host has at most %d characters", HOST_BYTES - 1);
    memcpy(out->host, text, (size_t)(colon - text));
    out->host[colon - text] = '\0';
    out->port = (uint16_t)port;
    if (strchr(out->host, ':') != NULL && !address_parse(text, 0, &address))
        return yaml_fail(error, node, "'%s' is not an address and a port", text);
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
    if (listen == NULL || upstreams == NULL)
        return yaml_fail(error, root, "a configuration has `listen` and `upstreams`");
    if (!yaml_text(listen, "listen", &text, error))
        return false;
    if (!address_parse(text, 0, &settings->listen))
        return yaml_fail(error, listen, "'%s' is not an address and a port, like 127.0.0.1:8080",
                         text);
    return read_upstreams(upstreams, settings, error);
}

bool proxy_config_load(const char *path, struct proxy_settings *settings, struct yaml_error *error)
{
    struct region region;
    struct yaml_node *root;
    bool read;

    region_init(&region, REGION_BYTES_MAX);
    proxy_settings_init(settings);
    root = yaml_load(&region, path, error);
    read = root != NULL && read_file(root, settings, error);
    region_release(&region);
    return read;
}
