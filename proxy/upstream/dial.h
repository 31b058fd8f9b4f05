/*
 * Makes a connection to an upstream: looks its name up, then tries its addresses in order. All of that is one attempt
 * (decision 7).
 *
 * Ownership: embedded in its owner, which lends it the link to be connected and gets it back connected, or takes it back.
 * Errors: one failure, of the last address tried, told by on_end, never from within dial_start().
 * Limits: connect_ns per address, lookup included in the first.
 */
#ifndef PROXY_UPSTREAM_DIAL_H
#define PROXY_UPSTREAM_DIAL_H

#include "proxy/upstream/origin.h"
#include "world/base/failure.h"

struct dial {
    struct world *world;
    struct link *link;
    uint64_t connect_ns; /* 0: no limit */
    struct query query;
    size_t address_index;
    struct timer timer;
    struct failure failure; /* of the address tried last */
    void (*on_end)(struct dial *dial, const struct failure *failure); /* NULL: connected */
    void *owner;
};

void dial_init(struct dial *dial, struct world *world, uint64_t connect_ns);
/* on_end follows, later. The link has an origin and a stream that is not in use. */
void dial_start(struct dial *dial, struct link *link);
/* No on_end after it returns. The link stays with the caller. Harmless when nothing is under way. */
void dial_stop(struct dial *dial);
/* STAGE_RESOLVE or STAGE_DIAL: where a dial that is under way stands. */
enum stage dial_stage(const struct dial *dial);

#endif
