/*
 * The strict grammar of HTTP/1.x heads, chunk framing and trailers, byte by byte: a recogniser that keeps nothing.
 *
 * It is stricter than llhttp, whose 8.1.0 lets through `Host : a`, folded lines and any two bytes behind a chunk
 * (decision 20 of the design): one space where the grammar has one, CRLF at the end of every line, token bytes in
 * names, no control bytes in values, no folding, HTTP/1.0 and HTTP/1.1 alone.
 *
 * Ownership: a plain value. Limits: those given at the start; passing one is a refusal.
 */
#ifndef PROXY_WIRE_HTTP1_GUARD_H
#define PROXY_WIRE_HTTP1_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

/* Why bytes are not acceptable. */
struct reader_refusal {
    int status;       /* what a server answers: 400, 413, 414, 431, 501, 505 */
    const char *rule; /* a short sentence, static */
};

/* The rule of a refusal that is about the request target: its word to the client is another. */
extern const char RULE_TARGET_NOT_VALID[];

enum guard_section {
    GUARD_REQUEST_HEAD,  /* request line, fields, empty line */
    GUARD_RESPONSE_HEAD, /* status line, fields, empty line */
    GUARD_TRAILERS,      /* fields, empty line */
    GUARD_CHUNK_LINE,    /* size, extensions, CRLF */
    GUARD_CHUNK_END,     /* the CRLF behind a chunk's data */
};

enum guard_verdict {
    GUARD_MORE,    /* all bytes are fine and the section goes on */
    GUARD_DONE,    /* the section ends with the last byte taken */
    GUARD_REFUSED, /* the byte behind those taken is not acceptable: look at refusal */
};

struct http1_guard {
    enum guard_section section;
    unsigned state;
    unsigned number;      /* a version or a status, as far as it was read */
    size_t at;            /* bytes of the present part: method, target, name, … */
    size_t bytes;         /* bytes of the section */
    size_t bytes_max;     /* of the section */
    size_t uri_bytes_max; /* of the target */
    size_t field_lines;   /* lines begun in the field section */
    uint64_t chunk_size;  /* GUARD_CHUNK_LINE */
    struct reader_refusal refusal;
};

/* Begins a section of at most bytes_max bytes, its last CRLF included. uri_bytes_max matters to a request head. */
void http1_guard_start(struct http1_guard *guard, enum guard_section section, size_t bytes_max,
                       size_t uri_bytes_max);

/*
 * Takes bytes from the front of input up to the end of the section; *taken says how many. Not to be called again
 * after GUARD_DONE or GUARD_REFUSED without a start.
 */
MUST_USE enum guard_verdict http1_guard_take(struct http1_guard *guard, struct bytes input,
                                             size_t *taken);

#endif
