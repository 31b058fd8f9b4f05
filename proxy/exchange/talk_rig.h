/*
 * For tests: a whole proxy in the simulated world between a client and an upstream that say what the test says, when it
 * says so, and keep what they hear. Each of them speaks TLS where it was given some.
 *
 * Ownership: embedded in a test, which changes settings, hooks and TLS between talk_init() and talk_start().
 * talk_release() ends everything, and fails the test if anything in that world outlives it.
 */
#ifndef PROXY_EXCHANGE_TALK_RIG_H
#define PROXY_EXCHANGE_TALK_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "retryproof/proxy.h"
#include "world/base/check.h"
#include "world/sim/sim.h"
#include "world/tls/tls.h"

enum {
    TALK_BYTES = 48 * 1024,  /* said or heard by one party; many windows of the smallest size */
    TALK_READ_BYTES = 4096,  /* at once */
    TALK_PEERS_MAX = 4,      /* connections to the upstream */
    TALK_STEPS_MAX = 200000, /* far more than all bytes one by one take; whoever needs them spins */
    TALK_NOTICE_BYTES = 256,
};

/* Long enough for whatever does not wait for a time, and shorter than any limit of time by default. */
#define TALK_MOMENT_NS (10 * NS_PER_MS)
/* Longer than any of them. */
#define TALK_LONG_NS (60 * NS_PER_S)

#define TALK_CONNECTED "HTTP/1.1 200 Connection established\r\n\r\n"

/* The client, or one connection of the upstream. */
struct party {
    struct stream stream;
    char said[TALK_BYTES];
    size_t said_size;
    size_t sent; /* of it, what the stream took */
    bool shut_asked;
    bool deaf; /* reads nothing */
    char heard[TALK_BYTES];
    size_t heard_size;
    bool open;
    bool ended;      /* it read the other side's FIN */
    int read_error;  /* a positive errno, or 0 */
    int write_error; /* the same */
};

struct talk {
    struct world *world;
    struct address address; /* of the upstream */
    struct listener listener;
    struct tls_server *upstream_tls;
    struct world *upstream_world; /* where its TLS lives; NULL: where all of them do */
    struct tls_client *client_tls;
    struct proxy_settings settings;
    struct proxy_hooks hooks;
    struct proxy *proxy;
    struct party client;
    struct party peers[TALK_PEERS_MAX];
    size_t peer_count;
    unsigned records;
    struct exchange_record record; /* the last one */
    unsigned notices;
    char notice[TALK_NOTICE_BYTES]; /* the last one */
};

/* ---- parties ------------------------------------------------------------------------------------- */

static inline void party_want(struct party *party)
{
    unsigned events = party->open ? 0 : STREAM_OPEN;

    if (party->open && !party->deaf && !party->ended && party->read_error == 0)
        events |= STREAM_READ;
    if (party->open && party->sent < party->said_size && party->write_error == 0)
        events |= STREAM_WRITE;
    stream_want(&party->stream, events);
}

static inline void party_write(struct party *party)
{
    const struct iovec piece = {.iov_base = party->said + party->sent,
                                .iov_len = party->said_size - party->sent};
    ssize_t size;

    if (piece.iov_len == 0 || party->write_error != 0)
        return;
    size = stream_write(&party->stream, &piece, 1);
    if (size > 0)
        party->sent += (size_t)size;
    else if (size != -EAGAIN)
        party->write_error = (int)-size;
}

static inline void party_read(struct party *party)
{
    size_t room = sizeof(party->heard) - 1 - party->heard_size;
    ssize_t size;

    if (party->deaf || party->ended || party->read_error != 0)
        return;
    assert_true(room > 0);
    size = stream_read(&party->stream, party->heard + party->heard_size,
                       room < TALK_READ_BYTES ? room : TALK_READ_BYTES);
    if (size > 0)
        party->heard_size += (size_t)size;
    else if (size == 0)
        party->ended = true;
    else if (size != -EAGAIN)
        party->read_error = (int)-size;
}

