/*
 * Orders of simulated worlds with two to four parties, all of whose outcomes are known: those found with equal states left out
 * are those of naive enumeration, and a program that is wrong in one order only is caught in that order.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness/space/orders.h"
#include "harness/trial/hash_set.h"
#include "world/sim/sim.h"

enum {
    PEERS = 3,
    LOG_BYTES = 32,
};

struct stage;

struct peer {
    struct stage *stage;
    struct stream near;    /* the client's end */
    struct stream far;     /* the server's */
    struct timer timer;    /* the server's */
    char heard[LOG_BYTES]; /* by the server on this connection */
    char answer;           /* that the client got; '-': none */
};

struct plan {
    const char *name;
    void (*act)(struct stage *stage); /* in the moment whose orders are explored */
    bool apart; /* each of the server's connections is a party of its own, and answers for itself */
    bool answers; /* the server answers whom it hears first */
    size_t outcomes;
    uint64_t orders; /* 0: not counted by hand */
};

/* A server, and clients that are connected with it. */
struct stage {
    const struct plan *plan;
    struct world *world;
    struct listener listener;
    struct address address;
    struct peer peers[PEERS];
    size_t accepted;
    char heard[LOG_BYTES]; /* by the server on all connections, in order */
    bool has_answered;
    sim_order *order; /* NULL: the default one, while connections are made */
    void *order_owner;
    const char *fails_on;
};

static void add_letter(char *log, char letter)
{
    size_t size = strlen(log);

    assert_true(size + 1 < LOG_BYTES);
    log[size] = letter;
}

/* One letter at a time; '.' for FIN, '!' for a reset. What connections share is told only where they are one party. */
static void hear(struct peer *peer, char letter)
{
    add_letter(peer->heard, letter);
    if (!peer->stage->plan->apart)
        add_letter(peer->stage->heard, letter);
}

static void answer(struct peer *peer)
{
    struct iovec piece = {(void *)(uintptr_t) "k", 1};

    if (!peer->stage->plan->answers || peer->stage->has_answered)
        return;
    peer->stage->has_answered = true;
    assert_int_equal(stream_write(&peer->far, &piece, 1), 1);
}

static void on_far_event(struct stream *stream, unsigned events)
{
    struct peer *peer = stream->owner;
    char letter;
    ssize_t size = stream_read(stream, &letter, 1);

    (void)events;
    if (size == -EAGAIN)
        return;
    hear(peer, size > 0 ? letter : size == 0 ? '.' : '!');
    if (size > 0)
        answer(peer);
    else
        stream_close(stream, STREAM_FIN);
}

static void on_near_event(struct stream *stream, unsigned events)
{
    struct peer *peer = stream->owner;

    if ((events & STREAM_READ) != 0 && stream_read(stream, &peer->answer, 1) < 0)
        peer->answer = '-';
    stream_want(stream, STREAM_READ);
}

static void on_time(struct timer *timer)
{
    hear(timer->owner, 't');
}

static void on_acceptable(struct listener *listener)
{
    struct stage *stage = listener->owner;
    struct peer *peer = &stage->peers[stage->accepted];

    peer->far = (struct stream){.on_event = on_far_event, .owner = peer};
    if (world_accept(stage->world, listener, &peer->far) == 0) {
        stage->accepted++;
        stream_want(&peer->far, STREAM_READ);
    }
}

/* ---- what clients do --------------------------------------------------------------------------- */

static void set_client(struct stage *stage, size_t peer)
{
    sim_set_party(stage->world, (uint32_t)peer + 1);
}

static void say(struct stage *stage, size_t peer, const char *letters)
{
    struct iovec piece = {(void *)(uintptr_t)letters, strlen(letters)};

    set_client(stage, peer);
    assert_int_equal(stream_write(&stage->peers[peer].near, &piece, 1), strlen(letters));
}

static void leave(struct stage *stage, size_t peer, enum stream_end end)
{
    set_client(stage, peer);
    stream_close(&stage->peers[peer].near, end);
}

