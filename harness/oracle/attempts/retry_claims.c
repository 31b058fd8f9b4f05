#include "harness/oracle/attempts/retry_claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"
#include "harness/verdict/judge.h"
#include "harness/verdict/wire_reading.h"

/* ---- may it be sent twice? ------------------------------------------------------------------ */

/* It came to nothing, or not to an end, so that somebody may have thought of another one. */
static bool has_failed(const struct attempt_fact *attempt)
{
    return attempt->answer == NULL || attempt->answer->complete_ns == 0;
}

size_t retry_claims_duplicates_by_policy(const struct evidence *evidence)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->request_count; i++)
        count += evidence->requests[i].begun > 1 &&
                 !request_is_idempotent(&evidence->requests[i]) &&
                 inquiry_may_be_repeated(evidence, &evidence->requests[i]);
    return count;
}

/* Written by one attempt, whether or not it was read, and tried again. */
static void check_written(struct inquiry *inquiry, const struct request_fact *request)
{
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    struct inquiry_pair pair = {NULL, NULL};
    while (inquiry_next_pair(inquiry->evidence, request, &pair)) {
        if (pair.before->written == 0)
            continue;
        findings_add(inquiry->findings,
                     "%s was tried again at %s on %s although bytes of it had been written to %s",
                     request_name(request, name),
                     moment_format(pair.next->begun_ns, inquiry->evidence->began_ns, moment),
                     inquiry_upstream(inquiry->evidence, pair.next),
                     inquiry_upstream(inquiry->evidence, pair.before));
        return;
    }
}

enum claim_answer claim_no_retry_after_a_byte(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        inquiry.exercised =
            inquiry.exercised ||
            (attempt->request != NULL && attempt->written > 0 && has_failed(attempt) &&
             !inquiry_may_be_repeated(evidence, attempt->request));
    }
    for (size_t i = 0; i < evidence->request_count; i++)
        if (evidence->requests[i].attempts > 1 &&
            !inquiry_may_be_repeated(evidence, &evidence->requests[i]))
            check_written(&inquiry, &evidence->requests[i]);
    return inquiry_end(&inquiry);
}

/* Adds what reached upstreams of one request. */
static void tell_copies(const struct evidence *evidence, const struct request_fact *request,
                        struct phrase *tale)
{
    char moment[FINDING_DURATION_BYTES];
    unsigned number = 0;
    for (size_t i = 0; i < evidence->arrival_count; i++) {
        const struct arrival_fact *arrival = &evidence->arrivals[i];
        if (arrival->request != request)
            continue;
        phrase_add(tale, "%scopy %u at %s on %s, %" PRIu64 " of %" PRIu64 " body bytes",
                   number == 0 ? "" : "; ", number + 1,
                   moment_format(arrival->message->begun_ns, evidence->began_ns, moment),
                   evidence->scenario->upstream_names[arrival->upstream],
                   arrival->message->body_bytes, request->sent->draft->body_bytes);
        number++;
    }
}

static void tell_duplicates(struct inquiry *inquiry, const struct request_fact *request)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    tell_copies(inquiry->evidence, request, &tale);
    if (request->delivered > 1)
        findings_add(inquiry->findings, "%s reached upstreams %u times, expected 1: %s",
                     request_name(request, name), request->delivered, tale.text);
    else
        findings_add(inquiry->findings,
                     "%s was begun %u times although a byte of it had reached an upstream: %s",
                     request_name(request, name), request->begun, tale.text);
}

enum claim_answer claim_delivered_once(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->request_count; i++) {
        const struct request_fact *request = &evidence->requests[i];
        if (request->begun == 0 || inquiry_may_be_repeated(evidence, request))
            continue;
        inquiry.exercised = true;
        if (request->begun > 1)
            tell_duplicates(&inquiry, request);
    }
    return inquiry_end(&inquiry);
}

/* ---- what went down before ------------------------------------------------------------------ */

/* The proxy wrote all that it wrote down on one connection in the clear: what was written when tells what was on it. */
static const struct witness *only_client(const struct evidence *evidence)
{
    if (evidence->trace == NULL || evidence->scenario->client_count != 1 ||
        evidence->clients[0]->line_count != 1)
        return NULL;
    const struct witness *client = client_witness(evidence->clients[0], 0);
    return client->handshake.tls ? NULL : client;
}

