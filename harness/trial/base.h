/*
 * The bases of an exploration: cases that are played with faults put into them.
 *
 * A base's scenario expects nothing, since with a fault in it something else comes about than its sentence says; what it
 * expects without a fault is kept beside it, and judged once.
 *
 * Ownership: the list owns its cases and all of their text.
 * Limits: BASES_MAX.
 * Errors: mistakes of files, a sentence each; what cannot be a base is passed over and counted.
 */
#ifndef HARNESS_TRIAL_BASE_H
#define HARNESS_TRIAL_BASE_H

#include "harness/suite/suite.h"

#define BASE_TAG "base"
/* The axis of a grid along which nothing but the size of bodies changes. */
#define BASE_SIZE_AXIS "size"

enum {
    BASES_MAX = 65536,        /* the number of a base is part of a failure's place */
    BASE_MESSAGE_BYTES = 512, /* decision 26: up to here a fault is put at every byte */
};

struct base {
    const struct suite_case *one; /* its file, and which of its grid it is */
    const char *id;
    const char *argument;       /* a path that finds its file with the same id */
    unsigned line;              /* where it stands in that file, from 1 */
    struct scenario *scenario;  /* without its `expect`, its faults and its order */
    struct scenario *expecting; /* the case as its file says */
    const struct base *
        sibling; /* the first that differs from it in `size` alone; NULL: there is none before it */
    const struct base *beside; /* any that does: the first, or that one's second; NULL: none */
    bool thorough;             /* at every byte; else where parts of messages begin and end */
};

struct base_list {
    struct suite suite; /* after bases_load(): whose mistakes are told */
    struct region region;
    struct base *list; /* in the order of their ids */
    size_t count;
    size_t passed_over; /* cases that the simulation cannot play, or that have no proxy of ours */
};

/*
 * The cases that the arguments name, as the command `run` takes them, tagged or not; without any, those of ./scenarios that
 * are tagged `base`. False when an argument or a file is wrong: then suite.mistakes says how. Release it in either case.
 */
MUST_USE bool bases_load(struct base_list *bases, const char *const *arguments, size_t count);
void bases_release(struct base_list *bases);

/* Leaves out the bases that are not wanted. Of those that differ in size alone the first that is left takes the place of the first. */
typedef bool base_is_wanted(void *owner, const struct base *base);
void bases_keep(struct base_list *bases, base_is_wanted *is_wanted, void *owner);

/* The base of that id; NULL if there is none. */
const struct base *bases_find(const struct base_list *bases, const char *id);

#endif
