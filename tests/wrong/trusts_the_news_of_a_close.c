/*
 * A proxy whose pool hears when an idle connection ends, and so does not look at one before it hands it out: where the news is
 * there and not told yet, the connection is dead. Only an order of events shows it. Wraps pool_take().
 */
#include "proxy/upstream/pool.h"

struct link *__wrap_pool_take(struct pool *pool, const struct dial_plan *plan);

struct link *__wrap_pool_take(struct pool *pool, const struct dial_plan *plan)
{
    struct link *link = pool->newest;

    (void)plan;
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
