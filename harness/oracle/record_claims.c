#include "harness/oracle/record_claims.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"

/* ---- is every attempt told? ----------------------------------------------------------------- */

/* Also of addresses where none of the case's upstreams is, which a name or a target may lead to. */
static size_t seen_dials(const struct evidence *evidence)
{
    size_t seen = 0;
    for (size_t i = 0; i < evidence->stream_count; i++)
        seen += trace_stream_at(evidence->trace, i)->side == TRACE_CONNECTED;
    return seen > evidence->total.dials ? seen : evidence->total.dials;
}

/*
 * Whether the last address of an attempt was dialled, and is not among those told for themselves: where the last one was
 * forbidden, the failure of an earlier one stands for the attempt.
 */
static bool ends_with_dial(const struct exchange_record *record, unsigned index)
{
    const struct attempt_record *attempt = &record->attempts[index];
    bool failed = attempt->failure.cause != CAUSE_NONE;
    if (attempt->reused || (failed && attempt->failure.stage < STAGE_DIAL) ||
        attempt->failure.cause == CAUSE_DESTINATION_IP_PROHIBITED)
        return false;
    for (unsigned i = 0; i < record->dial_count && failed; i++)
        if (record->dials[i].attempt == index + 1 &&
            address_equal(&record->dials[i].address, &attempt->address))
            return false;
    return true;
}

/* Every dial that the seam saw is an attempt in a record, and the other way round. */
static void check_dials(struct inquiry *inquiry)
{
    const struct evidence *evidence = inquiry->evidence;
    struct findings *findings = inquiry->findings;
    size_t dialled = 0;
    size_t reused = 0;
    size_t seen_reused = 0;
    for (size_t r = 0; r < evidence->record_count; r++) {
        const struct exchange_record *record = &evidence->records[r];
        dialled += record->dials_lost;
        for (unsigned i = 0; i < record->dial_count; i++)
            dialled += record->dials[i].cause != CAUSE_DESTINATION_IP_PROHIBITED;
        for (unsigned i = 0; i < record->attempt_count; i++) {
            dialled += ends_with_dial(record, i);
            reused += record->attempts[i].reused;
        }
    }
    for (size_t i = 0; i < evidence->attempt_count; i++)
        seen_reused += !evidence->attempts[i].fresh;
    size_t seen = seen_dials(evidence);
    inquiry->exercised = seen + seen_reused > 0;
    if (dialled != seen)
        findings_add(findings, "the records tell of %zu attempts that dialled, the seam saw %zu",
                     dialled, seen);
    if (reused < seen_reused)
        findings_add(
            findings,
            "the records tell of %zu attempts on connections used before, upstreams saw %zu",
            reused, seen_reused);
}

/* The record of one request. */
static void check_told(struct inquiry *inquiry, const struct request_fact *request)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct exchange_record *record = inquiry_record_of(inquiry->evidence, request);
    if (record == NULL)
        return;
    unsigned told = record->attempt_count + record->dial_count + record->dials_lost;
    if (told < request->attempts)
        findings_add(inquiry->findings, "the record of %s tells of %u attempts, %u were seen",
                     request_name(request, name), told, request->attempts);
}

enum claim_answer claim_every_attempt_is_told(const struct evidence *evidence,
                                              struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (!inquiry_has_records(evidence))
        return CLAIM_NOT_EXERCISED;
    check_dials(&inquiry);
    for (size_t i = 0; i < evidence->request_count; i++)
        check_told(&inquiry, &evidence->requests[i]);
    return inquiry_end(&inquiry);
}

/* ---- names ---------------------------------------------------------------------------------- */

/* An attempt on a fresh connection looks its name up, and once. Of a target nobody but the proxy knows whether it was one. */
static bool may_look_up(const struct evidence *evidence, const struct attempt_record *attempt)
{
    const struct scenario *scenario = evidence->scenario;
    if (attempt->reused)
        return false;
    return attempt->upstream >= scenario->proxy_upstream_count ||
           scenario->upstreams[scenario->proxy_upstreams[attempt->upstream]].host != NULL;
}

/* No name is asked for behind the records' back, nor more than once in an attempt. */
static void check_lookups(struct inquiry *inquiry)
{
    const struct evidence *evidence = inquiry->evidence;
    const struct name_server *names = evidence->names;
    uint64_t seen = 0;
    size_t told = 0;
    for (size_t i = 0; i < evidence->scenario->names.entry_count; i++)
        seen += names->tallies[i].ipv4;
    for (size_t r = 0; r < evidence->record_count; r++)
        for (unsigned i = 0; i < evidence->records[r].attempt_count; i++)
            told += may_look_up(evidence, &evidence->records[r].attempts[i]);
    inquiry->exercised = seen + told > 0;
    if (seen > told)
        findings_add(inquiry->findings,
                     "the nameserver was asked %" PRIu64
                     " %s, the records tell of %zu attempts that may have looked a name up",
                     seen, times_word(seen), told);
}

