#include "harness/oracle/attempts/cause_claims.h"

#include <errno.h>
#include <string.h>

#include "harness/oracle/attempts/inquiry.h"

/* What the seam's outcome of a dial is called by RFC 9209 2.3. */
static const struct {
    int outcome;
    enum cause cause;
} DIAL_CAUSES[] = {
    {-ECONNREFUSED, CAUSE_CONNECTION_REFUSED},
    {-EHOSTUNREACH, CAUSE_DESTINATION_IP_UNROUTABLE},
    {-ENETUNREACH, CAUSE_DESTINATION_IP_UNROUTABLE},
    {-EMFILE, CAUSE_CONNECTION_LIMIT_REACHED},
    {-ENFILE, CAUSE_CONNECTION_LIMIT_REACHED},
};

/* Whether the cause is what a dial with that outcome failed of; one that had none yet failed of something else. */
static bool fits_dial(int outcome, enum cause cause)
{
    for (size_t i = 0; i < COUNT_OF(DIAL_CAUSES); i++)
        if (DIAL_CAUSES[i].outcome == outcome)
            return DIAL_CAUSES[i].cause == cause;
    return outcome != 0 ||
           (cause != CAUSE_CONNECTION_REFUSED && cause != CAUSE_DESTINATION_IP_UNROUTABLE);
}

/* The stages are defined by counters (the design): the response side wins. */
static bool fits_counters(const struct trace_stream *stream, enum stage stage)
{
    if (stream->outcome != 0)
        return stage == STAGE_DIAL;
    if (stage == STAGE_TUNNEL)
        return true; /* that of a CONNECT begins with its connection, before any byte */
    if (stream->rx > 0)
        return stage >= STAGE_MID_HEAD;
    if (stream->tx > 0)
        return stage == STAGE_MID_WRITE || stage == STAGE_POST_WRITE;
    return stage == STAGE_PRE_WRITE;
}

static void check_attempt(struct inquiry *inquiry, const struct exchange_record *record,
                          unsigned index, const struct trace_stream *stream)
{
    const struct attempt_record *attempt = &record->attempts[index];
    const struct failure *failure = &attempt->failure;
    if (failure->cause == CAUSE_NONE || failure->cause == CAUSE_HTTP_RESPONSE_STATUS)
        return;
    inquiry->exercised = true;
    if (!fits_dial(stream->outcome, failure->cause))
        findings_add(inquiry->findings,
                     "the record of %s %s says that attempt %u failed of %s, the seam saw: %s",
                     record->method, record->target, index + 1, cause_word(failure->cause),
                     stream->outcome == 0 ? "connected" : strerror(-stream->outcome));
    if (!attempt->tls && !stream->tls && !fits_counters(stream, failure->stage))
        findings_add(inquiry->findings,
                     "the record of %s %s says that attempt %u failed at stage %s, with %llu bytes "
                     "written and %llu read",
                     record->method, record->target, index + 1, stage_word(failure->stage),
                     (unsigned long long)stream->tx, (unsigned long long)stream->rx);
}

/* An attempt that was followed by another one failed, or its status was one to retry. */
static void check_every(struct inquiry *inquiry, const struct exchange_record *record)
{
    for (unsigned i = 0; i + 1 < record->attempt_count; i++) {
        inquiry->exercised = true;
        if (record->attempts[i].failure.cause == CAUSE_NONE && !record->attempts[i].decision.retry)
            findings_add(
                inquiry->findings,
                "the record of %s %s gives no cause for attempt %u, which another followed",
                record->method, record->target, i + 1);
    }
}

/* The dials of the seam, in their order. */
struct dials {
    const struct evidence *evidence;
    size_t next;
};

static const struct trace_stream *take_dial(struct dials *dials)
{
    while (dials->next < dials->evidence->stream_count) {
        const struct trace_stream *stream = trace_stream_at(dials->evidence->trace, dials->next++);
        if (stream->side == TRACE_CONNECTED)
            return stream;
    }
    return NULL;
}

/* Beside an attempt stand the addresses of its name that were dialled before; then which dial was whose is not told here. */
static bool has_dialled(const struct attempt_record *attempt)
{
    return !attempt->reused && attempt->address.family != 0 &&
           !(attempt->failure.cause != CAUSE_NONE && attempt->failure.stage < STAGE_DIAL) &&
           attempt->failure.cause != CAUSE_DESTINATION_IP_PROHIBITED;
}

/* Exchanges that came one after the other, whose dials therefore stand in the order of their records. */
static bool can_be_paired(const struct evidence *evidence)
{
    struct dials dials = {evidence, 0};
    size_t seen = 0;
    size_t told = 0;
    if (evidence->scenario->client_count != 1 || evidence->clients[0]->line_count != 1)
        return false;
    while (take_dial(&dials) != NULL)
        seen++;
    for (size_t r = 0; r < evidence->record_count; r++) {
        if (evidence->records[r].dial_count + evidence->records[r].dials_lost > 0)
            return false;
        for (unsigned i = 0; i < evidence->records[r].attempt_count; i++)
            told += has_dialled(&evidence->records[r].attempts[i]);
    }
    return seen == told;
}

enum claim_answer claim_cause_fits_what_happened(const struct evidence *evidence,
                                                 struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    struct dials dials = {evidence, 0};
    if (!inquiry_has_records(evidence))
        return CLAIM_NOT_EXERCISED;
    bool paired = evidence->stream_count > 0 && can_be_paired(evidence);
    for (size_t r = 0; r < evidence->record_count; r++) {
        const struct exchange_record *record = &evidence->records[r];
        check_every(&inquiry, record);
        for (unsigned i = 0; i < record->attempt_count && paired; i++)
            if (has_dialled(&record->attempts[i]))
                check_attempt(&inquiry, record, i, take_dial(&dials));
    }
    return inquiry_end(&inquiry);
}
