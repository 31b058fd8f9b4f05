#include "proxy/admin/routes_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/query.h"
#include "proxy/config.h"
#include "proxy/routes/settings_check.h"

enum {
    DURATION_BYTES = 32,                  /* "31536000000000000ns" */
    RANGE_BYTES = ADDRESS_TEXT_BYTES + 8, /* "::1/128" */
    REGION_BYTES_MAX = 8 * 1024 * 1024,   /* the largest body that is taken, as a tree */
};

static struct json *json_of_route(const struct proxy_settings *settings,
                                  const struct route_settings *route);
static bool read_change(const struct admin_request *request, const struct proxy_settings *settings,
                        struct route_settings *route, struct admin_reply *reply);

/* ---- asking ---------------------------------------------------------------------------------- */

void routes_api_list(struct admin_sources *sources, const struct admin_request *request,
                     struct admin_reply *reply)
{
    const struct proxy_settings *settings = proxy_settings_now(sources->proxy);
    struct json *names = json_list_create();
    struct json *map = json_map_create();
    struct route_settings route;

    (void)request;
    for (size_t i = 0; i < proxy_settings_route_count(settings); i++) {
        proxy_settings_route(settings, i, &route);
        json_append_text(names, route.name);
    }
    json_set(map, "routes", names);
    admin_reply_append_json(reply, map);
    admin_reply_append(reply, bytes_of("\n"));
    json_destroy(&map);
}

/* The route of the name in the path, and its index. */
static bool find_route(const struct proxy_settings *settings, const struct admin_request *request,
                       struct route_settings *route, size_t *index)
{
    char name[ROUTE_NAME_BYTES];

    if (!percent_decode(request->name, name, sizeof(name)))
        return false;
    for (*index = 0; *index < proxy_settings_route_count(settings); ++*index) {
        proxy_settings_route(settings, *index, route);
        if (strcmp(route->name, name) == 0)
            return true;
    }
    return false;
}

static void refuse_unknown(struct admin_reply *reply)
{
    admin_reply_refuse(reply, 404, "there is no such route; /api/routes names them");
}

static void tell_route(const struct proxy_settings *settings, const struct route_settings *route,
                       struct admin_reply *reply)
{
    struct json *json = json_of_route(settings, route);

    admin_reply_append_json(reply, json);
    admin_reply_append(reply, bytes_of("\n"));
    json_destroy(&json);
}

void routes_api_tell(struct admin_sources *sources, const struct admin_request *request,
                     struct admin_reply *reply)
{
    const struct proxy_settings *settings = proxy_settings_now(sources->proxy);
    struct route_settings route;
    size_t index;

    if (find_route(settings, request, &route, &index))
        tell_route(settings, &route, reply);
    else
        refuse_unknown(reply);
}

/* ---- changing -------------------------------------------------------------------------------- */

/* Whether the one route of a file without routes can be so: everything that comes is its own. */
static bool can_be_default(const struct proxy_settings *settings,
                           const struct route_settings *route)
{
    return route->host[0] == '\0' && route->path[0] == '\0' &&
           (route->mode == MODE_FORWARD || route->upstreams == settings_all_upstreams(settings));
}

/* Puts the route into its place. Where a file names no routes, that of "default" is the settings themselves. */
static bool put_route(struct proxy_settings *settings, size_t index,
                      const struct route_settings *route, struct admin_reply *reply)
{
    if (settings->route_count > 0) {
        settings->routes[index] = *route;
        return true;
    }
    if (!can_be_default(settings, route)) {
        admin_reply_refuse(reply, 400,
                           "the one route that serves everything has all upstreams and neither "
                           "host nor path; write `routes` into the file to part them");
        return false;
    }
    settings->mode = route->mode;
    settings->select = route->select;
    settings->retry = route->retry;
    settings->users_required = route->users;
    memcpy(settings->allow, route->allow, sizeof(settings->allow));
    settings->allow_count = route->allow_count;
    return true;
}

