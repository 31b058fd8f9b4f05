#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/config_rig.h"

static void every_key_is_read(void **state)
{
    struct proxy_settings settings;
    const char *text = "{select: round-robin,"
                       " connect_timeout: 1ms, head_timeout: 2ms, response_timeout: 3ms,"
                       " handshake_timeout: 5ms, realm: the gate, auth_failed_status: 407,"
                       " mode: forward, idle_timeout: 4ms, window: 32KiB, pool_size: 7,"
                       " pool_timeout: 6ms, head_limit: 8KiB, uri_limit: 100, body_limit: 1MiB,"
                       " client_half_close: allow, via: edge-1}";

    (void)state;
    assert_null(read_keys(text, &settings));
    assert_int_equal(settings.select, SELECT_ROUND_ROBIN);
    assert_int_equal(settings.connect_timeout_ns, 1 * NS_PER_MS);
    assert_int_equal(settings.head_timeout_ns, 2 * NS_PER_MS);
    assert_int_equal(settings.response_timeout_ns, 3 * NS_PER_MS);
    assert_int_equal(settings.idle_timeout_ns, 4 * NS_PER_MS);
    assert_int_equal(settings.handshake_timeout_ns, 5 * NS_PER_MS);
    assert_string_equal(settings.realm, "the gate");
    assert_int_equal(settings.auth_failed_status, 407);
    assert_int_equal(settings.mode, MODE_FORWARD);
    assert_int_equal(settings.window_bytes, 32 * 1024);
    assert_int_equal(settings.pool_size, 7);
    assert_int_equal(settings.pool_timeout_ns, 6 * NS_PER_MS);
    assert_int_equal(settings.head_bytes_max, 8 * 1024);
    assert_int_equal(settings.uri_bytes_max, 100);
    assert_int_equal(settings.body_bytes_max, 1024 * 1024);
    assert_true(settings.client_half_close_allowed);
    assert_string_equal(settings.via, "edge-1");
}

static void every_retry_key_is_read(void **state)
{
    struct proxy_settings settings;
    const struct retry_settings *retry = &settings.retry;
    const char *text =
        "{max_retries: 3, retry_on: [connect-failure, reset], retry_on_status: [502, 510-512],"
        " retry_on_reused: true, retry_non_idempotent: true, retry_other_upstream: false,"
        " replay_buffer_bytes: 32KiB, per_try_timeout: 1s, deadline: 5s,"
        " backoff: {base: 10ms, max: 20ms}, retry_budget: {share: 20%, floor: 3}}";

    (void)state;
    assert_null(read_keys(text, &settings));
    assert_int_equal(retry->retries_max, 3);
    assert_int_equal(retry->policy, RETRY_CONDITIONS);
    assert_int_equal(retry->conditions, RETRY_ON(CONNECT_FAILURE) | RETRY_ON(RESET));
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++)
        assert_int_equal(status_set_has(&retry->on_status, status),
                         status == 502 || (status >= 510 && status <= 512));
    assert_true(retry->on_reused);
    assert_true(retry->non_idempotent);
    assert_true(retry->stay);
    assert_int_equal(retry->replay_bytes, 32 * 1024);
    assert_int_equal(retry->per_try_timeout_ns, 1 * NS_PER_S);
    assert_int_equal(retry->deadline_ns, 5 * NS_PER_S);
    assert_int_equal(retry->backoff.base_ns, 10 * NS_PER_MS);
    assert_int_equal(retry->backoff.max_ns, 20 * NS_PER_MS);
    assert_true(retry->budget.limited);
    assert_int_equal(retry->budget.share_percent, 20);
    assert_int_equal(retry->budget.floor, 3);
}

static void every_condition_is_read(void **state)
{
    (void)state;
    for (enum retry_condition i = 0; i < RETRY_CONDITION_COUNT; i++) {
        struct proxy_settings settings;
        char text[64];

        snprintf(text, sizeof(text), "retry_on: [%s]", retry_condition_word(i));
        assert_null(read_keys(text, &settings));
        assert_int_equal(settings.retry.conditions, 1u << i);
    }
}

static void an_empty_map_keeps_the_defaults(void **state)
{
    struct proxy_settings settings;
    struct proxy_settings defaults;

    (void)state;
    proxy_settings_init(&defaults);
    assert_null(read_keys("{}", &settings));
    assert_memory_equal(&settings, &defaults, sizeof(settings));
}

/* What follows from some keys for others. */
struct outcome {
    const char *name;
    const char *text;
    enum retry_policy policy;
    unsigned conditions; /* with retry_on_reused */
    size_t replay_bytes;
    unsigned retries_max;
};

