/*
 * Request targets and the authorities in them. RFC 9112 3.2, RFC 3986 3.2.
 */
#ifndef PROXY_HTTP_TARGET_H
#define PROXY_HTTP_TARGET_H

#include <stdbool.h>

#include "world/base/bytes.h"

/* Forms of a request target, RFC 9112 3.2. */
enum target_form {
    TARGET_ORIGIN,   /* "/path?query" */
    TARGET_ABSOLUTE, /* "scheme://…"; target_split_absolute() says whether it is one we can serve */
    TARGET_AUTHORITY, /* "host:port", for CONNECT and only there */
    TARGET_ASTERISK,  /* "*", for OPTIONS and only there */
    TARGET_INVALID
};

/* White space, controls, bytes past ASCII and fragments make any target invalid. */
enum target_form target_form_of(struct bytes method, struct bytes target);

/*
 * Splits an absolute-form http target: authority, and the path-and-query an origin gets ("/" when empty;
 * "*" for OPTIONS without path, RFC 9112 3.2.4). Where the path is empty and the query is not, *path begins
 * with "?"; http1_write_request_line() puts the "/" before it. False if it is none, has another scheme, a
 * user name or no host.
 */
bool target_split_absolute(struct bytes method, struct bytes target, struct bytes *authority,
                           struct bytes *path);

/*
 * Whether this is uri-host [":" port] with a host that is not empty: a name, an IPv4 address or an IPv6
 * address in brackets; no user name, no zone. The port is empty or 0 to 65535.
 */
bool target_authority_is_valid(struct bytes authority);

/*
 * Parts such an authority: *host without brackets, *port the digits behind the colon, empty where there are none. False, and
 * nothing is written, when it is not valid.
 */
bool target_split_authority(struct bytes authority, struct bytes *host, struct bytes *port);

#endif
