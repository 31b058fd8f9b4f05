#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/upstream/dial.h"
#include "world/base/check.h"
#include "world/sim/sim.h"

enum { STEPS_MAX = 1000, HOSTS = 3, PORT = 8080 };

#define CONNECT_NS (100 * NS_PER_MS)

/* A dial, and the three addresses behind the name "upstream.test". */
struct stand {
    struct world *world;
    struct listener listeners[HOSTS];
    struct address addresses[HOSTS];
    struct link_shelf shelf;
    struct origin origin;
    struct link *link;
    struct dial dial;
    struct dial_plan plan;
    unsigned ends;
    unsigned addresses_failed;
    enum cause causes[HOSTS]; /* of those that were told of */
    bool connected;
    struct failure failure;
    uint64_t ended_ns;
    struct address peer;
};

static void on_acceptable(struct listener *listener)
{
    (void)listener; /* who dials is content with a place in the backlog */
}

static void on_end(struct dial *dial, const struct failure *failure)
{
    struct stand *stand = dial->owner;
    struct stream_info info;

    stand->ends++;
    stand->ended_ns = world_now(stand->world) - SIM_START_NS;
    stand->connected = failure == NULL;
    if (failure != NULL) {
        stand->failure = *failure;
        return;
    }
    stream_info(&stand->link->stream, &info);
    stand->peer = info.peer;
}

static void on_address(struct dial *dial, const struct address *address)
{
    struct stand *stand = dial->owner;

    assert_true(address_equal(address, &dial->address));
    assert_true(stand->addresses_failed < HOSTS);
    stand->causes[stand->addresses_failed++] = dial->failure.cause;
}

static void listen_at(struct stand *stand, size_t i, enum listen_mode mode)
{
    stand->addresses[i] = address_loopback(PORT);
    stand->addresses[i].bytes[3] = (uint8_t)(i + 1);
    stand->listeners[i] = (struct listener){.on_acceptable = on_acceptable, .owner = stand};
    assert_int_equal(
        world_listen(stand->world, &stand->listeners[i], &stand->addresses[i], mode, 8), 0);
}

/* One mode for each address: O open, R refused, B nobody answers. */
static void set_up(struct stand *stand, const char *modes)
{
    const struct sim_options options = {.seed = 1};
    struct sim_name name = {.host = "upstream.test"};

    *stand = (struct stand){.world = sim_create(&options)};
    assert_non_null(stand->world);
    for (size_t i = 0; modes[i] != '\0'; i++)
        listen_at(stand, i,
                  modes[i] == 'O'   ? LISTEN_OPEN
                  : modes[i] == 'R' ? LISTEN_REFUSED
                                    : LISTEN_BLACKHOLE);
    name.addresses = stand->addresses;
    while (name.address_count < HOSTS && modes[name.address_count] != '\0')
        name.address_count++;
    assert_true(sim_add_name(stand->world, &name));
    stand->origin = (struct origin){.settings = {.host = "upstream.test", .port = PORT}};
    stand->link = link_take(&stand->shelf, &stand->origin);
    assert_non_null(stand->link);
    dial_init(&stand->dial, stand->world);
    stand->plan = (struct dial_plan){.connect_ns = CONNECT_NS};
    stand->dial.on_end = on_end;
    stand->dial.on_address = on_address;
    stand->dial.owner = stand;
}

static void tear_down(struct stand *stand)
{
    struct sim_census census;

    link_give_back(&stand->shelf, &stand->link, STREAM_FIN);
    link_shelf_release(&stand->shelf);
    for (size_t i = 0; i < HOSTS; i++)
        if (stand->listeners[i].impl != NULL)
            world_unlisten(stand->world, &stand->listeners[i]);
    sim_world_census(stand->world, &census);
    assert_int_equal(census.timers + census.queries, 0);
    sim_destroy(&stand->world);
}

/* Dials and runs until nothing is left to happen. */
static void dial(struct stand *stand)
{
    dial_start(&stand->dial, stand->link, &stand->plan);
    assert_int_equal(stand->ends, 0);
    world_run(stand->world, STEPS_MAX, SIM_START_NS + 10 * NS_PER_S);
}

/* ---- which address answers ------------------------------------------------------------------- */

struct row {
    const char *name;
    const char *modes;
    int connected; /* to which of them, or -1 */
    enum cause cause;
    uint64_t ended_ns;
    unsigned told; /* of addresses that failed while others were left */
    unsigned first_address;
};

