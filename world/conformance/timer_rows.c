/* Time: timers, their order, and the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/conformance/bench.h"

enum { TIMERS_MAX = 4 };

struct alarms;

struct alarm {
    struct timer timer;
    struct alarms *all;
};

/* A few timers and the order in which they fired. */
struct alarms {
    struct world *world;
    struct alarm alarm[TIMERS_MAX];
    size_t order[TIMERS_MAX];
    size_t fired;
    bool first_stops_rest;
};

static void on_time(struct timer *timer)
{
    struct alarm *alarm = timer->owner;
    struct alarms *all = alarm->all;
    uint64_t now_ns = world_now(all->world);

    assert_false(timer_is_set(timer));
    assert_true(now_ns >= timer->at_ns);
    assert_in_range(all->fired, 0, TIMERS_MAX - 1);
    all->order[all->fired++] = (size_t)(alarm - all->alarm);
    for (size_t i = 0; all->first_stops_rest && i < TIMERS_MAX; i++)
        timer_stop(all->world, &all->alarm[i].timer);
    assert_int_equal(world_now(all->world), now_ns);
}

static void alarms_init(struct alarms *all, struct bench *bench)
{
    *all = (struct alarms){.world = bench->world};
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        all->alarm[i].all = all;
        all->alarm[i].timer.on_time = on_time;
        all->alarm[i].timer.owner = &all->alarm[i];
    }
}

static void set_in(struct alarms *all, size_t i, uint64_t delay_us)
{
    timer_set(all->world, &all->alarm[i].timer, world_now(all->world) + delay_us * NS_PER_US);
}

static void timers_fire_in_order(struct bench *bench)
{
    struct alarms all;

    alarms_init(&all, bench);
    set_in(&all, 0, 3000);
    set_in(&all, 1, 1000);
    set_in(&all, 2, 2000);
    bench_await(bench, &all.fired, 3);
    assert_int_equal(all.order[0], 1);
    assert_int_equal(all.order[1], 2);
    assert_int_equal(all.order[2], 0);
}

static void ties_break_by_setting(struct bench *bench)
{
    struct alarms all;
    uint64_t at_ns = world_now(bench->world) + NS_PER_MS;

    alarms_init(&all, bench);
    for (size_t i = TIMERS_MAX; i > 0; i--)
        timer_set(bench->world, &all.alarm[i - 1].timer, at_ns);
    timer_set(bench->world, &all.alarm[3].timer, at_ns);
    bench_await(bench, &all.fired, TIMERS_MAX);
    assert_int_equal(all.order[0], 2);
    assert_int_equal(all.order[1], 1);
    assert_int_equal(all.order[2], 0);
    assert_int_equal(all.order[3], 3);
}

static void stopped_timer_never_fires(struct bench *bench)
{
    struct alarms all;

    alarms_init(&all, bench);
    set_in(&all, 0, 1000);
    assert_true(timer_is_set(&all.alarm[0].timer));
    timer_stop(bench->world, &all.alarm[0].timer);
    timer_stop(bench->world, &all.alarm[0].timer);
    assert_false(timer_is_set(&all.alarm[0].timer));
    bench_settle(bench);
    assert_int_equal(all.fired, 0);
}

static void stopped_by_another(struct bench *bench)
{
    struct alarms all;

    alarms_init(&all, bench);
    all.first_stops_rest = true;
    for (size_t i = 0; i < TIMERS_MAX; i++)
        set_in(&all, i, 1000);
    bench_settle(bench);
    assert_int_equal(all.fired, 1);
}

static void moved_timer_fires_once(struct bench *bench)
{
    struct alarms all;
    uint64_t at_ns = world_now(bench->world) + 4 * NS_PER_MS;

    alarms_init(&all, bench);
    set_in(&all, 0, 1000);
    timer_set(bench->world, &all.alarm[0].timer, at_ns);
    bench_await(bench, &all.fired, 1);
    assert_true(world_now(bench->world) >= at_ns);
    bench_settle(bench);
    assert_int_equal(all.fired, 1);
}

static void past_time_fires_next(struct bench *bench)
{
    struct alarms all;

    alarms_init(&all, bench);
    timer_set(bench->world, &all.alarm[0].timer, 0);
    timer_set(bench->world, &all.alarm[1].timer, world_now(bench->world));
    assert_int_equal(all.fired, 0);
    bench_await(bench, &all.fired, 2);
    assert_int_equal(all.order[0], 0);
}

static void stopped_timer_is_set_again(struct bench *bench)
{
    struct alarms all;

    alarms_init(&all, bench);
    set_in(&all, 0, 1000);
    timer_stop(bench->world, &all.alarm[0].timer);
    set_in(&all, 0, 1000);
    bench_await(bench, &all.fired, 1);
    set_in(&all, 0, 1000);
    bench_await(bench, &all.fired, 2);
}

static void ignore(struct end *end, unsigned events)
{
    (void)end;
    (void)events;
}

/* A program that does not heed what it is called for spins, but time passes as on any clock. */
static void time_goes_on(struct bench *bench)
{
    struct alarms all;
    uint64_t before_ns = world_now(bench->world);

    alarms_init(&all, bench);
    bench_connect(bench);
    bench->client.act = ignore;
    end_want(&bench->client, STREAM_WRITE);
    set_in(&all, 0, 2000);
    bench_await(bench, &all.fired, 1);
    assert_true(world_now(bench->world) >= before_ns + 2 * NS_PER_MS);
}

const struct row TIMER_ROWS[] = {
    {"timers fire in the order of their times, never early", timers_fire_in_order},
    {"timers of one time fire in the order of setting", ties_break_by_setting},
    {"a stopped timer never fires", stopped_timer_never_fires},
    {"a timer stopped by another of the same time never fires", stopped_by_another},
    {"a moved timer fires once, at its new time", moved_timer_fires_once},
    {"a time that has passed fires at the next turn", past_time_fires_next},
    {"a timer may be set again after it was stopped or fired", stopped_timer_is_set_again},
    {"time passes while a level is not heeded", time_goes_on},
    {0},
};
