/*
 * Results of runs as files: one of them, or the shards of one run put together.
 *
 * Ownership: what is read lives in the region. Errors: a sentence that names the file.
 */
#ifndef HARNESS_REPORTING_RESULT_FILES_H
#define HARNESS_REPORTING_RESULT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/stored/result_merge.h"
#include "reports/stored/result_read.h"

/* Of results and what is made from them. */
#define RESULT_FILES_BYTES_MAX ((size_t)4 * 1024 * 1024 * 1024)

enum { RESULT_FILES_ERROR_BYTES = RESULT_MERGE_ERROR_BYTES };

struct result_files {
    const char *const *paths;
    size_t count;      /* 1 to RESULT_MERGE_SHARDS_MAX */
    bool partial;      /* shards may be missing */
    bool may_be_shard; /* one file by itself is what it is, also a shard */
};

MUST_USE const struct run_result *result_files_load(const struct result_files *files,
                                                    struct region *region,
                                                    char error[RESULT_FILES_ERROR_BYTES]);

#endif
