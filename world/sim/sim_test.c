/* What is particular to the simulated world; what every world must do is in world/conformance. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/sim/sim.h"
#include "world/sim/state.h"

/* A client and a server in a simulated world, which do nothing of themselves. */
struct pair {
    struct world *world;
    struct listener listener;
    struct address address;
    struct stream client, server;
    unsigned client_events, server_events;
    size_t client_calls;
    uint64_t opened_ns; /* when the dial had its outcome */
    int open_status;
    struct timer timer;
    size_t fired;
    size_t got; /* read by the server, and in how many reads */
    size_t reads;
    bool server_reads;
};

static void on_client(struct stream *stream, unsigned events)
{
    struct pair *pair = stream->owner;

    pair->client_calls++;
    pair->client_events |= events;
    if ((events & STREAM_OPEN) != 0) {
        pair->opened_ns = world_now(pair->world);
        pair->open_status = stream_status(stream);
    }
}

static void on_server(struct stream *stream, unsigned events)
{
    struct pair *pair = stream->owner;
    uint8_t data[4096];
    ssize_t size;

    pair->server_events |= events;
    if ((events & STREAM_READ) == 0 || !pair->server_reads)
        return;
    size = stream_read(stream, data, sizeof(data));
    assert_true(size > 0);
    pair->got += (size_t)size;
    pair->reads++;
}

static void on_acceptable(struct listener *listener)
{
    struct pair *pair = listener->owner;

    assert_int_equal(world_accept(pair->world, listener, &pair->server), 0);
}

static void on_time(struct timer *timer)
{
    struct pair *pair = timer->owner;

    pair->fired++;
}

static void pair_init(struct pair *pair, struct world *world)
{
    *pair = (struct pair){.world = world, .address = address_loopback(9001)};
    pair->listener = (struct listener){.on_acceptable = on_acceptable, .owner = pair};
    pair->client = (struct stream){.on_event = on_client, .owner = pair};
    pair->server = (struct stream){.on_event = on_server, .owner = pair};
    pair->timer = (struct timer){.on_time = on_time, .owner = pair};
    assert_int_equal(world_listen(world, &pair->listener, &pair->address, LISTEN_OPEN, 16), 0);
}

static void dial(struct pair *pair)
{
    assert_int_equal(world_connect(pair->world, &pair->client, &pair->address), 0);
}

static void settle(struct pair *pair)
{
    assert_int_equal(world_run(pair->world, 1000000, TIME_NEVER), RUN_QUIESCENT);
}

static void pair_begin(struct pair *pair, const struct sim_options *options)
{
    struct world *world = sim_create(options);

    assert_non_null(world);
    pair_init(pair, world);
    dial(pair);
    settle(pair);
    assert_int_equal(pair->open_status, 0);
}

static size_t write_zeros(struct stream *stream, size_t size)
{
    static uint8_t zeros[1 << 20];
    struct iovec piece = {zeros, size};
    ssize_t result = stream_write(stream, &piece, 1);

    assert_true(result > 0 || result == -EAGAIN);
    return result > 0 ? (size_t)result : 0;
}

/* ---- the network's shape ----------------------------------------------------------------------- */

static void buffers_are_exact(void **state)
{
    struct sim_options options = {.sndbuf_bytes = 1000, .rcvbuf_bytes = 300};
    struct pair pair;
    size_t taken;

    (void)state;
    pair_begin(&pair, &options);
    taken = write_zeros(&pair.client, 5000);
    assert_int_equal(taken, 1000);
    settle(&pair);
    taken += write_zeros(&pair.client, 5000);
    settle(&pair);
    assert_int_equal(taken, 1300);
    assert_int_equal(write_zeros(&pair.client, 1), 0);
    pair.server_reads = true;
    stream_want(&pair.server, STREAM_READ);
    settle(&pair);
    assert_int_equal(pair.got, 1300);
    assert_int_equal(write_zeros(&pair.client, 1), 1);
    sim_destroy(&pair.world);
}

