#include "proxy/upstream/origins.h"

#include <stdlib.h>

#include "proxy/http/place.h"

struct other_origin {
    struct origin origin;
    struct place place;
    struct other_origin *next; /* asked for before this one */
};

static struct origin origin_at(struct origins *origins, const char *host, uint16_t port)
{
    struct origin origin = {.host = host, .port = port};

    pool_init(&origin.pool, origins->world, &origins->links);
    origin.pool.size_max = origins->pool_size_max;
    origin.pool.idle_ns = origins->pool_idle_ns;
    return origin;
}

void origins_init(struct origins *origins, struct world *world,
                  const struct proxy_settings *settings)
{
    *origins = (struct origins){
        .world = world,
        .pool_size_max = settings->pool_size,
        .pool_idle_ns = settings->pool_timeout_ns,
        .count = settings->upstream_count,
    };
    check(origins->count <= UPSTREAMS_MAX);
    for (size_t i = 0; i < origins->count; i++)
        origins->configured[i] =
            origin_at(origins, settings->upstreams[i].host, settings->upstreams[i].port);
}

void origins_release(struct origins *origins)
{
    origins_empty_pools(origins, true);
    for (size_t i = 0; i < origins->count; i++)
        check(origins->configured[i].in_use == 0);
    while (origins->others != NULL) {
        struct other_origin *other = origins->others;

        check(other->origin.in_use == 0);
        origins->others = other->next;
        free(other);
    }
    origins->other_count = 0;
    link_shelf_release(&origins->links);
}

/* ---- finding ------------------------------------------------------------------------------------- */

static struct origin *find_configured(struct origins *origins, const struct place *place)
{
    for (size_t i = 0; i < origins->count; i++) {
        struct origin *origin = &origins->configured[i];

        if (place_equal(origin->host, origin->port, place->host, place->port))
            return origin;
    }
    return NULL;
}

static struct other_origin *take_out(struct origins *origins, struct other_origin **at)
{
    struct other_origin *other = *at;

    *at = other->next;
    check(origins->other_count > 0);
    origins->other_count--;
    return other;
}

static struct origin *put_first(struct origins *origins, struct other_origin *other)
{
    other->next = origins->others;
    origins->others = other;
    origins->other_count++;
    return &other->origin;
}

static struct other_origin *take_known(struct origins *origins, const struct place *place)
{
    for (struct other_origin **at = &origins->others; *at != NULL; at = &(*at)->next)
        if (place_equal((*at)->place.host, (*at)->place.port, place->host, place->port))
            return take_out(origins, at);
    return NULL;
}

/* The one asked for longest ago that nobody uses, its pool empty; NULL if all are in use. */
static struct other_origin *take_oldest(struct origins *origins)
{
    struct other_origin **oldest = NULL;
    struct other_origin *other;

    for (struct other_origin **at = &origins->others; *at != NULL; at = &(*at)->next)
        if ((*at)->origin.in_use == 0)
            oldest = at;
    if (oldest == NULL)
        return NULL;
    other = take_out(origins, oldest);
    pool_empty(&other->origin.pool);
    return other;
}

struct origin *origins_find(struct origins *origins, const char *host, uint16_t port)
{
    struct other_origin *other;
    struct origin *configured;
    struct place place;
    const char *wrong;

    if (!place_make(host, port, &place, &wrong))
        return NULL;
    configured = find_configured(origins, &place);
    if (configured != NULL)
        return configured;
    other = take_known(origins, &place);
    if (other != NULL)
        return put_first(origins, other);
    other =
        origins->other_count < UPSTREAMS_OTHER_MAX ? malloc(sizeof(*other)) : take_oldest(origins);
    if (other == NULL)
        return NULL;
    other->place = place;
    other->origin = origin_at(origins, other->place.host, place.port);
    return put_first(origins, other);
}

unsigned origins_index(const struct origins *origins, const struct origin *origin)
{
    for (size_t i = 0; i < origins->count; i++)
        if (origin == &origins->configured[i])
            return (unsigned)i;
    return UPSTREAM_OTHER;
}

/* ---- pools --------------------------------------------------------------------------------------- */

static void empty_pool(const struct origins *origins, struct origin *origin)
{
    origin->pool.size_max = origins->pool_size_max;
    pool_empty(&origin->pool);
}

void origins_empty_pools(struct origins *origins, bool stay_empty)
{
    if (stay_empty)
        origins->pool_size_max = 0;
    for (size_t i = 0; i < origins->count; i++)
        empty_pool(origins, &origins->configured[i]);
    for (struct other_origin *other = origins->others; other != NULL; other = other->next)
        empty_pool(origins, &other->origin);
}

size_t origins_idle(const struct origins *origins)
{
    size_t idle = 0;

    for (size_t i = 0; i < origins->count; i++)
        idle += origins->configured[i].pool.count;
    for (const struct other_origin *other = origins->others; other != NULL; other = other->next)
        idle += other->origin.pool.count;
    return idle;
}
