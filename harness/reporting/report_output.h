/*
 * Reports as they were asked for: onto stdout, into files and into folders. The one place that opens them.
 *
 * Errors: false, and said on stderr with the path; the other reports are written all the same.
 */
#ifndef HARNESS_REPORTING_REPORT_OUTPUT_H
#define HARNESS_REPORTING_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/reporting/report_documents.h"
#include "harness/reporting/report_kind.h"
#include "harness/terminal/console.h"
#include "reports/report.h"
#include "reports/subjects/observed.h"
#include "world/base/check.h"

enum { SLOWEST_DEFAULT = 10, SLOWEST_NOT_SAID = -1 };

/* What is shown, and how. */
struct report_output {
    const struct run_result *run;        /* NULL: documents alone */
    const struct observed_run *observed; /* of another proxy; NULL: the built-in one was asked */
    const struct report_documents *documents; /* NULL: none */
    enum colour_choice colour;
    int slowest; /* of the terminal's report; SLOWEST_NOT_SAID: the default */
    bool quiet;
    bool result_is_brief; /* json leaves out what was recorded of cases without findings */
};

/* All that was asked for, but for events, which a run writes itself. */
MUST_USE bool report_output_write(const struct report_output *output,
                                  const struct report_requests *requests);

/* One that is a stream. */
void report_output_render(const struct report_output *output, enum report_kind kind, FILE *out);

/* DIR/index.html; false, and said on stderr. */
MUST_USE bool report_output_page(const struct html_report *page, const char *folder);

/*
 * What CI servers get by themselves, unless it was asked for: under GITHUB_ACTIONS=true annotations, and Markdown appended to the file
 * that GITHUB_STEP_SUMMARY names. Annotations go to stderr where stdout is taken; GitHub reads both.
 */
MUST_USE bool report_output_for_ci(const struct report_output *output,
                                   const struct report_requests *requests);

#endif
