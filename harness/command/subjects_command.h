/*
 * `retryproof subjects`: which other proxies are known and installed here; and all of them under the same scenarios.
 */
#ifndef HARNESS_COMMAND_SUBJECTS_COMMAND_H
#define HARNESS_COMMAND_SUBJECTS_COMMAND_H

/* argv[0] is "subjects". An enum exit_code of command.h. */
int subjects_command(int argc, char **argv, const char *version);

#endif
