#include "harness/observed/own_case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/observed/answer.h"
#include "world/data/digest.h"

/* ---- drafts --------------------------------------------------------------------------------- */

bool own_draft_lies(const struct draft *draft)
{
    uint64_t length;
    return draft_declares(draft, &length) && length != draft->body_bytes;
}

bool own_body_is_unusual(const struct draft *draft)
{
    static const char *const METHODS[] = {"GET", "HEAD", "DELETE", "TRACE"};
    for (size_t i = 0; i < COUNT_OF(METHODS); i++)
        if (strcmp(draft->method, METHODS[i]) == 0)
            return true;
    return false;
}

bool own_body_is_sent(const struct witness_message *message, const struct draft *sent)
{
    struct digest digest = {0};
    uint8_t was[DIGEST_BYTES];
    uint8_t is[DIGEST_BYTES];
    if (message->body_bytes != sent->body_bytes)
        return false;
    if (sent->text.data == NULL)
        return !message->seed_known || witness_message_intact(message);
    if (!message->complete)
        return true;
    digest_update(&digest, sent->text.data, sent->text.size);
    digest_finish(&digest, was);
    digest_release(&digest);
    witness_message_digest(message, is);
    return memcmp(was, is, sizeof(was)) == 0;
}

/* ---- clients -------------------------------------------------------------------------------- */

static const struct script *script_of(const struct evidence *evidence,
                                      const struct request_fact *fact)
{
    return &evidence->scenario->clients[fact->client].script;
}

static bool has_step(const struct script *script, enum step_word word)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->steps[i].word == word)
            return true;
    return false;
}

/* A `request` is sent to its end; a prepared message where a `send: rest` comes behind it. */
static bool is_meant_whole(const struct script *script, const struct draft *draft)
{
    const struct draft *current = NULL;
    for (size_t i = 0; i < script->count; i++) {
        const struct step *step = &script->steps[i];
        if (step->word == STEP_REQUEST && step->draft == draft)
            return true;
        if (step->word == STEP_PREPARE)
            current = step->draft;
        if (step->word == STEP_SEND && current == draft && step->target == TARGET_MESSAGE)
            return true;
    }
    return false;
}

/* Whether the client ended its side by itself, and not because the proxy had ended the connection. */
static bool ended_by_itself(const struct evidence *evidence, const struct witness *connection)
{
    return connection->own_end != WITNESS_OPEN && connection->own_end_ns <= evidence->settled_ns &&
           (connection->peer_end == WITNESS_OPEN ||
            connection->own_end_ns < connection->peer_end_ns);
}

/* A client that only half-closes still listens; when it left after that its witness does not tell. */
static uint64_t left_at(const struct evidence *evidence, const struct request_fact *fact)
{
    const struct witness *connection = fact->connection;
    const struct witness_message *response = fact->response;
    bool had_it =
        response != NULL && response->complete && response->complete_ns <= connection->own_end_ns;
    if (!ended_by_itself(evidence, connection) || had_it ||
        has_step(script_of(evidence, fact), STEP_HALF_CLOSE))
        return 0;
    return connection->own_end_ns;
}

/* What waits for a signal, for a time or for its own script is not left hanging by the proxy. */
static bool waits_for_proxy(const struct evidence *evidence, const struct own_request *request)
{
    const struct actor *actor = &evidence->clients[request->fact->client]->actor;
    if (actor->state != ACTOR_PLAYING || actor->step >= actor->script->count || actor->paused ||
        actor->line == NULL || &actor->line->witness != request->fact->connection)
        return false;
    switch (actor->script->steps[actor->step].word) {
    case STEP_REQUEST:
    case STEP_SEND:
        return true;
    case STEP_READ:
        return request->sent_whole; /* a proxy may wait for the rest of a request for long */
    default:
        return false;
    }
}

/* The client's transcript gave up where a response was to begin, or what has come of a first line is no status line's. */
static bool is_garbage(const struct evidence *evidence, const struct request_fact *fact)
{
    const struct client *client = evidence->clients[fact->client];
    const struct witness *connection = fact->connection;
    const struct witness_message *got = fact->response;
    if (got == NULL || got->head_complete || got->interim_count > 0)
        return false;
    for (size_t i = 0; i < client->line_count; i++)
        if (&client->lines[i]->witness == connection &&
            client->lines[i]->transcript.state == TRANSCRIPT_BROKEN)
            return true;
    return got->number == 1 &&
           !answer_begins_well(bytes_make(connection->in.data, connection->in.size));
}

static bool is_set_up(const struct evidence *evidence, const struct request_fact *fact)
{
    const struct witness_message *response = fact->response;
    if (response == NULL || !response->complete || response->status / 100 != 2 ||
        response->label.size == 0 || fact->begun > 1)
        return false;
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *other = &evidence->requests[i];
        bool behind =
            other->connection->connection > fact->connection->connection ||
            (other->connection == fact->connection && other->sent->number > fact->sent->number);
        if (other->client == fact->client && behind &&
            other->sent->begun_ns >= response->complete_ns)
            return true;
    }
    return false;
}

