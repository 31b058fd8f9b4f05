#include "fakeupstream/secure/sieve.h"

#include <errno.h>
#include <stdlib.h>

#include "world/base/check.h"

#define SIEVE_TAG        OBJECT_TAG('S', 'I', 'E', 'V')
#define SIEVE_STREAM_TAG OBJECT_TAG('S', 'V', 'S', 'T')

enum sieve_state {
    SIEVE_PASSING,
    SIEVE_PARTING, /* the place was reached: the rule's last bytes are on their way */
    SIEVE_SPENT,
    SIEVE_CLOSED, /* within an upcall of its own, which gives the node back */
};

struct sieve_stream {
    object_tag tag;
    struct sieve *sieve;
    struct sieve_stream *next;
    struct sieve_stream **handle; /* NULL: nobody holds it */
    struct stream lower;
    struct stream *outer;
    enum sieve_state state;
    struct sieve_rule rule; /* flight 0: none */
    unsigned flight;        /* that is written, or was written last */
    uint64_t flight_bytes;
    size_t last_sent;
    unsigned wanted;
    bool read_since;  /* bytes were read since the last write */
    bool withheld;    /* bytes past the rule's place were written */
    bool cut;         /* everything is withheld, and nobody is told */
    bool closed_told; /* STREAM_CLOSED comes once */
    bool telling;     /* an upcall is under way */
};

static const struct world_ops sieve_world_ops;
static const struct stream_ops sieve_stream_ops;

static struct sieve *sieve_of(struct world *world)
{
    struct sieve *sieve = (struct sieve *)(void *)world;

    check(sieve->tag == SIEVE_TAG);
    return sieve;
}

static struct sieve_stream *stream_of(struct stream *stream)
{
    struct sieve_stream *at = object_cast(stream->impl, SIEVE_STREAM_TAG);

    check(at->outer == stream);
    return at;
}

void sieve_init(struct sieve *sieve, struct world *inner)
{
    *sieve = (struct sieve){.passing = {.world = {.ops = &sieve_world_ops}}, .tag = SIEVE_TAG};
    passing_stand_on(&sieve->passing.world, inner);
}

/* Takes a node off the list and frees it. */
static void free_node(struct sieve_stream *at)
{
    struct sieve_stream **place = &at->sieve->streams;

    while (*place != at)
        place = &(*place)->next;
    *place = at->next;
    if (at->handle != NULL)
        *at->handle = NULL;
    at->tag = 0;
    free(at);
}

void sieve_forget(struct sieve *sieve)
{
    while (sieve->streams != NULL)
        free_node(sieve->streams);
}

void sieve_hold(struct sieve *sieve, struct sieve_stream **handle)
{
    check(sieve->streams != NULL);
    check(sieve->streams->handle == NULL);
    sieve->streams->handle = handle;
    *handle = sieve->streams;
}

void sieve_let_go(struct sieve_stream **handle)
{
    if (*handle == NULL)
        return;
    (*handle)->handle = NULL;
    (*handle)->rule.on_spent = NULL;
    (*handle)->rule.on_closed = NULL;
    *handle = NULL;
}

void sieve_abandon(struct sieve_stream **handle)
{
    if (*handle != NULL)
        free_node(*handle);
}

void sieve_set_rule(struct sieve_stream *at, const struct sieve_rule *rule)
{
    check(rule->flight > 0);
    check(at->flight == 0);
    at->rule = *rule;
}

bool sieve_shut(struct sieve_stream *at)
{
    check(at->state == SIEVE_SPENT);
    (void)stream_shut(&at->lower); /* fails only where the connection is gone, and that is told */
    return !at->closed_told;
}

void sieve_cut(struct sieve_stream *at)
{
    at->cut = true;
}

/* ---- what passes ------------------------------------------------------------------------------- */

