/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * What the runner does with a suite. In place of the built-in proxy stands one that closes every connection, or fails a
 * check of its own when the scenario's `via` says so.
 */
#include "harness/run/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CASES = 12 };

/* ---- a proxy of few words ------------------------------------------------------------------- */

struct proxy {
    struct world *world;
    struct listener listener;
    struct address address;
    bool fails;
};

static bool dies_instead; /* of failing a check */

static void on_client(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

static void on_acceptable(struct listener *listener)
{
    struct proxy *proxy = listener->owner;
    struct stream client = {.on_event = on_client};
    if (proxy->fails && dies_instead)
        raise(SIGKILL);
    check(!proxy->fails);
    if (world_accept(proxy->world, listener, &client) == 0)
        stream_close(&client, STREAM_RST);
}

struct proxy *proxy_create(struct world *world, const struct proxy_settings *settings,
                           const struct proxy_hooks *hooks, int *os_error)
{
    (void)hooks;
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    check(proxy != NULL);
    *os_error = 0;
    proxy->world = world;
    proxy->fails = strcmp(settings->via, "fails-a-check") == 0;
    proxy->address = settings->listen;
    proxy->listener = (struct listener){.on_acceptable = on_acceptable, .owner = proxy};
    check(world_listen(world, &proxy->listener, &proxy->address, LISTEN_OPEN, 16) == 0);
    return proxy;
}

struct address proxy_address(const struct proxy *proxy)
{
    return proxy->address;
}

void proxy_census(const struct proxy *proxy, struct proxy_census *out)
{
    (void)proxy;
    *out = (struct proxy_census){0};
}

void proxy_drain(struct proxy *proxy, void (*on_drained)(void *owner), void *owner)
{
    (void)proxy;
    on_drained(owner);
}

void proxy_stop(struct proxy *proxy)
{
    if (proxy->listener.impl != NULL)
        world_unlisten(proxy->world, &proxy->listener);
}

/* Nobody's: it is made anew for each case. */
const struct proxy_settings *proxy_settings_now(const struct proxy *proxy)
{
    static const struct proxy_settings NONE;
    (void)proxy;
    return &NONE;
}

bool proxy_restart(struct proxy *proxy, int *os_error)
{
    (void)proxy;
    *os_error = EINVAL;
    return false;
}

void proxy_destroy(struct proxy **proxy)
{
    proxy_stop(*proxy);
    free(*proxy);
    *proxy = NULL;
}

/* ---- a suite -------------------------------------------------------------------------------- */

struct fixture {
    char path[64];
    struct suite suite;
    struct run_item items[2 * CASES];
    size_t item_count;
    struct result_store store;
    size_t told;           /* results so far */
    size_t interrupt_from; /* interrupted once so many were told */
};

/* CASES cases that differ in n, whose requests are never whole, so that the proxy owes no answer; where the via is "fails-a-check" for n = 5 only that one fails its check. */
static const char TEXT[] =
    "name: n\nstage: dial\n"
    "grid: {n: [{is: 0, via: v, status: none}, {is: 1, via: v, status: none},\n"
    "  {is: 2, via: v, status: none}, {is: 3, via: v, status: 200}, {is: 4, via: v, status: "
    "none},\n"
    "  {is: 5, via: fails-a-check, status: none}, {is: 6, via: v, status: none},\n"
    "  {is: 7, via: v, status: none}, {is: 8, via: v, status: none}, {is: 9, via: v, status: "
    "none},\n"
    "  {is: \"it's\", via: v, status: 200}, {is: 11, via: v, status: none}]}\n"
    "proxy: {via: \"${n.via}\"}\n"
    "client: [prepare: {}, send: 10, read: eof]\n"
    "upstreams: {a: []}\n"
    "expect: {client: {status: \"${n.status}\"}}\n";

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->path, sizeof(fixture->path), "/tmp/runner_test.XXXXXX.yaml");
    int descriptor = mkstemps(fixture->path, 5);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, TEXT, sizeof(TEXT) - 1), sizeof(TEXT) - 1);
    close(descriptor);
    const char *const paths[] = {fixture->path};
    suite_init(&fixture->suite);
    if (!suite_load(&fixture->suite, paths, 1))
        fail_msg("%s", fixture->suite.mistakes[0]);
    assert_int_equal(fixture->suite.count, CASES);
    for (size_t i = 0; i < 2 * CASES; i++)
        fixture->items[i] = (struct run_item){&fixture->suite.cases[i % CASES],
                                              i < CASES ? WORLD_SIM : WORLD_SOCKETS};
    fixture->item_count = 2 * CASES;
    fixture->interrupt_from = SIZE_MAX;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    result_store_release(&fixture->store);
    suite_release(&fixture->suite);
    free(fixture);
    return 0;
}

