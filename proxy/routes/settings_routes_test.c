#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "retryproof/settings.h"

/* What a C caller may fill in: settings with two upstreams, two users and a route, all of them fine. */
static void make_settings(struct proxy_settings *settings)
{
    proxy_settings_init(settings);
    assert_true(proxy_settings_add_upstream(settings, "127.0.0.1:1"));
    assert_true(proxy_settings_add_upstream(settings, "127.0.0.1:2"));
    settings->users[0] = (struct user_settings){"eve", "e"};
    settings->users[1] = (struct user_settings){"tom", "t"};
    settings->user_count = 2;
    settings->routes[0] = (struct route_settings){.name = "x", .upstreams = 3, .users = 3};
    settings->route_count = 1;
}

#define FILL(array)      memset(array, 'a', sizeof(array))
#define SET(array, text) memcpy(array, text, sizeof(text))

/* One thing is made wrong; sentence NULL: it is not wrong. */
struct row {
    const char *name;
    void (*spoil)(struct proxy_settings *settings);
    const char *sentence;
};

static void nothing(struct proxy_settings *settings)
{
    (void)settings;
}

static void route_count(struct proxy_settings *settings)
{
    settings->route_count = ROUTES_MAX + 1;
}

static void user_count(struct proxy_settings *settings)
{
    settings->user_count = USERS_MAX + 1;
}

static void certificate_count(struct proxy_settings *settings)
{
    settings->certificate_count = CERTIFICATES_MAX + 1;
}

static void name_without_end(struct proxy_settings *settings)
{
    FILL(settings->routes[0].name);
}

static void name_with_slash(struct proxy_settings *settings)
{
    SET(settings->routes[0].name, "a/b");
}

static void same_name(struct proxy_settings *settings)
{
    settings->routes[settings->route_count++] = settings->routes[0];
}

static void host_without_end(struct proxy_settings *settings)
{
    FILL(settings->routes[0].host);
}

static void host_in_brackets(struct proxy_settings *settings)
{
    SET(settings->routes[0].host, "[::1]");
}

static void host_of_ipv6(struct proxy_settings *settings)
{
    SET(settings->routes[0].host, "::1");
}

static void path_without_end(struct proxy_settings *settings)
{
    FILL(settings->routes[0].path);
}

static void path_without_slash(struct proxy_settings *settings)
{
    SET(settings->routes[0].path, "a");
}

static void unknown_mode(struct proxy_settings *settings)
{
    settings->routes[0].mode = MODE_FORWARD + 1;
}

static void unknown_select(struct proxy_settings *settings)
{
    settings->routes[0].select = SELECT_LEAST_CONNECTIONS + 1;
}

static void unknown_upstream(struct proxy_settings *settings)
{
    settings->routes[0].upstreams = 4;
}

static void no_upstream(struct proxy_settings *settings)
{
    settings->routes[0].upstreams = 0;
}

static void no_upstream_at_all(struct proxy_settings *settings)
{
    settings->routes[0].upstreams = 0;
    settings->upstream_count = 0;
}

static void forward_with_upstreams(struct proxy_settings *settings)
{
    settings->routes[0].mode = MODE_FORWARD;
}

static void unknown_user(struct proxy_settings *settings)
{
    settings->routes[0].users = 4;
}

static void all_users(struct proxy_settings *settings)
{
    for (size_t i = 0; i < USERS_MAX; i++) {
        snprintf(settings->users[i].name, sizeof(settings->users[i].name), "u%zu", i);
        SET(settings->users[i].password, "p");
    }
    settings->user_count = USERS_MAX;
    settings->routes[0].users = UINT64_MAX;
}

static void unknown_user_of_all(struct proxy_settings *settings)
{
    settings->users_required = 4;
}

static void many_ranges(struct proxy_settings *settings)
{
    settings->routes[0].allow_count = ROUTE_ALLOW_MAX + 1;
}

static void range_of_nothing(struct proxy_settings *settings)
{
    settings->routes[0].allow_count = 1;
}

static void range_of_ipv4(struct proxy_settings *settings)
{
    settings->routes[0].allow[0] = (struct address_range){{.family = 4}, 33};
    settings->routes[0].allow_count = 1;
}

static void range_of_ipv6(struct proxy_settings *settings)
{
    settings->routes[0].allow[0] = (struct address_range){{.family = 6}, 129};
    settings->routes[0].allow_count = 1;
}

