/*
 * A program of somebody's own as the subject (docs/scenarios.md, `program`): where it is, and how it is called:
 * PROGRAM LISTEN UPSTREAM…, each address as "host:port".
 *
 * Ownership: a plain value; arguments point into it, so it is not copied. Errors: a sentence.
 */
#ifndef HARNESS_SUBJECT_PROGRAM_H
#define HARNESS_SUBJECT_PROGRAM_H

#include <limits.h>

#include "retryproof/settings.h"

enum {
    PROGRAM_ERROR_BYTES = 256,
    PROGRAM_ARGUMENTS_MAX = UPSTREAMS_MAX + 2, /* its name, where to listen, the upstreams */
    PROGRAM_ARGUMENT_BYTES = HOST_BYTES + sizeof("[]:65535"),
};

struct program {
    char path[PATH_MAX];
    char texts[PROGRAM_ARGUMENTS_MAX][PROGRAM_ARGUMENT_BYTES];
    char *arguments[PROGRAM_ARGUMENTS_MAX + 1]; /* NULL behind the last, as execv() wants it */
};

/*
 * A name that is no absolute path is looked for from the working directory, then beside this program, where a build
 * leaves it, then in ../libexec/retryproof, where an installation does. False if it is in none of them.
 */
MUST_USE bool program_find(struct program *program, const char *name,
                           char error[PROGRAM_ERROR_BYTES]);
/* Its arguments: where to listen, and the upstreams in their order. */
void program_set_arguments(struct program *program, const struct proxy_settings *settings);

#endif
