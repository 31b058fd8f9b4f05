/* Which shards a result holds, as a sentence has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reports/shards.h"
#include "world/base/check.h"

#define NUMBERS(...)                            \
    .numbers = (const uint64_t[]){__VA_ARGS__}, \
    .count = sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

static const struct row {
    const char *sentence;
    const char *command;
    const char *words; /* NULL: none */
    struct run_shards shards;
} ROWS[] = {
    {"a whole run has no shards", "retryproof run s", NULL, {.of = 0}},
    {"one shard of one is a whole run", "retryproof run --shard 1/1 s", NULL, {.of = 0}},
    {"an older result is asked for its command",
     "retryproof run --shard 2/3 s",
     "shard 2 of 3 alone",
     {.of = 0}},
    {"a shard alone tells its share",
     "retryproof run --shard 2/5 s",
     "shard 2 of 5 alone: 1,200 of 6,000 cases",
     {.of = 5, NUMBERS(2), .cases = 6000}},
    {"a share that nobody knows is not told",
     "retryproof run s",
     "shard 2 of 5 alone",
     {.of = 5, NUMBERS(2)}},
    {"all shards are the whole",
     "retryproof run s",
     "merged from all 3 shards",
     {.of = 3, NUMBERS(1, 2, 3), .cases = 6000}},
    {"the one that is missing is named",
     "retryproof run s",
     "merged from shards 1-3, 5 of 5: 1,200 of 6,000 cases, without shard 4",
     {.of = 5, NUMBERS(1, 2, 3, 5), .cases = 6000}},
    {"those that are missing are named",
     "retryproof run s",
     "merged from shards 2, 4-5 of 7, without shards 1, 3, 6-7",
     {.of = 7, NUMBERS(2, 4, 5)}},
    {"of many gaps the first are named",
     "retryproof run s",
     "merged from shards 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24 and more of 100000, without "
     "shards 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and more",
     {.of = 100000, NUMBERS(2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)}},
    {"the longest words have room",
     "retryproof run s",
     "merged from shards 99902-99903, 99905-99906, 99908-99909, 99911-99912, 99914-99915, "
     "99917-99918, 99920-99921, 99923-99924, 99926-99927, 99929-99930, 99932-99933, 99935-99936 "
     "and more of 100000: 1,200 of 18,446,744,073,709,551,615 cases, without shards 1-99901, "
     "99904, 99907, 99910, 99913, 99916, 99919, 99922, 99925, 99928, 99931, 99934 and more",
     {.of = 100000,
      NUMBERS(99902, 99903, 99905, 99906, 99908, 99909, 99911, 99912, 99914, 99915, 99917, 99918,
              99920, 99921, 99923, 99924, 99926, 99927, 99929, 99930, 99932, 99933, 99935, 99936,
              99938),
      .cases = UINT64_MAX}},
};

static void says(void **state)
{
    const struct row *row = *state;
    const struct run_result run = {
        .case_count = 1200, .command = row->command, .shards = row->shards};
    char words[SHARDS_WORDS_BYTES];
    assert_int_equal(shards_words(&run, words), row->words != NULL);
    assert_string_equal(words, row->words != NULL ? row->words : "");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = says,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
