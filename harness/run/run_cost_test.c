/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * What a run may cost, in counts that no machine changes: upcalls of a clean exchange, and allocations of a run when those
 * before it have left their memory. How long it takes bench/explore.sh tells.
 */
#include "harness/run/cost_rig.h"

enum {
    UPCALLS_MAX = 24, /* of one clean exchange, connections and the end of the case set apart */
    WARM_UP_RUNS = 3, /* until every buffer is as large as the case makes it */
    RUNS = 20,
};

static struct cost_rig rig;

static int set_up(void **state)
{
    (void)state;
    cost_rig_init(&rig);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cost_rig_release(&rig);
    return 0;
}

static void a_clean_exchange_takes_few_upcalls(void **state)
{
    struct cost few, many;
    uint64_t each;

    (void)state;
    cost_rig_read_clean(&rig, 1);
    few = cost_rig_run(&rig, 1);
    cost_rig_read_clean(&rig, COST_EXCHANGES);
    many = cost_rig_run(&rig, 1);
    assert_int_equal(few.verdict, VERDICT_PASS);
    assert_int_equal(many.verdict, VERDICT_PASS);
    each = (many.upcalls - few.upcalls) / (COST_EXCHANGES - 1);
    print_message("%u upcalls for each exchange\n", (unsigned)each);
    assert_in_range(each, 1, UPCALLS_MAX);
}

/* Cases that an explorer plays: clean, tried again at another upstream, cut, with hooks, over a kept connection. */
static const struct row {
    const char *sentence;
    const char *text;
} ROWS[] = {
    {"a warm run of one exchange allocates nothing",
     "client: [" COST_REQUEST "]\nupstreams: {a: [[read: request, " COST_RESPONSE "]]}\n"},
    {"a warm run that dials again allocates nothing",
     "client: [" COST_REQUEST "]\nupstreams: {a: {listen: refused}, b: []}\n"},
    {"a warm run of a POST that is cut allocates nothing",
     "client: [request: {method: POST, path: /pay, body: 11}]\n"
     "upstreams: {a: [[read: request, end: fin]], b: []}\nproxy: {max_retries: 2}\n"},
    {"a warm run of two requests on a kept connection allocates nothing",
     "client: [request: {path: /1}, request: {path: /2}]\n"
     "upstreams: {a: [[read: request, respond: 200, read: request, end: rst]], b: []}\n"
     "proxy: {policy: idempotent}\n"},
    {"a warm run of a body that is sent again allocates nothing",
     "client: [request: {method: PUT, path: /x, body: 300}]\n"
     "upstreams: {a: [[read: request, end: rst]], b: [[read: request, respond: {body: 20}]]}\n"
     "proxy: {policy: idempotent}\n"},
    {"a warm run with hooks allocates nothing",
     "client: [" COST_REQUEST "]\nupstreams: {a: [[read: request, " COST_RESPONSE "]]}\n"
     "hooks: trace\n"},
};

static void allocates_nothing(void **state)
{
    const struct row *row = *state;
    char text[1024];
    struct cost first;

    check((size_t)snprintf(text, sizeof(text), "name: n\nstage: mid-copy\n%sexpect: {}\n",
                           row->text) < sizeof(text));
    cost_rig_read(&rig, text);
    first = cost_rig_run(&rig, 1);
    assert_int_equal(first.verdict, VERDICT_PASS);
    for (unsigned i = 1; i < WARM_UP_RUNS; i++)
        cost_rig_run(&rig, 1);
    for (unsigned i = 0; i < RUNS; i++) {
        struct cost cost = cost_rig_run(&rig, 1);

        assert_int_equal(cost.allocations, 0);
        assert_true(cost.trace_hash == first.trace_hash);
    }
}

/* Whatever was played before, a run goes as in a new world. */
static void warm_runs_are_as_new(void **state)
{
    uint64_t hashes[COUNT_OF(ROWS)];
    char text[1024];

    (void)state;
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
            struct cost cost;

            snprintf(text, sizeof(text), "name: n\nstage: mid-copy\n%sexpect: {}\n", ROWS[i].text);
            if (round == 0) {
                cost_rig_release(&rig);
                cost_rig_init(&rig);
            }
            cost_rig_read(&rig, text);
            cost = cost_rig_run(&rig, 1);
            if (round == 0)
                hashes[i] = cost.trace_hash;
            assert_true(cost.trace_hash == hashes[i]);
        }
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 2] = {
        cmocka_unit_test(a_clean_exchange_takes_few_upcalls),
        cmocka_unit_test(warm_runs_are_as_new),
    };

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i + 2] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                           .test_func = allocates_nothing,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
