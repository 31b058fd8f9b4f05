/*
 * The hash of a state: it changes with every single thing that the future follows from, and with nothing that only tells in
 * which order independent parties took their turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/sim/sim.h"
#include "world/sim/state.h"

enum { PEERS = 2 };

struct stage;

struct peer {
    struct stage *stage;
    struct stream near, far;
    struct timer timer;
    struct query query;
};

/* Two clients, each with a server of its own; every one of the four is a party. */
struct stage {
    struct world *world;
    struct listener listeners[PEERS];
    struct address addresses[PEERS];
    struct peer peers[PEERS];
};

static size_t choose_first(void *owner, size_t count)
{
    (void)owner;
    (void)count;
    return 0;
}

static size_t choose_last(void *owner, size_t count)
{
    (void)owner;
    return count - 1;
}

static void on_event(struct stream *stream, unsigned events)
{
    char data[8];

    if ((events & STREAM_READ) != 0)
        (void)!stream_read(stream, data, sizeof(data));
    stream_want(stream, STREAM_READ);
}

static void ignore(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

static void on_time(struct timer *timer)
{
    (void)timer;
}

static void on_answer(struct query *query)
{
    (void)query;
}

static void on_acceptable(struct listener *listener)
{
    struct peer *peer = listener->owner;

    peer->far = (struct stream){.on_event = on_event, .owner = peer};
    if (world_accept(peer->stage->world, listener, &peer->far) == 0)
        stream_want(&peer->far, STREAM_READ);
}

static void set_party(struct stage *stage, size_t peer, bool is_server)
{
    sim_set_party(stage->world, (uint32_t)(2 * peer + 1 + (is_server ? 1 : 0)));
}

static void begin(struct stage *stage, sim_order *order)
{
    const struct sim_options options = {.order = order, .latency_ns = NS_PER_MS};

    stage->world = sim_create(&options);
    assert_non_null(stage->world);
    for (size_t i = 0; i < PEERS; i++) {
        struct peer *peer = &stage->peers[i];

        *peer = (struct peer){.stage = stage,
                              .near = {.on_event = on_event, .owner = peer},
                              .timer = {.on_time = on_time, .owner = peer},
                              .query = {.on_answer = on_answer, .owner = peer}};
        stage->addresses[i] = address_loopback((uint16_t)(1001 + i));
        stage->listeners[i] = (struct listener){.on_acceptable = on_acceptable, .owner = peer};
        set_party(stage, i, true);
        assert_int_equal(
            world_listen(stage->world, &stage->listeners[i], &stage->addresses[i], LISTEN_OPEN, 1),
            0);
    }
}

static void dial(struct stage *stage, size_t peer)
{
    set_party(stage, peer, false);
    assert_int_equal(world_connect(stage->world, &stage->peers[peer].near, &stage->addresses[peer]),
                     0);
}

static void say(struct stage *stage, size_t peer, const char *letter)
{
    struct iovec piece = {(void *)(uintptr_t)letter, 1};

    set_party(stage, peer, false);
    assert_int_equal(stream_write(&stage->peers[peer].near, &piece, 1), 1);
}

static void run(struct stage *stage)
{
    assert_int_equal(world_run(stage->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
}

/* ---- everything that matters ------------------------------------------------------------------- */

static struct sim_side *far_side(struct sim *sim)
{
    return &sim->links_live->sides[1];
}

#define TOUCH(name, statement)                \
    static void touch_##name(struct sim *sim) \
    {                                         \
        statement;                            \
    }

TOUCH(time, sim->now_ns++)
TOUCH(idle, sim->idle++)
TOUCH(randomness, sim->random_state++)
TOUCH(shape, sim->shape_state++)
TOUCH(party, sim->history->parties[1].hash++)
TOUCH(made, sim->history->parties[1].made++)
TOUCH(flight_due, flight_at(&sim->flights, 0)->due_ns++)
TOUCH(flight_kind, flight_at(&sim->flights, 0)->kind = FLIGHT_FIN)
TOUCH(flight_count, flight_at(&sim->flights, 0)->count++)
TOUCH(flight_end, flight_at(&sim->flights, 0)->to = flight_at(&sim->flights, 0)->to->peer)
TOUCH(flight_gone, sim->flights.count--)
TOUCH(state, far_side(sim)->state = SIDE_CLOSED)
TOUCH(stream, far_side(sim)->stream = NULL)
TOUCH(wanted, far_side(sim)->wanted ^= STREAM_WRITE)
TOUCH(told, far_side(sim)->told ^= STREAM_CLOSED)
TOUCH(error, far_side(sim)->error = 1)
TOUCH(shut, far_side(sim)->shut = true)
TOUCH(reset, far_side(sim)->reset_sent = true)
TOUCH(taken, far_side(sim)->in.taken++)
TOUCH(arrived, far_side(sim)->in.arrived++)
TOUCH(sent, far_side(sim)->in.sent++)
TOUCH(written, far_side(sim)->in.written++)
TOUCH(end_asked, far_side(sim)->in.end_asked = true)
TOUCH(end_sent, far_side(sim)->in.end_sent = true)
TOUCH(end_arrived, far_side(sim)->in.end_arrived = true)
TOUCH(failures, sim->listeners_live->failures_left++)
TOUCH(answered, sim->listeners_live->answered++)
TOUCH(starved, sim->listeners_live->starved = true)
TOUCH(waiting, sim->listeners_live->waiting_first = sim->links_live)
TOUCH(agenda, agenda_add(&sim->agenda, &far_side(sim)->item))
TOUCH(agenda_listener, agenda_add(&sim->agenda, &sim->listeners_live->item))
TOUCH(agenda_timer, agenda_add(&sim->agenda, &sim->timer_turn))
TOUCH(timer_due, sim->timers.heap[0]->at_ns++)
TOUCH(timer_order, sim->timers.heap[0]->at_ns = sim->timers.heap[1]->at_ns)
TOUCH(answer_status, sim->queries_live->status = QUERY_FAILED)
TOUCH(answer_count, sim->queries_live->address_count = 0)
TOUCH(answer_address, sim->queries_live->addresses[0].bytes[0]++)

struct touch_case {
    const char *name;
    void (*touch)(struct sim *sim);
};

#define CASE(what)          \
    {                       \
#what, touch_##what \
    }

static const struct touch_case TOUCHES[] = {
    CASE(time),
    CASE(idle),
    CASE(randomness),
    CASE(shape),
    CASE(party),
    CASE(made),
    CASE(flight_due),
    CASE(flight_kind),
    CASE(flight_count),
    CASE(flight_end),
    CASE(flight_gone),
    CASE(state),
    CASE(stream),
    CASE(wanted),
    CASE(told),
    CASE(error),
    CASE(shut),
    CASE(reset),
    CASE(taken),
    CASE(arrived),
    CASE(sent),
    CASE(written),
    CASE(end_asked),
    CASE(end_sent),
    CASE(end_arrived),
    CASE(failures),
    CASE(answered),
    CASE(starved),
    CASE(waiting),
    CASE(agenda),
    CASE(agenda_listener),
    CASE(agenda_timer),
    CASE(timer_due),
    CASE(timer_order),
    CASE(answer_status),
    CASE(answer_count),
    CASE(answer_address),
};

/* A moment with a connection, bytes on their way, two timers and a query. */
static void begin_moment(struct stage *stage)
{
    begin(stage, choose_first);
    dial(stage, 0);
    dial(stage, 1);
    run(stage);
    say(stage, 0, "a");
    assert_int_equal(world_resolve(stage->world, &stage->peers[0].query, "127.0.0.1", 80), 0);
    timer_set(stage->world, &stage->peers[0].timer, world_now(stage->world) + 2 * NS_PER_MS);
    timer_set(stage->world, &stage->peers[1].timer, world_now(stage->world) + 3 * NS_PER_MS);
}

static void changes_the_hash(void **state)
{
    const struct touch_case *one = *state;
    struct stage stage;
    uint64_t before;

    begin_moment(&stage);
    before = sim_state_hash(stage.world);
    assert_true(sim_state_hash(stage.world) == before); /* asking changes nothing */
    one->touch(sim_of(stage.world));
    assert_true(sim_state_hash(stage.world) != before);
    sim_of(stage.world)->listeners_live->waiting_first = NULL;
    sim_destroy(&stage.world);
}

/* ---- what a party learns ----------------------------------------------------------------------- */

static uint64_t hash_after_reading(const char *letter)
{
    struct stage stage;
    uint64_t hash;

    begin(&stage, choose_first);
    dial(&stage, 0);
    run(&stage);
    say(&stage, 0, letter);
    run(&stage);
    hash = sim_state_hash(stage.world);
    sim_destroy(&stage.world);
    return hash;
}

static void bytes_that_were_read_are_known(void **state)
{
    (void)state;
    assert_true(hash_after_reading("a") == hash_after_reading("a"));
    assert_true(hash_after_reading("a") != hash_after_reading("b"));
}

static void what_was_told_is_known(void **state)
{
    struct stage stage;
    uint64_t before;

    (void)state;
    begin_moment(&stage);
    before = sim_state_hash(stage.world);
    sim_tell_party(stage.world, 1);
    assert_true(sim_state_hash(stage.world) != before);
    sim_destroy(&stage.world);
}

/* The program may have done something that the world does not see. */
static void an_upcall_is_known(void **state)
{
    struct stage stage;
    uint64_t before;

    (void)state;
    begin_moment(&stage);
    run(&stage);
    timer_set(stage.world, &stage.peers[1].timer, world_now(stage.world) + NS_PER_MS);
    before = history_hash(sim_of(stage.world)->history);
    run(&stage);
    assert_true(history_hash(sim_of(stage.world)->history) != before);
    sim_destroy(&stage.world);
}

static void an_upcall_to_a_stream_is_known(void **state)
{
    struct stage stage;
    uint64_t before;

    (void)state;
    begin_moment(&stage);
    run(&stage);
    stage.peers[0].far.on_event = ignore;
    say(&stage, 0, "b");
    before = history_hash(sim_of(stage.world)->history);
    assert_int_equal(world_run(stage.world, 1, TIME_NEVER), RUN_STEPS);
    assert_true(history_hash(sim_of(stage.world)->history) != before);
    sim_destroy(&stage.world);
}

static void each_downcall_is_known(void **state)
{
    struct stage stage;
    uint64_t hashes[6];

    (void)state;
    begin_moment(&stage);
    hashes[0] = sim_state_hash(stage.world);
    (void)stream_status(&stage.peers[1].near);
    hashes[1] = sim_state_hash(stage.world);
    stream_want(&stage.peers[1].near, STREAM_READ); /* as before */
    hashes[2] = sim_state_hash(stage.world);
    timer_stop(stage.world, &stage.peers[0].timer);
    hashes[3] = sim_state_hash(stage.world);
    (void)world_random(stage.world);
    hashes[4] = sim_state_hash(stage.world);
    world_resolve_cancel(stage.world, &stage.peers[0].query);
    hashes[5] = sim_state_hash(stage.world);
    for (size_t i = 0; i < COUNT_OF(hashes); i++)
        for (size_t j = 0; j < i; j++)
            assert_true(hashes[i] != hashes[j]);
    sim_destroy(&stage.world);
}

/* ---- what does not matter ---------------------------------------------------------------------- */

/* The same is done to both peers, in one order or the other: ordinals, sequences and the agenda's order differ. */
static uint64_t hash_in_order(size_t first, sim_order *order)
{
    struct stage stage;
    uint64_t hash;

    begin(&stage, order);
    dial(&stage, first);
    dial(&stage, 1 - first);
    run(&stage);
    say(&stage, first, "a");
    say(&stage, 1 - first, "a");
    for (size_t i = 0; i < PEERS; i++) {
        size_t peer = i == 0 ? first : 1 - first;

        set_party(&stage, peer, false);
        timer_set(stage.world, &stage.peers[peer].timer,
                  world_now(stage.world) + (2 + peer) * NS_PER_MS);
    }
    set_party(&stage, 0, false);
    assert_int_equal(world_run(stage.world, UINT64_MAX, world_now(stage.world) + NS_PER_MS),
                     RUN_UNTIL);
    hash = sim_state_hash(stage.world);
    sim_destroy(&stage.world);
    return hash;
}

static void turns_of_independent_parties_do_not_matter(void **state)
{
    uint64_t hash = hash_in_order(0, choose_first);

    (void)state;
    assert_true(hash_in_order(1, choose_first) == hash);
    assert_true(hash_in_order(0, choose_last) == hash);
    assert_true(hash_in_order(1, choose_last) == hash);
}

/* Timers of one moment fire in the order in which they were set, whoever set them. */
static uint64_t hash_with_timers(size_t first)
{
    struct stage stage;
    uint64_t at_ns, hash;

    begin(&stage, choose_first);
    at_ns = world_now(stage.world) + NS_PER_MS;
    set_party(&stage, first, false);
    timer_set(stage.world, &stage.peers[first].timer, at_ns);
    set_party(&stage, 1 - first, false);
    timer_set(stage.world, &stage.peers[1 - first].timer, at_ns);
    hash = sim_state_hash(stage.world);
    sim_destroy(&stage.world);
    return hash;
}

/* Dials to one address arrive in the order in which they were made. */
static uint64_t hash_with_dials(size_t first)
{
    struct stage stage;
    uint64_t hash;

    begin(&stage, choose_first);
    stage.addresses[1] = stage.addresses[0];
    dial(&stage, first);
    dial(&stage, 1 - first);
    hash = sim_state_hash(stage.world);
    sim_destroy(&stage.world);
    return hash;
}

static void orders_that_stay_do_matter(void **state)
{
    (void)state;
    assert_true(hash_with_timers(0) != hash_with_timers(1));
    assert_true(hash_with_dials(0) != hash_with_dials(1));
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(bytes_that_were_read_are_known),
        cmocka_unit_test(what_was_told_is_known),
        cmocka_unit_test(an_upcall_is_known),
        cmocka_unit_test(an_upcall_to_a_stream_is_known),
        cmocka_unit_test(each_downcall_is_known),
        cmocka_unit_test(turns_of_independent_parties_do_not_matter),
        cmocka_unit_test(orders_that_stay_do_matter),
    };
    struct CMUnitTest tests[COUNT_OF(TOUCHES) + COUNT_OF(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(TOUCHES); i++)
        tests[count++] = (struct CMUnitTest){.name = TOUCHES[i].name,
                                             .test_func = changes_the_hash,
                                             .initial_state = (void *)(uintptr_t)&TOUCHES[i]};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
