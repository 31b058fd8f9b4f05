/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world/sockets/sockets.h"
#include "world/sockets/state.h"

/* A world, and a nameserver that is a socket of the test. */
struct fixture {
    struct world *world;
    int nameserver;
    struct address address; /* of the nameserver */
};

enum { DNS_HEADER_BYTES = 12, DNS_BYTES_MAX = 512 };

/* The kinds of answers that a question of one type gets: the RCODEs of RFC 1035 4.1.1, and others. */
enum reply {
    REPLY_FOUND, /* 127.0.0.9 and 127.0.0.8; ::9 and ::8 */
    REPLY_SERVFAIL = 2,
    REPLY_NXDOMAIN = 3,
    REPLY_NOTIMP = 4,
    REPLY_REFUSED = 5,
    REPLY_NO_DATA = 16,
    REPLY_TRUNCATED,
    REPLY_GARBLED,
    REPLY_WRONG_ID,
    REPLY_SILENCE,
};

static int open_nameserver(const char *text, struct address *address)
{
    int descriptor;
    struct sockaddr_storage at;
    socklen_t size;

    assert_true(address_parse(text, 0, address));
    size = socket_address_write(address, &at);
    descriptor = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&at, &size), 0);
    assert_true(socket_address_read((struct sockaddr *)&at, address));
    return descriptor;
}

static struct fixture *make_fixture(const char *address, uint64_t timeout_ns)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct sockets_options options = {.seed = 1, .query_timeout_ns = timeout_ns};

    assert_non_null(fixture);
    fixture->nameserver = open_nameserver(address, &fixture->address);
    fixture->world = sockets_create(&options);
    assert_non_null(fixture->world);
    return fixture;
}

static int set_up(void **state)
{
    *state = make_fixture("127.0.0.1:0", 0);
    return 0;
}

static int set_up_impatient(void **state)
{
    *state = make_fixture("127.0.0.1:0", 300 * NS_PER_MS);
    return 0;
}

static int set_up_ipv6(void **state)
{
    *state = make_fixture("[::1]:0", 0);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct sockets_census census = {0};

    if (fixture->world != NULL)
        sockets_count(fixture->world, &census);
    assert_int_equal(census.queries, 0);
    sockets_destroy(&fixture->world);
    close(fixture->nameserver);
    free(fixture);
    return 0;
}

static void look_around(struct fixture *fixture)
{
    world_run(fixture->world, UINT64_MAX, world_now(fixture->world));
}

static void on_answer(struct query *query)
{
    ++*(int *)query->owner;
}

static void names_of_this_machine_are_found(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "localhost"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        int answers = 0;
        struct query query = {.on_answer = on_answer, .owner = &answers};

        assert_int_equal(world_resolve(fixture->world, &query, hosts[i], 8080), 0);
        assert_int_equal(answers, 0);
        while (answers == 0)
            world_run(fixture->world, 1, TIME_NEVER);
        assert_int_equal(query.status, QUERY_FOUND);
        assert_true(query.address_count >= 1);
        assert_int_equal(query.addresses[0].port, 8080);
        assert_null(query.impl);
    }
}

static size_t put_addresses(uint8_t *at, bool ipv6)
{
    static const uint8_t last[] = {9, 8};
    uint8_t *begin = at;

    for (size_t i = 0; i < sizeof(last); i++) {
        uint8_t record[28] = {0xC0, DNS_HEADER_BYTES, 0, ipv6 ? 28 : 1, 0, 1, 0, 0, 0, 9};
        size_t size = ipv6 ? 16 : 4;

        record[11] = (uint8_t)size;
        record[12] = ipv6 ? 0 : 127;
        record[12 + size - 1] = last[i];
        memcpy(at, record, 12 + size);
        at += 12 + size;
    }
    return (size_t)(at - begin);
}

/* Turns a question into its answer; returns the size. */
static size_t make_reply(uint8_t packet[DNS_BYTES_MAX], size_t size, enum reply reply)
{
    bool ipv6 = packet[size - 3] == 28; /* QTYPE AAAA */

    packet[2] |= 0x80; /* a response */
    if (reply == REPLY_FOUND || reply == REPLY_WRONG_ID) {
        packet[1] ^= reply == REPLY_WRONG_ID;
        packet[7] = 2;
        return size + put_addresses(packet + size, ipv6);
    }
    if (reply == REPLY_TRUNCATED)
        packet[2] |= 2;
    else if (reply == REPLY_GARBLED)
        packet[7] = 1; /* a record, which is not there */
    else if (reply != REPLY_NO_DATA)
        packet[3] = (uint8_t)reply;
    return size;
}