static size_t size_of(const struct iovec *pieces, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

/* Passes what the rule lets out: one piece, so that it can be cut where the rule says. */
static ssize_t write_limited(struct sieve_stream *at, const struct iovec *pieces, uint64_t left)
{
    struct iovec piece = *pieces;

    while (piece.iov_len == 0)
        piece = *++pieces;
    if (piece.iov_len > left)
        piece.iov_len = (size_t)left;
    return stream_write(&at->lower, &piece, 1);
}

static ssize_t write_bytes(struct stream *stream, const struct iovec *pieces, int count)
{
    struct sieve_stream *at = stream_of(stream);
    size_t size = size_of(pieces, count);
    bool begins = at->flight == 0 || at->read_since;
    uint64_t before = begins ? 0 : at->flight_bytes;
    ssize_t put;

    if (at->cut || at->withheld || at->state != SIEVE_PASSING || size == 0)
        return (ssize_t)size;
    if (at->rule.flight != at->flight + begins || at->rule.bytes == SIEVE_WHOLE_FLIGHT) {
        put = stream_write(&at->lower, pieces, count);
    } else if (before == at->rule.bytes) {
        at->withheld = true;
        return (ssize_t)size;
    } else {
        put = write_limited(at, pieces, at->rule.bytes - before);
    }
    if (put > 0) {
        at->flight += begins;
        at->flight_bytes = before + (uint64_t)put;
        at->read_since = false;
    }
    return put;
}

/* The rule's flight was begun and is to be the last one: the peer's answer is not looked at. */
static bool is_out_whole(const struct sieve_stream *at)
{
    return at->rule.bytes == SIEVE_WHOLE_FLIGHT && at->rule.flight > 0 &&
           at->flight == at->rule.flight;
}

static ssize_t read_bytes(struct stream *stream, void *data, size_t size)
{
    struct sieve_stream *at = stream_of(stream);
    ssize_t got;

    if (at->state != SIEVE_PASSING || is_out_whole(at))
        return -EAGAIN;
    got = stream_read(&at->lower, data, size);
    if (got > 0)
        at->read_since = true;
    return got;
}

static int status(struct stream *stream)
{
    return stream_status(&stream_of(stream)->lower);
}

static int shut(struct stream *stream)
{
    return stream_shut(&stream_of(stream)->lower);
}

static void close_stream(struct stream *stream, enum stream_end end)
{
    struct sieve_stream *at = stream_of(stream);

    stream_close(&at->lower, end);
    stream->impl = NULL;
    if (at->telling)
        at->state = SIEVE_CLOSED;
    else
        free_node(at);
}

static void want(struct stream *stream, unsigned events)
{
    struct sieve_stream *at = stream_of(stream);

    at->wanted = events;
    if (at->state == SIEVE_PASSING)
        stream_want(&at->lower, events);
}

static void info(struct stream *stream, struct stream_info *out)
{
    stream_info(&stream_of(stream)->lower, out);
}

static const struct stream_ops sieve_stream_ops = {
    .status = status,
    .read = read_bytes,
    .write = write_bytes,
    .shut = shut,
    .close = close_stream,
    .want = want,
    .info = info,
};

/* ---- the place of the rule --------------------------------------------------------------------- */

/* A flight is out whole when TLS has nothing more to write and waits for the peer. */
static bool is_reached(const struct sieve_stream *at)
{
    if (at->rule.flight == 0 || at->cut)
        return false;
    return at->withheld || (is_out_whole(at) && (at->wanted & STREAM_WRITE) == 0);
}

static void want_itself(struct sieve_stream *at, unsigned events)
{
    stream_want(&at->lower, events | (at->closed_told ? 0 : STREAM_CLOSED));
}

static void spend(struct sieve_stream *at)
{
    at->state = SIEVE_SPENT;
    want_itself(at, 0);
    if (at->rule.on_spent != NULL)
        at->rule.on_spent(at->rule.owner);
}

static void send_last(struct sieve_stream *at)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)(at->rule.last.data + at->last_sent),
                          .iov_len = at->rule.last.size - at->last_sent};
    ssize_t put = stream_write(&at->lower, &piece, 1);

    if (put > 0)
        at->last_sent += (size_t)put;
    if (at->last_sent == at->rule.last.size || (put < 0 && put != -EAGAIN))
        spend(at);
}

/* The last bytes wait for the next upcall: a stream takes one write in each. */
static void begin_parting(struct sieve_stream *at)
{
    at->state = SIEVE_PARTING;
    if (at->rule.last.size == 0)
        spend(at);
    else
        want_itself(at, STREAM_WRITE);
}

static void pass_event(struct sieve_stream *at, unsigned events)
{
    at->telling = true;
    at->outer->on_event(at->outer, events);
    at->telling = false;
    if (at->state == SIEVE_CLOSED)
        free_node(at);
    else if (is_reached(at))
        begin_parting(at);
}

static void tell_closed(struct sieve_stream *at)
{
    struct stream_info info_now;

    stream_info(&at->lower, &info_now);
    want_itself(at, at->state == SIEVE_PARTING ? STREAM_WRITE : 0);
    if (at->state == SIEVE_SPENT && at->rule.on_closed != NULL)
        at->rule.on_closed(at->rule.owner, info_now.error);
}

static void on_event(struct stream *lower, unsigned events)
{
    struct sieve_stream *at = object_cast(lower->owner, SIEVE_STREAM_TAG);

    at->closed_told = at->closed_told || (events & STREAM_CLOSED) != 0;
    if (at->state == SIEVE_PASSING)
        pass_event(at, events);
    else if ((events & STREAM_CLOSED) != 0)
        tell_closed(at);
    else if (at->state == SIEVE_PARTING)
        send_last(at);
}

/* ---- the world --------------------------------------------------------------------------------- */

static struct sieve_stream *make_node(struct sieve *sieve, struct stream *outer)
{
    struct sieve_stream *at = calloc(1, sizeof(*at));

    if (at == NULL)
        return NULL;
    at->tag = SIEVE_STREAM_TAG;
    at->sieve = sieve;
    at->outer = outer;
    at->lower = (struct stream){.on_event = on_event, .owner = at};
    at->next = sieve->streams;
    sieve->streams = at;
    return at;
}

static int finish_node(struct sieve_stream *at, int outcome)
{
    struct stream *outer = at->outer;

    if (outcome != 0) {
        free_node(at);
        return outcome;
    }
    outer->ops = &sieve_stream_ops;
    outer->impl = at;
    return 0;
}

static int accept_stream(struct world *world, struct listener *listener, struct stream *stream)
{
    struct sieve *sieve = sieve_of(world);
    struct sieve_stream *at = make_node(sieve, stream);

    return at == NULL ? -ENOMEM
                      : finish_node(at, world_accept(sieve->passing.inner, listener, &at->lower));
}

static int connect_stream(struct world *world, struct stream *stream, const struct address *address)
{
    struct sieve *sieve = sieve_of(world);
    struct sieve_stream *at = make_node(sieve, stream);

    return at == NULL ? -ENOMEM
                      : finish_node(at, world_connect(sieve->passing.inner, &at->lower, address));
}

static const struct world_ops sieve_world_ops = {
    .now = passing_now,
    .random = passing_random,
    .timer_set = passing_timer_set,
    .timer_stop = passing_timer_stop,
    .accept = accept_stream,
    .connect = connect_stream,
};
