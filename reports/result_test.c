#include "reports/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "world/base/check.h"

enum { CASES_MAX = 4 };

struct row {
    const char *name;
    struct case_result cases[CASES_MAX]; /* those with a name */
    bool interrupted;
    uint64_t elapsed_ns;
    int exit_code;
    const char *summary;
};

#define CASE(verdict_, level_)                                              \
    {                                                                       \
        .name = "x", .verdict = VERDICT_##verdict_, .level = LEVEL_##level_ \
    }

static const struct row ROWS[] = {
    {"all pass",
     {CASE(PASS, MUST), CASE(PASS, INFO)},
     false,
     1000000000,
     0,
     "2 cases: 2 pass in 1.00 s (2.0 cases/s), seed 7\n"},
    {"one case is one case",
     {CASE(PASS, MUST)},
     false,
     50000000,
     0,
     "1 case: 1 pass in 0.05 s (20 cases/s), seed 7\n"},
    {"a must case that failed",
     {CASE(PASS, MUST), CASE(FAIL, MUST)},
     false,
     1000000,
     1,
     "2 cases: 1 pass, 1 fail in 0.00 s (2,000 cases/s), seed 7\n"},
    {"should and info cases that failed do not fail a run",
     {CASE(PASS, MUST), CASE(FAIL, SHOULD), CASE(FAIL, INFO)},
     false,
     1000000,
     0,
     "3 cases: 1 pass, 2 fail (should or info) in 0.00 s (3,000 cases/s), seed 7\n"},
    {"unsupported does not fail a run",
     {CASE(UNSUPPORTED, MUST)},
     false,
     1000000,
     0,
     "1 case: 0 pass, 1 unsupported in 0.00 s (1,000 cases/s), seed 7\n"},
    {"setup-failed fails a run at any level",
     {CASE(PASS, MUST), CASE(SETUP_FAILED, INFO)},
     false,
     1000000,
     1,
     "2 cases: 1 pass, 1 setup-failed in 0.00 s (2,000 cases/s), seed 7\n"},
    {"an error fails a run at any level",
     {CASE(ERROR, SHOULD)},
     false,
     1000000,
     1,
     "1 case: 0 pass, 1 error in 0.00 s (1,000 cases/s), seed 7\n"},
    {"nothing to run", {{.name = NULL}}, false, 0, 4, "0 cases: 0 pass in 0.00 s, seed 7\n"},
    {"everything skipped is nothing run",
     {CASE(SKIPPED, MUST)},
     false,
     1000000,
     4,
     "1 case: 0 pass, 1 skipped in 0.00 s (0.0 cases/s), seed 7\n"},
    {"an interrupted run says so, whatever it found",
     {CASE(FAIL, MUST), CASE(SKIPPED, MUST)},
     true,
     1000000,
     130,
     "interrupted after 2 cases: 0 pass, 1 fail, 1 skipped in 0.00 s (1,000 cases/s), seed 7\n"},
};

static void assert_summary(const struct run_result *run, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    report_summary(run, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void ends_with(void **state)
{
    const struct row *row = *state;
    struct case_result cases[CASES_MAX];
    struct run_result run = {.cases = cases, .command = "retryproof run", .seed = 7};
    memcpy(cases, row->cases, sizeof(cases));
    run.interrupted = row->interrupted;
    run.elapsed_ns = row->elapsed_ns;
    while (run.case_count < CASES_MAX && cases[run.case_count].name != NULL)
        run.case_count++;
    assert_int_equal(run_exit_code(&run), row->exit_code);
    assert_summary(&run, row->summary);
}

static void repetitions_count_towards_the_rate(void **state)
{
    struct case_result cases[] = {CASE(PASS, MUST), CASE(PASS, MUST)};
    const struct run_result run = {.cases = cases,
                                   .case_count = COUNT_OF(cases),
                                   .command = "retryproof run",
                                   .seed = 7,
                                   .elapsed_ns = 1000000000,
                                   .repetitions = 198};
    (void)state;
    assert_summary(&run, "2 cases: 2 pass, 200 played in 1.00 s (200 cases/s), seed 7\n");
}

static void each_word_is_said_once(void **state)
{
    (void)state;
    for (enum verdict a = 0; a < VERDICT_COUNT; a++) {
        for (enum verdict b = 0; b < a; b++)
            assert_string_not_equal(verdict_word(a), verdict_word(b));
    }
    assert_string_equal(verdict_word(VERDICT_SETUP_FAILED), "setup-failed");
    assert_string_equal(level_word(LEVEL_MUST), "must");
    assert_string_equal(level_word(LEVEL_SHOULD), "should");
    assert_string_equal(level_word(LEVEL_INFO), "info");
}

struct shard_row {
    const char *command;
    struct run_shard shard;
};

static const struct shard_row SHARDS[] = {
    {"retryproof run s", {0, 0}},
    {"retryproof run --shard 1/2 s", {1, 2}},
    {"retryproof run s --shard=12/40", {12, 40}},
    {"retryproof run --shard 1/2 --shard=2/2", {2, 2}},
    {"retryproof run '--shard 1/2'", {0, 0}},
    {"retryproof run --shard", {0, 0}},
    {"retryproof run --shard 3/2", {0, 0}},
    {"retryproof run --shard 0/2", {0, 0}},
    {"retryproof run --shard one/2", {0, 0}},
    {"", {0, 0}},
};

static void a_shard_is_told_by_its_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(SHARDS); i++) {
        const struct run_result run = {.command = SHARDS[i].command};
        const struct run_shard shard = run_shard(&run);
        if (shard.number != SHARDS[i].shard.number || shard.of != SHARDS[i].shard.of)
            fail_msg("%s: %d of %d", run.command, (int)shard.number, (int)shard.of);
    }
}

static void a_shard_says_in_its_summary_that_it_is_one(void **state)
{
    struct case_result cases[] = {CASE(PASS, MUST), CASE(PASS, MUST)};
    const struct run_result run = {.cases = cases,
                                   .case_count = COUNT_OF(cases),
                                   .command = "retryproof run --shard 2/3",
                                   .seed = 7,
                                   .elapsed_ns = 1000000000};
    (void)state;
    assert_summary(&run, "2 cases: 2 pass in 1.00 s (2.0 cases/s), seed 7, shard 2 of 3 alone\n");
}

int main(void)
{
    struct CMUnitTest tests[4 + COUNT_OF(ROWS)] = {
        cmocka_unit_test(each_word_is_said_once),
        cmocka_unit_test(repetitions_count_towards_the_rate),
        cmocka_unit_test(a_shard_is_told_by_its_command),
        cmocka_unit_test(a_shard_says_in_its_summary_that_it_is_one),
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[4 + i] = (struct CMUnitTest){.name = ROWS[i].name,
                                           .test_func = ends_with,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
