#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world/sockets/state.h"

enum { FILL_TIMEOUT_MS = 2000 }; /* a handshake with ourselves takes microseconds */

static struct socket_listener *slot_of(const struct listener *listener)
{
    struct socket_listener *slot = object_cast(listener->impl, SOCKET_LISTENER_TAG);

    check(slot->listener == listener);
    return slot;
}

/* ---- readiness -------------------------------------------------------------------------------- */

static void touch(struct socket_listener *slot)
{
    if (slot->acceptable && !timer_is_set(&slot->pause))
        ready_list_add(&slot->sockets->ready, &slot->ready);
}

static bool is_waiting(int descriptor)
{
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};

    return poll(&waiting, 1, 0) == 1;
}

bool socket_listener_call(struct socket_listener *slot)
{
    struct listener *listener = slot->listener;
    uint64_t generation = slot->generation;

    if (!slot->acceptable || timer_is_set(&slot->pause))
        return false;
    slot->accepted = false;
    listener->on_acceptable(listener);
    if (slot->tag != SOCKET_LISTENER_TAG || slot->generation != generation)
        return true;
    /* Who accepts one at a time leaves open whether that was the last: only the kernel knows. */
    if (slot->acceptable && slot->accepted)
        slot->acceptable = is_waiting(slot->descriptor);
    touch(slot);
    return true;
}

static void on_edge(evutil_socket_t descriptor, short events, void *owner)
{
    struct socket_listener *slot = object_cast(owner, SOCKET_LISTENER_TAG);

    (void)events;
    check(slot->descriptor == descriptor);
    slot->acceptable = true;
    touch(slot);
}

static void resume(struct socket_listener *slot)
{
    struct sockets *sockets = slot->sockets;

    if (!timer_is_set(&slot->pause))
        return;
    timer_queue_stop(&sockets->timers, &slot->pause);
    sockets->pause_count--;
    touch(slot);
}

static void on_pause_over(struct timer *timer)
{
    struct socket_listener *slot = object_cast(timer->owner, SOCKET_LISTENER_TAG);

    slot->sockets->pause_count--;
    touch(slot);
}

/*
 * Nothing can be accepted for now, and the kernel makes no edge when that changes: the listener is told
 * again when a stream of ours is closed, and otherwise after a while, never in a spin.
 */
static void pause_accepting(struct socket_listener *slot)
{
    struct sockets *sockets = slot->sockets;

    resume(slot);
    ready_item_leave(&slot->ready);
    timer_queue_set(&sockets->timers, &slot->pause, world_now(&sockets->world) + ACCEPT_PAUSE_NS);
    sockets->pause_count++;
}

void socket_listener_resume_all(struct sockets *sockets)
{
    if (sockets->pause_count == 0)
        return;
    for (struct socket_listener *slot = sockets->listeners; slot != NULL; slot = slot->next)
        resume(slot);
}

int socket_listener_accept(struct world *world, struct listener *listener, struct stream *stream)
{
    struct sockets *sockets = sockets_of(world);
    struct socket_listener *slot = slot_of(listener);
    int result;

    if (!slot->acceptable)
        return -EAGAIN;
    result = socket_stream_accept(sockets, slot->descriptor, stream);
    switch (result) {
    case 0:
        slot->accepted = true;
        return 0;
    case -EMFILE:
    case -ENOMEM:
        pause_accepting(slot);
        return result;
    case -EAGAIN:
        slot->acceptable = false;
        return -EAGAIN;
    default:
        return -EAGAIN; /* that connection died while it waited (accept(2)); others may wait */
    }
}

/* ---- the shape of streams --------------------------------------------------------------------- */

void sockets_shape_listener(struct world *world, struct listener *listener, int sndbuf, int rcvbuf)
{
    struct socket_listener *slot = slot_of(listener);

    check(slot->sockets == sockets_of(world));
    if (sndbuf > 0)
        slot->sndbuf = sndbuf;
    if (rcvbuf > 0)
        slot->rcvbuf = rcvbuf;
    slot->sockets->shaped = true;
    socket_set_buffers(slot->descriptor, sndbuf, rcvbuf);
}

void socket_listener_find_shape(const struct sockets *sockets, const struct address *address,
                                int *sndbuf, int *rcvbuf)
{
    if (!sockets->shaped)
        return;
    for (const struct socket_listener *slot = sockets->listeners; slot != NULL; slot = slot->next) {
        if (!address_equal(&slot->address, address))
            continue;
        if (slot->sndbuf > 0)
            *sndbuf = slot->sndbuf;
        if (slot->rcvbuf > 0)
            *rcvbuf = slot->rcvbuf;
        return;
    }
}

/* ---- beginning -------------------------------------------------------------------------------- */

/* 0 or -errno; writes back the port that was taken. */
static int bind_address(int descriptor, struct address *address, enum listen_mode mode)
{
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(address, &at);
    int on = 1;

    /*
     * Two sockets that both set it, and neither of which listens, may share a port: so an address
     * that is to stay silent takes it only where a port of its own choice may still be in TIME_WAIT.
     */
    if (mode != LISTEN_REFUSED || address->port != 0)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(descriptor, (struct sockaddr *)&at, size) != 0)
        return -errno;
    size = sizeof(at);
    if (getsockname(descriptor, (struct sockaddr *)&at, &size) != 0)
        return -errno;
    check(socket_address_read((struct sockaddr *)&at, address));
    return 0;
}

