/*
 * What `configure` of a subject prints, taken apart into the files that it stands for.
 *
 * A line "==> NAME <==" begins a further file; what comes before the first such line is the configuration itself.
 * Errors: a sentence.
 */
#ifndef HARNESS_FOREIGN_CONFIGURATION_H
#define HARNESS_FOREIGN_CONFIGURATION_H

#include <limits.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

enum { CONFIGURATION_ERROR_BYTES = 512 };

/* The file in the subject's folder for what comes first. */
#define CONFIGURATION_NAME "config"

struct configuration_part {
    char name[NAME_MAX + 1];
    struct bytes text;
};

/* Takes the first part off the front of *rest; the first has no heading. False when a heading names no file of the folder. */
MUST_USE bool configuration_take(struct bytes *rest, struct configuration_part *part,
                                 char error[CONFIGURATION_ERROR_BYTES]);
/* Writes all of them. None of them may be there already. */
MUST_USE bool configuration_write(struct bytes text, const char *folder,
                                  char error[CONFIGURATION_ERROR_BYTES]);

#endif
