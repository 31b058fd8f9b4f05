/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/hooks/hook_plan.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_BYTES = 4 * 1024 * 1024 };

static const char *const UPSTREAMS[] = {"a", "b", NULL};

struct fixture {
    struct region region;
    struct yaml_error error;
    struct hook_plan plan;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    region_init(&fixture->region, REGION_BYTES);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    region_release(&fixture->region);
    free(fixture);
    return 0;
}

static bool read_text(struct fixture *fixture, const char *text)
{
    memset(&fixture->error, 0, sizeof(fixture->error));
    region_reset(&fixture->region);
    const struct yaml_node *root =
        yaml_parse(&fixture->region, "f", text, strlen(text), &fixture->error);
    return root != NULL &&
           hook_plan_read(&fixture->region, root, UPSTREAMS, &fixture->plan, &fixture->error);
}

static const struct hook_action *action(const struct fixture *fixture, enum hook_name hook,
                                        unsigned attempt)
{
    return hook_plan_action(&fixture->plan, hook, attempt);
}

/* ---- mistakes ------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *sentence; /* the beginning of the error */
} MISTAKES[] = {
    {"[]", "f:1:1: 'hooks' is a map of hooks to what they do, or 'trace'"},
    {"tracing", "f:1:1: "},
    {"{request_filer: {}}", "f:1:2: "},
    {"{request_filter: 403}", "f:1:18: 'request_filter' is a map, as {wait: 50ms}"},
    {"{request_filter: [[]]}", "f:1:19: one action of 'request_filter' is a map"},
    {"{request_filter: {upstream: a}}", "f:1:19: "},
    {"{upstream_request_filter: {answer: 403}}", "f:1:28: "},
    {"{upstream_request_filter: {target: /x}}", "f:1:28: "},
    {"{early_request_filter: {answer: 403}}",
     "f:1:33: 'early_request_filter' cannot answer, 'request_filter' can"},
    {"{request_filter: {answer: 199}}", "f:1:27: "},
    {"{request_filter: {answer: 600}}", "f:1:27: "},
    {"{request_filter: {answer: {reason: no}}}", "f:1:28: "},
    {"{request_filter: {answer: {body: [1]}}}", "f:1:34: a body is a number of bytes"},
    {"{request_filter: {answer: {body: 1048577}}}", "f:1:34: "},
    {"{request_filter: {answer: {headers: [X]}}}", "f:1:37: 'headers' is a map"},
    {"{request_filter: {fail: 399}}", "f:1:25: "},
    {"{request_filter: {fail: 600}}", "f:1:25: "},
    {"{request_filter: {set: [X]}}", "f:1:24: 'set' is a map"},
    {"{request_filter: {set: {X: [1]}}}", "f:1:28: a field value is a text or {bytes: N}"},
    {"{request_filter: {set: {X: {bytes: 1, more: 1}}}}", "f:1:39: "},
    {"{request_filter: {remove: X}}", "f:1:27: 'remove' is a list"},
    {"{request_filter: {wait: 5}}", "f:1:25: "},
    {"{request_filter: {on: 102}}", "f:1:23: "},
    {"{upstream_peer: {upstream: c}}", "f:1:28: "},
    {"{upstream_peer: {order: []}}", "f:1:25: 'order' is a list of 1 to 128 upstreams"},
    {"{upstream_peer: {order: a}}", "f:1:25: 'order' is a list of 1 to 128 upstreams"},
    {"{upstream_peer: {address: known}}", "f:1:27: "},
    {"{upstream_peer: {upstream: a, order: [a]}}", "f:1:17: one of 'upstream', 'order'"},
    {"{fail_to_connect: again}", "f:1:19: "},
    {"{fail_to_connect: {wait: 1ms}}", "f:1:20: "},
    {"{upstream_response_decision: {fail: 500}}", "f:1:31: "},
    {"{request_body_filter: hold}", "f:1:23: "},
    {"{request_body_filter: {change: lower}}", "f:1:32: "},
    {"{request_body_filter: {change: xor, drop: 1}}", "f:1:23: a filter does one of"},
    {"{request_body_filter: {expand: 0}}", "f:1:32: "},
    {"{request_body_filter: {expand: 1025}}", "f:1:32: "},
    {"{request_body_filter: {on: 1, change: xor}}", "f:1:28: a body is changed in all attempts"},
    {"{request_body_filter: [{hold: 1}, {change: xor}]}", "f:1:35: a filter that changes a body"},
    {"{suppress_error_log: maybe}", "f:1:22: "},
    {"{suppress_error_log: {on: 1}}", "f:1:23: "},
    {"{request_summary: {text: x}}", "f:1:20: "},
    {"{logging: {wait: 1ms}}", "f:1:12: "},
};

