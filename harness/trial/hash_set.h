/*
 * A set of 64-bit hashes, and how they are made.
 *
 * Ownership: embedded, all zero is empty; memory is kept over a reset.
 */
#ifndef HARNESS_TRIAL_HASH_SET_H
#define HARNESS_TRIAL_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_set {
    uint64_t *slots; /* 0: free */
    size_t capacity; /* 0, or a power of two */
    size_t count;
};

/* Whether it was not there. When memory runs out it is said to be new, and not kept. */
bool hash_set_add(struct hash_set *set, uint64_t hash);
bool hash_set_has(const struct hash_set *set, uint64_t hash);
void hash_set_reset(struct hash_set *set);
void hash_set_release(struct hash_set *set);

/* FNV-1a over bytes, from a former hash or from HASH_BEGIN on. */
#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* A number mixed into a hash, all of its bits into all of the hash's. */
static inline uint64_t hash_number(uint64_t hash, uint64_t number)
{
    hash = (hash ^ number) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

#endif