#define UNWRITTEN (RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT))
#define ANSWERED                                                                     \
    (UNWRITTEN | RETRY_ON(RESET) | RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD) | \
     RETRY_ON(RESPONSE_TIMEOUT))

static const struct outcome OUTCOMES[] = {
    {"at-most-once keeps no body", "policy: at-most-once", RETRY_AT_MOST_ONCE, UNWRITTEN, 0, 1},
    {"idempotent keeps a body", "policy: idempotent", RETRY_IDEMPOTENT, ANSWERED, 65536, 1},
    {"idempotent may keep none", "{policy: idempotent, replay_buffer_bytes: 0}", RETRY_IDEMPOTENT,
     ANSWERED, 0, 1},
    {"conditions with nothing written keep no body",
     "retry_on: [connect-failure, connect-timeout, unsent]", RETRY_CONDITIONS, UNWRITTEN, 0, 1},
    {"one condition may stand without a list", "retry_on: reset", RETRY_CONDITIONS, RETRY_ON(RESET),
     65536, 1},
    {"a reused connection asks for a body too", "{retry_on: unsent, retry_on_reused: true}",
     RETRY_CONDITIONS, RETRY_ON(UNSENT) | RETRY_ON(REUSED), 65536, 1},
    {"and so does a status", "{retry_on: [], retry_on_status: 503}", RETRY_CONDITIONS, 0, 65536, 1},
    {"no condition at all is a policy", "retry_on: []", RETRY_CONDITIONS, 0, 0, 1},
    {"retry_on_reused false takes nothing from a list",
     "{retry_on: reused, retry_on_reused: false}", RETRY_CONDITIONS, RETRY_ON(REUSED), 65536, 1},

    {"a preset brings its numbers", "preset: pingora", RETRY_CONDITIONS, RETRY_ON(REUSED), 65536,
     15},
    {"resin is at-most-once", "preset: resin", RETRY_AT_MOST_ONCE, UNWRITTEN, 0, 1},
    {"a preset of connect failures keeps no body", "preset: haproxy", RETRY_CONDITIONS, UNWRITTEN,
     0, 3},
    {"a wider word keeps its system's", "preset: {haproxy: empty-response}", RETRY_CONDITIONS,
     RETRY_ON(RESET) | RETRY_ON(REUSED), 15360, 3},
    {"a key beside a preset stands over it",
     "{preset: pingora, max_retries: 2, replay_buffer_bytes: 1}", RETRY_CONDITIONS,
     RETRY_ON(REUSED), 1, 2},
    {"wherever it stands", "{max_retries: 2, preset: pingora}", RETRY_CONDITIONS, RETRY_ON(REUSED),
     65536, 2},
    {"a buffer beside a preset of connect failures is as given",
     "{preset: haproxy, replay_buffer_bytes: 9}", RETRY_CONDITIONS, UNWRITTEN, 9, 3},
    {"nginx tries each upstream once", "{preset: nginx, upstreams: [a, b, c]}", RETRY_CONDITIONS,
     ANSWERED ^ RETRY_ON(INVALID_HEAD) ^ RETRY_ON(REUSED), 1048576, 2},
    {"and a single one not again", "{preset: nginx, upstreams: [a]}", RETRY_CONDITIONS,
     ANSWERED ^ RETRY_ON(INVALID_HEAD) ^ RETRY_ON(REUSED), 1048576, 0},
    {"unless it is told how often", "{preset: nginx, max_retries: 5, upstreams: [a, b, c]}",
     RETRY_CONDITIONS, ANSWERED ^ RETRY_ON(INVALID_HEAD) ^ RETRY_ON(REUSED), 1048576, 5},
    {"or nobody knows of upstreams", "preset: {nginx: timeout}", RETRY_CONDITIONS,
     RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT), 1048576, 1},
};

static void has_its_outcome(void **state)
{
    const struct outcome *outcome = *state;
    struct proxy_settings settings;

    assert_null(read_keys(outcome->text, &settings));
    assert_int_equal(settings.retry.policy, outcome->policy);
    assert_int_equal(retry_conditions(&settings.retry), outcome->conditions);
    assert_int_equal(settings.retry.replay_bytes, outcome->replay_bytes);
    assert_int_equal(settings.retry.retries_max, outcome->retries_max);
}

static void statuses_beside_a_preset_stand_in_place_of_its_own(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_keys("{preset: {nginx: http_502}, retry_on_status: 503}", &settings));
    assert_false(status_set_has(&settings.retry.on_status, 502));
    assert_true(status_set_has(&settings.retry.on_status, 503));
}

