/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/run/result_store.h"

#include <string.h>

enum { CASES = 2 };

static void recordings_leave_room_for_what_was_found(void **state)
{
    static const char RECORDING[] = "{}";
    static const char *const SENTENCES[] = {"the client got 502, expected 200"};
    struct scenario_file file = {.path = "s/a.yaml"};
    struct suite_case one = {.id = "a", .name = "n", .file = &file, .argument = "s/a.yaml"};
    const struct run_item items[CASES] = {{&one, WORLD_SIM}, {&one, WORLD_SOCKETS}};
    const struct case_outcome outcome = {.verdict = VERDICT_FAIL,
                                         .sentences = SENTENCES,
                                         .sentence_count = COUNT_OF(SENTENCES),
                                         .recording = RECORDING};
    struct result_store store;
    (void)state;
    assert_true(result_store_init(&store, items, CASES));
    store.recording_bytes = RESULT_STORE_RECORDINGS_MAX - sizeof(RECORDING);
    for (size_t i = 0; i < CASES; i++)
        (void)result_store_keep(&store, i, &outcome, 1);
    assert_string_equal(store.results[0].recording, RECORDING);
    assert_null(store.results[1].recording);
    assert_int_equal(store.results[1].sentence_count, COUNT_OF(SENTENCES));
    assert_string_equal(store.results[1].sentences[0], SENTENCES[0]);
    assert_non_null(store.results[1].reproduce);
    result_store_release(&store);
}

/* Each once, sorted, with the text that was parsed, and without those of which nothing is recorded. */
static void files_are_those_of_recorded_cases(void **state)
{
    static const struct scenario_file FILES[] = {
        {.path = "s/b.yaml", .text = "b"},
        {.path = "s/a.yaml", .text = "a"},
        {.path = "s/c.yaml", .text = "c"},
        {.path = "made up"},
    };
    enum { RECORDED = 5, ALL = RECORDED + 1 };
    static const size_t FILE_OF[ALL] = {0, 1, 1, 3, 0, 2};
    struct suite_case cases[ALL];
    struct run_item items[ALL];
    struct result_store store;
    struct region region;
    struct run_result run = {.case_count = 0};
    (void)state;
    for (size_t i = 0; i < ALL; i++) {
        cases[i] = (struct suite_case){.id = "a", .name = "n", .file = &FILES[FILE_OF[i]]};
        items[i] = (struct run_item){&cases[i], WORLD_SIM};
    }
    assert_true(result_store_init(&store, items, ALL));
    for (size_t i = 0; i < RECORDED; i++)
        store.results[i].recording = "{}";
    region_init(&region, (size_t)1024 * 1024);
    assert_true(result_store_files(&store, &region, &run));
    assert_int_equal(run.file_count, 2);
    assert_string_equal(run.files[0].path, "s/a.yaml");
    assert_string_equal(run.files[1].path, "s/b.yaml");
    assert_ptr_equal(run.files[1].text, FILES[0].text);
    region_release(&region);
    region_init(&region, 16);
    assert_false(result_store_files(&store, &region, &run));
    region_release(&region);
    result_store_release(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_leave_room_for_what_was_found),
        cmocka_unit_test(files_are_those_of_recorded_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
