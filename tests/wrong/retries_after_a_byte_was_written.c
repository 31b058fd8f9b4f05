/*
 * A proxy that tries every request again whose upstream went away before it answered, however much of the request had been
 * written. Wraps judge(): the attempt looks as if nothing had left.
 */
#include "proxy/exchange/actions.h"
#include "tests/wrong/replay.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    enum stage stage = exchange->failure.stage;

    if (exchange->failure.side == SIDE_UPSTREAM &&
        (stage == STAGE_MID_WRITE || stage == STAGE_POST_WRITE))
        (void)replay_prepare(exchange);
    return __real_judge(exchange);
}
