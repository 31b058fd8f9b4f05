#include "harness/verdict/retry_claims.h"

#include <inttypes.h>
#include <stdlib.h>

#include "harness/verdict/attempts.h"
#include "harness/verdict/judge.h"

/* ---- words ---------------------------------------------------------------------------------- */

static const char *upstream_name(const struct evidence *evidence,
                                 const struct attempt_fact *attempt)
{
    return evidence->scenario->upstream_names[attempt->upstream];
}

static const struct retry_settings *settings_of(const struct evidence *evidence)
{
    return &evidence->scenario->proxy.retry;
}

/* ---- may it be sent twice? ------------------------------------------------------------------ */

/* Whether a hook asks for another attempt after that happened. */
static bool hook_retries(const struct evidence *evidence, enum hook_name hook)
{
    const struct hook_action *action = evidence->scenario->hooks.actions[hook];
    while (action != NULL && action->wish != RETRY_AGAIN)
        action = action->next;
    return action != NULL;
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

/* Whether anything in the settings tries again what an upstream may have seen. */
static bool repeats_what_was_written(const struct evidence *evidence)
{
    const struct retry_settings *retry = settings_of(evidence);
    const unsigned after_write = RETRY_ON(RESET) | RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD) |
                                 RETRY_ON(RESPONSE_TIMEOUT) | RETRY_ON(REUSED);
    return retry->policy == RETRY_IDEMPOTENT || retry->on_reused ||
           hook_retries(evidence, HOOK_ERROR_WHILE_PROXY) ||
           hook_retries(evidence, HOOK_UPSTREAM_RESPONSE_DECISION) ||
           !status_set_is_empty(&retry->on_status) ||
           (retry->policy == RETRY_CONDITIONS && (retry->conditions & after_write) != 0);
}

/* RFC 9110 9.2.2: what may have been applied is not sent again, unless the method or the route says that it may be. */
static bool may_be_repeated(const struct evidence *evidence, const struct request_fact *request)
{
    return repeats_what_was_written(evidence) &&
           (request_is_idempotent(request) || settings_of(evidence)->non_idempotent);
}

size_t retry_claims_duplicates_by_policy(const struct evidence *evidence)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->request_count; i++)
        count += evidence->requests[i].begun > 1 &&
                 !request_is_idempotent(&evidence->requests[i]) &&
                 may_be_repeated(evidence, &evidence->requests[i]);
    return count;
}

/* Adds what reached upstreams of one request. */
static void tell_copies(const struct evidence *evidence, const struct request_fact *request,
                        struct phrase *tale)
{
    char moment[FINDING_DURATION_BYTES];
    unsigned number = 0;
    for (size_t i = 0; i < evidence->arrival_count; i++) {
        const struct arrival_fact *arrival = &evidence->arrivals[i];
        if (arrival->request != request)
            continue;
        phrase_add(tale, "%scopy %u at %s on %s, %" PRIu64 " of %" PRIu64 " body bytes",
                   number == 0 ? "" : "; ", number + 1,
                   moment_format(arrival->message->begun_ns, evidence->began_ns, moment),
                   evidence->scenario->upstream_names[arrival->upstream],
                   arrival->message->body_bytes, request->sent->draft->body_bytes);
        number++;
    }
}

/* Written by one attempt, whether or not it was read, and tried again. Copies that were read are told by themselves. */
static void check_written(const struct evidence *evidence, const struct request_fact *request,
                          struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    const struct attempt_fact *attempt = NULL;
    while ((attempt = attempts_next(evidence, request, attempt)) != NULL) {
        const struct attempt_fact *next = attempts_next(evidence, request, attempt);
        if (next == NULL || attempt->written == 0 || !attempts_follow(attempt, next))
            continue;
        findings_add(
            findings, "%s was tried again at %s on %s although bytes of it had been written to %s",
            request_name(request, name), moment_format(next->begun_ns, evidence->began_ns, moment),
            upstream_name(evidence, next), upstream_name(evidence, attempt));
        return;
    }
}

