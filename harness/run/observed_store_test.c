/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Which plays of a case count as the same way, and how the ways of all cases come out. */
#include "harness/run/observed_store.h"

#include <string.h>

static const struct scenario_file FILE_OF_ALL = {.path = "s.yaml"};
static const struct suite_case CASES[] = {
    {.file = &FILE_OF_ALL, .id = "z", .name = "last", .fault = "fin", .method = "GET"},
    {.file = &FILE_OF_ALL, .id = "a", .name = "first", .fault = "fin", .method = "GET"},
    {.file = &FILE_OF_ALL, .id = "m", .name = "never played", .fault = "fin", .method = "GET"},
};
static const struct run_item ITEMS[] = {
    {&CASES[0], WORLD_SOCKETS}, {&CASES[1], WORLD_SOCKETS}, {&CASES[2], WORLD_SOCKETS}};

static struct observation answered(const char *client, unsigned attempts)
{
    return (struct observation){.client = client,
                                .upstreams = {{.name = "a", .attempts = attempts, .delivered = 1}},
                                .upstream_count = 1};
}

static void add(struct observed_store *store, size_t item, const struct observation *seen)
{
    const struct case_outcome outcome = {.verdict = VERDICT_PASS, .observation = seen};
    observed_store_add(store, item, &outcome);
}

static void plays_that_go_alike_are_one_way(void **state)
{
    struct observed_store store;
    struct observation seen = answered("502", 1);
    size_t count;
    (void)state;
    assert_true(observed_store_init(&store, ITEMS, COUNT_OF(ITEMS)));
    add(&store, 0, &seen);
    seen.duration_ns = 5;
    seen.seconds = 1;
    seen.upstreams[0].bytes = 7; /* another time, other bytes had come: the same way */
    add(&store, 0, &seen);
    const struct observed_case *cases = observed_store_cases(&store, &count);
    assert_non_null(cases);
    assert_int_equal(count, 1);
    assert_int_equal(cases[0].way_count, 1);
    assert_int_equal(cases[0].ways[0].times, 2);
    assert_int_equal(cases[0].played, 2);
    observed_store_release(&store);
}

static void each_difference_is_a_way_of_its_own(void **state)
{
    const struct observation same = answered("502", 1);
    struct observation others[] = {
        answered("200", 1), answered("502", 2), same, same, same, same, same};
    struct observed_store store;
    size_t count;
    (void)state;
    others[2].upstreams[0].delivered = 2;
    others[3].body = OBSERVED_BODY_PART;
    others[4].after_cancel = 1;
    others[5].harms = HARM_BIT(HARM_HANGING);
    others[6].level = LEVEL_INFO;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_true(observed_store_init(&store, ITEMS, COUNT_OF(ITEMS)));
        add(&store, 0, &same);
        add(&store, 0, &others[i]);
        const struct observed_case *cases = observed_store_cases(&store, &count);
        assert_non_null(cases);
        if (cases[0].way_count != 2 || !observed_is_racy(&cases[0]))
            fail_msg("difference %zu is not seen", i);
        observed_store_release(&store);
    }
}

static void cases_are_sorted_and_ways_by_how_often(void **state)
{
    const struct observation rare = answered("200", 2);
    const struct observation usual = answered("502", 1);
    struct observed_store store;
    size_t count;
    (void)state;
    assert_true(observed_store_init(&store, ITEMS, COUNT_OF(ITEMS)));
    add(&store, 0, &rare);
    add(&store, 1, &rare);
    add(&store, 1, &usual);
    add(&store, 1, &usual);
    const struct observed_case *cases = observed_store_cases(&store, &count);
    assert_non_null(cases);
    assert_int_equal(count, 2); /* what was never played is not there */
    assert_string_equal(cases[0].id, "a");
    assert_string_equal(cases[1].id, "z");
    assert_string_equal(cases[0].ways[0].client, "502");
    assert_int_equal(cases[0].ways[0].times, 2);
    assert_int_equal(cases[0].ways[1].times, 1);
    assert_false(store.incomplete);
    observed_store_release(&store);
}

static void a_case_is_racy_once_two_plays_differ(void **state)
{
    const struct observation usual = answered("502", 1);
    const struct observation rare = answered("200", 2);
    struct observed_store store;
    (void)state;
    assert_true(observed_store_init(&store, ITEMS, COUNT_OF(ITEMS)));
    assert_false(observed_store_is_racy(&store, 2)); /* never played */
    add(&store, 2, &usual);
    add(&store, 2, &usual);
    assert_false(observed_store_is_racy(&store, 2));
    add(&store, 2, &rare);
    assert_true(observed_store_is_racy(&store, 2));
    assert_false(observed_store_is_racy(&store, 1));
    observed_store_release(&store);
}

static void a_case_that_was_not_played_says_why(void **state)
{
    const char *sentence = "the proxy cannot be asked";
    const struct case_outcome outcome = {
        .verdict = VERDICT_UNSUPPORTED, .sentences = &sentence, .sentence_count = 1};
    struct observed_store store;
    size_t count;
    (void)state;
    assert_true(observed_store_init(&store, ITEMS, COUNT_OF(ITEMS)));
    observed_store_add(&store, 1, &outcome);
    const struct observed_case *cases = observed_store_cases(&store, &count);
    assert_non_null(cases);
    assert_int_equal(cases[0].ways[0].verdict, VERDICT_UNSUPPORTED);
    assert_null(cases[0].ways[0].client);
    assert_string_equal(cases[0].ways[0].sentences[0], sentence);
    observed_store_release(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_that_go_alike_are_one_way),
        cmocka_unit_test(each_difference_is_a_way_of_its_own),
        cmocka_unit_test(cases_are_sorted_and_ways_by_how_often),
        cmocka_unit_test(a_case_is_racy_once_two_plays_differ),
        cmocka_unit_test(a_case_that_was_not_played_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