static void look_at_request(const struct evidence *evidence, const struct request_fact *fact,
                            struct own_request *out)
{
    const struct witness *connection = fact->connection;
    const struct witness_message *response = fact->response;
    *out = (struct own_request){
        .fact = fact,
        .draft = fact->sent->draft,
        .response = response,
        .set_up = is_set_up(evidence, fact),
        .closing = connection->peer_end,
        .sent_whole = fact->sent->bytes == fact->sent->bytes_total,
        .meant_whole = is_meant_whole(script_of(evidence, fact), fact->sent->draft),
        .answered = response != NULL && response->complete,
        .idempotent = request_is_idempotent(fact),
        .left_ns = left_at(evidence, fact),
    };
    out->broke_off = !out->sent_whole && ended_by_itself(evidence, connection);
    if (out->left_ns > 0)
        out->closing = WITNESS_OPEN;
    out->ended_ns = out->answered      ? response->complete_ns
                    : out->left_ns > 0 ? out->left_ns
                                       : connection->peer_end_ns;
    out->is_garbage = is_garbage(evidence, fact);
    out->hangs = !out->is_garbage && evidence->foreign != NULL && evidence->foreign->hung &&
                 out->ended_ns == 0 && waits_for_proxy(evidence, out);
}

/* ---- whose attempts are they? ---------------------------------------------------------------- */

static struct own_request *find_own(const struct own_case *own, const struct request_fact *fact)
{
    for (size_t i = 0; i < own->request_count; i++)
        if (own->requests[i].fact == fact)
            return &own->requests[i];
    return NULL;
}

/* The first of the case's own; if it is the only one, *alone says so. */
static struct own_request *first_own(const struct own_case *own, bool *alone)
{
    struct own_request *first = NULL;
    *alone = true;
    for (size_t i = 0; i < own->request_count; i++) {
        *alone = *alone && !(first != NULL && !own->requests[i].set_up);
        if (first == NULL && !own->requests[i].set_up)
            first = &own->requests[i];
    }
    return first;
}

/* A connection that stands open, unused, though its upstream would read. */
static bool is_spare(const struct own_case *own, const struct own_attempt *attempt)
{
    const struct witness *connection = attempt->fact->connection;
    return attempt->fact->message == NULL && connection != NULL &&
           connection->peer_end == WITNESS_OPEN && connection->own_end == WITNESS_OPEN &&
           own_upstream_reads_on(own, attempt);
}

/* Where no mark tells whose it is: on a connection on which nothing came, or no whole head. */
static bool look_at_unmarked(const struct own_case *own, struct own_attempt *out)
{
    const struct witness_message *message = out->fact->message;
    bool alone;
    struct own_request *first = first_own(own, &alone);
    /* A request with a head but without a mark is nobody's: a health check, say. */
    if (first == NULL || (message != NULL && message->head_complete) ||
        out->fact->begun_ns < first->fact->sent->begun_ns)
        return false;
    out->request = alone ? first : NULL;
    return true;
}

/* False: it is no attempt at a request of the case. */
static bool look_at_attempt(const struct own_case *own, const struct attempt_fact *fact,
                            struct own_attempt *out)
{
    const struct witness_message *message = fact->message;
    *out = (struct own_attempt){.fact = fact, .at_ns = fact->begun_ns, .read = message != NULL};
    if (is_spare(own, out))
        return false;
    out->request = find_own(own, fact->request);
    if (out->request == NULL && !look_at_unmarked(own, out))
        return false;
    uint64_t asked_ns = out->request != NULL ? out->request->fact->sent->begun_ns : 0;
    if (message != NULL && out->at_ns < asked_ns)
        out->at_ns = message->begun_ns; /* on a connection that stood ready */
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct own_attempt *left = a;
    const struct own_attempt *right = b;
    if (left->at_ns != right->at_ns)
        return left->at_ns < right->at_ns ? -1 : 1;
    return (left->fact > right->fact) - (left->fact < right->fact);
}

static bool has_deaf_upstream(const struct evidence *evidence)
{
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        if (evidence->scenario->upstreams[u].listen != LISTEN_OPEN)
            return true;
    return false;
}

bool own_case_gather(struct own_case *own, const struct evidence *evidence, struct region *region)
{
    *own = (struct own_case){.evidence = evidence};
    own->requests = region_take(region, (evidence->request_count + 1) * sizeof(*own->requests));
    own->attempts = region_take(region, (evidence->attempt_count + 1) * sizeof(*own->attempts));
    if (own->requests == NULL || own->attempts == NULL)
        return false;
    for (size_t i = 0; i < evidence->request_count; i++)
        look_at_request(evidence, &evidence->requests[i], &own->requests[own->request_count++]);
    for (size_t i = 0; i < evidence->attempt_count; i++)
        own->attempt_count +=
            look_at_attempt(own, &evidence->attempts[i], &own->attempts[own->attempt_count]);
    if (own->attempt_count > 1)
        qsort(own->attempts, own->attempt_count, sizeof(*own->attempts), by_time);
    bool deaf = has_deaf_upstream(evidence);
    for (size_t i = 0; i < own->attempt_count; i++) {
        struct own_attempt *attempt = &own->attempts[i];
        attempt->again =
            attempt->request != NULL && own_next(own, attempt->request, NULL) != attempt;
        attempt->later = attempt->again || (attempt->request != NULL && deaf);
    }
    return true;
}

