/*
 * A running 64-bit hash of what happened, made for speed and for noticing any difference; it keeps no
 * secret and withstands no adversary.
 */
#ifndef WORLD_SIM_FINGERPRINT_H
#define WORLD_SIM_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FINGERPRINT_ODD 0x9E3779B97F4A7C15ull /* 2^64 over the golden ratio: odd, well mixed bits */

/* The shift brings high bits down: without it, changes in the top bytes of two words cancel too easily. */
static inline uint64_t fingerprint_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * FINGERPRINT_ODD;
    return hash ^ hash >> 29;
}

/* The hash of a set is the sum of this of its members: splitmix64's last steps, so that sums do not cancel. */
static inline uint64_t fingerprint_scatter(uint64_t word)
{
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9ull;
    word = (word ^ word >> 27) * 0x94D049BB133111EBull;
    return word ^ word >> 31;
}

/* Up to eight bytes as a word. */
static inline uint64_t fingerprint_tail(const uint8_t *data, size_t size)
{
    uint64_t word = 0;

    memcpy(&word, data, size);
    return word;
}

/*
 * Four lanes, because one multiplication waits for the one before it and large bodies are common; each in a variable of its
 * own, because compilers keep arrays in memory, and then a lane waits for that.
 */
static inline uint64_t fingerprint_bytes(uint64_t hash, const uint8_t *data, size_t size)
{
    uint64_t first = hash, second = 1, third = 2, fourth = 3;
    uint64_t words[4];

    hash = fingerprint_word(hash, size);
    for (; size >= sizeof(words); data += sizeof(words), size -= sizeof(words)) {
        memcpy(words, data, sizeof(words));
        first = fingerprint_word(first, words[0]);
        second = fingerprint_word(second, words[1]);
        third = fingerprint_word(third, words[2]);
        fourth = fingerprint_word(fourth, words[3]);
    }
    hash = fingerprint_word(hash, first);
    hash = fingerprint_word(hash, second);
    hash = fingerprint_word(hash, third);
    hash = fingerprint_word(hash, fourth);
    for (; size >= 8; data += 8, size -= 8)
        hash = fingerprint_word(hash, fingerprint_tail(data, 8));
    return size == 0 ? hash : fingerprint_word(hash, fingerprint_tail(data, size));
}

#endif
