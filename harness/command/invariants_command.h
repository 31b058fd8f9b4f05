/*
 * `retryproof invariants`: the claims that hold in every run, and in how many runs of some scenarios each was exercised.
 */
#ifndef HARNESS_COMMAND_INVARIANTS_COMMAND_H
#define HARNESS_COMMAND_INVARIANTS_COMMAND_H

/* argv[0] is "invariants". An enum exit_code of command.h. */
int invariants_command(int argc, char **argv);

#endif
