/*
 * Memory that is given out piece by piece and taken back all at once.
 *
 * Ownership: the region owns every piece; a piece lives until region_reset() or region_release().
 * Limits: a region never holds more than bytes_max; past that region_take() returns NULL, which is
 * the one place where its user handles running out. Blocks are kept over a reset, so that a warm
 * region allocates nothing.
 */
#ifndef WORLD_BASE_REGION_H
#define WORLD_BASE_REGION_H

#include <stddef.h>

#include "world/base/check.h"

struct region_block;

struct region {
    struct region_block *first;
    struct region_block *current;
    size_t used;  /* bytes of current that were given out */
    size_t total; /* bytes of all blocks */
    size_t bytes_max;
};

void region_init(struct region *region, size_t bytes_max);
void region_release(struct region *region);
void region_reset(struct region *region);

/* Zeroed, aligned for any object. NULL when bytes_max would be passed. */
void *region_take(struct region *region, size_t size);
/* The same with whatever stood there before: for what is written before it is read. */
void *region_take_raw(struct region *region, size_t size);
/* A NUL-terminated copy; NULL when bytes_max would be passed. */
char *region_copy_text(struct region *region, const char *text, size_t size);
/* A formatted string; NULL when bytes_max would be passed. */
char *region_format(struct region *region, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
