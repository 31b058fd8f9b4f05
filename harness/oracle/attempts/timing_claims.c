#include "harness/oracle/attempts/timing_claims.h"

#include <inttypes.h>

#include "harness/oracle/attempts/inquiry.h"
#include "harness/verdict/judge.h"

/* ---- waits and the budget ------------------------------------------------------------------- */

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
static void check_backoff(struct inquiry *inquiry, const struct request_fact *request)
{
    const struct evidence *evidence = inquiry->evidence;
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    char waited[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    const struct attempt_fact *before = NULL;
    const struct attempt_fact *attempt = NULL;
    for (; (attempt = attempts_next(evidence, request, attempt)) != NULL; before = attempt) {
        if (before == NULL || !attempt->fresh || before->closed_ns > attempt->begun_ns ||
            !inquiry_is_alone(evidence, before) ||
            !attempts_are_known(evidence, request, attempt->begun_ns))
            continue;
        inquiry->exercised = true;
        uint64_t most = backoff_most_ns(&inquiry_retry(evidence)->backoff, before->number);
        if (attempt->begun_ns - before->closed_ns > most)
            findings_add(inquiry->findings,
                         "%s was tried again at %s on %s, %s after attempt %u had ended: the "
                         "back-off is at most %s",
                         request_name(request, name),
                         moment_format(attempt->begun_ns, evidence->began_ns, began),
                         inquiry_upstream(evidence, attempt),
                         duration_format(attempt->begun_ns - before->closed_ns, waited),
                         before->number, duration_format(most, bound));
    }
}

enum claim_answer claim_backoff_within_bounds(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->trace == NULL || evidence->world != WORLD_SIM ||
        evidence->scenario->needs_nameserver || !attempts_are_all_seen(evidence) ||
        hooks_wait(evidence))
        return CLAIM_NOT_EXERCISED; /* also lookups take time, and one that fails is an attempt that nobody sees */
    for (size_t i = 0; i < evidence->request_count; i++)
        if (evidence->requests[i].attempts > 1)
            check_backoff(&inquiry, &evidence->requests[i]);
    return inquiry_end(&inquiry);
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
static void check_budget(struct inquiry *inquiry, const struct request_fact *request)
{
    const struct evidence *evidence = inquiry->evidence;
    char name[EVIDENCE_NAME_BYTES];
    char decided[FINDING_DURATION_BYTES];
    const struct budget_settings *budget = &inquiry_retry(evidence)->budget;
    const struct attempt_fact *before = attempts_next(evidence, request, NULL);
    const struct attempt_fact *attempt = before;
    while (before != NULL && (attempt = attempts_next(evidence, request, before)) != NULL) {
        size_t again = 1 + trying_again(evidence, before->closed_ns, request);
        inquiry->exercised = true;
        size_t live = live_requests(evidence, before->closed_ns);
        if (attempts_follow(before, attempt) && before->closed_ns <= attempt->begun_ns &&
            again > budget->floor && again > live * budget->share_percent / 100)
            findings_add(inquiry->findings,
                         "%s was tried again on %s, decided at %s, with %zu of %zu requests at a "
                         "further attempt: retry_budget allows %u percent, and %u in any case",
                         request_name(request, name), inquiry_upstream(evidence, attempt),
                         moment_format(before->closed_ns, evidence->began_ns, decided), again, live,
                         budget->share_percent, budget->floor);
        before = attempt;
    }
}

enum claim_answer claim_budget_has_room(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->trace == NULL || !inquiry_retry(evidence)->budget.limited ||
        evidence_addresses_most(evidence) > 1 || inquiry_met(evidence, WIRE_FAULT_DELAY))
        return CLAIM_NOT_EXERCISED; /* nobody knows when the proxy gave a connection up, or for which dial */
    for (size_t i = 0; i < evidence->request_count; i++)
        if (evidence->requests[i].attempts > 1)
            check_budget(&inquiry, &evidence->requests[i]);
    return inquiry_end(&inquiry);
}

/* ---- an end --------------------------------------------------------------------------------- */

/* What an attempt may last at most, from its lookup to its head. */
static uint64_t attempt_most_ns(const struct evidence *evidence)
{
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    return QUERY_TIMEOUT_NS + evidence_addresses_most(evidence) * proxy->connect_timeout_ns +
           proxy->handshake_timeout_ns + proxy->response_timeout_ns + proxy->idle_timeout_ns +
           inquiry_retry(evidence)->backoff.max_ns;
}

/* All that the proxy may wait for in all of the case's exchanges, one after the other. */
static uint64_t waits_most_ns(const struct evidence *evidence)
{
    enum { IDLE_WAITS = 4 }; /* for a request, its body, the response's, and the client's end */
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    uint64_t exchanges = evidence->request_count + evidence->record_total + 1;
    uint64_t each = proxy->handshake_timeout_ns + proxy->head_timeout_ns + LINGER_MS * NS_PER_MS +
                    IDLE_WAITS * proxy->idle_timeout_ns +
                    (inquiry_retry(evidence)->retries_max + 1) * attempt_most_ns(evidence);
    return exchanges * each;
}

