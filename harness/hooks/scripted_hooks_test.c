#include "harness/hooks/hook_rig.h"

/* ---- what is observed ------------------------------------------------------------------------ */

static void a_plan_without_hooks_installs_none(void **state)
{
    struct fixture *fixture = *state;
    assert_null(scripted_hooks_start(&fixture->hooks, &fixture->plan));
}

static void every_hook_is_there(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
#define IS_THERE(name, word, kind) assert_non_null(fixture->table->word);
    HOOK_LIST(IS_THERE)
#undef IS_THERE
    assert_int_equal(fixture->table->context_bytes, sizeof(struct hook_context));
}

static void pass_piece(struct fixture *fixture, body_hook *hook, const char *in)
{
    uint8_t out[OUT_BYTES];
    struct body_piece piece = {.in = bytes_of(in), .out = out, .out_max = sizeof(out)};
    assert_int_equal(hook(&fixture->exchange, &piece), HOOK_CONTINUE);
    assert_int_equal(piece.taken, strlen(in));
    assert_true(bytes_equal_text(bytes_make(out, piece.out_size), in));
}

static void pieces_in_turn_count_once_each(void **state)
{
    static const enum hook_name EXPECTED[] = {
        HOOK_EARLY_REQUEST_FILTER,    HOOK_UPSTREAM_RESPONSE_BODY_FILTER, HOOK_RESPONSE_BODY_FILTER,
        HOOK_RESPONSE_TRAILER_FILTER, HOOK_RESPONSE_BODY_FILTER,          HOOK_LOGGING};
    struct fixture *fixture = *state;
    play(fixture, "trace");
    early(fixture);
    for (int i = 0; i < 3; i++) {
        pass_piece(fixture, fixture->table->upstream_response_body_filter, "abc");
        pass_piece(fixture, fixture->table->response_body_filter, "de");
    }
    fixture->table->response_trailer_filter(&fixture->exchange, &fixture->head);
    pass_piece(fixture, fixture->table->response_body_filter, "f");
    log_end(fixture);
    assert_int_equal(fixture->hooks.call_count, COUNT_OF(EXPECTED));
    for (size_t i = 0; i < COUNT_OF(EXPECTED); i++)
        assert_int_equal(fixture->hooks.calls[i].hook, EXPECTED[i]);
    expect_fault(fixture, NULL);
}

static void more_calls_than_are_kept_are_counted(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
    for (int i = 0; i < SCRIPTED_CALLS_MAX + 2; i++)
        early(fixture);
    assert_int_equal(fixture->hooks.call_count, SCRIPTED_CALLS_MAX);
    assert_int_equal(fixture->hooks.calls_lost, 2);
}

/* ---- acting ---------------------------------------------------------------------------------- */

static void heads_are_edited(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "{early_request_filter: {set: {X-A: b}, remove: [X-C], target: /t},"
                  " request_filter: {answer: 403}, response_filter: {set: {X-L: {bytes: 5000}}}}");
    assert_true(head_add(&fixture->head, bytes_of("X-C"), bytes_of("d")));
    assert_int_equal(early(fixture), HOOK_CONTINUE);
    assert_string_equal(fixture->exchange.target, "/t");
    assert_non_null(head_find(&fixture->head, "X-A"));
    assert_null(head_find(&fixture->head, "X-C"));
    assert_int_equal(fixture->table->request_filter(&fixture->exchange, &fixture->head),
                     HOOK_RESPONDED);
    assert_int_equal(fixture->exchange.answered, 403);
    assert_int_equal(fixture->table->response_filter(&fixture->exchange, &fixture->head),
                     HOOK_FAILED);
    assert_int_equal(fixture->exchange.failed, 1);
}

static void each_attempt_goes_where_the_plan_says(void **state)
{
    struct fixture *fixture = *state;
    struct proxy_peer peer;
    play(fixture, "{upstream_peer: [{on: 1, order: [a]}, {on: [2, 3], order: [a, b]},"
                  " {on: 4, address: unknown}, {on: 5, fail: 503}]}");
    assert_int_equal(ask_peer(fixture, &peer), HOOK_CONTINUE);
    assert_int_equal(peer.upstream, 0);
    for (int i = 2; i <= 3; i++) {
        assert_int_equal(ask_peer(fixture, &peer), HOOK_CONTINUE);
        assert_int_equal(peer.upstream, UPSTREAM_OTHER);
        assert_string_equal(peer.host, "127.0.0.1");
        assert_int_equal(peer.port, 1002);
    }
    assert_int_equal(ask_peer(fixture, &peer), HOOK_CONTINUE);
    assert_string_equal(peer.host, "unknown.invalid");
    assert_int_equal(ask_peer(fixture, &peer), HOOK_FAILED);
    assert_int_equal(fixture->exchange.failed, 503);
    assert_int_equal(ask_peer(fixture, &peer), HOOK_CONTINUE);
    assert_int_equal(peer.upstream, 7);
}

