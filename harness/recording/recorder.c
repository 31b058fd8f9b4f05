#include "harness/recording/recorder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/recording/recorder_state.h"

enum { TEXT_BYTES_MAX = 512 }; /* of one text; longer ones are cut */

const char *recorder_write(const struct recorder_input *input, struct region *region)
{
    struct recorder recorder = {.input = input, .evidence = input->evidence, .region = region};
    recorder.out.virtual_time = input->evidence->world == WORLD_SIM;
    recorder.out.from_proxy = input->from_proxy;
    recorder.notes = recorder_take_raw(&recorder, RECORDER_NOTES_MAX * sizeof(*recorder.notes));
    connection_list_fill(&recorder);
    if (!recorder.full)
        exchange_list_fill(&recorder);
    if (!recorder.full)
        actor_notes_fill(&recorder);
    if (!recorder.full)
        wire_events_fill(&recorder);
    if (!recorder.full)
        expectation_list_fill(&recorder);
    return recorder.full ? NULL : recording_write(&recorder.out, region);
}

/* ---- memory and words ----------------------------------------------------------------------- */

void *recorder_take(struct recorder *recorder, size_t size)
{
    void *piece = region_take(recorder->region, size);
    recorder->full = recorder->full || piece == NULL;
    return piece;
}

void *recorder_take_raw(struct recorder *recorder, size_t size)
{
    void *piece = region_take_raw(recorder->region, size);
    recorder->full = recorder->full || piece == NULL;
    return piece;
}

const char *recorder_say(struct recorder *recorder, const char *format, ...)
{
    char text[TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const char *copy = region_copy_text(recorder->region, text, strlen(text));
    recorder->full = recorder->full || copy == NULL;
    return copy != NULL ? copy : "";
}

const char *recorder_say_address(struct recorder *recorder, const struct address *address)
{
    char text[ADDRESS_TEXT_BYTES];
    if (address->family == 0)
        return "";
    return recorder_say(recorder, "%s", address_format(address, text));
}

uint64_t recorder_since(const struct recorder *recorder, uint64_t at_ns)
{
    uint64_t began_ns = recorder->evidence->began_ns;
    if (at_ns == TIME_NEVER)
        at_ns = recorder->evidence->settled_ns;
    return at_ns > began_ns ? at_ns - began_ns : 0;
}

size_t recorder_upstream_at(const struct recorder *recorder, const struct address *address)
{
    const struct evidence *evidence = recorder->evidence;
    size_t upstream = 0;
    while (upstream < evidence->scenario->upstream_count &&
           !address_equal(&evidence->upstreams[upstream]->address, address))
        upstream++;
    return upstream;
}

/* ---- notes ---------------------------------------------------------------------------------- */

/* How many of the trace's events came at that time or before; they come in the order of time. */
static size_t count_until(const struct world *trace, uint64_t at_ns)
{
    size_t low = 0;
    size_t high = trace_event_count(trace);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trace_event_at(trace, middle)->at_ns <= at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t recorder_behind(const struct recorder *recorder, uint64_t at_ns)
{
    return 2 * (uint64_t)count_until(recorder->input->trace, at_ns);
}

static bool is_one_of(const struct trace_event *event, const struct recorded_kinds *kinds)
{
    switch (event->what) {
    case TRACE_DIAL:
        return kinds->dial;
    case TRACE_WRITE:
        return event->value > 0 ? kinds->write : kinds->peer_end;
    case TRACE_SHUT:
    case TRACE_CLOSE:
        return kinds->own_end;
    case TRACE_PEER_CLOSED:
        return kinds->peer_end;
    case TRACE_READ:
        return kinds->peer_end && event->value <= 0;
    case TRACE_DIAL_ENDED:
    case TRACE_ACCEPT:
        break;
    }
    return false;
}

uint64_t recorder_before(const struct recorder *recorder, size_t connection,
                         const struct recorded_kinds *kinds, uint64_t at_ns)
{
    const struct world *trace = recorder->input->trace;
    size_t index = at_ns > 0 ? count_until(trace, at_ns - 1) : 0;
    const struct trace_event *event;
    while ((event = trace_event_at(trace, index)) != NULL && event->at_ns == at_ns &&
           (event->stream != connection || !is_one_of(event, kinds)))
        index++;
    return 2 * (uint64_t)index;
}

static bool comes_before(const struct recorded_note *a, const struct recorded_note *b)
{
    return a->order != b->order ? a->order < b->order : a->event.at_ns < b->event.at_ns;
}

/* Sorted as they come: most come in the order of time. Of equals the first stays first. */
void recorder_note(struct recorder *recorder, uint64_t order, const struct recording_event *event)
{
    struct recorded_note note = {order, *event};
    size_t place = recorder->note_count;
    note.event.at_ns = recorder_since(recorder, event->at_ns);
    if (place == RECORDER_NOTES_MAX) {
        recorder->out.events_lost++;
        return;
    }
    for (; place > 0 && comes_before(&note, &recorder->notes[place - 1]); place--)
        recorder->notes[place] = recorder->notes[place - 1];
    recorder->notes[place] = note;
    recorder->note_count++;
}
