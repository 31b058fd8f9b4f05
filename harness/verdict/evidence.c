#include "harness/verdict/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/verdict/attempts.h"

/* ---- how much there is ---------------------------------------------------------------------- */

static size_t count_sent(const struct witness *witness)
{
    size_t count = 0;
    for (const struct witness_sent *sent = witness->sent; sent != NULL; sent = sent->next)
        count++;
    return count;
}

static size_t count_received(const struct witness *witness)
{
    size_t count = 0;
    for (const struct witness_message *m = witness->received; m != NULL; m = m->next)
        count++;
    return count;
}

static bool take_client_arrays(struct evidence *evidence, struct region *region)
{
    size_t sent = 0;
    size_t outcomes = 0;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct witness *witness = client_witness(evidence->clients[c], i);
            sent += count_sent(witness);
            outcomes += count_sent(witness) + count_received(witness) + 1;
        }
    evidence->requests = region_take(region, (sent + 1) * sizeof(*evidence->requests));
    evidence->outcomes = region_take(region, (outcomes + 1) * sizeof(*evidence->outcomes));
    return evidence->requests != NULL && evidence->outcomes != NULL;
}

static bool take_arrivals(struct evidence *evidence, struct region *region)
{
    size_t arrivals = 0;
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            arrivals += count_received(fake_upstream_witness(evidence->upstreams[u], i));
    evidence->arrivals = region_take(region, (arrivals + 1) * sizeof(*evidence->arrivals));
    return evidence->arrivals != NULL;
}

/* ---- requests and outcomes ------------------------------------------------------------------ */

static void add_outcome(struct evidence *evidence, size_t client, const struct witness *connection,
                        const struct witness_message *message)
{
    evidence->outcomes[evidence->outcome_count++] =
        (struct outcome_fact){.client = client, .connection = connection, .message = message};
}

/* The first from here on that a request asked for. Others are found fault with, and answer nothing. */
static const struct witness_message *asked_for(const struct witness_message *message)
{
    while (message != NULL && message->unasked)
        message = message->next;
    return message;
}

/* Response k on a connection answers request k; requests without one, and responses without a request, count too. */
static void gather_connection(struct evidence *evidence, size_t client,
                              const struct witness *connection)
{
    const struct witness_message *message = asked_for(connection->received);
    size_t outcomes_before = evidence->outcome_count;
    bool raw = false;
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next) {
        if (sent->draft == NULL) {
            raw = true;
            continue;
        }
        evidence->requests[evidence->request_count++] = (struct request_fact){
            .client = client, .connection = connection, .sent = sent, .response = message};
        add_outcome(evidence, client, connection, message);
        message = message != NULL ? asked_for(message->next) : NULL;
    }
    for (; message != NULL; message = asked_for(message->next))
        add_outcome(evidence, client, connection, message);
    bool only_one = evidence->clients[client]->line_count == 1;
    if (evidence->outcome_count == outcomes_before && (raw || only_one))
        add_outcome(evidence, client, connection, NULL);
}

static int by_beginning(const void *a, const void *b)
{
    const struct request_fact *left = a;
    const struct request_fact *right = b;
    if (left->sent->begun_ns != right->sent->begun_ns)
        return left->sent->begun_ns < right->sent->begun_ns ? -1 : 1;
    if (left->client != right->client)
        return left->client < right->client ? -1 : 1;
    return (left->sent->number > right->sent->number) - (left->sent->number < right->sent->number);
}

/* Those of one client are in order as they were gathered. */
static void sort_requests(struct evidence *evidence)
{
    size_t sorted = 1;
    while (sorted < evidence->request_count &&
           by_beginning(&evidence->requests[sorted - 1], &evidence->requests[sorted]) < 0)
        sorted++;
    if (sorted < evidence->request_count)
        qsort(evidence->requests, evidence->request_count, sizeof(*evidence->requests),
              by_beginning);
}

/* Outcomes stand in the order of their requests, but for those that nobody asked for: so most are found where they stand. */
static const struct request_fact *request_answered(const struct evidence *evidence,
                                                   const struct outcome_fact *outcome)
{
    size_t count = evidence->request_count;
    size_t place = (size_t)(outcome - evidence->outcomes);
    for (size_t i = 0; i < count && outcome->message != NULL; i++) {
        const struct request_fact *request = &evidence->requests[(place + i) % count];
        if (request->response == outcome->message)
            return request;
    }
    return NULL;
}

