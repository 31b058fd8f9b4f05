/*
 * The things that are to have a turn at the present moment, in the order in which they asked.
 *
 * Ownership: items are embedded in their owners. An item is at most once on the agenda.
 */
#ifndef WORLD_SIM_AGENDA_H
#define WORLD_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"

enum agenda_kind {
    AGENDA_ARRIVAL,  /* what the network delivers next; the world's own item */
    AGENDA_TIMER,    /* the timer that is due next; the world's own item */
    AGENDA_LISTENER, /* connections wait */
    AGENDA_STREAM,   /* a wanted level holds */
};

struct agenda_item {
    struct agenda_item *previous;
    struct agenda_item *next; /* NULL when not on the agenda */
    enum agenda_kind kind;
};

struct agenda {
    struct agenda_item ring; /* its next is the first, its previous the last */
    size_t count;
};

static inline void agenda_init(struct agenda *agenda)
{
    agenda->ring.next = &agenda->ring;
    agenda->ring.previous = &agenda->ring;
    agenda->count = 0;
}

/* Puts the item last, unless it is on the agenda already. */
static inline void agenda_add(struct agenda *agenda, struct agenda_item *item)
{
    if (item->next != NULL)
        return;
    item->previous = agenda->ring.previous;
    item->next = &agenda->ring;
    item->previous->next = item;
    agenda->ring.previous = item;
    agenda->count++;
}

/* Harmless on an item that is not on the agenda. */
static inline void agenda_remove(struct agenda *agenda, struct agenda_item *item)
{
    if (item->next == NULL)
        return;
    item->previous->next = item->next;
    item->next->previous = item->previous;
    item->next = NULL;
    agenda->count--;
}

/* Takes the item that stands at this place, from 0, off the agenda. */
static inline struct agenda_item *agenda_take(struct agenda *agenda, size_t place)
{
    struct agenda_item *item = agenda->ring.next;

    check(place < agenda->count);
    for (; place > 0; place--)
        item = item->next;
    agenda_remove(agenda, item);
    return item;
}

#endif
