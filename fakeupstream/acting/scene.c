#include "fakeupstream/acting/scene.h"

#include "world/base/check.h"

void scene_init(struct scene *scene, struct world *world)
{
    scene->world = world;
    signals_init(&scene->signals);
}

void scene_reset(struct scene *scene)
{
    check(scene->signals.waiters == NULL);
    signals_init(&scene->signals);
}
