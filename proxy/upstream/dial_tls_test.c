#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/upstream/dial.h"
#include "proxy/upstream/origins.h"
#include "world/sim/sim.h"
#include "world/tls/tls_rig.h"

enum { STEPS_MAX = 10000, READ_BYTES = 4096 };

#define CONNECT_NS   (100 * NS_PER_MS)
#define HANDSHAKE_NS (700 * NS_PER_MS)
#define ALERT        "\x15\x03\x03\x00\x02\x02\x28" /* fatal, handshake_failure. RFC 8446 6 */

/* What the upstream does with who dials it. */
enum manner {
    MANNER_SHAKES, /* as a server does, with a certificate of the row */
    MANNER_STALLS,
    MANNER_CLOSES, /* when the first bytes have come */
    MANNER_RESETS,
    MANNER_ALERTS,
    MANNER_SAYS_HTTP,
};

/* One test: the row's sentence is its name. */
struct row {
    const char *name;
    enum manner manner;
    struct rig_wish certificate;
    const char *host; /* of the upstream; 127.0.0.1 or ::1 is where all of them are */
    const char *sni;
    bool unverified;
    enum cause cause; /* NONE: connected */
    const char *detail;
};

#define GOOD                                                                              \
    {                                                                                     \
        .subject = "server", .names = "DNS:a.test,IP:127.0.0.1,IP:::1", .authority = "ca" \
    }

static const struct row ROWS[] = {
    {.name = "a name is shaken hands with",
     .certificate = GOOD,
     .host = "a.test",
     .cause = CAUSE_NONE},
    {.name = "an address is, by its certificate's address",
     .certificate = GOOD,
     .host = "127.0.0.1",
     .cause = CAUSE_NONE},
    {.name = "an IPv6 address is, without its brackets",
     .certificate = GOOD,
     .host = "[::1]",
     .cause = CAUSE_NONE},
    {.name = "whom the certificate must be for can be said",
     .certificate = GOOD,
     .host = "127.0.0.1",
     .sni = "a.test",
     .cause = CAUSE_NONE},
    {.name = "and then the host is not enough",
     .certificate = GOOD,
     .host = "a.test",
     .sni = "b.test",
     .cause = CAUSE_TLS_CERTIFICATE_ERROR,
     .detail = "mismatch"},
    {.name = "a certificate for another name is refused",
     .certificate = {.subject = "server", .names = "DNS:wrong.test", .authority = "ca"},
     .host = "a.test",
     .cause = CAUSE_TLS_CERTIFICATE_ERROR,
     .detail = "mismatch"},
    {.name = "a certificate for another address is refused",
     .certificate = {.subject = "server", .names = "DNS:a.test,IP:127.0.0.2", .authority = "ca"},
     .host = "127.0.0.1",
     .cause = CAUSE_TLS_CERTIFICATE_ERROR,
     .detail = "mismatch"},
    {.name = "a certificate that has expired is refused",
     .certificate = {.subject = "server",
                     .names = "DNS:a.test",
                     .authority = "ca",
                     .until = "20210101000000Z"},
     .host = "a.test",
     .cause = CAUSE_TLS_CERTIFICATE_ERROR,
     .detail = "expired"},
    {.name = "a certificate that is not valid yet is refused",
     .certificate =
         {.subject = "server", .names = "DNS:a.test", .authority = "ca", .from = "20980101000000Z"},
     .host = "a.test",
     .cause = CAUSE_TLS_CERTIFICATE_ERROR,
     .detail = "not yet valid"},
    {.name = "a certificate of another authority is refused",
     .certificate = {.subject = "server", .names = "DNS:a.test", .authority = "others"},
     .host = "a.test",
     .cause = CAUSE_TLS_CERTIFICATE_ERROR,
     .detail = "issuer"},
    {.name = "anybody's certificate is taken where that is wished for",
     .certificate = {.subject = "server", .names = "DNS:wrong.test", .authority = "others"},
     .host = "a.test",
     .unverified = true,
     .cause = CAUSE_NONE},
    {.name = "an alert is told with its word",
     .manner = MANNER_ALERTS,
     .host = "a.test",
     .cause = CAUSE_TLS_ALERT_RECEIVED,
     .detail = "handshake failure"},
    {.name = "what is no TLS is told",
     .manner = MANNER_SAYS_HTTP,
     .host = "a.test",
     .cause = CAUSE_TLS_PROTOCOL_ERROR,
     .detail = ""},
    {.name = "a close within the handshake is told",
     .manner = MANNER_CLOSES,
     .host = "a.test",
     .cause = CAUSE_CONNECTION_TERMINATED},
    {.name = "a reset within the handshake is told",
     .manner = MANNER_RESETS,
     .host = "a.test",
     .cause = CAUSE_CONNECTION_TERMINATED},
    {.name = "a handshake that stalls has its own time, and no more",
     .manner = MANNER_STALLS,
     .host = "a.test",
     .cause = CAUSE_CONNECTION_TIMEOUT},
};