static void latency_is_exact(void **state)
{
    struct sim_options options = {.latency_ns = 7 * NS_PER_MS};
    struct pair pair;
    uint64_t wrote_ns;

    (void)state;
    pair_begin(&pair, &options);
    assert_int_equal(pair.opened_ns, SIM_START_NS + 14 * NS_PER_MS);
    wrote_ns = world_now(pair.world);
    write_zeros(&pair.client, 10);
    pair.server_reads = true;
    stream_want(&pair.server, STREAM_READ);
    settle(&pair);
    assert_int_equal(pair.got, 10);
    assert_int_equal(world_now(pair.world), wrote_ns + 7 * NS_PER_MS);
    sim_destroy(&pair.world);
}

static void segments_are_exact(void **state)
{
    static const struct {
        size_t segment, bytes, reads;
    } rows[] = {{0, 1000, 1}, {1, 10, 10}, {100, 1000, 10}, {100, 1001, 11}, {1000, 1000, 1}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sim_options options = {.segment_bytes = rows[i].segment};
        struct pair pair;

        pair_begin(&pair, &options);
        pair.server_reads = true;
        stream_want(&pair.server, STREAM_READ);
        assert_int_equal(write_zeros(&pair.client, rows[i].bytes), rows[i].bytes);
        settle(&pair);
        assert_int_equal(pair.got, rows[i].bytes);
        assert_int_equal(pair.reads, rows[i].reads);
        sim_destroy(&pair.world);
    }
}

/* Forty bytes at a time fill the reader's window; what waited behind them does not come in forties too. */
static void small_windows_grow_again(void **state)
{
    enum { SMALL = 40, WINDOW = 1000, ALL = 50000 };
    struct sim_options options = {.sndbuf_bytes = ALL, .rcvbuf_bytes = WINDOW};
    struct pair pair;

    (void)state;
    pair_begin(&pair, &options);
    for (size_t i = 0; i < WINDOW / SMALL; i++)
        assert_int_equal(write_zeros(&pair.client, SMALL), SMALL);
    assert_int_equal(write_zeros(&pair.client, ALL - WINDOW), ALL - WINDOW);
    pair.server_reads = true;
    stream_want(&pair.server, STREAM_READ);
    settle(&pair);
    assert_int_equal(pair.got, ALL);
    assert_int_equal(pair.reads, WINDOW / SMALL + (ALL - WINDOW) / WINDOW);
    sim_destroy(&pair.world);
}

static void short_writes_follow_the_seed(void **state)
{
    struct sim_options options = {.seed = 5, .short_write_bytes = 100};
    size_t most = 0, least = SIZE_MAX;
    struct pair pair;

    (void)state;
    pair_begin(&pair, &options);
    for (int i = 0; i < 500; i++) {
        size_t taken = write_zeros(&pair.client, 200);

        most = taken > most ? taken : most;
        least = taken < least ? taken : least;
    }
    assert_int_equal(least, 1);
    assert_int_equal(most, 100);
    sim_destroy(&pair.world);
}

static void ignore(struct listener *listener)
{
    (void)listener;
}

static void backlog_delays_the_answer(void **state)
{
    struct world *world = sim_create(&(struct sim_options){0});
    struct address address = address_loopback(0);
    struct listener listener = {.on_acceptable = ignore};
    struct stream dialled[2] = {{.on_event = on_client}, {.on_event = on_client}};
    struct stream accepted[2] = {{0}, {0}};
    struct pair pair;

    (void)state;
    pair_init(&pair, world);
    assert_int_equal(world_listen(world, &listener, &address, LISTEN_OPEN, 1), 0);
    for (size_t i = 0; i < 2; i++) {
        dialled[i].owner = &pair;
        assert_int_equal(world_connect(world, &dialled[i], &address), 0);
    }
    assert_int_equal(world_run(world, 10, TIME_NEVER), RUN_STEPS);
    assert_int_equal(stream_status(&dialled[0]), 0);
    assert_int_equal(stream_status(&dialled[1]), -EINPROGRESS);
    assert_int_equal(world_accept(world, &listener, &accepted[0]), 0);
    assert_int_equal(world_run(world, 10, TIME_NEVER), RUN_STEPS);
    assert_int_equal(stream_status(&dialled[1]), 0);
    assert_int_equal(world_accept(world, &listener, &accepted[1]), 0);
    assert_int_equal(world_accept(world, &listener, &pair.server), -EAGAIN);
    sim_destroy(&world);
}

