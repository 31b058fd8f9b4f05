/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* What may not be in the attempts of a case: each rule broken once, and beside it what is no breach. */
#include <errno.h>

#include "harness/oracle/attempts/retry_claims.h"
#include "harness/oracle/claims_rig.h"

typedef void set_up(struct rig *rig);

struct row {
    const char *sentence;
    const char *method;
    set_up *settings;
    const char *finding; /* NULL: no rule is broken */
    struct rig_attempt attempts[RIG_ATTEMPTS_MAX];
};

static struct retry_settings *retry_of(struct rig *rig)
{
    return &rig->scenario.retry;
}

static void at_most_once(struct rig *rig)
{
    retry_of(rig)->policy = RETRY_AT_MOST_ONCE;
}

static void idempotent(struct rig *rig)
{
    retry_of(rig)->policy = RETRY_IDEMPOTENT;
}

static void unsent_only(struct rig *rig)
{
    retry_of(rig)->policy = RETRY_CONDITIONS;
    retry_of(rig)->conditions = RETRY_ON(UNSENT) | RETRY_ON(CONNECT_FAILURE);
}

static void reset_too(struct rig *rig)
{
    retry_of(rig)->policy = RETRY_CONDITIONS;
    retry_of(rig)->conditions = RETRY_ON(RESET);
}

static void opted_in(struct rig *rig)
{
    idempotent(rig);
    retry_of(rig)->non_idempotent = true;
}

static void hook_asks(struct rig *rig)
{
    static const struct hook_action AGAIN = {.wish = RETRY_AGAIN};
    at_most_once(rig);
    rig->scenario.hooks.installed = true;
    rig->scenario.hooks.actions[HOOK_ERROR_WHILE_PROXY] = &AGAIN;
}

static void hook_chooses(struct rig *rig)
{
    static const struct hook_action CHOICE = {.peer = HOOK_PEER_UPSTREAM};
    rig->scenario.hooks.actions[HOOK_UPSTREAM_PEER] = &CHOICE;
}

static void two_tries(struct rig *rig)
{
    retry_of(rig)->retries_max = 1;
}

static void two_tries_seen_from_outside(struct rig *rig)
{
    two_tries(rig);
    rig->evidence.trace = NULL;
}

static void deadline_of_50ms(struct rig *rig)
{
    retry_of(rig)->deadline_ns = 50 * NS_PER_MS;
}

static void deadline_of_50ms_by_name(struct rig *rig)
{
    deadline_of_50ms(rig);
    rig->scenario.needs_nameserver = true;
}

static void backoff_of_10ms(struct rig *rig)
{
    retry_of(rig)->backoff = (struct backoff_settings){10 * NS_PER_MS, 15 * NS_PER_MS};
}

static void no_budget(struct rig *rig)
{
    retry_of(rig)->budget = (struct budget_settings){.limited = true};
}

static void half_may_try_again(struct rig *rig)
{
    backoff_of_10ms(rig);
    retry_of(rig)->budget = (struct budget_settings){.limited = true, .share_percent = 50};
}

static void stays(struct rig *rig)
{
    retry_of(rig)->stay = true;
}

static void slow_network(struct rig *rig)
{
    rig->scenario.network.latency_ns = NS_PER_MS;
}

static void takes_turns(struct rig *rig)
{
    rig->scenario.proxy.select = SELECT_ROUND_ROBIN;
}

static void pre_write_at_a(struct rig *rig)
{
    rig->evidence.pre_write_reused[0] = 1;
}

/* The client of the first request left 20 ms after the case began. */
static void client_leaves(struct rig *rig)
{
    rig->requests[0].gone_ns = rig_ns(20);
}

#define REFUSED(where, at)                    \
    {                                         \
        .upstream = (where), .begun_ms = (at) \
    }
#define WRITTEN(where, at)                                  \
    {                                                       \
        .upstream = (where), .begun_ms = (at), .written = 9 \
    }
