/*
 * A proxy that takes silence on a reused connection for a stale one and sends the request again, a POST as well. Wraps
 * judge(): where a reused connection brought no byte of a response, the attempt looks as if nothing had left.
 */
#include "proxy/exchange/actions.h"
#include "tests/wrong/replay.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    bool reused = exchange->link != NULL && exchange->link->exchanges > 0;
    enum stage stage = exchange->failure.stage;

    if (exchange->failure.side == SIDE_UPSTREAM && reused &&
        (stage == STAGE_MID_WRITE || stage == STAGE_POST_WRITE))
        (void)replay_prepare(exchange);
    return __real_judge(exchange);
}
