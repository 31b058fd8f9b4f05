#include <errno.h>

#include "world/filters/trace_state.h"

static struct trace_live_stream *live_of(struct stream *stream)
{
    struct trace_live_stream *live = object_cast(stream->impl, TRACE_STREAM_TAG);

    check(live->outer == stream);
    return live;
}

static int status(struct stream *stream)
{
    return stream_status(&live_of(stream)->lower);
}

static ssize_t read_bytes(struct stream *stream, void *data, size_t size)
{
    struct trace_live_stream *live = live_of(stream);
    ssize_t result = stream_read(&live->lower, data, size);

    live->calls++;
    if (result != -EAGAIN)
        trace_record_read(live, data, result);
    return result;
}

static ssize_t write_bytes(struct stream *stream, const struct iovec *pieces, int count)
{
    struct trace_live_stream *live = live_of(stream);
    ssize_t result = stream_write(&live->lower, pieces, count);

    live->calls++;
    if (result != -EAGAIN)
        trace_record_write(live, pieces, result);
    return result;
}

static int shut(struct stream *stream)
{
    struct trace_live_stream *live = live_of(stream);
    int result = stream_shut(&live->lower);

    live->calls++;
    live->said_fin = true;
    trace_record_event(live, TRACE_SHUT, result);
    return result;
}

static void close_stream(struct stream *stream, enum stream_end end)
{
    struct trace_live_stream *live = live_of(stream);

    trace_record_end(live, end);
    stream_close(&live->lower, end);
    stream->impl = NULL;
    node_pool_give(&live->trace->streams, live);
}

static void want(struct stream *stream, unsigned events)
{
    struct trace_live_stream *live = live_of(stream);

    live->calls += live->wanted != events;
    live->wanted = events;
    stream_want(&live->lower, events);
}

static void info(struct stream *stream, struct stream_info *out)
{
    stream_info(&live_of(stream)->lower, out);
}

static const struct stream_ops trace_stream_ops = {
    .status = status,
    .read = read_bytes,
    .write = write_bytes,
    .shut = shut,
    .close = close_stream,
    .want = want,
    .info = info,
};

/* Not by its status, which simulated worlds count as a question of the program. */
static int error_of(struct stream *lower)
{
    struct stream_info info;

    stream_info(lower, &info);
    return -info.error;
}

static void on_event(struct stream *lower, unsigned events)
{
    struct trace_live_stream *live = object_cast(lower->owner, TRACE_STREAM_TAG);
    struct stream *outer = live->outer;
    uint64_t calls = live->calls;
    struct trace *trace = live->trace; /* the upcall may end the live stream */
    uint64_t closes = trace->conduct.closes;

    trace_record_upcall(trace);
    if ((events & STREAM_OPEN) != 0 && live->side == TRACE_CONNECTED)
        trace_record_dial_ended(live, stream_status(lower));
    if ((events & STREAM_CLOSED) != 0)
        trace_record_peer_closed(live, trace->keep_bytes > 0 ? error_of(lower) : 0);
    outer->on_event(outer, events);
    if (trace->conduct.closes == closes && live->calls == calls)
        trace_record_unheeded(live, events);
}

static struct trace_live_stream *take(struct trace *trace, struct stream *stream,
                                      enum trace_side side)
{
    struct trace_live_stream *live = node_pool_take(&trace->streams);

    if (live == NULL)
        return NULL;
    live->node.tag = TRACE_STREAM_TAG;
    live->trace = trace;
    live->outer = stream;
    live->side = side;
    live->lower.on_event = on_event;
    live->lower.owner = live;
    return live;
}

static void open_outer(struct trace_live_stream *live)
{
    live->outer->ops = &trace_stream_ops;
    live->outer->impl = live;
}

int trace_stream_connect(struct world *world, struct stream *stream, const struct address *address)
{
    struct trace *trace = trace_of(world);
    struct trace_live_stream *live = take(trace, stream, TRACE_CONNECTED);
    int result;

    if (live == NULL)
        return -ENOMEM;
    result = world_connect(trace->passing.inner, &live->lower, address);
    trace_record_begin(live, address, result);
    if (trace->keep_bytes > 0)
        trace_kept_begin(live, address, NULL);
    if (result == 0)
        open_outer(live);
    else
        node_pool_give(&trace->streams, live);
    return result;
}

int trace_stream_accept(struct world *world, struct listener *listener, struct stream *stream)
{
    struct trace *trace = trace_of(world);
    struct trace_live_stream *live = take(trace, stream, TRACE_ACCEPTED);
    int result;

    if (live == NULL)
        return -ENOMEM;
    result = world_accept(trace->passing.inner, listener, &live->lower);
    if (result != 0) {
        node_pool_give(&trace->streams, live);
        return result;
    }
    trace_record_begin(live, NULL, 0);
    if (trace->keep_bytes > 0)
        trace_kept_begin(live, NULL, listener);
    open_outer(live);
    return 0;
}