static inline void party_shut_when_said(struct party *party)
{
    if (!party->shut_asked || !party->open || party->sent < party->said_size)
        return;
    party->shut_asked = false;
    (void)stream_shut(&party->stream);
}

static inline void party_on_event(struct stream *stream, unsigned events)
{
    struct party *party = stream->owner;
    int status = stream_status(stream);

    (void)events;
    if (status == -EINPROGRESS)
        return;
    party->open = true;
    party_write(party);
    party_read(party);
    party_shut_when_said(party);
    party_want(party);
}

static inline void party_say_bytes(struct party *party, const void *data, size_t size)
{
    assert_true(size <= sizeof(party->said) - party->said_size);
    memcpy(party->said + party->said_size, data, size);
    party->said_size += size;
    if (stream_in_use(&party->stream))
        party_want(party);
}

static inline void party_say(struct party *party, const char *text)
{
    party_say_bytes(party, text, strlen(text));
}

/* FIN, when all was said; it goes on reading. */
static inline void party_shut(struct party *party)
{
    party->shut_asked = true;
    party_shut_when_said(party);
}

static inline void party_set_deaf(struct party *party, bool deaf)
{
    party->deaf = deaf;
    if (stream_in_use(&party->stream))
        party_want(party);
}

static inline void party_close(struct party *party, enum stream_end end)
{
    if (stream_in_use(&party->stream))
        stream_close(&party->stream, end);
}

static inline void party_forget(struct party *party)
{
    party->heard_size = 0;
    memset(party->heard, 0, sizeof(party->heard));
}

/* ---- the upstream -------------------------------------------------------------------------------- */

static inline void talk_on_acceptable(struct listener *listener)
{
    struct talk *talk = listener->owner;
    struct world *world = talk->upstream_world != NULL ? talk->upstream_world : talk->world;
    struct party *peer;
    int result;

    assert_true(talk->peer_count < TALK_PEERS_MAX);
    peer = &talk->peers[talk->peer_count];
    peer->stream.on_event = party_on_event;
    peer->stream.owner = peer;
    result = talk->upstream_tls != NULL
                 ? tls_accept(talk->upstream_tls, world, listener, &peer->stream)
                 : world_accept(talk->world, listener, &peer->stream);
    assert_int_equal(result, 0);
    talk->peer_count++;
    peer->open = talk->upstream_tls == NULL;
    party_want(peer);
}

/* ---- the proxy and its client -------------------------------------------------------------------- */

static inline void talk_on_record(void *owner, const struct exchange_record *record)
{
    struct talk *talk = owner;

    talk->records++;
    talk->record = *record;
}

static inline void talk_on_notice(void *owner, const char *sentence)
{
    struct talk *talk = owner;

    talk->notices++;
    snprintf(talk->notice, sizeof(talk->notice), "%s", sentence);
}

/* One upstream, and a route of that mode. */
static inline void talk_init(struct talk *talk, const struct sim_options *options,
                             enum proxy_mode mode)
{
    char text[ADDRESS_TEXT_BYTES];

    memset(talk, 0, sizeof(*talk));
    talk->world = sim_create(options);
    assert_non_null(talk->world);
    talk->address = address_loopback(0);
    talk->listener = (struct listener){.on_acceptable = talk_on_acceptable, .owner = talk};
    assert_int_equal(
        world_listen(talk->world, &talk->listener, &talk->address, LISTEN_OPEN, TALK_PEERS_MAX), 0);
    proxy_settings_init(&talk->settings);
    talk->settings.mode = mode;
    if (mode == MODE_REVERSE)
        assert_true(
            proxy_settings_add_upstream(&talk->settings, address_format(&talk->address, text)));
    talk->settings.on_record = talk_on_record;
    talk->settings.on_notice = talk_on_notice;
    talk->settings.owner = talk;
}

