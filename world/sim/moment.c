/*
 * Where there is an order: what parties meet with, and the hash of all that the rest of a run follows from.
 *
 * Sets are hashed by sums, so that it does not matter in which order their members came up. Times are absolute: what a party
 * met with has its time, so states at different times are different anyway.
 */
#include "world/sim/sim.h"
#include "world/sim/state.h"

/* ---- what parties meet with -------------------------------------------------------------------- */

void sim_note_to_party(struct sim *sim, uint64_t what, uint64_t ordinal, int64_t result)
{
    struct history *history = sim->history;
    uint64_t word = what << 56 ^ sim->now_ns;

    switch ((enum sim_noted)what) {
    case NOTED_TIME:
        return; /* it is in every word */
    case NOTED_UPCALL_TIMER:
        history_upcall_timer(history, ordinal);
        history_note_timer(history, ordinal, word, result);
        return;
    case NOTED_UPCALL_STREAM:
    case NOTED_UPCALL_LISTENER:
        history_upcall_object(history, ordinal);
        history_note_object(history, ordinal, word, result);
        return;
    case NOTED_TIMER_SET:
        history_add_timer(history, ordinal);
        history_note(history, word, result);
        return;
    case NOTED_TIMER_STOP:
        history_note_timer(history, ordinal, word, result);
        return;
    case NOTED_RANDOM:
    case NOTED_RESOLVE:
    case NOTED_LISTEN:
    case NOTED_CONNECT:
        history_note(history, word ^ ordinal << 40, result); /* a port stands for an ordinal */
        return;
    case NOTED_UPCALL_QUERY:
    case NOTED_RESOLVE_CANCEL:
    case NOTED_ACCEPT:
    case NOTED_UNLISTEN:
    case NOTED_STATUS:
    case NOTED_READ:
    case NOTED_WRITE:
    case NOTED_SHUT:
    case NOTED_CLOSE:
    case NOTED_WANT:
        history_note_object(history, ordinal, word, result);
        return;
    }
}

void sim_set_party(struct world *world, uint32_t number)
{
    struct sim *sim = sim_of(world);

    check(!sim->in_upcall);
    if (sim->history != NULL)
        history_set_party(sim->history, number);
}

void sim_tell_party(struct world *world, uint64_t word)
{
    struct sim *sim = sim_of(world);

    if (sim->history != NULL)
        history_note(sim->history, sim->now_ns, (int64_t)word);
}

/* ---- the hash of a state ----------------------------------------------------------------------- */

/* Dials to the same address that arrive before this one. */
static uint64_t dials_before(const struct flight_queue *queue, size_t place)
{
    const struct sim_link *link = flight_at(queue, place)->to->link;
    uint64_t count = 0;

    for (size_t i = 0; i < place; i++)
        count += flight_at(queue, i)->kind == FLIGHT_DIAL &&
                 address_equal(&flight_at(queue, i)->to->link->address, &link->address);
    return count;
}

/* What is on its way to each end, in its order: no end's depends on how those of others were sent, but for dials. */
static void mark_ways(struct sim *sim)
{
    const struct flight_queue *queue = &sim->flights;

    for (struct sim_link *link = sim->links_live; link != NULL; link = link->next) {
        link->sides[0].mark = 0;
        link->sides[1].mark = 0;
    }
    for (size_t i = 0; i < queue->count; i++) {
        const struct flight *flight = flight_at(queue, i);
        bool dials = flight->kind == FLIGHT_DIAL;
        struct sim_side *end = dials ? flight->to->peer : flight->to;
        uint64_t count = dials ? dials_before(queue, i) : flight->count;

        end->mark = fingerprint_word(end->mark, flight->due_ns);
        end->mark = fingerprint_word(end->mark, (uint64_t)flight->kind << 56 ^ count);
    }
}

static uint64_t hash_side(uint64_t hash, const struct history *history, const struct sim_side *side)
{
    const struct pipe *in = &side->in;
    const uint64_t words[] = {
        history_object_name(history, side->ordinal),
        (uint64_t)side->state << 32 ^ side->wanted << 16 ^ side->told << 8 ^
            (side->stream != NULL ? 4u : 0) ^ (side->shut ? 2u : 0) ^ (side->reset_sent ? 1u : 0),
        (uint64_t)side->error,
        in->taken,
        in->arrived,
        in->sent,
        in->written,
        (in->end_asked ? 4u : 0) ^ (in->end_sent ? 2u : 0) ^ (in->end_arrived ? 1u : 0),
        side->mark,
    };

    for (size_t i = 0; i < COUNT_OF(words); i++)
        hash = fingerprint_word(hash, words[i]);
    return hash;
}

