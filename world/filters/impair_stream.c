#include <errno.h>

#include "world/filters/impair_state.h"

/* What a refusal takes: a dial is over later than it began, so that what follows from it can be told from it by time. */
#define REFUSAL_NS (10 * NS_PER_US)

enum {
    CUT_PIECES_MAX =
        16, /* of a write that is cut; what comes behind them is left for the next one */
    REPEAT_NS =
        NS_PER_US, /* between upcalls that nobody heeds, so that a spinning program lets time pass */
};

/* ---- a dial that fails ------------------------------------------------------------------------- */

static struct impair_stream *stream_of(struct stream *stream)
{
    struct impair_stream *at = object_cast(stream->impl, IMPAIR_STREAM_TAG);

    check(at->outer == stream);
    return at;
}

static unsigned level_of(const struct impair_stream *at)
{
    return at->failed ? (STREAM_OPEN | STREAM_READ | STREAM_WRITE) & ~at->told : 0;
}

static void ask_for_turn(struct impair_stream *at, uint64_t delay_ns)
{
    struct world *inner = at->impair->passing.inner;

    if (!at->failed)
        return;
    if ((level_of(at) & at->wanted) != 0)
        timer_set(inner, &at->timer, world_now(inner) + delay_ns);
    else
        timer_stop(inner, &at->timer);
}

static void on_turn(struct timer *timer)
{
    struct impair_stream *at = object_cast(timer->owner, IMPAIR_STREAM_TAG);
    unsigned events;

    at->failed = true;
    events = level_of(at) & at->wanted;
    at->told |= events & STREAM_OPEN;
    ask_for_turn(at, REPEAT_NS); /* before the upcall, which may end this stream */
    if (events != 0)
        at->outer->on_event(at->outer, events);
}

static int failing_status(struct stream *stream)
{
    const struct impair_stream *at = stream_of(stream);

    return at->failed ? -at->error : -EINPROGRESS;
}

static ssize_t failing_read(struct stream *stream, void *data, size_t size)
{
    const struct impair_stream *at = stream_of(stream);

    (void)data;
    (void)size;
    return at->failed ? -at->error : -EAGAIN;
}

static ssize_t failing_write(struct stream *stream, const struct iovec *pieces, int count)
{
    const struct impair_stream *at = stream_of(stream);

    (void)pieces;
    (void)count;
    return at->failed ? -at->error : -EAGAIN;
}

static int failing_shut(struct stream *stream)
{
    const struct impair_stream *at = stream_of(stream);

    return at->failed ? -at->error : 0;
}

static void failing_close(struct stream *stream, enum stream_end end)
{
    struct impair_stream *at = stream_of(stream);

    (void)end;
    timer_stop(at->impair->passing.inner, &at->timer);
    stream->impl = NULL;
    node_pool_give(&at->impair->streams, at);
}

static void failing_want(struct stream *stream, unsigned events)
{
    struct impair_stream *at = stream_of(stream);

    at->wanted = events;
    ask_for_turn(at, 0);
}

static void failing_info(struct stream *stream, struct stream_info *out)
{
    const struct impair_stream *at = stream_of(stream);

    *out = (struct stream_info){
        .tx_known = true, .error = at->failed ? at->error : 0, .peer = at->peer};
}

static const struct stream_ops failing_ops = {
    .status = failing_status,
    .read = failing_read,
    .write = failing_write,
    .shut = failing_shut,
    .close = failing_close,
    .want = failing_want,
    .info = failing_info,
};

static struct impair_stream *take_stream(struct impair *impair, struct stream *outer)
{
    struct impair_stream *at = node_pool_take(&impair->streams);

    if (at == NULL)
        return NULL;
    at->node.tag = IMPAIR_STREAM_TAG;
    at->impair = impair;
    at->outer = outer;
    at->wanted = STREAM_OPEN;
    at->timer.on_time = on_turn;
    at->timer.owner = at;
    return at;
}

static int errno_of(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_REFUSED:
        return ECONNREFUSED;
    case WIRE_FAULT_UNREACHABLE:
        return EHOSTUNREACH;
    default:
        return 0;
    }
}

