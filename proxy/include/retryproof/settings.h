/*
 * The settings of a proxy as a plain value. Start with proxy_settings_init(), or read a file.
 */
#ifndef RETRYPROOF_SETTINGS_H
#define RETRYPROOF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retryproof/limits.h"
#include "retryproof/policy.h"
#include "world/base/check.h"
#include "world/world.h"

struct exchange_record;

enum {
    UPSTREAM_NAME_BYTES = 64, /* a word in logs and in Via */
    HOST_BYTES = 256,         /* a DNS name has 253 at most */
    SETTINGS_ERROR_BYTES = 512,
};

/* In place of an index in the settings: an upstream that only a hook named. */
#define UPSTREAM_OTHER UINT32_MAX

struct upstream_settings {
    char name[UPSTREAM_NAME_BYTES];
    char host[HOST_BYTES]; /* an address or a name to look up */
    uint16_t port;
};

/* Durations in nanoseconds; 0 switches a limit of time off. */
struct proxy_settings {
    struct address listen; /* port 0: any; proxy_address() tells */
    struct upstream_settings upstreams[UPSTREAMS_MAX];
    size_t upstream_count; /* 0: the hook upstream_peer must name one */
    enum selection_rule select;
    struct retry_settings retry;
    uint64_t connect_timeout_ns;  /* per address */
    uint64_t head_timeout_ns;     /* from the first byte of a request head to its end */
    uint64_t response_timeout_ns; /* from the request handed over to the final head complete */
    uint64_t
        idle_timeout_ns; /* without progress: between requests, in a body either way, in a hook */
    size_t window_bytes;
    size_t pool_size;
    uint64_t pool_timeout_ns;
    size_t head_bytes_max;
    size_t uri_bytes_max;
    uint64_t body_bytes_max; /* UINT64_MAX: no limit */
    bool client_half_close_allowed;
    char via[UPSTREAM_NAME_BYTES]; /* pseudonym in Via and Proxy-Status */

    /* Told once per exchange, at its end; the record lives until the call returns. May be NULL. */
    void (*on_record)(void *owner, const struct exchange_record *record);
    void *owner;
};

/* Everything at its default, at-most-once with one retry, no upstream, listening on 127.0.0.1 port 0. */
void proxy_settings_init(struct proxy_settings *settings);

/* Appends an upstream "host:port"; its name is that text. False when it is none, or UPSTREAMS_MAX are there. */
MUST_USE bool proxy_settings_add_upstream(struct proxy_settings *settings, const char *address);

/*
 * Whether the settings go together; if not, error is a sentence: an option that contradicts its policy, a value
 * outside of its limits. proxy_create() asks too.
 */
MUST_USE bool proxy_settings_check(const struct proxy_settings *settings,
                                   char error[SETTINGS_ERROR_BYTES]);

/*
 * Reads a configuration file, as `retryproof proxy` does (docs/scenarios.md, "proxy", has the keys). False, and
 * error is "file:line:column: sentence".
 */
MUST_USE bool proxy_settings_load(struct proxy_settings *settings, const char *path,
                                  char error[SETTINGS_ERROR_BYTES]);

#endif
