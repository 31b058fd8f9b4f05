#include <errno.h>
#include <stdlib.h>

#include "world/sim/state.h"

enum {
    PORT_FIRST = 49152, /* the dynamic ports, RFC 6335 6 */
    PORT_LAST = 65535,
};

static struct sim_listener *listener_at(const struct sim *sim, const struct address *address)
{
    for (struct sim_listener *at = sim->listeners_live; at != NULL; at = at->next)
        if (address_equal(&at->address, address))
            return at;
    return NULL;
}

static struct sim_listener *listener_of(struct listener *listener)
{
    struct sim_listener *at = object_cast(listener->impl, SIM_LISTENER_TAG);

    check(at->listener == listener);
    return at;
}

/* ---- waiting connections ----------------------------------------------------------------------- */

static void touch(struct sim_listener *at)
{
    if (at->answered > 0 && !at->starved)
        agenda_add(&at->sim->agenda, &at->item);
}

/* Answers those that wait as far as the backlog goes; Linux too lets a backlog of 0 hold one. */
static void answer_waiting(struct sim_listener *at)
{
    uint32_t most = at->backlog > 0 ? at->backlog : 1;

    while (at->unanswered != NULL && at->answered < most) {
        sim_network_send(&at->unanswered->sides[0], FLIGHT_OPENED, 0);
        at->unanswered = at->unanswered->waiting_next;
        at->answered++;
    }
    touch(at);
}

static void enqueue(struct sim_listener *at, struct sim_link *link)
{
    link->sides[1].state = SIDE_OPEN;
    link->waiting_next = NULL;
    if (at->waiting_first == NULL)
        at->waiting_first = link;
    else
        at->waiting_last->waiting_next = link;
    at->waiting_last = link;
    if (at->unanswered == NULL)
        at->unanswered = link;
    answer_waiting(at);
}

static struct sim_link *dequeue(struct sim_listener *at)
{
    struct sim_link *link = at->waiting_first;

    at->waiting_first = link->waiting_next;
    if (at->unanswered == link)
        at->unanswered = link->waiting_next;
    else
        at->answered--;
    return link;
}

/* What comes of a dial to this address now. */
static void fail_dial(struct sim_link *link, enum sim_dial_failure how)
{
    if (how != SIM_DIAL_DROPPED)
        sim_network_send(&link->sides[0], FLIGHT_FAILED,
                         how == SIM_DIAL_REFUSED ? ECONNREFUSED : EHOSTUNREACH);
}

void sim_listener_take_dial(struct sim *sim, struct sim_link *link)
{
    struct sim_listener *at = listener_at(sim, &link->address);

    if (at == NULL || at->mode == LISTEN_REFUSED) {
        fail_dial(link, SIM_DIAL_REFUSED);
    } else if (at->mode == LISTEN_BLACKHOLE) {
        fail_dial(link, SIM_DIAL_DROPPED);
    } else if (at->failures_left > 0) {
        if (at->failures_left != SIM_EVERY_DIAL)
            at->failures_left--;
        fail_dial(link, at->failure);
    } else {
        enqueue(at, link);
    }
}

void sim_listener_call(struct sim_listener *at)
{
    struct sim *sim = at->sim;
    struct listener *listener = at->listener;

    sim_upcall_begin(sim, NOTED_UPCALL_LISTENER, at->ordinal, 0);
    listener->on_acceptable(listener);
    sim_upcall_end(sim);
    if (at->tag == SIM_LISTENER_TAG)
        touch(at);
}

/* A stream was closed: those that could not accept may try again. */
void sim_listener_feed_all(struct sim *sim)
{
    if (!sim->starving)
        return;
    sim->starving = false;
    for (struct sim_listener *at = sim->listeners_live; at != NULL; at = at->next) {
        at->starved = false;
        touch(at);
    }
}

/* ---- world_ops --------------------------------------------------------------------------------- */

static bool take_port(struct sim *sim, struct address *address)
{
    for (unsigned tries = 0; tries <= PORT_LAST - PORT_FIRST; tries++) {
        address->port = sim->port_next;
        sim->port_next = sim->port_next == PORT_LAST ? PORT_FIRST : (uint16_t)(sim->port_next + 1);
        if (listener_at(sim, address) == NULL)
            return true;
    }
    return false;
}

static struct sim_listener *take(struct sim *sim)
{
    struct sim_listener *at = sim->listeners_free;

    if (at == NULL)
        return malloc(sizeof(*at));
    sim->listeners_free = at->next;
    return at;
}

