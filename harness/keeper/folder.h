/*
 * The temporary folder of a subject.
 *
 * Errors: errno.
 */
#ifndef HARNESS_KEEPER_FOLDER_H
#define HARNESS_KEEPER_FOLDER_H

#include <limits.h>
#include <stdbool.h>

#include "world/base/check.h"

/*
 * A new folder ${TMPDIR:-/tmp}/retryproof-NAME.XXXXXX, with its real path. Everybody may enter it, because proxies that are
 * started by root give up their rights.
 */
MUST_USE bool folder_make(const char *name, char path[PATH_MAX]);

/*
 * Removes it with all that is in it, as far as that can be done; links are removed and not followed. Harmless if it is not there.
 * May be called between fork() and exec(): it takes no memory.
 */
void folder_remove(const char *path);

#endif
