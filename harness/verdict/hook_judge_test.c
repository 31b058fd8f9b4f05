/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/verdict/hook_judge.h"

#include <stdlib.h>
#include <string.h>

enum {
    REGION_BYTES = 1024 * 1024,
    CALLS_MAX = 32,
};

struct fixture {
    struct region region;
    struct scenario scenario;
    struct evidence evidence;
    struct exchange_record records[2];
    struct hook_call calls[CALLS_MAX];
    struct findings findings;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    region_init(&fixture->region, REGION_BYTES);
    fixture->scenario.hooks.installed = true;
    fixture->evidence.scenario = &fixture->scenario;
    fixture->evidence.records = fixture->records;
    fixture->evidence.hook_calls = fixture->calls;
    for (size_t i = 0; i < COUNT_OF(fixture->records); i++)
        fixture->records[i] = (struct exchange_record){
            .id = i + 1, .attempt_count = 1, .attempts = {{.status = 200}}};
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

/* Letters stand for hooks, so that a row is a line; "1" and "2" say of which exchange what follows is. */
static const struct {
    char letter;
    enum hook_name hook;
} LETTERS[] = {
    {'e', HOOK_EARLY_REQUEST_FILTER},
    {'r', HOOK_REQUEST_FILTER},
    {'x', HOOK_PROXY_UPSTREAM_FILTER},
    {'p', HOOK_UPSTREAM_PEER},
    {'F', HOOK_FAIL_TO_CONNECT},
    {'c', HOOK_CONNECTED_TO_UPSTREAM},
    {'u', HOOK_UPSTREAM_REQUEST_FILTER},
    {'b', HOOK_REQUEST_BODY_FILTER},
    {'h', HOOK_UPSTREAM_RESPONSE_FILTER},
    {'d', HOOK_UPSTREAM_RESPONSE_DECISION},
    {'f', HOOK_RESPONSE_FILTER},
    {'v', HOOK_UPSTREAM_RESPONSE_BODY_FILTER},
    {'w', HOOK_RESPONSE_BODY_FILTER},
    {'s', HOOK_UPSTREAM_RESPONSE_TRAILER_FILTER},
    {'t', HOOK_RESPONSE_TRAILER_FILTER},
    {'E', HOOK_ERROR_WHILE_PROXY},
    {'P', HOOK_FAIL_TO_PROXY},
    {'S', HOOK_SUPPRESS_ERROR_LOG},
    {'Y', HOOK_REQUEST_SUMMARY},
    {'l', HOOK_LOGGING},
};

static enum hook_name hook_of(char letter)
{
    for (size_t i = 0; i < COUNT_OF(LETTERS); i++)
        if (LETTERS[i].letter == letter)
            return LETTERS[i].hook;
    fail_msg("no hook has the letter %c", letter);
    return HOOK_NAME_COUNT;
}

static void observe(struct fixture *fixture, const char *letters)
{
    uint64_t exchange = 1;
    fixture->evidence.hook_call_count = 0;
    for (; *letters != '\0'; letters++) {
        if (*letters == '1' || *letters == '2') {
            exchange = (uint64_t)(*letters - '0');
            continue;
        }
        assert_true(fixture->evidence.hook_call_count < CALLS_MAX);
        fixture->calls[fixture->evidence.hook_call_count++] =
            (struct hook_call){.exchange = exchange, .hook = hook_of(*letters), .attempt = 1};
    }
    region_reset(&fixture->region);
    findings_init(&fixture->findings, &fixture->region);
}

/* One finding that begins so; NULL: none. */
static void expect_finding(const struct fixture *fixture, const char *sentence)
{
    size_t count = fixture->findings.count;
    if (sentence == NULL && count > 0)
        fail_msg("nothing is wrong, but: %s", fixture->findings.sentences[0]);
    if (sentence == NULL)
        return;
    if (count == 0)
        fail_msg("not found: %s", sentence);
    if (strncmp(fixture->findings.sentences[0], sentence, strlen(sentence)) != 0)
        fail_msg("'%s' instead of '%s'", fixture->findings.sentences[0], sentence);
}

/* ---- what holds in any case ------------------------------------------------------------------ */

static const struct {
    const char *calls;
    unsigned records;
    const char *sentence; /* the first one; NULL: all is well */
} CLAIMS[] = {
    {"erxpcubhdfvwstl", 1, NULL},
    {"erxpFPSYl", 1, NULL},
    {"erxpFpcuhdfl", 1, NULL},
    {"erxpcuEpcuhdfl", 1, NULL},
    {"erl", 1, NULL},
    {"PSYl", 1, NULL},
    {"erxpPSYl", 1, NULL},
    {"1erxpc2erl1uhdfl", 2, NULL},
    {"erxpcuhdbfvbwl", 1, NULL},
    {"", 0, NULL},
    {"erxpcuhdf", 0, "exchange 1 ended without logging"},
    {"erll", 2, "exchange 1: logging was called after logging"},
    {"erle", 1, "exchange 1: early_request_filter was called after logging"},
    {"erl", 2, "logging was called 1 time, the proxy left 2 records"},
    {"erl", 0, "logging was called 1 time, the proxy left 0 records"},
    {"eerl", 1, "exchange 1: early_request_filter was called twice in it"},
    {"errl", 1, "exchange 1: request_filter was called twice in it"},
    {"erxxl", 1, "exchange 1: proxy_upstream_filter was called twice in it"},
    {"erxpFrpl", 1, "exchange 1: request_filter was called twice in it"},
    {"rel", 1, "exchange 1: early_request_filter was called after request_filter"},
    {"erxpcuhddfl", 1, "exchange 1: upstream_response_decision was called twice in one attempt"},
    {"erxpcuhfl", 1, "exchange 1: response_filter was called without upstream_response_decision"},
    {"erxpcudhl", 1,
     "exchange 1: upstream_response_decision was called without upstream_response_filter"},
    {"erxpcuhdpcuhdfl", 1, "exchange 1: upstream_response_decision was called 2 times, the record"},
    {"erxpcFl", 1, "exchange 1: fail_to_connect was called after connected_to_upstream"},
    {"erxpEl", 1, "exchange 1: error_while_proxy was called without connected_to_upstream"},
    {"erxpFPPl", 1, "exchange 1: fail_to_proxy was called twice in it"},
    {"erxpFPpl", 1, "exchange 1: upstream_peer was called after fail_to_proxy"},
    {"erxpcuhdfvwswl", 1, NULL},
    {"erxpcuhdfvwstwl", 1,
     "exchange 1: response_body_filter was called after response_trailer_filter"},
    {"erxpcuhdfvsvl", 1, "exchange 1: upstream_response_body_filter was called after upstream_"},
    {"erxpcuEbl", 1, "exchange 1: request_body_filter was called after error_while_proxy"},
    {"1erl2eel", 2, "exchange 2: early_request_filter was called twice in it"},
};

static void rules_hold_in_any_case(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(CLAIMS); i++) {
        observe(fixture, CLAIMS[i].calls);
        fixture->evidence.record_count = CLAIMS[i].records;
        fixture->evidence.record_total = CLAIMS[i].records;
        hook_judge_claims(&fixture->evidence, &fixture->findings);
        expect_finding(fixture, CLAIMS[i].sentence);
    }
}

