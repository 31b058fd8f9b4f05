#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "world/sim/sim.h"

static void on_answer(struct query *query)
{
    size_t *answers = query->owner;

    (*answers)++;
}

static void names_answer_as_told(void **state)
{
    static const struct address two[] = {{4, 0, {127, 0, 0, 2}}, {4, 0, {127, 0, 0, 3}}};
    static const struct sim_name names[] = {
        {"two.test", QUERY_FOUND, two, 2, 0},
        {"slow.test", QUERY_FOUND, two, 1, NS_PER_S},
        {"servfail.test", QUERY_FAILED, NULL, 0, 0},
        {"timeout.test", QUERY_TIMED_OUT, NULL, 0, 5 * NS_PER_S},
        {"silent.test", QUERY_FOUND, two, 1, TIME_NEVER},
    };
    static const struct {
        const char *host;
        size_t answers;
        enum query_status status;
        size_t addresses;
        uint64_t after_ns;
    } rows[] = {
        {"two.test", 1, QUERY_FOUND, 2, 0},
        {"TWO.Test", 1, QUERY_FOUND, 2, 0},
        {"slow.test", 1, QUERY_FOUND, 1, NS_PER_S},
        {"servfail.test", 1, QUERY_FAILED, 0, 0},
        {"timeout.test", 1, QUERY_TIMED_OUT, 0, 5 * NS_PER_S},
        {"unknown.test", 1, QUERY_NOT_FOUND, 0, 0},
        {"silent.test", 0, QUERY_FOUND, 0, 0},
    };
    struct world *world = sim_create(&(struct sim_options){.latency_ns = NS_PER_MS});

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_true(sim_add_name(world, &names[i]));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t answers = 0;
        struct query query = {.on_answer = on_answer, .owner = &answers};
        uint64_t before_ns = world_now(world);

        assert_int_equal(world_resolve(world, &query, rows[i].host, 80), 0);
        world_run(world, 10, TIME_NEVER);
        assert_int_equal(answers, rows[i].answers);
        if (answers == 0) {
            world_resolve_cancel(world, &query);
            continue;
        }
        assert_int_equal(query.status, rows[i].status);
        assert_int_equal(query.address_count, rows[i].addresses);
        assert_int_equal(world_now(world), before_ns + NS_PER_MS + rows[i].after_ns);
        for (size_t j = 0; j < query.address_count; j++) {
            assert_int_equal(query.addresses[j].bytes[3], 2 + j);
            assert_int_equal(query.addresses[j].port, 80);
        }
    }
    sim_destroy(&world);
}

/* Plays the names of a script: each call of the resolver is counted. */
struct script {
    enum query_status status;
    uint64_t delay_ns;
    size_t calls;
    uint16_t nameserver_port; /* whom the program asked, as the resolver saw it */
    char host[24];
};

static uint64_t resolve(void *owner, const char *host, struct query *answer)
{
    struct script *script = owner;

    script->calls++;
    script->nameserver_port = answer->nameserver.port;
    snprintf(script->host, sizeof(script->host), "%s", host);
    answer->status = script->status;
    if (script->status == QUERY_FOUND) {
        answer->addresses[0] = (struct address){6, 0, {[15] = 1}};
        answer->addresses[1] = (struct address){4, 0, {127, 0, 0, 3}};
        answer->addresses[2] = (struct address){6, 0, {[15] = 2}};
        answer->addresses[3] = (struct address){4, 0, {127, 0, 0, 2}};
        answer->address_count = 4;
    }
    return script->delay_ns;
}

static void ask(struct world *world, struct query *query)
{
    size_t answers = 0;

    query->on_answer = on_answer;
    query->owner = &answers;
    assert_int_equal(world_resolve(world, query, "any.test", 80), 0);
    world_run(world, 10, TIME_NEVER);
    assert_int_equal(answers, 1);
}

