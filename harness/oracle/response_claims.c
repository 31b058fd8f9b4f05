#include "harness/oracle/response_claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/verdict/attempts.h"
#include "harness/verdict/message_judge.h"

static size_t count_fields(const struct witness_message *message, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < message->field_count; i++)
        count += bytes_equal_text_nocase(message->fields[i].name, name);
    return count;
}

/* RFC 9110 9.3.2, 15.3.5, 15.4.5: such a response ends with its head, whatever its upstream would have sent behind it. */
static bool ends_with_head(const struct outcome_fact *outcome)
{
    return outcome->message->status == 204 || outcome->message->status == 304 ||
           (outcome->request != NULL && strcmp(outcome->request->sent->draft->method, "HEAD") == 0);
}

/* RFC 9112 6.3: what is ended by closing ends wherever its upstream says FIN. */
static bool ended_with_fin(const struct evidence *evidence, const struct witness_sent *sent)
{
    const struct attempt_fact *attempt = attempts_answered_by(evidence, sent);
    return attempt == NULL || attempt->connection->own_end != WITNESS_RST;
}

/* Its start line stands in two parts where the harness puts the target in between. */
static bool has_version(const struct draft *request, const char *version)
{
    size_t size = strlen(version);
    return memmem(request->start.data, request->start.size, version, size) != NULL ||
           (request->start_rest.size > 0 &&
            memmem(request->start_rest.data, request->start_rest.size, version, size) != NULL);
}

/* A response that an upstream made: all of it from one attempt, and never a clean end of a cut one. */
static void check_forwarded(const struct evidence *evidence, const struct outcome_fact *outcome,
                            const struct witness_sent *sent, struct findings *findings)
{
    const struct witness_message *message = outcome->message;
    struct phrase difference;
    if (message_difference(message, sent->draft, &evidence->scenario->hooks, &difference) != NULL)
        findings_add(findings, "the response %.*s reached the client changed: %s",
                     (int)message->label.size, (const char *)message->label.data, difference.text);
    if (outcome->complete && sent->bytes < sent->bytes_total && !ends_with_head(outcome) &&
        !(sent->draft->framing == MESSAGE_CLOSE && ended_with_fin(evidence, sent)))
        findings_add(
            findings,
            "the client got a clean end of the response %.*s, of which its upstream sent %" PRIu64
            " of %" PRIu64 " bytes",
            (int)message->label.size, (const char *)message->label.data, sent->bytes,
            sent->bytes_total);
}

/* The statuses of the 1xx heads that begin what an upstream sent on a connection; how many, or more than max. */
static size_t interims_sent(const struct witness *connection, unsigned *statuses, size_t max)
{
    static const char START[] = "HTTP/1.1 1";
    enum { STATUS_AT = 9, STATUS_DIGITS = 3 };
    struct bytes rest = bytes_make(connection->out.data, connection->out.size);
    size_t count = 0;
    uint64_t status;
    while (rest.size > STATUS_AT + STATUS_DIGITS && memcmp(rest.data, START, strlen(START)) == 0 &&
           bytes_to_u64(bytes_make(rest.data + STATUS_AT, STATUS_DIGITS), UINT64_MAX, &status)) {
        const uint8_t *end = memmem(rest.data, rest.size, "\r\n\r\n", 4);
        if (end == NULL || status == 101)
            return count; /* RFC 9110 15.2.2: behind it comes another protocol */
        if (count < max)
            statuses[count] = (unsigned)status;
        count++;
        size_t used = (size_t)(end - rest.data) + 4;
        rest = bytes_make(rest.data + used, rest.size - used);
    }
    return count;
}

/* Adds "103 103 and 1 of 100". */
static void tell_interims(const unsigned *statuses, size_t count, size_t continues,
                          struct phrase *phrase)
{
    for (size_t i = 0; i < count; i++)
        phrase_add(phrase, "%s%u", i > 0 ? " " : "", statuses[i]);
    phrase_add(phrase, "%s and %zu of 100", count == 0 ? "none" : "", continues);
}

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

