#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/preset.h"
#include "proxy/preset_data.h"

enum {
    REGION_BYTES = 1024 * 1024, /* far more than a data file needs */
};

/* What was written of it may have been applied, or not; then how it ended. */
#define UNWRITTEN (RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT))
#define NO_ANSWER                                                              \
    (UNWRITTEN | RETRY_ON(RESET) | RETRY_ON(REUSED) | RETRY_ON(PARTIAL_HEAD) | \
     RETRY_ON(INVALID_HEAD) | RETRY_ON(RESPONSE_TIMEOUT))

/* ---- each word means what its source says -------------------------------------------------------- */

struct meaning {
    const char *name; /* as the source tells it */
    const char *preset;
    unsigned conditions;
    unsigned statuses[6]; /* all of them; 0 ends */
    bool non_idempotent;
};

static const struct meaning MEANINGS[] = {
    {"pingora: only a reused connection, any method", "pingora", RETRY_ON(REUSED), {0}, true},
    {"resin: only while nothing was written", "resin", UNWRITTEN, {0}, false},

    {"nginx: error timeout where nothing is said",
     "nginx",
     UNWRITTEN | RETRY_ON(RESET) | RETRY_ON(REUSED) | RETRY_ON(PARTIAL_HEAD) |
         RETRY_ON(RESPONSE_TIMEOUT),
     {0},
     false},
    {"nginx error: connecting, passing the request, or reading the head fails",
     "{nginx: error}",
     RETRY_ON(CONNECT_FAILURE) | RETRY_ON(UNSENT) | RETRY_ON(RESET) | RETRY_ON(REUSED) |
         RETRY_ON(PARTIAL_HEAD),
     {0},
     false},
    {"nginx timeout: connecting, or reading the head takes too long",
     "{nginx: timeout}",
     RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT),
     {0},
     false},
    {"nginx invalid_header: the response is none",
     "{nginx: invalid_header}",
     RETRY_ON(INVALID_HEAD),
     {0},
     false},
    {"nginx http_500", "{nginx: http_500}", 0, {500}, false},
    {"nginx http_502", "{nginx: http_502}", 0, {502}, false},
    {"nginx http_503", "{nginx: http_503}", 0, {503}, false},
    {"nginx http_504", "{nginx: http_504}", 0, {504}, false},
    {"nginx http_403", "{nginx: http_403}", 0, {403}, false},
    {"nginx http_404", "{nginx: http_404}", 0, {404}, false},
    {"nginx http_429", "{nginx: http_429}", 0, {429}, false},
    {"nginx non_idempotent: opens the method gate and retries nothing by itself",
     "{nginx: non_idempotent}",
     0,
     {0},
     true},
    {"nginx off: nothing", "{nginx: off}", 0, {0}, false},
    {"nginx words add up",
     "{nginx: error timeout http_502 non_idempotent}",
     UNWRITTEN | RETRY_ON(RESET) | RETRY_ON(REUSED) | RETRY_ON(PARTIAL_HEAD) |
         RETRY_ON(RESPONSE_TIMEOUT),
     {502},
     true},

    {"haproxy: conn-failure where nothing is said", "haproxy", UNWRITTEN, {0}, false},
    {"haproxy none: never", "{haproxy: none}", 0, {0}, false},
    {"haproxy conn-failure: the request could not be sent, whatever it is",
     "{haproxy: conn-failure}",
     UNWRITTEN,
     {0},
     false},
    {"haproxy empty-response: closed after a part was sent, nothing came",
     "{haproxy: empty-response}",
     RETRY_ON(RESET) | RETRY_ON(REUSED),
     {0},
     true},
    {"haproxy junk-response: partial heads and what is not HTTP",
     "{haproxy: junk-response}",
     RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD),
     {0},
     true},
    {"haproxy response-timeout",
     "{haproxy: response-timeout}",
     RETRY_ON(RESPONSE_TIMEOUT),
     {0},
     true},
    {"haproxy 401", "{haproxy: 401}", 0, {401}, true},
    {"haproxy 403", "{haproxy: 403}", 0, {403}, true},
    {"haproxy 404", "{haproxy: 404}", 0, {404}, true},
    {"haproxy 408", "{haproxy: 408}", 0, {408}, true},
    {"haproxy 425", "{haproxy: 425}", 0, {425}, true},
    {"haproxy 429", "{haproxy: 429}", 0, {429}, true},
    {"haproxy 500", "{haproxy: 500}", 0, {500}, true},
    {"haproxy 501", "{haproxy: 501}", 0, {501}, true},
    {"haproxy 502", "{haproxy: 502}", 0, {502}, true},
    {"haproxy 503", "{haproxy: 503}", 0, {503}, true},
    {"haproxy 504", "{haproxy: 504}", 0, {504}, true},
    {"haproxy all-retryable-errors: no answer, and four statuses",
     "{haproxy: all-retryable-errors}",
     NO_ANSWER,
     {500, 502, 503, 504},
     true},
    {"haproxy words in one text, by commas",
     "{haproxy: \"conn-failure,empty-response, response-timeout\"}",
     UNWRITTEN | RETRY_ON(RESET) | RETRY_ON(REUSED) | RETRY_ON(RESPONSE_TIMEOUT),
     {0},
     true},

    {"envoy: nothing where nothing is said", "envoy", 0, {0}, false},
    {"envoy gateway-error: no answer, or 502, 503, 504",
     "{envoy: gateway-error}",
     NO_ANSWER,
     {502, 503, 504},
     true},
    {"envoy reset: no answer at all", "{envoy: reset}", NO_ANSWER, {0}, true},
    {"envoy reset-before-request: no answer, and the request had not begun",
     "{envoy: reset-before-request}",
     UNWRITTEN,
     {0},
     false},
    {"envoy connect-failure: at the TCP level",
     "{envoy: connect-failure}",
     RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT),
     {0},
     false},
    {"envoy retriable-4xx: 409", "{envoy: retriable-4xx}", 0, {409}, true},
    {"envoy retriable-status-codes: those beside it",
     "{envoy: retriable-status-codes}",
     0,
     {0},
     true},
    {"envoy words as a list",
     "{envoy: [connect-failure, reset, retriable-4xx]}",
     NO_ANSWER,
     {409},
     true},
};

