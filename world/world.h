/*
 * The seam: everything the program knows of the outside. One network, one clock.
 *
 * A world is either real (world/sockets, on libevent) or simulated (world/sim, virtual clock). Code
 * above this header cannot tell which; filters (world/filters) wrap a world and look like one.
 *
 * Shape: try-operations that return counts or -EAGAIN, and one upcall per object. Nothing here
 * allocates for the caller: streams, listeners, timers and queries are embedded in their owner and
 * stay at one address from connect/accept/set until close/stop.
 *
 * Rules, each covered by one contract test that runs on every world (world/conformance):
 *  1. No upcall comes from within a downcall. All upcalls come from the top of world_run().
 *  2. stream_close, world_unlisten, timer_stop and world_resolve_cancel are final: no upcall after
 *     they return, and the object may be used again at once.
 *  3. Events are level-triggered: while a wanted level holds, upcalls go on coming, in turn with those
 *     of other objects. Upcalls may be spurious and -EAGAIN is always possible.
 *  4. Errors are sticky and the first one wins. Bytes that came before an error are delivered first; a
 *     later end of file never masks it. EPIPE from write is the writing side's alone: after a peer's
 *     FIN, read still ends in a clean 0.
 *  5. At most one read and one write per stream take effect in one upcall; a further one returns
 *     -EAGAIN. So every state between is reachable, and one peer cannot starve another.
 *  6. All time, randomness, names and order come from the world. now is constant within an upcall.
 *  7. Running out (streams, memory) is an ordinary return: -EMFILE, -ENOMEM.
 *  8. Who may retry what is decided by counters (stream_info), never by errno.
 */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "world/base/check.h"

#define NS_PER_US  1000ull
#define NS_PER_MS  1000000ull
#define NS_PER_S   1000000000ull
#define TIME_NEVER UINT64_MAX

struct world;
struct stream;
struct listener;
struct timer;
struct query;

/* ---- values --------------------------------------------------------------------------------- */

/* An IPv4 or IPv6 address and port. bytes are in network order; IPv4 uses the first four. */
struct address {
    uint8_t family; /* 4 or 6 */
    uint16_t port;  /* host order */
    uint8_t bytes[16];
};

enum { ADDRESS_TEXT_BYTES = 56 }; /* "[ipv6]:65535" and a NUL, with room */

/* Reads "127.0.0.1:80", "[::1]:80" or, with port_default, an address without one. False if it is none. */
bool address_parse(const char *text, uint16_t port_default, struct address *out);
/* Writes "127.0.0.1:80" or "[::1]:80" and returns text. */
const char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES]);
/* The same without port and brackets: "127.0.0.1", "::1". */
const char *address_format_host(const struct address *address, char text[ADDRESS_TEXT_BYTES]);
bool address_equal(const struct address *a, const struct address *b);
struct address address_loopback(uint16_t port);

/* ---- streams: the only part that filters implement again -------------------------------------- */

enum stream_event {
    STREAM_OPEN = 1,   /* the connect has an outcome: ask stream_status() */
    STREAM_READ = 2,   /* read would return something other than -EAGAIN */
    STREAM_WRITE = 4,  /* write would accept at least a byte, or fail */
    STREAM_CLOSED = 8, /* the peer sent FIN or RST; told once, even while nobody reads */
};

enum stream_end { STREAM_FIN, STREAM_RST };

/* Monotone counters since the stream began; they survive errors and may be read until close. */
struct stream_info {
    uint64_t tx; /* bytes accepted by the lowest layer: handed over, not necessarily delivered */
    uint64_t rx; /* bytes read from the lowest layer */
    uint64_t
        tx_pending; /* bytes of a record that a filter has taken and the layer below it has not */
    bool tx_known;  /* false where the lowest layer cannot tell: then "written" must be assumed */
    int error;      /* the sticky error as a positive errno, or 0 */
    struct address peer; /* who is at the other end */
};

struct stream_ops {
    int (*status)(struct stream *stream);
    ssize_t (*read)(struct stream *stream, void *data, size_t size);
    ssize_t (*write)(struct stream *stream, const struct iovec *pieces, int count);
    int (*shut)(struct stream *stream);
    void (*close)(struct stream *stream, enum stream_end end);
    void (*want)(struct stream *stream, unsigned events);
    void (*info)(struct stream *stream, struct stream_info *out);
};