/* ---- asking --------------------------------------------------------------------------------- */

const struct own_attempt *own_next(const struct own_case *own, const struct own_request *request,
                                   const struct own_attempt *after)
{
    const struct own_attempt *end = own->attempts + own->attempt_count;
    for (const struct own_attempt *a = after != NULL ? after + 1 : own->attempts; a < end; a++)
        if (a->request == request)
            return a;
    return NULL;
}

unsigned own_deliveries(const struct own_case *own, const struct own_request *request)
{
    unsigned count = 0;
    const struct own_attempt *attempt = NULL;
    while ((attempt = own_next(own, request, attempt)) != NULL)
        count += attempt->read && attempt->fact->message->complete;
    return count;
}

const struct own_request *own_last(const struct own_case *own)
{
    const struct own_request *last = NULL;
    for (size_t i = 0; i < own->request_count; i++)
        if (!own->requests[i].set_up)
            last = &own->requests[i];
    return last;
}

bool own_is_counted(const struct own_attempt *attempt)
{
    return attempt->request == NULL || !attempt->request->set_up;
}

bool own_is_after_cancel(const struct own_attempt *attempt)
{
    return attempt->again && attempt->request->left_ns > 0 &&
           attempt->at_ns > attempt->request->left_ns + OWN_CANCEL_GRACE_NS;
}

const struct fake_connection *own_upstream_connection(const struct own_case *own,
                                                      const struct own_attempt *attempt)
{
    const struct fake_upstream *upstream = own->evidence->upstreams[attempt->fact->upstream];
    for (size_t i = 0; i < upstream->connection_count; i++)
        if (&upstream->connections[i]->line.witness == attempt->fact->connection)
            return upstream->connections[i];
    return NULL;
}

static bool script_reads_on(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        const struct step *step = &script->steps[i];
        bool some =
            step->word == STEP_READ && step->target != TARGET_MESSAGE && step->target != TARGET_EOF;
        if (some || step->word == STEP_PAUSE_READING)
            return false;
    }
    return true;
}

bool own_upstream_reads_on(const struct own_case *own, const struct own_attempt *attempt)
{
    const struct witness *connection = attempt->fact->connection;
    const struct upstream_script *script =
        &own->evidence->scenario->upstreams[attempt->fact->upstream];
    return connection != NULL && !connection->stalled &&
           script_reads_on(upstream_script_of(script, connection->connection)) &&
           script_reads_on(&script->standing);
}

/* ---- telling -------------------------------------------------------------------------------- */

unsigned own_seconds(uint64_t ns)
{
    const uint64_t rounding_ns = 250 * NS_PER_MS;
    return (unsigned)((ns + rounding_ns) / NS_PER_S);
}

const char *own_moment(uint64_t at_ns, uint64_t origin_ns, char text[FINDING_DURATION_BYTES])
{
    uint64_t since_ns = at_ns > origin_ns ? at_ns - origin_ns : 0;
    snprintf(text, FINDING_DURATION_BYTES, "+%u s", own_seconds(since_ns));
    return text;
}

const char *own_upstream_name(const struct own_case *own, const struct own_attempt *attempt)
{
    return own->evidence->scenario->upstream_names[attempt->fact->upstream];
}

static void tell_one(const struct own_case *own, const struct own_attempt *attempt,
                     struct phrase *phrase)
{
    char moment[FINDING_DURATION_BYTES];
    const struct witness_message *message = attempt->fact->message;
    uint64_t total = attempt->request != NULL ? attempt->request->draft->body_bytes : 0;
    phrase_add(phrase, "at %s on %s", own_moment(attempt->at_ns, own->evidence->began_ns, moment),
               own_upstream_name(own, attempt));
    if (message == NULL)
        phrase_add(phrase, " (not a byte)");
    else if (!message->head_complete)
        phrase_add(phrase, " (its head cut)");
    else if (total > 0 || message->body_bytes > 0)
        phrase_add(phrase, " (%" PRIu64 " of %" PRIu64 " body bytes%s)", message->body_bytes, total,
                   message->complete ? "" : ", cut");
}

void own_tell(const struct own_case *own, const struct own_request *request, bool whole_only,
              struct phrase *phrase)
{
    size_t told = 0;
    const struct own_attempt *attempt = NULL;
    while ((attempt = own_next(own, request, attempt)) != NULL) {
        if (whole_only && !(attempt->read && attempt->fact->message->complete))
            continue;
        if (told++ == FINDING_LIST_MAX)
            break;
        if (told > 1)
            phrase_add(phrase, ", ");
        tell_one(own, attempt, phrase);
    }
}
