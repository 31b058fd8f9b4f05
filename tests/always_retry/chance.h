/*
 * Random choices from a seed: splitmix64, the same on every machine.
 */
#ifndef TESTS_ALWAYS_RETRY_CHANCE_H
#define TESTS_ALWAYS_RETRY_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/check.h"

struct chance {
    uint64_t state; /* any seed */
};

static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

/* 0 to count - 1. */
static inline size_t chance_below(struct chance *chance, size_t count)
{
    check(count > 0);
    return (size_t)(chance_next(chance) % count);
}

/* True in so many cases of a hundred. */
static inline bool chance_percent(struct chance *chance, unsigned percent)
{
    return chance_below(chance, 100) < percent;
}

/* One of the texts in an array. */
#define CHANCE_WORD(chance, words) ((words)[chance_below((chance), COUNT_OF(words))])

#endif
