/*
 * What a case showed of a proxy that is not ours: from the witnesses alone, without the seam and without a record.
 *
 * Counted are the requests that the case is about and the attempts made for them; own_case.h says which these are. Harms are
 * looked for in set-up requests, too. A dial that was refused or dropped nobody sees. Raw bytes of a client are no request: of
 * such a case only what the client got is told. Where a case has several requests of its own, `client` and the times are those of
 * the one begun last.
 *
 * Pure. Ownership: text lives in the region that was given.
 */
#ifndef HARNESS_OBSERVED_OBSERVE_H
#define HARNESS_OBSERVED_OBSERVE_H

#include "harness/verdict/evidence.h"
#include "reports/subjects/observed.h"

/*
 * Whether the case came about at all: the fault that it is named for was met, that is, the first connection list of the first
 * scripted upstream was played to its end (a last `read: eof` may still wait); where that list answers an earlier request on
 * the connection, this proves that it was reused. An upstream with a standing answer alone is scripted where that is more than to
 * read a request and answer it. NULL if so, if none is scripted, or if the first upstream does not listen, which is a fault that
 * nobody sees being met; else a sentence: "the fault was not met: upstream a, connection 1 has
 * not …". A stranger that met it is told so. To be asked when the case has settled, before its actors are stopped.
 */
const char *observe_unmet_fault(const struct evidence *evidence, struct region *region);

/*
 * The first request with a whole head that came to a connection with a list of its own and is none of the case's: the list was
 * not played to whom it was meant for. NULL: there is none.
 */
const struct witness_message *observe_stranger(const struct evidence *evidence);

/*
 * After evidence_gather(), while its actors are not reset. All but verdict, level and sentences, which are declared_judge()'s.
 * `client` may besides the words of observed.h be "cut" (a part of a head), "left" (the client ended it first), "none" (it
 * neither got nor waited for anything) and "refused" (it could not connect). False when the region is full.
 */
MUST_USE bool observe_case(const struct evidence *evidence, struct region *region,
                           struct observation *out);

#endif
