/*
 * All orders of the simultaneous events of one run: plays it again and again from its start, each time with another choice of
 * what comes next, until every choice at every state was made.
 *
 * A run is a list of choices; the rightmost one that can still be raised is, and what was behind it begins anew at the default
 * (simulation without snapshots: a run costs less than a copy of its state). A state is known by its hash. Where a run comes,
 * by a choice not made before, to a state that was met already, what may come of it was explored from there or is about to be:
 * the run is played to its end in the default order, and nothing behind that state is chosen again. `naive` leaves this out
 * and is the oracle for it: both must find the same outcomes.
 *
 * Ownership: the result's order is the caller's, by orders_release().
 * Limits: ORDERS_*; a search that meets one says so by not being complete. Errors: out_of_memory.
 */
#ifndef HARNESS_SPACE_ORDERS_H
#define HARNESS_SPACE_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/check.h"
#include "world/sim/sim.h"

enum {
    ORDERS_CHOICES_MAX = 4096,           /* of one run; an exchange has some fifty */
    ORDERS_STATES_MAX = 4 * 1024 * 1024, /* 32 MiB of hashes, more than a minute's work */
    ORDERS_OUTCOMES_MAX = 64 * 1024,     /* different ones; a base has a handful */
};

/* What one order came to. */
struct orders_outcome {
    uint64_t hash; /* equal for runs of which the same came */
    bool failed;
};

/* What is explored. order and order_owner are to be given to the world of the run, from its start to its end. */
struct orders_subject {
    void (*play)(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out);
    uint64_t (*state)(void *owner);      /* asked at a choice: see sim_state_hash() */
    bool (*is_interrupted)(void *owner); /* between two runs; may be NULL */
    void *owner;
};

struct orders_options {
    uint64_t runs_max; /* 0: no limit */
    bool naive;        /* every order is played, whatever state it leads through */
    bool until_failed; /* ends with the first order that fails */
};

struct orders_result {
    uint64_t runs;      /* orders played */
    uint64_t choices;   /* most choices of one run */
    uint64_t states;    /* different ones at which there was a choice; naive: 0 */
    uint64_t pruned;    /* runs that came to a state which was known */
    uint64_t failed;    /* runs that failed */
    uint64_t *outcomes; /* the different ones, in rising order */
    size_t outcome_count;
    /*
     * The smallest failing order that was met: the fewest choices that are not the default, then the shortest. It ends with
     * such a choice; order_count 0: the default order fails. NULL: none failed.
     */
    uint32_t *order;
    size_t order_count;
    bool complete; /* every order was played, or is equal to one that was */
    bool out_of_memory;
};

/* Release the result in any case. */
void orders_explore(const struct orders_subject *subject, const struct orders_options *options,
                    struct orders_result *out);
void orders_release(struct orders_result *result);

#endif
