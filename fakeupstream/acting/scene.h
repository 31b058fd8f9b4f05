/*
 * What the actors of one case share: the world, the board of signals, and one buffer to make bytes in.
 *
 * Ownership: outlives its actors. Made once and reused for many cases by scene_reset(), when no actor
 * is playing.
 */
#ifndef FAKEUPSTREAM_ACTING_SCENE_H
#define FAKEUPSTREAM_ACTING_SCENE_H

#include <stdint.h>

#include "fakeupstream/acting/signals.h"
#include "world/world.h"

enum { SCENE_SCRATCH_BYTES = 32 * 1024 }; /* one piece of a large body: few calls, stays in cache */

struct scene {
    struct world *world;
    struct signals signals;
    uint8_t scratch[SCENE_SCRATCH_BYTES]; /* used within one call, never kept */
};

void scene_init(struct scene *scene, struct world *world);
void scene_reset(struct scene *scene);

#endif
