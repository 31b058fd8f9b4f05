/*
 * What changed from one list of lines to another, by their longest common subsequence.
 *
 * Ownership: what is returned lives in the region. Limits: LINE_CHANGES_MAX lines between the first and the last that differ.
 */
#ifndef REPORTS_SUBJECTS_LINE_CHANGES_H
#define REPORTS_SUBJECTS_LINE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"
#include "world/base/region.h"

enum { LINE_CHANGES_MAX = 2000 }; /* of each list: the table of both takes eight megabytes then */

struct lines {
    const char *const *lines;
    size_t count;
};

struct line_change {
    char sign; /* '-' taken away, '+' added */
    const char *line;
};

struct line_changes {
    const struct line_change *changes; /* in the order of the lists, what was taken away first */
    size_t count;
};

/* False if there are too many lines, or too little memory, to compare them line by line. */
MUST_USE bool line_changes_find(const struct lines *before, const struct lines *after,
                                struct region *region, struct line_changes *out);

#endif