static void but_add_to_them_where_a_word_asks_for_them(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_keys("{preset: {envoy: \"gateway-error,retriable-status-codes\"},"
                          " retry_on_status: [409]}",
                          &settings));
    assert_true(status_set_has(&settings.retry.on_status, 409));
    assert_true(status_set_has(&settings.retry.on_status, 502));
    assert_false(status_set_has(&settings.retry.on_status, 500));
}

static void an_opt_in_of_a_preset_can_be_taken_back(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_keys("{preset: pingora, retry_non_idempotent: false}", &settings));
    assert_false(settings.retry.non_idempotent);
    assert_null(read_keys("{preset: envoy, retry_budget: none, backoff: {base: 0}}", &settings));
    assert_false(settings.retry.budget.limited);
    assert_int_equal(settings.retry.backoff.max_ns, 0);
}

static void the_longest_wait_follows_from_the_base(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_keys("backoff: {base: 25ms}", &settings));
    assert_int_equal(settings.retry.backoff.max_ns, 250 * NS_PER_MS);
}

static const struct mistake MISTAKES[] = {
    {"an unknown key names the nearest", "max_retrys: 1", "max_retries"},
    {"max_retries has an upper limit", "max_retries: 101", "100"},
    {"a word that is no policy is refused", "policy: at-least-once", "at-most-once"},
    {"conditions is no policy to be named", "policy: conditions", "policy cannot be"},
    {"a duration needs a unit", "deadline: 5", "deadline"},
    {"and so does one try's", "per_try_timeout: 5", "per_try_timeout needs a unit"},
    {"a window has a lower limit", "window: 1023", "at least 1024"},
    {"a window has an upper limit", "window: 2MiB", "window"},
    {"via is a word", "via: 'a b'", "letters"},
    {"via begins with a letter, or Proxy-Status could not be read", "via: 1.gate",
     "begins with a letter"},
    {"settings are a map", "[1, 2]", "map"},
    {"a mode is one of two", "mode: revers", "did you mean 'reverse'"},
    {"a realm stands between quotes", "realm: 'a \"b'", "1:1: realm is 1 to 63"},
    {"wrong credentials are 403 or 407", "auth_failed_status: 401",
     "1:1: auth_failed_status is 403 or 407, not 401"},
    {"keys of a file are not those of a map", "log: a.db", "no key 'log'"},

    {"a condition that is none names the nearest", "retry_on: [unsend]",
     "1:12: retry_on cannot be 'unsend'; did you mean 'unsent'"},
    {"a condition is a word", "retry_on: {reset: true}", "retry_on must be one of"},
    {"retry_on stands in place of policy", "{policy: idempotent, retry_on: [reset]}",
     "1:22: retry_on stands in place of policy"},
    {"a status below", "retry_on_status: [399]",
     "1:19: retry_on_status takes statuses from 400 to 599"},
    {"a status above", "retry_on_status: [600]", "from 400 to 599"},
    {"a range that ends before it begins", "retry_on_status: [504-502]",
     "1:19: retry_on_status takes"},
    {"a range without an end", "retry_on_status: [500-]", "ranges of them"},
    {"a range without a beginning", "retry_on_status: ['-500']", "ranges of them"},
    {"a range from below", "retry_on_status: [399-400]", "ranges of them"},
    {"a range to above", "retry_on_status: [599-600]", "ranges of them"},
    {"5xx is a word of Envoy", "retry_on_status: 5xx", "such as 503 or 500-599"},
    {"a status is no list", "retry_on_status: [[503]]", "such as 503 or 500-599"},
    {"reused is true or false", "retry_on_reused: 1", "retry_on_reused must be true or false"},
    {"the opt-in is true or false", "retry_non_idempotent: yes", "retry_non_idempotent must be"},
    {"elsewhere is true or false", "retry_other_upstream: no", "retry_other_upstream must be"},
    {"the replay buffer has an upper limit", "{policy: idempotent, replay_buffer_bytes: 1048577}",
     "replay_buffer_bytes must be at most 1048576 bytes"},
    {"a back-off is a map", "backoff: 25ms", "backoff must be a map"},
    {"a back-off has a base", "backoff: {max: 1s}", "backoff has a base"},
    {"a back-off's base is a duration", "backoff: {base: 25}", "base needs a unit"},
    {"a back-off's max is a duration", "backoff: {base: 1ms, max: 25}", "max needs a unit"},
    {"a back-off's keys are known", "backoff: {base: 25ms, min: 1s}", "backoff has no key 'min'"},
    {"a back-off's max is no shorter than its base", "backoff: {base: 2s, max: 1s}",
     "1:1: the max of backoff is shorter"},
    {"a budget is a map or none", "retry_budget: 20%",
     "retry_budget is {share: 20%, floor: 3}, or none"},
    {"a budget has a share", "retry_budget: {floor: 3}", "retry_budget lacks its share"},
    {"a budget has a floor", "retry_budget: {share: 3%}", "retry_budget lacks its floor"},
    {"a share is at most the whole", "retry_budget: {share: 101%, floor: 3}",
     "share is a percentage from 0% to 100%"},
    {"a share has its sign", "retry_budget: {share: 20, floor: 3}", "such as 20%"},
    {"a share has a number", "retry_budget: {share: '%', floor: 3}", "such as 20%"},
    {"a share is no list", "retry_budget: {share: [20%], floor: 3}", "such as 20%"},
    {"a floor has an upper limit", "retry_budget: {share: 20%, floor: 65537}",
     "floor must be between 0 and 65536"},
    {"a budget's keys are known", "retry_budget: {share: 20%, flor: 3}", "did you mean 'floor'"},

    {"at-most-once asks for no status, told where that is said",
     "{policy: at-most-once, retry_on_status: 503}", "1:24: retry_on_status contradicts policy"},
    {"nor where no policy is said", "{max_retries: 2, retry_on_status: 503}",
     "1:18: retry_on_status contradicts policy"},
    {"nor for a reused connection", "{policy: at-most-once, retry_on_reused: true}",
     "1:24: retry_on_reused contradicts"},
    {"nor for any method", "retry_non_idempotent: true", "1:1: retry_non_idempotent contradicts"},
    {"nor for a body", "replay_buffer_bytes: 1", "1:1: replay_buffer_bytes contradicts"},
    {"nor as resin's", "{preset: resin, retry_on_status: 503}",
     "1:17: retry_on_status contradicts"},
    {"a policy contradicts a preset", "{preset: nginx, policy: idempotent}",
     "1:17: policy contradicts preset"},
    {"and so do conditions", "{retry_on: [reset], preset: nginx}",
     "1:2: retry_on contradicts preset"},
    {"a preset's word is told at its place", "{preset: {envoy: refused-stream}}",
     "1:18: 'refused-stream' of preset 'envoy' cannot be honoured: it speaks of HTTP/2"},
    {"a word that needs statuses beside it", "preset: {envoy: retriable-status-codes}",
     "need retry_on_status beside them"},
};

