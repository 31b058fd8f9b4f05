/*
 * Who of a case shares memory with whom, told to a simulated world in which the order of events is explored: the finer its
 * parties, the more orders it knows to be equal.
 *
 * The proxy is a party, each client is, and each connection of an upstream. Where actors meet on the board of signals, or one
 * ends another's connection, all of them are one; where hooks meet actors, or all draw from one source of randomness as TLS
 * does, everybody is.
 *
 * On real sockets, and where nobody chooses an order, nothing here does anything.
 */
#ifndef HARNESS_CAST_PARTIES_H
#define HARNESS_CAST_PARTIES_H

#include "harness/cast/cast.h"

/* From here on, what is set up or done from outside is of the proxy, of that client, or of that upstream. */
void parties_set_proxy(struct cast *cast);
void parties_set_client(struct cast *cast, size_t client);
void parties_set_upstream(struct cast *cast, size_t upstream);
/* Who plays now, or (from outside) was set last, has learned something that the world does not know of. */
void parties_tell(const struct cast *cast, uint64_t word);
/* The upstream listens: its connections are parties of their own, where they can be. */
void parties_part_connections(struct cast *cast, size_t upstream);

#endif