/* Whether somebody's answer, or an upstream of the case, has that address; its port is the target's. */
static bool leads_to(const struct evidence *evidence, const struct address *address)
{
    const struct name_script *names = &evidence->scenario->names;
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        if (address_equal(&evidence->upstreams[u]->address, address))
            return true;
    for (size_t i = 0; i < names->entry_count; i++)
        for (size_t a = 0; a < names->entries[i].answer_count; a++)
            for (size_t t = 0; t < names->entries[i].answers[a].target_count; t++) {
                struct address target = names->entries[i].answers[a].targets[t].address;
                target.port = address->port;
                if (address_equal(&target, address))
                    return true;
            }
    return false;
}

/* A target and a hook may name any address; upstreams of the settings are where their names lead. */
static void check_addresses(struct inquiry *inquiry)
{
    char text[ADDRESS_TEXT_BYTES];
    const struct evidence *evidence = inquiry->evidence;
    const struct scenario *scenario = evidence->scenario;
    bool free = scenario->hooks.actions[HOOK_UPSTREAM_PEER] != NULL ||
                scenario->proxy.mode == MODE_FORWARD || scenario->proxy.route_count > 0;
    for (size_t i = 0; i < evidence->stream_count && !free; i++) {
        const struct trace_stream *stream = trace_stream_at(evidence->trace, i);
        if (stream->side == TRACE_CONNECTED && !leads_to(evidence, &stream->address))
            findings_add(inquiry->findings, "%s was dialled, to which no name of the case leads",
                         address_format(&stream->address, text));
    }
}

/* Every attempt that came past its lookup on a fresh connection asked: nothing is kept from one to the next. */
static void check_asked(struct inquiry *inquiry)
{
    const struct evidence *evidence = inquiry->evidence;
    uint64_t asked = 0;
    size_t due = 0;
    for (size_t i = 0; i < evidence->scenario->names.entry_count; i++)
        asked += evidence->names->tallies[i].ipv4;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        due += attempt->fresh && attempt->stream != NULL &&
               evidence->scenario->upstreams[attempt->upstream].host != NULL;
    }
    due /= evidence_addresses_most(evidence); /* all addresses of one name are one attempt */
    if (asked < due && evidence->scenario->proxy.mode == MODE_REVERSE &&
        evidence->scenario->proxy.route_count == 0)
        findings_add(inquiry->findings,
                     "the nameserver was asked %" PRIu64 " %s for %zu attempts by name", asked,
                     times_word(asked), due);
}

enum claim_answer claim_names_lead_where_they_say(const struct evidence *evidence,
                                                  struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (!inquiry_has_records(evidence) || evidence->names == NULL)
        return CLAIM_NOT_EXERCISED;
    check_lookups(&inquiry);
    check_addresses(&inquiry);
    check_asked(&inquiry);
    return inquiry_end(&inquiry);
}

/* ---- handshakes ----------------------------------------------------------------------------- */

static void check_handshakes(struct inquiry *inquiry, const struct exchange_record *record)
{
    for (unsigned i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        bool failed_before =
            attempt->failure.cause != CAUSE_NONE && attempt->failure.stage <= STAGE_HANDSHAKE;
        inquiry->exercised = inquiry->exercised || attempt->tls ||
                             (failed_before && attempt->failure.stage == STAGE_HANDSHAKE);
        if (failed_before && attempt->tx > 0)
            findings_add(inquiry->findings,
                         "the record of %s %s says that %" PRIu64
                         " bytes of the request were written in an attempt that failed at stage %s",
                         record->method, record->target, attempt->tx,
                         stage_word(attempt->failure.stage));
    }
}

/* RFC 8446 6.1: what ends with its connection has ended only where its upstream said so. */
static void check_goodbye(struct inquiry *inquiry, const struct outcome_fact *outcome)
{
    if (outcome->source == NULL || outcome->source->draft == NULL || outcome->attempt == NULL ||
        outcome->source->draft->framing != MESSAGE_CLOSE ||
        !outcome->attempt->connection->handshake.tls)
        return;
    inquiry->exercised = true;
    bool head_is_all =
        outcome->request != NULL && strcmp(outcome->request->sent->draft->method, "HEAD") == 0;
    if (!outcome->complete || !outcome->attempt->connection->handshake.own_cut || head_is_all)
        return;
    const char *upstream = inquiry->evidence->scenario->upstream_names[outcome->attempt->upstream];
    findings_add(
        inquiry->findings,
        "the client got a clean end of the response %.*s (which %s sent on its connection "
        "%u), though %s ended that connection, and so the response, without a close_notify",
        (int)outcome->message->label.size, (const char *)outcome->message->label.data, upstream,
        outcome->attempt->connection->connection, upstream);
}

