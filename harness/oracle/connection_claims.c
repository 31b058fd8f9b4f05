#include "harness/oracle/connection_claims.h"

#include "harness/oracle/claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"
#include "harness/verdict/wire_reading.h"

/* ---- what is kept --------------------------------------------------------------------------- */

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
    const struct witness_message *response = attempt->request->response;
    return request_is_connect(attempt->request) && (response == NULL || !response->head_complete);
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
static void check_kept(struct inquiry *inquiry, size_t upstream, const struct witness *connection)
{
    const struct evidence *evidence = inquiry->evidence;
    if (!was_open(evidence, connection) || is_tunnel(evidence, connection))
        return;
    inquiry->exercised = true;
    if (!exchange_is_whole(evidence, connection))
        findings_add(inquiry->findings,
                     "the proxy kept connection %u to %s open although its exchange had not ended "
                     "there",
                     connection->connection, evidence->scenario->upstream_names[upstream]);
}

/* The answer that an upstream gave on a connection to the request before this one; NULL: none that a script made. */
static const struct witness_sent *answer_before(const struct witness *connection,
                                                const struct witness_message *message)
{
    uint64_t finals = 0;
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next) {
        if (sent->draft == NULL)
            return NULL; /* raw bytes may be anything */
        finals += sent->draft->kind == DRAFT_RESPONSE;
        if (finals == message->number - 1 && sent->draft->kind == DRAFT_RESPONSE)
            return sent;
    }
    return NULL;
}

static bool draft_says_close(const struct draft *draft)
{
    for (size_t i = 0; i < draft->field_count; i++) {
        struct bytes options = draft->fields[i].value;
        struct bytes option;
        if (!bytes_equal_text_nocase(draft->fields[i].name, "connection"))
            continue;
        while (bytes_take_list_element(&options, &option))
            if (bytes_equal_text_nocase(option, "close"))
                return true;
    }
    return false;
}

/* A request on a connection that had served one before: an attempt of it, and both messages behind it. */
struct reuse {
    const struct witness *connection;
    const struct witness_message *before;
    const struct witness_message *message;
    const struct witness_sent *answer; /* to the one before; NULL: not known */
    const char *upstream;
};

typedef void check_reuse(struct inquiry *inquiry, const struct reuse *reuse);

/* Each of them; what goes through a tunnel is none. */
static void check_reuses(struct inquiry *inquiry, check_reuse *check_one)
{
    const struct evidence *evidence = inquiry->evidence;
    for (size_t i = 0; i < evidence->arrival_count; i++) {
        const struct arrival_fact *arrival = &evidence->arrivals[i];
        if (arrival->message->number < 2 ||
            (i > 0 && evidence->arrivals[i - 1].connection != arrival->connection))
            continue;
        const struct attempt_fact *first = attempts_on(evidence, arrival->connection);
        if (first == NULL || first->tunnel || i == 0 ||
            evidence_tunnel_of(evidence, arrival->request) != NULL)
            continue;
        const struct reuse reuse = {arrival->connection, evidence->arrivals[i - 1].message,
                                    arrival->message,
                                    answer_before(arrival->connection, arrival->message),
                                    evidence->scenario->upstream_names[arrival->upstream]};
        check_one(inquiry, &reuse);
    }
}

static void check_done(struct inquiry *inquiry, const struct reuse *reuse)
{
    const char *why = NULL;
    inquiry->exercised = true;
    if (!reuse->before->complete)
        why = "the request before it was not whole";
    else if (reuse->answer != NULL && draft_says_close(reuse->answer->draft))
        why = "its upstream had said close";
    else if (reuse->answer != NULL && reuse->answer->draft->framing == MESSAGE_CLOSE &&
             strcmp(reuse->before->method, "HEAD") != 0)
        why = "the response before it ends with the connection";
    if (why != NULL)
        findings_add(inquiry->findings, "connection %u to %s was used again although %s",
                     reuse->connection->connection, reuse->upstream, why);
}