static void mistakes_are_told_at_their_place(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        if (read_text(fixture, MISTAKES[i].text))
            fail_msg("no mistake was found in %s", MISTAKES[i].text);
        if (strncmp(fixture->error.sentence, MISTAKES[i].sentence, strlen(MISTAKES[i].sentence)) !=
            0)
            fail_msg("'%s' instead of '%s'", fixture->error.sentence, MISTAKES[i].sentence);
    }
}

/* ---- what is read --------------------------------------------------------------------------- */

static void without_actions_hooks_are_only_observed(void **state)
{
    static const char *const TEXTS[] = {"trace", "{}", "{request_filter: {}, logging: {}}",
                                        "{response_body_filter: []}"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        assert_true(read_text(fixture, TEXTS[i]));
        assert_true(fixture->plan.installed);
        assert_null(action(fixture, HOOK_RESPONSE_BODY_FILTER, 1));
    }
}

static void the_first_action_for_the_attempt_is_played(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, "{upstream_peer: [{on: 1, upstream: b}, {on: [2, 4], fail: 503},"
                                   " {on: '>= 4', order: [a, b]}], fail_to_connect: retry,"
                                   " error_while_proxy: {on: 2, then: never}}"));
    assert_int_equal(action(fixture, HOOK_UPSTREAM_PEER, 1)->order[0], 1);
    assert_int_equal(action(fixture, HOOK_UPSTREAM_PEER, 0)->order[0], 1);
    assert_int_equal(action(fixture, HOOK_UPSTREAM_PEER, 2)->fail_status, 503);
    assert_null(action(fixture, HOOK_UPSTREAM_PEER, 3));
    assert_int_equal(action(fixture, HOOK_UPSTREAM_PEER, 4)->fail_status, 503);
    assert_int_equal(action(fixture, HOOK_UPSTREAM_PEER, 5)->order_count, 2);
    assert_int_equal(action(fixture, HOOK_FAIL_TO_CONNECT, 9)->wish, RETRY_AGAIN);
    assert_null(action(fixture, HOOK_ERROR_WHILE_PROXY, 1));
    assert_int_equal(action(fixture, HOOK_ERROR_WHILE_PROXY, 2)->wish, RETRY_NEVER);
    assert_false(hook_plan_asks_for_unknown(&fixture->plan));
    assert_true(read_text(fixture, "{upstream_peer: [{on: 1}, {address: unknown}]}"));
    assert_true(hook_plan_asks_for_unknown(&fixture->plan));
}

static void heads_are_edited_in_the_order_of_the_file(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, "{request_filter: {set: {X-A: b, X-C: {bytes: 3}}, remove: "
                                   "[X-D], target: /t, wait: never}}"));
    const struct hook_action *filter = action(fixture, HOOK_REQUEST_FILTER, 0);
    const struct hook_edit *edit = filter->edits;
    assert_string_equal(edit->name, "X-A");
    assert_string_equal(edit->value, "b");
    assert_string_equal(edit->next->value, "xxx");
    assert_string_equal(edit->next->next->name, "X-D");
    assert_null(edit->next->next->value);
    assert_null(edit->next->next->next);
    assert_int_equal(filter->wait, HOOK_WAIT_EVER);
    assert_string_equal(filter->target, "/t");
    assert_true(hook_plan_edits(&fixture->plan, HOOK_SIDE_REQUEST, bytes_of("x-d")));
    assert_false(hook_plan_edits(&fixture->plan, HOOK_SIDE_RESPONSE, bytes_of("x-d")));
    assert_false(hook_plan_edits(&fixture->plan, HOOK_SIDE_REQUEST, bytes_of("X-E")));
    assert_true(hook_plan_sets_target(&fixture->plan));
    assert_false(hook_plan_adds_trailers(&fixture->plan));
    assert_true(read_text(fixture, "{response_trailer_filter: {remove: [X]}}"));
    assert_false(hook_plan_adds_trailers(&fixture->plan));
    assert_true(hook_plan_edits(&fixture->plan, HOOK_SIDE_RESPONSE, bytes_of("X")));
    assert_true(read_text(fixture, "{response_trailer_filter: {set: {X: y}}}"));
    assert_true(hook_plan_adds_trailers(&fixture->plan));
}

