/*
 * Reads HTTP/1.0 and HTTP/1.1 messages, strictly, from bytes that come in any split. The one place that touches
 * llhttp, with a guard of our own before it: Debian 12's llhttp 8.1.0 lets through `Host : a`, obs-fold
 * and any two bytes after chunk data (decision 20).
 *
 * Pull style: http1_reader_next() takes bytes off the front of *input and stops at the next thing worth saying.
 * Body bytes are never copied: READER_BODY hands out a slice of the input itself.
 *
 * Ownership: embedded; the head belongs to the caller. Limits: those given at init. Errors: READER_REFUSED is
 * final and carries the status a server answers with and the rule that was broken.
 */
#ifndef PROXY_WIRE_HTTP1_READER_H
#define PROXY_WIRE_HTTP1_READER_H

#include <llhttp.h>

#include "proxy/wire/head.h"
#include "world/base/bytes.h"

enum reader_kind { READ_REQUEST, READ_RESPONSE };

enum reader_step {
    READER_MORE,     /* the input is used up and nothing is ready */
    READER_HEAD,     /* the head is complete: look at *head, framing and the flags below */
    READER_BODY,     /* *body is a slice of decoded body bytes, never empty */
    READER_TRAILERS, /* the trailer section is complete: look at *trailers; only if there were any */
    READER_END,      /* the message is complete; bytes left in *input belong to the next one */
    READER_REFUSED,  /* not acceptable: look at refusal */
};

/* How the end of the body is known. RFC 9112 6.3. */
enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE };

struct reader_refusal {
    int status;       /* what a server answers: 400, 413, 414, 431, 501, 505 */
    const char *rule; /* a short sentence, static */
};

struct reader_limits {
    size_t head_bytes_max; /* start line and fields: 431, the request line alone 414 */
    size_t uri_bytes_max;
    uint64_t body_bytes_max; /* UINT64_MAX: none; 413 */
};

struct http1_reader {
    llhttp_t parser;
    enum reader_kind kind;
    struct reader_limits limits;
    struct head *head;
    struct head *trailers;

    /* Set when READER_HEAD is returned. */
    enum framing framing;
    uint64_t content_length; /* FRAMING_LENGTH; also for a response to HEAD that has the field */
    bool keep_alive;         /* what version and Connection field say, RFC 9112 9.3 */
    bool upgrade;            /* Connection: upgrade with an Upgrade field */
    bool expect_continue;    /* requests: Expect: 100-continue */

    struct reader_refusal refusal;

    /* The reader's own. */
    int state;
    int pending;       /* the step a callback asks next() to return */
    bool answers_head; /* responses: the request was HEAD */
    bool answers_connect;
    struct bytes span;
    size_t head_bytes;   /* bytes of this head (or trailer section) seen so far */
    uint64_t body_bytes; /* decoded body bytes seen so far */
    uint64_t chunk_left;
    unsigned guard_state;
    size_t guard_count;
    struct bytes name_partial;
    struct bytes value_partial;
    bool any_byte; /* a byte of this message was seen */
};

/* head and trailers must stay until release; trailers may be small. limits are copied. */
void http1_reader_init(struct http1_reader *reader, enum reader_kind kind, struct head *head,
                       struct head *trailers, const struct reader_limits *limits);

/* Makes ready for the next message on the same connection; clears head and trailers. */
void http1_reader_next_message(struct http1_reader *reader);

/* Responses: what the request was, before its response is read. RFC 9112 6.3. */
void http1_reader_expect_response_to(struct http1_reader *reader, struct bytes method);

MUST_USE enum reader_step http1_reader_next(struct http1_reader *reader, struct bytes *input,
                                            struct bytes *body);

/*
 * Tells the reader that the input has ended. READER_END where that completes the message (FRAMING_CLOSE after
 * the head), READER_MORE where no byte of a message was seen (a clean end between messages), READER_REFUSED
 * where the message is incomplete.
 */
MUST_USE enum reader_step http1_reader_end_of_input(struct http1_reader *reader);

#endif
