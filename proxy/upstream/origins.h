/*
 * All upstreams a proxy knows, by where they are and how they are spoken to: those of its configurations, and others that
 * requests or hooks named. One that stands in two configurations is the same in both, with its health and its pool.
 *
 * Ownership: embedded in the proxy. An origin stays at its address while it is named by a configuration or in use, which
 * its user says by origin->in_use; who has not said so asks for it again each time. Limits: UPSTREAMS_OTHER_MAX that no
 * configuration names; when they are all there, the one that was asked for longest ago and is not in use makes room: its
 * idle connections are closed and its health is forgotten.
 */
#ifndef PROXY_UPSTREAM_ORIGINS_H
#define PROXY_UPSTREAM_ORIGINS_H

#include "proxy/upstream/origin.h"
#include "retryproof/record.h"

struct origins {
    struct world *world;
    struct link_shelf links;
    size_t pool_size_max;
    uint64_t pool_idle_ns;
    bool pools_stay_empty;
    struct tls_client
        *system_tls;      /* for upstreams that no configuration names; made when first needed */
    struct origin *first; /* asked for last */
    size_t other_count;   /* of them, those that no configuration names */
};

void origins_init(struct origins *origins, struct world *world);
/* Closes what is idle; nothing may be in use or named. */
void origins_release(struct origins *origins);

/* Of all pools, from now on. */
void origins_set_pools(struct origins *origins, size_t size_max, uint64_t idle_ns);

/*
 * The origin that is there and is spoken to like that, made if need be. Names are compared without case, addresses by what
 * they mean. NULL when it is no place (proxy/http/place.h), or when memory or UPSTREAMS_OTHER_MAX are used up.
 */
struct origin *origins_find(struct origins *origins, const struct upstream_settings *wanted);

/*
 * The same for a configuration, which names it until origins_unname(). It is none of the others, and its TLS is the
 * configuration's to set before it is used. NULL when it is no place, or when memory is used up.
 */
struct origin *origins_name(struct origins *origins, const struct upstream_settings *wanted);
void origins_unname(struct origins *origins, struct origin *origin);

/* Makes the origin speak TLS by this client, in the place of the one it had; NULL: in the clear. Takes it over. */
void origin_set_tls(struct origin *origin, struct tls_client *tls);

/* Closes idle connections; with stay_empty none is kept from now on. */
void origins_empty_pools(struct origins *origins, bool stay_empty);
/*
 * As if these had just been named, in that order, by the one configuration that names any: others are forgotten, pools and
 * health are as new. Nothing is in use.
 */
void origins_renew(struct origins *origins, struct origin *const *named, size_t count);
/* How many connections are idle in all pools. */
size_t origins_idle(const struct origins *origins);

#endif
