/*
 * Where the messages of a run lie among the bytes of each connection, as its actors' witnesses have them: so that a fault at a
 * byte can be told as what it is a byte of.
 *
 * Ownership: everything lives in the region that was given, and outlives the witnesses.
 * Limits: the bytes that witnesses keep, MESSAGE_MAP_MAX messages; what is beyond is not in the map.
 */
#ifndef HARNESS_VERDICT_MESSAGE_MAP_H
#define HARNESS_VERDICT_MESSAGE_MAP_H

#include "harness/schedule/fault_words.h"
#include "harness/verdict/evidence.h"

enum { MESSAGE_MAP_MAX = 1024 }; /* of one case; an exchange has four */

/* The names of a case's actors alone, for faults that are told by their numbers. False when the region is full. */
MUST_USE bool message_map_names(const struct scenario *scenario, struct region *region,
                                struct fault_map *out);
/* From a clean run, after its witnesses have been settled. False when the region is full. */
MUST_USE bool message_map_read(const struct evidence *evidence, struct region *region,
                               struct fault_map *out);

#endif
