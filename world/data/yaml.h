/*
 * A YAML file as a tree of nodes that know where they stand, so that every mistake found later can be
 * said as file:line:column. The one place that touches libyaml.
 *
 * Ownership: nodes and text live in the region that was given to yaml_load().
 * Limits: YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX below; passing one is an ordinary error.
 * Refused: anchors, aliases and tags (they hide what a scenario says), duplicate keys, keys that are
 * empty, a list or a map, more than one document, bytes that are not UTF-8, control characters.
 */
#ifndef WORLD_DATA_YAML_H
#define WORLD_DATA_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/check.h"
#include "world/base/region.h"

enum {
    YAML_BYTES_MAX = 1024 * 1024, /* a suite file is a page; a megabyte is a mistake */
    YAML_DEPTH_MAX = 32,          /* no schema of ours goes deeper than ten */
    YAML_NODES_MAX = 65536,       /* bounds the tree's memory together with the bytes */
};

/* A year: longer is a mistake, and now plus a duration can never run over. */
#define YAML_DURATION_MAX_NS (8760ull * 3600 * 1000000000)

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    unsigned line;   /* from 1 */
    unsigned column; /* from 1 */
    const char *file;
    bool quoted;      /* a quoted scalar is text, whatever it looks like */
    const char *text; /* YAML_SCALAR: NUL-terminated */
    size_t text_size; /* may hold NULs only if escaped in a quoted scalar */
    size_t count;     /* YAML_LIST, YAML_MAP: children */
    struct yaml_node *first;
    struct yaml_node *next; /* the sibling that follows */
    struct yaml_node *key;  /* in a map: this value's key, a scalar */
};

enum { YAML_ERROR_BYTES = 512 };

/* The first mistake found: ready to print, "file:line:column: sentence". */
struct yaml_error {
    char sentence[YAML_ERROR_BYTES];
};

/* Reads a file. NULL and *error filled on any mistake (also: unreadable, too big, empty, binary). */
MUST_USE struct yaml_node *yaml_load(struct region *region, const char *path,
                                     struct yaml_error *error);
/* The same from memory; name stands for the path in errors. */
MUST_USE struct yaml_node *yaml_parse(struct region *region, const char *name, const char *text,
                                      size_t size, struct yaml_error *error);
/*
 * A file's text as it is read now, in the region and with a NUL behind it: what yaml_parse() is given by whoever wants to show it later.
 * NULL and *error filled if it cannot be read.
 */
MUST_USE const char *yaml_read(struct region *region, const char *path, size_t *size,
                               struct yaml_error *error);

/*
 * Says a mistake at a node (NULL: of no place); always returns false, so that callers can return it.
 * Keeps the first: an error must begin zeroed, which yaml_load() and yaml_parse() see to. Control
 * characters of a file come out as '?'.
 */
bool yaml_fail(struct yaml_error *error, const struct yaml_node *at, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The value of a key in a map, or NULL. Linear: maps of ours are short. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/*
 * False, with the nearest known word in the sentence, if the map has a key that is not in the
 * NULL-terminated list. what names the thing in the sentence ("a scenario", "expect").
 */
MUST_USE bool yaml_check_keys(const struct yaml_node *map, const char *what,
                              const char *const *known, struct yaml_error *error);

/* The index of the scalar in the NULL-terminated list of words; -1 and an error that names the nearest. */
MUST_USE int yaml_word(const struct yaml_node *node, const char *what, const char *const *words,
                       struct yaml_error *error);

/*
 * Typed readings of a scalar; each says what was expected, with the limits. A quoted number or truth
 * value is refused as the text it is. Numbers are whole and not negative.
 */
MUST_USE bool yaml_u64(const struct yaml_node *node, const char *what, uint64_t min, uint64_t max,
                       uint64_t *out, struct yaml_error *error);
MUST_USE bool yaml_bool(const struct yaml_node *node, const char *what, bool *out,
                        struct yaml_error *error);
/*
 * "250ms", "2s", "1m", "50us", "0"; nanoseconds, at most YAML_DURATION_MAX_NS. A number without a unit
 * is refused, except 0.
 */
MUST_USE bool yaml_duration(const struct yaml_node *node, const char *what, uint64_t *out_ns,
                            struct yaml_error *error);
/* "65536", "64KiB", "256MiB", "1GiB". */
MUST_USE bool yaml_size(const struct yaml_node *node, const char *what, uint64_t max, uint64_t *out,
                        struct yaml_error *error);
/* Any scalar as text; one that holds a NUL is refused, for it would be cut. */
MUST_USE bool yaml_text(const struct yaml_node *node, const char *what, const char **out,
                        struct yaml_error *error);

/* The word of the NULL-terminated list that is nearest to text (edit distance), or NULL if none is near. */
const char *yaml_nearest(const char *text, const char *const *words);

#endif
