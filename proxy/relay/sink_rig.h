/*
 * For tests: the far end of a relay. Takes so many bytes at a time, and makes of what it takes the text that any framing of it
 * stands for: heads and trailer sections as they are, bodies without their chunks.
 */
#ifndef PROXY_RELAY_SINK_RIG_H
#define PROXY_RELAY_SINK_RIG_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proxy/http/framing.h"
#include "world/world.h"

enum { SINK_BYTES = 2048 }; /* far above what a test's messages become */

enum sink_place {
    SINK_IN_HEAD,
    SINK_IN_BODY, /* to the end of the message, or of the chunk */
    SINK_IN_CHUNK_LINE,
    SINK_IN_CHUNK_END,
    SINK_IN_TRAILERS,
    SINK_AT_END, /* of a chunked message */
};

struct sink {
    struct stream stream;
    size_t at_once;   /* bytes that one write gets rid of */
    uint64_t allowed; /* bytes that all writes together get rid of, from now on */
    bool chunked;     /* the present message */
    bool broken;      /* what came is not chunks */
    enum sink_place place;
    size_t line_size; /* of the line under way in a head or a trailer section */
    uint64_t chunk;   /* its size as far as it was read, then what is left of it */
    size_t size;
    uint8_t text[SINK_BYTES];
};

/* The next bytes are those of a message with that framing. */
static inline void sink_start(struct sink *sink, enum framing framing)
{
    sink->chunked = framing == FRAMING_CHUNKED;
    sink->place = SINK_IN_HEAD;
    sink->line_size = 0;
}

/* A line of a head or a trailer section goes on; true when it was the empty one. */
static inline bool sink_ends_section(struct sink *sink, uint8_t byte)
{
    bool empty = sink->line_size == 0;

    if (byte == '\r')
        return false;
    sink->line_size = byte == '\n' ? 0 : sink->line_size + 1;
    return byte == '\n' && empty;
}

static inline void sink_begin_chunk(struct sink *sink)
{
    sink->place = SINK_IN_CHUNK_LINE;
    sink->chunk = 0;
}

/* Our own chunks have no extensions, and digits in lower case. */
static inline void sink_take_size(struct sink *sink, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit = byte != '\0' ? strchr(digits, byte) : NULL;

    if (digit != NULL) {
        sink->chunk = sink->chunk * 16 + (uint64_t)(digit - digits);
    } else if (byte == '\n') {
        sink->place = sink->chunk > 0 ? SINK_IN_BODY : SINK_IN_TRAILERS;
        sink->line_size = 0;
    } else {
        sink->broken |= byte != '\r';
    }
}

/* False: the byte was framing. */
static inline bool sink_takes_text(struct sink *sink, uint8_t byte)
{
    switch (sink->place) {
    case SINK_IN_HEAD:
        if (sink_ends_section(sink, byte)) {
            sink->place = SINK_IN_BODY;
            if (sink->chunked)
                sink_begin_chunk(sink);
        }
        return true;
    case SINK_IN_BODY:
        if (sink->chunked && --sink->chunk == 0)
            sink->place = SINK_IN_CHUNK_END;
        return true;
    case SINK_IN_CHUNK_LINE:
        sink_take_size(sink, byte);
        return false;
    case SINK_IN_CHUNK_END:
        sink->broken |= byte != '\r' && byte != '\n';
        if (byte == '\n')
            sink_begin_chunk(sink);
        return false;
    case SINK_IN_TRAILERS:
        if (sink_ends_section(sink, byte))
            sink->place = SINK_AT_END;
        return true;
    case SINK_AT_END:
    default:
        sink->broken = true;
        return true;
    }
}

static inline void sink_take(struct sink *sink, uint8_t byte)
{
    if (!sink_takes_text(sink, byte))
        return;
    check(sink->size < sizeof(sink->text));
    sink->text[sink->size++] = byte;
}

static inline ssize_t sink_write(struct stream *stream, const struct iovec *pieces, int count)
{
    struct sink *sink = stream->owner;
    size_t most = sink->at_once < sink->allowed ? sink->at_once : (size_t)sink->allowed;
    size_t taken = 0;

    for (int i = 0; i < count; i++) {
        const uint8_t *data = pieces[i].iov_base;

        for (size_t j = 0; j < pieces[i].iov_len && taken < most; j++, taken++)
            sink_take(sink, data[j]);
    }
    sink->allowed -= taken;
    return taken > 0 ? (ssize_t)taken : -EAGAIN;
}

static inline void sink_init(struct sink *sink, size_t at_once, uint64_t allowed)
{
    static const struct stream_ops OPS = {.write = sink_write};

    *sink = (struct sink){.at_once = at_once, .allowed = allowed};
    sink->stream = (struct stream){.ops = &OPS, .impl = sink, .owner = sink};
}

#endif
