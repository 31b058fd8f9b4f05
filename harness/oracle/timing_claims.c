#include "harness/oracle/timing_claims.h"

#include "harness/verdict/attempts.h"
#include "harness/verdict/judge.h"

static const char *upstream_name(const struct evidence *evidence,
                                 const struct attempt_fact *attempt)
{
    return evidence->scenario->upstream_names[attempt->upstream];
}

static const struct retry_settings *settings_of(const struct evidence *evidence)
{
    return &evidence->scenario->retry;
}

/* The exchange is no younger than its first attempt. */
static void check_deadline(const struct evidence *evidence, const struct request_fact *request,
                           struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    uint64_t deadline_ns = settings_of(evidence)->deadline_ns;
    uint64_t tolerance_ns = evidence->world == WORLD_SOCKETS ? JUDGE_TOLERANCE_NS : 0;
    const struct attempt_fact *first = attempts_next(evidence, request, NULL);
    const struct attempt_fact *attempt = first;
    while (deadline_ns > 0 && attempt != NULL) {
        if (attempt->begun_ns > first->begun_ns + deadline_ns + tolerance_ns)
            findings_add(findings,
                         "%s was tried at %s on %s although its deadline of %s had passed",
                         request_name(request, name),
                         moment_format(attempt->begun_ns, evidence->began_ns, began),
                         upstream_name(evidence, attempt), duration_format(deadline_ns, bound));
        attempt = attempts_next(evidence, request, attempt);
    }
}

/* Whether a hook makes an attempt last longer than the network and the settings do. */
static bool hooks_wait(const struct evidence *evidence)
{
    for (size_t hook = 0; hook < HOOK_NAME_COUNT; hook++)
        for (const struct hook_action *action = evidence->scenario->hooks.actions[hook];
             action != NULL; action = action->next)
            if (action->wait != HOOK_WAIT_NOT || action->delay_ns > 0)
                return true;
    return false;
}

/* The longest wait before retry n: base * 2^(n-1), and never more than max. With full jitter there is no shortest. */
static uint64_t backoff_most_ns(const struct backoff_settings *backoff, unsigned retry)
{
    uint64_t most = backoff->base_ns;
    while (--retry > 0 && most < backoff->max_ns)
        most *= 2;
    return most < backoff->max_ns ? most : backoff->max_ns;
}

/* In the simulation nothing but the back-off takes time between two attempts. */
static void check_backoff(const struct evidence *evidence, const struct request_fact *request,
                          struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    char waited[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    const struct attempt_fact *before = NULL;
    const struct attempt_fact *attempt = NULL;
    if (evidence->world != WORLD_SIM || !attempts_are_all_seen(evidence) || hooks_wait(evidence) ||
        evidence->scenario->needs_nameserver)
        return; /* also lookups take time, and one that fails is an attempt that nobody sees */
    for (; (attempt = attempts_next(evidence, request, attempt)) != NULL; before = attempt) {
        if (before == NULL || !attempt->fresh || before->closed_ns > attempt->begun_ns ||
            !attempts_are_known(evidence, request, attempt->begun_ns))
            continue;
        uint64_t most = backoff_most_ns(&settings_of(evidence)->backoff, before->number);
        if (attempt->begun_ns - before->closed_ns > most)
            findings_add(findings,
                         "%s was tried again at %s on %s, %s after attempt %u had ended: the "
                         "back-off is at most %s",
                         request_name(request, name),
                         moment_format(attempt->begun_ns, evidence->began_ns, began),
                         upstream_name(evidence, attempt),
                         duration_format(attempt->begun_ns - before->closed_ns, waited),
                         before->number, duration_format(most, bound));
    }
}

/* Requests that the proxy may have had under way at that time: rather too many than too few. */
static size_t live_requests(const struct evidence *evidence, uint64_t at_ns)
{
    size_t live = 0;
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *request = &evidence->requests[i];
        uint64_t over_ns = request->connection->peer_end_ns;
        if (request_made_tunnel(request))
            over_ns = 0; /* the other direction may go on when one has ended */
        else if (request->response != NULL && request->response->complete_ns != 0)
            over_ns = request->response->complete_ns;
        live += request->sent->begun_ns <= at_ns && (over_ns == 0 || over_ns >= at_ns);
    }
    return evidence->record_total > evidence->request_count
               ? live + (size_t)evidence->record_total - evidence->request_count
               : live;
}

/* Requests at a further attempt at that time that has no response yet, but for one of them. */
static size_t trying_again(const struct evidence *evidence, uint64_t at_ns,
                           const struct request_fact *except)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        count += attempt->number > 1 && attempt->request != except && attempt->begun_ns < at_ns &&
                 attempt->ended_ns > at_ns &&
                 (attempt->answer == NULL || attempt->answer->begun_ns > at_ns);
    }
    return count;
}

/* At the moment at which a further attempt is decided, which is when the one before it ends. */
static void check_budget(const struct evidence *evidence, const struct request_fact *request,
                         struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char decided[FINDING_DURATION_BYTES];
    const struct budget_settings *budget = &settings_of(evidence)->budget;
    const struct attempt_fact *before = attempts_next(evidence, request, NULL);
    const struct attempt_fact *attempt = before;
    while (budget->limited && evidence_addresses_most(evidence) == 1 && before != NULL &&
           (attempt = attempts_next(evidence, request, before)) != NULL) {
        size_t again = 1 + trying_again(evidence, before->closed_ns, request);
        size_t live = live_requests(evidence, before->closed_ns);
        if (attempts_follow(before, attempt) && before->closed_ns <= attempt->begun_ns &&
            again > budget->floor && again > live * budget->share_percent / 100)
            findings_add(findings,
                         "%s was tried again on %s, decided at %s, with %zu of %zu requests at a "
                         "further attempt: retry_budget allows %u percent, and %u in any case",
                         request_name(request, name), upstream_name(evidence, attempt),
                         moment_format(before->closed_ns, evidence->began_ns, decided), again, live,
                         budget->share_percent, budget->floor);
        before = attempt;
    }
}

void timing_claims_check(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *request = &evidence->requests[i];
        check_deadline(evidence, request, findings);
        if (evidence->trace == NULL)
            continue; /* nobody knows when the proxy gave a connection up */
        check_backoff(evidence, request, findings);
        check_budget(evidence, request, findings);
    }
}
