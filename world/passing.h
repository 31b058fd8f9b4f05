/*
 * A world that passes every call on to another one: what a filter is made of where it has nothing to say. A filter begins
 * with one, and puts its own functions into the table for what it is about.
 *
 * Ownership: the inner world is not owned.
 */
#ifndef WORLD_PASSING_H
#define WORLD_PASSING_H

#include "world/world.h"

struct passing {
    struct world world; /* first: a struct world * of a filter is a struct passing * */
    struct world *inner;
};

/* Puts a filter that begins with a struct passing around another world. Nothing of it may be live. */
void passing_stand_on(struct world *filter, struct world *inner);

uint64_t passing_now(struct world *world);
uint64_t passing_random(struct world *world);
void passing_timer_set(struct world *world, struct timer *timer, uint64_t at_ns);
void passing_timer_stop(struct world *world, struct timer *timer);
int passing_resolve(struct world *world, struct query *query, const char *host, uint16_t port);
void passing_resolve_cancel(struct world *world, struct query *query);
int passing_listen(struct world *world, struct listener *listener, struct address *address,
                   enum listen_mode mode, int backlog);
int passing_accept(struct world *world, struct listener *listener, struct stream *stream);
void passing_unlisten(struct world *world, struct listener *listener);
enum run_end passing_run(struct world *world, uint64_t steps_max, uint64_t until_ns);

#endif
