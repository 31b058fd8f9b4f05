/*
 * A proxy that puts upstreams out for responses that broke off. Wraps health_note(): each failure of an upstream counts like
 * a failed dial, and a response head is no success yet; and attempt_end(): a response that ended is one.
 */
#include <stddef.h>

#include "proxy/exchange/actions.h"

void __real_health_note(struct health *health, const struct failure *failure, uint64_t now_ns);
void __wrap_health_note(struct health *health, const struct failure *failure, uint64_t now_ns);
void __real_attempt_end(struct exchange *exchange, const struct failure *failure);
void __wrap_attempt_end(struct exchange *exchange, const struct failure *failure);

void __wrap_health_note(struct health *health, const struct failure *failure, uint64_t now_ns)
{
    const struct failure noted = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TERMINATED, 0};

    if (failure != NULL)
        __real_health_note(health, &noted, now_ns);
}

void __wrap_attempt_end(struct exchange *exchange, const struct failure *failure)
{
    if (failure == NULL && exchange->attempting)
        __real_health_note(&exchange->origin->health, NULL, world_now(exchange->ground->world));
    __real_attempt_end(exchange, failure);
}
