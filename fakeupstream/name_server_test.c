#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <unistd.h>

#include "fakeupstream/name_server.h"
#include "world/base/region.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"

enum { REGION_BYTES = 1 << 20, TEXT_BYTES = 1024, SILENCE_MS = 300 };

/* A nameserver with its script, in one of the worlds. */
struct stage {
    bool real;
    struct world *world;
    struct region region;
    struct name_script script;
    struct name_server server;
    struct address address; /* where it serves; family 0 in the simulation */
};

static bool find_upstream(void *owner, const char *upstream, struct address *out)
{
    (void)owner;
    *out = (struct address){4, 8080, {127, 0, 0, 0}};
    if (strcmp(upstream, "a") == 0)
        out->bytes[3] = 2;
    else if (strcmp(upstream, "b") == 0)
        *out = (struct address){6, 8080, {[15] = 1}};
    else
        return false;
    return true;
}

static void read_script(struct stage *stage, const char *text)
{
    struct yaml_error error = {.sentence = ""};
    struct yaml_node *node;

    region_init(&stage->region, REGION_BYTES);
    node = yaml_parse(&stage->region, "n.yaml", text, strlen(text), &error);
    if (node == NULL || !name_script_parse(&stage->region, node, &stage->script, &error))
        fail_msg("%s", error.sentence);
}

static void stage_begin(struct stage *stage, bool real, const char *text)
{
    struct sockets_options options = {.seed = 1, .query_timeout_ns = SILENCE_MS * NS_PER_MS};

    *stage = (struct stage){.real = real};
    read_script(stage, text);
    name_server_init(&stage->server, &(struct name_server_options){.script = &stage->script,
                                                                   .find = find_upstream});
    if (real) {
        stage->world = sockets_create(&options);
        assert_non_null(stage->world);
        stage->address = address_loopback(0);
        assert_int_equal(name_server_listen(&stage->server, stage->world, &stage->address), 0);
        assert_int_not_equal(stage->address.port, 0);
    } else {
        stage->world = sim_create(&(struct sim_options){0});
        assert_non_null(stage->world);
        sim_on_resolve(stage->world, name_server_look_up, &stage->server);
    }
}

static void stage_finish(struct stage *stage)
{
    name_server_stop(&stage->server);
    name_server_stop(&stage->server);
    if (stage->real)
        sockets_destroy(&stage->world);
    else
        sim_destroy(&stage->world);
    region_release(&stage->region);
}

static void on_answer(struct query *query)
{
    ++*(int *)query->owner;
}

static void look_up(struct stage *stage, const char *host, struct query *query)
{
    int answers = 0;

    *query =
        (struct query){.on_answer = on_answer, .owner = &answers, .nameserver = stage->address};
    assert_int_equal(world_resolve(stage->world, query, host, 80), 0);
    while (answers == 0)
        assert_int_equal(world_run(stage->world, 1, TIME_NEVER), RUN_STEPS);
}

static size_t describe(const struct query *query, char *text, size_t size)
{
    static const char *const words[] = {"found", "not found", "failed", "timed out"};
    char address[ADDRESS_TEXT_BYTES];
    size_t length = (size_t)snprintf(text, size, "%s", words[query->status]);

    for (size_t i = 0; i < query->address_count; i++) {
        assert_int_equal(query->addresses[i].port, 80);
        length += (size_t)snprintf(text + length, size - length, " %s",
                                   address_format_host(&query->addresses[i], address));
    }
    return length;
}

/* ---- the same in both worlds ------------------------------------------------------------------- */

struct lookups_row {
    const char *script;
    unsigned count;       /* of lookups, all of pay.test */
    const char *outcomes; /* with a comma between */
};

static const struct lookups_row LOOKUPS[] = {
    {"{pay.test: 127.0.0.9}", 2, "found 127.0.0.9, found 127.0.0.9"},
    {"{pay.test: [127.0.0.9, 127.0.0.8]}", 1, "found 127.0.0.9 127.0.0.8"},
    {"{pay.test: ['::1', 127.0.0.9, '::2', 127.0.0.8]}", 1, "found 127.0.0.9 127.0.0.8 ::1 ::2"},
    {"{pay.test: '::1'}", 1, "found ::1"},
    {"{pay.test: [a, b]}", 1, "found 127.0.0.2 ::1"},
    {"{pay.test: [c, a]}", 1, "found 127.0.0.2"},
    {"{pay.test: c}", 1, "not found"},
    {"{PAY.Test: a}", 1, "found 127.0.0.2"},
    {"{other.test: a}", 2, "not found, not found"},
    {"{pay.test: [nxdomain, [a], [b]]}", 4, "not found, found 127.0.0.2, found ::1, found ::1"},
    {"{pay.test: [servfail, refused, truncated, no-data, a]}", 5,
     "failed, failed, failed, not found, found 127.0.0.2"},
    {"{pay.test: [timeout, a]}", 2, "timed out, found 127.0.0.2"},
    {"{pay.test: [wrong-id, a]}", 2, "timed out, found 127.0.0.2"},
    {"{pay.test: [{answer: a, delay: 20ms}, b]}", 2, "found 127.0.0.2, found ::1"},
    {"{pay.test: {answer: refused, delay: 20ms}}", 1, "failed"},
};

