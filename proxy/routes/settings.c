#include "retryproof/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proxy/http/place.h"
#include "world/base/bytes.h"

/* A year. Past it a time is surely a mistake, TIME_NEVER above all: the clock would wrap around. */
static const uint64_t DURATION_NS_MAX = 365 * 24 * 3600 * NS_PER_S;

void proxy_settings_init(struct proxy_settings *settings)
{
    *settings = (struct proxy_settings){
        .listen = address_loopback(0),
        .select = SELECT_FIRST,
        .retry = {.policy = RETRY_AT_MOST_ONCE, .retries_max = RETRIES_DEFAULT},
        .realm = "retryproof",
        .auth_failed_status = 403,
        .connect_timeout_ns = CONNECT_MS_DEFAULT * NS_PER_MS,
        .handshake_timeout_ns = HANDSHAKE_MS_DEFAULT * NS_PER_MS,
        .head_timeout_ns = CLIENT_HEAD_MS_DEFAULT * NS_PER_MS,
        .response_timeout_ns = RESPONSE_MS_DEFAULT * NS_PER_MS,
        .idle_timeout_ns = IDLE_MS_DEFAULT * NS_PER_MS,
        .window_bytes = WINDOW_BYTES_DEFAULT,
        .pool_size = POOL_IDLE_DEFAULT,
        .pool_timeout_ns = POOL_IDLE_MS_DEFAULT * NS_PER_MS,
        .head_bytes_max = HEAD_BYTES_DEFAULT,
        .uri_bytes_max = URI_BYTES_DEFAULT,
        .body_bytes_max = UINT64_MAX,
        .via = "retryproof",
    };
}

bool proxy_settings_add_upstream(struct proxy_settings *settings, const char *address)
{
    struct upstream_settings *upstream;
    const char *wrong;
    struct place place;

    check(settings->upstream_count <= UPSTREAMS_MAX);
    if (settings->upstream_count == UPSTREAMS_MAX || strlen(address) >= sizeof(upstream->name) ||
        !place_read(address, &place, &wrong))
        return false;
    upstream = &settings->upstreams[settings->upstream_count++];
    *upstream = (struct upstream_settings){.port = place.port};
    memcpy(upstream->name, address, strlen(address) + 1);
    memcpy(upstream->host, place.host, sizeof(upstream->host));
    return true;
}

size_t proxy_settings_route_count(const struct proxy_settings *settings)
{
    return settings->route_count > 0 ? settings->route_count : 1;
}

void proxy_settings_route(const struct proxy_settings *settings, size_t index,
                          struct route_settings *out)
{
    check(index < proxy_settings_route_count(settings));
    if (settings->route_count > 0) {
        *out = settings->routes[index];
        return;
    }
    *out = (struct route_settings){
        .name = "default",
        .mode = settings->mode,
        .upstreams = (uint32_t)((1ull << settings->upstream_count) - 1),
        .select = settings->select,
        .retry = settings->retry,
        .users = settings->users_required,
        .allow_count = settings->allow_count,
    };
    memcpy(out->allow, settings->allow, sizeof(out->allow));
}

/* ---- whether they go together --------------------------------------------------------------------- */

PRINTF_LIKE(2, 3) static bool refuse(char error[SETTINGS_ERROR_BYTES], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, SETTINGS_ERROR_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

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
            return refuse(error,
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
        return refuse(error, "policy is none of those in enum retry_policy");
    if (retry->policy != RETRY_CONDITIONS && retry->conditions != 0)
        return refuse(error,
                      "retry_on contradicts policy: %s, which has conditions of its own; take one "
                      "of them out",
                      retry_policy_word(retry->policy));
    if ((retry->conditions & ~known) != 0)
        return refuse(error, "retry_on has a condition that is not in enum retry_condition");
    if (set->bits[3] >> (STATUS_SET_LAST - STATUS_SET_FIRST + 1) % 64 != 0)
        return refuse(error, "retry_on_status has a status above %d", STATUS_SET_LAST);
    return check_at_most_once(retry, error);
}

struct range {
    const char *word;
    uint64_t value;
    uint64_t min;
    uint64_t max;
};

static bool check_ranges(const struct range *ranges, size_t count, char error[SETTINGS_ERROR_BYTES])
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
            return refuse(error, "%s is %llu, but goes from %llu to %llu", ranges[i].word,
                          (unsigned long long)ranges[i].value, (unsigned long long)ranges[i].min,
                          (unsigned long long)ranges[i].max);
    return true;
}

