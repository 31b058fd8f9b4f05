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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_leave_room_for_what_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