static void narrowest_ranges(struct proxy_settings *settings)
{
    settings->routes[0].allow[0] = (struct address_range){{.family = 4}, 32};
    settings->routes[0].allow[1] = (struct address_range){{.family = 6}, 128};
    settings->routes[0].allow_count = 2;
}

static void contradiction(struct proxy_settings *settings)
{
    settings->routes[0].retry.on_reused = true;
}

static void many_retries(struct proxy_settings *settings)
{
    settings->routes[0].retry.retries_max = RETRIES_MAX + 1;
}

static void long_deadline(struct proxy_settings *settings)
{
    settings->routes[0].retry.deadline_ns = TIME_NEVER;
}

static void user_without_name(struct proxy_settings *settings)
{
    settings->users[1].name[0] = '\0';
}

static void user_without_end(struct proxy_settings *settings)
{
    FILL(settings->users[1].name);
}

static void user_with_colon(struct proxy_settings *settings)
{
    SET(settings->users[1].name, "a:b");
}

static void user_with_control(struct proxy_settings *settings)
{
    SET(settings->users[1].name, "a\nb");
}

static void user_of_umlauts(struct proxy_settings *settings)
{
    SET(settings->users[1].name, "j\xc3\xbcrgen");
}

static void password_empty(struct proxy_settings *settings)
{
    settings->users[1].password[0] = '\0';
}

static void password_without_end(struct proxy_settings *settings)
{
    FILL(settings->users[1].password);
}

static void password_with_control(struct proxy_settings *settings)
{
    SET(settings->users[1].password, "\x7f");
}

static void same_user(struct proxy_settings *settings)
{
    settings->users[1] = settings->users[0];
}

static void realm_with_quote(struct proxy_settings *settings)
{
    SET(settings->realm, "a\"b");
}

static void realm_without_end(struct proxy_settings *settings)
{
    FILL(settings->realm);
}

static void status_of_realm(struct proxy_settings *settings)
{
    settings->auth_failed_status = 401;
}

static void long_handshake(struct proxy_settings *settings)
{
    settings->handshake_timeout_ns = TIME_NEVER;
}

static void admin_of_nothing(struct proxy_settings *settings)
{
    settings->admin.family = 5;
}

static void nameserver_without_port(struct proxy_settings *settings)
{
    settings->nameserver = address_loopback(0);
}

static void log_without_end(struct proxy_settings *settings)
{
    FILL(settings->log);
}

static void tls_without_tls(struct proxy_settings *settings)
{
    SET(settings->upstreams[1].ca, "/ca");
}

static void unverified_without_tls(struct proxy_settings *settings)
{
    settings->upstreams[1].tls_unverified = true;
}

static void sni_without_end(struct proxy_settings *settings)
{
    settings->upstreams[1].tls = true;
    FILL(settings->upstreams[1].sni);
}

static void certificate_alone(struct proxy_settings *settings)
{
    settings->certificate_count = 1;
    SET(settings->certificates[0].certificate, "/c");
}

static void key_alone(struct proxy_settings *settings)
{
    settings->certificate_count = 1;
    SET(settings->certificates[0].key, "/k");
}

static void first_certificate(struct proxy_settings *settings)
{
    certificate_alone(settings);
    SET(settings->certificates[0].key, "/k");
}

static void second_without_name(struct proxy_settings *settings)
{
    first_certificate(settings);
    settings->certificates[settings->certificate_count++] = settings->certificates[0];
}

static void client_ca_alone(struct proxy_settings *settings)
{
    SET(settings->client_ca, "/ca");
}

static void client_ca_without_end(struct proxy_settings *settings)
{
    FILL(settings->client_ca);
}

