/*
 * Counts which pairs of a state and an event exchanges meet, from outside: wraps life_transition(), which every exchange asks
 * for each step of its life, and life_counts(), by which the product says that it counts nothing.
 */
#include "harness/coverage/life_pairs.h"
#include "proxy/exchange/life.h"

const struct transition *__real_life_transition(enum exchange_state state,
                                                enum exchange_event event);
const struct transition *__wrap_life_transition(enum exchange_state state,
                                                enum exchange_event event);
const uint64_t *__wrap_life_counts(void);

static uint64_t counts[STATE_COUNT * EVENT_COUNT];

const struct transition *__wrap_life_transition(enum exchange_state state,
                                                enum exchange_event event)
{
    counts[(size_t)state * EVENT_COUNT + event]++;
    return __real_life_transition(state, event);
}

const uint64_t *__wrap_life_counts(void)
{
    return counts;
}
