#include "proxy/exchange/talk_rig.h"

#define GET_1 "GET /1 HTTP/1.1\r\nHost: one.test\r\n\r\n"
#define GET_2 "GET /2 HTTP/1.1\r\nHost: two.test\r\n\r\n"
#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct sim_options ORDINARY = {.seed = 1};

static void change(struct talk *talk)
{
    char error[SETTINGS_ERROR_BYTES] = "";

    assert_true(proxy_reconfigure(talk->proxy, &talk->settings, error));
    assert_string_equal(error, "");
}

static void begin(struct talk *talk)
{
    talk_start(talk);
    party_say(&talk->client, GET_1);
    talk_settle(talk);
    assert_int_equal(talk->peer_count, 1);
    assert_int_equal(talk->records, 0);
}

static void expect_answer(struct talk *talk, const char *begin)
{
    assert_int_equal(strncmp(talk->client.heard, begin, strlen(begin)), 0);
    party_forget(&talk->client);
}

static void add_route(struct talk *talk, const char *name)
{
    struct route_settings *route = &talk->settings.routes[talk->settings.route_count++];

    *route = (struct route_settings){
        .upstreams = 1, .select = talk->settings.select, .retry = talk->settings.retry};
    snprintf(route->name, sizeof(route->name), "%s", name);
    snprintf(route->host, sizeof(route->host), "%s.test", name);
}

/* ---- old and new ----------------------------------------------------------------------------------- */

static void an_exchange_is_retried_as_it_began(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    talk.settings.retry.policy = RETRY_IDEMPOTENT;
    talk.settings.retry.retries_max = 1;
    begin(&talk);
    talk.settings.retry.retries_max = 0;
    change(&talk);
    party_close(&talk.peers[0], STREAM_RST);
    talk_settle(&talk);
    assert_int_equal(talk.peer_count, 2);
    party_close(&talk.peers[1], STREAM_RST);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 502 ");
    assert_int_equal(talk.record.attempt_count, 2);
    party_say(&talk.client, GET_1);
    talk_settle(&talk);
    party_close(&talk.peers[2], STREAM_RST);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 502 ");
    assert_int_equal(talk.record.attempt_count, 1);
    assert_int_equal(talk.record.attempts[0].decision.reason, RETRY_BECAUSE_RETRIES_OFF);
    talk_release(&talk);
}