/* A dial, and the upstream that meets it. */
struct stand {
    const struct row *row;
    struct world *world;
    struct rig_identity authority;
    struct rig_identity identity;
    struct tls_server *server;
    struct listener listener;
    struct address address;
    struct stream peer;
    unsigned peers;
    struct link_shelf shelf;
    struct origin origin;
    struct link *link;
    struct dial dial;
    struct dial_plan plan;
    unsigned ends;
    unsigned addresses_failed;
    bool connected;
    struct failure failure;
    uint64_t ended_ns;
};

/* ---- the upstream -------------------------------------------------------------------------------- */

static void say(struct stream *stream, const char *text, size_t size)
{
    char copy[READ_BYTES];
    const struct iovec piece = {.iov_base = copy, .iov_len = size};

    memcpy(copy, text, size);
    assert_int_equal(stream_write(stream, &piece, 1), size);
}

static void on_hello(struct stand *stand)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

    switch (stand->row->manner) {
    case MANNER_CLOSES:
        stream_close(&stand->peer, STREAM_FIN);
        return;
    case MANNER_RESETS:
        stream_close(&stand->peer, STREAM_RST);
        return;
    case MANNER_ALERTS:
        say(&stand->peer, ALERT, sizeof(ALERT) - 1);
        return;
    case MANNER_SAYS_HTTP:
        say(&stand->peer, http, sizeof(http) - 1);
        return;
    case MANNER_STALLS:
    case MANNER_SHAKES:
    default:
        return;
    }
}

static void on_peer(struct stream *peer, unsigned events)
{
    struct stand *stand = peer->owner;
    uint8_t bytes[READ_BYTES];
    ssize_t size;

    (void)events;
    if (stream_status(peer) != 0)
        return;
    size = stream_read(peer, bytes, sizeof(bytes));
    if (size > 0 && stand->row->manner != MANNER_SHAKES)
        on_hello(stand);
    else if (size == 0 || (size < 0 && size != -EAGAIN))
        stream_close(peer, STREAM_FIN);
}

static void on_acceptable(struct listener *listener)
{
    struct stand *stand = listener->owner;

    stand->peers++;
    stand->peer.on_event = on_peer;
    stand->peer.owner = stand;
    if (stand->row->manner == MANNER_SHAKES)
        assert_int_equal(tls_accept(stand->server, stand->world, listener, &stand->peer), 0);
    else
        assert_int_equal(world_accept(stand->world, listener, &stand->peer), 0);
    stream_want(&stand->peer, STREAM_READ);
}

/* ---- the dial ------------------------------------------------------------------------------------- */

static void on_end(struct dial *dial, const struct failure *failure)
{
    struct stand *stand = dial->owner;

    stand->ends++;
    stand->ended_ns = world_now(stand->world) - SIM_START_NS;
    stand->connected = failure == NULL;
    if (failure != NULL)
        stand->failure = *failure;
}