/*
 * RFC 9110 15.2: each 1xx of the attempt that was answered went on, once and in its order, and none of another attempt's. A
 * 100 stands apart: where there was an earlier attempt its 100s may have gone on in place of these (decision 12 of the
 * design).
 */
static void check_interims(const struct evidence *evidence, const struct outcome_fact *outcome,
                           const struct attempt_fact *attempt, struct findings *findings)
{
    unsigned sent[WITNESS_INTERIMS_MAX];
    unsigned got[WITNESS_INTERIMS_MAX];
    struct phrase tale = {.used = 0};
    const struct witness_message *message = outcome->message;
    const struct witness *connection = attempt->connection;
    size_t sent_count = interims_sent(connection, sent, COUNT_OF(sent));
    size_t got_count = message->interim_count;
    bool old_client = has_version(outcome->request->sent->draft, "HTTP/1.0");
    if (old_client || connection->received == NULL || connection->received->next != NULL ||
        sent_count > COUNT_OF(sent) || got_count > COUNT_OF(got))
        return; /* nobody can tell which request they belong to, or they may not go on */
    memcpy(got, message->interims, got_count * sizeof(*got));
    size_t sent_continues = take_continues(sent, &sent_count);
    size_t got_continues = take_continues(got, &got_count);
    bool others = outcome->request->attempts > 1 ||
                  !attempts_are_known(evidence, outcome->request, evidence->ended_ns);
    if (sent_count == got_count && memcmp(sent, got, got_count * sizeof(*got)) == 0 &&
        (others || got_continues == sent_continues))
        return;
    phrase_add(&tale, "the client got the 1xx responses ");
    tell_interims(got, got_count, got_continues, &tale);
    phrase_add(&tale, " before the response %.*s, whose upstream sent ", (int)message->label.size,
               (const char *)message->label.data);
    tell_interims(sent, sent_count, sent_continues, &tale);
    findings_add(findings, "%s", tale.text);
}

/* A later attempt that failed is answered for by the proxy, never by a response kept from before (decision 11). */
static void check_kept(const struct evidence *evidence, const struct outcome_fact *outcome,
                       const struct attempt_fact *attempt, struct findings *findings)
{
    char moment[FINDING_DURATION_BYTES];
    const struct attempt_fact *later = attempts_next(evidence, outcome->request, attempt);
    if (later == NULL || !attempts_follow(attempt, later))
        return;
    findings_add(
        findings,
        "the client got the response %.*s although another attempt began after it, at %s on %s",
        (int)outcome->message->label.size, (const char *)outcome->message->label.data,
        moment_format(later->begun_ns, evidence->began_ns, moment),
        evidence->scenario->upstream_names[later->upstream]);
}

/* Without latency all that the simulation does at one moment has one time, whatever came first. */
static bool time_tells(const struct evidence *evidence)
{
    return evidence->world == WORLD_SOCKETS || attempts_latency_ns(evidence) > 0;
}

/* RFC 9112 9.3: nothing in this exchange asks for the client's connection to be closed. */
static bool keeps_client(const struct evidence *evidence, const struct outcome_fact *outcome,
                         const struct attempt_fact *attempt)
{
    const struct draft *draft = outcome->request->sent->draft;
    const struct witness_message *message = outcome->message;
    if (request_made_tunnel(outcome->request))
        return false;
    for (size_t i = 0; i < draft->field_count; i++)
        if (bytes_equal_text_nocase(draft->fields[i].name, "connection"))
            return false;
    bool was_asked_whole =
        attempt->message != NULL && attempt->message->complete &&
        (attempt->message->complete_ns < attempt->answer->begun_ns ||
         (attempt->message->complete_ns == attempt->answer->begun_ns && time_tells(evidence)));
    return was_asked_whole && outcome->complete && message->framing != MESSAGE_CLOSE &&
           has_version(draft, "HTTP/1.1") && outcome->request->sent->next == NULL &&
           outcome->connection->flow_out.bytes == 0 &&
           (outcome->connection->own_end == WITNESS_OPEN ||
            outcome->connection->own_end_ns > outcome->connection->peer_end_ns);
}