/* Reads `preset: text`, over retry settings that hold something everywhere. */
static const char *read_text(const char *text, struct preset_choice *choice)
{
    static struct yaml_error error;
    struct region region;
    struct yaml_node *node;
    bool read;

    *choice = (struct preset_choice){.retry = {.retries_max = 7,
                                               .on_reused = true,
                                               .non_idempotent = true,
                                               .stay = false,
                                               .conditions = RETRY_ON(RESET),
                                               .on_status = {{1}},
                                               .deadline_ns = 9}};
    region_init(&region, REGION_BYTES);
    node = yaml_parse(&region, "test.yaml", text, strlen(text), &error);
    read = node != NULL && preset_read(node, choice, &error);
    region_release(&region);
    return read ? NULL : error.sentence;
}

static bool is_in(const unsigned *statuses, unsigned status)
{
    for (size_t i = 0; i < 6 && statuses[i] != 0; i++)
        if (statuses[i] == status)
            return true;
    return false;
}

static void means_what_its_source_says(void **state)
{
    const struct meaning *meaning = *state;
    struct preset_choice choice;

    assert_null(read_text(meaning->preset, &choice));
    assert_int_equal(retry_conditions(&choice.retry), meaning->conditions);
    assert_int_equal(choice.retry.non_idempotent, meaning->non_idempotent);
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++)
        assert_int_equal(status_set_has(&choice.retry.on_status, status),
                         is_in(meaning->statuses, status));
}

static void envoy_5xx_is_no_answer_and_every_status_from_500(void **state)
{
    struct preset_choice choice;

    (void)state;
    assert_null(read_text("{envoy: 5xx}", &choice));
    assert_int_equal(retry_conditions(&choice.retry), NO_ANSWER);
    assert_true(choice.retry.non_idempotent);
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++)
        assert_int_equal(status_set_has(&choice.retry.on_status, status), status >= 500);
}

/* A word that nobody wrote a row for is a word that nobody compared with its source. */
static void every_word_has_a_row_above(void **state)
{
    const char *const *names = preset_names();

    (void)state;
    for (size_t i = 0; names[i] != NULL; i++) {
        struct yaml_error error;
        struct region region;
        const struct yaml_node *words;

        region_init(&region, REGION_BYTES);
        words = yaml_get(preset_load(&region, names[i], &error), "words");
        for (const struct yaml_node *word = words ? words->first : NULL; word; word = word->next) {
            char text[128];
            bool found = yaml_get(word, "refused") != NULL || strcmp(word->key->text, "5xx") == 0;

            snprintf(text, sizeof(text), "{%s: %s}", names[i], word->key->text);
            for (size_t k = 0; k < COUNT_OF(MEANINGS); k++)
                found |= strcmp(MEANINGS[k].preset, text) == 0;
            if (!found)
                fail_msg("%s has no row", text);
        }
        region_release(&region);
    }
}

/* ---- numbers -------------------------------------------------------------------------------------- */

