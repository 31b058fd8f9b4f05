/* Observations: which way is the worst, how figures are rounded and written, and the command that plays a case again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "reports/subjects/observed.h"

enum { REGION_BYTES = 65536 };

static void every_harm_has_words_of_its_own(void **state)
{
    (void)state;
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        assert_int_equal(harm_find(harm_word(harm)), harm);
        assert_true(strlen(harm_title(harm)) > 0);
        assert_true(strlen(harm_meaning(harm)) > 0);
        assert_true(harm_gravity(harm) <= 2);
        /* The list is in the order of gravity: tables say "worst first". */
        assert_true(harm == 0 || harm_gravity(harm - 1) >= harm_gravity(harm));
    }
    assert_int_equal(harm_find("no such harm"), HARM_COUNT);
    assert_int_equal(harm_find(""), HARM_COUNT);
}

static void a_set_of_harms_is_as_grave_as_its_gravest(void **state)
{
    (void)state;
    assert_int_equal(observed_gravity(0), 0);
    assert_int_equal(observed_gravity(HARM_BIT(HARM_CUT_VISIBLE)), 0);
    assert_int_equal(observed_gravity(HARM_BIT(HARM_CUT_VISIBLE) | HARM_BIT(HARM_NO_ANSWER)), 1);
    assert_int_equal(observed_gravity(HARM_BIT(HARM_NO_ANSWER) | HARM_BIT(HARM_HANGING)), 2);
}

/* Two ways of which the first is the worse. */
struct pair {
    const char *sentence;
    struct observation worse, better;
};

static const struct pair PAIRS[] = {
    {"a broken policy is worse than one that is kept",
     {.verdict = VERDICT_FAIL, .level = LEVEL_INFO},
     {.verdict = VERDICT_PASS, .level = LEVEL_MUST}},
    {"a broken policy is worse than a case that shows nothing",
     {.verdict = VERDICT_FAIL, .level = LEVEL_INFO},
     {.verdict = VERDICT_SETUP_FAILED, .level = LEVEL_INFO}},
    {"a case that shows nothing is worse than one that holds",
     {.verdict = VERDICT_UNSUPPORTED, .level = LEVEL_INFO},
     {.verdict = VERDICT_PASS, .level = LEVEL_INFO, .harms = HARM_BIT(HARM_CUT_VISIBLE)}},
    {"a must is worse than a should",
     {.verdict = VERDICT_FAIL, .level = LEVEL_MUST},
     {.verdict = VERDICT_FAIL, .level = LEVEL_SHOULD, .harms = HARM_BIT(HARM_NOT_HTTP)}},
    {"a harm is worse than none",
     {.verdict = VERDICT_PASS, .level = LEVEL_INFO, .harms = HARM_BIT(HARM_CUT_VISIBLE)},
     {.verdict = VERDICT_PASS, .level = LEVEL_INFO}},
    {"an earlier harm of the list is worse than a later one",
     {.verdict = VERDICT_PASS, .level = LEVEL_INFO, .harms = HARM_BIT(HARM_DELIVERED_TWICE)},
     {.verdict = VERDICT_PASS,
      .level = LEVEL_INFO,
      .harms = HARM_BIT(HARM_BODY_LOST_UNSEEN) | HARM_BIT(HARM_NO_ANSWER)}},
    {"a further harm is worse than the same without it",
     {.verdict = VERDICT_PASS,
      .level = LEVEL_INFO,
      .harms = HARM_BIT(HARM_DELIVERED_TWICE) | HARM_BIT(HARM_CUT_VISIBLE)},
     {.verdict = VERDICT_PASS, .level = LEVEL_INFO, .harms = HARM_BIT(HARM_DELIVERED_TWICE)}},
};

static void the_worse_one_is_found(void **state)
{
    const struct pair *pair = *state;
    for (size_t at = 0; at < 2; at++) {
        const struct observation ways[] = {at == 0 ? pair->worse : pair->better,
                                           at == 0 ? pair->better : pair->worse};
        const struct observed_case one = {.ways = ways, .way_count = COUNT_OF(ways)};
        assert_ptr_equal(observed_worst(&one), &ways[at]);
        assert_true(observed_is_racy(&one));
        assert_int_equal(observed_harms(&one), pair->worse.harms | pair->better.harms);
    }
}

static void the_only_way_is_the_worst(void **state)
{
    (void)state;
    const struct observation way = {.times = 3};
    const struct observed_case one = {.ways = &way, .way_count = 1};
    assert_ptr_equal(observed_worst(&one), &way);
    assert_false(observed_is_racy(&one));
}

