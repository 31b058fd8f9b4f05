/*
 * Which scenario files the arguments of a command name, and how their ids begin.
 *
 * Ownership: text lives in the region that was given; the arrays are the finder's.
 * Limits: FINDER_* below.
 * Errors: one sentence, for the first argument or folder that is wrong.
 */
#ifndef HARNESS_SUITE_FINDER_H
#define HARNESS_SUITE_FINDER_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/region.h"

enum {
    FINDER_LINES_MAX = 16, /* of one file; whoever names more lines wants the file */
    FINDER_PARTS_MAX = 64, /* parts of ids among the arguments */
    FINDER_ERROR_BYTES = 4096 + 256,
};

struct found_file {
    const char *path;                 /* as it can be opened and is told */
    const char *real;                 /* canonical: one file is found once */
    const char *base;                 /* the path below the suite's root, without its ending */
    const char *argument;             /* a path that finds it again with the same base */
    unsigned lines[FINDER_LINES_MAX]; /* those named with `file.yaml:LINE`; none: all of the file */
    size_t line_count;
};

struct finder {
    struct region *region;
    struct found_file *files; /* ordered by base */
    size_t count;
    size_t capacity;
    const char *parts[FINDER_PARTS_MAX]; /* arguments that are parts of ids */
    size_t part_count;
    char error[FINDER_ERROR_BYTES];
};

/*
 * The suite's root is the innermost folder called `scenarios` on the way to the file; without one, the folder that was
 * named, or the file's own. Hidden files and folders are passed over. Without a path among the arguments ./scenarios
 * is taken.
 */
MUST_USE bool finder_find(struct finder *finder, struct region *region,
                          const char *const *arguments, size_t count);
void finder_release(struct finder *finder);

/* Whether files of that name are scenarios, where a folder is named. */
bool finder_is_scenario(const char *name);

#endif
