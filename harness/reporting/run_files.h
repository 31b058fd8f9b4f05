/*
 * The scenario files of what a run recorded, so that a report can show them without the tree that they came from.
 *
 * Ownership: all lives in the region. Errors: a file that is gone by now is left out. Limits: RUN_FILE_BYTES_MAX of one.
 */
#ifndef HARNESS_REPORTING_RUN_FILES_H
#define HARNESS_REPORTING_RUN_FILES_H

#include "reports/result.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum { RUN_FILE_BYTES_MAX = 1024 * 1024 }; /* YAML_BYTES_MAX: larger ones are refused before */

/* Sets the files of the run: those of its recorded cases, sorted by path. False when the region is full. */
MUST_USE bool run_files_gather(struct run_result *run, struct region *region);

#endif