static void faults_that_hooks_found_are_told(void **state)
{
    struct fixture *fixture = *state;
    observe(fixture, "");
    fixture->evidence.hook_faults[0] = "the context was moved";
    fixture->evidence.hook_fault_count = 1;
    hook_judge_claims(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, "the context was moved");
}

static void without_hooks_nothing_is_judged(void **state)
{
    struct fixture *fixture = *state;
    fixture->scenario.hooks.installed = false;
    fixture->evidence.record_total = 1;
    observe(fixture, "");
    hook_judge_claims(&fixture->evidence, &fixture->findings);
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, NULL);
}

/* ---- what is expected ------------------------------------------------------------------------ */

static size_t hooks_of(const char *letters, enum hook_name hooks[CALLS_MAX])
{
    size_t count = 0;
    for (; *letters != '\0'; letters++)
        hooks[count++] = hook_of(*letters);
    return count;
}

static const struct {
    const char *calls;
    const char *expected;
    const char *sentence;
} WHOLE[] = {
    {"erl", "erl", NULL},
    {"", "", NULL},
    {"1er2el1l", "erlel", NULL},
    {"erl", "el", "call 2 of a hook was request_filter, expected logging"},
    {"er", "erl", "call 3 of a hook was not made, expected logging"},
    {"erl", "er", "call 3 of a hook was logging, expected none"},
};

