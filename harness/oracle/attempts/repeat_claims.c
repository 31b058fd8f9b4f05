#include "harness/oracle/attempts/repeat_claims.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"

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

static void compare_messages(const struct witness_message *a, const struct witness_message *b,
                             struct phrase *difference)
{
    if (strcmp(a->method, b->method) != 0 || strcmp(a->target, b->target) != 0)
        phrase_add(difference, "the request line");
    else if (a->framing != b->framing)
        phrase_add(difference, "the framing %s and %s", message_framing_word(a->framing),
                   message_framing_word(b->framing));
    else
        compare_fields(a, b, difference);
    if (a->complete && b->complete && a->body_bytes != b->body_bytes)
        phrase_add(difference, "%" PRIu64 " and %" PRIu64 " body bytes", a->body_bytes,
                   b->body_bytes);
}

/* A head that was cut, on a connection of its own: a beginning of the whole one, but for Expect, or the other way round. */
static void compare_beginnings(const struct attempt_fact *a, const struct attempt_fact *b,
                               struct phrase *difference)
{
    const struct witness_stream *one = &a->connection->in;
    const struct witness_stream *other = &b->connection->in;
    size_t both = one->size < other->size ? one->size : other->size;
    if (a->request->sent->draft->expect_continue || a->message->number != 1 ||
        b->message->number != 1 || both == 0)
        return;
    size_t same = 0;
    while (same < both && one->data[same] == other->data[same])
        same++;
    if (same < both)
        phrase_add(difference, "byte %zu of their heads", same);
}

/* RFC 9112 6: an attempt that frames its body in another way is another request to some server. */
static void check_alike(struct inquiry *inquiry, const struct attempt_fact *first,
                        const struct attempt_fact *other)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase difference;
    difference.used = 0;
    inquiry->exercised = true;
    if (first->message->head_complete && other->message->head_complete)
        compare_messages(first->message, other->message, &difference);
    else
        compare_beginnings(first, other, &difference);
    if (difference.used > 0)
        findings_add(inquiry->findings, "attempts %u on %s and %u on %s at %s differ in %s",
                     first->number, inquiry_upstream(inquiry->evidence, first), other->number,
                     inquiry_upstream(inquiry->evidence, other), request_name(first->request, name),
                     difference.text);
}

enum claim_answer claim_same_again(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->scenario->hooks.actions[HOOK_UPSTREAM_REQUEST_FILTER] != NULL)
        return CLAIM_NOT_EXERCISED; /* the hook writes each attempt's head */
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct attempt_fact *first = NULL;
        const struct attempt_fact *attempt = NULL;
        if (evidence->requests[i].begun < 2)
            continue;
        while ((attempt = attempts_next(evidence, &evidence->requests[i], attempt)) != NULL)
            if (attempt->message == NULL || attempt->tunnel)
                continue;
            else if (first == NULL)
                first = attempt;
            else
                check_alike(&inquiry, first, attempt);
    }
    return inquiry_end(&inquiry);
}

/* ---- is all of it there? -------------------------------------------------------------------- */

/* More of its body had reached an upstream than may be kept, so that its beginning was gone. */
static void check_consumed(struct inquiry *inquiry, const struct inquiry_pair *pair)
{
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    size_t kept = inquiry_retry(evidence)->replay_bytes;
    if (pair->before->message == NULL || pair->before->message->body_bytes == 0)
        return;
    inquiry->exercised = true;
    if (pair->before->message->body_bytes > kept)
        findings_add(inquiry->findings,
                     "%s was tried again at %s on %s although %" PRIu64
                     " bytes of its body had reached %s, of which replay_buffer_bytes keeps %zu",
                     request_name(pair->next->request, name),
                     moment_format(pair->next->begun_ns, evidence->began_ns, moment),
                     inquiry_upstream(evidence, pair->next), pair->before->message->body_bytes,
                     inquiry_upstream(evidence, pair->before), kept);
}

static void check_kept(struct inquiry *inquiry, const struct exchange_record *record)
{
    size_t most = inquiry_retry(inquiry->evidence)->replay_bytes;
    inquiry->exercised = inquiry->exercised || record->replay_bytes_peak > 0;
    if (record->replay_bytes_peak > most)
        findings_add(inquiry->findings,
                     "the record of %s %s says that %" PRIu64
                     " body bytes were kept for a retry, replay_buffer_bytes is %zu",
                     record->method, record->target, record->replay_bytes_peak, most);
}

enum claim_answer claim_replayed_whole(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->request_count; i++) {
        struct inquiry_pair pair = {NULL, NULL};
        while (evidence->requests[i].attempts > 1 &&
               inquiry_next_pair(evidence, &evidence->requests[i], &pair))
            check_consumed(&inquiry, &pair);
    }
    for (size_t i = 0; i < evidence->record_count && inquiry_has_records(evidence); i++)
        check_kept(&inquiry, &evidence->records[i]);
    return inquiry_end(&inquiry);
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

/*
 * Whether the attempt cannot have counted against its upstream (decision 13): its connection was kept, or it was over before
 * any time-out could have ended it and a byte of its request had been read there. Of a connection used before nobody saw when
 * the attempt on it began.
 */
