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

/* What no policy can open. The first shut gate is the reason. */
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
        {response_started(facts), RETRY_BECAUSE_RESPONSE_STARTED},
        {facts->stage == STAGE_TUNNEL, RETRY_BECAUSE_TUNNEL},
        {facts->stage == STAGE_STATUS, RETRY_BECAUSE_STATUS},
        {facts->interim_forwarded, RETRY_BECAUSE_INTERIM_SENT},
        {facts->attempts_made > facts->retries_max, RETRY_BECAUSE_ATTEMPTS_USED_UP},
        {facts->deadline_passed, RETRY_BECAUSE_DEADLINE_PASSED},
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
    else if (facts->stage == STAGE_MID_HEAD)
        *reason = RETRY_BECAUSE_RESPONSE_CAME_FIRST;
    else if (facts->stage > STAGE_PRE_WRITE)
        *reason = RETRY_BECAUSE_WRITTEN;
    else
        return false;
    return true;
}

/* The policy's row for a request of which the upstream may have seen something. RFC 9110 9.2.2. */
static struct retry_decision decide_seen(const struct retry_facts *facts, enum retry_reason seen)
{
    if (facts->policy == RETRY_AT_MOST_ONCE)
        return no(seen);
    if (!facts->method_idempotent && !facts->retry_non_idempotent)
        return no(seen == RETRY_BECAUSE_WRITTEN ? RETRY_BECAUSE_NOT_IDEMPOTENT : seen);
    return yes(facts->method_idempotent ? RETRY_BECAUSE_IDEMPOTENT : RETRY_BECAUSE_OPTED_IN);
}

struct retry_decision retry_decide(const struct retry_facts *facts)
{
    struct retry_decision decision = yes(RETRY_BECAUSE_NOTHING_SENT);
    enum retry_reason reason;

    check(facts->attempts_made >= 1 || facts->stage == STAGE_ROUTE);
    if (find_shut_gate(facts, &reason))
        return no(reason);
    if (may_have_been_seen(facts, &reason))
        decision = decide_seen(facts, reason);
    if (decision.retry && !facts->body_replayable)
        return no(RETRY_BECAUSE_BODY_NOT_REPLAYABLE);
    return decision;
}

const char *retry_reason_sentence(enum retry_reason reason)
{
    static const char *const sentences[] = {
#define RETRY_REASON_SENTENCE(name, sentence) [RETRY_BECAUSE_##name] = sentence,
        RETRY_REASON_LIST(RETRY_REASON_SENTENCE)
#undef RETRY_REASON_SENTENCE
    };

    check(reason < RETRY_REASON_COUNT);
    return sentences[reason];
}

const char *retry_policy_word(enum retry_policy policy)
{
    return policy == RETRY_AT_MOST_ONCE ? "at-most-once" : "idempotent";
}
