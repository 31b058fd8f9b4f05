#include "pages/repeats.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_BYTES =
        16, /* every so many bytes a place is kept: what repeats for a block and a step is found */
    TABLE_BITS = 17,
    NUMBER_BYTES_MAX = 10, /* 64 bits, 7 a byte */
};
_Static_assert(sizeof(size_t) << TABLE_BITS <= REPEATS_TABLE_BYTES, "the table is what is said");

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

struct finder {
    const uint8_t *data;
    size_t size;
    size_t *places;   /* by hash: where such a block began last, plus one; 0: nowhere */
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

static void begin_block(struct finder *finder);
static void look_at(struct finder *finder, size_t at);
static void put_number(struct finder *finder, uint64_t number);
static void put_literals(struct finder *finder, size_t end);

bool repeats_put(const void *data, size_t size, repeats_sink *sink, void *owner)
{
    struct finder finder = {.data = data, .size = size, .sink = sink, .owner = owner};

    finder.places = calloc((size_t)1 << TABLE_BITS, sizeof(*finder.places));
    if (finder.places == NULL)
        return false;
    put_number(&finder, size);
    if (size >= REPEATS_BLOCK_BYTES) {
        begin_block(&finder);
        for (size_t at = 0; at + REPEATS_BLOCK_BYTES <= size; at++)
            look_at(&finder, at);
    }
    if (finder.told < size)
        put_literals(&finder, size);
    free(finder.places);
    return true;
}

/* ---- the hash of a block, which rolls on byte by byte -------------------------------------------- */

static void begin_block(struct finder *finder)
{
    finder->leaving = 1;
    for (size_t i = 0; i < REPEATS_BLOCK_BYTES; i++) {
        finder->hash = finder->hash * HASH_FACTOR + finder->data[i];
        if (i > 0)
            finder->leaving *= HASH_FACTOR;
    }
}

/* From the block at that place to the next one. */
static void roll(struct finder *finder, size_t at)
{
    finder->hash -= finder->data[at] * finder->leaving;
    finder->hash = finder->hash * HASH_FACTOR + finder->data[at + REPEATS_BLOCK_BYTES];
}

static size_t *place_of(struct finder *finder)
{
    return &finder->places[finder->hash * HASH_FACTOR >> (64 - TABLE_BITS)];
}

/* ---- repetitions --------------------------------------------------------------------------------- */

/* As far as it goes in both directions, but not into what was told. */
static struct repeat grow(const struct finder *finder, size_t first, size_t again)
{
    const uint8_t *data = finder->data;
    struct repeat repeat = {first, again, REPEATS_BLOCK_BYTES};

    while (again + repeat.size < finder->size &&
           data[first + repeat.size] == data[again + repeat.size])
        repeat.size++;
    while (repeat.first > 0 && repeat.again > finder->told &&
           data[repeat.first - 1] == data[repeat.again - 1]) {
        repeat.first--;
        repeat.again--;
        repeat.size++;
    }
    return repeat;
}

static void look_at(struct finder *finder, size_t at)
{
    const uint8_t *data = finder->data;
    size_t *place = place_of(finder);

    if (at >= finder->told && *place > 0 &&
        memcmp(data + *place - 1, data + at, REPEATS_BLOCK_BYTES) == 0) {
        const struct repeat repeat = grow(finder, *place - 1, at);

        put_literals(finder, repeat.again);
        put_number(finder, repeat.again - repeat.first);
        put_number(finder, repeat.size);
        finder->told += repeat.size;
    }
    if (at % STEP_BYTES == 0)
        *place = at + 1;
    if (at + REPEATS_BLOCK_BYTES < finder->size)
        roll(finder, at);
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
