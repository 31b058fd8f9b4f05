/*
 * One process's share of an exploration: every n-th base, and every n-th random run.
 *
 * Ownership: made, played and destroyed; the ledger is the caller's.
 */
#ifndef HARNESS_EXPLORE_EXPEDITION_H
#define HARNESS_EXPLORE_EXPEDITION_H

#include "harness/explore/ledger.h"

struct expedition_share {
    unsigned number; /* from 0 */
    unsigned count;  /* how many there are */
};

/* False when memory runs out; a failed check leaks the world that it happened in. */
MUST_USE bool expedition_play(struct ledger *ledger, const struct explorer_options *options,
                              const struct expedition_share *share);

#endif
