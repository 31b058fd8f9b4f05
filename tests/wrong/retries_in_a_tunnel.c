/*
 * A proxy that opens the tunnel of a CONNECT again whose upstream broke off behind the 200. Wraps judge(): the tunnel looks
 * as if it had never stood.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    if (exchange->tunnel && exchange->failure.side == SIDE_UPSTREAM) {
        exchange->tunnel = false;
        exchange->ground->tunnels--;
        exchange->response_down = false;
        exchange->failure.stage = STAGE_DIAL;
    }
    return __real_judge(exchange);
}
