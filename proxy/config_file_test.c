#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/config_rig.h"

enum { FOLDER_BYTES = 64, PATH_BYTES = 128 };

/* A folder with a configuration, and the users it may name. */
struct folder {
    char path[FOLDER_BYTES];
    char config[PATH_BYTES];
    char users[PATH_BYTES];
};

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void make_folder(struct folder *folder)
{
    memcpy(folder->path, "/tmp/config_file_test.XXXXXX", sizeof("/tmp/config_file_test.XXXXXX"));
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->config, sizeof(folder->config), "%s/conf.yaml", folder->path);
    snprintf(folder->users, sizeof(folder->users), "%s/users", folder->path);
}

/* Reads a file with this text, beside which `users` has these lines; the sentence of the mistake behind the folder, or NULL. */
static const char *load(const char *text, const char *users, struct proxy_settings *settings)
{
    static char error[SETTINGS_ERROR_BYTES];
    struct folder folder;
    bool loaded;

    make_folder(&folder);
    write_file(folder.config, text);
    if (users != NULL)
        write_file(folder.users, users);
    loaded = proxy_settings_load(settings, folder.config, error);
    unlink(folder.config);
    unlink(folder.users);
    assert_int_equal(rmdir(folder.path), 0);
    if (loaded)
        return NULL;
    assert_memory_equal(error, folder.path, strlen(folder.path));
    return error + strlen(folder.path) + 1;
}

static void a_file_says_where_to_listen_and_whom_to_ask(void **state)
{
    struct proxy_settings settings;
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    assert_null(load("listen: 127.0.0.1:8080\n"
                     "upstreams: [127.0.0.1:9001, {name: b, address: '[::1]:9002'}, here.test:80]\n"
                     "preset: {nginx: error timeout}\n",
                     NULL, &settings));
    assert_string_equal(address_format(&settings.listen, text), "127.0.0.1:8080");
    assert_int_equal(settings.upstream_count, 3);
    assert_string_equal(settings.upstreams[0].name, "127.0.0.1:9001");
    assert_string_equal(settings.upstreams[1].name, "b");
    assert_string_equal(settings.upstreams[1].host, "[::1]");
    assert_string_equal(settings.upstreams[2].host, "here.test");
    assert_int_equal(settings.upstreams[2].port, 80);
    assert_int_equal(settings.retry.retries_max, 2);
    assert_int_equal(settings.certificate_count, 0);
    assert_int_equal(settings.admin.family, 0);
    assert_int_equal(settings.nameserver.family, 0);
    assert_string_equal(settings.log, "");
}

static void a_file_has_what_a_program_opens(void **state)
{
    struct proxy_settings settings;
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    assert_null(load("listen: '[::1]:0'\nmode: forward\nadmin: 127.0.0.1:9090\n"
                     "nameserver: 127.0.0.53\nlog: /var/log/proxy.db\nlog_limit: 64MiB\n",
                     NULL, &settings));
    assert_string_equal(address_format(&settings.listen, text), "[::1]:0");
    assert_string_equal(address_format(&settings.admin, text), "127.0.0.1:9090");
    assert_string_equal(address_format(&settings.nameserver, text), "127.0.0.53:53");
    assert_string_equal(settings.log, "/var/log/proxy.db");
    assert_int_equal(settings.log_bytes_max, 64 * 1024 * 1024);
    assert_null(load("listen: 127.0.0.1:0\nmode: forward\nnameserver: '[::1]:5353'\n"
                     "log_limit: 0\n",
                     NULL, &settings));
    assert_string_equal(address_format(&settings.nameserver, text), "[::1]:5353");
    assert_int_equal(settings.log_bytes_max, 0);
}

static void only_forward_routes_need_no_upstreams(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(load("listen: 127.0.0.1:0\nmode: forward\n", NULL, &settings));
    assert_int_equal(settings.upstream_count, 0);
    assert_null(
        load("listen: 127.0.0.1:0\nroutes: [{name: out, mode: forward}]\n", NULL, &settings));
    assert_int_equal(settings.route_count, 1);
}

