#include "proxy/exchange/talk_rig.h"

enum { LONG_BYTES = 40 * 1024 }; /* forty of the smallest windows */

static const struct sim_options ORDINARY = {.seed = 1};

/* Bytes of which each tells its place and its direction. */
static void make_bytes(uint8_t *bytes, size_t size, unsigned salt)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251 + salt);
}

/* ---- bytes both ways ------------------------------------------------------------------------------ */

struct shape {
    const char *name;
    struct sim_options options;
    size_t window_bytes;
};

static const struct shape SHAPES[] = {
    {"bytes go both ways at once", {.seed = 1}, WINDOW_BYTES_DEFAULT},
    {"bytes go both ways through the smallest window", {.seed = 1}, WINDOW_BYTES_MIN},
    {"bytes go both ways one by one", {.seed = 1, .segment_bytes = 1}, WINDOW_BYTES_MIN},
    {"bytes go both ways where little is taken at once",
     {.seed = 1, .short_write_bytes = 100, .sndbuf_bytes = 512, .rcvbuf_bytes = 512},
     WINDOW_BYTES_MIN},
};

static void expect_heard(const struct party *party, const uint8_t *bytes, size_t size)
{
    assert_int_equal(party->heard_size, size);
    assert_memory_equal(party->heard, bytes, size);
}

static void carries_both_ways(void **state)
{
    static uint8_t up[LONG_BYTES];
    static uint8_t down[LONG_BYTES];
    const struct shape *shape = *state;
    static struct talk talk;

    make_bytes(up, sizeof(up), 1);
    make_bytes(down, sizeof(down), 2);
    talk_init(&talk, &shape->options, MODE_FORWARD);
    talk.settings.window_bytes = shape->window_bytes;
    talk_open_tunnel(&talk);
    assert_int_equal(talk_census(&talk).tunnels, 1);
    party_say_bytes(&talk.client, up, sizeof(up));
    party_say_bytes(&talk.peers[0], down, sizeof(down));
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    expect_heard(&talk.peers[0], up, sizeof(up));
    expect_heard(&talk.client, down, sizeof(down));
    assert_true(talk.client.ended && talk.peers[0].ended);
    assert_int_equal(talk.records, 1);
    assert_int_equal(talk.record.kind, EXCHANGE_CONNECT);
    assert_int_equal(talk.record.failure.cause, CAUSE_NONE);
    assert_int_equal(talk.record.status, 200);
    assert_int_equal(talk.record.tunnel_up_bytes, sizeof(up));
    assert_int_equal(talk.record.tunnel_down_bytes, sizeof(down));
    assert_int_equal(talk.record.request_body_bytes, 0);
    assert_int_equal(talk.record.response_body_bytes, 0);
    assert_true(talk.record.held_bytes_peak > 0);
    assert_true(talk.record.held_bytes_peak <= 2 * shape->window_bytes);
    assert_int_equal(talk_attempt(&talk)->tunnel, TUNNEL_NONE);
    assert_int_equal(talk_attempt(&talk)->tx, sizeof(up));
    assert_int_equal(talk_attempt(&talk)->rx, sizeof(down));
    assert_int_equal(talk_census(&talk).tunnels, 0);
    assert_int_equal(talk_census(&talk).upstream_idle, 0);
    talk_release(&talk);
}

/* Who reads nothing stops the other within the window and what sockets take. */
static void who_does_not_read_stops_the_other(void **state)
{
    const struct sim_options options = {.seed = 1, .sndbuf_bytes = 512, .rcvbuf_bytes = 512};
    static uint8_t down[LONG_BYTES];
    static struct talk talk;

    (void)state;
    make_bytes(down, sizeof(down), 3);
    talk_init(&talk, &options, MODE_FORWARD);
    talk.settings.window_bytes = WINDOW_BYTES_MIN;
    talk_open_tunnel(&talk);
    party_set_deaf(&talk.client, true);
    party_say_bytes(&talk.peers[0], down, sizeof(down));
    talk_settle(&talk);
    assert_true(talk.peers[0].sent < 4 * (size_t)WINDOW_BYTES_MIN);
    assert_true(talk_census(&talk).body_bytes_held <= WINDOW_BYTES_MIN);
    party_say(&talk.client, "still heard");
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "still heard");
    party_set_deaf(&talk.client, false);
    talk_settle(&talk);
    expect_heard(&talk.client, down, sizeof(down));
    talk_release(&talk);
}

static void what_came_with_the_connect_goes_up(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_start(&talk);
    talk_say_connect(&talk);
    party_say(&talk.client, "GET /no HTTP/1.1\r\n\r\n");
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, TALK_CONNECTED);
    assert_string_equal(talk.peers[0].heard, "GET /no HTTP/1.1\r\n\r\n");
    talk_release(&talk);
}

static void what_an_upstream_says_at_once_comes_behind_the_200(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    party_say(&talk.peers[0], "220 hello\r\n");
    talk_start(&talk);
    talk_say_connect(&talk);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, TALK_CONNECTED "220 hello\r\n");
    talk_release(&talk);
}

