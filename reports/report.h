/*
 * Renderings of a run for a person at a terminal. Each is a pure function of the result onto a stream.
 * Those for machines and pages are in reports/formats and beside it.
 *
 * Errors: none returned; ask ferror() of the stream, once, at the end.
 * Limits: linear in the cases, but for one sort; a matrix past REPORT_BYTES_MAX says so and is left out.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "reports/result.h"

enum { REPORT_WIDTH_MIN = 60 }; /* columns; less cannot hold a fault beside one column of methods */

/* Working memory of one rendering: room for a million cases, each in a cell of its own. */
enum { REPORT_BYTES_MAX = 512 * 1024 * 1024 };

struct report_style {
    bool colour;    /* the caller decides: a terminal, and no NO_COLOR */
    unsigned width; /* columns; less than REPORT_WIDTH_MIN is taken as that */
    size_t slowest; /* of report_terminal(): so many of the cases that took longest; 0: none */
};

static inline unsigned report_width(const struct report_style *style)
{
    return style->width < REPORT_WIDTH_MIN ? REPORT_WIDTH_MIN : style->width;
}

/*
 * What a person reads at the end of a run: why cases were unsupported, each failure once, the slowest cases,
 * and as the last line the counts. Render it after the matrix if both go to one stream.
 *
 *   412 cases: 405 pass, 2 fail, 5 unsupported in 0.31 s (1,329 cases/s), seed 7
 */
void report_terminal(const struct run_result *run, const struct report_style *style, FILE *out);
/* One case with findings, whole: as it is told at once while a run goes on. Ends with an empty line. */
void report_failure(const struct case_result *result, const struct report_style *style, FILE *out);
/* One case with findings in a line. */
void report_failure_line(const struct case_result *result, const struct report_style *style,
                         FILE *out);
/*
 * The cases that took longest, at most so many, as a table. Where any was played on sockets, those alone: their time is real.
 * Otherwise by virtual time. Nothing where no case ran.
 */
void report_slowest(const struct run_result *run, size_t count, const struct report_style *style,
                    FILE *out);
/* The last line of report_terminal() alone. */
void report_summary(const struct run_result *run, FILE *out);

/*
 * The matrix: stage x fault down, method across, each cell in two parts (what the client got, attempts and
 * deliveries); below it the cases whose worlds disagree, and a legend.
 */
void report_matrix(const struct run_result *run, const struct report_style *style, FILE *out);

#endif
