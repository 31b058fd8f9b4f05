#include "world/filters/fault.h"

#include <errno.h>
#include <stdlib.h>

#include "world/base/object.h"
#include "world/filters/node_pool.h"
#include "world/passing.h"
#include "world/tls/tls.h"

#define FAULT_TAG        OBJECT_TAG('f', 'a', 'u', 'l')
#define FAULT_STREAM_TAG OBJECT_TAG('f', 'a', 's', 't')

enum {
    NO_RULE = -1,
    PEERS_FIRST = 16, /* addresses there is room for at first */
    REPEAT_NS =
        NS_PER_US, /* between upcalls that nobody heeds, so that a spinning program lets time pass */
};

struct fault_peer {
    struct address address;
    uint32_t connections; /* that were established */
};

struct fault {
    struct passing passing; /* first: a struct world * is a struct fault * */
    object_tag tag;
    struct node_pool streams;
    struct fault_rule rules[FAULT_RULES_MAX];
    uint32_t fired[FAULT_RULES_MAX];
    int rule_count;
    struct fault_peer *peers;
    size_t peer_count, peer_capacity;
};

struct fault_stream {
    struct node node;
    struct fault *fault;
    struct stream lower;
    struct stream *outer;
    size_t peer;             /* index */
    uint32_t connection;     /* which to this peer, from 1; 0 until it is established */
    uint32_t turn;           /* which began last, from 1 */
    bool read_since;         /* bytes were read since the last write */
    bool tx_unknown;         /* a rule says so */
    int rule;                /* that made its fault, or NO_RULE */
    unsigned wanted, told;   /* events; looked at once the fault is made */
    struct timer turn_timer; /* brings the upcalls of a stream that failed */
};

static const struct world_ops fault_world_ops;
static const struct stream_ops fault_stream_ops;

static struct fault *fault_of(struct world *world)
{
    struct fault *fault = (struct fault *)(void *)world;

    check(fault->tag == FAULT_TAG);
    return fault;
}

/* ---- life -------------------------------------------------------------------------------------- */

struct world *fault_create(struct world *inner)
{
    struct fault *fault = calloc(1, sizeof(*fault));

    if (fault == NULL)
        return NULL;
    fault->passing.world.ops = &fault_world_ops;
    fault->tag = FAULT_TAG;
    passing_stand_on(&fault->passing.world, inner);
    node_pool_init(&fault->streams, sizeof(struct fault_stream));
    return &fault->passing.world;
}

void fault_destroy(struct world **world)
{
    struct fault *fault;

    if (*world == NULL)
        return;
    fault = fault_of(*world);
    node_pool_release(&fault->streams);
    free(fault->peers);
    fault->tag = 0;
    free(fault);
    *world = NULL;
}

void fault_reset(struct world *world)
{
    struct fault *fault = fault_of(world);

    node_pool_forget(&fault->streams);
    fault->rule_count = 0;
    fault->peer_count = 0;
}

int fault_add_rule(struct world *world, const struct fault_rule *rule)
{
    struct fault *fault = fault_of(world);

    if (fault->rule_count == FAULT_RULES_MAX)
        return -1;
    fault->rules[fault->rule_count] = *rule;
    fault->fired[fault->rule_count] = 0;
    return fault->rule_count++;
}

uint32_t fault_fired(const struct world *world, int rule)
{
    const struct fault *fault = (const struct fault *)(const void *)world;

    check(fault->tag == FAULT_TAG);
    check(rule >= 0);
    check(rule < fault->rule_count);
    return fault->fired[rule];
}

/* ---- rules ------------------------------------------------------------------------------------- */

static bool matches(const struct fault_stream *at, const struct fault_rule *rule, uint32_t turn)
{
    const struct address *address = &at->fault->peers[at->peer].address;

    return (rule->address.family == 0 || address_equal(&rule->address, address)) &&
           (rule->connection == 0 || rule->connection == at->connection) &&
           (rule->kind == FAULT_TX_UNKNOWN || rule->turn == 0 || rule->turn == turn);
}

