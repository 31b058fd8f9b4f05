/*
 * The private half of scenario.h: what follows from a case that its file does not say.
 */
#ifndef HARNESS_SUITE_SCENARIO_NEEDS_H
#define HARNESS_SUITE_SCENARIO_NEEDS_H

#include "harness/suite/scenario.h"

/* After all else was read: what the case needs, what its attempts are held to, and which world cannot do it. */
void scenario_find_needs(struct scenario *scenario);

/* Why a case with an `order` is not for sockets; whoever plays it all the same leaves the order to the machine. */
extern const char SCENARIO_ORDER_IS_SIMULATED[];

#endif
