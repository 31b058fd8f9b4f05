/*
 * An exploration by several processes: each has its share of the bases and of the random runs, and what they counted is added
 * up when they are through.
 *
 * Ownership: the processes are ours alone and are reaped before the call returns; should we die, the kernel ends them.
 * Errors: a process that ends before it has told what it found makes the call false.
 */
#ifndef HARNESS_EXPLORE_EXPLORER_JOBS_H
#define HARNESS_EXPLORE_EXPLORER_JOBS_H

#include "harness/explore/ledger.h"

/* By options->jobs processes. False when they cannot be started, or one is lost. */
MUST_USE bool explorer_jobs_play(struct ledger *ledger, const struct explorer_options *options);

#endif
