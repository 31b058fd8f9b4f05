/*
 * Who is to be called next: a list that any member can leave at any time.
 *
 * Ownership: items are embedded in what they stand for; an item is in one list or in none.
 */
#ifndef WORLD_SOCKETS_READY_H
#define WORLD_SOCKETS_READY_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"

/* What an item stands for, as the loop must know whom to call. */
enum ready_kind { READY_STREAM, READY_LISTENER, READY_QUERY, READY_DATAGRAM, READY_SIGNAL };

struct ready_item {
    struct ready_item *previous; /* NULL while in no list */
    struct ready_item *next;
    enum ready_kind kind;
};

/* A ring through its own head. */
struct ready_list {
    struct ready_item head;
};

static inline void ready_list_init(struct ready_list *list)
{
    list->head.previous = &list->head;
    list->head.next = &list->head;
}

static inline bool ready_list_is_empty(const struct ready_list *list)
{
    return list->head.next == &list->head;
}

static inline bool ready_item_is_listed(const struct ready_item *item)
{
    return item->previous != NULL;
}

static inline void ready_item_leave(struct ready_item *item)
{
    if (!ready_item_is_listed(item))
        return;
    item->previous->next = item->next;
    item->next->previous = item->previous;
    item->previous = NULL;
    item->next = NULL;
}

/* At the end; stays where it is if it is in a list already. */
static inline void ready_list_add(struct ready_list *list, struct ready_item *item)
{
    if (ready_item_is_listed(item))
        return;
    item->previous = list->head.previous;
    item->next = &list->head;
    list->head.previous->next = item;
    list->head.previous = item;
}

/* The first item, taken off; NULL when there is none. */
static inline struct ready_item *ready_list_take(struct ready_list *list)
{
    struct ready_item *item = list->head.next;

    if (item == &list->head)
        return NULL;
    ready_item_leave(item);
    return item;
}

/* Moves all items of one list to the end of another. */
static inline void ready_list_move_all(struct ready_list *to, struct ready_list *from)
{
    if (ready_list_is_empty(from))
        return;
    from->head.next->previous = to->head.previous;
    from->head.previous->next = &to->head;
    to->head.previous->next = from->head.next;
    to->head.previous = from->head.previous;
    ready_list_init(from);
}

#endif