/* Links an outcome to its request, and says how it stood when the case had settled. */
static void settle_outcome(const struct evidence *evidence, struct outcome_fact *outcome)
{
    const struct witness_message *message = outcome->message;
    const struct witness *connection = outcome->connection;
    outcome->request = request_answered(evidence, outcome);
    outcome->complete = message != NULL && message->complete;
    outcome->closing = connection->peer_end;
    outcome->ended_ns = outcome->complete ? message->complete_ns : connection->peer_end_ns;
}

/* In the simulation the proxy is stopped at this very moment, so that times could not tell. */
static bool note_open_streams(struct evidence *evidence, struct region *region)
{
    size_t count = 0;
    while (evidence->trace != NULL && trace_stream_at(evidence->trace, count) != NULL)
        count++;
    evidence->stream_open = region_take(region, count + 1);
    evidence->stream_count = count;
    for (size_t i = 0; i < count && evidence->stream_open != NULL; i++)
        evidence->stream_open[i] = trace_stream_at(evidence->trace, i)->ended_ns == TIME_NEVER;
    return evidence->stream_open != NULL;
}

bool evidence_settle(struct evidence *evidence, struct region *region)
{
    if (!take_client_arrays(evidence, region) || !note_open_streams(evidence, region))
        return false;
    if (evidence->trace != NULL)
        trace_world_census(evidence->trace, &evidence->at_settling);
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            gather_connection(evidence, c, client_witness(evidence->clients[c], i));
    sort_requests(evidence);
    for (size_t i = 0; i < evidence->outcome_count; i++)
        settle_outcome(evidence, &evidence->outcomes[i]);
    return true;
}

/* ---- arrivals ------------------------------------------------------------------------------- */

/* By its label; where the head was cut before it, the one request that can have been under way. */
static struct request_fact *request_of(const struct evidence *evidence,
                                       const struct witness_message *message)
{
    for (size_t i = 0; i < evidence->request_count && message->label.size > 0; i++)
        if (bytes_equal(message->label, evidence->requests[i].sent->label))
            return &evidence->requests[i];
    if (message->label.size > 0 || message->head_complete)
        return NULL;
    return attempts_request_at(evidence, message->begun_ns - attempts_latency_ns(evidence));
}

static void gather_upstream(struct evidence *evidence, size_t upstream)
{
    struct upstream_tally *tally = &evidence->tallies[upstream];
    const struct fake_upstream *from = evidence->upstreams[upstream];
    size_t reused = 0;
    tally->connections = from->connection_count;
    for (size_t i = 0; i < from->connection_count; i++) {
        const struct witness *connection = fake_upstream_witness(from, i);
        tally->handshakes += connection->handshake.completed;
        tally->resumed += connection->handshake.resumed;
        for (const struct witness_message *m = connection->received; m != NULL; m = m->next) {
            struct arrival_fact *arrival = &evidence->arrivals[evidence->arrival_count++];
            *arrival = (struct arrival_fact){upstream, connection, m, request_of(evidence, m)};
            tally->begun++;
            tally->delivered += m->complete;
            reused += m->number > 1 && evidence_tunnel_of(evidence, arrival->request) == NULL;
            if (arrival->request != NULL) {
                arrival->request->begun++;
                arrival->request->delivered += m->complete;
            }
        }
    }
    tally->dials =
        evidence->trace != NULL ? trace_dials(evidence->trace, &from->address) : tally->connections;
    tally->attempts = tally->dials + reused + evidence->pre_write_reused[upstream];
}

bool evidence_gather(struct evidence *evidence, struct region *region)
{
    if (!take_arrivals(evidence, region))
        return false;
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++) {
        const struct upstream_tally *tally = &evidence->tallies[u];
        gather_upstream(evidence, u);
        evidence->total.dials += tally->dials;
        evidence->total.attempts += tally->attempts;
        evidence->total.delivered += tally->delivered;
        evidence->total.begun += tally->begun;
        evidence->total.connections += tally->connections;
    }
    if (!attempts_gather(evidence, region))
        return false;
    evidence_link_outcomes(evidence);
    return true;
}

void evidence_link_outcomes(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->outcome_count; i++) {
        struct outcome_fact *outcome = &evidence->outcomes[i];
        if (outcome->message == NULL || outcome->message->label.size == 0)
            continue;
        outcome->source = evidence_sent(evidence, outcome->message);
        outcome->attempt = attempts_answered_by(evidence, outcome->source);
    }
}

