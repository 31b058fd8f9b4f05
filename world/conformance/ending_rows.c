/* How a connection ends, as the other side sees it: the kernel's truth table in the seam's terms. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/conformance/bench.h"

enum {
    MESSAGE_BYTES = 10,
    BODY_BYTES = 300 * 1000,  /* more than one read takes */
    FLOOD_BYTES = 64 << 20,   /* more than any world's buffers hold */
    WAITING_BYTES = 20 << 20, /* a flood is cut below this: see peer_never_reads */
};

/* The server sends, and everything arrives in the client's socket before the row goes on. */
static void send_to_client(struct bench *bench, size_t bytes)
{
    end_send(&bench->server, bytes);
    bench_await(bench, &bench->server.sent, bytes);
    bench_settle(bench);
}

static void expect_end(struct bench *bench, size_t bytes, int result)
{
    end_read(&bench->client);
    bench_await(bench, &bench->client.ends, 1);
    assert_int_equal(bench->client.got, bytes);
    assert_int_equal(bench->client.end_result, result);
    end_read(&bench->client);
    bench_await(bench, &bench->client.ends, 2);
    assert_int_equal(bench->client.end_result, result);
}

/* Row 1. */
static void bytes_before_reset(struct bench *bench)
{
    bench_connect(bench);
    send_to_client(bench, MESSAGE_BYTES);
    stream_close(&bench->server.stream, STREAM_RST);
    bench_settle(bench);
    expect_end(bench, MESSAGE_BYTES, -ECONNRESET);
    assert_int_equal(stream_status(&bench->client.stream), -ECONNRESET);
}

/* Row 2. */
static void bytes_before_fin(struct bench *bench)
{
    bench_connect(bench);
    send_to_client(bench, MESSAGE_BYTES);
    stream_close(&bench->server.stream, STREAM_FIN);
    expect_end(bench, MESSAGE_BYTES, 0);
}

/* Row 3. */
static void unread_input_resets(struct bench *bench)
{
    bench_connect(bench);
    send_to_client(bench, MESSAGE_BYTES);
    end_send(&bench->client, MESSAGE_BYTES);
    bench_await(bench, &bench->client.sent, MESSAGE_BYTES);
    bench_settle(bench);
    stream_close(&bench->server.stream, STREAM_FIN);
    bench_settle(bench);
    expect_end(bench, MESSAGE_BYTES, -ECONNRESET);
}

/* Row 4: the first write after the peer's close is taken, and only that tells that nobody is there. */
static void write_to_closed_peer(struct bench *bench)
{
    struct end *client = &bench->client;

    bench_connect(bench);
    stream_close(&bench->server.stream, STREAM_FIN);
    bench_settle(bench);
    end_send(client, MESSAGE_BYTES);
    bench_await(bench, &client->sent, MESSAGE_BYTES);
    bench_settle(bench);
    end_send(client, MESSAGE_BYTES);
    bench_await(bench, &client->failures, 1);
    assert_int_equal(client->failure_result, -EPIPE);
    expect_end(bench, 0, 0);
    end_send(client, MESSAGE_BYTES);
    bench_await(bench, &client->failures, 2);
    assert_int_equal(client->failure_result, -EPIPE);
}

/* Row 7: on Linux a send that meets the reset would turn the next read into a clean end. */
static void write_meets_reset_first(struct bench *bench)
{
    bench_connect(bench);
    send_to_client(bench, MESSAGE_BYTES);
    stream_close(&bench->server.stream, STREAM_RST);
    bench_settle(bench);
    end_send(&bench->client, MESSAGE_BYTES);
    bench_await(bench, &bench->client.failures, 1);
    assert_int_equal(bench->client.failure_result, -ECONNRESET);
    assert_int_equal(bench->client.sent, 0);
    expect_end(bench, MESSAGE_BYTES, -ECONNRESET);
}

/* Row 8: on Linux asking for the error would take it away. */
static void status_meets_reset_first(struct bench *bench)
{
    struct stream_info info;

    bench_connect(bench);
    send_to_client(bench, MESSAGE_BYTES);
    stream_close(&bench->server.stream, STREAM_RST);
    bench_settle(bench);
    stream_status(&bench->client.stream);
    stream_info(&bench->client.stream, &info);
    expect_end(bench, MESSAGE_BYTES, -ECONNRESET);
    assert_int_equal(stream_status(&bench->client.stream), -ECONNRESET);
}

/* Row 10. */
static void close_delivers(struct bench *bench)
{
    size_t sent;

    bench_connect(bench);
    end_send(&bench->server, BODY_BYTES);
    bench_settle(bench);
    sent = bench->server.sent;
    assert_true(sent > 0);
    stream_close(&bench->server.stream, STREAM_FIN);
    bench->client.read_most = 1000;
    expect_end(bench, sent, 0);
}

