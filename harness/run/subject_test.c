#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/run/subject.h"

/* Writes the settings to a file, and reads the file as the subject will. */
static void write_and_read(const struct proxy_settings *settings, struct proxy_settings *back)
{
    char path[] = "/tmp/subject_test.XXXXXX";
    char error[SETTINGS_ERROR_BYTES];
    int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "w");

    assert_non_null(out);
    subject_write_config(settings, out);
    assert_int_equal(fclose(out), 0);
    bool read = proxy_settings_load(back, path, error);
    unlink(path);
    if (!read)
        fail_msg("%s", error);
}

static void make_settings(struct proxy_settings *settings)
{
    proxy_settings_init(settings);
    assert_true(proxy_settings_add_upstream(settings, "127.0.0.1:9001"));
    assert_true(proxy_settings_add_upstream(settings, "[::1]:9002"));
}

static void assert_same(const struct proxy_settings *settings)
{
    struct proxy_settings back;

    write_and_read(settings, &back);
    assert_memory_equal(&back.listen, &settings->listen, sizeof(back.listen));
    assert_memory_equal(&back.retry.on_status, &settings->retry.on_status,
                        sizeof(back.retry.on_status));
    assert_memory_equal(&back, settings, sizeof(back));
}

static void defaults_come_back(void **state)
{
    struct proxy_settings settings;

    (void)state;
    make_settings(&settings);
    assert_same(&settings);
}

static void every_setting_comes_back(void **state)
{
    struct proxy_settings settings;

    (void)state;
    make_settings(&settings);
    settings.select = SELECT_LEAST_CONNECTIONS;
    settings.connect_timeout_ns = 1;
    settings.head_timeout_ns = 2;
    settings.response_timeout_ns = 3;
    settings.idle_timeout_ns = 4;
    settings.pool_timeout_ns = 5;
    settings.window_bytes = WINDOW_BYTES_MIN;
    settings.pool_size = 6;
    settings.head_bytes_max = HEAD_BYTES_MAX;
    settings.uri_bytes_max = 7;
    settings.body_bytes_max = 8;
    settings.client_half_close_allowed = true;
    memcpy(settings.via, "edge", sizeof("edge"));
    settings.retry.policy = RETRY_CONDITIONS;
    settings.retry.conditions = RETRY_ON(CONNECT_FAILURE) | RETRY_ON(REUSED);
    assert_true(status_set_add(&settings.retry.on_status, 400));
    assert_true(status_set_add(&settings.retry.on_status, 599));
    settings.retry.on_reused = true;
    settings.retry.non_idempotent = true;
    settings.retry.stay = true;
    settings.retry.retries_max = RETRIES_MAX;
    settings.retry.replay_bytes = REPLAY_BYTES_MAX;
    settings.retry.per_try_timeout_ns = 9;
    settings.retry.deadline_ns = 10;
    settings.retry.backoff.base_ns = 11;
    settings.retry.backoff.max_ns = 12;
    settings.retry.budget.limited = true;
    settings.retry.budget.share_percent = 100;
    settings.retry.budget.floor = 13;
    assert_same(&settings);
}

static void conditions_may_be_none(void **state)
{
    struct proxy_settings settings;

    (void)state;
    make_settings(&settings);
    settings.retry.policy = RETRY_CONDITIONS;
    assert_same(&settings);
}

static void a_wider_policy_without_a_buffer_comes_back_so(void **state)
{
    struct proxy_settings settings;

    (void)state;
    make_settings(&settings);
    settings.retry.policy = RETRY_IDEMPOTENT;
    settings.retry.replay_bytes = 0;
    assert_same(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_come_back),
        cmocka_unit_test(every_setting_comes_back),
        cmocka_unit_test(conditions_may_be_none),
        cmocka_unit_test(a_wider_policy_without_a_buffer_comes_back_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
