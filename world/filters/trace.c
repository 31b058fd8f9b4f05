#include "world/filters/trace.h"

#include <errno.h>
#include <stdlib.h>

#include "world/filters/trace_state.h"

static const struct world_ops trace_world_ops;

/* The program's timer and query stand for these, so that an end that nobody asked for is counted. */
struct trace_live_timer {
    struct node node;
    struct trace *trace;
    struct timer lower;
    struct timer *outer;
    uint64_t due_ns; /* its time, or where that had passed when it was set, that moment */
};

struct trace_live_query {
    struct node node;
    struct trace *trace;
    struct query lower;
    struct query *outer;
};

/* ---- life -------------------------------------------------------------------------------------- */

static size_t or_default(size_t value, size_t otherwise)
{
    return value != 0 ? value : otherwise;
}

struct world *trace_create(struct world *inner, const struct trace_options *options)
{
    struct trace *trace = calloc(1, sizeof(*trace));

    if (trace == NULL)
        return NULL;
    trace->passing.world.ops = &trace_world_ops;
    trace->tag = TRACE_TAG;
    passing_stand_on(&trace->passing.world, inner);
    trace->options = *options;
    trace->options.streams_max = or_default(options->streams_max, TRACE_STREAMS_MAX);
    if (options->events_max > 0) {
        trace->events = calloc(options->events_max, sizeof(*trace->events));
        if (trace->events == NULL) {
            free(trace);
            return NULL;
        }
    }
    node_pool_init(&trace->streams, sizeof(struct trace_live_stream));
    node_pool_init(&trace->timers, sizeof(struct trace_live_timer));
    node_pool_init(&trace->queries, sizeof(struct trace_live_query));
    trace_record_forget(trace);
    return &trace->passing.world;
}

void trace_destroy(struct world **world)
{
    struct trace *trace;

    if (*world == NULL)
        return;
    trace = trace_of(*world);
    node_pool_release(&trace->streams);
    node_pool_release(&trace->timers);
    node_pool_release(&trace->queries);
    trace_record_release(trace);
    trace->tag = 0;
    free(trace);
    *world = NULL;
}

void trace_reset(struct world *world)
{
    struct trace *trace = trace_of(world);

    node_pool_forget(&trace->streams);
    node_pool_forget(&trace->timers);
    node_pool_forget(&trace->queries);
    trace->listener_count = 0;
    trace_record_forget(trace);
}

/* ---- timers ------------------------------------------------------------------------------------ */

static void end_timer(struct trace_live_timer *live)
{
    live->outer->index = 0;
    node_pool_give(&live->trace->timers, live);
}

static void on_time(struct timer *lower)
{
    struct trace_live_timer *live = object_cast(lower->owner, TRACE_TIMER_TAG);
    struct timer *outer = live->outer;
    struct trace_conduct *conduct = &live->trace->conduct;

    trace_record_upcall(live->trace);
    conduct->timers_fired++;
    conduct->timers_early += live->trace->upcall_ns < outer->at_ns;
    conduct->timers_late += live->trace->upcall_ns > live->due_ns;
    end_timer(live);
    outer->on_time(outer);
}

/* The node of a timer that is set: its index is the node's place plus one. */
static struct trace_live_timer *timer_of(const struct trace *trace, struct timer *outer)
{
    struct trace_live_timer *live =
        object_cast(node_pool_at(&trace->timers, outer->index - 1), TRACE_TIMER_TAG);

    check(live->outer == outer);
    return live;
}

static struct trace_live_timer *start_timer(struct trace *trace, struct timer *outer)
{
    struct trace_live_timer *live = node_pool_take(&trace->timers);

    check(live != NULL); /* setting a timer cannot fail at the seam */
    live->node.tag = TRACE_TIMER_TAG;
    live->trace = trace;
    live->outer = outer;
    live->lower.on_time = on_time;
    live->lower.owner = live;
    outer->index = live->node.index + 1;
    return live;
}

static void set_timer(struct world *world, struct timer *outer, uint64_t at_ns)
{
    struct trace *trace = trace_of(world);
    struct trace_live_timer *live =
        timer_is_set(outer) ? timer_of(trace, outer) : start_timer(trace, outer);

    uint64_t now_ns = world_now(trace->passing.inner);

    live->due_ns = at_ns > now_ns ? at_ns : now_ns;
    timer_set(trace->passing.inner, &live->lower, at_ns);
    outer->at_ns = live->lower.at_ns;
    outer->sequence = live->lower.sequence;
}

static void stop_timer(struct world *world, struct timer *outer)
{
    struct trace *trace = trace_of(world);
    struct trace_live_timer *live;

    if (!timer_is_set(outer))
        return;
    live = timer_of(trace, outer);
    timer_stop(trace->passing.inner, &live->lower);
    end_timer(live);
}

/* ---- queries ----------------------------------------------------------------------------------- */

static void end_query(struct trace_live_query *live)
{
    live->outer->impl = NULL;
    node_pool_give(&live->trace->queries, live);
}

static void on_answer(struct query *lower)
{
    struct trace_live_query *live = object_cast(lower->owner, TRACE_QUERY_TAG);
    struct query *outer = live->outer;

    outer->status = lower->status;
    outer->address_count = lower->address_count;
    for (size_t i = 0; i < lower->address_count; i++)
        outer->addresses[i] = lower->addresses[i];
    end_query(live);
    outer->on_answer(outer);
}

static int resolve(struct world *world, struct query *outer, const char *host, uint16_t port)
{
    struct trace *trace = trace_of(world);
    struct trace_live_query *live = node_pool_take(&trace->queries);
    int result;

    if (live == NULL)
        return -ENOMEM;
    live->node.tag = TRACE_QUERY_TAG;
    live->trace = trace;
    live->outer = outer;
    live->lower.nameserver = outer->nameserver;
    live->lower.on_answer = on_answer;
    live->lower.owner = live;
    result = world_resolve(trace->passing.inner, &live->lower, host, port);
    if (result == 0)
        outer->impl = live;
    else
        node_pool_give(&trace->queries, live);
    return result;
}

static void resolve_cancel(struct world *world, struct query *outer)
{
    struct trace *trace = trace_of(world);
    struct trace_live_query *live;

    if (outer->impl == NULL)
        return;
    live = object_cast(outer->impl, TRACE_QUERY_TAG);
    world_resolve_cancel(trace->passing.inner, &live->lower);
    end_query(live);
}

/* ---- listeners ---------------------------------------------------------------------------------- */

static int start_listening(struct world *world, struct listener *listener, struct address *address,
                           enum listen_mode mode, int backlog)
{
    struct trace *trace = trace_of(world);
    int result = world_listen(trace->passing.inner, listener, address, mode, backlog);

    if (result == 0)
        trace->listener_count++;
    if (result == 0 && trace->keep_bytes > 0)
        trace_kept_listen(trace, listener, address);
    return result;
}

static void stop_listening(struct world *world, struct listener *listener)
{
    struct trace *trace = trace_of(world);

    if (listener->impl != NULL)
        trace->listener_count--;
    if (trace->keep_bytes > 0)
        trace_kept_unlisten(trace, listener);
    world_unlisten(trace->passing.inner, listener);
}

static const struct world_ops trace_world_ops = {
    .now = passing_now,
    .random = passing_random,
    .timer_set = set_timer,
    .timer_stop = stop_timer,
    .resolve = resolve,
    .resolve_cancel = resolve_cancel,
    .listen = start_listening,
    .accept = trace_stream_accept,
    .unlisten = stop_listening,
    .connect = trace_stream_connect,
    .run = passing_run,
};
