#include "harness/oracle/messages/answer_claims.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"
#include "world/base/failure.h"

/* ---- one each ------------------------------------------------------------------------------- */

/* As the strict parser says it; it is told of apart from all others. */
static const char UNASKED[] = "a response that no request asked for";

/*
 * The number of the last response on a client's connection that the proxy wrote, or that answers HTTP: behind the one that
 * made a tunnel its upstream writes, and to bytes that were sent for a tunnel and met none anything is an answer.
 */
static uint64_t last_answer(const struct evidence *evidence, const struct witness *connection)
{
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *request = &evidence->requests[i];
        bool asks = request_is_connect(request) || request->sent->draft->upgrade;
        if (request->connection == connection && request->response != NULL && asks &&
            (request_made_tunnel(request) || connection->flow_out.bytes > 0))
            return request->response->number;
    }
    return UINT64_MAX;
}

/*
 * The number of the last response that can be read by the rules of its request: what a request is whose byte a fault garbled,
 * and how many it is, only the proxy decides. That to a HEAD may have a body then.
 */
static uint64_t last_readable(const struct witness *connection)
{
    const struct witness_sent *sent = connection->sent;
    uint64_t number = 1;
    while (connection->garbled && sent != NULL && !sent->garbled) {
        sent = sent->next;
        number++;
    }
    if (!connection->garbled)
        return UINT64_MAX;
    bool ordinary = sent != NULL && sent->draft != NULL &&
                    strcmp(sent->draft->method, "HEAD") != 0 &&
                    strcmp(sent->draft->method, "CONNECT") != 0;
    return ordinary ? number : number - 1;
}

/* Rules that the proxy broke on a client's connection: those about what nobody asked for, or all others. */
static void check_rules(struct inquiry *inquiry, const struct witness *connection, bool unasked)
{
    if (connection->faults.count == 0)
        return;
    uint64_t last = last_answer(inquiry->evidence, connection);
    if (last > last_readable(connection))
        last = last_readable(connection);
    for (size_t i = 0; i < connection->faults.count && i < TRANSCRIPT_FAULTS_MAX; i++) {
        const struct transcript_fault *found = &connection->faults.list[i];
        bool is_unasked = strcmp(found->sentence, UNASKED) == 0;
        if (found->message <= last && is_unasked == unasked)
            findings_add(inquiry->findings, "the proxy broke a rule of HTTP to a client: %s",
                         found->sentence);
    }
}

/* Where nothing was under way any more: its request was out, and neither an answer nor an end came to who still listened. */
static bool is_unanswered(const struct request_fact *request)
{
    const struct witness *client = request->connection;
    bool whole = request->sent->complete_ns != 0 && !client->garbled;
    return whole && client->own_end == WITNESS_OPEN && client->peer_end == WITNESS_OPEN &&
           !client->stalled && !request_made_tunnel(request) &&
           (request->response == NULL || !request->response->complete);
}

static void check_unanswered(struct inquiry *inquiry)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    for (size_t i = 0; i < evidence->request_count; i++)
        if (is_unanswered(&evidence->requests[i]) &&
            evidence_tunnel_of(evidence, &evidence->requests[i]) == NULL)
            findings_add(inquiry->findings,
                         "%s got neither a whole response nor the end of its connection",
                         request_name(&evidence->requests[i], name));
}

/* How a client's connection stood when the case had settled; what stopping the proxy did to it is not told here. */
static enum witness_end settled_end(const struct evidence *evidence, const struct witness *client)
{
    size_t i = 0;
    while (i < evidence->outcome_count && evidence->outcomes[i].connection != client)
        i++;
    return i < evidence->outcome_count ? evidence->outcomes[i].closing : WITNESS_OPEN;
}

/* A filter of a response's body that fails cuts a response whose head is on its way to the client, and goes with the rest. */
static bool a_body_filter_fails(const struct evidence *evidence)
{
    static const enum hook_name FILTERS[] = {HOOK_UPSTREAM_RESPONSE_BODY_FILTER,
                                             HOOK_RESPONSE_BODY_FILTER};
    bool fails = false;
    for (size_t i = 0; i < COUNT_OF(FILTERS); i++)
        for (const struct hook_action *action = evidence->scenario->hooks.actions[FILTERS[i]];
             action != NULL; action = action->next)
            fails = fails || action->fails;
    return fails;
}

