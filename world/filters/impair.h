/*
 * A world beneath the proxy in which single dials, accepts, lookups and writes go wrong as struct wire_fault says. It stands
 * below the trace, so that what it does is seen there.
 *
 * Kinds made here: REFUSED, DROPPED, UNREACHABLE, NO_DESCRIPTORS, SHORT_WRITE and those of lookups. All others are the
 * actors' own and are not given to it.
 *
 * SHORT_WRITE at the very byte at which a write begins has that write return -EAGAIN, once. Its bytes are those that go to the
 * network: under TLS, of records.
 *
 * Ownership: the inner world is not owned; rules are copied. What no rule can meet belongs to the inner world and passes
 * through untouched. Memory is kept over a reset; a warm filter allocates nothing.
 * Limits: WIRE_FAULTS_MAX rules, IMPAIR_UPSTREAMS_MAX named upstreams.
 */
#ifndef WORLD_FILTERS_IMPAIR_H
#define WORLD_FILTERS_IMPAIR_H

#include "world/wire_fault.h"

enum { IMPAIR_UPSTREAMS_MAX = 64 }; /* of one case; scenarios have two or three */

/* NULL when memory runs out. */
struct world *impair_create(struct world *inner);
void impair_destroy(struct world **impair);

/* Forgets rules, counts and live streams (see sim_reset()), which are not touched. */
void impair_reset(struct world *impair);

/* Dials to that address are connections of that upstream; IPv4 or IPv6. Before the first dial. */
void impair_name_upstream(struct world *impair, uint32_t index, const struct address *address);

/*
 * Says whose connection the program accepts as its n-th (ordinal from 1): which client, and which of its connections. False:
 * nobody's. Without one all are the first client's, in their order.
 */
typedef bool impair_find_client(void *owner, uint32_t ordinal, uint32_t *client,
                                uint32_t *connection);
void impair_find_clients(struct world *impair, impair_find_client *find, void *owner);

/* Returns the rule's index from 0, or -1 when WIRE_FAULTS_MAX is reached. */
MUST_USE int impair_add(struct world *impair, const struct wire_fault *fault);
/* Whether the rule made its fault. */
bool impair_met(const struct world *impair, int rule);
/* Is called with the rule's index each time that it makes its fault, from within; until impair_reset(). */
typedef void impair_on_met(void *owner, int rule);
void impair_tell(struct world *impair, impair_on_met *on_met, void *owner);

/*
 * Which dial to that upstream became its n-th connection (both from 1), dials that failed here left out: as the actor counts
 * its connections, and the trace its dials.
 */
uint32_t impair_dial_of(const struct world *impair, uint32_t upstream, uint32_t connection);

#endif
