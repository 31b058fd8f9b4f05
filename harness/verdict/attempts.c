#include "harness/verdict/attempts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fakeupstream/wire/splice.h"

uint64_t attempts_latency_ns(const struct evidence *evidence)
{
    return evidence->world == WORLD_SIM ? evidence->scenario->network.latency_ns : 0;
}

/* ---- whose attempt is it? ------------------------------------------------------------------- */

/* When the proxy was done with a request at the latest; one whose client left may be under way for a while yet. */
static uint64_t done_ns(const struct evidence *evidence, const struct request_fact *request)
{
    uint64_t seen_ns = request->connection->peer_end_ns;
    if (request->response != NULL && request->response->complete_ns != 0)
        seen_ns = request->response->complete_ns;
    return seen_ns != 0 ? seen_ns - attempts_latency_ns(evidence) : TIME_NEVER;
}

/* Requests on one connection are served one after the other. */
static bool precedes(const struct request_fact *a, const struct request_fact *b)
{
    return a->connection == b->connection && a->sent->number < b->sent->number;
}

struct request_fact *attempts_request_at(const struct evidence *evidence, uint64_t at_ns)
{
    struct request_fact *found = NULL;
    for (size_t i = 0; i < evidence->request_count; i++) {
        struct request_fact *request = &evidence->requests[i];
        if (request->sent->begun_ns == 0 ||
            request->sent->begun_ns + attempts_latency_ns(evidence) > at_ns ||
            done_ns(evidence, request) < at_ns)
            continue;
        if (found != NULL && precedes(found, request) && done_ns(evidence, found) > at_ns)
            continue;
        if (found != NULL && !(precedes(request, found) && done_ns(evidence, request) > at_ns))
            return NULL;
        found = request;
    }
    return found;
}

/* ---- the attempts on one connection --------------------------------------------------------- */

/* What the upstream answered to the message with that number. */
static const struct witness_sent *answer_to(const struct evidence *evidence, size_t upstream,
                                            const struct witness *connection, uint64_t number)
{
    char text[ACTOR_LABEL_BYTES];
    struct splice label = {.data = text, .room = sizeof(text)};
    splice_text(&label, evidence->scenario->upstream_names[upstream]);
    splice_text(&label, ".");
    splice_number(&label, connection->connection, 10);
    splice_text(&label, ".");
    splice_number(&label, number, 10);
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next)
        if (sent->draft != NULL && bytes_equal(sent->label, splice_whole(&label)))
            return sent;
    return NULL;
}

/* A connection that the proxy dialled, or that an upstream accepted where the seam was not seen. */
struct connection_fact {
    size_t upstream;
    const struct trace_stream *stream; /* NULL: not seen */
    const struct witness *witness;     /* NULL: not accepted */
    uint64_t closed_ns;
};

