#include "harness/observed/message_rules.h"

#include <inttypes.h>
#include <string.h>

#include "harness/observed/answer.h"

/* ---- requests ---------------------------------------------------------------------------------- */

/* Rules of HTTP that a message at an upstream broke. A client that breaks them itself sends raw bytes, and no request. */
static void check_faults(const struct own_request *request, const struct own_attempt *attempt,
                         struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_MUST, "RFC 9112", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct fake_connection *connection = own_upstream_connection(breaches->own, attempt);
    const struct transcript_faults *faults =
        connection != NULL ? &connection->line.transcript.faults : NULL;
    for (size_t i = 0; faults != NULL && i < faults->count && i < TRANSCRIPT_FAULTS_MAX; i++)
        if (faults->list[i].message == attempt->fact->message->number)
            breach_add(breaches, &RULE, "%s reached %s breaking a rule: %s",
                       request_name(request->fact, name), own_upstream_name(breaches->own, attempt),
                       faults->list[i].sentence);
}

/* Bytes that are none of the client's body: of a message that looks whole, or at any place of one that does not. */
static void check_body(const struct own_request *request, const struct own_attempt *attempt,
                       struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_MUST, "acceptance matrix 5", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_message *message = attempt->fact->message;
    const struct draft *draft = request->draft;
    bool other =
        draft->text.data == NULL && message->seed_known && !witness_message_intact(message);
    bool longer = message->body_bytes > draft->body_bytes;
    bool texts_differ = draft->text.data != NULL && message->complete &&
                        message->body_bytes == draft->body_bytes &&
                        !own_body_is_sent(message, draft);
    if (own_draft_lies(draft) || !(other || longer || texts_differ))
        return;
    breach_add(breaches, &RULE,
               "the body of %s reached %s changed: %" PRIu64 " bytes, the first %" PRIu64
               " of them as the client sent them, which has %" PRIu64,
               request_name(request->fact, name), own_upstream_name(breaches->own, attempt),
               message->body_bytes, message->body_matched, draft->body_bytes);
}

/*
 * Fewer bytes in a first attempt that looks whole; of a later one it is a harm with a name. RFC 9110 9.3.1: to drop a body that
 * means nothing is only shown.
 */
