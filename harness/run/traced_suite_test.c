/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * Hooks that only look change nothing: the whole acceptance suite, with every hook there and observed. What must hold of
 * hooks in any case is judged along with it, so that the order of calls is proved for every fault of the suite.
 */
#include "harness/run/case_run.h"

#include <string.h>

#include "harness/suite/suite.h"
#include "world/sim/sim.h"

struct rig {
    struct suite suite;
    struct region region;
    struct scenario scenario;
    struct world *world;
    struct case_run *run;
    size_t played;
    size_t failed;
};

static bool is_tagged(const struct suite_case *one, const char *tag)
{
    for (size_t i = 0; i < one->tag_count; i++)
        if (strcmp(one->tags[i], tag) == 0)
            return true;
    return false;
}

/* Filters have room of their own beside the window, so that `held` is not asked. */
static void add_hooks(struct scenario *scenario)
{
    scenario->hooks.installed = true;
    scenario->expect.held_max = UINT64_MAX;
}

static void play(struct rig *rig, const struct suite_case *one)
{
    struct case_outcome outcome;
    struct yaml_error error = {{0}};
    region_reset(&rig->region);
    if (scenario_read(&rig->scenario, one->file, one->combination, &rig->region, &error) !=
        SCENARIO_READ)
        fail_msg("%s", error.sentence);
    if (rig->scenario.hooks.installed || rig->scenario.unsupported[WORLD_SIM] != NULL)
        return;
    add_hooks(&rig->scenario);
    case_run_play(rig->run, &rig->scenario, 1);
    case_run_judge(rig->run, &outcome);
    rig->played++;
    if (outcome.verdict != VERDICT_PASS && rig->scenario.level == LEVEL_MUST) {
        rig->failed++;
        print_error("%s: %s\n", one->id,
                    outcome.sentence_count > 0 ? outcome.sentences[0] : "no sentence");
    }
    case_run_reset(rig->run);
}

static void hooks_that_only_look_change_nothing(void **state)
{
    static const char *const ARGUMENTS[] = {"scenarios"};
    enum { CASES_MIN = 1000 }; /* the suite has more: fewer were found in a wrong place */
    struct rig rig = {.world = sim_create(&(struct sim_options){0})};
    (void)state;
    assert_non_null(rig.world);
    rig.run = case_run_create(rig.world, WORLD_SIM);
    assert_non_null(rig.run);
    suite_init(&rig.suite);
    region_init(&rig.region, SCENARIO_BYTES_MAX);
    assert_true(suite_load(&rig.suite, ARGUMENTS, COUNT_OF(ARGUMENTS)));
    for (size_t i = 0; i < rig.suite.count; i++)
        if (!is_tagged(&rig.suite.cases[i], "large"))
            play(&rig, &rig.suite.cases[i]);
    assert_in_range(rig.played, CASES_MIN, SIZE_MAX);
    assert_int_equal(rig.failed, 0);
    suite_release(&rig.suite);
    region_release(&rig.region);
    case_run_destroy(&rig.run);
    sim_destroy(&rig.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hooks_that_only_look_change_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