#define SEEN(where, at)                                                   \
    {                                                                     \
        .upstream = (where), .begun_ms = (at), .written = 9, .seen = true \
    }

static const struct row ROWS[] = {
    /* Twice. */
    {"a POST seen twice is found",
     "POST",
     idempotent,
     "POST /x reached upstreams 2 times, expected 1: copy 1 at +1.0",
     {SEEN('a', 1), SEEN('b', 2)}},
    {"a POST written twice is found though nobody read it",
     "POST",
     idempotent,
     "POST /x was tried again at +2.0",
     {WRITTEN('a', 1), REFUSED('b', 2)}},
    {"a POST tried again unwritten is none",
     "POST",
     idempotent,
     NULL,
     {REFUSED('a', 1), SEEN('b', 1)}},
    {"a GET seen twice at most once is found",
     "GET",
     at_most_once,
     "GET /x reached upstreams 2 times",
     {SEEN('a', 1), SEEN('b', 1)}},
    {"a GET seen twice is none where that is the policy",
     "GET",
     idempotent,
     NULL,
     {SEEN('a', 1), SEEN('b', 1)}},
    {"a GET seen twice is found where only unsent ones are retried",
     "GET",
     unsent_only,
     "GET /x reached upstreams 2 times",
     {SEEN('a', 1), SEEN('b', 1)}},
    {"a GET seen twice is none where a reset is retried",
     "GET",
     reset_too,
     NULL,
     {SEEN('a', 1), SEEN('b', 1)}},
    {"a POST seen twice is none where the route opted in",
     "POST",
     opted_in,
     NULL,
     {SEEN('a', 1), SEEN('b', 1)}},
    {"a GET seen twice is none where a hook asked",
     "GET",
     hook_asks,
     NULL,
     {SEEN('a', 1), SEEN('b', 1)}},
    {"a POST seen twice is found though a hook asked",
     "POST",
     hook_asks,
     "POST /x reached upstreams 2 times",
     {SEEN('a', 1), SEEN('b', 1)}},
    /* How many, and one at a time. */
    {"a third of two attempts is found",
     "GET",
     two_tries,
     "GET /x was tried 3 times, max_retries allows 2: attempt 1 at +1.0",
     {REFUSED('a', 1), REFUSED('b', 1), REFUSED('c', 1)}},
    {"two of two attempts are none", "GET", two_tries, NULL, {REFUSED('a', 1), REFUSED('b', 1)}},
    {"attempts of nobody count all together",
     "GET",
     two_tries_seen_from_outside,
     "5 attempts were made, max_retries allows 4",
     {REFUSED('a', 1),
      REFUSED('b', 1),
      {.upstream = 'a', .begun_ms = 1, .request = 1},
      {.upstream = 'b', .begun_ms = 1, .request = 1},
      {.upstream = 'c', .begun_ms = 1, .unknown = true}}},
    {"an attempt that begins before the last one ended is found",
     "GET",
     idempotent,
     "two attempts at one request overlap: GET /x, attempt 1 at +1.0",
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 5}, REFUSED('b', 4)}},
    {"an attempt that was never closed overlaps",
     "GET",
     idempotent,
     "overlap",
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = -1}, REFUSED('b', 1)}},
    {"an attempt at the very end of the last one is none",
     "GET",
     idempotent,
     NULL,
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 5}, REFUSED('b', 5)}},
    {"attempts of two requests do not overlap",
     "GET",
     idempotent,
     NULL,
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 5},
      {.upstream = 'a', .begun_ms = 2, .request = 1}}},
    /* When. */
    {"an attempt past the deadline is found",
     "GET",
     deadline_of_50ms,
     "although its deadline of 50 ms had passed",
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 60}, REFUSED('b', 60)}},
    {"an attempt at its very deadline is found",
     "GET",
     deadline_of_50ms,
     "although its deadline of 50 ms had passed",
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 51}, REFUSED('b', 51)}},
    {"an attempt before the deadline is none",
     "GET",
     deadline_of_50ms,
     NULL,
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 50}, REFUSED('b', 50)}},
    {"when the lookup of an attempt was decided on is not known",
     "GET",
     deadline_of_50ms_by_name,
     NULL,
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 51}, REFUSED('b', 51)}},
    {"a longer wait than the back-off's base is found",
     "GET",
     backoff_of_10ms,
     "11 ms after attempt 1 had ended: the back-off is at most 10 ms",
     {REFUSED('a', 1), REFUSED('b', 12)}},
    {"a wait of the base is none",
     "GET",
     backoff_of_10ms,
     NULL,
     {REFUSED('a', 1), REFUSED('b', 11)}},
    {"the second wait is longer, and has its limit",
     "GET",
     backoff_of_10ms,
     "16 ms after attempt 2 had ended: the back-off is at most 15 ms",
     {REFUSED('a', 1), REFUSED('b', 2), REFUSED('c', 18)}},
    {"no back-off is no wait",
     "GET",
     idempotent,
     "1 ms after attempt 1 had ended",
     {REFUSED('a', 1), REFUSED('b', 2)}},
    {"of a wait in which somebody's attempt began nothing is known",
     "GET",
     idempotent,
     NULL,
     {REFUSED('a', 1), {.upstream = 'b', .begun_ms = 2, .unknown = true}, REFUSED('c', 3)}},
    {"a retry without any budget is found",
     "GET",
     no_budget,
     "with 1 of 2 requests at a further attempt: retry_budget allows 0 percent, and 0 in any case",
     {REFUSED('a', 1), REFUSED('b', 1)}},
    {"one retry of two requests is half",
     "GET",
     half_may_try_again,
     NULL,
     {REFUSED('a', 1), REFUSED('b', 2)}},
    {"a second retry beside it is more than half",
     "GET",
     half_may_try_again,
     "with 2 of 2 requests at a further attempt",
     {REFUSED('a', 1),
      {.upstream = 'a', .begun_ms = 2, .ended_ms = 3, .request = 1},
      {.upstream = 'b', .begun_ms = 2, .ended_ms = 9},
      {.upstream = 'b', .begun_ms = 4, .request = 1}}},
    /* Where. */
    {"the failed upstream before an untried one is found",
     "GET",
     idempotent,
     "GET /x was tried on a again, at +1.0",
     {REFUSED('a', 1), REFUSED('a', 1)}},
    {"the failed upstream is none once all were tried",
     "GET",
     idempotent,
     NULL,
     {REFUSED('a', 1), REFUSED('b', 1), REFUSED('c', 1), REFUSED('a', 1)}},
    {"the failed upstream is none where a hook chooses",
     "GET",
     hook_chooses,
     NULL,
     {REFUSED('a', 1), REFUSED('a', 1)}},
    {"an upstream that may be out need not be tried",
     "GET",
     idempotent,
     NULL,
     {{.upstream = 'a', .begun_ms = 1, .request = 1},
      {.upstream = 'b', .begun_ms = 1, .request = 1},
      {.upstream = 'c', .begun_ms = 1, .request = 1},
      {.upstream = 'b', .begun_ms = 1, .request = 1},
      {.upstream = 'b', .begun_ms = 1, .request = 1},
      REFUSED('a', 2),
      REFUSED('c', 2),
      REFUSED('a', 2)}},
    {"another upstream is found where the same was asked for",
     "GET",
     stays,
     "GET /x was tried on b at +1.0",
     {REFUSED('a', 1), REFUSED('b', 1)}},
    {"the same upstream is none where it was asked for",
     "GET",
     stays,
     NULL,
     {REFUSED('a', 1), REFUSED('a', 1)}},
    {"two connections used before, one after the other, are found",
     "GET",
     slow_network,
     "on a connection to b used before, at +2.0",
     {{.upstream = 'a', .begun_ms = 1, .ended_ms = 2, .seen = true, .reused = true},
      {.upstream = 'b', .begun_ms = 2, .seen = true, .reused = true}}},
    {"a first upstream that was passed over is found",
     "GET",
     idempotent,
     "GET /x went to b at +1.0",
     {REFUSED('b', 1)}},
    {"a first upstream need not come first where they take turns",
     "GET",
     takes_turns,
     NULL,
     {REFUSED('b', 1)}},
    {"a first upstream need not come first where a failure of it may be unseen",
     "GET",
     pre_write_at_a,
     NULL,
     {REFUSED('b', 1)}},
};

