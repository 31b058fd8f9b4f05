/*
 * The end of a connection on which we said FIN: what its peer still sends is read and thrown away, so that no reset
 * overtakes what was sent (decision 15 of the design).
 *
 * Ownership: a plain value, all zero at the beginning of a connection. Limits: LINGER_BYTES_MAX; the time is the caller's.
 */
#ifndef PROXY_RELAY_LINGERING_H
#define PROXY_RELAY_LINGERING_H

#include <stdbool.h>
#include <stddef.h>

#include "world/world.h"

struct lingering {
    size_t bytes; /* thrown away so far */
};

/* Reads once. False when there is nothing more to wait for: the peer has ended too, or sent more than is read for that. */
bool lingering_read(struct lingering *lingering, struct stream *stream);

#endif
