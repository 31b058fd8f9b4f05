/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * A failure that is about two cases of different sizes is one file with both of them: played again it comes back as it was
 * found, from either side, and where nothing is wrong it holds.
 */
#include "harness/found/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/explore/several_claims.h"
#include "harness/found/exploration_result.h"
#include "harness/found/message_map.h"
#include "harness/found/smallest.h"

enum { SEED = 1 };

static const struct row {
    const char *sentence;
    const char *path;
    bool broken;
} ROWS[] = {
    {"a window that grows with its body comes back",
     "harness/testdata/explore/a-window-that-grows.yaml", true},
    {"a window that does not grow holds",
     "scenarios/bases/large-bodies-of-any-size-go-through-one-window.yaml", false},
};

/* A failure of the first base that has one of another size before it, and what it is written with. */
struct found {
    struct failing failing;
    struct smallest smallest;
};

/* The failure at its smallest. */
static void find_failure(const struct base_list *bases, struct player *player,
                         struct region *region, struct found *found)
{
    size_t i = 0;

    while (i < bases->count && bases->list[i].sibling == NULL)
        i++;
    assert_true(i < bases->count);
    found->failing = (struct failing){.base = &bases->list[i],
                                      .seed = SEED,
                                      .claim = several_claim(SEVERAL_SIZES),
                                      .schedule = {.network = bases->list[i].expecting->network}};
    assert_true(smallest_find(&found->failing, player, region, &found->smallest));
    assert_true(found->smallest.steady);
}

static const char *save(const struct found *saved, const char *folder, struct region *region)
{
    const struct failing *failing = &saved->failing;
    const struct smallest *found = &saved->smallest;
    char error[REGRESSION_ERROR_BYTES] = "";
    struct fault_map map;

    assert_true(message_map_make(failing->base->expecting, NULL, region, &map));
    const struct suite_case *one = failing->base->one;
    const struct regression what = {.file = one->file,
                                    .combination = one->combination,
                                    .scenario = failing->base->expecting,
                                    .schedule = &failing->schedule,
                                    .map = &map,
                                    .claim = claims_at(failing->claim),
                                    .seed = SEED,
                                    .trace_hash = found->trace_hash,
                                    .beside = failing->base->beside->one,
                                    .beside_trace = found->beside_trace,
                                    .requests = found->requests,
                                    .beside_requests = found->beside_requests};
    const char *path = regression_save(&what, folder, region, error);
    if (path == NULL)
        fail_msg("%s", error);
    return path;
}

static void check_replay(const struct base *base, struct player *player, struct region *region,
                         bool broken)
{
    const size_t claim = several_claim(SEVERAL_SIZES);
    struct replayed replayed;

    assert_true(replay_in_sim(base, player, region, &replayed));
    assert_true((replayed.exercised >> claim & 1) == 1);
    assert_int_equal(replayed.broken >> claim & 1, broken);
    assert_int_equal(replayed.verdict, broken ? VERDICT_FAIL : VERDICT_PASS);
    assert_int_equal(replayed.sentence_count, broken);
    assert_int_equal(replayed.trace_hash, base->expecting->found.trace);
    assert_non_null(base->expecting->found.requests);
    assert_false(replayed.requests_changed);
    base->expecting->found.requests = "0";
    assert_true(replay_in_sim(base, player, region, &replayed));
    assert_true(replayed.requests_changed);
    assert_true(replay_on_sockets(base, region, &replayed));
    assert_non_null(strstr(replayed.refused, "several runs side by side"));
}

static void both_sizes_are_played_again(void **state)
{
    const struct row *row = *state;
    char folder[] = "/tmp/found_sizes_test.XXXXXX";
    struct player *player = player_create();
    struct region region;
    struct base_list bases;
    struct base_list again;
    struct found found;

    region_init(&region, (size_t)64 * 1024 * 1024);
    assert_non_null(player);
    assert_non_null(mkdtemp(folder));
    assert_true(bases_load(&bases, &row->path, 1));
    find_failure(&bases, player, &region, &found);
    assert_int_equal(found.smallest.reproduced, row->broken);
    if (!row->broken)
        found.smallest.beside_trace = 0; /* what nobody found has none, nor do we need it */
    const char *path = save(&found, folder, &region);
    assert_true(bases_load(&again, &path, 1));
    assert_int_equal(again.count, 2);
    assert_null(again.list[0].sibling);
    assert_ptr_equal(again.list[0].beside, &again.list[1]);
    assert_ptr_equal(again.list[1].beside, &again.list[0]);
    for (size_t i = row->broken ? 0 : 1; i < again.count; i++)
        check_replay(&again.list[i], player, &region, row->broken);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    player_destroy(&player); /* its last case is one of those */
    bases_release(&again);
    bases_release(&bases);
    region_release(&region);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = both_sizes_are_played_again,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