static bool is_interrupted(void *owner)
{
    const struct fixture *fixture = owner;
    return fixture->told >= fixture->interrupt_from;
}

static void on_result(void *owner, const struct case_result *result)
{
    struct fixture *fixture = owner;
    assert_int_not_equal(result->verdict, VERDICT_SKIPPED);
    fixture->told++;
}

static struct run_plan make_plan(struct fixture *fixture, unsigned repeat, bool fail_fast)
{
    return (struct run_plan){.items = fixture->items,
                             .count = fixture->item_count,
                             .seed = 7,
                             .repeat = repeat,
                             .fail_fast = fail_fast,
                             .is_interrupted = is_interrupted,
                             .on_result = on_result,
                             .owner = fixture};
}

static void play(struct fixture *fixture, unsigned repeat, bool fail_fast)
{
    const struct run_plan plan = make_plan(fixture, repeat, fail_fast);
    assert_true(result_store_init(&fixture->store, fixture->items, fixture->item_count));
    assert_true(runner_play(&plan, &fixture->store));
}

static enum verdict verdict_of(const struct fixture *fixture, size_t index)
{
    return fixture->store.results[index].verdict;
}

/* The cases before number 5, whose check fails: nothing is thrown away that a leak checker could miss. */
static void leave_out_the_failing_check(struct fixture *fixture)
{
    fixture->items[5] = fixture->items[6];
    fixture->items[CASES + 5] = fixture->items[CASES + 6];
}

static void each_case_has_its_verdict_in_both_worlds(void **state)
{
    struct fixture *fixture = *state;
    leave_out_the_failing_check(fixture);
    play(fixture, 1, false);
    assert_int_equal(fixture->told, 2 * CASES);
    for (size_t i = 0; i < 2 * CASES; i++) {
        const struct case_result *result = &fixture->store.results[i];
        bool fails = i % CASES == 3 || i % CASES == 10;
        assert_int_equal(result->verdict, fails ? VERDICT_FAIL : VERDICT_PASS);
        assert_string_equal(result->client, "reset");
        assert_string_equal(result->world, i < CASES ? "sim" : "sockets");
        assert_int_equal(result->seed, 7);
    }
}

static void a_case_can_be_pasted_into_a_shell(void **state)
{
    struct fixture *fixture = *state;
    char expected[256];
    leave_out_the_failing_check(fixture);
    play(fixture, 1, false);
    const char *base = fixture->suite.cases[10].file->base;
    snprintf(expected, sizeof(expected),
             "retryproof run --world sim --seed 7 %s --filter 'id = \"%s[n=it'\\''s]\"'",
             fixture->path, base);
    assert_string_equal(fixture->store.results[10].reproduce, expected);
    assert_non_null(
        fixture->store.results[0].reproduce); /* one that passed can be looked at, too */
}

