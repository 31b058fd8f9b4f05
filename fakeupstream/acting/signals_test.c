#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/acting/signals.h"

enum { WAITERS = 3 };

/* Who was told, in order. */
static char told[WAITERS * 2 + 1];

static void note(struct signal_waiter *waiter)
{
    strncat(told, waiter->owner, 1);
}

static struct signal_waiter waiter_named(const char *letter)
{
    return (struct signal_waiter){.on_signal = note, .owner = (void *)(uintptr_t)letter};
}

static void those_who_wait_are_told_in_the_order_of_waiting(void **state)
{
    struct signal_waiter a = waiter_named("a");
    struct signal_waiter b = waiter_named("b");
    struct signal_waiter c = waiter_named("c");
    struct signals signals;

    (void)state;
    told[0] = '\0';
    signals_init(&signals);
    signals_wait(&signals, &a, "x");
    signals_wait(&signals, &b, "y");
    signals_wait(&signals, &c, "x");
    assert_true(signals_raise(&signals, "x"));
    assert_string_equal(told, "ac");
    assert_true(signals_is_raised(&signals, "x"));
    assert_false(signals_is_raised(&signals, "y"));
    assert_true(signals_raise(&signals, "x"));
    assert_string_equal(told, "ac");
    assert_ptr_equal(signals.waiters, &b);
    signals_leave(&signals, &b);
}

static void who_left_is_not_told(void **state)
{
    struct signal_waiter a = waiter_named("a");
    struct signal_waiter b = waiter_named("b");
    struct signals signals;

    (void)state;
    told[0] = '\0';
    signals_init(&signals);
    signals_wait(&signals, &a, "x");
    signals_wait(&signals, &b, "x");
    signals_leave(&signals, &a);
    signals_leave(&signals, &a);
    assert_true(signals_raise(&signals, "x"));
    assert_string_equal(told, "b");
}

static void a_name_too_many_is_refused(void **state)
{
    static char names[SIGNALS_MAX + 1][8];
    struct signals signals;

    (void)state;
    signals_init(&signals);
    for (unsigned i = 0; i <= SIGNALS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "%u", i);
        assert_int_equal(signals_raise(&signals, names[i]), i < SIGNALS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_wait_are_told_in_the_order_of_waiting),
        cmocka_unit_test(who_left_is_not_told),
        cmocka_unit_test(a_name_too_many_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
