#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/downstream/session.h"
#include "retryproof/proxy.h"
#include "world/base/check.h"
#include "world/sim/sim.h"

enum {
    STEPS_MAX = 10000, /* far more than the few exchanges of a test take */
    READ_BYTES = 4096, /* whole messages of this file at once */
    PEERS_MAX = 4,
};

static const char TWO_REQUESTS[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                                   "PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* A proxy, an upstream that answers whatever it reads, and a client that sends two requests at once. */
struct stand {
    struct world *world;
    struct proxy_settings settings;
    struct proxy *proxy;
    struct listener listener;
    struct stream peers[PEERS_MAX];
    size_t peer_count;
    struct stream client;
    bool asked;
    char answer[READ_BYTES];
    size_t answer_size;
    bool client_ended;
    unsigned records;
    struct failure failure; /* of the last record */
    unsigned drained;
};

static void write_all(struct stream *stream, const char *text)
{
    char copy[READ_BYTES];
    const struct iovec piece = {.iov_base = copy, .iov_len = strlen(text)};

    memcpy(copy, text, piece.iov_len);
    assert_int_equal(stream_write(stream, &piece, 1), piece.iov_len);
}

static void on_peer_event(struct stream *peer, unsigned events)
{
    char request[READ_BYTES];
    ssize_t size = stream_read(peer, request, sizeof(request));

    (void)events;
    if (size > 0)
        write_all(peer, ANSWER);
    else if (size != -EAGAIN)
        stream_close(peer, STREAM_FIN);
}

static void on_acceptable(struct listener *listener)
{
    struct stand *stand = listener->owner;
    struct stream *peer = &stand->peers[stand->peer_count++];

    assert_true(stand->peer_count <= PEERS_MAX);
    peer->on_event = on_peer_event;
    assert_int_equal(world_accept(stand->world, listener, peer), 0);
    stream_want(peer, STREAM_READ);
}

static void on_client_event(struct stream *client, unsigned events)
{
    struct stand *stand = client->owner;
    ssize_t size;

    (void)events;
    if (stream_status(client) == 0 && !stand->asked) {
        stand->asked = true;
        write_all(client, TWO_REQUESTS);
        stream_want(client, STREAM_READ);
        return;
    }
    size = stream_read(client, stand->answer + stand->answer_size,
                       sizeof(stand->answer) - stand->answer_size);
    if (size > 0) {
        stand->answer_size += (size_t)size;
    } else if (size != -EAGAIN) {
        stand->client_ended = true;
        stream_close(client, STREAM_FIN);
    }
}

static void on_record(void *owner, const struct exchange_record *record)
{
    struct stand *stand = owner;

    stand->records++;
    stand->failure = record->failure;
}

static void on_drained(void *owner)
{
    struct stand *stand = owner;

    stand->drained++;
}

static void set_up(struct stand *stand)
{
    const struct sim_options options = {.seed = 1};
    struct address address = address_loopback(0);
    struct upstream_settings *upstream = &stand->settings.upstreams[0];

    *stand = (struct stand){.world = sim_create(&options)};
    assert_non_null(stand->world);
    stand->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stand};
    assert_int_equal(world_listen(stand->world, &stand->listener, &address, LISTEN_OPEN, PEERS_MAX),
                     0);
    proxy_settings_init(&stand->settings);
    stand->settings.upstream_count = 1;
    memcpy(upstream->name, "a", sizeof("a"));
    address_format_host(&address, upstream->host);
    upstream->port = address.port;
    stand->settings.on_record = on_record;
    stand->settings.owner = stand;
}

static void dial(struct stand *stand)
{
    struct address address = proxy_address(stand->proxy);

    stand->client.on_event = on_client_event;
    stand->client.owner = stand;
    assert_int_equal(world_connect(stand->world, &stand->client, &address), 0);
}

static void start(struct stand *stand)
{
    int os_error;

    stand->proxy = proxy_create(stand->world, &stand->settings, NULL, &os_error);
    assert_non_null(stand->proxy);
    dial(stand);
}

