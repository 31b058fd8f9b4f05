#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/upstream/configuration.h"
#include "world/sim/sim.h"

enum { STEPS_MAX = 1000, PEERS_MAX = 4, OTHER_PORT = 81 };

/* Origins of three settings, a and b on one listener that accepts whatever is dialled. */
struct stand {
    struct world *world;
    struct listener listener;
    struct address address;
    struct stream peers[PEERS_MAX];
    size_t peer_count;
    struct origins origins;
    struct configuration *configuration;
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

static void set_up(struct stand *stand)
{
    static const char *const upstreams[] = {"Shop.test:80", "[::1]:80", "shop.test:80"};
    const struct sim_options options = {.seed = 1};
    char error[SETTINGS_ERROR_BYTES];
    struct proxy_settings settings;

    *stand = (struct stand){.world = sim_create(&options), .address = address_loopback(0)};
    assert_non_null(stand->world);
    stand->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stand};
    assert_int_equal(
        world_listen(stand->world, &stand->listener, &stand->address, LISTEN_OPEN, PEERS_MAX), 0);
    proxy_settings_init(&settings);
    for (size_t i = 0; i < COUNT_OF(upstreams); i++)
        assert_true(proxy_settings_add_upstream(&settings, upstreams[i]));
    origins_init(&stand->origins, stand->world);
    origins_set_pools(&stand->origins, settings.pool_size, settings.pool_timeout_ns);
    stand->configuration = configuration_create(&stand->origins, &settings, error);
    assert_non_null(stand->configuration);
}

static void tear_down(struct stand *stand)
{
    struct sim_census census;

    configuration_let_go(&stand->configuration);
    origins_release(&stand->origins);
    for (size_t i = 0; i < stand->peer_count; i++)
        stream_close(&stand->peers[i], STREAM_FIN);
    world_unlisten(stand->world, &stand->listener);
    sim_world_census(stand->world, &census);
    assert_int_equal(census.streams + census.timers, 0);
    sim_destroy(&stand->world);
}

static struct origin *try_to_find(struct stand *stand, const char *host, uint16_t port)
{
    struct upstream_settings wanted = {.port = port};

    assert_true(strlen(host) < sizeof(wanted.host));
    memcpy(wanted.host, host, strlen(host) + 1);
    return origins_find(&stand->origins, &wanted);
}

static struct origin *find(struct stand *stand, const char *host, uint16_t port)
{
    struct origin *origin = try_to_find(stand, host, port);

    assert_non_null(origin);
    return origin;
}

/* One of many other places; a number in its health tells it from one made anew. */
static struct origin *find_other(struct stand *stand, unsigned number)
{
    char host[HOST_BYTES];

    snprintf(host, sizeof(host), "other-%u.test", number);
    return find(stand, host, OTHER_PORT);
}

static void fill_others(struct stand *stand)
{
    for (unsigned i = 0; i < UPSTREAMS_OTHER_MAX; i++)
        find_other(stand, i)->health.failures_in_row = i + 1;
    assert_int_equal(stand->origins.other_count, UPSTREAMS_OTHER_MAX);
}

/* Puts a connection that stands into the pool of an origin. */
static void make_idle(struct stand *stand, struct origin *origin)
{
    struct link *link = link_take(&stand->origins.links, origin);

    assert_non_null(link);
    link->stream.on_event = on_nothing;
    assert_int_equal(world_connect(stand->world, &link->stream, &stand->address), 0);
    world_run(stand->world, STEPS_MAX, world_now(stand->world) + NS_PER_MS);
    pool_give(&origin->pool, &link);
}

/* ---- the tests ----------------------------------------------------------------------------------- */

