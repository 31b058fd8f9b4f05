/* What a feed offers, whatever its filters do and however its bytes come, go and are sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/relay/feed_rig.h"

enum {
    STRING_BYTES = 200,
    SEEDS_PER_ROW = 100,
    SEEDS_PER_PAIR = 12,
};

static const struct row {
    const char *name;
    struct rig_settings settings;
} ROWS[] = {
    {"a body without filters is offered as it came",
     {.framing = FRAMING_LENGTH, .body_bytes = 5000, .copy_limit = 5000}},
    {"a filter that passes bytes on changes nothing",
     {.filters = {RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 5000}},
    {"a filter changes every byte",
     {.filters = {RIG_CHANGE}, .framing = FRAMING_CHUNKED, .body_bytes = 5000, .chunk_bytes = 70}},
    {"a filter drops bytes",
     {.filters = {RIG_DROP}, .framing = FRAMING_LENGTH, .body_bytes = 5000}},
    {"a filter makes more of a body",
     {.filters = {RIG_DOUBLE}, .framing = FRAMING_LENGTH, .body_bytes = 30000}},
    {"a filter holds until it has a block, and sends a shorter one at the end",
     {.filters = {RIG_BLOCKS}, .framing = FRAMING_CHUNKED, .body_bytes = 999, .chunk_bytes = 16}},
    {"a filter throttles", {.filters = {RIG_SLOW}, .framing = FRAMING_LENGTH, .body_bytes = 5000}},
    {"a filter waits before each piece",
     {.filters = {RIG_PATIENT}, .framing = FRAMING_CHUNKED, .body_bytes = 2000, .chunk_bytes = 99}},
    {"a filter adds to the end",
     {.filters = {RIG_TAIL}, .framing = FRAMING_CHUNKED, .body_bytes = 300, .chunk_bytes = 50}},
    {"a filter adds to a body of no bytes, whose end is an empty piece",
     {.filters = {RIG_TAIL}, .framing = FRAMING_CHUNKED, .body_bytes = 0, .chunk_bytes = 50}},
    {"two filters that make more of a body",
     {.filters = {RIG_DOUBLE, RIG_DOUBLE}, .framing = FRAMING_LENGTH, .body_bytes = 20000}},
    {"the second filter gets what the first one wrote, and its end",
     {.filters = {RIG_TAIL, RIG_BLOCKS}, .framing = FRAMING_LENGTH, .body_bytes = 100}},
    {"a filter behind one that throttles",
     {.filters = {RIG_SLOW, RIG_TAIL}, .framing = FRAMING_LENGTH, .body_bytes = 1500}},
    {"a filter that waits behind one that drops",
     {.filters = {RIG_DROP, RIG_PATIENT}, .framing = FRAMING_LENGTH, .body_bytes = 1500}},
    {"a copy of a body one byte shorter than its limit",
     {.framing = FRAMING_LENGTH, .body_bytes = 299, .copy_limit = 300}},
    {"a copy of a body as long as its limit",
     {.framing = FRAMING_LENGTH, .body_bytes = 300, .copy_limit = 300}},
    {"a copy of a body one byte longer than its limit",
     {.framing = FRAMING_LENGTH, .body_bytes = 301, .copy_limit = 300}},
    {"a copy of chunks that straddle its limit",
     {.framing = FRAMING_CHUNKED, .body_bytes = 400, .chunk_bytes = 77, .copy_limit = 300}},
    {"a copy of what a filter made",
     {.filters = {RIG_DOUBLE}, .framing = FRAMING_LENGTH, .body_bytes = 150, .copy_limit = 300}},
    {"a copy of what two filters made, one of which waits",
     {.filters = {RIG_BLOCKS, RIG_PATIENT},
      .framing = FRAMING_CHUNKED,
      .body_bytes = 640,
      .chunk_bytes = 16,
      .copy_limit = 600}},
};

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void play_random(const struct rig_settings *settings, uint64_t seed)
{
    static struct rig rig;
    uint8_t string[STRING_BYTES];

    for (size_t i = 0; i < STRING_BYTES; i++)
        string[i] = (uint8_t)(next_random(&seed) >> 11);
    rig_play(&rig, settings, bytes_make(string, STRING_BYTES));
}

static void whatever_the_pieces(void **state)
{
    const struct row *row = *state;

    for (uint64_t seed = 1; seed <= SEEDS_PER_ROW; seed++)
        play_random(&row->settings, seed);
}

static void any_two_filters(void **state)
{
    struct rig_settings settings = {
        .framing = FRAMING_CHUNKED, .chunk_bytes = 333, .body_bytes = 3000, .copy_limit = 2000};

    (void)state;
    for (unsigned pair = 0; pair < RIG_FILTER_COUNT * RIG_FILTER_COUNT; pair++) {
        settings.filters[0] = (enum rig_filter)(pair / RIG_FILTER_COUNT);
        settings.filters[1] = (enum rig_filter)(pair % RIG_FILTER_COUNT);
        for (uint64_t seed = 1; seed <= SEEDS_PER_PAIR; seed++)
            play_random(&settings, seed * 1000 + pair);
    }
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 1];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = whatever_the_pieces,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[COUNT_OF(ROWS)] = (struct CMUnitTest)cmocka_unit_test(any_two_filters);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
