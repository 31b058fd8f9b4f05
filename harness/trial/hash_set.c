#include "harness/trial/hash_set.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1024 }; /* outcomes of one base are some hundred */

/* 0 marks a free slot, so that hash shares its place with another; one chance in 2^64. */
static uint64_t storable(uint64_t hash)
{
    return hash == 0 ? 1 : hash;
}

static size_t find(const struct hash_set *set, uint64_t hash)
{
    size_t at = (size_t)(hash_number(0, hash) & (set->capacity - 1));
    while (set->slots[at] != 0 && set->slots[at] != hash)
        at = (at + 1) & (set->capacity - 1);
    return at;
}

static bool grow(struct hash_set *set)
{
    struct hash_set larger = {.capacity = set->capacity == 0 ? CAPACITY_FIRST : 2 * set->capacity};
    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i] != 0)
            larger.slots[find(&larger, set->slots[i])] = set->slots[i];
    larger.count = set->count;
    free(set->slots);
    *set = larger;
    return true;
}

bool hash_set_add(struct hash_set *set, uint64_t hash)
{
    hash = storable(hash);
    if (2 * (set->count + 1) > set->capacity && !grow(set))
        return !hash_set_has(set, hash);
    size_t at = find(set, hash);
    if (set->slots[at] == hash)
        return false;
    set->slots[at] = hash;
    set->count++;
    return true;
}

bool hash_set_has(const struct hash_set *set, uint64_t hash)
{
    hash = storable(hash);
    return set->capacity > 0 && set->slots[find(set, hash)] == hash;
}

void hash_set_reset(struct hash_set *set)
{
    if (set->capacity > 0)
        memset(set->slots, 0, set->capacity * sizeof(*set->slots));
    set->count = 0;
}

void hash_set_release(struct hash_set *set)
{
    free(set->slots);
    *set = (struct hash_set){0};
}
