/*
 * What may come next where an order is given: the things on the agenda in their order, then, for each further end of a
 * connection at which something arrives now, the first of that. Dials to one address arrive as they were made, since who tells
 * connections by their number relies on it in every world.
 */
#include "world/sim/state.h"

/* Where a flight arrives: a dial at the end that it makes, since what follows it there must not overtake it. */
static struct sim_side *end_of(const struct flight *flight)
{
    return flight->kind == FLIGHT_DIAL ? flight->to->peer : flight->to;
}

/* An earlier dial goes to the same address. */
static bool is_later_dial(const struct flight_queue *queue, size_t place)
{
    const struct flight *dial = flight_at(queue, place);

    for (size_t i = 0; i < place && dial->kind == FLIGHT_DIAL; i++)
        if (flight_at(queue, i)->kind == FLIGHT_DIAL &&
            address_equal(&flight_at(queue, i)->to->link->address, &dial->to->link->address))
            return true;
    return false;
}

/*
 * Counts the ends at which something may arrive next. Where it has counted up to most, *place is the flight that is first to
 * come to the last of them.
 */
static size_t count_ends(struct sim *sim, size_t most, size_t *place)
{
    const struct flight_queue *queue = &sim->flights;
    size_t count = 0;

    sim->choices++;
    for (size_t i = 0; i < queue->count && count < most; i++) {
        struct sim_side *end = end_of(flight_at(queue, i));

        if (flight_at(queue, i)->due_ns > sim->now_ns)
            break;
        if (end->mark != sim->choices && !is_later_dial(queue, i)) {
            *place = i;
            count++;
        }
        end->mark = sim->choices;
    }
    return count;
}

/* The flight at this place becomes the next one. Those before it go elsewhere, so it overtakes none for the same end. */
static void bring_forward(const struct flight_queue *queue, size_t place)
{
    const struct flight flight = *flight_at(queue, place);

    for (; place > 0; place--)
        *flight_at(queue, place) = *flight_at(queue, place - 1);
    *flight_at(queue, 0) = flight;
}

struct agenda_item *sim_choice_take(struct sim *sim)
{
    size_t flight = 0;
    size_t ends = count_ends(sim, SIZE_MAX, &flight);
    size_t count = sim->agenda.count + (ends > 0 ? ends - 1 : 0);
    size_t choice = count == 1 ? 0 : sim->options.order(sim->options.order_owner, count);

    check(choice < count);
    if (choice < sim->agenda.count)
        return agenda_take(&sim->agenda, choice);
    count_ends(sim, choice - sim->agenda.count + 2, &flight);
    bring_forward(&sim->flights, flight);
    agenda_remove(&sim->agenda, &sim->arrival_turn);
    return &sim->arrival_turn;
}