/* Where on its client's connection the response to a request begins; SIZE_MAX where that cannot be told. */
static size_t response_at(const struct witness *client, const struct request_fact *request)
{
    struct bytes wire = bytes_make(client->in.data, client->in.size);
    size_t at = 0;
    for (const struct witness_message *m = client->received; m != NULL && m != request->response;
         m = m->next) {
        if (m->framing != MESSAGE_NO_BODY && m->framing != MESSAGE_LENGTH)
            return SIZE_MAX;
        at = wire_reading_behind_heads(wire, at, m->interim_count + 1) + m->body_bytes;
        if (at > wire.size)
            return SIZE_MAX;
    }
    return at;
}

/* What of its response had gone down when an attempt dialled; empty where nothing had, or nobody can tell. */
static struct bytes down_before(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    const struct witness *client = only_client(evidence);
    if (client == NULL || attempt->stream == NULL || !attempt->fresh ||
        attempt->request->response == NULL)
        return bytes_make(NULL, 0);
    size_t from = response_at(client, attempt->request);
    size_t to = attempt->stream->down_before < client->in.size
                    ? (size_t)attempt->stream->down_before
                    : client->in.size;
    return from < to ? bytes_make(client->in.data + from, to - from) : bytes_make(NULL, 0);
}

/* A byte of a final response, which is what stands behind all 1xx. */
static void check_down_before(struct inquiry *inquiry, const struct attempt_fact *next)
{
    char name[EVIDENCE_NAME_BYTES];
    char moment[FINDING_DURATION_BYTES];
    unsigned statuses[WITNESS_INTERIMS_MAX];
    struct bytes down = down_before(inquiry->evidence, next);
    struct bytes rest = down;
    wire_reading_take_interims(&rest, statuses, COUNT_OF(statuses));
    if (rest.size > 0 && !wire_reading_may_be_interim(rest))
        findings_add(inquiry->findings,
                     "%s was tried again at %s on %s although %zu bytes of its response had gone "
                     "down",
                     request_name(next->request, name),
                     moment_format(next->begun_ns, inquiry->evidence->began_ns, moment),
                     inquiry_upstream(inquiry->evidence, next), rest.size);
}

/* A later attempt that failed is answered for by the proxy, never by a response kept from before (decision 11). */
static void check_kept(struct inquiry *inquiry, const struct outcome_fact *outcome)
{
    char moment[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct attempt_fact *attempt =
        attempts_answered_by(evidence, evidence_sent(evidence, outcome->message));
    if (attempt == NULL || outcome->request == NULL || attempt->request != outcome->request)
        return;
    inquiry->exercised = true;
    const struct attempt_fact *later = attempts_next(evidence, outcome->request, attempt);
    if (later == NULL || !attempts_follow(attempt, later))
        return;
    findings_add(
        inquiry->findings,
        "the client got the response %.*s although another attempt began after it, at %s on %s",
        (int)outcome->message->label.size, (const char *)outcome->message->label.data,
        moment_format(later->begun_ns, evidence->began_ns, moment),
        inquiry_upstream(evidence, later));
}

enum claim_answer claim_no_retry_after_response_byte(const struct evidence *evidence,
                                                     struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->outcome_count; i++)
        if (evidence->outcomes[i].message != NULL && evidence->outcomes[i].message->label.size > 0)
            check_kept(&inquiry, &evidence->outcomes[i]);
    if (findings->count > inquiry.found_before)
        return CLAIM_BROKEN;
    for (size_t i = 0; i < evidence->attempt_count; i++)
        if (evidence->attempts[i].number > 1)
            check_down_before(&inquiry, &evidence->attempts[i]);
    return inquiry_end(&inquiry);
}

/* Its client got a 1xx other than 100 of the attempt before, and might get it again (decision 12 of the design). */
enum claim_answer claim_no_retry_after_an_interim(const struct evidence *evidence,
                                                  struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->request_count; i++)
        inquiry.exercised =
            inquiry.exercised || (evidence->requests[i].response != NULL &&
                                  evidence->requests[i].response->interim_count > 0);
    for (size_t i = 0; i < evidence->attempt_count && inquiry.exercised; i++) {
        char name[EVIDENCE_NAME_BYTES];
        char moment[FINDING_DURATION_BYTES];
        unsigned statuses[WITNESS_INTERIMS_MAX];
        const struct attempt_fact *attempt = &evidence->attempts[i];
        struct bytes down =
            attempt->number > 1 ? down_before(evidence, attempt) : bytes_make(NULL, 0);
        size_t count = wire_reading_take_interims(&down, statuses, COUNT_OF(statuses));
        for (size_t s = 0; s < count && s < COUNT_OF(statuses); s++)
            if (statuses[s] != 100) {
                findings_add(findings, "%s was tried again at %s on %s although a %u had gone down",
                             request_name(attempt->request, name),
                             moment_format(attempt->begun_ns, evidence->began_ns, moment),
                             inquiry_upstream(evidence, attempt), statuses[s]);
                break;
            }
    }
    return inquiry_end(&inquiry);
}

