/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/found/shrink.h"

#include <stdio.h>
#include <string.h>

static const struct scenario_network NETWORK = {.segment_bytes = 100};

/* ---- what fails, without a world ------------------------------------------------------------ */

/* How the schedules of one row fail, and how often that was asked. */
struct failing {
    bool (*fails)(const struct schedule *schedule);
    unsigned asked;
};

static bool ask(void *owner, const struct schedule *schedule)
{
    struct failing *failing = owner;

    for (size_t i = 0; i < schedule->fault_count; i++) {
        const struct wire_fault *fault = &schedule->faults[i];
        assert_true(wire_fault_fits(fault->kind, fault->party, fault->direction));
        assert_true(fault->connection >= 1);
        assert_true(fault->direction != WIRE_DIAL || fault->offset == 0);
    }
    assert_true(schedule->order_count == 0 || schedule->order[schedule->order_count - 1] != 0);
    failing->asked++;
    return failing->fails(schedule);
}

/* Any of the faults is of an upstream, behind its seventeenth byte. */
static bool one_behind_a_byte(const struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->fault_count; i++)
        if (schedule->faults[i].party == WIRE_UPSTREAM &&
            schedule->faults[i].direction == WIRE_SENT && schedule->faults[i].offset >= 17)
            return true;
    return false;
}

/* Two upstreams fail, the first for ever. */
static bool two_upstreams(const struct schedule *schedule)
{
    bool first = false;
    bool second = false;

    for (size_t i = 0; i < schedule->fault_count; i++) {
        first = first || (schedule->faults[i].index == 0 && schedule->faults[i].lasting);
        second = second || schedule->faults[i].index == 1;
    }
    return first && second;
}

static bool a_stall(const struct schedule *schedule)
{
    return schedule->fault_count > 0 && schedule->faults[0].kind >= WIRE_FAULT_STALL &&
           schedule->faults[0].connection >= 2;
}

/* The third choice, whatever comes before and behind it. */
static bool third_choice(const struct schedule *schedule)
{
    return schedule->order_count >= 3 && schedule->order[2] >= 2;
}

static bool small_segments(const struct schedule *schedule)
{
    return schedule->network.segment_bytes < 50;
}

static bool always(const struct schedule *schedule)
{
    (void)schedule;
    return true;
}

