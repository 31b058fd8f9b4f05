/*
 * Where a forward route may go: ranges of addresses. Pure.
 */
#ifndef PROXY_ROUTES_REACH_H
#define PROXY_ROUTES_REACH_H

#include <stdbool.h>
#include <stddef.h>

#include "retryproof/settings.h"

/*
 * Whether the address is in one of the ranges; with count 0 whether it is of this machine: 127.0.0.0/8, ::1, and the first
 * as ::ffff:127.0.0.0/104. An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) is in whatever range its IPv4 address is in.
 */
bool reach_allows(const struct address_range *ranges, size_t count, const struct address *address);

/*
 * Whether who connects to the address meets the listener: the same address and port; on this machine, which is meant by
 * 0.0.0.0 and :: too, one that listens at every address. False where the listener has no family.
 */
bool reach_meets(const struct address *listener, const struct address *address);

/* Reads "127.0.0.0/8", "::1", "10.1.2.3", or "any" (which is two ranges: both families). *count ranges are written, two at most; false if it is none of them. */
bool reach_read(const char *text, struct address_range out[2], size_t *count);

#endif
