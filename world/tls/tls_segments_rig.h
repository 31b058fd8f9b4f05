/*
 * For tests by segments: a client's stream of TLS over a connection that gives and takes as many bytes as it is told to, and at
 * the other end OpenSSL by itself. Each upcall has one read and one write below that take effect, as everywhere.
 */
#ifndef WORLD_TLS_TLS_SEGMENTS_RIG_H
#define WORLD_TLS_TLS_SEGMENTS_RIG_H

#include <errno.h>
#include <string.h>

#include "world/base/segments_rig.h"
#include "world/base/timer_queue.h"
#include "world/tls/state.h"
#include "world/tls/tls_rig.h"

enum {
    SEGMENTS_WIRE_BYTES = 4096, /* a handshake and a few small records */
    SEGMENTS_PLAIN_BYTES = 512, /* what a test says over them */
    SEGMENTS_SEED = 7,
};

/* One connection as a world: the client's side of it, below TLS. */
struct segments_wire {
    struct world world;
    struct timer_queue timers;
    uint64_t now_ns;
    struct stream *lower;
    unsigned wanted;
    bool read_used, write_used;
    const uint8_t *in; /* what comes, as much as was given */
    size_t given, read;
    bool input_ends;
    size_t allowed; /* bytes that may still leave */
    size_t left;    /* bytes that left */
    uint8_t out[SEGMENTS_WIRE_BYTES];
};

struct segments_tls {
    struct segments_wire wire;
    struct tls_server *server;
    struct tls_client *client;
    SSL *peer;
    struct stream stream; /* the client's */
    unsigned wanted;
    size_t opens, early_opens;
    bool ended;
    int result; /* how reading ended */
    size_t got_size, to_send, sent;
    uint8_t got[SEGMENTS_PLAIN_BYTES];
    uint8_t plain[SEGMENTS_PLAIN_BYTES]; /* what the client sends */
    size_t piece_bytes;                  /* of it in one write */
};

/* ---- below -------------------------------------------------------------------------------------- */

static inline int segments_wire_status(struct stream *stream)
{
    (void)stream;
    return 0;
}

static inline ssize_t segments_wire_read(struct stream *stream, void *data, size_t size)
{
    struct segments_wire *wire = stream->impl;
    size_t part = wire->given - wire->read;

    if (wire->read_used || (part == 0 && !wire->input_ends))
        return -EAGAIN;
    if (part > size)
        part = size;
    if (part > 0)
        memcpy(data, wire->in + wire->read, part);
    wire->read += part;
    wire->read_used = true;
    return (ssize_t)part;
}

static inline ssize_t segments_wire_write(struct stream *stream, const struct iovec *pieces,
                                          int count)
{
    struct segments_wire *wire = stream->impl;
    size_t part = pieces[0].iov_len < wire->allowed ? pieces[0].iov_len : wire->allowed;

    check(count == 1);
    if (wire->write_used || part == 0)
        return -EAGAIN;
    check(part <= sizeof(wire->out) - wire->left);
    memcpy(wire->out + wire->left, pieces[0].iov_base, part);
    wire->left += part;
    wire->allowed -= part;
    wire->write_used = true;
    return (ssize_t)part;
}

static inline int segments_wire_shut(struct stream *stream)
{
    (void)stream;
    return 0;
}

static inline void segments_wire_close(struct stream *stream, enum stream_end end)
{
    (void)end;
    stream->impl = NULL;
}

static inline void segments_wire_want(struct stream *stream, unsigned events)
{
    struct segments_wire *wire = stream->impl;

    wire->wanted = events;
}

static inline void segments_wire_info(struct stream *stream, struct stream_info *out)
{
    struct segments_wire *wire = stream->impl;

    *out = (struct stream_info){.tx = wire->left, .rx = wire->read, .tx_known = true};
}

static inline struct segments_wire *segments_wire_of(struct world *world)
{
    return (struct segments_wire *)(void *)world; /* its first member */
}

static inline uint64_t segments_wire_now(struct world *world)
{
    return segments_wire_of(world)->now_ns;
}

static inline void segments_wire_timer_set(struct world *world, struct timer *timer, uint64_t at_ns)
{
    timer_queue_set(&segments_wire_of(world)->timers, timer, at_ns);
}

static inline void segments_wire_timer_stop(struct world *world, struct timer *timer)
{
    timer_queue_stop(&segments_wire_of(world)->timers, timer);
}

