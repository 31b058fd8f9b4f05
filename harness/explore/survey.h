/*
 * Explores one base: the clean run, every single fault, and pairs and triples of them.
 *
 * Ownership: made once and used for one base after the other; memory is kept. The ledger and the player are the caller's.
 */
#ifndef HARNESS_EXPLORE_SURVEY_H
#define HARNESS_EXPLORE_SURVEY_H

#include "harness/explore/ledger.h"
#include "harness/space/position_class.h"

struct survey;

/* NULL when memory runs out. */
MUST_USE struct survey *survey_create(struct ledger *ledger, struct player *player,
                                      const struct explorer_options *options);
void survey_destroy(struct survey **survey);

/* How many single faults its clean run shows: about as many runs. */
uint64_t survey_count(struct survey *survey, const struct base *base);

/*
 * Until it is through, or the ledger says that it is enough. False when the base fails without any fault: it is its own
 * smallest schedule, and what came of faults would say nothing.
 */
bool survey_base(struct survey *survey, const struct base *base);
/* The single faults that stand for all others of the base that was surveyed last, from 0; NULL past the last. */
const struct wire_fault *survey_standing(const struct survey *survey, size_t index);

#endif
