/*
 * Short text put together part by part: what formats would do, at a tenth of their cost. Scripts are read
 * and messages labelled some twenty thousand times a second.
 */
#ifndef FAKEUPSTREAM_WIRE_SPLICE_H
#define FAKEUPSTREAM_WIRE_SPLICE_H

#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/base/region.h"

enum { SPLICE_NUMBER_BYTES = 20 }; /* digits of the largest 64-bit number */

/* A buffer of the caller's that fills up; a part that does not fit is a failed check. */
struct splice {
    char *data;
    size_t size;
    size_t room;
};

void splice_bytes(struct splice *splice, struct bytes bytes);

/* In the header, so that the length of a literal is known. */
static inline void splice_text(struct splice *splice, const char *text)
{
    splice_bytes(splice, bytes_of(text));
}

/* base: 10 or 16. */
void splice_number(struct splice *splice, uint64_t number, unsigned base);
/* What is in it now. */
struct bytes splice_whole(const struct splice *splice);

/* The texts one after the other, up to a NULL; NUL-terminated, in the region. NULL when memory runs out. */
const char *splice_join(struct region *region, const char *const *texts);

#endif
