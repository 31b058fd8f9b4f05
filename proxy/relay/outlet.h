/*
 * The sending half of one direction: a head, then the body with its framing, then trailers, written from where they wait
 * without a copy. Remembers to the byte what the stream has accepted.
 *
 * A declared length is kept to the byte: nothing is written past it, and its last byte goes only when it is known that
 * nothing comes behind it. So a body of another length than was said is never taken for whole at the other end.
 *
 * Ownership: embedded; the memory of the head and of the supply belongs to the caller. Limits: one piece (what waits at
 * that moment) is one chunk on the wire.
 */
#ifndef PROXY_RELAY_OUTLET_H
#define PROXY_RELAY_OUTLET_H

#include "proxy/http/framing.h"
#include "proxy/wire/http1_writer.h"
#include "world/world.h"

enum {
    /* Trailers as they were stored, four bytes more a field on the wire, and the last chunk. */
    OUTLET_TAIL_BYTES = TRAILER_BYTES_MAX + 4 * HEAD_FIELDS_MAX + 16,
};

enum outlet_state {
    OUTLET_IDLE,       /* nothing waits; the body may bring more */
    OUTLET_BLOCKED,    /* the stream takes no more now: want STREAM_WRITE */
    OUTLET_ENDED,      /* the whole message was accepted by the stream */
    OUTLET_BROKEN,     /* the stream refused to write: os_error says why */
    OUTLET_MISMATCHED, /* the body is longer or shorter than was declared; no more of it is written */
};

/*
 * What waits to be sent. Between two writes the caller takes what was accepted off the front of body and may add to its
 * end, nothing else: of a chunk whose size is written, the rest is the front of the next supply.
 */
struct outlet_supply {
    struct bytes body;           /* decoded, in order */
    bool complete;               /* nothing comes behind it */
    const struct head *trailers; /* for a chunked message, looked at when complete; may be NULL */
};

struct outlet {
    struct bytes head;       /* what is left of it */
    enum framing framing;    /* on this side: FRAMING_CLOSE writes body bytes as they are */
    uint64_t content_length; /* FRAMING_LENGTH: what the head declares */
    bool body_allowed;       /* false: the head is all there is, whatever the framing says */
    struct bytes prefix;     /* what is left of the chunk's size line */
    uint8_t prefix_store[CHUNK_PREFIX_BYTES_MAX];
    size_t piece;        /* body bytes of the present piece not yet accepted */
    struct bytes suffix; /* what is left of what follows the piece */
    uint8_t *tail_store; /* OUTLET_TAIL_BYTES; the last chunk and the trailers are written here */
    bool tail_made;
    enum outlet_state state;
    int os_error;
    uint64_t head_accepted; /* bytes of the head taken so far */
    uint64_t body_accepted; /* decoded body bytes taken so far */
};

/* Ready for one message. head and tail_store stay with the caller until the end. */
struct outlet_message {
    struct bytes head;
    enum framing framing;
    uint64_t content_length; /* FRAMING_LENGTH */
    bool body_allowed;
    uint8_t *tail_store; /* FRAMING_CHUNKED */
};
void outlet_start(struct outlet *outlet, const struct outlet_message *message);

/*
 * Writes once: as much of the head and of the supply as the stream takes. Returns the state it is in then; harmless to
 * call at any time. By so much as body_accepted has grown the caller shortens body, at its front. supply may be NULL for
 * a message without a body.
 */
enum outlet_state outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                               struct stream *stream);

/*
 * Whether outlet_write() would go on: some of the message has been made ready, or has come and can be sent, and was not
 * accepted yet; or what came ends the message, or can no longer be it, and no write has found that yet.
 */
bool outlet_has_pending(const struct outlet *outlet, const struct outlet_supply *supply);

#endif