/* After a response that came whole, the last one there, the client's connection waits for another request. */
static void check_keep_alive(const struct evidence *evidence, const struct outcome_fact *outcome,
                             const struct attempt_fact *attempt, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char closed[FINDING_DURATION_BYTES];
    uint64_t idle_ns = evidence->scenario->proxy.idle_timeout_ns;
    uint64_t end_ns = outcome->connection->peer_end_ns;
    if (!evidence->quiet || outcome->closing == WITNESS_OPEN ||
        !keeps_client(evidence, outcome, attempt) ||
        (idle_ns > 0 && end_ns >= outcome->message->complete_ns + idle_ns / 2))
        return;
    findings_add(
        findings, "the client's connection was closed at %s although %s was answered whole",
        moment_format(end_ns, evidence->began_ns, closed), request_name(outcome->request, name));
}

static void check_answered(const struct evidence *evidence, const struct outcome_fact *outcome,
                           const struct witness_sent *sent, struct findings *findings)
{
    const struct attempt_fact *attempt = attempts_answered_by(evidence, sent);
    if (attempt == NULL || outcome->request == NULL || attempt->request != outcome->request)
        return;
    check_kept(evidence, outcome, attempt, findings);
    if (!outcome->complete)
        return;
    check_interims(evidence, outcome, attempt, findings);
    check_keep_alive(evidence, outcome, attempt, findings);
}

/* Whether the upstream's response came whole to the proxy, with nothing beside it and nothing to hinder its delivery. */
static bool is_deliverable(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    const struct witness_sent *answer = attempt->answer;
    return answer != NULL && answer->complete_ns != 0 && answer->bytes == answer->bytes_total &&
           attempt->connection->out.bytes == answer->bytes &&
           answer->bytes_total - answer->draft->body_bytes < proxy->head_bytes_max &&
           answer->complete_ns + attempts_latency_ns(evidence) <= attempt->closed_ns &&
           attempt->request->gone_ns == 0 && attempts_are_all_seen(evidence) &&
           attempts_are_known(evidence, attempt->request, evidence->ended_ns) &&
           evidence->scenario->retry.deadline_ns == 0 &&
           evidence->scenario->retry.per_try_timeout_ns == 0 &&
           !evidence->scenario->hooks.installed;
}

/* Where retry_on_status has run out of attempts, the client gets the last response itself (acceptance matrix, section 1). */
static void check_exhausted(const struct evidence *evidence, const struct outcome_fact *outcome,
                            struct findings *findings)
{
    char moment[FINDING_DURATION_BYTES];
    const struct attempt_fact *last = NULL;
    const struct attempt_fact *next = NULL;
    while (outcome->request != NULL &&
           (next = attempts_next(evidence, outcome->request, last)) != NULL)
        last = next;
    if (last == NULL || !is_deliverable(evidence, last) ||
        !status_set_has(&evidence->scenario->retry.on_status, last->answer->draft->status))
        return;
    findings_add(findings,
                 "the client got a %u of the proxy although the last attempt, at %s on %s, was "
                 "answered with %u",
                 outcome->message->status,
                 moment_format(last->begun_ns, evidence->began_ns, moment),
                 evidence->scenario->upstream_names[last->upstream], last->answer->draft->status);
}

static void check_outcome(const struct evidence *evidence, const struct outcome_fact *outcome,
                          struct findings *findings)
{
    const struct witness_message *message = outcome->message;
    if (message == NULL)
        return;
    if (count_fields(message, "X-Attempt") > 1)
        findings_add(findings, "one response carries the marks of two attempts");
    const struct witness_sent *sent = evidence_sent(evidence, message);
    if (sent != NULL && sent->draft != NULL)
        check_answered(evidence, outcome, sent, findings);
    if (sent != NULL && sent->draft != NULL)
        check_forwarded(evidence, outcome, sent, findings);
    else if (message->label.size > 0)
        findings_add(findings, "the client got a response %.*s that no upstream sent",
                     (int)message->label.size, (const char *)message->label.data);
    else if (message->status != 0)
        check_exhausted(evidence, outcome, findings);
}

void response_claims_check(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->outcome_count; i++)
        check_outcome(evidence, &evidence->outcomes[i], findings);
}
