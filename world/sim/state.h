/*
 * What the parts of the simulated world share: its state, and the calls between its files. Nobody
 * outside this folder includes it.
 *
 *     sim.c       the clock, the turns, timers, and the world_ops table
 *     network.c   flights: what is on its way and what its arrival does
 *     link.c      connections and the stream_ops table
 *     listener.c  who answers at which address
 *     name.c      what names answer
 *     choice.c    what comes next, where an order says so
 *     moment.c    the hash of a state, where there is an order
 *     history.c   what each party has met with, where there is an order
 */
#ifndef WORLD_SIM_STATE_H
#define WORLD_SIM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/object.h"
#include "world/base/timer_queue.h"
#include "world/sim/agenda.h"
#include "world/sim/fingerprint.h"
#include "world/sim/history.h"
#include "world/sim/pipe.h"
#include "world/sim/sim.h"
#include "world/world.h"

#define SIM_TAG          OBJECT_TAG('s', 'i', 'm', 'w')
#define SIM_SIDE_TAG     OBJECT_TAG('s', 'i', 'm', 's')
#define SIM_LISTENER_TAG OBJECT_TAG('s', 'i', 'm', 'l')
#define SIM_QUERY_TAG    OBJECT_TAG('s', 'i', 'm', 'q')

/* ---- connections ------------------------------------------------------------------------------ */

enum side_state {
    SIDE_CONNECTING, /* the dial has no outcome yet */
    SIDE_OPEN,       /* connected; the accepting side is so before anybody accepts it */
    SIDE_FAILED,     /* the dial failed; error says how */
    SIDE_CLOSED,     /* by its owner, or never accepted and given up */
};

/* One end of a connection. */
struct sim_side {
    object_tag tag; /* set while a stream of the program belongs to it */
    enum side_state state;
    struct agenda_item item;
    struct sim_link *link;
    struct sim_side *peer;
    struct stream *stream; /* NULL before accept and after close */
    struct pipe in;        /* bytes for this side */
    uint64_t tx, rx;
    uint64_t read_step, write_step; /* the upcall that used up its one read and one write */
    uint64_t ordinal;
    unsigned wanted;
    unsigned told; /* OPEN and CLOSED are told once */
    int error;     /* the sticky one, or 0 */
    bool shut;     /* this side sent its FIN */
    bool reset_sent;
    uint64_t mark; /* choice.c's, or moment.c's, within one call */
};

/* A connection, from the dial until both sides are closed and nothing is on its way. */
struct sim_link {
    struct sim *sim;
    struct sim_link *previous, *next; /* among the live ones, or (next) the free ones */
    struct sim_link *waiting_next;    /* in its listener's queue */
    struct address address;
    struct sim_side sides[2]; /* the dialling one, the accepting one */
    unsigned flights;         /* that will arrive here */
};

/* ---- what is on its way ------------------------------------------------------------------------ */

enum flight_kind {
    FLIGHT_DIAL,   /* to the listener */
    FLIGHT_OPENED, /* the listener's answer */
    FLIGHT_FAILED, /* nobody there; count is the errno */
    FLIGHT_BYTES,  /* count of them */
    FLIGHT_FIN,
    FLIGHT_RST,
};

/* The latency is one for all, so that flights arrive in the order in which they began. */
struct flight {
    uint64_t due_ns;
    struct sim_side *to;
    uint64_t count;
    enum flight_kind kind;
};

/* A ring: first, and count from there on; the capacity is a power of two. */
struct flight_queue {
    struct flight *ring;
    size_t capacity;
    size_t first;
    size_t count;
};

/* From 0, the one that arrives next by default. */
static inline struct flight *flight_at(const struct flight_queue *queue, size_t place)
{
    return &queue->ring[(queue->first + place) & (queue->capacity - 1)];
}

/* ---- listeners and names ----------------------------------------------------------------------- */

struct sim_listener {
    object_tag tag;
    struct agenda_item item;
    struct sim *sim;
    struct sim_listener *next; /* in the order of listening, or among the free ones */
    struct listener *listener;
    struct address address;
    enum listen_mode mode;
    enum sim_dial_failure failure;
    uint32_t failures_left;
    uint32_t backlog;
    struct sim_link *waiting_first, *waiting_last;
    struct sim_link *unanswered; /* the first that is past the backlog, or NULL */
    uint32_t answered;           /* those before it: they may be accepted */
    bool starved;                /* accept had no stream to give; wait until one is closed */
    bool parts;                  /* what it accepts is each a party of its own */
    uint64_t ordinal;
};

struct sim_query {
    object_tag tag;
    struct sim *sim;
    struct sim_query *next;
    struct query *query;
    struct timer timer;
    enum query_status status;
    uint16_t port;
    size_t address_count;
    struct address addresses[QUERY_ADDRESSES_MAX];
    uint64_t ordinal;
};

struct name_entry {
    char *host;
    enum query_status status;
    uint64_t delay_ns;
    size_t address_count;
    struct address addresses[QUERY_ADDRESSES_MAX];
};

/* ---- the world --------------------------------------------------------------------------------- */

struct sim {
    struct world world; /* first: a struct world * is a struct sim * */
    object_tag tag;
    struct sim_options options; /* defaults filled in */
    uint64_t now_ns;
    uint64_t steps;
    uint64_t hash;
    uint64_t shape;        /* as hash, without times, counts and bytes */
    uint64_t random_state; /* for the program */
    uint64_t shape_state; /* for the network, so that the program's draws do not change its shape */
    bool in_upcall;
    bool starving;       /* some listener is starved */
    size_t idle;         /* upcalls in a row that changed nothing */
    uint64_t idle_steps; /* such upcalls since the reset */

