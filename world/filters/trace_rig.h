/* For tests of the trace over the simulated world: a forwarder above it, a client and a server below. */
#ifndef WORLD_FILTERS_TRACE_RIG_H
#define WORLD_FILTERS_TRACE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world/filters/trace.h"
#include "world/sim/sim.h"

/* down and up are the program's, seen by the trace; client and server are others'. */
struct stage {
    struct world *sim, *trace;
    struct listener front, back;
    struct address front_at, back_at;
    struct stream client, down, up, server;
    struct timer timer;
    size_t fired, answered;
};

static inline void on_event(struct stream *stream, unsigned events)
{
    (void)events;
    stream_want(stream, 0);
}

static inline void on_front(struct listener *listener)
{
    struct stage *stage = listener->owner;

    assert_int_equal(world_accept(stage->trace, listener, &stage->down), 0);
}

static inline void on_back(struct listener *listener)
{
    struct stage *stage = listener->owner;

    if (!stream_in_use(&stage->server))
        assert_int_equal(world_accept(stage->sim, listener, &stage->server), 0);
}

static inline void on_time(struct timer *timer)
{
    struct stage *stage = timer->owner;

    stage->fired++;
}

static inline void on_answer(struct query *query)
{
    struct stage *stage = query->owner;

    stage->answered++;
}

static inline void stage_begin(struct stage *stage, const struct trace_options *options)
{
    *stage = (struct stage){.sim = sim_create(&(struct sim_options){.latency_ns = 50 * NS_PER_US}),
                            .front_at = address_loopback(8080),
                            .back_at = address_loopback(9001)};
    stage->trace = trace_create(stage->sim, options);
    assert_non_null(stage->trace);
    stage->front = (struct listener){.on_acceptable = on_front, .owner = stage};
    stage->back = (struct listener){.on_acceptable = on_back, .owner = stage};
    stage->client = (struct stream){.on_event = on_event, .owner = stage};
    stage->down = stage->up = stage->server = stage->client;
    stage->timer = (struct timer){.on_time = on_time, .owner = stage};
    assert_int_equal(world_listen(stage->trace, &stage->front, &stage->front_at, LISTEN_OPEN, 9),
                     0);
    assert_int_equal(world_listen(stage->sim, &stage->back, &stage->back_at, LISTEN_OPEN, 9), 0);
}

static inline void stage_end(struct stage *stage)
{
    trace_destroy(&stage->trace);
    sim_destroy(&stage->sim);
}

static inline void run(struct stage *stage)
{
    world_run(stage->trace, 1000, world_now(stage->trace) + 100 * NS_PER_US);
}

static inline void dial_both(struct stage *stage)
{
    assert_int_equal(world_connect(stage->sim, &stage->client, &stage->front_at), 0);
    assert_int_equal(world_connect(stage->trace, &stage->up, &stage->back_at), 0);
    run(stage);
}

static inline void write_zeros(struct stream *stream, size_t size)
{
    static uint8_t zeros[4096];
    struct iovec piece = {zeros, size};

    assert_int_equal(stream_write(stream, &piece, 1), size);
}

static inline void read_bytes(struct stream *stream, size_t size)
{
    uint8_t data[4096];

    assert_int_equal(stream_read(stream, data, size), size);
}

/* From one stream into the program and out of it again; each part may be 0. */
static inline void forward(struct stage *stage, struct stream *from, struct stream *into,
                           size_t size)
{
    write_zeros(from, size);
    run(stage);
    read_bytes(into, size);
}

/* The pieces are cut within the header, after an empty one. */
static inline void write_in_pieces(struct stream *stream, const char *bytes)
{
    struct iovec pieces[] = {{(void *)(uintptr_t)bytes, 0},
                             {(void *)(uintptr_t)bytes, 2},
                             {(void *)(uintptr_t)(bytes + 2), 4}};

    assert_int_equal(stream_write(stream, pieces, COUNT_OF(pieces)), 6);
}

#endif
