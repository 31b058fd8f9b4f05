/*
 * What the files of the trace share. Nobody else includes it.
 */
#ifndef WORLD_FILTERS_TRACE_STATE_H
#define WORLD_FILTERS_TRACE_STATE_H

#include "world/base/object.h"
#include "world/filters/node_pool.h"
#include "world/filters/trace.h"
#include "world/passing.h"

#define TRACE_TAG        OBJECT_TAG('t', 'r', 'a', 'c')
#define TRACE_STREAM_TAG OBJECT_TAG('t', 'r', 's', 't')
#define TRACE_TIMER_TAG  OBJECT_TAG('t', 'r', 't', 'i')
#define TRACE_QUERY_TAG  OBJECT_TAG('t', 'r', 'q', 'u')

/* Where streams lead to, or come from. */
struct trace_place {
    struct address address;
    const char *name; /* or NULL */
    size_t begun;     /* dials or accepts so far */
    size_t open;      /* not closed yet */
};

/* The first bytes of one direction. */
struct trace_buffer {
    uint8_t *data;
    size_t size, capacity;
};

/* What is kept of the stream with the same index. Buffers stay where they are over a reset, for the next case's streams. */
struct trace_keeping {
    struct address dialler, listener;
    struct trace_buffer written, read;
};

/* A listener of the program, while bytes are kept. */
struct trace_listener {
    const struct listener *listener;
    struct address address;
};

struct trace {
    struct passing passing; /* first: a struct world * is a struct trace * */
    object_tag tag;
    struct trace_options options; /* defaults filled in */

    struct node_pool streams, timers, queries; /* the live ones */
    size_t listener_count;

    struct trace_stream *records;
    size_t record_count, record_capacity;
    struct trace_place *places; /* places[0] stands for all clients */
    size_t place_count, place_capacity;
    size_t dial_count;
    struct trace_event *events; /* options.events_max of them */
    size_t event_count;
    uint64_t events_lost;
    bool incomplete;

    struct trace_held held;
    struct trace_conduct conduct;
    uint64_t down_bytes; /* written to accepted streams */
    uint64_t upcall_ns;  /* when the last upcall came */
    size_t open[2];      /* live streams by enum trace_side */

    size_t keep_bytes; /* of each direction of a stream; 0: nothing is kept */
    struct trace_keeping *keepings;
    size_t keeping_count, keeping_capacity; /* as many as there were streams in any case so far */
    size_t kept_bytes;                      /* of all streams */
    struct trace_listener *listeners;
    size_t listener_place_count, listener_capacity;
};

/* The index of a record or place that could not be kept. */
#define TRACE_NOT_KEPT UINT32_MAX

struct trace_live_stream {
    struct node node;
    struct trace *trace;
    struct stream lower;
    struct stream *outer;
    enum trace_side side;
    bool said_fin;   /* by the program: what it still reads here is thrown away */
    unsigned wanted; /* by the program */
    uint64_t calls;  /* by the program, each of which does something about an upcall */
    uint32_t record; /* indices, or TRACE_NOT_KEPT */
    uint32_t place;
};

static inline struct trace *trace_of(struct world *world)
{
    struct trace *trace = (struct trace *)(void *)world;

    check(trace->tag == TRACE_TAG);
    return trace;
}

static inline const struct trace *trace_of_const(const struct world *world)
{
    const struct trace *trace = (const struct trace *)(const void *)world;

    check(trace->tag == TRACE_TAG);
    return trace;
}

/* trace_record.c: what is noted. */
void trace_record_forget(struct trace *trace);
void trace_record_release(struct trace *trace);
/* A dial to address, or (NULL) an accept. result as of connect; the stream lives on only if it is 0. */
void trace_record_begin(struct trace_live_stream *live, const struct address *address, int result);
void trace_record_dial_ended(struct trace_live_stream *live, int outcome);
/* What stream_read() and stream_write() were given, and what they returned. */
void trace_record_read(struct trace_live_stream *live, const void *data, ssize_t result);
void trace_record_write(struct trace_live_stream *live, const struct iovec *pieces, ssize_t result);
/* outcome as of trace_event.value. */
void trace_record_peer_closed(struct trace_live_stream *live, int outcome);
void trace_record_event(struct trace_live_stream *live, enum trace_what what, int64_t value);
void trace_record_end(struct trace_live_stream *live, enum stream_end end);
/* The program was told of these events and did nothing about them. */
void trace_record_unheeded(struct trace_live_stream *live, unsigned events);
/* The top of every upcall. */
void trace_record_upcall(struct trace *trace);

uint32_t trace_record_place(struct trace *trace, const struct address *address);

/* Makes room for one more of these in an array; false when memory runs out. */
bool trace_make_room(void **array, size_t *capacity, size_t count, size_t item_bytes);

/* trace_kept.c: the first bytes of each stream, and its addresses. To be called only while trace->keep_bytes is not 0. */
void trace_kept_forget(struct trace *trace);
void trace_kept_release(struct trace *trace);
void trace_kept_begin(struct trace_live_stream *live, const struct address *dialled,
                      const struct listener *listener);
void trace_kept_bytes(struct trace_live_stream *live, bool read, const struct iovec *pieces,
                      size_t size);
void trace_kept_listen(struct trace *trace, const struct listener *listener,
                       const struct address *address);
void trace_kept_unlisten(struct trace *trace, const struct listener *listener);

/* trace_stream.c: the stream_ops table. */
int trace_stream_connect(struct world *world, struct stream *stream, const struct address *address);
int trace_stream_accept(struct world *world, struct listener *listener, struct stream *stream);

#endif
