/*
 * The cases of a run: which files, in which order, and which of their cases are wanted.
 *
 * Ownership: the suite owns the files' trees and all text of its cases.
 * Limits: SUITE_* below.
 * Errors: mistakes in files are collected, the first of each file, so that all can be mended at once.
 */
#ifndef HARNESS_SUITE_SUITE_H
#define HARNESS_SUITE_SUITE_H

#include <stdio.h>

#include "harness/suite/filter.h"
#include "harness/suite/scenario.h"

enum {
    SUITE_MISTAKES_MAX = 20, /* told of one run; nobody mends more before the next */
    SUITE_NAMED_MAX = 4096,  /* arguments, and ids of --last-failed */
    SUITE_KEY_BYTES = 8192,  /* a path, and the values of a grid; a longer one is cut */
};
#define SUITE_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024) /* a hundred thousand files of a page */

/* One case of one file, before any world is chosen. */
struct suite_case {
    const struct scenario_file *file;
    size_t place;         /* among all cases that were named, also those that are not selected */
    const char *argument; /* a path that finds this file with the same id, for the reproduction */
    size_t combination;
    const char *id;
    const char *name;
    const char *fault;
    const char *method;
    const char *source;
    const char *const *tags;
    size_t tag_count;
    unsigned line;
    enum stage stage;
    enum level level;
    unsigned long worlds; /* bit of each world_kind in which it is wanted */
};

struct suite {
    struct region region;
    struct suite_case *cases;
    size_t count;
    size_t capacity;
    size_t file_count;
    size_t wanted; /* cases in worlds that are wanted, of all shards; after suite_select() */
    char *mistakes[SUITE_MISTAKES_MAX];
    size_t mistake_count; /* all of them, also those past SUITE_MISTAKES_MAX */
};

/* Where a case stands: its scenario file, its id and its world. */
struct suite_case_place {
    const char *file;
    const char *id;
    const char *world;
};

/* What the user asked for. */
struct suite_selection {
    struct filter filter;
    struct filter tags;
    unsigned shard;                 /* from 1; 0: all */
    unsigned shards;                /* how many shards there are */
    const char *const *last_failed; /* sorted keys, see suite_case_key(); NULL: not asked */
    size_t last_failed_count;
    unsigned long worlds; /* bit of each world_kind of the run */
};

void suite_init(struct suite *suite);
void suite_release(struct suite *suite);

/*
 * Finds and reads what the arguments name: a folder (all below it), a file, `file.yaml:LINE` (the cases with a grid
 * value on that line, else all of the file), or a part of an id, looked for in the paths named beside it or in
 * ./scenarios. Files come in the order of their ids, each once. False when an argument or a file is wrong: then
 * mistake_count is not 0.
 */
MUST_USE bool suite_load(struct suite *suite, const char *const *arguments, size_t count);

/*
 * What tells a case from all others, whichever path it was named by: "sim /path/to/file.yaml[method=GET]". An id does not,
 * since it begins at the folder that was named. Returns key.
 */
const char *suite_case_key(const struct suite_case_place *place, char key[SUITE_KEY_BYTES]);

/* Keeps the cases that are wanted in at least one world, in order. */
void suite_select(struct suite *suite, const struct suite_selection *selection);

/* What filters ask of a case in that world. */
struct filter_subject suite_case_fields(const struct suite_case *one, enum world_kind world);

/* A stable hash of an id: shards and the seed of a case follow from it. */
uint64_t suite_hash(const char *id);

/* The cases and their worlds, a line each; or as JSON, false if the stream refused it. */
void suite_list(const struct suite *suite, FILE *out);
MUST_USE bool suite_list_json(const struct suite *suite, FILE *out);

#endif
