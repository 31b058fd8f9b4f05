/*
 * One direction of a connection: bytes between a writer and a reader, and how far each of them is.
 *
 *     taken <= arrived <= sent <= written       positions since the connection began
 *       |---------|          what the reader may read: its receive buffer
 *                 |--------| on the way
 *                 |---------------| the writer's send buffer
 *
 * Bytes do not move; positions do. Ownership: the ring grows by doubling up to what the two buffers
 * may hold, and is kept over pipe_reset().
 */
#ifndef WORLD_SIM_PIPE_H
#define WORLD_SIM_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct pipe {
    uint8_t *ring;
    size_t ring_bytes; /* a power of two, or 0 */
    uint64_t taken, arrived, sent, written;
    bool end_asked;   /* FIN follows the last byte written */
    bool end_sent;    /* FIN is on the way or there */
    bool end_arrived; /* the reader may know of it */
};

void pipe_reset(struct pipe *pipe);
void pipe_release(struct pipe *pipe);

/* Bytes the reader may read. */
static inline uint64_t pipe_readable(const struct pipe *pipe)
{
    return pipe->arrived - pipe->taken;
}

/* Bytes the writer may write, for a send buffer of that size. */
static inline uint64_t pipe_writable(const struct pipe *pipe, size_t sndbuf_bytes)
{
    uint64_t waiting = pipe->written - pipe->arrived;

    return waiting < sndbuf_bytes ? sndbuf_bytes - waiting : 0;
}

/* Bytes that may be sent on their way now, for a receive buffer of that size. */
static inline uint64_t pipe_sendable(const struct pipe *pipe, size_t rcvbuf_bytes)
{
    uint64_t waiting = pipe->written - pipe->sent;
    uint64_t room = rcvbuf_bytes - (pipe->sent - pipe->taken);

    return waiting < room ? waiting : room;
}

/*
 * Takes the first size bytes of pieces, which must be there, behind those written before. The caller
 * keeps size within pipe_writable(). False when memory runs out: then nothing was taken.
 */
bool pipe_write(struct pipe *pipe, const struct iovec *pieces, size_t size);

/* Hands out at most size of the readable bytes; returns how many. */
size_t pipe_read(struct pipe *pipe, void *data, size_t size);

#endif
