/*
 * Object tags: a callback proves that its `void *owner` is what it takes it for.
 *
 * The tag is the first member of the object. It is set when the object begins and cleared when it
 * ends, so that a callback that comes too late is caught and not obeyed.
 */
#ifndef WORLD_BASE_OBJECT_H
#define WORLD_BASE_OBJECT_H

#include <stdint.h>

#include "world/base/check.h"

typedef uint32_t object_tag;

#define OBJECT_TAG(a, b, c, d) \
    ((object_tag)(a) << 24 | (object_tag)(b) << 16 | (object_tag)(c) << 8 | (object_tag)(d))

/* The same pointer, proven to be an object with this tag. Never NULL. */
static inline void *object_cast(void *owner, object_tag tag)
{
    check(owner != NULL);
    check(*(const object_tag *)owner == tag);
    return owner;
}

#endif
