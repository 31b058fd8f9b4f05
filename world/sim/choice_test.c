/*
 * Between what an order is asked to choose, and that it gets what it chose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/sim/sim.h"
#include "world/sim/state.h"

enum {
    PEERS = 3,
    ASKED_MAX = 64,
    LOG_BYTES = 32,
};

struct stage {
    struct world *world;
    struct listener listeners[PEERS];
    struct address addresses[PEERS];
    struct stream near[PEERS], far[PEERS];
    size_t accepted;
    bool by_last;            /* the last of those that are ready is chosen, else the first */
    size_t asked[ASKED_MAX]; /* between how many, since the log was cleared */
    size_t asked_count;
    char log[LOG_BYTES]; /* a letter for each upcall that a server got */
};

static size_t choose(void *owner, size_t count)
{
    struct stage *stage = owner;

    assert_true(stage->asked_count < ASKED_MAX);
    stage->asked[stage->asked_count++] = count;
    return stage->by_last ? count - 1 : 0;
}

static void on_near_event(struct stream *stream, unsigned events)
{
    (void)events;
    stream_want(stream, 0);
}

static void on_far_event(struct stream *stream, unsigned events)
{
    struct stage *stage = stream->owner;
    char letter = '.';

    (void)events;
    if (stream_read(stream, &letter, 1) <= 0)
        stream_close(stream, STREAM_FIN);
    stage->log[strlen(stage->log)] = letter;
}

static void on_acceptable(struct listener *listener)
{
    struct stage *stage = listener->owner;
    struct stream *far = &stage->far[stage->accepted];

    *far = (struct stream){.on_event = on_far_event, .owner = stage};
    if (world_accept(stage->world, listener, far) == 0) {
        stage->accepted++;
        stage->log[strlen(stage->log)] = (char)('1' + (listener - stage->listeners));
        stream_want(far, STREAM_READ);
    }
}

static void begin(struct stage *stage, bool by_last)
{
    struct sim_options options = {.order = choose, .order_owner = stage};

    *stage = (struct stage){.by_last = by_last};
    stage->world = sim_create(&options);
    assert_non_null(stage->world);
    for (size_t i = 0; i < PEERS; i++) {
        stage->addresses[i] = address_loopback((uint16_t)(1001 + i));
        stage->listeners[i] = (struct listener){.on_acceptable = on_acceptable, .owner = stage};
        stage->near[i] = (struct stream){.on_event = on_near_event, .owner = stage};
        assert_int_equal(world_listen(stage->world, &stage->listeners[i], &stage->addresses[i],
                                      LISTEN_OPEN, PEERS),
                         0);
    }
}

static void run(struct stage *stage)
{
    assert_int_equal(world_run(stage->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
}

/* Each client is connected; far[i] is the other end of near[i]. */
static void connect_all(struct stage *stage)
{
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(world_connect(stage->world, &stage->near[i], &stage->addresses[0]), 0);
        run(stage);
    }
    memset(stage->log, 0, sizeof(stage->log));
    stage->asked_count = 0;
}

static void say(struct stage *stage, size_t peer, const char *letters)
{
    struct iovec piece = {(void *)(uintptr_t)letters, strlen(letters)};

    assert_int_equal(stream_write(&stage->near[peer], &piece, 1), strlen(letters));
}

static void each_end_is_a_choice(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, false);
    connect_all(&stage);
    say(&stage, 0, "a");
    say(&stage, 1, "b");
    say(&stage, 2, "c");
    run(&stage);
    assert_string_equal(stage.log, "abc");
    assert_int_equal(stage.asked[0], 3);
    sim_destroy(&stage.world);
}

static void the_last_choice_is_the_last_end(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, true);
    connect_all(&stage);
    say(&stage, 0, "a");
    say(&stage, 1, "b");
    say(&stage, 2, "c");
    run(&stage);
    /* c arrives first. Then what is ready stands before further ends, so b arrives, and a; then the one that became so last. */
    assert_string_equal(stage.log, "abc");
    assert_int_equal(stage.asked[0], 3);
    sim_destroy(&stage.world);
}

static void what_comes_behind_is_no_choice(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, true);
    connect_all(&stage);
    say(&stage, 0, "a");
    say(&stage, 0, "b");
    stream_close(&stage.near[0], STREAM_FIN);
    run(&stage);
    assert_string_equal(stage.log, "ab.");
    assert_true(stage.asked_count > 0);
    for (size_t i = 0; i < stage.asked_count; i++)
        assert_int_equal(stage.asked[i], 2); /* the next arrival, and the server's turn */
    sim_destroy(&stage.world);
}

static void what_is_due_later_is_no_choice(void **state)
{
    struct stage stage;
    struct sim *sim;

    (void)state;
    begin(&stage, true);
    connect_all(&stage);
    sim = sim_of(stage.world);
    say(&stage, 0, "a");
    sim->options.latency_ns = NS_PER_MS;
    say(&stage, 1, "b");
    run(&stage);
    assert_string_equal(stage.log, "ab");
    assert_int_equal(stage.asked_count, 0);
    sim_destroy(&stage.world);
}

static void dial(struct stage *stage, size_t peer, size_t address)
{
    assert_int_equal(world_connect(stage->world, &stage->near[peer], &stage->addresses[address]),
                     0);
}

static void dials_to_several_addresses_are_choices(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, true);
    dial(&stage, 0, 0);
    dial(&stage, 1, 1);
    run(&stage);
    assert_int_equal(stage.asked[0], 2);
    sim_destroy(&stage.world);
}

/* And what was sent behind the second dial does not overtake it. */
static void dials_to_one_address_keep_their_order(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, true);
    dial(&stage, 0, 0);
    dial(&stage, 1, 0);
    stream_close(&stage.near[1], STREAM_RST);
    run(&stage);
    assert_true(stage.asked_count > 0);
    /* The listener's turn, the answer to the first dial, and the second dial; before that there was no choice. */
    assert_int_equal(stage.asked[0], 3);
    assert_int_equal(stage.accepted, 2);
    assert_non_null(strchr(stage.log, '.'));
    sim_destroy(&stage.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_is_a_choice),
        cmocka_unit_test(the_last_choice_is_the_last_end),
        cmocka_unit_test(what_comes_behind_is_no_choice),
        cmocka_unit_test(what_is_due_later_is_no_choice),
        cmocka_unit_test(dials_to_several_addresses_are_choices),
        cmocka_unit_test(dials_to_one_address_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
