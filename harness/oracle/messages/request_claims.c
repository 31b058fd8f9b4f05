#include "harness/oracle/messages/request_claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"
#include "harness/verdict/message_judge.h"
#include "harness/verdict/wire_reading.h"

/* ---- is it the client's? -------------------------------------------------------------------- */

static bool declares_other_length(const struct draft *draft)
{
    uint64_t length;
    return draft->framing == MESSAGE_LENGTH &&
           (!draft_declares(draft, &length) || length != draft->body_bytes);
}

static void check_same(struct inquiry *inquiry, const struct arrival_fact *arrival,
                       const struct draft *sent)
{
    char name[EVIDENCE_NAME_BYTES];
    struct phrase difference;
    const struct evidence *evidence = inquiry->evidence;
    const char *upstream = evidence->scenario->upstream_names[arrival->upstream];
    const struct hook_plan *hooks = &evidence->scenario->hooks;
    struct hook_body_changes changes;
    hook_plan_body_changes(hooks, HOOK_SIDE_REQUEST, &changes);
    if (message_difference(arrival->message, sent, hooks, &difference) != NULL)
        findings_add(inquiry->findings, "%s reached %s changed: %s",
                     request_name(arrival->request, name), upstream, difference.text);
    if (arrival->message->complete && changes.count == 0 &&
        arrival->message->body_bytes != sent->body_bytes && !declares_other_length(sent))
        findings_add(inquiry->findings,
                     "%s reached %s as complete with %" PRIu64
                     " body bytes, the client's has %" PRIu64,
                     request_name(arrival->request, name), upstream, arrival->message->body_bytes,
                     sent->body_bytes);
}

/*
 * A fault made a byte of it another one, so it is held to the bytes that were sent. What breaks a rule of HTTP need not go
 * on; where it does, its upstream's strict parser finds the rule.
 */
static void check_garbled(struct inquiry *inquiry, const struct arrival_fact *arrival)
{
    char name[EVIDENCE_NAME_BYTES];
    struct wire_reading was;
    const struct witness *client = arrival->request->connection;
    const struct wire_question question = {.kind = TRANSCRIPT_REQUESTS,
                                           .wire = bytes_make(client->out.data, client->out.size),
                                           .bytes = client->out.bytes,
                                           .number = arrival->request->sent->number};
    if (!wire_reading_make(&question, inquiry->findings->region, &was))
        return;
    if (arrival->message->complete && !was.complete)
        findings_add(inquiry->findings,
                     "%s reached %s as complete although the client's was broken off by a byte "
                     "that may not be there",
                     request_name(arrival->request, name),
                     inquiry->evidence->scenario->upstream_names[arrival->upstream]);
    else if (was.head_complete && !was.faulty)
        check_same(inquiry, arrival, &was.draft);
}

/* What a proxy writes anew for its own hop, so that nobody can take it away by naming it in Connection. */
static bool is_written_anew(struct bytes name)
{
    static const char *const NAMES[] = {"host", "content-length", "transfer-encoding",
                                        "via",  "expect",         "trailer",
                                        "te",   "upgrade",        "connection"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++)
        if (bytes_equal_text_nocase(name, NAMES[i]))
            return true;
    return false;
}

/* RFC 9110 7.6.1: what is for this hop alone. */
static bool is_of_one_hop(const struct draft *sent, struct bytes name)
{
    if (bytes_equal_text_nocase(name, "keep-alive") ||
        bytes_equal_text_nocase(name, "proxy-connection"))
        return true;
    for (size_t i = 0; i < sent->field_count; i++) {
        struct bytes options = sent->fields[i].value;
        struct bytes option;
        if (!bytes_equal_text_nocase(sent->fields[i].name, "connection"))
            continue;
        while (bytes_take_list_element(&options, &option))
            if (bytes_equal_nocase(option, name))
                return !is_written_anew(name);
    }
    return false;
}