void routes_api_change(struct admin_sources *sources, const struct admin_request *request,
                       struct admin_reply *reply)
{
    const struct proxy_settings *present = proxy_settings_now(sources->proxy);
    struct proxy_settings *changed;
    char error[SETTINGS_ERROR_BYTES];
    struct route_settings route;
    size_t index;

    if (!find_route(present, request, &route, &index)) {
        refuse_unknown(reply);
        return;
    }
    changed = malloc(sizeof(*changed));
    if (changed == NULL) {
        admin_reply_refuse(reply, 503, "memory has run out");
        return;
    }
    proxy_settings_copy(changed, present);
    if (read_change(request, present, &route, reply) && put_route(changed, index, &route, reply)) {
        if (proxy_reconfigure(sources->proxy, changed, error))
            tell_route(changed, &route, reply);
        else
            admin_reply_refuse(reply, 400, "%s", error);
    }
    free(changed);
}

/* ---- reading a change ------------------------------------------------------------------------- */

/* What YAML would read as a word of four letters. */
static bool has_no_null(const struct yaml_node *map, struct yaml_error *error)
{
    for (const struct yaml_node *value = map->first; value != NULL; value = value->next)
        if (value->kind == YAML_SCALAR && !value->quoted && strcmp(value->text, "null") == 0)
            return yaml_fail(error, value, "%s is null; leave it out to keep what it is",
                             value->key->text);
    return true;
}

static bool read_map(const struct yaml_node *map, const struct proxy_settings *settings,
                     struct route_settings *route, struct yaml_error *error)
{
    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "a change is a JSON object of a route's keys");
    return has_no_null(map, error) && proxy_config_read_route(map, settings, route, error);
}

/* JSON is read as the YAML that it also is, so that the rules of the file hold; what is YAML alone is refused first. */
static bool read_change(const struct admin_request *request, const struct proxy_settings *settings,
                        struct route_settings *route, struct admin_reply *reply)
{
    const char *text = (const char *)request->body.data;
    struct yaml_error mistake = {{0}};
    char error[JSON_ERROR_BYTES];
    struct yaml_node *map;
    struct region region;
    struct json *json;
    bool read;

    json = json_parse("body", text, request->body.size, error);
    if (json == NULL) {
        admin_reply_refuse(reply, 400, "%s", error);
        return false;
    }
    json_destroy(&json);
    region_init(&region, REGION_BYTES_MAX);
    map = yaml_parse(&region, "body", text, request->body.size, &mistake);
    read = map != NULL && read_map(map, settings, route, &mistake);
    region_release(&region);
    if (!read)
        admin_reply_refuse(reply, 400, "%s", mistake.sentence);
    return read;
}

/* ---- telling: as the configuration file spells it ---------------------------------------------- */

