/*
 * An outgoing message, addressed by position on the wire: any piece of it can be made at any time, so
 * that a body is never stored.
 *
 *   start line | mark | fields, empty line | body data with its framing | tail
 *                     ^ the mark is what play time knows: Host and X-Request, or X-Attempt
 *
 * In the start line of a request stands before its target what play time knows of that: the place of its upstream, or a prefix.
 *
 * Ownership: refers to the draft, which outlives it. Pure.
 */
#ifndef FAKEUPSTREAM_WIRE_MESSAGE_H
#define FAKEUPSTREAM_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/wire/draft.h"

enum {
    MESSAGE_PLACE_BYTES = 272, /* a DNS name or an address, a port and a NUL */
    MESSAGE_MARK_BYTES =
        1536, /* a place as Host, a name and two ordinals, and fields that a user adds */
};

struct message {
    const struct draft *draft;
    uint64_t seed;
    bool
        bodiless; /* HTTP forbids the body here: status 304, or set by the caller: an answer to HEAD */
    size_t place_size; /* 0: the start line has none */
    char place[MESSAGE_PLACE_BYTES];
    size_t mark_size;
    char mark[MESSAGE_MARK_BYTES];
};

/* mark: whole field lines with their line ends, at most MESSAGE_MARK_BYTES; copied. */
void message_init(struct message *message, const struct draft *draft, struct bytes mark,
                  uint64_t seed);

/*
 * What play time knows of a request's target and comes first in it: for a draft with `to` where that upstream is, "HOST:PORT";
 * else a prefix of the path. Copied. Before anything is asked of the message.
 */
void message_set_place(struct message *message, struct bytes place);

/* Positions, counted in bytes from the start of the message. */
uint64_t message_head_end(const struct message *message);
/* Just behind body byte number `count`; 0 gives the end of the head. Past the last byte: message_body_end(). */
uint64_t message_body_position(const struct message *message, uint64_t count);
/* Behind the last body byte and, where chunked, its line end: all but the last chunk. */
uint64_t message_body_end(const struct message *message);
uint64_t message_end(const struct message *message);
/* How many body bytes lie wholly before a position. */
uint64_t message_body_before(const struct message *message, uint64_t position);

/* Writes the bytes from offset on, as many as there are, at most size. Returns how many. */
size_t message_fill(const struct message *message, uint64_t offset, void *buffer, size_t size);

#endif