static void a_resolver_is_asked_each_time(void **state)
{
    static const struct {
        enum query_status status, told;
        uint64_t delay_ns, after_ns;
    } rows[] = {
        {QUERY_FOUND, QUERY_FOUND, 0, 0},
        {QUERY_FOUND, QUERY_FOUND, NS_PER_S, NS_PER_S},
        {QUERY_NOT_FOUND, QUERY_NOT_FOUND, 0, 0},
        {QUERY_FAILED, QUERY_FAILED, 0, 0},
        {QUERY_FOUND, QUERY_FOUND, QUERY_TIMEOUT_NS - 1, QUERY_TIMEOUT_NS - 1},
        {QUERY_FOUND, QUERY_TIMED_OUT, QUERY_TIMEOUT_NS, QUERY_TIMEOUT_NS},
        {QUERY_FOUND, QUERY_TIMED_OUT, TIME_NEVER, QUERY_TIMEOUT_NS},
    };
    struct world *world = sim_create(&(struct sim_options){0});
    struct script script = {0};

    (void)state;
    sim_on_resolve(world, resolve, &script);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct query query = {.nameserver = address_loopback(53)};
        uint64_t before_ns = world_now(world);

        script.status = rows[i].status;
        script.delay_ns = rows[i].delay_ns;
        ask(world, &query);
        assert_int_equal(query.status, rows[i].told);
        assert_int_equal(query.address_count, rows[i].told == QUERY_FOUND ? 4 : 0);
        assert_int_equal(world_now(world), before_ns + rows[i].after_ns);
        assert_int_equal(script.calls, i + 1);
        assert_int_equal(script.nameserver_port, 53);
        assert_string_equal(script.host, "any.test");
    }
    sim_destroy(&world);
}

static void addresses_of_ipv4_come_first(void **state)
{
    static const char *const texts[] = {"127.0.0.3:80", "127.0.0.2:80", "[::1]:80", "[::2]:80"};
    struct world *world = sim_create(&(struct sim_options){0});
    struct script script = {.status = QUERY_FOUND};
    struct query query = {0};
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    sim_on_resolve(world, resolve, &script);
    ask(world, &query);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_string_equal(address_format(&query.addresses[i], text), texts[i]);
    sim_destroy(&world);
}

static void a_resolver_is_not_asked_about_what_is_known(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "localhost", "LocalHost", "any.test"};
    static const struct address one = {4, 0, {127, 0, 0, 9}};
    struct world *world = sim_create(&(struct sim_options){0});
    struct script script = {.status = QUERY_NOT_FOUND};

    (void)state;
    sim_on_resolve(world, resolve, &script);
    assert_true(sim_add_name(world, &(struct sim_name){"any.test", QUERY_FOUND, &one, 1, 0}));
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        size_t answers = 0;
        struct query query = {.on_answer = on_answer, .owner = &answers};

        assert_int_equal(world_resolve(world, &query, hosts[i], 80), 0);
        world_run(world, 10, TIME_NEVER);
        assert_int_equal(query.status, QUERY_FOUND);
    }
    assert_int_equal(script.calls, 0);
    sim_reset(world, 0);
    ask(world, &(struct query){0});
    assert_int_equal(script.calls, 0);
    sim_destroy(&world);
}

static void names_have_a_limit(void **state)
{
    struct world *world = sim_create(&(struct sim_options){0});
    char host[24];

    (void)state;
    for (int i = 0; i < SIM_NAMES_MAX; i++) {
        snprintf(host, sizeof(host), "h%d.test", i);
        assert_true(sim_add_name(world, &(struct sim_name){host, QUERY_FAILED, NULL, 0, 0}));
    }
    assert_true(sim_add_name(world, &(struct sim_name){host, QUERY_FAILED, NULL, 0, 0}));
    assert_false(sim_add_name(world, &(struct sim_name){"one.more", QUERY_FAILED, NULL, 0, 0}));
    sim_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_answer_as_told),
        cmocka_unit_test(a_resolver_is_asked_each_time),
        cmocka_unit_test(addresses_of_ipv4_come_first),
        cmocka_unit_test(a_resolver_is_not_asked_about_what_is_known),
        cmocka_unit_test(names_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
