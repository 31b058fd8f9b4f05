/*
 * A file that is written whole or not at all: until it is closed, what stood at its path stands there, and from then on the new
 * one does. A signal that ends the program waits for that; one that cannot wait (SIGKILL) leaves what stood there, and a part of the
 * new file under a name of its own, PATH.PID. The new one may be read by those who could read the old one.
 *
 * What is no ordinary file (a pipe, /dev/stdout) is written where it is, and so is a file whose folder takes no new ones.
 *
 * Ownership: embedded; once opened, closed or dropped. Errors: false, and errno. Limits: paths of WHOLE_FILE_PATH_BYTES.
 */
#ifndef REPORTS_WHOLE_FILE_H
#define REPORTS_WHOLE_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "world/base/check.h"

enum {
    WHOLE_FILE_PATH_BYTES = 4096,         /* of Linux */
    WHOLE_FILE_BUFFER_BYTES = 256 * 1024, /* a report is many small pieces */
};

struct whole_file {
    FILE *out; /* to be written to; NULL when it is not open */
    char *buffer;
    bool in_place; /* there is no temporary file */
    sigset_t before;
    char path[WHOLE_FILE_PATH_BYTES];
    char temporary[WHOLE_FILE_PATH_BYTES + 32];
};

MUST_USE bool whole_file_open(struct whole_file *file, const char *path);
/* The new file stands at its path; or the old one does, and this is false. */
MUST_USE bool whole_file_close(struct whole_file *file);
/* The old file stays. */
void whole_file_drop(struct whole_file *file);

#endif