/* In a process of its own: what a failed check throws away cannot be freed, and a leak checker would say so. */
static void a_failed_check_costs_its_case_and_no_other(void **state)
{
    struct fixture *fixture = *state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        play(fixture, 1, false);
        bool right = fixture->told == 2 * CASES;
        for (size_t i = 0; i < 2 * CASES; i++) {
            bool fails = i % CASES == 3 || i % CASES == 10;
            enum verdict expected = i % CASES == 5 ? VERDICT_ERROR
                                    : fails        ? VERDICT_FAIL
                                                   : VERDICT_PASS;
            right = right && verdict_of(fixture, i) == expected;
        }
        right = right && strstr(fixture->store.results[5].sentences[0],
                                "check failed: !proxy->fails") != NULL;
        _exit(right ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void fail_fast_leaves_out_what_comes_after(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, 1, true);
    for (size_t i = 0; i < 2 * CASES; i++)
        assert_int_equal(verdict_of(fixture, i), i < 3    ? VERDICT_PASS
                                                 : i == 3 ? VERDICT_FAIL
                                                          : VERDICT_SKIPPED);
}

static void an_interruption_leaves_out_what_comes_after(void **state)
{
    struct fixture *fixture = *state;
    fixture->interrupt_from = 2;
    play(fixture, 1, false);
    assert_int_equal(fixture->told, 2);
    assert_int_equal(verdict_of(fixture, 1), VERDICT_PASS);
    for (size_t i = 2; i < 2 * CASES; i++)
        assert_int_equal(verdict_of(fixture, i), VERDICT_SKIPPED);
}

static void an_interruption_ends_cases_that_are_under_way(void **state)
{
    struct fixture *fixture = *state;
    fixture->items[0] = fixture->items[CASES];
    for (size_t i = 1; i < CASES; i++)
        fixture->items[i] = (struct run_item){&fixture->suite.cases[6], WORLD_SOCKETS};
    fixture->item_count = CASES;
    fixture->interrupt_from = 0;
    play(fixture, 1, false);
    assert_int_equal(fixture->told, 0);
    assert_int_equal(verdict_of(fixture, 0), VERDICT_SKIPPED);
}

static void a_case_is_repeated_with_seeds_that_follow_each_other(void **state)
{
    struct fixture *fixture = *state;
    leave_out_the_failing_check(fixture);
    play(fixture, 3, false);
    assert_int_equal(fixture->told, 2 * CASES);
    assert_int_equal(fixture->store.results[0].seed, 9);
    assert_int_equal(fixture->store.results[3].seed, 7); /* it failed the first time */
}

static void play_by_workers(struct fixture *fixture, unsigned count)
{
    const struct run_plan plan = make_plan(fixture, 1, false);
    assert_true(result_store_init(&fixture->store, fixture->items, fixture->item_count));
    assert_true(workers_play(&plan, &fixture->store, count));
}

static void several_processes_come_to_the_same_verdicts(void **state)
{
    struct fixture *fixture = *state;
    play_by_workers(fixture, 3);
    assert_int_equal(fixture->told, 2 * CASES);
    for (size_t i = 0; i < 2 * CASES; i++) {
        const struct case_result *result = &fixture->store.results[i];
        bool fails = i % CASES == 3 || i % CASES == 10;
        assert_int_equal(result->verdict, i % CASES == 5 ? VERDICT_ERROR
                                          : fails        ? VERDICT_FAIL
                                                         : VERDICT_PASS);
    }
    assert_string_equal(fixture->store.results[3].sentences[0],
                        "the client got reset, expected 200");
    assert_true(fixture->store.results[3].story_count > 0);
    assert_non_null(strstr(fixture->store.results[5].sentences[0], "check failed: "));
}

static void a_process_that_dies_costs_only_its_own_cases(void **state)
{
    struct fixture *fixture = *state;
    dies_instead = true;
    play_by_workers(fixture, 2);
    dies_instead = false;
    /* Of two processes the second has the odd cases, and number 5 in the simulation is its third. */
    assert_int_equal(verdict_of(fixture, 1), VERDICT_PASS);
    assert_int_equal(verdict_of(fixture, 5), VERDICT_ERROR);
    assert_string_equal(fixture->store.results[5].sentences[0],
                        "the process that played this case ended with signal 9");
    for (size_t i = 0; i < 2 * CASES; i++) {
        assert_int_not_equal(verdict_of(fixture, i), VERDICT_SKIPPED);
        if (i % 2 == 0)
            assert_int_not_equal(verdict_of(fixture, i), VERDICT_ERROR);
    }
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(each_case_has_its_verdict_in_both_worlds),
        ROW(a_case_can_be_pasted_into_a_shell),
        ROW(a_failed_check_costs_its_case_and_no_other),
        ROW(fail_fast_leaves_out_what_comes_after),
        ROW(an_interruption_leaves_out_what_comes_after),
        ROW(an_interruption_ends_cases_that_are_under_way),
        ROW(a_case_is_repeated_with_seeds_that_follow_each_other),
        ROW(several_processes_come_to_the_same_verdicts),
        ROW(a_process_that_dies_costs_only_its_own_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
