#include "harness/observed/harms.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/observed/answer.h"
#include "harness/observed/request_harms.h"

void harms_add(struct harms *harms, enum harm harm, const char *format, ...)
{
    char text[FINDING_BYTES];
    va_list arguments;
    if ((harms->bits & HARM_BIT(harm)) != 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    harms->bits |= HARM_BIT(harm);
    harms->sentences[harm] = region_format(harms->region, "%s", text);
    harms->full = harms->full || harms->sentences[harm] == NULL;
}

/* ---- responses that broke off ---------------------------------------------------------------- */

/* The attempt whose upstream made the response that the client got; NULL: the proxy made it, or nobody knows. */
static const struct own_attempt *answering_attempt(const struct own_case *own,
                                                   const struct own_request *request)
{
    const struct witness_sent *sent = request->response != NULL && request->response->label.size > 0
                                          ? evidence_sent(own->evidence, request->response)
                                          : NULL;
    const struct own_attempt *attempt = NULL;
    while (sent != NULL && (attempt = own_next(own, request, attempt)) != NULL)
        if (attempt->fact->answer == sent)
            return attempt;
    return NULL;
}

/*
 * Where no upstream's mark is on a response, because its head was cut before the mark or written by hand: an attempt whose answer
 * broke off, where no other got a whole one.
 */
static const struct own_attempt *only_cut_attempt(const struct own_case *own,
                                                  const struct own_request *request)
{
    const struct own_attempt *attempt = NULL;
    const struct own_attempt *cut = NULL;
    while ((attempt = own_next(own, request, attempt)) != NULL) {
        enum answer answer = answer_of(attempt);
        if (answer == ANSWER_CUT)
            cut = attempt;
        else if (answer != ANSWER_NONE)
            return NULL;
    }
    return cut;
}

/* A client's connection that was kept behind the cut: what came next on it was taken for the rest of the body. */
static bool is_of_others(const struct own_request *request)
{
    const struct witness_message *got = request->response;
    return got->seed_known && got->body_bytes > 0 && !witness_message_intact(got);
}

static void add_cut(struct harms *harms, enum harm harm, const struct own_request *request,
                    const struct own_attempt *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    const struct witness_sent *sent = attempt->fact->answer;
    const char *how = harm == HARM_CUT_SILENT  ? "a complete one"
                      : harm == HARM_CUT_CLOSE ? "one that a FIN ends, which could be its end,"
                                               : "one that it can tell to be cut,";
    if (sent != NULL)
        phrase_add(&tale, "%s sent %" PRIu64 " of %" PRIu64 " bytes of its response to %s",
                   own_upstream_name(harms->own, attempt), sent->bytes, sent->bytes_total,
                   request_name(request->fact, name));
    else
        phrase_add(&tale, "the response of %s to %s broke off",
                   own_upstream_name(harms->own, attempt), request_name(request->fact, name));
    phrase_add(&tale, ", and the client got %s with %" PRIu64, how, request->response->body_bytes);
    if (sent != NULL)
        phrase_add(&tale, " of %" PRIu64, sent->draft->body_bytes);
    harms_add(harms, harm, "%s body bytes%s", tale.text,
              is_of_others(request) ? ", some of which are another response's" : "");
}

/* Whole at its upstream, and fewer bytes of it at the client: a reset may have eaten them on the way to the proxy. */
static bool is_short(const struct own_request *request, const struct own_attempt *attempt)
{
    const struct witness_message *got = request->response;
    if (attempt->fact->answer == NULL)
        return false;
    const struct draft *draft = attempt->fact->answer->draft;
    return got->complete && got->body_bytes < draft->body_bytes && !own_draft_lies(draft) &&
           attempt->fact->answer->bytes == attempt->fact->answer->bytes_total &&
           witness_message_field(got, "Content-Encoding").data == NULL;
}

static void find_cut(struct harms *harms, const struct own_request *request)
{
    const struct witness_message *got = request->response;
    if (got == NULL || request->left_ns > 0 || answer_has_no_body(request, got->status))
        return;
    const struct own_attempt *attempt = answering_attempt(harms->own, request);
    if (attempt == NULL && got->label.size == 0 && (got->status == 0 || got->status / 100 == 2))
        attempt = only_cut_attempt(harms->own, request);
    if (attempt == NULL || !(answer_of(attempt) == ANSWER_CUT || is_short(request, attempt)))
        return;
    if (got->complete)
        add_cut(harms, got->framing == MESSAGE_CLOSE ? HARM_CUT_CLOSE : HARM_CUT_SILENT, request,
                attempt);
    else if (request->closing != WITNESS_OPEN)
        add_cut(harms, HARM_CUT_VISIBLE, request, attempt);
}

/* ---- what is no response --------------------------------------------------------------------- */

static void find_garbage(struct harms *harms, const struct own_request *request)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct own_attempt *attempt = NULL;
    const struct witness_message *got = request->response;
    if (got == NULL || got->status / 100 != 2 || got->label.size > 0)
        return;
    while ((attempt = own_next(harms->own, request, attempt)) != NULL)
        if (answer_of(attempt) == ANSWER_GARBAGE) {
            harms_add(harms, HARM_SUCCESS_FROM_GARBAGE,
                      "%s answered %s with bytes that are no response, and the client got %u with "
                      "%" PRIu64 " body bytes",
                      own_upstream_name(harms->own, attempt), request_name(request->fact, name),
                      got->status, got->body_bytes);
            return;
        }
}

