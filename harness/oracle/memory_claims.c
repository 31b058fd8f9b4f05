#include "harness/oracle/memory_claims.h"

#include <inttypes.h>

#include "harness/oracle/attempts/inquiry.h"

/* Body bytes that one exchange may hold in one direction: its window, and what its body filters have written. */
static uint64_t window_most(const struct evidence *evidence)
{
    enum {
        FILTERS_MAX = 2
    }; /* of one direction: upstream_response_body_filter, response_body_filter */
    uint64_t filters = evidence->scenario->hooks.installed ? FILTERS_MAX * FILTER_BYTES : 0;
    return evidence->scenario->proxy.window_bytes + filters;
}

/* What an actor sent on a connection besides the bodies of its messages, or more. */
static uint64_t beside_bodies(const struct witness *connection)
{
    uint64_t bodies = 0;
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next) {
        uint64_t body = sent->draft != NULL && !sent->garbled ? sent->draft->body_bytes : 0;
        if (sent->bytes + body > sent->bytes_total)
            bodies += sent->bytes + body - sent->bytes_total;
    }
    bodies += connection->flow_out.bytes;
    return connection->out.bytes > bodies ? connection->out.bytes - bodies : 0;
}

static void check_direction(struct inquiry *inquiry, uint64_t held, uint64_t most, const char *of)
{
    if (held > most)
        findings_add(inquiry->findings,
                     "the proxy held %" PRIu64 " bytes of %s at one moment, its windows, heads and "
                     "framing come to %" PRIu64,
                     held, of, most);
}

/* Windows and heads of as many exchanges as there may have been, in each direction. */
struct room {
    uint64_t up, down;
    bool
        arrived; /* all requests did, whole: what a proxy reads and drops the seam cannot tell from held */
};

/* Each attempt that was followed by another one may have left a window of its response. */
static struct room room_of(const struct evidence *evidence)
{
    struct room room = {.down = window_most(evidence) * evidence->attempt_count,
                        .arrived = evidence->request_count > 0};
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            room.up +=
                window_most(evidence) + beside_bodies(client_witness(evidence->clients[c], i));
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            room.down += beside_bodies(fake_upstream_witness(evidence->upstreams[u], i));
    for (size_t i = 0; i < evidence->request_count; i++)
        room.arrived = room.arrived && (evidence->requests[i].delivered > 0 ||
                                        request_is_connect(&evidence->requests[i]));
    return room;
}

/* What was read and not yet written, at its peak. */
static void check_held(struct inquiry *inquiry, uint64_t beside_up, uint64_t beside_down)
{
    const struct evidence *evidence = inquiry->evidence;
    const struct trace_held *held = &evidence->held;
    uint64_t least = evidence->scenario->proxy.window_bytes;
    inquiry->exercised = held->up_peak + held->down_peak > 0;
    if (held->up_peak <= least && held->down_peak <= least)
        return; /* whatever else there was */
    struct room room = room_of(evidence);
    if (room.arrived)
        check_direction(inquiry, held->up_peak, room.up + beside_up, "requests");
    check_direction(inquiry, held->down_peak, room.down + beside_down, "responses");
}

enum claim_answer claim_window_is_kept(const struct evidence *evidence, struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->trace == NULL || evidence->scenario->uses_tls)
        return CLAIM_NOT_EXERCISED; /* 39 */
    check_held(&inquiry, 0, 0);
    return inquiry_end(&inquiry);
}

enum claim_answer claim_tls_holds_a_record(const struct evidence *evidence,
                                           struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    if (evidence->trace == NULL || !evidence->scenario->uses_tls)
        return CLAIM_NOT_EXERCISED; /* 34 */
    check_held(&inquiry, evidence_tls_beside(evidence, true), evidence_tls_beside(evidence, false));
    return inquiry_end(&inquiry);
}

enum claim_answer claim_buffers_are_bounded(const struct evidence *evidence,
                                            struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    uint64_t most = 2 * window_most(evidence);
    for (size_t i = 0; i < evidence->record_count && inquiry_has_records(evidence); i++) {
        const struct exchange_record *record = &evidence->records[i];
        inquiry.exercised = inquiry.exercised || record->held_bytes_peak > 0;
        if (record->held_bytes_peak > most)
            findings_add(findings,
                         "the record of %s %s says that %" PRIu64
                         " body bytes were held at one moment, both directions may hold %" PRIu64,
                         record->method, record->target, record->held_bytes_peak, most);
    }
    return inquiry_end(&inquiry);
}

/*
 * Who still wants input that it has no room for is called about it again and again. A few such calls are the spurious ones
 * that every world may make.
 */
enum claim_answer claim_full_stops_reading(const struct evidence *evidence,
                                           struct findings *findings)
{
    enum {
        UNHEEDED_MAX = 8
    }; /* no case of the suite has more; a loop has as many as it has time */
    const struct trace_held *held = &evidence->held;
    if (evidence->trace == NULL || evidence->world != WORLD_SIM ||
        held->up_peak + held->down_peak == 0)
        return CLAIM_NOT_EXERCISED;
    if (evidence->conduct.unheeded <= UNHEEDED_MAX)
        return CLAIM_HELD;
    findings_add(findings,
                 "the proxy was told %" PRIu64 " times of input that it wanted and did not take",
                 evidence->conduct.unheeded);
    return CLAIM_BROKEN;
}