static void on_address(struct dial *dial, const struct address *address)
{
    struct stand *stand = dial->owner;

    (void)address;
    stand->addresses_failed++;
}

static void make_tls(struct stand *stand)
{
    const struct row *row = stand->row;
    const struct tls_certificate certificate = {.certificate_path = stand->identity.path,
                                                .key_path = stand->identity.path};
    const struct tls_server_options server = {.certificates = &certificate, .certificate_count = 1};
    const struct tls_client_options client = {.ca_path = stand->authority.path,
                                              .unverified = row->unverified};
    char error[TLS_ERROR_BYTES];

    tls_randomness_seed(1);
    stand->server = tls_server_create(&server, error);
    assert_non_null(stand->server);
    origin_set_tls(&stand->origin, tls_client_create(&client, error));
    assert_non_null(stand->origin.tls);
}

static void listen_there(struct stand *stand)
{
    const char *place = stand->row->host[0] == '[' ? "[::1]:443" : "127.0.0.1:443";
    const struct sim_name name = {
        .host = "a.test", .addresses = &stand->address, .address_count = 1};

    assert_true(address_parse(place, 0, &stand->address));
    stand->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stand};
    assert_int_equal(world_listen(stand->world, &stand->listener, &stand->address, LISTEN_OPEN, 8),
                     0);
    assert_true(sim_add_name(stand->world, &name));
}

static void set_up(struct stand *stand, const struct row *row)
{
    static const struct rig_wish authority = {.subject = "ca"};
    static const struct rig_wish otherwise = GOOD;
    const struct sim_options options = {.seed = 1, .latency_ns = NS_PER_MS};
    struct upstream_settings *settings = &stand->origin.settings;

    *stand = (struct stand){.row = row, .world = sim_create(&options)};
    assert_non_null(stand->world);
    rig_identity_init(&stand->authority, &authority);
    rig_identity_init(&stand->identity,
                      row->certificate.subject != NULL ? &row->certificate : &otherwise);
    listen_there(stand);
    *settings = (struct upstream_settings){.port = 443, .tls = true};
    memcpy(settings->host, row->host, strlen(row->host) + 1);
    if (row->sni != NULL)
        memcpy(settings->sni, row->sni, strlen(row->sni) + 1);
    make_tls(stand);
    stand->link = link_take(&stand->shelf, &stand->origin);
    assert_non_null(stand->link);
    dial_init(&stand->dial, stand->world);
    stand->plan = (struct dial_plan){.connect_ns = CONNECT_NS, .handshake_ns = HANDSHAKE_NS};
    stand->dial.on_end = on_end;
    stand->dial.on_address = on_address;
    stand->dial.owner = stand;
}

static void tear_down(struct stand *stand)
{
    struct sim_census census;

    link_give_back(&stand->shelf, &stand->link, STREAM_FIN);
    link_shelf_release(&stand->shelf);
    if (stream_in_use(&stand->peer))
        stream_close(&stand->peer, STREAM_RST);
    world_run(stand->world, STEPS_MAX, world_now(stand->world) + 10 * NS_PER_S);
    if (stream_in_use(&stand->peer))
        stream_close(&stand->peer, STREAM_RST);
    world_unlisten(stand->world, &stand->listener);
    origin_set_tls(&stand->origin, NULL);
    tls_server_release(&stand->server);
    rig_identity_release(&stand->authority);
    rig_identity_release(&stand->identity);
    sim_world_census(stand->world, &census);
    assert_int_equal(census.streams + census.timers + census.queries, 0);
    assert_int_equal(tls_streams_in_use(), 0);
    sim_destroy(&stand->world);
    tls_randomness_restore();
}

static void run(struct stand *stand)
{
    world_run(stand->world, STEPS_MAX, SIM_START_NS + 10 * NS_PER_S);
}

