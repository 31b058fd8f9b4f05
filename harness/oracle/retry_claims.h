/*
 * What must hold in every case about trying again, whatever the case expects: whether a request may be tried again at all,
 * that it is the same again, and one attempt at a time. Judged from the settings and the attempts that were seen; never from the proxy's record. Pure.
 *
 * Sources: acceptance matrix, sections 1, 2 and 5; RFC 9110 9.2.2; decisions 7, 9, 10 and 12 of the design.
 */
#ifndef HARNESS_ORACLE_RETRY_CLAIMS_H
#define HARNESS_ORACLE_RETRY_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each rule that was broken. */
void retry_claims_check(const struct evidence *evidence, struct findings *findings);

/* Requests of a method that is not idempotent that were begun again because the route opted in: allowed, and counted. */
size_t retry_claims_duplicates_by_policy(const struct evidence *evidence);

#endif
