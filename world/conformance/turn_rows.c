/* Upcalls: when they come, when they do not, and how much one of them may do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/conformance/bench.h"

enum { MESSAGE_BYTES = 10 };

static void count_timer(struct timer *timer)
{
    size_t *count = timer->owner;

    (*count)++;
}

static void count_answer(struct query *query)
{
    size_t *count = query->owner;

    (*count)++;
}

/* Every downcall that could bring news at once; the ends and the listener refuse upcalls meanwhile. */
static void downcalls_call_nobody(struct bench *bench)
{
    size_t fired = 0, answered = 0;
    struct query query = {.on_answer = count_answer, .owner = &answered};

    bench_connect(bench);
    end_send(&bench->server, MESSAGE_BYTES);
    bench_await(bench, &bench->server.sent, MESSAGE_BYTES);
    bench_settle(bench);

    bench->in_downcall = true;
    bench->extra_timer = (struct timer){.on_time = count_timer, .owner = &fired};
    timer_set(bench->world, &bench->extra_timer, world_now(bench->world));
    assert_int_equal(world_resolve(bench->world, &query, "127.0.0.1", 80), 0);
    end_want(&bench->client, STREAM_READ | STREAM_WRITE | STREAM_CLOSED);
    assert_int_equal(end_write_once(&bench->client, 1), 1);
    stream_close(&bench->server.stream, STREAM_RST);
    assert_int_equal(fired + answered, 0);
    bench->in_downcall = false;

    bench_await(bench, &fired, 1);
    bench_await(bench, &answered, 1);
    bench_await(bench, &bench->client.closes, 1);
}

static void close_is_final(struct bench *bench)
{
    bench_connect(bench);
    end_send(&bench->server, MESSAGE_BYTES);
    bench_await(bench, &bench->server.sent, MESSAGE_BYTES);
    end_read(&bench->client);
    stream_close(&bench->client.stream, STREAM_FIN);
    bench->client.upcalls = 0;
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls, 0);
}

static void stream_is_used_again(struct bench *bench)
{
    bench_connect(bench);
    stream_close(&bench->client.stream, STREAM_RST);
    stream_close(&bench->server.stream, STREAM_FIN);
    end_init(&bench->client, bench);
    end_init(&bench->server, bench);
    bench->server.wanted = 0;
    bench_dial(bench);
    bench_await(bench, &bench->client.opens, 1);
    bench_await(bench, &bench->server.opens, 1);
    end_send(&bench->client, MESSAGE_BYTES);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, MESSAGE_BYTES);
    assert_int_equal(bench->server.ends, 0);
}

static void close_both(struct end *end, unsigned events)
{
    (void)events;
    stream_close(&end->bench->client.stream, STREAM_FIN);
    stream_close(&end->bench->server.stream, STREAM_FIN);
}

/* Both ends are ready; whichever is called first closes both, and the other is not called any more. */
static void upcall_closes_others(struct bench *bench)
{
    bench_connect(bench);
    bench->client.upcalls = 0;
    bench->server.upcalls = 0;
    bench->client.act = close_both;
    bench->server.act = close_both;
    end_want(&bench->client, STREAM_WRITE);
    end_want(&bench->server, STREAM_WRITE);
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls + bench->server.upcalls, 1);
}

static void ignore(struct end *end, unsigned events)
{
    (void)end;
    (void)events;
}

static void levels_go_on(struct bench *bench)
{
    size_t before;

    bench_connect(bench);
    end_send(&bench->client, MESSAGE_BYTES);
    end_send(&bench->server, MESSAGE_BYTES);
    bench_await(bench, &bench->client.sent, MESSAGE_BYTES);
    bench_await(bench, &bench->server.sent, MESSAGE_BYTES);
    bench_settle(bench);
    bench->client.act = ignore;
    bench->server.act = ignore;
    end_want(&bench->client, STREAM_READ);
    end_want(&bench->server, STREAM_READ);
    before = bench->server.upcalls;
    bench->client.upcalls = 0;
    bench_await(bench, &bench->client.upcalls, 10);
    assert_true(bench->server.upcalls - before >= 5);
}

