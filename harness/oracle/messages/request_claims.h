/*
 * What must hold of the requests that upstreams get: they are the clients', in sound HTTP, and those past a limit are answered
 * without one. Where a fault garbled a byte, they are held to the bytes that were really sent. Pure.
 *
 * Sources: RFC 9110 7.6, RFC 9112 2 to 7; acceptance matrix, section 5; decision 16 of the design.
 */
#ifndef HARNESS_ORACLE_MESSAGES_REQUEST_CLAIMS_H
#define HARNESS_ORACLE_MESSAGES_REQUEST_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_request_arrives_as_sent; /* 23 */
claim_judge claim_large_head_is_refused;   /* 38 */

#endif
