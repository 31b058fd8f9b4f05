#include "proxy/config.h"

#include <limits.h>
#include <string.h>

#include "proxy/config_parts.h"
#include "proxy/retry_keys.h"
#include "proxy/routes/settings_check.h"

/* Ours; those of a route and retry_keys() are read beside them. */
static const char *const SETTING_KEYS[] = {
    "connect_timeout",
    "handshake_timeout",
    "head_timeout",
    "response_timeout",
    "idle_timeout",
    "window",
    "pool_size",
    "pool_timeout",
    "head_limit",
    "uri_limit",
    "body_limit",
    "client_half_close",
    "via",
    "users",
    "realm",
    "auth_failed_status",
    "routes",
    NULL,
};

enum { KEYS_MAX = 64 }; /* ours and the caller's, checked below */

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
    add_keys(known, &count, config_serving_keys());
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

bool config_read_text(const struct yaml_node *node, const struct config_text *text,
                      struct yaml_error *error)
{
    const char *from;
    size_t size;

    if (!yaml_text(node, text->what, &from, error))
        return false;
    size = strlen(from);
    if (size < text->least || size >= text->room)
        return yaml_fail(error, node, "%s has %zu to %zu characters, not %zu", text->what,
                         text->least, text->room - 1, size);
    memcpy(text->to, from, size + 1);
    return true;
}

const struct yaml_node *config_first_of(const struct yaml_node *node, const struct yaml_node **end)
{
    *end = node->kind == YAML_LIST ? NULL : node->next;
    return node->kind == YAML_LIST ? node->first : node;
}

static bool read_words(const struct yaml_node *map, struct proxy_settings *settings,
                       struct yaml_error *error)
{
    static const char *const half_closes[] = {"cancel", "allow", NULL};
    const struct config_text via = {"via", settings->via, 1, sizeof(settings->via)};
    const struct config_text realm = {"realm", settings->realm, 1, sizeof(settings->realm)};
    const struct yaml_node *half_close = yaml_get(map, "client_half_close");
    const struct yaml_node *via_node = yaml_get(map, "via");
    const struct yaml_node *realm_node = yaml_get(map, "realm");
    int index = settings->client_half_close_allowed;

    if (half_close != NULL)
        index = yaml_word(half_close, "client_half_close", half_closes, error);
    if (index < 0)
        return false;
    settings->client_half_close_allowed = index == 1;
    return (via_node == NULL || config_read_text(via_node, &via, error)) &&
           (realm_node == NULL || config_read_text(realm_node, &realm, error));
}

static bool read_durations(const struct yaml_node *map, struct proxy_settings *settings,
                           struct yaml_error *error)
{
    return read_duration(map, "connect_timeout", &settings->connect_timeout_ns, error) &&
           read_duration(map, "handshake_timeout", &settings->handshake_timeout_ns, error) &&
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

/* ---- who may come in -------------------------------------------------------------------------------- */

static bool says_auth(const struct yaml_node *map)
{
    const struct yaml_node *routes = yaml_get(map, "routes");

    if (yaml_get(map, "auth") != NULL)
        return true;
    if (routes == NULL || routes->kind != YAML_LIST)
        return false;
    for (const struct yaml_node *route = routes->first; route != NULL; route = route->next)
        if (route->kind == YAML_MAP && yaml_get(route, "auth") != NULL)
            return true;
    return false;
}

/* Whoever lists users believes that nobody else comes in, and would be wrong where nothing asks for them. */
static bool read_users(const struct yaml_node *map, struct proxy_settings *settings,
                       struct yaml_error *error)
{
    const struct yaml_node *users = yaml_get(map, "users");
    const struct yaml_node *status = yaml_get(map, "auth_failed_status");
    uint64_t number = settings->auth_failed_status;

    if (users != NULL && !config_read_users(users, settings, error))
        return false;
    if (settings->user_count > 0 && !says_auth(map))
        return yaml_fail(error, users != NULL ? users->key : map,
                         "there are users, but nobody is asked: say auth: all, or auth: none");
    if (status != NULL && !yaml_u64(status, "auth_failed_status", 0, UINT_MAX, &number, error))
        return false;
    settings->auth_failed_status = (unsigned)number;
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

/* Behind "route NAME: ", for a name may have any word in it. */
static const char *skip_route_name(const char *sentence)
{
    const char *colon =
        strncmp(sentence, "route ", strlen("route ")) == 0 ? strchr(sentence, ':') : NULL;

    return colon != NULL ? colon : sentence;
}

bool config_check(const struct yaml_node *map, const struct proxy_settings *settings,
                  struct yaml_error *error)
{
    char sentence[SETTINGS_ERROR_BYTES];
    const struct yaml_node *at;

    if (proxy_settings_check(settings, sentence))
        return true;
    at = find_key_in(map, skip_route_name(sentence));
    return yaml_fail(error, at != NULL ? at : map, "%s", sentence);
}

/* What stands for all routes, or for the one there is where no others are said. */
static bool read_own(const struct yaml_node *map, struct proxy_settings *settings,
                     struct yaml_error *error)
{
    struct route_settings own;

    settings_own_route(settings, &own);
    own.name[0] = '\0';
    if (!config_read_serving(map, settings, &own, error))
        return false;
    settings->mode = own.mode;
    settings->select = own.select;
    settings->retry = own.retry;
    settings->users_required = own.users;
    settings->allow_count = own.allow_count;
    memcpy(settings->allow, own.allow, sizeof(settings->allow));
    return true;
}

bool proxy_config_read(const struct yaml_node *map, const char *const *also,
                       struct proxy_settings *settings, struct yaml_error *error)
{
    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "proxy settings are a map of keys and values");
    return check_keys(map, also, error) && read_users(map, settings, error) &&
           read_own(map, settings, error) && read_words(map, settings, error) &&
           read_durations(map, settings, error) && read_sizes(map, settings, error) &&
           config_check(map, settings, error) && config_read_routes(map, settings, error);
}

bool proxy_config_add_upstream(struct proxy_settings *settings, const char *name)
{
    struct upstream_settings *upstream = &settings->upstreams[settings->upstream_count];
    size_t size = strlen(name);

    if (settings->upstream_count == UPSTREAMS_MAX || size == 0 || size >= sizeof(upstream->name) ||
        !proxy_settings_add_upstream(settings, "127.0.0.1:1"))
        return false;
    memcpy(upstream->name, name, size + 1);
    return true;
}
