#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "world/sockets/state.h"

static void on_edge(evutil_socket_t descriptor, short events, void *owner);

/* ---- slots ------------------------------------------------------------------------------------ */

static bool reserve_suspects(struct suspect_list *suspects, size_t capacity)
{
    struct pollfd *polls = realloc(suspects->polls, capacity * sizeof(*polls));
    struct socket_stream **streams;

    if (polls == NULL)
        return false;
    suspects->polls = polls;
    streams = realloc(suspects->streams, capacity * sizeof(struct socket_stream *));
    if (streams == NULL)
        return false;
    suspects->streams = streams;
    suspects->capacity = capacity;
    return true;
}

static bool add_chunk(struct sockets *sockets)
{
    struct stream_chunk *chunk;

    if (!reserve_suspects(&sockets->suspects, sockets->suspects.capacity + STREAM_CHUNK))
        return false;
    chunk = calloc(1, sizeof(*chunk));
    if (chunk == NULL)
        return false;
    for (size_t i = STREAM_CHUNK; i-- > 0;) {
        chunk->slots[i].sockets = sockets;
        chunk->slots[i].next_free = sockets->streams_free;
        sockets->streams_free = &chunk->slots[i];
    }
    chunk->next = sockets->chunks;
    sockets->chunks = chunk;
    return true;
}

/* 0 when a slot is free, -EMFILE at the limit, or -ENOMEM. */
static int reserve_slot(struct sockets *sockets)
{
    if (sockets->stream_count == sockets->options.streams_max)
        return -EMFILE;
    return sockets->streams_free != NULL || add_chunk(sockets) ? 0 : -ENOMEM;
}

/* Joins the stream, the reserved slot and the descriptor. NULL if the kernel takes no more watches. */
static struct socket_stream *begin(struct sockets *sockets, struct stream *stream, int descriptor)
{
    struct socket_stream *slot = sockets->streams_free;
    int assigned;

    *slot = (struct socket_stream){
        .ready.kind = READY_STREAM,
        .sockets = sockets,
        .stream = stream,
        .descriptor = descriptor,
        .generation = slot->generation + 1,
        .next_free = slot->next_free,
    };
    assigned = event_assign(&slot->event, sockets->base, descriptor,
                            EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, on_edge, slot);
    check(assigned == 0);
    if (event_add(&slot->event, NULL) != 0)
        return NULL;
    slot->tag = SOCKET_STREAM_TAG;
    sockets->streams_free = slot->next_free;
    sockets->stream_count++;
    stream->ops = &SOCKET_STREAM_OPS;
    stream->impl = slot;
    return slot;
}

/* ---- levels ----------------------------------------------------------------------------------- */

unsigned socket_stream_level(const struct socket_stream *slot)
{
    unsigned level = slot->levels;

    if (slot->connecting)
        return 0;
    if (slot->error != 0)
        level |= slot->error == EPIPE ? STREAM_WRITE : STREAM_READ | STREAM_WRITE;
    if (slot->peer_closed)
        level |= STREAM_CLOSED;
    return (level | STREAM_OPEN) & ~slot->told;
}

/* Keeps sockets->awaited: does this stream want anything that may still come? */
static void count_awaited(struct socket_stream *slot)
{
    bool awaited = (slot->wanted & ~slot->told) != 0;

    if (awaited == slot->awaited)
        return;
    slot->awaited = awaited;
    if (awaited)
        slot->sockets->awaited++;
    else
        slot->sockets->awaited--;
}

void socket_stream_touch(struct socket_stream *slot)
{
    count_awaited(slot);
    if ((socket_stream_level(slot) & slot->wanted) != 0)
        ready_list_add(&slot->sockets->ready, &slot->ready);
}

bool socket_stream_call(struct socket_stream *slot)
{
    struct stream *stream = slot->stream;
    uint64_t generation = slot->generation;
    unsigned events = socket_stream_level(slot) & slot->wanted;

    if (events == 0)
        return false;
    slot->told |= events & (STREAM_OPEN | STREAM_CLOSED);
    stream->on_event(stream, events);
    /* A level that still holds is told again, after all others had their turn. */
    if (slot->tag == SOCKET_STREAM_TAG && slot->generation == generation)
        socket_stream_touch(slot);
    return true;
}

/* ---- edges ------------------------------------------------------------------------------------ */

int socket_stream_take_error(int descriptor)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error;
}

void socket_stream_note_end(struct socket_stream *slot)
{
    slot->peer_closed = true;
    slot->levels |= STREAM_READ;
}

static void finish_connect(struct socket_stream *slot)
{
    int error = socket_stream_take_error(slot->descriptor);

    slot->connecting = false;
    if (error == ECONNRESET || error == EPIPE) {
        /* Before a connection stands Linux says ECONNREFUSED: so it did stand, and was reset since. */
        slot->error_pending = error;
        slot->levels |= STREAM_WRITE;
        socket_stream_note_end(slot);
        return;
    }
    slot->error = error;
    if (error != 0)
        return;
    slot->levels |= STREAM_WRITE;
    if (slot->shut)
        shutdown(slot->descriptor, SHUT_WR);
}

static void add_suspect(struct socket_stream *slot)
{
    struct suspect_list *suspects = &slot->sockets->suspects;

    if (slot->suspect)
        return;
    check(suspects->count < suspects->capacity);
    suspects->polls[suspects->count] = (struct pollfd){.fd = slot->descriptor, .events = POLLRDHUP};
    suspects->streams[suspects->count++] = slot;
    slot->suspect = true;
}

