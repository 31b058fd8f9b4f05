#include "retryproof/settings.h"

#include <string.h>

#include "proxy/http/place.h"
#include "proxy/routes/settings_check.h"

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

uint32_t settings_all_upstreams(const struct proxy_settings *settings)
{
    return (uint32_t)((1ull << settings->upstream_count) - 1);
}

void settings_own_route(const struct proxy_settings *settings, struct route_settings *out)
{
    *out = (struct route_settings){
        .name = "default",
        .mode = settings->mode,
        .upstreams = settings->mode == MODE_REVERSE ? settings_all_upstreams(settings) : 0,
        .select = settings->select,
        .retry = settings->retry,
        .users = settings->users_required,
        .allow_count = settings->allow_count,
    };
    memcpy(out->allow, settings->allow, sizeof(out->allow));
}

void proxy_settings_route(const struct proxy_settings *settings, size_t index,
                          struct route_settings *out)
{
    check(index < proxy_settings_route_count(settings));
    if (settings->route_count > 0)
        *out = settings->routes[index];
    else
        settings_own_route(settings, out);
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

bool proxy_settings_equal(const struct proxy_settings *a, const struct proxy_settings *b)
{
    return memcmp(a, b, offsetof(struct proxy_settings, upstreams)) == 0 &&
           memcmp(a->upstreams, b->upstreams, a->upstream_count * sizeof(a->upstreams[0])) == 0 &&
           memcmp(a->routes, b->routes, a->route_count * sizeof(a->routes[0])) == 0 &&
           memcmp(a->users, b->users, a->user_count * sizeof(a->users[0])) == 0 &&
           memcmp(a->certificates, b->certificates,
                  a->certificate_count * sizeof(a->certificates[0])) == 0;
}
