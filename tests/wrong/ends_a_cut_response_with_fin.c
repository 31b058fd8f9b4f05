/*
 * A proxy that closes a response without framing as if it were complete, though its upstream broke off. Wraps cut(): the
 * response looks like one whose framing shows it, so no reset follows.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_cut(struct exchange *exchange);
enum exchange_event __wrap_cut(struct exchange *exchange);

enum exchange_event __wrap_cut(struct exchange *exchange)
{
    exchange->download.framing = FRAMING_LENGTH;
    return __real_cut(exchange);
}
