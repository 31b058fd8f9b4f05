/*
 * The window one direction of an exchange is read through: bytes as they came, then decoded body bytes, in one fixed
 * buffer. Nothing else in the proxy holds body bytes.
 *
 *     data:  | free | body, decoded | gap | raw, not yet read as HTTP | free |
 *
 * Decoding moves body bytes down over the framing that stood before them, so the body is always one slice. The source is
 * read again only when half of the window is free, so that moving costs at most a copy per byte.
 *
 * Ownership: embedded; owns its buffer from inlet_init() to inlet_release(). Limits: window_bytes in all. Heads are
 * copied as they are read, so they may be larger than the window.
 */
#ifndef PROXY_RELAY_INLET_H
#define PROXY_RELAY_INLET_H

#include "proxy/wire/http1_reader.h"
#include "world/world.h"

struct inlet {
    struct http1_reader reader;
    struct head head;
    struct head trailers;
    uint8_t *data;
    size_t window_bytes;
    size_t body_begin;
    size_t body_end;
    size_t raw_begin;
    size_t raw_end;
    uint64_t body_total; /* decoded body bytes of this message so far */
    bool message_ended;  /* the message is complete */
    bool input_ended;    /* the source said end of file */
    bool refused;        /* reader.refusal says why */
    bool incomplete;     /* refused because the input ended within the message */
    bool blind; /* no messages any more: whatever comes is handed on, to the end of the input */
};

struct inlet_settings {
    enum reader_kind kind;
    size_t window_bytes;
    size_t head_room; /* bytes that may be added to a head after it was read */
    struct reader_limits limits;
};

/* False when memory has run out; nothing is held then. */
MUST_USE bool inlet_init(struct inlet *inlet, const struct inlet_settings *settings);
void inlet_release(struct inlet *inlet);

/* Ready for the next message of the same source; raw bytes that came already are kept. */
void inlet_next_message(struct inlet *inlet);
/* Ready for a new source: whatever was held is gone. */
void inlet_restart(struct inlet *inlet);

/*
 * From here on nothing is read as HTTP: what has come behind the present message, and all that comes, is the body, which
 * ends with the input; body_total does not count it. For the rest of this source.
 */
void inlet_go_blind(struct inlet *inlet);

/* Whether a read is worth while: at least half of the window is free and the message goes on. */
bool inlet_has_room(const struct inlet *inlet);

/*
 * Reads once from the stream. > 0: so many bytes came; 0: end of file, noted; -EAGAIN; else the stream's error.
 * Ask inlet_has_room() first.
 */
ssize_t inlet_fill(struct inlet *inlet, struct stream *stream);

/*
 * READER_HEAD, READER_REFUSED, READER_MORE (with input_ended set: the source ended between two messages), or
 * READER_END of the 1xx that was read before.
 */
MUST_USE enum reader_step inlet_read_head(struct inlet *inlet);

/* Decodes what can be decoded, up to the end of the message. False when the input is refused. */
MUST_USE bool inlet_decode(struct inlet *inlet);

/* Decoded body bytes that wait to be sent, and taking some of them off the front. */
struct bytes inlet_body(const struct inlet *inlet);
void inlet_consume(struct inlet *inlet, size_t size);

/* Whether some of the present message's head was read; an empty line before it is none of it. */
bool inlet_head_begun(const struct inlet *inlet);

/* All bytes held, decoded or not. */
size_t inlet_held(const struct inlet *inlet);
/* Bytes that came and were not read as part of the present message. */
size_t inlet_raw(const struct inlet *inlet);

#endif
