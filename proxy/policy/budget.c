#include "proxy/policy/budget.h"

/* Divided before it is multiplied, so that no number of exchanges is too large; what is left over counts too. */
static size_t share_of(size_t live, unsigned percent)
{
    return live / 100 * percent + live % 100 * percent / 100;
}

bool budget_allows(const struct budget_settings *settings, size_t live, size_t retrying)
{
    return !settings->limited || retrying < settings->floor ||
           retrying < share_of(live, settings->share_percent);
}
