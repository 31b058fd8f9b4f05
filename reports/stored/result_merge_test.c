/* Which results go together, and what comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "reports/stored/result_merge.h"

enum { REGION_BYTES = 1024 * 1024, SHARDS = 3, CASES = 2 };

/* Three shards of a run of three cases in two worlds: each has one of them in both. */
struct shards {
    struct case_result cases[SHARDS][CASES];
    struct run_result runs[SHARDS];
    struct run_file files[SHARDS];
    uint64_t numbers[SHARDS];
    struct result_shard list[SHARDS];
    struct result_merge merge;
    struct region region;
    char error[RESULT_MERGE_ERROR_BYTES];
};

static void init(struct shards *shards)
{
    static const char *const COMMANDS[SHARDS] = {
        "retryproof run --shard 1/3 --report json=1.json s",
        "retryproof run --shard=2/3 -j 4 --report json=2.json s",
        "retryproof run --quiet -j4 --shard 3/3 s --report=json=3.json",
    };
    static const char *const PATHS[SHARDS] = {"1.json", "2.json", "3.json"};
    static const char *const IDS[SHARDS] = {"c", "a", "b"}; /* of places 2, 1, 0 */
    static const struct run_fact FACTS[] = {{"kernel", "Linux"}};
    *shards = (struct shards){.merge = {.shards = shards->list, .count = SHARDS}};
    region_init(&shards->region, REGION_BYTES);
    for (size_t i = 0; i < SHARDS; i++) {
        for (size_t world = 0; world < CASES; world++)
            shards->cases[i][world] = (struct case_result){.id = IDS[i],
                                                           .place = SHARDS - 1 - i,
                                                           .world = world == 0 ? "sim" : "sockets",
                                                           .verdict = VERDICT_PASS};
        shards->files[i] = (struct run_file){i == 0 ? "z.yaml" : "a.yaml", "text"};
        shards->runs[i] = (struct run_result){.cases = shards->cases[i],
                                              .case_count = CASES,
                                              .version = "1",
                                              .command = COMMANDS[i],
                                              .worlds = "sim, sockets",
                                              .seed = 1,
                                              .elapsed_ns = 10 * (i + 1),
                                              .started_unix = 100 - (int64_t)i,
                                              .repetitions = i,
                                              .files = &shards->files[i],
                                              .file_count = 1,
                                              .facts = FACTS,
                                              .fact_count = COUNT_OF(FACTS)};
        shards->numbers[i] = i + 1;
        shards->runs[i].shards = (struct run_shards){
            .of = SHARDS, .numbers = &shards->numbers[i], .count = 1, .cases = SHARDS * CASES};
        shards->list[i] = (struct result_shard){PATHS[i], &shards->runs[i]};
    }
}

static struct run_result *merge(struct shards *shards)
{
    return result_merge(&shards->merge, &shards->region, shards->error);
}

static void shards_become_the_run_that_they_are_of(void **state)
{
    static const char *const IDS[] = {"b", "a", "c", "b", "a", "c"};
    (void)state;
    struct shards shards;
    init(&shards);
    const struct run_result *run = merge(&shards);
    assert_non_null(run);
    assert_int_equal(run->case_count, COUNT_OF(IDS));
    for (size_t i = 0; i < COUNT_OF(IDS); i++) {
        assert_string_equal(run->cases[i].id, IDS[i]);
        assert_string_equal(run->cases[i].world, i < SHARDS ? "sim" : "sockets");
    }
    assert_string_equal(run->command, "retryproof run s");
    assert_int_equal(run->elapsed_ns, 30);
    assert_int_equal(run->started_unix, 98);
    assert_int_equal(run->repetitions, 3);
    assert_false(run->interrupted);
    assert_int_equal(run->file_count, 2);
    assert_string_equal(run->files[0].path, "a.yaml");
    assert_int_equal(run->fact_count, 1);
    assert_int_equal(run->shards.of, SHARDS);
    assert_int_equal(run->shards.count, SHARDS);
    assert_int_equal(run->shards.cases, SHARDS * CASES);
    for (size_t i = 0; i < SHARDS; i++)
        assert_int_equal(run->shards.numbers[i], i + 1);
    region_release(&shards.region);
}

static void another_version(struct shards *shards)
{
    shards->runs[1].version = "2";
}

static void another_seed(struct shards *shards)
{
    shards->runs[2].seed = 2;
}

static void another_world(struct shards *shards)
{
    shards->runs[2].worlds = "sim";
}

