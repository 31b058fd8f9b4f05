/*
 * What came about in one run, in words and without times: equal outcomes are equal texts.
 *
 * "client: 200 from b, fin; a: 1 tried, 0 whole; b: 1 tried, 1 whole; POST 200, post-write connection_terminated"
 *
 * Pure. Limits: OUTCOME_TEXT_BYTES; what is longer is cut, and the hash is of all of it.
 */
#ifndef HARNESS_TRIAL_OUTCOME_H
#define HARNESS_TRIAL_OUTCOME_H

#include "harness/verdict/evidence.h"

enum { OUTCOME_TEXT_BYTES = 1024 }; /* four exchanges in words */

struct outcome {
    char text[OUTCOME_TEXT_BYTES];
    size_t size;
    uint64_t hash;    /* the order in which exchanges ended does not matter */
    uint64_t verdict; /* the same without the causes that the proxy names */
};

void outcome_describe(const struct evidence *evidence, struct outcome *out);

#endif
