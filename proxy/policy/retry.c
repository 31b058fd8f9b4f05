#include "proxy/policy/retry.h"

#include <stddef.h>

#include "world/base/check.h"

static struct retry_decision no(enum retry_reason reason)
{
    return (struct retry_decision){.retry = false, .reason = reason};
}

static struct retry_decision yes(enum retry_reason reason)
{
    return (struct retry_decision){.retry = true, .reason = reason};
}

static bool client_is_gone(const struct retry_facts *facts)
{
    return facts->client_gone || facts->cause == CAUSE_CLIENT_CANCELLED;
}

static bool response_started(const struct retry_facts *facts)
{
    return facts->response_bytes_down > 0 || facts->stage == STAGE_MID_COPY;
}

/* What neither policy nor hook can open. The first shut gate is the reason. */
struct gate {
    bool shut;
    enum retry_reason reason;
};

static bool find_shut_gate(const struct retry_facts *facts, enum retry_reason *reason)
{
    const struct gate gates[] = {
        {facts->stage == STAGE_ROUTE, RETRY_BECAUSE_NO_ATTEMPT},
        {facts->retries_max == 0, RETRY_BECAUSE_RETRIES_OFF},
        {client_is_gone(facts), RETRY_BECAUSE_CLIENT_GONE},
        {facts->client_at_fault, RETRY_BECAUSE_CLIENT_AT_FAULT},
        {response_started(facts), RETRY_BECAUSE_RESPONSE_STARTED},
        {facts->stage == STAGE_TUNNEL, RETRY_BECAUSE_TUNNEL},
        {facts->interim_forwarded, RETRY_BECAUSE_INTERIM_SENT},
        {facts->attempts_made > facts->retries_max, RETRY_BECAUSE_ATTEMPTS_USED_UP},
        {facts->deadline_passed, RETRY_BECAUSE_DEADLINE_PASSED},
        {facts->deadline_near, RETRY_BECAUSE_DEADLINE_NEAR},
    };

    for (size_t i = 0; i < COUNT_OF(gates); i++) {
        if (gates[i].shut) {
            *reason = gates[i].reason;
            return true;
        }
    }
    return false;
}

/*
 * Whether the upstream may have seen something of the request, and why we think so. The counter decides; the
 * stage only where it cannot.
 */
static bool may_have_been_seen(const struct retry_facts *facts, enum retry_reason *reason)
{
    if (facts->tx > 0)
        *reason = RETRY_BECAUSE_WRITTEN;
    else if (facts->stage < STAGE_PRE_WRITE)
        return false; /* there was no connection that anything could have been written to */
    else if (!facts->tx_known)
        *reason = RETRY_BECAUSE_WRITTEN_UNKNOWN;
    else if (facts->stage == STAGE_MID_HEAD || facts->stage == STAGE_STATUS)
        *reason = RETRY_BECAUSE_RESPONSE_CAME_FIRST;
    else if (facts->stage > STAGE_PRE_WRITE)
        *reason = RETRY_BECAUSE_WRITTEN;
    else
        return false;
    return true;
}

static bool is_timeout(enum cause cause)
{
    return cause_status(cause) == 504;
}

/* The head that came, or what came in its place, is none of HTTP's. */
static bool is_invalid(enum cause cause)
{
    return cause == CAUSE_HTTP_PROTOCOL_ERROR || cause == CAUSE_HTTP_RESPONSE_HEADER_SECTION_SIZE ||
           cause == CAUSE_HTTP_RESPONSE_TRANSFER_CODING;
}

/* What was seen is asked first: a byte that was counted is a byte written, whatever the stage says. */
static enum retry_condition condition_of(const struct retry_facts *facts, bool seen)
{
    if (!seen && facts->stage >= STAGE_PRE_WRITE)
        return RETRY_ON_UNSENT;
    if (!seen)
        return is_timeout(facts->cause) ? RETRY_ON_CONNECT_TIMEOUT : RETRY_ON_CONNECT_FAILURE;
    if (is_timeout(facts->cause))
        return RETRY_ON_RESPONSE_TIMEOUT;
    if (is_invalid(facts->cause))
        return RETRY_ON_INVALID_HEAD;
    return facts->stage == STAGE_MID_HEAD ? RETRY_ON_PARTIAL_HEAD : RETRY_ON_RESET;
}

/* A connection that its upstream closed while it was idle, as far as anybody can tell. */
static bool is_stale(const struct retry_facts *facts)
{
    return facts->reused && facts->rx == 0 && facts->stage >= STAGE_PRE_WRITE &&
           !is_timeout(facts->cause);
}

static bool policy_retries(const struct retry_facts *facts, bool seen)
{
    unsigned conditions = facts->conditions;

    if (facts->stage == STAGE_STATUS)
        return facts->status_listed;
    if (is_stale(facts) && (conditions & RETRY_ON(REUSED)) != 0)
        return true;
    return (conditions & 1u << condition_of(facts, seen)) != 0;
}

/* Why the policy does not: seen says what of the request may have reached the upstream. */
static enum retry_reason refusal(const struct retry_facts *facts, bool seen,
                                 enum retry_reason seen_because)
{
    const unsigned after_write = RETRY_ON(RESET) | RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD) |
                                 RETRY_ON(RESPONSE_TIMEOUT) | RETRY_ON(REUSED);

    if (facts->stage == STAGE_STATUS)
        return RETRY_BECAUSE_STATUS;
    return seen && (facts->conditions & after_write) == 0 ? seen_because
                                                          : RETRY_BECAUSE_NOT_A_CONDITION;
}

static enum retry_reason consent(const struct retry_facts *facts, bool seen)
{
    if (facts->wish == RETRY_AGAIN)
        return RETRY_BECAUSE_HOOK_ASKED;
    if (seen && !facts->method_idempotent)
        return RETRY_BECAUSE_OPTED_IN;
    if (facts->stage == STAGE_STATUS)
        return RETRY_BECAUSE_STATUS_LISTED;
    return seen ? RETRY_BECAUSE_IDEMPOTENT : RETRY_BECAUSE_NOTHING_SENT;
}

struct retry_decision retry_decide(const struct retry_facts *facts)
{
    enum retry_reason reason;
    enum retry_reason seen_because = RETRY_BECAUSE_NOTHING_SENT;
    bool seen;

    check(facts->attempts_made >= 1 || facts->stage == STAGE_ROUTE);
    if (find_shut_gate(facts, &reason))
        return no(reason);
    if (facts->wish == RETRY_NEVER)
        return no(RETRY_BECAUSE_HOOK_REFUSED);
    seen = may_have_been_seen(facts, &seen_because);
    if (facts->wish != RETRY_AGAIN && facts->internal)
        return no(RETRY_BECAUSE_INTERNAL);
    if (facts->wish != RETRY_AGAIN && !policy_retries(facts, seen))
        return no(refusal(facts, seen, seen_because));
    if (seen && !facts->method_idempotent && !facts->retry_non_idempotent)
        return no(seen_because == RETRY_BECAUSE_WRITTEN ? RETRY_BECAUSE_NOT_IDEMPOTENT
                                                        : seen_because);
    if (!facts->body_replayable)
        return no(RETRY_BECAUSE_BODY_NOT_REPLAYABLE);
    if (facts->budget_empty)
        return no(RETRY_BECAUSE_BUDGET_EMPTY);
    return yes(consent(facts, seen));
}
