#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/health.h"
#include "retryproof/limits.h"
#include "world/base/check.h"
#include "world/world.h"

struct row {
    const char *name;
    struct failure failure;
    bool counts;
};

static const struct row ROWS[] = {
    {"a name that cannot be looked up counts",
     {SIDE_UPSTREAM, STAGE_RESOLVE, CAUSE_DNS_ERROR, 0},
     true},
    {"a refused dial counts", {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, 0}, true},
    {"a dial that timed out counts",
     {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TIMEOUT, 0},
     true},
    {"a handshake that failed counts",
     {SIDE_UPSTREAM, STAGE_HANDSHAKE, CAUSE_CONNECTION_TERMINATED, 0},
     true},
    {"a connection closed before a byte was written counts",
     {SIDE_UPSTREAM, STAGE_PRE_WRITE, CAUSE_CONNECTION_TERMINATED, 0},
     true},
    {"a write that timed out counts",
     {SIDE_UPSTREAM, STAGE_MID_WRITE, CAUSE_CONNECTION_WRITE_TIMEOUT, 0},
     true},
    {"a response that never came counts",
     {SIDE_UPSTREAM, STAGE_POST_WRITE, CAUSE_HTTP_RESPONSE_TIMEOUT, 0},
     true},
    {"a head that stopped counts",
     {SIDE_UPSTREAM, STAGE_MID_HEAD, CAUSE_CONNECTION_READ_TIMEOUT, 0},
     true},
    {"a connection reset in the middle of a request does not",
     {SIDE_UPSTREAM, STAGE_MID_WRITE, CAUSE_CONNECTION_TERMINATED, 0},
     false},
    {"a response that was cut does not",
     {SIDE_UPSTREAM, STAGE_POST_WRITE, CAUSE_CONNECTION_TERMINATED, 0},
     false},
    {"a copy that stopped does not",
     {SIDE_UPSTREAM, STAGE_MID_COPY, CAUSE_CONNECTION_READ_TIMEOUT, 0},
     false},
    {"a status does not, though it is tried elsewhere",
     {SIDE_UPSTREAM, STAGE_STATUS, CAUSE_HTTP_RESPONSE_STATUS, 0},
     false},
    {"a head that is not HTTP's does not",
     {SIDE_UPSTREAM, STAGE_STATUS, CAUSE_HTTP_PROTOCOL_ERROR, 0},
     false},
    {"a tunnel does not", {SIDE_UPSTREAM, STAGE_TUNNEL, CAUSE_CONNECTION_TERMINATED, 0}, false},
    {"nobody to ask does not",
     {SIDE_UPSTREAM, STAGE_ROUTE, CAUSE_DESTINATION_UNAVAILABLE, 0},
     false},
    {"a dial that our own want of descriptors forbade does not",
     {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_LIMIT_REACHED, 0},
     false},
    {"a client's cancel does not, wherever it comes",
     {SIDE_DOWNSTREAM, STAGE_DIAL, CAUSE_CLIENT_CANCELLED, 0},
     false},
    {"a client's delay does not",
     {SIDE_DOWNSTREAM, STAGE_MID_WRITE, CAUSE_CLIENT_TIMEOUT, 0},
     false},
    {"a lack of our own does not",
     {SIDE_INTERNAL, STAGE_DIAL, CAUSE_PROXY_INTERNAL_ERROR, 0},
     false},
};

static void counts(void **state)
{
    const struct row *row = *state;

    assert_int_equal(health_counts(&row->failure), row->counts);
}

static const struct failure REFUSED = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, 0};
static const struct failure CANCELLED = {SIDE_DOWNSTREAM, STAGE_DIAL, CAUSE_CLIENT_CANCELLED, 0};

static void fail_times(struct health *health, unsigned times, uint64_t now_ns)
{
    for (unsigned i = 0; i < times; i++)
        health_note(health, &REFUSED, now_ns);
}

static void three_in_a_row_put_it_out_for_ten_seconds(void **state)
{
    struct health health = {0};
    const uint64_t now = 5 * NS_PER_S;

    (void)state;
    fail_times(&health, EJECT_AFTER_FAILURES - 1, now);
    assert_false(health_is_ejected(&health, now));
    fail_times(&health, 1, now);
    assert_true(health_is_ejected(&health, now));
    assert_true(health_is_ejected(&health, now + 10 * NS_PER_S - 1));
    assert_false(health_is_ejected(&health, now + 10 * NS_PER_S));
}

static void a_success_begins_the_row_anew(void **state)
{
    struct health health = {0};

    (void)state;
    fail_times(&health, EJECT_AFTER_FAILURES - 1, 0);
    health_note(&health, NULL, 0);
    fail_times(&health, EJECT_AFTER_FAILURES - 1, 0);
    assert_false(health_is_ejected(&health, 0));
}

static void a_cancel_neither_counts_nor_forgives(void **state)
{
    struct health health = {0};

    (void)state;
    fail_times(&health, EJECT_AFTER_FAILURES - 1, 0);
    health_note(&health, &CANCELLED, 0);
    assert_false(health_is_ejected(&health, 0));
    fail_times(&health, 1, 0);
    assert_true(health_is_ejected(&health, 0));
}

static void who_fails_when_back_is_out_at_once(void **state)
{
    struct health health = {0};
    const uint64_t back = 10 * NS_PER_S;

    (void)state;
    fail_times(&health, EJECT_AFTER_FAILURES, 0);
    assert_false(health_is_ejected(&health, back));
    fail_times(&health, 1, back);
    assert_true(health_is_ejected(&health, back));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(three_in_a_row_put_it_out_for_ten_seconds),
        cmocka_unit_test(a_success_begins_the_row_anew),
        cmocka_unit_test(a_cancel_neither_counts_nor_forgives),
        cmocka_unit_test(who_fails_when_back_is_out_at_once),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = counts,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
