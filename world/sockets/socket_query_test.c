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

/* A world whose nameserver is a socket of the test. */
struct fixture {
    struct world *world;
    int nameserver;
};

enum { DNS_HEADER_BYTES = 12, DNS_BYTES_MAX = 512, DNS_RCODE_NAME_ERROR = 3 }; /* RFC 1035 4.1.1 */

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct sockets_options options = {.seed = 1, .nameserver = address_loopback(0)};
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(&options.nameserver, &at);

    assert_non_null(fixture);
    fixture->nameserver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fixture->nameserver, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fixture->nameserver, (struct sockaddr *)&at, &size), 0);
    assert_true(socket_address_read((struct sockaddr *)&at, &options.nameserver));
    fixture->world = sockets_create(&options);
    assert_non_null(fixture->world);
    *state = fixture;
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

/* Answers one question: with 127.0.0.9 if it is for an IPv4 address and good, else with the code. */
static void answer_question(int server, bool good)
{
    static const uint8_t record[] = {
        0xC0, DNS_HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, 9};
    uint8_t packet[DNS_BYTES_MAX + sizeof(record)];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    ssize_t got = recvfrom(server, packet, DNS_BYTES_MAX, 0, (struct sockaddr *)&from, &size);

    assert_true(got > DNS_HEADER_BYTES + 4);
    packet[2] |= 0x80; /* a response */
    packet[3] = good ? 0 : DNS_RCODE_NAME_ERROR;
    if (good && packet[got - 3] == 1) { /* QTYPE A */
        packet[7] = 1;
        memcpy(packet + got, record, sizeof(record));
        got += (ssize_t)sizeof(record);
    }
    assert_int_equal(sendto(server, packet, (size_t)got, 0, (struct sockaddr *)&from, size), got);
}

/* The resolver asks for IPv4 and for IPv6 addresses at once. */
static void ask(struct fixture *fixture, struct query *query, bool good)
{
    int *answers = query->owner;

    assert_int_equal(world_resolve(fixture->world, query, "somebody.test", 80), 0);
    look_around(fixture);
    answer_question(fixture->nameserver, good);
    answer_question(fixture->nameserver, good);
    while (*answers == 0)
        world_run(fixture->world, 1, TIME_NEVER);
}

static void a_nameserver_is_believed(void **state)
{
    struct fixture *fixture = *state;
    struct address expected = {.family = 4, .port = 80, .bytes = {127, 0, 0, 9}};
    int answers = 0;
    struct query query = {.on_answer = on_answer, .owner = &answers};

    ask(fixture, &query, true);
    assert_int_equal(query.status, QUERY_FOUND);
    assert_int_equal(query.address_count, 1);
    assert_true(address_equal(&query.addresses[0], &expected));
    answers = 0;
    ask(fixture, &query, false);
    assert_int_equal(query.status, QUERY_NOT_FOUND);
    assert_int_equal(query.address_count, 0);
}

static void a_world_may_end_with_an_open_question(void **state)
{
    struct fixture *fixture = *state;
    int answers = 0;
    struct query query = {.on_answer = on_answer, .owner = &answers};

    assert_int_equal(world_resolve(fixture->world, &query, "silent.test", 80), 0);
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
        struct query query = {.on_answer = on_answer, .owner = &answers};

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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_of_this_machine_are_found),       CASE(a_nameserver_is_believed),
        CASE(a_world_may_end_with_an_open_question), CASE(a_cancelled_question_is_never_answered),
        CASE(a_host_that_can_be_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
