/*
 * `retryproof run`: from its options to its exit code.
 */
#ifndef HARNESS_COMMAND_RUN_COMMAND_H
#define HARNESS_COMMAND_RUN_COMMAND_H

/* argv[0] is "run". An enum exit_code of command.h. */
int run_command(int argc, char **argv, const char *version);

#endif
