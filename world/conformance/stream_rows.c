/* Bytes: that they arrive, how many are taken, and what the counters say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/conformance/bench.h"

enum {
    MESSAGE_BYTES = 10,
    SMALL_BODY_BYTES = 3000,
    BODY_BYTES = 300 * 1000,      /* more than one buffer holds on its way */
    BUFFERS_BYTES_MAX = 64 << 20, /* far above what a kernel lends to a peer that never reads */
};

static void bytes_arrive(struct bench *bench)
{
    bench_connect(bench);
    end_send(&bench->client, BODY_BYTES);
    end_send(&bench->server, SMALL_BODY_BYTES);
    end_read(&bench->client);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, BODY_BYTES);
    bench_await(bench, &bench->client.got, SMALL_BODY_BYTES);
    assert_int_equal(bench->server.got, BODY_BYTES);
}

static void small_reads_lose_nothing(struct bench *bench)
{
    bench_connect(bench);
    bench->server.read_most = 7;
    end_send(&bench->client, SMALL_BODY_BYTES);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, SMALL_BODY_BYTES);
}

static void counters_agree(struct bench *bench)
{
    struct stream_info client, server;

    bench_connect(bench);
    end_send(&bench->client, BODY_BYTES);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, BODY_BYTES);
    stream_info(&bench->client.stream, &client);
    stream_info(&bench->server.stream, &server);
    assert_int_equal(client.tx, BODY_BYTES);
    assert_int_equal(client.rx, 0);
    assert_int_equal(server.rx, BODY_BYTES);
    assert_int_equal(server.tx, 0);
    assert_true(client.tx_known);
    assert_int_equal(client.error, 0);
}

static void counters_survive_errors(struct bench *bench)
{
    struct stream_info info;

    bench_connect(bench);
    end_send(&bench->client, MESSAGE_BYTES);
    end_read(&bench->server);
    bench_await(bench, &bench->server.got, MESSAGE_BYTES);
    stream_close(&bench->server.stream, STREAM_RST);
    end_read(&bench->client);
    bench_await(bench, &bench->client.ends, 1);
    stream_info(&bench->client.stream, &info);
    assert_int_equal(info.tx, MESSAGE_BYTES);
    assert_int_equal(info.error, ECONNRESET);
}

/* Row 9 of the kernel's truth table: the size is the world's own, that there is one is the rule. */
static void peer_never_reads(struct bench *bench)
{
    size_t sent;

    bench_connect(bench);
    end_send(&bench->client, SIZE_MAX / 2);
    do { /* a kernel's buffers grow while they fill, on a busy machine in several goes */
        sent = bench->client.sent;
        bench_settle(bench);
    } while (bench->client.sent > sent && sent < BUFFERS_BYTES_MAX);
    assert_true(sent > 0);
    assert_true(sent < BUFFERS_BYTES_MAX);
    end_read(&bench->server);
    bench_await(bench, &bench->client.sent, sent + 1);
    bench_await(bench, &bench->server.got, 1);
}

static void nothing_is_wanted_at_first(struct bench *bench)
{
    bench_connect(bench);
    bench->server.upcalls = 0;
    end_send(&bench->client, MESSAGE_BYTES);
    bench_await(bench, &bench->client.sent, MESSAGE_BYTES);
    bench_settle(bench);
    assert_int_equal(bench->server.upcalls, 0);
}

static void write_while_connecting(struct bench *bench)
{
    uint8_t byte;

    bench_listen(bench, LISTEN_BLACKHOLE);
    bench_dial(bench);
    assert_int_equal(stream_status(&bench->client.stream), -EINPROGRESS);
    assert_int_equal(end_write_once(&bench->client, 1), -EAGAIN);
    assert_int_equal(stream_read(&bench->client.stream, &byte, 1), -EAGAIN);
}

static void fin_follows_bytes(struct bench *bench)
{
    bench_connect(bench);
    end_send(&bench->client, BODY_BYTES);
    end_read(&bench->server);
    bench_await(bench, &bench->client.sent, BODY_BYTES);
    assert_int_equal(stream_shut(&bench->client.stream), 0);
    bench_await(bench, &bench->server.ends, 1);
    assert_int_equal(bench->server.got, BODY_BYTES);
    assert_int_equal(bench->server.end_result, 0);
}

static void shut_twice(struct bench *bench)
{
    bench_connect(bench);
    assert_int_equal(stream_shut(&bench->client.stream), 0);
    assert_int_equal(stream_shut(&bench->client.stream), 0);
    end_read(&bench->server);
    bench_await(bench, &bench->server.ends, 1);
    assert_int_equal(bench->server.end_result, 0);
    assert_int_equal(stream_status(&bench->server.stream), 0);
}

/* Row 5: after the peer's FIN this side may go on sending, and the peer reads it. */
static void half_close(struct bench *bench)
{
    bench_connect(bench);
    stream_shut(&bench->client.stream);
    end_read(&bench->server);
    bench_await(bench, &bench->server.ends, 1);
    end_send(&bench->server, BODY_BYTES);
    end_read(&bench->client);
    bench_await(bench, &bench->client.got, BODY_BYTES);
    stream_shut(&bench->server.stream);
    bench_await(bench, &bench->client.ends, 1);
    assert_int_equal(bench->client.end_result, 0);
    assert_int_equal(bench->client.got, BODY_BYTES);
}

static void own_shut_ends_own_writing(struct bench *bench)
{
    bench_connect(bench);
    stream_shut(&bench->client.stream);
    end_send(&bench->client, 1);
    bench_await(bench, &bench->client.failures, 1);
    assert_int_equal(bench->client.failure_result, -EPIPE);
    end_send(&bench->server, MESSAGE_BYTES);
    end_read(&bench->client);
    bench_await(bench, &bench->client.got, MESSAGE_BYTES);
}

const struct row STREAM_ROWS[] = {
    {"bytes arrive whole and in order, both ways at once", bytes_arrive},
    {"small reads lose nothing", small_reads_lose_nothing},
    {"a peer that never reads stops the writer, and reading lets it go on", peer_never_reads},
    {"a fresh stream wants nothing", nothing_is_wanted_at_first},
    {"a connecting stream neither reads nor writes", write_while_connecting},
    {"a half close comes after all bytes", fin_follows_bytes},
    {"a second half close is harmless", shut_twice},
    {"after the peer's half close this side still sends", half_close},
    {"after its own half close a stream still reads", own_shut_ends_own_writing},
    {0},
};

const struct row PLAIN_STREAM_ROWS[] = {
    {"tx and rx count the bytes that were taken", counters_agree},
    {"the counters survive an error", counters_survive_errors},
    {0},
};