static void a_route_that_is_gone_serves_to_its_end(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    add_route(&talk, "one");
    begin(&talk);
    talk.settings.route_count = 0;
    add_route(&talk, "two");
    change(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 200 ");
    assert_string_equal(talk.record.route, "one");
    party_say(&talk.client, GET_1);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 404 ");
    assert_string_equal(talk.record.route, "");
    assert_string_equal(talk.record.error_word, "ROUTE_NOT_FOUND");
    party_say(&talk.client, GET_2);
    talk_settle(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 200 ");
    assert_string_equal(talk.record.route, "two");
    talk_release(&talk);
}

static void an_upstream_that_is_gone_answers_to_its_end(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    begin(&talk);
    talk.settings.upstream_count = 0;
    assert_true(proxy_settings_add_upstream(&talk.settings, "127.0.0.9:9"));
    change(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 200 ");
    assert_int_equal(talk.record.attempts[0].upstream, 0);
    party_say(&talk.client, GET_1);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 502 ");
    assert_int_equal(talk.record.attempts[0].failure.stage, STAGE_DIAL);
    talk_release(&talk);
}

/* A connection that stands already is no exception. */
static void the_limit_of_a_body_changes_on_an_open_connection(void **state)
{
    static const char put[] = "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    talk_start(&talk);
    for (unsigned i = 0; i < 3; i++) {
        talk.settings.body_bytes_max = i == 1 ? 2 : 3;
        change(&talk);
        party_say(&talk.client, put);
        talk_settle(&talk);
        if (i == 1) {
            expect_answer(&talk, "HTTP/1.1 413 ");
            talk_dial(&talk);
            continue;
        }
        party_say(&talk.peers[0], OK);
        talk_settle(&talk);
        expect_answer(&talk, "HTTP/1.1 200 ");
    }
    talk_release(&talk);
}

/* ---- what stays ------------------------------------------------------------------------------------- */

static void connections_and_health_are_kept(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    begin(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    change(&talk);
    assert_int_equal(talk_census(&talk).upstream_idle, 1);
    party_say(&talk.client, GET_1);
    talk_settle(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    assert_int_equal(talk.peer_count, 1);
    assert_true(talk.record.attempts[0].reused);
    talk_release(&talk);
}

static void who_listens_to_records_goes_on_listening(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    begin(&talk);
    talk.settings.on_record = NULL;
    talk.settings.on_notice = NULL;
    talk.settings.owner = NULL;
    change(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    assert_int_equal(talk.records, 1);
    party_say(&talk.client, GET_1);
    talk_settle(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    assert_int_equal(talk.records, 2);
    talk_release(&talk);
}

static void pools_grow_and_shrink(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    begin(&talk);
    talk.settings.pool_size = 0;
    change(&talk);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    assert_int_equal(talk_census(&talk).upstream_idle, 0);
    talk_release(&talk);
}

/* Its settings live for as long as it stands, and end with it. */
static void a_tunnel_outlives_its_settings(void **state)
{
    static struct talk talk;

    (void)state;
    for (unsigned destroyed = 0; destroyed < 2; destroyed++) {
        talk_init(&talk, &ORDINARY, MODE_FORWARD);
        talk.settings.idle_timeout_ns = NS_PER_S;
        talk_open_tunnel(&talk);
        for (unsigned i = 0; i < 3; i++) {
            talk.settings.idle_timeout_ns = (10 + i) * NS_PER_S;
            change(&talk);
        }
        party_say(&talk.client, "x");
        talk_settle(&talk);
        assert_string_equal(talk.peers[0].heard, "x");
        if (destroyed)
            proxy_destroy(&talk.proxy);
        talk_run(&talk, 2 * NS_PER_S);
        assert_int_equal(talk.records, 1);
        assert_int_equal(talk.record.failure.side, destroyed ? SIDE_INTERNAL : SIDE_UPSTREAM);
        talk_release(&talk);
    }
}

/* ---- refused ---------------------------------------------------------------------------------------- */

struct refusal {
    const char *name;
    void (*change)(struct proxy_settings *settings);
    const char *sentence;
};

static void move_listener(struct proxy_settings *settings)
{
    settings->listen.bytes[3]++;
}

static void move_port(struct proxy_settings *settings)
{
    settings->listen.port = 1;
}

static void change_window(struct proxy_settings *settings)
{
    settings->window_bytes--;
}

static void change_head_limit(struct proxy_settings *settings)
{
    settings->head_bytes_max++;
}

static void change_uri_limit(struct proxy_settings *settings)
{
    settings->uri_bytes_max--;
}

static void speak_tls(struct proxy_settings *settings)
{
    settings->certificate_count = 1;
    snprintf(settings->certificates[0].certificate, SETTINGS_PATH_BYTES, "/nowhere.pem");
    snprintf(settings->certificates[0].key, SETTINGS_PATH_BYTES, "/nowhere.pem");
}

static void name_a_missing_file(struct proxy_settings *settings)
{
    settings->upstreams[0].tls = true;
    snprintf(settings->upstreams[0].ca, SETTINGS_PATH_BYTES, "/nowhere/ca.pem");
}

static void ask_for_too_much(struct proxy_settings *settings)
{
    settings->retry.retries_max = RETRIES_MAX + 1;
}

static const struct refusal REFUSALS[] = {
    {"the address it listens on stays", move_listener, "listen cannot be changed"},
    {"the port it listens on stays, also one that it was given", move_port,
     "listen cannot be changed"},
    {"the window stays", change_window, "window cannot be changed"},
    {"the limit of heads stays", change_head_limit, "head_limit cannot be changed"},
    {"the limit of targets stays", change_uri_limit, "uri_limit cannot be changed"},
    {"TLS on the listener stays off", speak_tls, "whether the listener speaks TLS cannot"},
    {"a certificate that cannot be read is named", name_a_missing_file, "/nowhere/ca.pem"},
    {"settings that do not go together are refused as ever", ask_for_too_much, "max_retries"},
};

static void is_refused(void **state)
{
    const struct refusal *refusal = *state;
    static struct talk talk;
    static struct proxy_settings wrong;
    char error[SETTINGS_ERROR_BYTES] = "";
    const struct proxy_settings *now;

    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    begin(&talk);
    now = proxy_settings_now(talk.proxy);
    wrong = talk.settings;
    wrong.select = SELECT_ROUND_ROBIN;
    refusal->change(&wrong);
    assert_false(proxy_reconfigure(talk.proxy, &wrong, error));
    assert_non_null(strstr(error, refusal->sentence));
    assert_ptr_equal(proxy_settings_now(talk.proxy), now);
    assert_int_equal(now->select, SELECT_FIRST);
    party_say(&talk.peers[0], OK);
    talk_settle(&talk);
    expect_answer(&talk, "HTTP/1.1 200 ");
    talk_release(&talk);
}

/* Where it was to listen anywhere, the address that it took is the same as before. */
static void the_address_that_it_took_may_be_named(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_REVERSE);
    begin(&talk);
    talk.settings.listen = proxy_address(talk.proxy);
    change(&talk);
    talk.settings.listen.port = 0;
    change(&talk);
    talk_release(&talk);
}

static const struct CMUnitTest TESTS[] = {
    {"an exchange is retried as it began, and the next one as the settings are now",
     an_exchange_is_retried_as_it_began, NULL, NULL, NULL},
    {"a route that is gone serves what it has to its end", a_route_that_is_gone_serves_to_its_end,
     NULL, NULL, NULL},
    {"an upstream that is gone answers what it has to its end",
     an_upstream_that_is_gone_answers_to_its_end, NULL, NULL, NULL},
    {"the limit of a body changes on a connection that stands already",
     the_limit_of_a_body_changes_on_an_open_connection, NULL, NULL, NULL},
    {"idle connections are kept", connections_and_health_are_kept, NULL, NULL, NULL},
    {"who listens to records goes on listening", who_listens_to_records_goes_on_listening, NULL,
     NULL, NULL},
    {"pools change their size", pools_grow_and_shrink, NULL, NULL, NULL},
    {"a tunnel outlives its settings, and ends with the proxy", a_tunnel_outlives_its_settings,
     NULL, NULL, NULL},
    {"the address that it took may be named", the_address_that_it_took_may_be_named, NULL, NULL,
     NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(TESTS) + COUNT_OF(REFUSALS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    for (size_t i = 0; i < COUNT_OF(REFUSALS); i++)
        tests[count++] = (struct CMUnitTest){.name = REFUSALS[i].name,
                                             .test_func = is_refused,
                                             .initial_state = (void *)(uintptr_t)&REFUSALS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
