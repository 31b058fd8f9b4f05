/* `retryproof invariants`: the table, what exercised its rows, and the codes it ends with. */
#include "harness/command/command_rig.h"

#include "harness/oracle/claims.h"
#include "world/data/json.h"

static void a_line_has_its_exit_code_and_words(void **state)
{
    static const struct command_row ROWS[] = {
        {"invariants", EXIT_PASSED, " 2  no-retry-after-a-byte\n    a request that may not", NULL},
        {"invariants", EXIT_PASSED, "about several runs: judged by `retryproof explore`", NULL},
        {"invariants --help", EXIT_PASSED, "usage: retryproof invariants", NULL},
        {"help invariants", EXIT_PASSED, "usage: retryproof invariants", NULL},
        {"help", EXIT_PASSED, "invariants [PATH...]", NULL},
        {"invariants s", EXIT_PASSED, "exercised in 3 of 3 runs, and held in all of them", NULL},
        {"invariants s/pass.yaml", EXIT_PASSED, "exercised in 1 of 1 runs", NULL},
        {"invariants s", EXIT_PASSED, "Never exercised by these scenarios:\n   1  attempts", NULL},
        {"invariants --nonsense", EXIT_USAGE, NULL, "'--nonsense' is no option here"},
        {"invariants nowhere.yaml", EXIT_USAGE, NULL, "nowhere.yaml: No such file or directory"},
        {"invariants empty", EXIT_NOTHING_TO_RUN, NULL, "there is nothing to play"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        expect_row(fixture, &ROWS[i]);
}

static void json_has_every_claim(void **state)
{
    char error[JSON_ERROR_BYTES];
    uint64_t number = 0;
    uint64_t exercised = 0;
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "invariants --json s/pass.yaml"), EXIT_PASSED);
    struct json *root = json_parse("out", fixture->out, strlen(fixture->out), error);
    assert_non_null(root);
    const struct json *list = json_get(root, "claims");
    assert_int_equal(json_count(list), claims_count());
    assert_true(json_u64(json_get(json_at(list, 62), "number"), &number));
    assert_int_equal(number, 63);
    assert_true(json_u64(json_get(json_at(list, 62), "exercised"), &exercised));
    assert_int_equal(exercised, 1);
    json_destroy(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_its_exit_code_and_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_has_every_claim, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