/* ---- what came before ------------------------------------------------------------------------ */

/* The sound final head (a 101 that nobody asked for is none) that the proxy read of an attempt's answer; false where there was none, or nobody can tell. */
static bool read_head(const struct evidence *evidence, const struct attempt_fact *attempt,
                      struct region *region, struct wire_reading *head)
{
    if (attempt->stream == NULL || attempt->answer == NULL || attempt->tunnel ||
        attempt->message->number != 1 || attempt->stream->tls)
        return false;
    const struct witness_stream *out = &attempt->connection->out;
    size_t size = attempt->stream->rx < out->size ? (size_t)attempt->stream->rx : out->size;
    const struct wire_question question = {.kind = TRANSCRIPT_RESPONSES,
                                           .wire = bytes_make(out->data, size),
                                           .asked_by = attempt->connection,
                                           .number = 1};
    return size > 0 && wire_reading_make(&question, region, head) && head->head_complete &&
           !head->faulty && head->draft.status != 101 &&
           head->head_bytes <= evidence->scenario->proxy.head_bytes_max;
}

enum claim_answer claim_no_retry_after_a_head(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    bool hook_asks = inquiry_hook_retries(evidence, HOOK_UPSTREAM_RESPONSE_DECISION) ||
                     inquiry_hook_retries(evidence, HOOK_ERROR_WHILE_PROXY);
    for (size_t i = 0; i < evidence->request_count; i++) {
        char name[EVIDENCE_NAME_BYTES];
        struct wire_reading head;
        struct inquiry_pair pair = {NULL, NULL};
        const struct request_fact *request = &evidence->requests[i];
        while (request->attempts > 1 && inquiry_next_pair(evidence, request, &pair)) {
            inquiry.exercised = true;
            if (hook_asks || !read_head(evidence, pair.before, findings->region, &head) ||
                status_set_has(&inquiry_retry(evidence)->on_status, head.draft.status))
                continue;
            findings_add(findings,
                         "%s was tried again on %s although %s had answered it with %u, which is "
                         "none to retry",
                         request_name(request, name), inquiry_upstream(evidence, pair.next),
                         inquiry_upstream(evidence, pair.before), head.draft.status);
        }
    }
    return inquiry_end(&inquiry);
}

/* ---- how many, and one at a time ------------------------------------------------------------ */

/* All addresses of one name are one attempt (decision 7 of the design), and each is dialled for itself. */
static unsigned dials_most(const struct evidence *evidence)
{
    return (inquiry_retry(evidence)->retries_max + 1) * evidence_addresses_most(evidence);
}

static void check_count(struct inquiry *inquiry, const struct request_fact *request)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase tale = {.used = 0};
    unsigned most = dials_most(inquiry->evidence);
    if (request->attempts <= most && request->begun <= most)
        return;
    attempts_tell(inquiry->evidence, request, &tale);
    findings_add(inquiry->findings, "%s was tried %u times, max_retries allows %u: %s",
                 request_name(request, name), request->attempts, most, tale.text);
}

/* All together, those too of which nobody knows whose they are. Raw bytes may be requests, and so have records. */
static void check_total(struct inquiry *inquiry)
{
    const struct evidence *evidence = inquiry->evidence;
    struct phrase tale = {.used = 0};
    size_t per_request = dials_most(evidence);
    size_t requests = evidence->request_count;
    if (evidence->record_total > requests)
        requests = (size_t)evidence->record_total;
    if (evidence->trace == NULL && requests < evidence->outcome_count)
        requests = evidence->outcome_count;
    if (evidence->total.attempts <= requests * per_request)
        return;
    evidence_tell_dials(evidence, UPSTREAMS_MAX, &tale);
    findings_add(inquiry->findings, "%zu attempts were made, max_retries allows %zu: %s",
                 evidence->total.attempts, requests * per_request, tale.text);
}

static void check_record_count(struct inquiry *inquiry, const struct exchange_record *record)
{
    unsigned most = inquiry_retry(inquiry->evidence)->retries_max + 1;
    if (record->attempt_count > most)
        findings_add(inquiry->findings,
                     "the record of %s %s tells of %u attempts, max_retries allows %u",
                     record->method, record->target, record->attempt_count, most);
}