/* How a server answers, and how often it was asked. */
struct plan {
    enum reply ipv4, ipv6;
    unsigned asked_ipv4, asked_ipv6;
};

/* Answers all questions that wait. */
static void serve(int server, struct plan *plan)
{
    uint8_t packet[DNS_BYTES_MAX];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    ssize_t got;

    while ((got = recvfrom(server, packet, DNS_BYTES_MAX / 2, MSG_DONTWAIT,
                           (struct sockaddr *)&from, &size)) > 0) {
        enum reply reply;
        bool ipv6;

        assert_true(got > DNS_HEADER_BYTES + 4);
        ipv6 = packet[got - 3] == 28; /* QTYPE AAAA */
        reply = ipv6 ? plan->ipv6 : plan->ipv4;
        ++*(ipv6 ? &plan->asked_ipv6 : &plan->asked_ipv4);
        if (reply == REPLY_SILENCE)
            continue;
        got = (ssize_t)make_reply(packet, (size_t)got, reply);
        assert_int_equal(sendto(server, packet, (size_t)got, 0, (struct sockaddr *)&from, size),
                         got);
    }
}

static void finish(struct fixture *fixture, const struct query *query, struct plan *plan)
{
    const int *answers = query->owner;

    while (*answers == 0) {
        serve(fixture->nameserver, plan);
        world_run(fixture->world, 1, world_now(fixture->world) + NS_PER_MS);
    }
    assert_int_equal(*answers, 1);
    assert_null(query->impl);
}

static void ask(struct fixture *fixture, struct query *query, struct plan *plan)
{
    static int answers;

    answers = 0;
    *query =
        (struct query){.on_answer = on_answer, .owner = &answers, .nameserver = fixture->address};
    assert_int_equal(world_resolve(fixture->world, query, "somebody.test", 80), 0);
    finish(fixture, query, plan);
}

struct outcome_row {
    const char *sentence;
    enum reply ipv4, ipv6;
    enum query_status status;
    const char *addresses; /* with spaces between */
};

static void expect_row(struct fixture *fixture, const struct outcome_row *row)
{
    struct plan plan = {.ipv4 = row->ipv4, .ipv6 = row->ipv6};
    char addresses[QUERY_ADDRESSES_MAX * ADDRESS_TEXT_BYTES] = "";
    char text[ADDRESS_TEXT_BYTES];
    struct query query;
    size_t length = 0;

    ask(fixture, &query, &plan);
    for (size_t i = 0; i < query.address_count; i++)
        length += (size_t)snprintf(addresses + length, sizeof(addresses) - length, "%s%s",
                                   i == 0 ? "" : " ", address_format(&query.addresses[i], text));
    if (query.status != row->status)
        fail_msg("%s: status %d", row->sentence, query.status);
    assert_string_equal(addresses, row->addresses);
}

#define IPV4 "127.0.0.9:80 127.0.0.8:80"
#define IPV6 "[::9]:80 [::8]:80"

static const struct outcome_row PROMPT_ROWS[] = {
    {"addresses of both families", REPLY_FOUND, REPLY_FOUND, QUERY_FOUND, IPV4 " " IPV6},
    {"IPv4 alone", REPLY_FOUND, REPLY_NO_DATA, QUERY_FOUND, IPV4},
    {"IPv6 alone", REPLY_NO_DATA, REPLY_FOUND, QUERY_FOUND, IPV6},
    {"one family found, the other failed", REPLY_FOUND, REPLY_SERVFAIL, QUERY_FOUND, IPV4},
    {"no such name", REPLY_NXDOMAIN, REPLY_NXDOMAIN, QUERY_NOT_FOUND, ""},
    {"a name without addresses", REPLY_NO_DATA, REPLY_NO_DATA, QUERY_NOT_FOUND, ""},
    {"SERVFAIL", REPLY_SERVFAIL, REPLY_SERVFAIL, QUERY_FAILED, ""},
    {"NOTIMP", REPLY_NOTIMP, REPLY_NOTIMP, QUERY_FAILED, ""},
    {"REFUSED", REPLY_REFUSED, REPLY_REFUSED, QUERY_FAILED, ""},
    {"a cut answer", REPLY_TRUNCATED, REPLY_TRUNCATED, QUERY_FAILED, ""},
    {"a garbled answer", REPLY_GARBLED, REPLY_GARBLED, QUERY_FAILED, ""},
    {"no IPv4, and IPv6 failed", REPLY_NO_DATA, REPLY_REFUSED, QUERY_FAILED, ""},
    {"IPv4 failed, and no IPv6", REPLY_SERVFAIL, REPLY_NXDOMAIN, QUERY_FAILED, ""},
};

