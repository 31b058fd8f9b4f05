#include <string.h>

#include "proxy/routes/settings_check.h"

/* ---- when to try again ------------------------------------------------------------------------------ */

/* Words as the configuration spells them; each of these would have an effect that the policy rules out. */
static bool check_at_most_once(const struct retry_settings *retry, char error[SETTINGS_ERROR_BYTES])
{
    const struct {
        bool set;
        const char *word;
        const char *why;
    } contradictions[] = {
        {!status_set_is_empty(&retry->on_status), "retry_on_status",
         "which never asks again once an upstream has answered"},
        {retry->on_reused, "retry_on_reused",
         "which never sends a request again once a byte of it was written"},
        {retry->non_idempotent, "retry_non_idempotent",
         "which sends no request twice, whatever its method"},
        {retry->replay_bytes > 0, "replay_buffer_bytes", "which never needs a body again"},
    };

    if (retry->policy != RETRY_AT_MOST_ONCE)
        return true;
    for (size_t i = 0; i < COUNT_OF(contradictions); i++)
        if (contradictions[i].set)
            return settings_refuse(
                error,
                "%s contradicts policy: at-most-once, %s; take it out, or say policy: "
                "idempotent or retry_on",
                contradictions[i].word, contradictions[i].why);
    return true;
}

static bool check_conditions(const struct retry_settings *retry, char error[SETTINGS_ERROR_BYTES])
{
    const unsigned known = (1u << RETRY_CONDITION_COUNT) - 1;
    const struct status_set *set = &retry->on_status;

    if ((unsigned)retry->policy > RETRY_CONDITIONS)
        return settings_refuse(error, "policy is none of those in enum retry_policy");
    if (retry->policy != RETRY_CONDITIONS && retry->conditions != 0)
        return settings_refuse(
            error,
            "retry_on contradicts policy: %s, which has conditions of its own; take one "
            "of them out",
            retry_policy_word(retry->policy));
    if ((retry->conditions & ~known) != 0)
        return settings_refuse(error,
                               "retry_on has a condition that is not in enum retry_condition");
    if (set->bits[3] >> (STATUS_SET_LAST - STATUS_SET_FIRST + 1) % 64 != 0)
        return settings_refuse(error, "retry_on_status has a status above %d", STATUS_SET_LAST);
    return check_at_most_once(retry, error);
}

static bool check_retry(const struct retry_settings *retry, char error[SETTINGS_ERROR_BYTES])
{
    const struct settings_range ranges[] = {
        {"max_retries", retry->retries_max, 0, RETRIES_MAX},
        {"replay_buffer_bytes", retry->replay_bytes, 0, REPLAY_BYTES_MAX},
        {"the share of retry_budget", retry->budget.share_percent, 0, BUDGET_PERCENT_MAX},
    };
    const struct settings_duration durations[] = {
        {"per_try_timeout", retry->per_try_timeout_ns},
        {"deadline", retry->deadline_ns},
        {"the base of backoff", retry->backoff.base_ns},
        {"the max of backoff", retry->backoff.max_ns},
    };

    if (!check_conditions(retry, error) ||
        !settings_check_ranges(ranges, COUNT_OF(ranges), error) ||
        !settings_check_durations(durations, COUNT_OF(durations), error))
        return false;
    return retry->backoff.max_ns >= retry->backoff.base_ns ||
           settings_refuse(error, "the max of backoff is shorter than its base");
}

/* ---- what a route is, and whom it serves ---------------------------------------------------------------- */

/* A part of the path of the admin listener, and a word in the log. */
static bool is_route_name(const char *text)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return settings_is_text(text, ROUTE_NAME_BYTES) && text[strspn(text, characters)] == '\0';
}

/* What a request target may have before its query (RFC 9112 3.2.1). */
static bool is_path(const char *path)
{
    if (path[0] != '/')
        return false;
    for (; *path != '\0'; path++)
        if (*path <= ' ' || *path > '~' || *path == '?' || *path == '#')
            return false;
    return true;
}

