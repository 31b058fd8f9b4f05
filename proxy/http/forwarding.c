#include "proxy/http/forwarding.h"

#include "proxy/http/target.h"
#include "world/base/check.h"

/*
 * Fields for one hop alone, whether Connection names them or not: RFC 9110 7.6.1, and what one proxy and its
 * client say of credentials to each other (11.7).
 */
static const char *const HOP_BY_HOP[] = {
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Upgrade",
    "HTTP2-Settings",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
};

static const char *const FRAMING_FIELDS[] = {"Content-Length", "Transfer-Encoding"};

static const char *const REPLACED_IN_REQUESTS[] = {"Host", "Via", "X-Forwarded-For", "Forwarded"};
static const char *const REPLACED_IN_RESPONSES[] = {"Via"};

/* No sender may have these taken away before they reach the one they are for. */
static const char *const NEVER_NOMINATED[] = {"Host", "Expect"};

/* RFC 9110 6.5.1: framing, routing, authentication, request control, response control, content. */
static const char *const NOT_IN_TRAILERS[] = {
    "Trailer",       "Host",          "Via",
    "Forwarded",     "Max-Forwards",  "X-Forwarded-For",
    "Authorization", "Cookie",        "WWW-Authenticate",
    "Set-Cookie",    "Expect",        "Authentication-Info",
    "Cache-Control", "Pragma",        "If-Match",
    "If-None-Match", "If-Range",      "If-Modified-Since",
    "Range",         "Age",           "If-Unmodified-Since",
    "Expires",       "Date",          "Location",
    "Retry-After",   "Vary",          "Warning",
    "Content-Type",  "Content-Range", "Content-Encoding",
};

static bool is_nominated(struct bytes name, struct bytes connection_options)
{
    struct bytes option;

    while (bytes_take_list_element(&connection_options, &option))
        if (bytes_equal_nocase(option, name))
            return true;
    return false;
}

/* The fate that is left when the proxy itself has nothing to say about the field. */
static enum field_fate common_fate(struct bytes name, struct bytes connection_options)
{
    if (bytes_equal_any_nocase(name, FRAMING_FIELDS, COUNT_OF(FRAMING_FIELDS)))
        return FIELD_FRAMING;
    if (bytes_equal_any_nocase(name, HOP_BY_HOP, COUNT_OF(HOP_BY_HOP)))
        return FIELD_DROPPED;
    if (bytes_equal_any_nocase(name, NEVER_NOMINATED, COUNT_OF(NEVER_NOMINATED)))
        return FIELD_FORWARDED;
    return is_nominated(name, connection_options) ? FIELD_DROPPED : FIELD_FORWARDED;
}

enum field_fate forwarding_request_field(struct bytes name, struct bytes connection_options)
{
    if (bytes_equal_any_nocase(name, REPLACED_IN_REQUESTS, COUNT_OF(REPLACED_IN_REQUESTS)))
        return FIELD_REPLACED;
    return common_fate(name, connection_options);
}

enum field_fate forwarding_response_field(struct bytes name, struct bytes connection_options)
{
    if (bytes_equal_any_nocase(name, REPLACED_IN_RESPONSES, COUNT_OF(REPLACED_IN_RESPONSES)))
        return FIELD_REPLACED;
    return common_fate(name, connection_options);
}

bool forwarding_hops_left(struct bytes method, struct bytes max_forwards, uint64_t *hops)
{
    return (bytes_equal_text(method, "OPTIONS") || bytes_equal_text(method, "TRACE")) &&
           bytes_to_u64(max_forwards, UINT64_MAX, hops);
}

bool forwarding_trailer_allowed(struct bytes name)
{
    return !bytes_equal_any_nocase(name, FRAMING_FIELDS, COUNT_OF(FRAMING_FIELDS)) &&
           !bytes_equal_any_nocase(name, HOP_BY_HOP, COUNT_OF(HOP_BY_HOP)) &&
           !bytes_equal_any_nocase(name, NOT_IN_TRAILERS, COUNT_OF(NOT_IN_TRAILERS));
}

enum host_verdict forwarding_check_host(size_t host_fields, struct bytes value, unsigned minor)
{
    if (host_fields > 1)
        return HOST_REPEATED;
    if (host_fields == 0)
        return minor == 0 ? HOST_FINE : HOST_MISSING;
    return value.size == 0 || target_authority_is_valid(value) ? HOST_FINE : HOST_INVALID;
}
