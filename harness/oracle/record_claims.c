#include "harness/oracle/record_claims.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/claims.h"
#include "harness/verdict/attempts.h"

/* Every dial that the seam saw is an attempt in a record, and the other way round. */
static void check_record_attempts(const struct evidence *evidence, struct findings *findings)
{
    size_t dialled = 0;
    size_t reused = 0;
    size_t seen_reused = 0;
    for (size_t r = 0; r < evidence->record_count; r++)
        for (unsigned i = 0; i < evidence->records[r].attempt_count; i++) {
            const struct attempt_record *attempt = &evidence->records[r].attempts[i];
            bool before_dial =
                attempt->failure.cause != CAUSE_NONE && attempt->failure.stage < STAGE_DIAL;
            dialled += !attempt->reused && !before_dial;
            reused += attempt->reused;
        }
    for (size_t i = 0; i < evidence->attempt_count; i++)
        seen_reused += !evidence->attempts[i].fresh;
    if (dialled != evidence->total.dials)
        findings_add(findings, "the records tell of %zu attempts that dialled, the seam saw %zu",
                     dialled, evidence->total.dials);
    if (reused < seen_reused)
        findings_add(
            findings,
            "the records tell of %zu attempts on connections used before, upstreams saw %zu",
            reused, seen_reused);
}

/* What only the proxy can know of itself, and must not say. */
static void check_record_bounds(const struct evidence *evidence,
                                const struct exchange_record *record, struct findings *findings)
{
    const struct proxy_settings *proxy = &evidence->scenario->proxy;
    if (record->attempt_count > proxy->retry.retries_max + 1)
        findings_add(findings, "the record of %s %s tells of %u attempts, max_retries allows %u",
                     record->method, record->target, record->attempt_count,
                     proxy->retry.retries_max + 1);
    if (record->replay_bytes_peak > proxy->retry.replay_bytes)
        findings_add(findings,
                     "the record of %s %s says that %" PRIu64
                     " body bytes were kept for a retry, replay_buffer_bytes is %zu",
                     record->method, record->target, record->replay_bytes_peak,
                     proxy->retry.replay_bytes);
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
    if (record->attempt_count < request->attempts)
        findings_add(findings, "the record of %s tells of %u attempts, %u were seen",
                     request_name(request, name), record->attempt_count, request->attempts);
}

void record_claims_check(const struct evidence *evidence, struct findings *findings)
{
    if (evidence->trace == NULL || evidence->record_total != evidence->record_count)
        return;
    check_record_attempts(evidence, findings);
    for (size_t i = 0; i < evidence->record_count; i++)
        check_record_bounds(evidence, &evidence->records[i], findings);
    for (size_t i = 0; i < evidence->request_count; i++)
        check_record(evidence, &evidence->requests[i], findings);
}