static void the_whole_order_is_compared(void **state)
{
    struct fixture *fixture = *state;
    enum hook_name hooks[CALLS_MAX];
    for (size_t i = 0; i < COUNT_OF(WHOLE); i++) {
        observe(fixture, WHOLE[i].calls);
        fixture->scenario.expect.hooks = (struct expected_hooks){
            .whole_set = true, .whole = hooks, .whole_count = hooks_of(WHOLE[i].expected, hooks)};
        hook_judge_expectations(&fixture->evidence, &fixture->findings);
        expect_finding(fixture, WHOLE[i].sentence);
    }
}

static void both_orders_are_told(void **state)
{
    struct fixture *fixture = *state;
    const enum hook_name hooks[] = {HOOK_EARLY_REQUEST_FILTER, HOOK_LOGGING};
    observe(fixture, "erl");
    fixture->scenario.expect.hooks =
        (struct expected_hooks){.whole_set = true, .whole = hooks, .whole_count = 2};
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    assert_int_equal(fixture->findings.count, 3);
    assert_string_equal(fixture->findings.sentences[1],
                        "hooks expected: early_request_filter, logging");
    assert_string_equal(fixture->findings.sentences[2],
                        "hooks seen: early_request_filter, request_filter, logging");
}

static const struct {
    const char *calls;
    const char *expected;
    const char *sentence;
} WITHIN[] = {
    {"erxpcl", "epl", NULL},
    {"erxpcl", "", NULL},
    {"erxpFpcl", "pp", NULL},
    {"erxpcl", "pp", "hook upstream_peer was not called behind upstream_peer, expected as number"},
    {"erxpcl", "re", "hook early_request_filter was not called behind request_filter, expected"},
    {"erl", "b", "hook request_body_filter was not called, expected as number 1 of hooks_within"},
};

static void an_order_within_is_looked_for(void **state)
{
    struct fixture *fixture = *state;
    enum hook_name hooks[CALLS_MAX];
    for (size_t i = 0; i < COUNT_OF(WITHIN); i++) {
        observe(fixture, WITHIN[i].calls);
        fixture->scenario.expect.hooks = (struct expected_hooks){
            .within = hooks, .within_count = hooks_of(WITHIN[i].expected, hooks)};
        hook_judge_expectations(&fixture->evidence, &fixture->findings);
        expect_finding(fixture, WITHIN[i].sentence);
    }
}

static void the_record_is_asked_for_what_hooks_left(void **state)
{
    struct fixture *fixture = *state;
    struct exchange_record *last = &fixture->records[1];
    observe(fixture, "erl");
    fixture->scenario.expect.summary = "one";
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, "the proxy left no record");
    fixture->evidence.record_count = 2;
    observe(fixture, "erl");
    memcpy(last->summary, "two", sizeof("two"));
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, "the record's summary is 'two', expected 'one'");
    observe(fixture, "erl");
    memcpy(last->summary, "one", sizeof("one"));
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, NULL);
    fixture->scenario.expect.suppressed_set = true;
    fixture->scenario.expect.suppressed = true;
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, "the record says that the error is to be logged");
    observe(fixture, "erl");
    last->error_suppressed = true;
    hook_judge_expectations(&fixture->evidence, &fixture->findings);
    expect_finding(fixture, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rules_hold_in_any_case),
        TEST(faults_that_hooks_found_are_told),
        TEST(without_hooks_nothing_is_judged),
        TEST(the_whole_order_is_compared),
        TEST(both_orders_are_told),
        TEST(an_order_within_is_looked_for),
        TEST(the_record_is_asked_for_what_hooks_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