/* The claims about trying again: whether, how often, for whom, the same, when and where. */
static const unsigned ABOUT_ATTEMPTS[] = {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 52, 53, 0};

static void break_the_rule(void **state)
{
    const struct row *row = *state;
    struct rig rig;
    rig_init(&rig, row->method, 2);
    idempotent(&rig);
    row->settings(&rig);
    for (size_t i = 0; i < RIG_ATTEMPTS_MAX && row->attempts[i].upstream != '\0'; i++)
        rig_add(&rig, &row->attempts[i]);
    if (rig.scenario.network.latency_ns > 0)
        for (size_t i = 0; i < rig.evidence.attempt_count; i++)
            rig.attempts[i].begun_ns += i; /* one after the other */
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    bool right = rig_found(&rig, row->finding);
    for (size_t i = 0; i < rig.findings.count && !right; i++)
        print_error("- %s\n", rig.findings.sentences[i]);
    rig_release(&rig);
    if (!right)
        fail_msg("expected %s", row->finding != NULL ? row->finding : "nothing");
}

/* ---- what takes more than attempts ----------------------------------------------------------- */

static void an_attempt_for_a_client_that_left_is_found(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, "GET", 1);
    client_leaves(&rig);
    rig_add(&rig, &(struct rig_attempt){.upstream = 'a', .begun_ms = 30});
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, NULL));
    rig.attempts[0].client_gone = true;
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, "an attempt began at +30.0"));
    assert_true(rig_found(&rig, "on a although the client was gone at +20.0"));
    rig_release(&rig);
}

