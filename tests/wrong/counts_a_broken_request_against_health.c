/*
 * A proxy that puts upstreams out for requests that they took and did not answer, which says more of those requests than of
 * the upstream. Wraps health_note(): each failure of an upstream counts like a failed dial.
 */
#include <stddef.h>

#include "proxy/policy/health.h"

void __real_health_note(struct health *health, const struct failure *failure, uint64_t now_ns);
void __wrap_health_note(struct health *health, const struct failure *failure, uint64_t now_ns);

void __wrap_health_note(struct health *health, const struct failure *failure, uint64_t now_ns)
{
    const struct failure noted = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TERMINATED, 0};

    __real_health_note(health, failure == NULL ? NULL : &noted, now_ns);
}
