#include <errno.h>
#include <stdlib.h>

#include "world/filters/trace_state.h"

enum { CAPACITY_FIRST = 64 }; /* records and places; a case's worth */

/* ---- arrays ------------------------------------------------------------------------------------ */

/* Makes room for one more of these in an array; false when memory runs out. */
static bool make_room(void **array, size_t *capacity, size_t count, size_t item_bytes)
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
    bool there =
        trace->record_count < trace->options.streams_max &&
        make_room(&records, &trace->record_capacity, trace->record_count, sizeof(*trace->records));

    trace->records = records;
    return there;
}

static bool room_for_place(struct trace *trace)
{
    void *places = trace->places;
    bool there =
        make_room(&places, &trace->place_capacity, trace->place_count, sizeof(*trace->places));

    trace->places = places;
    return there;
}

void trace_record_forget(struct trace *trace)
{
    trace->record_count = 0;
    trace->place_count = 0;
    trace->dial_count = 0;
    trace->event_count = 0;
    trace->incomplete = false;
    trace->held = (struct trace_held){0};
    trace->open[TRACE_ACCEPTED] = 0;
    trace->open[TRACE_CONNECTED] = 0;
    trace_record_place(trace, &(struct address){0}); /* the clients come first */
}

void trace_record_release(struct trace *trace)
{
    free(trace->records);
    free(trace->places);
    free(trace->events);
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

static void count_begin(struct trace_live_stream *live, bool lives)
{
    struct trace_place *place = place_of(live);

    if (live->side == TRACE_CONNECTED)
        live->trace->dial_count++;
    live->trace->open[live->side] += lives;
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
                                  .outcome = result};
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

void trace_record_read(struct trace_live_stream *live, ssize_t result)
{
    struct trace_stream *record = record_of(live);
    struct trace_held *held = &live->trace->held;

    trace_record_event(live, TRACE_READ, result);
    if (result <= 0)
        return;
    if (record != NULL)
        record->rx += (uint64_t)result;
    if (live->side == TRACE_ACCEPTED && live->said_fin)
        return;
    if (live->side == TRACE_ACCEPTED)
        hold(&held->up, &held->up_peak, (uint64_t)result);
    else
        hold(&held->down, &held->down_peak, (uint64_t)result);
}

void trace_record_write(struct trace_live_stream *live, ssize_t result)
{
    struct trace_stream *record = record_of(live);
    struct trace_held *held = &live->trace->held;

    trace_record_event(live, TRACE_WRITE, result);
    if (result <= 0)
        return;
    if (record != NULL)
        record->tx += (uint64_t)result;
    let_go(live->side == TRACE_ACCEPTED ? &held->down : &held->up, (uint64_t)result);
}

void trace_record_event(struct trace_live_stream *live, enum trace_what what, int64_t value)
{
    struct trace *trace = live->trace;

    if (trace->options.events_max == 0)
        return;
    if (trace->event_count == trace->options.events_max || live->record == TRACE_NOT_KEPT) {
        trace->incomplete = true;
        return;
    }
    trace->events[trace->event_count++] =
        (struct trace_event){.at_ns = world_now(trace->passing.inner),
                             .what = what,
                             .stream = live->record,
                             .value = value};
}
