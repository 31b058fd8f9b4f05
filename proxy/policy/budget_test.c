#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/budget.h"
#include "world/base/check.h"

/* How many may be trying again among so many exchanges. */
struct row {
    const char *name;
    struct budget_settings settings;
    size_t live;
    size_t most;
};

static const struct row ROWS[] = {
    {"a share is rounded down", {true, 20, 0}, 9, 1},
    {"a share is met exactly", {true, 20, 0}, 10, 2},
    {"a share of few is none", {true, 20, 0}, 4, 0},
    {"the floor is allowed though the share is less", {true, 20, 3}, 4, 3},
    {"the floor is allowed though nothing is under way", {true, 20, 3}, 0, 3},
    {"the share is allowed though the floor is less", {true, 20, 3}, 20, 4},
    {"no share and no floor is no retry", {true, 0, 0}, 1000, 0},
    {"no share leaves the floor", {true, 0, 1}, 1000, 1},
    {"all may", {true, 100, 0}, 7, 7},
    {"hundreds keep what is left over", {true, 33, 0}, 199, 65},
    {"the largest number is reckoned", {true, 50, 0}, SIZE_MAX, SIZE_MAX / 2},
};

static void allows(void **state)
{
    const struct row *row = *state;

    if (row->most > 0)
        assert_true(budget_allows(&row->settings, row->live, row->most - 1));
    assert_false(budget_allows(&row->settings, row->live, row->most));
    assert_false(budget_allows(&row->settings, row->live, SIZE_MAX));
}

static void without_a_limit_all_is_allowed(void **state)
{
    const struct budget_settings settings = {.limited = false};

    (void)state;
    assert_true(budget_allows(&settings, 0, 0));
    assert_true(budget_allows(&settings, 1, SIZE_MAX));
}

int main(void)
{
    static const struct CMUnitTest others[] = {cmocka_unit_test(without_a_limit_all_is_allowed)};
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = allows,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