typedef void stream_callback(struct stream *stream, unsigned events);

/*
 * Ownership: embedded in its owner, which sets on_event and owner before connect/accept and may set
 * them again at any time between upcalls. The layer fills the rest. impl is NULL when not in use.
 */
struct stream {
    const struct stream_ops *ops;
    void *impl;
    stream_callback *on_event;
    void *owner;
};

/* True from a successful connect/accept until close. */
static inline bool stream_in_use(const struct stream *stream)
{
    return stream->impl != NULL;
}

/*
 * 0 when open, -EINPROGRESS while connecting, else the sticky error as -errno. Once CLOSED was told this says
 * whether it was a FIN (0) or a reset, though bytes that came before may still wait to be read.
 */
static inline int stream_status(struct stream *stream)
{
    return stream->ops->status(stream);
}

/* > 0 bytes read; 0 the peer's FIN, after all its bytes; -EAGAIN; else the sticky error. size > 0. */
static inline ssize_t stream_read(struct stream *stream, void *data, size_t size)
{
    check(size > 0);
    return stream->ops->read(stream, data, size);
}

/* > 0 bytes accepted by the layer below, possibly fewer than given; -EAGAIN; else -errno. */
static inline ssize_t stream_write(struct stream *stream, const struct iovec *pieces, int count)
{
    check(count > 0);
    return stream->ops->write(stream, pieces, count);
}

/* Half-close: FIN follows what was accepted; reading goes on. 0, or the sticky error. Idempotent. */
static inline int stream_shut(struct stream *stream)
{
    return stream->ops->shut(stream);
}

/*
 * Final. FIN: accepted bytes are still delivered, then FIN, unless input was left unread: then the peer
 * sees RST, as on Linux. RST: undelivered bytes are lost and the peer sees ECONNRESET.
 */
static inline void stream_close(struct stream *stream, enum stream_end end)
{
    stream->ops->close(stream, end);
    check(stream->impl == NULL);
}

/*
 * The events to be called for, as a mask of enum stream_event; replaces the former mask. A fresh stream
 * wants nothing, except that a connecting one wants OPEN. A sticky error counts as READ and WRITE.
 */
static inline void stream_want(struct stream *stream, unsigned events)
{
    stream->ops->want(stream, events);
}

static inline void stream_info(struct stream *stream, struct stream_info *out)
{
    stream->ops->info(stream, out);
}

/* ---- listeners, timers, names ----------------------------------------------------------------- */

enum listen_mode {
    LISTEN_OPEN,      /* an ordinary listener */
    LISTEN_REFUSED,   /* the address is taken, every connect to it is refused */
    LISTEN_BLACKHOLE, /* the address is taken, every SYN to it is dropped */
};

/* on_acceptable is level-triggered: it comes as long as connections wait. */
struct listener {
    void *impl;
    void (*on_acceptable)(struct listener *listener);
    void *owner;
};

/* Fires once at an absolute time, in the order (time, order of setting). */
struct timer {
    uint64_t at_ns;
    uint64_t sequence;
    size_t index; /* place in the world's queue plus one; 0 when not set */
    void (*on_time)(struct timer *timer);
    void *owner;
};

enum { QUERY_ADDRESSES_MAX = 16 }; /* more addresses than anybody tries within one attempt */

enum query_status { QUERY_FOUND, QUERY_NOT_FOUND, QUERY_FAILED, QUERY_TIMED_OUT };

/* A nameserver that stays silent for so long is QUERY_TIMED_OUT, in every world. */
#define QUERY_TIMEOUT_NS (5 * NS_PER_S)

/*
 * on_answer comes once, later, never from within world_resolve(). Nothing is kept from one query to the next: each of
 * them asks. NOT_FOUND: there is no such name, or no address of it; FAILED: the server could not or would not say
 * (SERVFAIL, REFUSED, an answer cut or garbled). Addresses stand in the order of the answer, IPv4 before IPv6: RFC 6724
 * 10.3 lets a site choose, and on a machine without a route for one family only a dead IPv6 costs a whole time-out.
 */
struct query {
    void *impl;
    enum query_status status;
    struct address addresses[QUERY_ADDRESSES_MAX];
    size_t address_count;
    struct address nameserver; /* whom to ask; family 0: whom the world asks by itself */
    void (*on_answer)(struct query *query);
    void *owner;
};

