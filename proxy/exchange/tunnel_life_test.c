/* How a tunnel comes to stand and how long it does: before its 200, its hooks, its times, and the proxy's own end. */
#include "proxy/exchange/talk_rig.h"

static const struct sim_options ORDINARY = {.seed = 1};

/* ---- times ---------------------------------------------------------------------------------------- */

static void an_idle_tunnel_ends(void **state)
{
    static struct talk talk;
    uint64_t begun_ns;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk.settings.idle_timeout_ns = NS_PER_S;
    talk_open_tunnel(&talk);
    talk_run(&talk, NS_PER_S / 2);
    party_say(&talk.client, "x");
    talk_settle(&talk);
    begun_ns = world_now(talk.world);
    talk_run(&talk, NS_PER_S - 2 * TALK_MOMENT_NS);
    assert_int_equal(talk.records, 0);
    talk_run(&talk, NS_PER_S);
    talk_expect_tunnel_failure(&talk, SIDE_UPSTREAM, CAUSE_CONNECTION_READ_TIMEOUT, TUNNEL_IDLE);
    assert_in_range(talk.record.ended_ns - begun_ns, NS_PER_S - TALK_MOMENT_NS, NS_PER_S);
    assert_int_equal(talk.client.read_error, ECONNRESET);
    assert_int_equal(talk.peers[0].read_error, ECONNRESET);
    talk_release(&talk);
}

static void no_deadline_ends_a_tunnel(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk.settings.retry.deadline_ns = NS_PER_S;
    talk.settings.retry.per_try_timeout_ns = NS_PER_S;
    talk_open_tunnel(&talk);
    for (unsigned i = 0; i < 5; i++) {
        talk_run(&talk, NS_PER_S);
        party_say(&talk.client, "x");
    }
    talk_settle(&talk);
    assert_int_equal(talk.records, 0);
    assert_string_equal(talk.peers[0].heard, "xxxxx");
    talk_release(&talk);
}

/* ---- hooks ---------------------------------------------------------------------------------------- */

struct calls {
    unsigned connected;
    unsigned request_filter;
    unsigned upstream_request_filter;
    unsigned body;
    unsigned errors;
    unsigned failed_to_proxy;
    unsigned logged;
};

static struct calls *calls_of(struct exchange *exchange)
{
    return exchange_owner(exchange);
}

static enum hook_answer on_request(struct exchange *exchange, struct head *head)
{
    (void)head;
    calls_of(exchange)->request_filter++;
    return HOOK_CONTINUE;
}

static enum hook_answer on_connected(struct exchange *exchange)
{
    calls_of(exchange)->connected++;
    return HOOK_CONTINUE;
}

static enum hook_answer on_upstream_request(struct exchange *exchange, struct head *head)
{
    (void)head;
    calls_of(exchange)->upstream_request_filter++;
    return HOOK_CONTINUE;
}

static enum hook_answer on_body(struct exchange *exchange, struct body_piece *piece)
{
    calls_of(exchange)->body++;
    body_piece_pass(piece);
    return HOOK_CONTINUE;
}

static enum retry_wish on_error(struct exchange *exchange, const struct failure *failure)
{
    (void)failure;
    calls_of(exchange)->errors++;
    return RETRY_AGAIN;
}

static enum hook_answer on_fail_to_proxy(struct exchange *exchange, const struct failure *failure)
{
    (void)failure;
    calls_of(exchange)->failed_to_proxy++;
    assert_false(exchange_can_respond(exchange));
    return HOOK_CONTINUE;
}

static void on_logging(struct exchange *exchange, const struct exchange_record *record)
{
    (void)record;
    calls_of(exchange)->logged++;
}

static void hooks_of_a_tunnel(struct talk *talk, struct calls *calls)
{
    talk->hooks = (struct proxy_hooks){
        .owner = calls,
        .request_filter = on_request,
        .connected_to_upstream = on_connected,
        .upstream_request_filter = on_upstream_request,
        .request_body_filter = on_body,
        .response_body_filter = on_body,
        .error_while_proxy = on_error,
        .fail_to_proxy = on_fail_to_proxy,
        .logging = on_logging,
    };
}

