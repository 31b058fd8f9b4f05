/*
 * Makes a connection to an upstream: looks its name up, tries its addresses in order, and shakes hands where the upstream
 * speaks TLS. All of that is one attempt (decision 7).
 *
 * Ownership: embedded in its owner, which lends it the link to be connected and gets it back connected, or takes it back.
 * Errors: one failure, of the last address tried, told by on_end, never from within dial_start(); one that is forbidden counts
 * only where all are. on_address tells each address that failed while others were left. A handshake that fails ends the dial: who answers there is the upstream.
 * Limits: connect_ns per address, lookup included in the first; handshake_ns for the handshake.
 */
#ifndef PROXY_UPSTREAM_DIAL_H
#define PROXY_UPSTREAM_DIAL_H

#include "proxy/upstream/origin.h"
#include "world/base/failure.h"

/* How to go about it. What it points to lives as long as the dial. */
struct dial_plan {
    struct address nameserver; /* family 0: whom the world asks */
    uint64_t connect_ns;       /* 0: no limit */
    uint64_t handshake_ns;     /* 0: no limit */
    unsigned first_address;    /* the addresses are tried from this one on, counted round */
    bool limited;              /* to addresses that the ranges below allow (proxy/routes/reach.h) */
    const struct address_range *allow;
    size_t allow_count;
    struct address closed; /* a listener where it may not go all the same; family 0: none */
};

struct dial {
    struct world *world;
    struct link *link; /* NULL: nothing is under way */
    struct dial_plan plan;
    struct query query;
    unsigned tried;         /* addresses so far */
    struct address address; /* the one being tried, or whose failure stands */
    bool handshaking;
    struct timer timer;
    struct failure failure; /* of the address tried last */
    const char *detail;     /* static: what TLS says about it; or NULL */
    void (*on_end)(struct dial *dial, const struct failure *failure); /* NULL: connected */
    void (*on_address)(struct dial *dial, const struct address *address);
    void *owner;
};

/* Whether the address is one where the plan may go. */
bool dial_may_go(const struct dial_plan *plan, const struct address *address);

void dial_init(struct dial *dial, struct world *world);
/* on_end follows, later. The link has an origin and a stream that is not in use. on_end, on_address and owner are set. */
void dial_start(struct dial *dial, struct link *link, const struct dial_plan *plan);
/* No on_end after it returns. The link stays with the caller. Harmless when nothing is under way. */
void dial_stop(struct dial *dial);
/* STAGE_RESOLVE, STAGE_DIAL or STAGE_HANDSHAKE: where a dial that is under way stands. */
enum stage dial_stage(const struct dial *dial);
/* The place in the row of addresses behind the one tried last: where another attempt at the same upstream begins. */
unsigned dial_next_address(const struct dial *dial);

#endif
