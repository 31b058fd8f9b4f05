/*
 * Timers in the order (time, order of setting), shared by both worlds so that ties break alike.
 *
 * Ownership: holds pointers to timers embedded in their owners; its own array grows by doubling and
 * is kept, so that a warm queue allocates nothing.
 */
#ifndef WORLD_BASE_TIMER_QUEUE_H
#define WORLD_BASE_TIMER_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

struct timer_queue {
    struct timer **heap;
    size_t count;
    size_t capacity;
    uint64_t sequence_next;
};

void timer_queue_init(struct timer_queue *queue);
void timer_queue_release(struct timer_queue *queue);

/* Empties the queue without touching the timers, whose owners may be gone. */
void timer_queue_forget(struct timer_queue *queue);

/* Adds the timer, or moves it; either way it goes behind others of the same time. */
void timer_queue_set(struct timer_queue *queue, struct timer *timer, uint64_t at_ns);
void timer_queue_stop(struct timer_queue *queue, struct timer *timer);

/* TIME_NEVER when empty. */
uint64_t timer_queue_due(const struct timer_queue *queue);

/* Takes the first timer off if it is due at now; NULL when none is. */
struct timer *timer_queue_take_due(struct timer_queue *queue, uint64_t now_ns);

#endif