static void routes_name_the_upstreams_of_the_file(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(load("listen: 127.0.0.1:0\n"
                     "upstreams: [127.0.0.1:1, {name: b, address: 127.0.0.1:2}]\n"
                     "routes: [{name: x, upstreams: [b, 127.0.0.1:1]}, {name: y, upstreams: b}]\n",
                     NULL, &settings));
    assert_int_equal(settings.routes[0].upstreams, 3);
    assert_int_equal(settings.routes[1].upstreams, 2);
}

/* ---- TLS --------------------------------------------------------------------------------------------- */

static void a_path_begins_where_the_file_is(void **state)
{
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];
    char expected[PATH_BYTES * 2];
    struct folder folder;

    (void)state;
    make_folder(&folder);
    write_file(folder.config,
               "listen: 127.0.0.1:0\nmode: forward\nlog: sub/a.db\n"
               "tls: {certificate: own.pem, key: /etc/own.key, client_ca: ca.pem}\n");
    assert_true(proxy_settings_load(&settings, folder.config, error));
    unlink(folder.config);
    snprintf(expected, sizeof(expected), "%s/sub/a.db", folder.path);
    assert_string_equal(settings.log, expected);
    snprintf(expected, sizeof(expected), "%s/own.pem", folder.path);
    assert_string_equal(settings.certificates[0].certificate, expected);
    assert_string_equal(settings.certificates[0].key, "/etc/own.key");
    snprintf(expected, sizeof(expected), "%s/ca.pem", folder.path);
    assert_string_equal(settings.client_ca, expected);
    assert_int_equal(rmdir(folder.path), 0);
}

static void a_file_beside_no_folder_has_paths_as_they_are(void **state)
{
    char before[4096]; /* the longest path of the system */
    char error[SETTINGS_ERROR_BYTES];
    struct proxy_settings settings;
    struct folder folder;
    bool loaded;

    (void)state;
    make_folder(&folder);
    write_file(folder.config, "listen: 127.0.0.1:0\nmode: forward\nlog: a.db\n");
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder.path), 0);
    loaded = proxy_settings_load(&settings, "conf.yaml", error);
    assert_int_equal(chdir(before), 0);
    unlink(folder.config);
    assert_int_equal(rmdir(folder.path), 0);
    assert_true(loaded);
    assert_string_equal(settings.log, "a.db");
}

static void a_listener_has_certificates_for_several_names(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(load("listen: 127.0.0.1:0\nmode: forward\n"
                     "tls:\n  certificate: /a\n  key: /b\n  more:\n"
                     "    - {name: c.test, certificate: /c, key: /d}\n"
                     "    - {name: '*.e.test', certificate: /e, key: /f}\n",
                     NULL, &settings));
    assert_int_equal(settings.certificate_count, 3);
    assert_string_equal(settings.certificates[0].name, "");
    assert_string_equal(settings.certificates[1].name, "c.test");
    assert_string_equal(settings.certificates[2].name, "*.e.test");
    assert_string_equal(settings.certificates[2].key, "/f");
}

static void an_upstream_may_speak_tls(void **state)
{
    struct proxy_settings settings;
    const struct upstream_settings *upstreams = settings.upstreams;

    (void)state;
    assert_null(load("listen: 127.0.0.1:0\nupstreams:\n"
                     "  - {name: a, address: a.test:443, tls: true}\n"
                     "  - {name: b, address: 127.0.0.1:443, tls: {verify: false}}\n"
                     "  - name: c\n    address: 127.0.0.1:443\n"
                     "    tls: {sni: c.test, ca: /ca, certificate: /own, key: /own.key}\n"
                     "  - {name: d, address: 127.0.0.1:80, tls: false}\n",
                     NULL, &settings));
    assert_true(upstreams[0].tls);
    assert_false(upstreams[0].tls_unverified);
    assert_true(upstreams[1].tls);
    assert_true(upstreams[1].tls_unverified);
    assert_true(upstreams[2].tls);
    assert_string_equal(upstreams[2].sni, "c.test");
    assert_string_equal(upstreams[2].ca, "/ca");
    assert_string_equal(upstreams[2].certificate, "/own");
    assert_string_equal(upstreams[2].key, "/own.key");
    assert_false(upstreams[3].tls);
}

