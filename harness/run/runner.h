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

struct run_plan {
    const struct run_item *items;
    size_t count;
    uint64_t seed;
    unsigned repeat; /* times each case is played, with seeds that follow each other; at least 1 */
    bool fail_fast;
    /* Asked between cases; true ends the run. */
    bool (*is_interrupted)(void *owner);
    /* Told after each case, in the order in which they end. */
    void (*on_result)(void *owner, const struct case_result *result);
    void *owner;
};

/*
 * Fills the store, which was made from the plan's items. What was not played because of fail_fast or an interruption
 * stays `skipped`. False when memory runs out.
 */
MUST_USE bool runner_play(const struct run_plan *plan, struct result_store *store);

#endif
