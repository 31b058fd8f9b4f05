#include "fakeupstream/acting/signals.h"

#include <string.h>

#include "world/base/check.h"

void signals_init(struct signals *signals)
{
    *signals = (struct signals){.raised_count = 0};
}

bool signals_is_raised(const struct signals *signals, const char *name)
{
    for (size_t i = 0; i < signals->raised_count; i++)
        if (strcmp(signals->raised[i], name) == 0)
            return true;
    return false;
}

bool signals_raise(struct signals *signals, const char *name)
{
    struct signal_waiter **at = &signals->waiters;

    if (signals_is_raised(signals, name))
        return true;
    if (signals->raised_count == SIGNALS_MAX)
        return false;
    signals->raised[signals->raised_count++] = name;
    while (*at != NULL) {
        struct signal_waiter *waiter = *at;

        if (strcmp(waiter->name, name) != 0) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->name = NULL;
        waiter->on_signal(waiter);
    }
    return true;
}

/* At the end of the list, so that those who waited first are told first. */
void signals_wait(struct signals *signals, struct signal_waiter *waiter, const char *name)
{
    struct signal_waiter **at = &signals->waiters;

    check(waiter->name == NULL);
    check(!signals_is_raised(signals, name));
    while (*at != NULL)
        at = &(*at)->next;
    waiter->name = name;
    waiter->next = NULL;
    *at = waiter;
}

void signals_leave(struct signals *signals, struct signal_waiter *waiter)
{
    if (waiter->name == NULL)
        return;
    for (struct signal_waiter **at = &signals->waiters; *at != NULL; at = &(*at)->next)
        if (*at == waiter) {
            *at = waiter->next;
            break;
        }
    waiter->name = NULL;
}
