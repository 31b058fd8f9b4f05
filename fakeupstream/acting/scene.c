#include "fakeupstream/acting/scene.h"

#include <string.h>

#include "fakeupstream/wire/pattern.h"
#include "fakeupstream/wire/splice.h"
#include "world/base/check.h"
#include "world/tls/tls.h"

void scene_init(struct scene *scene, struct world *world)
{
    scene->world = world;
    scene->faults = (struct scene_faults){0};
    scene->dialled = 0;
    scene->manner = (struct scene_manner){0};
    scene->place_count = 0;
    scene->stream_count = 0;
    scene->authority = NULL;
    scene->shelf = NULL;
    scene->is_recorded = false;
    key_log_init(&scene->secrets);
    signals_init(&scene->signals);
    sieve_init(&scene->sieve, world);
}

void scene_reset(struct scene *scene)
{
    check(scene->signals.waiters == NULL);
    signals_init(&scene->signals);
    scene->faults = (struct scene_faults){0};
    scene->dialled = 0;
    scene->manner = (struct scene_manner){0};
    scene->place_count = 0;
    scene->stream_count = 0;
    key_log_reset(&scene->secrets);
}

void scene_release(struct scene *scene)
{
    tls_abandon_world(&scene->sieve.passing.world);
    sieve_forget(&scene->sieve);
    tls_shelf_release(&scene->shelf);
    authority_destroy(&scene->authority);
    key_log_release(&scene->secrets);
}

struct authority *scene_authority(struct scene *scene)
{
    if (scene->authority == NULL)
        scene->authority = authority_create();
    return scene->authority;
}

struct tls_shelf *scene_shelf(struct scene *scene)
{
    if (scene->shelf == NULL)
        scene->shelf = tls_shelf_create();
    return scene->shelf;
}

struct tls_secrets scene_secrets(struct scene *scene)
{
    if (!scene->is_recorded)
        return (struct tls_secrets){.tell = NULL};
    return (struct tls_secrets){key_log_add, &scene->secrets};
}

void scene_stand_in(struct scene *scene, struct world *world)
{
    tls_end_lingering(&scene->sieve.passing.world);
    scene->world = world;
    passing_stand_on(&scene->sieve.passing.world, world);
}

void scene_add_place(struct scene *scene, const struct scene_place *place)
{
    for (size_t i = 0; i < scene->place_count; i++)
        if (strcmp(scene->places[i].name, place->name) == 0) {
            scene->places[i] = *place;
            return;
        }
    check(scene->place_count < SCENE_PLACES_MAX);
    scene->places[scene->place_count++] = *place;
}

static void write_place(struct splice *to, const struct scene_place *place)
{
    char text[ADDRESS_TEXT_BYTES];

    if (place->host == NULL) {
        splice_text(to, address_format(&place->address, text));
        return;
    }
    splice_text(to, place->host);
    splice_text(to, ":");
    splice_number(to, place->address.port, 10);
}

struct bytes scene_find(const struct scene *scene, const char *name,
                        char text[SCENE_AUTHORITY_BYTES])
{
    struct splice found = {.data = text, .room = SCENE_AUTHORITY_BYTES};

    for (size_t i = 0; i < scene->place_count; i++)
        if (strcmp(scene->places[i].name, name) == 0) {
            write_place(&found, &scene->places[i]);
            return splice_whole(&found);
        }
    splice_text(&found, "nobody.invalid:1");
    return splice_whole(&found);
}

void scene_add_stream(struct scene *scene, uint64_t seed)
{
    scene->stream_seeds[scene->stream_count++ % SCENE_STREAMS_MAX] = seed;
}

uint64_t scene_find_stream(const struct scene *scene, struct bytes bytes)
{
    enum { TELLING_BYTES = 16 }; /* by which two patterns are told apart */
    size_t count =
        scene->stream_count < SCENE_STREAMS_MAX ? scene->stream_count : SCENE_STREAMS_MAX;
    size_t size = bytes.size < TELLING_BYTES ? bytes.size : TELLING_BYTES;

    for (size_t i = 0; i < count; i++)
        if (pattern_match(scene->stream_seeds[i], 0, bytes.data, size) == size)
            return scene->stream_seeds[i];
    return 0;
}