static void lengths_that_change_are_announced(void **state)
{
    struct fixture *fixture = *state;
    struct exchange *exchange = &fixture->exchange;
    play(fixture, "{request_body_filter: {change: upper}, response_body_filter: {drop: 1}}");
    early(fixture);
    fixture->table->request_filter(exchange, &fixture->head);
    assert_false(exchange->request_length_changes);
    assert_false(exchange->response_length_changes);
    fixture->table->upstream_response_filter(exchange, &fixture->head);
    assert_true(exchange->response_length_changes);
    play(fixture, "{request_body_filter: {drop: 1, announce: false}}");
    early(fixture);
    assert_false(exchange->request_length_changes);
    play(fixture, "{request_body_filter: {drop: 1}}");
    early(fixture);
    assert_true(exchange->request_length_changes);
}

/* How a body comes, and how much room there is for what becomes of it. */
struct feeding {
    size_t piece_bytes;
    size_t room;
};

/* Feeds a body as a proxy does: what is not taken is offered again. */
static void feed(struct fixture *fixture, const char *in, struct feeding feeding,
                 char out[OUT_BYTES])
{
    size_t done = 0;
    size_t there = 0;
    size_t size = 0;
    bool more = true;
    while (more || there < strlen(in)) {
        struct body_piece piece = {.out = (uint8_t *)out + size, .out_max = feeding.room};
        there += feeding.piece_bytes;
        if (there > strlen(in))
            there = strlen(in);
        piece.in = bytes_make(in + done, there - done);
        piece.end = there == strlen(in);
        assert_int_equal(fixture->table->request_body_filter(&fixture->exchange, &piece),
                         HOOK_CONTINUE);
        done += piece.taken;
        size += piece.out_size;
        more = piece.more;
        assert_true(size + feeding.room < OUT_BYTES);
    }
    assert_int_equal(done, strlen(in));
    out[size] = '\0';
}

static const struct {
    const char *plan;
    const char *in;
    const char *out;
} BODIES[] = {
    {"{request_body_filter: pass}", "abcdef", "abcdef"},
    {"{request_body_filter: {change: upper}}", "abcdef", "ABCDEF"},
    {"{request_body_filter: {drop: 4}}", "abcdef", "ef"},
    {"{request_body_filter: {drop: 10}}", "abcdef", ""},
    {"{request_body_filter: {expand: 3}}", "abcdef", "aaabbbcccdddeeefff"},
    {"{request_body_filter: {expand: 3}}", "", ""},
    {"{request_body_filter: {hold: 5, expand: 2}}", "abcdef", "aabbccddeeff"},
    {"{request_body_filter: {hold: 50}}", "abcdef", "abcdef"},
};

static void bodies_change_whatever_their_pieces(void **state)
{
    struct fixture *fixture = *state;
    char out[OUT_BYTES];
    for (size_t i = 0; i < COUNT_OF(BODIES); i++)
        for (size_t piece = 1; piece <= 7; piece++)
            for (size_t room = 1; room <= 20; room += 3) {
                memset(fixture->exchange.context, 0, sizeof(struct hook_context));
                fixture->exchange.record.id++;
                play(fixture, BODIES[i].plan);
                feed(fixture, BODIES[i].in, (struct feeding){piece, room}, out);
                assert_string_equal(out, BODIES[i].out);
            }
    expect_fault(fixture, NULL);
}

