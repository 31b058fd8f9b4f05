#include "world/sim/sim.h"

#include <errno.h>
#include <stdlib.h>

#include "world/sim/state.h"

enum { SPIN_PASSES = 16 }; /* calls of everything that is ready, to no effect, before time passes */

static const struct world_ops sim_world_ops;

/* ---- life -------------------------------------------------------------------------------------- */

static size_t or_default(size_t value, size_t otherwise)
{
    return value != 0 ? value : otherwise;
}

/* splitmix64 (Steele, Lea, Flood 2014): every seed is a good one, also 0. */
uint64_t sim_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static void begin(struct sim *sim, const struct sim_options *options)
{
    uint64_t seeds = options->seed;

    sim->options = *options;
    sim->options.sndbuf_bytes = or_default(options->sndbuf_bytes, SIM_SNDBUF_BYTES);
    sim->options.rcvbuf_bytes = or_default(options->rcvbuf_bytes, SIM_RCVBUF_BYTES);
    sim->options.streams_max = or_default(options->streams_max, SIM_STREAMS_MAX);
    sim->random_state = sim_draw(&seeds);
    sim->shape_state = sim_draw(&seeds);
    sim->now_ns = SIM_START_NS;
    sim->steps = 0;
    sim->idle = 0;
    sim->idle_steps = 0;
    sim->hash = 0;
    sim->shape = 0;
    sim->ordinal_next = 0;
    sim->stream_count = 0;
    sim->in_upcall = false;
    sim->starving = false;
    sim->arrival_turn = (struct agenda_item){.kind = AGENDA_ARRIVAL};
    sim->timer_turn = (struct agenda_item){.kind = AGENDA_TIMER};
    sim->flights.first = 0;
    sim->flights.count = 0;
    sim->choices = 0;
    sim->history = options->order != NULL ? &sim->history_kept : NULL;
    if (sim->history != NULL)
        history_begin(sim->history);
    agenda_init(&sim->agenda);
    timer_queue_forget(&sim->timers);
    sim_link_forget_all(sim);
    sim_listener_forget_all(sim);
    sim_name_forget_all(sim);
}

struct world *sim_create(const struct sim_options *options)
{
    struct sim *sim = calloc(1, sizeof(*sim));

    if (sim == NULL)
        return NULL;
    sim->world.ops = &sim_world_ops;
    sim->world.now_ns = &sim->now_ns;
    sim->tag = SIM_TAG;
    timer_queue_init(&sim->timers);
    begin(sim, options);
    return &sim->world;
}

void sim_destroy(struct world **world)
{
    struct sim *sim;

    if (*world == NULL)
        return;
    sim = sim_of(*world);
    sim_reset(*world, 0);
    sim_link_release_free(sim);
    sim_listener_release_free(sim);
    sim_name_release(sim);
    sim_network_release(sim);
    timer_queue_release(&sim->timers);
    history_release(&sim->history_kept);
    sim->tag = 0;
    free(sim);
    *world = NULL;
}

void sim_reset(struct world *world, uint64_t seed)
{
    struct sim_options options = sim_of(world)->options;

    options.seed = seed;
    begin(sim_of(world), &options);
}

void sim_configure(struct world *world, const struct sim_options *options)
{
    struct sim_options copy = *options;

    begin(sim_of(world), &copy);
}

/* ---- turns ------------------------------------------------------------------------------------- */

/*
 * What is due at this moment asks for its turn. Timers wait until nothing more arrives at their
 * moment, so that an answer that comes just in time is in time.
 */
static void schedule_due(struct sim *sim)
{
    if (sim_network_due(sim) <= sim->now_ns)
        agenda_add(&sim->agenda, &sim->arrival_turn);
    else if (timer_queue_due(&sim->timers) <= sim->now_ns)
        agenda_add(&sim->agenda, &sim->timer_turn);
}

static void call_timer(struct sim *sim)
{
    struct timer *timer = timer_queue_take_due(&sim->timers, sim->now_ns);

    if (timer == NULL)
        return; /* it was stopped or moved while its turn came */
    sim_upcall_begin(sim, NOTED_UPCALL_TIMER, timer->sequence, 0);
    sim_stir(sim);
    timer->on_time(timer);
    sim_upcall_end(sim);
}

/* In the order in which they asked, unless an order says otherwise. */
static struct agenda_item *take_next(struct sim *sim)
{
    return sim->options.order == NULL ? agenda_take(&sim->agenda, 0) : sim_choice_take(sim);
}

static void take_turn(struct sim *sim, struct agenda_item *item)
{
    switch (item->kind) {
    case AGENDA_ARRIVAL:
        sim_network_arrive(sim);
        break;
    case AGENDA_TIMER:
        call_timer(sim);
        break;
    case AGENDA_LISTENER:
        sim_listener_call(
            (struct sim_listener *)((char *)item - offsetof(struct sim_listener, item)));
        break;
    case AGENDA_STREAM:
        sim_side_call((struct sim_side *)((char *)item - offsetof(struct sim_side, item)));
        break;
    }
}

/* True when everything that is ready was called and nobody did anything about it. */
static bool is_idle(const struct sim *sim)
{
    return sim->idle >= sim->agenda.count * SPIN_PASSES;
}