static void check_first_body(const struct own_request *request, const struct own_attempt *attempt,
                             struct breaches *breaches)
{
    static const struct rule LOST = {LEVEL_MUST, "acceptance matrix 5", HARM_COUNT};
    static const struct rule DROPPED = {LEVEL_INFO, "RFC 9110 9.3.1", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_message *message = attempt->fact->message;
    if (attempt->later || !message->complete || !request->sent_whole ||
        own_draft_lies(request->draft) || message->body_bytes >= request->draft->body_bytes)
        return;
    breach_add(breaches, own_body_is_unusual(request->draft) ? &DROPPED : &LOST,
               "%s reached %s as a whole request with %" PRIu64 " of %" PRIu64 " body bytes",
               request_name(request->fact, name), own_upstream_name(breaches->own, attempt),
               message->body_bytes, request->draft->body_bytes);
}

/* RFC 9112 6: allowed, and yet another request to some servers. */
static void check_alike(const struct own_request *request, struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_INFO, "RFC 9112 6", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct own_attempt *first = NULL;
    const struct own_attempt *attempt = NULL;
    while ((attempt = own_next(breaches->own, request, attempt)) != NULL) {
        if (!attempt->read || !attempt->fact->message->head_complete)
            continue;
        if (first == NULL)
            first = attempt;
        if (first->fact->message->framing == attempt->fact->message->framing)
            continue;
        breach_add(breaches, &RULE, "attempts at %s differ in framing: %s on %s, %s on %s",
                   request_name(request->fact, name),
                   message_framing_word(first->fact->message->framing),
                   own_upstream_name(breaches->own, first),
                   message_framing_word(attempt->fact->message->framing),
                   own_upstream_name(breaches->own, attempt));
        return;
    }
}

/* ---- statuses ---------------------------------------------------------------------------------- */

static const struct own_attempt *last_attempt(const struct own_case *own,
                                              const struct own_request *request)
{
    const struct own_attempt *last = NULL;
    const struct own_attempt *attempt = NULL;
    while ((attempt = own_next(own, request, attempt)) != NULL)
        last = attempt;
    return last;
}

/* What an answer of the proxy's own has to be about: how its last attempt went. */
struct expected_status {
    unsigned status; /* 0: nothing can be said */
    const char *why;
    const char *rule;
};

/* A proxy that has read enough of an answer closes first, and what then is not sent its upstream has not broken off. */
static bool ended_it_first(const struct witness *upstream)
{
    return upstream->own_end != WITNESS_OPEN &&
           (upstream->peer_end == WITNESS_OPEN || upstream->own_end_ns < upstream->peer_end_ns);
}

/*
 * RFC 9110 15.6.3 and 15.6.5. An upstream that closes without a byte may as well be held to be unavailable; of one that sends
 * garbage and no end a proxy may wait for more.
 */
static struct expected_status status_for(const struct own_attempt *last)
{
    enum answer answer = answer_of(last);
    bool stalled = last->fact->connection->stalled;
    if (answer == ANSWER_GARBAGE && !stalled)
        return (struct expected_status){502, "answered with bytes that are no response",
                                        "RFC 9110 15.6.3"};
    if (answer == ANSWER_CUT && !stalled && ended_it_first(last->fact->connection))
        return (struct expected_status){502, "broke its response off", "RFC 9110 15.6.3"};
    if (answer == ANSWER_NONE && stalled)
        return (struct expected_status){504, "never answered it", "RFC 9110 15.6.5"};
    if (answer == ANSWER_CUT && stalled)
        return (struct expected_status){504, "never ended its response", "RFC 9110 15.6.5"};
    return (struct expected_status){0, NULL, NULL};
}

static void check_status(const struct own_request *request, struct breaches *breaches)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct scenario *scenario = breaches->own->evidence->scenario;
    const struct own_attempt *last = last_attempt(breaches->own, request);
    const struct witness_message *got = request->response;
    if (got == NULL || !got->head_complete || got->label.size > 0 || last == NULL ||
        !(request->sent_whole || request->meant_whole) || request->broke_off ||
        got->status / 100 != 5)
        return;
    for (size_t u = 0; u < scenario->upstream_count; u++)
        if (scenario->upstreams[u].listen != LISTEN_OPEN)
            return;
    struct expected_status expected = status_for(last);
    const struct rule rule = {LEVEL_SHOULD, expected.rule, HARM_COUNT};
    if (expected.status == 0 || expected.status == got->status)
        return;
    breach_add(breaches, &rule, "%s was answered with %u although %s %s, which is a %u",
               request_name(request->fact, name), got->status,
               own_upstream_name(breaches->own, last), expected.why, expected.status);
}

/* ---- responses --------------------------------------------------------------------------------- */

static const struct own_attempt *answering(const struct own_case *own,
                                           const struct own_request *request)
{
    const struct witness_sent *sent = evidence_sent(own->evidence, request->response);
    const struct own_attempt *attempt = NULL;
    while (sent != NULL && (attempt = own_next(own, request, attempt)) != NULL)
        if (attempt->fact->answer == sent)
            return attempt;
    return NULL;
}

/* The version stands behind the target, which the harness may put in by itself. */
static bool is_old_client(const struct draft *draft)
{
    static const char OLD[] = "HTTP/1.0";
    struct bytes end = draft->start_rest.size > 0 ? draft->start_rest : draft->start;
    return memmem(end.data, end.size, OLD, sizeof(OLD) - 1) != NULL;
}

/*
 * RFC 9110 15.2: a proxy MUST forward 1xx responses, but to a client of HTTP/1.0, to which none may be sent. A 100 stands apart:
 * a proxy may ask for one, or make one, by itself (RFC 9110 10.1.1).
 */
static void check_interims(const struct own_request *request, const struct own_attempt *attempt,
                           struct breaches *breaches)
{
    static const struct rule LOST = {LEVEL_MUST, "RFC 9110 15.2", HARM_COUNT};
    static const struct rule REPEATED = {LEVEL_SHOULD, "RFC 9110 15.2", HARM_COUNT};
    unsigned statuses[WITNESS_INTERIMS_MAX];
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_message *got = request->response;
    size_t sent = answer_interims(attempt, statuses, COUNT_OF(statuses));
    size_t came = 0;
    for (size_t i = 0; i < got->interim_count && i < WITNESS_INTERIMS_MAX; i++)
        came += got->interims[i] != 100;
    if (!got->complete || is_old_client(request->draft) || attempt->fact->message->number != 1 ||
        sent > COUNT_OF(statuses) || got->interim_count > WITNESS_INTERIMS_MAX || came == sent)
        return;
    breach_add(breaches, came < sent ? &LOST : &REPEATED,
               "%s sent %zu 1xx responses before its answer to %s, the client got %zu (100s left "
               "out)",
               own_upstream_name(breaches->own, attempt), sent, request_name(request->fact, name),
               came);
}

