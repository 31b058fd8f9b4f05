/*
 * `retryproof coverage`: what the scenarios cover of the acceptance matrix, of an exchange's life, of the claims and of the
 * requirements.
 */
#ifndef HARNESS_COMMAND_COVERAGE_COMMAND_H
#define HARNESS_COMMAND_COVERAGE_COMMAND_H

/* argv[0] is "coverage". An enum exit_code of command.h. */
int coverage_command(int argc, char **argv, const char *version);

#endif