/* What the reader made room for only when the reset was on its way comes behind it, and is lost. */
static void reset_loses_what_follows(void **state)
{
    struct sim_options options = {
        .latency_ns = NS_PER_MS, .sndbuf_bytes = 3000, .rcvbuf_bytes = 1000};
    struct pair pair;
    uint8_t data[1000];

    (void)state;
    pair_begin(&pair, &options);
    assert_int_equal(write_zeros(&pair.server, 3000), 3000);
    settle(&pair);
    stream_close(&pair.server, STREAM_RST);
    assert_int_equal(stream_read(&pair.client, data, sizeof(data)), 1000);
    assert_int_equal(stream_read(&pair.client, data, sizeof(data)), -EAGAIN);
    settle(&pair);
    assert_int_equal(stream_read(&pair.client, data, sizeof(data)), -ECONNRESET);
    sim_destroy(&pair.world);
}

static void connections_leave_nothing_behind(void **state)
{
    static const enum stream_end ends[][2] = {{STREAM_FIN, STREAM_FIN},
                                              {STREAM_FIN, STREAM_RST},
                                              {STREAM_RST, STREAM_FIN},
                                              {STREAM_RST, STREAM_RST}};
    struct pair pair;

    (void)state;
    pair_begin(&pair, &(struct sim_options){.latency_ns = NS_PER_MS});
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        write_zeros(&pair.client, 100);
        stream_close(&pair.client, ends[i][0]);
        write_zeros(&pair.server, 100);
        stream_close(&pair.server, ends[i][1]);
        settle(&pair);
        assert_null(sim_of(pair.world)->links_live);
        dial(&pair);
        settle(&pair);
    }
    stream_close(&pair.client, STREAM_FIN);
    stream_close(&pair.server, STREAM_FIN);
    dial(&pair);
    stream_close(&pair.client, STREAM_FIN); /* before anybody answered */
    settle(&pair);
    stream_close(&pair.server, STREAM_FIN);
    settle(&pair);
    assert_null(sim_of(pair.world)->links_live);
    sim_destroy(&pair.world);
}

/* ---- dials that fail --------------------------------------------------------------------------- */

static void expect_dial(struct pair *pair, int status)
{
    pair->client_events = 0;
    dial(pair);
    settle(pair);
    assert_int_equal(stream_status(&pair->client), status);
    assert_int_equal((pair->client_events & STREAM_OPEN) != 0, status != -EINPROGRESS);
    stream_close(&pair->client, STREAM_FIN);
}

static void first_dials_fail(void **state)
{
    static const struct {
        enum sim_dial_failure how;
        int status;
    } rows[] = {{SIM_DIAL_REFUSED, -ECONNREFUSED},
                {SIM_DIAL_DROPPED, -EINPROGRESS},
                {SIM_DIAL_UNREACHABLE, -EHOSTUNREACH}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world *world = sim_create(&(struct sim_options){0});
        struct pair pair;

        pair_init(&pair, world);
        sim_listener_fail_first(&pair.listener, 2, rows[i].how);
        expect_dial(&pair, rows[i].status);
        expect_dial(&pair, rows[i].status);
        expect_dial(&pair, 0);
        stream_close(&pair.server, STREAM_FIN);
        sim_listener_fail_first(&pair.listener, SIM_EVERY_DIAL, rows[i].how);
        for (int dials = 0; dials < 5; dials++)
            expect_dial(&pair, rows[i].status);
        sim_destroy(&world);
    }
}

/* ---- time -------------------------------------------------------------------------------------- */

