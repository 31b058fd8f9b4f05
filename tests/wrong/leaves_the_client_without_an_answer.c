/*
 * A proxy that closes in silence where it should say that it could not get an answer. Wraps start_apology(): there is none.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __wrap_start_apology(struct exchange *exchange);

enum exchange_event __wrap_start_apology(struct exchange *exchange)
{
    exchange->keep_alive = false;
    return EVENT_SENT;
}