/* Which connection this is, as the peer counts them: only those that were established. */
static void established(struct fault_stream *at)
{
    struct fault *fault = at->fault;

    if (at->connection != 0)
        return;
    at->connection = ++fault->peers[at->peer].connections;
    for (int i = 0; i < fault->rule_count; i++) {
        if (fault->rules[i].kind == FAULT_TX_UNKNOWN && matches(at, &fault->rules[i], 0)) {
            at->tx_unknown = true;
            fault->fired[i]++;
        }
    }
}

/* The first rule that fails the turn which the next byte written begins; NO_RULE also if none begins. */
static int rule_of_next_write(struct fault_stream *at)
{
    struct fault *fault = at->fault;

    if ((at->turn > 0 && !at->read_since) || tls_speaks_for_itself(at->outer) ||
        stream_status(&at->lower) != 0)
        return NO_RULE;
    established(at);
    for (int i = 0; i < fault->rule_count; i++)
        if (fault->rules[i].kind != FAULT_TX_UNKNOWN && matches(at, &fault->rules[i], at->turn + 1))
            return i;
    return NO_RULE;
}

/* ---- a stream that failed ---------------------------------------------------------------------- */

static enum fault_kind kind_of(const struct fault_stream *at)
{
    check(at->rule != NO_RULE);
    return at->fault->rules[at->rule].kind;
}

static int error_of(const struct fault_stream *at)
{
    switch (kind_of(at)) {
    case FAULT_FIN:
        return EPIPE;
    case FAULT_RST:
        return ECONNRESET;
    default:
        return 0;
    }
}

static unsigned level_of(const struct fault_stream *at)
{
    return error_of(at) == 0 ? 0 : (STREAM_READ | STREAM_WRITE | STREAM_CLOSED) & ~at->told;
}

static void ask_for_turn(struct fault_stream *at, uint64_t delay_ns)
{
    if ((level_of(at) & at->wanted) != 0)
        timer_set(at->fault->passing.inner, &at->turn_timer,
                  world_now(at->fault->passing.inner) + delay_ns);
    else
        timer_stop(at->fault->passing.inner, &at->turn_timer);
}

static void on_turn(struct timer *timer)
{
    struct fault_stream *at = object_cast(timer->owner, FAULT_STREAM_TAG);
    unsigned events = level_of(at) & at->wanted;

    at->told |= events & STREAM_CLOSED;
    ask_for_turn(at, REPEAT_NS); /* before the upcall, which may end this stream */
    at->outer->on_event(at->outer, events);
}

static void fail(struct fault_stream *at, int rule)
{
    at->rule = rule;
    at->fault->fired[rule]++;
    stream_want(&at->lower, 0);
    ask_for_turn(at, 0);
}

/* ---- stream_ops -------------------------------------------------------------------------------- */

static struct fault_stream *stream_of(struct stream *stream)
{
    struct fault_stream *at = object_cast(stream->impl, FAULT_STREAM_TAG);

    check(at->outer == stream);
    return at;
}

static int status(struct stream *stream)
{
    struct fault_stream *at = stream_of(stream);

    return at->rule == NO_RULE ? stream_status(&at->lower) : -error_of(at);
}

static ssize_t read_bytes(struct stream *stream, void *data, size_t size)
{
    struct fault_stream *at = stream_of(stream);
    ssize_t result;

    if (at->rule != NO_RULE) {
        if (kind_of(at) == FAULT_FIN)
            return 0;
        return kind_of(at) == FAULT_STALL ? -EAGAIN : -error_of(at);
    }
    result = stream_read(&at->lower, data, size);
    if (result > 0)
        at->read_since = true;
    return result;
}

static ssize_t write_bytes(struct stream *stream, const struct iovec *pieces, int count)
{
    struct fault_stream *at = stream_of(stream);
    ssize_t result;

    if (at->rule == NO_RULE) {
        int rule = rule_of_next_write(at);

        if (rule != NO_RULE)
            fail(at, rule);
    }
    if (at->rule != NO_RULE)
        return kind_of(at) == FAULT_STALL ? -EAGAIN : -error_of(at);
    result = stream_write(&at->lower, pieces, count);
    if (result > 0 && !tls_speaks_for_itself(at->outer)) {
        at->turn += at->turn == 0 || at->read_since;
        at->read_since = false;
    }
    return result;
}

