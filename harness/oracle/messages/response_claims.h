/*
 * What must hold of what a response is made of: head, body, trailers and each 1xx of one attempt, the last one, and never a
 * clean end of what was cut. Where a fault garbled a byte, it is held to the bytes that were really sent. Pure.
 *
 * Sources: acceptance matrix, section 5; RFC 9110 15.2, RFC 9112 8; decisions 6, 11 and 12 of the design.
 */
#ifndef HARNESS_ORACLE_MESSAGES_RESPONSE_CLAIMS_H
#define HARNESS_ORACLE_MESSAGES_RESPONSE_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_body_of_one_attempt;    /* 17 */
claim_judge claim_cut_is_told;            /* 18 */
claim_judge claim_no_body_where_none_is;  /* 20 */
claim_judge claim_continue_is_passed_on;  /* 22 */
claim_judge claim_interims_once;          /* 54 */
claim_judge claim_trailers_go_on;         /* 55 */
claim_judge claim_head_of_one_attempt;    /* 56 */
claim_judge claim_last_response_is_given; /* 57 */

#endif
