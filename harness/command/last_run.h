/*
 * What failed in the last run from this folder, kept for --last-failed in the user's cache.
 *
 * Ownership: lines live in the region that was given. Errors: a run that cannot be remembered is no error; what
 * cannot be read counts as nothing.
 */
#ifndef HARNESS_COMMAND_LAST_RUN_H
#define HARNESS_COMMAND_LAST_RUN_H

#include "reports/result.h"
#include "world/base/region.h"

/* Replaces what is remembered by the cases of this result that fail their run. */
void last_run_remember(const struct run_result *result);
/* Sorted keys of cases, see suite_case_key(); NULL and 0 if nothing is remembered. */
const char *const *last_run_failed(struct region *region, size_t *count);

#endif
