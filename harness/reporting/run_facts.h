/*
 * How a result came about, as facts that reports show: versions, the machine's kind, the subject and its configuration, the commit
 * that CI was at. Hosts, users and folders are not named.
 *
 * Ownership: facts live in the region; texts of the source outlive them.
 */
#ifndef HARNESS_REPORTING_RUN_FACTS_H
#define HARNESS_REPORTING_RUN_FACTS_H

#include "reports/result.h"
#include "reports/subjects/observed.h"
#include "world/base/check.h"
#include "world/base/region.h"

struct run_facts_source {
    const char *version;                 /* of retryproof */
    const char *worlds;                  /* "sim, sockets" */
    const struct observed_run *observed; /* of another proxy; NULL: the built-in one */
};

/* Sets the facts of the run. False when the region is full. */
MUST_USE bool run_facts_gather(const struct run_facts_source *source, struct region *region,
                               struct run_result *run);

#endif