static void find_not_http(struct harms *harms, const struct own_request *request)
{
    char name[EVIDENCE_NAME_BYTES];
    if (request->is_garbage)
        harms_add(harms, HARM_NOT_HTTP,
                  "the client was answered to %s with bytes that are no response",
                  request_name(request->fact, name));
}

/* ---- no response ------------------------------------------------------------------------------ */

/*
 * RFC 9112 9.3.2 and 9.6: sent behind another request before that was answered, and the answer ended the connection. Where no
 * upstream got it either, its client knows what to do: ask again.
 */
static bool is_behind_the_last(const struct own_case *own, const struct own_request *request)
{
    if (own_next(own, request, NULL) != NULL)
        return false;
    for (size_t i = 0; i < own->request_count; i++) {
        const struct request_fact *other = own->requests[i].fact;
        const struct witness_message *got = other->response;
        if (other->connection == request->fact->connection &&
            other->sent->number < request->fact->sent->number && got != NULL &&
            got->head_complete &&
            (!got->complete || got->framing == MESSAGE_CLOSE ||
             witness_message_has_token(got, "Connection", "close")))
            return true;
    }
    return false;
}

/* A proxy may close on a client that sends a part of a request and no more; one that broke off itself wants no answer. */
static void find_no_answer(struct harms *harms, const struct own_request *request)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct witness_message *got = request->response;
    bool only_interims = got != NULL && !got->head_complete && got->interim_count > 0;
    if ((got != NULL && !only_interims) || request->closing == WITNESS_OPEN || request->broke_off ||
        request->left_ns > 0 || !(request->sent_whole || request->meant_whole) ||
        is_behind_the_last(harms->own, request))
        return;
    harms_add(harms, HARM_NO_ANSWER, "the client's connection was closed %s %s",
              only_interims ? "behind a 1xx, before any final response to"
                            : "without a byte of an answer to",
              request_name(request->fact, name));
}

static void find_hanging(struct harms *harms, const struct own_request *request)
{
    char name[EVIDENCE_NAME_BYTES];
    char patience[FINDING_DURATION_BYTES];
    if (!request->hangs)
        return;
    harms_add(harms, HARM_HANGING,
              "after %s the client of %s had neither %s nor the end of its connection",
              duration_format(harms->own->evidence->foreign->patience_ns, patience),
              request_name(request->fact, name),
              request->response == NULL ? "a byte of an answer" : "the end of its answer");
}

/* ---- all of them ------------------------------------------------------------------------------ */

bool harms_find(struct harms *harms, const struct own_case *own, struct region *region)
{
    *harms = (struct harms){.own = own, .region = region};
    if (own->evidence->foreign != NULL && own->evidence->foreign->died)
        harms_add(harms, HARM_SUBJECT_DIED, "a process of the proxy ended during the case");
    for (size_t i = 0; i < own->request_count; i++) {
        const struct own_request *request = &own->requests[i];
        request_harms_find(harms, request);
        find_cut(harms, request);
        find_garbage(harms, request);
        find_not_http(harms, request);
        find_no_answer(harms, request);
        find_hanging(harms, request);
    }
    return !harms->full;
}
