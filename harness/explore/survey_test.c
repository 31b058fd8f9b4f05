/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * Nothing is lost by classes of positions: pairs and triples of representatives come to the very outcomes that all positions
 * come to. And that this would be noticed: with a representative left out an outcome is missing.
 */
#include "harness/explore/survey.h"

#include <string.h>

#include "harness/explore/explore_rig.h"

/* Bases whose naive enumeration of these kinds takes more runs are not small. */
enum { NAIVE_RUNS_MAX = 400000 };

size_t __real_position_classes(const struct position *positions, const struct fault_span *span,
                               size_t *list, size_t *count);
size_t __wrap_position_classes(const struct position *positions, const struct fault_span *span,
                               size_t *list, size_t *count);

/* Of each span those representatives are left out, by their place; SIZE_MAX: none. Set by a test, for its own length. */
static size_t left_out_from = SIZE_MAX;

size_t __wrap_position_classes(const struct position *positions, const struct fault_span *span,
                               size_t *list, size_t *count)
{
    size_t before = *count;
    size_t classes = __real_position_classes(positions, span, list, count);
    if (left_out_from != SIZE_MAX && *count > before + left_out_from)
        *count = before + left_out_from;
    return classes;
}

struct row {
    const char *name;
    const char *path;
    fault_kinds kinds;
    unsigned faults;
};

static const struct row ROWS[] = {
    {"GET, FINs", TINY_GET, KIND_SET(WIRE_FAULT_FIN), 2},
    {"GET, clients that leave", TINY_GET,
     KIND_SET(WIRE_FAULT_CLIENT_FIN) | KIND_SET(WIRE_FAULT_REFUSED), 2},
    {"POST, resets", TINY_POST, KIND_SET(WIRE_FAULT_RST), 2},
    {"POST, garbage", TINY_POST, KIND_SET(WIRE_FAULT_GARBAGE), 2},
    {"GET, dials that fail in each way, thrice", TINY_GET,
     KIND_SET(WIRE_FAULT_REFUSED) | KIND_SET(WIRE_FAULT_DROPPED) |
         KIND_SET(WIRE_FAULT_UNREACHABLE) | KIND_SET(WIRE_FAULT_NO_DESCRIPTORS),
     3},
};

static struct explorer_options options_of(const struct row *row, bool naive)
{
    return (struct explorer_options){.faults = row->faults,
                                     .seed = 1,
                                     .naive = naive,
                                     .kinds = row->kinds,
                                     .runs_max = NAIVE_RUNS_MAX};
}

static void representatives_lose_no_outcome(void **state)
{
    const struct row *row = *state;
    const struct explorer_options pruned_options = options_of(row, false);
    const struct explorer_options naive_options = options_of(row, true);
    struct explorer_result pruned;
    struct explorer_result naive;
    rig_explore(row->path, &pruned_options, &pruned);
    rig_explore(row->path, &naive_options, &naive);
    print_message("%s: %llu runs in place of %llu, %llu outcomes\n", row->name,
                  (unsigned long long)pruned.runs, (unsigned long long)naive.runs,
                  (unsigned long long)naive.outcomes);
    assert_true(naive.by_faults[2] < NAIVE_RUNS_MAX); /* else it proves nothing */
    assert_true(pruned.runs < naive.runs || row->faults == 3);
    assert_true(naive.outcomes > 1);
    assert_int_equal(pruned.outcomes, naive.outcomes);
    assert_int_equal(pruned.failed_runs, 0);
    assert_int_equal(naive.failed_runs, 0);
    explorer_result_release(&pruned);
    explorer_result_release(&naive);
}

static void a_representative_left_out_is_missed(void **state)
{
    const struct row *row = &ROWS[0];
    const struct explorer_options pruned_options = options_of(row, false);
    const struct explorer_options naive_options = options_of(row, true);
    struct explorer_result pruned;
    struct explorer_result naive;
    (void)state;
    left_out_from = 1;
    rig_explore(row->path, &pruned_options, &pruned);
    rig_explore(row->path, &naive_options, &naive);
    left_out_from = SIZE_MAX;
    assert_true(pruned.outcomes < naive.outcomes);
    explorer_result_release(&pruned);
    explorer_result_release(&naive);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 1] = {{0}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = representatives_lose_no_outcome,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[COUNT_OF(ROWS)] =
        (struct CMUnitTest)cmocka_unit_test(a_representative_left_out_is_missed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
