/*
 * Results of the shards of one run, put together as if it had been one. Pure.
 *
 * They go together where version, seed, worlds and command are the same; of the command `--shard` is left out, and what bears on
 * no verdict: reports, jobs, colours. Cases come in the order of the suite. The time is that of the shard that took longest, since
 * shards run beside each other; the beginning is that of the first.
 *
 * Ownership: what is made lives in the region and refers to the texts of the shards.
 * Errors: a sentence that names the files.
 */
#ifndef REPORTS_STORED_RESULT_MERGE_H
#define REPORTS_STORED_RESULT_MERGE_H

#include "reports/result.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    RESULT_MERGE_ERROR_BYTES = 512,
    RESULT_MERGE_SHARDS_MAX = 4096, /* files of one command line */
};

struct result_shard {
    const char *path; /* its name in sentences */
    const struct run_result *run;
};

struct result_merge {
    const struct result_shard *shards;
    size_t count;
    bool partial; /* some shards may be missing: the result then counts as interrupted */
};

/* NULL and a sentence if they do not go together. One result that is no shard is that run. */
MUST_USE struct run_result *result_merge(const struct result_merge *merge, struct region *region,
                                         char error[RESULT_MERGE_ERROR_BYTES]);

#endif
