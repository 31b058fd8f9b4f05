/*
 * A proxy whose pool neither watches its idle connections nor looks at one before it hands it out: it may be closed, or hold
 * bytes that nobody asked for. Wraps pool_give() and pool_take().
 */
#include "proxy/upstream/pool.h"

void __real_pool_give(struct pool *pool, struct link **link);
void __wrap_pool_give(struct pool *pool, struct link **link);
struct link *__wrap_pool_take(struct pool *pool);

void __wrap_pool_give(struct pool *pool, struct link **link)
{
    struct link *given = *link;

    __real_pool_give(pool, link);
    if (pool->newest == given)
        stream_want(&given->stream, 0);
}

struct link *__wrap_pool_take(struct pool *pool)
{
    struct link *link = pool->newest;

    if (link == NULL)
        return NULL;
    pool->newest = link->next;
    if (link->next != NULL)
        link->next->previous = NULL;
    link->next = NULL;
    pool->count--;
    timer_stop(pool->world, &link->idle);
    return link;
}