enum claim_answer claim_pooled_only_when_done(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    check_reuses(&inquiry, check_done);
    for (size_t u = 0; u < evidence->scenario->upstream_count && evidence->trace != NULL &&
                       evidence->quiet && evidence->upstreams != NULL;
         u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            check_kept(&inquiry, u, fake_upstream_witness(evidence->upstreams[u], i));
    return inquiry_end(&inquiry);
}

/* ---- who uses it ---------------------------------------------------------------------------- */

/* The next request begins when the response to the one before is out; that to a HEAD is with its head. */
static void check_owner(struct inquiry *inquiry, const struct reuse *reuse)
{
    const struct witness_sent *answer = reuse->answer;
    if (answer == NULL)
        return;
    inquiry->exercised = true;
    bool head_is_all = strcmp(reuse->before->method, "HEAD") == 0 || answer->draft->status == 204 ||
                       answer->draft->status == 304;
    uint64_t out_ns = head_is_all ? answer->begun_ns : answer->complete_ns;
    if (out_ns == 0 || out_ns > reuse->message->begun_ns)
        findings_add(inquiry->findings,
                     "connection %u to %s was given a request before the response to the one "
                     "before it was out",
                     reuse->connection->connection, reuse->upstream);
}

enum claim_answer claim_one_owner_each(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    check_reuses(&inquiry, check_owner);
    return inquiry_end(&inquiry);
}

/* Idle since the later of the two ends of its exchange, for whatever time its pool allows. */
static void check_age(struct inquiry *inquiry, const struct reuse *reuse)
{
    char idle[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    uint64_t most = evidence->scenario->proxy.pool_timeout_ns;
    if (reuse->answer == NULL || reuse->answer->complete_ns == 0)
        return;
    uint64_t since = reuse->answer->complete_ns > reuse->before->complete_ns
                         ? reuse->answer->complete_ns
                         : reuse->before->complete_ns;
    uint64_t until = reuse->message->begun_ns;
    uint64_t slack = 2 * attempts_latency_ns(evidence);
    inquiry->exercised = true;
    if (until > since + most + slack)
        findings_add(inquiry->findings,
                     "connection %u to %s was used again after %s, pool_timeout is %s",
                     reuse->connection->connection, reuse->upstream,
                     duration_format(until - since, idle), duration_format(most, bound));
}

/* On real sockets a busy machine may take long between a write and its reading; so may a client, or a fault. */
enum claim_answer claim_pool_time_is_kept(const struct evidence *evidence,
                                          struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->world != WORLD_SIM || evidence->scenario->proxy.pool_timeout_ns == 0 ||
        inquiry_is_faulty(evidence))
        return CLAIM_NOT_EXERCISED;
    check_reuses(&inquiry, check_age);
    return inquiry_end(&inquiry);
}

/* The stream of the seam that is this connection; NULL where none is known. */
static const struct trace_stream *stream_of(const struct evidence *evidence,
                                            const struct witness *connection)
{
    const struct attempt_fact *attempt = attempts_on(evidence, connection);
    return attempt != NULL ? attempt->stream : NULL;
}

/*
 * Between two requests the proxy was told of input, or of its upstream's end, and let it be; or it was told of the end and
 * wrote all the same. As many bytes had been written then as make up the requests before.
 */
static void check_stale(struct inquiry *inquiry, const struct reuse *reuse)
{
    const struct trace_stream *stream = stream_of(inquiry->evidence, reuse->connection);
    if (stream == NULL || stream->tls)
        return;
    size_t before = 0;
    const struct witness_stream *in = &reuse->connection->in;
    if (in->size < in->bytes)
        return;
    for (const struct witness_message *m = reuse->connection->received; m != reuse->message;
         m = m->next) {
        if (m->framing == MESSAGE_CHUNKED)
            return; /* its framing is not kept */
        before = wire_reading_behind_heads(bytes_make(in->data, in->size), before, 1);
        if (before == SIZE_MAX)
            return;
        before += (size_t)m->body_bytes;
    }
    bool ignored = stream->unheeded && stream->unheeded_tx == before;
    bool ended = stream->peer_closed && stream->peer_closed_tx == before;
    inquiry->exercised = true;
    if (ignored || ended)
        findings_add(inquiry->findings,
                     "connection %u to %s was used again although it had become readable while it "
                     "was kept%s",
                     reuse->connection->connection, reuse->upstream,
                     ended ? ": its upstream had ended it" : "");
}

/* Exercised also by one that was closed for it. */
enum claim_answer claim_no_stale_checkout(const struct evidence *evidence,
                                          struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    check_reuses(&inquiry, check_stale);
    return inquiry_end(&inquiry);
}

static bool made_a_tunnel(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->attempt_count; i++)
        if (evidence->attempts[i].tunnel)
            return true;
    return asks_for_tunnels(evidence);
}

/* ---- how many ------------------------------------------------------------------------------- */

enum claim_answer claim_pool_within_limits(const struct evidence *evidence,
                                           struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    const struct scenario *scenario = evidence->scenario;
    if (made_a_tunnel(evidence) || evidence->scenario->names_are_scripted)
        return CLAIM_NOT_EXERCISED; /* a tunnel is no kept connection; and two names may lead to one upstream */
    for (size_t u = 0; u < scenario->upstream_count && evidence->quiet && evidence->trace != NULL;
         u++) {
        inquiry.exercised = inquiry.exercised || evidence->open[u] > 0;
        if (evidence->open[u] > scenario->proxy.pool_size)
            findings_add(findings, "the proxy kept %zu connections to %s, pool_size is %zu",
                         evidence->open[u], scenario->upstream_names[u], scenario->proxy.pool_size);
    }
    return inquiry_end(&inquiry);
}

/* ---- clients that leave --------------------------------------------------------------------- */