static void three_cancels_put_no_upstream_out(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, "GET", 2);
    rig.requests[0].gone_ns = rig_ns(2);
    for (int i = 0; i < EJECT_AFTER_FAILURES; i++)
        rig_add(&rig, &(struct rig_attempt){.upstream = 'a', .begun_ms = 1, .ended_ms = 2});
    rig_add(&rig, &(struct rig_attempt){.upstream = 'b', .begun_ms = 3, .request = 1});
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, "although a comes first and had not failed 3 times"));
    rig_release(&rig);
}

/* Three times a was refused, or did what is said, and the second request, which comes behind that, goes there. */
static void ask_behind_three(struct rig *rig, const struct rig_attempt *at_a, char asked)
{
    static const struct trace_stream REFUSED_DIAL = {.outcome = -ECONNREFUSED};
    rig_init(rig, "GET", 2);
    rig->sent[1].begun_ns = rig_ns(5);
    for (int i = 0; i < EJECT_AFTER_FAILURES; i++) {
        rig_add(rig, at_a);
        rig->attempts[i].stream = at_a->seen ? NULL : &REFUSED_DIAL;
    }
    rig_add(rig, &(struct rig_attempt){.upstream = asked, .begun_ms = 6, .request = 1});
}

static void an_upstream_that_is_out_is_not_asked(void **state)
{
    const unsigned passed_over[] = {53, 0};
    const struct rig_attempt refused = {.upstream = 'a', .begun_ms = 1};
    (void)state;
    struct rig rig;
    ask_behind_three(&rig, &refused, 'b');
    rig_ask_all(&rig, passed_over);
    assert_true(rig_found(&rig, NULL));
    rig_release(&rig);
    ask_behind_three(&rig, &refused, 'a');
    rig.attempts[3].begun_ns += EJECT_MS * NS_PER_MS;
    rig_ask_all(&rig, passed_over);
    assert_true(rig_found(&rig, NULL));
    rig.attempts[3].begun_ns -= EJECT_MS * NS_PER_MS;
    rig_ask_all(&rig, passed_over);
    assert_true(rig_found(&rig, "although that had failed 3 times in a row and b had not"));
    rig_release(&rig);
}