/* Row 11. */
static void reset_cuts(struct bench *bench)
{
    size_t sent;

    bench_connect(bench);
    end_send(&bench->server, FLOOD_BYTES);
    bench_settle(bench);
    sent = bench->server.sent;
    assert_true(sent < WAITING_BYTES);
    stream_close(&bench->server.stream, STREAM_RST);
    end_read(&bench->client);
    bench_await(bench, &bench->client.ends, 1);
    assert_int_equal(bench->client.end_result, -ECONNRESET);
    assert_true(bench->client.got < sent);
}

static void closed_is_told(struct bench *bench, enum stream_end end)
{
    bench_connect(bench);
    end_want(&bench->client, STREAM_CLOSED);
    send_to_client(bench, MESSAGE_BYTES);
    assert_int_equal(bench->client.closes, 0);
    stream_close(&bench->server.stream, end);
    bench_await(bench, &bench->client.closes, 1);
    bench_settle(bench);
    assert_int_equal(bench->client.closes, 1);
    assert_int_equal(bench->client.got, 0);
    assert_int_equal(stream_status(&bench->client.stream), end == STREAM_FIN ? 0 : -ECONNRESET);
    expect_end(bench, MESSAGE_BYTES, end == STREAM_FIN ? 0 : -ECONNRESET);
    assert_int_equal(bench->client.closes, 1);
}

static void fin_is_told(struct bench *bench)
{
    closed_is_told(bench, STREAM_FIN);
}

static void reset_is_told(struct bench *bench)
{
    closed_is_told(bench, STREAM_RST);
}

static void closed_is_kept(struct bench *bench)
{
    bench_connect(bench);
    stream_close(&bench->server.stream, STREAM_FIN);
    bench_settle(bench);
    assert_int_equal(bench->client.closes, 0);
    end_want(&bench->client, STREAM_CLOSED);
    bench_await(bench, &bench->client.closes, 1);
}

static void half_close_is_told(struct bench *bench)
{
    bench_connect(bench);
    end_want(&bench->client, STREAM_CLOSED);
    stream_shut(&bench->server.stream);
    bench_await(bench, &bench->client.closes, 1);
    bench_settle(bench);
    assert_int_equal(bench->client.closes, 1);
    assert_int_equal(stream_status(&bench->client.stream), 0);
}

/* The clean end stands: what the reset takes away is only the way back. */
static void reset_after_fin(struct bench *bench)
{
    bench_connect(bench);
    send_to_client(bench, MESSAGE_BYTES);
    stream_shut(&bench->server.stream);
    bench_settle(bench);
    stream_close(&bench->server.stream, STREAM_RST);
    bench_settle(bench);
    end_send(&bench->client, MESSAGE_BYTES);
    bench_await(bench, &bench->client.failures, 1);
    assert_int_equal(bench->client.failure_result, -EPIPE);
    expect_end(bench, MESSAGE_BYTES, 0);
}

static void error_counts_as_level(struct bench *bench)
{
    bench_connect(bench);
    stream_close(&bench->server.stream, STREAM_RST);
    bench_settle(bench);
    end_send(&bench->client, 1);
    bench_await(bench, &bench->client.failures, 1);
    assert_int_equal(bench->client.failure_result, -ECONNRESET);
    expect_end(bench, 0, -ECONNRESET);
}

const struct row ENDING_ROWS[] = {
    {"bytes before a reset are read first, then the reset for ever", bytes_before_reset},
    {"bytes before a FIN are read first, then 0 for ever", bytes_before_fin},
    {"a close with unread input is seen as a reset", unread_input_resets},
    {"a write to a closed peer is taken once, then EPIPE, and read stays 0", write_to_closed_peer},
    {"a write that meets the reset does not hide it from read", write_meets_reset_first},
    {"asking for the status does not take the error away", status_meets_reset_first},
    {"a close delivers what was accepted, however slow the reader", close_delivers},
    {"a reset loses what was not delivered", reset_cuts},
    {"CLOSED is told once for a FIN behind unread bytes", fin_is_told},
    {"CLOSED is told once for a reset behind unread bytes", reset_is_told},
    {"CLOSED that nobody wanted is told when it is wanted", closed_is_kept},
    {"CLOSED is told for a half close, and the stream stays good", half_close_is_told},
    {"a reset after a FIN ends writing alone", reset_after_fin},
    {"an error brings READ and WRITE", error_counts_as_level},
    {0},
};