static void an_answer_is_told_as_what_it_is(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(PROMPT_ROWS); i++)
        expect_row(fixture, &PROMPT_ROWS[i]);
}

/* Each outcome behind each other one: the same server, which libevent may hold for dead. */
static void a_failure_does_not_change_the_next_answer(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(PROMPT_ROWS); i++)
        for (size_t j = 0; j < COUNT_OF(PROMPT_ROWS); j++) {
            expect_row(fixture, &PROMPT_ROWS[i]);
            expect_row(fixture, &PROMPT_ROWS[j]);
        }
}

static void silence_is_told_as_silence(void **state)
{
    static const struct outcome_row rows[] = {
        {"silence", REPLY_SILENCE, REPLY_SILENCE, QUERY_TIMED_OUT, ""},
        {"a stranger's answer", REPLY_WRONG_ID, REPLY_WRONG_ID, QUERY_TIMED_OUT, ""},
        {"no IPv4, and silence", REPLY_NO_DATA, REPLY_SILENCE, QUERY_TIMED_OUT, ""},
        {"found behind silence", REPLY_FOUND, REPLY_FOUND, QUERY_FOUND, IPV4 " " IPV6},
        {"failed and silence", REPLY_REFUSED, REPLY_SILENCE, QUERY_FAILED, ""},
        {"silence and failed", REPLY_SILENCE, REPLY_REFUSED, QUERY_FAILED, ""},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t before_ns = world_now(fixture->world);

        expect_row(fixture, &rows[i]);
        if (rows[i].status == QUERY_TIMED_OUT)
            assert_true(world_now(fixture->world) - before_ns >= 225 * NS_PER_MS);
    }
}

/* The system's resolver asks the server of the test, with half of the time for each of two questions. */
static void be_the_system(struct fixture *fixture)
{
    static const struct address system;
    struct socket_resolver *resolver = socket_resolver_of(sockets_of(fixture->world), &system);
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(&fixture->address, &at);

    assert_non_null(resolver);
    evdns_base_clear_nameservers_and_suspend(resolver->base);
    evdns_base_search_clear(resolver->base);
    evdns_base_nameserver_sockaddr_add(resolver->base, (struct sockaddr *)&at, size, 0);
    evdns_base_set_option(resolver->base, "timeout:", "0.15");
    evdns_base_set_option(resolver->base, "attempts:", "2");
    evdns_base_resume(resolver->base);
    fixture->address = system;
}

static void the_system_is_asked_where_nobody_is_named(void **state)
{
    static const struct outcome_row rows[] = {
        {"addresses of both families", REPLY_FOUND, REPLY_FOUND, QUERY_FOUND, IPV4 " " IPV6},
        {"IPv6 alone", REPLY_NO_DATA, REPLY_FOUND, QUERY_FOUND, IPV6},
        {"one family found, the other failed", REPLY_FOUND, REPLY_SERVFAIL, QUERY_FOUND, IPV4},
        {"no such name", REPLY_NXDOMAIN, REPLY_NXDOMAIN, QUERY_NOT_FOUND, ""},
        {"SERVFAIL", REPLY_SERVFAIL, REPLY_SERVFAIL, QUERY_FAILED, ""},
        {"REFUSED", REPLY_REFUSED, REPLY_REFUSED, QUERY_FAILED, ""},
        {"silence", REPLY_SILENCE, REPLY_SILENCE, QUERY_TIMED_OUT, ""},
    };
    struct fixture *fixture = *state;

    be_the_system(fixture);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_row(fixture, &rows[i]);
}

