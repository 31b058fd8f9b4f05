/*
 * A proxy that closes in silence where it should say that it could not get an answer. Wraps start_answer(): there is none.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __wrap_start_answer(struct exchange *exchange);

enum exchange_event __wrap_start_answer(struct exchange *exchange)
{
    exchange->keep_alive = false;
    return EVENT_SENT;
}
