#include "world/sim/history.h"

#include <stdlib.h>
#include <string.h>

#include "world/sim/fingerprint.h"
#include "world/sim/sim.h"

enum {
    PARTIES_FIRST = 16,  /* a proxy, a client and an upstream's connections */
    OBJECTS_FIRST = 128, /* what they make in one exchange */
};

/* A party that was made by another is named as an object of that one; this keeps it apart from those with a number. */
#define NUMBERED 0x70617274790000ull

/* ---- parties ----------------------------------------------------------------------------------- */

static size_t add_party(struct history *history, uint64_t name, uint64_t hash)
{
    if (history->party_count == history->party_capacity) {
        size_t capacity =
            history->party_capacity == 0 ? PARTIES_FIRST : 2 * history->party_capacity;
        struct history_party *grown = realloc(history->parties, capacity * sizeof(*grown));

        check(grown != NULL);
        history->parties = grown;
        history->party_capacity = capacity;
    }
    history->parties[history->party_count] =
        (struct history_party){.name = name, .hash = fingerprint_word(hash, name)};
    return history->party_count++;
}

void history_begin(struct history *history)
{
    history->party_count = 0;
    if (history->objects.capacity > 0)
        memset(history->objects.list, 0,
               history->objects.capacity * sizeof(*history->objects.list));
    if (history->timers.capacity > 0)
        memset(history->timers.list, 0, history->timers.capacity * sizeof(*history->timers.list));
    history_set_party(history, SIM_PARTY_FIRST);
}

void history_release(struct history *history)
{
    free(history->parties);
    free(history->objects.list);
    free(history->timers.list);
    *history = (struct history){0};
}

void history_set_party(struct history *history, uint32_t number)
{
    uint64_t name = fingerprint_word(NUMBERED, number);
    size_t at = 0;

    while (at < history->party_count && history->parties[at].name != name)
        at++;
    if (at == history->party_count)
        at = add_party(history, name, 0);
    history->outside = at;
    history->acting = at;
}

/* The next of what came of the party that acts. */
static uint64_t next_name(struct history *history)
{
    struct history_party *party = &history->parties[history->acting];

    return fingerprint_word(fingerprint_word(party->name, ++party->made), party->name);
}

void history_part(struct history *history)
{
    uint64_t name = next_name(history);

    history->acting = add_party(history, name, history->parties[history->acting].hash);
}

/* ---- objects ----------------------------------------------------------------------------------- */

static void make_room(struct history_objects *objects, uint64_t number)
{
    size_t capacity = objects->capacity == 0 ? OBJECTS_FIRST : objects->capacity;
    struct history_object *grown;

    if (number < objects->capacity)
        return;
    while (capacity <= number)
        capacity *= 2;
    grown = realloc(objects->list, capacity * sizeof(*grown));
    check(grown != NULL);
    memset(grown + objects->capacity, 0, (capacity - objects->capacity) * sizeof(*grown));
    objects->list = grown;
    objects->capacity = capacity;
}

static void add(struct history *history, struct history_objects *objects, uint64_t number)
{
    make_room(objects, number);
    objects->list[number] =
        (struct history_object){.name = next_name(history), .party = history->acting};
}

void history_add_object(struct history *history, uint64_t ordinal)
{
    add(history, &history->objects, ordinal);
}

void history_add_timer(struct history *history, uint64_t sequence)
{
    add(history, &history->timers, sequence);
}

/* What nobody made, as a world's own doings, is of the party that acts. */
static struct history_object object_of(const struct history *history,
                                       const struct history_objects *objects, uint64_t number)
{
    if (number < objects->capacity && objects->list[number].name != 0)
        return objects->list[number];
    return (struct history_object){.name = 0, .party = history->acting};
}

uint64_t history_object_name(const struct history *history, uint64_t ordinal)
{
    return object_of(history, &history->objects, ordinal).name;
}

uint64_t history_timer_name(const struct history *history, uint64_t sequence)
{
    return object_of(history, &history->timers, sequence).name;
}

/* ---- what happens ------------------------------------------------------------------------------ */

static void note(struct history *history, struct history_object object, uint64_t word,
                 int64_t result)
{
    struct history_party *party = &history->parties[object.party];

    party->hash = fingerprint_word(party->hash, word);
    party->hash = fingerprint_word(party->hash, object.name);
    party->hash = fingerprint_word(party->hash, (uint64_t)result);
}

void history_note(struct history *history, uint64_t word, int64_t result)
{
    note(history, (struct history_object){.party = history->acting}, word, result);
}

void history_note_object(struct history *history, uint64_t ordinal, uint64_t word, int64_t result)
{
    note(history, object_of(history, &history->objects, ordinal), word, result);
}

void history_note_timer(struct history *history, uint64_t sequence, uint64_t word, int64_t result)
{
    note(history, object_of(history, &history->timers, sequence), word, result);
}

void history_note_bytes(struct history *history, uint64_t ordinal, const void *data, size_t size)
{
    struct history_object object = object_of(history, &history->objects, ordinal);
    struct history_party *party = &history->parties[object.party];

    party->hash = fingerprint_bytes(party->hash, data, size);
}

void history_upcall_object(struct history *history, uint64_t ordinal)
{
    history->acting = object_of(history, &history->objects, ordinal).party;
}

void history_upcall_timer(struct history *history, uint64_t sequence)
{
    history->acting = object_of(history, &history->timers, sequence).party;
}

uint64_t history_hash(const struct history *history)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < history->party_count; i++) {
        const struct history_party *party = &history->parties[i];

        sum += fingerprint_scatter(
            fingerprint_word(fingerprint_word(party->hash, party->name), party->made));
    }
    return sum;
}
