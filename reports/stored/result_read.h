/*
 * The result of a run as report_json() wrote it, read back, so that every report can be made of it later.
 *
 * Ownership: all that is read lives in the region that was given.
 * Errors: "FILE: cases[3].verdict: sentence". What an older program wrote is refused with the name of its schema.
 * Limits: RESULT_FILE_BYTES_MAX, and the region.
 */
#ifndef REPORTS_STORED_RESULT_READ_H
#define REPORTS_STORED_RESULT_READ_H

#include "reports/result.h"
#include "world/base/bytes.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    RESULT_READ_ERROR_BYTES = 512,
    RESULT_FILE_BYTES_MAX =
        1024 * 1024 * 1024, /* 100,000 cases, each recorded: see docs/reports.md */
};

/* NULL and a sentence if this is no result. */
MUST_USE struct run_result *result_read(const char *path, struct region *region,
                                        char error[RESULT_READ_ERROR_BYTES]);

/* A file's bytes, and its name in sentences. */
struct result_text {
    const char *name;
    struct bytes text;
};
MUST_USE struct run_result *result_parse(const struct result_text *file, struct region *region,
                                         char error[RESULT_READ_ERROR_BYTES]);

#endif
