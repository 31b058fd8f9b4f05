#include "retryproof/settings.h"

void proxy_settings_init(struct proxy_settings *settings)
{
    *settings = (struct proxy_settings){
        .listen = address_loopback(0),
        .select = SELECT_FIRST,
        .retry = {.policy = RETRY_AT_MOST_ONCE, .retries_max = RETRIES_DEFAULT},
        .connect_timeout_ns = CONNECT_MS_DEFAULT * NS_PER_MS,
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
