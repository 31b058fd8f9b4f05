/*
 * A proxy that passes on bodies of any size, whatever body_limit says. Wraps inlet_init(): there is no limit.
 */
#include "proxy/relay/inlet.h"

bool __real_inlet_init(struct inlet *inlet, const struct inlet_settings *settings);
bool __wrap_inlet_init(struct inlet *inlet, const struct inlet_settings *settings);

bool __wrap_inlet_init(struct inlet *inlet, const struct inlet_settings *settings)
{
    struct inlet_settings larger = *settings;

    larger.limits.body_bytes_max = UINT64_MAX;
    return __real_inlet_init(inlet, &larger);
}
