/*
 * What `configure` of a subject prints, taken apart into the files that it stands for.
 *
 * A line "==> NAME <==" begins a further file; what comes before the first such line is the configuration itself.
 * Errors: a sentence.
 */
#ifndef HARNESS_FOREIGN_CONFIGURE_OUTPUT_H
#define HARNESS_FOREIGN_CONFIGURE_OUTPUT_H

#include <limits.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

enum { CONFIGURE_OUTPUT_ERROR_BYTES = 512 };

/* The file in the subject's folder for what comes first. */
#define CONFIGURE_OUTPUT_NAME "config"

struct configure_output_part {
    char name[NAME_MAX + 1];
    struct bytes text;
};

/* Takes the first part off the front of *rest; the first has no heading. False when a heading names no file of the folder. */
MUST_USE bool configure_output_take(struct bytes *rest, struct configure_output_part *part,
                                    char error[CONFIGURE_OUTPUT_ERROR_BYTES]);
/* Writes all of them. None of them may be there already. */
MUST_USE bool configure_output_write(struct bytes text, const char *folder,
                                     char error[CONFIGURE_OUTPUT_ERROR_BYTES]);

#endif
