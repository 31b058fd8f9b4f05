/*
 * A plan played by several processes: each has every n-th case, and their results are merged as they come.
 *
 * Ownership: the processes are ours alone and are reaped before the call returns; should we die, the kernel ends them.
 * Errors: a process that ends before its cases are done makes those an `error`, and no others.
 */
#ifndef HARNESS_RUN_WORKERS_H
#define HARNESS_RUN_WORKERS_H

#include "harness/run/runner.h"

enum { WORKERS_MAX = 256 };

/* As runner_play(), by so many processes, 1 to WORKERS_MAX. False when they cannot be started. */
MUST_USE bool workers_play(const struct run_plan *plan, struct result_store *store, unsigned count);

#endif
