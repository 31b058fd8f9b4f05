#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/config.h"

enum { REGION_BYTES = 1024 * 1024 }; /* far more than a test's few lines need */

/* Reads settings keys from text; the sentence of the mistake, or NULL. */
static const char *read_keys(const char *text, struct proxy_settings *settings)
{
    static struct yaml_error error;
    struct region region;
    struct yaml_node *root;
    bool read;

    region_init(&region, REGION_BYTES);
    proxy_settings_init(settings);
    root = yaml_parse(&region, "test.yaml", text, strlen(text), &error);
    read = root != NULL && proxy_config_read(root, NULL, settings, &error);
    region_release(&region);
    return read ? NULL : error.sentence;
}

static void every_key_is_read(void **state)
{
    struct proxy_settings settings;
    const char *text = "{max_retries: 3, policy: idempotent, select: round-robin,"
                       " connect_timeout: 1ms, head_timeout: 2ms, response_timeout: 3ms,"
                       " idle_timeout: 4ms, deadline: 5s, window: 32KiB, pool_size: 7,"
                       " pool_timeout: 6ms, head_limit: 8KiB, uri_limit: 100, body_limit: 1MiB,"
                       " client_half_close: allow, via: edge-1}";

    (void)state;
    assert_null(read_keys(text, &settings));
    assert_int_equal(settings.retry.retries_max, 3);
    assert_int_equal(settings.retry.policy, RETRY_IDEMPOTENT);
    assert_int_equal(settings.select, SELECT_ROUND_ROBIN);
    assert_int_equal(settings.connect_timeout_ns, 1 * NS_PER_MS);
    assert_int_equal(settings.head_timeout_ns, 2 * NS_PER_MS);
    assert_int_equal(settings.response_timeout_ns, 3 * NS_PER_MS);
    assert_int_equal(settings.idle_timeout_ns, 4 * NS_PER_MS);
    assert_int_equal(settings.retry.deadline_ns, 5 * NS_PER_S);
    assert_int_equal(settings.window_bytes, 32 * 1024);
    assert_int_equal(settings.pool_size, 7);
    assert_int_equal(settings.pool_timeout_ns, 6 * NS_PER_MS);
    assert_int_equal(settings.head_bytes_max, 8 * 1024);
    assert_int_equal(settings.uri_bytes_max, 100);
    assert_int_equal(settings.body_bytes_max, 1024 * 1024);
    assert_true(settings.client_half_close_allowed);
    assert_string_equal(settings.via, "edge-1");
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

struct mistake {
    const char *name;
    const char *text;
    const char *sentence; /* a part of it */
};

static const struct mistake MISTAKES[] = {
    {"an unknown key names the nearest", "max_retrys: 1", "max_retries"},
    {"max_retries has an upper limit", "max_retries: 101", "100"},
    {"a word that is no policy is refused", "policy: at-least-once", "at-most-once"},
    {"a duration needs a unit", "deadline: 5", "deadline"},
    {"a window has a lower limit", "window: 1023", "at least 1024"},
    {"a window has an upper limit", "window: 2MiB", "window"},
    {"via is a word", "via: 'a b'", "letters"},
    {"via begins with a letter, or Proxy-Status could not be read", "via: 1.gate",
     "begins with a letter"},
    {"settings are a map", "[1, 2]", "map"},
};

static void is_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct proxy_settings settings;
    const char *sentence = read_keys(mistake->text, &settings);

    assert_non_null(sentence);
    assert_non_null(strstr(sentence, "test.yaml:1:"));
    assert_non_null(strstr(sentence, mistake->sentence));
}

static void limits_themselves_are_allowed(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_keys("{max_retries: 100, window: 1024, head_limit: 256}", &settings));
    assert_null(read_keys("{window: 1MiB, head_limit: 48KiB, pool_size: 0}", &settings));
}

int main(void)
{
    struct CMUnitTest tests[3 + COUNT_OF(MISTAKES)] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(an_empty_map_keeps_the_defaults),
        cmocka_unit_test(limits_themselves_are_allowed),
    };

    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        tests[3 + i] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                           .test_func = is_refused,
                                           .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
