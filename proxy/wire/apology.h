/*
 * The proxy's own answers: which word, which status, and the whole response as bytes.
 *
 * Words and statuses: the acceptance matrix, section 6; Proxy-Status: RFC 9209.
 */
#ifndef PROXY_WIRE_APOLOGY_H
#define PROXY_WIRE_APOLOGY_H

#include <stdbool.h>

#include "proxy/wire/http1_writer.h"
#include "world/base/failure.h"

enum { APOLOGY_BYTES = 1024 }; /* head and body; every part of it is bounded */

struct apology {
    unsigned status;   /* 0: nobody is left to be answered */
    const char *word;  /* UPSTREAM_TIMEOUT and such */
    const char *rule;  /* what was wrong with the request, or NULL */
    const char *realm; /* credentials are asked for in this realm; NULL: they are not */
};

/* What to answer for this failure. */
struct apology apology_for(const struct failure *failure);

/* A whole answer as it will stand on the wire, but for what depends on the moment it is sent. */
struct answer {
    unsigned status;
    struct bytes fields; /* lines, each with its end */
    struct bytes body;
};

/* What depends on it. */
struct answer_manner {
    bool head_request; /* no body is sent to a HEAD */
    bool keep_alive;
    unsigned client_minor;
};

/* How much of the body goes down. RFC 9110 9.3.2, 15.3.5, 15.3.6, 15.4.5. */
size_t answer_body_size(const struct answer *answer, const struct answer_manner *manner);
/* Writes it with Content-Length and Connection; the writer overflows where there is no room. RFC 9110 8.6, 15.3.5, 15.3.6. */
void answer_write(const struct answer *answer, const struct answer_manner *manner,
                  struct http1_writer *writer);

/* The apology for a failure as an answer; its text is put into store. via stands before `error=` in Proxy-Status. */
struct answer apology_answer(const struct apology *apology, const struct failure *failure,
                             const char *via, uint8_t store[APOLOGY_BYTES]);

#endif
