#include "harness/observed/observe.h"

#include <stdio.h>
#include <string.h>

#include "harness/observed/harms.h"

enum { CLIENT_WORD_BYTES = 32 };

/* ---- was the fault met? ----------------------------------------------------------------------- */

/* [read: request, respond: …], again and again: no fault, whatever it answers. */
static bool is_plain_answer(const struct script *script)
{
    return script->count == 2 && script->steps[0].word == STEP_READ &&
           script->steps[0].target == TARGET_MESSAGE && script->steps[1].word == STEP_RESPOND;
}

/* The first upstream that does something of its own; the count of upstreams if none does. */
static size_t first_scripted(const struct scenario *scenario)
{
    size_t upstream = 0;
    while (upstream < scenario->upstream_count &&
           (scenario->upstreams[upstream].listen != LISTEN_OPEN ||
            (scenario->upstreams[upstream].entry_count == 0 &&
             is_plain_answer(&scenario->upstreams[upstream].standing))))
        upstream++;
    return upstream;
}

/* What follows is for the proxy to bring about, and no part of the fault. */
static bool only_waits_for_end(const struct script *script, size_t step)
{
    for (; step < script->count; step++) {
        const struct step *one = &script->steps[step];
        if (one->word != STEP_SIGNAL && !(one->word == STEP_READ && one->target == TARGET_EOF))
            return false;
    }
    return true;
}

static bool is_played(const struct actor *actor, const struct script *list)
{
    if (actor->script != list || actor->state == ACTOR_STALLED || actor->state == ACTOR_DONE ||
        actor->state == ACTOR_RESTING)
        return true;
    return only_waits_for_end(list, actor->step);
}

static bool is_of_case(const struct evidence *evidence, const struct witness_message *message)
{
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct witness *line = client_witness(evidence->clients[c], i);
            for (const struct witness_sent *sent = line->sent; sent != NULL; sent = sent->next)
                if (bytes_equal(message->label, sent->label))
                    return true;
        }
    return false;
}

const struct witness_message *observe_stranger(const struct evidence *evidence)
{
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++) {
        const struct fake_upstream *at = evidence->upstreams[u];
        for (size_t i = 0; i < at->connection_count; i++) {
            const struct witness *connection = fake_upstream_witness(at, i);
            if (connection->connection > evidence->scenario->upstreams[u].connection_count)
                break;
            for (const struct witness_message *m = connection->received; m != NULL; m = m->next)
                if (m->head_complete && !is_of_case(evidence, m))
                    return m;
        }
    }
    return NULL;
}

const char *observe_unmet_fault(const struct evidence *evidence, struct region *region)
{
    static const char NO_MEMORY[] = "the fault was not met, and there is no memory to say why";
    char state[ACTOR_TEXT_BYTES];
    const struct scenario *scenario = evidence->scenario;
    const char *sentence;
    size_t upstream = first_scripted(scenario);
    /* An upstream that nobody can reach is a fault by itself, met or not: its dials are not seen. */
    if (upstream == scenario->upstream_count ||
        (upstream > 0 && scenario->upstreams[0].listen != LISTEN_OPEN))
        return NULL;
    const struct fake_upstream *at = evidence->upstreams[upstream];
    const struct witness_message *stranger = observe_stranger(evidence);
    if (stranger != NULL) {
        sentence = region_format(
            region, "the fault was met by another request than the case's: %s %s, %s",
            stranger->method, stranger->target,
            stranger->label.size > 0
                ? "which the proxy still had from a case before this one, so its settle time is "
                  "too short"
                : "which the proxy made by itself, such as a health check");
    } else if (at->connection_count == 0) {
        sentence = region_format(region, "the fault was not met: no connection came to upstream %s",
                                 scenario->upstream_names[upstream]);
    } else {
        const struct fake_connection *first = at->connections[0];
        unsigned ordinal = first->line.witness.connection;
        if (is_played(&first->actor, upstream_script_of(&scenario->upstreams[upstream], ordinal)))
            return NULL;
        sentence = region_format(region, "the fault was not met: upstream %s, connection %u %s",
                                 scenario->upstream_names[upstream], ordinal,
                                 actor_describe(&first->actor, state));
    }
    return sentence != NULL ? sentence : NO_MEMORY;
}

/* ---- what upstreams saw ----------------------------------------------------------------------- */

static void observe_upstreams(const struct own_case *own, struct observation *out)
{
    const struct scenario *scenario = own->evidence->scenario;
    check(scenario->upstream_count <= OBSERVED_UPSTREAMS_MAX);
    out->upstream_count = scenario->upstream_count;
    for (size_t u = 0; u < scenario->upstream_count; u++)
        out->upstreams[u] = (struct observed_upstream){.name = scenario->upstream_names[u]};
    for (size_t i = 0; i < own->attempt_count; i++) {
        const struct own_attempt *attempt = &own->attempts[i];
        struct observed_upstream *upstream = &out->upstreams[attempt->fact->upstream];
        if (!own_is_counted(attempt))
            continue;
        upstream->attempts++;
        out->after_cancel += own_is_after_cancel(attempt);
        if (!attempt->read)
            continue;
        upstream->delivered += attempt->fact->message->complete;
        upstream->bytes += attempt->fact->message->body_bytes;
    }
}