static void numbers_are_those_of_the_sources(void **state)
{
    struct preset_choice choice;

    (void)state;
    assert_null(read_text("pingora", &choice));
    assert_int_equal(choice.retry.retries_max, 15);
    assert_int_equal(choice.retry.replay_bytes, 64 * 1024);
    assert_false(choice.each_upstream_once);
    assert_null(read_text("resin", &choice));
    assert_int_equal(choice.retry.policy, RETRY_AT_MOST_ONCE);
    assert_int_equal(choice.retry.retries_max, 7);
    assert_null(read_text("nginx", &choice));
    assert_true(choice.each_upstream_once);
    assert_int_equal(choice.retry.replay_bytes, 1024 * 1024);
    assert_null(read_text("haproxy", &choice));
    assert_int_equal(choice.retry.retries_max, 3);
    assert_int_equal(choice.retry.replay_bytes, 16384 - 1024);
    assert_true(choice.retry.stay);
    assert_null(read_text("envoy", &choice));
    assert_int_equal(choice.retry.retries_max, 1);
    assert_int_equal(choice.retry.backoff.base_ns, 25000000);
    assert_int_equal(choice.retry.backoff.max_ns, 250000000);
    assert_true(choice.retry.budget.limited);
    assert_int_equal(choice.retry.budget.share_percent, 0);
    assert_int_equal(choice.retry.budget.floor, 3);
}

static void what_a_preset_does_not_say_stays(void **state)
{
    struct preset_choice choice;

    (void)state;
    assert_null(read_text("pingora", &choice));
    assert_int_equal(choice.retry.deadline_ns, 9);
    assert_false(choice.retry.on_reused);
    assert_int_equal(choice.retry.policy, RETRY_CONDITIONS);
}

static void one_word_alone_asks_for_statuses_beside_it(void **state)
{
    struct preset_choice choice;

    (void)state;
    assert_null(read_text("{envoy: [reset, retriable-status-codes]}", &choice));
    assert_true(choice.adds_statuses);
    assert_null(read_text("{envoy: reset}", &choice));
    assert_false(choice.adds_statuses);
}

/* ---- mistakes -------------------------------------------------------------------------------------- */

struct mistake {
    const char *name;
    const char *text;
    const char *sentence; /* a part of it, with its place where that is the point */
};

static const struct mistake MISTAKES[] = {
    {"an unknown preset names the nearest", "ngin",
     "1:1: preset cannot be 'ngin'; did you mean 'nginx'"},
    {"an unknown word names the nearest", "{haproxy: conn-failur}",
     "1:11: a word of preset 'haproxy' cannot be 'conn-failur'; did you mean 'conn-failure'"},
    {"a word in a list has its own place", "{envoy: [reset, resett]}", "1:17: "},
    {"a word of HTTP/2 says so", "{envoy: refused-stream}",
     "1:9: 'refused-stream' of preset 'envoy'"},
    {"and why", "{envoy: refused-stream}", "cannot be honoured: it speaks of HTTP/2"},
    {"a word of early data says so", "{haproxy: 0rtt-rejected}", "early data"},
    {"a refused word is refused among others", "{envoy: [reset, unavailable]}", "gRPC"},
    {"off stands alone, first", "{nginx: off error}", "'off' of preset 'nginx' stands alone"},
    {"off stands alone, last", "{nginx: error off}", "'off' of preset 'nginx' stands alone"},
    {"none stands alone", "{haproxy: [none, 503]}", "'none' of preset 'haproxy' stands alone"},
    {"no words is not the default words", "{nginx: []}", "preset 'nginx' is given without a word"},
    {"nor is an empty text", "{nginx: ' , '}", "without a word"},
    {"a preset without words takes none", "{pingora: error}", "preset 'pingora' has no words"},
    {"a preset is a name", "[nginx]", "preset is a name"},
    {"one name", "{nginx: error, envoy: reset}", "preset is a name"},
    {"words are texts", "{nginx: {error: true}}", "a list, or text"},
    {"words in a list are texts", "{nginx: [[error]]}", "must be text"},
};

static void is_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct preset_choice choice;
    const char *sentence = read_text(mistake->text, &choice);

    assert_non_null(sentence);
    assert_non_null(strstr(sentence, "test.yaml:1:"));
    assert_non_null(strstr(sentence, mistake->sentence));
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(every_word_has_a_row_above),
        cmocka_unit_test(envoy_5xx_is_no_answer_and_every_status_from_500),
        cmocka_unit_test(numbers_are_those_of_the_sources),
        cmocka_unit_test(what_a_preset_does_not_say_stays),
        cmocka_unit_test(one_word_alone_asks_for_statuses_beside_it),
    };
    static struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(MEANINGS) + COUNT_OF(MISTAKES)];
    size_t count = COUNT_OF(single);

    memcpy(tests, single, sizeof(single));
    for (size_t i = 0; i < COUNT_OF(MEANINGS); i++)
        tests[count++] = (struct CMUnitTest){.name = MEANINGS[i].name,
                                             .test_func = means_what_its_source_says,
                                             .initial_state = (void *)(uintptr_t)&MEANINGS[i]};
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        tests[count++] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                             .test_func = is_refused,
                                             .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
