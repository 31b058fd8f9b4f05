#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "world/sockets/state.h"

static struct socket_stream *slot_of(const struct stream *stream)
{
    struct socket_stream *slot = object_cast(stream->impl, SOCKET_STREAM_TAG);

    check(slot->stream == stream);
    return slot;
}

/* True once per upcall and direction; outside of upcalls always. */
static bool use_up(const struct sockets *sockets, uint64_t *upcall)
{
    if (sockets->in_upcall && *upcall == sockets->upcalls)
        return false;
    *upcall = sockets->upcalls;
    return true;
}

/* The owner meets an error: the first one the kernel told of stays for good. */
static int meet_error(struct socket_stream *slot, int error)
{
    if (slot->error == 0)
        slot->error = slot->error_pending != 0 ? slot->error_pending : error;
    socket_stream_note_end(slot);
    socket_stream_touch(slot);
    return -slot->error;
}

/*
 * Nothing more can be read. The kernel tells an error once and then a clean end, even where that error
 * went to write or SO_ERROR: so ours comes first. Only EPIPE, which follows the peer's FIN, does not.
 */
static ssize_t end_input(struct socket_stream *slot, int error)
{
    bool failed = error != 0 || slot->error_pending != 0 || slot->error != 0;

    slot->input_ended = true;
    if (failed && slot->error != EPIPE)
        slot->input_result = meet_error(slot, error);
    if (slot->input_result == -EPIPE)
        slot->input_result = 0;
    socket_stream_note_end(slot);
    socket_stream_touch(slot);
    return slot->input_result;
}

static ssize_t read_now(struct stream *stream, void *data, size_t size)
{
    struct socket_stream *slot = slot_of(stream);
    ssize_t got;

    if ((socket_stream_level(slot) & STREAM_READ) == 0 ||
        !use_up(slot->sockets, &slot->read_upcall))
        return -EAGAIN;
    if (slot->input_ended)
        return slot->input_result;
    do {
        got = recv(slot->descriptor, data, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        slot->rx += (uint64_t)got;
        if ((size_t)got < size && !slot->peer_closed)
            slot->levels &= ~(unsigned)STREAM_READ; /* empty: what comes later makes a new edge */
        return got;
    }
    if (got < 0 && errno == EAGAIN && slot->error == 0 && slot->error_pending == 0) {
        slot->levels &= ~(unsigned)STREAM_READ;
        return -EAGAIN;
    }
    return end_input(slot, got < 0 && errno != EAGAIN ? errno : 0);
}

static size_t size_of(const struct iovec *pieces, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

static ssize_t write_now(struct stream *stream, const struct iovec *pieces, int count)
{
    struct socket_stream *slot = slot_of(stream);
    struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)pieces,
        .msg_iovlen = count < IOV_MAX ? (size_t)count : IOV_MAX,
    };
    ssize_t sent;

    if ((socket_stream_level(slot) & STREAM_WRITE) == 0 ||
        !use_up(slot->sockets, &slot->write_upcall))
        return -EAGAIN;
    if (slot->error != 0 || slot->error_pending != 0)
        return meet_error(slot, 0);
    if (slot->shut)
        return -EPIPE;
    do {
        sent = sendmsg(slot->descriptor, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN)
        return meet_error(slot, errno);
    if (sent < 0 || (size_t)sent < size_of(pieces, (int)message.msg_iovlen))
        slot->levels &= ~(unsigned)STREAM_WRITE; /* full: room makes a new edge */
    if (sent < 0)
        return -EAGAIN;
    slot->tx += (uint64_t)sent;
    return sent;
}

/* The sticky error, also one that the peer's reset left and nobody has met by reading or writing. */
static int known_error(struct socket_stream *slot)
{
    if (slot->error == 0 && slot->error_pending == 0 && slot->peer_closed)
        slot->error_pending = socket_stream_take_error(slot->descriptor);
    return slot->error != 0 ? slot->error : slot->error_pending;
}

static int status_now(struct stream *stream)
{
    struct socket_stream *slot = slot_of(stream);

    return slot->connecting ? -EINPROGRESS : -known_error(slot);
}

static int shut_now(struct stream *stream)
{
    struct socket_stream *slot = slot_of(stream);
    int error;

    if (slot->error != 0)
        return -slot->error;
    if (slot->shut || slot->connecting) {
        slot->shut = true; /* a dial that succeeds is followed by FIN at once */
        return 0;
    }
    slot->shut = true;
    if (shutdown(slot->descriptor, SHUT_WR) == 0)
        return 0;
    error = socket_stream_take_error(slot->descriptor); /* the connection is gone: why? */
    return error == 0 ? 0 : meet_error(slot, error);
}

static void want_now(struct stream *stream, unsigned events)
{
    struct socket_stream *slot = slot_of(stream);

    slot->wanted = events;
    socket_stream_touch(slot);
}

static void info_now(struct stream *stream, struct stream_info *out)
{
    struct socket_stream *slot = slot_of(stream);

    *out = (struct stream_info){.tx = slot->tx,
                                .rx = slot->rx,
                                .tx_known = true,
                                .error = known_error(slot),
                                .peer = slot->peer};
}

static void close_now(struct stream *stream, enum stream_end how)
{
    struct socket_stream *slot = slot_of(stream);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};

    check(!slot->suspect);
    if (how == STREAM_RST)
        setsockopt(slot->descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    socket_stream_end(slot);
    stream->impl = NULL;
    socket_listener_resume_all(slot->sockets);
}

const struct stream_ops SOCKET_STREAM_OPS = {
    .status = status_now,
    .read = read_now,
    .write = write_now,
    .shut = shut_now,
    .close = close_now,
    .want = want_now,
    .info = info_now,
};
