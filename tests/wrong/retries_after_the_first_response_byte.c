/*
 * A proxy that asks again when a response breaks off, and sends the second response behind the part of the first that its
 * client holds already. Wraps judge(): the attempt looks as if neither request nor response had begun.
 */
#include "proxy/exchange/actions.h"
#include "tests/wrong/replay.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    bool begun = exchange->failure.stage == STAGE_MID_HEAD || exchange->response_down;

    if (exchange->failure.side == SIDE_UPSTREAM && begun && replay_prepare(exchange)) {
        exchange->final_head = false;
        exchange->response_down = false;
    }
    return __real_judge(exchange);
}