enum claim_answer claim_attempts_within_max(const struct evidence *evidence,
                                            struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    check_total(&inquiry);
    for (size_t i = 0; i < evidence->request_count; i++)
        check_count(&inquiry, &evidence->requests[i]);
    for (size_t i = 0; i < evidence->record_count && inquiry_has_records(evidence); i++)
        check_record_count(&inquiry, &evidence->records[i]);
    for (size_t i = 0; i < evidence->attempt_count && !inquiry.exercised; i++)
        inquiry.exercised = has_failed(&evidence->attempts[i]);
    return inquiry_end(&inquiry);
}

/* The earlier connection is closed, or its response is out, before the next attempt begins. */
static bool overlap(const struct attempt_fact *a, const struct attempt_fact *b)
{
    return a->ended_ns > b->begun_ns && (attempts_follow(a, b) || b->ended_ns > a->begun_ns);
}

enum claim_answer claim_one_attempt_at_a_time(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->request_count && evidence->trace != NULL; i++) {
        char name[EVIDENCE_NAME_BYTES];
        struct phrase tale;
        const struct request_fact *request = &evidence->requests[i];
        const struct attempt_fact *a = NULL;
        bool found = false;
        while (request->attempts > 1 && (a = attempts_next(evidence, request, a)) != NULL)
            for (const struct attempt_fact *b = a;
                 (b = attempts_next(evidence, request, b)) != NULL;)
                found = found || overlap(a, b);
        inquiry.exercised = inquiry.exercised || request->attempts > 1;
        if (!found)
            continue;
        tale.used = 0;
        attempts_tell(evidence, request, &tale);
        findings_add(findings, "two attempts at one request overlap: %s, %s",
                     request_name(request, name), tale.text);
    }
    return inquiry_end(&inquiry);
}

/* ---- for whom ------------------------------------------------------------------------------- */

static void check_cancel(struct inquiry *inquiry, const struct attempt_fact *attempt)
{
    char gone[FINDING_DURATION_BYTES];
    char began[FINDING_DURATION_BYTES];
    if (attempt->request->gone_ns == 0 ||
        inquiry->evidence->scenario->proxy.client_half_close_allowed)
        return;
    inquiry->exercised = true;
    if (attempt->client_gone)
        findings_add(inquiry->findings,
                     "an attempt began at %s on %s although the client was gone at %s",
                     moment_format(attempt->begun_ns, inquiry->evidence->began_ns, began),
                     inquiry_upstream(inquiry->evidence, attempt),
                     moment_format(attempt->request->gone_ns, inquiry->evidence->began_ns, gone));
}

/* A dial is made in the moment in which it is decided on, unless a lookup or a hook stands between. */
static bool begins_when_decided(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    return attempt->fresh && !evidence->scenario->needs_nameserver &&
           !evidence->scenario->hooks.installed;
}

/* The exchange is no younger than its first attempt. When one on a connection used before began is known roughly. */
static void check_deadline(struct inquiry *inquiry, const struct attempt_fact *attempt)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    char bound[FINDING_DURATION_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    uint64_t deadline_ns = inquiry_retry(evidence)->deadline_ns;
    uint64_t tolerance_ns = evidence->world == WORLD_SOCKETS ? JUDGE_TOLERANCE_NS : 0;
    if (attempt->number < 2 || deadline_ns == 0 || (!attempt->fresh && inquiry_is_faulty(evidence)))
        return;
    const struct attempt_fact *first = attempts_next(evidence, attempt->request, NULL);
    inquiry->exercised = true;
    uint64_t passed_ns = first->begun_ns + deadline_ns + tolerance_ns;
    if (attempt->begun_ns > passed_ns ||
        (attempt->begun_ns == passed_ns && begins_when_decided(evidence, attempt)))
        findings_add(inquiry->findings,
                     "%s was tried at %s on %s although its deadline of %s had passed",
                     request_name(attempt->request, name),
                     moment_format(attempt->begun_ns, evidence->began_ns, began),
                     inquiry_upstream(evidence, attempt), duration_format(deadline_ns, bound));
}

enum claim_answer claim_no_attempt_for_nobody(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        if (evidence->attempts[i].request == NULL)
            continue;
        check_cancel(&inquiry, &evidence->attempts[i]);
        check_deadline(&inquiry, &evidence->attempts[i]);
    }
    return inquiry_end(&inquiry);
}