static void check_duplicates(const struct evidence *evidence, const struct request_fact *request,
                             struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    if (may_be_repeated(evidence, request))
        return;
    if (request->begun < 2) {
        check_written(evidence, request, findings);
        return;
    }
    tell_copies(evidence, request, &tale);
    if (request->delivered > 1)
        findings_add(findings, "%s reached upstreams %u times, expected 1: %s",
                     request_name(request, name), request->delivered, tale.text);
    else
        findings_add(findings,
                     "%s was begun %u times although a byte of it had reached an upstream: %s",
                     request_name(request, name), request->begun, tale.text);
}

/* ---- is it the same again? ------------------------------------------------------------------ */

/* Expect is dropped once a 100 went down (decision 12 of the design); all else is the request's. */
static const struct message_field *next_field(const struct witness_message *message, size_t *at)
{
    while (*at < message->field_count &&
           bytes_equal_text_nocase(message->fields[*at].name, "expect"))
        (*at)++;
    return *at < message->field_count ? &message->fields[(*at)++] : NULL;
}

static void compare_fields(const struct witness_message *a, const struct witness_message *b,
                           struct phrase *difference)
{
    size_t at_a = 0;
    size_t at_b = 0;
    for (;;) {
        const struct message_field *one = next_field(a, &at_a);
        const struct message_field *other = next_field(b, &at_b);
        if (one == NULL && other == NULL)
            return;
        const struct message_field *shown = one != NULL ? one : other;
        if (one != NULL && other != NULL && bytes_equal_nocase(one->name, other->name) &&
            bytes_equal(one->value, other->value))
            continue;
        phrase_add(difference, "the field %.*s", (int)shown->name.size,
                   (const char *)shown->name.data);
        return;
    }
}

/* RFC 9112 6: an attempt that frames its body in another way is another request to some server. */
static void check_alike(const struct evidence *evidence, const struct request_fact *request,
                        struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct attempt_fact *first = NULL;
    const struct attempt_fact *other = NULL;
    if (evidence->scenario->hooks.actions[HOOK_UPSTREAM_REQUEST_FILTER] != NULL)
        return; /* the hook writes each attempt's head */
    while ((other = attempts_next(evidence, request, other)) != NULL) {
        struct phrase difference = {.used = 0};
        if (other->message == NULL || !other->message->head_complete)
            continue;
        if (first == NULL) {
            first = other;
            continue;
        }
        const struct witness_message *a = first->message;
        const struct witness_message *b = other->message;
        if (a->framing != b->framing)
            phrase_add(&difference, "the framing %s and %s", message_framing_word(a->framing),
                       message_framing_word(b->framing));
        else
            compare_fields(a, b, &difference);
        if (a->complete && b->complete && a->body_bytes != b->body_bytes)
            phrase_add(&difference, "%" PRIu64 " and %" PRIu64 " body bytes", a->body_bytes,
                       b->body_bytes);
        if (difference.used > 0)
            findings_add(findings, "attempts %u on %s and %u on %s at %s differ in %s",
                         first->number, upstream_name(evidence, first), other->number,
                         upstream_name(evidence, other), request_name(request, name),
                         difference.text);
    }
}

/* ---- how many, and one at a time ------------------------------------------------------------ */

static void check_count(const struct evidence *evidence, const struct request_fact *request,
                        struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    unsigned most = settings_of(evidence)->retries_max + 1;
    if (request->attempts <= most && request->begun <= most)
        return;
    attempts_tell(evidence, request, &tale);
    findings_add(findings, "%s was tried %u times, max_retries allows %u: %s",
                 request_name(request, name), request->attempts, most, tale.text);
}

/* All together, those too of which nobody knows whose they are. Raw bytes may be requests, and so have records. */
static void check_total(const struct evidence *evidence, struct findings *findings)
{
    struct phrase tale = {.used = 0};
    size_t per_request = (size_t)settings_of(evidence)->retries_max + 1;
    size_t requests = evidence->request_count;
    if (evidence->record_total > requests)
        requests = (size_t)evidence->record_total;
    if (evidence->trace == NULL && requests < evidence->outcome_count)
        requests = evidence->outcome_count;
    if (evidence->total.attempts <= requests * per_request)
        return;
    evidence_tell_dials(evidence, UPSTREAMS_MAX, &tale);
    findings_add(findings, "%zu attempts were made, max_retries allows %zu: %s",
                 evidence->total.attempts, requests * per_request, tale.text);
}

