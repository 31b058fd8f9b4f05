#include "harness/oracle/attempts/inquiry.h"

#include <string.h>

bool inquiry_met(const struct evidence *evidence, enum wire_fault_kind kind)
{
    for (size_t i = 0; i < evidence->scenario->fault_count && evidence->faults_met != 0; i++)
        if ((evidence->faults_met >> i & 1) != 0 && evidence->scenario->faults[i].kind == kind)
            return true;
    return false;
}

bool inquiry_is_alone(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *other = &evidence->attempts[i];
        if (other != attempt && other->request == attempt->request &&
            other->begun_ns == attempt->begun_ns && !(other->fresh && attempt->fresh))
            return false;
    }
    return true;
}

bool inquiry_next_pair(const struct evidence *evidence, const struct request_fact *request,
                       struct inquiry_pair *pair)
{
    const struct attempt_fact *before =
        pair->next != NULL ? pair->next : attempts_next(evidence, request, NULL);
    const struct attempt_fact *next;
    for (; before != NULL; before = next) {
        next = attempts_next(evidence, request, before);
        if (next == NULL || !attempts_follow(before, next) || !inquiry_is_alone(evidence, before) ||
            !inquiry_is_alone(evidence, next))
            continue;
        *pair = (struct inquiry_pair){before, next};
        return true;
    }
    return false;
}

bool inquiry_hook_retries(const struct evidence *evidence, enum hook_name hook)
{
    const struct hook_action *action = evidence->scenario->hooks.actions[hook];
    while (action != NULL && action->wish != RETRY_AGAIN)
        action = action->next;
    return action != NULL;
}

/* Whether anything in the settings tries again what an upstream may have seen. */
static bool repeats_what_was_written(const struct evidence *evidence)
{
    const struct retry_settings *retry = inquiry_retry(evidence);
    const unsigned after_write = RETRY_ON(RESET) | RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD) |
                                 RETRY_ON(RESPONSE_TIMEOUT) | RETRY_ON(REUSED);
    return retry->policy == RETRY_IDEMPOTENT || retry->on_reused ||
           inquiry_hook_retries(evidence, HOOK_ERROR_WHILE_PROXY) ||
           inquiry_hook_retries(evidence, HOOK_UPSTREAM_RESPONSE_DECISION) ||
           !status_set_is_empty(&retry->on_status) ||
           (retry->policy == RETRY_CONDITIONS && (retry->conditions & after_write) != 0);
}

bool inquiry_may_be_repeated(const struct evidence *evidence, const struct request_fact *request)
{
    return repeats_what_was_written(evidence) &&
           (request_is_idempotent(request) || inquiry_retry(evidence)->non_idempotent);
}

/* ---- records -------------------------------------------------------------------------------- */

static bool is_of(const struct exchange_record *record, const struct request_fact *request)
{
    return strcmp(record->method, request->sent->draft->method) == 0 &&
           strcmp(record->target, request->sent->draft->target) == 0;
}

const struct exchange_record *inquiry_record_of(const struct evidence *evidence,
                                                const struct request_fact *request)
{
    const struct exchange_record *found = NULL;
    size_t requests = 0;
    size_t records = 0;
    if (evidence->request_count == 1 && evidence->record_count == 1)
        return &evidence->records[0];
    for (size_t r = 0; r < evidence->record_count; r++)
        if (is_of(&evidence->records[r], request)) {
            found = &evidence->records[r];
            records++;
        }
    for (size_t i = 0; i < evidence->request_count && found != NULL; i++)
        requests += is_of(found, &evidence->requests[i]);
    return requests == 1 && records == 1 ? found : NULL;
}