/* When the response was out; that to a HEAD is with its head, if not sooner (RFC 9110 9.3.2). 0: never. */
static uint64_t response_out_ns(const struct attempt_fact *attempt)
{
    const struct request_fact *request = attempt->request;
    return request != NULL && strcmp(request->sent->draft->method, "HEAD") == 0
               ? attempt->answer->begun_ns
               : attempt->answer->complete_ns;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * A 101 makes a tunnel only where the upstream was asked for it, and where it came whole before the proxy had given up.
 * RFC 9110 7.8.
 */
static bool is_switch(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    const struct witness_sent *answer = attempt->answer;
    return answer != NULL && !answer->garbled && answer->draft->status == 101 &&
           witness_message_field(attempt->message, "Upgrade").data != NULL &&
           answer->complete_ns != 0 &&
           answer->complete_ns + attempts_latency_ns(evidence) <= attempt->closed_ns;
}

static void add_attempt(struct evidence *evidence, const struct connection_fact *connection,
                        const struct witness_message *message)
{
    struct attempt_fact *attempt = &evidence->attempts[evidence->attempt_count++];
    const struct trace_stream *stream = connection->stream;
    bool secure = scenario_upstream_is_secure(evidence->scenario, connection->upstream);
    *attempt = (struct attempt_fact){.upstream = connection->upstream,
                                     .fresh = message == NULL || message->number == 1,
                                     .closed_ns = connection->closed_ns,
                                     .ended_ns = connection->closed_ns,
                                     .stream = stream,
                                     .connection = connection->witness,
                                     .message = message};
    if (!attempt->fresh)
        attempt->begun_ns =
            earlier(message->begun_ns - attempts_latency_ns(evidence), connection->closed_ns);
    else
        attempt->begun_ns = stream != NULL ? stream->began_ns : connection->witness->opened_ns;
    if (message != NULL) {
        attempt->answer =
            answer_to(evidence, connection->upstream, connection->witness, message->number);
        attempt->written = 1; /* at least */
        attempt->unread = stream != NULL && (secure || stream->tx > connection->witness->in.bytes);
        attempt->tunnel = is_switch(evidence, attempt);
    }
    /* Under TLS the seam sees records and handshakes: what was written of the request only its upstream knows. */
    if (attempt->fresh && !secure && stream != NULL && (message == NULL || message->next == NULL))
        attempt->written = stream->tx;
    for (size_t i = 0; i < evidence->arrival_count && message != NULL; i++)
        if (evidence->arrivals[i].message == message)
            attempt->request = evidence->arrivals[i].request;
    if (message == NULL)
        attempt->request = attempts_request_at(evidence, attempt->begun_ns);
    if (attempt->answer != NULL && response_out_ns(attempt) != 0)
        attempt->ended_ns = earlier(attempt->ended_ns, response_out_ns(attempt));
}

/* The CONNECT whose tunnel the connection is: what came through it carries the labels of that tunnel's client. */
static struct request_fact *connect_of(const struct evidence *evidence,
                                       const struct witness *witness)
{
    for (size_t i = 0; i < evidence->arrival_count && witness != NULL; i++)
        if (evidence->arrivals[i].connection == witness)
            return evidence_tunnel_of(evidence, evidence->arrivals[i].request);
    return NULL;
}

/* A tunnel is one attempt, whatever goes through it. */
static void add_tunnel(struct evidence *evidence, const struct connection_fact *connection,
                       struct request_fact *connect)
{
    add_attempt(evidence, connection, NULL);
    struct attempt_fact *attempt = &evidence->attempts[evidence->attempt_count - 1];
    attempt->request = connect;
    attempt->tunnel = true;
}

static void add_connection(struct evidence *evidence, const struct connection_fact *connection)
{
    const struct witness *witness = connection->witness;
    struct request_fact *connect = connect_of(evidence, witness);
    if (connect != NULL) {
        add_tunnel(evidence, connection, connect);
        return;
    }
    if (witness == NULL || witness->received == NULL) {
        add_attempt(evidence, connection, NULL);
        struct attempt_fact *attempt = &evidence->attempts[evidence->attempt_count - 1];
        bool stood = connection->stream == NULL || connection->stream->outcome == 0;
        attempt->tunnel = witness != NULL && stood && attempt->request != NULL &&
                          request_is_connect(attempt->request) &&
                          request_made_tunnel(attempt->request);
    }
    for (const struct witness_message *m = witness != NULL ? witness->received : NULL; m != NULL;
         m = m->next)
        add_attempt(evidence, connection, m);
}

/* Connections that an upstream accepted, and which of them are spoken for. */
struct pairing {
    size_t taken;
    size_t
        unanswered; /* connections beside those whose dial succeeded: the proxy gave up before it knew */
};

static const struct witness *connection_at(const struct evidence *evidence, size_t upstream,
                                           size_t index)
{
    const struct fake_upstream *at = evidence->upstreams[upstream];
    return index < at->connection_count ? fake_upstream_witness(at, index) : NULL;
}

static size_t upstream_of(const struct evidence *evidence, const struct trace_stream *stream)
{
    size_t upstream = 0;
    while (upstream < evidence->scenario->upstream_count &&
           !address_equal(&stream->address, &evidence->upstreams[upstream]->address))
        upstream++;
    return stream->side == TRACE_CONNECTED ? upstream : evidence->scenario->upstream_count;
}

/* A dial that the proxy gave up, or that was reset before it looked, may have been accepted nevertheless. */
static bool may_be_accepted(const struct trace_stream *stream)
{
    return stream->outcome == -EINPROGRESS || stream->outcome == -ECONNRESET;
}

/* Upstreams accept in the order in which they were dialled. */
static const struct witness *pair(const struct evidence *evidence, struct pairing *pairing,
                                  size_t upstream, const struct trace_stream *stream)
{
    const struct witness *next = connection_at(evidence, upstream, pairing->taken);
    if (next == NULL || (stream->outcome != 0 && !may_be_accepted(stream)))
        return NULL;
    if (stream->outcome != 0) {
        bool fits = evidence->world == WORLD_SIM
                        ? next->opened_ns == stream->began_ns + attempts_latency_ns(evidence)
                        : next->opened_ns >= stream->began_ns;
        if (pairing->unanswered == 0 || !fits || next->in.bytes > 0)
            return NULL;
        pairing->unanswered--;
    }
    pairing->taken++;
    return next;
}

static void gather_dialled(struct evidence *evidence)
{
    struct pairing pairings[UPSTREAMS_MAX] = {{0}};
    size_t known = evidence->scenario->upstream_count;
    for (size_t u = 0; u < known; u++)
        pairings[u].unanswered = evidence->upstreams[u]->connection_count;
    for (size_t i = 0; i < evidence->stream_count; i++) {
        const struct trace_stream *stream = trace_stream_at(evidence->trace, i);
        size_t upstream = upstream_of(evidence, stream);
        if (upstream < known && stream->outcome == 0 && pairings[upstream].unanswered > 0)
            pairings[upstream].unanswered--;
    }
    for (size_t i = 0; i < evidence->stream_count; i++) {
        const struct trace_stream *stream = trace_stream_at(evidence->trace, i);
        struct connection_fact fact = {.upstream = upstream_of(evidence, stream), .stream = stream};
        if (fact.upstream == known)
            continue;
        fact.witness = pair(evidence, &pairings[fact.upstream], fact.upstream, stream);
        fact.closed_ns = evidence->stream_open[i] ? TIME_NEVER : stream->ended_ns;
        add_connection(evidence, &fact);
    }
}

/* From what the upstreams accepted: the subject is another process. */
static void gather_accepted(struct evidence *evidence)
{
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++) {
            const struct witness *witness = connection_at(evidence, u, i);
            add_connection(
                evidence,
                &(struct connection_fact){
                    .upstream = u,
                    .witness = witness,
                    .closed_ns = witness->peer_end_ns != 0 ? witness->peer_end_ns : TIME_NEVER,
                });
        }
}

