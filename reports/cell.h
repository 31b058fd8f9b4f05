/*
 * One cell of the matrix while cases are put into it: what they have in common.
 *
 * Ownership: holds the cases' own texts; cell_text() makes its text in the region that is given.
 */
#ifndef REPORTS_CELL_H
#define REPORTS_CELL_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/result.h"
#include "world/base/region.h"

enum { CELL_CLIENTS_MAX = 3 }; /* outcomes named in one cell; more say nothing at a glance */

/* How a cell is marked, from its cases. */
enum matrix_mark {
    MARK_EMPTY,       /* no case */
    MARK_SKIPPED,     /* all of its cases were left out */
    MARK_UNSUPPORTED, /* none of its cases ran, and some could not be done here */
    MARK_PASS,
    MARK_PARTLY,  /* what ran passed, some did not run */
    MARK_ADVISED, /* a case at level should or info did not hold */
    MARK_ERROR,   /* a case was not set up, or broke off */
    MARK_FAIL,    /* a case at level must failed */
    MARK_COUNT
};

/* Zeroed when empty. */
struct cell {
    size_t by_mark[MARK_COUNT];
    const char *clients[CELL_CLIENTS_MAX + 1]; /* sorted; one more than is named */
    size_t client_count;
    unsigned attempts_min, attempts_max;
    unsigned delivered_min, delivered_max;
};

void cell_add(struct cell *cell, const struct case_result *result);
/* The worst of what its cases say. */
enum matrix_mark cell_mark(const struct cell *cell);
/* "502 1/1", "502|504 1-2/0-1"; "" if no case ran to its end; NULL if the region is too small. */
const char *cell_text(const struct cell *cell, struct region *region);

/* The case ran to its end, so that what the witnesses saw of it can be shown. */
bool case_has_outcome(const struct case_result *result);
/* What the client got; "-" where no witness said. */
const char *case_client(const struct case_result *result);

#endif