/*
 * A request that the proxy can have read whole before it ended the connection, to a client that had not left, and of a response
 * not a byte went down. Behind another request it may have been sent to a proxy that wanted no more: it counts where it was
 * taken up. Under TLS the seam does not tell what was written.
 */
static bool was_hung_up_on(const struct evidence *evidence, const struct request_fact *request)
{
    const struct witness *client = request->connection;
    if (request->response != NULL || request->hung_up_ns == 0 || request->accepted->tls ||
        client->garbled || client->stalled || settled_end(evidence, client) == WITNESS_OPEN)
        return false;
    bool whole = request->sent->complete_ns != 0 &&
                 request->sent->complete_ns + attempts_latency_ns(evidence) <= request->hung_up_ns;
    bool taken_up = request->sent->number == 1 || request->begun + request->attempts > 0;
    return whole && taken_up && request->accepted->tx == client->in.bytes &&
           evidence_tunnel_of(evidence, request) == NULL;
}

static void check_hung_up(struct inquiry *inquiry)
{
    char name[EVIDENCE_NAME_BYTES];
    for (size_t i = 0; i < inquiry->evidence->request_count; i++)
        if (was_hung_up_on(inquiry->evidence, &inquiry->evidence->requests[i]))
            findings_add(inquiry->findings,
                         "%s got no answer: the proxy ended its connection in silence",
                         request_name(&inquiry->evidence->requests[i], name));
}

/*
 * A script that waits for ever is told of in a case without faults, whomever it waits for; a fault may have taken away what
 * it waits for, so that only who has sent a request is held to be kept waiting.
 */
enum claim_answer claim_one_answer_each(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    inquiry.exercised = evidence->request_count > 0;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            check_rules(&inquiry, client_witness(evidence->clients[c], i), true);
    for (size_t i = 0; i < evidence->wait_count && !inquiry_is_faulty(evidence); i++)
        findings_add(findings, "%s", evidence->waits[i]);
    if (evidence->quiet && inquiry_is_faulty(evidence))
        check_unanswered(&inquiry);
    if (!a_body_filter_fails(evidence))
        check_hung_up(&inquiry);
    return inquiry_end(&inquiry);
}

enum claim_answer claim_answers_are_http(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct witness *connection = client_witness(evidence->clients[c], i);
            inquiry.exercised = inquiry.exercised || connection->received != NULL;
            check_rules(&inquiry, connection, false);
        }
    return inquiry_end(&inquiry);
}

/* ---- whose ---------------------------------------------------------------------------------- */

/* Whether a response answers another request than the one whose answer it was taken for. */
static bool is_anothers(const struct outcome_fact *outcome)
{
    const struct attempt_fact *attempt = outcome->attempt;
    return attempt != NULL && outcome->request != NULL && attempt->request != NULL &&
           attempt->message != NULL && attempt->message->label.size > 0 &&
           attempt->request != outcome->request && !attempt->tunnel;
}

/* On one connection: the order was changed; from another one: two clients' exchanges were mixed. */
static enum claim_answer judge_owners(const struct evidence *evidence, struct findings *findings,
                                      bool same_connection)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        char asked[EVIDENCE_NAME_BYTES];
        char answered[EVIDENCE_NAME_BYTES];
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        bool may_be = same_connection ? outcome->message != NULL && outcome->message->number > 1
                                      : outcome->attempt != NULL && evidence->request_count > 1;
        inquiry.exercised = inquiry.exercised || (may_be && outcome->request != NULL);
        if (!is_anothers(outcome) ||
            (outcome->attempt->request->connection == outcome->connection) != same_connection)
            continue;
        findings_add(findings, "the answer to %s%s came as the answer to %s",
                     request_name(outcome->attempt->request, answered),
                     same_connection ? "" : " of another connection",
                     request_name(outcome->request, asked));
    }
    return inquiry_end(&inquiry);
}