static void expect_lookups(bool real, const struct lookups_row *row)
{
    char text[TEXT_BYTES] = "";
    struct stage stage;
    size_t length = 0;

    stage_begin(&stage, real, row->script);
    for (unsigned i = 0; i < row->count; i++) {
        struct query query;

        look_up(&stage, i % 2 == 0 ? "pay.test" : "Pay.TEST", &query);
        if (i > 0)
            length += (size_t)snprintf(text + length, sizeof(text) - length, ", ");
        length += describe(&query, text + length, sizeof(text) - length);
    }
    if (strcmp(text, row->outcomes) != 0)
        fail_msg("%s %s: %s", real ? "sockets" : "sim", row->script, text);
    if (stage.server.unknown == 0)
        assert_int_equal(name_server_lookups(&stage.server, "pay.test"), row->count);
    else
        assert_int_equal(stage.server.unknown, row->count);
    assert_int_equal(stage.server.dropped, 0);
    stage_finish(&stage);
}

static void lookups_find_the_same_in_both_worlds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(LOOKUPS); i++) {
        expect_lookups(false, &LOOKUPS[i]);
        expect_lookups(true, &LOOKUPS[i]);
    }
}

static void each_name_counts_for_itself(void **state)
{
    struct query query;
    struct stage stage;

    (void)state;
    for (int real = 0; real <= 1; real++) {
        stage_begin(&stage, real, "{a.test: [nxdomain, a], b.test: [nxdomain, b]}");
        look_up(&stage, "a.test", &query);
        look_up(&stage, "a.test", &query);
        look_up(&stage, "b.test", &query);
        assert_int_equal(query.status, QUERY_NOT_FOUND);
        assert_int_equal(name_server_lookups(&stage.server, "A.TEST"), 2);
        assert_int_equal(name_server_lookups(&stage.server, "b.test"), 1);
        assert_int_equal(name_server_lookups(&stage.server, "c.test"), 0);
        stage_finish(&stage);
    }
}

static void a_delay_is_kept(void **state)
{
    struct query query;
    struct stage stage;
    uint64_t before_ns;

    (void)state;
    for (int real = 0; real <= 1; real++) {
        stage_begin(&stage, real, "{a.test: {answer: a, delay: 50ms}}");
        before_ns = world_now(stage.world);
        look_up(&stage, "a.test", &query);
        assert_int_equal(query.status, QUERY_FOUND);
        assert_true(world_now(stage.world) - before_ns >= 50 * NS_PER_MS);
        if (!real)
            assert_int_equal(world_now(stage.world) - before_ns, 50 * NS_PER_MS);
        stage_finish(&stage);
    }
}

/* ---- packets ----------------------------------------------------------------------------------- */

#define QUESTION "\x01\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1" /* without its id; for a.test, A */

enum { QUESTION_BYTES = sizeof(QUESTION) - 1, PACKET_BYTES = 512, TTL_AT = 12 + 12 + 6 };

/* A client that is the test itself. */
static int client_open(const struct stage *stage)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(stage->address.port)};
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
    return client;
}

static void client_ask(int client, uint8_t id)
{
    uint8_t packet[2 + QUESTION_BYTES] = {0, id};

    memcpy(packet + 2, QUESTION, QUESTION_BYTES);
    assert_int_equal(send(client, packet, sizeof(packet), 0), sizeof(packet));
}

/* Runs the server until it has met so many datagrams; what it sends is then there. */
static void serve(struct stage *stage, unsigned datagrams)
{
    assert_int_equal(world_run(stage->world, datagrams, TIME_NEVER), RUN_STEPS);
}

/* The last byte of the address in the next answer, or -1 where there is none. */
static int client_read(int client)
{
    uint8_t packet[PACKET_BYTES];
    ssize_t size = recv(client, packet, sizeof(packet), MSG_DONTWAIT);

    return size <= 0 ? -1 : packet[size - 1];
}

