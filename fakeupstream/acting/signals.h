/*
 * The board where the actors of one case meet: a name that was signalled stays signalled, and `wait`
 * holds until then.
 *
 * Ownership: a waiter is embedded in its actor; names belong to the scripts and outlive the board.
 * Limits: SIGNALS_MAX names per case.
 */
#ifndef FAKEUPSTREAM_ACTING_SIGNALS_H
#define FAKEUPSTREAM_ACTING_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"

enum { SIGNALS_MAX = 64 }; /* a case is a page: nobody needs more meeting points */

/* name is NULL when it does not wait. */
struct signal_waiter {
    const char *name;
    struct signal_waiter *next;
    void (*on_signal)(
        struct signal_waiter *waiter); /* notes it, and makes no downcall but timer_set */
    void *owner;
};

struct signals {
    const char *raised[SIGNALS_MAX];
    size_t raised_count;
    struct signal_waiter *waiters;
};

void signals_init(struct signals *signals);
/* Raises a name; those who wait for it are told at once. Again: nothing happens. False: too many names. */
MUST_USE bool signals_raise(struct signals *signals, const char *name);
bool signals_is_raised(const struct signals *signals, const char *name);
/* Waits. The name must not be raised yet, and the waiter must not wait already. */
void signals_wait(struct signals *signals, struct signal_waiter *waiter, const char *name);
/* Harmless on one that does not wait. */
void signals_leave(struct signals *signals, struct signal_waiter *waiter);

#endif
