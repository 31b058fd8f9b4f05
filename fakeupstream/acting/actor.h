/*
 * Plays a script over connections: the one interpreter behind fake upstreams and scripted clients.
 *
 * Never sleeps: `delay` and `drip` use the world's timers, `wait` the board of signals. Runs only from
 * upcalls (and from actor_start), so the order of everything is the world's.
 *
 * Ownership: embedded in its owner; scripts outlive it. The owner gives it a line (an upstream's is
 * accepted, a client's is dialled when the script says so).
 */
#ifndef FAKEUPSTREAM_ACTING_ACTOR_H
#define FAKEUPSTREAM_ACTING_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/line.h"
#include "fakeupstream/acting/outbox.h"
#include "fakeupstream/acting/scene.h"
#include "fakeupstream/acting/script.h"
#include "world/base/object.h"

enum {
    ACTOR_NAME_BYTES = 64,   /* names are words of a scenario; longer ones are cut */
    ACTOR_LABEL_BYTES = 112, /* a name and two ordinals */
    ACTOR_TEXT_BYTES = 256,  /* one sentence of actor_describe() */
};

enum actor_state {
    ACTOR_PLAYING, /* at a step, perhaps waiting */
    ACTOR_RESTING, /* the list is played: reads what comes until the peer closes or a request begins */
    ACTOR_STALLED,    /* by `end: stall`: does nothing to the end of the case */
    ACTOR_BROKEN_OFF, /* a read can never be reached, the connection ended */
    ACTOR_DONE,       /* the list is played and the connection ended */
};

const char *actor_state_word(enum actor_state state);

struct actor;

/* What differs between the two kinds of actors. */
struct actor_ways {
    enum script_side side;
    /* Client: sets actor->line to a new connection that is being dialled; the former is kept as it is.
     * False if nothing was begun. NULL for upstreams. */
    bool (*dial)(struct actor *actor);
    /* The state became another than ACTOR_PLAYING. May be NULL. */
    void (*on_over)(struct actor *actor);
};

struct actor {
    object_tag tag;
    const struct actor_ways *ways;
    struct scene *scene;
    void *owner;
    char name[ACTOR_NAME_BYTES];
    const struct script *script;
    const struct script *standing; /* played again for each further request; NULL: none */
    enum actor_state state;
    size_t step;       /* the one being played, or where it ended */
    struct line *line; /* NULL: no connection */
    uint64_t requests; /* client: made so far, over all connections */
    uint64_t taken;    /* messages of the peer on this line that the script is done with */
    uint64_t answered; /* upstream: final responses given on this line */
    const struct tls_draft *tls; /* client: how its next connections do TLS; NULL: they do not */

    /* Private: the step under way. */
    bool begun;
    bool want_read;
    bool want_write;
    bool paused;
    struct transcript_goal goal;
    uint64_t until_ns;     /* delay */
    uint64_t stream_asked; /* bytes of the peer's stream that were to be read on this line */
    const struct draft *connected; /* client: the last CONNECT on this line */
    bool inside;                   /* client: and requests go through its tunnel */
    uint64_t round; /* the message that the standing round answers; 0: the list itself */
    struct outbox outbox;
    struct timer timer;
    struct signal_waiter waiter;
    char host[ADDRESS_TEXT_BYTES]; /* client: what Host says */
};

struct actor_options {
    const struct actor_ways *ways;
    struct scene *scene;
    void *owner;
    const char *name;
    const struct script *script;
    const struct script *standing; /* upstreams */
    struct line *line;             /* upstreams: accepted; clients: NULL */
    const char *host;              /* clients; NULL else */
};

void actor_init(struct actor *actor, const struct actor_options *options);
/* Begins to play. Not from within a downcall of the world; from an upcall or before world_run(). */
void actor_start(struct actor *actor);
/* Stops playing: timer and waiting end. The line is the owner's to end. */
void actor_stop(struct actor *actor);
/* In place of stop where the world was reset under it. */
void actor_abandon(struct actor *actor);
/* An event came on the actor's present line. */
void actor_on_line(struct actor *actor);
/* Something happened to it from outside: it goes on at the next turn. */
void actor_wake(struct actor *actor);

static inline bool actor_is_upstream(const struct actor *actor)
{
    return actor->ways->side == SCRIPT_UPSTREAM;
}

/* True when the script can go no further by itself: done, resting, stalled or broken off. */
bool actor_is_over(const struct actor *actor);
/*
 * Where it stands, as a sentence without its name: "waits for the signal got-head (step 3, wait: got-head)",
 * "has not read the end of the request (step 1, read: request)", "is done". Returns text.
 */
const char *actor_describe(const struct actor *actor, char text[ACTOR_TEXT_BYTES]);

#endif