static void a_question_sent_again_is_the_same_lookup(void **state)
{
    struct stage stage;
    int client, other;

    (void)state;
    stage_begin(&stage, true, "{a.test: [[127.0.0.1], [127.0.0.2], [127.0.0.3]]}");
    client = client_open(&stage);
    other = client_open(&stage);
    client_ask(client, 1);
    client_ask(client, 2);
    client_ask(client, 1);
    client_ask(client, 2);
    client_ask(other, 1);
    serve(&stage, 5);
    assert_int_equal(client_read(client), 1);
    assert_int_equal(client_read(client), 2);
    assert_int_equal(client_read(client), 1);
    assert_int_equal(client_read(client), 2);
    assert_int_equal(client_read(other), 3);
    assert_int_equal(name_server_lookups(&stage.server, "a.test"), 3);
    close(client);
    close(other);
    stage_finish(&stage);
}

static void the_time_to_live_is_in_the_packet(void **state)
{
    uint8_t packet[PACKET_BYTES];
    struct stage stage;
    int client;

    (void)state;
    stage_begin(&stage, true, "{a.test: [{answer: 127.0.0.1, ttl: 5m}, 127.0.0.2]}");
    client = client_open(&stage);
    client_ask(client, 1);
    client_ask(client, 2);
    serve(&stage, 2);
    assert_true(recv(client, packet, sizeof(packet), MSG_DONTWAIT) > TTL_AT + 4);
    assert_memory_equal(packet + TTL_AT, "\0\0\x01\x2c", 4);
    assert_true(recv(client, packet, sizeof(packet), MSG_DONTWAIT) > TTL_AT + 4);
    assert_memory_equal(packet + TTL_AT, "\0\0\0\x3c", 4);
    close(client);
    stage_finish(&stage);
}

static void what_is_no_question_is_dropped(void **state)
{
    struct stage stage;
    int client;

    (void)state;
    stage_begin(&stage, true, "{a.test: 127.0.0.1}");
    client = client_open(&stage);
    assert_int_equal(send(client, "hello", 5, 0), 5);
    client_ask(client, 1);
    serve(&stage, 2);
    assert_int_equal(stage.server.dropped, 1);
    assert_int_equal(client_read(client), 1);
    assert_int_equal(client_read(client), -1);
    close(client);
    stage_finish(&stage);
}

static void delayed_answers_have_a_limit(void **state)
{
    enum { MORE = 3 };
    struct stage stage;
    int client;

    (void)state;
    stage_begin(&stage, true, "{a.test: {answer: 127.0.0.1, delay: 1h}}");
    client = client_open(&stage);
    for (int i = 0; i < NAME_SERVER_DELAYED_MAX + MORE; i++)
        client_ask(client, (uint8_t)i);
    serve(&stage, NAME_SERVER_DELAYED_MAX + MORE);
    assert_int_equal(stage.server.dropped, MORE);
    name_server_stop(&stage.server);
    assert_int_equal(world_run(stage.world, 1, TIME_NEVER), RUN_QUIESCENT);
    assert_int_equal(client_read(client), -1);
    close(client);
    stage_finish(&stage);
}

static void a_delayed_answer_makes_room(void **state)
{
    struct stage stage;
    struct query query;

    (void)state;
    stage_begin(&stage, true, "{a.test: {answer: a, delay: 1us}}");
    for (int i = 0; i <= NAME_SERVER_DELAYED_MAX / 2; i++) {
        look_up(&stage, "a.test", &query);
        assert_int_equal(query.status, QUERY_FOUND);
    }
    assert_int_equal(stage.server.dropped, 0);
    stage_finish(&stage);
}

static void a_server_may_outlive_its_world(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, true, "{a.test: 127.0.0.1}");
    sockets_destroy(&stage.world);
    name_server_abandon(&stage.server);
    stage_finish(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_find_the_same_in_both_worlds),
        cmocka_unit_test(each_name_counts_for_itself),
        cmocka_unit_test(a_delay_is_kept),
        cmocka_unit_test(a_question_sent_again_is_the_same_lookup),
        cmocka_unit_test(the_time_to_live_is_in_the_packet),
        cmocka_unit_test(what_is_no_question_is_dropped),
        cmocka_unit_test(delayed_answers_have_a_limit),
        cmocka_unit_test(a_delayed_answer_makes_room),
        cmocka_unit_test(a_server_may_outlive_its_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