static void check_hops(struct inquiry *inquiry, const struct arrival_fact *arrival)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct witness_message *message = arrival->message;
    for (size_t i = 0; i < message->field_count; i++) {
        struct bytes field = message->fields[i].name;
        if (is_of_one_hop(arrival->request->sent->draft, field) &&
            !hook_plan_edits(&evidence->scenario->hooks, HOOK_SIDE_REQUEST, field))
            findings_add(inquiry->findings,
                         "%s reached %s with the field %.*s, which is for one hop alone",
                         request_name(arrival->request, name),
                         evidence->scenario->upstream_names[arrival->upstream], (int)field.size,
                         (const char *)field.data);
    }
}

static void check_arrival(struct inquiry *inquiry, const struct arrival_fact *arrival)
{
    if (arrival->request == NULL)
        return;
    inquiry->exercised = true;
    if (arrival->request->connection->garbled) {
        check_garbled(inquiry, arrival);
        return;
    }
    check_same(inquiry, arrival, arrival->request->sent->draft);
    if (evidence_tunnel_of(inquiry->evidence, arrival->request) == NULL)
        check_hops(inquiry, arrival);
}

/* Which CONNECT a tunnel belongs to says the label of what came through it; that may be garbled like all else. */
static bool may_be_garbled_tunnel(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->request_count; i++)
        if (request_is_connect(&evidence->requests[i]))
            return inquiry_met(evidence, WIRE_FAULT_GARBAGE);
    return false;
}

/* What comes through the tunnel of a CONNECT its client has written, whatever its upstream takes it for. */
static bool is_of_client(const struct evidence *evidence, const struct witness *connection)
{
    const struct attempt_fact *attempt = attempts_on(evidence, connection);
    if (may_be_garbled_tunnel(evidence))
        return true;
    return attempt != NULL && attempt->tunnel && attempt->request != NULL &&
           request_is_connect(attempt->request);
}

static void check_rules(struct inquiry *inquiry, const struct witness *connection)
{
    if (connection->faults.count == 0 || is_of_client(inquiry->evidence, connection))
        return;
    for (size_t i = 0; i < connection->faults.count && i < TRANSCRIPT_FAULTS_MAX; i++)
        findings_add(inquiry->findings, "the proxy broke a rule of HTTP to an upstream: %s",
                     connection->faults.list[i].sentence);
}

enum claim_answer claim_request_arrives_as_sent(const struct evidence *evidence,
                                                struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->arrival_count; i++)
        check_arrival(&inquiry, &evidence->arrivals[i]);
    for (size_t u = 0; u < evidence->scenario->upstream_count && evidence->upstreams != NULL; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            check_rules(&inquiry, fake_upstream_witness(evidence->upstreams[u], i));
    return inquiry_end(&inquiry);
}

/* ---- is it too large? ----------------------------------------------------------------------- */

/* Where its head ended on the wire, the first one of its connection; 0: it did not, or that cannot be told. */
static size_t head_bytes(const struct request_fact *request)
{
    const struct witness_stream *out = &request->connection->out;
    size_t end = request->sent->number == 1
                     ? wire_reading_behind_heads(bytes_make(out->data, out->size), 0, 1)
                     : SIZE_MAX;
    return end == SIZE_MAX ? 0 : end;
}

enum claim_answer claim_large_head_is_refused(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    for (size_t i = 0; i < evidence->request_count; i++) {
        char name[EVIDENCE_NAME_BYTES];
        const struct request_fact *request = &evidence->requests[i];
        unsigned status = request->response != NULL ? request->response->status : 0;
        if (request->connection->out.bytes <= proxy->head_bytes_max ||
            request->connection->garbled || head_bytes(request) <= proxy->head_bytes_max)
            continue;
        inquiry.exercised = true;
        if (request->attempts > 0)
            findings_add(findings,
                         "%s was tried although its head has %zu bytes, head_limit is %zu",
                         request_name(request, name), head_bytes(request), proxy->head_bytes_max);
        if (status != 0 && status != 431 && status != 414 && status != 400)
            findings_add(findings, "%s was answered with %u although its head is past head_limit",
                         request_name(request, name), status);
    }
    return inquiry_end(&inquiry);
}
