/*
 * A proxy that answers the failure of a reused connection with the next reused one, which is likely as dead. Wraps choose():
 * the failed attempt looks like one on a fresh connection.
 */
#include "proxy/exchange/actions.h"

enum exchange_event __real_choose(struct exchange *exchange);
enum exchange_event __wrap_choose(struct exchange *exchange);

enum exchange_event __wrap_choose(struct exchange *exchange)
{
    struct exchange_record *record = &exchange->record;
    unsigned made = record->attempt_count;
    bool reused = made > 0 && record->attempts[made - 1].reused;
    enum exchange_event event;

    if (made > 0)
        record->attempts[made - 1].reused = false;
    event = __real_choose(exchange);
    if (made > 0)
        record->attempts[made - 1].reused = reused;
    return event;
}
