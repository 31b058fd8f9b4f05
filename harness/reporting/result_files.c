#include "harness/reporting/result_files.h"

#include <stdio.h>

const struct run_result *result_files_load(const struct result_files *files, struct region *region,
                                           char error[RESULT_FILES_ERROR_BYTES])
{
    _Static_assert((int)RESULT_READ_ERROR_BYTES <= (int)RESULT_FILES_ERROR_BYTES,
                   "a sentence must have room");
    struct result_shard *shards = region_take(region, files->count * sizeof(*shards));
    check(files->count >= 1);
    check(files->count <= RESULT_MERGE_SHARDS_MAX);
    if (shards == NULL) {
        snprintf(error, RESULT_FILES_ERROR_BYTES, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < files->count; i++) {
        shards[i].path = files->paths[i];
        shards[i].run = result_read(files->paths[i], region, error);
        if (shards[i].run == NULL)
            return NULL;
    }
    if (files->count == 1 && files->may_be_shard)
        return shards[0].run;
    const struct result_merge merge = {shards, files->count, files->partial};
    return result_merge(&merge, region, error);
}