static const struct row ROWS[] = {
    {"the first address is taken where it answers", "OOO", 0, CAUSE_NONE, 0, 0, 0},
    {"where the first refuses the second is tried at once", "ROO", 1, CAUSE_NONE, 0, 1, 0},
    {"each address has its own time to answer", "BBO", 2, CAUSE_NONE, 2 * CONNECT_NS, 2, 0},
    {"the last address is tried too", "RBO", 2, CAUSE_NONE, CONNECT_NS, 2, 0},
    {"where all refuse, the dial is refused", "RRR", -1, CAUSE_CONNECTION_REFUSED, 0, 2, 0},
    {"where none answers, the dial times out after all their times", "BBB", -1,
     CAUSE_CONNECTION_TIMEOUT, 3 * CONNECT_NS, 2, 0},
    {"the last failure is the dial's: refused", "BR", -1, CAUSE_CONNECTION_REFUSED, CONNECT_NS, 1,
     0},
    {"the last failure is the dial's: timed out", "RB", -1, CAUSE_CONNECTION_TIMEOUT, CONNECT_NS, 1,
     0},
    {"a name without an address is not found", "", -1, CAUSE_DNS_ERROR, 0, 0, 0},
    {"the only address is the dial's failure and told once", "R", -1, CAUSE_CONNECTION_REFUSED, 0,
     0, 0},
    {"a dial may begin with a later address", "OOO", 2, CAUSE_NONE, 0, 0, 2},
    {"and then comes round to the first", "ROR", 1, CAUSE_NONE, 0, 2, 2},
    {"each address is tried once, wherever the dial begins", "RRR", -1, CAUSE_CONNECTION_REFUSED, 0,
     2, 1},
    {"where to begin is counted round the row", "OOO", 1, CAUSE_NONE, 0, 0, 7},
};

static void goes_from_address_to_address(void **state)
{
    const struct row *row = *state;
    struct stand stand;

    set_up(&stand, row->modes);
    stand.plan.first_address = row->first_address;
    dial(&stand);
    assert_int_equal(stand.ends, 1);
    assert_int_equal(stand.ended_ns, row->ended_ns);
    assert_int_equal(stand.addresses_failed, row->told);
    assert_int_equal(dial_next_address(&stand.dial),
                     row->first_address + row->told + (row->cause != CAUSE_DNS_ERROR));
    assert_int_equal(stand.connected, row->connected >= 0);
    if (stand.connected) {
        assert_true(address_equal(&stand.peer, &stand.addresses[row->connected]));
    } else {
        assert_int_equal(stand.failure.side, SIDE_UPSTREAM);
        assert_int_equal(stand.failure.cause, row->cause);
        assert_int_equal(stand.failure.stage,
                         row->cause == CAUSE_DNS_ERROR ? STAGE_RESOLVE : STAGE_DIAL);
        assert_false(stream_in_use(&stand.link->stream));
    }
    tear_down(&stand);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void a_lookup_has_the_time_of_an_address(void **state)
{
    const struct sim_name slow = {.host = "slow.test", .delay_ns = TIME_NEVER};
    struct stand stand;

    (void)state;
    set_up(&stand, "O");
    assert_true(sim_add_name(stand.world, &slow));
    memcpy(stand.origin.settings.host, slow.host, strlen(slow.host) + 1);
    dial_start(&stand.dial, stand.link, &stand.plan);
    assert_int_equal(dial_stage(&stand.dial), STAGE_RESOLVE);
    world_run(stand.world, STEPS_MAX, SIM_START_NS + 10 * NS_PER_S);
    assert_int_equal(stand.ends, 1);
    assert_int_equal(stand.ended_ns, CONNECT_NS);
    assert_int_equal(stand.failure.stage, STAGE_RESOLVE);
    assert_int_equal(stand.failure.cause, CAUSE_DNS_TIMEOUT);
    tear_down(&stand);
}

static void an_address_needs_no_lookup(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "[::1]"};
    struct stand stand;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        set_up(&stand, "");
        memcpy(stand.origin.settings.host, hosts[i], strlen(hosts[i]) + 1);
        assert_true(address_parse(hosts[i], PORT, &stand.addresses[0]));
        stand.listeners[0] = (struct listener){.on_acceptable = on_acceptable};
        assert_int_equal(
            world_listen(stand.world, &stand.listeners[0], &stand.addresses[0], LISTEN_OPEN, 1), 0);
        dial_start(&stand.dial, stand.link, &stand.plan);
        assert_int_equal(dial_stage(&stand.dial), STAGE_DIAL);
        world_run(stand.world, STEPS_MAX, SIM_START_NS + 10 * NS_PER_S);
        assert_true(stand.connected);
        assert_true(address_equal(&stand.peer, &stand.addresses[0]));
        tear_down(&stand);
    }
}

