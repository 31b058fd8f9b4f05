/*
 * Reads HTTP/1.0 and HTTP/1.1 messages, strictly, from bytes that come in any split.
 *
 * Pull style: http1_reader_next() takes bytes off the front of *input and stops at the next thing worth saying.
 * Body bytes are never copied: READER_BODY hands out a slice of the input itself.
 *
 * How it works: http1_guard checks every byte of heads, chunk lines and trailers; what it approves of is copied
 * once into the head's storage; a complete head is split into its parts by http1_head; framing_decide says what
 * follows. So what is read does not depend on how the bytes came.
 *
 * Ownership: embedded; the heads belong to the caller. Limits: those given at init, and for trailers the
 * storage of their head. Errors: READER_REFUSED is final, takes nothing more off the input, and carries the
 * status a server answers with and the rule that was broken.
 */
#ifndef PROXY_WIRE_HTTP1_READER_H
#define PROXY_WIRE_HTTP1_READER_H

#include "proxy/http/framing.h"
#include "proxy/wire/http1_guard.h"
#include "retryproof/head.h"
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

struct reader_limits {
    size_t head_bytes_max;   /* start line and fields: 431, the request line alone 414 */
    size_t uri_bytes_max;    /* 414 */
    uint64_t body_bytes_max; /* UINT64_MAX: none; 413 */
};

/* What the reader waits for. */
enum reader_state {
    READING_BEGIN,    /* requests: an empty line may come first */
    READING_BEGIN_LF, /* the LF of that line */
    READING_HEAD,
    READING_LENGTH,     /* body bytes of a known length */
    READING_CLOSE,      /* body bytes until the input ends */
    READING_CHUNK_LINE, /* chunk size, extensions, CRLF */
    READING_CHUNK_DATA,
    READING_CHUNK_END, /* the CRLF behind a chunk's data */
    READING_TRAILERS,
    READING_DONE,
    READING_REFUSED,
};

struct http1_reader {
    enum reader_kind kind;
    struct reader_limits limits;
    struct head *head;
    struct head *trailers;

    /* Set when READER_HEAD is returned. */
    enum framing framing;
    uint64_t content_length; /* FRAMING_LENGTH; also for a response to HEAD that has the field */
    bool keep_alive;         /* what version, Connection and framing say, RFC 9112 9.3 */
    bool upgrade;            /* Connection: upgrade with an Upgrade field */
    bool expect_continue;    /* requests: Expect: 100-continue, from HTTP/1.1 on */

    /*
     * Set when READER_REFUSED is returned. For responses, where the status is the caller's choice, 431 still
     * means a head too large and 501 a transfer coding we do not decode.
     */
    struct reader_refusal refusal;

    /* The reader's own. */
    enum reader_state state;
    struct http1_guard guard;
    bool answers_head;    /* responses: the request was HEAD */
    bool answers_connect; /* responses: the request was CONNECT */
    uint64_t left;        /* bytes of the body, or of the chunk, that are still to come */
    uint64_t body_bytes;  /* decoded body bytes promised or seen so far; never past the limit */
};

/* Copied; the heads must stay as long as the reader. */
struct reader_settings {
    enum reader_kind kind;
    struct head *head;     /* storage for head_bytes_max bytes at least */
    struct head *trailers; /* its storage is their limit; it holds the empty line at least */
    struct reader_limits limits;
};

void http1_reader_init(struct http1_reader *reader, const struct reader_settings *settings);

/*
 * Makes ready for the next message on the same connection; clears head and trailers. What
 * http1_reader_expect_response_to() said stays: a final response follows an interim one.
 */
void http1_reader_next_message(struct http1_reader *reader);

/* Responses: what the request was, before its response is read. RFC 9112 6.3. */
void http1_reader_expect_response_to(struct http1_reader *reader, struct bytes method);

/*
 * Call it until it returns READER_MORE, READER_END or READER_REFUSED. Bytes of the next message are never
 * taken; a 1xx, a 2xx to CONNECT and a 101 end with their heads.
 */
MUST_USE enum reader_step http1_reader_next(struct http1_reader *reader, struct bytes *input,
                                            struct bytes *body);

/*
 * Tells the reader, after READER_MORE, that the input has ended. READER_END where that completes the message
 * (FRAMING_CLOSE after the head), READER_MORE where no byte of a message was seen (a clean end between
 * messages), READER_REFUSED where the message is incomplete.
 */
MUST_USE enum reader_step http1_reader_end_of_input(struct http1_reader *reader);

#endif
