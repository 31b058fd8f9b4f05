#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "retryproof/settings.h"

/* A year, as the contract has it. */
#define YEAR_NS (365 * 24 * 3600 * NS_PER_S)

static const char *mistake_of(const struct proxy_settings *settings)
{
    static char error[SETTINGS_ERROR_BYTES];

    return proxy_settings_check(settings, error) ? NULL : error;
}

static void assert_says(const char *sentence, const char *part)
{
    assert_non_null(sentence);
    if (strstr(sentence, part) == NULL)
        fail_msg("'%s' does not say '%s'", sentence, part);
}

/* ---- what contradicts itself ---------------------------------------------------------------------- */

/* word NULL: it does not; otherwise the sentence names both words. */
struct contradiction {
    const char *name;
    struct retry_settings retry;
    const char *word;
    const char *other;
};

#define A_STATUS            \
    {                       \
        .bits = { [1] = 1 } \
    }

static const struct contradiction CONTRADICTIONS[] = {
    {"at-most-once asks for no other answer",
     {.policy = RETRY_AT_MOST_ONCE, .on_status = A_STATUS},
     "retry_on_status",
     "policy: at-most-once"},
    {"at-most-once knows no stale connections",
     {.policy = RETRY_AT_MOST_ONCE, .on_reused = true},
     "retry_on_reused",
     "policy: at-most-once"},
    {"at-most-once sends nothing twice",
     {.policy = RETRY_AT_MOST_ONCE, .non_idempotent = true},
     "retry_non_idempotent",
     "policy: at-most-once"},
    {"at-most-once keeps no body",
     {.policy = RETRY_AT_MOST_ONCE, .replay_bytes = 1},
     "replay_buffer_bytes",
     "policy: at-most-once"},
    {"what to do is said",
     {.policy = RETRY_AT_MOST_ONCE, .replay_bytes = 1},
     "take it out",
     "policy: idempotent"},
    {"at-most-once may stay, wait and count",
     {.policy = RETRY_AT_MOST_ONCE,
      .stay = true,
      .retries_max = 3,
      .per_try_timeout_ns = 1,
      .deadline_ns = 1,
      .backoff = {1, 1},
      .budget = {true, 20, 3}},
     NULL,
     NULL},
    {"idempotent takes all of them",
     {.policy = RETRY_IDEMPOTENT,
      .on_status = A_STATUS,
      .on_reused = true,
      .non_idempotent = true,
      .replay_bytes = 1},
     NULL,
     NULL},
    {"conditions take all of them, and none",
     {.policy = RETRY_CONDITIONS,
      .on_status = A_STATUS,
      .on_reused = true,
      .non_idempotent = true,
      .replay_bytes = 1},
     NULL,
     NULL},
    {"all conditions are known",
     {.policy = RETRY_CONDITIONS, .conditions = (1u << RETRY_CONDITION_COUNT) - 1},
     NULL,
     NULL},
    {"a condition past the last is not",
     {.policy = RETRY_CONDITIONS, .conditions = 1u << RETRY_CONDITION_COUNT},
     "retry_on",
     "enum retry_condition"},
    {"at-most-once has its own conditions",
     {.policy = RETRY_AT_MOST_ONCE, .conditions = RETRY_ON(RESET)},
     "retry_on ",
     "policy: at-most-once"},
    {"idempotent has its own conditions",
     {.policy = RETRY_IDEMPOTENT, .conditions = RETRY_ON(RESET)},
     "retry_on ",
     "policy: idempotent"},
    {"a policy past the last is none", {.policy = RETRY_CONDITIONS + 1}, "policy", "enum"},
    {"a status past 599 is none",
     {.policy = RETRY_IDEMPOTENT, .on_status = {.bits = {[3] = 1u << 8}}},
     "retry_on_status",
     "599"},
    {"599 is one",
     {.policy = RETRY_IDEMPOTENT, .on_status = {.bits = {[3] = 1u << 7}}},
     NULL,
     NULL},
    {"a back-off may not be longer than its longest",
     {.backoff = {.base_ns = 2, .max_ns = 1}},
     "max of backoff",
     "base"},
    {"a back-off may be as long as its longest", {.backoff = {2, 2}}, NULL, NULL},
    {"a longest without a base is no back-off", {.backoff = {0, 2}}, NULL, NULL},
};

static void contradicts(void **state)
{
    const struct contradiction *row = *state;
    struct proxy_settings settings;
    const char *sentence;

    proxy_settings_init(&settings);
    settings.retry = row->retry;
    sentence = mistake_of(&settings);
    if (row->word == NULL) {
        assert_null(sentence);
        return;
    }
    assert_says(sentence, row->word);
    assert_says(sentence, row->other);
}

/* ---- numbers -------------------------------------------------------------------------------------- */

/* One field, and the numbers that are just allowed. */
struct number {
    const char *word;
    size_t offset;
    size_t size;
    uint64_t least;
    uint64_t most;
};

#define FIELD(name) \
    offsetof(struct proxy_settings, name), sizeof(((struct proxy_settings *)NULL)->name)