/* A new connection of the client to the proxy; the former one is closed. */
static inline void talk_dial(struct talk *talk)
{
    struct address address = proxy_address(talk->proxy);
    struct party *client = &talk->client;
    int result;

    party_close(client, STREAM_FIN);
    memset(client, 0, sizeof(*client));
    client->stream.on_event = party_on_event;
    client->stream.owner = client;
    result = talk->client_tls != NULL ? tls_connect(talk->client_tls, talk->world, &client->stream,
                                                    &address, "proxy.test")
                                      : world_connect(talk->world, &client->stream, &address);
    assert_int_equal(result, 0);
    party_want(client);
}

static inline void talk_start(struct talk *talk)
{
    int os_error;

    talk->proxy = proxy_create(talk->world, &talk->settings, &talk->hooks, &os_error);
    assert_non_null(talk->proxy);
    talk_dial(talk);
}

static inline void talk_run(struct talk *talk, uint64_t duration_ns)
{
    assert_int_not_equal(
        world_run(talk->world, TALK_STEPS_MAX, world_now(talk->world) + duration_ns), RUN_STEPS);
}

/* Whatever can happen without waiting for a time. */
static inline void talk_settle(struct talk *talk)
{
    talk_run(talk, TALK_MOMENT_NS);
}

static inline void talk_say_connect(struct talk *talk)
{
    char text[ADDRESS_TEXT_BYTES];
    char request[4 * ADDRESS_TEXT_BYTES];

    address_format(&talk->address, text);
    snprintf(request, sizeof(request), "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", text, text);
    party_say(&talk->client, request);
}

/* A tunnel stands, its client has the 200 and forgets it. */
static inline void talk_open_tunnel(struct talk *talk)
{
    talk_start(talk);
    talk_say_connect(talk);
    talk_settle(talk);
    assert_string_equal(talk->client.heard, TALK_CONNECTED);
    assert_int_equal(talk->peer_count, 1);
    party_forget(&talk->client);
}

/* ---- what came of it ----------------------------------------------------------------------------- */

static inline struct proxy_census talk_census(const struct talk *talk)
{
    struct proxy_census census;

    proxy_census(talk->proxy, &census);
    return census;
}

/* The last attempt of the last record. */
static inline const struct attempt_record *talk_attempt(const struct talk *talk)
{
    assert_true(talk->record.attempt_count > 0);
    return &talk->record.attempts[talk->record.attempt_count - 1];
}

/* One exchange, one attempt at it, and nothing was tried again. */
static inline void talk_expect_tunnel_failure(const struct talk *talk, enum side side,
                                              enum cause cause, enum tunnel_phase phase)
{
    const struct attempt_record *attempt = talk_attempt(talk);

    assert_int_equal(talk->records, 1);
    assert_int_equal(talk->record.attempt_count, 1);
    assert_int_equal(attempt->failure.side, side);
    assert_int_equal(attempt->failure.stage, STAGE_TUNNEL);
    assert_int_equal(attempt->failure.cause, cause);
    assert_string_equal(tunnel_phase_word(attempt->tunnel), tunnel_phase_word(phase));
    assert_false(attempt->decision.retry);
    assert_int_equal(talk->record.status, 200);
}

/* ---- the end --------------------------------------------------------------------------------------- */

static inline void talk_release(struct talk *talk)
{
    struct sim_census census;

    if (talk->proxy != NULL)
        proxy_destroy(&talk->proxy);
    party_close(&talk->client, STREAM_FIN);
    for (size_t i = 0; i < talk->peer_count; i++)
        party_close(&talk->peers[i], STREAM_FIN);
    talk_run(talk, TALK_LONG_NS);
    world_unlisten(talk->world, &talk->listener);
    if (talk->upstream_tls != NULL)
        tls_server_release(&talk->upstream_tls);
    if (talk->client_tls != NULL)
        tls_client_release(&talk->client_tls);
    sim_world_census(talk->world, &census);
    assert_int_equal(census.streams + census.timers + census.listeners + census.queries, 0);
    assert_int_equal(tls_streams_in_use(), 0);
    sim_destroy(&talk->world);
}

#endif
