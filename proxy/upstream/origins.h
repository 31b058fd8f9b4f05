/*
 * All upstreams a proxy knows: those of its settings, by index, and others that hooks named, by place.
 *
 * Ownership: embedded in the proxy. Origins stay at one address for as long as they are in use (origin->in_use) or have
 * idle connections. Limits: UPSTREAMS_OTHER_MAX others; when they are all there, the one that was used longest ago and is
 * not in use makes room, its idle connections closed.
 */
#ifndef PROXY_UPSTREAM_ORIGINS_H
#define PROXY_UPSTREAM_ORIGINS_H

#include "proxy/upstream/origin.h"
#include "retryproof/settings.h"

struct other_origin;

struct origins {
    struct world *world;
    struct link_shelf links;
    size_t pool_size_max;
    uint64_t pool_idle_ns;
    struct origin configured[UPSTREAMS_MAX];
    size_t count;
    struct other_origin *others; /* used last comes first */
    size_t other_count;
};

/* settings outlive it. */
void origins_init(struct origins *origins, struct world *world,
                  const struct proxy_settings *settings);
/* Closes what is idle; nothing may be in use. */
void origins_release(struct origins *origins);

/*
 * The origin at that place: one of the settings' if it is theirs (host compared without case), else one of the others,
 * made if need be. NULL when memory or UPSTREAMS_OTHER_MAX are used up. host is copied.
 */
struct origin *origins_find(struct origins *origins, const char *host, uint16_t port);
/* The index in the settings, or UPSTREAM_OTHER. */
unsigned origins_index(const struct origins *origins, const struct origin *origin);

/* Closes idle connections; with stay_empty none is kept from now on. */
void origins_empty_pools(struct origins *origins, bool stay_empty);
/* How many connections are idle in all pools. */
size_t origins_idle(const struct origins *origins);

#endif