enum claim_answer claim_answers_in_order(const struct evidence *evidence, struct findings *findings)
{
    return judge_owners(evidence, findings, true);
}

enum claim_answer claim_no_cross_talk(const struct evidence *evidence, struct findings *findings)
{
    return judge_owners(evidence, findings, false);
}

/* ---- the proxy's own answers ---------------------------------------------------------------- */

/*
 * What status the last attempt leads to, by what the seam saw of it alone (RFC 9110 15.6.3 to 15.6.5); 0 where that leaves
 * more than one. Where neither an end came nor a byte, only a time-out can have decided.
 */
static unsigned status_due(const struct evidence *evidence, const struct attempt_fact *last)
{
    const struct retry_settings *retry = inquiry_retry(evidence);
    const struct trace_stream *stream = last->stream;
    if (stream == NULL || stream->outcome == -EMFILE || stream->outcome == -ENFILE)
        return 0;
    if (stream->outcome == -EINPROGRESS)
        return 504;
    if (stream->outcome != 0) /* unless a time-out came at the same moment */
        return retry->per_try_timeout_ns + retry->deadline_ns > 0 ? 0 : 502;
    const struct witness *upstream = last->connection;
    if (upstream == NULL || stream->tls || stream->rx > 0 || upstream->out.bytes > 0 ||
        stream->tx == 0)
        return 0; /* what fails before the first byte may do so above the seam */
    return stream->peer_closed ? 0 : 504; /* an end may have come while a time-out was judged */
}

/* Of one dial for one request, which the records bear out: no address beside it, no name, and nothing that a hook decides. */
static const struct attempt_fact *deciding_attempt(const struct evidence *evidence,
                                                   const struct request_fact *request)
{
    const struct scenario *scenario = evidence->scenario;
    const struct exchange_record *record = inquiry_record_of(evidence, request);
    const struct attempt_fact *last = NULL;
    const struct attempt_fact *next = NULL;
    if (record == NULL || scenario->hooks.installed || scenario->needs_nameserver ||
        record->dial_count + record->dials_lost > 0 || record->attempt_count != request->attempts ||
        record->failure.side != SIDE_UPSTREAM ||
        !attempts_are_known(evidence, request, evidence->ended_ns) ||
        !attempts_are_all_seen(evidence))
        return NULL;
    while ((next = attempts_next(evidence, request, last)) != NULL)
        last = next;
    return last;
}

static void check_status(struct inquiry *inquiry, const struct outcome_fact *outcome)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct request_fact *request = outcome->request;
    const struct exchange_record *record = inquiry_record_of(evidence, request);
    unsigned status = outcome->message->status;
    const struct attempt_fact *last = deciding_attempt(evidence, request);
    unsigned due = last != NULL ? status_due(evidence, last) : 0;
    inquiry->exercised = true;
    if (due != 0 && status != due)
        findings_add(inquiry->findings,
                     "%s was answered with %u although its last attempt, on %s, %s: that is a %u",
                     request_name(request, name), status, inquiry_upstream(evidence, last),
                     due == 504 ? "ran out of time" : "failed before that", due);
    if (status == 503 && request->attempts > 0 && last != NULL && last->stream != NULL &&
        last->stream->outcome != -EMFILE && last->stream->outcome != -ENFILE)
        findings_add(inquiry->findings, "%s was answered with 503 although attempts were made",
                     request_name(request, name));
    if (record != NULL && record->failure.cause != CAUSE_NONE &&
        !evidence->scenario->hooks.installed && cause_status(record->failure.cause) != 0 &&
        record->status == status && record->failure.side == SIDE_UPSTREAM &&
        cause_status(record->failure.cause) != (int)status)
        findings_add(inquiry->findings, "%s was answered with %u for the cause %s, which is a %d",
                     request_name(request, name), status, cause_word(record->failure.cause),
                     cause_status(record->failure.cause));
}

