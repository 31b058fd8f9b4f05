#include <string.h>

#include "proxy/config.h"
#include "proxy/config_parts.h"
#include "proxy/preset.h"
#include "proxy/retry_keys.h"
#include "proxy/routes/reach.h"
#include "proxy/routes/settings_check.h"

const char *const *config_serving_keys(void)
{
    static const char *const keys[] = {"preset", "mode", "select", "allow", "auth", NULL};

    return keys;
}

static unsigned count_bits(uint32_t mask)
{
    unsigned count = 0;

    for (; mask != 0; mask &= mask - 1)
        count++;
    return count;
}

/* ---- when to try again ------------------------------------------------------------------------------ */

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
static void count_tries(const struct yaml_node *map, struct route_settings *route)
{
    const struct yaml_node *upstreams = yaml_get(map, "upstreams");

    if (route->name[0] != '\0') {
        if (route->upstreams != 0)
            route->retry.retries_max = count_bits(route->upstreams) - 1;
        return;
    }
    if (upstreams != NULL && upstreams->kind == YAML_LIST && upstreams->count > 0 &&
        upstreams->count <= UPSTREAMS_MAX)
        route->retry.retries_max = (unsigned)upstreams->count - 1;
}

static bool read_preset(const struct yaml_node *map, struct route_settings *route,
                        struct yaml_error *error)
{
    const struct yaml_node *preset = yaml_get(map, "preset");
    struct preset_choice choice = {.retry = route->retry};
    struct status_set own;

    if (!refuse_contradictions(map, error) || !preset_read(preset, &choice, error))
        return false;
    if (choice.adds_statuses && yaml_get(map, "retry_on_status") == NULL)
        return yaml_fail(error, preset, "the preset's words need retry_on_status beside them");
    own = choice.retry.on_status;
    route->retry = choice.retry;
    if (choice.each_upstream_once)
        count_tries(map, route);
    if (!retry_keys_read(map, &route->retry, error))
        return false;
    if (choice.adds_statuses)
        add_statuses(&route->retry.on_status, &own);
    return true;
}

/* Whether the map says on what to retry, and not only how. */
static bool says_when(const struct yaml_node *map)
{
    return yaml_get(map, "preset") != NULL || yaml_get(map, "policy") != NULL ||
           yaml_get(map, "retry_on") != NULL;
}

static bool read_retries(const struct yaml_node *map, struct route_settings *route,
                         struct yaml_error *error)
{
    struct retry_settings *retry = &route->retry;
    bool has_preset = yaml_get(map, "preset") != NULL;

    if (says_when(map))
        retry->replay_bytes = REPLAY_BYTES_DEFAULT;
    if (has_preset ? !read_preset(map, route, error) : !retry_keys_read(map, retry, error))
        return false;
    if (says_when(map) && yaml_get(map, "replay_buffer_bytes") == NULL &&
        !is_wider_than_at_most_once(retry))
        retry->replay_bytes = 0;
    return true;
}

/* ---- who may come, and where to ------------------------------------------------------------------------ */

static bool read_allow(const struct yaml_node *node, struct route_settings *route,
                       struct yaml_error *error)
{
    struct address_range ranges[2];
    const struct yaml_node *end;
    const char *text;
    size_t count;

    route->allow_count = 0;
    for (const struct yaml_node *item = config_first_of(node, &end); item != end;
         item = item->next) {
        if (!yaml_text(item, "allow", &text, error))
            return false;
        if (!reach_read(text, ranges, &count))
            return yaml_fail(error, item,
                             "allow takes ranges of addresses, such as 10.0.0.0/8, ::1 or any, "
                             "not '%s'",
                             text);
        if (route->allow_count + count > ROUTE_ALLOW_MAX)
            return yaml_fail(error, item, "allow takes at most %d ranges", ROUTE_ALLOW_MAX);
        memcpy(route->allow + route->allow_count, ranges, count * sizeof(*ranges));
        route->allow_count += count;
    }
    return route->allow_count > 0 ||
           yaml_fail(error, node, "allow is a list of at least one range of addresses");
}

static bool read_password(const struct yaml_node *node, struct user_settings *user,
                          struct yaml_error *error)
{
    const struct config_text password = {"a password", user->password, 1, sizeof(user->password)};
    const struct config_text name = {"a user's name", user->name, 1, sizeof(user->name)};

    return config_read_text(node->key, &name, error) && config_read_text(node, &password, error);
}

