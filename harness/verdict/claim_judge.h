/*
 * Does what the proxy says of itself, in its record and in its request log, say what the case expects? Pure.
 */
#ifndef HARNESS_VERDICT_CLAIM_JUDGE_H
#define HARNESS_VERDICT_CLAIM_JUDGE_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each key of expect's `record` and `log` that does not hold. */
void claim_judge_expectations(const struct evidence *evidence, struct findings *findings);

#endif
