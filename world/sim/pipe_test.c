#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/base/check.h"
#include "world/sim/pipe.h"

enum {
    SNDBUF_BYTES = 9000,
    RCVBUF_BYTES = 5000,
    TOTAL_BYTES = 400 * 1000,
    PIECE_BYTES = 3001,
};

static uint8_t code(uint64_t i)
{
    return (uint8_t)(i * 131 + (i >> 8) * 7);
}

static void write_next(struct pipe *pipe, size_t size)
{
    uint8_t data[PIECE_BYTES];
    struct iovec pieces[4] = {{data, size / 3}, {NULL, 0}, {data + size / 3, size - size / 3}, {0}};

    for (size_t i = 0; i < size; i++)
        data[i] = code(pipe->written + i);
    assert_true(pipe_write(pipe, pieces, size));
}

static void read_next(struct pipe *pipe, size_t size)
{
    uint8_t data[PIECE_BYTES];
    uint64_t from = pipe->taken;
    size_t part = pipe_read(pipe, data, size);

    for (size_t i = 0; i < part; i++)
        assert_int_equal(data[i], code(from + i));
}

static size_t least(uint64_t a, uint64_t b)
{
    return (size_t)(a < b ? a : b);
}

/* All sizes of pieces, so that the ring wraps and grows at every kind of place. */
static void bytes_pass_unchanged(void **state)
{
    struct pipe pipe = {0};
    size_t turn = 0;

    (void)state;
    pipe_reset(&pipe);
    while (pipe.taken < TOTAL_BYTES) {
        size_t size = 1 + turn * 37 % PIECE_BYTES;
        uint64_t sendable;

        write_next(&pipe, least(size, pipe_writable(&pipe, SNDBUF_BYTES)));
        sendable = pipe_sendable(&pipe, RCVBUF_BYTES);
        pipe.sent += sendable;
        pipe.arrived += least(turn % 3 * 1000, pipe.sent - pipe.arrived);
        read_next(&pipe, 1 + turn * 61 % PIECE_BYTES);
        assert_true(pipe.written - pipe.arrived <= SNDBUF_BYTES);
        assert_true(pipe.sent - pipe.taken <= RCVBUF_BYTES);
        turn++;
    }
    assert_true(pipe.ring_bytes <= 2 * (SNDBUF_BYTES + RCVBUF_BYTES));
    pipe_release(&pipe);
}

static void buffers_have_limits(void **state)
{
    struct pipe pipe = {0};

    (void)state;
    assert_int_equal(pipe_writable(&pipe, 10), 10);
    write_next(&pipe, 10);
    assert_int_equal(pipe_writable(&pipe, 10), 0);
    assert_int_equal(pipe_sendable(&pipe, 4), 4);
    pipe.sent = 4;
    assert_int_equal(pipe_sendable(&pipe, 4), 0);
    assert_int_equal(pipe_writable(&pipe, 10), 0);
    pipe.arrived = 4;
    assert_int_equal(pipe_writable(&pipe, 10), 4);
    assert_int_equal(pipe_readable(&pipe), 4);
    read_next(&pipe, 1);
    assert_int_equal(pipe_sendable(&pipe, 4), 1);
    assert_int_equal(pipe_readable(&pipe), 3);
    pipe_release(&pipe);
}

static void reset_keeps_the_ring(void **state)
{
    struct pipe pipe = {0};
    uint8_t *ring;

    (void)state;
    write_next(&pipe, PIECE_BYTES);
    ring = pipe.ring;
    pipe_reset(&pipe);
    assert_ptr_equal(pipe.ring, ring);
    assert_int_equal(pipe.written, 0);
    write_next(&pipe, PIECE_BYTES);
    assert_ptr_equal(pipe.ring, ring);
    pipe_release(&pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"bytes pass unchanged, whatever the sizes", bytes_pass_unchanged, NULL, NULL, NULL},
        {"the writer's and the reader's buffer have their limits", buffers_have_limits, NULL, NULL,
         NULL},
        {"a reset keeps the ring", reset_keeps_the_ring, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
