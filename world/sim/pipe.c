#include "world/sim/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

enum { RING_BYTES_FIRST = 2048 }; /* a small message; two pipes stay within a first-level cache */

void pipe_reset(struct pipe *pipe)
{
    *pipe = (struct pipe){.ring = pipe->ring, .ring_bytes = pipe->ring_bytes};
}

void pipe_release(struct pipe *pipe)
{
    free(pipe->ring);
    *pipe = (struct pipe){0};
}

/* Bytes from this position on that lie side by side in the ring, at most size. */
static size_t run_at(const struct pipe *pipe, uint64_t position, size_t size)
{
    size_t to_end = pipe->ring_bytes - (size_t)(position & (pipe->ring_bytes - 1));

    return size < to_end ? size : to_end;
}

static uint8_t *place_of(const struct pipe *pipe, uint64_t position)
{
    return pipe->ring + (position & (pipe->ring_bytes - 1));
}

static void copy_out(const struct pipe *pipe, uint64_t position, uint8_t *data, size_t size)
{
    size_t first = run_at(pipe, position, size);

    memcpy(data, place_of(pipe, position), first);
    if (size > first)
        memcpy(data + first, pipe->ring, size - first);
}

static void copy_in(struct pipe *pipe, uint64_t position, const uint8_t *data, size_t size)
{
    size_t first = run_at(pipe, position, size);

    memcpy(place_of(pipe, position), data, first);
    if (size > first)
        memcpy(pipe->ring, data + first, size - first);
}

/* Makes the ring hold what is in it and size bytes more. */
static bool make_room(struct pipe *pipe, size_t size)
{
    size_t held = (size_t)(pipe->written - pipe->taken);
    struct pipe grown = *pipe;

    if (held + size <= pipe->ring_bytes)
        return true;
    if (grown.ring_bytes == 0)
        grown.ring_bytes = RING_BYTES_FIRST;
    while (grown.ring_bytes < held + size)
        grown.ring_bytes *= 2;
    grown.ring = malloc(grown.ring_bytes);
    if (grown.ring == NULL)
        return false;
    for (uint64_t at = pipe->taken; at < pipe->written;) {
        size_t run = run_at(pipe, at, (size_t)(pipe->written - at));

        copy_in(&grown, at, place_of(pipe, at), run);
        at += run;
    }
    free(pipe->ring);
    *pipe = grown;
    return true;
}

bool pipe_write(struct pipe *pipe, const struct iovec *pieces, size_t size)
{
    if (!make_room(pipe, size))
        return false;
    for (; size > 0; pieces++) {
        size_t part = pieces->iov_len < size ? pieces->iov_len : size;

        if (part == 0)
            continue;
        copy_in(pipe, pipe->written, pieces->iov_base, part);
        pipe->written += part;
        size -= part;
    }
    return true;
}

size_t pipe_read(struct pipe *pipe, void *data, size_t size)
{
    uint64_t readable = pipe_readable(pipe);
    size_t part = readable < size ? (size_t)readable : size;

    check(pipe->arrived <= pipe->sent);
    if (part == 0)
        return 0;
    copy_out(pipe, pipe->taken, data, part);
    pipe->taken += part;
    return part;
}
