/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/explore/explorer.h"

#include <string.h>

#include "harness/explore/explore_rig.h"
#include "harness/explore/several_claims.h"
#include "harness/explore/survey.h"
#include "harness/explore/swarm.h"

#define ALL_BASES "scenarios/bases"
#define REUSED    "scenarios/bases/a-second-request-goes-over-a-reused-connection.yaml"
#define SIZES     "scenarios/bases/large-bodies-of-any-size-go-through-one-window.yaml"
#define CLIENTS   "scenarios/bases/two-clients-share-upstreams-and-their-connections.yaml"

/* ---- bases ---------------------------------------------------------------------------------- */

static void bases_expect_nothing_but_once(void **state)
{
    struct base_list bases;
    (void)state;
    rig_load(&bases, TINY_GET);
    assert_int_equal(bases.count, 1);
    assert_string_equal(bases.list[0].id, "tiny-get");
    assert_true(bases.list[0].thorough);
    assert_int_equal(bases.list[0].scenario->expect.clients[0].count, 0);
    assert_int_equal(bases.list[0].expecting->expect.clients[0].count, 1);
    assert_ptr_equal(bases_find(&bases, "tiny-get"), &bases.list[0]);
    assert_null(bases_find(&bases, "tiny"));
    bases_release(&bases);
}

static void without_a_path_those_that_are_tagged_are_taken(void **state)
{
    struct base_list bases;
    (void)state;
    assert_true(bases_load(&bases, NULL, 0));
    assert_in_range(bases.count, 30, 300);
    for (size_t i = 0; i < bases.count; i++)
        assert_true(bases.list[i].one->tag_count > 0);
    assert_null(bases_find(&bases, "tiny-get"));
    bases_release(&bases);
}

static void a_file_that_is_not_there_is_a_mistake(void **state)
{
    static const char *const PATHS[] = {"scenarios/bases/none.yaml"};
    struct base_list bases;
    (void)state;
    assert_false(bases_load(&bases, PATHS, 1));
    assert_int_equal(bases.suite.mistake_count, 1);
    bases_release(&bases);
}

static bool is_the_larger(void *owner, const struct base *base)
{
    (void)owner;
    return strstr(base->id, "5000KiB") != NULL;
}

/* Whose neighbours were left out stands for itself: faults are put into it, and it is compared with no other. */
static void what_is_left_out_is_nobodys_neighbour(void **state)
{
    struct base_list bases;
    (void)state;
    rig_load(&bases, SIZES);
    assert_int_equal(bases.count, 4);
    assert_non_null(bases.list[1].sibling);
    bases_keep(&bases, is_the_larger, NULL);
    assert_int_equal(bases.count, 2);
    for (size_t i = 0; i < bases.count; i++) {
        assert_null(bases.list[i].sibling);
        assert_null(bases.list[i].beside);
    }
    bases_release(&bases);
}

