/*
 * Splits a complete head into its parts. The one place that touches llhttp.
 *
 * llhttp is run once over a whole section that the guard has approved of, so its answers do not depend on how the
 * bytes came, and the slices it gives stand in the head's storage. It knows which methods there are; framing is
 * not its business but framing_decide()'s.
 */
#ifndef PROXY_WIRE_HTTP1_HEAD_H
#define PROXY_WIRE_HTTP1_HEAD_H

#include "proxy/wire/http1_guard.h"
#include "retryproof/head.h"

/*
 * Fills in start line and fields from the bytes in the head's storage: one whole section, GUARD_REQUEST_HEAD,
 * GUARD_RESPONSE_HEAD or GUARD_TRAILERS. False and *refusal where llhttp does not take it: 501 for a method it
 * does not know, 431 for too many fields, else 400.
 */
MUST_USE bool http1_head_split(struct head *head, enum guard_section section,
                               struct reader_refusal *refusal);

#endif
