/*
 * The query of a request target, part by part, and percent-encoding. Pure.
 *
 * "name=value&name=value", each part percent-encoded (RFC 3986 2.1, 3.4); "+" is a plus sign and no space.
 */
#ifndef PROXY_ADMIN_QUERY_H
#define PROXY_ADMIN_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

enum {
    QUERY_NAME_BYTES = 32,   /* the longest name that is known has 7 */
    QUERY_VALUE_BYTES = 128, /* the longest value is a route's name */
};

struct query_part {
    char name[QUERY_NAME_BYTES];
    char value[QUERY_VALUE_BYTES]; /* empty where there is no "=" */
};

enum query_step {
    QUERY_PART,    /* *part is one */
    QUERY_DONE,    /* none was left */
    QUERY_REFUSED, /* the part has no name, is too long, or is not percent-encoded */
};

/* Takes the next part off the front of *rest; empty ones between two "&" are passed over. */
MUST_USE enum query_step query_take(struct bytes *rest, struct query_part *part);

/*
 * Decodes into text, with a NUL behind it. False for an escape that is none, for one of a NUL, and where size_max bytes
 * are not enough.
 */
MUST_USE bool percent_decode(struct bytes escaped, char *text, size_t size_max);

enum { PERCENT_FACTOR = 3 }; /* bytes that one byte becomes at most */

/* Escapes all but the unreserved characters of RFC 3986 2.3; room for PERCENT_FACTOR times the text and a NUL. Returns out. */
const char *percent_encode(const char *text, char *out, size_t size_max);

#endif
