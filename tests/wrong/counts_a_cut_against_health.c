/*
 * A proxy that puts upstreams out for responses that broke off, where a retry elsewhere could not have helped. Wraps
 * health_note(): each failure of an upstream counts like a failed dial.
 */
#include "proxy/policy/health.h"

#include <stddef.h>

void __real_health_note(struct health *health, const struct failure *failure, uint64_t now_ns);
void __wrap_health_note(struct health *health, const struct failure *failure, uint64_t now_ns);

void __wrap_health_note(struct health *health, const struct failure *failure, uint64_t now_ns)
{
    const struct failure noted = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TERMINATED, 0};

    __real_health_note(health, failure == NULL ? NULL : &noted, now_ns);
}
