#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/upstream/dial.h"
#include "world/sim/sim.h"

enum { PEERS_MAX = 4, STEPS_MAX = 1000, POOL_SIZE = 3 };

static const struct dial_plan ANYWHERE = {.limited = false};

/* A pool, and an upstream that accepts whatever is dialled and does nothing by itself. */
struct stand {
    struct world *world;
    struct link_shelf shelf;
    struct origin origin;
    struct listener listener;
    struct address address;
    struct stream peers[PEERS_MAX];
    size_t peer_count;
};

static void on_nothing(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

static void on_acceptable(struct listener *listener)
{
    struct stand *stand = listener->owner;
    struct stream *peer = &stand->peers[stand->peer_count++];

    assert_true(stand->peer_count <= PEERS_MAX);
    peer->on_event = on_nothing;
    assert_int_equal(world_accept(stand->world, listener, peer), 0);
}

static void run_for(struct stand *stand, uint64_t duration_ns)
{
    world_run(stand->world, STEPS_MAX, world_now(stand->world) + duration_ns);
}

static void set_up(struct stand *stand)
{
    const struct sim_options options = {.seed = 1};

    *stand = (struct stand){.world = sim_create(&options), .address = address_loopback(0)};
    assert_non_null(stand->world);
    stand->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stand};
    assert_int_equal(
        world_listen(stand->world, &stand->listener, &stand->address, LISTEN_OPEN, PEERS_MAX), 0);
    pool_init(&stand->origin.pool, stand->world, &stand->shelf);
    stand->origin.pool.size_max = POOL_SIZE;
    stand->origin.pool.idle_ns = NS_PER_S;
}

static void tear_down(struct stand *stand)
{
    struct sim_census census;

    pool_empty(&stand->origin.pool);
    link_shelf_release(&stand->shelf);
    for (size_t i = 0; i < stand->peer_count; i++)
        if (stream_in_use(&stand->peers[i]))
            stream_close(&stand->peers[i], STREAM_FIN);
    world_unlisten(stand->world, &stand->listener);
    sim_world_census(stand->world, &census);
    assert_int_equal(census.streams + census.timers, 0);
    sim_destroy(&stand->world);
}

/* A link whose connection stands; its other end is the newest of the peers. */
static struct link *connect_link(struct stand *stand)
{
    struct link *link = link_take(&stand->shelf, &stand->origin);

    assert_non_null(link);
    link->stream.on_event = on_nothing;
    assert_int_equal(world_connect(stand->world, &link->stream, &stand->address), 0);
    run_for(stand, NS_PER_MS);
    assert_int_equal(stream_status(&link->stream), 0);
    return link;
}

static struct link *give(struct stand *stand)
{
    struct link *link = connect_link(stand);
    struct link *given = link;

    pool_give(&stand->origin.pool, &link);
    assert_null(link);
    return given;
}

static void say_a_byte(struct stream *peer)
{
    char byte = 'x';
    const struct iovec piece = {.iov_base = &byte, .iov_len = sizeof(byte)};

    assert_int_equal(stream_write(peer, &piece, 1), sizeof(byte));
}

static void the_newest_comes_first(void **state)
{
    struct stand stand;
    struct link *first, *second, *taken;

    (void)state;
    set_up(&stand);
    first = give(&stand);
    second = give(&stand);
    taken = pool_take(&stand.origin.pool, &ANYWHERE);
    assert_ptr_equal(taken, second);
    assert_int_equal(taken->exchanges, 1);
    link_give_back(&stand.shelf, &taken, STREAM_FIN);
    taken = pool_take(&stand.origin.pool, &ANYWHERE);
    assert_ptr_equal(taken, first);
    link_give_back(&stand.shelf, &taken, STREAM_FIN);
    assert_null(pool_take(&stand.origin.pool, &ANYWHERE));
    tear_down(&stand);
}

static void a_link_comes_and_goes_many_times(void **state)
{
    struct stand stand;
    struct link *link, *taken;

    (void)state;
    set_up(&stand);
    link = give(&stand);
    for (unsigned served = 1; served < 5; served++) {
        taken = pool_take(&stand.origin.pool, &ANYWHERE);
        assert_ptr_equal(taken, link);
        assert_int_equal(taken->exchanges, served);
        pool_give(&stand.origin.pool, &taken);
    }
    assert_int_equal(stand.origin.pool.count, 1);
    tear_down(&stand);
}

static void one_that_speaks_is_thrown_away_at_once(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    give(&stand);
    say_a_byte(&stand.peers[0]);
    run_for(&stand, NS_PER_MS);
    assert_int_equal(stand.origin.pool.count, 0);
    assert_int_equal(stand.shelf.lent, 0);
    tear_down(&stand);
}

static void one_that_is_closed_is_thrown_away_at_once(void **state)
{
    struct stand stand;

    (void)state;
    for (enum stream_end end = STREAM_FIN; end <= STREAM_RST; end++) {
        set_up(&stand);
        give(&stand);
        stream_close(&stand.peers[0], end);
        run_for(&stand, NS_PER_MS);
        assert_int_equal(stand.origin.pool.count, 0);
        assert_int_equal(stand.shelf.lent, 0);
        tear_down(&stand);
    }
}