    struct agenda agenda;
    struct agenda_item arrival_turn;
    struct agenda_item timer_turn;
    struct flight_queue flights;
    struct timer_queue timers;

    struct sim_link *links_live, *links_free;
    struct sim_listener *listeners_live, *listeners_free;
    struct sim_query *queries_live, *queries_free;
    size_t stream_count, listener_count, query_count;
    uint64_t ordinal_next;
    uint16_t port_next;

    struct history *history; /* NULL: no order is given, and nobody asks */
    struct history history_kept;
    uint64_t choices; /* made so far by an order */

    struct name_entry *names; /* SIM_NAMES_MAX of them, made when first needed */
    size_t name_count;
    sim_resolver *resolver; /* asked about other names; NULL: nobody */
    void *resolver_owner;
};

static inline struct sim *sim_of(struct world *world)
{
    struct sim *sim = (struct sim *)(void *)world;

    check(sim->tag == SIM_TAG);
    return sim;
}

/* What sim_note() is told. The values are part of no format and may change. */
enum sim_noted {
    NOTED_UPCALL_STREAM = 1,
    NOTED_UPCALL_LISTENER,
    NOTED_UPCALL_TIMER,
    NOTED_UPCALL_QUERY,
    NOTED_TIME,
    NOTED_RANDOM,
    NOTED_TIMER_SET,
    NOTED_TIMER_STOP,
    NOTED_RESOLVE,
    NOTED_RESOLVE_CANCEL,
    NOTED_LISTEN,
    NOTED_ACCEPT,
    NOTED_UNLISTEN,
    NOTED_CONNECT,
    NOTED_STATUS,
    NOTED_READ,
    NOTED_WRITE,
    NOTED_SHUT,
    NOTED_CLOSE,
    NOTED_WANT,
};

/* Its result is a number of bytes where it is more than 0. */
static inline bool sim_note_counts(uint64_t what)
{
    return what == NOTED_READ || what == NOTED_WRITE;
}

/* moment.c: the same for the parties, where there is an order. */
void sim_note_to_party(struct sim *sim, uint64_t what, uint64_t ordinal, int64_t result);

/* Everything that happens goes through here into the trace hash. */
static inline void sim_note(struct sim *sim, uint64_t what, uint64_t ordinal, int64_t result)
{
    if (sim->history != NULL)
        sim_note_to_party(sim, what, ordinal, result);
    sim->hash = fingerprint_word(sim->hash, what << 56 ^ ordinal << 40 ^ (uint64_t)result);
    if (what != NOTED_TIME && what != NOTED_RANDOM && what != NOTED_TIMER_SET)
        sim->shape = fingerprint_word(
            sim->shape, what << 56 ^ ordinal << 40 ^
                            (uint64_t)(result > 0 && sim_note_counts(what) ? 1 : result));
}

/* Something was done: by a downcall that took effect, by a timer, or by what arrived. */
static inline void sim_stir(struct sim *sim)
{
    sim->idle = 0;
}

static inline uint64_t sim_ordinal(struct sim *sim)
{
    sim->ordinal_next++;
    if (sim->history != NULL)
        history_add_object(sim->history, sim->ordinal_next);
    return sim->ordinal_next;
}

/* Every upcall stands between these two. */
static inline void sim_upcall_begin(struct sim *sim, enum sim_noted what, uint64_t ordinal,
                                    unsigned events)
{
    sim->steps++;
    sim->idle++;
    sim->in_upcall = true;
    sim_note(sim, NOTED_TIME, 0, (int64_t)sim->now_ns);
    sim_note(sim, what, ordinal, events);
}

static inline void sim_upcall_end(struct sim *sim)
{
    sim->in_upcall = false;
    sim->idle_steps += sim->idle > 0;
    if (sim->history != NULL)
        history_upcall_end(sim->history);
}

/* sim.c: the next of a seeded sequence (splitmix64). */
uint64_t sim_draw(uint64_t *state);

/* choice.c: takes what comes next off the agenda, as the order says; there is something on it. */
struct agenda_item *sim_choice_take(struct sim *sim);

/* network.c */
void sim_network_release(struct sim *sim);
void sim_network_send(struct sim_side *to, enum flight_kind kind, uint64_t count);
/* Bytes that waited for the reader to make room. */
void sim_network_send_held_back(struct sim_side *to, uint64_t count);
void sim_network_arrive(struct sim *sim);
uint64_t sim_network_due(const struct sim *sim);

/* link.c */
struct sim_link *sim_link_take(struct sim *sim);
void sim_link_give_if_done(struct sim_link *link);
void sim_link_open(struct sim_side *side, struct stream *stream);
void sim_link_forget_all(struct sim *sim);
void sim_link_release_free(struct sim *sim);
void sim_side_touch(struct sim_side *side);
void sim_side_call(struct sim_side *side);
void sim_side_send_bytes(struct sim_side *to);
void sim_side_reset(struct sim_side *side);
void sim_side_close(struct sim_side *side, enum stream_end end);

/* listener.c */
int sim_listener_start(struct world *world, struct listener *listener, struct address *address,
                       enum listen_mode mode, int backlog);
int sim_listener_accept(struct world *world, struct listener *listener, struct stream *stream);
void sim_listener_stop(struct world *world, struct listener *listener);
void sim_listener_take_dial(struct sim *sim, struct sim_link *link);
void sim_listener_call(struct sim_listener *listener);
void sim_listener_feed_all(struct sim *sim);
void sim_listener_forget_all(struct sim *sim);
void sim_listener_release_free(struct sim *sim);

/* name.c */
int sim_name_resolve(struct world *world, struct query *query, const char *host, uint16_t port);
void sim_name_cancel(struct world *world, struct query *query);
void sim_name_forget_all(struct sim *sim);
void sim_name_release(struct sim *sim);

#endif
