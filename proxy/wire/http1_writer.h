/*
 * Writes heads and chunk framing into memory that the caller owns. Pure.
 */
#ifndef PROXY_WIRE_HTTP1_WRITER_H
#define PROXY_WIRE_HTTP1_WRITER_H

#include "retryproof/head.h"

/* A bounded buffer to write into. overflowed is set, and stays, when something did not fit. */
struct http1_writer {
    uint8_t *data;
    size_t size;
    size_t size_max;
    bool overflowed;
};

void http1_writer_init(struct http1_writer *writer, uint8_t *data, size_t size_max);

/* Where so many bytes go, which the caller writes there; or NULL, and the writer has overflowed. */
uint8_t *http1_writer_take(struct http1_writer *writer, size_t size);

/* These bytes as they are, or nothing of them. */
void http1_write_bytes(struct http1_writer *writer, struct bytes bytes);

/* In the header, so that a literal is stored rather than copied: heads are made of many. */
static inline void http1_write_text(struct http1_writer *writer, const char *text)
{
    size_t size = strlen(text);
    uint8_t *at = http1_writer_take(writer, size);

    if (at != NULL)
        memcpy(at, text, size);
}

void http1_write_request_line(struct http1_writer *writer, struct bytes method,
                              struct bytes target); /* always HTTP/1.1 */
/* An empty reason gets the registered phrase, RFC 9110 15. */
void http1_write_status_line(struct http1_writer *writer, unsigned status, struct bytes reason);
void http1_write_field(struct http1_writer *writer, struct bytes name, struct bytes value);
void http1_write_field_text(struct http1_writer *writer, const char *name, const char *value);
void http1_write_field_u64(struct http1_writer *writer, const char *name, uint64_t value);
void http1_write_end_of_head(struct http1_writer *writer);

enum { CHUNK_PREFIX_BYTES_MAX = 18 }; /* sixteen hex digits and CRLF */

/* "1f4\r\n" into prefix; returns its size. The chunk's data is followed by CRLF, RFC 9112 7.1. */
size_t http1_chunk_prefix(uint64_t size, uint8_t prefix[CHUNK_PREFIX_BYTES_MAX]);

/* "Not Found"; "" for a status without a registered phrase. */
const char *http1_reason(unsigned status);

#endif
