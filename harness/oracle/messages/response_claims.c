#include "harness/oracle/messages/response_claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"
#include "harness/verdict/message_judge.h"
#include "harness/verdict/wire_reading.h"

/* RFC 9110 9.3.2, 15.3.5, 15.4.5: such a response ends with its head, whatever its upstream would have sent behind it. */
static bool ends_with_head(const struct outcome_fact *outcome)
{
    return outcome->message->status == 204 || outcome->message->status == 304 ||
           (outcome->request != NULL && strcmp(outcome->request->sent->draft->method, "HEAD") == 0);
}

/* The bytes that its upstream sent, once more. False where nobody can tell which they were. */
static bool read_source(const struct inquiry *inquiry, const struct outcome_fact *outcome,
                        struct wire_reading *was)
{
    if (outcome->attempt == NULL || outcome->attempt->message == NULL)
        return false;
    const struct witness *from = outcome->attempt->connection;
    const struct wire_question question = {.kind = TRANSCRIPT_RESPONSES,
                                           .wire = bytes_make(from->out.data, from->out.size),
                                           .bytes = from->out.bytes,
                                           .closed = from->own_fin,
                                           .asked_by = from,
                                           .number = outcome->attempt->message->number};
    return wire_reading_make(&question, inquiry->findings->region, was);
}

/*
 * What a response is held to: what its upstream meant to send, or where a fault made a byte of it another one, what it sent.
 * NULL where that breaks a rule of HTTP, so that a proxy may do with it what it likes.
 */
static const struct draft *draft_of(const struct inquiry *inquiry,
                                    const struct outcome_fact *outcome, struct wire_reading *was)
{
    if (outcome->source == NULL || !outcome->source->garbled)
        return outcome->source != NULL ? outcome->source->draft : NULL;
    return read_source(inquiry, outcome, was) && was->head_complete && !was->faulty ? &was->draft
                                                                                    : NULL;
}

static const char *difference_of(const struct inquiry *inquiry, const struct outcome_fact *outcome,
                                 enum message_part part, struct phrase *difference)
{
    struct wire_reading was;
    const struct message_comparison what = {outcome->message, draft_of(inquiry, outcome, &was),
                                            &inquiry->evidence->scenario->hooks};
    return what.sent != NULL ? message_part_difference(&what, part, difference) : NULL;
}

static void tell_changed(struct inquiry *inquiry, const struct outcome_fact *outcome,
                         const char *difference)
{
    findings_add(inquiry->findings, "the response %.*s reached the client changed: %s",
                 (int)outcome->message->label.size, (const char *)outcome->message->label.data,
                 difference);
}

static size_t count_fields(const struct witness_message *message, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < message->field_count; i++)
        count += bytes_equal_text_nocase(message->fields[i].name, name);
    return count;
}

/* Whether an upstream garbled what it sent, so that the mark of a response may be another than it meant. */
static bool marks_may_be_garbled(const struct evidence *evidence)
{
    return inquiry_met(evidence, WIRE_FAULT_GARBAGE);
}

enum claim_answer claim_head_of_one_attempt(const struct evidence *evidence,
                                            struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        struct phrase difference;
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || outcome->message->label.size == 0)
            continue;
        inquiry.exercised = true;
        if (count_fields(outcome->message, "X-Attempt") > 1)
            findings_add(findings, "one response carries the marks of two attempts");
        if (outcome->source == NULL && !marks_may_be_garbled(evidence))
            findings_add(findings, "the client got a response %.*s that no upstream sent",
                         (int)outcome->message->label.size,
                         (const char *)outcome->message->label.data);
        else if (difference_of(&inquiry, outcome, MESSAGE_HEAD, &difference) != NULL)
            tell_changed(&inquiry, outcome, difference.text);
    }
    return inquiry_end(&inquiry);
}

/* ---- bodies --------------------------------------------------------------------------------- */

/* A response that came whole to the proxy and, as whole, to its client, but is another size. */
static bool has_other_size(const struct inquiry *inquiry, const struct outcome_fact *outcome,
                           const struct draft *draft)
{
    struct hook_body_changes changes;
    uint64_t declared;
    bool lies = draft->framing == MESSAGE_LENGTH && draft_declares(draft, &declared) &&
                declared != draft->body_bytes;
    hook_plan_body_changes(&inquiry->evidence->scenario->hooks, HOOK_SIDE_RESPONSE, &changes);
    return outcome->complete && outcome->source->bytes == outcome->source->bytes_total &&
           changes.count == 0 && !ends_with_head(outcome) && !lies && draft->status / 100 != 1 &&
           outcome->message->body_bytes != draft->body_bytes &&
           !request_made_tunnel(outcome->request);
}