/* The world is as new, and so is all that set_up() and start() have made but for the proxy, which begins again. */
static void start_again(struct stand *stand)
{
    struct address address = address_loopback(0);
    int os_error;

    sim_reset(stand->world, 1);
    *stand = (struct stand){.world = stand->world,
                            .settings = stand->settings,
                            .proxy = stand->proxy,
                            .listener = {.on_acceptable = on_acceptable, .owner = stand}};
    assert_int_equal(world_listen(stand->world, &stand->listener, &address, LISTEN_OPEN, PEERS_MAX),
                     0);
    assert_true(proxy_restart(stand->proxy, &os_error));
    dial(stand);
}

/* A minute is longer than any limit of time that the settings have by default. */
static void run(struct stand *stand)
{
    world_run(stand->world, STEPS_MAX, world_now(stand->world) + 60 * NS_PER_S);
}

static void tear_down(struct stand *stand)
{
    struct sim_census census;

    if (stand->proxy != NULL)
        proxy_destroy(&stand->proxy);
    run(stand);
    if (stream_in_use(&stand->client))
        stream_close(&stand->client, STREAM_FIN);
    world_unlisten(stand->world, &stand->listener);
    sim_world_census(stand->world, &census);
    assert_int_equal(census.streams + census.timers + census.listeners + census.queries, 0);
    sim_destroy(&stand->world);
}

static void pipelined_requests_share_a_link(void **state)
{
    struct stand stand;
    struct proxy_census census;

    (void)state;
    set_up(&stand);
    start(&stand);
    world_run(stand.world, STEPS_MAX, SIM_START_NS + NS_PER_S);
    assert_int_equal(stand.records, 2);
    assert_int_equal(stand.peer_count, 1);
    proxy_census(stand.proxy, &census);
    assert_int_equal(census.sessions, 1);
    assert_int_equal(census.exchanges, 0);
    assert_int_equal(census.upstream_active, 0);
    assert_int_equal(census.upstream_idle, 1);
    assert_int_equal(census.timers, 2);
    assert_int_equal(census.body_bytes_held, 0);
    tear_down(&stand);
}

/* From outside of an upcall, which is where it is allowed: after each single step of the whole story. */
static void may_be_destroyed_at_any_moment(void **state)
{
    bool quiet = false;

    (void)state;
    for (uint64_t steps = 0; !quiet; steps++) {
        struct stand stand;

        set_up(&stand);
        start(&stand);
        quiet = steps > 0 && world_run(stand.world, steps, TIME_NEVER) == RUN_QUIESCENT;
        proxy_destroy(&stand.proxy);
        run(&stand);
        assert_true(stand.client_ended || !stream_in_use(&stand.client) ||
                    stream_status(&stand.client) != 0);
        tear_down(&stand);
    }
}

static void may_be_drained_at_any_moment(void **state)
{
    bool quiet = false;

    (void)state;
    for (uint64_t steps = 0; !quiet; steps++) {
        struct stand stand;
        struct proxy_census census;

        set_up(&stand);
        start(&stand);
        quiet = steps > 0 && world_run(stand.world, steps, TIME_NEVER) == RUN_QUIESCENT;
        proxy_drain(stand.proxy, on_drained, &stand);
        assert_int_equal(stand.drained, 0);
        run(&stand);
        assert_int_equal(stand.drained, 1);
        proxy_census(stand.proxy, &census);
        assert_int_equal(census.sessions + census.upstream_idle + census.upstream_active, 0);
        tear_down(&stand);
    }
}

