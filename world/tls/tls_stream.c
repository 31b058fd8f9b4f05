#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "world/base/bytes.h"
#include "world/tls/state.h"

/* Between upcalls that nobody heeds, so that a spinning program lets time pass. */
enum { REPEAT_NS = NS_PER_US };

static const struct stream_ops tls_stream_ops;
static void on_lower_event(struct stream *lower, unsigned events);
static void on_turn(struct timer *timer);
static void on_linger_end(struct timer *timer);

/* Worlds belong to one thread each, and so do their streams. */
static _Thread_local struct registry {
    struct tls_stream *first;
    size_t count;
} registry;

static struct tls_stream *stream_of(struct stream *stream)
{
    struct tls_stream *at = object_cast(stream->impl, TLS_STREAM_TAG);

    check(at->outer == stream);
    return at;
}

/* ---- life ---------------------------------------------------------------------------------------- */

static struct tls_stream *make(struct world *world, struct stream *outer)
{
    struct tls_stream *at = calloc(1, sizeof(*at));

    if (at == NULL)
        return NULL;
    at->tag = TLS_STREAM_TAG;
    at->world = world;
    at->outer = outer;
    at->wanted = STREAM_OPEN;
    at->turn_timer = (struct timer){.on_time = on_turn, .owner = at};
    at->linger_timer = (struct timer){.on_time = on_linger_end, .owner = at};
    at->next = registry.first;
    if (at->next != NULL)
        at->next->previous = at;
    registry.first = at;
    registry.count++;
    return at;
}

/* Says nothing to the world. */
static void give_back(struct tls_stream *at)
{
    if (at->previous != NULL)
        at->previous->next = at->next;
    else
        registry.first = at->next;
    if (at->next != NULL)
        at->next->previous = at->previous;
    registry.count--;
    tls_wire_release(&at->wire);
    if (at->server != NULL)
        tls_server_drop(at->server);
    if (at->client != NULL)
        tls_client_drop(at->client);
    at->tag = 0;
    free(at);
}

