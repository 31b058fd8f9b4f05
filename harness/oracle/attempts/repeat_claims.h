/*
 * What must hold about a further attempt: it is the same request again, at the upstream and on the connection that the
 * settings say. Where a hook chooses, nothing is said of where. Pure.
 *
 * Sources: acceptance matrix, section 5; decisions 8, 10 and 13 of the design; RFC 9112 6.
 */
#ifndef HARNESS_ORACLE_ATTEMPTS_REPEAT_CLAIMS_H
#define HARNESS_ORACLE_ATTEMPTS_REPEAT_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_same_again;                    /* 8 */
claim_judge claim_another_connection;            /* 9 */
claim_judge claim_replayed_whole;                /* 12 */
claim_judge claim_untried_upstreams_first;       /* 52 */
claim_judge claim_passed_over_only_for_failures; /* 53 */

#endif
