/*
 * SHA-256 of a stream of bytes. The one place that touches libcrypto's digests.
 *
 * Ownership: embedded; the context inside is made at the first update, kept over digest_reset(), and
 * freed by digest_release(). A digest of no bytes never makes one.
 * Errors: running out of memory is a failed check.
 */
#ifndef WORLD_DATA_DIGEST_H
#define WORLD_DATA_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DIGEST_BYTES = 32,
    DIGEST_TEXT_BYTES = 2 * DIGEST_BYTES + 1, /* lower-case hex and a NUL */
};

struct digest {
    void *context;
    bool begun; /* bytes came since the last reset */
};

/* A zeroed structure is as good. */
void digest_init(struct digest *digest);
void digest_release(struct digest *digest);
/* Begins again and keeps the memory. */
void digest_reset(struct digest *digest);

void digest_update(struct digest *digest, const void *data, size_t size);
/* The digest of all bytes so far; more may follow. */
void digest_peek(const struct digest *digest, uint8_t out[DIGEST_BYTES]);
/* The digest of all bytes since the last reset, which is done along with it. */
void digest_finish(struct digest *digest, uint8_t out[DIGEST_BYTES]);

/* Writes hex and returns text. */
const char *digest_format(const uint8_t digest[DIGEST_BYTES], char text[DIGEST_TEXT_BYTES]);

#endif
