/*
 * `retryproof replay`: plays again what an exploration found, in either world.
 */
#ifndef HARNESS_COMMAND_REPLAY_COMMAND_H
#define HARNESS_COMMAND_REPLAY_COMMAND_H

/* argv[0] is "replay". Returns an exit code. */
int replay_command(int argc, char **argv, const char *version);

#endif
