/*
 * What must hold about trying again: whether a request may be sent again at all, how often, for whom, and one attempt at a
 * time. Judged from the settings and from what the seam and the upstreams saw; never from the proxy's record alone. Pure.
 *
 * Sources: acceptance matrix, sections 1, 2 and 5; RFC 9110 9.2.2; decisions 7, 9 and 12 of the design.
 */
#ifndef HARNESS_ORACLE_ATTEMPTS_RETRY_CLAIMS_H
#define HARNESS_ORACLE_ATTEMPTS_RETRY_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_attempts_within_max;          /* 1 */
claim_judge claim_no_retry_after_a_byte;        /* 2 */
claim_judge claim_delivered_once;               /* 3 */
claim_judge claim_no_retry_after_response_byte; /* 4 */
claim_judge claim_no_retry_after_a_head;        /* 5 */
claim_judge claim_no_attempt_for_nobody;        /* 6 */
claim_judge claim_one_attempt_at_a_time;        /* 7 */
claim_judge claim_no_retry_after_an_interim;    /* 64 */

/* Requests of a method that is not idempotent that were begun again because the route opted in: allowed, and counted. */
size_t retry_claims_duplicates_by_policy(const struct evidence *evidence);

#endif