/* ---- tunnels -------------------------------------------------------------------------------- */

bool request_is_connect(const struct request_fact *request)
{
    return strcmp(request->sent->draft->method, "CONNECT") == 0;
}

/* Its start line stands in two parts where the harness puts the target in between. */
bool request_has_version(const struct request_fact *request, const char *version)
{
    const struct draft *draft = request->sent->draft;
    size_t size = strlen(version);
    return memmem(draft->start.data, draft->start.size, version, size) != NULL ||
           (draft->start_rest.size > 0 &&
            memmem(draft->start_rest.data, draft->start_rest.size, version, size) != NULL);
}

/* RFC 9110 9.3.6, 15.2.2. */
bool request_made_tunnel(const struct request_fact *request)
{
    unsigned status = request->response != NULL ? request->response->status : 0;
    return request_is_connect(request) ? status / 100 == 2 : status == 101;
}

struct request_fact *evidence_tunnel_of(const struct evidence *evidence,
                                        const struct request_fact *request)
{
    for (size_t i = 0; i < evidence->request_count && request != NULL; i++) {
        struct request_fact *before = &evidence->requests[i];
        if (before->connection == request->connection &&
            before->sent->number < request->sent->number && request_is_connect(before) &&
            request_made_tunnel(before))
            return before;
    }
    return NULL;
}

unsigned evidence_addresses_most(const struct evidence *evidence)
{
    const struct name_script *names = &evidence->scenario->names;
    size_t most = 1;
    for (size_t i = 0; i < names->entry_count; i++)
        for (size_t a = 0; a < names->entries[i].answer_count; a++)
            if (names->entries[i].answers[a].target_count > most)
                most = names->entries[i].answers[a].target_count;
    return (unsigned)most;
}

/* ---- TLS ------------------------------------------------------------------------------------ */

static uint64_t tls_beside(const struct witness *connection)
{
    return EVIDENCE_HANDSHAKE_BYTES +
           (connection->out.bytes / EVIDENCE_RECORD_BYTES + 1) * EVIDENCE_RECORD_OVERHEAD;
}

/* On the side that is read, what TLS adds; on the side that is written, a record that the stream has taken in part. */
static uint64_t beside_of(const struct witness *connection, bool is_read)
{
    if (!connection->handshake.tls)
        return 0;
    return is_read ? tls_beside(connection) : EVIDENCE_RECORD_PENDING;
}

uint64_t evidence_tls_beside(const struct evidence *evidence, bool up)
{
    uint64_t beside = 0;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            beside += beside_of(client_witness(evidence->clients[c], i), up);
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            beside += beside_of(fake_upstream_witness(evidence->upstreams[u], i), !up);
    return beside;
}

/* ---- words ---------------------------------------------------------------------------------- */

const char *request_name(const struct request_fact *request, char text[EVIDENCE_NAME_BYTES])
{
    if (request == NULL)
        snprintf(text, EVIDENCE_NAME_BYTES, "a request");
    else
        snprintf(text, EVIDENCE_NAME_BYTES, "%.24s %.100s", request->sent->draft->method,
                 request->sent->draft->target);
    return text;
}

bool request_is_idempotent(const struct request_fact *request)
{
    static const char *const IDEMPOTENT[] = {
        "GET",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "PUT",
        "DELETE",
        "ACL",
        "BIND",
        "BASELINE-CONTROL",
        "CHECKIN",
        "CHECKOUT",
        "COPY",
        "LABEL",
        "LINK",
        "MERGE",
        "MKACTIVITY",
        "MKCALENDAR",
        "MKCOL",
        "MKREDIRECTREF",
        "MKWORKSPACE",
        "MOVE",
        "ORDERPATCH",
        "PRI",
        "PROPFIND",
        "PROPPATCH",
        "QUERY",
        "REBIND",
        "REPORT",
        "SEARCH",
        "UNBIND",
        "UNCHECKOUT",
        "UNLINK",
        "UNLOCK",
        "UPDATE",
        "UPDATEREDIRECTREF",
        "VERSION-CONTROL",
    };
    const char *method = request->sent->draft->method;
    for (size_t i = 0; i < COUNT_OF(IDEMPOTENT); i++)
        if (method[0] == IDEMPOTENT[i][0] && strcmp(method, IDEMPOTENT[i]) == 0)
            return true;
    return false;
}

