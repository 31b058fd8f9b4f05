#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/subject/subject.h"

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

/* What stands behind the end of a text says nothing. */
static void clear_tails(struct proxy_settings *settings)
{
    for (size_t i = 0; i < settings->route_count; i++) {
        char *name = settings->routes[i].name;
        size_t size = strlen(name);

        memset(name + size, 0, sizeof(settings->routes[i].name) - size);
    }
}

static void assert_same(const struct proxy_settings *settings)
{
    struct proxy_settings back;

    write_and_read(settings, &back);
    clear_tails(&back);
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

static void routes_and_their_users_come_back(void **state)
{
    struct proxy_settings settings;

    (void)state;
    make_settings(&settings);
    settings.mode = MODE_FORWARD;
    settings.user_count = 2;
    settings.users[0] = (struct user_settings){"ann", "a \"quoted\" \\ word"};
    settings.users[1] = (struct user_settings){"ben", "#no: comment"};
    settings.users_required = 2;
    settings.allow_count = 2;
    settings.allow[0] = (struct address_range){.address = {.family = 4, .bytes = {10}}, .bits = 8};
    settings.allow[1] =
        (struct address_range){.address = {.family = 6, .bytes = {[15] = 1}}, .bits = 128};
    settings.auth_failed_status = 407;
    memcpy(settings.realm, "the office", sizeof("the office"));
    settings.route_count = 2;
    proxy_settings_route(&(struct proxy_settings){.mode = MODE_REVERSE, .retry = settings.retry}, 0,
                         &settings.routes[0]);
    memset(settings.routes[0].name, 0, sizeof(settings.routes[0].name));
    settings.routes[0].allow_count = 2;
    memcpy(settings.routes[0].allow, settings.allow, sizeof(settings.allow));
    settings.routes[1] = settings.routes[0];
    memcpy(settings.routes[0].name, "shop", sizeof("shop"));
    memcpy(settings.routes[0].host, "shop.test", sizeof("shop.test"));
    memcpy(settings.routes[0].path, "/v1", sizeof("/v1"));
    settings.routes[0].upstreams = 1;
    settings.routes[0].retry.retries_max = 7;
    settings.routes[0].users = 1;
    memcpy(settings.routes[1].name, "out", sizeof("out"));
    settings.routes[1].mode = MODE_FORWARD;
    settings.routes[1].upstreams = 0;
    assert_same(&settings);
}

static void tls_and_names_come_back(void **state)
{
    struct proxy_settings settings;

    (void)state;
    make_settings(&settings);
    settings.handshake_timeout_ns = 14;
    settings.nameserver = address_loopback(5353);
    settings.certificate_count = 2;
    for (size_t i = 0; i < settings.certificate_count; i++) {
        memcpy(settings.certificates[i].certificate, "/c", sizeof("/c"));
        memcpy(settings.certificates[i].key, "/k", sizeof("/k"));
    }
    memcpy(settings.certificates[1].name, "b.test", sizeof("b.test"));
    memcpy(settings.client_ca, "/ca", sizeof("/ca"));
    settings.upstreams[0].tls = true;
    settings.upstreams[1].tls = true;
    settings.upstreams[0].tls_unverified = true;
    memcpy(settings.upstreams[1].sni, "a.test", sizeof("a.test"));
    memcpy(settings.upstreams[1].ca, "/ca", sizeof("/ca"));
    memcpy(settings.upstreams[1].certificate, "/own", sizeof("/own"));
    memcpy(settings.upstreams[1].key, "/own", sizeof("/own"));
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
        cmocka_unit_test(routes_and_their_users_come_back),
        cmocka_unit_test(tls_and_names_come_back),
        cmocka_unit_test(conditions_may_be_none),
        cmocka_unit_test(a_wider_policy_without_a_buffer_comes_back_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
