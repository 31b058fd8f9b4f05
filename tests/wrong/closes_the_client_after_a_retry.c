/*
 * A proxy that closes its client's connection after a retry that went well, though it said that it would keep it. Wraps
 * begin_response().
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_begin_response(struct exchange *exchange);
enum exchange_event __wrap_begin_response(struct exchange *exchange);

enum exchange_event __wrap_begin_response(struct exchange *exchange)
{
    enum exchange_event event = __real_begin_response(exchange);

    if (exchange->record.attempt_count > 1)
        exchange->keep_alive = false;
    return event;
}
