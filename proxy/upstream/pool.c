#include "proxy/upstream/pool.h"

#include <errno.h>

#include "proxy/upstream/dial.h"

static void on_idle_event(struct stream *stream, unsigned events);
static void on_idle_too_long(struct timer *timer);

void pool_init(struct pool *pool, struct world *world, struct link_shelf *shelf)
{
    *pool = (struct pool){.world = world, .shelf = shelf};
}

static void take_out(struct pool *pool, struct link *link)
{
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        pool->newest = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    link->next = NULL;
    link->previous = NULL;
    check(pool->count > 0);
    pool->count--;
    timer_stop(pool->world, &link->idle);
}

static void throw_away(struct pool *pool, struct link *link)
{
    take_out(pool, link);
    link_give_back(pool->shelf, &link, STREAM_FIN);
}

/* Reads once: only "nothing yet" proves that the peer has neither spoken nor closed. */
static bool is_open_and_silent(struct link *link)
{
    uint8_t byte;

    return stream_status(&link->stream) == 0 &&
           stream_read(&link->stream, &byte, sizeof(byte)) == -EAGAIN;
}

static bool leads_where_one_may(struct link *link, const struct dial_plan *plan)
{
    struct stream_info info;

    stream_info(&link->stream, &info);
    return dial_may_go(plan, &info.peer);
}

struct link *pool_take(struct pool *pool, const struct dial_plan *plan)
{
    struct link *next;

    for (struct link *link = pool->newest; link != NULL; link = next) {
        next = link->next;
        if (!leads_where_one_may(link, plan))
            continue;
        if (is_open_and_silent(link)) {
            take_out(pool, link);
            return link;
        }
        throw_away(pool, link);
    }
    return NULL;
}

void pool_give(struct pool *pool, struct link **link)
{
    struct link *given = object_cast(*link, LINK_TAG);

    if (pool->count >= pool->size_max || stream_status(&given->stream) != 0) {
        link_give_back(pool->shelf, link, STREAM_FIN);
        return;
    }
    *link = NULL;
    given->exchanges++;
    given->previous = NULL;
    given->next = pool->newest;
    if (pool->newest != NULL)
        pool->newest->previous = given;
    pool->newest = given;
    pool->count++;
    given->stream.on_event = on_idle_event;
    given->stream.owner = given;
    given->idle = (struct timer){.on_time = on_idle_too_long, .owner = given};
    stream_want(&given->stream, STREAM_READ | STREAM_CLOSED);
    if (pool->idle_ns != 0)
        timer_set(pool->world, &given->idle, world_now(pool->world) + pool->idle_ns);
}

void pool_empty(struct pool *pool)
{
    while (pool->newest != NULL)
        throw_away(pool, pool->newest);
}

static void on_idle_event(struct stream *stream, unsigned events)
{
    struct link *link = object_cast(stream->owner, LINK_TAG);

    /* Upcalls may be spurious: only a connection that is no longer silent goes. */
    if ((events & STREAM_CLOSED) != 0 || !is_open_and_silent(link))
        throw_away(&link->origin->pool, link);
}

static void on_idle_too_long(struct timer *timer)
{
    struct link *link = object_cast(timer->owner, LINK_TAG);

    throw_away(&link->origin->pool, link);
}
