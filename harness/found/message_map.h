/*
 * Which messages stood on the connections of a run, and where in them each byte was: what faults are told by.
 *
 * A message that did not come whole has no end; the one that is due next and of which not a byte came has a beginning.
 *
 * Ownership: what is made lives in the region that was given. Pure but for the parser's own buffer.
 * Limits: the bytes that witnesses keep; behind them faults are told by numbers.
 */
#ifndef HARNESS_FOUND_MESSAGE_MAP_H
#define HARNESS_FOUND_MESSAGE_MAP_H

#include "harness/schedule/fault_words.h"
#include "harness/verdict/evidence.h"

enum { MESSAGE_MAP_MAX = 256 }; /* messages of one run, all connections; a base has four to ten */

/* evidence may be NULL: then only who plays is known. False when the region is full. */
MUST_USE bool message_map_make(const struct scenario *scenario, const struct evidence *evidence,
                               struct region *region, struct fault_map *out);

#endif
