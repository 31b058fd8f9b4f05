#include <stdlib.h>

#include "world/sim/state.h"

enum { FLIGHTS_FIRST = 64 }; /* more than one exchange ever has on its way */

/*
 * A queue that cannot grow ends the program: a case that has so much on its way that memory runs out
 * is not one that anybody wrote on purpose, and every limit of the program under test lies below.
 */
static void grow(struct flight_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? FLIGHTS_FIRST : queue->capacity * 2;
    struct flight *ring = malloc(capacity * sizeof(*ring));

    check(ring != NULL);
    for (size_t i = 0; i < queue->count; i++)
        ring[i] = queue->ring[(queue->first + i) & (queue->capacity - 1)];
    free(queue->ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->first = 0;
}

void sim_network_release(struct sim *sim)
{
    free(sim->flights.ring);
    sim->flights = (struct flight_queue){0};
}

uint64_t sim_network_due(const struct sim *sim)
{
    return sim->flights.count == 0 ? TIME_NEVER : sim->flights.ring[sim->flights.first].due_ns;
}

void sim_network_send(struct sim_side *to, enum flight_kind kind, uint64_t count)
{
    struct sim *sim = to->link->sim;
    struct flight_queue *queue = &sim->flights;

    if (queue->count == queue->capacity)
        grow(queue);
    queue->ring[(queue->first + queue->count) & (queue->capacity - 1)] = (struct flight){
        .due_ns = sim->now_ns + sim->options.latency_ns, .to = to, .count = count, .kind = kind};
    queue->count++;
    to->link->flights++;
    sim_stir(sim);
}

/* The last flight to that side that began at this moment; NULL: there is none. */
static struct flight *last_to(const struct sim *sim, const struct sim_side *to)
{
    const struct flight_queue *queue = &sim->flights;

    for (size_t i = queue->count; i > 0; i--) {
        struct flight *flight = &queue->ring[(queue->first + i - 1) & (queue->capacity - 1)];

        if (flight->due_ns != sim->now_ns + sim->options.latency_ns)
            return NULL;
        if (flight->to == to)
            return flight;
    }
    return NULL;
}

/*
 * They go with the last flight for the same reader, so that small windows do not stay small; whatever else was sent behind that,
 * so that what becomes of one connection does not depend on what others do meanwhile.
 */
void sim_network_send_held_back(struct sim_side *to, uint64_t count)
{
    struct flight *last = last_to(to->link->sim, to);

    if (last == NULL || last->kind != FLIGHT_BYTES) {
        sim_network_send(to, FLIGHT_BYTES, count);
        return;
    }
    last->count += count;
    sim_stir(to->link->sim);
}

/* The answer to a dial: connected, whoever may accept it later. */
static void open_dialler(struct sim_side *side)
{
    if (side->state != SIDE_CONNECTING)
        return; /* its owner gave up in the meantime and has told the other side */
    side->state = SIDE_OPEN;
    sim_side_send_bytes(side->peer);
    sim_side_touch(side);
}

static void fail_dialler(struct sim_side *side, int error)
{
    if (side->state != SIDE_CONNECTING)
        return;
    side->state = SIDE_FAILED;
    side->error = error;
    sim_side_touch(side);
}

/* Bytes for a side that is closed are answered with RST, RFC 9293 3.10.7.4. */
static void arrive_bytes(struct sim_side *to, uint64_t count)
{
    if (to->state == SIDE_CLOSED) {
        if (!to->reset_sent)
            sim_network_send(to->peer, FLIGHT_RST, 0);
        to->reset_sent = true;
        return;
    }
    if (to->error != 0)
        return;
    to->in.arrived += count;
    check(to->in.arrived <= to->in.sent);
    sim_side_touch(to);
    sim_side_touch(to->peer);
}

static void arrive_fin(struct sim_side *to)
{
    if (to->state == SIDE_CLOSED || to->error != 0)
        return;
    to->in.end_arrived = true;
    sim_side_touch(to);
}

static void arrive(const struct flight *flight, struct sim *sim)
{
    switch (flight->kind) {
    case FLIGHT_DIAL:
        sim_listener_take_dial(sim, flight->to->link);
        break;
    case FLIGHT_OPENED:
        open_dialler(flight->to);
        break;
    case FLIGHT_FAILED:
        fail_dialler(flight->to, (int)flight->count);
        break;
    case FLIGHT_BYTES:
        arrive_bytes(flight->to, flight->count);
        break;
    case FLIGHT_FIN:
        arrive_fin(flight->to);
        break;
    case FLIGHT_RST:
        sim_side_reset(flight->to);
        break;
    }
}

/* Delivers the next flight, or a segment of it: what is left of its bytes stays the next. */
void sim_network_arrive(struct sim *sim)
{
    struct flight_queue *queue = &sim->flights;
    struct flight *first = &queue->ring[queue->first];
    struct flight now = *first;
    size_t segment = sim->options.segment_bytes;
    struct sim_link *link = now.to->link;

    check(queue->count > 0);
    check(now.due_ns <= sim->now_ns);
    sim_stir(sim);
    if (now.kind == FLIGHT_BYTES && segment != 0 && now.count > segment) {
        now.count = segment;
        first->count -= segment;
        arrive(&now, sim);
        return;
    }
    queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->count--;
    link->flights--;
    arrive(&now, sim);
    sim_link_give_if_done(link);
}
