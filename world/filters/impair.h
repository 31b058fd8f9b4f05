/*
 * A world beneath the proxy in which single dials, accepts, lookups and writes go wrong as struct wire_fault says. It stands
 * below the trace, so that what it does is seen there.
 *
 * Kinds made here: REFUSED, DROPPED, UNREACHABLE, NO_DESCRIPTORS, SHORT_WRITE and those of lookups. All others are the
 * actors' own and are not given to it.
 *
 * Ownership: the inner world is not owned; rules are copied. Limits: WIRE_FAULTS_MAX rules.
 */
#ifndef WORLD_FILTERS_IMPAIR_H
#define WORLD_FILTERS_IMPAIR_H

#include "world/wire_fault.h"

/* NULL when memory runs out. */
struct world *impair_create(struct world *inner);
void impair_destroy(struct world **impair);

/* Forgets rules, counts and live streams (see sim_reset()), which are not touched. */
void impair_reset(struct world *impair);

/* Dials to that address are connections of that upstream; IPv4 or IPv6. Before the first dial. */
void impair_name_upstream(struct world *impair, uint32_t index, const struct address *address);

/* Returns the rule's index from 0, or -1 when WIRE_FAULTS_MAX is reached. */
MUST_USE int impair_add(struct world *impair, const struct wire_fault *fault);
/* Whether the rule made its fault. */
bool impair_met(const struct world *impair, int rule);

#endif
