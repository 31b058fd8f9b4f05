/*
 * The grid of a scenario: its cross product, what is left out of it, and the substitution of `${name}`.
 *
 * Ownership: everything lives in the region that was given; a grid points into its file's tree.
 * Limits: GRID_AXES_MAX, GRID_CASES_MAX and GRID_LABEL_MAX below; passing one is a mistake of the file, told at
 * its place.
 * Errors: as world/data/yaml.h tells them, "file:line:column: sentence".
 */
#ifndef HARNESS_SUITE_GRID_H
#define HARNESS_SUITE_GRID_H

#include "world/data/yaml.h"

enum {
    GRID_AXES_MAX = 8,     /* a matrix of more dimensions is nobody's sentence any more */
    GRID_CASES_MAX = 4096, /* combinations of one file, those left out included */
    GRID_LABEL_MAX = 80,   /* bytes of a value's label: it becomes part of an id on a screen */
};

struct grid_value {
    const struct yaml_node *node;
    const char *label; /* the scalar itself, or the map's `is` */
};

struct grid_axis {
    const char *name;
    const struct grid_value *values;
    size_t count;
};

/* One combination of values that is left out. */
struct grid_exception;

struct grid {
    struct grid_axis axes[GRID_AXES_MAX];
    const char *names[GRID_AXES_MAX + 1]; /* of the axes, NULL-terminated, for the nearest word */
    size_t axis_count;                    /* 0: no grid, one combination */
    size_t combinations;                  /* 1 to GRID_CASES_MAX */
    const struct grid_exception *exceptions;
};

/* One combination: a value of every axis. */
struct grid_choice {
    const struct grid_value *values[GRID_AXES_MAX];
};

/* Both nodes may be NULL. */
MUST_USE bool grid_load(struct grid *grid, struct region *region, const struct yaml_node *values,
                        const struct yaml_node *except, struct yaml_error *error);

/* The combination of that number, the last axis turning fastest. False if it is left out. */
bool grid_choose(const struct grid *grid, size_t combination, struct grid_choice *out);

/* The label of the axis of that name in this choice; NULL if there is no such axis. */
const char *grid_label(const struct grid *grid, const struct grid_choice *choice, const char *axis);

/* "[method=POST,end=fin]", or "" without a grid. NULL when the region is full. */
const char *grid_suffix(const struct grid *grid, const struct grid_choice *choice,
                        struct region *region);

/* A copy of the tree with every `${name}` replaced; NULL and *error on an unknown name. */
MUST_USE struct yaml_node *grid_substitute(const struct grid *grid,
                                           const struct grid_choice *choice, struct region *region,
                                           const struct yaml_node *tree, struct yaml_error *error);

#endif
