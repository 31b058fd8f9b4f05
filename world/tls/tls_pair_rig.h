/*
 * Two ends of one connection of TLS, for tests: a world, a listener, and ends that read, send and note what they are told.
 * Bytes are position-coded, so that a loss or a repetition fails the test that meets it.
 */
#ifndef WORLD_TLS_TLS_PAIR_RIG_H
#define WORLD_TLS_TLS_PAIR_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/sim/sim.h"
#include "world/tls/tls.h"
#include "world/tls/tls_rig.h"

enum { PAIR_PIECE_BYTES = 40000, PAIR_AWAIT_S = 20 };

struct pair;

struct pair_end {
    struct stream stream;
    struct pair *pair;
    unsigned wanted;
    size_t early_opens, opens, closes;
    int open_status;
    struct tls_look look; /* when it opened, or failed to */
    struct tls_look early_look;
    size_t got, ends;
    int end_result;
    size_t to_send, sent, failures;
    int failure_result;
    bool stays_put; /* neither reads nor writes by itself */
    bool shuts_at_open;
};

struct pair {
    struct world *world;   /* the lowest */
    struct world *dialled; /* where the client dials: a filter, or the same */
    struct tls_server *server;
    struct tls_client *client;
    const char *name;
    struct listener listener;
    struct address address;
    struct pair_end ends[2]; /* the client's, the server's */
    uint8_t pattern[PAIR_PIECE_BYTES + 251];
    uint8_t buffer[PAIR_PIECE_BYTES];
};

static inline void pair_want(struct pair_end *end, unsigned events)
{
    end->wanted = events;
    stream_want(&end->stream, events);
}

static inline void pair_read(struct pair_end *end)
{
    uint8_t *data = end->pair->buffer;
    ssize_t result = stream_read(&end->stream, data, PAIR_PIECE_BYTES);

    if (result > 0) {
        assert_memory_equal(data, end->pair->pattern + end->got % 251, (size_t)result);
        end->got += (size_t)result;
    } else if (result != -EAGAIN) {
        end->ends++;
        end->end_result = (int)result;
        pair_want(end, end->wanted & ~(unsigned)STREAM_READ);
    }
}

static inline void pair_write(struct pair_end *end)
{
    size_t size = end->to_send - end->sent;
    struct iovec piece = {end->pair->pattern + end->sent % 251,
                          size < PAIR_PIECE_BYTES ? size : PAIR_PIECE_BYTES};
    ssize_t result = size == 0 ? 0 : stream_write(&end->stream, &piece, 1);

    if (result > 0) {
        end->sent += (size_t)result;
    } else if (result < 0 && result != -EAGAIN) {
        end->failures++;
        end->failure_result = (int)result;
        end->to_send = end->sent;
    }
    if (end->sent == end->to_send)
        pair_want(end, end->wanted & ~(unsigned)STREAM_WRITE);
}

static inline void pair_on_event(struct stream *stream, unsigned events)
{
    struct pair_end *end = stream->owner;

    end->closes += (events & STREAM_CLOSED) != 0;
    if ((events & STREAM_OPEN) != 0 && stream_status(stream) == -EINPROGRESS) {
        end->early_opens++;
        tls_look(stream, &end->early_look);
    } else if ((events & STREAM_OPEN) != 0) {
        end->opens++;
        end->open_status = stream_status(stream);
        tls_look(stream, &end->look);
        pair_want(end, end->stays_put ? 0 : STREAM_READ | STREAM_WRITE | STREAM_CLOSED);
        if (end->shuts_at_open)
            stream_shut(stream);
    }
    if ((events & STREAM_READ) != 0 && !end->stays_put)
        pair_read(end);
    if ((events & STREAM_WRITE) != 0 && !end->stays_put)
        pair_write(end);
}

static inline void pair_on_acceptable(struct listener *listener)
{
    struct pair *pair = listener->owner;
    struct pair_end *end = &pair->ends[1];

    if (!stream_in_use(&end->stream))
        assert_int_equal(tls_accept(pair->server, pair->world, listener, &end->stream), 0);
}

static inline void pair_reset_ends(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        pair->ends[i] = (struct pair_end){.pair = pair};
        pair->ends[i].stream.on_event = pair_on_event;
        pair->ends[i].stream.owner = &pair->ends[i];
    }
}

/* Listens in the world. server and client are the pair's from here on; either may be NULL. */
static inline void pair_init(struct pair *pair, struct world *world, struct tls_server *server,
                             struct tls_client *client)
{
    *pair = (struct pair){.world = world,
                          .dialled = world,
                          .server = server,
                          .client = client,
                          .name = "upstream.test",
                          .address = address_loopback(0)};
    for (size_t i = 0; i < sizeof(pair->pattern); i++)
        pair->pattern[i] = (uint8_t)(i % 251);
    pair->listener = (struct listener){.on_acceptable = pair_on_acceptable, .owner = pair};
    pair_reset_ends(pair);
    assert_int_equal(world_listen(world, &pair->listener, &pair->address, LISTEN_OPEN, 4), 0);
}

/* Everything comes to rest, or so much time passes. */
static inline void pair_run(struct pair *pair)
{
    world_run(pair->world, UINT64_MAX, world_now(pair->world) + PAIR_AWAIT_S * NS_PER_S);
}

static inline void pair_await(struct pair *pair, const size_t *count, size_t at_least)
{
    uint64_t until_ns = world_now(pair->world) + PAIR_AWAIT_S * NS_PER_S;

    while (*count < at_least && world_run(pair->world, 1, until_ns) == RUN_STEPS)
        continue;
    assert_true(*count >= at_least);
}

static inline void pair_dial(struct pair *pair)
{
    assert_int_equal(
        tls_connect(pair->client, pair->dialled, &pair->ends[0].stream, &pair->address, pair->name),
        0);
}

/* Both ends are told how the handshake ended. */
static inline void pair_shake_hands(struct pair *pair)
{
    pair_dial(pair);
    pair_await(pair, &pair->ends[0].opens, 1);
    pair_await(pair, &pair->ends[1].opens, 1);
}

static inline void pair_send(struct pair_end *end, size_t bytes)
{
    end->to_send += bytes;
    if (end->opens > 0)
        pair_want(end, end->wanted | STREAM_WRITE);
}

static inline void pair_hang_up(struct pair *pair)
{
    uint64_t until_ns = world_now(pair->world) + PAIR_AWAIT_S * NS_PER_S;

    for (size_t i = 0; i < 2; i++)
        if (stream_in_use(&pair->ends[i].stream))
            stream_close(&pair->ends[i].stream, STREAM_FIN);
    while (tls_streams_in_use() > 0 && world_run(pair->world, 1, until_ns) == RUN_STEPS)
        continue;
    assert_int_equal(tls_streams_in_use(), 0);
    pair_reset_ends(pair);
}

static inline void pair_release(struct pair *pair)
{
    pair_hang_up(pair);
    world_unlisten(pair->world, &pair->listener);
    tls_server_release(&pair->server);
    tls_client_release(&pair->client);
}

#endif
