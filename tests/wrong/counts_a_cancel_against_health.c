/*
 * A proxy that holds a client's leaving against the upstream. Wraps judge(): a cancel is noted as a failed dial as well.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    const struct failure noted = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TERMINATED, 0};

    if (exchange->failure.cause == CAUSE_CLIENT_CANCELLED)
        health_note(&exchange->origin->health, &noted, world_now(exchange->ground->world));
    return __real_judge(exchange);
}