static uint64_t hash_links(const struct sim *sim)
{
    uint64_t sum = 0;

    for (const struct sim_link *link = sim->links_live; link != NULL; link = link->next)
        sum += fingerprint_scatter(
            hash_side(hash_side(0, sim->history, &link->sides[0]), sim->history, &link->sides[1]));
    return sum;
}

static uint64_t hash_listeners(const struct sim *sim)
{
    uint64_t sum = 0;

    for (const struct sim_listener *at = sim->listeners_live; at != NULL; at = at->next) {
        uint64_t hash = history_object_name(sim->history, at->ordinal);

        hash = fingerprint_word(hash, (uint64_t)at->failures_left << 32 ^ at->answered);
        hash = fingerprint_word(hash, at->starved ? 1 : 0);
        for (const struct sim_link *link = at->waiting_first; link != NULL;
             link = link->waiting_next)
            hash =
                fingerprint_word(hash, history_object_name(sim->history, link->sides[0].ordinal));
        sum += fingerprint_scatter(hash);
    }
    return sum;
}

static uint64_t hash_agenda(const struct sim *sim)
{
    uint64_t sum = 0;

    for (const struct agenda_item *item = sim->agenda.ring.next; item != &sim->agenda.ring;
         item = item->next) {
        uint64_t name = 0;

        if (item->kind == AGENDA_LISTENER)
            name = history_object_name(
                sim->history, ((const struct sim_listener *)((const char *)item -
                                                             offsetof(struct sim_listener, item)))
                                  ->ordinal);
        else if (item->kind == AGENDA_STREAM)
            name = history_object_name(
                sim->history,
                ((const struct sim_side *)((const char *)item - offsetof(struct sim_side, item)))
                    ->ordinal);
        sum += fingerprint_scatter(fingerprint_word(name, item->kind));
    }
    return sum;
}

/* Those that are due at one moment fire in the order in which they were set. */
static uint64_t hash_timers(const struct sim *sim)
{
    const struct timer_queue *queue = &sim->timers;
    uint64_t sum = 0;

    for (size_t i = 0; i < queue->count; i++) {
        const struct timer *timer = queue->heap[i];
        uint64_t name = history_timer_name(sim->history, timer->sequence);
        uint64_t before = 0;

        for (size_t j = 0; j < queue->count; j++)
            before +=
                queue->heap[j]->at_ns == timer->at_ns && queue->heap[j]->sequence < timer->sequence;
        sum += fingerprint_scatter(fingerprint_word(fingerprint_word(name, timer->at_ns), before));
    }
    return sum;
}

/* Their answers; when these come their timers say. */
static uint64_t hash_queries(const struct sim *sim)
{
    uint64_t sum = 0;

    for (const struct sim_query *at = sim->queries_live; at != NULL; at = at->next) {
        uint64_t hash = history_object_name(sim->history, at->ordinal);

        hash = fingerprint_word(hash, (uint64_t)at->status << 32 ^ at->address_count);
        for (size_t i = 0; i < at->address_count; i++)
            hash = fingerprint_bytes(hash, at->addresses[i].bytes, sizeof(at->addresses[i].bytes));
        sum += fingerprint_scatter(hash);
    }
    return sum;
}

uint64_t sim_state_hash(struct world *world)
{
    struct sim *sim = sim_of(world);
    uint64_t hash = fingerprint_word(sim->now_ns, sim->idle);

    check(sim->history != NULL);
    check(!sim->in_upcall);
    mark_ways(sim);
    hash = fingerprint_word(hash, sim->random_state);
    hash = fingerprint_word(hash, sim->shape_state);
    hash = fingerprint_word(hash, history_hash(sim->history));
    hash = fingerprint_word(hash, hash_links(sim));
    hash = fingerprint_word(hash, hash_listeners(sim));
    hash = fingerprint_word(hash, hash_agenda(sim));
    hash = fingerprint_word(hash, hash_timers(sim));
    return fingerprint_word(hash, hash_queries(sim));
}