static const struct row ROWS[] = {
    {"a route is fine", nothing, NULL},
    {"there are so many routes", route_count, "the number of routes is 33"},
    {"and so many users", user_count, "the number of users is 65"},
    {"and so many certificates", certificate_count, "the number of certificates is 9"},
    {"a name ends", name_without_end, "the name of a route has 1 to 63"},
    {"a name is a part of a path", name_with_slash, "the name of a route has 1 to 63"},
    {"two routes have two names", same_name, "two routes have the name x"},
    {"a host ends", host_without_end, "route x: its host does not end"},
    {"a host has no brackets", host_in_brackets, "route x: host '[::1]' is neither"},
    {"a host may be an IPv6 address", host_of_ipv6, NULL},
    {"a path ends", path_without_end, "route x: its path does not end"},
    {"a path begins with a slash", path_without_slash, "route x: path 'a' does not begin"},
    {"a mode is one of two", unknown_mode, "route x: mode is none"},
    {"a selection is one of three", unknown_select, "route x: select is none"},
    {"an upstream is there", unknown_upstream, "route x: upstreams has a bit past the last of 2"},
    {"a reverse route has one", no_upstream, "route x: it has none of the upstreams"},
    {"unless a hook names it", no_upstream_at_all, NULL},
    {"a forward route has none", forward_with_upstreams, "route x: upstreams are not for"},
    {"a user is there", unknown_user, "route x: auth has a bit past the last of 2 users"},
    {"all bits may be users", all_users, NULL},
    {"the whole has known users too", unknown_user_of_all, "auth has a bit past the last"},
    {"there are so many ranges", many_ranges, "route x: allow has more than 16"},
    {"a range is of addresses", range_of_nothing, "route x: allow has a range that is not"},
    {"an IPv4 range has 32 bits", range_of_ipv4, "route x: allow has a range of 33 bits"},
    {"an IPv6 range has 128", range_of_ipv6, "route x: allow has a range of 129 bits"},
    {"and may have all of them", narrowest_ranges, NULL},
    {"a route's policy holds", contradiction, "route x: retry_on_reused contradicts policy"},
    {"a route's numbers have limits", many_retries, "route x: max_retries is 101"},
    {"and its times", long_deadline, "route x: deadline is longer than"},
    {"a user has a name", user_without_name, "one of the users has no name"},
    {"that ends", user_without_end, "one of the users has no name"},
    {"and has no colon", user_with_colon, "users: the name 'a:b' has a colon"},
    {"nor a control character", user_with_control, "has a colon or a control character"},
    {"but any letters", user_of_umlauts, NULL},
    {"a password is not empty", password_empty, "users: the password of 'tom' has not 1 to 127"},
    {"and ends", password_without_end, "users: the password of 'tom' has not 1 to 127"},
    {"and has no control character", password_with_control, "the password of 'tom' has a control"},
    {"a user is there once", same_user, "users: 'eve' is there twice"},
    {"a realm stands between quotes", realm_with_quote, "realm is 1 to 63"},
    {"and ends", realm_without_end, "realm is 1 to 63"},
    {"wrong credentials have one of two statuses", status_of_realm, "auth_failed_status is 403"},
    {"a handshake ends within a year", long_handshake, "handshake_timeout is longer"},
    {"an admin listener has an address", admin_of_nothing, "admin is not an address"},
    {"a nameserver has a port", nameserver_without_port, "nameserver is not an address and a port"},
    {"the path of a log ends", log_without_end, "the path of the log does not end"},
    {"a ca is for TLS", tls_without_tls, "upstream 127.0.0.1:2: ca needs tls"},
    {"so is trust in everybody", unverified_without_tls, "upstream 127.0.0.1:2: verify needs tls"},
    {"a server name ends", sni_without_end, "upstream 127.0.0.1:2: its sni does not end"},
    {"a certificate has a key", certificate_alone, "tls has a certificate without its key: /c"},
    {"a key has a certificate", key_alone, "tls has a key without its certificate"},
    {"the first certificate is for everybody", first_certificate, NULL},
    {"the second has a name", second_without_name, "tls: the certificate /c is for no server name"},
    {"clients show theirs to one", client_ca_alone, "client_ca needs a certificate"},
    {"the path of a client_ca ends", client_ca_without_end, "the path of client_ca does not end"},
};

static void is_judged(void **state)
{
    const struct row *row = *state;
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];
    bool fine;

    make_settings(&settings);
    row->spoil(&settings);
    fine = proxy_settings_check(&settings, error);
    assert_int_equal(fine, row->sentence == NULL);
    if (!fine && strstr(error, row->sentence) == NULL)
        fail_msg("'%s' does not say '%s'", error, row->sentence);
}

/* The longest name that is none any more, with the longest sentence behind it, still fits. */
static void a_sentence_is_cut_and_ends(void **state)
{
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];

    (void)state;
    make_settings(&settings);
    memset(settings.routes[0].name, 'n', ROUTE_NAME_BYTES - 1);
    memset(settings.routes[0].host, '/', HOST_BYTES - 1);
    assert_false(proxy_settings_check(&settings, error));
    assert_non_null(memchr(error, '\0', sizeof(error)));
}

int main(void)
{
    static const struct CMUnitTest others[] = {cmocka_unit_test(a_sentence_is_cut_and_ends)};
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_judged,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
