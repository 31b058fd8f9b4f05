/*
 * Plays a script over connections: the one interpreter behind fake upstreams and scripted clients.
 *
 * Never sleeps: `delay` and `drip` use the world's timers, `wait` the board of signals. Runs only from
 * upcalls (and from actor_start), so the order of everything is the world's.
 *
 * Ownership: embedded in its owner; scripts outlive it. The owner gives it a line (an upstream's is
 * accepted, a client's is dialled when the script says so).
 */
#ifndef FAKEUPSTREAM_ACTOR_H
#define FAKEUPSTREAM_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/line.h"
#include "fakeupstream/scene.h"
#include "fakeupstream/script.h"
#include "world/base/object.h"

enum {
    ACTOR_NAME_BYTES =
        64, /* names are words of a scenario; the script reader refuses longer ones */
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
    /* The script is over, or the line ended after it: the owner may note it. May be NULL. */
    void (*on_rest)(struct actor *actor);
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
    size_t step;        /* the one being played, or where it ended */
    bool waiting_timer; /* delay, or between two pieces of a drip */
    struct line *line;  /* NULL: no connection */
    uint64_t requests;  /* client: made so far, over all connections */
    uint64_t taken;     /* messages of the peer on this line that the script is done with */

    /* Private: the step under way. */
    bool begun;
    uint64_t goal_amount;
    struct message message; /* the outgoing message; draft NULL: none */
    uint64_t position;      /* of it that was sent */
    bool message_begun;     /* its mark was made and the witness knows of it */
    struct witness_sent *sent;
    uint64_t limit;      /* `send` goes so far */
    size_t raw_sent;     /* raw, garbage */
    uint64_t drip_bytes; /* 0: no drip */
    uint64_t drip_every_ns;
    uint64_t drip_next_ns;
    bool paused;
    uint64_t round_start; /* raw bytes read when the standing round began */
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
/* An event came on a line: passed on by the owner if it is not the actor's present line. */
void actor_on_line(struct line *line);

/* True when the script can go no further by itself: done, resting, stalled or broken off. */
bool actor_is_over(const struct actor *actor);
/*
 * Where it stands, as a sentence without its name: "waits for the signal got-head (step 3, wait: got-head)",
 * "has not read the end of the request (step 1, read: request)", "is done". Returns text.
 */
const char *actor_describe(const struct actor *actor, char text[ACTOR_TEXT_BYTES]);

#endif
