#include "world/base/timer_queue.h"

#include <stdbool.h>
#include <stdlib.h>

#include "world/base/check.h"

enum { CAPACITY_FIRST = 64 }; /* a case's worth; doubled from there */

void timer_queue_init(struct timer_queue *queue)
{
    *queue = (struct timer_queue){0};
}

void timer_queue_release(struct timer_queue *queue)
{
    free(queue->heap);
    *queue = (struct timer_queue){0};
}

void timer_queue_forget(struct timer_queue *queue)
{
    queue->count = 0;
    queue->sequence_next = 0;
}

static bool comes_first(const struct timer *a, const struct timer *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->sequence < b->sequence;
}

static void place(struct timer_queue *queue, struct timer *timer, size_t at)
{
    queue->heap[at] = timer;
    timer->index = at + 1;
}

static void sift_up(struct timer_queue *queue, struct timer *timer, size_t at)
{
    while (at > 0 && comes_first(timer, queue->heap[(at - 1) / 2])) {
        place(queue, queue->heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(queue, timer, at);
}

static void sift_down(struct timer_queue *queue, struct timer *timer, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= queue->count)
            break;
        if (child + 1 < queue->count && comes_first(queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!comes_first(queue->heap[child], timer))
            break;
        place(queue, queue->heap[child], at);
        at = child;
    }
    place(queue, timer, at);
}

static void grow(struct timer_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? CAPACITY_FIRST : queue->capacity * 2;
    struct timer **heap = realloc(queue->heap, capacity * sizeof(*heap));

    check(heap != NULL);
    queue->heap = heap;
    queue->capacity = capacity;
}

void timer_queue_set(struct timer_queue *queue, struct timer *timer, uint64_t at_ns)
{
    timer_queue_stop(queue, timer);
    if (queue->count == queue->capacity)
        grow(queue);
    timer->at_ns = at_ns;
    timer->sequence = queue->sequence_next++;
    queue->count++;
    sift_up(queue, timer, queue->count - 1);
}

void timer_queue_stop(struct timer_queue *queue, struct timer *timer)
{
    size_t at = timer->index;
    struct timer *last;

    if (at == 0)
        return;
    at--;
    check(at < queue->count);
    check(queue->heap[at] == timer);
    timer->index = 0;
    last = queue->heap[--queue->count];
    if (last == timer)
        return;
    if (at > 0 && comes_first(last, queue->heap[(at - 1) / 2]))
        sift_up(queue, last, at);
    else
        sift_down(queue, last, at);
}

uint64_t timer_queue_due(const struct timer_queue *queue)
{
    return queue->count == 0 ? TIME_NEVER : queue->heap[0]->at_ns;
}

struct timer *timer_queue_take_due(struct timer_queue *queue, uint64_t now_ns)
{
    struct timer *timer;

    if (queue->count == 0 || queue->heap[0]->at_ns > now_ns)
        return NULL;
    timer = queue->heap[0];
    timer_queue_stop(queue, timer);
    return timer;
}
