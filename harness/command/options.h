/*
 * The command line of `retryproof run`.
 *
 * Ownership: text is that of argv. Limits: OPTIONS_*, REPORT_REQUESTS_MAX, REPORT_DOCUMENTS_MAX.
 */
#ifndef HARNESS_COMMAND_OPTIONS_H
#define HARNESS_COMMAND_OPTIONS_H

#include "harness/reporting/report_output.h"
#include "harness/run/case_run.h"
#include "harness/session/subject_options.h"
#include "harness/suite/suite.h"
#include "harness/terminal/console.h"

enum {
    OPTIONS_REPEAT_MAX = 1000000, /* a night's work */
    OPTIONS_JOBS_MAX = 256,       /* processes; WORKERS_MAX */
    OPTIONS_SHARDS_MAX = RUN_SHARDS_MAX,
    OPTIONS_SLOWEST_MAX = 1000000,
    OPTIONS_ERROR_BYTES = REPORT_KIND_ERROR_BYTES,
};

#define OPTIONS_SEED_DEFAULT \
    1 /* always the same, so that two runs without a seed can be compared */

enum list_choice { LIST_NOT, LIST_TEXT, LIST_JSON };

struct run_options {
    struct subject_options subject;
    unsigned long worlds; /* bit of each world_kind */
    struct filter filter;
    struct filter tags;
    unsigned jobs;  /* processes; 0: nobody said how many */
    unsigned shard; /* from 1; 0: all */
    unsigned shards;
    uint64_t seed;
    unsigned repeat;
    bool fail_fast;
    bool last_failed;
    bool quiet;
    bool verbose;
    bool help;
    enum colour_choice colour;
    enum list_choice list;
    enum case_record record;
    bool record_said; /* not chosen by what reports need */
    bool watch;
    int slowest; /* of the terminal's report; SLOWEST_NOT_SAID */
    struct report_requests reports;
    struct report_attachments attachments;
    const char *const *paths;
    size_t path_count;
};

/* argv[0] is "run"; paths and options may be mixed, and argv is put in another order. False and a sentence. */
MUST_USE bool options_read(struct run_options *options, int argc, char **argv,
                           char error[OPTIONS_ERROR_BYTES]);

/* What --help says. */
void options_tell(FILE *out);

#endif
