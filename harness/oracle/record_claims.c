#include "harness/oracle/record_claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/claims.h"
#include "harness/verdict/attempts.h"

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
static void check_record_attempts(const struct evidence *evidence, struct findings *findings)
{
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
    if (dialled != seen)
        findings_add(findings, "the records tell of %zu attempts that dialled, the seam saw %zu",
                     dialled, seen);
    if (reused < seen_reused)
        findings_add(
            findings,
            "the records tell of %zu attempts on connections used before, upstreams saw %zu",
            reused, seen_reused);
}

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
static void check_record_lookups(const struct evidence *evidence, struct findings *findings)
{
    const struct name_server *names = evidence->names;
    uint64_t seen = 0;
    size_t told = 0;
    if (names == NULL)
        return;
    for (size_t i = 0; i < evidence->scenario->names.entry_count; i++)
        seen += names->tallies[i].ipv4;
    for (size_t r = 0; r < evidence->record_count; r++)
        for (unsigned i = 0; i < evidence->records[r].attempt_count; i++)
            told += may_look_up(evidence, &evidence->records[r].attempts[i]);
    if (seen > told)
        findings_add(findings,
                     "the nameserver was asked %" PRIu64
                     " times, the records tell of %zu attempts that may have looked a name up",
                     seen, told);
}

/* What only the proxy can know of itself, and must not say. */
static void check_record_bounds(const struct evidence *evidence,
                                const struct exchange_record *record, struct findings *findings)
{
    const struct retry_settings *retry = &evidence->scenario->retry;
    if (record->attempt_count > retry->retries_max + 1)
        findings_add(findings, "the record of %s %s tells of %u attempts, max_retries allows %u",
                     record->method, record->target, record->attempt_count, retry->retries_max + 1);
    if (record->replay_bytes_peak > retry->replay_bytes)
        findings_add(findings,
                     "the record of %s %s says that %" PRIu64
                     " body bytes were kept for a retry, replay_buffer_bytes is %zu",
                     record->method, record->target, record->replay_bytes_peak,
                     retry->replay_bytes);
    for (unsigned i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        if (attempt->failure.cause != CAUSE_NONE && attempt->failure.stage <= STAGE_HANDSHAKE &&
            attempt->tx > 0)
            findings_add(findings,
                         "the record of %s %s says that %" PRIu64
                         " bytes of the request were written in an attempt that failed at stage %s",
                         record->method, record->target, attempt->tx,
                         stage_word(attempt->failure.stage));
    }
    if (record->held_bytes_peak > 2 * claims_window_most(evidence))
        findings_add(findings,
                     "the record of %s %s says that %" PRIu64
                     " body bytes were held at one moment, both directions may hold %" PRIu64,
                     record->method, record->target, record->held_bytes_peak,
                     2 * claims_window_most(evidence));
}

static bool is_of(const struct exchange_record *record, const struct request_fact *request)
{
    return strcmp(record->method, request->sent->draft->method) == 0 &&
           strcmp(record->target, request->sent->draft->target) == 0;
}

/* The record of a request, where there is one such request and one such record; else NULL. */
static const struct exchange_record *record_of(const struct evidence *evidence,
                                               const struct request_fact *request)
{
    const struct exchange_record *found = NULL;
    size_t requests = 0;
    size_t records = 0;
    if (evidence->request_count == 1 && evidence->record_count == 1)
        return &evidence->records[0];
    for (size_t r = 0; r < evidence->record_count; r++)
        if (is_of(&evidence->records[r], request)) {
            found = &evidence->records[r];
            records++;
        }
    for (size_t i = 0; i < evidence->request_count && found != NULL; i++)
        requests += is_of(found, &evidence->requests[i]);
    return requests == 1 && records == 1 ? found : NULL;
}

/* Through a tunnel went no more than was sent, and no less than came. */
static void check_tunnel(const struct evidence *evidence, const struct request_fact *request,
                         const struct exchange_record *record, struct findings *findings)
{
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
            findings_add(findings,
                         "the record of %s says that %" PRIu64
                         " bytes of the tunnel went up and %" PRIu64
                         " down; its upstream got %" PRIu64 " and sent %" PRIu64,
                         request_name(request, name), record->tunnel_up_bytes,
                         record->tunnel_down_bytes, came, sent);
    }
}

static void check_record(const struct evidence *evidence, const struct request_fact *request,
                         struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    const struct exchange_record *record = record_of(evidence, request);
    if (record == NULL)
        return;
    if (request->response != NULL && request->response->status != 0 &&
        record->status != request->response->status)
        findings_add(findings, "the record of %s says status %u, its client got %u",
                     request_name(request, name), record->status, request->response->status);
    check_tunnel(evidence, request, record, findings);
    unsigned told = record->attempt_count + record->dial_count + record->dials_lost;
    if (told < request->attempts)
        findings_add(findings, "the record of %s tells of %u attempts, %u were seen",
                     request_name(request, name), told, request->attempts);
}

/* Each row is the record of an exchange, and tells of all its attempts (acceptance matrix, section 6). */
static void check_log(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->log_row_count && i < evidence->record_count; i++) {
        const struct log_row *row = &evidence->log_rows[i];
        const struct exchange_record *record = &evidence->records[i];
        unsigned retries = record->attempt_count > 0 ? record->attempt_count - 1 : 0;
        if (row->status != record->status || row->retry_attempts != retries)
            findings_add(findings,
                         "row %zu of the log says status %u and %u retries, the record of %s %s "
                         "says %u and %u",
                         i + 1, row->status, row->retry_attempts, record->method, record->target,
                         record->status, retries);
    }
}

void record_claims_check(const struct evidence *evidence, struct findings *findings)
{
    if (evidence->trace == NULL || evidence->record_total != evidence->record_count)
        return;
    check_record_attempts(evidence, findings);
    check_record_lookups(evidence, findings);
    for (size_t i = 0; i < evidence->record_count; i++)
        check_record_bounds(evidence, &evidence->records[i], findings);
    check_log(evidence, findings);
    for (size_t i = 0; i < evidence->request_count; i++)
        check_record(evidence, &evidence->requests[i], findings);
}