static void a_place_of_the_settings_is_theirs(void **state)
{
    struct stand stand;
    struct origin *origin;

    (void)state;
    set_up(&stand);
    origin = find(&stand, "SHOP.TEST", 80);
    assert_ptr_equal(origin, stand.configuration->upstreams[0]);
    assert_string_equal(origin->settings.host, "Shop.test");
    assert_int_equal(configuration_index(stand.configuration, origin), 0);
    origin = find(&stand, "0:0:0:0:0:0:0:1", 80);
    assert_int_equal(configuration_index(stand.configuration, origin), 1);
    assert_ptr_equal(stand.configuration->upstreams[2], stand.configuration->upstreams[0]);
    assert_int_equal(stand.origins.other_count, 0);
    tear_down(&stand);
}

static void another_place_is_made_once(void **state)
{
    struct stand stand;
    struct origin *origin;
    char host[] = "other.test";

    (void)state;
    set_up(&stand);
    origin = find(&stand, host, 80);
    memset(host, 'x', sizeof(host) - 1);
    assert_string_equal(origin->settings.host, "other.test");
    assert_int_equal(origin->settings.port, 80);
    assert_int_equal(configuration_index(stand.configuration, origin), UPSTREAM_OTHER);
    assert_ptr_equal(find(&stand, "Other.test", 80), origin);
    assert_ptr_not_equal(find(&stand, "other.test", 81), origin);
    assert_ptr_not_equal(find(&stand, "shop.test", 81), stand.configuration->upstreams[0]);
    assert_int_equal(stand.origins.other_count, 3);
    tear_down(&stand);
}

static void what_is_no_place_is_not_found(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    assert_null(try_to_find(&stand, "shop.test", 0));
    assert_null(try_to_find(&stand, "", 80));
    assert_null(try_to_find(&stand, "a b", 80));
    tear_down(&stand);
}

static void the_one_asked_for_longest_ago_makes_room(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    fill_others(&stand);
    (void)find_other(&stand, 0);
    assert_int_equal(find_other(&stand, UPSTREAMS_OTHER_MAX)->health.failures_in_row, 0);
    assert_int_equal(stand.origins.other_count, UPSTREAMS_OTHER_MAX);
    assert_int_equal(find_other(&stand, 0)->health.failures_in_row, 1);
    assert_int_equal(find_other(&stand, 2)->health.failures_in_row, 3);
    assert_int_equal(find_other(&stand, 1)->health.failures_in_row, 0);
    tear_down(&stand);
}

static void one_in_use_stays_where_it_is(void **state)
{
    struct stand stand;
    struct origin *used;

    (void)state;
    set_up(&stand);
    used = find_other(&stand, 0);
    used->in_use = 1;
    fill_others(&stand);
    for (unsigned i = 0; i < 2 * UPSTREAMS_OTHER_MAX; i++)
        (void)find_other(&stand, 1 + i);
    assert_ptr_equal(find_other(&stand, 0), used);
    assert_string_equal(used->settings.host, "other-0.test");
    assert_int_equal(used->health.failures_in_row, 1);
    used->in_use = 0;
    tear_down(&stand);
}

static void where_all_are_in_use_there_is_no_room(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    fill_others(&stand);
    for (unsigned i = 0; i < UPSTREAMS_OTHER_MAX; i++)
        find_other(&stand, i)->in_use = 1;
    assert_null(try_to_find(&stand, "one.too.many", 80));
    assert_ptr_equal(find(&stand, "shop.test", 80), stand.configuration->upstreams[0]);
    assert_int_equal(find_other(&stand, 7)->health.failures_in_row, 8);
    find_other(&stand, 9)->in_use = 0;
    assert_string_equal(find(&stand, "just.enough", 80)->settings.host, "just.enough");
    find(&stand, "just.enough", 80)->in_use = 1;
    assert_null(try_to_find(&stand, "other-9.test", OTHER_PORT));
    for (unsigned i = 0; i < UPSTREAMS_OTHER_MAX; i++)
        if (i != 9)
            find_other(&stand, i)->in_use = 0;
    find(&stand, "just.enough", 80)->in_use = 0;
    tear_down(&stand);
}