/* Whatever it was doing. The last of them plays the story of one that was made anew. */
static void begins_again_as_new(void **state)
{
    struct proxy_census census;
    uint64_t hash = 0;
    bool quiet = false;

    (void)state;
    for (uint64_t steps = 0; !quiet; steps++) {
        struct stand stand;

        set_up(&stand);
        start(&stand);
        quiet = steps > 0 && world_run(stand.world, steps, TIME_NEVER) == RUN_QUIESCENT;
        if (quiet)
            assert_true(sim_trace_hash(stand.world) == hash);
        proxy_stop(stand.proxy);
        proxy_census(stand.proxy, &census);
        assert_int_equal(census.sessions + census.upstream_idle + census.timers, 0);
        start_again(&stand);
        assert_int_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
        assert_int_equal(stand.records, 2);
        assert_true(hash == 0 || sim_trace_hash(stand.world) == hash);
        hash = sim_trace_hash(stand.world);
        tear_down(&stand);
    }
}

static void a_taken_address_is_an_error(void **state)
{
    struct stand stand;
    struct proxy *second;
    int os_error;

    (void)state;
    set_up(&stand);
    start(&stand);
    stand.settings.listen = proxy_address(stand.proxy);
    second = proxy_create(stand.world, &stand.settings, NULL, &os_error);
    assert_null(second);
    assert_int_equal(os_error, EADDRINUSE);
    tear_down(&stand);
}

/* The linker puts it in the place of session_create(): memory is short for as long as a test says so. */
static bool memory_is_short;

struct session *__real_session_create(struct exchange_ground *ground);
struct session *__wrap_session_create(struct exchange_ground *ground);

struct session *__wrap_session_create(struct exchange_ground *ground)
{
    return memory_is_short ? NULL : __real_session_create(ground);
}

static void a_client_for_whom_memory_is_short_is_turned_away(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    memory_is_short = true;
    start(&stand);
    assert_int_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
    memory_is_short = false;
    assert_true(stand.client_ended);
    assert_int_equal(stand.records, 0);
    tear_down(&stand);
}

static void a_deadline_in_a_lookup_is_the_lookups(void **state)
{
    const struct sim_name silent = {.host = "silent.test", .delay_ns = TIME_NEVER};
    struct stand stand;

    (void)state;
    set_up(&stand);
    assert_true(sim_add_name(stand.world, &silent));
    memcpy(stand.settings.upstreams[0].host, "silent.test", sizeof("silent.test"));
    stand.settings.retry.deadline_ns = stand.settings.connect_timeout_ns / 2;
    start(&stand);
    run(&stand);
    assert_int_equal(memcmp(stand.answer, "HTTP/1.1 504", 12), 0);
    assert_int_equal(stand.failure.stage, STAGE_RESOLVE);
    assert_int_equal(stand.failure.cause, CAUSE_DNS_TIMEOUT);
    tear_down(&stand);
}

static void listens_on_ipv6_too(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    assert_true(address_parse("[::1]:8080", 0, &stand.settings.listen));
    start(&stand);
    world_run(stand.world, STEPS_MAX, SIM_START_NS + NS_PER_S);
    assert_int_equal(stand.records, 2);
    assert_int_equal(memcmp(stand.answer, "HTTP/1.1 200", 12), 0);
    tear_down(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"two requests that come at once share a connection, and then all is quiet",
         pipelined_requests_share_a_link, NULL, NULL, NULL},
        {"a proxy may be destroyed at any moment", may_be_destroyed_at_any_moment, NULL, NULL,
         NULL},
        {"a proxy may be drained at any moment, and says once that it is",
         may_be_drained_at_any_moment, NULL, NULL, NULL},
        {"a proxy that is stopped at any moment begins again as new", begins_again_as_new, NULL,
         NULL, NULL},
        {"an address that is taken is an error", a_taken_address_is_an_error, NULL, NULL, NULL},
        {"a client for whom there is no memory is turned away",
         a_client_for_whom_memory_is_short_is_turned_away, NULL, NULL, NULL},
        {"a deadline that passes while a name is looked up is the lookup's failure",
         a_deadline_in_a_lookup_is_the_lookups, NULL, NULL, NULL},
        {"a proxy listens on IPv6 too", listens_on_ipv6_too, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