/* ---- users ------------------------------------------------------------------------------------------- */

#define WITH_USERS "listen: 127.0.0.1:0\nmode: forward\nusers_file: users\n"

static void users_stand_in_a_file_of_their_own(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(load(WITH_USERS "users: {carol: c}\nauth: [bob, carol]\n",
                     "# who may come in\n\nalice:a secret\r\nbob:with:colons", &settings));
    assert_int_equal(settings.user_count, 3);
    assert_string_equal(settings.users[0].name, "alice");
    assert_string_equal(settings.users[0].password, "a secret");
    assert_string_equal(settings.users[1].name, "bob");
    assert_string_equal(settings.users[1].password, "with:colons");
    assert_string_equal(settings.users[2].name, "carol");
    assert_int_equal(settings.users_required, 6);
}

static const struct mistake USERS_MISTAKES[] = {
    {"a line without a colon", "a:b\nsecret\n", "users:2: a line is name:password"},
    {"a line without a name", ":secret\n", "users:1: the name before the colon is empty"},
    {"a line without a password", "# c\na:\n", "users:2: the password behind the colon is empty"},
    {"a name that is too long",
     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:secret\n",
     "users:1: the name before the colon is empty or too long"},
    {"a line that is too long",
     "a:ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
     "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
     "ssssssssssssssssssssssssssssssssssss\n",
     "users:1: the line is too long"},
    {"a user who is there twice", "a:secret\na:other\n", "users: 'a' is there twice"},
    {"a control character", "a:secret\x01\n", "the password of 'a' has a control character"},
};

/* What is wrong is told without a word of any password. */
static void users_are_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct proxy_settings settings;
    const char *sentence = load(WITH_USERS "auth: all\n", mistake->text, &settings);

    assert_non_null(sentence);
    assert_null(strstr(sentence, "secret"));
    assert_null(strstr(sentence, "sss"));
    if (strstr(sentence, mistake->sentence) == NULL)
        fail_msg("%s", sentence);
}

static void there_is_room_for_so_many_users(void **state)
{
    char text[(USERS_MAX + 1) * 16];
    struct proxy_settings settings;
    size_t size = 0;

    (void)state;
    for (unsigned i = 0; i < USERS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "user%u:p\n", i);
    assert_null(load(WITH_USERS "auth: all\n", text, &settings));
    assert_int_equal(settings.user_count, USERS_MAX);
    assert_true(settings.users_required == UINT64_MAX);
    snprintf(text + size, sizeof(text) - size, "one:more\n");
    assert_non_null(strstr(load(WITH_USERS "auth: all\n", text, &settings),
                           "users:65: there are more users than there is room for"));
    text[size] = '\0';
    assert_non_null(
        strstr(load(WITH_USERS "auth: all\nusers: {one: more}\n", text, &settings), "at most 64"));
}

/* ---- mistakes ---------------------------------------------------------------------------------------- */

#define LISTEN "listen: 127.0.0.1:0\n"