static bool is_no_failure(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    const struct retry_settings *retry = inquiry_retry(evidence);
    if (evidence->trace == NULL)
        return false;
    if (attempt->closed_ns == TIME_NEVER)
        return true;
    if (!attempt->fresh || attempt->message == NULL || retry->deadline_ns > 0 ||
        retry->per_try_timeout_ns > 0)
        return false;
    uint64_t lasted_ns = attempt->closed_ns - attempt->begun_ns;
    return (proxy->response_timeout_ns == 0 || lasted_ns < proxy->response_timeout_ns) &&
           (proxy->idle_timeout_ns == 0 || lasted_ns < proxy->idle_timeout_ns);
}

/* Whether so many attempts at it can have failed before that time that the proxy may pass it over (decision 13). */
static bool may_be_ejected(const struct evidence *evidence, size_t upstream, uint64_t at_ns)
{
    size_t failed = attempts_unseen(evidence, upstream);
    for (size_t i = 0; i < evidence->attempt_count; i++)
        failed += evidence->attempts[i].upstream == upstream &&
                  evidence->attempts[i].begun_ns <= at_ns &&
                  !is_cancelled(evidence, &evidence->attempts[i]) &&
                  !is_no_failure(evidence, &evidence->attempts[i]);
    return failed >= EJECT_AFTER_FAILURES;
}

/*
 * A hook, a route's own list, the request's target or a nameserver says where an attempt goes; and one that ended while its
 * name was looked up, or for which there was no descriptor, nobody has seen.
 */
static bool is_chosen_elsewhere(const struct evidence *evidence)
{
    const struct scenario *scenario = evidence->scenario;
    return scenario->hooks.actions[HOOK_UPSTREAM_PEER] != NULL || scenario->proxy.route_count > 0 ||
           scenario->proxy.mode == MODE_FORWARD || scenario->names_are_scripted ||
           (scenario->needs_nameserver &&
            (scenario->retry.per_try_timeout_ns > 0 || inquiry_is_faulty(evidence)));
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
static void check_other_upstream(struct inquiry *inquiry, const struct attempt_fact *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct scenario *scenario = evidence->scenario;
    inquiry->exercised = inquiry->exercised || scenario->proxy_upstream_count > 1;
    if (!was_tried_before(evidence, attempt, attempt->upstream))
        return;
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++) {
        size_t other = scenario->proxy_upstreams[i];
        if (was_tried_before(evidence, attempt, other) || attempts_unseen(evidence, other) > 0 ||
            may_be_ejected(evidence, other, attempt->begun_ns))
            continue;
        findings_add(inquiry->findings,
                     "%s was tried on %s again, at %s, although %s had not been tried",
                     request_name(attempt->request, name), inquiry_upstream(evidence, attempt),
                     moment_format(attempt->begun_ns, evidence->began_ns, began),
                     scenario->upstream_names[other]);
        return;
    }
}

static void check_next_upstream(struct inquiry *inquiry, const struct inquiry_pair *pair)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    if (!inquiry_retry(evidence)->stay) {
        check_other_upstream(inquiry, pair->next);
        return;
    }
    inquiry->exercised = true;
    if (pair->before->upstream != pair->next->upstream)
        findings_add(inquiry->findings,
                     "%s was tried on %s at %s after %s, although retry_other_upstream is false",
                     request_name(pair->next->request, name),
                     inquiry_upstream(evidence, pair->next),
                     moment_format(pair->next->begun_ns, evidence->began_ns, began),
                     inquiry_upstream(evidence, pair->before));
}

/* A connection whose response was read whole, and is one to retry, may serve again; one on which an attempt failed may not. */
static void check_connection(struct inquiry *inquiry, const struct inquiry_pair *pair)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct attempt_fact *before = pair->before;
    const struct attempt_fact *next = pair->next;
    inquiry->exercised = true;
    moment_format(next->begun_ns, inquiry->evidence->began_ns, began);
    bool failed = before->answer == NULL || before->answer->complete_ns == 0;
    if (failed && before->connection != NULL && before->connection == next->connection)
        findings_add(inquiry->findings,
                     "%s was tried again at %s on the connection to %s on which it had failed",
                     request_name(next->request, name), began,
                     inquiry_upstream(inquiry->evidence, next));
    else if (!before->fresh && !next->fresh && before->answer == NULL)
        findings_add(inquiry->findings,
                     "%s was tried on a connection to %s used before, at %s, although the attempt "
                     "before failed on one",
                     request_name(next->request, name), inquiry_upstream(inquiry->evidence, next),
                     began);
}

typedef void check_pair(struct inquiry *inquiry, const struct inquiry_pair *pair);

/* Each further attempt of which it is known which one came before. */
static void check_pairs(struct inquiry *inquiry, check_pair *check_one)
{
    const struct evidence *evidence = inquiry->evidence;
    if (is_chosen_elsewhere(evidence))
        return;
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *request = &evidence->requests[i];
        struct inquiry_pair pair = {NULL, NULL};
        while (request->attempts > 1 && inquiry_next_pair(evidence, request, &pair) &&
               attempts_are_known(evidence, request, pair.next->begun_ns))
            check_one(inquiry, &pair);
    }
}

