/*
 * `retryproof report render` and `retryproof report merge`: reports of results that were written before, and the shards of a run put
 * together.
 */
#ifndef HARNESS_COMMAND_RENDER_COMMAND_H
#define HARNESS_COMMAND_RENDER_COMMAND_H

#include <stdio.h>

/* argv[0] is "render" or "merge". An enum exit_code of command.h. */
int render_command(int argc, char **argv);
int merge_command(int argc, char **argv);

/* What `retryproof report --help` says of both. */
void render_command_tell(FILE *out);

#endif