enum claim_answer claim_tls_is_whole(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->record_count && inquiry_has_records(evidence); i++)
        check_handshakes(&inquiry, &evidence->records[i]);
    for (size_t i = 0; i < evidence->outcome_count && evidence->scenario->uses_tls; i++)
        check_goodbye(&inquiry, &evidence->outcomes[i]);
    return inquiry_end(&inquiry);
}

/* ---- is it the truth? ----------------------------------------------------------------------- */

/* Through a tunnel went no more than was sent, and no less than came. */
static void check_tunnel(struct inquiry *inquiry, const struct request_fact *request,
                         const struct exchange_record *record)
{
    const struct evidence *evidence = inquiry->evidence;
    char name[EVIDENCE_NAME_BYTES];
    const struct attempt_fact *attempt = NULL;
    while ((attempt = attempts_next(evidence, request, attempt)) != NULL) {
        const struct witness *upstream = attempt->connection;
        if (!attempt->tunnel || upstream == NULL)
            continue;
        bool whole = request_is_connect(request); /* nothing else goes over its connection */
        uint64_t came = whole ? upstream->in.bytes : upstream->flow_in.bytes;
        uint64_t sent = whole ? upstream->out.bytes : upstream->flow_out.bytes;
        if (record->tunnel_up_bytes < came || record->tunnel_down_bytes > sent)
            findings_add(inquiry->findings,
                         "the record of %s says that %" PRIu64
                         " bytes of the tunnel went up and %" PRIu64
                         " down; its upstream got %" PRIu64 " and sent %" PRIu64,
                         request_name(request, name), record->tunnel_up_bytes,
                         record->tunnel_down_bytes, came, sent);
    }
}

/* An upstream had all of the request, so that the proxy had read all of it. */
static bool was_read_whole(const struct request_fact *request)
{
    const struct draft *draft = request->sent->draft;
    uint64_t declared = draft->body_bytes;
    bool lies = draft->framing == MESSAGE_LENGTH &&
                (!draft_declares(draft, &declared) || declared != draft->body_bytes);
    return request->delivered > 0 && !request->connection->garbled && !lies &&
           !request_made_tunnel(request);
}

static void check_record(struct inquiry *inquiry, const struct request_fact *request)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct exchange_record *record = inquiry_record_of(inquiry->evidence, request);
    if (record == NULL)
        return;
    inquiry->exercised = true;
    if (request->response != NULL && request->response->status != 0 &&
        record->status != request->response->status)
        findings_add(inquiry->findings, "the record of %s says status %u, its client got %u",
                     request_name(request, name), record->status, request->response->status);
    if (request->response != NULL && request->response->complete && !request_made_tunnel(request) &&
        record->response_body_bytes != request->response->body_bytes)
        findings_add(inquiry->findings,
                     "the record of %s says that %" PRIu64
                     " body bytes were written to its client, which got %" PRIu64,
                     request_name(request, name), record->response_body_bytes,
                     request->response->body_bytes);
    if (was_read_whole(request) && record->request_body_bytes != request->sent->draft->body_bytes)
        findings_add(inquiry->findings,
                     "the record of %s says that %" PRIu64
                     " body bytes were read from its client, all of its %" PRIu64
                     " reached an upstream",
                     request_name(request, name), record->request_body_bytes,
                     request->sent->draft->body_bytes);
    check_tunnel(inquiry, request, record);
}

/* Each row is the record of an exchange, and tells of all its attempts (acceptance matrix, section 6). */
static void check_log(struct inquiry *inquiry)
{
    const struct evidence *evidence = inquiry->evidence;
    for (size_t i = 0; i < evidence->log_row_count && i < evidence->record_count; i++) {
        const struct log_row *row = &evidence->log_rows[i];
        const struct exchange_record *record = &evidence->records[i];
        unsigned retries = record->attempt_count > 0 ? record->attempt_count - 1 : 0;
        if (row->status != record->status || row->retry_attempts != retries)
            findings_add(inquiry->findings,
                         "row %zu of the log says status %u and %u retries, the record of %s %s "
                         "says %u and %u",
                         i + 1, row->status, row->retry_attempts, record->method, record->target,
                         record->status, retries);
    }
}

enum claim_answer claim_records_tell_the_truth(const struct evidence *evidence,
                                               struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (!inquiry_has_records(evidence))
        return CLAIM_NOT_EXERCISED;
    check_log(&inquiry);
    for (size_t i = 0; i < evidence->request_count; i++)
        check_record(&inquiry, &evidence->requests[i]);
    return inquiry_end(&inquiry);
}