/* The earlier connection is closed, or its response is out, before the next attempt begins. */
static void check_overlap(const struct evidence *evidence, const struct request_fact *request,
                          struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    const struct attempt_fact *a = NULL;
    while ((a = attempts_next(evidence, request, a)) != NULL)
        for (const struct attempt_fact *b = a;
             (b = attempts_next(evidence, request, b)) != NULL && tale.used == 0;)
            if (a->ended_ns > b->begun_ns && (attempts_follow(a, b) || b->ended_ns > a->begun_ns))
                attempts_tell(evidence, request, &tale);
    if (tale.used > 0)
        findings_add(findings, "two attempts at one request overlap: %s, %s",
                     request_name(request, name), tale.text);
}

/* ---- when ----------------------------------------------------------------------------------- */

static void check_cancel(const struct evidence *evidence, const struct request_fact *request,
                         struct findings *findings)
{
    char gone[FINDING_DURATION_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct attempt_fact *attempt = NULL;
    if (evidence->scenario->proxy.client_half_close_allowed)
        return;
    while ((attempt = attempts_next(evidence, request, attempt)) != NULL)
        if (attempt->client_gone)
            findings_add(findings,
                         "an attempt began at %s on %s although the client was gone at %s",
                         moment_format(attempt->begun_ns, evidence->began_ns, began),
                         upstream_name(evidence, attempt),
                         moment_format(request->gone_ns, evidence->began_ns, gone));
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

/*
 * Attempts on connections used before of which no byte arrived: a fault came first, or the connection was closed before
 * its upstream read what was written. Nobody knows when they were.
 */
static size_t unseen_attempts(const struct evidence *evidence, size_t upstream)
{
    size_t unseen = evidence->pre_write_reused[upstream];
    /* Nor does anybody know how often a subject in a process of its own dialled in vain. */
    if (evidence->trace == NULL && evidence->scenario->upstreams[upstream].listen != LISTEN_OPEN)
        unseen += EJECT_AFTER_FAILURES;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        const struct witness_message *seen = attempt->message;
        bool last = seen != NULL && seen->next == NULL;
        unseen += attempt->upstream == upstream && last && attempt->unread &&
                  (seen->complete || attempt->answer != NULL);
    }
    return unseen;
}

static bool sees_all_attempts(const struct evidence *evidence)
{
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        if (unseen_attempts(evidence, u) > 0)
            return false;
    return true;
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
    if (evidence->world != WORLD_SIM || !sees_all_attempts(evidence) || hooks_wait(evidence))
        return;
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
        if (request->response != NULL && request->response->complete_ns != 0)
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
    while (budget->limited && before != NULL &&
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

/* ---- where ---------------------------------------------------------------------------------- */

/* An attempt that its client ended: it says nothing about the upstream. */
static bool is_cancelled(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    return !evidence->scenario->proxy.client_half_close_allowed && attempt->request != NULL &&
           attempt->request->gone_ns != 0 && attempt->request->gone_ns <= attempt->closed_ns &&
           attempt->answer == NULL &&
           (attempt->connection == NULL || attempt->connection->own_end == WITNESS_OPEN);
}

/* Whether so many attempts at it can have failed before that time that the proxy may pass it over (decision 13). */
static bool may_be_ejected(const struct evidence *evidence, size_t upstream, uint64_t at_ns)
{
    size_t failed = unseen_attempts(evidence, upstream);
    for (size_t i = 0; i < evidence->attempt_count; i++)
        failed += evidence->attempts[i].upstream == upstream &&
                  evidence->attempts[i].begun_ns <= at_ns &&
                  !is_cancelled(evidence, &evidence->attempts[i]);
    return failed >= EJECT_AFTER_FAILURES;
}

static bool was_tried_before(const struct evidence *evidence, const struct attempt_fact *before,
                             size_t upstream)
{
    for (const struct attempt_fact *a = evidence->attempts; a < before; a++)
        if (a->request == before->request && a->upstream == upstream)
            return true;
    return false;
}

/* Decision 8 of the design: upstreams not yet tried come first. */
static void check_other_upstream(const struct evidence *evidence,
                                 const struct attempt_fact *attempt, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct scenario *scenario = evidence->scenario;
    if (!was_tried_before(evidence, attempt, attempt->upstream))
        return;
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++) {
        size_t other = scenario->proxy_upstreams[i];
        if (was_tried_before(evidence, attempt, other) || unseen_attempts(evidence, other) > 0 ||
            may_be_ejected(evidence, other, attempt->begun_ns))
            continue;
        findings_add(findings, "%s was tried on %s again, at %s, although %s had not been tried",
                     request_name(attempt->request, name), upstream_name(evidence, attempt),
                     moment_format(attempt->begun_ns, evidence->began_ns, began),
                     scenario->upstream_names[other]);
        return;
    }
}

static void check_next_choice(const struct evidence *evidence, const struct attempt_fact *before,
                              const struct attempt_fact *attempt, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    moment_format(attempt->begun_ns, evidence->began_ns, began);
    if (!attempts_follow(before, attempt))
        return;
    if (!settings_of(evidence)->stay)
        check_other_upstream(evidence, attempt, findings);
    else if (before->upstream != attempt->upstream)
        findings_add(findings,
                     "%s was tried on %s at %s after %s, although retry_other_upstream is false",
                     request_name(attempt->request, name), upstream_name(evidence, attempt), began,
                     upstream_name(evidence, before));
    if (!before->fresh && !attempt->fresh && before->answer == NULL)
        findings_add(findings,
                     "%s was tried on a connection to %s used before, at %s, although the attempt "
                     "before failed on one",
                     request_name(attempt->request, name), upstream_name(evidence, attempt), began);
}

/* The first upstream that is not out takes the first attempt; a client's cancel puts none out. */
static void check_first_choice(const struct evidence *evidence, const struct attempt_fact *first,
                               struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct scenario *scenario = evidence->scenario;
    for (size_t i = 0;
         scenario->proxy.select == SELECT_FIRST && i < scenario->proxy_upstream_count &&
         scenario->proxy_upstreams[i] != first->upstream;
         i++) {
        if (may_be_ejected(evidence, scenario->proxy_upstreams[i], first->begun_ns))
            continue;
        findings_add(findings,
                     "%s went to %s at %s although %s comes first and had not failed %d times",
                     request_name(first->request, name), upstream_name(evidence, first),
                     moment_format(first->begun_ns, evidence->began_ns, began),
                     scenario->upstream_names[scenario->proxy_upstreams[i]], EJECT_AFTER_FAILURES);
        return;
    }
}

static void check_choices(const struct evidence *evidence, const struct request_fact *request,
                          struct findings *findings)
{
    const struct attempt_fact *before = NULL;
    const struct attempt_fact *attempt = NULL;
    if (evidence->scenario->hooks.actions[HOOK_UPSTREAM_PEER] != NULL)
        return; /* the hook chooses */
    for (; (attempt = attempts_next(evidence, request, attempt)) != NULL; before = attempt)
        if (!attempts_are_known(evidence, request, attempt->begun_ns))
            return;
        else if (before != NULL)
            check_next_choice(evidence, before, attempt, findings);
        else if (sees_all_attempts(evidence))
            check_first_choice(evidence, attempt, findings);
}

/* ---- all of them ---------------------------------------------------------------------------- */

typedef void request_check(const struct evidence *evidence, const struct request_fact *request,
                           struct findings *findings);

void retry_claims_check(const struct evidence *evidence, struct findings *findings)
{
    static request_check *const CHECKS[] = {check_duplicates, check_alike,    check_count,
                                            check_cancel,     check_deadline, check_choices};
    /* These need to know when the proxy gave up a connection. */
    static request_check *const SEAM_CHECKS[] = {check_overlap, check_backoff, check_budget};
    check_total(evidence, findings);
    for (size_t r = 0; r < evidence->request_count; r++) {
        for (size_t i = 0; i < COUNT_OF(CHECKS); i++)
            CHECKS[i](evidence, &evidence->requests[r], findings);
        for (size_t i = 0; i < COUNT_OF(SEAM_CHECKS) && evidence->trace != NULL; i++)
            SEAM_CHECKS[i](evidence, &evidence->requests[r], findings);
    }
}