static inline int segments_wire_connect(struct world *world, struct stream *stream,
                                        const struct address *address)
{
    static const struct stream_ops OPS = {
        .status = segments_wire_status,
        .read = segments_wire_read,
        .write = segments_wire_write,
        .shut = segments_wire_shut,
        .close = segments_wire_close,
        .want = segments_wire_want,
        .info = segments_wire_info,
    };
    struct segments_wire *wire = segments_wire_of(world);

    (void)address;
    stream->ops = &OPS;
    stream->impl = wire;
    wire->lower = stream;
    wire->wanted = STREAM_OPEN;
    return 0;
}

static inline void segments_wire_init(struct segments_wire *wire)
{
    static const struct world_ops OPS = {
        .now = segments_wire_now,
        .timer_set = segments_wire_timer_set,
        .timer_stop = segments_wire_timer_stop,
        .connect = segments_wire_connect,
    };

    *wire = (struct segments_wire){.world = {.ops = &OPS}, .now_ns = NS_PER_S};
    timer_queue_init(&wire->timers);
}

/* What holds and is wanted. */
static inline unsigned segments_wire_level(const struct segments_wire *wire)
{
    unsigned level = STREAM_OPEN;

    if (wire->given > wire->read || wire->input_ends)
        level |= STREAM_READ;
    if (wire->allowed > 0)
        level |= STREAM_WRITE;
    return level & wire->wanted;
}

/* Upcalls and timers until nothing is left to do. */
static inline void segments_wire_run(struct segments_wire *wire)
{
    for (;;) {
        unsigned events = segments_wire_level(wire);
        struct timer *timer;

        wire->read_used = wire->write_used = false;
        if (events != 0) {
            wire->lower->on_event(wire->lower, events);
            continue;
        }
        if (timer_queue_due(&wire->timers) == TIME_NEVER)
            return;
        if (timer_queue_due(&wire->timers) > wire->now_ns)
            wire->now_ns = timer_queue_due(&wire->timers);
        timer = timer_queue_take_due(&wire->timers, wire->now_ns);
        timer->on_time(timer);
    }
}

/* ---- the client --------------------------------------------------------------------------------- */

static inline void segments_tls_want(struct segments_tls *tls, unsigned events)
{
    tls->wanted = events;
    stream_want(&tls->stream, events);
}

static inline void segments_tls_read(struct segments_tls *tls)
{
    ssize_t result =
        stream_read(&tls->stream, tls->got + tls->got_size, sizeof(tls->got) - tls->got_size);

    if (result > 0) {
        tls->got_size += (size_t)result;
    } else if (result != -EAGAIN) {
        tls->ended = true;
        tls->result = (int)result;
        segments_tls_want(tls, 0);
    }
}

static inline void segments_tls_write(struct segments_tls *tls)
{
    size_t size = tls->to_send - tls->sent;
    struct iovec piece = {tls->plain + tls->sent,
                          size < tls->piece_bytes ? size : tls->piece_bytes};
    ssize_t result = size == 0 ? 0 : stream_write(&tls->stream, &piece, 1);

    check(result >= 0 || result == -EAGAIN);
    if (result > 0)
        tls->sent += (size_t)result;
    if (tls->sent == tls->to_send)
        segments_tls_want(tls, tls->wanted & ~(unsigned)STREAM_WRITE);
}

static inline void segments_tls_on_event(struct stream *stream, unsigned events)
{
    struct segments_tls *tls = stream->owner;

    if ((events & STREAM_OPEN) != 0 && stream_status(stream) == -EINPROGRESS) {
        tls->early_opens++;
        return;
    }
    if ((events & STREAM_OPEN) != 0) {
        tls->opens++;
        segments_tls_want(tls, STREAM_READ);
    }
    if ((events & STREAM_READ) != 0)
        segments_tls_read(tls);
    if ((events & STREAM_WRITE) != 0)
        segments_tls_write(tls);
}

/* ---- both --------------------------------------------------------------------------------------- */

static inline void segments_tls_init(struct segments_tls *tls, enum tls_version version)
{
    struct rig_identity host;
    struct tls_certificate certificate = {.name = NULL};
    struct tls_server_options server = {.certificates = &certificate,
                                        .certificate_count = 1,
                                        .highest = version,
                                        .no_tickets = true};
    struct tls_client_options client = {.unverified = true, .no_tickets = true};
    char error[TLS_ERROR_BYTES];

    *tls = (struct segments_tls){.piece_bytes = 1};
    rig_identity_init(&host, &(struct rig_wish){.subject = "host", .names = "DNS:host.test"});
    certificate.certificate_path = certificate.key_path = host.path;
    tls->server = tls_server_create(&server, error);
    tls->client = tls_client_create(&client, error);
    rig_identity_release(&host);
    check(tls->server != NULL);
    check(tls->client != NULL);
    segments_wire_init(&tls->wire);
    for (size_t i = 0; i < sizeof(tls->plain); i++)
        tls->plain[i] = (uint8_t)(i * 7 + 1);
}

