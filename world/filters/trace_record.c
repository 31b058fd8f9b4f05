#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world/filters/trace_state.h"

enum {
    CAPACITY_FIRST = 64,  /* records and places; a case's worth */
    TLS_HEADER_BYTES = 6, /* of a record, and the type of the message that it begins with */
};

/* ---- arrays ------------------------------------------------------------------------------------ */

bool trace_make_room(void **array, size_t *capacity, size_t count, size_t item_bytes)
{
    size_t wanted = *capacity == 0 ? CAPACITY_FIRST : *capacity * 2;
    void *grown;

    if (count < *capacity)
        return true;
    grown = realloc(*array, wanted * item_bytes);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

static bool room_for_record(struct trace *trace)
{
    void *records = trace->records;
    bool there = trace->record_count < trace->options.streams_max &&
                 trace_make_room(&records, &trace->record_capacity, trace->record_count,
                                 sizeof(*trace->records));

    trace->records = records;
    return there;
}

static bool room_for_place(struct trace *trace)
{
    void *places = trace->places;
    bool there = trace_make_room(&places, &trace->place_capacity, trace->place_count,
                                 sizeof(*trace->places));

    trace->places = places;
    return there;
}

void trace_record_forget(struct trace *trace)
{
    trace->record_count = 0;
    trace->place_count = 0;
    trace->dial_count = 0;
    trace->event_count = 0;
    trace->events_lost = 0;
    trace->incomplete = false;
    trace->held = (struct trace_held){0};
    trace->conduct = (struct trace_conduct){0};
    trace->down_bytes = 0;
    trace->upcall_ns = 0;
    trace->open[TRACE_ACCEPTED] = 0;
    trace->open[TRACE_CONNECTED] = 0;
    if (trace->keep_bytes > 0)
        trace_kept_forget(trace);
    trace_record_place(trace, &(struct address){0}); /* the clients come first */
}

void trace_record_release(struct trace *trace)
{
    free(trace->records);
    free(trace->places);
    free(trace->events);
    trace_kept_release(trace);
}

/* The place's index, made if need be; TRACE_NOT_KEPT when memory runs out. */
uint32_t trace_record_place(struct trace *trace, const struct address *address)
{
    for (size_t i = 0; i < trace->place_count; i++)
        if (address_equal(&trace->places[i].address, address))
            return (uint32_t)i;
    if (!room_for_place(trace)) {
        trace->incomplete = true;
        return TRACE_NOT_KEPT;
    }
    trace->places[trace->place_count] = (struct trace_place){.address = *address};
    return (uint32_t)trace->place_count++;
}

/* ---- records ----------------------------------------------------------------------------------- */

static struct trace_stream *record_of(const struct trace_live_stream *live)
{
    return live->record == TRACE_NOT_KEPT ? NULL : &live->trace->records[live->record];
}

static struct trace_place *place_of(const struct trace_live_stream *live)
{
    return live->place == TRACE_NOT_KEPT ? NULL : &live->trace->places[live->place];
}

static void note_peak(size_t *peak, size_t now)
{
    if (now > *peak)
        *peak = now;
}

static void count_begin(struct trace_live_stream *live, bool lives)
{
    struct trace_place *place = place_of(live);

    if (live->side == TRACE_CONNECTED)
        live->trace->dial_count++;
    live->trace->open[live->side] += lives;
    note_peak(live->side == TRACE_ACCEPTED ? &live->trace->conduct.accepted_peak
                                           : &live->trace->conduct.connected_peak,
              live->trace->open[live->side]);
    if (place == NULL)
        return;
    place->begun++;
    place->open += lives;
}

static void keep_record(struct trace_live_stream *live, const struct trace_stream *record)
{
    struct trace *trace = live->trace;

    live->record = TRACE_NOT_KEPT;
    if (!room_for_record(trace)) {
        trace->incomplete = true;
        return;
    }
    live->record = (uint32_t)trace->record_count;
    trace->records[trace->record_count++] = *record;
}

void trace_record_begin(struct trace_live_stream *live, const struct address *address, int result)
{
    uint64_t now_ns = world_now(live->trace->passing.inner);
    struct trace_stream record = {.side = live->side,
                                  .began_ns = now_ns,
                                  .opened_ns = now_ns,
                                  .ended_ns = result == 0 ? TIME_NEVER : now_ns,
                                  .outcome = result,
                                  .down_before = live->trace->down_bytes};
    struct trace_place *place;

    if (address != NULL)
        record.address = *address;
    live->place = trace_record_place(live->trace, &record.address);
    count_begin(live, result == 0);
    place = place_of(live);
    record.ordinal = place == NULL ? 0 : (uint32_t)place->begun;
    if (live->side == TRACE_CONNECTED && result == 0) {
        record.opened_ns = TIME_NEVER;
        record.outcome = -EINPROGRESS;
    }
    keep_record(live, &record);
    trace_record_event(live, live->side == TRACE_CONNECTED ? TRACE_DIAL : TRACE_ACCEPT, result);
}

void trace_record_dial_ended(struct trace_live_stream *live, int outcome)
{
    struct trace_stream *record = record_of(live);

    if (record != NULL) {
        if (record->outcome != -EINPROGRESS)
            return;
        record->outcome = outcome;
        record->opened_ns = world_now(live->trace->passing.inner);
    }
    trace_record_event(live, TRACE_DIAL_ENDED, outcome);
}

void trace_record_end(struct trace_live_stream *live, enum stream_end end)
{
    struct trace *trace = live->trace;
    struct trace_stream *record = record_of(live);
    struct trace_place *place = place_of(live);

    trace_record_event(live, TRACE_CLOSE, end);
    trace->conduct.closes++;
    if (record != NULL) {
        record->ended_ns = world_now(trace->passing.inner);
        record->end = end == STREAM_FIN ? TRACE_CLOSED_FIN : TRACE_CLOSED_RST;
    }
    if (place != NULL)
        place->open--;
    if (--trace->open[live->side] > 0)
        return;
    if (live->side == TRACE_ACCEPTED)
        trace->held.up = 0;
    else
        trace->held.down = 0;
}

/* ---- bytes ------------------------------------------------------------------------------------- */

static void hold(uint64_t *held, uint64_t *peak, uint64_t bytes)
{
    *held += bytes;
    if (*held > *peak)
        *peak = *held;
}

static void let_go(uint64_t *held, uint64_t bytes)
{
    *held = *held > bytes ? *held - bytes : 0;
}

/*
 * By the header of a record: its type, two bytes of version, of which the first is 3, and two of length (RFC 8446 5.1); then,
 * where a handshake is in the clear, the type of the message (RFC 8446 4).
 */
static enum trace_tls tls_begins_with(const uint8_t header[TLS_HEADER_BYTES])
{
    enum { CHANGE_CIPHER_SPEC = 20, ALERT, HANDSHAKE, APPLICATION_DATA };
    enum { CLIENT_HELLO = 1, SERVER_HELLO };

    if (header[1] != 3 || header[2] > 4)
        return TRACE_TLS_UNKNOWN;
    switch (header[0]) {
    case HANDSHAKE:
        if (header[5] == CLIENT_HELLO)
            return TRACE_TLS_CLIENT_HELLO;
        return header[5] == SERVER_HELLO ? TRACE_TLS_SERVER_HELLO : TRACE_TLS_HANDSHAKE;
    case CHANGE_CIPHER_SPEC:
        return TRACE_TLS_HANDSHAKE;
    case ALERT:
        return TRACE_TLS_ALERT;
    case APPLICATION_DATA:
        return TRACE_TLS_DATA;
    default:
        return TRACE_TLS_UNKNOWN;
    }
}

/* A stream is TLS from its first byte on or never, so that nothing in a body is taken for a record. */
static enum trace_tls tls_of(struct trace_stream *record, const struct iovec *pieces,
                             ssize_t result)
{
    uint8_t header[TLS_HEADER_BYTES] = {0};
    size_t wanted = result < TLS_HEADER_BYTES ? (size_t)result : TLS_HEADER_BYTES;
    enum trace_tls tls;

    if (!record->tls && (record->tx > 0 || record->rx > 0))
        return TRACE_TLS_UNKNOWN;
    for (size_t have = 0; have < wanted; pieces++) {
        size_t part = pieces->iov_len < wanted - have ? pieces->iov_len : wanted - have;

        if (part > 0)
            memcpy(header + have, pieces->iov_base, part);
        have += part;
    }
    tls = tls_begins_with(header);
    if (record->tx == 0 && record->rx == 0)
        record->tls = tls != TRACE_TLS_UNKNOWN;
    return record->tls ? tls : TRACE_TLS_UNKNOWN;
}

/* By STREAM_CLOSED, or by what a read or a write returned: when the program learns of it first. */
static void note_peer_closed(struct trace_live_stream *live)
{
    struct trace_stream *record = record_of(live);

    if (record == NULL || record->peer_closed)
        return;
    record->peer_closed = true;
    record->peer_closed_tx = record->tx;
}

static void record_bytes(struct trace_live_stream *live, enum trace_what what,
                         const struct iovec *pieces, ssize_t result)
{
    struct trace_stream *record = record_of(live);
    enum trace_tls tls = TRACE_TLS_UNKNOWN;
    size_t events = live->trace->event_count;

    if (result <= 0)
        note_peer_closed(live);
    if (record != NULL && result > 0)
        tls = tls_of(record, pieces, result);
    if (live->trace->keep_bytes > 0 && result > 0)
        trace_kept_bytes(live, what == TRACE_READ, pieces, (size_t)result);
    trace_record_event(live, what, result);
    if (live->trace->event_count > events)
        live->trace->events[events].tls = tls;
}

void trace_record_read(struct trace_live_stream *live, const void *data, ssize_t result)
{
    const struct iovec piece = {(void *)(uintptr_t)data, result > 0 ? (size_t)result : 0};
    struct trace_stream *record = record_of(live);
    struct trace_held *held = &live->trace->held;

    record_bytes(live, TRACE_READ, &piece, result);
    if (result <= 0)
        return;
    if (record != NULL && record->rx == 0)
        record->tx_at_rx = record->tx;
    if (record != NULL)
        record->rx += (uint64_t)result;
    if (live->side == TRACE_ACCEPTED && live->said_fin)
        return;
    if (live->side == TRACE_ACCEPTED)
        hold(&held->up, &held->up_peak, (uint64_t)result);
    else
        hold(&held->down, &held->down_peak, (uint64_t)result);
}

void trace_record_write(struct trace_live_stream *live, const struct iovec *pieces, ssize_t result)
{
    struct trace_stream *record = record_of(live);
    struct trace_held *held = &live->trace->held;

    record_bytes(live, TRACE_WRITE, pieces, result);
    if (result <= 0)
        return;
    if (record != NULL)
        record->tx += (uint64_t)result;
    if (live->side == TRACE_ACCEPTED)
        live->trace->down_bytes += (uint64_t)result;
    let_go(live->side == TRACE_ACCEPTED ? &held->down : &held->up, (uint64_t)result);
}

void trace_record_peer_closed(struct trace_live_stream *live, int outcome)
{
    trace_record_event(live, TRACE_PEER_CLOSED, outcome);
    note_peer_closed(live);
}

/* ---- upcalls ----------------------------------------------------------------------------------- */

void trace_record_upcall(struct trace *trace)
{
    uint64_t now_ns = world_now(trace->passing.inner);

    trace->conduct.times_back += now_ns < trace->upcall_ns;
    trace->upcall_ns = now_ns;
}

void trace_record_unheeded(struct trace_live_stream *live, unsigned events)
{
    struct trace_stream *record = record_of(live);

    live->trace->conduct.unheeded += (events & live->wanted & STREAM_READ) != 0;
    if (record == NULL || (events & (STREAM_READ | STREAM_CLOSED)) == 0)
        return;
    record->unheeded = true;
    record->unheeded_tx = record->tx;
}

/* ---- the story --------------------------------------------------------------------------------- */

void trace_record_event(struct trace_live_stream *live, enum trace_what what, int64_t value)
{
    struct trace *trace = live->trace;

    if (trace->options.events_max == 0)
        return;
    if (trace->event_count == trace->options.events_max || live->record == TRACE_NOT_KEPT) {
        trace->incomplete = true;
        trace->events_lost++;
        return;
    }
    trace->events[trace->event_count++] =
        (struct trace_event){.at_ns = world_now(trace->passing.inner),
                             .what = what,
                             .stream = live->record,
                             .value = value};
}