static bool lets_time_pass(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->steps[i].word == STEP_DELAY || script->steps[i].word == STEP_DRIP ||
            script->steps[i].word == STEP_WAIT)
            return true;
    return false;
}

/* Whether the actors or the network take time of their own, so that no sum of time-outs bounds the run. */
static bool takes_its_time(const struct evidence *evidence)
{
    const struct scenario *scenario = evidence->scenario;
    const struct proxy_settings *proxy = &scenario->proxy;
    bool slow = scenario->network.latency_ns > 0 || hooks_wait(evidence) ||
                proxy->idle_timeout_ns == 0 || proxy->response_timeout_ns == 0 ||
                proxy->connect_timeout_ns == 0 || proxy->head_timeout_ns == 0;
    for (size_t c = 0; c < scenario->client_count; c++)
        slow = slow || lets_time_pass(&scenario->clients[c].script);
    for (size_t u = 0; u < scenario->upstream_count; u++) {
        slow = slow || lets_time_pass(&scenario->upstreams[u].standing);
        for (size_t i = 0; i < scenario->upstreams[u].entry_count; i++)
            slow = slow || lets_time_pass(&scenario->upstreams[u].entries[i].script);
    }
    return slow;
}

/* On a real clock a busy machine adds to every time. */
enum claim_answer claim_run_ends(const struct evidence *evidence, struct findings *findings)
{
    char lasted[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    const uint64_t watched_ns = 5 * NS_PER_S; /* at most so long after all was quiet */
    if (evidence->world != WORLD_SIM || evidence->settled_ns < evidence->began_ns)
        return CLAIM_NOT_EXERCISED;
    uint64_t lasted_ns = evidence->settled_ns - evidence->began_ns;
    uint64_t most =
        watched_ns + evidence->scenario->fault_count * WIRE_DELAY_NS + waits_most_ns(evidence);
    if (lasted_ns <= most)
        return CLAIM_HELD;
    if (takes_its_time(evidence))
        return CLAIM_NOT_EXERCISED;
    findings_add(findings, "the case lasted %s, all time-outs together are %s",
                 duration_format(lasted_ns, lasted), duration_format(most, bound));
    return CLAIM_BROKEN;
}

/* ---- the clock ------------------------------------------------------------------------------ */

enum claim_answer claim_clock_is_exact(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    const struct trace_conduct *conduct = &evidence->conduct;
    inquiry.exercised = conduct->timers_fired > 0;
    if (conduct->times_back > 0)
        findings_add(findings, "the clock went back %" PRIu64 " %s", conduct->times_back,
                     times_word(conduct->times_back));
    if (conduct->timers_early > 0)
        findings_add(findings, "%" PRIu64 " of %" PRIu64 " timers fired before their time",
                     conduct->timers_early, conduct->timers_fired);
    if (conduct->timers_late > 0 && evidence->world == WORLD_SIM)
        findings_add(findings, "%" PRIu64 " of %" PRIu64 " timers fired after their time",
                     conduct->timers_late, conduct->timers_fired);
    return inquiry_end(&inquiry);
}

/* ---- the deadline --------------------------------------------------------------------------- */

static void check_deadline(struct inquiry *inquiry, const struct exchange_record *record)
{
    char lasted[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    uint64_t deadline_ns = inquiry_retry(evidence)->deadline_ns;
    uint64_t tolerance_ns = evidence->world == WORLD_SOCKETS ? JUDGE_TOLERANCE_NS : 0;
    for (unsigned i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        if (record->kind == EXCHANGE_CONNECT || record->kind == EXCHANGE_UPGRADE ||
            attempt->ended_ns < record->begun_ns)
            continue; /* a tunnel lasts for as long as it is used */
        uint64_t lasted_ns = attempt->ended_ns - record->begun_ns;
        inquiry->exercised = true;
        if (lasted_ns > deadline_ns + tolerance_ns)
            findings_add(inquiry->findings,
                         "attempt %u at %s %s ended %s after the exchange began: its deadline is "
                         "%s",
                         i + 1, record->method, record->target, duration_format(lasted_ns, lasted),
                         duration_format(deadline_ns, bound));
    }
}

enum claim_answer claim_deadline_is_kept(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (inquiry_retry(evidence)->deadline_ns == 0 || !inquiry_has_records(evidence) ||
        hooks_wait(evidence))
        return CLAIM_NOT_EXERCISED;
    for (size_t i = 0; i < evidence->record_count; i++)
        check_deadline(&inquiry, &evidence->records[i]);
    return inquiry_end(&inquiry);
}