enum claim_answer claim_body_of_one_attempt(const struct evidence *evidence,
                                            struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        struct wire_reading was;
        struct phrase difference;
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || outcome->source == NULL ||
            outcome->message->body_bytes == 0)
            continue;
        const struct draft *draft = draft_of(&inquiry, outcome, &was);
        if (draft == NULL)
            continue;
        inquiry.exercised = true;
        const struct message_comparison what = {outcome->message, draft,
                                                &evidence->scenario->hooks};
        if (message_part_difference(&what, MESSAGE_BODY, &difference) != NULL)
            tell_changed(&inquiry, outcome, difference.text);
        else if (outcome->request != NULL && has_other_size(&inquiry, outcome, draft))
            findings_add(findings,
                         "the client got the response %.*s as complete with %" PRIu64
                         " body bytes, its upstream sent %" PRIu64,
                         (int)outcome->message->label.size,
                         (const char *)outcome->message->label.data, outcome->message->body_bytes,
                         draft->body_bytes);
    }
    return inquiry_end(&inquiry);
}

/* RFC 9112 6.3, 9.8: what is ended by closing ends wherever its upstream says so, before the proxy gives up. */
static bool said_its_end(const struct outcome_fact *outcome)
{
    const struct attempt_fact *attempt = outcome->attempt;
    return attempt == NULL ||
           (attempt->connection->own_fin && !attempt->connection->handshake.own_cut &&
            attempt->connection->own_end_ns <= attempt->closed_ns);
}

/* Whether its upstream did not send all of it, or sent what cannot be read to its end. */
static bool was_cut(const struct inquiry *inquiry, const struct outcome_fact *outcome)
{
    struct wire_reading was;
    const struct witness_sent *source = outcome->source;
    if (source->garbled)
        return read_source(inquiry, outcome, &was) && was.head_complete && !was.complete;
    return source->bytes < source->bytes_total &&
           !(source->draft->framing == MESSAGE_CLOSE && said_its_end(outcome));
}

enum claim_answer claim_cut_is_told(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || outcome->source == NULL || outcome->source->draft == NULL ||
            ends_with_head(outcome) || !was_cut(&inquiry, outcome))
            continue;
        inquiry.exercised = true;
        if (outcome->complete)
            findings_add(findings,
                         "the client got a clean end of the response %.*s, of which its upstream "
                         "sent %" PRIu64 " of %" PRIu64 " bytes%s",
                         (int)outcome->message->label.size,
                         (const char *)outcome->message->label.data, outcome->source->bytes,
                         outcome->source->bytes_total,
                         outcome->source->garbled ? ", one of them garbled" : "");
    }
    return inquiry_end(&inquiry);
}

enum claim_answer claim_no_body_where_none_is(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || !outcome->message->head_complete ||
            !ends_with_head(outcome))
            continue;
        inquiry.exercised = true;
        if (outcome->message->body_bytes > 0 ||
            (outcome->message->next != NULL && outcome->message->next->unasked))
            findings_add(findings, "the client got bytes behind the head of a %u that has no body",
                         outcome->message->status);
    }
    return inquiry_end(&inquiry);
}

enum claim_answer claim_trailers_go_on(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        struct phrase difference;
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || outcome->source == NULL || outcome->source->draft == NULL ||
            !outcome->complete || outcome->message->framing != MESSAGE_CHUNKED ||
            outcome->source->draft->trailer_count + outcome->message->trailer_count == 0)
            continue;
        inquiry.exercised = true;
        if (difference_of(&inquiry, outcome, MESSAGE_TRAILERS, &difference) != NULL)
            tell_changed(&inquiry, outcome, difference.text);
    }
    return inquiry_end(&inquiry);
}

/* ---- 1xx ------------------------------------------------------------------------------------ */

/* The 1xx of one exchange: those that its upstream sent, those that its client got, the 100s apart. */
struct interims {
    unsigned sent[WITNESS_INTERIMS_MAX];
    unsigned got[WITNESS_INTERIMS_MAX];
    size_t sent_count, got_count;
    size_t sent_continues, got_continues;
};

/* Takes the 100s out, and says how many there were. */
static size_t take_continues(unsigned *statuses, size_t *count)
{
    size_t kept = 0;
    size_t before = *count;
    for (size_t i = 0; i < before; i++)
        if (statuses[i] != 100)
            statuses[kept++] = statuses[i];
    *count = kept;
    return before - kept;
}

/* False where nobody can tell which request they belong to, or they may not go on. */
static bool find_interims(const struct outcome_fact *outcome, struct interims *out)
{
    const struct witness *connection = outcome->attempt->connection;
    const struct witness_message *message = outcome->message;
    struct bytes wire = bytes_make(connection->out.data, connection->out.size);
    out->sent_count = wire_reading_take_interims(&wire, out->sent, COUNT_OF(out->sent));
    out->got_count = message->interim_count;
    if (request_is_of_old_client(outcome->request) || connection->garbled ||
        connection->received == NULL || connection->received->next != NULL ||
        out->sent_count > COUNT_OF(out->sent) || out->got_count > COUNT_OF(out->got))
        return false;
    memcpy(out->got, message->interims, out->got_count * sizeof(*out->got));
    out->sent_continues = take_continues(out->sent, &out->sent_count);
    out->got_continues = take_continues(out->got, &out->got_count);
    return true;
}

