/*
 * A proxy whose record tells of the last attempt alone. Wraps attempt_end(): at the end of an exchange the failed ones are
 * struck out.
 */
#include "proxy/exchange/actions.h"

void __real_attempt_end(struct exchange *exchange, const struct failure *failure);
void __wrap_attempt_end(struct exchange *exchange, const struct failure *failure);

void __wrap_attempt_end(struct exchange *exchange, const struct failure *failure)
{
    struct exchange_record *record = &exchange->record;

    __real_attempt_end(exchange, failure);
    if (failure != NULL || record->attempt_count < 2)
        return;
    record->attempts[0] = record->attempts[record->attempt_count - 1];
    record->attempt_count = 1;
}
