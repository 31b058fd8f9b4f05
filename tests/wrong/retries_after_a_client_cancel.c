/*
 * A proxy to which a client that left is a failed attempt like any other, and who sends its request elsewhere. Wraps judge():
 * the cancel looks like a connection that broke before a byte was written.
 */
#include "proxy/exchange/actions.h"
#include "tests/wrong/replay.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    struct failure *failure = &exchange->failure;

    if (failure->cause == CAUSE_CLIENT_CANCELLED && !exchange->response_down) {
        failure->side = SIDE_UPSTREAM;
        failure->cause = CAUSE_CONNECTION_TERMINATED;
        exchange->client_gone = false;
        if (failure->stage >= STAGE_PRE_WRITE)
            (void)replay_prepare(exchange);
    }
    return __real_judge(exchange);
}
