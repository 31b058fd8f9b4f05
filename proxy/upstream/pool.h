/*
 * Idle connections to one upstream, watched for as long as they are idle.
 *
 * A pooled connection that becomes readable or is closed by its peer is thrown away at once: whatever came belongs to no
 * request. So a connection that is handed out was open and silent a moment ago; the race that is left is the retry
 * rule's business.
 *
 * Ownership: embedded in an origin; owns the links it holds. Limits: size_max links, each for idle_ns at most.
 */
#ifndef PROXY_UPSTREAM_POOL_H
#define PROXY_UPSTREAM_POOL_H

#include "proxy/upstream/link.h"

struct dial_plan;

struct pool {
    struct world *world;
    struct link_shelf *shelf;
    struct link *newest;
    size_t count;
    size_t size_max;
    uint64_t idle_ns; /* 0: no limit */
};

void pool_init(struct pool *pool, struct world *world, struct link_shelf *shelf);

/*
 * The connection used last of those that lead where the plan may go, proven open and silent, or NULL. Another route, with
 * other limits, may have made it. The caller owns it and sets its callback.
 */
struct link *pool_take(struct pool *pool, const struct dial_plan *plan);

/*
 * Takes over a link whose exchange is complete; empties *link. The caller has made sure that the response was read to
 * its end, that both sides keep alive and that no byte is left over. A full pool closes it.
 */
void pool_give(struct pool *pool, struct link **link);

/* Closes them all. */
void pool_empty(struct pool *pool);

#endif