static const struct mistake MISTAKES[] = {
    {"a file is a map", "[1]", "conf.yaml:1:1: a configuration is a map"},
    {"a file says where to listen", "upstreams: [127.0.0.1:1]", "has `listen`"},
    {"a file says whom to ask", "listen: 127.0.0.1:0", "has `upstreams`"},
    {"unless it forwards everything",
     LISTEN "routes: [{name: a, mode: forward}, {name: b, mode: reverse}]", "has `upstreams`"},
    {"listen is an address", "listen: here\nupstreams: [127.0.0.1:1]",
     ":1:9: 'here' is not an address and a port"},
    {"upstreams are some", LISTEN "upstreams: []", ":2:12: upstreams is a list"},
    {"an upstream has a port", LISTEN "upstreams: [here]", ":2:13: 'here' is not host:port"},
    {"an upstream has a name and an address", LISTEN "upstreams: [{name: b}]",
     ":2:13: an upstream has a name and an address"},
    {"an upstream is no list", LISTEN "upstreams: [[b]]", ":2:13: an upstream is host:port"},
    {"two upstreams have two names", LISTEN "upstreams: [127.0.0.1:1, 127.0.0.1:1]",
     ":2:26: two upstreams have the name '127.0.0.1:1'"},
    {"a key of the proxy is told in its line", LISTEN "upstreams: [127.0.0.1:1]\ndedline: 5s",
     ":3:1: proxy has no key 'dedline'; did you mean 'deadline'"},
    {"a key of the file has a nearest one too", LISTEN "upstream: [127.0.0.1:1]",
     ":2:1: proxy has no key 'upstream'; did you mean 'upstreams'"},
    {"a route names an upstream of the file",
     LISTEN "upstreams: [{name: shop, address: 127.0.0.1:1}]\nroutes: [{name: a, upstreams: shp}]",
     ":3:31: an upstream of a route cannot be 'shp'; did you mean 'shop'"},
    {"a route names none where there are none",
     LISTEN "routes: [{name: a, mode: forward, upstreams: [b]}]",
     ":2:46: a route names upstreams, but there are none"},

    {"tls of an upstream has its keys", LISTEN "upstreams: [{name: a, address: a:1, tls: {cn: a}}]",
     ":2:43: tls of an upstream has no key 'cn'"},
    {"tls of an upstream is true or a map", LISTEN "upstreams: [{name: a, address: a:1, tls: on}]",
     ":2:42: tls must be true or false"},
    {"an upstream's certificate has a key",
     LISTEN "upstreams: [{name: a, address: a:1, tls: {certificate: /c}}]",
     ":2:13: upstream a: a certificate needs its key"},
    {"an upstream's key has a certificate",
     LISTEN "upstreams: [{name: a, address: a:1, tls: {key: /k}}]",
     ":2:13: upstream a: a key needs its certificate"},
    {"whoever trusts everybody trusts nobody in particular",
     LISTEN "upstreams: [{name: a, address: a:1, tls: {verify: false, ca: /c}}]",
     "upstream a: ca contradicts verify: false"},
    {"a server name is one", LISTEN "upstreams: [{name: a, address: a:1, tls: {sni: 'a b'}}]",
     "upstream a: sni 'a b' is neither a name nor an address"},

    {"a listener's certificate has a key", LISTEN "mode: forward\ntls: {certificate: /c}",
     ":3:6: tls has a certificate and its key"},
    {"a client_ca is for a listener with a certificate",
     LISTEN "mode: forward\ntls: {client_ca: /c}", ":3:6: tls has a certificate and its key"},
    {"tls of the listener has its keys",
     LISTEN "mode: forward\ntls: {certificate: /c, key: /k, ca: /d}", ":3:33: tls has no key 'ca'"},
    {"tls of the listener is a map", LISTEN "mode: forward\ntls: true", ":3:6: tls must be a map"},
    {"more certificates are a list",
     LISTEN "mode: forward\ntls: {certificate: /c, key: /k, more: /d}",
     ":3:39: more is a list of certificates"},
    {"a further certificate has a name",
     LISTEN "mode: forward\ntls: {certificate: /c, key: /k, more: [{certificate: /d, key: /e}]}",
     ":3:40: a further certificate has the name it is for"},
    {"and its key",
     LISTEN "mode: forward\ntls: {certificate: /c, key: /k, more: [{name: a, certificate: /d}]}",
     ":3:40: tls has a certificate and its key"},
    {"and one of its own",
     LISTEN "mode: forward\ntls: {certificate: /c, key: /k, more: "
            "[{name: a, certificate: /d, key: /e}, {name: a, certificate: /f, key: /g}]}",
     ":3:87: tls: two certificates are for 'a'"},
    {"that is a server name",
     LISTEN "mode: forward\ntls: {certificate: /c, key: /k, more: "
            "[{name: a.*, certificate: /d, key: /e}]}",
     "is for no server name"},

    {"an admin listener is an address", LISTEN "mode: forward\nadmin: 9090",
     ":3:8: '9090' is not an address and a port"},
    {"a nameserver is an address", LISTEN "mode: forward\nnameserver: dns.test",
     ":3:13: 'dns.test' is not an address, like 127.0.0.1, 127.0.0.1:8080 or [::1]:8080"},
    {"a nameserver has a port that somebody can have",
     LISTEN "mode: forward\nnameserver: 127.0.0.1:0",
     ":3:1: nameserver is not an address and a port"},
    {"a log has a path", LISTEN "mode: forward\nlog: ''", ":3:6: a file's path has 1 to"},
    {"a log's limit is some rows", LISTEN "mode: forward\nlog_limit: 65535",
     ":3:12: log_limit is at least 65536 bytes, or 0"},
    {"users are in a file that is there", LISTEN "mode: forward\nusers_file: none",
     "none cannot be read: No such file"},
};