enum claim_answer claim_status_says_the_cause(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (!inquiry_has_records(evidence))
        return CLAIM_NOT_EXERCISED;
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        const struct witness_message *message = outcome->message;
        if (message == NULL || outcome->request == NULL || message->label.size > 0 ||
            message->status < 502 || message->status > 504 ||
            witness_message_field(message, "Proxy-Status").data == NULL)
            continue;
        check_status(&inquiry, outcome);
    }
    return inquiry_end(&inquiry);
}

/* ---- and on it goes ------------------------------------------------------------------------- */

/* Without latency all that the simulation does at one moment has one time, whatever came first. */
static bool time_tells(const struct evidence *evidence)
{
    return evidence->world == WORLD_SOCKETS || attempts_latency_ns(evidence) > 0;
}

/*
 * Whether its upstream had the request whole when it answered: an early answer may close both sides (decision 3 of the
 * design). Where times do not tell, on a connection for it alone, the seam knows what was written before any byte came.
 */
static bool was_asked_whole(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    const struct witness_message *asked = attempt->message;
    const struct trace_stream *stream = attempt->stream;
    if (asked == NULL || !asked->complete)
        return false;
    if (asked->complete_ns != attempt->answer->begun_ns || time_tells(evidence))
        return asked->complete_ns <= attempt->answer->begun_ns;
    return stream != NULL && !stream->tls && asked->number == 1 && asked->next == NULL &&
           stream->rx > 0 && stream->tx_at_rx == stream->tx;
}

/* Whether the client had ended its connection before the proxy did, or before the case was over. */
static bool client_left_first(const struct evidence *evidence, const struct outcome_fact *outcome)
{
    const struct witness *client = outcome->connection;
    if (client->own_end == WITNESS_OPEN)
        return false;
    return outcome->closing == WITNESS_OPEN ? client->own_end_ns < evidence->settled_ns
                                            : client->own_end_ns <= client->peer_end_ns;
}

/* RFC 9112 9.3: nothing in this exchange asks for the client's connection to be closed. */
static bool keeps_client(const struct evidence *evidence, const struct outcome_fact *outcome)
{
    const struct attempt_fact *attempt = outcome->attempt;
    const struct draft *draft = outcome->request->sent->draft;
    const struct witness *client = outcome->connection;
    if (request_made_tunnel(outcome->request) || client->garbled)
        return false;
    for (size_t i = 0; i < draft->field_count; i++)
        if (bytes_equal_text_nocase(draft->fields[i].name, "connection"))
            return false;
    return was_asked_whole(evidence, attempt) && outcome->complete &&
           outcome->message->framing != MESSAGE_CLOSE &&
           request_has_version(outcome->request, "HTTP/1.1") &&
           outcome->request->sent->next == NULL && client->flow_out.bytes == 0 &&
           !client_left_first(evidence, outcome);
}

/* After a response that came whole, the last one there, the client's connection waits for another request. */
static void check_kept(struct inquiry *inquiry, const struct outcome_fact *outcome)
{
    char name[EVIDENCE_NAME_BYTES];
    char closed[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    uint64_t idle_ns = evidence->scenario->proxy.idle_timeout_ns;
    uint64_t end_ns = outcome->connection->peer_end_ns;
    if (!keeps_client(evidence, outcome))
        return;
    inquiry->exercised = true;
    if (outcome->closing != WITNESS_OPEN &&
        (idle_ns == 0 || end_ns < outcome->message->complete_ns + idle_ns / 2))
        findings_add(inquiry->findings,
                     "the client's connection was closed at %s although %s was answered whole",
                     moment_format(end_ns, evidence->began_ns, closed),
                     request_name(outcome->request, name));
}

enum claim_answer claim_keep_alive_goes_on(const struct evidence *evidence,
                                           struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count && evidence->quiet; i++) {
        const struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message != NULL && outcome->complete && outcome->attempt != NULL &&
            outcome->request != NULL && outcome->attempt->request == outcome->request)
            check_kept(&inquiry, outcome);
    }
    return inquiry_end(&inquiry);
}