static void all_say_one_letter(struct stage *stage)
{
    say(stage, 0, "a");
    say(stage, 1, "b");
    say(stage, 2, "c");
}

static void all_say_two_letters(struct stage *stage)
{
    say(stage, 0, "ax");
    say(stage, 1, "by");
    say(stage, 2, "cz");
}

static void two_say_one_letter(struct stage *stage)
{
    say(stage, 0, "a");
    say(stage, 1, "b");
}

static void one_says_two_letters(struct stage *stage)
{
    say(stage, 0, "ax");
    say(stage, 1, "b");
}

static void one_leaves_while_another_speaks(struct stage *stage)
{
    say(stage, 0, "a");
    leave(stage, 0, STREAM_FIN);
    say(stage, 1, "b");
}

static void one_resets_while_another_speaks(struct stage *stage)
{
    say(stage, 0, "a");
    leave(stage, 0, STREAM_RST);
    say(stage, 1, "b");
}

static void timer_and_letter(struct stage *stage)
{
    say(stage, 0, "a");
    sim_set_party(stage->world, 0);
    timer_set(stage->world, &stage->peers[0].timer, world_now(stage->world));
}

static void timers_of_one_moment(struct stage *stage)
{
    sim_set_party(stage->world, 0);
    for (size_t i = 0; i < PEERS; i++)
        timer_set(stage->world, &stage->peers[i].timer, world_now(stage->world) + NS_PER_MS);
}

static const struct plan PLANS[] = {
    {"two letters to one server arrive in any order", two_say_one_letter, false, false, 2, 6},
    {"three letters to one server arrive in any order", all_say_one_letter, false, false, 6, 90},
    {"three letters to three servers have one outcome", all_say_one_letter, true, false, 1, 90},
    {"six letters to one server are heard one by one", all_say_two_letters, false, false, 90, 1680},
    {"six letters to three servers have one outcome", all_say_two_letters, true, false, 1, 1680},
    {"letters of one connection keep their order", one_says_two_letters, false, false, 3, 0},
    {"a FIN stays behind its bytes and passes others", one_leaves_while_another_speaks, false,
     false, 3, 0},
    {"a reset stays behind its bytes and passes others", one_resets_while_another_speaks, false,
     false, 3, 0},
    {"who is heard first gets the answer", all_say_one_letter, false, true, 6, 0},
    {"a timer that is due and a letter that is there race", timer_and_letter, false, false, 2, 0},
    {"timers of one moment keep their order", timers_of_one_moment, false, false, 1, 1},
};

/* ---- a run ------------------------------------------------------------------------------------- */

static size_t choose(void *owner, size_t count)
{
    struct stage *stage = owner;

    return stage->order == NULL ? 0 : stage->order(stage->order_owner, count);
}