/* An address at which a listener on all of them can be reached. */
static struct address reachable(const struct address *address)
{
    static const uint8_t any[16];
    struct address to = *address;

    if (memcmp(address->bytes, any, address->family == 4 ? 4 : 16) != 0)
        return to;
    if (address->family == 4)
        return address_loopback(address->port);
    to.bytes[15] = 1; /* ::1 */
    return to;
}

/*
 * Linux drops every SYN to a listener whose queue is full. A backlog of 0 has room for one connection,
 * which is ours and is never accepted. Waits for its handshake, which the kernel does at once.
 */
static int fill_queue(struct socket_listener *slot)
{
    struct address to = reachable(&slot->address);
    struct pollfd waiting = {.fd = slot->descriptor, .events = POLLIN};
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(&to, &at);

    if (listen(slot->descriptor, 0) != 0)
        return -errno;
    slot->filler = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (slot->filler < 0)
        return -errno;
    if (connect(slot->filler, (struct sockaddr *)&at, size) != 0 && errno != EINPROGRESS)
        return -errno;
    return poll(&waiting, 1, FILL_TIMEOUT_MS) == 1 ? 0 : -ETIMEDOUT;
}

static int listen_openly(struct socket_listener *slot, int backlog)
{
    struct sockets *sockets = slot->sockets;
    int on = 1;
    int assigned;

    /* Streams inherit these, which saves their calls at every accept. */
    setsockopt(slot->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    socket_set_buffers(slot->descriptor, sockets->options.sndbuf, sockets->options.rcvbuf);
    if (listen(slot->descriptor, backlog > 0 ? backlog : SOMAXCONN) != 0)
        return -errno;
    assigned = event_assign(&slot->event, sockets->base, slot->descriptor,
                            EV_READ | EV_ET | EV_PERSIST, on_edge, slot);
    check(assigned == 0);
    return event_add(&slot->event, NULL) == 0 ? 0 : -ENOMEM;
}

/* Everything that can fail; what it opened is left in the slot. */
static int open_listener(struct socket_listener *slot, struct address *address, int backlog)
{
    int result;

    slot->descriptor = socket(address->family == 4 ? AF_INET : AF_INET6,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (slot->descriptor < 0)
        return errno == ENFILE ? -EMFILE : -errno;
    result = bind_address(slot->descriptor, address, slot->mode);
    if (result != 0)
        return result;
    slot->address = *address;
    switch (slot->mode) {
    case LISTEN_OPEN:
        return listen_openly(slot, backlog);
    case LISTEN_BLACKHOLE:
        return fill_queue(slot);
    case LISTEN_REFUSED:
        break;
    }
    return 0; /* bound and not listening: the kernel refuses for us */
}

static void close_descriptors(struct socket_listener *slot)
{
    if (slot->descriptor >= 0)
        close(slot->descriptor);
    if (slot->filler >= 0)
        close(slot->filler);
}

static struct socket_listener *take_slot(struct sockets *sockets)
{
    struct socket_listener *slot = sockets->listeners_free;

    if (slot == NULL)
        return calloc(1, sizeof(*slot));
    sockets->listeners_free = slot->next;
    return slot;
}

static void give_slot(struct sockets *sockets, struct socket_listener *slot)
{
    slot->tag = 0;
    slot->next = sockets->listeners_free;
    sockets->listeners_free = slot;
}

int socket_listener_start(struct world *world, struct listener *listener, struct address *address,
                          enum listen_mode mode, int backlog)
{
    struct sockets *sockets = sockets_of(world);
    struct socket_listener *slot = take_slot(sockets);
    int result;

    if (slot == NULL)
        return -ENOMEM;
    *slot = (struct socket_listener){
        .tag = SOCKET_LISTENER_TAG,
        .ready.kind = READY_LISTENER,
        .sockets = sockets,
        .listener = listener,
        .mode = mode,
        .filler = -1,
        .generation = slot->generation + 1,
        .pause = {.on_time = on_pause_over, .owner = slot},
    };
    result = open_listener(slot, address, backlog);
    if (result != 0) {
        close_descriptors(slot);
        give_slot(sockets, slot);
        return result;
    }
    slot->next = sockets->listeners;
    if (slot->next != NULL)
        slot->next->previous = slot;
    sockets->listeners = slot;
    sockets->listener_count++;
    if (mode == LISTEN_OPEN)
        sockets->awaited++;
    listener->impl = slot;
    return 0;
}

/* ---- end -------------------------------------------------------------------------------------- */

static void end(struct socket_listener *slot)
{
    struct sockets *sockets = slot->sockets;

    resume(slot);
    ready_item_leave(&slot->ready);
    if (slot->mode == LISTEN_OPEN) {
        event_del(&slot->event);
        sockets->awaited--;
    }
    close_descriptors(slot);
    if (slot->previous == NULL)
        sockets->listeners = slot->next;
    else
        slot->previous->next = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    sockets->listener_count--;
    give_slot(sockets, slot);
}

void socket_listener_stop(struct world *world, struct listener *listener)
{
    struct socket_listener *slot = slot_of(listener);

    check(slot->sockets == sockets_of(world));
    end(slot);
    listener->impl = NULL;
}

void socket_listener_close_all(struct sockets *sockets)
{
    while (sockets->listeners != NULL)
        end(sockets->listeners);
    while (sockets->listeners_free != NULL) {
        struct socket_listener *slot = sockets->listeners_free;

        sockets->listeners_free = slot->next;
        free(slot);
    }
}
