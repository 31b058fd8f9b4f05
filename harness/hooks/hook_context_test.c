#include "harness/hooks/hook_rig.h"

/* ---- the context ----------------------------------------------------------------------------- */

static void a_context_is_zero_at_first_and_stays(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
    early(fixture);
    log_end(fixture);
    memset(fixture->exchange.context, 0, sizeof(struct hook_context));
    fixture->exchange.record.id = 2;
    early(fixture);
    log_end(fixture);
    expect_fault(fixture, NULL);
}

static void a_context_that_is_not_zero_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    struct hook_context *context = fixture->exchange.context;
    play(fixture, "trace");
    context->back = 1;
    early(fixture);
    expect_fault(fixture, "the hooks' context was not all zero when exchange 1 began");
}

static void a_context_that_was_used_before_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
    early(fixture);
    log_end(fixture);
    fixture->exchange.record.id = 2;
    early(fixture);
    expect_fault(fixture, "the hooks' context was not all zero when exchange 2 began");
}

static void a_context_that_is_emptied_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
    early(fixture);
    memset(fixture->exchange.context, 0, sizeof(struct hook_context));
    early(fixture);
    expect_fault(fixture, "the hooks' context was emptied within exchange 1");
}

static void a_context_that_moves_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    struct hook_context *before = fixture->exchange.context;
    struct hook_context *after = calloc(1, sizeof(*after));
    assert_non_null(after);
    play(fixture, "trace");
    early(fixture);
    *after = *before;
    fixture->exchange.context = after;
    early(fixture);
    free(before);
    expect_fault(fixture, "the hooks' context was moved within exchange 1");
}

static void a_context_that_is_written_over_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    struct hook_context *context = fixture->exchange.context;
    play(fixture, "trace");
    early(fixture);
    context->back++;
    early(fixture);
    expect_fault(fixture, "the hooks' context was written over within exchange 1");
}

static void a_context_of_another_exchange_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
    early(fixture);
    fixture->exchange.record.id = 2;
    early(fixture);
    expect_fault(fixture, "exchange 2 got the hooks' context of exchange 1, which had not ended");
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void a_timer_resumes_what_waits(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "{early_request_filter: {wait: 5ms, set: {X-A: b}}}");
    assert_int_equal(early(fixture), HOOK_WAIT);
    assert_int_equal(early(fixture), HOOK_WAIT); /* resumed for no reason */
    let_time_pass(fixture, 4 * NS_PER_MS);
    assert_int_equal(fixture->exchange.resumes, 0);
    assert_null(head_find(&fixture->head, "X-A"));
    let_time_pass(fixture, NS_PER_MS);
    assert_int_equal(fixture->exchange.resumes, 1);
    assert_int_equal(early(fixture), HOOK_CONTINUE);
    assert_non_null(head_find(&fixture->head, "X-A"));
    assert_int_equal(fixture->hooks.call_count, 1);
}

static void an_answer_about_a_name_resumes_what_waits(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "{early_request_filter: {wait: lookup, fail: 404}}");
    assert_int_equal(early(fixture), HOOK_WAIT);
    let_time_pass(fixture, NS_PER_S);
    assert_int_equal(fixture->exchange.resumes, 1);
    assert_int_equal(early(fixture), HOOK_FAILED);
    assert_int_equal(fixture->exchange.failed, 404);
}

static void a_signal_resumes_what_waits(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "{early_request_filter: {signal: called, wait: {signal: go}}}");
    assert_int_equal(early(fixture), HOOK_WAIT);
    assert_true(signals_is_raised(&fixture->signals, "called"));
    assert_true(signals_raise(&fixture->signals, "go"));
    assert_int_equal(fixture->exchange.resumes, 0); /* not from within the signal */
    let_time_pass(fixture, 0);
    assert_int_equal(fixture->exchange.resumes, 1);
    assert_int_equal(early(fixture), HOOK_CONTINUE);
}

static void a_signal_that_came_before_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "{early_request_filter: {wait: {signal: go}}}");
    assert_true(signals_raise(&fixture->signals, "go"));
    assert_int_equal(early(fixture), HOOK_CONTINUE);
}

/* A client that leaves while three hooks wait in three ways. */
static void logging_takes_back_what_waits(void **state)
{
    struct fixture *fixture = *state;
    uint8_t out[OUT_BYTES];
    struct body_piece piece = {.in = bytes_of("abc"), .out = out, .out_max = sizeof(out)};
    play(fixture, "{early_request_filter: {wait: 5ms}, request_body_filter: {wait: lookup},"
                  " request_filter: {wait: {signal: go}}, response_filter: {wait: never}}");
    assert_int_equal(early(fixture), HOOK_WAIT);
    assert_int_equal(fixture->table->request_filter(&fixture->exchange, &fixture->head), HOOK_WAIT);
    assert_int_equal(fixture->table->request_body_filter(&fixture->exchange, &piece), HOOK_WAIT);
    assert_int_equal(fixture->table->response_filter(&fixture->exchange, &fixture->head),
                     HOOK_WAIT);
    log_end(fixture);
    assert_true(signals_raise(&fixture->signals, "go"));
    let_time_pass(fixture, NS_PER_S);
    assert_int_equal(fixture->exchange.resumes, 0);
}

static void the_next_attempt_waits_afresh(void **state)
{
    struct fixture *fixture = *state;
    struct proxy_peer peer;
    play(fixture, "{connected_to_upstream: {wait: 5ms}}");
    ask_peer(fixture, &peer);
    assert_int_equal(fixture->table->connected_to_upstream(&fixture->exchange), HOOK_WAIT);
    ask_peer(fixture, &peer);
    let_time_pass(fixture, NS_PER_S);
    assert_int_equal(fixture->exchange.resumes, 0);
    assert_int_equal(fixture->table->connected_to_upstream(&fixture->exchange), HOOK_WAIT);
    let_time_pass(fixture, NS_PER_S);
    assert_int_equal(fixture->exchange.resumes, 1);
    assert_int_equal(fixture->table->connected_to_upstream(&fixture->exchange), HOOK_CONTINUE);
    assert_int_equal(fixture->hooks.call_count, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_context_is_zero_at_first_and_stays),
        TEST(a_context_that_is_not_zero_is_noticed),
        TEST(a_context_that_was_used_before_is_noticed),
        TEST(a_context_that_is_emptied_is_noticed),
        TEST(a_context_that_moves_is_noticed),
        TEST(a_context_that_is_written_over_is_noticed),
        TEST(a_context_of_another_exchange_is_noticed),
        TEST(a_timer_resumes_what_waits),
        TEST(an_answer_about_a_name_resumes_what_waits),
        TEST(a_signal_resumes_what_waits),
        TEST(a_signal_that_came_before_is_not_waited_for),
        TEST(logging_takes_back_what_waits),
        TEST(the_next_attempt_waits_afresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
