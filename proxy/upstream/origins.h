/*
 * All upstreams a proxy knows: those of its settings, by index, and others that hooks named, by place.
 *
 * Ownership: embedded in the proxy. Those of the settings stay where they are. Another one stays at its address for as long
 * as it is in use, which its user says by origin->in_use; who has not said so asks for it again each time. Limits:
 * UPSTREAMS_OTHER_MAX others; when they are all there, the one that was asked for longest ago and is not in use makes
 * room: its idle connections are closed and its health is forgotten.
 */
#ifndef PROXY_UPSTREAM_ORIGINS_H
#define PROXY_UPSTREAM_ORIGINS_H

#include "proxy/upstream/origin.h"
#include "retryproof/record.h"
#include "retryproof/settings.h"

struct other_origin;

struct origins {
    struct world *world;
    struct link_shelf links;
    size_t pool_size_max;
    uint64_t pool_idle_ns;
    struct origin configured[UPSTREAMS_MAX];
    size_t count;
    struct other_origin *others; /* asked for last comes first */
    size_t other_count;
};

/* settings outlive it, and proxy_settings_check() has approved of them. */
void origins_init(struct origins *origins, struct world *world,
                  const struct proxy_settings *settings);
/* Closes what is idle; nothing may be in use. */
void origins_release(struct origins *origins);

/*
 * The origin at that place: one of the settings' if it is theirs, the first of them; else one of the others, made if need
 * be. Names are compared without case, addresses by what they mean. NULL when it is no place (proxy/policy/place.h), or
 * when memory or UPSTREAMS_OTHER_MAX are used up. host is copied.
 */
struct origin *origins_find(struct origins *origins, const char *host, uint16_t port);
/* The index in the settings, or UPSTREAM_OTHER. */
unsigned origins_index(const struct origins *origins, const struct origin *origin);

/* Closes idle connections; with stay_empty none is kept from now on. */
void origins_empty_pools(struct origins *origins, bool stay_empty);
/* How many connections are idle in all pools. */
size_t origins_idle(const struct origins *origins);

#endif