static void answers_are_read(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, "{request_filter: {answer: 403}, proxy_upstream_filter: "
                                   "{answer: {headers: {X-Y: z}, body: 28}},"
                                   " fail_to_proxy: {answer: {status: 599, body: {text: hi}}, "
                                   "close: true, wait: lookup}}"));
    assert_int_equal(action(fixture, HOOK_REQUEST_FILTER, 0)->answer->status, 403);
    const struct proxy_answer *answer = action(fixture, HOOK_PROXY_UPSTREAM_FILTER, 0)->answer;
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->field_count, 1);
    assert_true(bytes_equal_text(answer->fields[0].name, "X-Y"));
    assert_true(bytes_equal_text(answer->body, "abcdefghijklmnopqrstuvwxyzab"));
    const struct hook_action *end = action(fixture, HOOK_FAIL_TO_PROXY, 3);
    assert_true(bytes_equal_text(end->answer->body, "hi"));
    assert_true(end->close_client);
    assert_int_equal(end->wait, HOOK_WAIT_LOOKUP);
}

static void a_response_goes_through_both_of_its_filters(void **state)
{
    static const char IN[] = "abcd";
    static const char OUT[] = "BBCCDD";
    struct fixture *fixture = *state;
    struct hook_body_changes changes;
    assert_true(read_text(fixture, "{upstream_response_body_filter: {drop: 1, announce: false},"
                                   " response_body_filter: {expand: 2, delay: 1ms, count: true},"
                                   " request_body_filter: {change: upper, hold: 1KiB}}"));
    hook_plan_body_changes(&fixture->plan, HOOK_SIDE_RESPONSE, &changes);
    assert_int_equal(changes.count, 2);
    assert_int_equal(hook_body_changes_size(&changes, 4), 6);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal(
            hook_body_changes_byte(&changes, (uint8_t)IN[hook_body_changes_source(&changes, i)]),
            OUT[i] - 'A' + 'a');
    hook_plan_body_changes(&fixture->plan, HOOK_SIDE_REQUEST, &changes);
    assert_int_equal(changes.count, 1);
    assert_int_equal(hook_body_changes_byte(&changes, 'x'), 'X');
    const struct hook_action *down = action(fixture, HOOK_RESPONSE_BODY_FILTER, 1);
    assert_true(action(fixture, HOOK_UPSTREAM_RESPONSE_BODY_FILTER, 1)->unannounced);
    assert_int_equal(down->delay_ns, NS_PER_MS);
    assert_true(down->count && !down->unannounced);
    assert_int_equal(action(fixture, HOOK_REQUEST_BODY_FILTER, 1)->hold, 1024);
}

static void the_last_hooks_have_one_value(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, "{suppress_error_log: true, request_summary: 'a b',"
                                   " upstream_response_decision: {wait: 10ms, then: retry}}"));
    assert_true(action(fixture, HOOK_SUPPRESS_ERROR_LOG, 1)->suppress);
    assert_string_equal(action(fixture, HOOK_REQUEST_SUMMARY, 1)->summary, "a b");
    assert_int_equal(action(fixture, HOOK_UPSTREAM_RESPONSE_DECISION, 1)->wait_ns, 10 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_at_their_place),
        cmocka_unit_test(without_actions_hooks_are_only_observed),
        cmocka_unit_test(the_first_action_for_the_attempt_is_played),
        cmocka_unit_test(heads_are_edited_in_the_order_of_the_file),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(a_response_goes_through_both_of_its_filters),
        cmocka_unit_test(the_last_hooks_have_one_value),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
