#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/selection.h"
#include "retryproof/limits.h"
#include "world/base/check.h"

enum { CANDIDATES_MAX = 3 };

struct row {
    const char *name;
    struct selection_candidate candidates[CANDIDATES_MAX];
    struct selection_facts facts; /* candidates are filled in */
    int chosen;
};

#define EJECTED         \
    {                   \
        .ejected = true \
    }
#define TRIED      \
    {              \
        .tries = 1 \
    }
#define BOTH                        \
    {                               \
        .ejected = true, .tries = 1 \
    }

static const struct row ROWS[] = {
    {"of none there is none", {{0}}, {.count = 0}, SELECTION_NONE},
    {"of one it is that one", {{0}}, {.count = 1}, 0},
    {"first takes the first", {{0}}, {.count = 3}, 0},
    {"one tried is passed over", {TRIED}, {.count = 3}, 1},
    {"one that is out is passed over", {EJECTED}, {.count = 3}, 1},
    {"tried comes before out", {EJECTED, TRIED}, {.count = 2}, 1},
    {"out comes before out and tried", {BOTH, EJECTED}, {.count = 2}, 1},
    {"when all were tried it begins again", {TRIED, TRIED, TRIED}, {.count = 3, .last = 2}, 0},
    {"when all were tried the last is not tried next", {TRIED, TRIED}, {.count = 2, .last = 0}, 1},
    {"tried once comes before tried twice", {{.tries = 2}, TRIED}, {.count = 2, .last = 1}, 1},
    {"the only one is tried again", {TRIED}, {.count = 1, .last = 0}, 0},
    {"when all are out one is taken all the same", {EJECTED, EJECTED}, {.count = 2}, 0},
    {"the last one left is taken though out and tried", {BOTH}, {.count = 1}, 0},
    {"stay means the same again", {{0}, BOTH}, {.count = 3, .stay = true, .last = 1}, 1},
    {"where none was tried the last one means nothing", {{0}}, {.count = 3, .last = 0}, 0},

    {"round robin begins at its turn",
     {{0}},
     {.rule = SELECT_ROUND_ROBIN, .count = 3, .turn = 2},
     2},
    {"its turn wraps", {{0}}, {.rule = SELECT_ROUND_ROBIN, .count = 3, .turn = 4}, 1},
    {"behind the last comes the first",
     {{0}, {0}, TRIED},
     {.rule = SELECT_ROUND_ROBIN, .count = 3, .turn = 2},
     0},
    {"the largest turn wraps too",
     {{0}},
     {.rule = SELECT_ROUND_ROBIN, .count = 3, .turn = SIZE_MAX},
     (int)(SIZE_MAX % 3)},
    {"not tried comes before its turn",
     {{0}, TRIED, TRIED},
     {.rule = SELECT_ROUND_ROBIN, .count = 3, .turn = 1},
     0},

    {"least connections takes the least",
     {{.in_use = 2}, {.in_use = 1}, {.in_use = 3}},
     {.rule = SELECT_LEAST_CONNECTIONS, .count = 3},
     1},
    {"of equals the first",
     {{.in_use = 2}, {.in_use = 1}, {.in_use = 1}},
     {.rule = SELECT_LEAST_CONNECTIONS, .count = 3},
     1},
    {"not tried comes before fewer connections",
     {{.tries = 1}, {.in_use = 9}},
     {.rule = SELECT_LEAST_CONNECTIONS, .count = 2},
     1},
};

static void chooses(void **state)
{
    const struct row *row = *state;
    struct selection_facts facts = row->facts;

    facts.candidates = row->candidates;
    assert_int_equal(selection_decide(&facts), row->chosen);
}

/* The order of preference as the contract has it, for every set of candidates under every rule. */
static void never_takes_a_worse_one(void **state)
{
    (void)state;
    for (unsigned number = 0; number < 3 * 3 * 64; number++) {
        struct selection_candidate candidates[CANDIDATES_MAX];
        struct selection_facts facts = {
            .rule = number % 3, .candidates = candidates, .count = 3, .turn = number / 3 % 3};
        int chosen;

        for (size_t i = 0; i < CANDIDATES_MAX; i++)
            candidates[i] = (struct selection_candidate){.ejected = number / 9 >> i & 1,
                                                         .tries = number / 9 >> (3 + i) & 1};
        chosen = selection_decide(&facts);
        assert_in_range(chosen, 0, CANDIDATES_MAX - 1);
        for (size_t i = 0; i < CANDIDATES_MAX; i++) {
            if (!candidates[i].ejected)
                assert_false(candidates[chosen].ejected);
            if (candidates[i].ejected == candidates[chosen].ejected && candidates[i].tries == 0)
                assert_int_equal(candidates[chosen].tries, 0);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {cmocka_unit_test(never_takes_a_worse_one)};
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = chooses,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
