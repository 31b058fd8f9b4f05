/*
 * How the end of a message's body is known: RFC 9112 6.3, read strictly.
 *
 * A message whose length two readers could understand differently is refused, never repaired: that is
 * how one request becomes two on the next hop (RFC 9112 11.2).
 */
#ifndef PROXY_HTTP_FRAMING_H
#define PROXY_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"

enum framing {
    FRAMING_NONE,    /* no body */
    FRAMING_LENGTH,  /* Content-Length bytes */
    FRAMING_CHUNKED, /* chunks, and a trailer section */
    FRAMING_CLOSE,   /* responses: everything until the connection ends */
};

struct framing_facts {
    bool response;
    struct bytes method; /* of the request, also for its response; may be empty if not known */
    unsigned status;     /* responses */
    unsigned minor;      /* HTTP/1.minor of this message */
    size_t content_length_fields;
    struct bytes content_length; /* value of the first such field */
    size_t transfer_encoding_fields;
    struct bytes transfer_encoding; /* value of the first such field */
};

struct framing_decision {
    enum framing framing;
    uint64_t content_length; /* FRAMING_LENGTH; also what a bodiless response declares, else 0 */
    int refusal;             /* 0, or the status a server answers with: 400 or 501 */
    const char *rule;        /* the rule that was broken; NULL when refusal is 0 */
};

/*
 * Refusals: both fields (6.3 item 3); Transfer-Encoding in HTTP/1.0 (6.1); any coding but chunked alone:
 * 501 where chunked is the final one, 400 where it is not (6.3 item 4); for a response always 501. Content-Length
 * that is no number, or that is repeated, be it identically: honest senders do not, and a hop behind us may
 * take another one of them. A CONNECT that announces a body: one hop would read it, the other pass it into the tunnel.
 */
struct framing_decision framing_decide(const struct framing_facts *facts);

#endif
