/* Listening, dialling, names, and running out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/conformance/bench.h"

static void expect_refused(struct bench *bench)
{
    bench_dial(bench);
    bench_await(bench, &bench->client.opens, 1);
    assert_int_equal(bench->client.open_status, -ECONNREFUSED);
    assert_int_equal(stream_status(&bench->client.stream), -ECONNREFUSED);
    end_read(&bench->client);
    bench_await(bench, &bench->client.ends, 1);
    assert_int_equal(bench->client.end_result, -ECONNREFUSED);
    assert_int_equal(bench->client.got, 0);
}

/* Row 12 of the kernel's truth table, in the two ways in which an address has nobody listening. */
static void refused_address(struct bench *bench)
{
    bench_listen(bench, LISTEN_REFUSED);
    expect_refused(bench);
    assert_int_equal(bench->acceptables, 0);
}

static void address_without_listener(struct bench *bench)
{
    bench_listen(bench, LISTEN_OPEN);
    world_unlisten(bench->world, &bench->listener);
    expect_refused(bench);
}

static void blackhole(struct bench *bench)
{
    bench_listen(bench, LISTEN_BLACKHOLE);
    bench_dial(bench);
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls, 0);
    assert_int_equal(stream_status(&bench->client.stream), -EINPROGRESS);
    stream_close(&bench->client.stream, STREAM_FIN);
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls, 0);
}

static void closed_while_connecting(struct bench *bench)
{
    bench_listen(bench, LISTEN_OPEN);
    bench_dial(bench);
    stream_close(&bench->client.stream, STREAM_RST);
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls, 0);
}

static void any_port(struct bench *bench)
{
    struct listener other = bench->listener;
    struct address address = address_loopback(0);

    bench_listen(bench, LISTEN_OPEN);
    assert_int_equal(world_listen(bench->world, &other, &address, LISTEN_OPEN, 1), 0);
    assert_int_not_equal(address.port, 0);
    assert_int_not_equal(address.port, bench->address.port);
    world_unlisten(bench->world, &other);
    address = bench->address;
    assert_int_equal(world_listen(bench->world, &other, &address, LISTEN_OPEN, 1), -EADDRINUSE);
    assert_null(other.impl);
}

static void listening_again(struct bench *bench)
{
    bench_listen(bench, LISTEN_OPEN);
    world_unlisten(bench->world, &bench->listener);
    bench_connect(bench);
}

/* A second dialler beside the client, for rows that need two. */
static void dial_another(struct bench *bench, struct end *end)
{
    end_init(end, bench);
    assert_int_equal(world_connect(bench->world, &end->stream, &bench->address), 0);
}

static void listener_is_level_triggered(struct bench *bench)
{
    struct end other;

    bench->accepts = false;
    bench_listen(bench, LISTEN_OPEN);
    bench_dial(bench);
    dial_another(bench, &other);
    bench_await(bench, &bench->acceptables, 3);
    bench->accepts = true;
    bench_await(bench, &bench->server.opens, 1);
    bench->acceptables = 0;
    bench_await(bench, &bench->acceptables, 1);
    stream_close(&bench->server.stream, STREAM_FIN);
    bench_await(bench, &bench->server.opens, 2);
    stream_close(&other.stream, STREAM_FIN);
    bench->acceptables = 0;
    bench_settle(bench);
    assert_int_equal(bench->acceptables, 0);
    end_init(&other, bench);
    assert_int_equal(world_accept(bench->world, &bench->listener, &other.stream), -EAGAIN);
}

static void unlisten_resets(struct bench *bench)
{
    bench->accepts = false;
    bench_listen(bench, LISTEN_OPEN);
    bench_dial(bench);
    bench_await(bench, &bench->client.opens, 1);
    bench_await(bench, &bench->acceptables, 1);
    world_unlisten(bench->world, &bench->listener);
    bench->acceptables = 0;
    end_read(&bench->client);
    bench_await(bench, &bench->client.ends, 1);
    assert_int_equal(bench->client.end_result, -ECONNRESET);
    assert_int_equal(bench->acceptables, 0);
}

static void accepted_streams_outlive_listener(struct bench *bench)
{
    bench_connect(bench);
    world_unlisten(bench->world, &bench->listener);
    end_send(&bench->client, 10);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, 10);
}

/* ---- running out ------------------------------------------------------------------------------- */

static void fill(struct bench *bench, struct end *ends, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dial_another(bench, &ends[i]);
}

static void empty(struct end *ends, size_t count)
{
    for (size_t i = 0; i < count; i++)
        stream_close(&ends[i].stream, STREAM_RST);
}