static void a_question_is_asked_again_once(void **state)
{
    struct fixture *fixture = *state;
    struct plan plan = {.ipv4 = REPLY_SILENCE, .ipv6 = REPLY_NO_DATA};
    struct query query;

    ask(fixture, &query, &plan);
    serve(fixture->nameserver, &plan);
    assert_int_equal(query.status, QUERY_TIMED_OUT);
    assert_int_equal(plan.asked_ipv4, 2);
    assert_int_equal(plan.asked_ipv6, 1);
}

/* libevent would wait for the other family as long as for silence: five seconds. */
static void one_family_does_not_wait_long_for_the_other(void **state)
{
    static const struct outcome_row rows[] = {
        {"IPv6 is silent", REPLY_FOUND, REPLY_SILENCE, QUERY_FOUND, IPV4},
        {"IPv4 is silent", REPLY_SILENCE, REPLY_FOUND, QUERY_FOUND, IPV6},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t before_ns = world_now(fixture->world);

        expect_row(fixture, &rows[i]);
        assert_true(world_now(fixture->world) - before_ns >= 250 * NS_PER_MS);
        assert_true(world_now(fixture->world) - before_ns < QUERY_TIMEOUT_NS / 4 * 3);
    }
}

static void each_query_asks(void **state)
{
    struct fixture *fixture = *state;
    struct plan plan = {.ipv4 = REPLY_FOUND, .ipv6 = REPLY_FOUND};
    struct query query;

    for (unsigned i = 1; i <= 3; i++) {
        ask(fixture, &query, &plan);
        assert_int_equal(plan.asked_ipv4, i);
        assert_int_equal(plan.asked_ipv6, i);
    }
}

static void a_nameserver_may_have_an_ipv6_address(void **state)
{
    expect_row(*state, &PROMPT_ROWS[0]);
}

/* More of them than are kept: those without a question make room. */
static void any_number_of_nameservers_may_be_asked(void **state)
{
    struct fixture *fixture = *state;
    struct sockets *sockets = sockets_of(fixture->world);
    int first = fixture->nameserver;

    for (int i = 0; i < 70; i++) {
        fixture->nameserver = open_nameserver("127.0.0.1:0", &fixture->address);
        expect_row(fixture, &PROMPT_ROWS[0]);
        close(fixture->nameserver);
        look_around(fixture);
    }
    assert_true(sockets->resolver_count <= 64);
    fixture->nameserver = first;
}

static void too_many_nameservers_at_once_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct query queries[66];
    size_t begun = 0;
    int answers = 0;
    int result = 0;

    for (; result == 0 && begun < COUNT_OF(queries); begun++) {
        queries[begun] = (struct query){.on_answer = on_answer, .owner = &answers};
        queries[begun].nameserver = fixture->address;
        queries[begun].nameserver.bytes[3] = (uint8_t)(begun + 1);
        result = world_resolve(fixture->world, &queries[begun], "silent.test", 80);
    }
    assert_int_equal(result, -ENOMEM);
    assert_int_equal(begun, 65);
    for (size_t i = 0; i < begun; i++)
        world_resolve_cancel(fixture->world, &queries[i]);
    look_around(fixture);
    assert_int_equal(world_resolve(fixture->world, &queries[begun - 1], "silent.test", 80), 0);
    world_resolve_cancel(fixture->world, &queries[begun - 1]);
    assert_int_equal(answers, 0);
}

/* Nobody is asked, whoever is named. */
static void localhost_is_not_asked_about(void **state)
{
    struct fixture *fixture = *state;
    struct plan plan = {.ipv4 = REPLY_NXDOMAIN, .ipv6 = REPLY_NXDOMAIN};
    int answers = 0;
    struct query query = {
        .on_answer = on_answer, .owner = &answers, .nameserver = fixture->address};

    assert_int_equal(world_resolve(fixture->world, &query, "LocalHost", 80), 0);
    finish(fixture, &query, &plan);
    assert_int_equal(query.status, QUERY_FOUND);
    assert_int_equal(plan.asked_ipv4 + plan.asked_ipv6, 0);
}