static bool never(const struct schedule *schedule)
{
    (void)schedule;
    return false;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Four faults that differ in everything, a long order, another network: what a random run has. */
static struct schedule make_large(void)
{
    struct schedule large = {.order_count = 40, .network = {.latency_ns = 5, .segment_bytes = 7}};

    large.faults[0] =
        (struct wire_fault){WIRE_UPSTREAM, 0, 3, WIRE_SENT, 900, WIRE_FAULT_GARBAGE, true};
    large.faults[1] = (struct wire_fault){WIRE_CLIENT, 0, 2, WIRE_SENT, 33, WIRE_FAULT_RST, false};
    large.faults[2] =
        (struct wire_fault){WIRE_UPSTREAM, 1, 2, WIRE_RECEIVED, 64, WIRE_FAULT_STALL, true};
    large.faults[3] =
        (struct wire_fault){WIRE_UPSTREAM, 1, 1, WIRE_DIAL, 0, WIRE_FAULT_REFUSED, true};
    large.fault_count = 4;
    for (uint32_t i = 0; i < large.order_count; i++)
        large.order[i] = i % 4;
    return large;
}

struct row {
    const char *sentence;
    bool (*fails)(const struct schedule *schedule);
    struct wire_fault faults[2];
    size_t fault_count;
    size_t order_count;
    uint64_t segment_bytes;
};

static const struct row ROWS[] = {
    {"one fault of four is left, at the first byte at which it fails, of the lowest kind",
     one_behind_a_byte,
     {{WIRE_UPSTREAM, 0, 1, WIRE_SENT, 17, WIRE_FAULT_FIN, false}},
     1,
     0,
     100},
    {"two faults are left where both are needed, and the one that lasts goes on lasting",
     two_upstreams,
     {{WIRE_CLIENT, 0, 1, WIRE_SENT, 0, WIRE_FAULT_FIN, true},
      {WIRE_CLIENT, 1, 1, WIRE_SENT, 0, WIRE_FAULT_FIN, false}},
     2,
     0,
     100},
    {"a kind goes down no further than it fails, and so does a connection",
     a_stall,
     {{WIRE_CLIENT, 0, 2, WIRE_SENT, 0, WIRE_FAULT_STALL, false}},
     1,
     0,
     100},
    {"of an order its tail goes, and what comes before is the default",
     third_choice,
     {{0}},
     0,
     3,
     100},
    {"a network that matters stays", small_segments, {{0}}, 0, 0, 7},
    {"where everything fails nothing is left", always, {{0}}, 0, 0, 100},
};

static void shrinks(void **state)
{
    const struct row *row = *state;
    struct failing failing = {.fails = row->fails};
    struct schedule schedule = make_large();
    const struct schedule before = schedule;
    unsigned runs = shrink_schedule(&schedule, &NETWORK, ask, &failing);

    assert_int_equal(runs, failing.asked);
    assert_true(row->fails(&schedule));
    assert_int_equal(schedule.fault_count, row->fault_count);
    for (size_t i = 0; i < row->fault_count; i++)
        assert_true(wire_fault_equal(&schedule.faults[i], &row->faults[i]));
    assert_int_equal(schedule.order_count, row->order_count);
    for (size_t i = 0; i + 1 < row->order_count; i++)
        assert_int_equal(schedule.order[i], 0);
    assert_int_equal(schedule.network.segment_bytes, row->segment_bytes);
    assert_int_equal(schedule.network.latency_ns, 0);
    assert_true(schedule_compare(&schedule, &before) < 0);
    assert_true(schedule_compare(&before, &schedule) > 0);
    assert_int_equal(schedule_compare(&schedule, &schedule), 0);
}

static void keeps_what_does_not_fail(void **state)
{
    struct failing failing = {.fails = never};
    struct schedule schedule = make_large();
    const struct schedule before = schedule;

    (void)state;
    shrink_schedule(&schedule, &NETWORK, ask, &failing);
    assert_int_equal(schedule_compare(&schedule, &before), 0);
    assert_int_equal(schedule.network.latency_ns, before.network.latency_ns);
}

static void asks_no_more_often_than_it_may(void **state)
{
    struct failing failing = {.fails = never};
    struct schedule schedule = {.order_count = SCHEDULE_ORDER_MAX};

    (void)state;
    for (size_t i = 0; i < schedule.order_count; i++)
        schedule.order[i] = 3;
    assert_int_equal(shrink_schedule(&schedule, &NETWORK, ask, &failing), SHRINK_RUNS_MAX);
    assert_int_equal(failing.asked, SHRINK_RUNS_MAX);
}

/* ---- many random ones ----------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return *seed >> 33;
}

static struct wire_fault random_fault(uint64_t *seed)
{
    struct wire_fault fault;

    do
        fault = (struct wire_fault){
            .party = (enum wire_party)(next_random(seed) % 2),
            .index = (uint32_t)(next_random(seed) % 2),
            .connection = (uint32_t)(next_random(seed) % 3 + 1),
            .direction = (enum wire_direction)(next_random(seed) % 2 + 1),
            .offset = next_random(seed) % 1000,
            .kind = (enum wire_fault_kind)(next_random(seed) % WIRE_FAULT_KIND_COUNT),
            .lasting = next_random(seed) % 2 != 0};
    while (!wire_fault_fits(fault.kind, fault.party, fault.direction));
    return fault;
}

/* However it began, the end is the same, and some forty questions away. */
static void ends_in_one_schedule(void **state)
{
    enum { SCHEDULES = 200, QUESTIONS_MEAN_MAX = 80 };
    struct failing failing = {.fails = one_behind_a_byte};
    uint64_t seed = 1;
    unsigned shrunk = 0;

    (void)state;
    while (shrunk < SCHEDULES) {
        struct schedule schedule = {.fault_count = 4, .network = NETWORK};
        for (size_t i = 0; i < schedule.fault_count; i++)
            schedule.faults[i] = random_fault(&seed);
        if (!one_behind_a_byte(&schedule))
            continue;
        shrink_schedule(&schedule, &NETWORK, ask, &failing);
        assert_int_equal(schedule.fault_count, 1);
        assert_true(wire_fault_equal(&schedule.faults[0], &ROWS[0].faults[0]));
        shrunk++;
    }
    assert_true(failing.asked < SCHEDULES * QUESTIONS_MEAN_MAX);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 3] = {
        cmocka_unit_test(keeps_what_does_not_fail),
        cmocka_unit_test(asks_no_more_often_than_it_may),
        cmocka_unit_test(ends_in_one_schedule),
    };

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[3 + i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                           .test_func = shrinks,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