/* ---- clients that leave --------------------------------------------------------------------- */

/* Which accepted stream the request came on, from 1: the proxy accepts in the order of connecting. 0: not known. */
static uint32_t accepted_ordinal(const struct evidence *evidence,
                                 const struct request_fact *request)
{
    uint32_t before = 0;
    uint32_t others = 0;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct witness *other = client_witness(evidence->clients[c], i);
            bool later =
                c == request->client && other->connection > request->connection->connection;
            if (other->opened_ns == 0 && other->dial_error == 0 && !later)
                return 0; /* it was left before its client knew of it; the proxy may have accepted it */
            if (other->opened_ns == 0 || other == request->connection)
                continue;
            if (other->opened_ns == request->connection->opened_ns && c != request->client)
                return 0;
            others++;
            before += other->opened_ns < request->connection->opened_ns ||
                      (c == request->client && other->connection < request->connection->connection);
        }
    bool ordered = evidence->world == WORLD_SIM || others == 0;
    return ordered && request->connection->opened_ns != 0 ? before + 1 : 0;
}

/* The attempt that a dial was made for. */
static struct attempt_fact *attempt_of_dial(const struct evidence *evidence,
                                            const struct trace_event *event)
{
    const struct trace_stream *stream = trace_stream_at(evidence->trace, event->stream);
    uint32_t connected = 0;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        struct attempt_fact *attempt = &evidence->attempts[i];
        connected +=
            attempt->fresh &&
            address_equal(&evidence->upstreams[attempt->upstream]->address, &stream->address);
        if (connected == stream->ordinal)
            return attempt;
    }
    return NULL;
}

/* Who of the two ended a client's connection first, for each request on it. */
static void note_end(struct evidence *evidence, const struct trace_event *event,
                     const struct trace_stream *stream)
{
    for (size_t r = 0; r < evidence->request_count; r++) {
        struct request_fact *request = &evidence->requests[r];
        if (accepted_ordinal(evidence, request) != stream->ordinal)
            continue;
        request->accepted = stream;
        if (event->what == TRACE_PEER_CLOSED && request->gone_ns == 0)
            request->gone_ns = event->at_ns;
        else if (event->what != TRACE_PEER_CLOSED && request->gone_ns == 0 &&
                 request->hung_up_ns == 0)
            request->hung_up_ns = event->at_ns;
    }
}