static void on_edge(evutil_socket_t descriptor, short events, void *owner)
{
    struct socket_stream *slot = object_cast(owner, SOCKET_STREAM_TAG);

    check(slot->descriptor == descriptor);
    if (slot->connecting && (events & EV_WRITE) != 0)
        finish_connect(slot);
    if ((events & EV_READ) != 0)
        slot->levels |= STREAM_READ;
    if ((events & EV_WRITE) != 0)
        slot->levels |= STREAM_WRITE;
    if ((events & EV_CLOSED) != 0)
        socket_stream_note_end(slot);
    else if (!slot->peer_closed && (events & EV_READ) != 0 && (events & EV_WRITE) != 0)
        add_suspect(slot);
    socket_stream_touch(slot);
}

void socket_stream_examine_suspects(struct sockets *sockets)
{
    struct suspect_list *suspects = &sockets->suspects;
    size_t count = suspects->count;
    int found;

    if (count == 0)
        return;
    suspects->count = 0;
    do {
        found = poll(suspects->polls, count, 0);
    } while (found < 0 && errno == EINTR);
    for (size_t i = 0; i < count; i++) {
        struct socket_stream *slot = suspects->streams[i];

        slot->suspect = false;
        if (found > 0 && suspects->polls[i].revents != 0) {
            socket_stream_note_end(slot);
            socket_stream_touch(slot);
        }
    }
}

/* ---- beginning and end ------------------------------------------------------------------------ */

void socket_set_buffers(int descriptor, int sndbuf, int rcvbuf)
{
    if (sndbuf > 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
    if (rcvbuf > 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
}

/* 0 when the dial is on its way or done, else -errno. */
static int dial(const struct sockets *sockets, int descriptor, const struct address *address)
{
    struct sockaddr_storage to;
    socklen_t size = socket_address_write(address, &to);
    int sndbuf = sockets->options.sndbuf;
    int rcvbuf = sockets->options.rcvbuf;
    int on = 1;

    socket_listener_find_shape(sockets, address, &sndbuf, &rcvbuf);
    socket_set_buffers(descriptor, sndbuf, rcvbuf);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(descriptor, (struct sockaddr *)&to, size) == 0 || errno == EINPROGRESS)
        return 0;
    return -errno;
}

/* What the seam calls running out, -EMFILE and -ENOMEM; anything else as it is. */
static int refusal(int error)
{
    if (error == ENFILE)
        return -EMFILE;
    return error == ENOBUFS ? -ENOMEM : -error;
}

int socket_stream_connect(struct world *world, struct stream *stream, const struct address *address)
{
    struct sockets *sockets = sockets_of(world);
    struct socket_stream *slot = NULL;
    int descriptor;
    int result = reserve_slot(sockets);

    if (result != 0)
        return result;
    descriptor = socket(address->family == 4 ? AF_INET : AF_INET6,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return refusal(errno);
    result = dial(sockets, descriptor, address);
    if (result == 0) {
        slot = begin(sockets, stream, descriptor);
        result = slot == NULL ? -ENOMEM : 0;
    }
    if (result != 0) {
        close(descriptor);
        return result;
    }
    slot->peer = *address;
    slot->connecting = true;
    slot->wanted = STREAM_OPEN;
    count_awaited(slot);
    return 0;
}

/*
 * TCP_NODELAY and the buffer sizes come from the listening socket. A connection for which the kernel
 * has no watch left is lost: that is its own limit, far above that of descriptors.
 */
int socket_stream_accept(struct sockets *sockets, int listening, struct stream *stream)
{
    struct sockaddr_storage from;
    socklen_t from_size = sizeof(from);
    struct socket_stream *slot;
    int descriptor;
    int result = reserve_slot(sockets);

    if (result != 0)
        return result;
    descriptor =
        accept4(listening, (struct sockaddr *)&from, &from_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return refusal(errno);
    slot = begin(sockets, stream, descriptor);
    if (slot == NULL) {
        close(descriptor);
        return -ENOMEM;
    }
    socket_address_read((struct sockaddr *)&from, &slot->peer);
    slot->told = STREAM_OPEN;
    slot->levels = STREAM_WRITE;
    return 0;
}

void socket_stream_end(struct socket_stream *slot)
{
    ready_item_leave(&slot->ready);
    slot->wanted = 0;
    count_awaited(slot);
    event_del(&slot->event);
    close(slot->descriptor);
    slot->tag = 0;
    slot->stream = NULL;
    slot->next_free = slot->sockets->streams_free;
    slot->sockets->streams_free = slot;
    slot->sockets->stream_count--;
}

void socket_stream_end_all(struct sockets *sockets)
{
    while (sockets->chunks != NULL) {
        struct stream_chunk *chunk = sockets->chunks;

        for (size_t i = 0; i < STREAM_CHUNK; i++)
            if (chunk->slots[i].tag == SOCKET_STREAM_TAG)
                socket_stream_end(&chunk->slots[i]);
        sockets->chunks = chunk->next;
        free(chunk);
    }
    sockets->streams_free = NULL;
    free(sockets->suspects.polls);
    free(sockets->suspects.streams);
    sockets->suspects = (struct suspect_list){0};
}
