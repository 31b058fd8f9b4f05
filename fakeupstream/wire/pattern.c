#include "fakeupstream/wire/pattern.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_BYTES = 8, BLOCK_WORDS = 4 };

/* The 64-bit golden ratio: consecutive words get inputs that differ in many bits. */
#define WORD_STRIDE UINT64_C(0x9e3779b97f4a7c15)

/* Word number `index` of a body, as it stands in memory (little-endian, so that every machine agrees). */
static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
    uint64_t word = seed + (index + 1) * WORD_STRIDE;

    word ^= word >> 32;
    word *= UINT64_C(0xd6e8feb86659fd93);
    word ^= word >> 32;
    return htole64(word);
}

/* FNV-1a, and a last mixing because labels differ in few characters. */
uint64_t pattern_seed(struct bytes label)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < label.size; i++)
        hash = (hash ^ label.data[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    return hash * UINT64_C(0xd6e8feb86659fd93);
}

/* The bytes from offset to the next word boundary, or fewer. */
static size_t leading_bytes(uint64_t offset, size_t size)
{
    size_t inside = (size_t)(offset % WORD_BYTES);
    size_t leading = inside == 0 ? 0 : WORD_BYTES - inside;

    return leading < size ? leading : size;
}

void pattern_fill(uint64_t seed, uint64_t offset, void *data, size_t size)
{
    uint8_t *out = data;
    size_t leading = leading_bytes(offset, size);
    uint64_t index = offset / WORD_BYTES;
    uint64_t word;

    if (leading > 0) {
        word = pattern_word(seed, index++);
        memcpy(out, (const uint8_t *)&word + offset % WORD_BYTES, leading);
        out += leading;
        size -= leading;
    }
    for (; size >= WORD_BYTES; size -= WORD_BYTES, out += WORD_BYTES) {
        word = pattern_word(seed, index++);
        memcpy(out, &word, WORD_BYTES);
    }
    if (size > 0) {
        word = pattern_word(seed, index);
        memcpy(out, &word, size);
    }
}

/* How many of the first size bytes of a and b agree. */
static size_t common_bytes(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t count = 0;

    while (count < size && a[count] == b[count])
        count++;
    return count;
}

/* Whether the next block follows the pattern. Bodies that differ are few, so where is looked for only then. */
static bool block_matches(uint64_t seed, uint64_t index, const uint8_t *in)
{
    uint64_t got[BLOCK_WORDS];
    uint64_t difference;

    memcpy(got, in, sizeof(got));
    difference = got[0] ^ pattern_word(seed, index);
    difference |= got[1] ^ pattern_word(seed, index + 1);
    difference |= got[2] ^ pattern_word(seed, index + 2);
    difference |= got[3] ^ pattern_word(seed, index + 3);
    return difference == 0;
}

size_t pattern_match(uint64_t seed, uint64_t offset, const void *data, size_t size)
{
    const uint8_t *in = data;
    size_t leading = leading_bytes(offset, size);
    uint64_t index = offset / WORD_BYTES;
    size_t matched = 0;
    uint64_t expected;
    uint64_t got;

    if (leading > 0) {
        expected = pattern_word(seed, index++);
        matched = common_bytes((const uint8_t *)&expected + offset % WORD_BYTES, in, leading);
        if (matched < leading)
            return matched;
    }
    while (size - matched >= BLOCK_WORDS * WORD_BYTES && block_matches(seed, index, in + matched)) {
        matched += BLOCK_WORDS * WORD_BYTES;
        index += BLOCK_WORDS;
    }
    for (; size - matched >= WORD_BYTES; matched += WORD_BYTES) {
        expected = pattern_word(seed, index++);
        memcpy(&got, in + matched, WORD_BYTES);
        if (got != expected)
            return matched + common_bytes((const uint8_t *)&expected, in + matched, WORD_BYTES);
    }
    expected = pattern_word(seed, index);
    return matched + common_bytes((const uint8_t *)&expected, in + matched, size - matched);
}
