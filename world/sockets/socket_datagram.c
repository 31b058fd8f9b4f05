#include "world/sockets/socket_datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "world/sockets/state.h"

static struct socket_datagram *slot_of(const struct datagram_socket *socket)
{
    struct socket_datagram *slot = object_cast(socket->impl, SOCKET_DATAGRAM_TAG);

    check(slot->socket == socket);
    return slot;
}

/* ---- readiness -------------------------------------------------------------------------------- */

static void on_edge(evutil_socket_t descriptor, short events, void *owner)
{
    struct socket_datagram *slot = object_cast(owner, SOCKET_DATAGRAM_TAG);

    (void)events;
    check(slot->descriptor == descriptor);
    ready_list_add(&slot->sockets->ready, &slot->ready);
}

bool socket_datagram_call(struct socket_datagram *slot)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    ssize_t got = recvfrom(slot->descriptor, slot->data, sizeof(slot->data), MSG_TRUNC,
                           (struct sockaddr *)&at, &size);
    struct address from;

    check(slot->tag == SOCKET_DATAGRAM_TAG);
    if (got < 0 && errno != EINTR)
        return false;
    ready_list_add(&slot->sockets->ready, &slot->ready); /* others may wait: the kernel will say */
    if (got < 0 || (size_t)got > sizeof(slot->data) ||
        !socket_address_read((struct sockaddr *)&at, &from))
        return false;
    slot->socket->on_datagram(slot->socket, &from, bytes_make(slot->data, (size_t)got));
    return true;
}

int sockets_send_datagram(struct datagram_socket *socket, const struct address *to,
                          struct bytes bytes)
{
    struct socket_datagram *slot = slot_of(socket);
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(to, &at);
    ssize_t sent = sendto(slot->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL,
                          (struct sockaddr *)&at, size);

    return sent < 0 ? -errno : 0;
}

/* ---- beginning and end ------------------------------------------------------------------------ */

/* Everything that can fail; what it opened is left in the slot. */
static int open_socket(struct socket_datagram *slot, struct address *address)
{
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(address, &at);
    int assigned;

    slot->descriptor = socket(at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (slot->descriptor < 0)
        return errno == ENFILE ? -EMFILE : -errno;
    if (bind(slot->descriptor, (struct sockaddr *)&at, size) != 0)
        return -errno;
    size = sizeof(at);
    if (getsockname(slot->descriptor, (struct sockaddr *)&at, &size) != 0)
        return -errno;
    check(socket_address_read((struct sockaddr *)&at, address));
    assigned = event_assign(&slot->event, slot->sockets->base, slot->descriptor,
                            EV_READ | EV_ET | EV_PERSIST, on_edge, slot);
    check(assigned == 0);
    return event_add(&slot->event, NULL) == 0 ? 0 : -ENOMEM;
}

/* The slots of unbound sockets are kept: whoever unbinds from within an upcall still stands on one. */
static struct socket_datagram *take_slot(struct sockets *sockets)
{
    struct socket_datagram *slot = sockets->datagrams_free;

    if (slot == NULL)
        return malloc(sizeof(*slot));
    sockets->datagrams_free = slot->next;
    return slot;
}

static void give_slot(struct socket_datagram *slot)
{
    slot->tag = 0;
    slot->next = slot->sockets->datagrams_free;
    slot->sockets->datagrams_free = slot;
}

int sockets_bind_datagrams(struct world *world, struct datagram_socket *socket,
                           struct address *address)
{
    struct sockets *sockets = sockets_of(world);
    struct socket_datagram *slot = take_slot(sockets);
    int result;

    check(socket->impl == NULL);
    check(socket->on_datagram != NULL);
    if (slot == NULL)
        return -ENOMEM;
    slot->tag = SOCKET_DATAGRAM_TAG;
    slot->ready = (struct ready_item){.kind = READY_DATAGRAM};
    slot->sockets = sockets;
    slot->socket = socket;
    slot->previous = NULL;
    result = open_socket(slot, address);
    if (result != 0) {
        if (slot->descriptor >= 0)
            close(slot->descriptor);
        give_slot(slot);
        return result;
    }
    slot->next = sockets->datagrams;
    if (slot->next != NULL)
        slot->next->previous = slot;
    sockets->datagrams = slot;
    sockets->awaited++;
    socket->impl = slot;
    return 0;
}

static void end(struct socket_datagram *slot)
{
    struct sockets *sockets = slot->sockets;

    ready_item_leave(&slot->ready);
    event_del(&slot->event);
    close(slot->descriptor);
    sockets->awaited--;
    if (slot->previous == NULL)
        sockets->datagrams = slot->next;
    else
        slot->previous->next = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    give_slot(slot);
}

void sockets_unbind_datagrams(struct datagram_socket *socket)
{
    if (socket->impl == NULL)
        return;
    end(slot_of(socket));
    socket->impl = NULL;
}

void socket_datagram_close_all(struct sockets *sockets)
{
    while (sockets->datagrams != NULL)
        end(sockets->datagrams);
    while (sockets->datagrams_free != NULL) {
        struct socket_datagram *slot = sockets->datagrams_free;

        sockets->datagrams_free = slot->next;
        free(slot);
    }
}