static void what_is_held_is_not_taken(void **state)
{
    struct fixture *fixture = *state;
    uint8_t out[OUT_BYTES];
    struct body_piece piece = {.in = bytes_of("abc"), .out = out, .out_max = sizeof(out)};
    play(fixture, "{request_body_filter: {hold: 4, delay: 7ms}}");
    fixture->table->request_body_filter(&fixture->exchange, &piece);
    assert_int_equal(piece.taken, 0);
    assert_false(piece.more);
    assert_int_equal(piece.delay_ns, 0);
    piece.in = bytes_of("abcd");
    fixture->table->request_body_filter(&fixture->exchange, &piece);
    assert_int_equal(piece.taken, 4);
    assert_int_equal(piece.delay_ns, 7 * NS_PER_MS);
    piece.in = bytes_of("e"); /* once there was enough, everything goes on */
    fixture->table->request_body_filter(&fixture->exchange, &piece);
    assert_int_equal(piece.taken, 1);
}

static void a_filter_called_behind_the_end_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    uint8_t out[OUT_BYTES];
    struct body_piece piece = {.end = true, .out = out, .out_max = sizeof(out)};
    play(fixture, "trace");
    fixture->table->response_body_filter(&fixture->exchange, &piece);
    expect_fault(fixture, NULL);
    fixture->table->response_body_filter(&fixture->exchange, &piece);
    expect_fault(fixture, "response_body_filter was called behind the end of its body");
}

static void bytes_are_counted_against_the_record(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "{request_body_filter: {count: true}}");
    pass_piece(fixture, fixture->table->request_body_filter, "abc");
    fixture->exchange.record.request_body_bytes = 4;
    log_end(fixture);
    expect_fault(fixture, "request_body_filter was given 3 bytes, the record says 4");
}

static void wishes_and_the_end_are_played(void **state)
{
    static const struct failure FAILURE = {.cause = CAUSE_CONNECTION_REFUSED};
    struct fixture *fixture = *state;
    struct exchange *exchange = &fixture->exchange;
    char summary[SUMMARY_BYTES] = "";
    play(fixture, "{fail_to_connect: retry, error_while_proxy: never, upstream_response_decision: "
                  "{wait: 1ms, then: retry}, fail_to_proxy: {answer: 599, close: true}, "
                  "suppress_error_log: true, request_summary: in short}");
    fixture->head.status = 200;
    assert_int_equal(fixture->table->fail_to_connect(exchange, &FAILURE), RETRY_AGAIN);
    assert_int_equal(fixture->table->error_while_proxy(exchange, &FAILURE), RETRY_NEVER);
    assert_int_equal(fixture->table->upstream_response_decision(exchange, &fixture->head),
                     RETRY_WAIT);
    let_time_pass(fixture, NS_PER_MS);
    assert_int_equal(fixture->table->upstream_response_decision(exchange, &fixture->head),
                     RETRY_AGAIN);
    exchange->can_respond = false;
    assert_int_equal(fixture->table->fail_to_proxy(exchange, &FAILURE), HOOK_CONTINUE);
    assert_true(exchange->client_closed);
    exchange->can_respond = true;
    assert_int_equal(fixture->table->fail_to_proxy(exchange, &FAILURE), HOOK_RESPONDED);
    assert_int_equal(exchange->answered, 599);
    assert_true(fixture->table->suppress_error_log(exchange, &FAILURE));
    fixture->table->request_summary(exchange, summary);
    assert_string_equal(summary, "in short");
    expect_fault(fixture, NULL);
}

static void a_failure_that_is_none_is_noticed(void **state)
{
    static const struct failure NONE = {.cause = CAUSE_NONE};
    struct fixture *fixture = *state;
    play(fixture, "trace");
    assert_int_equal(fixture->table->fail_to_connect(&fixture->exchange, &NONE), RETRY_LEAVE);
    expect_fault(fixture, "fail_to_connect was called without a failure");
}

static void a_decision_about_a_1xx_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, "trace");
    fixture->head.status = 103;
    fixture->table->upstream_response_decision(&fixture->exchange, &fixture->head);
    expect_fault(fixture, "upstream_response_decision was called for status 103");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_without_hooks_installs_none),
        TEST(every_hook_is_there),
        TEST(pieces_in_turn_count_once_each),
        TEST(more_calls_than_are_kept_are_counted),
        TEST(heads_are_edited),
        TEST(each_attempt_goes_where_the_plan_says),
        TEST(lengths_that_change_are_announced),
        TEST(bodies_change_whatever_their_pieces),
        TEST(what_is_held_is_not_taken),
        TEST(a_filter_called_behind_the_end_is_noticed),
        TEST(bytes_are_counted_against_the_record),
        TEST(wishes_and_the_end_are_played),
        TEST(a_failure_that_is_none_is_noticed),
        TEST(a_decision_about_a_1xx_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
