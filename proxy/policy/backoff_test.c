#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/backoff.h"
#include "world/base/check.h"

/* The longest delay of a retry: what settings allow, whatever the randomness. */
struct row {
    const char *name;
    struct backoff_settings settings;
    unsigned retry;
    uint64_t longest_ns;
};

static const struct row ROWS[] = {
    {"without a base nobody waits", {0, 250}, 3, 0},
    {"before the first retry it is the base", {25, 250}, 1, 25},
    {"before the second it is twice the base", {25, 250}, 2, 50},
    {"before the fourth it is eight times the base", {25, 250}, 4, 200},
    {"before the fifth it would be more than the longest", {25, 250}, 5, 250},
    {"and stays there", {25, 250}, 6, 250},
    {"a power of two meets the longest exactly", {25, 200}, 4, 200},
    {"one less than that is the longest", {25, 199}, 4, 199},
    {"one more is not", {25, 201}, 4, 200},
    {"a longest that is odd is reached", {1, 7}, 4, 7},
    {"a base that is the longest stays", {250, 250}, 9, 250},
    {"a base above the longest does not count", {300, 250}, 1, 250},
    {"the highest of retries is reckoned", {1, UINT64_MAX / 2}, UINT32_MAX, UINT64_MAX / 2},
    {"the longest of all times is reckoned", {1, UINT64_MAX}, 65, UINT64_MAX},
    {"a doubling that would overflow stops", {UINT64_MAX - 1, UINT64_MAX}, 2, UINT64_MAX},
};

static void waits_no_longer(void **state)
{
    const struct row *row = *state;
    uint64_t longest = row->longest_ns;

    assert_int_equal(backoff_delay_ns(&row->settings, row->retry, 0), 0);
    assert_int_equal(backoff_delay_ns(&row->settings, row->retry, longest), longest);
    if (longest != UINT64_MAX)
        assert_int_equal(backoff_delay_ns(&row->settings, row->retry, longest + 1), 0);
    assert_true(backoff_delay_ns(&row->settings, row->retry, UINT64_MAX) <= longest);
}

static void every_delay_is_as_likely_as_any_other(void **state)
{
    const struct backoff_settings settings = {.base_ns = 4, .max_ns = 100};
    unsigned counts[10] = {0};

    (void)state;
    for (uint64_t random = 0; random < 9000; random++) {
        uint64_t delay = backoff_delay_ns(&settings, 2, random);

        assert_in_range(delay, 0, 8);
        counts[delay]++;
    }
    for (size_t i = 0; i <= 8; i++)
        assert_int_equal(counts[i], 1000);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(every_delay_is_as_likely_as_any_other),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = waits_no_longer,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
