/*
 * A proxy that closes a response without framing as if it were complete, though its upstream broke off. Wraps judge(): after
 * a cut the response looks like one whose framing shows it, so no reset follows.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_judge(struct exchange *exchange);
enum exchange_event __wrap_judge(struct exchange *exchange);

enum exchange_event __wrap_judge(struct exchange *exchange)
{
    enum exchange_event event = __real_judge(exchange);

    if (event == EVENT_CUT)
        exchange->download.framing = FRAMING_LENGTH;
    return event;
}
