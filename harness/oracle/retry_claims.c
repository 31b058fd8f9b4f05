#include "harness/oracle/retry_claims.h"

#include <inttypes.h>

#include "harness/verdict/attempts.h"

/* ---- words ---------------------------------------------------------------------------------- */

static const char *upstream_name(const struct evidence *evidence,
                                 const struct attempt_fact *attempt)
{
    return evidence->scenario->upstream_names[attempt->upstream];
}

static const struct retry_settings *settings_of(const struct evidence *evidence)
{
    return &evidence->scenario->retry;
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

/* All addresses of one name are one attempt (decision 7 of the design), and each is dialled for itself. */
static unsigned dials_most(const struct evidence *evidence)
{
    return (settings_of(evidence)->retries_max + 1) * evidence_addresses_most(evidence);
}

static void check_count(const struct evidence *evidence, const struct request_fact *request,
                        struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    unsigned most = dials_most(evidence);
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
    size_t per_request = dials_most(evidence);
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

/* ---- for whom ----------------------------------------------------------------------------------- */

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

/* ---- all of them ---------------------------------------------------------------------------- */

void retry_claims_check(const struct evidence *evidence, struct findings *findings)
{
    check_total(evidence, findings);
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *request = &evidence->requests[i];
        check_duplicates(evidence, request, findings);
        check_alike(evidence, request, findings);
        check_count(evidence, request, findings);
        check_cancel(evidence, request, findings);
        if (evidence->trace != NULL)
            check_overlap(evidence, request, findings);
    }
}