static void shakes_hands(void **state)
{
    struct stand stand;

    set_up(&stand, *state);
    dial_start(&stand.dial, stand.link, &stand.plan);
    run(&stand);
    assert_int_equal(stand.ends, 1);
    assert_int_equal(stand.addresses_failed, 0);
    assert_int_equal(stand.peers, 1);
    assert_int_equal(stand.connected, stand.row->cause == CAUSE_NONE);
    if (stand.connected) {
        assert_int_equal(tls_phase_of(&stand.link->stream), TLS_OPEN);
    } else {
        assert_int_equal(stand.failure.side, SIDE_UPSTREAM);
        assert_int_equal(stand.failure.stage, STAGE_HANDSHAKE);
        assert_string_equal(cause_word(stand.failure.cause), cause_word(stand.row->cause));
        assert_false(stream_in_use(&stand.link->stream));
    }
    if (stand.row->detail != NULL) {
        assert_non_null(stand.dial.detail);
        assert_non_null(strstr(stand.dial.detail, stand.row->detail));
    } else {
        assert_null(stand.dial.detail);
    }
    tear_down(&stand);
}

/* ---- times ---------------------------------------------------------------------------------------- */

static const struct row STALL = {.manner = MANNER_STALLS, .host = "127.0.0.1"};
static const struct row SHAKE = {.certificate = GOOD, .host = "a.test"};

/* The connection takes two milliseconds of latency, and the handshake's clock begins behind it. */
static void a_stall_has_the_time_of_a_handshake(void **state)
{
    const uint64_t made_ns = 2 * NS_PER_MS;
    struct stand stand;

    (void)state;
    set_up(&stand, &STALL);
    dial_start(&stand.dial, stand.link, &stand.plan);
    assert_int_equal(dial_stage(&stand.dial), STAGE_DIAL);
    world_run(stand.world, STEPS_MAX, SIM_START_NS + made_ns + HANDSHAKE_NS - 1);
    assert_int_equal(dial_stage(&stand.dial), STAGE_HANDSHAKE);
    assert_int_equal(stand.ends, 0);
    run(&stand);
    assert_int_equal(stand.ends, 1);
    assert_int_equal(stand.ended_ns, made_ns + HANDSHAKE_NS);
    assert_int_equal(stand.failure.cause, CAUSE_CONNECTION_TIMEOUT);
    assert_int_equal(stand.failure.os_error, ETIMEDOUT);
    tear_down(&stand);
}

static void without_a_limit_it_waits(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, &STALL);
    stand.plan.handshake_ns = 0;
    dial_start(&stand.dial, stand.link, &stand.plan);
    run(&stand);
    assert_int_equal(stand.ends, 0);
    dial_stop(&stand.dial);
    tear_down(&stand);
}

/* ---- stop is final -------------------------------------------------------------------------------- */

static void stop_is_final(void **state)
{
    bool over = false;

    (void)state;
    for (uint64_t steps = 0; !over; steps++) {
        struct stand stand;

        set_up(&stand, &SHAKE);
        dial_start(&stand.dial, stand.link, &stand.plan);
        if (steps > 0)
            world_run(stand.world, steps, SIM_START_NS + 10 * NS_PER_S);
        over = stand.ends > 0;
        dial_stop(&stand.dial);
        if (stream_in_use(&stand.link->stream))
            stream_close(&stand.link->stream, STREAM_FIN);
        stand.ends = 0;
        run(&stand);
        assert_int_equal(stand.ends, 0);
        tear_down(&stand);
        assert_true(steps < STEPS_MAX);
    }
}

static const struct CMUnitTest TESTS[] = {
    {"a stall ends when the time of the handshake is over, and not before",
     a_stall_has_the_time_of_a_handshake, NULL, NULL, NULL},
    {"without a limit of time a handshake waits", without_a_limit_it_waits, NULL, NULL, NULL},
    {"nothing is told after a stop, at whatever step of a handshake", stop_is_final, NULL, NULL,
     NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(TESTS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = shakes_hands,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