int impair_stream_fail(struct impair *impair, struct stream *stream, const struct address *address,
                       int rule)
{
    enum wire_fault_kind kind = impair->rules[rule].kind;
    struct impair_stream *at;

    impair_note(impair, rule);
    if (kind == WIRE_FAULT_NO_DESCRIPTORS)
        return -EMFILE;
    at = take_stream(impair, stream);
    if (at == NULL)
        return -ENOMEM;
    at->peer = *address;
    at->error = errno_of(kind);
    stream->ops = &failing_ops;
    stream->impl = at;
    if (at->error != 0)
        timer_set(impair->passing.inner, &at->timer, world_now(impair->passing.inner) + REFUSAL_NS);
    return 0;
}

/* ---- a connection whose writes are cut --------------------------------------------------------- */

static int cutting_status(struct stream *stream)
{
    return stream_status(&stream_of(stream)->lower);
}

static ssize_t cutting_read(struct stream *stream, void *data, size_t size)
{
    return stream_read(&stream_of(stream)->lower, data, size);
}

/* The rule that is next to cut a write, among those whose byte has not gone; -1: none. */
static int next_cut(const struct impair_stream *at)
{
    int next = -1;

    for (int i = 0; i < at->impair->rule_count; i++) {
        uint64_t offset = at->impair->rules[i].offset;

        if ((at->cuts >> i & 1) != 0 && offset >= at->tx &&
            (next < 0 || offset < at->impair->rules[next].offset))
            next = i;
    }
    return next;
}

/* The beginning of a write, of that many bytes at most; returns how many pieces it has. */
static int cut_pieces(const struct iovec *pieces, int count, uint64_t size,
                      struct iovec out[CUT_PIECES_MAX])
{
    int kept = 0;

    for (int i = 0; i < count && kept < CUT_PIECES_MAX && size > 0; i++) {
        out[kept] = pieces[i];
        if (out[kept].iov_len > size)
            out[kept].iov_len = (size_t)size;
        size -= out[kept++].iov_len;
    }
    return kept;
}

static uint64_t size_of(const struct iovec *pieces, int count)
{
    uint64_t size = 0;

    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

static ssize_t cutting_write(struct stream *stream, const struct iovec *pieces, int count)
{
    struct impair_stream *at = stream_of(stream);
    struct iovec beginning[CUT_PIECES_MAX];
    int rule = next_cut(at);
    bool cut = false;
    ssize_t result;

    if (rule >= 0) {
        uint64_t room = at->impair->rules[rule].offset - at->tx;

        cut = size_of(pieces, count) > room && stream_status(&at->lower) == 0;
        if (cut) {
            at->cuts &= ~(1u << rule);
            impair_note(at->impair, rule);
            count = cut_pieces(pieces, count, room, beginning);
            pieces = beginning;
        }
    }
    if (count == 0)
        return -EAGAIN;
    result = stream_write(&at->lower, pieces, count);
    if (result > 0)
        at->tx += (uint64_t)result;
    return result;
}

static int cutting_shut(struct stream *stream)
{
    return stream_shut(&stream_of(stream)->lower);
}

static void cutting_close(struct stream *stream, enum stream_end end)
{
    struct impair_stream *at = stream_of(stream);

    stream_close(&at->lower, end);
    stream->impl = NULL;
    node_pool_give(&at->impair->streams, at);
}

static void cutting_want(struct stream *stream, unsigned events)
{
    stream_want(&stream_of(stream)->lower, events);
}

static void cutting_info(struct stream *stream, struct stream_info *out)
{
    stream_info(&stream_of(stream)->lower, out);
}

static const struct stream_ops cutting_ops = {
    .status = cutting_status,
    .read = cutting_read,
    .write = cutting_write,
    .shut = cutting_shut,
    .close = cutting_close,
    .want = cutting_want,
    .info = cutting_info,
};

static void on_lower_event(struct stream *lower, unsigned events)
{
    struct impair_stream *at = object_cast(lower->owner, IMPAIR_STREAM_TAG);

    at->outer->on_event(at->outer, events);
}

struct impair_stream *impair_stream_cut(struct impair *impair, struct stream *stream, unsigned cuts)
{
    struct impair_stream *at = take_stream(impair, stream);

    if (at == NULL)
        return NULL;
    at->cuts = cuts;
    at->lower.on_event = on_lower_event;
    at->lower.owner = at;
    return at;
}

int impair_stream_begin(struct impair_stream *at, int result)
{
    if (result != 0) {
        node_pool_give(&at->impair->streams, at);
        return result;
    }
    at->outer->ops = &cutting_ops;
    at->outer->impl = at;
    return 0;
}
