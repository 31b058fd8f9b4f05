/*
 * Were the hooks called as they must be, and as the case expects? Pure.
 *
 * Sources: proxy/include/retryproof/hooks.h, acceptance matrix, section 3.
 */
#ifndef HARNESS_VERDICT_HOOK_JUDGE_H
#define HARNESS_VERDICT_HOOK_JUDGE_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each expectation about hooks, and about what they left in the record, that does not hold. */
void hook_judge_expectations(const struct evidence *evidence, struct findings *findings);

/* Of these the order of the calls alone. */
void hook_judge_calls(const struct evidence *evidence, struct findings *findings);

/* Adds a sentence for each rule about hooks that was broken, whatever the case expects. */
void hook_judge_claims(const struct evidence *evidence, struct findings *findings);

#endif
