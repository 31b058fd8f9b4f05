/*
 * Short commands that are run to their end: what `version` and `configure` of a subject are.
 *
 * Nothing that such a command started outlives it in its process group. Errors: a sentence.
 */
#ifndef HARNESS_KEEPER_OUTSIDE_COMMAND_H
#define HARNESS_KEEPER_OUTSIDE_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/check.h"
#include "world/base/region.h"

enum {
    OUTSIDE_COMMAND_ERROR_BYTES = 512,
    OUTSIDE_COMMAND_LINE_BYTES =
        256, /* a line of a program's output in a sentence; cut when longer */
};

struct outside_command {
    char *const
        *arguments;    /* NULL-terminated; the first is looked for as outside_command_find() does */
    int input;         /* a descriptor for its stdin; -1: nothing to read */
    bool joined;       /* what it writes on stderr belongs to its output too */
    size_t output_max; /* bytes */
    uint64_t within_ns; /* then it is killed */
};

/*
 * Where a program is: a name with a slash is a path; any other is looked for in PATH and in the folders of programs for
 * administrators. False if it is nowhere.
 */
MUST_USE bool outside_command_find(const char *name, char path[PATH_MAX]);
/* The environment for a subject: ours, with those folders in PATH. NULL when the region is full. */
char *const *outside_command_variables(struct region *region);

/* Its output, NUL-terminated, when it ended with code 0; else NULL and a sentence that holds its own. */
const char *outside_command_run(const struct outside_command *command, struct region *region,
                                char error[OUTSIDE_COMMAND_ERROR_BYTES]);

/*
 * The line of a program's output that says best why it failed: the first that speaks of an error, else the last that is not
 * empty. Control characters come out as '?'.
 */
const char *outside_command_complaint(const char *output, char line[OUTSIDE_COMMAND_LINE_BYTES]);
/* "with code 1", "by signal 9". */
const char *outside_command_end(int status, char text[OUTSIDE_COMMAND_LINE_BYTES]);

#endif
