/*
 * A proxy that asks an upstream first that has failed three times in a row. Wraps health_is_ejected(): none ever is.
 */
#include "proxy/policy/health.h"

bool __wrap_health_is_ejected(const struct health *health, uint64_t now_ns);

bool __wrap_health_is_ejected(const struct health *health, uint64_t now_ns)
{
    (void)health;
    (void)now_ns;
    return false;
}
