/*
 * Random runs: what enumeration does not reach. Each draws a base, a few kinds of faults that it may have at all, one to
 * four faults of those kinds at random bytes, a shape of the network, and who comes next of those that are ready.
 *
 * Leaving most kinds out of a run finds more than having all of them in each (Groce et al., Swarm testing, ISSTA 2012).
 * A run follows from the seed and its number alone, so that several processes can share them.
 *
 * Ownership: made once; the ledger and the player are the caller's.
 */
#ifndef HARNESS_EXPLORE_SWARM_H
#define HARNESS_EXPLORE_SWARM_H

#include "harness/explore/ledger.h"

enum {
    SWARM_FAULTS_MAX = 4, /* of one run: most bugs need two, hardly any more than three */
    SWARM_ORDER_MAX =
        4096, /* choices that are drawn and written down; later ones are the default */
};

struct swarm;

/* NULL when memory runs out. */
MUST_USE struct swarm *swarm_create(struct ledger *ledger, struct player *player,
                                    const struct explorer_options *options);
void swarm_destroy(struct swarm **swarm);

/* Whether there is a base that faults can be put into at all: one that does not fail without any. */
bool swarm_has_ground(struct swarm *swarm);
/* Plays the run of that number; nothing where it draws a base that fails by itself. */
void swarm_play(struct swarm *swarm, uint64_t number);

#endif
