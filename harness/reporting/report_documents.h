/*
 * Other results of ours that become pages of a report: an exploration, coverage, results of subjects, a table of wrong proxies.
 *
 * Ownership: all that is read lives in the region that was given.
 * Errors: a sentence that names the file. Limits: REPORT_DOCUMENTS_MAX, REPORT_DOCUMENT_BYTES_MAX.
 */
#ifndef HARNESS_REPORTING_REPORT_DOCUMENTS_H
#define HARNESS_REPORTING_REPORT_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/html/html_report.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    REPORT_DOCUMENTS_MAX = 64, /* 24 results of subjects, and what else there is */
    REPORT_DOCUMENT_BYTES_MAX =
        64 * 1024 * 1024, /* the largest results of subjects have half a MiB */
    REPORT_DOCUMENTS_ERROR_BYTES = 512,
};

struct report_documents {
    struct html_document list[REPORT_DOCUMENTS_MAX];
    size_t count;
};

/* What is wrong with attachments where no html was asked for. */
#define REPORT_ATTACH_NEEDS_HTML \
    "what is attached is a page of --report html=DIR, which is not said"

/* Files that were named, as they were named. */
struct report_attachments {
    const char *paths[REPORT_DOCUMENTS_MAX];
    size_t count;
};

/* False when there are too many. */
MUST_USE bool report_attachments_add(struct report_attachments *attachments, const char *path);

/* Reads all of them. False and a sentence. */
MUST_USE bool report_documents_load(struct report_documents *documents,
                                    const struct report_attachments *attachments,
                                    struct region *region,
                                    char error[REPORT_DOCUMENTS_ERROR_BYTES]);

#endif
