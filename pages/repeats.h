/*
 * Bytes in which what came before, however far away, is told by where it stands. Deflate looks back 32 KiB (RFC 1951 2), and the
 * cases of a report, which repeat each other, are farther apart: what is left by this is for it.
 *
 * The coded form: the size of the whole as a number, then steps up to the end. A step is a number of bytes, those bytes, and, where
 * the whole is not there yet, a distance back from where it stands and a number of bytes to be copied from there; that may be more
 * than the distance, and then goes on with what it has just copied. A number is 7 bits a byte, the lowest first, and all bytes
 * but its last have 128 added. Decoded by "retryproof/parts/data" (parts/data.js).
 *
 * Pure. Memory: a table of up to REPEATS_TABLE_BYTES while it works.
 */
#ifndef PAGES_REPEATS_H
#define PAGES_REPEATS_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"

enum {
    REPEATS_BLOCK_BYTES =
        32, /* shorter repetitions are left to deflate, which tells them in less */
    REPEATS_TABLE_BYTES = 1024 * 1024, /* places: two megabytes of data fill half of it */
};

/* Takes the coded form, piece by piece in its order. */
typedef void repeats_sink(void *owner, const void *data, size_t size);

/* False when memory runs out; the sink was given nothing then. */
MUST_USE bool repeats_put(const void *data, size_t size, repeats_sink *sink, void *owner);

#endif
