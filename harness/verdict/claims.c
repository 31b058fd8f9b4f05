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
        if (end == NULL)
            return count;
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
    bool old_client = memmem(outcome->request->sent->draft->start.data,
                             outcome->request->sent->draft->start.size, "HTTP/1.0", 8) != NULL;
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

/* RFC 9112 9.3: nothing in this exchange asks for the client's connection to be closed. */
static bool keeps_client(const struct outcome_fact *outcome, const struct attempt_fact *attempt)
{
    const struct draft *draft = outcome->request->sent->draft;
    const struct witness_message *message = outcome->message;
    for (size_t i = 0; i < draft->field_count; i++)
        if (bytes_equal_text_nocase(draft->fields[i].name, "connection"))
            return false;
    bool was_asked_whole = attempt->message != NULL && attempt->message->complete &&
                           attempt->message->complete_ns <= attempt->answer->begun_ns;
    return was_asked_whole && outcome->complete && message->framing != MESSAGE_CLOSE &&
           memmem(draft->start.data, draft->start.size, "HTTP/1.1", 8) != NULL &&
           outcome->request->sent->next == NULL && outcome->connection->own_end == WITNESS_OPEN;
}

/* After a response that came whole, the last one there, the client's connection waits for another request. */
static void check_keep_alive(const struct evidence *evidence, const struct outcome_fact *outcome,
                             const struct attempt_fact *attempt, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char closed[FINDING_DURATION_BYTES];
    uint64_t idle_ns = evidence->scenario->proxy.idle_timeout_ns;
    uint64_t end_ns = outcome->connection->peer_end_ns;
    if (!evidence->quiet || outcome->closing == WITNESS_OPEN || !keeps_client(outcome, attempt) ||
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

/* Body bytes that one exchange may hold in one direction: its window, and what body filters have written. */
static uint64_t window_most(const struct evidence *evidence)
{
    enum {
        FILTERS_MAX = 2
    }; /* of one direction: upstream_response_body_filter, response_body_filter */
    uint64_t filters = evidence->scenario->hooks.installed ? FILTERS_MAX * FILTER_BYTES : 0;
    return evidence->scenario->proxy.window_bytes + filters;
}

/* What an actor sent on a connection besides the bodies of its messages, or more. */
static uint64_t beside_bodies(const struct witness *connection)
{
    uint64_t bodies = 0;
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next) {
        uint64_t body = sent->draft != NULL ? sent->draft->body_bytes : 0;
        if (sent->bytes + body > sent->bytes_total)
            bodies += sent->bytes + body - sent->bytes_total;
    }
    return connection->out.bytes > bodies ? connection->out.bytes - bodies : 0;
}

static void check_held_direction(uint64_t held, uint64_t most, const char *of,
                                 struct findings *findings)
{
    if (held > most)
        findings_add(findings,
                     "the proxy held %" PRIu64 " bytes of %s at one moment, its windows, heads and "
                     "framing come to %" PRIu64,
                     held, of, most);
}

/*
 * What was read and not yet written, against the windows of as many exchanges as there may have been. What a proxy reads
 * and drops the seam cannot tell from held: so nothing is said of requests that did not arrive whole, and each attempt that
 * was followed by another one may have left a window of its response.
 */
static void check_held(const struct evidence *evidence, struct findings *findings)
{
    uint64_t up = 0;
    uint64_t down = window_most(evidence) * evidence->attempt_count;
    bool arrived = evidence->request_count > 0;
    if (evidence->trace == NULL)
        return;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            up += window_most(evidence) + beside_bodies(client_witness(evidence->clients[c], i));
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            down += beside_bodies(fake_upstream_witness(evidence->upstreams[u], i));
    for (size_t i = 0; i < evidence->request_count; i++)
        arrived = arrived && evidence->requests[i].delivered > 0;
    if (arrived)
        check_held_direction(evidence->held.up_peak, up, "requests", findings);
    check_held_direction(evidence->held.down_peak, down, "responses", findings);
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
    size_t reused = 0;
    size_t seen_reused = 0;
    for (size_t r = 0; r < evidence->record_count; r++)
        for (unsigned i = 0; i < evidence->records[r].attempt_count; i++) {
            const struct attempt_record *attempt = &evidence->records[r].attempts[i];
            bool before_dial =
                attempt->failure.cause != CAUSE_NONE && attempt->failure.stage < STAGE_DIAL;
            dialled += !attempt->reused && !before_dial;
            reused += attempt->reused;
        }
    for (size_t i = 0; i < evidence->attempt_count; i++)
        seen_reused += !evidence->attempts[i].fresh;
    if (dialled != evidence->total.dials)
        findings_add(findings, "the records tell of %zu attempts that dialled, the seam saw %zu",
                     dialled, evidence->total.dials);
    if (reused < seen_reused)
        findings_add(
            findings,
            "the records tell of %zu attempts on connections used before, upstreams saw %zu",
            reused, seen_reused);
}

/* What only the proxy can know of itself, and must not say. */
static void check_record_bounds(const struct evidence *evidence,
                                const struct exchange_record *record, struct findings *findings)
{
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    if (record->attempt_count > proxy->retry.retries_max + 1)
        findings_add(findings, "the record of %s %s tells of %u attempts, max_retries allows %u",
                     record->method, record->target, record->attempt_count,
                     proxy->retry.retries_max + 1);
    if (record->replay_bytes_peak > proxy->retry.replay_bytes)
        findings_add(findings,
                     "the record of %s %s says that %" PRIu64
                     " body bytes were kept for a retry, replay_buffer_bytes is %zu",
                     record->method, record->target, record->replay_bytes_peak,
                     proxy->retry.replay_bytes);
    if (record->held_bytes_peak > 2 * window_most(evidence))
        findings_add(findings,
                     "the record of %s %s says that %" PRIu64
                     " body bytes were held at one moment, both directions may hold %" PRIu64,
                     record->method, record->target, record->held_bytes_peak,
                     2 * window_most(evidence));
}

static bool is_of(const struct exchange_record *record, const struct request_fact *request)
{
    return strcmp(record->method, request->sent->draft->method) == 0 &&
           strcmp(record->target, request->sent->draft->target) == 0;
}

/* The record of a request, where there is one such request and one such record; else NULL. */
static const struct exchange_record *record_of(const struct evidence *evidence,
                                               const struct request_fact *request)
{
    const struct exchange_record *found = NULL;
    size_t requests = 0;
    size_t records = 0;
    if (evidence->request_count == 1 && evidence->record_count == 1)
        return &evidence->records[0];
    for (size_t r = 0; r < evidence->record_count; r++)
        if (is_of(&evidence->records[r], request)) {
            found = &evidence->records[r];
            records++;
        }
    for (size_t i = 0; i < evidence->request_count && found != NULL; i++)
        requests += is_of(found, &evidence->requests[i]);
    return requests == 1 && records == 1 ? found : NULL;
}

static void check_record(const struct evidence *evidence, const struct request_fact *request,
                         struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct exchange_record *record = record_of(evidence, request);
    if (record == NULL)
        return;
    if (request->response != NULL && request->response->status != 0 &&
        record->status != request->response->status)
        findings_add(findings, "the record of %s says status %u, its client got %u",
                     request_name(request, name), record->status, request->response->status);
    if (record->attempt_count < request->attempts)
        findings_add(findings, "the record of %s tells of %u attempts, %u were seen",
                     request_name(request, name), record->attempt_count, request->attempts);
}

static void check_records(const struct evidence *evidence, struct findings *findings)
{
    if (evidence->trace == NULL || evidence->record_total != evidence->record_count)
        return;
    check_record_attempts(evidence, findings);
    for (size_t i = 0; i < evidence->record_count; i++)
        check_record_bounds(evidence, &evidence->records[i], findings);
    for (size_t i = 0; i < evidence->request_count; i++)
        check_record(evidence, &evidence->requests[i], findings);
}

void claims_check(const struct evidence *evidence, struct findings *findings)
{
    retry_claims_check(evidence, findings);
    check_upstreams(evidence, findings);
    check_clients(evidence, findings);
    check_open(evidence, findings);
    check_held(evidence, findings);
    check_left(evidence, findings);
    claims_check_spinning(evidence, findings);
    check_records(evidence, findings);
}