/* A tunnel has a connection and no request: neither heads nor bodies of it are shown to anybody. */
static void hooks_see_the_connection_and_no_bytes(void **state)
{
    static struct talk talk;
    struct calls calls = {0};

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    hooks_of_a_tunnel(&talk, &calls);
    talk_open_tunnel(&talk);
    party_say(&talk.client, "up");
    party_say(&talk.peers[0], "down");
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "up");
    assert_string_equal(talk.client.heard, "down");
    assert_int_equal(calls.request_filter, 1);
    assert_int_equal(calls.connected, 1);
    assert_int_equal(calls.upstream_request_filter, 0);
    assert_int_equal(calls.body, 0);
    assert_int_equal(calls.errors, 0);
    assert_int_equal(calls.logged, 1);
    talk_release(&talk);
}

static void no_hook_opens_a_tunnel_again(void **state)
{
    static struct talk talk;
    struct calls calls = {0};

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk.settings.retry.policy = RETRY_IDEMPOTENT;
    talk.settings.retry.non_idempotent = true;
    hooks_of_a_tunnel(&talk, &calls);
    talk_open_tunnel(&talk);
    party_close(&talk.peers[0], STREAM_RST);
    talk_settle(&talk);
    assert_int_equal(talk.peer_count, 1);
    assert_int_equal(calls.errors, 1);
    assert_int_equal(calls.failed_to_proxy, 1);
    assert_int_equal(calls.logged, 1);
    assert_int_equal(talk_attempt(&talk)->decision.reason, RETRY_BECAUSE_TUNNEL);
    assert_int_equal(talk.client.heard_size, 0);
    talk_expect_tunnel_failure(&talk, SIDE_UPSTREAM, CAUSE_CONNECTION_TERMINATED, TUNNEL_DOWN);
    talk_release(&talk);
}

static struct exchange *waiting;

static enum hook_answer on_connected_wait(struct exchange *exchange)
{
    if (calls_of(exchange)->connected++ > 0)
        return HOOK_CONTINUE;
    waiting = exchange;
    return HOOK_WAIT;
}

static enum hook_answer on_connected_fail(struct exchange *exchange)
{
    return exchange_fail(exchange, 503);
}

/* The client learns of its tunnel when the hook has looked at the connection, and loses nothing meanwhile. */
static void a_hook_may_keep_a_tunnel_waiting(void **state)
{
    static struct talk talk;
    struct calls calls = {0};

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk.hooks = (struct proxy_hooks){.owner = &calls, .connected_to_upstream = on_connected_wait};
    party_say(&talk.peers[0], "hello");
    talk_start(&talk);
    talk_say_connect(&talk);
    party_say(&talk.client, "early");
    talk_settle(&talk);
    assert_int_equal(talk.peer_count, 1);
    assert_int_equal(talk.client.heard_size, 0);
    assert_int_equal(talk.peers[0].heard_size, 0);
    exchange_resume(waiting);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, TALK_CONNECTED "hello");
    assert_string_equal(talk.peers[0].heard, "early");
    assert_int_equal(calls.connected, 2);
    talk_release(&talk);
}

static void a_hook_may_refuse_a_tunnel(void **state)
{
    static struct talk talk;
    struct calls calls = {0};

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk.hooks = (struct proxy_hooks){.owner = &calls, .connected_to_upstream = on_connected_fail};
    talk_start(&talk);
    talk_say_connect(&talk);
    talk_settle(&talk);
    assert_int_equal(strncmp(talk.client.heard, "HTTP/1.1 503 ", 13), 0);
    assert_int_equal(talk.record.tunnel_up_bytes + talk.record.tunnel_down_bytes, 0);
    assert_int_equal(talk_attempt(&talk)->tunnel, TUNNEL_NONE);
    assert_true(talk.peers[0].ended);
    talk_release(&talk);
}

/* ---- before it stands ------------------------------------------------------------------------------ */

static void a_dial_that_fails_before_the_200_is_tried_again(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    sim_listener_fail_first(&talk.listener, 1, SIM_DIAL_REFUSED);
    talk_open_tunnel(&talk);
    party_say(&talk.client, "x");
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "x");
    assert_int_equal(talk.record.attempt_count, 2);
    assert_int_equal(talk.record.attempts[0].failure.stage, STAGE_DIAL);
    assert_int_equal(talk.record.attempts[0].tunnel, TUNNEL_NONE);
    assert_int_equal(talk.record.attempts[1].tunnel, TUNNEL_NO_DOWN);
    talk_release(&talk);
}