/* ---- the world -------------------------------------------------------------------------------- */

enum run_end {
    RUN_QUIESCENT, /* nothing can happen any more unless a downcall makes it */
    RUN_UNTIL,     /* the time was reached */
    RUN_STEPS,     /* that many upcalls were made */
};

struct world_ops {
    uint64_t (*now)(struct world *world);
    uint64_t (*random)(struct world *world);
    void (*timer_set)(struct world *world, struct timer *timer, uint64_t at_ns);
    void (*timer_stop)(struct world *world, struct timer *timer);
    int (*resolve)(struct world *world, struct query *query, const char *host, uint16_t port);
    void (*resolve_cancel)(struct world *world, struct query *query);
    int (*listen)(struct world *world, struct listener *listener, struct address *address,
                  enum listen_mode mode, int backlog);
    int (*accept)(struct world *world, struct listener *listener, struct stream *stream);
    void (*unlisten)(struct world *world, struct listener *listener);
    int (*connect)(struct world *world, struct stream *stream, const struct address *address);
    enum run_end (*run)(struct world *world, uint64_t steps_max, uint64_t until_ns);
};

/*
 * The head of every implementation's own structure. Time is the most frequent question of all, so a world that keeps it says
 * where it stands, and filters upon it say the same; where that is NULL, ops->now is asked.
 */
struct world {
    const struct world_ops *ops;
    const uint64_t *now_ns;
};

/* Monotonic nanoseconds; the origin is the world's own. The same value throughout one upcall. */
static inline uint64_t world_now(struct world *world)
{
    return world->now_ns != NULL ? *world->now_ns : world->ops->now(world);
}

/* For jitter and ids only. Seeded; the same seed gives the same sequence on the simulated world. */
static inline uint64_t world_random(struct world *world)
{
    return world->ops->random(world);
}

/* Sets or moves the timer. A time that has passed fires at the next turn, never from within. */
static inline void timer_set(struct world *world, struct timer *timer, uint64_t at_ns)
{
    check(timer->on_time != NULL);
    world->ops->timer_set(world, timer, at_ns);
}

/* Harmless on a timer that is not set. */
static inline void timer_stop(struct world *world, struct timer *timer)
{
    world->ops->timer_stop(world, timer);
}

static inline bool timer_is_set(const struct timer *timer)
{
    return timer->index != 0;
}

/* 0 and later on_answer, or -ENOMEM / -EINVAL and nothing. host is copied. */
static inline int world_resolve(struct world *world, struct query *query, const char *host,
                                uint16_t port)
{
    check(query->on_answer != NULL);
    return world->ops->resolve(world, query, host, port);
}

static inline void world_resolve_cancel(struct world *world, struct query *query)
{
    world->ops->resolve_cancel(world, query);
}

/* 0 or -errno. Port 0 asks for any; the address taken is written back. */
static inline int world_listen(struct world *world, struct listener *listener,
                               struct address *address, enum listen_mode mode, int backlog)
{
    return world->ops->listen(world, listener, address, mode, backlog);
}

/* 0 and an open stream; -EAGAIN; -EMFILE and -ENOMEM leave the connection waiting. */
static inline int world_accept(struct world *world, struct listener *listener,
                               struct stream *stream)
{
    check(!stream_in_use(stream));
    return world->ops->accept(world, listener, stream);
}

/* Connections that wait and were not accepted are reset. */
static inline void world_unlisten(struct world *world, struct listener *listener)
{
    world->ops->unlisten(world, listener);
}

/*
 * 0: begun, the outcome comes as STREAM_OPEN (never from within this call). -errno: nothing was begun
 * and the stream is not in use. A dropped SYN is no event at all: the caller's timer decides.
 */
static inline int world_connect(struct world *world, struct stream *stream,
                                const struct address *address)
{
    check(!stream_in_use(stream));
    check(stream->on_event != NULL);
    return world->ops->connect(world, stream, address);
}

/* Makes upcalls until nothing is left to do, or a limit is reached. Never from within an upcall. */
static inline enum run_end world_run(struct world *world, uint64_t steps_max, uint64_t until_ns)
{
    return world->ops->run(world, steps_max, until_ns);
}

#endif
