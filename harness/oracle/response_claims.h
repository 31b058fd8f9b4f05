/*
 * What must hold in every case about what clients got: a response is all of one attempt, the last one, with each of its 1xx
 * once; a cut one has no clean end; and after a whole one the connection serves on. Pure.
 *
 * Sources: acceptance matrix, section 5; RFC 9110 15.2, RFC 9112 8 and 9.3; decisions 6, 11 and 12 of the design.
 */
#ifndef HARNESS_ORACLE_RESPONSE_CLAIMS_H
#define HARNESS_ORACLE_RESPONSE_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each rule that was broken. */
void response_claims_check(const struct evidence *evidence, struct findings *findings);

#endif
