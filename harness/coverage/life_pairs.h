/*
 * The pairs of a state and an event that the table of an exchange's life is made of, and how often each was met in this
 * process.
 *
 * The product counts nothing: there life_counts() is NULL. A program that is linked with -Wl,--wrap of this function and of
 * life_transition() counts from outside (tests/counting).
 */
#ifndef HARNESS_COVERAGE_LIFE_PAIRS_H
#define HARNESS_COVERAGE_LIFE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIFE_PAIRS_MAX = 512 };

/* All of them, by state, then by event: also those that cannot come about. */
size_t life_pairs_count(void);
/* The table has it. */
bool life_pair_is_possible(size_t pair);
const char *life_pair_state(size_t pair);
const char *life_pair_event(size_t pair);

/* By pair, since the process began. NULL: this program does not count. */
const uint64_t *life_counts(void);

#endif
