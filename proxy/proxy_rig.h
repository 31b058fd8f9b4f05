/*
 * For tests: a whole proxy in the simulated world, with one upstream that replies to what it reads as a script says, and a
 * client that sends one text and keeps what comes back.
 *
 * Ownership: embedded in a test, which changes settings, hooks, script and client_says between rig_init() and rig_start().
 * rig_release() ends everything, and fails the test if anything in that world outlives it.
 */
#ifndef PROXY_PROXY_RIG_H
#define PROXY_PROXY_RIG_H

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

enum {
    RIG_STEPS_MAX = 20000, /* far more than one exchange takes; whoever needs them spins */
    RIG_READ_BYTES = 4096, /* whole messages of these tests at once */
    RIG_PEERS_MAX = 16,    /* connections to the upstream; an attempt takes one at most */
    RIG_REQUESTS_MAX = 16, /* that the upstream reads */
    RIG_BEGIN_BYTES = 32,  /* kept of each, enough for the request line of a test */
    RIG_SCRIPT_MAX = 3,
};

/* Longer than any limit of time that the settings have by default. */
#define RIG_LONG_NS (60 * NS_PER_S)

#define RIG_GET "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
#define RIG_OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum rig_end { RIG_STAYS, RIG_FIN, RIG_RST };

/* What the upstream does with one request. */
struct rig_reply {
    const char *text; /* NULL: nothing */
    enum rig_end end;
};

/* Replies in turn; the last one goes on. */
struct rig_script {
    struct rig_reply replies[RIG_SCRIPT_MAX];
    size_t count;
};

struct rig {
    struct world *world;
    struct proxy_settings settings;
    struct proxy_hooks hooks;
    struct proxy *proxy;

    struct rig_script script;
    struct listener listener;
    struct stream peers[RIG_PEERS_MAX];
    size_t peer_count;
    char requests[RIG_REQUESTS_MAX][RIG_BEGIN_BYTES]; /* how each began that the upstream read */
    size_t request_count;

    const char *client_says;
    struct stream client;
    bool client_spoke;
    bool client_ended; /* the proxy ended its connection */
    char answer[RIG_READ_BYTES];
    size_t answer_size;

    unsigned records;
    struct exchange_record record; /* the last one */
};

/* ---- the upstream -------------------------------------------------------------------------------- */

/* What a stream does not take it does not need: it has broken meanwhile, as its next read will show. */
static inline void rig_write(struct stream *stream, const char *text)
{
    char copy[RIG_READ_BYTES];
    const struct iovec piece = {.iov_base = copy, .iov_len = strlen(text)};

    assert_true(piece.iov_len <= sizeof(copy));
    memcpy(copy, text, piece.iov_len);
    (void)stream_write(stream, &piece, 1);
}

