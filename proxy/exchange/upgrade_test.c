#include "proxy/exchange/talk_rig.h"

#define WISH "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCHED \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
#define PLAIN_OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define PLAIN_GET "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct sim_options ORDINARY = {.seed = 1};
static const struct sim_options ONE_BY_ONE = {.seed = 1, .segment_bytes = 1};

static void begin(struct talk *talk, const struct sim_options *options, const char *says)
{
    talk_init(talk, options, MODE_REVERSE);
    talk_start(talk);
    party_say(&talk->client, says);
    talk_settle(talk);
    assert_int_equal(talk->peer_count, 1);
}

static bool is_answered(const struct talk *talk, const char *status)
{
    char begin_of[32];

    snprintf(begin_of, sizeof(begin_of), "HTTP/1.1 %s ", status);
    return strncmp(talk->client.heard, begin_of, strlen(begin_of)) == 0;
}

/* ---- switching ------------------------------------------------------------------------------------ */

static void a_wish_goes_up_and_the_101_comes_down(void **state)
{
    static struct talk talk;

    (void)state;
    begin(&talk, &ORDINARY, WISH);
    assert_non_null(strstr(talk.peers[0].heard, "GET /chat HTTP/1.1\r\n"));
    assert_non_null(strstr(talk.peers[0].heard, "Connection: upgrade\r\nUpgrade: websocket\r\n"));
    party_say(&talk.peers[0], SWITCHED);
    talk_settle(&talk);
    assert_true(is_answered(&talk, "101"));
    assert_non_null(strstr(talk.client.heard, "Connection: upgrade\r\nUpgrade: websocket\r\n"));
    party_forget(&talk.client);
    party_forget(&talk.peers[0]);
    party_say(&talk.client, "\x81\x05hello");
    party_say(&talk.peers[0], "\x81\x05world");
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_string_equal(talk.peers[0].heard, "\x81\x05hello");
    assert_string_equal(talk.client.heard, "\x81\x05world");
    assert_int_equal(talk.records, 1);
    assert_int_equal(talk.record.kind, EXCHANGE_UPGRADE);
    assert_int_equal(talk.record.status, 101);
    assert_int_equal(talk_attempt(&talk)->status, 101);
    assert_int_equal(talk.record.failure.cause, CAUSE_NONE);
    assert_int_equal(talk.record.tunnel_up_bytes, 7);
    assert_int_equal(talk.record.tunnel_down_bytes, 7);
    talk_release(&talk);
}

/* Whatever arrives with a head, and in whatever pieces, is the beginning of what is carried. */
static void what_comes_behind_a_head_is_carried(void **state)
{
    static const struct sim_options *const options[] = {&ORDINARY, &ONE_BY_ONE};
    static struct talk talk;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        begin(&talk, options[i], WISH "early bytes up");
        assert_null(strstr(talk.peers[0].heard, "early"));
        party_say(&talk.peers[0], SWITCHED "early bytes down");
        talk_settle(&talk);
        assert_non_null(strstr(talk.client.heard, "\r\n\r\nearly bytes down"));
        assert_non_null(strstr(talk.peers[0].heard, "\r\n\r\nearly bytes up"));
        talk_release(&talk);
    }
}

static void a_cut_after_the_101_cuts_the_other_side(void **state)
{
    static struct talk talk;

    (void)state;
    begin(&talk, &ORDINARY, WISH);
    party_say(&talk.peers[0], SWITCHED "some");
    talk_settle(&talk);
    party_close(&talk.peers[0], STREAM_RST);
    talk_settle(&talk);
    assert_non_null(strstr(talk.client.heard, "\r\n\r\nsome"));
    assert_int_equal(talk.client.read_error, ECONNRESET);
    assert_int_equal(talk.peer_count, 1);
    assert_int_equal(talk_attempt(&talk)->failure.stage, STAGE_TUNNEL);
    assert_int_equal(talk_attempt(&talk)->tunnel, TUNNEL_DOWN);
    assert_int_equal(talk_attempt(&talk)->decision.reason, RETRY_BECAUSE_TUNNEL);
    talk_release(&talk);
}

/* ---- answered otherwise ---------------------------------------------------------------------------- */

static void a_wish_that_is_not_granted_is_a_request_like_any_other(void **state)
{
    static struct talk talk;

    (void)state;
    begin(&talk, &ORDINARY, WISH);
    party_say(&talk.peers[0], PLAIN_OK);
    talk_settle(&talk);
    assert_true(is_answered(&talk, "200"));
    assert_false(talk.client.ended);
    assert_int_equal(talk.record.kind, EXCHANGE_UPGRADE);
    assert_int_equal(talk.record.status, 200);
    assert_int_equal(talk_census(&talk).tunnels, 0);
    assert_int_equal(talk_census(&talk).upstream_idle, 1);
    party_forget(&talk.client);
    party_say(&talk.client, PLAIN_GET);
    talk_settle(&talk);
    assert_int_equal(talk.peer_count, 1);
    assert_non_null(strstr(talk.peers[0].heard, "GET /next HTTP/1.1\r\n"));
    party_say(&talk.peers[0], PLAIN_OK);
    talk_settle(&talk);
    assert_true(is_answered(&talk, "200"));
    assert_int_equal(talk.records, 2);
    assert_int_equal(talk.record.kind, EXCHANGE_REVERSE);
    talk_release(&talk);
}