static const struct number NUMBERS[] = {
    {"max_retries", FIELD(retry.retries_max), 0, RETRIES_MAX},
    {"retry_budget", FIELD(retry.budget.share_percent), 0, 100},
    {"window", FIELD(window_bytes), WINDOW_BYTES_MIN, WINDOW_BYTES_MAX},
    {"pool_size", FIELD(pool_size), 0, POOL_IDLE_MAX},
    {"head_limit", FIELD(head_bytes_max), HEAD_BYTES_MIN, HEAD_BYTES_MAX},
    {"uri_limit", FIELD(uri_bytes_max), 1, HEAD_BYTES_MAX},
    {"select", FIELD(select), SELECT_FIRST, SELECT_LEAST_CONNECTIONS},
    {"connect_timeout", FIELD(connect_timeout_ns), 0, YEAR_NS},
    {"head_timeout", FIELD(head_timeout_ns), 0, YEAR_NS},
    {"response_timeout", FIELD(response_timeout_ns), 0, YEAR_NS},
    {"idle_timeout", FIELD(idle_timeout_ns), 0, YEAR_NS},
    {"pool_timeout", FIELD(pool_timeout_ns), 0, YEAR_NS},
    {"per_try_timeout", FIELD(retry.per_try_timeout_ns), 0, YEAR_NS},
    {"deadline", FIELD(retry.deadline_ns), 0, YEAR_NS},
};

static void set_number(struct proxy_settings *settings, const struct number *row, uint64_t value)
{
    char *field = (char *)settings + row->offset;
    const uint32_t narrow = (uint32_t)value;

    if (row->size == sizeof(value))
        memcpy(field, &value, sizeof(value));
    else
        memcpy(field, &narrow, sizeof(narrow));
}

static void has_limits(void **state)
{
    const struct number *row = *state;
    struct proxy_settings settings;

    assert_true(row->size == sizeof(uint64_t) || row->size == sizeof(uint32_t));
    proxy_settings_init(&settings);
    set_number(&settings, row, row->least);
    assert_null(mistake_of(&settings));
    set_number(&settings, row, row->most);
    assert_null(mistake_of(&settings));
    set_number(&settings, row, row->most + 1);
    assert_says(mistake_of(&settings), row->word);
    set_number(&settings, row, UINT64_MAX);
    assert_says(mistake_of(&settings), row->word);
    if (row->least > 0) {
        set_number(&settings, row, row->least - 1);
        assert_says(mistake_of(&settings), row->word);
    }
}

static void a_replay_buffer_has_a_limit(void **state)
{
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    settings.retry.policy = RETRY_IDEMPOTENT;
    settings.retry.replay_bytes = REPLAY_BYTES_MAX;
    assert_null(mistake_of(&settings));
    settings.retry.replay_bytes++;
    assert_says(mistake_of(&settings), "replay_buffer_bytes");
}

static void a_back_off_is_no_longer_than_a_year(void **state)
{
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    settings.retry.backoff = (struct backoff_settings){YEAR_NS, YEAR_NS};
    assert_null(mistake_of(&settings));
    settings.retry.backoff = (struct backoff_settings){1, YEAR_NS + 1};
    assert_says(mistake_of(&settings), "max of backoff");
}

/* ---- places and words ----------------------------------------------------------------------------- */

static void the_defaults_go_together(void **state)
{
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    assert_null(mistake_of(&settings));
    assert_int_equal(settings.retry.policy, RETRY_AT_MOST_ONCE);
    assert_int_equal(settings.retry.retries_max, 1);
    assert_int_equal(settings.retry.replay_bytes, 0);
    assert_int_equal(settings.upstream_count, 0);
    assert_true(settings.listen.port == 0);
}

static void upstreams_are_added(void **state)
{
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    assert_true(proxy_settings_add_upstream(&settings, "shop.test:80"));
    assert_true(proxy_settings_add_upstream(&settings, "[0:0::1]:8080"));
    assert_int_equal(settings.upstream_count, 2);
    assert_string_equal(settings.upstreams[0].name, "shop.test:80");
    assert_string_equal(settings.upstreams[0].host, "shop.test");
    assert_int_equal(settings.upstreams[0].port, 80);
    assert_string_equal(settings.upstreams[1].name, "[0:0::1]:8080");
    assert_string_equal(settings.upstreams[1].host, "[::1]");
    assert_int_equal(settings.upstreams[1].port, 8080);
    assert_false(proxy_settings_add_upstream(&settings, "shop.test"));
    assert_int_equal(settings.upstream_count, 2);
    assert_null(mistake_of(&settings));
}

static void there_is_room_for_so_many_upstreams(void **state)
{
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    for (size_t i = 0; i < UPSTREAMS_MAX; i++)
        assert_true(proxy_settings_add_upstream(&settings, "a:1"));
    assert_false(proxy_settings_add_upstream(&settings, "a:1"));
    assert_null(mistake_of(&settings));
    settings.upstream_count++;
    assert_says(mistake_of(&settings), "upstreams");
}