static int shut(struct stream *stream)
{
    struct fault_stream *at = stream_of(stream);

    return at->rule == NO_RULE ? stream_shut(&at->lower) : -error_of(at);
}

static void close_stream(struct stream *stream, enum stream_end end)
{
    struct fault_stream *at = stream_of(stream);

    timer_stop(at->fault->passing.inner, &at->turn_timer);
    stream_close(&at->lower, end);
    stream->impl = NULL;
    node_pool_give(&at->fault->streams, at);
}

static void want(struct stream *stream, unsigned events)
{
    struct fault_stream *at = stream_of(stream);

    at->wanted = events;
    if (at->rule == NO_RULE)
        stream_want(&at->lower, events);
    else
        ask_for_turn(at, 0);
}

static void info(struct stream *stream, struct stream_info *out)
{
    struct fault_stream *at = stream_of(stream);

    stream_info(&at->lower, out);
    if (at->tx_unknown)
        out->tx_known = false;
    if (at->rule != NO_RULE)
        out->error = error_of(at);
}

static const struct stream_ops fault_stream_ops = {
    .status = status,
    .read = read_bytes,
    .write = write_bytes,
    .shut = shut,
    .close = close_stream,
    .want = want,
    .info = info,
};

static void on_event(struct stream *lower, unsigned events)
{
    struct fault_stream *at = object_cast(lower->owner, FAULT_STREAM_TAG);

    if ((events & STREAM_OPEN) != 0 && stream_status(lower) == 0)
        established(at);
    at->told |= events & STREAM_CLOSED;
    at->outer->on_event(at->outer, events);
}

/* ---- dialling ---------------------------------------------------------------------------------- */

static bool find_peer(struct fault *fault, const struct address *address, size_t *out)
{
    for (size_t i = 0; i < fault->peer_count; i++) {
        if (address_equal(&fault->peers[i].address, address)) {
            *out = i;
            return true;
        }
    }
    if (fault->peer_count == fault->peer_capacity) {
        size_t capacity = fault->peer_capacity == 0 ? PEERS_FIRST : fault->peer_capacity * 2;
        struct fault_peer *peers = realloc(fault->peers, capacity * sizeof(*peers));

        if (peers == NULL)
            return false;
        fault->peers = peers;
        fault->peer_capacity = capacity;
    }
    fault->peers[fault->peer_count] = (struct fault_peer){.address = *address};
    *out = fault->peer_count++;
    return true;
}

static int connect_stream(struct world *world, struct stream *stream, const struct address *address)
{
    struct fault *fault = fault_of(world);
    struct fault_stream *at;
    size_t peer;
    int result;

    if (!find_peer(fault, address, &peer))
        return -ENOMEM;
    at = node_pool_take(&fault->streams);
    if (at == NULL)
        return -ENOMEM;
    at->node.tag = FAULT_STREAM_TAG;
    at->fault = fault;
    at->outer = stream;
    at->peer = peer;
    at->rule = NO_RULE;
    at->wanted = STREAM_OPEN;
    at->lower.on_event = on_event;
    at->lower.owner = at;
    at->turn_timer.on_time = on_turn;
    at->turn_timer.owner = at;
    result = world_connect(fault->passing.inner, &at->lower, address);
    if (result != 0) {
        node_pool_give(&fault->streams, at);
        return result;
    }
    stream->ops = &fault_stream_ops;
    stream->impl = at;
    return 0;
}

static const struct world_ops fault_world_ops = {
    .now = passing_now,
    .random = passing_random,
    .timer_set = passing_timer_set,
    .timer_stop = passing_timer_stop,
    .resolve = passing_resolve,
    .resolve_cancel = passing_resolve_cancel,
    .listen = passing_listen,
    .accept = passing_accept,
    .unlisten = passing_unlisten,
    .connect = connect_stream,
    .run = passing_run,
};
