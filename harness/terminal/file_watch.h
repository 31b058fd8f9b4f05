/*
 * Waiting until somebody has saved one of the files that a command depends on. No clock and no polling: the kernel says when
 * (inotify), and Ctrl-C ends the wait.
 *
 * Files are watched by the folders that they are in, since most editors put a new file in place of the old one.
 * Ownership: the creator destroys it. Limits: FILE_WATCH_MAX folders; a change is never missed from the moment of adding on.
 */
#ifndef HARNESS_TERMINAL_FILE_WATCH_H
#define HARNESS_TERMINAL_FILE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"

enum { FILE_WATCH_MAX = 4096 }; /* half of what Linux gives a user at least (max_user_watches) */

struct file_watch;

/* NULL and errno if the system has none left. */
MUST_USE struct file_watch *file_watch_create(void);
void file_watch_destroy(struct file_watch **watch);

/* Whether a file of that name, without its folder, is one that the command reads. */
typedef bool file_watch_wanted(const char *name);

/*
 * A folder and all below it but what is hidden, symbolic links followed, or one file. Of a folder's files those that are wanted; NULL:
 * all. A path that is not there is no error: nothing of it can change. False and errno when watches run out.
 */
MUST_USE bool file_watch_add(struct file_watch *watch, const char *path, file_watch_wanted *wanted);
/* So many folders are watched. */
size_t file_watch_count(const struct file_watch *watch);

/*
 * Returns true when one of the files was written, made, moved or removed since it was added; false when console_is_interrupted(),
 * whose signals must be caught by then.
 */
MUST_USE bool file_watch_wait(struct file_watch *watch);
/* After file_watch_wait() was true: what it was, "scenarios/x.yaml was saved"; of several changes the last. */
const char *file_watch_change(const struct file_watch *watch);

#endif