static void a_file_is_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct proxy_settings settings;
    const char *sentence = load(mistake->text, NULL, &settings);

    assert_non_null(sentence);
    if (strstr(sentence, mistake->sentence) == NULL)
        fail_msg("%s", sentence);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];

    (void)state;
    assert_false(proxy_settings_load(&settings, "/nowhere/at.all", error));
    assert_non_null(strstr(error, "/nowhere/at.all"));
}

static void a_path_has_a_limit(void **state)
{
    char text[SETTINGS_PATH_BYTES + 64];
    char path[SETTINGS_PATH_BYTES];
    struct proxy_settings settings;

    (void)state;
    memset(path, 'p', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    snprintf(text, sizeof(text), LISTEN "mode: forward\nlog: %s\n", path);
    assert_null(load(text, NULL, &settings));
    assert_string_equal(settings.log, path);
    path[0] = 'p'; /* the folder stands before it */
    snprintf(text, sizeof(text), LISTEN "mode: forward\nlog: %s\n", path);
    assert_non_null(strstr(load(text, NULL, &settings), ":3:6: the path of the file has more"));
}

/* What the caller knows better than the defaults stands where neither the file nor its preset says it. */
static void defaults_may_be_others(void **state)
{
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];
    struct folder folder;

    (void)state;
    make_folder(&folder);
    write_file(folder.config, LISTEN "upstreams: [127.0.0.1:1]\nroutes: "
                                     "[{name: a}, {name: b, max_retries: 1}, "
                                     "{name: c, preset: haproxy}]\n");
    proxy_settings_init(&settings);
    settings.retry.retries_max = 7;
    assert_true(proxy_config_load(&settings, folder.config, error));
    unlink(folder.config);
    assert_int_equal(rmdir(folder.path), 0);
    assert_int_equal(settings.retry.retries_max, 7);
    assert_int_equal(settings.routes[0].retry.retries_max, 7);
    assert_int_equal(settings.routes[1].retry.retries_max, 1);
    assert_int_equal(settings.routes[2].retry.retries_max, 3);
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(a_file_says_where_to_listen_and_whom_to_ask),
        cmocka_unit_test(a_file_has_what_a_program_opens),
        cmocka_unit_test(only_forward_routes_need_no_upstreams),
        cmocka_unit_test(routes_name_the_upstreams_of_the_file),
        cmocka_unit_test(a_path_begins_where_the_file_is),
        cmocka_unit_test(a_file_beside_no_folder_has_paths_as_they_are),
        cmocka_unit_test(a_listener_has_certificates_for_several_names),
        cmocka_unit_test(an_upstream_may_speak_tls),
        cmocka_unit_test(users_stand_in_a_file_of_their_own),
        cmocka_unit_test(there_is_room_for_so_many_users),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(a_path_has_a_limit),
        cmocka_unit_test(defaults_may_be_others),
    };
    struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(USERS_MISTAKES) + COUNT_OF(MISTAKES)];
    size_t count = COUNT_OF(single);

    memcpy(tests, single, sizeof(single));
    for (size_t i = 0; i < COUNT_OF(USERS_MISTAKES); i++)
        tests[count++] =
            (struct CMUnitTest){.name = USERS_MISTAKES[i].name,
                                .test_func = users_are_refused,
                                .initial_state = (void *)(uintptr_t)&USERS_MISTAKES[i]};
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        tests[count++] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                             .test_func = a_file_is_refused,
                                             .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
