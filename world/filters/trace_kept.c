#include <stdlib.h>
#include <string.h>

#include "world/filters/trace_state.h"

enum { BUFFER_BYTES_FIRST = 512 }; /* most heads */

void trace_keep_bytes(struct world *world, size_t bytes_max)
{
    struct trace *trace = trace_of(world);

    check(trace->record_count == 0);
    check(trace->listener_count == 0);
    trace->keep_bytes = bytes_max;
    trace_kept_forget(trace);
}

struct trace_kept trace_kept_at(const struct world *world, size_t index)
{
    const struct trace *trace = trace_of_const(world);
    const struct trace_keeping *keeping;

    if (index >= trace->keeping_count)
        return (struct trace_kept){.written = {NULL, 0}};
    keeping = &trace->keepings[index];
    return (struct trace_kept){
        .dialler = keeping->dialler,
        .listener = keeping->listener,
        .written = bytes_make(keeping->written.data, keeping->written.size),
        .read = bytes_make(keeping->read.data, keeping->read.size),
    };
}

void trace_kept_forget(struct trace *trace)
{
    trace->keeping_count = 0;
    trace->kept_bytes = 0;
    trace->listener_place_count = 0;
}

void trace_kept_release(struct trace *trace)
{
    for (size_t i = 0; i < trace->keeping_capacity; i++) {
        free(trace->keepings[i].written.data);
        free(trace->keepings[i].read.data);
    }
    free(trace->keepings);
    free(trace->listeners);
}

/* ---- streams --------------------------------------------------------------------------------------- */

/* New places have no buffers yet, old ones those of a former case. */
static bool room_for_keeping(struct trace *trace)
{
    size_t before = trace->keeping_capacity;
    void *keepings = trace->keepings;
    bool there = trace_make_room(&keepings, &trace->keeping_capacity, trace->keeping_count,
                                 sizeof(*trace->keepings));

    trace->keepings = keepings;
    if (trace->keeping_capacity > before)
        memset(trace->keepings + before, 0,
               (trace->keeping_capacity - before) * sizeof(*trace->keepings));
    return there;
}

static struct address address_of(const struct trace *trace, const struct listener *listener)
{
    for (size_t i = 0; i < trace->listener_place_count; i++)
        if (trace->listeners[i].listener == listener)
            return trace->listeners[i].address;
    return (struct address){.family = 0};
}

void trace_kept_begin(struct trace_live_stream *live, const struct address *dialled,
                      const struct listener *listener)
{
    struct trace *trace = live->trace;
    struct trace_keeping *keeping;
    struct stream_info info;

    if (live->record == TRACE_NOT_KEPT)
        return;
    /* One for each record; where memory ran out once, none follows, or they would not stand in their places. */
    if (live->record != trace->keeping_count || !room_for_keeping(trace)) {
        trace->incomplete = true;
        return;
    }
    keeping = &trace->keepings[trace->keeping_count++];
    keeping->written.size = keeping->read.size = 0;
    keeping->dialler = (struct address){.family = 0};
    if (dialled != NULL) {
        keeping->listener = *dialled;
        return;
    }
    keeping->listener = address_of(trace, listener);
    stream_info(&live->lower, &info);
    keeping->dialler = info.peer;
}

/* Makes room for so many bytes in all; false when memory runs out. */
static bool grow(struct trace_buffer *buffer, size_t size)
{
    size_t wanted = buffer->capacity == 0 ? BUFFER_BYTES_FIRST : buffer->capacity;
    uint8_t *data;

    if (size <= buffer->capacity)
        return true;
    while (wanted < size)
        wanted *= 2;
    data = realloc(buffer->data, wanted);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = wanted;
    return true;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void trace_kept_bytes(struct trace_live_stream *live, bool read, const struct iovec *pieces,
                      size_t size)
{
    struct trace *trace = live->trace;
    struct trace_buffer *buffer;
    size_t left;

    if (live->record >= trace->keeping_count)
        return;
    buffer = read ? &trace->keepings[live->record].read : &trace->keepings[live->record].written;
    left = smaller(trace->keep_bytes - buffer->size, TRACE_KEPT_BYTES_MAX - trace->kept_bytes);
    left = smaller(left, size);
    if (left == 0 || !grow(buffer, buffer->size + left))
        return;
    trace->kept_bytes += left;
    for (; left > 0; pieces++) {
        size_t part = smaller(pieces->iov_len, left);

        if (part > 0)
            memcpy(buffer->data + buffer->size, pieces->iov_base, part);
        buffer->size += part;
        left -= part;
    }
}

/* ---- listeners ------------------------------------------------------------------------------------- */

void trace_kept_listen(struct trace *trace, const struct listener *listener,
                       const struct address *address)
{
    void *listeners = trace->listeners;
    bool there = trace_make_room(&listeners, &trace->listener_capacity, trace->listener_place_count,
                                 sizeof(*trace->listeners));

    trace->listeners = listeners;
    if (there)
        trace->listeners[trace->listener_place_count++] =
            (struct trace_listener){listener, *address};
}

void trace_kept_unlisten(struct trace *trace, const struct listener *listener)
{
    for (size_t i = 0; i < trace->listener_place_count; i++)
        if (trace->listeners[i].listener == listener)
            trace->listeners[i] = trace->listeners[--trace->listener_place_count];
}
