/*
 * Renderings of a run. Each is a pure function of the result onto a stream.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "reports/result.h"

struct report_style {
    bool colour;    /* the caller decides: a terminal, and no NO_COLOR */
    unsigned width; /* columns, at least 60 */
};

/*
 * Failures first (sentences, story, reproduction), then the matrix: stage x fault down, method across, each cell with
 * two parts (what the client got, attempts and deliveries), a legend, and the final line of counts.
 */
void report_terminal(const struct run_result *run, const struct report_style *style, FILE *out);
/* The matrix alone, for a document. */
void report_matrix(const struct run_result *run, const struct report_style *style, FILE *out);
/* One failed case, as it is told at once while a run goes on. */
void report_failure(const struct case_result *result, const struct report_style *style, FILE *out);

/* The versioned result, sorted keys, one case per line group so that it diffs well. */
void report_json(const struct run_result *run, FILE *out);
/* The common JUnit schema (testsuites/testsuite/testcase/failure/error/skipped). */
void report_junit(const struct run_result *run, FILE *out);

#endif
