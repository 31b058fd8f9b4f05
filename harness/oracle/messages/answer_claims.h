/*
 * What must hold of the answers on a client's connection: one for each request, in sound HTTP and in their order, with a status
 * that says what happened, and a connection that serves on. Pure.
 *
 * Sources: acceptance matrix, section 5; RFC 9110 15.6, RFC 9112 9; decisions 4, 14 and 15 of the design.
 */
#ifndef HARNESS_ORACLE_MESSAGES_ANSWER_CLAIMS_H
#define HARNESS_ORACLE_MESSAGES_ANSWER_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_one_answer_each;       /* 15 */
claim_judge claim_answers_are_http;      /* 16 */
claim_judge claim_status_says_the_cause; /* 19 */
claim_judge claim_answers_in_order;      /* 21 */
claim_judge claim_no_cross_talk;         /* 24 */
claim_judge claim_keep_alive_goes_on;    /* 58 */

#endif
