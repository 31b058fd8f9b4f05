#include "pages/repeats.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_BYTES =
        16, /* every so many bytes a place is kept: what repeats for a block and a step is found */
    TABLE_BITS_MIN = 13, /* in little data hardly two blocks fall on one place */
    TABLE_BITS_MAX = 18,
    NUMBER_BYTES_MAX = 10, /* 64 bits, 7 a byte */
};
_Static_assert(sizeof(uint32_t) << TABLE_BITS_MAX <= REPEATS_TABLE_BYTES,
               "the table is what is said");

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

struct finder {
    const uint8_t *data;
    size_t size;
    uint32_t *places; /* by hash: where such a block began last, plus one; 0: nowhere */
    unsigned table_bits;
    uint64_t hash;    /* of the block that begins where the finder stands */
    uint64_t leaving; /* the factor of a block's first byte */
    size_t told;      /* how much the sink knows */
    repeats_sink *sink;
    void *owner;
};

/* Bytes that stand at one place and again at another, behind it. */
struct repeat {
    size_t first, again, size;
};

static uint64_t factor_of_first(void);
static void begin_block(struct finder *finder, size_t at);
static size_t look_at(struct finder *finder, size_t at);
static void put_number(struct finder *finder, uint64_t number);
static void put_literals(struct finder *finder, size_t end);

/* Half of the table is filled by data of that size, where it is large. */
static unsigned table_bits(size_t size)
{
    unsigned bits = TABLE_BITS_MIN;

    while (bits < TABLE_BITS_MAX && (size_t)1 << bits < size / STEP_BYTES * 2)
        bits++;
    return bits;
}

bool repeats_put(const void *data, size_t size, repeats_sink *sink, void *owner)
{
    struct finder finder = {.data = data, .size = size, .sink = sink, .owner = owner};

    finder.table_bits = table_bits(size);
    finder.places = calloc((size_t)1 << finder.table_bits, sizeof(*finder.places));
    if (finder.places == NULL)
        return false;
    put_number(&finder, size);
    finder.leaving = factor_of_first();
    if (size >= REPEATS_BLOCK_BYTES)
        begin_block(&finder, 0);
    for (size_t at = 0; at + REPEATS_BLOCK_BYTES <= size;)
        at = look_at(&finder, at);
    if (finder.told < size)
        put_literals(&finder, size);
    free(finder.places);
    return true;
}

/* ---- the hash of a block, which rolls on byte by byte -------------------------------------------- */

static uint64_t factor_of_first(void)
{
    uint64_t factor = 1;

    for (size_t i = 1; i < REPEATS_BLOCK_BYTES; i++)
        factor *= HASH_FACTOR;
    return factor;
}

static void begin_block(struct finder *finder, size_t at)
{
    finder->hash = 0;
    for (size_t i = 0; i < REPEATS_BLOCK_BYTES; i++)
        finder->hash = finder->hash * HASH_FACTOR + finder->data[at + i];
}

/* From the block at that place to the next one. */
static void roll(struct finder *finder, size_t at)
{
    finder->hash -= finder->data[at] * finder->leaving;
    finder->hash = finder->hash * HASH_FACTOR + finder->data[at + REPEATS_BLOCK_BYTES];
}

static uint32_t *place_of(const struct finder *finder)
{
    return &finder->places[finder->hash * HASH_FACTOR >> (64 - finder->table_bits)];
}

/* ---- repetitions --------------------------------------------------------------------------------- */

/* How many bytes are the same at both places. */
static size_t count_same(const struct finder *finder, size_t first, size_t again)
{
    const uint8_t *a = finder->data + first;
    const uint8_t *b = finder->data + again;
    const size_t most = finder->size - again;
    size_t count = 0;

    while (most - count >= sizeof(uint64_t) && memcmp(a + count, b + count, sizeof(uint64_t)) == 0)
        count += sizeof(uint64_t);
    while (count < most && a[count] == b[count])
        count++;
    return count;
}

/* As far as it goes in both directions, but not into what was told. */
static struct repeat grow(const struct finder *finder, size_t first, size_t again)
{
    const uint8_t *data = finder->data;
    struct repeat repeat = {first, again, count_same(finder, first, again)};

    while (repeat.first > 0 && repeat.again > finder->told &&
           data[repeat.first - 1] == data[repeat.again - 1]) {
        repeat.first--;
        repeat.again--;
        repeat.size++;
    }
    return repeat;
}

/* Where such a block began before; no place where it did not. */
static bool find(const struct finder *finder, size_t at, size_t *first)
{
    const size_t place = *place_of(finder);

    *first = place - 1;
    return place > 0 && memcmp(finder->data + *first, finder->data + at, REPEATS_BLOCK_BYTES) == 0;
}

/* Looks at the block there, and returns where the next one is: behind a repetition, in which nothing is new. */
static size_t look_at(struct finder *finder, size_t at)
{
    size_t first;

    if (find(finder, at, &first)) {
        const struct repeat repeat = grow(finder, first, at);

        put_literals(finder, repeat.again);
        put_number(finder, repeat.again - repeat.first);
        put_number(finder, repeat.size);
        finder->told += repeat.size;
        if (finder->told + REPEATS_BLOCK_BYTES <= finder->size)
            begin_block(finder, finder->told);
        return finder->told;
    }
    if (at % STEP_BYTES == 0 && at < UINT32_MAX)
        *place_of(finder) = (uint32_t)at + 1;
    if (at + REPEATS_BLOCK_BYTES < finder->size)
        roll(finder, at);
    return at + 1;
}

/* ---- the coded form ------------------------------------------------------------------------------ */

static void put_number(struct finder *finder, uint64_t number)
{
    uint8_t bytes[NUMBER_BYTES_MAX];
    size_t count = 0;

    for (; number > 127; number >>= 7)
        bytes[count++] = (uint8_t)(number | 128);
    bytes[count++] = (uint8_t)number;
    finder->sink(finder->owner, bytes, count);
}

/* What is no repetition, up to there. */
static void put_literals(struct finder *finder, size_t end)
{
    const size_t size = end - finder->told;

    put_number(finder, size);
    if (size > 0)
        finder->sink(finder->owner, finder->data + finder->told, size);
    finder->told = end;
}
