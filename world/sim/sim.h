/*
 * The simulated world: a network of byte pipes and a clock that jumps. Everything that happens in it
 * follows from the program, the options and the seed, and nothing else.
 *
 * It models what a program can see at world.h and no more: streams with a send and a receive buffer,
 * partial writes, half close, FIN, RST, refused and dropped and unreachable dials, latency, and the size
 * of the pieces in which bytes arrive. There are no packets.
 *
 * Order: at one moment bytes arrive in the order they were sent; upcalls come in the order in which
 * their objects became ready, in turn; timers of that moment come when nothing else is on its way at
 * that moment. Only then does the clock jump to the next moment at which anything is due. It also does so
 * when everything that is ready was called several times and nobody did anything about it: a program that
 * spins spins through time, as it would on a real clock, and sim_idle_steps() tells.
 *
 * Ownership: the world owns its memory and keeps it over sim_reset(), so that a warm world allocates
 * nothing. Errors: -EMFILE past streams_max, -ENOMEM where memory runs out, -EADDRINUSE from listen.
 * Threads: one world belongs to one thread; several worlds may live side by side.
 */
#ifndef WORLD_SIM_SIM_H
#define WORLD_SIM_SIM_H

#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

/*
 * Defaults near to what Linux does on loopback: about 128 KiB wait in the reader's socket before the
 * writer's own buffer begins to fill, and a writer can hand over a small message whole. Large bodies
 * still meet back-pressure, which is what the simulation is for.
 */
enum {
    SIM_SNDBUF_BYTES = 256 * 1024,
    SIM_RCVBUF_BYTES = 128 * 1024,
    SIM_STREAMS_MAX = 65536, /* open streams of all actors together; the ports of one address */
    SIM_NAMES_MAX = 256,     /* names of one case; more is a mistake in the case */
};

/* The clock of a new or reset world. Not zero, so that a time mistaken for "not set" is seen. */
#define SIM_START_NS NS_PER_S

/*
 * Chooses which of count things that are ready now comes next; below count, 0 is the default order.
 * Asked only when count > 1. The one point at which an explorer steers the order of events.
 *
 * Ready are the objects that want a turn, the next timer that is due, and for each end of a connection what arrives there
 * next: what was sent to one of them never overtakes what was sent to it before, but anything else. Dials to one address arrive in
 * the order in which they were made.
 */
typedef size_t sim_order(void *owner, size_t count);

/* All zero is the default in every field. */
struct sim_options {
    uint64_t seed;
    uint64_t latency_ns;  /* one way, for bytes, FIN, RST and each half of a dial */
    size_t segment_bytes; /* at most so many bytes arrive at once; 0: as many as are there */
    size_t
        short_write_bytes; /* each write takes 1 to this many bytes, by the seed; 0: all that fit */
    size_t sndbuf_bytes;   /* 0: SIM_SNDBUF_BYTES */
    size_t rcvbuf_bytes;   /* 0: SIM_RCVBUF_BYTES */
    size_t streams_max;    /* 0: SIM_STREAMS_MAX */
    sim_order *order;
    void *order_owner;
};

/* NULL when memory runs out. */
struct world *sim_create(const struct sim_options *options);

/* Takes the world away, and empties the pointer. Objects still live in it are forgotten, not called. */
void sim_destroy(struct world **world);

/*
 * As new, with the same options and another seed. Objects still live are forgotten: they are neither
 * called nor touched, so that their owners may be gone already. Names are forgotten too. Allowed after
 * a check() left an upcall by longjmp.
 */
void sim_reset(struct world *world, uint64_t seed);

/* sim_reset() with other options. */
void sim_configure(struct world *world, const struct sim_options *options);

/* Upcalls made since the last reset. */
uint64_t sim_steps(const struct world *world);

/* Those among them that did nothing about what they were called for; a program that spins has many. */
uint64_t sim_idle_steps(const struct world *world);