static bool check_numbers(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    const struct retry_settings *retry = &settings->retry;
    const struct range ranges[] = {
        {"max_retries", retry->retries_max, 0, RETRIES_MAX},
        {"replay_buffer_bytes", retry->replay_bytes, 0, REPLAY_BYTES_MAX},
        {"the share of retry_budget", retry->budget.share_percent, 0, BUDGET_PERCENT_MAX},
        {"window", settings->window_bytes, WINDOW_BYTES_MIN, WINDOW_BYTES_MAX},
        {"pool_size", settings->pool_size, 0, POOL_IDLE_MAX},
        {"head_limit", settings->head_bytes_max, HEAD_BYTES_MIN, HEAD_BYTES_MAX},
        {"uri_limit", settings->uri_bytes_max, 1, HEAD_BYTES_MAX},
        {"the number of upstreams", settings->upstream_count, 0, UPSTREAMS_MAX},
    };

    return check_ranges(ranges, COUNT_OF(ranges), error);
}

static bool check_durations(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    const struct retry_settings *retry = &settings->retry;
    const struct {
        const char *word;
        uint64_t ns;
    } durations[] = {
        {"connect_timeout", settings->connect_timeout_ns},
        {"head_timeout", settings->head_timeout_ns},
        {"response_timeout", settings->response_timeout_ns},
        {"idle_timeout", settings->idle_timeout_ns},
        {"pool_timeout", settings->pool_timeout_ns},
        {"per_try_timeout", retry->per_try_timeout_ns},
        {"deadline", retry->deadline_ns},
        {"the base of backoff", retry->backoff.base_ns},
        {"the max of backoff", retry->backoff.max_ns},
    };

    for (size_t i = 0; i < COUNT_OF(durations); i++)
        if (durations[i].ns > DURATION_NS_MAX)
            return refuse(error, "%s is longer than 8760h (a year); 0 switches it off",
                          durations[i].word);
    if (retry->backoff.max_ns < retry->backoff.base_ns)
        return refuse(error, "the max of backoff is shorter than its base");
    return true;
}

/* Whether a text ends within its array; what a C caller has filled in may not. */
static bool is_text(const char *text, size_t size_max)
{
    return text[0] != '\0' && memchr(text, '\0', size_max) != NULL;
}

static bool check_upstream(const struct upstream_settings *upstream,
                           char error[SETTINGS_ERROR_BYTES])
{
    const char *wrong;
    struct place place;

    if (!is_text(upstream->name, sizeof(upstream->name)))
        return refuse(error, "an upstream has a name of 1 to %d bytes", UPSTREAM_NAME_BYTES - 1);
    if (memchr(upstream->host, '\0', sizeof(upstream->host)) == NULL)
        return refuse(error, "the host of upstream %s does not end", upstream->name);
    if (!place_make(upstream->host, upstream->port, &place, &wrong))
        return refuse(error, "upstream %s: '%s' %s", upstream->name, upstream->host, wrong);
    if (strcmp(place.host, upstream->host) != 0)
        return refuse(error, "upstream %s: the host '%s' is written '%s'", upstream->name,
                      upstream->host, place.host);
    return true;
}

/* A token both of a head (RFC 9110 5.6.2) and, in Proxy-Status, of a structured field (RFC 8941 3.3.4). */
static bool is_via(const char *text)
{
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return strchr("0123456789-._", text[0]) == NULL && text[strspn(text, others)] == '\0';
}

static bool check_words(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    if (settings->listen.family != 4 && settings->listen.family != 6)
        return refuse(error, "listen is not an address");
    if ((unsigned)settings->select > SELECT_LEAST_CONNECTIONS)
        return refuse(error, "select is none of those in enum selection_rule");
    if (!is_text(settings->via, sizeof(settings->via)) || !is_via(settings->via))
        return refuse(error, "via is a word of letters, digits and -._ that begins with a letter");
    for (size_t i = 0; i < settings->upstream_count; i++)
        if (!check_upstream(&settings->upstreams[i], error))
            return false;
    return true;
}

bool proxy_settings_check(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    return check_conditions(&settings->retry, error) && check_numbers(settings, error) &&
           check_durations(settings, error) && check_words(settings, error);
}

/* ---- copies --------------------------------------------------------------------------------------- */

void proxy_settings_copy(struct proxy_settings *to, const struct proxy_settings *from)
{
    memcpy(to, from, offsetof(struct proxy_settings, upstreams));
    memcpy(to->upstreams, from->upstreams, from->upstream_count * sizeof(to->upstreams[0]));
    memcpy(to->routes, from->routes, from->route_count * sizeof(to->routes[0]));
    memcpy(to->users, from->users, from->user_count * sizeof(to->users[0]));
    memcpy(to->certificates, from->certificates,
           from->certificate_count * sizeof(to->certificates[0]));
}
