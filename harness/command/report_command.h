/*
 * `retryproof report`: reports of results that were written before; what result files of subjects say, side by side, one after
 * the other, or explained.
 */
#ifndef HARNESS_COMMAND_REPORT_COMMAND_H
#define HARNESS_COMMAND_REPORT_COMMAND_H

/* argv[0] is "report". An enum exit_code of command.h. */
int report_command(int argc, char **argv);

#endif