/* The name is the text, so the text is no longer than a name. */
static void a_name_has_a_limit(void **state)
{
    struct proxy_settings settings;
    char text[UPSTREAM_NAME_BYTES + 1];

    (void)state;
    proxy_settings_init(&settings);
    memset(text, 'a', sizeof(text));
    memcpy(text + UPSTREAM_NAME_BYTES - 2, ":1", sizeof(":1"));
    assert_false(proxy_settings_add_upstream(&settings, text));
    assert_true(proxy_settings_add_upstream(&settings, text + 1));
    assert_null(mistake_of(&settings));
}

static void an_upstream_of_a_caller_is_looked_at(void **state)
{
    struct proxy_settings settings;
    struct upstream_settings *upstream = &settings.upstreams[0];
    const struct upstream_settings fine = {.name = "a", .host = "[::1]", .port = 80};

    (void)state;
    proxy_settings_init(&settings);
    settings.upstream_count = 1;
    *upstream = fine;
    assert_null(mistake_of(&settings));
    upstream->port = 0;
    assert_says(mistake_of(&settings), "upstream a: '[::1]' has no port");
    *upstream = fine;
    upstream->name[0] = '\0';
    assert_says(mistake_of(&settings), "name");
    memset(upstream->name, 'a', sizeof(upstream->name));
    assert_says(mistake_of(&settings), "name");
    *upstream = fine;
    memset(upstream->host, 'a', sizeof(upstream->host));
    assert_says(mistake_of(&settings), "does not end");
    memcpy(upstream->host, "::1", sizeof("::1"));
    assert_says(mistake_of(&settings), "is written '[::1]'");
    memcpy(upstream->host, "a b", sizeof("a b"));
    assert_says(mistake_of(&settings), "neither an address nor a name");
}

static void what_listens_is_an_address(void **state)
{
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    settings.listen = (struct address){0};
    assert_says(mistake_of(&settings), "listen");
    assert_true(address_parse("[::1]:80", 0, &settings.listen));
    assert_null(mistake_of(&settings));
}

static void via_is_a_word(void **state)
{
    static const struct {
        const char *via;
        bool fine;
    } rows[] = {{"a", true},    {"Edge-1._x", true}, {"", false},    {"1edge", false},
                {"a b", false}, {"a/1", false},      {"a\n", false}, {"\xc3\xa9", false}};
    struct proxy_settings settings;

    (void)state;
    proxy_settings_init(&settings);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        memcpy(settings.via, rows[i].via, strlen(rows[i].via) + 1);
        if (rows[i].fine)
            assert_null(mistake_of(&settings));
        else
            assert_says(mistake_of(&settings), "via");
    }
    memset(settings.via, 'a', sizeof(settings.via));
    assert_says(mistake_of(&settings), "via");
}

/* Whatever the other place held before, and nothing behind what is counted is read there. */
static void a_copy_is_the_same(void **state)
{
    struct proxy_settings from;
    struct proxy_settings to;

    (void)state;
    proxy_settings_init(&from);
    assert_true(proxy_settings_add_upstream(&from, "shop.test:80"));
    from.routes[from.route_count++] = (struct route_settings){.name = "x", .upstreams = 1};
    from.users[from.user_count++] = (struct user_settings){"eve", "e"};
    from.certificates[from.certificate_count++] =
        (struct certificate_settings){.certificate = "/c", .key = "/k"};
    from.log_bytes_max = 7;
    memset(&to, 'x', sizeof(to));
    proxy_settings_copy(&to, &from);
    assert_null(mistake_of(&to));
    assert_int_equal(to.log_bytes_max, 7);
    assert_memory_equal(&to.upstreams[0], &from.upstreams[0], sizeof(from.upstreams[0]));
    assert_memory_equal(&to.routes[0], &from.routes[0], sizeof(from.routes[0]));
    assert_memory_equal(&to.users[0], &from.users[0], sizeof(from.users[0]));
    assert_memory_equal(&to.certificates[0], &from.certificates[0], sizeof(from.certificates[0]));
    assert_int_equal(to.upstreams[1].name[0], 'x');
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_copy_is_the_same),
        cmocka_unit_test(a_replay_buffer_has_a_limit),
        cmocka_unit_test(a_back_off_is_no_longer_than_a_year),
        cmocka_unit_test(the_defaults_go_together),
        cmocka_unit_test(upstreams_are_added),
        cmocka_unit_test(there_is_room_for_so_many_upstreams),
        cmocka_unit_test(a_name_has_a_limit),
        cmocka_unit_test(an_upstream_of_a_caller_is_looked_at),
        cmocka_unit_test(what_listens_is_an_address),
        cmocka_unit_test(via_is_a_word),
    };
    struct CMUnitTest tests[COUNT_OF(CONTRADICTIONS) + COUNT_OF(NUMBERS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(CONTRADICTIONS); i++)
        tests[count++] =
            (struct CMUnitTest){.name = CONTRADICTIONS[i].name,
                                .test_func = contradicts,
                                .initial_state = (void *)(uintptr_t)&CONTRADICTIONS[i]};
    for (size_t i = 0; i < COUNT_OF(NUMBERS); i++)
        tests[count++] = (struct CMUnitTest){.name = NUMBERS[i].word,
                                             .test_func = has_limits,
                                             .initial_state = (void *)(uintptr_t)&NUMBERS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
