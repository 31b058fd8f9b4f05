/*
 * What must hold about time: waits before a further attempt, the retry budget at its moment, that a run ends, and the clock
 * itself. Pure.
 *
 * Sources: acceptance matrix, sections 2 and 5; retryproof/policy.h; rule 6 of world/world.h.
 */
#ifndef HARNESS_ORACLE_ATTEMPTS_TIMING_CLAIMS_H
#define HARNESS_ORACLE_ATTEMPTS_TIMING_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_backoff_within_bounds; /* 10 */
claim_judge claim_budget_has_room;       /* 11 */
claim_judge claim_run_ends;              /* 40 */
claim_judge claim_clock_is_exact;        /* 43 */
claim_judge claim_deadline_is_kept;      /* 44 */

#endif
