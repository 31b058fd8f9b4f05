/*
 * The report as a page: one document that opens from a disk, with all that is known of a run and of other results beside it.
 *
 * The page reads its data when they are asked for: the index of all cases at once, what is recorded of a case when it is
 * opened. html_data.h says what they look like.
 *
 * Ownership: all values are the caller's and outlive the call.
 * Limits: none of its own; a page of 5,000 recorded cases is less than HTML_REPORT_BYTES_5000.
 */
#ifndef REPORTS_HTML_HTML_REPORT_H
#define REPORTS_HTML_HTML_REPORT_H

#include "reports/result.h"
#include "world/base/check.h"

#include <stdio.h>

enum {
    HTML_REPORT_ERROR_BYTES = 512,
    HTML_REPORT_BYTES_5000 = 4 * 1000 * 1000, /* a size that can be mailed; a test asserts it */
};

/* Another result of ours, which the page shows beside the run, or alone. */
struct html_document {
    const char *title;  /* "exploration of 12 bases": of any origin */
    const char *schema; /* as the document itself says: "retryproof-exploration-1" */
    const char *json;   /* verbatim */
    size_t json_size;
};

struct html_report {
    const struct run_result *run; /* NULL: the page shows documents alone */
    const struct html_document *documents;
    size_t document_count;
};

/* False when memory runs out. Ask ferror() of the stream, too. */
MUST_USE bool html_report_write(const struct html_report *report, FILE *out);

/*
 * FOLDER/index.html; the folder is made if it is not there (not those above it). A page that stood there is replaced when
 * the new one is whole, and stays otherwise; a signal that ends the program waits for that, so nothing else is left behind. False:
 * error says in a sentence which file, and why.
 */
MUST_USE bool html_report_write_folder(const struct html_report *report, const char *folder,
                                       char error[HTML_REPORT_ERROR_BYTES]);

#endif
