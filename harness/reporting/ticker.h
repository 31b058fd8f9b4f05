/*
 * What is told while a run goes on: a bar with what runs now, a line for each case where that was asked for, failures as they come,
 * and the events for whoever follows them.
 *
 * Failures are told at once where a person watches and the run takes its time, at most TICKER_FAILURES_MAX of them: the report at the end
 * tells all of them again.
 *
 * Ownership: results and order are the caller's and outlive the ticker.
 */
#ifndef HARNESS_REPORTING_TICKER_H
#define HARNESS_REPORTING_TICKER_H

#include "harness/reporting/report_kind.h"
#include "harness/terminal/console.h"
#include "harness/terminal/progress.h"
#include "reports/result.h"

enum { TICKER_FAILURES_MAX = 20 }; /* more are not read while they come */

struct ticker_options {
    const struct run_result *run; /* what is known when it begins */
    const struct report_requests *requests;
    const struct case_result *results; /* skipped until they are there */
    const size_t *order;               /* their indexes, in the order in which they are played */
    size_t order_count;                /* 0: nobody knows the order */
    size_t total;                      /* cases that will be told of */
    enum colour_choice colour;
    bool quiet;
    bool verbose;
};

struct ticker {
    struct ticker_options options;
    struct progress progress;
    size_t oldest; /* all before it in the order have a result */
    FILE *events[REPORT_REQUESTS_MAX];
    const char *event_paths[REPORT_REQUESTS_MAX];
    size_t event_count;
    const struct case_result *failures[TICKER_FAILURES_MAX];
    size_t failure_count;
    size_t failures_told;
};

/* False, and said on stderr, when a file of events cannot be written. */
MUST_USE bool ticker_begin(struct ticker *ticker, const struct ticker_options *options);
/* A case has ended. */
void ticker_note(struct ticker *ticker, const struct case_result *result);
/* Time goes by. */
void ticker_tick(struct ticker *ticker);
/* Takes the bar away. What follows is the report. */
void ticker_clear(struct ticker *ticker);
/* The run is over. False, and said on stderr, when events were lost. */
MUST_USE bool ticker_end(struct ticker *ticker, const struct run_result *run);
/* Closes the files of a run that came to no end, too. Harmless where nothing was begun, or all is closed. */
void ticker_release(struct ticker *ticker);

#endif
