/*
 * What a case showed of a proxy that is not ours: from the witnesses alone, without the seam and without a record.
 *
 * The requests judged are those behind the last set-up request of each client (a scenario's first requests that only make a
 * connection reused). An attempt is a connection that an upstream accepted, or a request begun on one used before; a dial
 * that was refused or dropped nobody sees.
 *
 * Pure. Ownership: text lives in the region that was given.
 */
#ifndef HARNESS_OBSERVED_OBSERVE_H
#define HARNESS_OBSERVED_OBSERVE_H

#include "harness/verdict/evidence.h"
#include "reports/subjects/observed.h"

/*
 * Whether the case came about at all: the fault that it is named for was met, that is, the first connection list of the first
 * scripted upstream was played to its end; where that list answers an earlier request on the connection, this proves that
 * it was reused. NULL if so; else a sentence: "the fault was not met: upstream a, connection 1 has not …". To be asked when
 * the case has settled, before its actors are stopped.
 */
const char *observe_unmet_fault(const struct evidence *evidence, struct region *region);

/* After evidence_gather(). All but verdict, level and sentences, which are declared_judge()'s. False when the region is full. */
MUST_USE bool observe_case(const struct evidence *evidence, struct region *region,
                           struct observation *out);

#endif
