/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * A schedule that is written down and read again is the same case: it plays to the same trace. Over bases of the whole
 * suite, with random faults, orders and networks.
 */
#include "harness/found/regression.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/found/exploration_result.h"
#include "harness/found/message_map.h"
#include "harness/found/replay.h"
#include "harness/found/smallest.h"
#include "harness/space/fault_space.h"

enum {
    BASES_PLAYED_MAX = 150, /* of the suite, spread evenly: some seconds */
    FAULTS_RANDOM_MAX = 3,
    ORDER_RANDOM_MAX = 6,
};

struct fixture {
    struct base_list bases;
    struct player *player;
    struct region region; /* of one base's texts */
    uint64_t random;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->random = 1;
    region_init(&fixture->region, SCENARIO_BYTES_MAX);
    fixture->player = player_create();
    assert_non_null(fixture->player);
    assert_true(bases_load(&fixture->bases, NULL, 0));
    assert_true(fixture->bases.count > 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    player_destroy(&fixture->player);
    bases_release(&fixture->bases);
    region_release(&fixture->region);
    free(fixture);
    return 0;
}

static uint64_t next_random(struct fixture *fixture, uint64_t below)
{
    fixture->random = fixture->random * 6364136223846793005ull + 1442695040888963407ull;
    return (fixture->random >> 33) % below;
}

/* Faults that fit what the base shows when it is played clean; and now and then an order, or another network. */
static void draw_schedule(struct fixture *fixture, struct failing *failing)
{
    const struct trial clean = trial_of(failing->base, failing->seed);
    const struct fault_space_options options = {.kinds = FAULT_KINDS_ALL};
    struct schedule *schedule = &failing->schedule;
    struct fault_space space = {0};
    struct played played;

    player_play(fixture->player, &clean, &played);
    assert_false(played.failed);
    fault_space_fill(&space, player_evidence(fixture->player), &options);
    assert_true(space.count > 0);
    schedule->network = failing->base->expecting->network;
    schedule->fault_count = next_random(fixture, FAULTS_RANDOM_MAX + 1);
    for (size_t i = 0; i < schedule->fault_count; i++)
        schedule->faults[i] = space.list[next_random(fixture, space.count)];
    schedule->order_count = next_random(fixture, ORDER_RANDOM_MAX);
    for (size_t i = 0; i < schedule->order_count; i++)
        schedule->order[i] = (uint32_t)next_random(fixture, 3);
    if (next_random(fixture, 4) == 0)
        schedule->network =
            (struct scenario_network){.latency_ns = 1000 * next_random(fixture, 1000),
                                      .segment_bytes = 1 + next_random(fixture, 20)};
    fault_space_release(&space);
}

/* Writes it, and reads what was written as a case of its own. */
static struct base write_and_read(struct fixture *fixture, const struct failing *failing,
                                  const struct smallest *found)
{
    const struct suite_case *one = failing->base->one;
    struct region *region = &fixture->region;
    struct scenario_file *file = region_take(region, sizeof(*file));
    struct scenario *read = region_take(region, 2 * sizeof(*read));
    char error[REGRESSION_ERROR_BYTES];
    struct yaml_error mistake = {{0}};
    struct fault_map map;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_true(
        message_map_make(failing->base->expecting, player_evidence(fixture->player), region, &map));
    const struct regression what = {.file = one->file,
                                    .combination = one->combination,
                                    .scenario = failing->base->expecting,
                                    .schedule = &failing->schedule,
                                    .map = &map,
                                    .claim = failing->as_filed ? NULL : claims_at(1),
                                    .expecting = failing->as_filed,
                                    .seed = failing->seed,
                                    .trace_hash = found->trace_hash,
                                    .faults_met = found->met};
    assert_true(regression_write(&what, out, error));
    assert_int_equal(fclose(out), 0);
    if (!scenario_file_parse(file, region, bytes_make(text, size), "regressions/it", &mistake) ||
        scenario_read(&read[0], file, 0, region, &mistake) != SCENARIO_READ ||
        scenario_read(&read[1], file, 0, region, &mistake) != SCENARIO_READ)
        fail_msg("%s\n%s", mistake.sentence, text);
    free(text);
    return (struct base){.id = read->id, .scenario = &read[0], .expecting = &read[1]};
}

static void assert_same_case(const struct base *again, const struct failing *failing)
{
    const struct scenario *read = again->expecting;
    const struct schedule *schedule = &failing->schedule;

    assert_int_equal(read->fault_count, schedule->fault_count);
    for (size_t i = 0; i < read->fault_count; i++)
        assert_true(wire_fault_equal(&read->faults[i], &schedule->faults[i]));
    assert_int_equal(read->order_count, schedule->order_count);
    for (size_t i = 0; i < read->order_count; i++)
        assert_int_equal(read->order[i], schedule->order[i]);
    assert_memory_equal(&read->network, &schedule->network, sizeof(read->network));
    assert_string_equal(read->found.base, failing->base->id);
    assert_string_equal(read->found.claim, claims_at(1)->name);
    assert_int_equal(read->found.seed, failing->seed);
    assert_int_equal(read->stage, failing->base->expecting->stage);
    assert_string_equal(read->method, failing->base->expecting->method);
    for (size_t i = 0; i < read->tag_count; i++)
        assert_string_not_equal(read->tags[i], BASE_TAG);
}

static void comes_back(struct fixture *fixture, const struct base *base, uint64_t seed)
{
    struct failing failing = {.base = base, .seed = seed};
    struct smallest found = {0};
    struct played played;

    draw_schedule(fixture, &failing);
    struct trial trial = failing_trial(&failing);
    player_play(fixture->player, &trial, &played);
    assert_false(played.failed);
    found.trace_hash = played.trace_hash;
    found.met = (unsigned)__builtin_popcount(played.faults_met);
    const struct base again = write_and_read(fixture, &failing, &found);
    assert_same_case(&again, &failing);
    trial.network = again.expecting->network;
    trial.faults = again.expecting->faults;
    trial.order = again.expecting->order;
    trial.base = &again;
    player_play(fixture->player, &trial, &played);
    if (played.trace_hash != found.trace_hash)
        fail_msg("%s plays to another trace when it was written and read again", base->id);
    assert_int_equal(again.expecting->found.trace, found.trace_hash);
}

static void what_is_written_plays_to_the_same_trace(void **state)
{
    struct fixture *fixture = *state;
    const size_t step = fixture->bases.count / BASES_PLAYED_MAX + 1;

    for (size_t i = 0; i < fixture->bases.count; i += step) {
        comes_back(fixture, &fixture->bases.list[i], 1 + i);
        region_reset(&fixture->region);
    }
}

/* One that fails as it is filed: its own expectations are written, and hold as they did. */
static void comes_back_as_filed(struct fixture *fixture, const struct base *base, uint64_t seed)
{
    const struct scenario *filed = base->expecting;
    struct failing failing = {.base = base, .seed = seed, .as_filed = true};
    struct smallest found = {0};
    struct played played;

    failing.schedule.network = filed->network;
    failing.schedule.fault_count = filed->fault_count;
    for (size_t i = 0; i < filed->fault_count; i++)
        failing.schedule.faults[i] = filed->faults[i];
    failing.schedule.order_count = filed->order_count;
    for (size_t i = 0; i < filed->order_count; i++)
        failing.schedule.order[i] = filed->order[i];
    struct trial trial = failing_trial(&failing);
    player_play(fixture->player, &trial, &played);
    assert_int_equal(played.verdict, VERDICT_PASS);
    found.trace_hash = played.trace_hash;
    const struct base again = write_and_read(fixture, &failing, &found);
    assert_true(replay_expects(&again));
    assert_string_equal(again.expecting->name, filed->name);
    trial.base = &again;
    player_play(fixture->player, &trial, &played);
    if (played.verdict != VERDICT_PASS || played.trace_hash != found.trace_hash)
        fail_msg("%s is another case when it was written and read again", base->id);
}

static void what_is_expected_is_written_where_it_does_not_come_about(void **state)
{
    struct fixture *fixture = *state;
    const size_t step = fixture->bases.count / BASES_PLAYED_MAX + 1;

    for (size_t i = 0; i < fixture->bases.count; i += step) {
        comes_back_as_filed(fixture, &fixture->bases.list[i], 1 + i);
        region_reset(&fixture->region);
    }
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The first base with one fault, as a regression. */
static struct regression first_regression(struct fixture *fixture, struct schedule *schedule,
                                          struct fault_map *map)
{
    const struct base *base = &fixture->bases.list[0];
    const struct suite_case *one = base->one;

    *schedule = (struct schedule){.network = base->expecting->network, .fault_count = 1};
    schedule->faults[0] = (struct wire_fault){.party = WIRE_CLIENT,
                                              .connection = 1,
                                              .direction = WIRE_SENT,
                                              .offset = 5,
                                              .kind = WIRE_FAULT_RST};
    assert_true(message_map_make(base->expecting, NULL, &fixture->region, map));
    return (struct regression){.file = one->file,
                               .combination = one->combination,
                               .scenario = base->expecting,
                               .schedule = schedule,
                               .map = map};
}

static void the_same_failure_goes_to_the_same_file(void **state)
{
    struct fixture *fixture = *state;
    char folder[] = "/tmp/regression_test.XXXXXX";
    char error[REGRESSION_ERROR_BYTES];
    struct schedule schedule;
    struct fault_map map;

    assert_non_null(mkdtemp(folder));
    const struct regression what = first_regression(fixture, &schedule, &map);
    const char *below = region_format(&fixture->region, "%s/a/b", folder);
    const char *first = regression_save(&what, below, &fixture->region, error);
    const char *second = regression_save(&what, below, &fixture->region, error);
    assert_non_null(first);
    assert_string_equal(first, second);
    schedule.faults[0].offset++;
    const char *other = regression_save(&what, below, &fixture->region, error);
    assert_string_not_equal(first, other);
    assert_int_equal(unlink(first), 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(rmdir(below), 0);
    assert_int_equal(rmdir(region_format(&fixture->region, "%s/a", folder)), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    struct fixture *fixture = *state;
    char error[REGRESSION_ERROR_BYTES];
    struct schedule schedule;
    struct fault_map map;
    const struct regression what = first_regression(fixture, &schedule, &map);

    assert_null(regression_save(&what, "/dev/null/x", &fixture->region, error));
    assert_non_null(strstr(error, "/dev/null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_plays_to_the_same_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_expected_is_written_where_it_does_not_come_about,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_failure_goes_to_the_same_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