static void another_command(struct shards *shards)
{
    shards->runs[1].command = "retryproof run --shard 2/3 --tag slow s";
}

/* What stands between quotes is no option. */
static void another_filter(struct shards *shards)
{
    shards->runs[0].command = "retryproof run --filter 'a -v b' --shard 1/3";
    shards->runs[1].command = "retryproof run --filter 'a b' --shard 2/3";
}

static void another_division(struct shards *shards)
{
    shards->runs[1].command = "retryproof run --shard 2/4 s";
}

static void a_shard_twice(struct shards *shards)
{
    shards->runs[2].command = "retryproof run --shard 2/3 s";
}

static void a_shard_is_missing(struct shards *shards)
{
    shards->merge.count = 2;
}

static void all_others_are_missing(struct shards *shards)
{
    shards->merge.count = 1;
}

static void no_shards(struct shards *shards)
{
    for (size_t i = 0; i < SHARDS; i++)
        shards->runs[i] = (struct run_result){.cases = shards->cases[i],
                                              .case_count = CASES,
                                              .version = "1",
                                              .command = "retryproof run s",
                                              .worlds = "sim",
                                              .seed = 1};
    shards->cases[1][0].id = "c";
    shards->cases[1][0].place = 2;
}

static void another_text(struct shards *shards)
{
    shards->files[2].text = "other";
}

/* A scenario was added, say, when the first had been played. */
static void more_cases(struct shards *shards)
{
    shards->runs[2].shards.cases++;
}

static void a_merged_result(struct shards *shards)
{
    shards->runs[1].command = "retryproof run s";
}

static void no_memory(struct shards *shards)
{
    region_init(&shards->region, 128);
}

static const struct {
    void (*change)(struct shards *shards);
    const char *error;
} REFUSALS[] = {
    {another_version, "1.json is of retryproof 1, 2.json of 2"},
    {another_seed, "1.json has the seed 1, 3.json has 2"},
    {another_world, "1.json was played in sim, sockets, 3.json in sim"},
    {another_command, "1.json and 2.json are not of one run: retryproof run s, and retryproof run "
                      "--tag slow s"},
    {another_filter, "1.json and 2.json are not of one run: retryproof run --filter 'a -v b', and "
                     "retryproof run --filter 'a b'"},
    {another_division, "1.json is of one of 3 shards, 2.json of one of 4"},
    {a_shard_twice, "3.json is shard 2 of 3, and so is another of the files"},
    {a_shard_is_missing, "shard 3 of 3 is missing (--partial goes on without it)"},
    {all_others_are_missing, "shard 2 of 3 is missing (--partial goes on without it)"},
    {no_shards, "c on sim is in more than one of the files"},
    {another_text, "a.yaml was not the same for all shards"},
    {more_cases, "1.json is of 6 cases in all, 3.json of 7"},
    {a_merged_result, "2.json is put together from shards already: name those"},
    {no_memory, "the results do not fit in the memory that is there for them"},
};

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(REFUSALS); i++) {
        struct shards shards;
        init(&shards);
        REFUSALS[i].change(&shards);
        assert_null(merge(&shards));
        assert_string_equal(shards.error, REFUSALS[i].error);
        region_release(&shards.region);
    }
}

static void a_part_of_a_run_counts_as_interrupted(void **state)
{
    (void)state;
    struct shards shards;
    init(&shards);
    a_shard_is_missing(&shards);
    shards.merge.partial = true;
    const struct run_result *run = merge(&shards);
    assert_non_null(run);
    assert_true(run->interrupted);
    assert_int_equal(run->case_count, 2 * CASES);
    assert_int_equal(run->shards.of, SHARDS);
    assert_int_equal(run->shards.count, 2);
    region_release(&shards.region);
}

static void one_result_is_that_run(void **state)
{
    (void)state;
    struct shards shards;
    init(&shards);
    shards.merge.count = 1;
    shards.runs[0].command = "retryproof run --quiet s";
    shards.runs[0].shards = (struct run_shards){.of = 0};
    const struct run_result *run = merge(&shards);
    assert_non_null(run);
    assert_string_equal(run->command, shards.runs[0].command);
    assert_int_equal(run->case_count, CASES);
    assert_false(run->interrupted);
    region_release(&shards.region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_become_the_run_that_they_are_of),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(a_part_of_a_run_counts_as_interrupted),
        cmocka_unit_test(one_result_is_that_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