static void tls_and_large_bodies_are_not_explored_at_every_byte(void **state)
{
    struct base_list bases;
    (void)state;
    rig_load(&bases, ALL_BASES);
    for (size_t i = 0; i < bases.count; i++) {
        bool small =
            strstr(bases.list[i].id, "tls") == NULL && strstr(bases.list[i].id, "large") == NULL;
        assert_int_equal(bases.list[i].thorough, small);
    }
    bases_release(&bases);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void a_base_that_fails_clean_is_a_failure_without_a_fault(void **state)
{
    const struct explorer_options options = {.faults = 1, .seed = 1};
    struct explorer_result result;
    (void)state;
    rig_explore("harness/testdata/explore/fails-clean.yaml", &options, &result);
    assert_int_equal(result.runs, 1);
    assert_int_equal(result.failed_runs, 1);
    assert_int_equal(result.failure_count, 1);
    assert_int_equal(result.failures[0]->fault_count, 0);
    assert_int_equal(result.failures[0]->claim, claims_count());
    assert_true(result.failures[0]->unexpected);
    assert_string_equal(result.failures[0]->sentences[0], "the client got 200, expected 404");
    explorer_result_release(&result);
}

/* Neither by orders nor at random; and where there is nothing else no time is spent on it. */
static void a_base_that_fails_clean_is_not_explored_further(void **state)
{
    const struct explorer_options options = {
        .faults = 2, .orders = true, .random_runs = 100, .random_ns = 3600 * NS_PER_S, .seed = 1};
    struct explorer_result result;
    (void)state;
    rig_explore("harness/testdata/explore/fails-clean.yaml", &options, &result);
    assert_int_equal(result.order_runs, 0);
    assert_int_equal(result.random_runs, 0);
    assert_int_equal(result.runs, 1);
    explorer_result_release(&result);
}

/* Of each order the claims are asked: that nothing is left is asked of every run. */
static void orders_are_judged_like_other_runs(void **state)
{
    const struct explorer_options options = {.orders = true, .seed = 1};
    struct explorer_result result;
    (void)state;
    rig_explore(TINY_POST, &options, &result);
    assert_true(result.order_runs > 1);
    assert_int_equal(result.runs, 2 + result.order_runs);
    assert_int_equal(result.exercised[claims_find("nothing-is-left")], result.runs);
    assert_int_equal(result.by_base[0].runs, result.runs);
    explorer_result_release(&result);
}

/* The clean runs, and one with each fault that is not spared. */
static void each_single_fault_is_played(void **state)
{
    const struct explorer_options options = {.faults = 1, .seed = 1};
    struct base_list bases;
    struct explorer_result result;
    struct player *player = player_create();
    struct fault_space space = {0};
    const struct fault_space_options all = {.kinds = FAULT_KINDS_ALL, .thorough = true};
    struct played played;
    (void)state;
    rig_load(&bases, TINY_GET);
    const struct trial clean = trial_of(&bases.list[0], 1);
    player_play(player, &clean, &played);
    fault_space_fill(&space, player_evidence(player), &all);
    assert_true(explorer_play(&bases, &options, NULL, &result));
    assert_int_equal(result.by_faults[0], 2);
    assert_int_equal(result.by_faults[1] + result.spared, space.count);
    assert_true(result.spared > 0);
    assert_true(result.classes < space.count / 4);
    assert_int_equal(result.by_base[0].positions, space.positions);
    assert_int_equal(result.failed_runs, 0);
    explorer_result_release(&result);
    fault_space_release(&space);
    player_destroy(&player);
    bases_release(&bases);
}

/* What a lasting fault that is spared would have come to is what the same fault came to that was met once. */
static void what_is_spared_is_the_same_run(void **state)
{
    struct base_list bases;
    struct player *player = player_create();
    struct fault_space space = {0};
    const struct fault_space_options all = {.kinds = FAULT_KINDS_ALL, .thorough = true};
    struct played played;
    size_t spared = 0;
    (void)state;
    rig_load(&bases, TINY_POST);
    struct trial trial = trial_of(&bases.list[0], 1);
    player_play(player, &trial, &played);
    fault_space_fill(&space, player_evidence(player), &all);
    trial.fault_count = 1;
    for (size_t s = 0; s < space.span_count; s++) {
        const struct fault_span *span = &space.spans[s];
        for (size_t i = 0; span->once != SIZE_MAX && i < span->count; i++) {
            trial.faults = &space.list[span->once + i];
            player_play(player, &trial, &played);
            if (fault_would_meet_more(&space.list[span->first + i], player_evidence(player)))
                continue;
            uint64_t trace_hash = played.trace_hash;
            trial.faults = &space.list[span->first + i];
            player_play(player, &trial, &played);
            assert_true(played.trace_hash == trace_hash);
            spared++;
        }
    }
    assert_true(spared > 0);
    fault_space_release(&space);
    player_destroy(&player);
    bases_release(&bases);
}

static void several_processes_find_what_one_finds(void **state)
{
    struct explorer_options options = {.faults = 1, .random_runs = 500, .orders = true, .seed = 3};
    struct explorer_result alone;
    struct explorer_result shared;
    (void)state;
    options.kinds = KIND_SET(WIRE_FAULT_FIN) | KIND_SET(WIRE_FAULT_REFUSED);
    rig_explore(REUSED, &options, &alone);
    options.jobs = 3;
    rig_explore(REUSED, &options, &shared);
    assert_int_equal(shared.by_faults[0], alone.by_faults[0]);
    assert_int_equal(shared.by_faults[1], alone.by_faults[1]);
    assert_int_equal(shared.random_runs, alone.random_runs);
    assert_int_equal(shared.classes, alone.classes);
    assert_int_equal(shared.outcomes, alone.outcomes);
    assert_int_equal(shared.runs, alone.runs);
    assert_memory_equal(shared.exercised, alone.exercised, sizeof(alone.exercised));
    for (size_t i = 0; i < shared.bases; i++)
        assert_int_equal(shared.by_base[i].outcomes, alone.by_base[i].outcomes);
    explorer_result_release(&alone);
    explorer_result_release(&shared);
}

static void several_processes_tell_their_failures(void **state)
{
    const struct explorer_options options = {.faults = 1, .seed = 1, .jobs = 2};
    struct explorer_result result;
    (void)state;
    rig_explore("harness/testdata/explore/fails-clean.yaml", &options, &result);
    assert_int_equal(result.failure_count, 1);
    assert_string_equal(result.failures[0]->sentences[0], "the client got 200, expected 404");
    assert_int_equal(result.failures[0]->times, 1);
    explorer_result_release(&result);
}

/* ---- stopping ------------------------------------------------------------------------------- */

static bool is_enough(void *owner)
{
    unsigned *looks = owner;
    return ++*looks > 2;
}

static void an_interrupt_ends_it_and_keeps_what_is_known(void **state)
{
    const struct explorer_options options = {.faults = 2, .seed = 1};
    struct base_list bases;
    struct explorer_result result;
    unsigned looks = 0;
    const struct explorer_listener listener = {NULL, is_enough, &looks};
    (void)state;
    rig_load(&bases, TINY_GET);
    assert_true(explorer_play(&bases, &options, &listener, &result));
    assert_true(result.interrupted);
    assert_in_range(result.runs, 1, 2 + 2); /* the clean ones, and one behind each look */
    explorer_result_release(&result);
    bases_release(&bases);
}

/* ---- the same again ------------------------------------------------------------------------- */

struct many_runs {
    uint64_t runs;
    uint64_t hash; /* of all trace hashes, in their order */
};

static void play_many(struct many_runs *out)
{
    enum { RUNS = 10000 };
    const struct explorer_options options = {.seed = 7};
    struct base_list bases;
    struct ledger ledger;
    struct explorer_result result;
    struct player *player = player_create();
    rig_load(&bases, ALL_BASES);
    assert_true(ledger_init(&ledger, &bases, NULL, &result));
    struct swarm *swarm = swarm_create(&ledger, player, &options);
    assert_non_null(swarm);
    *out = (struct many_runs){0};
    for (uint64_t n = 0; n < RUNS; n++) {
        swarm_play(swarm, n);
        const struct evidence *evidence = player_evidence(player);
        assert_non_null(evidence);
        out->hash = hash_number(out->hash, sim_trace_hash(player_world(player)));
    }
    out->runs = result.random_runs;
    for (size_t i = 0; i < result.failure_count; i++)
        print_message("%s: %s\n", result.failures[i]->base->id, result.failures[i]->sentences[0]);
    assert_int_equal(result.failed_runs, 0);
    swarm_destroy(&swarm);
    player_destroy(&player);
    ledger_release(&ledger);
    explorer_result_release(&result);
    bases_release(&bases);
}

static void ten_thousand_runs_are_the_same_twice(void **state)
{
    struct many_runs first;
    struct many_runs second;
    (void)state;
    play_many(&first);
    play_many(&second);
    assert_int_equal(first.runs, 10000);
    assert_int_equal(second.runs, 10000);
    assert_true(first.hash == second.hash);
}

/* An order that no seed decides: it goes on from where the run before it ended. */
static size_t choose_as_it_comes(void *owner, size_t count)
{
    uint64_t *state = owner;
    *state = hash_number(*state, count);
    return (size_t)(*state % count);
}

static void a_run_that_is_not_determined_is_caught(void **state)
{
    const struct explorer_options options = {.faults = 1, .seed = 1};
    struct base_list bases;
    struct ledger ledger;
    struct explorer_result result;
    struct player *player = player_create();
    uint64_t whim = 1;
    size_t claim = several_claim(SEVERAL_AGAIN);
    (void)state;
    rig_load(&bases, CLIENTS);
    assert_true(ledger_init(&ledger, &bases, NULL, &result));
    struct survey *survey = survey_create(&ledger, player, &options);
    player_order_by(player, choose_as_it_comes, &whim);
    survey_base(survey, &bases.list[0]);
    assert_true(claim < claims_count());
    assert_true(result.exercised[claim] > 0);
    assert_true(result.broken[claim] > 0);
    survey_destroy(&survey);
    player_destroy(&player);
    ledger_release(&ledger);
    explorer_result_release(&result);
    bases_release(&bases);
}

/* Claim 37: of each framing the larger body is compared with the smaller one, and another window gives it away. */
static void a_mark_that_grows_with_the_body_is_caught(void **state)
{
    static const struct {
        const char *path;
        uint64_t broken;
    } ROWS[] = {
        {"harness/testdata/explore/a-window-that-grows.yaml", 2},
        {SIZES, 0},
    };
    const struct explorer_options options = {.faults = 0, .seed = 1};
    size_t claim = several_claim(SEVERAL_SIZES);
    (void)state;
    assert_true(claim < claims_count());
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct explorer_result result;
        rig_explore(ROWS[i].path, &options, &result);
        assert_int_equal(result.exercised[claim], 2);
        assert_int_equal(result.broken[claim], ROWS[i].broken);
        assert_int_equal(result.failed_runs, ROWS[i].broken);
        explorer_result_release(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bases_expect_nothing_but_once),
        cmocka_unit_test(without_a_path_those_that_are_tagged_are_taken),
        cmocka_unit_test(a_file_that_is_not_there_is_a_mistake),
        cmocka_unit_test(what_is_left_out_is_nobodys_neighbour),
        cmocka_unit_test(tls_and_large_bodies_are_not_explored_at_every_byte),
        cmocka_unit_test(a_base_that_fails_clean_is_a_failure_without_a_fault),
        cmocka_unit_test(a_base_that_fails_clean_is_not_explored_further),
        cmocka_unit_test(orders_are_judged_like_other_runs),
        cmocka_unit_test(each_single_fault_is_played),
        cmocka_unit_test(what_is_spared_is_the_same_run),
        cmocka_unit_test(several_processes_find_what_one_finds),
        cmocka_unit_test(several_processes_tell_their_failures),
        cmocka_unit_test(an_interrupt_ends_it_and_keeps_what_is_known),
        cmocka_unit_test(ten_thousand_runs_are_the_same_twice),
        cmocka_unit_test(a_run_that_is_not_determined_is_caught),
        cmocka_unit_test(a_mark_that_grows_with_the_body_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