const char *outcome_word(const struct outcome_fact *outcome, char text[OUTCOME_WORD_BYTES])
{
    const struct witness_message *message = outcome->message;
    if (message == NULL)
        snprintf(text, OUTCOME_WORD_BYTES, "%s",
                 outcome->closing == WITNESS_RST ? "reset" : "none");
    else if (message->status == 0)
        snprintf(text, OUTCOME_WORD_BYTES, "cut");
    else
        snprintf(text, OUTCOME_WORD_BYTES, "%u%s", message->status,
                 outcome->complete ? "" : " cut");
    return text;
}

const struct witness_sent *evidence_sent(const struct evidence *evidence,
                                         const struct witness_message *message)
{
    size_t upstream = evidence_upstream(evidence, witness_message_maker(message));
    if (upstream == UPSTREAMS_MAX)
        return NULL;
    const struct fake_upstream *from = evidence->upstreams[upstream];
    for (size_t i = 0; i < from->connection_count; i++) {
        const struct witness_sent *sent = fake_upstream_witness(from, i)->sent;
        for (; sent != NULL; sent = sent->next)
            if (bytes_equal(sent->label, message->label))
                return sent;
    }
    return NULL;
}

size_t evidence_upstream(const struct evidence *evidence, struct bytes name)
{
    for (size_t i = 0; i < evidence->scenario->upstream_count; i++)
        if (bytes_equal_text(name, evidence->scenario->upstream_names[i]))
            return i;
    return UPSTREAMS_MAX;
}

/* ---- what happened at upstreams, told ------------------------------------------------------- */

static const char *separator(const struct phrase *phrase)
{
    return phrase->used == 0 ? "" : ", ";
}

static bool is_told(size_t asked, size_t upstream)
{
    return asked == UPSTREAMS_MAX || asked == upstream;
}

static const char *dial_outcome(const struct trace_stream *stream)
{
    if (stream->outcome == 0)
        return "connected";
    return stream->outcome == -EINPROGRESS ? "no answer" : strerror(-stream->outcome);
}

void evidence_tell_dials(const struct evidence *evidence, size_t upstream, struct phrase *phrase)
{
    char moment[FINDING_DURATION_BYTES];
    size_t told = 0;
    if (evidence->trace == NULL)
        return;
    for (size_t i = 0;; i++) {
        const struct trace_stream *stream = trace_stream_at(evidence->trace, i);
        if (stream == NULL)
            return;
        for (size_t u = 0; u < evidence->scenario->upstream_count; u++) {
            if (stream->side != TRACE_CONNECTED || !is_told(upstream, u) ||
                !address_equal(&stream->address, &evidence->upstreams[u]->address) ||
                told++ >= FINDING_LIST_MAX)
                continue;
            phrase_add(phrase, "%sdialled %s at %s (%s)", separator(phrase),
                       evidence->scenario->upstream_names[u],
                       moment_format(stream->began_ns, evidence->began_ns, moment),
                       dial_outcome(stream));
        }
    }
}

static void tell_arrival(const struct evidence *evidence, const struct arrival_fact *arrival,
                         struct phrase *phrase)
{
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    const struct witness_message *message = arrival->message;
    phrase_add(phrase, "%s%s at %s on %s connection %u", separator(phrase),
               request_name(arrival->request, name),
               moment_format(message->begun_ns, evidence->began_ns, moment),
               evidence->scenario->upstream_names[arrival->upstream],
               arrival->connection->connection);
    if (!message->head_complete)
        phrase_add(phrase, ", its head cut");
    else if (arrival->request != NULL && arrival->request->sent->draft->body_bytes > 0)
        phrase_add(phrase, ", %" PRIu64 " of %" PRIu64 " body bytes", message->body_bytes,
                   arrival->request->sent->draft->body_bytes);
    if (message->head_complete && !message->complete)
        phrase_add(phrase, ", cut");
}

void evidence_tell_arrivals(const struct evidence *evidence, size_t upstream, struct phrase *phrase)
{
    size_t told = 0;
    for (size_t i = 0; i < evidence->arrival_count; i++)
        if (is_told(upstream, evidence->arrivals[i].upstream) && told++ < FINDING_LIST_MAX)
            tell_arrival(evidence, &evidence->arrivals[i], phrase);
}