static void a_wish_with_a_later_request_behind_it_keeps_them_apart(void **state)
{
    static struct talk talk;

    (void)state;
    begin(&talk, &ORDINARY, WISH PLAIN_GET);
    assert_null(strstr(talk.peers[0].heard, "/next"));
    party_say(&talk.peers[0], PLAIN_OK);
    talk_settle(&talk);
    assert_non_null(strstr(talk.peers[0].heard, "GET /next HTTP/1.1\r\n"));
    party_say(&talk.peers[0], PLAIN_OK);
    talk_settle(&talk);
    assert_int_equal(talk.records, 2);
    talk_release(&talk);
}

/* RFC 9110 7.8: a server may not switch to what nobody asked for. */
struct unasked {
    const char *name;
    const char *request;
    const char *answer;
    bool goes_on; /* no fault at all */
};

static const struct unasked UNASKED[] = {
    {"a 101 that nobody asked for is a fault of the upstream", PLAIN_GET, SWITCHED, false},
    {"a 101 without its fields is one too", WISH, "HTTP/1.1 101 Switching Protocols\r\n\r\n",
     false},
    {"a 101 to an HTTP/1.0 client is one too",
     "GET /chat HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", SWITCHED, false},
    {"a 101 to a request with a body is one too",
     "PUT /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
     "Content-Length: 2\r\n\r\nok",
     SWITCHED, false},
    {"a 101 behind a 103 is none", WISH, "HTTP/1.1 103 Early Hints\r\n\r\n" SWITCHED, true},
};

static void meets_a_101(void **state)
{
    const struct unasked *row = *state;
    static struct talk talk;

    begin(&talk, &ORDINARY, row->request);
    party_say(&talk.peers[0], row->answer);
    talk_settle(&talk);
    if (row->goes_on) {
        assert_non_null(strstr(talk.client.heard, "HTTP/1.1 101 "));
        assert_int_equal(talk.records, 0);
    } else {
        assert_true(is_answered(&talk, "502"));
        assert_non_null(strstr(talk.client.heard, "error=http_protocol_error"));
        assert_int_equal(talk_attempt(&talk)->failure.cause, CAUSE_HTTP_PROTOCOL_ERROR);
        assert_int_equal(talk_attempt(&talk)->failure.stage, STAGE_MID_HEAD);
    }
    talk_release(&talk);
}

/* ---- forward --------------------------------------------------------------------------------------- */

static void an_absolute_wish_goes_where_it_says(void **state)
{
    static struct talk talk;
    char text[ADDRESS_TEXT_BYTES];
    char request[4 * ADDRESS_TEXT_BYTES];

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_start(&talk);
    snprintf(request, sizeof(request),
             "GET http://%s/chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
             "websocket\r\n\r\n",
             address_format(&talk.address, text));
    party_say(&talk.client, request);
    talk_settle(&talk);
    assert_non_null(strstr(talk.peers[0].heard, "GET /chat HTTP/1.1\r\n"));
    party_say(&talk.peers[0], SWITCHED);
    talk_settle(&talk);
    assert_true(is_answered(&talk, "101"));
    party_close(&talk.client, STREAM_RST);
    talk_settle(&talk);
    assert_int_equal(talk.record.kind, EXCHANGE_UPGRADE);
    assert_string_equal(talk.record.host, text);
    talk_release(&talk);
}

static const struct CMUnitTest TESTS[] = {
    {"a wish goes up, the 101 comes down, and then bytes go both ways",
     a_wish_goes_up_and_the_101_comes_down, NULL, NULL, NULL},
    {"what comes behind the wish and behind the 101 is carried",
     what_comes_behind_a_head_is_carried, NULL, NULL, NULL},
    {"a cut after the 101 cuts the other side, and nothing is tried again",
     a_cut_after_the_101_cuts_the_other_side, NULL, NULL, NULL},
    {"a wish that is not granted is a request like any other",
     a_wish_that_is_not_granted_is_a_request_like_any_other, NULL, NULL, NULL},
    {"a request behind a wish waits for the answer to it",
     a_wish_with_a_later_request_behind_it_keeps_them_apart, NULL, NULL, NULL},
    {"an absolute wish goes where it says", an_absolute_wish_goes_where_it_says, NULL, NULL, NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(TESTS) + COUNT_OF(UNASKED)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    for (size_t i = 0; i < COUNT_OF(UNASKED); i++)
        tests[count++] = (struct CMUnitTest){.name = UNASKED[i].name,
                                             .test_func = meets_a_101,
                                             .initial_state = (void *)(uintptr_t)&UNASKED[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