/* What came of one request: a body that was told to be cut is a part, one that looks whole has to be the client's. */
static enum observed_body body_at(const struct own_attempt *attempt)
{
    const struct witness_message *message = attempt->fact->message;
    if (attempt->request == NULL || attempt->request->draft->body_bytes == 0)
        return message->body_bytes == 0 ? OBSERVED_BODY_NONE : OBSERVED_BODY_CHANGED;
    if (message->seed_known && attempt->request->draft->text.data == NULL &&
        !witness_message_intact(message))
        return OBSERVED_BODY_CHANGED;
    if (!message->complete)
        return OBSERVED_BODY_PART;
    if (own_draft_lies(attempt->request->draft))
        return OBSERVED_BODY_SAME;
    return own_body_is_sent(message, attempt->request->draft) ? OBSERVED_BODY_SAME
                                                              : OBSERVED_BODY_CHANGED;
}

/* Of all requests the worst; a whole delivery outdoes parts. */
static enum observed_body observe_body(const struct own_case *own)
{
    bool seen[OBSERVED_BODY_COUNT] = {false};
    for (size_t i = 0; i < own->attempt_count; i++)
        if (own->attempts[i].read && own_is_counted(&own->attempts[i]))
            seen[body_at(&own->attempts[i])] = true;
    return seen[OBSERVED_BODY_CHANGED] ? OBSERVED_BODY_CHANGED
           : seen[OBSERVED_BODY_SAME]  ? OBSERVED_BODY_SAME
           : seen[OBSERVED_BODY_PART]  ? OBSERVED_BODY_PART
                                       : OBSERVED_BODY_NONE;
}

/* ---- what the client got ---------------------------------------------------------------------- */

/*
 * FIN or RST is not told apart: a proxy that closes while bytes of its client lie unread says both, and which of them the client
 * meets hangs on when it looks.
 */
static const char *end_word(enum witness_end closing)
{
    return closing == WITNESS_OPEN ? "none" : "closed";
}

static void client_word(const struct own_request *request, char word[CLIENT_WORD_BYTES])
{
    const struct witness_message *got = request->response;
    bool partial_head = got != NULL && !got->head_complete && got->interim_count == 0;
    if (request->is_garbage)
        snprintf(word, CLIENT_WORD_BYTES, "garbage");
    else if (request->left_ns > 0)
        snprintf(word, CLIENT_WORD_BYTES, "left");
    else if (request->hangs)
        snprintf(word, CLIENT_WORD_BYTES, "hang");
    else if (request->fact->connection->dial_error != 0)
        snprintf(word, CLIENT_WORD_BYTES, "refused");
    else if (got != NULL && got->head_complete)
        snprintf(word, CLIENT_WORD_BYTES, "%u%s", got->status, got->complete ? "" : " cut");
    else
        snprintf(word, CLIENT_WORD_BYTES, "%s", partial_head ? "cut" : end_word(request->closing));
}

static void observe_times(const struct own_case *own, const struct own_request *request,
                          struct observation *out)
{
    const struct evidence *evidence = own->evidence;
    uint64_t begun_ns = request->fact->sent->begun_ns;
    uint64_t ended_ns = request->ended_ns;
    if (ended_ns == 0)
        ended_ns = evidence->settled_ns;
    out->duration_ns = begun_ns > 0 && ended_ns > begun_ns ? ended_ns - begun_ns : 0;
    if (request->hangs)
        out->duration_ns = evidence->foreign->patience_ns;
    out->seconds = own_seconds(out->duration_ns);
}

/* Of a client that sends raw bytes alone. */
static void observe_raw_client(const struct evidence *evidence, char word[CLIENT_WORD_BYTES])
{
    snprintf(word, CLIENT_WORD_BYTES, "none");
    if (evidence->outcome_count == 0)
        return;
    const struct outcome_fact *last = &evidence->outcomes[evidence->outcome_count - 1];
    if (last->message != NULL && last->message->status != 0)
        snprintf(word, CLIENT_WORD_BYTES, "%u%s", last->message->status,
                 last->complete ? "" : " cut");
    else
        snprintf(word, CLIENT_WORD_BYTES, "%s", end_word(last->closing));
}

bool observe_case(const struct evidence *evidence, struct region *region, struct observation *out)
{
    char word[CLIENT_WORD_BYTES];
    struct own_case own;
    struct harms harms;
    *out = (struct observation){.verdict = VERDICT_PASS, .level = LEVEL_INFO, .times = 1};
    if (!own_case_gather(&own, evidence, region) || !harms_find(&harms, &own, region))
        return false;
    observe_upstreams(&own, out);
    out->body = observe_body(&own);
    out->harms = harms.bits;
    const struct own_request *last = own_last(&own);
    if (last != NULL) {
        client_word(last, word);
        observe_times(&own, last, out);
    } else {
        observe_raw_client(evidence, word);
    }
    out->client = region_format(region, "%s", word);
    return out->client != NULL;
}
