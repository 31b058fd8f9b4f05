/*
 * Datagrams of the real world, for fake servers that speak UDP: beside the seam, since nothing above it needs them.
 *
 * Ownership: a datagram_socket is embedded in its owner, which sets on_datagram and owner before it is bound; it stays at
 * one address until it is unbound. sockets_destroy() closes what is left, without upcalls.
 * Order: as everything in this world: from the top of world_run(), one datagram per upcall, in turn with others. While
 * a socket is bound, the world is never quiescent. Unbinding is final: no upcall after it returns.
 * Limits: DATAGRAM_BYTES_MAX; a longer one is dropped, as are those that the kernel has no room for.
 */
#ifndef WORLD_SOCKETS_SOCKET_DATAGRAM_H
#define WORLD_SOCKETS_SOCKET_DATAGRAM_H

#include "world/base/bytes.h"
#include "world/world.h"

enum { DATAGRAM_BYTES_MAX = 512 }; /* a DNS message over UDP without EDNS: RFC 1035 4.2.1 */

struct datagram_socket;

/* The bytes are the callee's until it returns. */
typedef void datagram_callback(struct datagram_socket *socket, const struct address *from,
                               struct bytes bytes);

struct datagram_socket {
    void *impl; /* NULL while not bound */
    datagram_callback *on_datagram;
    void *owner;
};

/* 0 or -errno. Port 0 asks for any; the address taken is written back. */
MUST_USE int sockets_bind_datagrams(struct world *world, struct datagram_socket *socket,
                                    struct address *address);
/* Harmless on a socket that is not bound. */
void sockets_unbind_datagrams(struct datagram_socket *socket);

/* 0, or -errno where the kernel did not take it: as with any datagram, 0 does not say that it arrives. */
int sockets_send_datagram(struct datagram_socket *socket, const struct address *to,
                          struct bytes bytes);

#endif
