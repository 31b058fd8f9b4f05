/*
 * The `retryproof` command: which of its words was said, and how its exit codes come about.
 */
#ifndef HARNESS_COMMAND_COMMAND_H
#define HARNESS_COMMAND_COMMAND_H

/* What the command returns to its caller; docs/scenarios.md and --help name them. */
enum exit_code {
    EXIT_PASSED = 0,
    EXIT_FAILED = 1,         /* a must case failed, or one was setup-failed or error */
    EXIT_USAGE = 2,          /* a mistake in the command line or in a scenario */
    EXIT_INTERNAL = 3,       /* our own fault */
    EXIT_NOTHING_TO_RUN = 4, /* no case is left after the selection */
    EXIT_CANNOT_START = 5,   /* a subject could not start */
    EXIT_INTERRUPTED = 130,  /* as a shell says it of SIGINT */
};

/* The command line as one text, to be pasted into a shell again; to be freed. NULL when memory runs out. */
char *command_typed(int argc, char **argv);

/* Everything that main() does. */
int command_main(int argc, char **argv, const char *version);

#endif