/* A label of 64 bytes, and an empty one: RFC 1035 2.3.4. */
static void a_name_that_cannot_be_asked_about_has_no_addresses(void **state)
{
    struct fixture *fixture = *state;
    char host[70];

    memset(host, 'a', sizeof(host));
    memcpy(host + 64, ".test", sizeof(".test"));
    {
        int answers = 0;
        struct plan plan = {.ipv4 = REPLY_FOUND};
        struct query query = {
            .on_answer = on_answer, .owner = &answers, .nameserver = fixture->address};

        assert_int_equal(world_resolve(fixture->world, &query, host, 80), 0);
        assert_int_equal(answers, 0);
        finish(fixture, &query, &plan);
        assert_int_equal(query.status, QUERY_NOT_FOUND);
    }
}

/* More of them than libevent tells the end of at one go. */
static void a_world_may_end_with_open_questions(void **state)
{
    enum { OPEN = 200 };
    struct fixture *fixture = *state;
    struct query queries[OPEN];
    int answers = 0;

    for (size_t i = 0; i < OPEN; i++) {
        queries[i] = (struct query){
            .on_answer = on_answer, .owner = &answers, .nameserver = fixture->address};
        queries[i].nameserver.bytes[3] = (uint8_t)(1 + i % 50);
        assert_int_equal(world_resolve(fixture->world, &queries[i], "silent.test", 80), 0);
    }
    look_around(fixture);
    sockets_destroy(&fixture->world);
    assert_int_equal(answers, 0);
}

static void a_cancelled_question_is_never_answered(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "silent.test"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        int answers = 0;
        struct query query = {
            .on_answer = on_answer, .owner = &answers, .nameserver = fixture->address};

        assert_int_equal(world_resolve(fixture->world, &query, hosts[i], 80), 0);
        world_resolve_cancel(fixture->world, &query);
        world_resolve_cancel(fixture->world, &query);
        look_around(fixture);
        assert_int_equal(answers, 0);
    }
}

static void a_host_that_can_be_none_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct query query = {.on_answer = on_answer};
    char host[255];

    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_int_equal(world_resolve(fixture->world, &query, host, 80), -EINVAL);
    assert_int_equal(world_resolve(fixture->world, &query, "", 80), -EINVAL);
}

/* libevent has the answer and has not called back yet, or is asked in between. */
static void a_question_may_be_cancelled_at_any_moment(void **state)
{
    struct fixture *fixture = *state;
    struct plan plan = {.ipv4 = REPLY_FOUND, .ipv6 = REPLY_FOUND};

    for (int moment = 0; moment < 6; moment++) {
        int answers = 0;
        struct query query = {
            .on_answer = on_answer, .owner = &answers, .nameserver = fixture->address};

        assert_int_equal(world_resolve(fixture->world, &query, "somebody.test", 80), 0);
        plan.ipv6 = moment % 2 == 0 ? REPLY_FOUND : REPLY_SILENCE;
        serve(fixture->nameserver, &plan);
        for (int i = 0; i < moment / 2 && answers == 0; i++)
            event_base_loop(sockets_of(fixture->world)->base, EVLOOP_NONBLOCK);
        world_resolve_cancel(fixture->world, &query);
        look_around(fixture);
        assert_int_equal(answers, 0);
    }
    plan.ipv6 = REPLY_FOUND;
    expect_row(fixture, &PROMPT_ROWS[0]);
}

#define CASE(name)              cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define CASE_WITH(name, set_up) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_of_this_machine_are_found),
        CASE(an_answer_is_told_as_what_it_is),
        CASE(a_failure_does_not_change_the_next_answer),
        CASE_WITH(silence_is_told_as_silence, set_up_impatient),
        CASE_WITH(the_system_is_asked_where_nobody_is_named, set_up_impatient),
        CASE_WITH(a_question_is_asked_again_once, set_up_impatient),
        CASE(one_family_does_not_wait_long_for_the_other),
        CASE(each_query_asks),
        CASE_WITH(a_nameserver_may_have_an_ipv6_address, set_up_ipv6),
        CASE(any_number_of_nameservers_may_be_asked),
        CASE(too_many_nameservers_at_once_are_refused),
        CASE(localhost_is_not_asked_about),
        CASE(a_name_that_cannot_be_asked_about_has_no_addresses),
        CASE(a_world_may_end_with_open_questions),
        CASE(a_cancelled_question_is_never_answered),
        CASE(a_question_may_be_cancelled_at_any_moment),
        CASE(a_host_that_can_be_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
