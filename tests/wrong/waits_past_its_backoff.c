/*
 * A proxy whose back-off is longer than its longest. Wraps backoff_delay_ns().
 */
#include "proxy/policy/backoff.h"

uint64_t __wrap_backoff_delay_ns(const struct backoff_settings *settings, unsigned retry,
                                 uint64_t random);

uint64_t __wrap_backoff_delay_ns(const struct backoff_settings *settings, unsigned retry,
                                 uint64_t random)
{
    (void)retry;
    (void)random;
    return settings->max_ns + 1;
}
