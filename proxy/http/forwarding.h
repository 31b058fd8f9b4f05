/*
 * What an intermediary does to a head on its way through: which fields stay, which go, which are added.
 * Pure decisions on names and values; the writing is done by proxy/wire and the exchange.
 *
 * Sources: RFC 9110 7.6 (connection fields, Via), 7.2 (Host), 6.5.1 (trailers), 11.7 (proxy
 * authentication), RFC 7239 (Forwarded).
 */
#ifndef PROXY_HTTP_FORWARDING_H
#define PROXY_HTTP_FORWARDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"

enum field_fate {
    FIELD_FORWARDED,
    FIELD_DROPPED,  /* hop-by-hop, RFC 9110 7.6.1 */
    FIELD_FRAMING,  /* Content-Length and Transfer-Encoding: written anew from the framing */
    FIELD_REPLACED, /* Host, Via, X-Forwarded-For, Forwarded: written anew by the proxy */
};

/*
 * The fate of one field of a request or a response. connection_options is the combined value of all Connection fields of
 * the message (a comma-separated list; may be empty): what it names is dropped too, except names that may never be dropped
 * by a sender's wish (Host, Content-Length, Transfer-Encoding, Via, Expect).
 */
enum field_fate forwarding_request_field(struct bytes name, struct bytes connection_options);
enum field_fate forwarding_response_field(struct bytes name, struct bytes connection_options);

/*
 * Max-Forwards, RFC 9110 7.6.2: false where it counts nothing, because the method is another than OPTIONS and TRACE or
 * the value is no number. Otherwise *hops says how often the request may still be forwarded; 0: not by us.
 */
bool forwarding_hops_left(struct bytes method, struct bytes max_forwards, uint64_t *hops);

/* Whether a field may stand in a trailer section; framing, routing and control fields may not (RFC 9110 6.5.1). */
bool forwarding_trailer_allowed(struct bytes name);

/*
 * Host rules of RFC 9112 3.2: exactly one in HTTP/1.1, at most one in 1.0, a valid uri-host [":" port]. An
 * empty value is fine: it is what a client sends whose target has no authority.
 */
enum host_verdict { HOST_FINE, HOST_MISSING, HOST_REPEATED, HOST_INVALID };
enum host_verdict forwarding_check_host(size_t host_fields, struct bytes value, unsigned minor);

#endif