/* ---- half-close ----------------------------------------------------------------------------------- */

static void the_clients_half_close_goes_through(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.client, "ask");
    party_shut(&talk.client);
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "ask");
    assert_true(talk.peers[0].ended);
    assert_false(talk.client.ended);
    assert_int_equal(talk.records, 0);
    party_say(&talk.peers[0], "answer");
    talk_settle(&talk);
    party_say(&talk.peers[0], " and more");
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, "answer and more");
    assert_true(talk.client.ended);
    assert_int_equal(talk.record.failure.cause, CAUSE_NONE);
    talk_release(&talk);
}

static void the_upstreams_half_close_goes_through(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.peers[0], "bye");
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, "bye");
    assert_true(talk.client.ended);
    assert_false(talk.peers[0].ended);
    party_say(&talk.client, "one thing");
    talk_settle(&talk);
    party_say(&talk.client, " more");
    party_shut(&talk.client);
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "one thing more");
    assert_true(talk.peers[0].ended);
    assert_int_equal(talk.record.failure.cause, CAUSE_NONE);
    talk_release(&talk);
}

/* ---- what there was of it -------------------------------------------------------------------------- */

struct use {
    const char *name;
    const char *up;
    const char *down;
    enum tunnel_phase phase;
};

static const struct use USES[] = {
    {"a tunnel that nobody used says so", "", "", TUNNEL_NO_TRAFFIC},
    {"a tunnel with nothing up says so", "", "x", TUNNEL_NO_UP},
    {"a tunnel with nothing down says so", "x", "", TUNNEL_NO_DOWN},
    {"a tunnel with both has nothing to say", "x", "y", TUNNEL_NONE},
};

static void tells_its_use(void **state)
{
    const struct use *use = *state;
    static struct talk talk;

    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.client, use->up);
    party_say(&talk.peers[0], use->down);
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_int_equal(talk.records, 1);
    assert_int_equal(talk.record.failure.cause, CAUSE_NONE);
    assert_string_equal(tunnel_phase_word(talk_attempt(&talk)->tunnel),
                        tunnel_phase_word(use->phase));
    talk_release(&talk);
}

/* ---- resets --------------------------------------------------------------------------------------- */

static void an_upstreams_reset_resets_the_client(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.peers[0], "the last words");
    talk_settle(&talk);
    party_close(&talk.peers[0], STREAM_RST);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, "the last words");
    assert_false(talk.client.ended);
    assert_int_equal(talk.client.read_error, ECONNRESET);
    talk_expect_tunnel_failure(&talk, SIDE_UPSTREAM, CAUSE_CONNECTION_TERMINATED, TUNNEL_DOWN);
    assert_int_equal(talk_attempt(&talk)->failure.os_error, ECONNRESET);
    talk_release(&talk);
}

/* What the window holds goes down first, however slowly it is taken. A reset takes with it what is in sockets. */
static void what_came_before_an_upstreams_reset_is_delivered(void **state)
{
    enum { SOCKET_BYTES = 64, SAID_BYTES = 600 };
    const struct sim_options options = {
        .seed = 1, .sndbuf_bytes = SOCKET_BYTES, .rcvbuf_bytes = SOCKET_BYTES};
    static uint8_t down[SAID_BYTES];
    static struct talk talk;

    (void)state;
    make_bytes(down, sizeof(down), 4);
    talk_init(&talk, &options, MODE_FORWARD);
    talk.settings.window_bytes = WINDOW_BYTES_MIN;
    talk_open_tunnel(&talk);
    party_set_deaf(&talk.client, true);
    party_say_bytes(&talk.peers[0], down, sizeof(down));
    talk_settle(&talk);
    assert_true(talk_census(&talk).body_bytes_held > SAID_BYTES / 2);
    party_close(&talk.peers[0], STREAM_RST);
    talk_settle(&talk);
    assert_int_equal(talk.records, 0);
    party_set_deaf(&talk.client, false);
    talk_settle(&talk);
    assert_true(talk.client.heard_size >= SAID_BYTES - 2 * SOCKET_BYTES);
    assert_memory_equal(talk.client.heard, down, talk.client.heard_size);
    assert_int_equal(talk.client.read_error, ECONNRESET);
    talk_expect_tunnel_failure(&talk, SIDE_UPSTREAM, CAUSE_CONNECTION_TERMINATED, TUNNEL_DOWN);
    talk_release(&talk);
}

static void a_clients_reset_resets_the_upstream(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.client, "the last words");
    talk_settle(&talk);
    party_close(&talk.client, STREAM_RST);
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "the last words");
    assert_false(talk.peers[0].ended);
    assert_int_equal(talk.peers[0].read_error, ECONNRESET);
    talk_expect_tunnel_failure(&talk, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, TUNNEL_UP);
    talk_release(&talk);
}

