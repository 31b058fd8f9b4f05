#include "world/conformance/bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What every end sends from byte position on, for at least BENCH_PIECE_BYTES. */
static uint8_t *expected(struct bench *bench, size_t position)
{
    return bench->pattern + position % BENCH_PATTERN_BYTES;
}

static void make_pattern(struct bench *bench)
{
    for (size_t i = 0; i < sizeof(bench->pattern); i++) {
        size_t place = i % BENCH_PATTERN_BYTES;

        bench->pattern[i] = (uint8_t)(place * 131 + (place >> 8) * 7);
    }
}

/* ---- ends -------------------------------------------------------------------------------------- */

static void on_event(struct stream *stream, unsigned events)
{
    struct end *end = stream->owner;

    assert_false(end->bench->in_downcall);
    assert_true(stream_in_use(stream));
    assert_int_not_equal(events, 0);
    end->upcalls++;
    if (end->act != NULL)
        end->act(end, events);
    else
        end_act(end, events);
}

void end_init(struct end *end, struct bench *bench)
{
    *end = (struct end){.bench = bench, .read_most = BENCH_PIECE_BYTES};
    end->stream.on_event = on_event;
    end->stream.owner = end;
    end->wanted = STREAM_OPEN;
}

void end_want(struct end *end, unsigned events)
{
    end->wanted = events;
    stream_want(&end->stream, events);
}

void end_send(struct end *end, size_t bytes)
{
    end->to_send += bytes;
    end_want(end, end->wanted | STREAM_WRITE);
}

void end_read(struct end *end)
{
    end_want(end, end->wanted | STREAM_READ);
}

ssize_t end_read_once(struct end *end)
{
    uint8_t *data = end->bench->buffer;
    ssize_t result = stream_read(&end->stream, data, end->read_most);

    if (result > 0) {
        assert_memory_equal(data, expected(end->bench, end->got), (size_t)result);
        end->got += (size_t)result;
    }
    return result;
}

/* In two pieces, because a vector is what the seam takes. */
ssize_t end_write_once(struct end *end, size_t bytes)
{
    uint8_t *data = expected(end->bench, end->sent);
    size_t size = bytes < BENCH_PIECE_BYTES ? bytes : BENCH_PIECE_BYTES;
    struct iovec pieces[2] = {{data, size / 2}, {data + size / 2, size - size / 2}};
    ssize_t result;

    result = stream_write(&end->stream, pieces, 2);
    if (result > 0)
        end->sent += (size_t)result;
    return result;
}

static void act_on_read(struct end *end)
{
    ssize_t result = end_read_once(end);

    if (result > 0 || result == -EAGAIN)
        return;
    end->ends++;
    end->end_result = (int)result;
    end_want(end, end->wanted & ~(unsigned)STREAM_READ);
}

static void act_on_write(struct end *end)
{
    ssize_t result;

    if (end->sent < end->to_send) {
        result = end_write_once(end, end->to_send - end->sent);
        if (result < 0 && result != -EAGAIN) {
            end->failures++;
            end->failure_result = (int)result;
            end->to_send = end->sent;
        }
    }
    if (end->sent >= end->to_send)
        end_want(end, end->wanted & ~(unsigned)STREAM_WRITE);
}

void end_act(struct end *end, unsigned events)
{
    end->closes += (events & STREAM_CLOSED) != 0;
    if ((events & STREAM_OPEN) != 0 && stream_status(&end->stream) != -EINPROGRESS) {
        end->opens++;
        end->open_status = stream_status(&end->stream);
        end_want(end, end->wanted & ~(unsigned)STREAM_OPEN);
    }
    if ((events & STREAM_READ) != 0)
        act_on_read(end);
    if ((events & STREAM_WRITE) != 0)
        act_on_write(end);
}

/* ---- benches ----------------------------------------------------------------------------------- */

static void on_acceptable(struct listener *listener)
{
    struct bench *bench = listener->owner;

    assert_false(bench->in_downcall);
    bench->acceptables++;
    if (!bench->accepts || stream_in_use(&bench->server.stream))
        return;
    if (world_accept(bench->world, listener, &bench->server.stream) != 0)
        return;
    if (stream_status(&bench->server.stream) == 0)
        bench->server.opens++;
    else
        end_want(&bench->server, STREAM_OPEN); /* a filter that is not done with it yet */
}

static void on_failed_check(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

void bench_begin(struct bench *bench, const struct world_kind *kind)
{
    memset(bench, 0, sizeof(*bench));
    bench->kind = kind;
    make_pattern(bench);
    bench->accepts = true;
    bench->address = address_loopback(0);
    bench->listener = (struct listener){.on_acceptable = on_acceptable, .owner = bench};
    end_init(&bench->client, bench);
    end_init(&bench->server, bench);
    bench->server.wanted = 0;
    check_handle_with(on_failed_check, NULL);
    kind->create(bench);
}

static void close_if_open(struct end *end)
{
    if (stream_in_use(&end->stream))
        stream_close(&end->stream, STREAM_RST);
}

void bench_finish(struct bench *bench)
{
    size_t left = 0;

    close_if_open(&bench->client);
    close_if_open(&bench->server);
    if (bench->listener.impl != NULL)
        world_unlisten(bench->world, &bench->listener);
    timer_stop(bench->world, &bench->extra_timer);
    while (bench->layer_count > 0) {
        struct layer *layer = &bench->layers[--bench->layer_count];

        if (layer->count != NULL)
            left += layer->count(layer->world);
        layer->destroy(&layer->world);
    }
    check_handle_with(NULL, NULL);
    assert_int_equal(left, 0);
}

void bench_listen(struct bench *bench, enum listen_mode mode)
{
    assert_int_equal(world_listen(bench->world, &bench->listener, &bench->address, mode, 16), 0);
    assert_int_not_equal(bench->address.port, 0);
}

void bench_dial(struct bench *bench)
{
    assert_int_equal(world_connect(bench->world, &bench->client.stream, &bench->address), 0);
    assert_true(stream_in_use(&bench->client.stream));
}

void bench_connect(struct bench *bench)
{
    bench_listen(bench, LISTEN_OPEN);
    bench_dial(bench);
    bench_await(bench, &bench->client.opens, 1);
    bench_await(bench, &bench->server.opens, 1);
    assert_int_equal(bench->client.open_status, 0);
    assert_int_equal(stream_status(&bench->server.stream), 0);
}

void bench_await(struct bench *bench, const size_t *count, size_t at_least)
{
    uint64_t limit_ns = world_now(bench->world) + BENCH_AWAIT_S * NS_PER_S;

    while (*count < at_least)
        if (world_run(bench->world, 1, limit_ns) != RUN_STEPS)
            break;
    assert_true(*count >= at_least);
}

void bench_settle(struct bench *bench)
{
    uint64_t until_ns = world_now(bench->world) + BENCH_SETTLE_MS * NS_PER_MS;

    world_run(bench->world, UINT64_MAX, until_ns);
}
