/*
 * A tree of nodes as a YAML file that reads back to the same tree, laid out as a person would: what fits on a line stands on
 * one, everything else has a line for each of its parts.
 *
 * Ownership: nodes and text that are made live in the region that was given.
 * Limits: YAML_LINE_COLUMNS; a tree deeper than YAML_WRITER_DEPTH_MAX is a mistake of the caller.
 * Errors: false when memory runs out or the stream refuses.
 */
#ifndef WORLD_DATA_YAML_WRITER_H
#define WORLD_DATA_YAML_WRITER_H

#include <stdio.h>

#include "world/data/yaml.h"

enum {
    YAML_LINE_COLUMNS = 110, /* near to what the suite's own files have */
    /* A value of the deepest tree may stand in the deepest place of another: see the grid of a scenario. */
    YAML_WRITER_DEPTH_MAX = 2 * YAML_DEPTH_MAX,
};

/* Writes a map or a list, its parts one below the other. */
MUST_USE bool yaml_write(const struct yaml_node *root, FILE *out);

/* An empty map or list; NULL when the region is full. */
struct yaml_node *yaml_new(struct region *region, enum yaml_kind kind);
/* A scalar with a copy of the text. quoted: it is text, whatever it looks like. NULL when the region is full. */
struct yaml_node *yaml_new_text(struct region *region, const char *text, bool quoted);
/*
 * Puts the value at the end of a list, or with a key at the end of a map that has no such key. False when the region is full
 * or value is NULL, so that whoever makes a tree asks once.
 */
MUST_USE bool yaml_append(struct region *region, struct yaml_node *parent, const char *key,
                          struct yaml_node *value);

#endif
