/*
 * Plays the cases of a plan in their worlds: in the simulation one after the other, on sockets many side by side in one
 * event loop.
 *
 * A check() that fails within a case makes that case an `error` and no other: its world is thrown away, and cases that
 * were under way beside it are played again, each by itself.
 *
 * Limits: RUNNER_* below. Errors: only memory; everything else is a verdict.
 */
#ifndef HARNESS_RUN_RUNNER_H
#define HARNESS_RUN_RUNNER_H

#include "harness/run/result_store.h"

enum {
    RUNNER_WIDTH_DEFAULT = 64, /* cases side by side: enough to fill the waiting of each */
    RUNNER_WIDTH_LARGE =
        2, /* cases tagged `large` move much data and would hold up the others' clocks */
};

/*
 * Where cases of a plan meet a proxy that is not ours. Each time that a case is played is a play with a place of its own: play
 * k is of item k % count of the plan, all of which are of the world of sockets.
 */
struct run_ground {
    const size_t *plays;             /* which plays, by their numbers */
    const struct case_place *places; /* one for each of them */
    size_t count;
    size_t width; /* side by side */
    /* Why this proxy cannot be asked that case; NULL: it can. */
    const char *(*refuse)(void *owner, const struct run_item *item,
                          const struct scenario *scenario);
    /* Asked between looks: a process of the proxy has ended. A play that is alone then is told so; if there are more, all are given up. */
    bool (*has_died)(void *owner);
    void (*on_begin)(void *owner, size_t play);
    /* The play is over; the item's result is the worst of its plays. */
    void (*on_end)(void *owner, size_t play, const struct case_outcome *outcome);
    void *owner;
};

struct run_plan {
    const struct run_item *items;
    size_t count;
    uint64_t seed;
    unsigned repeat; /* times each case is played, with seeds that follow each other; at least 1 */
    bool fail_fast;
    enum case_record record; /* of which cases the results hold recordings */
    /* Asked between cases; true ends the run. */
    bool (*is_interrupted)(void *owner);
    /* Told after each case, in the order in which they end. */
    void (*on_result)(void *owner, const struct case_result *result);
    void *owner;
    const struct run_ground *ground; /* NULL: the built-in proxy */
};

/*
 * Fills the store, which was made from the plan's items. What was not played because of fail_fast or an interruption
 * stays `skipped`. False when memory runs out.
 */
MUST_USE bool runner_play(const struct run_plan *plan, struct result_store *store);

/* The order in which cases of the built-in proxy begin: as many indexes of items as there are. */
void runner_order(const struct run_item *items, size_t count, size_t *order);

#endif