static void connect_all(struct stage *stage)
{
    stage->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stage};
    stage->address = address_loopback(0);
    assert_int_equal(
        world_listen(stage->world, &stage->listener, &stage->address, LISTEN_OPEN, PEERS), 0);
    if (stage->plan->apart)
        sim_part_accepted(&stage->listener);
    for (size_t i = 0; i < PEERS; i++) {
        struct peer *peer = &stage->peers[i];

        *peer = (struct peer){.stage = stage, .answer = '-'};
        peer->timer = (struct timer){.on_time = on_time, .owner = peer};
        peer->near = (struct stream){.on_event = on_near_event, .owner = peer};
        set_client(stage, i);
        assert_int_equal(world_connect(stage->world, &peer->near, &stage->address), 0);
    }
    assert_int_equal(world_run(stage->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
    assert_int_equal(stage->accepted, PEERS);
}

static void play(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out)
{
    struct stage *stage = owner;
    const struct sim_options options = {.order = choose, .order_owner = stage};

    sim_configure(stage->world, &options);
    stage->accepted = 0;
    stage->has_answered = false;
    stage->order = NULL;
    memset(stage->heard, 0, sizeof(stage->heard));
    connect_all(stage);
    stage->order = order;
    stage->order_owner = order_owner;
    stage->plan->act(stage);
    assert_int_equal(world_run(stage->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
    out->hash = hash_bytes(HASH_BEGIN, stage->heard, sizeof(stage->heard));
    for (size_t i = 0; i < PEERS; i++) {
        out->hash = hash_bytes(out->hash, stage->peers[i].heard, LOG_BYTES);
        out->hash = hash_number(out->hash, (uint64_t)stage->peers[i].answer);
    }
    out->failed = stage->fails_on != NULL && strcmp(stage->heard, stage->fails_on) == 0;
}

static uint64_t state_of(void *owner)
{
    const struct stage *stage = owner;

    return sim_state_hash(stage->world);
}

static struct orders_result explore(struct stage *stage, const struct orders_options *options)
{
    const struct orders_subject subject = {play, state_of, NULL, stage};
    struct orders_result result;

    stage->world = sim_create(&(struct sim_options){0});
    assert_non_null(stage->world);
    orders_explore(&subject, options, &result);
    sim_destroy(&stage->world);
    return result;
}

static void finds_what_naive_enumeration_finds(void **state)
{
    const struct plan *plan = *state;
    const struct orders_options naive = {.naive = true};
    const struct orders_options pruned = {0};
    struct stage stage = {.plan = plan};
    struct orders_result all = explore(&stage, &naive);
    struct orders_result few = explore(&stage, &pruned);

    assert_true(all.complete);
    assert_true(few.complete);
    if (plan->orders != 0)
        assert_int_equal(all.runs, plan->orders);
    assert_int_equal(all.outcome_count, plan->outcomes);
    assert_int_equal(few.outcome_count, plan->outcomes);
    assert_memory_equal(all.outcomes, few.outcomes, plan->outcomes * sizeof(*all.outcomes));
    assert_true(few.runs <= all.runs);
    orders_release(&all);
    orders_release(&few);
}

/* Servers that share nothing need fewer runs than one that remembers whom it has heard. */
static void parties_apart_need_fewer_runs(void **state)
{
    const struct orders_options options = {0};
    struct stage together = {.plan = &PLANS[3]};
    struct stage apart = {.plan = &PLANS[4]};
    struct orders_result more = explore(&together, &options);
    struct orders_result fewer = explore(&apart, &options);

    (void)state;
    assert_true(fewer.states < more.states);
    assert_true(fewer.runs < more.runs);
    orders_release(&more);
    orders_release(&fewer);
}

/* ---- a program that is wrong in one order ------------------------------------------------------ */

struct list {
    const uint32_t *choices;
    size_t count;
    size_t at;
};

static size_t follow(void *owner, size_t count)
{
    struct list *list = owner;
    size_t choice = list->at < list->count ? list->choices[list->at++] : 0;

    return choice < count ? choice : 0;
}

static void the_order_that_was_found_fails_again(void **state)
{
    static const char *const BOARDS[] = {"abc", "acb", "bac", "bca", "cab", "cba"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(BOARDS); i++) {
        const struct orders_options options = {0};
        struct stage stage = {.plan = &PLANS[1], .fails_on = BOARDS[i]};
        struct orders_result result = explore(&stage, &options);
        struct list list = {result.order, result.order_count, 0};
        struct orders_outcome again;

        assert_non_null(result.order);
        assert_true((i == 0) == (result.order_count == 0)); /* the first is the default order */
        stage.world = sim_create(&(struct sim_options){0});
        play(&stage, follow, &list, &again);
        sim_destroy(&stage.world);
        assert_true(again.failed);
        orders_release(&result);
    }
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(parties_apart_need_fewer_runs),
        cmocka_unit_test(the_order_that_was_found_fails_again),
    };
    struct CMUnitTest tests[COUNT_OF(PLANS) + COUNT_OF(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(PLANS); i++)
        tests[count++] = (struct CMUnitTest){.name = PLANS[i].name,
                                             .test_func = finds_what_naive_enumeration_finds,
                                             .initial_state = (void *)(uintptr_t)&PLANS[i]};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
