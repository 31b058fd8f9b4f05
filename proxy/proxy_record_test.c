#include "proxy/exchange/talk_rig.h"

#define SECRET "s3cret"
#define REST   " HTTP/1.1\r\nHost: a.test\r\n\r\n"

static const struct sim_options ORDINARY = {.seed = 1};

/* One test: the row's sentence is its name. */
struct row {
    const char *name;
    const char *request;
    const char *status;
    const char *word;
    enum exchange_kind kind;
    const char *target; /* as they are recorded */
    const char *host;
};

static const struct row ROWS[] = {
    {"a password in an absolute target is not recorded", "GET http://me:" SECRET "@a.test/x" REST,
     "400", "URL_PARSE_ERROR", EXCHANGE_REVERSE, "http://a.test/x", "a.test"},
    {"nor one with an at sign in it", "GET http://me:p@" SECRET "@a.test?x" REST, "400",
     "URL_PARSE_ERROR", EXCHANGE_REVERSE, "http://a.test?x", "a.test"},
    {"nor one before nothing", "GET http://me:" SECRET "@" REST, "400", "URL_PARSE_ERROR",
     EXCHANGE_REVERSE, "http://", "a.test"},
    {"nor one in another scheme", "GET ftp://me:" SECRET "@a.test/x" REST, "400",
     "INVALID_PROTOCOL", EXCHANGE_REVERSE, "ftp://a.test/x", "a.test"},
    {"nor one of CONNECT", "CONNECT me:" SECRET "@a.test:443" REST, "400", "URL_PARSE_ERROR",
     EXCHANGE_REVERSE, "a.test:443", "a.test"},
    {"nor one in a target that cannot be read", "GET me:" SECRET "@a.test/x" REST, "400",
     "URL_PARSE_ERROR", EXCHANGE_REVERSE, "", ""},
    {"nor one before a query with another target in it",
     "CONNECT me:" SECRET "@a.test?to=http://b.test/" REST, "400", "URL_PARSE_ERROR",
     EXCHANGE_REVERSE, "a.test?to=http://b.test/", "a.test"},
    {"nor one in a Host", "GET /x HTTP/1.1\r\nHost: me:" SECRET "@a.test\r\n\r\n", "400",
     "INVALID_HOST", EXCHANGE_REVERSE, "/x", "a.test"},
    {"nor wrong credentials",
     "GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: Basic " SECRET
     "\r\n\r\n",
     "403", "AUTH_FAILED", EXCHANGE_FORWARD, "http://a.test/x", "a.test"},
    {"an at sign in a path stays", "GET http://a.test/@x" REST, "407", "AUTH_REQUIRED",
     EXCHANGE_FORWARD, "http://a.test/@x", "a.test"},
    {"a CONNECT that is refused is one", "CONNECT a.test:443" REST, "407", "AUTH_REQUIRED",
     EXCHANGE_CONNECT, "a.test:443", "a.test:443"},
    {"and so is a wish for another protocol",
     "GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: "
     "websocket\r\n\r\n",
     "407", "AUTH_REQUIRED", EXCHANGE_UPGRADE, "http://a.test/x", "a.test"},
};

static void ask_for_a_user(struct talk *talk)
{
    struct user_settings *user = &talk->settings.users[0];

    talk->settings.user_count = 1;
    talk->settings.users_required = 1;
    snprintf(user->name, sizeof(user->name), "ann");
    snprintf(user->password, sizeof(user->password), "secret");
}

/* Whether the bytes of the word are anywhere in the object: also where a text of it has ended. */
static bool holds(const void *object, size_t size, const char *word)
{
    return memmem(object, size, word, strlen(word)) != NULL;
}

static void is_recorded(void **state)
{
    const struct row *row = *state;
    static struct talk talk;

    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    ask_for_a_user(&talk);
    talk_start(&talk);
    party_say(&talk.client, row->request);
    talk_settle(&talk);
    assert_int_equal(memcmp(talk.client.heard, "HTTP/1.1 ", 9), 0);
    assert_int_equal(memcmp(talk.client.heard + 9, row->status, 3), 0);
    assert_non_null(strstr(talk.client.heard, row->word));
    assert_null(strstr(talk.client.heard, SECRET));
    assert_int_equal(talk.records, 1);
    assert_string_equal(talk.record.error_word, row->word);
    assert_string_equal(talk.record.target, row->target);
    assert_string_equal(talk.record.host, row->host);
    assert_string_equal(exchange_kind_word(talk.record.kind), exchange_kind_word(row->kind));
    assert_string_equal(talk.record.user, "");
    assert_int_equal(talk.record.attempt_count, 0);
    assert_false(holds(&talk.record, sizeof(talk.record), SECRET));
    talk_release(&talk);
}

