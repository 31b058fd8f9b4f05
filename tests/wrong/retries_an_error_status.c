/*
 * A proxy that takes a 5xx for a failed attempt and asks elsewhere, without anybody having allowed that. Wraps
 * begin_response(): such a response is a failure before the request was written.
 */
#include "proxy/exchange/actions.h"
#include "tests/wrong/replay.h"

enum exchange_event __real_begin_response(struct exchange *exchange);
enum exchange_event __wrap_begin_response(struct exchange *exchange);

enum exchange_event __wrap_begin_response(struct exchange *exchange)
{
    const struct failure taken = {SIDE_UPSTREAM, STAGE_STATUS, CAUSE_CONNECTION_TERMINATED, 0};

    if (exchange->response.head.status < 500)
        return __real_begin_response(exchange);
    exchange->failure = taken;
    if (!replay_prepare(exchange))
        return __real_begin_response(exchange);
    exchange->final_head = false;
    return EVENT_ATTEMPT_FAILED;
}
