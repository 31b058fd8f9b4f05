/*
 * One step of a script, played by an actor as far as it goes now. The inner half of the actor: it looks
 * after which step is under way, this does what the step says.
 */
#ifndef FAKEUPSTREAM_ACTING_PLAY_H
#define FAKEUPSTREAM_ACTING_PLAY_H

#include "fakeupstream/acting/actor.h"

enum play_outcome {
    PLAYED,     /* the next step follows at once */
    WAITS,      /* an event, a time or a signal brings it on */
    IMPOSSIBLE, /* it can never be done: the connection ended */
    OVER,       /* it was the last thing this actor does */
};

/*
 * Called again and again until it is not WAITS; actor->begun is false the first time. Says what it waits
 * for in actor->want_read, actor->want_write, the timer or the board of signals.
 */
enum play_outcome play_step(struct actor *actor, const struct step *step);

#endif
