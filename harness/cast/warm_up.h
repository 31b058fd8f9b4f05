/*
 * The exchanges that a subject makes before its case: one in its own process, so that what it allocates once is not counted as
 * growth; one that others have set up, to see where it sends a request now. A scenario like any other, with the case's
 * settings and upstreams.
 */
#ifndef HARNESS_CAST_WARM_UP_H
#define HARNESS_CAST_WARM_UP_H

#include "harness/suite/scenario.h"

enum { WARM_UP_EXCHANGES = 100 }; /* decision 26 of the design */

/* So many exchanges, at least 1. NULL when the region is full. Refers to the scenario, which outlives it. */
MUST_USE const struct scenario *warm_up_make(const struct scenario *scenario, size_t exchanges,
                                             struct region *region);

#endif