bool config_read_users(const struct yaml_node *map, struct proxy_settings *settings,
                       struct yaml_error *error)
{
    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "users is a map from names to passwords");
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        if (settings->user_count == USERS_MAX)
            return yaml_fail(error, node->key, "at most %d users", USERS_MAX);
        if (!read_password(node, &settings->users[settings->user_count++], error))
            return false;
    }
    return true;
}

static bool add_user(const struct yaml_node *name, const struct proxy_settings *settings,
                     uint64_t *users, struct yaml_error *error)
{
    const char *names[USERS_MAX + 1] = {NULL};
    int index;

    for (size_t i = 0; i < settings->user_count; i++)
        names[i] = settings->users[i].name;
    if (settings->user_count == 0)
        return yaml_fail(error, name, "auth names a user, but there are no users");
    index = yaml_word(name, "a user in auth", names, error);
    if (index < 0)
        return false;
    *users |= 1ull << index;
    return true;
}

/* `auth: all`, `auth: none`, or those who may come in. */
static bool read_auth(const struct yaml_node *node, const struct proxy_settings *settings,
                      struct route_settings *route, struct yaml_error *error)
{
    const struct yaml_node *end;

    route->users = 0;
    if (node->kind == YAML_SCALAR && strcmp(node->text, "none") == 0)
        return true;
    if (node->kind == YAML_SCALAR && strcmp(node->text, "all") == 0) {
        if (settings->user_count == 0)
            return yaml_fail(error, node, "auth asks for users, but there are no users");
        route->users = UINT64_MAX >> (USERS_MAX - settings->user_count);
        return true;
    }
    for (const struct yaml_node *name = config_first_of(node, &end); name != end; name = name->next)
        if (!add_user(name, settings, &route->users, error))
            return false;
    return route->users != 0 ||
           yaml_fail(error, node, "auth is a list of users, all of them, or none");
}

/* ---- what a map and a route have in common --------------------------------------------------------------- */

static bool read_choice(const struct yaml_node *map, struct route_settings *route,
                        struct yaml_error *error)
{
    static const char *const modes[] = {"reverse", "forward", NULL};
    static const char *const rules[] = {"first", "round-robin", "least-connections", NULL};
    const struct yaml_node *mode = yaml_get(map, "mode");
    const struct yaml_node *select = yaml_get(map, "select");
    int mode_index = mode != NULL ? yaml_word(mode, "mode", modes, error) : (int)route->mode;
    int rule_index =
        select != NULL ? yaml_word(select, "select", rules, error) : (int)route->select;

    if (mode_index < 0 || rule_index < 0)
        return false;
    route->mode = (enum proxy_mode)mode_index;
    route->select = (enum selection_rule)rule_index;
    return true;
}

static bool read_rules(const struct yaml_node *map, const struct proxy_settings *settings,
                       struct route_settings *route, struct yaml_error *error)
{
    const struct yaml_node *allow = yaml_get(map, "allow");
    const struct yaml_node *auth = yaml_get(map, "auth");

    return read_retries(map, route, error) && (allow == NULL || read_allow(allow, route, error)) &&
           (auth == NULL || read_auth(auth, settings, route, error));
}

bool config_read_serving(const struct yaml_node *map, const struct proxy_settings *settings,
                         struct route_settings *route, struct yaml_error *error)
{
    return read_choice(map, route, error) && read_rules(map, settings, route, error);
}

/* ---- one route ------------------------------------------------------------------------------------------- */

/* A host is kept without the brackets that an IPv6 address has before a port. */
static bool read_host(const struct yaml_node *node, struct route_settings *route,
                      struct yaml_error *error)
{
    const struct config_text host = {"host", route->host, 0, sizeof(route->host)};
    size_t size;

    if (!config_read_text(node, &host, error))
        return false;
    size = strlen(route->host);
    if (size < 2 || route->host[0] != '[' || route->host[size - 1] != ']')
        return true;
    memmove(route->host, route->host + 1, size - 2);
    route->host[size - 2] = '\0';
    return true;
}

/*
 * Those that are named; otherwise all, for a reverse route that has none so far. A route that has become a forward one has
 * none any more.
 */
static bool read_upstreams(const struct yaml_node *map, const struct proxy_settings *settings,
                           struct route_settings *route, struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, "upstreams");
    const char *names[UPSTREAMS_MAX + 1] = {NULL};
    const struct yaml_node *end;

    if (route->mode == MODE_FORWARD)
        route->upstreams = 0;
    else if (route->upstreams == 0)
        route->upstreams = settings_all_upstreams(settings);
    if (node == NULL)
        return true;
    for (size_t i = 0; i < settings->upstream_count; i++)
        names[i] = settings->upstreams[i].name;
    if (settings->upstream_count == 0)
        return yaml_fail(error, node, "a route names upstreams, but there are none");
    route->upstreams = 0;
    for (const struct yaml_node *name = config_first_of(node, &end); name != end;
         name = name->next) {
        int index = yaml_word(name, "an upstream of a route", names, error);

        if (index < 0)
            return false;
        route->upstreams |= 1u << index;
    }
    return route->upstreams != 0 ||
           yaml_fail(error, node, "upstreams of a route is a list of at least one name");
}

