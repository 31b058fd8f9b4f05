/*
 * The kinds of reports: their names, what they write, and what of. One table for every command that has --report, and for what its
 * --help says.
 *
 * Ownership: text is that of argv. Errors: a sentence that names the option.
 */
#ifndef HARNESS_REPORTING_REPORT_KIND_H
#define HARNESS_REPORTING_REPORT_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "world/base/check.h"

/* What reports are made of, a bit each. */
enum report_source {
    SOURCE_RUN = 1,         /* `run`: while it goes on, too */
    SOURCE_RESULT = 2,      /* `report render`: a result that was written */
    SOURCE_EXPLORATION = 4, /* `explore`, `replay` */
};

/* Where a report goes. */
enum report_target {
    GOES_TO_STREAM, /* a file, or stdout where none is named */
    GOES_TO_FILE,   /* a file */
    GOES_TO_FOLDER, /* a folder, which is made with those above it */
    GOES_TO_CAPTURE /* a folder, or a file whose name ends with ".pcapng" */
};

#define REPORT_KIND_LIST(X)                                                                     \
    X(TERMINAL, "terminal", STREAM, SOURCE_RUN | SOURCE_RESULT | SOURCE_EXPLORATION,            \
      "what a person reads: failures, counts")                                                  \
    X(MATRIX, "matrix", STREAM, SOURCE_RUN | SOURCE_RESULT, "stage x fault x method as text")   \
    X(HTML, "html", FOLDER, SOURCE_RUN | SOURCE_RESULT | SOURCE_EXPLORATION,                    \
      "one page with all of it: DIR/index.html")                                                \
    X(MARKDOWN, "markdown", STREAM, SOURCE_RUN | SOURCE_RESULT | SOURCE_EXPLORATION,            \
      "for a page on GitHub and others")                                                        \
    X(GITHUB, "github", STREAM, SOURCE_RUN | SOURCE_RESULT,                                     \
      "annotations beside the expectations that did not hold")                                  \
    X(JUNIT, "junit", STREAM, SOURCE_RUN | SOURCE_RESULT, "XML for Jenkins, GitLab and others") \
    X(TAP, "tap", STREAM, SOURCE_RUN | SOURCE_RESULT, "the Test Anything Protocol")             \
    X(JSON, "json", STREAM, SOURCE_RUN | SOURCE_RESULT | SOURCE_EXPLORATION,                    \
      "the result, of which the others can be made")                                            \
    X(EVENTS, "events", FILE, SOURCE_RUN, "a line of JSON for each event as it happens")        \
    X(PCAPNG, "pcapng", CAPTURE, SOURCE_RUN | SOURCE_RESULT,                                    \
      "captures for Wireshark, one for each case; or FILE.pcapng")                              \
    X(SUBJECT, "subject", STREAM, SOURCE_RUN, "what another proxy did (docs/subjects.md)")

enum report_kind {
#define REPORT_KIND_ENUM(name, word, target, sources, help) REPORT_##name,
    REPORT_KIND_LIST(REPORT_KIND_ENUM)
#undef REPORT_KIND_ENUM
        REPORT_KIND_COUNT
};

struct report_request {
    enum report_kind kind;
    const char *path; /* NULL: stdout */
};

enum {
    REPORT_REQUESTS_MAX = 16, /* one of each kind, some of them twice */
    REPORT_KIND_ERROR_BYTES = 512,
};

/* All that one command line asks for. */
struct report_requests {
    struct report_request list[REPORT_REQUESTS_MAX];
    size_t count;
};

const char *report_kind_word(enum report_kind kind);
enum report_target report_kind_target(enum report_kind kind);
/* It shows what was recorded of cases, and wants all of them. */
bool report_kind_shows_recordings(enum report_kind kind);

/* Adds what "KIND" or "KIND=PATH" means, if it can be made of the source. False and a sentence. */
MUST_USE bool report_requests_read(struct report_requests *requests, enum report_source source,
                                   const char *text, char error[REPORT_KIND_ERROR_BYTES]);
bool report_requests_have(const struct report_requests *requests, enum report_kind kind);
/* One of them goes to stdout, so nothing else may. */
bool report_requests_fill_stdout(const struct report_requests *requests);

/* A line for each kind that can be made of the source, as --help has it. */
void report_kinds_tell(enum report_source source, FILE *out);

#endif