/* Two peers have spoken or closed, and nobody was told: as in the moment before the upcall. */
static void one_that_is_found_closed_when_taken_gives_way_to_the_next(void **state)
{
    struct stand stand;
    struct link *first, *taken;

    (void)state;
    set_up(&stand);
    first = give(&stand);
    stream_want(&give(&stand)->stream, 0);
    stream_want(&give(&stand)->stream, 0);
    say_a_byte(&stand.peers[1]);
    stream_close(&stand.peers[2], STREAM_FIN);
    run_for(&stand, NS_PER_MS);
    assert_int_equal(stand.origin.pool.count, 3);
    taken = pool_take(&stand.origin.pool, &ANYWHERE);
    assert_ptr_equal(taken, first);
    assert_int_equal(stand.origin.pool.count, 0);
    assert_int_equal(stand.shelf.lent, 1);
    link_give_back(&stand.shelf, &taken, STREAM_FIN);
    tear_down(&stand);
}

static void one_that_was_idle_too_long_is_thrown_away(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    give(&stand);
    run_for(&stand, NS_PER_S - NS_PER_MS);
    assert_int_equal(stand.origin.pool.count, 1);
    run_for(&stand, NS_PER_MS);
    assert_int_equal(stand.origin.pool.count, 0);
    assert_int_equal(stand.shelf.lent, 0);
    tear_down(&stand);
}

static void without_a_limit_of_time_it_is_kept(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    stand.origin.pool.idle_ns = 0;
    give(&stand);
    run_for(&stand, 1000 * NS_PER_S);
    assert_int_equal(stand.origin.pool.count, 1);
    tear_down(&stand);
}

static void a_full_pool_keeps_what_it_has(void **state)
{
    struct stand stand;
    struct link *third = NULL;
    struct link *taken;

    (void)state;
    set_up(&stand);
    for (size_t i = 0; i < POOL_SIZE; i++)
        third = give(&stand);
    give(&stand);
    assert_int_equal(stand.origin.pool.count, POOL_SIZE);
    assert_int_equal(stand.shelf.lent, POOL_SIZE);
    taken = pool_take(&stand.origin.pool, &ANYWHERE);
    assert_ptr_equal(taken, third);
    link_give_back(&stand.shelf, &taken, STREAM_FIN);
    tear_down(&stand);
}

static void a_broken_link_is_not_kept(void **state)
{
    struct stand stand;
    struct link *link;

    (void)state;
    set_up(&stand);
    link = connect_link(&stand);
    stream_close(&stand.peers[0], STREAM_RST);
    run_for(&stand, NS_PER_MS);
    pool_give(&stand.origin.pool, &link);
    assert_null(link);
    assert_int_equal(stand.origin.pool.count, 0);
    tear_down(&stand);
}

/* Those who are thrown away from the middle and the ends leave the others in their order. */
static void the_order_survives_the_loss_of_any(void **state)
{
    struct stand stand;
    struct link *links[POOL_SIZE];

    (void)state;
    for (size_t lost = 0; lost < POOL_SIZE; lost++) {
        set_up(&stand);
        for (size_t i = 0; i < POOL_SIZE; i++)
            links[i] = give(&stand);
        stream_close(&stand.peers[lost], STREAM_FIN);
        run_for(&stand, NS_PER_MS);
        assert_int_equal(stand.origin.pool.count, POOL_SIZE - 1);
        for (size_t i = POOL_SIZE; i-- > 0;) {
            struct link *taken;

            if (i == lost)
                continue;
            taken = pool_take(&stand.origin.pool, &ANYWHERE);
            assert_ptr_equal(taken, links[i]);
            link_give_back(&stand.shelf, &taken, STREAM_FIN);
        }
        tear_down(&stand);
    }
}

static void one_that_leads_where_one_may_not_go_stays(void **state)
{
    static const struct address_range other = {{.family = 4, .bytes = {10}}, 8};
    static const struct dial_plan to_other = {.limited = true, .allow = &other, .allow_count = 1};
    static const struct dial_plan to_this_machine = {.limited = true};
    struct stand stand;
    struct link *first, *second, *taken;

    (void)state;
    set_up(&stand);
    first = give(&stand);
    second = give(&stand);
    assert_null(pool_take(&stand.origin.pool, &to_other));
    assert_int_equal(stand.origin.pool.count, 2);
    taken = pool_take(&stand.origin.pool, &to_this_machine);
    assert_ptr_equal(taken, second);
    link_give_back(&stand.shelf, &taken, STREAM_FIN);
    taken = pool_take(&stand.origin.pool, &ANYWHERE);
    assert_ptr_equal(taken, first);
    link_give_back(&stand.shelf, &taken, STREAM_FIN);
    tear_down(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"a link that leads where one may not go stays, for those who may",
         one_that_leads_where_one_may_not_go_stays, NULL, NULL, NULL},
        {"of two silent links the newest comes first", the_newest_comes_first, NULL, NULL, NULL},
        {"a link comes and goes many times, and counts them", a_link_comes_and_goes_many_times,
         NULL, NULL, NULL},
        {"a link whose peer speaks is thrown away at once", one_that_speaks_is_thrown_away_at_once,
         NULL, NULL, NULL},
        {"a link whose peer closes or resets is thrown away at once",
         one_that_is_closed_is_thrown_away_at_once, NULL, NULL, NULL},
        {"links that are found readable or closed when taken give way to the next",
         one_that_is_found_closed_when_taken_gives_way_to_the_next, NULL, NULL, NULL},
        {"a link that was idle too long is thrown away", one_that_was_idle_too_long_is_thrown_away,
         NULL, NULL, NULL},
        {"where time is no limit a link is kept", without_a_limit_of_time_it_is_kept, NULL, NULL,
         NULL},
        {"a full pool closes what it is given and keeps what it has", a_full_pool_keeps_what_it_has,
         NULL, NULL, NULL},
        {"a link that is broken already is not kept", a_broken_link_is_not_kept, NULL, NULL, NULL},
        {"the loss of any link leaves the others in their order",
         the_order_survives_the_loss_of_any, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
