#include "harness/observed/rules.h"

#include <stdarg.h>
#include <stdio.h>

#include "harness/observed/answer.h"

void breach_add(struct breaches *breaches, const struct rule *rule, const char *format, ...)
{
    char text[FINDING_BYTES];
    va_list arguments;
    if (breaches->count == BREACHES_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const char *sentence =
        region_format(breaches->region, "%s, %s: %s", level_word(rule->level), rule->name, text);
    breaches->full = breaches->full || sentence == NULL;
    if (sentence != NULL)
        breaches->list[breaches->count++] = (struct breach){*rule, sentence};
}

/* ---- was it tried again? ----------------------------------------------------------------------- */

/* An upstream read bytes of a request, and then another attempt at it began. */
struct repetition {
    const struct own_attempt *first; /* NULL: there was none */
    const struct own_attempt *again;
};

/*
 * A connection on which nothing came is an attempt only where its upstream ended it: else nobody knows what the proxy opened it
 * for.
 */
static bool is_surely_attempt(const struct own_attempt *attempt)
{
    const struct witness *connection = attempt->fact->connection;
    return attempt->read || (connection->own_end != WITNESS_OPEN &&
                             (connection->peer_end == WITNESS_OPEN ||
                              connection->own_end_ns < connection->peer_end_ns));
}

/* The first repetition that began after that time. */
static struct repetition find_repetition(const struct own_case *own,
                                         const struct own_request *request, uint64_t after_ns)
{
    const struct own_attempt *read = NULL;
    const struct own_attempt *attempt = NULL;
    while ((attempt = own_next(own, request, attempt)) != NULL) {
        if (read != NULL && attempt->at_ns > after_ns && is_surely_attempt(attempt) &&
            read->fact->message->begun_ns <= attempt->at_ns)
            return (struct repetition){read, attempt};
        if (read == NULL && attempt->read)
            read = attempt;
    }
    return (struct repetition){NULL, NULL};
}

static void tell_repetition(struct breaches *breaches, const struct own_request *request,
                            const struct repetition *repetition, const struct rule *rule)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    unsigned whole = own_deliveries(breaches->own, request);
    own_tell(breaches->own, request, whole > 1, &tale);
    request_name(request->fact, name);
    if (whole > 1)
        breach_add(breaches, rule, "%s reached upstreams %u times whole: %s", name, whole,
                   tale.text);
    else
        breach_add(breaches, rule, "%s was tried again at %s although %s had read bytes of it: %s",
                   name, own_upstream_name(breaches->own, repetition->again),
                   own_upstream_name(breaches->own, repetition->first), tale.text);
}

/* What a breach of that kind is the same as. */
static enum harm harm_of(const struct breaches *breaches, const struct own_request *request)
{
    if (request->idempotent)
        return HARM_DELIVERED_TWICE_IDEMPOTENT;
    return (breaches->harms->bits & HARM_BIT(HARM_DELIVERED_TWICE)) != 0 ? HARM_DELIVERED_TWICE
                                                                         : HARM_SENT_AGAIN;
}

/* ---- at-most-once and idempotent ----------------------------------------------------------------- */

/*
 * When a byte of the final response had surely gone to the client; TIME_NEVER: it did not. Of a response with a 1xx before it
 * only the end of its head tells: a proxy may make a 100 of its own.
 */
static uint64_t response_down_ns(const struct own_request *request)
{
    const struct witness_message *got = request->response;
    if (got == NULL || !got->head_complete)
        return TIME_NEVER;
    return got->interim_count > 0 ? got->head_ns : got->begun_ns;
}

static void check_repetition(enum declared declared, const struct own_request *request,
                             struct breaches *breaches)
{
    bool may = declared == DECLARED_IDEMPOTENT && request->idempotent;
    const struct rule rule = {LEVEL_MUST, declared_word(declared), harm_of(breaches, request)};
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    struct phrase tale = {.used = 0};
    struct repetition repetition =
        find_repetition(breaches->own, request, may ? response_down_ns(request) : 0);
    if (repetition.again == NULL)
        return;
    if (!may) {
        tell_repetition(breaches, request, &repetition, &rule);
        return;
    }
    own_tell(breaches->own, request, false, &tale);
    breach_add(breaches, &rule,
               "%s was tried again at %s although bytes of a response had reached its client at "
               "%s: %s",
               request_name(request->fact, name),
               own_upstream_name(breaches->own, repetition.again),
               own_moment(response_down_ns(request), breaches->own->evidence->began_ns, moment),
               tale.text);
}