static void who_makes_room_closes_what_is_idle(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    make_idle(&stand, find_other(&stand, 0));
    make_idle(&stand, find_other(&stand, 1));
    assert_int_equal(origins_idle(&stand.origins), 2);
    fill_others(&stand);
    (void)find_other(&stand, UPSTREAMS_OTHER_MAX);
    assert_int_equal(origins_idle(&stand.origins), 1);
    assert_int_equal(find_other(&stand, 1)->pool.count, 1);
    assert_int_equal(stand.origins.links.lent, 1);
    tear_down(&stand);
}

static void pools_are_emptied_and_fill_again(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    make_idle(&stand, stand.configuration->upstreams[1]);
    make_idle(&stand, find_other(&stand, 0));
    assert_int_equal(origins_idle(&stand.origins), 2);
    origins_empty_pools(&stand.origins, false);
    assert_int_equal(origins_idle(&stand.origins), 0);
    assert_int_equal(stand.origins.links.lent, 0);
    make_idle(&stand, stand.configuration->upstreams[1]);
    make_idle(&stand, find_other(&stand, 0));
    assert_int_equal(origins_idle(&stand.origins), 2);
    tear_down(&stand);
}

static void pools_that_stay_empty_keep_nothing(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    (void)find_other(&stand, 0);
    origins_empty_pools(&stand.origins, true);
    make_idle(&stand, stand.configuration->upstreams[1]);
    make_idle(&stand, find_other(&stand, 0));
    make_idle(&stand, find_other(&stand, 1));
    assert_int_equal(origins_idle(&stand.origins), 0);
    assert_int_equal(stand.origins.links.lent, 0);
    tear_down(&stand);
}

/* The first and the last of the settings are one place; it was asked for last when they were named. */
static void renewed_they_are_as_new(void **state)
{
    struct stand stand;
    struct origin **named;

    (void)state;
    set_up(&stand);
    named = stand.configuration->upstreams;
    named[1]->health.failures_in_row = 3;
    make_idle(&stand, named[1]);
    (void)find_other(&stand, 0);
    (void)find(&stand, "::1", 80);
    origins_empty_pools(&stand.origins, true);
    stand.configuration->turns[0] = 5;
    configuration_renew(stand.configuration);
    assert_int_equal(stand.configuration->turns[0], 0);
    assert_int_equal(stand.origins.other_count, 0);
    assert_ptr_equal(stand.origins.first, named[2]);
    assert_ptr_equal(stand.origins.first->next, named[1]);
    assert_null(stand.origins.first->next->next);
    assert_int_equal(named[1]->health.failures_in_row, 0);
    make_idle(&stand, named[1]);
    assert_int_equal(origins_idle(&stand.origins), 1);
    tear_down(&stand);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        {"a place of the settings is theirs, however it is spelled",
         a_place_of_the_settings_is_theirs, NULL, NULL, NULL},
        {"another place is made once and copied", another_place_is_made_once, NULL, NULL, NULL},
        {"what is no place is not found", what_is_no_place_is_not_found, NULL, NULL, NULL},
        {"the one asked for longest ago makes room", the_one_asked_for_longest_ago_makes_room, NULL,
         NULL, NULL},
        {"one in use stays where it is", one_in_use_stays_where_it_is, NULL, NULL, NULL},
        {"where all are in use there is no room", where_all_are_in_use_there_is_no_room, NULL, NULL,
         NULL},
        {"who makes room closes what is idle", who_makes_room_closes_what_is_idle, NULL, NULL,
         NULL},
        {"pools are emptied and fill again", pools_are_emptied_and_fill_again, NULL, NULL, NULL},
        {"pools that stay empty keep nothing, not even those made later",
         pools_that_stay_empty_keep_nothing, NULL, NULL, NULL},
        {"renewed they are as a configuration finds them", renewed_they_are_as_new, NULL, NULL,
         NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
