#include "harness/oracle/claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/choice_claims.h"
#include "harness/oracle/record_claims.h"
#include "harness/oracle/response_claims.h"
#include "harness/oracle/retry_claims.h"
#include "harness/oracle/timing_claims.h"
#include "harness/oracle/tunnel_claims.h"
#include "harness/verdict/attempts.h"
#include "harness/verdict/message_judge.h"

/* ---- requests at upstreams ------------------------------------------------------------------ */

static bool declares_other_length(const struct draft *draft)
{
    uint64_t length;
    return draft->framing == MESSAGE_LENGTH &&
           (!draft_declares(draft, &length) || length != draft->body_bytes);
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

/* Of the messages up to that number. */
static void check_faults(const struct witness *connection, uint64_t last, const char *where,
                         struct findings *findings)
{
    for (size_t i = 0; i < connection->faults.count && i < TRANSCRIPT_FAULTS_MAX; i++)
        if (connection->faults.list[i].message <= last)
            findings_add(findings, "the proxy broke a rule of HTTP %s: %s", where,
                         connection->faults.list[i].sentence);
}

/* What comes through the tunnel of a CONNECT its client has written, whatever its upstream takes it for. */
static bool is_of_client(const struct evidence *evidence, const struct witness *connection)
{
    const struct attempt_fact *attempt = attempts_on(evidence, connection);
    return attempt != NULL && attempt->tunnel && attempt->request != NULL &&
           request_is_connect(attempt->request);
}

static void check_upstreams(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->arrival_count; i++)
        check_arrival(evidence, &evidence->arrivals[i], findings);
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            if (!is_of_client(evidence, fake_upstream_witness(evidence->upstreams[u], i)))
                check_faults(fake_upstream_witness(evidence->upstreams[u], i), UINT64_MAX,
                             "to an upstream", findings);
}

/* ---- clients -------------------------------------------------------------------------------- */

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

static void check_clients(const struct evidence *evidence, struct findings *findings)
{
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            check_faults(client_witness(evidence->clients[c], i),
                         last_answer(evidence, client_witness(evidence->clients[c], i)),
                         "to a client", findings);
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

static bool asks_for_tunnels(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->request_count; i++)
        if (request_is_connect(&evidence->requests[i]))
            return true;
    return false;
}

/*
 * A tunnel is one exchange that goes on as long as its ends want it to. Whether a CONNECT got its 200 nobody can tell whose
 * client never read it, nor whether a connection is its tunnel that may be anybody's.
 */
static bool is_tunnel(const struct evidence *evidence, const struct witness *connection)
{
    const struct attempt_fact *attempt = attempts_on(evidence, connection);
    if (attempt == NULL || attempt->tunnel)
        return attempt != NULL;
    if (attempt->request == NULL)
        return asks_for_tunnels(evidence);
    return request_is_connect(attempt->request) && attempt->request->response == NULL;
}

/*
 * Whether every request on the connection was answered whole. Raw bytes may be anything, and of what an upstream did not
 * read, or answered before it had read it, nobody knows whether it was whole: then nobody can tell.
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
            return answers > requests || attempts_on(evidence, connection)->unread;
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
            if (was_open(evidence, connection) && !is_tunnel(evidence, connection) &&
                !exchange_is_whole(evidence, connection))
                findings_add(findings,
                             "the proxy kept connection %u to %s open although its exchange had "
                             "not ended there",
                             connection->connection, evidence->scenario->upstream_names[u]);
        }
}

uint64_t claims_window_most(const struct evidence *evidence)
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
    bodies += connection->flow_out.bytes;
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
    uint64_t up = evidence_tls_beside(evidence, true);
    uint64_t down = claims_window_most(evidence) * evidence->attempt_count +
                    evidence_tls_beside(evidence, false);
    bool arrived = evidence->request_count > 0;
    if (evidence->trace == NULL)
        return;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            up += claims_window_most(evidence) +
                  beside_bodies(client_witness(evidence->clients[c], i));
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            down += beside_bodies(fake_upstream_witness(evidence->upstreams[u], i));
    for (size_t i = 0; i < evidence->request_count; i++)
        arrived = arrived && (evidence->requests[i].delivered > 0 ||
                              request_is_connect(&evidence->requests[i]));
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

static void check_witnesses(const struct evidence *evidence, struct findings *findings)
{
    check_upstreams(evidence, findings);
    check_clients(evidence, findings);
    check_open(evidence, findings);
    check_held(evidence, findings);
    check_left(evidence, findings);
}

#define CLAIM_GROUP(name)                                                  \
    static enum claim_answer judge_##name(const struct evidence *evidence, \
                                          struct findings *findings)       \
    {                                                                      \
        size_t before = findings->count;                                   \
        name(evidence, findings);                                          \
        return findings->count > before ? CLAIM_BROKEN : CLAIM_HELD;       \
    }
CLAIM_GROUP(retry_claims_check)
CLAIM_GROUP(timing_claims_check)
CLAIM_GROUP(choice_claims_check)
CLAIM_GROUP(response_claims_check)
CLAIM_GROUP(tunnel_claims_check)
CLAIM_GROUP(record_claims_check)
CLAIM_GROUP(check_witnesses)
CLAIM_GROUP(claims_check_spinning)

static const struct claim CLAIMS[] = {
    {52, "retry", "what is tried again may be tried again", "acceptance matrix, section 5",
     judge_retry_claims_check},
    {53, "timing", "attempts keep to deadline, back-off and budget", "acceptance matrix, section 5",
     judge_timing_claims_check},
    {54, "choice", "attempts go where the settings say", "acceptance matrix, section 5",
     judge_choice_claims_check},
    {55, "response", "a response is all of one attempt", "acceptance matrix, section 5",
     judge_response_claims_check},
    {56, "tunnel", "a tunnel carries what it is given", "acceptance matrix, section 5",
     judge_tunnel_claims_check},
    {57, "record", "records agree with the witnesses", "acceptance matrix, section 5",
     judge_record_claims_check},
    {58, "witnesses", "witnesses saw no rule broken", "acceptance matrix, section 5",
     judge_check_witnesses},
    {59, "spinning", "nobody turns in circles", "acceptance matrix, section 5",
     judge_claims_check_spinning},
};

size_t claims_count(void)
{
    return COUNT_OF(CLAIMS);
}

const struct claim *claims_at(size_t place)
{
    check(place < COUNT_OF(CLAIMS));
    return &CLAIMS[place];
}

size_t claims_find(const char *word)
{
    uint64_t number;
    bool is_number = bytes_to_u64(bytes_of(word), UINT64_MAX, &number);
    size_t place = 0;
    while (place < COUNT_OF(CLAIMS) && strcmp(CLAIMS[place].name, word) != 0 &&
           !(is_number && CLAIMS[place].number == number))
        place++;
    return place;
}

void claims_check(const struct evidence *evidence, struct findings *findings,
                  struct claims_said *said)
{
    *said = (struct claims_said){0, 0};
    for (size_t i = 0; i < COUNT_OF(CLAIMS); i++) {
        enum claim_answer answer =
            CLAIMS[i].judge == NULL ? CLAIM_NOT_EXERCISED : CLAIMS[i].judge(evidence, findings);
        if (answer != CLAIM_NOT_EXERCISED)
            said->exercised |= (claim_set)1 << i;
        if (answer == CLAIM_BROKEN)
            said->broken |= (claim_set)1 << i;
    }
}