/* An idle connection has spoken HTTP, and a tunnel would take it away. */
static void a_tunnel_dials_for_itself(void **state)
{
    static struct talk talk;
    char text[ADDRESS_TEXT_BYTES];
    char request[2 * ADDRESS_TEXT_BYTES];

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_start(&talk);
    address_format(&talk.address, text);
    snprintf(request, sizeof(request), "GET http://%s/ HTTP/1.1\r\nHost: a\r\n\r\n", text);
    party_say(&talk.client, request);
    party_say(&talk.peers[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    talk_settle(&talk);
    assert_int_equal(talk_census(&talk).upstream_idle, 1);
    party_forget(&talk.client);
    talk_say_connect(&talk);
    party_say(&talk.client, "x");
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, TALK_CONNECTED);
    assert_int_equal(talk.peer_count, 2);
    assert_string_equal(talk.peers[1].heard, "x");
    assert_int_equal(talk_census(&talk).upstream_idle, 1);
    talk_release(&talk);
}

static void a_tunnel_that_cannot_be_opened_is_answered(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    sim_listener_fail_first(&talk.listener, SIM_EVERY_DIAL, SIM_DIAL_REFUSED);
    talk_start(&talk);
    talk_say_connect(&talk);
    talk_settle(&talk);
    assert_int_equal(memcmp(talk.client.heard, "HTTP/1.1 502 ", 13), 0);
    assert_non_null(strstr(talk.client.heard, "error=connection_refused"));
    assert_non_null(strstr(talk.client.heard, "UPSTREAM_CONNECT_FAILED"));
    assert_int_equal(talk.record.attempt_count, 2);
    talk_release(&talk);
}

/* ---- the proxy's own end -------------------------------------------------------------------------- */

static void on_drained(void *owner)
{
    (*(unsigned *)owner)++;
}

static void a_drain_waits_for_an_open_tunnel(void **state)
{
    static struct talk talk;
    unsigned drained = 0;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    proxy_drain(talk.proxy, on_drained, &drained);
    talk_settle(&talk);
    party_say(&talk.client, "up");
    party_say(&talk.peers[0], "down");
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "up");
    assert_string_equal(talk.client.heard, "down");
    assert_int_equal(drained, 0);
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_int_equal(drained, 1);
    assert_int_equal(talk.record.failure.cause, CAUSE_NONE);
    talk_release(&talk);
}

/* Neither side may take what it has for the whole. */
static void a_proxy_that_is_destroyed_cuts_its_tunnels(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_open_tunnel(&talk);
    party_say(&talk.client, "up");
    talk_settle(&talk);
    proxy_destroy(&talk.proxy);
    talk_settle(&talk);
    assert_int_equal(talk.records, 1);
    assert_int_equal(talk.record.failure.side, SIDE_INTERNAL);
    assert_int_equal(talk.record.failure.stage, STAGE_TUNNEL);
    assert_int_equal(talk.record.tunnel_up_bytes, 2);
    assert_int_equal(talk.peers[0].read_error, ECONNRESET);
    assert_int_equal(talk.client.read_error, ECONNRESET);
    talk_release(&talk);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        {"an idle tunnel ends after the idle timeout", an_idle_tunnel_ends, NULL, NULL, NULL},
        {"no deadline ends a tunnel", no_deadline_ends_a_tunnel, NULL, NULL, NULL},
        {"hooks see the connection of a tunnel and none of its bytes",
         hooks_see_the_connection_and_no_bytes, NULL, NULL, NULL},
        {"no hook opens a tunnel again", no_hook_opens_a_tunnel_again, NULL, NULL, NULL},
        {"a hook may keep a tunnel waiting", a_hook_may_keep_a_tunnel_waiting, NULL, NULL, NULL},
        {"a hook may refuse a tunnel", a_hook_may_refuse_a_tunnel, NULL, NULL, NULL},
        {"a dial that fails before the 200 is tried again",
         a_dial_that_fails_before_the_200_is_tried_again, NULL, NULL, NULL},
        {"a tunnel dials for itself, though an idle connection waits", a_tunnel_dials_for_itself,
         NULL, NULL, NULL},
        {"a tunnel that cannot be opened is answered", a_tunnel_that_cannot_be_opened_is_answered,
         NULL, NULL, NULL},
        {"a drain waits for an open tunnel", a_drain_waits_for_an_open_tunnel, NULL, NULL, NULL},
        {"a proxy that is destroyed cuts its tunnels, visibly to both sides",
         a_proxy_that_is_destroyed_cuts_its_tunnels, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
