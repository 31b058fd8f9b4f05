/*
 * A run for machines, and for people who read it elsewhere than on a terminal. Each is a pure function of the result onto a
 * stream, written as it goes.
 *
 * Errors: none returned; ask ferror() of the stream, once, at the end. Limits: linear in the cases; of Markdown FORMATS_*.
 */
#ifndef REPORTS_FORMATS_FORMATS_H
#define REPORTS_FORMATS_FORMATS_H

#include <stdio.h>

#include "reports/result.h"

/* What report_json() writes and result_read() reads; a change that a reader must know of gets a new number. */
#define RESULT_SCHEMA "retryproof-result-2"

enum {
    FORMATS_FAILURES_WHOLE_MAX = 20,  /* of Markdown: more stories than that are not read */
    FORMATS_FAILURES_TOLD_MAX = 1000, /* a line each; GitHub takes a MiB of a summary at most */
    FORMATS_ANNOTATIONS_SHOWN = 10,   /* of errors, and of warnings, in a step: GitHub's limit */
};

/* The versioned result of docs/result.schema.json: sorted keys, a line per value so that it diffs well. */
void report_json(const struct run_result *run, FILE *out);

/*
 * JUnit XML as Jenkins and GitLab read it (reports/junit.xsd). A case at level should or info that did
 * not hold is `skipped` with its finding, so that a CI server agrees with run_exit_code().
 */
void report_junit(const struct run_result *run, FILE *out);

/*
 * TAP 13, which readers of TAP 14 take, too, and the other way round not all. A case at level should or info that did not hold is a failure that TAP expects, and one that did not run SKIP, so that a consumer agrees
 * with run_exit_code(). Findings stand in the YAML below a test point, with the command that reproduces it.
 */
void report_tap(const struct run_result *run, FILE *out);

/* For a page on GitHub and others: counts, failures with their sentences, the matrix, how it came about. */
void report_markdown(const struct run_result *run, FILE *out);

/*
 * Workflow commands that GitHub shows beside lines of scenarios: an error, or a warning, for the cases with findings of a file that broke
 * the expectation at one line of it. The last ones say how many GitHub does not show.
 */
void report_github(const struct run_result *run, FILE *out);

/*
 * What happens in a run, a line of JSON each (docs/events.schema.json), written while it goes on: run-began, case-ended for
 * each case as it ends, run-ended. A case that is played again, and worse, ends again: the last one counts.
 */
struct events_plan {
    const struct run_result *run; /* what is known when it begins: version, command, worlds, seed */
    size_t case_count;            /* to be played */
};
void events_begin(const struct events_plan *plan, FILE *out);
void events_case(const struct case_result *result, FILE *out);
void events_end(const struct run_result *run, FILE *out);

#endif
