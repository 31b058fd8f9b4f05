#include "proxy/policy/backoff.h"

#include "world/base/check.h"

/* base_ns * 2^(retry - 1), or max_ns where that is less. Stops doubling before it could overflow. */
static uint64_t ceiling_ns(const struct backoff_settings *settings, unsigned retry)
{
    uint64_t ceiling = settings->base_ns;

    for (unsigned i = 1; i < retry && ceiling < settings->max_ns; i++)
        ceiling = ceiling > settings->max_ns / 2 ? settings->max_ns : ceiling * 2;
    return ceiling < settings->max_ns ? ceiling : settings->max_ns;
}

uint64_t backoff_delay_ns(const struct backoff_settings *settings, unsigned retry, uint64_t random)
{
    uint64_t ceiling;

    check(retry >= 1);
    if (settings->base_ns == 0)
        return 0;
    ceiling = ceiling_ns(settings, retry);
    /* What the remainder favours is one part in thousands, even of a year. */
    return ceiling == UINT64_MAX ? random : random % (ceiling + 1);
}