/* ---- where it may not go --------------------------------------------------------------------------- */

struct limit {
    const char *name;
    const char *modes;
    const char *forbidden; /* F: the address in that place is none that is allowed */
    int connected;         /* to which of them, or -1 */
    enum side side;
    enum stage stage;
    enum cause cause;
    unsigned told;
};

static const struct limit LIMITS[] = {
    {"an allowed address is taken", "O", "_", 0, SIDE_NONE, STAGE_DIAL, CAUSE_NONE, 0},
    {"a forbidden address is never dialled", "O", "F", -1, SIDE_DOWNSTREAM, STAGE_DIAL,
     CAUSE_DESTINATION_IP_PROHIBITED, 0},
    {"of several addresses an allowed one is taken", "OOO", "FF_", 2, SIDE_NONE, STAGE_DIAL,
     CAUSE_NONE, 2},
    {"where all are forbidden, the client is at fault", "OOO", "FFF", -1, SIDE_DOWNSTREAM,
     STAGE_DIAL, CAUSE_DESTINATION_IP_PROHIBITED, 2},
    {"where the allowed one fails, that is the failure", "OR", "F_", -1, SIDE_UPSTREAM, STAGE_DIAL,
     CAUSE_CONNECTION_REFUSED, 1},
    {"also where it stands before a forbidden one", "RO", "_F", -1, SIDE_UPSTREAM, STAGE_DIAL,
     CAUSE_CONNECTION_REFUSED, 1},
};

/* 127.0.0.1 to 127.0.0.3 one by one, but for those that are forbidden. */
static size_t allow(const struct limit *limit, struct address_range ranges[HOSTS])
{
    size_t count = 0;

    for (size_t i = 0; i < HOSTS; i++) {
        if (i < strlen(limit->forbidden) && limit->forbidden[i] == 'F')
            continue;
        ranges[count] = (struct address_range){.address = address_loopback(0), .bits = 32};
        ranges[count++].address.bytes[3] = (uint8_t)(i + 1);
    }
    if (count == 0)
        ranges[count++] = (struct address_range){.address = {.family = 6}, .bits = 128};
    return count;
}

static void goes_where_it_may(void **state)
{
    const struct limit *limit = *state;
    struct address_range ranges[HOSTS];
    struct stand stand;

    for (unsigned literal = 0; literal <= (strlen(limit->modes) == 1); literal++) {
        set_up(&stand, limit->modes);
        stand.plan.limited = true;
        stand.plan.allow = ranges;
        stand.plan.allow_count = allow(limit, ranges);
        if (literal)
            memcpy(stand.origin.settings.host, "127.0.0.1", sizeof("127.0.0.1"));
        dial(&stand);
        assert_int_equal(stand.ends, 1);
        assert_int_equal(stand.connected, limit->connected >= 0);
        assert_int_equal(stand.addresses_failed, limit->told);
        for (unsigned i = 0; i < limit->told; i++)
            assert_int_equal(stand.causes[i], limit->forbidden[i] == 'F'
                                                  ? CAUSE_DESTINATION_IP_PROHIBITED
                                                  : CAUSE_CONNECTION_REFUSED);
        if (stand.connected) {
            assert_true(address_equal(&stand.peer, &stand.addresses[limit->connected]));
        } else {
            assert_int_equal(stand.failure.side, limit->side);
            assert_int_equal(stand.failure.stage, limit->stage);
            assert_int_equal(stand.failure.cause, limit->cause);
            assert_false(stream_in_use(&stand.link->stream));
        }
        tear_down(&stand);
    }
}