static void too_many_dials(struct bench *bench)
{
    struct end ends[BENCH_STREAMS_MAX];
    struct stream *stream = &bench->client.stream;

    bench_listen(bench, LISTEN_BLACKHOLE);
    fill(bench, ends, BENCH_STREAMS_MAX);
    assert_int_equal(world_connect(bench->world, stream, &bench->address), -EMFILE);
    assert_false(stream_in_use(stream));
    stream_close(&ends[0].stream, STREAM_FIN);
    assert_int_equal(world_connect(bench->world, stream, &bench->address), 0);
    empty(ends + 1, BENCH_STREAMS_MAX - 1);
}

static void too_many_accepts(struct bench *bench)
{
    struct end ends[BENCH_STREAMS_MAX];

    bench->accepts = false;
    bench_listen(bench, LISTEN_OPEN);
    bench_dial(bench);
    bench_await(bench, &bench->client.opens, 1);
    bench_await(bench, &bench->acceptables, 1);
    fill(bench, ends, BENCH_STREAMS_MAX - 1);
    assert_int_equal(world_accept(bench->world, &bench->listener, &bench->server.stream), -EMFILE);
    assert_false(stream_in_use(&bench->server.stream));
    bench_settle(bench); /* nobody need be called before there is room again */
    stream_close(&ends[0].stream, STREAM_FIN);
    bench->accepts = true;
    bench_await(bench, &bench->server.opens, 1);
    end_send(&bench->client, 10);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, 10);
    empty(ends + 1, BENCH_STREAMS_MAX - 2);
}

/* ---- names ------------------------------------------------------------------------------------- */

static void count_answer(struct query *query)
{
    size_t *count = query->owner;

    (*count)++;
}

static void expect_found(struct bench *bench, const char *host, const char *text)
{
    size_t answers = 0;
    struct query query = {.on_answer = count_answer, .owner = &answers};
    char found[ADDRESS_TEXT_BYTES];
    bool seen = false;

    assert_int_equal(world_resolve(bench->world, &query, host, 8080), 0);
    bench_await(bench, &answers, 1);
    assert_null(query.impl);
    assert_int_equal(query.status, QUERY_FOUND);
    assert_in_range(query.address_count, 1, QUERY_ADDRESSES_MAX);
    for (size_t i = 0; i < query.address_count; i++)
        seen = seen || strcmp(address_format(&query.addresses[i], found), text) == 0;
    assert_true(seen);
}

static void numeric_names(struct bench *bench)
{
    expect_found(bench, "127.0.0.1", "127.0.0.1:8080");
    expect_found(bench, "::1", "[::1]:8080");
}

static void localhost(struct bench *bench)
{
    expect_found(bench, "localhost", "127.0.0.1:8080");
}

static void impossible_names(struct bench *bench)
{
    size_t answers = 0;
    struct query query = {.on_answer = count_answer, .owner = &answers};

    assert_int_equal(world_resolve(bench->world, &query, "", 80), -EINVAL);
    assert_null(query.impl);
    bench_settle(bench);
    assert_int_equal(answers, 0);
}

static void cancelled_query(struct bench *bench)
{
    size_t answers = 0;
    struct query query = {.on_answer = count_answer, .owner = &answers};

    assert_int_equal(world_resolve(bench->world, &query, "127.0.0.1", 80), 0);
    world_resolve_cancel(bench->world, &query);
    world_resolve_cancel(bench->world, &query);
    bench_settle(bench);
    assert_int_equal(answers, 0);
    expect_found(bench, "127.0.0.1", "127.0.0.1:8080");
}

const struct row LISTENER_ROWS[] = {
    {"a dial to a refusing address is refused", refused_address},
    {"a dial to an address without a listener is refused", address_without_listener},
    {"a blackhole never answers", blackhole},
    {"a stream closed while connecting is never called", closed_while_connecting},
    {"port 0 gives a free port, and a taken one is in use", any_port},
    {"an address may be listened at again", listening_again},
    {"a listener is called as long as connections wait", listener_is_level_triggered},
    {"accepted streams outlive their listener", accepted_streams_outlive_listener},
    {"a dial past the limit is EMFILE, and a close makes room", too_many_dials},
    {"a numeric name answers itself", numeric_names},
    {"localhost is this machine", localhost},
    {"an empty name is refused at once", impossible_names},
    {"a cancelled query never answers", cancelled_query},
    {0},
};

const struct row PLAIN_LISTENER_ROWS[] = {
    {"unlisten resets those that wait and is final", unlisten_resets},
    {"an accept past the limit is EMFILE and leaves the connection waiting", too_many_accepts},
    {0},
};
