#include "proxy/http/method.h"

#include <stddef.h>

#include "world/base/check.h"

/* The IANA method registry's "Safe: yes" rows; safe methods are idempotent too (RFC 9110 9.2.2). */
static const char *const SAFE[] = {
    "GET", "HEAD", "OPTIONS", "TRACE", "PRI", "PROPFIND", "REPORT", "SEARCH",
};

/* Its "Safe: no, Idempotent: yes" rows, the usual ones first. */
static const char *const IDEMPOTENT[] = {
    "PUT",
    "DELETE",
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PROPPATCH",
    "REBIND",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
};

static bool is_listed(struct bytes method, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(method, list[i]))
            return true;
    return false;
}

bool method_is_safe(struct bytes method)
{
    return is_listed(method, SAFE, COUNT_OF(SAFE));
}

bool method_is_idempotent(struct bytes method)
{
    return method_is_safe(method) || is_listed(method, IDEMPOTENT, COUNT_OF(IDEMPOTENT));
}
