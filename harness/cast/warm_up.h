/*
 * The exchanges that a subject in its own process makes before its case, so that what it allocates once is not counted
 * as growth: a scenario like any other, with the case's settings and upstreams.
 */
#ifndef HARNESS_CAST_WARM_UP_H
#define HARNESS_CAST_WARM_UP_H

#include "harness/suite/scenario.h"

enum { WARM_UP_EXCHANGES = 100 }; /* decision 26 of the design */

/* NULL when the region is full. Refers to the scenario, which outlives it. */
MUST_USE const struct scenario *warm_up_make(const struct scenario *scenario,
                                             struct region *region);

#endif