/* Notes which dials came after the proxy was told that their client had gone, in the order of the trace. */
static void note_cancels(struct evidence *evidence)
{
    if (evidence->trace == NULL)
        return;
    for (size_t i = 0; i < trace_event_count(evidence->trace); i++) {
        const struct trace_event *event = trace_event_at(evidence->trace, i);
        const struct trace_stream *stream = trace_stream_at(evidence->trace, event->stream);
        bool ends = event->what == TRACE_PEER_CLOSED || event->what == TRACE_SHUT ||
                    event->what == TRACE_CLOSE;
        if (ends && stream->side == TRACE_ACCEPTED) {
            note_end(evidence, event, stream);
        } else if (event->what == TRACE_DIAL) {
            struct attempt_fact *attempt = attempt_of_dial(evidence, event);
            if (attempt != NULL && attempt->request != NULL)
                attempt->client_gone = attempt->request->gone_ns != 0;
        }
    }
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const struct attempt_fact *left = a;
    const struct attempt_fact *right = b;
    if (left->begun_ns != right->begun_ns)
        return left->begun_ns < right->begun_ns ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

bool attempts_gather(struct evidence *evidence, struct region *region)
{
    size_t most = evidence->stream_count + evidence->arrival_count + evidence->total.connections;
    evidence->attempts = region_take(region, (most + 1) * sizeof(*evidence->attempts));
    if (evidence->attempts == NULL)
        return false;
    if (evidence->trace != NULL)
        gather_dialled(evidence);
    else
        gather_accepted(evidence);
    note_cancels(evidence);
    for (size_t i = 0; i < evidence->attempt_count; i++)
        evidence->attempts[i].number = (unsigned)i; /* those of one moment stay as they are */
    if (evidence->attempt_count > 1)
        qsort(evidence->attempts, evidence->attempt_count, sizeof(*evidence->attempts), by_time);
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        struct attempt_fact *attempt = &evidence->attempts[i];
        attempt->number = attempt->request != NULL ? ++attempt->request->attempts : 0;
    }
    return true;
}

const struct attempt_fact *attempts_answered_by(const struct evidence *evidence,
                                                const struct witness_sent *answer)
{
    for (size_t i = 0; i < evidence->attempt_count && answer != NULL; i++)
        if (evidence->attempts[i].answer == answer)
            return &evidence->attempts[i];
    return NULL;
}

bool attempts_are_known(const struct evidence *evidence, const struct request_fact *request,
                        uint64_t until_ns)
{
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        if (attempt->request == NULL && attempt->begun_ns >= request->sent->begun_ns &&
            attempt->begun_ns <= until_ns)
            return false;
    }
    return true;
}

const struct attempt_fact *attempts_on(const struct evidence *evidence,
                                       const struct witness *connection)
{
    for (size_t i = 0; i < evidence->attempt_count; i++)
        if (evidence->attempts[i].connection == connection)
            return &evidence->attempts[i];
    return NULL;
}

const struct attempt_fact *attempts_next(const struct evidence *evidence,
                                         const struct request_fact *request,
                                         const struct attempt_fact *after)
{
    const struct attempt_fact *end = evidence->attempts + evidence->attempt_count;
    for (const struct attempt_fact *a = after != NULL ? after + 1 : evidence->attempts; a < end;
         a++)
        if (a->request == request)
            return a;
    return NULL;
}

size_t attempts_unseen(const struct evidence *evidence, size_t upstream)
{
    size_t unseen = evidence->pre_write_reused[upstream];
    /* Nor does anybody know how often a subject in a process of its own dialled in vain. */
    if (evidence->trace == NULL && evidence->scenario->upstreams[upstream].listen != LISTEN_OPEN)
        unseen += EJECT_AFTER_FAILURES;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        const struct witness_message *seen = attempt->message;
        bool last = seen != NULL && seen->next == NULL;
        unseen += attempt->upstream == upstream && last && attempt->unread &&
                  (seen->complete || attempt->answer != NULL);
    }
    return unseen;
}

bool attempts_are_all_seen(const struct evidence *evidence)
{
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        if (attempts_unseen(evidence, u) > 0)
            return false;
    return true;
}

/* Dials are known in their order; when a connection used before was written to is known to the moment only. */
bool attempts_follow(const struct attempt_fact *a, const struct attempt_fact *b)
{
    return a->begun_ns < b->begun_ns ||
           (a->begun_ns == b->begun_ns && a->fresh && b->fresh && a < b);
}

void attempts_tell(const struct evidence *evidence, const struct request_fact *request,
                   struct phrase *phrase)
{
    char moment[FINDING_DURATION_BYTES];
    const struct attempt_fact *attempt = NULL;
    while ((attempt = attempts_next(evidence, request, attempt)) != NULL &&
           attempt->number <= FINDING_LIST_MAX)
        phrase_add(phrase, "%sattempt %u at %s on %s%s", attempt->number == 1 ? "" : ", ",
                   attempt->number, moment_format(attempt->begun_ns, evidence->began_ns, moment),
                   evidence->scenario->upstream_names[attempt->upstream],
                   attempt->fresh ? "" : " (used before)");
}
