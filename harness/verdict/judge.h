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

/* What the tally of an upstream came to. */
size_t judge_tally(const struct evidence *evidence, size_t upstream, enum expected_tally tally);
/* The last attempt that became a tunnel and whose both ends are known; NULL if there is none. */
const struct attempt_fact *judge_last_tunnel(const struct evidence *evidence);
/* When the last response ended, since the case began; TIME_NEVER: none did, and no connection. */
uint64_t judge_time_of_last(const struct evidence *evidence);

/* The keys of `expect` that take more than a comparison of two values. */
enum judged_key { JUDGED_TUNNEL, JUDGED_HELD, JUDGED_KEY_COUNT };
/* Adds what judge_expectations() says of that key. */
void judge_key(const struct evidence *evidence, enum judged_key key, struct findings *findings);

#endif