/*
 * Jumps to the next moment at which anything is due, if that is not past until. When nothing is due
 * ever, those that spin go on spinning.
 */
static bool jump(struct sim *sim, uint64_t until_ns, enum run_end *end)
{
    uint64_t arrival_ns = sim_network_due(sim);
    uint64_t timer_ns = timer_queue_due(&sim->timers);
    uint64_t next_ns = arrival_ns < timer_ns ? arrival_ns : timer_ns;

    if (next_ns == TIME_NEVER && sim->agenda.count == 0) {
        *end = RUN_QUIESCENT;
        return false;
    }
    sim->idle = 0;
    if (next_ns == TIME_NEVER && until_ns == TIME_NEVER)
        return true;
    if (next_ns > until_ns) {
        sim->now_ns = until_ns;
        *end = RUN_UNTIL;
        return false;
    }
    if (next_ns > sim->now_ns)
        sim->now_ns = next_ns;
    return true;
}

static enum run_end run_now(struct world *world, uint64_t steps_max, uint64_t until_ns)
{
    struct sim *sim = sim_of(world);
    uint64_t steps_begun = sim->steps;
    enum run_end end;

    check(!sim->in_upcall);
    while (sim->now_ns <= until_ns) {
        if (sim->steps - steps_begun >= steps_max)
            return RUN_STEPS;
        schedule_due(sim);
        if (!is_idle(sim))
            take_turn(sim, take_next(sim));
        else if (!jump(sim, until_ns, &end))
            return end;
    }
    return RUN_UNTIL;
}

/* ---- clock, randomness, timers ----------------------------------------------------------------- */

static uint64_t now_ns(struct world *world)
{
    return sim_of(world)->now_ns;
}

static uint64_t draw_random(struct world *world)
{
    struct sim *sim = sim_of(world);
    uint64_t drawn = sim_draw(&sim->random_state);

    sim_note(sim, NOTED_RANDOM, 0, (int64_t)drawn);
    return drawn;
}

static void set_timer(struct world *world, struct timer *timer, uint64_t at_ns)
{
    struct sim *sim = sim_of(world);

    sim_stir(sim);
    timer_queue_set(&sim->timers, timer, at_ns);
    sim_note(sim, NOTED_TIMER_SET, timer->sequence, (int64_t)at_ns);
}

static void stop_timer(struct world *world, struct timer *timer)
{
    struct sim *sim = sim_of(world);

    if (!timer_is_set(timer))
        return;
    sim_stir(sim);
    sim_note(sim, NOTED_TIMER_STOP, timer->sequence, 0);
    timer_queue_stop(&sim->timers, timer);
}

/* ---- dialling ---------------------------------------------------------------------------------- */

static int start_dial(struct sim *sim, struct stream *stream, const struct address *address)
{
    struct sim_link *link;

    if (sim->stream_count >= sim->options.streams_max)
        return -EMFILE;
    link = sim_link_take(sim);
    if (link == NULL)
        return -ENOMEM;
    link->address = *address;
    link->sides[0].wanted = STREAM_OPEN;
    sim_link_open(&link->sides[0], stream);
    sim_network_send(&link->sides[0], FLIGHT_DIAL, 0);
    return 0;
}

static int connect_now(struct world *world, struct stream *stream, const struct address *address)
{
    struct sim *sim = sim_of(world);
    int result = start_dial(sim, stream, address);

    sim_note(sim, NOTED_CONNECT, address->port, result);
    return result;
}

static const struct world_ops sim_world_ops = {
    .now = now_ns,
    .random = draw_random,
    .timer_set = set_timer,
    .timer_stop = stop_timer,
    .resolve = sim_name_resolve,
    .resolve_cancel = sim_name_cancel,
    .listen = sim_listener_start,
    .accept = sim_listener_accept,
    .unlisten = sim_listener_stop,
    .connect = connect_now,
    .run = run_now,
};

/* ---- questions --------------------------------------------------------------------------------- */

static const struct sim *sim_of_const(const struct world *world)
{
    const struct sim *sim = (const struct sim *)(const void *)world;

    check(sim->tag == SIM_TAG);
    return sim;
}

uint64_t sim_steps(const struct world *world)
{
    return sim_of_const(world)->steps;
}

bool sim_is_ordered(const struct world *world)
{
    return sim_of_const(world)->history != NULL;
}

uint64_t sim_idle_steps(const struct world *world)
{
    return sim_of_const(world)->idle_steps;
}

uint64_t sim_trace_hash(const struct world *world)
{
    return sim_of_const(world)->hash;
}

uint64_t sim_shape_hash(const struct world *world)
{
    return sim_of_const(world)->shape;
}

void sim_world_census(const struct world *world, struct sim_census *out)
{
    const struct sim *sim = sim_of_const(world);

    *out = (struct sim_census){.streams = sim->stream_count,
                               .listeners = sim->listener_count,
                               .timers = sim->timers.count,
                               .queries = sim->query_count};
    for (const struct sim_query *at = sim->queries_live; at != NULL; at = at->next)
        if (timer_is_set(&at->timer))
            out->timers--; /* a query's own, not the program's */
}
