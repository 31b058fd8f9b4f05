/*
 * Bytes of a connection read once more by the strict parser: what a message really was, where a fault garbled it or a script
 * wrote it raw, and what stood on the wire up to a byte.
 *
 * Ownership: what is read lives in the region that was given. The parser's own buffer is allocated and given back, so that
 * this is for runs in which something of the kind came about. Pure but for that.
 * Limits: those of what witnesses keep, WITNESS_STREAM_BYTES_MAX of each direction.
 */
#ifndef HARNESS_VERDICT_WIRE_READING_H
#define HARNESS_VERDICT_WIRE_READING_H

#include "fakeupstream/wire/draft.h"
#include "fakeupstream/wire/witness.h"

struct wire_question {
    enum transcript_kind kind;
    struct bytes wire; /* from the connection's first byte on */
    uint64_t bytes;    /* all that went that way; more than are kept cannot be read */
    bool closed;       /* a FIN came behind it */
    const struct witness *
        asked_by; /* responses: whose requests they answer, sent (a client) or received (an upstream); may be NULL */
    uint64_t number; /* of the message, from 1 */
};

struct wire_reading {
    struct draft draft; /* what it says: method, target, status, fields, framing, body as text */
    bool head_complete;
    bool complete;
    bool faulty; /* a rule of HTTP was broken in it, or before it */
    size_t head_bytes;
};

/* False when the region is full, not a byte of the message is there, or not all of the wire. */
MUST_USE bool wire_reading_make(const struct wire_question *question, struct region *region,
                                struct wire_reading *out);

/* Takes the 1xx heads off the front, but for a 101, behind which comes another protocol; how many, which may be more than max. */
size_t wire_reading_take_interims(struct bytes *wire, unsigned *statuses, size_t max);
/* Whether these bytes may be the beginning of another 1xx head. */
bool wire_reading_may_be_interim(struct bytes wire);
/* The place behind so many heads from a place on; SIZE_MAX where there are fewer. */
size_t wire_reading_behind_heads(struct bytes wire, size_t at, size_t heads);

#endif
