#include "harness/coverage/life_pairs.h"

#include "proxy/exchange/life.h"

_Static_assert(STATE_COUNT *EVENT_COUNT <= LIFE_PAIRS_MAX, "every pair has room");

static enum exchange_state state_of(size_t pair)
{
    check(pair < life_pairs_count());
    return (enum exchange_state)(pair / EVENT_COUNT);
}

static enum exchange_event event_of(size_t pair)
{
    return (enum exchange_event)(pair % EVENT_COUNT);
}

size_t life_pairs_count(void)
{
    return (size_t)STATE_COUNT * EVENT_COUNT;
}

bool life_pair_is_possible(size_t pair)
{
    return life_transition(state_of(pair), event_of(pair))->action != NULL;
}

const char *life_pair_state(size_t pair)
{
    return exchange_state_word(state_of(pair));
}

const char *life_pair_event(size_t pair)
{
    return exchange_event_word(event_of(pair));
}

const uint64_t *life_counts(void)
{
    return NULL;
}