/*
 * A fingerprint of everything that happened since the last reset: every upcall with its time and
 * object, every downcall with its result, every byte written. Equal runs have equal hashes.
 */
uint64_t sim_trace_hash(const struct world *world);

/*
 * The same without times, without what was written, and without how many bytes a read or a write took: runs of equal shape
 * went through the same calls in the same order with the same kinds of results.
 */
uint64_t sim_shape_hash(const struct world *world);

/*
 * Parties: those who share no memory with each other, so that all that one of them does follows from what it has met with
 * itself. Whoever sets up a world with an order says who they are, or all are one. A party has a number; what happens outside
 * of upcalls is done by the one that was set last, at first SIM_PARTY_FIRST. A stream, listener, timer or query is of the
 * party that made it, and each upcall to it too. All of this is nothing where no order is given.
 */
enum { SIM_PARTY_FIRST = 0 };
/* Whether an order is given. */
bool sim_is_ordered(const struct world *world);
void sim_set_party(struct world *world, uint32_t number);
/* Each connection that this listener accepts is a party of its own. */
void sim_part_accepted(struct listener *listener);
/*
 * The party that acts has learned something past the world, as from whoever looks on; word says what. Outside of upcalls it is
 * the one that was set last.
 */
void sim_tell_party(struct world *world, uint64_t word);

/*
 * A hash of all that the rest of the run follows from: what each party has met with so far, what is on its way, what is
 * ready and what is due. Between two upcalls; in a world with an order. Equal hashes: the same may come of both moments,
 * whichever order led to them; but for the numbers of dialling ports, which differ with the order and mean nothing.
 */
uint64_t sim_state_hash(struct world *world);

/* What is live now, of all actors together. */
struct sim_census {
    size_t streams; /* connected, connecting or accepted, and not closed */
    size_t listeners;
    size_t timers;
    size_t queries;
};
void sim_world_census(const struct world *world, struct sim_census *out);

/* How dials to an open listener fail. */
enum sim_dial_failure {
    SIM_DIAL_REFUSED,     /* ECONNREFUSED */
    SIM_DIAL_DROPPED,     /* no answer, ever */
    SIM_DIAL_UNREACHABLE, /* EHOSTUNREACH */
};

#define SIM_EVERY_DIAL UINT32_MAX

/* The next count dials to this listener of a simulated world fail in that way, then it answers again. */
void sim_listener_fail_first(struct listener *listener, uint32_t count, enum sim_dial_failure how);

/* What a name answers. delay_ns comes on top of the latency; TIME_NEVER: no answer, ever. */
struct sim_name {
    const char *host; /* compared without case; copied */
    enum query_status status;
    const struct address *addresses; /* their ports are ignored; copied */
    size_t address_count;            /* at most QUERY_ADDRESSES_MAX */
    uint64_t delay_ns;
};

/*
 * Adds or replaces a name. Numeric hosts and "localhost" (127.0.0.1) are known already; any other name
 * is QUERY_NOT_FOUND. False when SIM_NAMES_MAX is reached.
 */
MUST_USE bool sim_add_name(struct world *world, const struct sim_name *name);

/*
 * Answers about one name, in place of a nameserver. In *answer it finds whom the program asks (nameserver) and leaves
 * status, addresses (their ports are ignored) and address_count. Returns how long the answer takes on top of the
 * latency; from QUERY_TIMEOUT_NS on, and TIME_NEVER, the program hears QUERY_TIMED_OUT after QUERY_TIMEOUT_NS.
 */
typedef uint64_t sim_resolver(void *owner, const char *host, struct query *answer);

/*
 * Asked once for each world_resolve() about a name that sim_add_name() does not know and that is neither numeric nor
 * "localhost". NULL takes it away, and so does sim_reset().
 */
void sim_on_resolve(struct world *world, sim_resolver *resolver, void *owner);

#endif