static inline void segments_tls_hang_up(struct segments_tls *tls)
{
    SSL_free(tls->peer);
    tls->peer = NULL;
    if (stream_in_use(&tls->stream))
        stream_close(&tls->stream, STREAM_RST);
    timer_queue_release(&tls->wire.timers);
    segments_wire_init(&tls->wire);
}

static inline void segments_tls_release(struct segments_tls *tls)
{
    segments_tls_hang_up(tls);
    timer_queue_release(&tls->wire.timers);
    tls_server_release(&tls->server);
    tls_client_release(&tls->client);
    tls_randomness_restore();
}

/* A new connection, whose ClientHello leaves. The same bytes every time. */
static inline void segments_tls_dial(struct segments_tls *tls)
{
    const struct address address = address_loopback(443);

    segments_tls_hang_up(tls);
    tls_randomness_seed(SEGMENTS_SEED);
    tls->opens = tls->early_opens = tls->got_size = tls->sent = tls->to_send = 0;
    tls->ended = false;
    tls->result = 0;
    tls->stream = (struct stream){.on_event = segments_tls_on_event, .owner = tls};
    check(tls_connect(tls->client, &tls->wire.world, &tls->stream, &address, "host.test") == 0);
    tls->wire.allowed = SIZE_MAX;
    segments_wire_run(&tls->wire);
    tls_randomness_seed(SEGMENTS_SEED + 1);
}

/*
 * The server, which takes what has left, and whose answer is copied to in; returns its size. What it draws at random changes
 * nothing of what its client draws then, so that an answer fits every client that was dialled alike.
 */
static inline size_t segments_tls_answer(struct segments_tls *tls, size_t from, uint8_t *in)
{
    BIO *below = SSL_get_rbio(tls->peer);
    int size;

    tls_randomness_seed(SEGMENTS_SEED + 2);
    check(BIO_write(below, tls->wire.out + from, (int)(tls->wire.left - from)) >= 0);
    (void)SSL_do_handshake(tls->peer);
    tls_randomness_seed(SEGMENTS_SEED + 1);
    size = BIO_read(SSL_get_wbio(tls->peer), in, SEGMENTS_WIRE_BYTES / 2);
    return size > 0 ? (size_t)size : 0;
}

static inline void segments_tls_begin_peer(struct segments_tls *tls)
{
    tls->peer = tls_server_begin(tls->server);
    check(tls->peer != NULL);
    SSL_set_bio(tls->peer, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
}

/* What a client of TLS tells of itself: all but its keys, which the next record would show to be others. */
static inline void segments_tls_tell(struct segments_tls *tls, struct segments_account *account)
{
    const struct tls_stream *at = tls->stream.impl;
    struct stream_info info;

    stream_info(&tls->stream, &info);
    segments_say_bytes(account, "got", bytes_make(tls->got, tls->got_size));
    segments_say_number(account, "opens", tls->opens);
    segments_say_number(account, "early", tls->early_opens);
    segments_say_number(account, "ended", tls->ended);
    segments_say_number(account, "result", (uint64_t)-tls->result);
    segments_say_number(account, "sent", tls->sent);
    segments_say_number(account, "tx", info.tx);
    segments_say_number(account, "rx", info.rx);
    segments_say_number(account, "pending", info.tx_pending);
    segments_say_number(account, "error", (uint64_t)info.error);
    segments_say_number(account, "phase", at->phase);
    segments_say_number(account, "trouble", at->trouble);
    segments_say_number(account, "handshaken", at->handshaken);
    segments_say_number(account, "wanted", at->lower_wanted);
    segments_say_number(account, "unclaimed", at->wire.unclaimed);
    segments_say_number(account, "left", at->wire.record_left);
    segments_say_number(account, "may write", at->wire.may_write);
    segments_say_number(account, "starved", at->wire.starved);
    segments_say_number(account, "choked", at->wire.choked);
    segments_say_number(account, "readable", (uint64_t)SSL_pending(at->wire.ssl));
}

#endif
