#include "proxy/upstream/origins.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/http/place.h"

void origins_init(struct origins *origins, struct world *world)
{
    *origins = (struct origins){.world = world};
}

void origin_set_tls(struct origin *origin, struct tls_client *tls)
{
    if (origin->owns_tls && origin->tls != NULL)
        tls_client_release(&origin->tls);
    origin->tls = tls;
    origin->owns_tls = true;
}

static void destroy(struct origin *origin)
{
    check(origin->in_use == 0);
    check(origin->named == 0);
    pool_empty(&origin->pool);
    origin_set_tls(origin, NULL);
    free(origin);
}

void origins_release(struct origins *origins)
{
    while (origins->first != NULL) {
        struct origin *origin = origins->first;

        origins->first = origin->next;
        destroy(origin);
    }
    origins->other_count = 0;
    if (origins->system_tls != NULL)
        tls_client_release(&origins->system_tls);
    link_shelf_release(&origins->links);
}

/* ---- finding ------------------------------------------------------------------------------------- */

static bool speaks_alike(const struct upstream_settings *a, const struct upstream_settings *b)
{
    if (a->tls != b->tls)
        return false;
    return !a->tls || (a->tls_unverified == b->tls_unverified && strcmp(a->sni, b->sni) == 0 &&
                       strcmp(a->ca, b->ca) == 0 && strcmp(a->certificate, b->certificate) == 0 &&
                       strcmp(a->key, b->key) == 0);
}

static bool is_at(const struct origin *origin, const struct place *place)
{
    return place_equal(origin->settings.host, origin->settings.port, place->host, place->port);
}

static struct origin *take_out(struct origin **at)
{
    struct origin *origin = *at;

    *at = origin->next;
    return origin;
}

static struct origin *put_first(struct origins *origins, struct origin *origin)
{
    origin->next = origins->first;
    origins->first = origin;
    return origin;
}

static struct origin *find_known(struct origins *origins, const struct place *place,
                                 const struct upstream_settings *wanted)
{
    for (struct origin **at = &origins->first; *at != NULL; at = &(*at)->next)
        if (is_at(*at, place) && speaks_alike(&(*at)->settings, wanted))
            return put_first(origins, take_out(at));
    return NULL;
}

/* False if all are in use. */
static bool forget_oldest(struct origins *origins)
{
    struct origin **oldest = NULL;

    for (struct origin **at = &origins->first; *at != NULL; at = &(*at)->next)
        if ((*at)->in_use == 0 && (*at)->named == 0)
            oldest = at;
    if (oldest == NULL)
        return false;
    destroy(take_out(oldest));
    origins->other_count--;
    return true;
}

/* For another one. There may be more than one too many: upstreams that a configuration named became others. */
static bool make_room(struct origins *origins)
{
    while (origins->other_count >= UPSTREAMS_OTHER_MAX)
        if (!forget_oldest(origins))
            return false;
    return true;
}

/* One that is not known yet; it counts neither as named nor as another. */
static struct origin *make(struct origins *origins, const struct place *place,
                           const struct upstream_settings *wanted)
{
    struct origin *origin = calloc(1, sizeof(*origin));

    if (origin == NULL)
        return NULL;
    origin->settings = *wanted;
    memcpy(origin->settings.host, place->host, sizeof(place->host));
    pool_init(&origin->pool, origins->world, &origins->links);
    origin->pool.size_max = origins->pools_stay_empty ? 0 : origins->pool_size_max;
    origin->pool.idle_ns = origins->pool_idle_ns;
    return put_first(origins, origin);
}

/* Those that nobody configured are verified against what the system trusts, which takes a while to read. */
static struct origin *borrow_system_tls(struct origins *origins, struct origin *origin)
{
    static const struct tls_client_options options = {0};
    char error[TLS_ERROR_BYTES];

    if (!origin->settings.tls || origin->tls != NULL)
        return origin;
    if (origins->system_tls == NULL)
        origins->system_tls = tls_client_create(&options, error);
    origin->tls = origins->system_tls;
    return origin->tls != NULL ? origin : NULL;
}

struct origin *origins_find(struct origins *origins, const struct upstream_settings *wanted)
{
    struct origin *origin;
    struct place place;
    const char *wrong;

    if (!place_make(wanted->host, wanted->port, &place, &wrong))
        return NULL;
    origin = find_known(origins, &place, wanted);
    if (origin != NULL)
        return borrow_system_tls(origins, origin);
    if (!make_room(origins))
        return NULL;
    origin = make(origins, &place, wanted);
    if (origin == NULL)
        return NULL;
    origins->other_count++;
    return borrow_system_tls(origins, origin);
}

struct origin *origins_name(struct origins *origins, const struct upstream_settings *wanted)
{
    struct origin *origin;
    struct place place;
    const char *wrong;

    if (!place_make(wanted->host, wanted->port, &place, &wrong))
        return NULL;
    origin = find_known(origins, &place, wanted);
    if (origin == NULL)
        origin = make(origins, &place, wanted);
    else if (origin->named == 0)
        origins->other_count--;
    if (origin != NULL)
        origin->named++;
    return origin;
}

void origins_unname(struct origins *origins, struct origin *origin)
{
    check(origin->named > 0);
    if (--origin->named == 0)
        origins->other_count++;
}

/* ---- pools --------------------------------------------------------------------------------------- */

void origins_set_pools(struct origins *origins, size_t size_max, uint64_t idle_ns)
{
    origins->pool_size_max = size_max;
    origins->pool_idle_ns = idle_ns;
    for (struct origin *origin = origins->first; origin != NULL; origin = origin->next) {
        origin->pool.size_max = origins->pools_stay_empty ? 0 : size_max;
        origin->pool.idle_ns = idle_ns;
    }
}

void origins_empty_pools(struct origins *origins, bool stay_empty)
{
    origins->pools_stay_empty = origins->pools_stay_empty || stay_empty;
    for (struct origin *origin = origins->first; origin != NULL; origin = origin->next) {
        if (origins->pools_stay_empty)
            origin->pool.size_max = 0;
        pool_empty(&origin->pool);
    }
}

static struct origin **place_of(struct origins *origins, const struct origin *origin)
{
    struct origin **at = &origins->first;

    while (*at != origin)
        at = &(*at)->next;
    return at;
}

static void renew(struct origins *origins, struct origin *origin)
{
    check(origin->in_use == 0);
    origin->health = (struct health){0};
    pool_empty(&origin->pool);
    origin->pool.size_max = origins->pool_size_max;
}

void origins_renew(struct origins *origins, struct origin *const *named, size_t count)
{
    while (forget_oldest(origins))
        continue;
    check(origins->other_count == 0);
    origins->pools_stay_empty = false;
    for (size_t i = 0; i < count; i++) {
        renew(origins, named[i]);
        put_first(origins, take_out(place_of(origins, named[i])));
    }
}

size_t origins_idle(const struct origins *origins)
{
    size_t idle = 0;

    for (const struct origin *origin = origins->first; origin != NULL; origin = origin->next)
        idle += origin->pool.count;
    return idle;
}
