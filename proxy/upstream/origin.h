/*
 * One upstream as the proxy knows it: where it is, how it has been doing, and its idle connections.
 */
#ifndef PROXY_UPSTREAM_ORIGIN_H
#define PROXY_UPSTREAM_ORIGIN_H

#include "proxy/policy/health.h"
#include "proxy/upstream/pool.h"

struct origin {
    const char *host; /* an address or a name; owned by the settings */
    uint16_t port;
    struct health health;
    unsigned in_use; /* attempts under way */
    struct pool pool;
};

#endif
