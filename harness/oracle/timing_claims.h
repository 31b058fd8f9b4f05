/*
 * What must hold in every case about when a request is tried again: within its deadline, its back-off and the retry budget.
 * Judged from the settings and the attempts that were seen. Pure.
 *
 * Sources: acceptance matrix, sections 2 and 5; retryproof/policy.h.
 */
#ifndef HARNESS_ORACLE_TIMING_CLAIMS_H
#define HARNESS_ORACLE_TIMING_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each attempt that comes too late, or that the budget had no room for. */
void timing_claims_check(const struct evidence *evidence, struct findings *findings);

#endif