static bool has_trailer(const struct draft *draft, const struct message_field *field)
{
    for (size_t i = 0; i < draft->trailer_count; i++)
        if (bytes_equal_nocase(draft->trailers[i].name, field->name) &&
            bytes_equal(draft->trailers[i].value, field->value))
            return true;
    return false;
}

/* RFC 9110 6.5: a trailer is of the message behind whose body it comes. */
static void check_trailers(const struct own_request *request, const struct own_attempt *answered,
                           struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_MUST, "RFC 9110 6.5", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct own_attempt *other = NULL;
    const struct witness_message *got = request->response;
    while ((other = own_next(breaches->own, request, other)) != NULL) {
        if (other == answered || other->fact->answer == NULL)
            continue;
        for (size_t i = 0; i < got->trailer_count; i++) {
            const struct message_field *field = &got->trailers[i];
            if (has_trailer(answered->fact->answer->draft, field) ||
                !has_trailer(other->fact->answer->draft, field))
                continue;
            breach_add(breaches, &RULE,
                       "the client got the response of %s to %s with the trailer '%.*s' of %s",
                       own_upstream_name(breaches->own, answered),
                       request_name(request->fact, name), (int)field->name.size,
                       (const char *)field->name.data, own_upstream_name(breaches->own, other));
        }
    }
}

/* Head and body of two attempts: the bytes do not follow the mark that the head carries. */
static void check_splice(const struct own_request *request, const struct own_attempt *attempt,
                         struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_MUST, "acceptance matrix 5", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_message *got = request->response;
    if (!got->seed_known || witness_message_intact(got) ||
        attempt->fact->answer->draft->text.data != NULL ||
        witness_message_field(got, "Content-Encoding").data != NULL)
        return;
    breach_add(breaches, &RULE,
               "the client got the head of %s in answer to %s, and behind %" PRIu64
               " body bytes others that %s did not send",
               own_upstream_name(breaches->own, attempt), request_name(request->fact, name),
               got->body_matched, own_upstream_name(breaches->own, attempt));
}

/* RFC 9112 6.1, also of what is forwarded: a sender MUST NOT send both. */
static void check_response_framing(const struct own_request *request, struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_MUST, "RFC 9112 6.1", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_message *got = request->response;
    if (witness_message_field(got, "Content-Length").data == NULL ||
        witness_message_field(got, "Transfer-Encoding").data == NULL)
        return;
    breach_add(breaches, &RULE, "the response to %s has both Content-Length and Transfer-Encoding",
               request_name(request->fact, name));
}

/* RFC 9112 6.3: there is no way to tell such a response from one that was cut, so a length or chunks are to be preferred. */
static void check_close_delimited(struct breaches *breaches)
{
    static const struct rule RULE = {LEVEL_SHOULD, "RFC 9112 6.3", HARM_CUT_CLOSE};
    if ((breaches->harms->bits & HARM_BIT(HARM_CUT_CLOSE)) != 0)
        breach_add(breaches, &RULE, "%s", breaches->harms->sentences[HARM_CUT_CLOSE]);
}

void message_rules_check(struct breaches *breaches)
{
    const struct own_case *own = breaches->own;
    for (size_t i = 0; i < own->request_count; i++) {
        const struct own_request *request = &own->requests[i];
        const struct own_attempt *attempt = NULL;
        while ((attempt = own_next(own, request, attempt)) != NULL) {
            if (!attempt->read)
                continue;
            check_faults(request, attempt, breaches);
            if (!attempt->fact->message->head_complete)
                continue;
            check_body(request, attempt, breaches);
            check_first_body(request, attempt, breaches);
        }
        check_alike(request, breaches);
        check_status(request, breaches);
        if (request->response == NULL || !request->response->head_complete)
            continue;
        check_response_framing(request, breaches);
        const struct own_attempt *answered = answering(own, request);
        if (answered == NULL)
            continue;
        check_interims(request, answered, breaches);
        check_trailers(request, answered, breaches);
        check_splice(request, answered, breaches);
    }
    check_close_delimited(breaches);
}
