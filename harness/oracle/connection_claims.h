/*
 * What must hold of the proxy's connections: who may use one, when it is kept, when it is closed, and that nothing is left.
 * Judged from the seam's records and counters, and from what the actors saw. Pure.
 *
 * Sources: invariants 25 to 33, 41 and 42 of the design; rules 2 and 3 of world/world.h; RFC 9112 9.
 */
#ifndef HARNESS_ORACLE_CONNECTION_CLAIMS_H
#define HARNESS_ORACLE_CONNECTION_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_nothing_is_left;            /* 25 */
claim_judge claim_pooled_only_when_done;      /* 26 */
claim_judge claim_no_stale_checkout;          /* 27 */
claim_judge claim_one_owner_each;             /* 28 */
claim_judge claim_pool_within_limits;         /* 29 */
claim_judge claim_pool_time_is_kept;          /* 30 */
claim_judge claim_cancel_closes_the_upstream; /* 31 */
claim_judge claim_half_close_is_answered;     /* 32 */
claim_judge claim_closed_is_closed;           /* 33 */
claim_judge claim_no_lost_wake_up;            /* 41 */
claim_judge claim_nobody_spins;               /* 42 */

#endif