static bool check_place(const struct route_settings *route, char error[SETTINGS_ERROR_BYTES])
{
    if (memchr(route->host, '\0', sizeof(route->host)) == NULL)
        return settings_refuse(error, "its host does not end");
    if (route->host[0] != '\0' && !settings_is_host(route->host, sizeof(route->host)))
        return settings_refuse(error, "host '%s' is neither a name nor an address; it has no port",
                               route->host);
    if (memchr(route->path, '\0', sizeof(route->path)) == NULL)
        return settings_refuse(error, "its path does not end");
    if (route->path[0] != '\0' && !is_path(route->path))
        return settings_refuse(
            error, "path '%s' does not begin with a slash, or has what no path has", route->path);
    return true;
}

static bool check_allow(const struct route_settings *route, char error[SETTINGS_ERROR_BYTES])
{
    if (route->allow_count > ROUTE_ALLOW_MAX)
        return settings_refuse(error, "allow has more than %d ranges", ROUTE_ALLOW_MAX);
    for (size_t i = 0; i < route->allow_count; i++) {
        const struct address_range *range = &route->allow[i];

        if (range->address.family != 4 && range->address.family != 6)
            return settings_refuse(error, "allow has a range that is not of addresses");
        if (range->bits > (range->address.family == 4 ? 32u : 128u))
            return settings_refuse(error, "allow has a range of %u bits, more than an address has",
                                   range->bits);
    }
    return true;
}

/* With no upstream at all a hook must name one; then routes have none either. */
static bool check_upstreams(const struct proxy_settings *settings,
                            const struct route_settings *route, char error[SETTINGS_ERROR_BYTES])
{
    if ((route->upstreams & ~settings_all_upstreams(settings)) != 0)
        return settings_refuse(error, "upstreams has a bit past the last of %zu upstreams",
                               settings->upstream_count);
    if (route->mode == MODE_FORWARD && route->upstreams != 0)
        return settings_refuse(
            error, "upstreams are not for mode: forward, which goes where the request says");
    if (route->mode == MODE_REVERSE && route->upstreams == 0 && settings->upstream_count > 0)
        return settings_refuse(error, "it has none of the upstreams");
    return true;
}

static bool check_serving(const struct proxy_settings *settings, const struct route_settings *route,
                          char error[SETTINGS_ERROR_BYTES])
{
    const uint64_t known =
        settings->user_count == USERS_MAX ? UINT64_MAX : (1ull << settings->user_count) - 1;

    if ((unsigned)route->mode > MODE_FORWARD)
        return settings_refuse(error, "mode is none of those in enum proxy_mode");
    if ((unsigned)route->select > SELECT_LEAST_CONNECTIONS)
        return settings_refuse(error, "select is none of those in enum selection_rule");
    if ((route->users & ~known) != 0)
        return settings_refuse(error, "auth has a bit past the last of %zu users",
                               settings->user_count);
    return check_upstreams(settings, route, error) && check_allow(route, error) &&
           check_retry(&route->retry, error);
}

/* The sentence of a route begins with its name. */
static bool check_route(const struct proxy_settings *settings, size_t index,
                        char error[SETTINGS_ERROR_BYTES])
{
    const struct route_settings *route = &settings->routes[index];
    char sentence[SETTINGS_ERROR_BYTES];

    if (!is_route_name(route->name))
        return settings_refuse(error,
                               "the name of a route has 1 to %d letters, digits and -._ of ASCII",
                               ROUTE_NAME_BYTES - 1);
    for (size_t i = 0; i < index; i++)
        if (strcmp(settings->routes[i].name, route->name) == 0)
            return settings_refuse(error, "two routes have the name %s", route->name);
    if (check_place(route, sentence) && check_serving(settings, route, sentence))
        return true;
    return settings_refuse(error, "route %s: %s", route->name, sentence);
}

bool settings_check_routes(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    struct route_settings own;

    /* What routes take over when they are read from a file is checked too, whether one of them does or not. */
    settings_own_route(settings, &own);
    if (!check_serving(settings, &own, error))
        return false;
    for (size_t i = 0; i < settings->route_count; i++)
        if (!check_route(settings, i, error))
            return false;
    return true;
}