/* The 200 has not gone out whole when the client is lost. */
static void a_client_lost_before_its_200_is_told_as_that(void **state)
{
    const struct sim_options options = {
        .seed = 1, .sndbuf_bytes = 8, .rcvbuf_bytes = 8, .latency_ns = NS_PER_MS / 100};
    static struct talk talk;

    (void)state;
    talk_init(&talk, &options, MODE_FORWARD);
    talk_start(&talk);
    party_set_deaf(&talk.client, true);
    talk_say_connect(&talk);
    talk_settle(&talk);
    assert_int_equal(talk_census(&talk).tunnels, 1);
    party_close(&talk.client, STREAM_RST);
    talk_settle(&talk);
    talk_expect_tunnel_failure(&talk, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, TUNNEL_REPLY);
    talk_release(&talk);
}

/* It takes nothing any more, but what it says is still delivered. */
static void an_upstream_that_takes_nothing_may_speak_to_its_end(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.peers[0], "an answer to ");
    talk_settle(&talk);
    party_close(&talk.peers[0], STREAM_FIN);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, "an answer to ");
    assert_true(talk.client.ended);
    party_say(&talk.client, "nobody");
    talk_settle(&talk);
    party_say(&talk.client, " at all");
    talk_settle(&talk);
    assert_int_equal(talk.records, 1);
    talk_expect_tunnel_failure(&talk, SIDE_UPSTREAM, CAUSE_CONNECTION_TERMINATED, TUNNEL_UP);
    talk_release(&talk);
}

/* The same while its bytes still wait in the sockets, more than the window holds; those on their way a reset takes. */
static void what_it_said_before_is_delivered(void **state)
{
    enum { SOCKET_BYTES = 4096, SAID_BYTES = 16000 };
    const struct sim_options options = {
        .seed = 1, .sndbuf_bytes = SOCKET_BYTES, .rcvbuf_bytes = SOCKET_BYTES};
    static uint8_t down[SAID_BYTES];
    static struct talk talk;

    (void)state;
    make_bytes(down, sizeof(down), 5);
    talk_init(&talk, &options, MODE_FORWARD);
    talk.settings.window_bytes = WINDOW_BYTES_MIN;
    talk_open_tunnel(&talk);
    party_set_deaf(&talk.client, true);
    party_say_bytes(&talk.peers[0], down, sizeof(down));
    talk_settle(&talk);
    assert_int_equal(talk.peers[0].sent, SAID_BYTES);
    party_close(&talk.peers[0], STREAM_FIN);
    for (unsigned i = 0; i < 3; i++) {
        party_say(&talk.client, "nobody reads this");
        talk_settle(&talk);
    }
    assert_int_equal(talk.records, 0);
    party_set_deaf(&talk.client, false);
    talk_settle(&talk);
    assert_true(talk.record.tunnel_down_bytes >= SAID_BYTES - SOCKET_BYTES);
    assert_true(talk.client.heard_size >= SAID_BYTES - 3 * SOCKET_BYTES);
    assert_memory_equal(talk.client.heard, down, talk.client.heard_size);
    talk_expect_tunnel_failure(&talk, SIDE_UPSTREAM, CAUSE_CONNECTION_TERMINATED, TUNNEL_UP);
    talk_release(&talk);
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static const struct CMUnitTest TESTS[] = {
    {"who does not read stops the other within the window", who_does_not_read_stops_the_other, NULL,
     NULL, NULL},
    {"what came with the CONNECT goes up, whatever it is", what_came_with_the_connect_goes_up, NULL,
     NULL, NULL},
    {"what an upstream says at once comes behind the 200",
     what_an_upstream_says_at_once_comes_behind_the_200, NULL, NULL, NULL},
    {"the client's half-close goes through, and the upstream goes on",
     the_clients_half_close_goes_through, NULL, NULL, NULL},
    {"the upstream's half-close goes through, and the client goes on",
     the_upstreams_half_close_goes_through, NULL, NULL, NULL},
    {"an upstream's reset resets the client, behind what came before it",
     an_upstreams_reset_resets_the_client, NULL, NULL, NULL},
    {"what came before an upstream's reset is delivered, however slowly it is taken",
     what_came_before_an_upstreams_reset_is_delivered, NULL, NULL, NULL},
    {"a client's reset resets the upstream", a_clients_reset_resets_the_upstream, NULL, NULL, NULL},
    {"a client that is lost before its 200 is told as that",
     a_client_lost_before_its_200_is_told_as_that, NULL, NULL, NULL},
    {"an upstream that takes nothing any more may speak to its end",
     an_upstream_that_takes_nothing_may_speak_to_its_end, NULL, NULL, NULL},
    {"what it said before is delivered", what_it_said_before_is_delivered, NULL, NULL, NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(TESTS) + COUNT_OF(SHAPES) + COUNT_OF(USES)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(SHAPES); i++)
        tests[count++] = (struct CMUnitTest){.name = SHAPES[i].name,
                                             .test_func = carries_both_ways,
                                             .initial_state = (void *)(uintptr_t)&SHAPES[i]};
    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    for (size_t i = 0; i < COUNT_OF(USES); i++)
        tests[count++] = (struct CMUnitTest){.name = USES[i].name,
                                             .test_func = tells_its_use,
                                             .initial_state = (void *)(uintptr_t)&USES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
