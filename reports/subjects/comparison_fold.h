/*
 * The comparison as a value: tables of text, before anybody draws them on a terminal or as Markdown.
 *
 * Ownership: everything lives in the region that was given, or is the input's own text. NULL where the region is full.
 */
#ifndef REPORTS_SUBJECTS_COMPARISON_FOLD_H
#define REPORTS_SUBJECTS_COMPARISON_FOLD_H

#include "reports/subjects/comparison.h"
#include "reports/text.h"
#include "world/base/region.h"

enum { TABLE_LABELS = 2 }; /* in front of the cells of a row; the second may be "" everywhere */

struct table_cell {
    const char *text; /* whatever the ink says stands in it in words or marks too */
    enum text_ink ink;
};

struct table_row {
    const char *labels[TABLE_LABELS];
    const struct table_cell *cells; /* one for each column */
};

/* A column has two heads: those beside each other with the same group are shown under one. */
struct table_column {
    const char *group;
    const char *head;
};

struct table {
    const char *title;
    const char *meaning; /* "" if there is none to tell */
    const char *labels[TABLE_LABELS];
    const struct table_column *columns;
    size_t column_count;
    const struct table_row *rows;
    size_t row_count;
    struct table *next;
};

/* What is told of a cell below the tables: how often a racy case went which way. */
struct comparison_note {
    const char *text;
    size_t more; /* racy cases of the same cell that are not told */
    struct comparison_note *next;
};

struct comparison {
    struct table *counts;          /* cases by what became of them, then each harm that was done */
    struct table *stages;          /* in the order of the stage list */
    struct table *buffering;       /* NULL where nobody was asked */
    struct comparison_note *notes; /* in the order of their numbers, from 1 */
};

MUST_USE struct comparison *comparison_fold(const struct comparison_input *input,
                                            struct region *region);
/* Parts of it. */
MUST_USE struct table *comparison_count_cases(const struct comparison_input *input,
                                              struct region *region);
/* *out is NULL where no run has a row. */
MUST_USE bool comparison_fold_buffering(const struct comparison_input *input, struct region *region,
                                        struct table **out);
/* One for each run. */
MUST_USE struct table_column *comparison_columns(const struct comparison_input *input,
                                                 struct region *region);

/* "2 attempts in 97 of 100 (200 2/2), 1 attempt in 3 of 100 (502 1/1)"; where all made as many, "closed 1/0 in 1 of 2, …". */
MUST_USE const char *comparison_racy_text(const struct observed_case *one, struct region *region);
/* "200 2/2"; "n/a" and the like where the case has no outcome. */
MUST_USE const char *comparison_way_text(const struct observation *way, struct region *region);

/* "all: 64 MiB / 1 MiB / 0": of each exchange (all: all of it), growth of memory, growth of files. The row has no trouble. */
MUST_USE const char *comparison_buffering_text(const struct observed_buffering *row,
                                               struct region *region);

/* How a harm of that gravity is marked: "!!", "!" or "", and the ink that goes with it. */
const char *comparison_gravity_mark(unsigned gravity);
enum text_ink comparison_gravity_ink(unsigned gravity);

/* What a word or mark means, up to a row whose sign is NULL. */
struct legend_row {
    const char *sign;
    const char *meaning;
    const char *in_cell; /* a part of each cell that needs it; NULL: none does by its text */
    const char *label;   /* the methods of a row that needs it, whole; NULL: none does */
};
extern const struct legend_row COMPARISON_LEGEND[];
/* Whether it occurs in any stage's table; what has neither text nor label always does. */
bool comparison_needs(const struct comparison *comparison, const struct legend_row *row);

#endif
