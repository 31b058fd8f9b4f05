/*
 * The proxy core as a library: an HTTP/1.1 proxy, reverse and forward, that runs in a world.
 *
 * Ownership: proxy_create() copies its settings and hooks; the world outlives the proxy. Threads: none; all calls
 * are made from the thread that runs the world, and none from within proxy callbacks except those
 * said below. The core never prints: it tells what happened by exchange records.
 */
#ifndef RETRYPROOF_PROXY_H
#define RETRYPROOF_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retryproof/hooks.h"
#include "retryproof/record.h"
#include "retryproof/settings.h"
#include "world/world.h"

struct proxy;

/* Counters of what is alive now; for tests, health pages and the question whether all is quiet. */
struct proxy_census {
    size_t sessions;        /* client connections */
    size_t exchanges;       /* under way */
    size_t upstream_active; /* upstream connections in use, also those being dialled */
    size_t upstream_idle;   /* in the pool */
    size_t timers;
    size_t body_bytes_held;
    size_t tunnels;              /* exchanges that are one by now */
    uint64_t handshake_failures; /* of clients, since the beginning */
};

/*
 * Begins to listen. hooks may be NULL. NULL and *os_error set (a positive errno) when that fails; EINVAL: the settings
 * do not go together or a certificate cannot be read, which settings->on_notice is told, or hooks->context_bytes passes
 * CONTEXT_BYTES_MAX.
 */
MUST_USE struct proxy *proxy_create(struct world *world, const struct proxy_settings *settings,
                                    const struct proxy_hooks *hooks, int *os_error);
/* Where it listens. */
struct address proxy_address(const struct proxy *proxy);
/*
 * From now on exchanges begin under these settings; those under way end under the ones they began with. Connections in
 * pools and the health of upstreams that are the same in both are kept. False, and nothing is changed, where the settings do not go together, a certificate cannot
 * be read, or where one differs that cannot be changed while running: listen, window_bytes, head_bytes_max, uri_bytes_max, TLS on or off; error is a sentence.
 * Certificates are read again from their files. May be called from an upcall of the world, not from a hook.
 */
MUST_USE bool proxy_reconfigure(struct proxy *proxy, const struct proxy_settings *settings,
                                char error[SETTINGS_ERROR_BYTES]);
/*
 * No forward route goes to who listens there, whatever it allows: an admin listener that trusts whoever can connect to it
 * would trust every client. The listener is of this machine; one at most, the last one counts.
 */
void proxy_close_to(struct proxy *proxy, const struct address *listener);
/* The settings under which exchanges begin now; until the next proxy_reconfigure(). */
const struct proxy_settings *proxy_settings_now(const struct proxy *proxy);
/* Stops listening, closes idle connections, lets exchanges end. on_drained comes once, later, when none is left. */
void proxy_drain(struct proxy *proxy, void (*on_drained)(void *owner), void *owner);
/* Ends everything at once. Not from within an upcall of the same proxy. */
void proxy_destroy(struct proxy **proxy);
/*
 * The same, but its memory is kept for proxy_restart(): making a proxy costs more than an exchange, and who plays a hundred
 * thousand cases wants neither twice. Between the two calls nothing but proxy_destroy() may be asked of it.
 */
void proxy_stop(struct proxy *proxy);
/*
 * Begins again as a new proxy with the same settings and hooks, in the same world: nothing is left of clients, connections,
 * health, turns and counters. False and *os_error set when it cannot listen; it is stopped still. Not for one that speaks TLS,
 * whose sessions would be remembered.
 */
MUST_USE bool proxy_restart(struct proxy *proxy, int *os_error);
void proxy_census(const struct proxy *proxy, struct proxy_census *out);

#endif
