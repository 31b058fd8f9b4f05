/*
 * One scripted upstream: listens in a world, gives each connection its script, and keeps a witness of
 * each.
 *
 * Ownership: connections are made once, kept over fake_upstream_reset() and given out again, so that a
 * warm upstream allocates nothing. Witnesses can be read until reset.
 * Limits: FAKE_UPSTREAM_CONNECTIONS_MAX per case; past that it stops listening and counts it.
 */
#ifndef FAKEUPSTREAM_FAKE_UPSTREAM_H
#define FAKEUPSTREAM_FAKE_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/actor.h"
#include "fakeupstream/acting/scene.h"
#include "fakeupstream/upstream_script.h"
#include "world/base/object.h"
#include "world/world.h"

enum {
    FAKE_UPSTREAM_CONNECTIONS_MAX = 4096, /* a case that dials more is out of hand */
    FAKE_UPSTREAM_BACKLOG = 512,          /* more than any case dials at one moment */
};

struct fake_upstream;

/* One accepted connection: actor, line and (in the line) witness. */
struct fake_connection {
    struct actor actor;
    struct fake_upstream *upstream;
    struct line line;
};

struct fake_upstream {
    object_tag tag;
    struct scene *scene;
    const struct upstream_script *script;
    const char *name;
    uint32_t index; /* which of the case's upstreams it is, for faults; its owner's to set */
    struct address address; /* where it listens, or would */
    struct listener listener;
    struct tls_server
        *tls; /* of connections that do TLS as the upstream says; NULL: it says nothing */
    bool listening;
    struct fake_connection *
        *connections; /* the first connection_count are of this case, in order */
    size_t connection_count;
    size_t connection_slots;
    size_t connection_capacity;
    unsigned accepted;           /* connections so far: the ordinal of the last one */
    unsigned refused_for_memory; /* no slot was to be had: it stopped listening */
    /* Told when a connection's actor is no longer playing; may be NULL. Not to end anything from within. */
    void (*on_over)(struct fake_upstream *upstream, struct fake_connection *connection);
    void *owner;
};

/* Once. */
void fake_upstream_init(struct fake_upstream *upstream, struct scene *scene);
void fake_upstream_release(struct fake_upstream *upstream);

/*
 * Begins to listen as the script says. address: where; port 0 takes any and writes it back to
 * upstream->address. name and script outlive the case. 0 or -errno.
 */
MUST_USE int fake_upstream_start(struct fake_upstream *upstream, const char *name,
                                 const struct upstream_script *script,
                                 const struct address *address);
/* Stops listening and ends every connection that is still held. Witnesses stay. Harmless if not started. */
void fake_upstream_stop(struct fake_upstream *upstream);
/* In place of stop where the world was reset or destroyed under it, after a failed check. */
void fake_upstream_abandon(struct fake_upstream *upstream);
/* Forgets the case; after stop. */
void fake_upstream_reset(struct fake_upstream *upstream);
/* Gives back one connection that is no longer held, so that its slot can serve again; not from within an upcall of
 * that connection. Its witness is forgotten and connections after it move up by one. */
void fake_upstream_forget(struct fake_upstream *upstream, size_t index);

/* Connections this upstream still holds. */
size_t fake_upstream_held(const struct fake_upstream *upstream);
/* True if every connection's script has been played, or cannot go on. */
bool fake_upstream_is_over(const struct fake_upstream *upstream);

/* The witness of connection `index` (from 0, in the order of accepting). */
static inline const struct witness *fake_upstream_witness(const struct fake_upstream *upstream,
                                                          size_t index)
{
    check(index < upstream->connection_count);
    return &upstream->connections[index]->line.witness;
}

#endif