/* A name so long that the password stands where the text is cut, or behind it. */
static void no_cut_lets_a_password_through(void **state)
{
    (void)state;
    for (size_t length = 1; length < 2 * RECORD_TARGET_BYTES; length++) {
        static struct talk talk;
        char request[1024];
        char user[2 * RECORD_TARGET_BYTES + 1];

        memset(user, 'u', length);
        user[length] = '\0';
        snprintf(request, sizeof(request), "GET http://%s:" SECRET "@a.test/x" REST, user);
        talk_init(&talk, &ORDINARY, MODE_FORWARD);
        talk_start(&talk);
        party_say(&talk.client, request);
        talk_settle(&talk);
        assert_int_equal(talk.records, 1);
        assert_string_equal(talk.record.target, "http://a.test/x");
        talk_release(&talk);
    }
}

/* Who is asked may answer on the same connection, whatever he wants. RFC 9110 11.7.1. */
static void who_is_asked_may_answer_on_the_same_connection(void **state)
{
    static struct talk talk;
    char text[ADDRESS_TEXT_BYTES];
    char request[8 * ADDRESS_TEXT_BYTES];

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    ask_for_a_user(&talk);
    talk_start(&talk);
    talk_say_connect(&talk);
    talk_settle(&talk);
    assert_non_null(strstr(talk.client.heard, "HTTP/1.1 407 "));
    assert_non_null(strstr(talk.client.heard, "Proxy-Authenticate: Basic realm="));
    assert_false(talk.client.ended);
    party_forget(&talk.client);
    address_format(&talk.address, text);
    snprintf(request, sizeof(request),
             "CONNECT %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: Basic "
             "YW5uOnNlY3JldA==\r\n\r\n",
             text, text);
    party_say(&talk.client, request);
    talk_settle(&talk);
    assert_string_equal(talk.client.heard, TALK_CONNECTED);
    party_shut(&talk.client);
    party_shut(&talk.peers[0]);
    talk_settle(&talk);
    assert_int_equal(talk.records, 2);
    assert_string_equal(talk.record.user, "ann");
    assert_false(holds(&talk.record, sizeof(talk.record), "YW5u"));
    talk_release(&talk);
}

/* What it says to the proxy is nobody else's. */
static void credentials_go_no_further(void **state)
{
    static struct talk talk;
    char text[ADDRESS_TEXT_BYTES];
    char request[8 * ADDRESS_TEXT_BYTES];

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    ask_for_a_user(&talk);
    talk_start(&talk);
    snprintf(request, sizeof(request),
             "GET http://%s/x HTTP/1.1\r\nHost: other.test\r\nProxy-Authorization: Basic "
             "YW5uOnNlY3JldA==\r\n\r\n",
             address_format(&talk.address, text));
    party_say(&talk.client, request);
    talk_settle(&talk);
    assert_non_null(strstr(talk.peers[0].heard, "GET /x HTTP/1.1\r\n"));
    assert_non_null(strstr(talk.peers[0].heard, text)); /* the target's authority is the Host */
    assert_null(strstr(talk.peers[0].heard, "other.test"));
    assert_null(strstr(talk.peers[0].heard, "Proxy-Authorization"));
    assert_null(strstr(talk.peers[0].heard, "YW5u"));
    talk_release(&talk);
}

/* Nobody but this machine is where a forward route goes, unless it is told. */
static void a_target_elsewhere_is_refused(void **state)
{
    static struct talk talk;

    (void)state;
    talk_init(&talk, &ORDINARY, MODE_FORWARD);
    talk_start(&talk);
    party_say(&talk.client, "GET http://192.0.2.1/x" REST);
    talk_settle(&talk);
    assert_non_null(strstr(talk.client.heard, "HTTP/1.1 400 "));
    assert_non_null(strstr(talk.client.heard, "INVALID_HOST"));
    assert_int_equal(talk.record.attempt_count, 1);
    assert_int_equal(talk.record.attempts[0].failure.side, SIDE_DOWNSTREAM);
    assert_int_equal(talk.record.attempts[0].failure.cause, CAUSE_DESTINATION_IP_PROHIBITED);
    assert_int_equal(talk.record.attempts[0].decision.reason, RETRY_BECAUSE_CLIENT_AT_FAULT);
    talk_release(&talk);
}

static const struct CMUnitTest TESTS[] = {
    {"no cut of a text lets a password through", no_cut_lets_a_password_through, NULL, NULL, NULL},
    {"who is asked who he is may answer on the same connection",
     who_is_asked_may_answer_on_the_same_connection, NULL, NULL, NULL},
    {"credentials go no further than the proxy", credentials_go_no_further, NULL, NULL, NULL},
    {"a target that is not of this machine is refused, and told as the client's fault",
     a_target_elsewhere_is_refused, NULL, NULL, NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(TESTS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = is_recorded,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
