/*
 * Base64 (RFC 4648 4) as it goes: bytes come in pieces of any size, the text is one.
 *
 * Ownership: embedded; the stream is the caller's. Errors: none returned; ask ferror() of the stream.
 */
#ifndef PAGES_BASE64_H
#define PAGES_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct base64 {
    FILE *out;
    uint8_t rest[2]; /* of a group of three that is not whole */
    size_t rest_size;
};

void base64_begin(struct base64 *base64, FILE *out);
void base64_put(struct base64 *base64, const void *data, size_t size);
/* The last group, padded. */
void base64_end(struct base64 *base64);

#endif