static void is_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct proxy_settings settings;

    assert_mistake(read_keys(mistake->text, &settings), mistake);
}

static void limits_themselves_are_allowed(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_keys("{max_retries: 100, window: 1024, head_limit: 256}", &settings));
    assert_null(read_keys("{window: 1MiB, head_limit: 48KiB, pool_size: 0}", &settings));
    assert_null(read_keys("{policy: idempotent, replay_buffer_bytes: 1MiB, max_retries: 0,"
                          " retry_on_status: [400, 599, 400-599, 500-500],"
                          " retry_budget: {share: 100%, floor: 65536}}",
                          &settings));
    assert_int_equal(settings.retry.replay_bytes, REPLAY_BYTES_MAX);
    assert_null(read_keys("{retry_budget: {share: 0%, floor: 0}, backoff: {base: 1s, max: 1s},"
                          " deadline: 0, per_try_timeout: 0}",
                          &settings));
    assert_true(settings.retry.budget.limited);
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(every_retry_key_is_read),
        cmocka_unit_test(every_condition_is_read),
        cmocka_unit_test(an_empty_map_keeps_the_defaults),
        cmocka_unit_test(limits_themselves_are_allowed),
        cmocka_unit_test(statuses_beside_a_preset_stand_in_place_of_its_own),
        cmocka_unit_test(but_add_to_them_where_a_word_asks_for_them),
        cmocka_unit_test(an_opt_in_of_a_preset_can_be_taken_back),
        cmocka_unit_test(the_longest_wait_follows_from_the_base),
    };
    static struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(OUTCOMES) + COUNT_OF(MISTAKES)];
    size_t count = COUNT_OF(single);

    memcpy(tests, single, sizeof(single));
    for (size_t i = 0; i < COUNT_OF(OUTCOMES); i++)
        tests[count++] = (struct CMUnitTest){.name = OUTCOMES[i].name,
                                             .test_func = has_its_outcome,
                                             .initial_state = (void *)(uintptr_t)&OUTCOMES[i]};
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        tests[count++] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                             .test_func = is_refused,
                                             .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
