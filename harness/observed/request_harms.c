#include "harness/observed/request_harms.h"

#include <inttypes.h>

#include "harness/observed/answer.h"

/* ---- sent again ------------------------------------------------------------------------------ */

static void find_twice(struct harms *harms, const struct own_request *request)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    unsigned count = own_deliveries(harms->own, request);
    if (count < 2)
        return;
    own_tell(harms->own, request, true, &tale);
    harms_add(harms, request->idempotent ? HARM_DELIVERED_TWICE_IDEMPOTENT : HARM_DELIVERED_TWICE,
              "%s reached upstreams %u times whole: %s", request_name(request->fact, name), count,
              tale.text);
}

/* Told where it did not even reach upstreams whole twice, which is worse. */
static void find_sent_again(struct harms *harms, const struct own_request *request)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    const struct own_attempt *read = NULL;
    const struct own_attempt *attempt = NULL;
    if (request->idempotent || own_deliveries(harms->own, request) > 1)
        return;
    while ((attempt = own_next(harms->own, request, attempt)) != NULL) {
        if (attempt->read && read != NULL && read->fact->message->begun_ns <= attempt->at_ns) {
            own_tell(harms->own, request, false, &tale);
            harms_add(
                harms, HARM_SENT_AGAIN, "%s was sent again although %s had read bytes of it: %s",
                request_name(request->fact, name), own_upstream_name(harms->own, read), tale.text);
            return;
        }
        if (attempt->read && read == NULL)
            read = attempt;
    }
}

/* ---- without its body ------------------------------------------------------------------------ */

/* An attempt before it brought more of the body to its upstream: the proxy had those bytes. */
static bool had_more_before(const struct own_case *own, const struct own_request *request,
                            const struct own_attempt *attempt)
{
    const struct own_attempt *other = NULL;
    while ((other = own_next(own, request, other)) != NULL && other != attempt)
        if (other->read && other->fact->message->body_bytes > attempt->fact->message->body_bytes)
            return true;
    return false;
}

/*
 * The upstream reads, has answered nothing and broken nothing off, and the proxy had what is missing, so that it did not send it:
 * the client has handed over everything, or an attempt before had more. It may have closed the connection, or, where it has
 * everything, it may be silent.
 */
static bool is_body_withheld(const struct harms *harms, const struct own_request *request,
                             const struct own_attempt *attempt)
{
    const struct witness *connection = attempt->fact->connection;
    const struct witness_message *message = attempt->fact->message;
    uint64_t given_ns = request->sent_whole ? request->fact->sent->complete_ns : TIME_NEVER;
    uint64_t settled_ns = harms->own->evidence->settled_ns;
    if (!message->head_complete || message->complete || request->left_ns > 0 ||
        answer_of(attempt) != ANSWER_NONE || !own_upstream_reads_on(harms->own, attempt))
        return false;
    if (connection->peer_end != WITNESS_OPEN)
        return (given_ns < connection->peer_end_ns ||
                had_more_before(harms->own, request, attempt)) &&
               (connection->own_end == WITNESS_OPEN ||
                connection->own_end_ns >= connection->peer_end_ns);
    uint64_t since_ns = given_ns > message->begun_ns ? given_ns : message->begun_ns;
    return request->sent_whole && connection->own_end == WITNESS_OPEN &&
           settled_ns >= since_ns + HARM_NOT_UNDER_WAY_NS;
}

/* Where a proxy drops the body of each attempt because it means nothing, none of them has lost it. */
static bool is_dropped_on_purpose(const struct harms *harms, const struct own_request *request,
                                  const struct own_attempt *attempt)
{
    return own_body_is_unusual(request->draft) && !had_more_before(harms->own, request, attempt);
}

