/*
 * The proxy core as a library: an HTTP/1.1 reverse proxy that runs in a world.
 *
 * Ownership: proxy_create() copies its settings; the world outlives the proxy. Threads: none; all calls
 * are made from the thread that runs the world, and none from within proxy callbacks except those
 * said below. The core never prints: it tells what happened by exchange records.
 */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/exchange/record.h"
#include "proxy/policy/limits.h"
#include "proxy/policy/retry.h"
#include "proxy/policy/selection.h"
#include "world/world.h"

enum { UPSTREAM_NAME_BYTES = 64, HOST_BYTES = 256 };

struct upstream_settings {
    char name[UPSTREAM_NAME_BYTES];
    char host[HOST_BYTES]; /* an address or a name to look up */
    uint16_t port;
};

/* Durations in nanoseconds; 0 switches a deadline off. */
struct proxy_settings {
    struct address listen; /* port 0: any; proxy_address() tells */
    struct upstream_settings upstreams[UPSTREAMS_MAX];
    size_t upstream_count;
    enum retry_policy policy;
    enum selection_rule select;
    unsigned retries_max;
    uint64_t connect_timeout_ns;
    uint64_t head_timeout_ns;
    uint64_t response_timeout_ns;
    uint64_t idle_timeout_ns;
    uint64_t deadline_ns;
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

/* Everything at its default, no upstream, listening on 127.0.0.1 port 0. */
void proxy_settings_init(struct proxy_settings *settings);

struct proxy;

/* Counters of what is alive now; for tests, health pages and the question whether all is quiet. */
struct proxy_census {
    size_t sessions;        /* client connections */
    size_t exchanges;       /* under way */
    size_t upstream_active; /* upstream connections in use, also those being dialled */
    size_t upstream_idle;   /* in the pool */
    size_t timers;
    size_t body_bytes_held;
};

/* Begins to listen. NULL and *os_error set (a positive errno) when that fails. */
MUST_USE struct proxy *proxy_create(struct world *world, const struct proxy_settings *settings,
                                    int *os_error);
/* Where it listens. */
struct address proxy_address(const struct proxy *proxy);
/* Stops listening, closes idle connections, lets exchanges end. on_drained comes once, later, when none is left. */
void proxy_drain(struct proxy *proxy, void (*on_drained)(void *owner), void *owner);
/* Ends everything at once. Not from within an upcall of the same proxy. */
void proxy_destroy(struct proxy **proxy);
void proxy_census(const struct proxy *proxy, struct proxy_census *out);

#endif