enum claim_answer claim_untried_upstreams_first(const struct evidence *evidence,
                                                struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    check_pairs(&inquiry, check_next_upstream);
    return inquiry_end(&inquiry);
}

enum claim_answer claim_another_connection(const struct evidence *evidence,
                                           struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    check_pairs(&inquiry, check_connection);
    return inquiry_end(&inquiry);
}

static bool was_refused(const struct attempt_fact *attempt)
{
    return attempt->fresh && attempt->stream != NULL && attempt->stream->outcome == -ECONNREFUSED &&
           attempt->request != NULL && attempt->request->gone_ns == 0;
}

/* Whether no other attempt at its request came before it: one that was answered whole is the last, whenever it was seen. */
static bool came_first(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *other = &evidence->attempts[i];
        if (other == attempt || other->request != attempt->request)
            continue;
        bool behind = other->fresh ? other->begun_ns > attempt->begun_ns
                                   : other->answer != NULL && other->answer->complete_ns != 0;
        if (!behind)
            return false;
    }
    return status_set_is_empty(&inquiry_retry(evidence)->on_status);
}

/* Whether the attempt was over when the exchange of the other one began: requests of one connection are served one by one. */
static bool was_over(const struct attempt_fact *attempt, const struct attempt_fact *later)
{
    const struct request_fact *request = attempt->request;
    const struct request_fact *behind = later->request;
    return attempt->closed_ns < behind->sent->begun_ns ||
           (request->connection == behind->connection &&
            request->sent->number < behind->sent->number);
}

/*
 * Whether it is sure that its upstream was out when the request came: every dial to it was refused, at least three in exchanges
 * before this one, the last of those not long ago.
 */
static bool is_ejected(const struct evidence *evidence, const struct attempt_fact *first)
{
    const struct retry_settings *retry = inquiry_retry(evidence);
    unsigned refused = 0;
    uint64_t last_ns = 0;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *a = &evidence->attempts[i];
        if (a->upstream != first->upstream || a == first)
            continue;
        if (!was_refused(a))
            return false;
        if (!was_over(a, first))
            continue;
        refused++;
        last_ns = a->closed_ns > last_ns ? a->closed_ns : last_ns;
    }
    return refused >= EJECT_AFTER_FAILURES && first->begun_ns - last_ns < EJECT_MS * NS_PER_MS &&
           retry->deadline_ns == 0 && retry->per_try_timeout_ns == 0 &&
           evidence_addresses_most(evidence) == 1;
}

/* Decision 13: who is out is not asked, as long as another one is not. */
static void check_ejected(struct inquiry *inquiry, const struct attempt_fact *first)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct scenario *scenario = evidence->scenario;
    if (!is_ejected(evidence, first) || !came_first(evidence, first))
        return;
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++) {
        size_t other = scenario->proxy_upstreams[i];
        if (other == first->upstream || may_be_ejected(evidence, other, first->begun_ns))
            continue;
        findings_add(
            inquiry->findings,
            "%s went to %s at %s although that had failed %d times in a row and %s had not",
            request_name(first->request, name), inquiry_upstream(evidence, first),
            moment_format(first->begun_ns, evidence->began_ns, began), EJECT_AFTER_FAILURES,
            scenario->upstream_names[other]);
        return;
    }
}

/* The first upstream that is not out takes the first attempt; a client's cancel puts none out. */
static void check_first_choice(struct inquiry *inquiry, const struct attempt_fact *first)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct scenario *scenario = evidence->scenario;
    inquiry->exercised = inquiry->exercised || scenario->proxy_upstream_count > 1;
    for (size_t i = 0;
         i < scenario->proxy_upstream_count && scenario->proxy_upstreams[i] != first->upstream;
         i++) {
        if (may_be_ejected(evidence, scenario->proxy_upstreams[i], first->begun_ns))
            continue;
        findings_add(inquiry->findings,
                     "%s went to %s at %s although %s comes first and had not failed %d times",
                     request_name(first->request, name), inquiry_upstream(evidence, first),
                     moment_format(first->begun_ns, evidence->began_ns, began),
                     scenario->upstream_names[scenario->proxy_upstreams[i]], EJECT_AFTER_FAILURES);
        return;
    }
}

enum claim_answer claim_passed_over_only_for_failures(const struct evidence *evidence,
                                                      struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->scenario->proxy.select != SELECT_FIRST || is_chosen_elsewhere(evidence) ||
        !attempts_are_all_seen(evidence))
        return CLAIM_NOT_EXERCISED;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        if (attempt->request == NULL ||
            !attempts_are_known(evidence, attempt->request, attempt->begun_ns))
            continue;
        if (attempt->number == 1 && inquiry_is_alone(evidence, attempt))
            check_first_choice(&inquiry, attempt);
        if (attempt->fresh)
            check_ejected(&inquiry, attempt);
    }
    return inquiry_end(&inquiry);
}
