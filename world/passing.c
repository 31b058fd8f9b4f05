#include "world/passing.h"

static struct world *inner_of(struct world *world)
{
    return ((struct passing *)world)->inner;
}

void passing_stand_on(struct world *filter, struct world *inner)
{
    ((struct passing *)filter)->inner = inner;
    filter->now_ns = inner->now_ns;
}

uint64_t passing_now(struct world *world)
{
    return world_now(inner_of(world));
}

uint64_t passing_random(struct world *world)
{
    return world_random(inner_of(world));
}

void passing_timer_set(struct world *world, struct timer *timer, uint64_t at_ns)
{
    timer_set(inner_of(world), timer, at_ns);
}

void passing_timer_stop(struct world *world, struct timer *timer)
{
    timer_stop(inner_of(world), timer);
}

int passing_resolve(struct world *world, struct query *query, const char *host, uint16_t port)
{
    return world_resolve(inner_of(world), query, host, port);
}

void passing_resolve_cancel(struct world *world, struct query *query)
{
    world_resolve_cancel(inner_of(world), query);
}

int passing_listen(struct world *world, struct listener *listener, struct address *address,
                   enum listen_mode mode, int backlog)
{
    return world_listen(inner_of(world), listener, address, mode, backlog);
}

int passing_accept(struct world *world, struct listener *listener, struct stream *stream)
{
    return world_accept(inner_of(world), listener, stream);
}

void passing_unlisten(struct world *world, struct listener *listener)
{
    world_unlisten(inner_of(world), listener);
}

enum run_end passing_run(struct world *world, uint64_t steps_max, uint64_t until_ns)
{
    return world_run(inner_of(world), steps_max, until_ns);
}
