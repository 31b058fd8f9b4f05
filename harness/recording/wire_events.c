#include <errno.h>
#include <string.h>

#include "harness/recording/recorder_state.h"

/* One connection while its events are told. */
struct wire {
    uint64_t told[WAY_COUNT]; /* bytes */
    size_t last_bytes
        [WAY_COUNT]; /* the index of the event that told the last ones, plus one; 0: none */
    bool ended[WAY_COUNT];
    bool open;
    bool failed;      /* the dial came to nothing */
    bool peer_closed; /* the program was told so, and what came before it may still be read */
    int peer_error;   /* with 0 for FIN, or a positive errno */
};

struct teller {
    struct recorder *recorder;
    struct wire *wires; /* by connection */
    struct recording_event *events;
    size_t count;
    size_t
        bytes_left; /* events of bytes that there is room for; later ones go on with the one before */
    size_t note;    /* the next one */
};

static void tell(struct teller *teller, const struct recording_event *event)
{
    if (teller->count == RECORDING_EVENTS_MAX)
        teller->recorder->out.events_lost++;
    else
        teller->events[teller->count++] = *event;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void tell_bytes(struct teller *teller, const struct recording_event *like, uint64_t size)
{
    struct wire *wire = &teller->wires[like->connection];
    struct recording_event event = *like;
    event.what = RECORDED_BYTES;
    event.offset = wire->told[like->way];
    event.size = size;
    wire->told[like->way] += size;
    if (teller->bytes_left > 0) {
        teller->bytes_left--;
        tell(teller, &event);
        wire->last_bytes[like->way] = teller->count;
        return;
    }
    teller->recorder->out.events_lost++;
    if (wire->last_bytes[like->way] > 0)
        teller->events[wire->last_bytes[like->way] - 1].size += size;
}

/* ---- ends ----------------------------------------------------------------------------------- */

/* One way, or (a reset) both. */
static void tell_end(struct teller *teller, const struct recording_event *like, bool reset)
{
    struct wire *wire = &teller->wires[like->connection];
    struct recording_event event = *like;
    if (wire->ended[like->way])
        return;
    wire->ended[like->way] = true;
    if (reset)
        wire->ended[WAY_UP] = wire->ended[WAY_DOWN] = true;
    event.what = reset ? RECORDED_RST : RECORDED_FIN;
    tell(teller, &event);
}

/* The peer's end comes behind its bytes, although the program may have been told of it before it read them. */
static void tell_peer_end(struct teller *teller, const struct recording_event *like)
{
    struct wire *wire = &teller->wires[like->connection];
    const struct trace_stream *stream = teller->recorder->lines[like->connection].stream;
    if (wire->peer_closed && wire->told[like->way] == stream->rx)
        tell_end(teller, like, wire->peer_error != 0);
}

static void tell_close(struct teller *teller, const struct recording_event *like, bool reset)
{
    struct wire *wire = &teller->wires[like->connection];
    struct recording_event event = *like;
    if (wire->failed)
        return;
    if (wire->open) {
        tell_end(teller, like, reset);
        return;
    }
    event.what = RECORDED_REFUSED;
    event.way = WAY_DOWN;
    event.text = "no answer, given up";
    tell(teller, &event);
}

/* ---- how it opens --------------------------------------------------------------------------- */

static void tell_opening(struct teller *teller, const struct recording_event *like, int64_t result)
{
    struct wire *wire = &teller->wires[like->connection];
    struct recording_event event = *like;
    wire->open = result == 0;
    wire->failed = result != 0;
    event.what = result == 0 ? RECORDED_OPEN : RECORDED_REFUSED;
    event.way = WAY_DOWN;
    event.text = result == 0 ? NULL : recorder_say(teller->recorder, "%s", strerror((int)-result));
    tell(teller, &event);
}

static void tell_dial(struct teller *teller, const struct recording_event *like, int64_t result)
{
    struct recording_event event = *like;
    event.what = RECORDED_DIAL;
    event.way = WAY_UP;
    tell(teller, &event);
    if (result != 0)
        tell_opening(teller, like, result);
}

/* ---- one event of the trace ------------------------------------------------------------------ */

/* What a read or a write came to. EPIPE is what the peer's end, which is told beside it, makes of a write. */
static void tell_transfer(struct teller *teller, const struct recording_event *like, int64_t result)
{
    struct wire *wire = &teller->wires[like->connection];
    struct recording_event event = *like;
    if (result > 0) {
        tell_bytes(teller, like, (uint64_t)result);
    } else if (result == 0 || result == -ECONNRESET) {
        wire->peer_closed = true;
        wire->peer_error = (int)-result;
    } else if (result != -EPIPE) {
        event.what = RECORDED_NOTE;
        event.text = recorder_say(teller->recorder, "%s", strerror((int)-result));
        tell(teller, &event);
    }
}

static void tell_traced(struct teller *teller, const struct trace_event *event)
{
    const struct recorder *recorder = teller->recorder;
    bool dialled = recorder->lines[event->stream].stream->side == TRACE_CONNECTED;
    const struct recording_event out = {.at_ns = recorder_since(recorder, event->at_ns),
                                        .connection = event->stream,
                                        .way = dialled ? WAY_UP : WAY_DOWN};
    struct recording_event in = out;
    in.way = dialled ? WAY_DOWN : WAY_UP;
    switch (event->what) {
    case TRACE_DIAL:
        tell_dial(teller, &out, event->value);
        break;
    case TRACE_DIAL_ENDED:
        tell_opening(teller, &out, event->value);
        break;
    case TRACE_ACCEPT:
        tell_opening(teller, &in, 0);
        break;
    case TRACE_READ:
        tell_transfer(teller, &in, event->value);
        break;
    case TRACE_WRITE:
        tell_transfer(teller, event->value > 0 ? &out : &in, event->value);
        break;
    case TRACE_SHUT:
        if (event->value == 0)
            tell_end(teller, &out, false);
        break;
    case TRACE_CLOSE:
        tell_close(teller, &out, event->value == STREAM_RST);
        break;
    case TRACE_PEER_CLOSED:
        teller->wires[event->stream].peer_closed = true;
        teller->wires[event->stream].peer_error = (int)-event->value;
        break;
    }
    if (event->what != TRACE_CLOSE)
        tell_peer_end(teller, &in);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void tell_notes(struct teller *teller, uint64_t order)
{
    const struct recorder *recorder = teller->recorder;
    while (teller->note < recorder->note_count && recorder->notes[teller->note].order <= order)
        tell(teller, &recorder->notes[teller->note++].event);
}

/* What is left for bytes where all else is told: an event of the trace makes two at most. */
static size_t room_for_bytes(const struct recorder *recorder)
{
    const struct world *trace = recorder->input->trace;
    size_t others = recorder->note_count;
    for (size_t i = 0; i < trace_event_count(trace); i++) {
        const struct trace_event *event = trace_event_at(trace, i);
        others +=
            event->value > 0 && (event->what == TRACE_READ || event->what == TRACE_WRITE) ? 0 : 2;
    }
    return others < RECORDING_EVENTS_MAX ? RECORDING_EVENTS_MAX - others : 0;
}

void wire_events_fill(struct recorder *recorder)
{
    const struct world *trace = recorder->input->trace;
    size_t most = 2 * trace_event_count(trace) + recorder->note_count + 1;
    struct teller teller = {.recorder = recorder, .bytes_left = room_for_bytes(recorder)};
    most = most < RECORDING_EVENTS_MAX ? most : RECORDING_EVENTS_MAX;
    teller.events = recorder_take_raw(recorder, most * sizeof(*teller.events));
    teller.wires =
        recorder_take(recorder, (recorder->out.connection_count + 1) * sizeof(*teller.wires));
    if (recorder->full)
        return;
    for (size_t i = 0; i < trace_event_count(trace); i++) {
        const struct trace_event *event = trace_event_at(trace, i);
        tell_notes(&teller, 2 * (uint64_t)i);
        if (event->stream < recorder->out.connection_count)
            tell_traced(&teller, event);
        else
            recorder->out.events_lost++;
    }
    tell_notes(&teller, UINT64_MAX);
    recorder->out.events = teller.events;
    recorder->out.event_count = teller.count;
    recorder->out.events_lost += trace_events_lost(trace);
}
