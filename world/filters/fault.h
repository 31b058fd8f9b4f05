/*
 * A world around a world that makes exact faults on the streams that the program above it connects.
 *
 * A rule names a peer, which connection to it, and which turn on that connection. A turn is one
 * request: it begins with the first write ever, or the first write after bytes were read; under TLS
 * the handshake is none. When the program is about to write the first byte of that turn, not a byte is
 * accepted and the stream fails as the rule says. The stream below stays open: the peer sees nothing
 * until the program closes.
 *
 * Ownership: the filter does not own the inner world; rules are copied. Accepted streams, listeners,
 * timers and queries belong to the inner world and pass through untouched.
 */
#ifndef WORLD_FILTERS_FAULT_H
#define WORLD_FILTERS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

enum { FAULT_RULES_MAX = 256 }; /* one case has a handful; a limit makes a runaway loop visible */

enum fault_kind {
    FAULT_FIN,        /* write gives EPIPE, read gives 0, CLOSED is told */
    FAULT_RST,        /* write and read give ECONNRESET, CLOSED is told */
    FAULT_STALL,      /* write gives -EAGAIN for ever, and nothing is readable */
    FAULT_TX_UNKNOWN, /* no failure: info.tx_known is false; turn is not looked at */
};

struct fault_rule {
    struct address address; /* family 0: any */
    uint32_t connection;    /* which connection to that address, from 1; 0: every one */
    uint32_t turn;          /* which request on it, from 1; 0: every one */
    enum fault_kind kind;
};

/* NULL when memory runs out. */
struct world *fault_create(struct world *inner);
void fault_destroy(struct world **fault);

/* Forgets rules, counts and live streams (see sim_reset()), which are not touched. */
void fault_reset(struct world *fault);

/* Returns the rule's index from 0, or -1 when FAULT_RULES_MAX is reached. */
MUST_USE int fault_add_rule(struct world *fault, const struct fault_rule *rule);

/* How many times the rule made its fault (for FAULT_TX_UNKNOWN: on how many connections it lies). */
uint32_t fault_fired(const struct world *fault, int rule);

#endif
