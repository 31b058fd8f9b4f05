/*
 * The proxy's own answers: which word, which status, and the whole response as bytes.
 *
 * Words and statuses: the acceptance matrix, section 6; Proxy-Status: RFC 9209.
 */
#ifndef PROXY_EXCHANGE_APOLOGY_H
#define PROXY_EXCHANGE_APOLOGY_H

#include <stdbool.h>

#include "proxy/wire/http1_writer.h"
#include "world/base/failure.h"

enum { APOLOGY_BYTES = 1024 }; /* head and body; every part of it is bounded */

struct apology {
    unsigned status;  /* 0: nobody is left to be answered */
    const char *word; /* UPSTREAM_TIMEOUT and such */
    const char *rule; /* what was wrong with the request, or NULL */
};

/* What to answer for this failure. */
struct apology apology_for(const struct failure *failure);

struct apology_text {
    struct apology apology;
    struct failure failure;
    const char *via;   /* the name before `error=` in Proxy-Status */
    bool head_request; /* no body is sent to a HEAD */
    bool keep_alive;
    unsigned client_minor;
};

void apology_write(const struct apology_text *text, struct http1_writer *writer);

#endif
