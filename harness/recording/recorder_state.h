/*
 * The private half of recorder.h: a recording while it is made. Nobody outside this folder includes it.
 *
 * Memory is asked for in one way: recorder_take() and recorder_say() never return NULL to be looked at, but note that memory ran
 * out and lead to a value that is harmless; the whole is then given up at the end.
 */
#ifndef HARNESS_RECORDING_RECORDER_STATE_H
#define HARNESS_RECORDING_RECORDER_STATE_H

#include "harness/recording/recorder.h"
#include "reports/recording/recording.h"

/* What is known of a connection beside what is shown of it. Its index is that of its stream in the trace. */
struct recorded_line {
    const struct trace_stream *stream;
    const struct witness
        *witness; /* the actor's at its end; NULL: there is none, or it is not known */
    bool claimed; /* an attempt was made on it */
};

/* An event that is in no trace, and where among the trace's it belongs: before the one of the index order / 2. */
struct recorded_note {
    uint64_t order;
    struct recording_event event;
};

struct recorder {
    const struct recorder_input *input;
    const struct evidence *evidence;
    struct region *region;
    bool full; /* memory ran out */
    struct recording_lane *lanes;
    struct recording_connection *connections;
    struct recorded_line *lines;
    struct recorded_note *notes; /* by order */
    size_t note_count;
    struct case_recording out;
};

/* NULL when memory ran out, which is noted. */
void *recorder_take(struct recorder *recorder, size_t size);
/* The same, not zeroed. */
void *recorder_take_raw(struct recorder *recorder, size_t size);
/* Never NULL. */
const char *recorder_say(struct recorder *recorder, const char *format, ...) PRINTF_LIKE(2, 3);
const char *recorder_say_address(struct recorder *recorder, const struct address *address);

/* Since the case began; what never came is when it had settled. */
uint64_t recorder_since(const struct recorder *recorder, uint64_t at_ns);

/* The lane of an upstream of the scenario; of a client it is its own index. */
static inline size_t recorder_upstream_lane(const struct recorder *recorder, size_t upstream)
{
    return recorder->evidence->scenario->client_count + 1 + upstream;
}
/* The scenario's upstream at that address; their count if there is none. */
size_t recorder_upstream_at(const struct recorder *recorder, const struct address *address);

/* Where a note belongs that was made at that time: behind all that had happened by then. */
uint64_t recorder_behind(const struct recorder *recorder, uint64_t at_ns);
/* Before the first event of these kinds on that connection at that moment; where there is none, behind it. */
struct recorded_kinds {
    bool dial, write, own_end, peer_end;
};
uint64_t recorder_before(const struct recorder *recorder, size_t connection,
                         const struct recorded_kinds *kinds, uint64_t at_ns);
/* event.at_ns is the world's; text lives in the region. */
void recorder_note(struct recorder *recorder, uint64_t order, const struct recording_event *event);

/* The parts, in this order. */
void connection_list_fill(struct recorder *recorder); /* lanes too */
void exchange_list_fill(struct recorder *recorder);
void actor_notes_fill(struct recorder *recorder);
void wire_events_fill(struct recorder *recorder);
void expectation_list_fill(struct recorder *recorder);

#endif
