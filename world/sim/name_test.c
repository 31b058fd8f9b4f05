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
        cmocka_unit_test(names_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
