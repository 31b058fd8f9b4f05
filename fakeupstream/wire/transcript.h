/*
 * Reads HTTP/1 as it comes: requests at an upstream, responses at a client. An independent second opinion
 * that shares no code with the proxy. Strict, yet it goes on: what breaks a rule is noted and read on.
 *
 * Pull style: bytes in, one happening out. Never takes a byte past the happening it tells, so that a
 * reader can stop at any position. Pure: no I/O, no clock.
 *
 * Ownership: embedded; a buffer for one head grows as needed and is kept over a reset.
 * Limits: TRANSCRIPT_HEAD_BYTES_MAX; a longer head is a fault and the rest is counted as raw bytes.
 */
#ifndef FAKEUPSTREAM_WIRE_TRANSCRIPT_H
#define FAKEUPSTREAM_WIRE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/wire/heading.h"
#include "world/base/bytes.h"

enum {
    TRANSCRIPT_HEAD_BYTES_MAX = 1024 * 1024, /* far past every limit a proxy keeps */
    TRANSCRIPT_ASKED_MAX = 64,               /* requests under way on one connection at once */
};

enum transcript_kind { TRANSCRIPT_REQUESTS, TRANSCRIPT_RESPONSES };

enum transcript_event {
    TRANSCRIPT_MORE, /* nothing happened with the bytes taken */
    TRANSCRIPT_HEAD, /* transcript->head is complete; a 1xx has head.interim set and no end of its own */
    TRANSCRIPT_BODY, /* data: body bytes */
    TRANSCRIPT_END,  /* the message is complete; transcript->head.trailers may be there */
    TRANSCRIPT_RAW,  /* data: bytes that belong to no message: a tunnel, or after a broken head */
};

struct transcript_piece {
    enum transcript_event event;
    struct bytes data; /* a part of what was given */
};

enum transcript_state {
    TRANSCRIPT_AT_START, /* between messages */
    TRANSCRIPT_IN_HEAD,
    TRANSCRIPT_IN_LENGTH,
    TRANSCRIPT_IN_CHUNK_SIZE,
    TRANSCRIPT_IN_CHUNK_DATA,
    TRANSCRIPT_IN_CHUNK_END,
    TRANSCRIPT_IN_TRAILERS,
    TRANSCRIPT_UNTIL_CLOSE,
    TRANSCRIPT_AT_END, /* the end is due, no byte of it is missing */
    TRANSCRIPT_TUNNEL, /* RFC 9110 9.3.6, 15.2.2: no longer HTTP, until transcript_resume() */
    TRANSCRIPT_BROKEN, /* cannot be read as HTTP any more */
};

struct transcript {
    enum transcript_kind kind;
    enum transcript_state state;
    struct heading head;

    /* What goals are measured by. */
    uint64_t raw_bytes; /* taken since the connection began */
    uint64_t begun;    /* messages of which a byte came; an interim begins the one it goes before */
    uint64_t heads;    /* final heads complete */
    uint64_t interims; /* interim heads complete */
    uint64_t messages; /* complete */
    uint64_t body_bytes;   /* of the current or last message */
    uint64_t stream_bytes; /* taken in a tunnel */

    struct transcript_faults faults; /* rules of HTTP the peer broke */

    /* Private. */
    uint64_t remaining; /* bytes of the current body or chunk that are still to come */
    size_t line_start;  /* where the line under way begins in text */
    bool tunnel_next;   /* behind the message under way */
    bool unasked;       /* the message under way began when no response was due */
    bool asked_unknown; /* raw bytes were sent: nobody knows how many responses are due */
    uint8_t asked[TRANSCRIPT_ASKED_MAX];
    size_t asked_first;
    size_t asked_count;
    char *text; /* the head or trailer section under way */
    size_t text_size;
    size_t text_capacity;
    struct field_store store;
};

void transcript_init(struct transcript *transcript, enum transcript_kind kind);
void transcript_release(struct transcript *transcript);
/* Begins again for another connection; keeps the memory. */
void transcript_reset(struct transcript *transcript, enum transcript_kind kind);

/* A request was begun on this connection: one response is due, read by the rules of its method. */
void transcript_ask(struct transcript *transcript, struct bytes method);
/* Bytes were sent that may be any number of requests; text is their beginning. */
void transcript_ask_raw(struct transcript *transcript, struct bytes text);

/* Nothing behind the message under way is HTTP: an upstream's 101, or a connection that never was HTTP. */
void transcript_tunnel(struct transcript *transcript);
/* HTTP goes on within the tunnel: a client sends a request through it. */
void transcript_resume(struct transcript *transcript);

/* The number of the response that answers the last request asked. */
uint64_t transcript_due(const struct transcript *transcript);

/*
 * Takes bytes up to the next happening and says what it is; returns how many were taken. size 0 is
 * allowed and tells an end that is due. After TRANSCRIPT_MORE everything given was taken.
 */
size_t transcript_next(struct transcript *transcript, const void *data, size_t size,
                       struct transcript_piece *piece);

/* The peer's FIN after all its bytes. True if it completed a close-delimited response: an end is due. */
bool transcript_close(struct transcript *transcript);

/* Where a reader wants to stop. Numbers count from the connection's beginning, messages from 1. */
enum transcript_goal_kind {
    GOAL_BEGUN,   /* a byte of message number `message` */
    GOAL_INTERIM, /* that many interim heads, or the head of the message */
    GOAL_HEAD,    /* the head of message number `message` */
    GOAL_BODY,    /* `amount` body bytes of it, or its end */
    GOAL_MESSAGE, /* its end */
    GOAL_RAW,     /* `amount` bytes */
    GOAL_STREAM,  /* `amount` bytes in a tunnel */
    GOAL_NEVER,   /* the end of the connection */
};

struct transcript_goal {
    enum transcript_goal_kind kind;
    uint64_t message;
    uint64_t amount;
};

bool transcript_reached(const struct transcript *transcript, const struct transcript_goal *goal);
/* How many bytes may be given at once without passing the goal where data of a body or raw bytes count. */
size_t transcript_room(const struct transcript *transcript, const struct transcript_goal *goal);
/* How many bytes may be taken from the peer without any risk of passing the goal; at least 1 before it. */
size_t transcript_wanted(const struct transcript *transcript, const struct transcript_goal *goal);

#endif
