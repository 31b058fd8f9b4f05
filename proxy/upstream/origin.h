/*
 * One upstream as the proxy knows it: where it is, how it is spoken to, how it has been doing, and its idle connections.
 */
#ifndef PROXY_UPSTREAM_ORIGIN_H
#define PROXY_UPSTREAM_ORIGIN_H

#include "proxy/policy/health.h"
#include "proxy/upstream/pool.h"
#include "retryproof/settings.h"
#include "world/tls/tls.h"

struct origin {
    struct upstream_settings settings; /* its name counts for nothing here */
    struct tls_client *tls;            /* NULL: in the clear */
    bool owns_tls;
    struct health health;
    unsigned in_use; /* attempts under way */
    unsigned named;  /* configurations that have it among their upstreams */
    struct pool pool;
    struct origin *next; /* asked for before this one */
};

/* Whom the upstream's certificate must be for. */
static inline const char *origin_server_name(const struct origin *origin)
{
    return origin->settings.sni[0] != '\0' ? origin->settings.sni : origin->settings.host;
}

#endif
