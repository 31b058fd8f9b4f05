#include <string.h>

#include "harness/recording/recorder_state.h"
#include "harness/schedule/fault_words.h"
#include "harness/suite/scenario_schedule.h"

static void note(struct recorder *recorder, const struct recording_event *event)
{
    recorder_note(recorder, recorder_behind(recorder, event->at_ns), event);
}

/* Who ended a connection first, where both did so at one moment: whoever is first in the trace. */
static bool is_first_in_trace(const struct recorder *recorder, size_t index)
{
    bool by_proxy = recorder->input->from_proxy;
    const struct trace_event *event;
    for (size_t i = 0; (event = trace_event_at(recorder->input->trace, i)) != NULL; i++) {
        if (event->stream != index)
            continue;
        if (event->what == TRACE_SHUT || event->what == TRACE_CLOSE)
            return !by_proxy;
        if (event->what == TRACE_PEER_CLOSED || (event->what == TRACE_READ && event->value <= 0))
            return by_proxy;
    }
    return true;
}

/* An actor that ends a connection before its peer does, and before the case is ended, means it. */
static bool has_ended_first(const struct recorder *recorder, size_t index)
{
    const struct witness *witness = recorder->lines[index].witness;
    if (witness->own_end == WITNESS_OPEN || witness->own_end_ns > recorder->evidence->settled_ns)
        return false;
    if (witness->peer_end != WITNESS_OPEN && witness->own_end_ns != witness->peer_end_ns)
        return witness->own_end_ns < witness->peer_end_ns;
    return is_first_in_trace(recorder, index);
}

static void note_line(struct recorder *recorder, size_t index)
{
    static const struct recorded_kinds ENDS = {.own_end = true, .peer_end = true};
    const struct witness *witness = recorder->lines[index].witness;
    const struct recording_lane *lane = &recorder->lanes[recorder->connections[index].lane];
    struct recording_event event = {.what = RECORDED_FAULT,
                                    .connection = index,
                                    .way = lane->role == ROLE_CLIENT ? WAY_UP : WAY_DOWN};
    if (witness == NULL)
        return;
    if (has_ended_first(recorder, index)) {
        event.at_ns = witness->own_end_ns;
        event.text = recorder_say(recorder, "%s %s", lane->name,
                                  witness->own_end == WITNESS_FIN ? "closes" : "resets");
        recorder_note(recorder, recorder_before(recorder, index, &ENDS, event.at_ns), &event);
    }
    if (witness->stalled) {
        event.at_ns = witness->stalled_ns;
        event.text = recorder_say(recorder, "%s falls silent", lane->name);
        note(recorder, &event);
    }
    if (witness->handshake.failure != NULL) {
        event.at_ns = witness->handshake.ended_ns;
        event.what = RECORDED_NOTE;
        event.text = recorder_say(recorder, "TLS, as %s sees it: %s", lane->name,
                                  witness->handshake.failure);
        note(recorder, &event);
    }
}

/* The lane of whose connections it is; a lookup has none. */
static size_t lane_of_fault(const struct recorder *recorder, const struct wire_fault *fault)
{
    return fault->party == WIRE_CLIENT ? fault->index
                                       : recorder_upstream_lane(recorder, fault->index);
}

static bool is_met_by(const struct recorder *recorder, size_t index, const struct wire_fault *fault)
{
    const struct recorded_line *line = &recorder->lines[index];
    if (fault->party == WIRE_LOOKUP ||
        recorder->connections[index].lane != lane_of_fault(recorder, fault))
        return false;
    if (fault->direction == WIRE_DIAL && wire_fault_is_beneath_proxy(fault->kind))
        return line->stream->ordinal == fault->connection;
    return line->witness != NULL && line->witness->connection == fault->connection;
}

/* The connection that it names; one that is lasting met that one first. */
static size_t connection_of_fault(const struct recorder *recorder, const struct wire_fault *fault)
{
    size_t index = 0;
    while (index < recorder->out.connection_count && !is_met_by(recorder, index, fault))
        index++;
    return index < recorder->out.connection_count ? index : RECORDING_NOWHERE;
}

/* One that did not take place has no time of its own: it is told at the beginning. */
static void note_fault(struct recorder *recorder, const struct wire_fault *fault, const char *words,
                       const struct fault_moment *met)
{
    const struct evidence *evidence = recorder->evidence;
    struct recording_event event = {
        .at_ns = met != NULL ? met->at_ns : evidence->began_ns,
        .what = RECORDED_FAULT,
        .connection = met != NULL ? connection_of_fault(recorder, fault) : RECORDING_NOWHERE,
        .way = fault->party == WIRE_CLIENT ? WAY_UP : WAY_DOWN,
        .text = recorder_say(recorder, "put into the case: %s%s", words,
                             met != NULL ? "" : " (it did not take place)"),
    };
    recorder_note(recorder, met != NULL ? 2 * (uint64_t)met->seen : 0, &event);
}

static void note_faults(struct recorder *recorder)
{
    const struct evidence *evidence = recorder->evidence;
    const char *clients[SCENARIO_CLIENTS_MAX + 1];
    const struct fault_map map = {.names = scenario_fault_names(evidence->scenario, clients)};
    char words[FAULT_WORDS_BYTES];
    for (size_t i = 0; i < evidence->scenario->fault_count; i++) {
        const struct wire_fault *fault = &evidence->scenario->faults[i];
        bool met = (evidence->faults_met >> i & 1) != 0;
        note_fault(recorder, fault, fault_words(fault, &map, words),
                   met ? &evidence->fault_moments[i] : NULL);
    }
}

static const char *settling_words(const struct evidence *evidence)
{
    if (evidence->foreign != NULL)
        return "nothing came any more: what was seen so far counts";
    return evidence->quiet ? "nothing happens any more: the case is judged by what stands now, and "
                             "the proxy is stopped"
                           : "the case is ended: the proxy is stopped";
}

void actor_notes_fill(struct recorder *recorder)
{
    const struct evidence *evidence = recorder->evidence;
    note_faults(recorder);
    for (size_t i = 0; i < recorder->out.connection_count; i++)
        note_line(recorder, i);
    note(recorder, &(struct recording_event){.at_ns = evidence->settled_ns,
                                             .what = RECORDED_NOTE,
                                             .connection = RECORDING_NOWHERE,
                                             .text = settling_words(evidence)});
}
