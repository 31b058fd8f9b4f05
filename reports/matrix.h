/*
 * The matrix as a value: the cases of a run folded into stage x fault x method, before anybody draws it.
 *
 * Cases that differ only in what the matrix does not show (body framing, world, repetition, …) share a
 * cell. Methods of a stage that never differ are one column; a cell says when it is not of all of them.
 *
 * Ownership: everything lives in the region that was given.
 * Limits: MATRIX_METHODS_MAX columns per stage; once so many are needed, the last one is "others".
 */
#ifndef REPORTS_MATRIX_H
#define REPORTS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/cell.h"
#include "reports/result.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    MATRIX_METHODS_MAX = 24
}; /* the methods of RFC 9110 and PATCH, and as many of a user's own */

struct matrix_cell {
    enum matrix_mark mark;
    const char
        *text;     /* the two parts: "502 1/1", "502|504 1-2/0-1"; "" if no case ran to its end */
    unsigned note; /* the number of its note, from 1; 0 if its worlds agree */
    bool partial;  /* some methods of its column have no such case */
};

struct matrix_column {
    const char *const *methods;
    size_t method_count;
};

struct matrix_stage {
    const char *subject;
    const char *word;
    const char *meaning; /* when an attempt is at this stage; "" for a word that is not a stage's */
    const char *const *faults;
    size_t fault_count;
    const struct matrix_column *columns;
    size_t column_count;
    const struct matrix_cell *cells; /* fault_count rows of column_count cells */
    struct matrix_stage *next;
};

/* A cell in which one case did not end alike in all worlds, or each time that it was repeated. */
struct matrix_note {
    const char
        *text; /* "mid-head / end=rst / GET: sim 502 1/1, sockets 200 2/1: id"; first such case */
    size_t cases; /* of this cell */
    struct matrix_note *next;
};

struct matrix {
    struct matrix_stage *stages; /* by subject, then in the order of the stage list */
    struct matrix_note *notes;   /* in the order of their numbers */
    size_t subject_count;
};

/* When an attempt is at this stage; "" for a word that is not a stage's. */
const char *matrix_stage_meaning(const char *word);
/* The order of methods in every matrix, as of strcmp(): the idempotent ones first, unknown ones last. */
int matrix_compare_methods(const char *a, const char *b);
/* RFC 9110 9.2.2. */
bool matrix_method_is_idempotent(const char *method);

/* NULL if the region is too small. */
MUST_USE struct matrix *matrix_fold(const struct run_result *run, struct region *region);

#endif
