/*
 * `retryproof explore`: faults at every byte of every base, judged by the claims; what fails becomes a scenario file.
 */
#ifndef HARNESS_COMMAND_EXPLORE_COMMAND_H
#define HARNESS_COMMAND_EXPLORE_COMMAND_H

#include "harness/command/explore_options.h"
#include "reports/exploration/exploration.h"

/* argv[0] is "explore". Returns an exit code. */
int explore_command(int argc, char **argv, const char *version);

/* Writes the reports that were asked for. False, and said on stderr, when a file cannot be written. */
MUST_USE bool exploration_report(const struct exploration *exploration,
                                 const struct explore_options *options);
/* Says on stderr what is wrong in the files that were named. */
void exploration_tell_mistakes(const struct base_list *bases);

#endif