/* Without ranges of its own, a limited dial stays on this machine. */
static void without_ranges_it_stays_on_this_machine(void **state)
{
    static const struct {
        const char *host;
        enum cause cause; /* NONE: it is dialled */
    } rows[] = {
        {"127.0.0.1", CAUSE_NONE},
        {"192.0.2.1", CAUSE_DESTINATION_IP_PROHIBITED},
        {"[2001:db8::1]", CAUSE_DESTINATION_IP_PROHIBITED},
        {"0.0.0.0", CAUSE_DESTINATION_IP_PROHIBITED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stand stand;

        set_up(&stand, "O");
        stand.plan.limited = true;
        memcpy(stand.origin.settings.host, rows[i].host, strlen(rows[i].host) + 1);
        dial(&stand);
        assert_int_equal(stand.connected, rows[i].cause == CAUSE_NONE);
        assert_int_equal(stand.failure.cause, rows[i].cause);
        tear_down(&stand);
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void without_a_limit_it_waits(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "BO");
    stand.plan.connect_ns = 0;
    dial(&stand);
    assert_int_equal(stand.ends, 0);
    dial_stop(&stand.dial);
    tear_down(&stand);
}

static void want_of_streams_is_told_later(void **state)
{
    const struct sim_options poor = {.seed = 1, .streams_max = 1};
    struct stream other = {.on_event = NULL};
    struct stand stand;

    (void)state;
    set_up(&stand, "");
    sim_configure(stand.world, &poor);
    listen_at(&stand, 0, LISTEN_OPEN);
    memcpy(stand.origin.settings.host, "127.0.0.1", sizeof("127.0.0.1"));
    other.on_event = stand.link->stream.on_event = (stream_callback *)(uintptr_t)1;
    assert_int_equal(world_connect(stand.world, &other, &stand.addresses[0]), 0);
    stream_want(&other, 0);
    dial(&stand);
    assert_int_equal(stand.ends, 1);
    assert_int_equal(stand.failure.cause, CAUSE_CONNECTION_LIMIT_REACHED);
    assert_int_equal(stand.failure.os_error, EMFILE);
    stream_close(&other, STREAM_FIN);
    tear_down(&stand);
}

/* ---- stop is final --------------------------------------------------------------------------- */

static void stop_is_final(void **state)
{
    static const char *const modes[] = {"O", "RO", "R", "BO", ""};
    struct stand stand;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        for (uint64_t steps = 0; steps < 4; steps++) {
            set_up(&stand, modes[i]);
            dial_start(&stand.dial, stand.link, &stand.plan);
            if (steps > 0)
                world_run(stand.world, steps, SIM_START_NS);
            stand.ends = 0;
            dial_stop(&stand.dial);
            if (stream_in_use(&stand.link->stream))
                stream_close(&stand.link->stream, STREAM_FIN);
            world_run(stand.world, STEPS_MAX, SIM_START_NS + 10 * NS_PER_S);
            assert_int_equal(stand.ends, 0);
            tear_down(&stand);
        }
    }
}

static void a_stopped_dial_dials_again(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "BO");
    dial_start(&stand.dial, stand.link, &stand.plan);
    world_run(stand.world, STEPS_MAX, SIM_START_NS + CONNECT_NS / 2);
    dial_stop(&stand.dial);
    stream_close(&stand.link->stream, STREAM_FIN);
    dial(&stand);
    assert_int_equal(stand.ends, 1);
    assert_true(stand.connected);
    assert_true(address_equal(&stand.peer, &stand.addresses[1]));
    tear_down(&stand);
}

static const struct CMUnitTest TESTS[] = {
    {"a lookup that is not answered has the time of an address",
     a_lookup_has_the_time_of_an_address, NULL, NULL, NULL},
    {"an address, of either family, needs no lookup", an_address_needs_no_lookup, NULL, NULL, NULL},
    {"without ranges a limited dial stays on this machine", without_ranges_it_stays_on_this_machine,
     NULL, NULL, NULL},
    {"without a limit of time a dial waits", without_a_limit_it_waits, NULL, NULL, NULL},
    {"want of streams is a failure that is told later", want_of_streams_is_told_later, NULL, NULL,
     NULL},
    {"nothing is told after a stop, whenever it comes", stop_is_final, NULL, NULL, NULL},
    {"a dial that was stopped begins anew", a_stopped_dial_dials_again, NULL, NULL, NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(TESTS) + COUNT_OF(ROWS) + COUNT_OF(LIMITS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = goes_from_address_to_address,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(LIMITS); i++)
        tests[count++] = (struct CMUnitTest){.name = LIMITS[i].name,
                                             .test_func = goes_where_it_may,
                                             .initial_state = (void *)(uintptr_t)&LIMITS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
