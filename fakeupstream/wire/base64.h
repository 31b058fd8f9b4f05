/*
 * Base64 with padding (RFC 4648 4), as credentials are written (RFC 7617 2).
 */
#ifndef FAKEUPSTREAM_WIRE_BASE64_H
#define FAKEUPSTREAM_WIRE_BASE64_H

#include "world/base/bytes.h"
#include "world/base/region.h"

/* The prefix and the bytes in base64 behind it, NUL-terminated, in the region. NULL when memory runs out. */
const char *base64_join(struct region *region, const char *prefix, struct bytes bytes);

#endif
