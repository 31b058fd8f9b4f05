/*
 * Which route a request belongs to. Pure; the routes are those of the settings.
 */
#ifndef PROXY_ROUTES_ROUTE_H
#define PROXY_ROUTES_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "retryproof/settings.h"
#include "world/base/bytes.h"

/* What of a request decides about it. */
struct route_question {
    bool reverse; /* routes of MODE_REVERSE may serve it: origin-form, absolute-form, "*" */
    bool forward; /* routes of MODE_FORWARD may serve it: absolute-form, CONNECT */
    struct bytes
        host; /* the authority without its port; an IPv6 address without brackets; may be empty */
    struct bytes
        path; /* "/path?query", "?query" as target_split_absolute() may leave it; empty for CONNECT and "*" */
};

enum { ROUTE_NONE = -1 };

/*
 * The index of the route, or ROUTE_NONE. A route whose host is named stands over one for every host, then the longer path
 * over the shorter, then the forward one over the reverse one, then the earlier over the later. Hosts are compared without
 * case, a final dot does not count, IPv6 addresses in any spelling; paths are compared byte by byte up to the query, whole segments at a time ("/v1" has "/v1", "/v1/" and
 * "/v1/x", not "/v10"; "/v1/" has "/v1/x" and not "/v1").
 */
int route_choose(const struct route_settings *routes, size_t count,
                 const struct route_question *question);

#endif