enum claim_answer claim_cancel_closes_the_upstream(const struct evidence *evidence,
                                                   struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->scenario->proxy.client_half_close_allowed || !evidence->quiet)
        return CLAIM_NOT_EXERCISED;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        char name[EVIDENCE_NAME_BYTES];
        char gone[FINDING_DURATION_BYTES];
        const struct attempt_fact *attempt = &evidence->attempts[i];
        const struct request_fact *request = attempt->request;
        if (request == NULL || request->gone_ns == 0 || attempt->tunnel ||
            attempt->closed_ns < request->gone_ns || attempt->connection == NULL)
            continue;
        inquiry.exercised = true;
        if (attempt->closed_ns == TIME_NEVER && !is_tunnel(evidence, attempt->connection) &&
            !exchange_is_whole(evidence, attempt->connection))
            findings_add(findings,
                         "the proxy kept its connection to %s open for %s, whose client had left "
                         "at %s",
                         inquiry_upstream(evidence, attempt), request_name(request, name),
                         moment_format(request->gone_ns, evidence->began_ns, gone));
    }
    return inquiry_end(&inquiry);
}

/* A client that ended its side once its request was out and that, where it is allowed, has its whole response. */
static void check_half_close(struct inquiry *inquiry, const struct outcome_fact *outcome)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct witness *client = outcome->connection;
    const struct request_fact *request = outcome->request;
    const struct attempt_fact *last = NULL;
    const struct attempt_fact *next = NULL;
    if (request == NULL || client->own_end != WITNESS_FIN || client->garbled || client->stalled ||
        request->sent->complete_ns == 0 || request->sent->next != NULL ||
        client->own_end_ns >= evidence->settled_ns)
        return;
    inquiry->exercised = true;
    while ((next = attempts_next(evidence, request, last)) != NULL)
        last = next;
    bool answered = last != NULL && last->answer != NULL && last->answer->complete_ns != 0 &&
                    !last->connection->garbled && last->closed_ns >= last->answer->complete_ns &&
                    attempts_are_all_seen(evidence) && !evidence->scenario->hooks.installed;
    if (answered && evidence->scenario->proxy.client_half_close_allowed && !outcome->complete &&
        last->answer->complete_ns < client->peer_end_ns)
        findings_add(inquiry->findings,
                     "%s was answered by %s, and its client, which had ended its side, did not get "
                     "all of it",
                     request_name(request, name), inquiry_upstream(evidence, last));
}

enum claim_answer claim_half_close_is_answered(const struct evidence *evidence,
                                               struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    size_t held = 0;
    size_t there = 0;
    if (!evidence->quiet || evidence->trace == NULL || made_a_tunnel(evidence) ||
        attempts_latency_ns(evidence) > 0)
        return CLAIM_NOT_EXERCISED; /* and with latency an end may still be on its way */
    for (size_t i = 0; i < evidence->outcome_count; i++)
        check_half_close(&inquiry, &evidence->outcomes[i]);
    for (size_t i = 0; i < evidence->stream_count; i++)
        held +=
            evidence->stream_open[i] && trace_stream_at(evidence->trace, i)->side == TRACE_ACCEPTED;
    for (size_t c = 0; c < evidence->scenario->client_count && held > 0; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct witness *client = client_witness(evidence->clients[c], i);
            there += client->opened_ns != 0 && (client->own_end == WITNESS_OPEN ||
                                                client->own_end_ns >= evidence->settled_ns);
        }
    if (held > there)
        findings_add(findings, "the proxy kept %zu connections of clients open, %zu had not left",
                     held, there);
    return inquiry_end(&inquiry);
}

/* ---- ends ----------------------------------------------------------------------------------- */

enum claim_answer claim_nothing_is_left(const struct evidence *evidence, struct findings *findings)
{
    const struct trace_census *left = &evidence->left;
    if (evidence->trace == NULL)
        return CLAIM_NOT_EXERCISED;
    if (left->streams + left->listeners + left->timers + left->queries == 0)
        return CLAIM_HELD;
    findings_add(findings,
                 "the proxy had been stopped and still had %zu streams, %zu listeners, %zu "
                 "timers and %zu queries",
                 left->streams, left->listeners, left->timers, left->queries);
    return CLAIM_BROKEN;
}

/* Object tags prove it at every call and every upcall: a breach does not come as far as this. */
enum claim_answer claim_closed_is_closed(const struct evidence *evidence, struct findings *findings)
{
    (void)findings;
    return evidence->conduct.closes > 0 ? CLAIM_HELD : CLAIM_NOT_EXERCISED;
}

/* It has no timer and no query left, and still something under way: only somebody else could wake it. */
enum claim_answer claim_no_lost_wake_up(const struct evidence *evidence, struct findings *findings)
{
    if (evidence->world != WORLD_SIM || evidence->trace == NULL)
        return CLAIM_NOT_EXERCISED;
    if (evidence->quiet || evidence->wait_count > 0 || evidence->scenario->hooks.installed ||
        evidence->at_settling.timers + evidence->at_settling.queries > 0)
        return evidence->quiet ? CLAIM_HELD : CLAIM_NOT_EXERCISED;
    findings_add(findings, "nothing can happen any more, and the proxy has an exchange under way");
    return CLAIM_BROKEN;
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

enum claim_answer claim_nobody_spins(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    inquiry.exercised = evidence->world == WORLD_SIM;
    claims_check_spinning(evidence, findings);
    return inquiry_end(&inquiry);
}
