#include "world/base/region.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024 }; /* a scenario's tree fits in one or two */

struct region_block {
    struct region_block *next;
    size_t size;
    alignas(max_align_t) unsigned char data[];
};

void region_init(struct region *region, size_t bytes_max)
{
    *region = (struct region){.bytes_max = bytes_max};
}

void region_release(struct region *region)
{
    struct region_block *block = region->first;

    while (block != NULL) {
        struct region_block *next = block->next;

        free(block);
        block = next;
    }
    *region = (struct region){.bytes_max = region->bytes_max};
}

void region_reset(struct region *region)
{
    region->current = region->first;
    region->used = 0;
}

/* Makes room for size bytes in a block that follows the current one. */
static struct region_block *next_block(struct region *region, size_t size)
{
    struct region_block *following =
        region->current == NULL ? region->first : region->current->next;
    size_t left = region->bytes_max - region->total;
    size_t block_size = BLOCK_BYTES < left ? BLOCK_BYTES : left;
    struct region_block *block;

    if (following != NULL && following->size >= size)
        return following;
    if (size > left)
        return NULL;
    if (block_size < size)
        block_size = size;
    block = malloc(sizeof(*block) + block_size);
    if (block == NULL)
        return NULL;
    block->size = block_size;
    block->next = following;
    region->total += block_size;
    if (region->current == NULL)
        region->first = block;
    else
        region->current->next = block;
    return block;
}

void *region_take_raw(struct region *region, size_t size)
{
    size_t align = alignof(max_align_t);
    void *piece;

    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (region->current == NULL || region->current->size - region->used < size) {
        struct region_block *block = next_block(region, size);

        if (block == NULL)
            return NULL;
        region->current = block;
        region->used = 0;
    }
    piece = region->current->data + region->used;
    region->used += size;
    return piece;
}

void *region_take(struct region *region, size_t size)
{
    void *piece = region_take_raw(region, size);

    return piece != NULL ? memset(piece, 0, size) : NULL;
}

char *region_copy_text(struct region *region, const char *text, size_t size)
{
    char *copy = region_take_raw(region, size + 1);

    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *region_format(struct region *region, const char *format, ...)
{
    va_list arguments;
    char *text;
    int size;

    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    check(size >= 0);
    text = region_take_raw(region, (size_t)size + 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}
