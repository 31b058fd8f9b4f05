/*
 * Does a case hold? Its expectations, compared with what the witnesses saw. Pure.
 */
#ifndef HARNESS_VERDICT_JUDGE_H
#define HARNESS_VERDICT_JUDGE_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* On real sockets `within` may be passed by so much: the machine has other work, too. */
#define JUDGE_TOLERANCE_NS NS_PER_S

/* Adds a sentence for each expectation that does not hold. */
void judge_expectations(const struct evidence *evidence, struct findings *findings);

#endif
