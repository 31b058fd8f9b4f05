/*
 * Result files: one subject with one profile, as sorted JSON that diffs well in git (docs/subject-result.schema.json). A case
 * is one line, so that a change of what a proxy does is a change of one line; no figure in it varies from run to run.
 *
 * Errors: a sentence that begins with the file's name and, for JSON itself, line and column.
 */
#ifndef REPORTS_SUBJECTS_SUBJECT_JSON_H
#define REPORTS_SUBJECTS_SUBJECT_JSON_H

#include <stdio.h>

#include "reports/subjects/observed.h"
#include "world/base/bytes.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    SUBJECT_JSON_ERROR_BYTES = 512,
    SUBJECT_JSON_BYTES_MAX = 64 * 1024 * 1024, /* of a file: a hundred thousand cases */
    SUBJECT_JSON_TIMES_MAX = 1000 * 1000,      /* that one case is played: a week of seconds */
};

/* What is left out of a file is as a run has it that shows nothing there: no sentence, no harm, `pass`. */
#define SUBJECT_JSON_FORMAT "retryproof-subject-result/1"

/* Errors: none returned; ask ferror() of the stream. Figures that vary from run to run are rounded: observed_round(). */
void subject_json_write(const struct observed_run *run, FILE *out);

/* Everything that is read lives in the region. NULL and a sentence when the file is none of ours. */
MUST_USE const struct observed_run *subject_json_read(const char *path, struct region *region,
                                                      char error[SUBJECT_JSON_ERROR_BYTES]);
/* From memory, for tests and fuzzing; name stands for the path. */
struct subject_json_text {
    const char *name;
    struct bytes text;
};
MUST_USE const struct observed_run *subject_json_parse(const struct subject_json_text *file,
                                                       struct region *region,
                                                       char error[SUBJECT_JSON_ERROR_BYTES]);

#endif
