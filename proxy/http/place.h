/*
 * Where an upstream is, as people write it: "host:port".
 */
#ifndef PROXY_HTTP_PLACE_H
#define PROXY_HTTP_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "retryproof/settings.h"
#include "world/base/check.h"

struct place {
    char host[HOST_BYTES]; /* a name, an IPv4 address, or an IPv6 address in brackets */
    uint16_t port;         /* never 0 */
};

/*
 * Reads "name:80", "127.0.0.1:80" or "[::1]:80". An address is kept in its shortest form, so that equal ones have equal
 * texts; a name is kept as it came. False, and *wrong is the end of a sentence that begins with the text: "is not host:port".
 */
MUST_USE bool place_read(const char *text, struct place *out, const char **wrong);

/* The same from a host and a port; an IPv6 address may lack its brackets. */
MUST_USE bool place_make(const char *host, uint16_t port, struct place *out, const char **wrong);

/* Names are compared without case (RFC 9110 4.2.3). Both are as place_read() and place_make() write them. */
bool place_equal(const char *host_a, uint16_t port_a, const char *host_b, uint16_t port_b);

#endif
