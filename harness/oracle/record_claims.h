/*
 * What must hold in every case about what the proxy says of itself: its records agree with the seam and the witnesses, and
 * own to nothing that the settings forbid. Pure.
 *
 * Source: acceptance matrix, section 5.
 */
#ifndef HARNESS_ORACLE_RECORD_CLAIMS_H
#define HARNESS_ORACLE_RECORD_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each disagreement. */
void record_claims_check(const struct evidence *evidence, struct findings *findings);

#endif
