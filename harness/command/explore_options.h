/*
 * The command lines of `retryproof explore` and `retryproof replay`.
 *
 * Ownership: text is that of argv. Limits: EXPLORE_*.
 */
#ifndef HARNESS_COMMAND_EXPLORE_OPTIONS_H
#define HARNESS_COMMAND_EXPLORE_OPTIONS_H

#include "harness/explore/explorer.h"
#include "harness/reporting/report_kind.h"
#include "harness/suite/filter.h"
#include "harness/terminal/console.h"

enum {
    EXPLORE_ERROR_BYTES = REPORT_KIND_ERROR_BYTES,
    EXPLORE_SECONDS_MAX = 7 * 24 * 3600, /* a week */
};
#define EXPLORE_RUNS_MAX 1000000000000ull /* a month of them */

struct explore_options {
    struct explorer_options explorer;
    struct filter filter;
    struct filter tags;
    unsigned long worlds; /* of replay: a bit for each world_kind */
    const char *save;     /* the folder of failing scenarios */
    bool quiet;
    bool help;
    enum colour_choice colour;
    struct report_requests reports;
    const char *const *paths;
    size_t path_count;
};

/* argv[0] is the command; options may stand among paths, and argv is put in another order. False and a sentence. */
MUST_USE bool explore_options_read(struct explore_options *options, int argc, char **argv,
                                   char error[EXPLORE_ERROR_BYTES]);
MUST_USE bool replay_options_read(struct explore_options *options, int argc, char **argv,
                                  char error[EXPLORE_ERROR_BYTES]);

/* What --help says. */
void explore_options_tell(FILE *out);
void replay_options_tell(FILE *out);

#endif