/* Adds "103 103 and 1 of 100". */
static void tell_interims(const unsigned *statuses, size_t count, size_t continues,
                          struct phrase *phrase)
{
    for (size_t i = 0; i < count; i++)
        phrase_add(phrase, "%s%u", i > 0 ? " " : "", statuses[i]);
    phrase_add(phrase, "%s and %zu of 100", count == 0 ? "none" : "", continues);
}

static void tell_difference(struct inquiry *inquiry, const struct outcome_fact *outcome,
                            const struct interims *interims)
{
    struct phrase tale;
    tale.used = 0;
    phrase_add(&tale, "the client got the 1xx responses ");
    tell_interims(interims->got, interims->got_count, interims->got_continues, &tale);
    phrase_add(&tale, " before the response %.*s, whose upstream sent ",
               (int)outcome->message->label.size, (const char *)outcome->message->label.data);
    tell_interims(interims->sent, interims->sent_count, interims->sent_continues, &tale);
    findings_add(inquiry->findings, "%s", tale.text);
}

/* A whole response whose attempt is known, to the request that it is for. */
static bool has_answer(const struct outcome_fact *outcome)
{
    return outcome->message != NULL && outcome->complete && outcome->attempt != NULL &&
           outcome->request != NULL && outcome->attempt->request == outcome->request;
}

enum claim_answer claim_interims_once(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        struct interims is;
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (!has_answer(outcome) || !find_interims(outcome, &is))
            continue;
        inquiry.exercised = inquiry.exercised || is.sent_count + is.got_count > 0;
        if (is.sent_count != is.got_count ||
            memcmp(is.sent, is.got, is.got_count * sizeof(*is.got)) != 0)
            tell_difference(&inquiry, outcome, &is);
    }
    return inquiry_end(&inquiry);
}

/*
 * A 100 stands apart: where there was an earlier attempt its 100s may have gone on in place of these (decision 12 of the
 * design).
 */
enum claim_answer claim_continue_is_passed_on(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        struct interims is;
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (!has_answer(outcome) || !find_interims(outcome, &is))
            continue;
        bool others = outcome->request->attempts > 1 ||
                      !attempts_are_known(evidence, outcome->request, evidence->ended_ns);
        inquiry.exercised = inquiry.exercised || outcome->request->sent->draft->expect_continue ||
                            is.sent_continues + is.got_continues > 0;
        if (!others && is.got_continues != is.sent_continues)
            tell_difference(&inquiry, outcome, &is);
    }
    return inquiry_end(&inquiry);
}

/* ---- the last one --------------------------------------------------------------------------- */

/* Whether the upstream's response came whole to the proxy, with nothing beside it and nothing to hinder its delivery. */
static bool is_deliverable(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    const struct witness_sent *answer = attempt->answer;
    return answer != NULL && answer->complete_ns != 0 && answer->bytes == answer->bytes_total &&
           !attempt->connection->garbled && attempt->connection->out.bytes == answer->bytes &&
           answer->bytes_total - answer->draft->body_bytes < proxy->head_bytes_max &&
           answer->complete_ns + attempts_latency_ns(evidence) <= attempt->closed_ns &&
           attempt->request->gone_ns == 0 && !attempt->request->connection->garbled &&
           attempts_are_all_seen(evidence) &&
           attempts_are_known(evidence, attempt->request, evidence->ended_ns) &&
           evidence->scenario->retry.deadline_ns == 0 &&
           evidence->scenario->retry.per_try_timeout_ns == 0 &&
           !evidence->scenario->hooks.installed;
}

static const struct attempt_fact *last_attempt(const struct evidence *evidence,
                                               const struct request_fact *request)
{
    const struct attempt_fact *last = NULL;
    const struct attempt_fact *next = NULL;
    while ((next = attempts_next(evidence, request, last)) != NULL)
        last = next;
    return last;
}

enum claim_answer claim_last_response_is_given(const struct evidence *evidence,
                                               struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (status_set_is_empty(&inquiry_retry(evidence)->on_status))
        return CLAIM_NOT_EXERCISED;
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        char moment[FINDING_DURATION_BYTES];
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || outcome->message->status == 0 || outcome->request == NULL)
            continue;
        const struct attempt_fact *last = last_attempt(evidence, outcome->request);
        if (last == NULL || !is_deliverable(evidence, last) ||
            !status_set_has(&inquiry_retry(evidence)->on_status, last->answer->draft->status))
            continue;
        inquiry.exercised = true;
        if (outcome->message->label.size == 0)
            findings_add(findings,
                         "the client got a %u of the proxy although the last attempt, at %s on %s, "
                         "was answered with %u",
                         outcome->message->status,
                         moment_format(last->begun_ns, evidence->began_ns, moment),
                         inquiry_upstream(evidence, last), last->answer->draft->status);
    }
    return inquiry_end(&inquiry);
}
