/*
 * The lines of a schedule that say what its proxy is told: settings, hooks, the shape of its network, names.
 */
#ifndef TESTS_ALWAYS_RETRY_RULES_H
#define TESTS_ALWAYS_RETRY_RULES_H

#include <stdint.h>

#include "tests/always_retry/writing.h"

/* Also finds the sizes that bodies are drawn from, so it comes first. */
void put_settings(struct writing *to);
/* The policy decides alone in every fifth schedule; in all others the hooks wish for another attempt, always. */
void put_hooks(struct writing *to, uint64_t seed);
void put_network(struct writing *to);
void put_names(struct writing *to);

#endif
