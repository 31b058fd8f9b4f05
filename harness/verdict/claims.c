#include "harness/verdict/claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/verdict/attempts.h"
#include "harness/verdict/judge.h"
#include "harness/verdict/message_judge.h"
#include "harness/verdict/retry_claims.h"

/* ---- requests at upstreams ------------------------------------------------------------------ */

/* The Content-Length that a request was sent with; it may be a lie that the scenario wants. */
static bool declares_other_length(const struct draft *draft)
{
    static const char NAME[] = "Content-Length:";
    const char *field = draft->rest.size == 0
                            ? NULL
                            : memmem(draft->rest.data, draft->rest.size, NAME, sizeof(NAME) - 1);
    if (draft->framing != MESSAGE_LENGTH || field == NULL)
        return false;
    const char *end =
        memchr(field, '\r', (size_t)((const char *)draft->rest.data + draft->rest.size - field));
    const char *value = field + sizeof(NAME) - 1;
    uint64_t length;
    return end == NULL ||
           !bytes_to_u64(bytes_trim(bytes_make(value, (size_t)(end - value))), UINT64_MAX,
                         &length) ||
           length != draft->body_bytes;
}

static void check_arrival(const struct evidence *evidence, const struct arrival_fact *arrival,
                          struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase difference;
    const char *upstream = evidence->scenario->upstream_names[arrival->upstream];
    if (arrival->request == NULL)
        return;
    const struct draft *sent = arrival->request->sent->draft;
    const struct hook_plan *hooks = &evidence->scenario->hooks;
    struct hook_body_changes changes;
    hook_plan_body_changes(hooks, HOOK_SIDE_REQUEST, &changes);
    if (message_difference(arrival->message, sent, hooks, &difference) != NULL)
        findings_add(findings, "%s reached %s changed: %s", request_name(arrival->request, name),
                     upstream, difference.text);
    if (arrival->message->complete && changes.count == 0 &&
        arrival->message->body_bytes != sent->body_bytes && !declares_other_length(sent))
        findings_add(findings,
                     "%s reached %s as complete with %" PRIu64
                     " body bytes, the client's has %" PRIu64,
                     request_name(arrival->request, name), upstream, arrival->message->body_bytes,
                     sent->body_bytes);
}

static void check_faults(const struct witness *connection, const char *where,
                         struct findings *findings)
{
    for (size_t i = 0; i < connection->faults.count && i < TRANSCRIPT_FAULTS_MAX; i++)
        findings_add(findings, "the proxy broke a rule of HTTP %s: %s", where,
                     connection->faults.list[i].sentence);
}

static void check_upstreams(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->arrival_count; i++)
        check_arrival(evidence, &evidence->arrivals[i], findings);
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            check_faults(fake_upstream_witness(evidence->upstreams[u], i), "to an upstream",
                         findings);
}

/* ---- responses at clients ------------------------------------------------------------------- */

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
        check_forwarded(evidence, outcome, sent, findings);
    else if (message->label.size > 0)
        findings_add(findings, "the client got a response %.*s that no upstream sent",
                     (int)message->label.size, (const char *)message->label.data);
}

static void check_clients(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->outcome_count; i++)
        check_outcome(evidence, &evidence->outcomes[i], findings);
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            check_faults(client_witness(evidence->clients[c], i), "to a client", findings);
    for (size_t i = 0; i < evidence->wait_count; i++)
        findings_add(findings, "%s", evidence->waits[i]);
}

/* ---- the proxy's connections ---------------------------------------------------------------- */

/* The proxy still held it when the case had settled. */
static bool was_open(const struct evidence *evidence, const struct witness *connection)
{
    const struct attempt_fact *attempt = attempts_on(evidence, connection);
    return attempt != NULL && attempt->closed_ns == TIME_NEVER;
}

/*
 * Whether every request on the connection was answered whole. Raw bytes may be anything, and of what an upstream did not
 * read nobody knows whether it was whole: then nobody can tell.
 */