static void timers_are_exact(void **state)
{
    struct world *world = sim_create(&(struct sim_options){0});
    struct pair pair;

    (void)state;
    pair_init(&pair, world);
    timer_set(world, &pair.timer, SIM_START_NS + 3600 * NS_PER_S + 1);
    assert_int_equal(world_run(world, 10, SIM_START_NS + 3600 * NS_PER_S), RUN_UNTIL);
    assert_int_equal(world_now(world), SIM_START_NS + 3600 * NS_PER_S);
    assert_int_equal(pair.fired, 0);
    assert_int_equal(world_run(world, 10, SIM_START_NS + 3600 * NS_PER_S + 1), RUN_QUIESCENT);
    assert_int_equal(world_now(world), SIM_START_NS + 3600 * NS_PER_S + 1);
    assert_int_equal(pair.fired, 1);
    sim_destroy(&world);
}

static void check_got_on_time(struct timer *timer)
{
    struct pair *pair = timer->owner;

    pair->fired++;
    assert_int_equal(pair->got, 100);
}

static void arrivals_come_before_timers(void **state)
{
    struct sim_options options = {.latency_ns = NS_PER_MS, .segment_bytes = 1};
    struct pair pair;

    (void)state;
    pair_begin(&pair, &options);
    pair.server_reads = true;
    pair.timer.on_time = check_got_on_time;
    stream_want(&pair.server, STREAM_READ);
    timer_set(pair.world, &pair.timer, world_now(pair.world) + NS_PER_MS);
    assert_int_equal(write_zeros(&pair.client, 100), 100);
    settle(&pair);
    assert_int_equal(pair.fired, 1);
    sim_destroy(&pair.world);
}

static void spinning_is_told(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin(&pair, &(struct sim_options){0});
    assert_int_equal(sim_idle_steps(pair.world), 0);
    stream_want(&pair.client, STREAM_WRITE); /* and nothing is written */
    timer_set(pair.world, &pair.timer, world_now(pair.world) + NS_PER_S);
    assert_int_equal(world_run(pair.world, 1000, TIME_NEVER), RUN_STEPS);
    assert_int_equal(pair.fired, 1);
    assert_true(sim_idle_steps(pair.world) > 900);
    sim_destroy(&pair.world);
}

/* ---- life -------------------------------------------------------------------------------------- */

static void on_answer(struct query *query)
{
    size_t *answers = query->owner;

    (*answers)++;
}

static void census_counts_what_is_live(void **state)
{
    struct sim_census census;
    size_t answers = 0;
    struct query query = {.on_answer = on_answer, .owner = &answers};
    struct pair pair;

    (void)state;
    pair_begin(&pair, &(struct sim_options){0});
    timer_set(pair.world, &pair.timer, TIME_NEVER - 1);
    assert_int_equal(world_resolve(pair.world, &query, "localhost", 80), 0);
    sim_world_census(pair.world, &census);
    assert_int_equal(census.streams, 2);
    assert_int_equal(census.listeners, 1);
    assert_int_equal(census.timers, 1);
    assert_int_equal(census.queries, 1);
    stream_close(&pair.client, STREAM_FIN);
    stream_close(&pair.server, STREAM_RST);
    world_unlisten(pair.world, &pair.listener);
    timer_stop(pair.world, &pair.timer);
    world_resolve_cancel(pair.world, &query);
    sim_world_census(pair.world, &census);
    assert_int_equal(census.streams + census.listeners + census.timers + census.queries, 0);
    sim_destroy(&pair.world);
}

static void reset_forgets(void **state)
{
    struct sim_census census;
    struct pair pair;

    (void)state;
    pair_begin(&pair, &(struct sim_options){.latency_ns = NS_PER_MS});
    write_zeros(&pair.client, 100);
    stream_want(&pair.server, STREAM_READ);
    timer_set(pair.world, &pair.timer, SIM_START_NS + NS_PER_S);
    sim_reset(pair.world, 9);
    assert_int_equal(world_now(pair.world), SIM_START_NS);
    assert_int_equal(sim_steps(pair.world), 0);
    assert_int_equal(world_run(pair.world, 1000, TIME_NEVER), RUN_QUIESCENT);
    assert_int_equal(sim_steps(pair.world), 0);
    sim_world_census(pair.world, &census);
    assert_int_equal(census.streams + census.listeners + census.timers + census.queries, 0);
    pair_init(&pair, pair.world);
    dial(&pair);
    settle(&pair);
    assert_int_equal(pair.open_status, 0);
    sim_destroy(&pair.world);
}