static bool check_route_keys(const struct yaml_node *map, struct yaml_error *error)
{
    static const char *const own[] = {"name", "host", "path", "upstreams", NULL};
    const char *const *const lists[] = {own, config_serving_keys(), retry_keys()};
    const char *known[32] = {NULL}; /* four, five and twelve today */
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(lists); i++)
        for (size_t k = 0; lists[i][k] != NULL; k++) {
            check(count + 1 < COUNT_OF(known));
            known[count++] = lists[i][k];
        }
    return yaml_check_keys(map, "a route", known, error);
}

/* Which requests are its own. */
static bool read_place(const struct yaml_node *map, struct route_settings *route,
                       struct yaml_error *error)
{
    const struct config_text path_text = {"path", route->path, 0, sizeof(route->path)};
    const struct yaml_node *name = yaml_get(map, "name");
    const struct yaml_node *host = yaml_get(map, "host");
    const struct yaml_node *path = yaml_get(map, "path");

    if (name != NULL && (name->kind != YAML_SCALAR || strcmp(name->text, route->name) != 0))
        return yaml_fail(error, name, "the name of route %s cannot be changed", route->name);
    return (host == NULL || read_host(host, route, error)) &&
           (path == NULL || config_read_text(path, &path_text, error));
}

bool proxy_config_read_route(const struct yaml_node *map, const struct proxy_settings *settings,
                             struct route_settings *route, struct yaml_error *error)
{
    return check_route_keys(map, error) && read_place(map, route, error) &&
           read_choice(map, route, error) && read_upstreams(map, settings, route, error) &&
           read_rules(map, settings, route, error);
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

/* What a policy of a route's own replaces: on what to retry, not how often, how long and where. */
static void forget_when(struct retry_settings *retry)
{
    retry->policy = RETRY_AT_MOST_ONCE;
    retry->conditions = 0;
    retry->on_status = (struct status_set){0};
    retry->on_reused = false;
    retry->non_idempotent = false;
}

/* Whether the map has a preset that tries every upstream once, and leaves it at that. */
static bool counts_upstreams(const struct yaml_node *map, bool *counts, struct yaml_error *error)
{
    const struct yaml_node *preset = yaml_get(map, "preset");
    struct preset_choice choice = {.each_upstream_once = false};

    *counts = false;
    if (preset == NULL || yaml_get(map, "max_retries") != NULL)
        return true;
    if (!preset_read(preset, &choice, error))
        return false;
    *counts = choice.each_upstream_once;
    return true;
}

static bool read_route(const struct yaml_node *map, struct proxy_settings *settings,
                       bool counts_upstreams, struct yaml_error *error)
{
    struct route_settings *route = &settings->routes[settings->route_count];
    const struct config_text name_text = {"the name of a route", route->name, 1,
                                          sizeof(route->name)};
    const struct yaml_node *name;

    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "a route is a map, such as {name: api, path: /api}");
    name = yaml_get(map, "name");
    if (name == NULL)
        return yaml_fail(error, map, "a route has a name");
    settings_own_route(settings, route);
    route->upstreams = 0;
    if (!config_read_text(name, &name_text, error))
        return false;
    if (says_when(map))
        forget_when(&route->retry);
    if (!proxy_config_read_route(map, settings, route, error))
        return false;
    if (counts_upstreams && yaml_get(map, "preset") == NULL && yaml_get(map, "max_retries") == NULL)
        count_tries(map, route);
    settings->route_count++;
    return config_check(map, settings, error);
}

bool config_read_routes(const struct yaml_node *map, struct proxy_settings *settings,
                        struct yaml_error *error)
{
    const struct yaml_node *list = yaml_get(map, "routes");
    bool counts = false;

    if (list == NULL)
        return true;
    if (list->kind != YAML_LIST || list->count == 0 || list->count > ROUTES_MAX)
        return yaml_fail(error, list, "routes is a list of 1 to %d routes", ROUTES_MAX);
    if (!counts_upstreams(map, &counts, error))
        return false;
    settings->route_count = 0;
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next)
        if (!read_route(node, settings, counts, error))
            return false;
    return true;
}