static void find_lost_body(struct harms *harms, const struct own_request *request,
                           const struct own_attempt *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    const struct witness_message *message = attempt->fact->message;
    uint64_t total = request->draft->body_bytes;
    if (!attempt->later || total == 0 || message->body_bytes >= total ||
        own_draft_lies(request->draft))
        return;
    own_tell(harms->own, request, false, &tale);
    request_name(request->fact, name);
    if (message->complete && request->sent_whole && !is_dropped_on_purpose(harms, request, attempt))
        harms_add(harms, HARM_BODY_LOST_UNSEEN,
                  "%s reached %s as a whole request with %" PRIu64 " of %" PRIu64 " body bytes: %s",
                  name, own_upstream_name(harms->own, attempt), message->body_bytes, total,
                  tale.text);
    else if (is_body_withheld(harms, request, attempt))
        harms_add(harms, HARM_BODY_LOST_SEEN,
                  "%s was sent to %s with %" PRIu64 " of %" PRIu64
                  " body bytes, and its framing says that more was to come: %s",
                  name, own_upstream_name(harms->own, attempt), message->body_bytes, total,
                  tale.text);
}

/* A body that is framed by a length cannot be whole when bytes of it are missing; what its client has not sent is missing. */
static void find_passed_as_whole(struct harms *harms, const struct own_request *request,
                                 const struct own_attempt *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_sent *sent = request->fact->sent;
    if (request->sent_whole || !attempt->fact->message->complete || own_draft_lies(request->draft))
        return;
    harms_add(harms, HARM_UPLOAD_PASSED_AS_WHOLE,
              "the client sent %" PRIu64 " of %" PRIu64
              " bytes of %s, and %s got it as a whole request with %" PRIu64 " of %" PRIu64
              " body bytes",
              sent->bytes, sent->bytes_total, request_name(request->fact, name),
              own_upstream_name(harms->own, attempt), attempt->fact->message->body_bytes,
              request->draft->body_bytes);
}

/* ---- for nobody ------------------------------------------------------------------------------ */

static void find_after_cancel(struct harms *harms, const struct own_request *request,
                              const struct own_attempt *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    char left[FINDING_DURATION_BYTES];
    uint64_t origin_ns = harms->own->evidence->began_ns;
    if (!own_is_after_cancel(attempt))
        return;
    harms_add(harms, HARM_AFTER_CLIENT_GONE,
              "the client left at %s, and an attempt at its %s began at %s on %s",
              own_moment(request->left_ns, origin_ns, left), request_name(request->fact, name),
              own_moment(attempt->at_ns, origin_ns, began), own_upstream_name(harms->own, attempt));
}

/*
 * An upstream that has not got its whole request knows of the connection's end only where it reads: what a proxy closed behind
 * bytes that nobody takes arrives behind them.
 */
static void find_left_open(struct harms *harms, const struct own_request *request,
                           const struct own_attempt *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    char open[FINDING_DURATION_BYTES];
    const struct witness *connection = attempt->fact->connection;
    enum answer answer = answer_of(attempt);
    uint64_t settled_ns = harms->own->evidence->settled_ns;
    if (request->ended_ns == 0 || attempt->fact->tunnel || answer == ANSWER_WHOLE ||
        answer == ANSWER_UNKNOWN || connection->peer_end != WITNESS_OPEN ||
        connection->own_end != WITNESS_OPEN || request->ended_ns + HARM_LEFT_OPEN_NS > settled_ns ||
        !(attempt->fact->message->complete || own_upstream_reads_on(harms->own, attempt)))
        return;
    harms_add(
        harms, HARM_LEFT_OPEN,
        "%s was over for its client, and more than %s later the connection to %s, where it is "
        "unanswered, was still open",
        request_name(request->fact, name), duration_format(HARM_LEFT_OPEN_NS, open),
        own_upstream_name(harms->own, attempt));
}

void request_harms_find(struct harms *harms, const struct own_request *request)
{
    const struct own_attempt *attempt = NULL;
    find_twice(harms, request);
    find_sent_again(harms, request);
    while ((attempt = own_next(harms->own, request, attempt)) != NULL) {
        find_after_cancel(harms, request, attempt);
        if (!attempt->read)
            continue;
        find_lost_body(harms, request, attempt);
        find_passed_as_whole(harms, request, attempt);
        find_left_open(harms, request, attempt);
    }
}