/* ---- misuse ------------------------------------------------------------------------------------ */

struct trap {
    jmp_buf back;
    char sentence[256];
};

static void on_failed_check(void *owner, const char *sentence)
{
    struct trap *trap = owner;

    strncpy(trap->sentence, sentence, sizeof(trap->sentence) - 1);
    longjmp(trap->back, 1);
}

static void run_from_within(struct stream *stream, unsigned events)
{
    struct pair *pair = stream->owner;

    (void)events;
    world_run(pair->world, 1, TIME_NEVER);
}

static void misuse_run(struct pair *pair)
{
    pair->client.on_event = run_from_within;
    stream_want(&pair->client, STREAM_WRITE);
    world_run(pair->world, 1, TIME_NEVER);
}

static void misuse_closed(struct pair *pair)
{
    stream_close(&pair->client, STREAM_FIN);
    stream_want(&pair->client, STREAM_READ);
}

static void misuse_moved(struct pair *pair)
{
    struct stream moved = pair->client;

    stream_status(&moved);
}

static void misuse_unlistened(struct pair *pair)
{
    struct stream stream = {0};

    world_unlisten(pair->world, &pair->listener);
    world_accept(pair->world, &pair->listener, &stream);
}

static void misuse_connected_again(struct pair *pair)
{
    dial(pair);
}

static size_t choose_too_far(void *owner, size_t count)
{
    (void)owner;
    return count;
}

static void misuse_order(struct pair *pair)
{
    struct sim_options options = {.order = choose_too_far};

    sim_configure(pair->world, &options);
    pair_init(pair, pair->world);
    dial(pair);
    timer_set(pair->world, &pair->timer, 0);
    settle(pair);
}

static void expect_caught(struct pair *pair, void (*misuse)(struct pair *), const char *words)
{
    struct trap trap = {0};

    check_handle_with(on_failed_check, &trap);
    if (setjmp(trap.back) == 0) {
        misuse(pair);
        fail_msg("not caught: %s", words);
    }
    check_handle_with(NULL, NULL);
    assert_non_null(strstr(trap.sentence, words));
}

static void misuse_is_caught(void **state)
{
    static const struct {
        void (*misuse)(struct pair *pair);
        const char *words;
    } rows[] = {
        {misuse_run, "!sim->in_upcall"},
        {misuse_closed, "owner != NULL"},
        {misuse_moved, "side->stream == stream"},
        {misuse_unlistened, "owner != NULL"},
        {misuse_connected_again, "!stream_in_use(stream)"},
        {misuse_order, "choice < count"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair pair;

        pair_begin(&pair, &(struct sim_options){0});
        expect_caught(&pair, rows[i].misuse, rows[i].words);
        sim_configure(pair.world, &(struct sim_options){0});
        pair_init(&pair, pair.world);
        dial(&pair);
        settle(&pair); /* the world is good again */
        sim_destroy(&pair.world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_are_exact),
        cmocka_unit_test(latency_is_exact),
        cmocka_unit_test(segments_are_exact),
        cmocka_unit_test(small_windows_grow_again),
        cmocka_unit_test(short_writes_follow_the_seed),
        cmocka_unit_test(backlog_delays_the_answer),
        cmocka_unit_test(reset_loses_what_follows),
        cmocka_unit_test(connections_leave_nothing_behind),
        cmocka_unit_test(first_dials_fail),
        cmocka_unit_test(timers_are_exact),
        cmocka_unit_test(arrivals_come_before_timers),
        cmocka_unit_test(spinning_is_told),
        cmocka_unit_test(census_counts_what_is_live),
        cmocka_unit_test(reset_forgets),
        cmocka_unit_test(misuse_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