static bool exchange_is_whole(const struct evidence *evidence, const struct witness *connection)
{
    size_t answers = 0;
    size_t requests = 0;
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next) {
        if (sent->draft == NULL)
            return true;
        if (sent->draft->kind == DRAFT_RESPONSE)
            answers += sent->bytes >= sent->bytes_total;
    }
    for (const struct witness_message *m = connection->received; m != NULL; m = m->next) {
        const struct witness_sent *last = connection->sent_last;
        if (strcmp(m->method, "HEAD") == 0 && last != NULL && last->bytes < last->bytes_total)
            answers++; /* a head is all that it takes */
        if (!m->complete)
            return attempts_on(evidence, connection)->unread;
        requests++;
    }
    return requests > 0 && answers >= requests;
}

/* When all is quiet no exchange is left, so only connections between two exchanges may be open. */
static void check_open(const struct evidence *evidence, struct findings *findings)
{
    if (evidence->trace == NULL || !evidence->quiet)
        return;
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++) {
            const struct witness *connection = fake_upstream_witness(evidence->upstreams[u], i);
            if (was_open(evidence, connection) && !exchange_is_whole(evidence, connection))
                findings_add(findings,
                             "the proxy kept connection %u to %s open although its exchange had "
                             "not ended there",
                             connection->connection, evidence->scenario->upstream_names[u]);
        }
}

static void check_left(const struct evidence *evidence, struct findings *findings)
{
    const struct trace_census *left = &evidence->left;
    if (left->streams + left->listeners + left->timers + left->queries > 0)
        findings_add(findings,
                     "the proxy had been stopped and still had %zu streams, %zu listeners, %zu "
                     "timers and %zu queries",
                     left->streams, left->listeners, left->timers, left->queries);
}

/* Who wants a level and does not take what is there keeps a real event loop busy for ever. */
void claims_check_spinning(const struct evidence *evidence, struct findings *findings)
{
    enum {
        IDLE_STEPS_MAX = 8
    }; /* no case of the suite has any; a loop has as many as it is given time */
    if (evidence->idle_steps > IDLE_STEPS_MAX)
        findings_add(findings,
                     "somebody turns in circles: there were %" PRIu64
                     " upcalls about which nothing was done",
                     evidence->idle_steps);
}

/* ---- the record ----------------------------------------------------------------------------- */

/* Every dial that the seam saw is an attempt in a record, and the other way round. */
static void check_record_attempts(const struct evidence *evidence, struct findings *findings)
{
    size_t dialled = 0;
    for (size_t r = 0; r < evidence->record_count; r++)
        for (unsigned i = 0; i < evidence->records[r].attempt_count; i++) {
            const struct attempt_record *attempt = &evidence->records[r].attempts[i];
            bool before_dial =
                attempt->failure.cause != CAUSE_NONE && attempt->failure.stage < STAGE_DIAL;
            dialled += !attempt->reused && !before_dial;
        }
    if (dialled != evidence->total.dials)
        findings_add(findings, "the records tell of %zu attempts that dialled, the seam saw %zu",
                     dialled, evidence->total.dials);
}

static void check_records(const struct evidence *evidence, struct findings *findings)
{
    if (evidence->trace == NULL || evidence->record_total != evidence->record_count)
        return;
    check_record_attempts(evidence, findings);
    if (evidence->record_total != evidence->request_count ||
        evidence->outcome_count != evidence->request_count)
        return;
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct witness_message *response = evidence->requests[i].response;
        const struct exchange_record *record = &evidence->records[i];
        char name[EVIDENCE_NAME_BYTES];
        if (evidence->scenario->client_count == 1 && response != NULL && response->status != 0 &&
            record->status != response->status)
            findings_add(findings, "the record of %s says status %u, its client got %u",
                         request_name(&evidence->requests[i], name), record->status,
                         response->status);
    }
}

void claims_check(const struct evidence *evidence, struct findings *findings)
{
    retry_claims_check(evidence, findings);
    check_upstreams(evidence, findings);
    check_clients(evidence, findings);
    check_open(evidence, findings);
    check_left(evidence, findings);
    claims_check_spinning(evidence, findings);
    check_records(evidence, findings);
}