/* Last, so that who listens first is found first and the order is the program's own. */
static void add_last(struct sim *sim, struct sim_listener *at)
{
    struct sim_listener **link = &sim->listeners_live;

    while (*link != NULL)
        link = &(*link)->next;
    *link = at;
    at->next = NULL;
    sim->listener_count++;
}

static void remove_and_keep(struct sim *sim, struct sim_listener *at)
{
    struct sim_listener **link = &sim->listeners_live;

    while (*link != at)
        link = &(*link)->next;
    *link = at->next;
    at->tag = 0;
    at->next = sim->listeners_free;
    sim->listeners_free = at;
    sim->listener_count--;
}

static int start(struct sim *sim, struct listener *listener, const struct sim_listener *wanted)
{
    struct sim_listener *at = take(sim);

    if (at == NULL)
        return -ENOMEM;
    *at = *wanted;
    add_last(sim, at);
    listener->impl = at;
    return 0;
}

int sim_listener_start(struct world *world, struct listener *listener, struct address *address,
                       enum listen_mode mode, int backlog)
{
    struct sim *sim = sim_of(world);
    int result = 0;

    check(listener->impl == NULL);
    check(mode != LISTEN_OPEN || listener->on_acceptable != NULL);
    if (address->port == 0 ? !take_port(sim, address) : listener_at(sim, address) != NULL)
        result = -EADDRINUSE;
    else
        result = start(sim, listener,
                       &(struct sim_listener){.tag = SIM_LISTENER_TAG,
                                              .item.kind = AGENDA_LISTENER,
                                              .sim = sim,
                                              .listener = listener,
                                              .address = *address,
                                              .mode = mode,
                                              .backlog = backlog > 0 ? (uint32_t)backlog : 0,
                                              .ordinal = sim_ordinal(sim)});
    sim_note(sim, NOTED_LISTEN, address->port, result);
    return result;
}

static int accept_now(struct sim_listener *at, struct stream *stream)
{
    struct sim *sim = at->sim;
    struct sim_link *link;

    if (at->answered == 0)
        return -EAGAIN;
    if (sim->stream_count >= sim->options.streams_max) {
        at->starved = true;
        sim->starving = true;
        return -EMFILE;
    }
    sim_stir(sim);
    link = dequeue(at);
    if (at->parts && sim->history != NULL)
        history_part(sim->history);
    link->sides[1].told = STREAM_OPEN; /* an accepted stream is born open */
    sim_link_open(&link->sides[1], stream);
    answer_waiting(at);
    return 0;
}

int sim_listener_accept(struct world *world, struct listener *listener, struct stream *stream)
{
    struct sim *sim = sim_of(world);
    struct sim_listener *at = listener_of(listener);
    int result;

    check(at->sim == sim);
    result = accept_now(at, stream);
    sim_note(sim, NOTED_ACCEPT, at->ordinal, result);
    return result;
}

/* A dial that has its answer sees a reset; one that has not is refused, as its next SYN would be. */
static void refuse_waiting(struct sim_listener *at)
{
    while (at->waiting_first != NULL) {
        bool answered = at->waiting_first != at->unanswered;
        struct sim_link *link = dequeue(at);

        if (answered) {
            sim_side_close(&link->sides[1], STREAM_RST);
        } else {
            link->sides[1].state = SIDE_CLOSED;
            fail_dial(link, SIM_DIAL_REFUSED);
        }
        sim_link_give_if_done(link);
    }
}

void sim_listener_stop(struct world *world, struct listener *listener)
{
    struct sim *sim = sim_of(world);
    struct sim_listener *at = listener_of(listener);

    sim_note(sim, NOTED_UNLISTEN, at->ordinal, 0);
    sim_stir(sim);
    agenda_remove(&sim->agenda, &at->item);
    refuse_waiting(at);
    listener->impl = NULL;
    remove_and_keep(sim, at);
}

void sim_listener_fail_first(struct listener *listener, uint32_t count, enum sim_dial_failure how)
{
    struct sim_listener *at = listener_of(listener);

    at->failures_left = count;
    at->failure = how;
}

void sim_part_accepted(struct listener *listener)
{
    listener_of(listener)->parts = true;
}

/* ---- reset ------------------------------------------------------------------------------------- */

void sim_listener_forget_all(struct sim *sim)
{
    while (sim->listeners_live != NULL)
        remove_and_keep(sim, sim->listeners_live);
    sim->port_next = PORT_FIRST;
}

void sim_listener_release_free(struct sim *sim)
{
    while (sim->listeners_free != NULL) {
        struct sim_listener *at = sim->listeners_free;

        sim->listeners_free = at->next;
        free(at);
    }
}