static void an_upstream_that_took_three_requests_is_not_passed_over(void **state)
{
    const unsigned passed_over[] = {53, 0};
    const struct rig_attempt broken = {.upstream = 'a', .begun_ms = 1, .ended_ms = 2, .seen = true};
    (void)state;
    struct rig rig;
    ask_behind_three(&rig, &broken, 'b');
    rig_ask_all(&rig, passed_over);
    assert_true(rig_found(&rig, "although a comes first and had not failed 3 times"));
    rig_release(&rig);
    ask_behind_three(&rig, &broken, 'b');
    rig.scenario.proxy.response_timeout_ns = NS_PER_MS; /* each may have timed out */
    rig_ask_all(&rig, passed_over);
    assert_true(rig_found(&rig, NULL));
    rig_release(&rig);
}

static void attempts_that_differ_are_found(void **state)
{
    static const struct message_field FIELD = {{(const uint8_t *)"X-A", 3},
                                               {(const uint8_t *)"1", 1}};
    static const struct message_field EXPECT = {{(const uint8_t *)"Expect", 6},
                                                {(const uint8_t *)"100-continue", 12}};
    (void)state;
    struct rig rig;
    rig_init(&rig, "GET", 1);
    idempotent(&rig);
    rig_add(&rig,
            &(struct rig_attempt){.upstream = 'a', .begun_ms = 1, .written = 1, .seen = true});
    rig_add(&rig,
            &(struct rig_attempt){.upstream = 'b', .begun_ms = 1, .written = 1, .seen = true});
    rig.messages[0].fields = &EXPECT;
    rig.messages[0].field_count = 1;
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, NULL));
    rig.messages[1].fields = &FIELD;
    rig.messages[1].field_count = 1;
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, "attempts 1 on a and 2 on b at GET /x differ in the field X-A"));
    rig.messages[1].framing = MESSAGE_CHUNKED;
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, "differ in the framing none and chunked"));
    rig.messages[1] = rig.messages[0];
    rig.messages[1].body_bytes = 7;
    rig_ask_all(&rig, ABOUT_ATTEMPTS);
    assert_true(rig_found(&rig, "differ in 0 and 7 body bytes"));
    rig_release(&rig);
}

static void a_duplicate_by_policy_is_counted(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, "POST", 1);
    rig_add(&rig,
            &(struct rig_attempt){.upstream = 'a', .begun_ms = 1, .written = 1, .seen = true});
    rig_add(&rig,
            &(struct rig_attempt){.upstream = 'b', .begun_ms = 1, .written = 1, .seen = true});
    idempotent(&rig);
    assert_int_equal(retry_claims_duplicates_by_policy(&rig.evidence), 0);
    opted_in(&rig);
    assert_int_equal(retry_claims_duplicates_by_policy(&rig.evidence), 1);
    rig_release(&rig);
}

int main(void)
{
    enum { OTHERS = 6 };
    struct CMUnitTest tests[COUNT_OF(ROWS) + OTHERS] = {
        cmocka_unit_test(an_attempt_for_a_client_that_left_is_found),
        cmocka_unit_test(three_cancels_put_no_upstream_out),
        cmocka_unit_test(an_upstream_that_is_out_is_not_asked),
        cmocka_unit_test(an_upstream_that_took_three_requests_is_not_passed_over),
        cmocka_unit_test(attempts_that_differ_are_found),
        cmocka_unit_test(a_duplicate_by_policy_is_counted),
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[OTHERS + i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                                .test_func = break_the_rule,
                                                .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
