#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/base/timer_queue.h"

enum { TIMERS = 300 };

static void ordered_by_time_then_setting(void **state)
{
    static const uint64_t times[] = {5, 3, 5, 1, 3};
    static const size_t order[] = {3, 1, 4, 0, 2};
    struct timer timers[COUNT_OF(times)] = {{0}};
    struct timer_queue queue;

    (void)state;
    timer_queue_init(&queue);
    assert_int_equal(timer_queue_due(&queue), TIME_NEVER);
    for (size_t i = 0; i < COUNT_OF(times); i++)
        timer_queue_set(&queue, &timers[i], times[i]);
    assert_int_equal(timer_queue_due(&queue), 1);
    assert_null(timer_queue_take_due(&queue, 0));
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        assert_ptr_equal(timer_queue_take_due(&queue, 5), &timers[order[i]]);
        assert_false(timer_is_set(&timers[order[i]]));
    }
    assert_null(timer_queue_take_due(&queue, TIME_NEVER));
    timer_queue_release(&queue);
}

static void moved_goes_behind_its_equals(void **state)
{
    struct timer first = {0}, second = {0};
    struct timer_queue queue;

    (void)state;
    timer_queue_init(&queue);
    timer_queue_set(&queue, &first, 7);
    timer_queue_set(&queue, &second, 7);
    timer_queue_set(&queue, &first, 7);
    assert_ptr_equal(timer_queue_take_due(&queue, 7), &second);
    assert_ptr_equal(timer_queue_take_due(&queue, 7), &first);
    timer_queue_release(&queue);
}

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return *seed >> 33;
}

/* The model: of the timers that are set, the one that is least by time and then by sequence. */
static struct timer *least_of(struct timer *timers)
{
    struct timer *least = NULL;

    for (size_t i = 0; i < TIMERS; i++) {
        struct timer *timer = &timers[i];

        if (!timer_is_set(timer))
            continue;
        if (least == NULL || timer->at_ns < least->at_ns ||
            (timer->at_ns == least->at_ns && timer->sequence < least->sequence))
            least = timer;
    }
    return least;
}

static void agrees_with_a_model(void **state)
{
    static struct timer timers[TIMERS];
    struct timer_queue queue;
    uint64_t seed = 1;

    (void)state;
    memset(timers, 0, sizeof(timers));
    timer_queue_init(&queue);
    for (int i = 0; i < 20000; i++) {
        struct timer *timer = &timers[draw(&seed) % TIMERS];
        struct timer *least;

        switch (draw(&seed) % 4) {
        case 0:
            timer_queue_stop(&queue, timer);
            assert_false(timer_is_set(timer));
            break;
        case 1:
            least = least_of(timers);
            assert_ptr_equal(timer_queue_take_due(&queue, TIME_NEVER), least);
            break;
        default:
            timer_queue_set(&queue, timer, draw(&seed) % 50);
            assert_true(timer_is_set(timer));
        }
        least = least_of(timers);
        assert_int_equal(timer_queue_due(&queue), least == NULL ? TIME_NEVER : least->at_ns);
    }
    timer_queue_release(&queue);
}

static void forgets_without_touching(void **state)
{
    struct timer_queue queue;
    struct timer timer = {0};

    (void)state;
    timer_queue_init(&queue);
    timer_queue_set(&queue, &timer, 1);
    timer_queue_forget(&queue);
    assert_true(timer_is_set(&timer));
    assert_null(timer_queue_take_due(&queue, TIME_NEVER));
    timer.index = 0;
    timer_queue_set(&queue, &timer, 1);
    assert_int_equal(timer.sequence, 0);
    timer_queue_release(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"timers come by time, then in the order of setting", ordered_by_time_then_setting, NULL,
         NULL, NULL},
        {"a timer that is set again goes behind others of its time", moved_goes_behind_its_equals,
         NULL, NULL, NULL},
        {"any mixture of setting, stopping and taking keeps the order", agrees_with_a_model, NULL,
         NULL, NULL},
        {"forgetting leaves the timers alone", forgets_without_touching, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