static void check_cancel(const char *rule_name, const struct own_request *request,
                         struct breaches *breaches)
{
    const struct rule rule = {LEVEL_MUST, rule_name, HARM_AFTER_CLIENT_GONE};
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    struct phrase tale = {.used = 0};
    const struct own_attempt *attempt = NULL;
    while ((attempt = own_next(breaches->own, request, attempt)) != NULL) {
        if (!own_is_after_cancel(attempt))
            continue;
        own_tell(breaches->own, request, false, &tale);
        breach_add(breaches, &rule, "%s was tried again at %s after its client had left at %s: %s",
                   request_name(request->fact, name), own_upstream_name(breaches->own, attempt),
                   own_moment(request->left_ns, breaches->own->evidence->began_ns, moment),
                   tale.text);
        return;
    }
}

/* Acceptance matrix, section 1, row dial: nothing of the request left the proxy. */
static void check_refused(enum declared declared, const struct own_request *request,
                          struct breaches *breaches)
{
    const struct evidence *evidence = breaches->own->evidence;
    const struct rule rule = {LEVEL_SHOULD, declared_word(declared), HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    char settle[FINDING_DURATION_BYTES];
    if (evidence->scenario->upstream_count < 2 || request->left_ns > 0 || request->broke_off ||
        evidence->scenario->upstreams[0].listen != LISTEN_REFUSED ||
        evidence->scenario->upstreams[0].listen_times > 0 ||
        evidence->scenario->upstreams[1].listen != LISTEN_OPEN ||
        own_next(breaches->own, request, NULL) != NULL)
        return;
    breach_add(
        breaches, &rule,
        "%s was refused at %s and not tried at %s: no attempt came, nor any within %s after "
        "its client's end",
        request_name(request->fact, name), evidence->scenario->upstream_names[0],
        evidence->scenario->upstream_names[1],
        duration_format(evidence->foreign != NULL ? evidence->foreign->settle_ns : 0, settle));
}

/* ---- RFC 9110 --------------------------------------------------------------------------------- */

/* The connection was used before, and its upstream ended it without a byte of a response. */
static bool was_idle_close(const struct own_attempt *attempt)
{
    return !attempt->fact->fresh && answer_of(attempt) == ANSWER_NONE &&
           !attempt->fact->connection->stalled;
}

/*
 * RFC 9110 9.2.2: a proxy MUST NOT automatically retry requests of methods that are not idempotent. The same section calls it a
 * risk that some take, where a connection that was used before is closed before any part of a response: shown, and no more.
 */
static void check_not_idempotent(const struct own_request *request, struct breaches *breaches)
{
    struct repetition repetition = find_repetition(breaches->own, request, 0);
    if (request->idempotent || repetition.again == NULL || !repetition.again->read)
        return;
    const struct rule rule = {was_idle_close(repetition.first) ? LEVEL_SHOULD : LEVEL_MUST,
                              "RFC 9110 9.2.2", harm_of(breaches, request)};
    tell_repetition(breaches, request, &repetition, &rule);
}

/* RFC 9110 9.2.2: a client SHOULD NOT automatically retry a failed automatic retry. */
static void check_retry_of_retry(const struct own_request *request, struct breaches *breaches)
{
    const struct rule rule = {LEVEL_SHOULD, "RFC 9110 9.2.2", HARM_COUNT};
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    const struct own_attempt *attempt = NULL;
    unsigned sent = 0;
    while ((attempt = own_next(breaches->own, request, attempt)) != NULL)
        sent += attempt->read;
    if (sent <= 2)
        return;
    own_tell(breaches->own, request, false, &tale);
    breach_add(breaches, &rule, "%s was sent %u times, a retry that failed was tried again: %s",
               request_name(request->fact, name), sent, tale.text);
}

void retry_rules_check(enum declared declared, struct breaches *breaches)
{
    for (size_t i = 0; i < breaches->own->request_count; i++) {
        const struct own_request *request = &breaches->own->requests[i];
        if (declared == DECLARED_RFC9110) {
            check_not_idempotent(request, breaches);
            check_retry_of_retry(request, breaches);
        } else {
            check_repetition(declared, request, breaches);
            check_cancel(declared_word(declared), request, breaches);
            check_refused(declared, request, breaches);
        }
    }
}
