/*
 * A proxy whose second attempt is a request without a body. Wraps start_sending(): from the second attempt on the client's
 * request has none.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_start_sending(struct exchange *exchange);
enum exchange_event __wrap_start_sending(struct exchange *exchange);

enum exchange_event __wrap_start_sending(struct exchange *exchange)
{
    if (exchange->record.attempt_count > 1)
        exchange->framing_up = FRAMING_NONE;
    return __real_start_sending(exchange);
}