/* In the largest unit in which it is a whole number. */
static void set_duration(struct json *json, const char *key, uint64_t ns)
{
    static const struct {
        const char *word;
        uint64_t ns;
    } units[] = {{"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1}};
    char text[DURATION_BYTES];
    size_t i = 0;

    while (ns % units[i].ns != 0)
        i++;
    snprintf(text, sizeof(text), "%" PRIu64 "%s", ns / units[i].ns, units[i].word);
    json_set_text(json, key, text);
}

static void set_conditions(struct json *json, const struct retry_settings *retry)
{
    struct json *list;

    if (retry->policy != RETRY_CONDITIONS) {
        json_set_text(json, "policy", retry_policy_word(retry->policy));
        return;
    }
    list = json_list_create();
    for (enum retry_condition i = 0; i < RETRY_CONDITION_COUNT; i++)
        if ((retry->conditions & 1u << i) != 0)
            json_append_text(list, retry_condition_word(i));
    json_set(json, "retry_on", list);
}

/* [503, "520-529"] */
static void set_statuses(struct json *json, const struct status_set *set)
{
    struct json *list = json_list_create();
    char text[16]; /* two statuses and a dash */

    for (unsigned first = STATUS_SET_FIRST; first <= STATUS_SET_LAST; first++) {
        unsigned last = first;

        if (!status_set_has(set, first))
            continue;
        while (status_set_has(set, last + 1))
            last++;
        snprintf(text, sizeof(text), "%u-%u", first, last);
        if (first == last)
            json_append_u64(list, first);
        else
            json_append_text(list, text);
        first = last;
    }
    json_set(json, "retry_on_status", list);
}

static void set_backoff(struct json *json, const struct backoff_settings *backoff)
{
    struct json *map = json_map_create();

    set_duration(map, "base", backoff->base_ns);
    set_duration(map, "max", backoff->max_ns);
    json_set(json, "backoff", map);
}

static void set_budget(struct json *json, const struct budget_settings *budget)
{
    struct json *map;
    char share[16]; /* a percentage */

    if (!budget->limited) {
        json_set_text(json, "retry_budget", "none");
        return;
    }
    map = json_map_create();
    snprintf(share, sizeof(share), "%u%%", budget->share_percent);
    json_set_text(map, "share", share);
    json_set_u64(map, "floor", budget->floor);
    json_set(json, "retry_budget", map);
}

static void set_retries(struct json *json, const struct retry_settings *retry)
{
    set_conditions(json, retry);
    set_statuses(json, &retry->on_status);
    json_set_u64(json, "max_retries", retry->retries_max);
    json_set_bool(json, "retry_on_reused", retry->on_reused);
    json_set_bool(json, "retry_non_idempotent", retry->non_idempotent);
    json_set_bool(json, "retry_other_upstream", !retry->stay);
    json_set_u64(json, "replay_buffer_bytes", retry->replay_bytes);
    set_duration(json, "per_try_timeout", retry->per_try_timeout_ns);
    set_duration(json, "deadline", retry->deadline_ns);
    set_backoff(json, &retry->backoff);
    set_budget(json, &retry->budget);
}

static void set_upstreams(struct json *json, const struct proxy_settings *settings, uint32_t bits)
{
    struct json *list = json_list_create();

    for (size_t i = 0; i < settings->upstream_count; i++)
        if ((bits & 1u << i) != 0)
            json_append_text(list, settings->upstreams[i].name);
    json_set(json, "upstreams", list);
}

static void set_users(struct json *json, const struct proxy_settings *settings, uint64_t bits)
{
    struct json *list;

    if (bits == 0) {
        json_set_text(json, "auth", "none");
        return;
    }
    list = json_list_create();
    for (size_t i = 0; i < settings->user_count; i++)
        if ((bits & 1ull << i) != 0)
            json_append_text(list, settings->users[i].name);
    json_set(json, "auth", list);
}

/* Where nothing is said, this machine alone. */
static void set_ranges(struct json *json, const struct route_settings *route)
{
    struct json *list = json_list_create();
    char host[ADDRESS_TEXT_BYTES];
    char text[RANGE_BYTES];

    if (route->allow_count == 0) {
        json_append_text(list, "127.0.0.0/8");
        json_append_text(list, "::1/128");
    }
    for (size_t i = 0; i < route->allow_count; i++) {
        address_format_host(&route->allow[i].address, host);
        snprintf(text, sizeof(text), "%s/%u", host, route->allow[i].bits);
        json_append_text(list, text);
    }
    json_set(json, "allow", list);
}

static struct json *json_of_route(const struct proxy_settings *settings,
                                  const struct route_settings *route)
{
    static const char *const modes[] = {[MODE_REVERSE] = "reverse", [MODE_FORWARD] = "forward"};
    static const char *const rules[] = {[SELECT_FIRST] = "first",
                                        [SELECT_ROUND_ROBIN] = "round-robin",
                                        [SELECT_LEAST_CONNECTIONS] = "least-connections"};
    struct json *json = json_map_create();

    json_set_text(json, "name", route->name);
    json_set_text(json, "host", route->host);
    json_set_text(json, "path", route->path);
    json_set_text(json, "mode", modes[route->mode]);
    json_set_text(json, "select", rules[route->select]);
    if (route->mode == MODE_REVERSE)
        set_upstreams(json, settings, route->upstreams);
    else
        set_ranges(json, route);
    set_users(json, settings, route->users);
    set_retries(json, &route->retry);
    return json;
}
