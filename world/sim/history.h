/*
 * What each party of a run has met with so far, as one hash for each: its upcalls, the results of its downcalls, the bytes it
 * read, and when. Parties share no memory, so one that has met with the same in two runs is at the same point of its program.
 *
 * Objects are named by the party that made them and how many it had made before: names that do not depend on how parties took
 * turns, as ordinals do.
 *
 * Ownership: part of a world; its arrays grow by doubling and are kept over history_begin(). Where memory runs out the program
 * ends: only explorers keep histories, and one that forgot something would tell less than the truth.
 */
#ifndef WORLD_SIM_HISTORY_H
#define WORLD_SIM_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

struct history_party {
    uint64_t name;
    uint64_t hash; /* of what it has met with */
    uint64_t made; /* objects and parties that came of it */
};

/* Whose an object or a timer is. */
struct history_object {
    uint64_t name; /* 0: not known */
    size_t party;
};

struct history_objects {
    struct history_object *list;
    size_t capacity;
};

struct history {
    struct history_party *parties;
    size_t party_count;
    size_t party_capacity;
    struct history_objects objects; /* by ordinal */
    struct history_objects timers;  /* by sequence */
    size_t acting;                  /* the party that makes downcalls now */
    size_t outside;                 /* the one that does so between upcalls */
};

void history_begin(struct history *history);
void history_release(struct history *history);

/* The party of that number is the one that acts from here on, between upcalls. */
void history_set_party(struct history *history, uint32_t number);
/* Who acts becomes a new party, which knows what the old one knew; until history_upcall_end(). */
void history_part(struct history *history);

/* Something with that ordinal, or a timer with that sequence, is made by the party that acts. */
void history_add_object(struct history *history, uint64_t ordinal);
void history_add_timer(struct history *history, uint64_t sequence);

/* What happened to whom, in words of the caller: each changes the party's hash. */
void history_note(struct history *history, uint64_t word, int64_t result);
void history_note_object(struct history *history, uint64_t ordinal, uint64_t word, int64_t result);
void history_note_timer(struct history *history, uint64_t sequence, uint64_t word, int64_t result);
void history_note_bytes(struct history *history, uint64_t ordinal, const void *data, size_t size);

/* An upcall to the owner of the object, or of the timer, begins: its party acts. */
void history_upcall_object(struct history *history, uint64_t ordinal);
void history_upcall_timer(struct history *history, uint64_t sequence);

static inline void history_upcall_end(struct history *history)
{
    history->acting = history->outside;
}

/* 0 where it is not known. */
uint64_t history_object_name(const struct history *history, uint64_t ordinal);
uint64_t history_timer_name(const struct history *history, uint64_t sequence);

/* Of all parties together, in whatever order they came up. */
uint64_t history_hash(const struct history *history);

#endif