static inline bool rig_begins_with(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

/* However small the pieces are in which bytes arrive, the first one of a request has the method whole. */
static inline bool rig_begins_request(const char *text)
{
    static const char *const methods[] = {"GET ", "HEAD ", "PUT ", "POST "};

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (rig_begins_with(text, methods[i]))
            return true;
    return false;
}

static inline void rig_reply_to(struct rig *rig, struct stream *peer, const char *text)
{
    size_t turn = rig->request_count++;
    const struct rig_reply *reply =
        &rig->script.replies[turn < rig->script.count ? turn : rig->script.count - 1];

    assert_true(turn < RIG_REQUESTS_MAX);
    snprintf(rig->requests[turn], RIG_BEGIN_BYTES, "%.*s", RIG_BEGIN_BYTES - 1, text);
    if (reply->text != NULL)
        rig_write(peer, reply->text);
    if (reply->end != RIG_STAYS)
        stream_close(peer, reply->end == RIG_RST ? STREAM_RST : STREAM_FIN);
}

static inline void rig_on_peer(struct stream *peer, unsigned events)
{
    char text[RIG_READ_BYTES];
    ssize_t size = stream_read(peer, text, sizeof(text) - 1);

    (void)events;
    if (size == -EAGAIN)
        return;
    if (size <= 0) {
        stream_close(peer, STREAM_FIN);
        return;
    }
    text[size] = '\0';
    if (rig_begins_request(text))
        rig_reply_to(peer->owner, peer, text);
}

static inline void rig_on_acceptable(struct listener *listener)
{
    struct rig *rig = listener->owner;
    struct stream *peer;

    assert_true(rig->peer_count < RIG_PEERS_MAX);
    peer = &rig->peers[rig->peer_count++];
    peer->on_event = rig_on_peer;
    peer->owner = rig;
    assert_int_equal(world_accept(rig->world, listener, peer), 0);
    stream_want(peer, STREAM_READ);
}

/* How many of the requests that the upstream read began like that. */
static inline size_t rig_requests_like(const struct rig *rig, const char *begin)
{
    size_t count = 0;

    for (size_t i = 0; i < rig->request_count; i++)
        count += rig_begins_with(rig->requests[i], begin);
    return count;
}

/* ---- the client ---------------------------------------------------------------------------------- */

static inline void rig_on_client(struct stream *client, unsigned events)
{
    struct rig *rig = client->owner;
    size_t room = sizeof(rig->answer) - rig->answer_size - 1;
    ssize_t size;

    (void)events;
    if (stream_status(client) == 0 && !rig->client_spoke) {
        rig->client_spoke = true;
        rig_write(client, rig->client_says);
        stream_want(client, STREAM_READ);
        return;
    }
    size = stream_read(client, rig->answer + rig->answer_size, room);
    if (size > 0) {
        rig->answer_size += (size_t)size;
    } else if (size != -EAGAIN) {
        rig->client_ended = true;
        stream_close(client, STREAM_FIN);
    }
}

/* ---- a whole story ------------------------------------------------------------------------------- */

static inline void rig_on_record(void *owner, const struct exchange_record *record)
{
    struct rig *rig = owner;

    rig->records++;
    rig->record = *record;
}

/* One piece of segment_bytes arrives at a time; 0: all there is. */
static inline void rig_init(struct rig *rig, size_t segment_bytes)
{
    const struct sim_options options = {.seed = 1, .segment_bytes = segment_bytes};
    struct address address = address_loopback(0);
    char text[ADDRESS_TEXT_BYTES];

    *rig = (struct rig){
        .world = sim_create(&options),
        .script = {.replies = {{.text = RIG_OK}}, .count = 1},
        .client_says = RIG_GET,
    };
    assert_non_null(rig->world);
    rig->listener = (struct listener){.on_acceptable = rig_on_acceptable, .owner = rig};
    assert_int_equal(world_listen(rig->world, &rig->listener, &address, LISTEN_OPEN, RIG_PEERS_MAX),
                     0);
    proxy_settings_init(&rig->settings);
    assert_true(proxy_settings_add_upstream(&rig->settings, address_format(&address, text)));
    rig->settings.on_record = rig_on_record;
    rig->settings.owner = rig;
}

/* The proxy listens and the client dials it; nothing has happened yet. */
static inline void rig_start(struct rig *rig)
{
    struct address address;
    int os_error;

    rig->proxy = proxy_create(rig->world, &rig->settings, &rig->hooks, &os_error);
    assert_non_null(rig->proxy);
    address = proxy_address(rig->proxy);
    rig->client.on_event = rig_on_client;
    rig->client.owner = rig;
    assert_int_equal(world_connect(rig->world, &rig->client, &address), 0);
}

static inline enum run_end rig_run(struct rig *rig, uint64_t duration_ns)
{
    return world_run(rig->world, RIG_STEPS_MAX, world_now(rig->world) + duration_ns);
}

static inline void rig_close_peers(struct rig *rig, enum stream_end end)
{
    for (size_t i = 0; i < rig->peer_count; i++)
        if (stream_in_use(&rig->peers[i]))
            stream_close(&rig->peers[i], end);
}

static inline void rig_release(struct rig *rig)
{
    struct sim_census census;

    if (rig->proxy != NULL)
        proxy_destroy(&rig->proxy);
    rig_run(rig, RIG_LONG_NS);
    if (stream_in_use(&rig->client))
        stream_close(&rig->client, STREAM_FIN);
    rig_close_peers(rig, STREAM_FIN);
    world_unlisten(rig->world, &rig->listener);
    sim_world_census(rig->world, &census);
    assert_int_equal(census.streams + census.timers + census.listeners + census.queries, 0);
    sim_destroy(&rig->world);
}

#endif