/* OpenSSL takes an SSL that ends without close_notify for one whose session must not be resumed. */
static void finish(struct tls_stream *at, enum stream_end end)
{
    timer_stop(at->world, &at->turn_timer);
    timer_stop(at->world, &at->linger_timer);
    if (at->error == 0 && at->wire.ssl != NULL)
        SSL_set_shutdown(at->wire.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    stream_close(&at->wire.lower, end);
    give_back(at);
}

void tls_abandon(struct stream *stream)
{
    if (tls_phase_of(stream) == TLS_NONE)
        return;
    give_back(stream_of(stream));
    stream->impl = NULL;
}

void tls_end_lingering(const struct world *world)
{
    struct tls_stream *next;

    for (struct tls_stream *at = registry.first; at != NULL; at = next) {
        next = at->next;
        if (at->world == world && at->outer == NULL)
            finish(at, STREAM_RST);
    }
}

void tls_abandon_world(const struct world *world)
{
    struct tls_stream *next;

    for (struct tls_stream *at = registry.first; at != NULL; at = next) {
        next = at->next;
        if (at->world == world)
            give_back(at);
    }
}

size_t tls_streams_in_use(void)
{
    return registry.count;
}

/* ---- levels -------------------------------------------------------------------------------------- */

/* What holds whatever the stream below says. */
static unsigned own_level(const struct tls_stream *at)
{
    unsigned level = at->open_told ? 0 : STREAM_OPEN;

    if (at->error != 0)
        return level | STREAM_READ | STREAM_WRITE;
    if (at->phase != TLS_OPEN)
        return 0;
    if (at->ended ||
        (!at->wire.starved && !tls_wire_is_choked(&at->wire) && SSL_has_pending(at->wire.ssl)))
        level |= STREAM_READ;
    if (at->shut_asked || at->wire.write_error != 0)
        level |= STREAM_WRITE;
    return level;
}

static unsigned lower_level_wanted(const struct tls_stream *at)
{
    const struct tls_wire *wire = &at->wire;
    unsigned satisfied = own_level(at);
    unsigned events = at->phase == TLS_OPEN ? at->wanted & STREAM_CLOSED : 0;

    if (wire->write_error == 0 && tls_wire_pending(wire) > 0)
        events |= STREAM_WRITE;
    if (at->error != 0)
        return events;
    if (at->phase == TLS_CONNECTING)
        return STREAM_OPEN;
    if (wire->write_error == 0 && !wire->may_write)
        events |= STREAM_WRITE;
    if (at->phase == TLS_HANDSHAKING)
        return at->handshaken || wire->input_ended ? events : events | STREAM_READ;
    if (tls_wire_is_choked(wire))
        satisfied |= STREAM_READ;
    return events | (at->wanted & ~satisfied & (STREAM_READ | STREAM_WRITE));
}

/* To be called after whatever may have changed a level. */
static void ask_for_upcalls(struct tls_stream *at, uint64_t delay_ns)
{
    unsigned events = lower_level_wanted(at);
    uint64_t at_ns = world_now(at->world) + delay_ns;

    if (events != at->lower_wanted) {
        at->lower_wanted = events;
        stream_want(&at->wire.lower, events);
    }
    if ((own_level(at) & at->wanted) == 0)
        timer_stop(at->world, &at->turn_timer);
    else if (!timer_is_set(&at->turn_timer) || at_ns < at->turn_timer.at_ns)
        timer_set(at->world, &at->turn_timer, at_ns);
}

/* Nothing of at may be touched behind this: the upcall may close it. */
static void call(struct tls_stream *at, unsigned events)
{
    struct stream *outer = at->outer;

    if (events == 0) {
        ask_for_upcalls(at, 0);
        return;
    }
    if ((events & STREAM_OPEN) != 0 && (at->error != 0 || at->phase == TLS_OPEN))
        at->open_told = true;
    ask_for_upcalls(at, REPEAT_NS);
    outer->on_event(outer, events);
}

static void on_turn(struct timer *timer)
{
    struct tls_stream *at = object_cast(timer->owner, TLS_STREAM_TAG);

    at->read_used = false;
    call(at, own_level(at) & at->wanted);
}

/* ---- upcalls from below -------------------------------------------------------------------------- */

static void end_output(struct tls_stream *at);

static void meet_dial_outcome(struct tls_stream *at)
{
    int status = stream_status(&at->wire.lower);

    if (status == 0)
        at->phase = TLS_HANDSHAKING;
    else
        tls_stream_fail(at, -status, TLS_NO_TROUBLE);
}

static void go_on_with_handshake(struct tls_stream *at)
{
    tls_handshake_go_on(at);
    if (at->phase == TLS_OPEN && at->shut_asked)
        end_output(at);
}

static void go_on_with_shut(struct tls_stream *at)
{
    if (at->shut_asked && !at->shut_done && at->phase == TLS_OPEN &&
        tls_wire_pending(&at->wire) == 0) {
        at->shut_done = true;
        stream_shut(&at->wire.lower);
    }
}

static bool may_write_above(const struct tls_stream *at)
{
    const struct tls_wire *wire = &at->wire;

    return (wire->may_write && tls_wire_pending(wire) == 0) ||
           (wire->unclaimed > 0 && wire->record_left);
}

static void on_lower_event(struct stream *lower, unsigned events)
{
    struct tls_stream *at = object_cast(lower->owner, TLS_STREAM_TAG);
    unsigned told = 0;

    at->read_used = false;
    if ((events & STREAM_WRITE) != 0) {
        at->wire.may_write = true;
        tls_wire_flush(&at->wire);
    }
    if (at->outer == NULL) {
        if (tls_wire_pending(&at->wire) == 0 || at->wire.write_error != 0)
            finish(at, STREAM_FIN);
        return;
    }
    if (at->phase == TLS_OPEN)
        told = events & (STREAM_READ | STREAM_CLOSED);
    if (at->phase == TLS_CONNECTING && (events & STREAM_OPEN) != 0) {
        meet_dial_outcome(at);
        told = STREAM_OPEN;
    }
    if (at->phase == TLS_HANDSHAKING && at->error == 0)
        go_on_with_handshake(at);
    go_on_with_shut(at);
    if (at->phase == TLS_OPEN && may_write_above(at))
        told |= STREAM_WRITE;
    call(at, (told | own_level(at)) & at->wanted);
}

/* ---- stream_ops ---------------------------------------------------------------------------------- */

static int status(struct stream *stream)
{
    struct tls_stream *at = stream_of(stream);

    if (at->error != 0)
        return -at->error;
    return at->phase == TLS_OPEN ? stream_status(&at->wire.lower) : -EINPROGRESS;
}

static ssize_t read_record(struct tls_stream *at, void *data, size_t size)
{
    int got;

    if (at->ended)
        return at->end_result;
    if (at->read_used)
        return -EAGAIN;
    ERR_clear_error();
    got = SSL_read(at->wire.ssl, data, size < INT_MAX ? (int)size : INT_MAX);
    at->wire.starved = false;
    at->wire.choked = false;
    if (got > 0) {
        at->read_used = true;
        return got;
    }
    switch (SSL_get_error(at->wire.ssl, got)) {
    case SSL_ERROR_ZERO_RETURN:
        at->ended = true;
        return 0;
    case SSL_ERROR_WANT_READ:
        at->wire.starved = true;
        if (!at->wire.input_ended)
            return -EAGAIN;
        tls_stream_meet_end(at);
        break;
    case SSL_ERROR_WANT_WRITE:
        at->wire.choked = true;
        return -EAGAIN;
    default:
        tls_stream_fail_by_openssl(at);
    }
    return at->error != 0 ? -at->error : at->end_result;
}

static ssize_t read_bytes(struct stream *stream, void *data, size_t size)
{
    struct tls_stream *at = stream_of(stream);
    ssize_t result;

    if (at->error != 0)
        return -at->error;
    if (at->phase != TLS_OPEN)
        return -EAGAIN;
    result = read_record(at, data, size);
    ask_for_upcalls(at, 0);
    return result;
}

static ssize_t write_bytes(struct stream *stream, const struct iovec *pieces, int count)
{
    struct tls_stream *at = stream_of(stream);
    ssize_t result;

    if (at->error != 0)
        return -at->error;
    if (at->phase != TLS_OPEN)
        return -EAGAIN;
    if (at->shut_asked)
        return -EPIPE;
    result = tls_wire_write(&at->wire, pieces, count);
    ask_for_upcalls(at, 0);
    return result;
}

/* RFC 8446 6.1: close_notify ends this direction alone. */
static void end_output(struct tls_stream *at)
{
    if (!tls_wire_withdraw(&at->wire)) {
        ERR_clear_error();
        SSL_shutdown(at->wire.ssl);
        tls_wire_flush(&at->wire);
    }
    go_on_with_shut(at);
}

static int shut(struct stream *stream)
{
    struct tls_stream *at = stream_of(stream);
    bool first = !at->shut_asked;

    if (at->error != 0)
        return -at->error;
    at->shut_asked = true;
    if (at->phase != TLS_OPEN)
        return 0; /* close_notify follows the handshake at once */
    if (first)
        end_output(at);
    ask_for_upcalls(at, 0);
    return -at->wire.write_error;
}

/* Bytes of the application that came and were not read, by what one more read below tells. */
static bool has_unread(struct tls_stream *at)
{
    uint8_t byte;

    ERR_clear_error();
    return !at->ended && SSL_peek(at->wire.ssl, &byte, sizeof(byte)) > 0;
}

static void close_stream(struct stream *stream, enum stream_end end)
{
    struct tls_stream *at = stream_of(stream);
    struct tls_wire *wire = &at->wire;

    stream->impl = NULL;
    at->outer = NULL;
    at->wanted = 0;
    tls_wire_withdraw(wire);
    if (end == STREAM_FIN && at->phase == TLS_OPEN && at->error == 0) {
        if (has_unread(at))
            end = STREAM_RST; /* as the stream below would, had it not given them to us */
        else if (!at->shut_asked)
            SSL_shutdown(wire->ssl);
    }
    if (end == STREAM_FIN)
        tls_wire_flush(wire);
    if (end == STREAM_RST || tls_wire_pending(wire) == 0 || wire->write_error != 0 ||
        (at->phase != TLS_OPEN && at->error == 0)) {
        finish(at, end);
        return;
    }
    at->lower_wanted = STREAM_WRITE;
    stream_want(&wire->lower, STREAM_WRITE);
    timer_stop(at->world, &at->turn_timer);
    timer_set(at->world, &at->linger_timer, world_now(at->world) + TLS_LINGER_MS * NS_PER_MS);
}

static void on_linger_end(struct timer *timer)
{
    finish(object_cast(timer->owner, TLS_STREAM_TAG), STREAM_RST);
}

static void want(struct stream *stream, unsigned events)
{
    struct tls_stream *at = stream_of(stream);

    at->wanted = events;
    ask_for_upcalls(at, 0);
}

static void info(struct stream *stream, struct stream_info *out)
{
    struct tls_stream *at = stream_of(stream);

    stream_info(&at->wire.lower, out);
    out->tx_pending = tls_wire_pending(&at->wire);
    if (at->error != 0)
        out->error = at->error;
}

static const struct stream_ops tls_stream_ops = {
    .status = status,
    .read = read_bytes,
    .write = write_bytes,
    .shut = shut,
    .close = close_stream,
    .want = want,
    .info = info,
};

/* ---- beginning ----------------------------------------------------------------------------------- */

/* 0, or why the stream below could not begin; then nothing is left. */
static int begin(struct tls_stream *at, int result)
{
    struct stream *outer = at->outer;

    if (result != 0) {
        give_back(at);
        return result;
    }
    outer->ops = &tls_stream_ops;
    outer->impl = at;
    return 0;
}

int tls_accept(struct tls_server *server, struct world *world, struct listener *listener,
               struct stream *stream)
{
    struct tls_stream *at = make(world, stream);
    int result;

    if (at == NULL)
        return -ENOMEM;
    at->server = server;
    server->references++;
    at->phase = TLS_HANDSHAKING;
    if (!tls_wire_init(&at->wire, tls_server_begin(server), server->method))
        return begin(at, -ENOMEM);
    at->wire.lower.on_event = on_lower_event;
    at->wire.lower.owner = at;
    result = begin(at, world_accept(world, listener, &at->wire.lower));
    if (result == 0)
        ask_for_upcalls(at, 0);
    return result;
}

int tls_connect(struct tls_client *client, struct world *world, struct stream *stream,
                const struct address *address, const char *server_name)
{
    size_t size = strlen(server_name);
    struct tls_stream *at;

    if (size >= TLS_NAME_BYTES)
        return -EINVAL;
    at = make(world, stream);
    if (at == NULL)
        return -ENOMEM;
    at->client = client;
    client->references++;
    at->phase = TLS_CONNECTING;
    at->lower_wanted = STREAM_OPEN;
    at->peer.address = *address;
    memcpy(at->peer.name, server_name, size);
    if (!tls_wire_init(&at->wire, tls_client_begin(client, &at->peer), client->method))
        return begin(at, -ENOMEM);
    at->wire.lower.on_event = on_lower_event;
    at->wire.lower.owner = at;
    return begin(at, world_connect(world, &at->wire.lower, address));
}

/* ---- questions ----------------------------------------------------------------------------------- */

enum tls_phase tls_phase_of(const struct stream *stream)
{
    const struct tls_stream *at = stream->impl;

    return at != NULL && stream->ops == &tls_stream_ops ? at->phase : TLS_NONE;
}

bool tls_speaks_for_itself(const struct stream *lower)
{
    const struct tls_stream *at;

    if (lower->on_event != on_lower_event)
        return false;
    at = object_cast(lower->owner, TLS_STREAM_TAG);
    return at->phase != TLS_OPEN || at->outer == NULL || at->shut_asked;
}

static void copy_text(char *out, size_t size, struct bytes text)
{
    size_t part = text.size < size - 1 ? text.size : size - 1;

    if (part > 0)
        memcpy(out, text.data, part);
    out[part] = '\0';
}

void tls_look(const struct stream *stream, struct tls_look *out)
{
    const struct tls_stream *at = stream->impl;
    const unsigned char *alpn;
    unsigned alpn_size;
    const char *name;

    memset(out, 0, sizeof(*out));
    out->phase = tls_phase_of(stream);
    if (out->phase == TLS_NONE)
        return;
    out->trouble = at->trouble;
    out->detail = at->detail;
    if (at->handshaken) {
        out->resumed = SSL_session_reused(at->wire.ssl) == 1;
        out->version = SSL_get_version(at->wire.ssl);
    }
    SSL_get0_alpn_selected(at->wire.ssl, &alpn, &alpn_size);
    copy_text(out->alpn, sizeof(out->alpn), bytes_make(alpn, alpn_size));
    name = at->server == NULL ? NULL : SSL_get_servername(at->wire.ssl, TLSEXT_NAMETYPE_host_name);
    if (name != NULL)
        copy_text(out->name, sizeof(out->name), bytes_of(name));
}
