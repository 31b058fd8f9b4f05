/*
 * A proxy that puts the connection of a cancelled request into its pool, where the answer to it may still come. Wraps
 * judge().
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    bool connected = exchange->link != NULL && stream_in_use(&exchange->link->stream) &&
                     stream_status(&exchange->link->stream) == 0;

    if (exchange->failure.cause == CAUSE_CLIENT_CANCELLED && connected)
        pool_give(&exchange->origin->pool, &exchange->link);
    return __real_judge(exchange);
}