static void unwanted_is_not_called(struct bench *bench)
{
    bench_connect(bench);
    end_send(&bench->server, MESSAGE_BYTES);
    bench_await(bench, &bench->server.sent, MESSAGE_BYTES);
    end_want(&bench->client, STREAM_READ);
    end_want(&bench->client, 0);
    bench->client.upcalls = 0;
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls, 0);
    end_read(&bench->client);
    bench_await(bench, &bench->client.got, MESSAGE_BYTES);
}

static void read_twice(struct end *end, unsigned events)
{
    ssize_t first;

    (void)events;
    end->read_most = 4;
    first = end_read_once(end);
    if (first != -EAGAIN)
        assert_int_equal(end_read_once(end), -EAGAIN);
}

static void one_read_per_upcall(struct bench *bench)
{
    bench_connect(bench);
    end_send(&bench->server, MESSAGE_BYTES);
    bench_await(bench, &bench->server.sent, MESSAGE_BYTES);
    bench_settle(bench);
    bench->client.act = read_twice;
    end_want(&bench->client, STREAM_READ);
    bench_await(bench, &bench->client.got, MESSAGE_BYTES);
    assert_true(bench->client.upcalls >= 3);
}

static void write_twice(struct end *end, unsigned events)
{
    (void)events;
    if (end_write_once(end, 4) != -EAGAIN)
        assert_int_equal(end_write_once(end, 4), -EAGAIN);
    if (end->sent >= MESSAGE_BYTES)
        end_want(end, 0);
}

static void one_write_per_upcall(struct bench *bench)
{
    bench_connect(bench);
    bench->client.act = write_twice;
    bench->client.upcalls = 0;
    end_want(&bench->client, STREAM_WRITE);
    bench_await(bench, &bench->client.sent, MESSAGE_BYTES);
    assert_true(bench->client.upcalls >= 3);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, MESSAGE_BYTES);
}

static void run_stops_at_steps(struct bench *bench)
{
    bench_connect(bench);
    bench->client.act = ignore;
    bench->client.upcalls = 0;
    end_want(&bench->client, STREAM_WRITE);
    assert_int_equal(world_run(bench->world, 3, TIME_NEVER), RUN_STEPS);
    assert_int_equal(bench->client.upcalls, 3);
}

static void run_stops_at_time(struct bench *bench)
{
    uint64_t until_ns = world_now(bench->world) + 5 * NS_PER_MS;
    size_t fired = 0;

    bench->extra_timer = (struct timer){.on_time = count_timer, .owner = &fired};
    timer_set(bench->world, &bench->extra_timer, until_ns + 60 * NS_PER_S);
    assert_int_equal(world_run(bench->world, UINT64_MAX, until_ns), RUN_UNTIL);
    assert_true(world_now(bench->world) >= until_ns);
    assert_int_equal(fired, 0);
}

static void run_ends_when_nothing_is_left(struct bench *bench)
{
    size_t fired = 0;

    bench->extra_timer = (struct timer){.on_time = count_timer, .owner = &fired};
    timer_set(bench->world, &bench->extra_timer, world_now(bench->world) + NS_PER_MS);
    assert_int_equal(world_run(bench->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
    assert_int_equal(fired, 1);
}

const struct row TURN_ROWS[] = {
    {"no upcall comes from within a downcall", downcalls_call_nobody},
    {"no upcall comes after close", close_is_final},
    {"a closed stream may be used again at once", stream_is_used_again},
    {"a stream closed by another's upcall is not called", upcall_closes_others},
    {"a wanted level goes on bringing upcalls, in turn with others", levels_go_on},
    {"an unwanted level brings none", unwanted_is_not_called},
    {"one read takes effect per upcall, and the rest brings another", one_read_per_upcall},
    {"one write takes effect per upcall, and another upcall comes", one_write_per_upcall},
    {"a run stops after so many upcalls", run_stops_at_steps},
    {"a run stops at a time and not before", run_stops_at_time},
    {"a run ends when nothing can happen any more", run_ends_when_nothing_is_left},
    {0},
};