static void upstreams_are_added_up(void **state)
{
    (void)state;
    const struct observation way = {.upstreams = {{"a", 2, 1, 0}, {"b", 3, 3, 0}},
                                    .upstream_count = 2};
    assert_int_equal(observation_attempts(&way), 5);
    assert_int_equal(observation_delivered(&way), 4);
    assert_int_equal(observation_attempts(&(struct observation){.times = 1}), 0);
}

struct size_row {
    uint64_t bytes;
    uint64_t rounded;
    const char *text; /* exactly */
};

static const uint64_t KIB = 1024;

static void sizes_are_rounded_and_written(void **state)
{
    (void)state;
    const struct size_row rows[] = {
        {0, 0, "0"},
        {1, 0, "1 B"},
        {8 * KIB - 1, 0, "8191 B"},
        {8 * KIB, 16 * KIB, "8 KiB"},
        {24 * KIB - 1, 16 * KIB, "24575 B"},
        {24 * KIB, 32 * KIB, "24 KiB"},
        {64 * KIB + 100, 64 * KIB, "65636 B"},
        {64 * KIB - 100, 64 * KIB, "65436 B"},
        {96 * KIB - 1, 64 * KIB, "98303 B"},
        {96 * KIB, 128 * KIB, "96 KiB"},
        {1024 * KIB, 1024 * KIB, "1 MiB"},
        {3 * KIB * KIB * KIB, 4 * KIB * KIB * KIB, "3 GiB"},
        {UINT64_MAX, 1ull << 62, "18446744073709551615 B"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[OBSERVED_SIZE_TEXT_BYTES];
        uint64_t again = 1;
        assert_int_equal(observed_round(rows[i].bytes), rows[i].rounded);
        assert_int_equal(observed_round(rows[i].rounded), rows[i].rounded);
        assert_string_equal(observed_size(rows[i].bytes, text), rows[i].text);
        assert_true(observed_size_read(text, &again));
        assert_int_equal(again, rows[i].bytes);
    }
}

static void what_is_no_size_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "64",
        "KiB",
        " KiB",
        "64KiB",
        "64 kib",
        "-1 B",
        "64 KiB ",
        "1.5 MiB",
        "0x1 B",
        "64  KiB",
        "17179869184 GiB",
        "18446744073709551616 B",
    };
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        uint64_t bytes = 0;
        assert_false(observed_size_read(TEXTS[i], &bytes));
    }
}

static void a_command_plays_the_case_again(void **state)
{
    (void)state;
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct observed_case one = {.id = "a/b[x=\"1\"]", .file = "scenarios/it's.yaml"};
    struct observed_run run = {
        .subject = "nginx",
        .profile = "default",
        .expect = "observe",
        .reproduce = "retryproof run --target http://127.0.0.1:8080",
    };
    assert_string_equal(observed_reproduction(&run, &one, &region),
                        "retryproof run --subject nginx --profile default --expect observe "
                        "'scenarios/it'\\''s.yaml' --filter 'id = \"a/b[x=\\\"1\\\"]\"'");
    run.profile = "attached";
    assert_string_equal(observed_reproduction(&run, &one, &region),
                        "retryproof run --target http://127.0.0.1:8080 --filter "
                        "'id = \"a/b[x=\\\"1\\\"]\"'");
    region_release(&region);
    region_init(&region, 0);
    assert_null(observed_reproduction(&run, &one, &region));
    region_release(&region);
}

static void bodies_have_words(void **state)
{
    (void)state;
    assert_string_equal(observed_body_word(OBSERVED_BODY_NONE), "none");
    assert_string_equal(observed_body_word(OBSERVED_BODY_SAME), "same");
    assert_string_equal(observed_body_word(OBSERVED_BODY_PART), "part");
    assert_string_equal(observed_body_word(OBSERVED_BODY_CHANGED), "changed");
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(every_harm_has_words_of_its_own),
        cmocka_unit_test(a_set_of_harms_is_as_grave_as_its_gravest),
        cmocka_unit_test(the_only_way_is_the_worst),
        cmocka_unit_test(upstreams_are_added_up),
        cmocka_unit_test(sizes_are_rounded_and_written),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(a_command_plays_the_case_again),
        cmocka_unit_test(bodies_have_words),
    };
    struct CMUnitTest tests[COUNT_OF(others) + COUNT_OF(PAIRS)];
    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(PAIRS); i++)
        tests[COUNT_OF(others) + i] =
            (struct CMUnitTest){.name = PAIRS[i].sentence,
                                .test_func = the_worse_one_is_found,
                                .initial_state = (void *)(uintptr_t)&PAIRS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
