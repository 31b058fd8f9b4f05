#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/config_rig.h"

/* Three upstreams, a, b and c, whose addresses come later, as in a scenario. */
static const char *read_map(const char *text, struct proxy_settings *settings)
{
    static const char *const names[] = {"a", "b", "c"};

    proxy_settings_init(settings);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_true(proxy_config_add_upstream(settings, names[i]));
    return read_keys_into(text, settings);
}

static void every_key_of_a_route_is_read(void **state)
{
    struct proxy_settings settings;
    const struct route_settings *route = &settings.routes[0];

    (void)state;
    assert_null(read_map("{users: {eve: e, tom: t}, routes: [{name: api.v1, host: Shop.test,"
                         " path: /api/v1, mode: reverse, upstreams: [c, a], select: round-robin,"
                         " allow: ['10.0.0.0/8', '::1'], auth: tom, policy: idempotent,"
                         " max_retries: 4, deadline: 9s}]}",
                         &settings));
    assert_int_equal(settings.route_count, 1);
    assert_string_equal(route->name, "api.v1");
    assert_string_equal(route->host, "Shop.test");
    assert_string_equal(route->path, "/api/v1");
    assert_int_equal(route->mode, MODE_REVERSE);
    assert_int_equal(route->upstreams, 5);
    assert_int_equal(route->select, SELECT_ROUND_ROBIN);
    assert_int_equal(route->allow_count, 2);
    assert_int_equal(route->allow[0].bits, 8);
    assert_int_equal(route->allow[1].bits, 128);
    assert_int_equal(route->users, 2);
    assert_int_equal(route->retry.policy, RETRY_IDEMPOTENT);
    assert_int_equal(route->retry.replay_bytes, REPLAY_BYTES_DEFAULT);
    assert_int_equal(route->retry.retries_max, 4);
    assert_int_equal(route->retry.deadline_ns, 9 * NS_PER_S);
}

static void without_routes_there_is_one(void **state)
{
    struct proxy_settings settings;
    struct route_settings route;

    (void)state;
    assert_null(read_map("{users: {eve: e}, auth: all, allow: any, select: least-connections,"
                         " max_retries: 2}",
                         &settings));
    assert_int_equal(settings.route_count, 0);
    proxy_settings_route(&settings, 0, &route);
    assert_string_equal(route.name, "default");
    assert_int_equal(route.users, 1);
    assert_int_equal(route.allow_count, 2);
    assert_int_equal(route.select, SELECT_LEAST_CONNECTIONS);
    assert_int_equal(route.retry.retries_max, 2);
    assert_int_equal(route.upstreams, 7);
    assert_null(read_map("mode: forward", &settings));
    proxy_settings_route(&settings, 0, &route);
    assert_int_equal(route.mode, MODE_FORWARD);
    assert_int_equal(route.upstreams, 0);
}

static void a_route_takes_over_what_it_does_not_say(void **state)
{
    struct proxy_settings settings;
    const struct route_settings *same = &settings.routes[0];
    const struct route_settings *other = &settings.routes[1];

    (void)state;
    assert_null(read_map("{users: {eve: e, tom: t}, auth: [eve], allow: 10.0.0.0/8,"
                         " mode: forward, select: round-robin, policy: idempotent,"
                         " retry_on_status: 503, per_try_timeout: 2s, max_retries: 3, routes: ["
                         "{name: same}, {name: other, mode: reverse, select: first, auth: none,"
                         " allow: '::1', max_retries: 0, per_try_timeout: 1s}]}",
                         &settings));
    assert_int_equal(same->mode, MODE_FORWARD);
    assert_int_equal(same->upstreams, 0);
    assert_int_equal(same->select, SELECT_ROUND_ROBIN);
    assert_int_equal(same->users, 1);
    assert_int_equal(same->allow_count, 1);
    assert_int_equal(same->allow[0].address.family, 4);
    assert_memory_equal(&same->retry, &settings.retry, sizeof(same->retry));
    assert_int_equal(same->retry.retries_max, 3);
    assert_int_equal(other->mode, MODE_REVERSE);
    assert_int_equal(other->upstreams, 7);
    assert_int_equal(other->select, SELECT_FIRST);
    assert_int_equal(other->users, 0);
    assert_int_equal(other->allow_count, 1);
    assert_int_equal(other->allow[0].address.family, 6);
    assert_int_equal(other->retry.policy, RETRY_IDEMPOTENT);
    assert_int_equal(other->retry.retries_max, 0);
    assert_int_equal(other->retry.per_try_timeout_ns, NS_PER_S);
    assert_int_equal(settings.mode, MODE_FORWARD);
}

/* What follows for the first route of a map. */
struct outcome {
    const char *name;
    const char *text;
    enum retry_policy policy;
    unsigned conditions; /* with retry_on_reused */
    bool statuses;
    size_t replay_bytes;
    unsigned retries_max;
};

static const struct outcome OUTCOMES[] = {
    {"a policy of its own forgets what the other one was to retry",
     "{policy: idempotent, retry_on_status: 503, retry_on_reused: true, retry_non_idempotent: true,"
     " max_retries: 5, routes: [{name: r, policy: at-most-once}]}",
     RETRY_AT_MOST_ONCE, RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT),
     false, 0, 5},
    {"and so do conditions", "{preset: pingora, routes: [{name: r, retry_on: connect-failure}]}",
     RETRY_CONDITIONS, RETRY_ON(CONNECT_FAILURE), false, 0, 15},
    {"and a preset",
     "{policy: idempotent, retry_on_status: 503, routes: [{name: r, preset: resin}]}",
     RETRY_AT_MOST_ONCE, RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT),
     false, 0, 1},
    {"statuses of its own do not", "{retry_on: [reset], routes: [{name: r, retry_on_status: 503}]}",
     RETRY_CONDITIONS, RETRY_ON(RESET), true, REPLAY_BYTES_DEFAULT, 1},
    {"nginx tries each upstream of the route once",
     "{routes: [{name: r, preset: {nginx: timeout}, upstreams: [a, c]}]}", RETRY_CONDITIONS,
     RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT), false, REPLAY_BYTES_MAX, 1},
    {"all of them, where it names none", "{routes: [{name: r, preset: {nginx: timeout}}]}",
     RETRY_CONDITIONS, RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT), false,
     REPLAY_BYTES_MAX, 2},
    {"also where all routes are to be like nginx",
     "{preset: {nginx: timeout}, routes: [{name: r, upstreams: b}]}", RETRY_CONDITIONS,
     RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT), false, REPLAY_BYTES_MAX, 0},
    {"unless somebody says how often",
     "{preset: {nginx: timeout}, max_retries: 4, routes: [{name: r, upstreams: b}]}",
     RETRY_CONDITIONS, RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT), false,
     REPLAY_BYTES_MAX, 4},
    {"or the route itself",
     "{preset: {nginx: timeout}, routes: [{name: r, upstreams: b, max_retries: 6}]}",
     RETRY_CONDITIONS, RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(RESPONSE_TIMEOUT), false,
     REPLAY_BYTES_MAX, 6},
};

static void has_its_outcome(void **state)
{
    const struct outcome *outcome = *state;
    struct proxy_settings settings;
    const struct retry_settings *retry = &settings.routes[0].retry;

    assert_null(read_map(outcome->text, &settings));
    assert_int_equal(retry->policy, outcome->policy);
    assert_int_equal(retry_conditions(retry), outcome->conditions);
    assert_int_equal(status_set_has(&retry->on_status, 503), outcome->statuses);
    assert_int_equal(retry->replay_bytes, outcome->replay_bytes);
    assert_int_equal(retry->retries_max, outcome->retries_max);
}

static void a_host_has_no_brackets(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_map("routes: [{name: x, host: '[::1]'}, {name: y, host: '::1'},"
                         " {name: z, host: 127.0.0.1}]",
                         &settings));
    assert_string_equal(settings.routes[0].host, "::1");
    assert_string_equal(settings.routes[1].host, "::1");
    assert_string_equal(settings.routes[2].host, "127.0.0.1");
}

static void one_word_stands_for_a_list(void **state)
{
    struct proxy_settings settings;

    (void)state;
    assert_null(read_map("{users: {eve: e, all: a}, auth: [all], routes: [{name: x, auth: all,"
                         " upstreams: b, allow: any}]}",
                         &settings));
    assert_int_equal(settings.users_required, 2); /* within a list it is a name */
    assert_int_equal(settings.routes[0].users, 3);
    assert_int_equal(settings.routes[0].upstreams, 2);
    assert_int_equal(settings.routes[0].allow_count, 2);
}

/* ---- mistakes ---------------------------------------------------------------------------------------- */

static const struct mistake MISTAKES[] = {
    {"routes are a list", "routes: {name: x}", "1:9: routes is a list of 1 to 32 routes"},
    {"routes are some", "routes: []", "1:9: routes is a list of 1 to 32 routes"},
    {"a route is a map", "routes: [x]", "1:10: a route is a map"},
    {"a route has a name", "routes: [{path: /x}]", "1:10: a route has a name"},
    {"a name is a word", "routes: [{name: 'a b'}]", "1:11: the name of a route has 1 to 63"},
    {"a name is not empty", "routes: [{name: ''}]", "1:17: the name of a route has 1 to 63"},
    {"two routes have two names", "routes: [{name: x}, {name: x}]",
     "1:22: two routes have the name x"},
    {"a key of a route has a nearest one", "routes: [{name: x, paht: /}]",
     "1:20: a route has no key 'paht'; did you mean 'path'"},
    {"keys of the whole are not those of a route", "routes: [{name: x, window: 2KiB}]",
     "1:20: a route has no key 'window'"},
    {"a host is one", "routes: [{name: x, host: 'a:80'}]",
     "1:20: route x: host 'a:80' is neither a name nor an address"},
    {"a path begins with a slash", "routes: [{name: x, path: v1}]",
     "1:20: route x: path 'v1' does not begin with a slash"},
    {"a path has no query", "routes: [{name: x, path: '/a?b'}]", "1:20: route x: path '/a?b'"},
    {"nor a fragment", "routes: [{name: x, path: '/a#b'}]", "1:20: route x: path '/a#b'"},
    {"nor a blank", "routes: [{name: x, path: '/a b'}]", "1:20: route x: path '/a b'"},
    {"a mode is one of two", "routes: [{name: x, mode: connect}]",
     "1:26: mode cannot be 'connect'"},
    {"a route has upstreams that are there", "routes: [{name: x, upstreams: [d]}]",
     "1:32: an upstream of a route cannot be 'd'"},
    {"a reverse route has an upstream", "routes: [{name: x, upstreams: []}]",
     "1:31: upstreams of a route is a list of at least one name"},
    {"a forward route has none", "routes: [{name: x, mode: forward, upstreams: a}]",
     "1:35: route x: upstreams are not for mode: forward"},
    {"a contradiction is told at its key, whatever the route is called",
     "routes: [{name: mode-x, mode: reverse, retry_on_status: 503}]",
     "1:40: route mode-x: retry_on_status contradicts policy: at-most-once"},
    {"also against a policy of the whole", "{routes: [{name: x, retry_on_reused: true}]}",
     "1:21: route x: retry_on_reused contradicts policy: at-most-once"},
    {"and one of the whole at its own", "{retry_on_status: 503, routes: [{name: x}]}",
     "1:2: retry_on_status contradicts policy"},
    {"a preset and a policy", "routes: [{name: x, preset: nginx, policy: idempotent}]",
     "1:35: policy contradicts preset"},
    {"a number of a route has its limit", "routes: [{name: x, max_retries: 101}]",
     "1:33: max_retries must be between 0 and 100"},

    {"a range is one", "allow: [10.0.0.0/33]", "1:9: allow takes ranges of addresses"},
    {"a name is no range", "allow: localhost", "not 'localhost'"},
    {"ranges are some", "allow: []", "1:8: allow is a list of at least one range"},
    {"there is room for so many ranges", "allow: [any, any, any, any, any, any, any, any, '::1']",
     "1:49: allow takes at most 16"},

    {"auth names users that are there", "{users: {eve: e}, auth: [evi]}",
     "1:26: a user in auth cannot be 'evi'; did you mean 'eve'"},
    {"auth needs users", "auth: all", "1:7: auth asks for users, but there are no users"},
    {"also by name", "auth: eve", "1:7: auth names a user, but there are no users"},
    {"auth is not empty", "{users: {eve: e}, auth: []}",
     "1:25: auth is a list of users, all of them, or none"},
    {"users of whom nobody is asked", "{users: {eve: e}}",
     "1:2: there are users, but nobody is asked: say auth: all, or auth: none"},
    {"also beside routes", "{users: {eve: e}, routes: [{name: x}]}", "nobody is asked"},
    {"users are a map", "{users: [eve], auth: all}", "1:9: users is a map from names to passwords"},
    {"a password is not empty", "{users: {eve: ''}, auth: all}",
     "1:15: a password has 1 to 127 characters, not 0"},
    {"a name has no colon", "{users: {'e:ve': x}, auth: all}",
     "1:2: users: the name 'e:ve' has a colon"},
    {"a password is text", "{users: {eve: [x]}, auth: all}", "1:15: a password must be text"},
};

static void is_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct proxy_settings settings;

    assert_mistake(read_map(mistake->text, &settings), mistake);
}

static void there_is_room_for_so_many_routes(void **state)
{
    char text[ROUTES_MAX * 16 + 64];
    struct proxy_settings settings;
    size_t size = (size_t)snprintf(text, sizeof(text), "routes: [");

    (void)state;
    for (unsigned i = 0; i < ROUTES_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "{name: r%u},", i);
    snprintf(text + size, sizeof(text) - size, "]");
    assert_null(read_map(text, &settings));
    assert_int_equal(settings.route_count, ROUTES_MAX);
    snprintf(text + size, sizeof(text) - size, "{name: more}]");
    assert_non_null(strstr(read_map(text, &settings), "routes is a list of 1 to 32"));
}

static void there_is_room_for_so_many_upstreams(void **state)
{
    struct proxy_settings settings;
    char name[UPSTREAM_NAME_BYTES + 1];

    (void)state;
    proxy_settings_init(&settings);
    memset(name, 'n', sizeof(name));
    name[UPSTREAM_NAME_BYTES] = '\0';
    assert_false(proxy_config_add_upstream(&settings, ""));
    assert_false(proxy_config_add_upstream(&settings, name));
    assert_true(proxy_config_add_upstream(&settings, name + 1));
    while (settings.upstream_count < UPSTREAMS_MAX)
        assert_true(proxy_config_add_upstream(&settings, "n"));
    assert_false(proxy_config_add_upstream(&settings, "n"));
}

/* ---- one route, changed ---------------------------------------------------------------------------- */

/* Reads a change to the first route of settings; the sentence of the mistake, or NULL. */
static const char *change(const char *text, const struct proxy_settings *settings,
                          struct route_settings *route)
{
    static struct yaml_error error;
    struct region region;
    struct yaml_node *root;
    bool read;

    *route = settings->routes[0];
    region_init(&region, CONFIG_RIG_REGION_BYTES);
    root = yaml_parse(&region, "test.yaml", text, strlen(text), &error);
    read = root != NULL && proxy_config_read_route(root, settings, route, &error);
    region_release(&region);
    return read ? NULL : error.sentence;
}

static const char ONE_ROUTE[] =
    "{users: {eve: e}, auth: all, routes: [{name: x, host: a.test, path: /v1, upstreams: [a, b],"
    " policy: idempotent, retry_on_status: 503, max_retries: 3}]}";

static void a_change_leaves_what_it_does_not_say(void **state)
{
    struct proxy_settings settings;
    struct route_settings route;

    (void)state;
    assert_null(read_map(ONE_ROUTE, &settings));
    assert_null(change("{}", &settings, &route));
    assert_memory_equal(&route, &settings.routes[0], sizeof(route));
    assert_null(change("{\"max_retries\": 0, \"deadline\": \"5s\"}", &settings, &route));
    assert_int_equal(route.retry.retries_max, 0);
    assert_int_equal(route.retry.deadline_ns, 5 * NS_PER_S);
    assert_true(status_set_has(&route.retry.on_status, 503));
    assert_int_equal(route.upstreams, 3);
    assert_int_equal(route.users, 1);
    assert_null(
        change("{name: x, host: '', path: '', auth: none, upstreams: [c]}", &settings, &route));
    assert_string_equal(route.host, "");
    assert_string_equal(route.path, "");
    assert_int_equal(route.users, 0);
    assert_int_equal(route.upstreams, 4);
}

static void a_change_of_the_mode_changes_the_upstreams(void **state)
{
    struct proxy_settings settings;
    struct route_settings route;

    (void)state;
    assert_null(read_map(ONE_ROUTE, &settings));
    assert_null(change("mode: forward", &settings, &route));
    assert_int_equal(route.upstreams, 0);
    settings.routes[0] = route;
    assert_null(change("mode: reverse", &settings, &route));
    assert_int_equal(route.upstreams, 7);
}

static const struct mistake CHANGE_MISTAKES[] = {
    {"a change is a map", "[max_retries]", "1:1: a route must be a map"},
    {"a change has known keys", "max_retrys: 1", "did you mean 'max_retries'"},
    {"a name stays", "name: y", "1:7: the name of route x cannot be changed"},
    {"a change names upstreams that are there", "upstreams: [d]", "cannot be 'd'"},
    {"and users", "auth: [tom]", "a user in auth cannot be 'tom'"},
};

static void a_change_is_refused(void **state)
{
    const struct mistake *mistake = *state;
    struct proxy_settings settings;
    struct route_settings route;

    assert_null(read_map(ONE_ROUTE, &settings));
    assert_mistake(change(mistake->text, &settings, &route), mistake);
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(every_key_of_a_route_is_read),
        cmocka_unit_test(without_routes_there_is_one),
        cmocka_unit_test(a_route_takes_over_what_it_does_not_say),
        cmocka_unit_test(a_host_has_no_brackets),
        cmocka_unit_test(one_word_stands_for_a_list),
        cmocka_unit_test(there_is_room_for_so_many_routes),
        cmocka_unit_test(there_is_room_for_so_many_upstreams),
        cmocka_unit_test(a_change_leaves_what_it_does_not_say),
        cmocka_unit_test(a_change_of_the_mode_changes_the_upstreams),
    };
    struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(OUTCOMES) + COUNT_OF(MISTAKES) +
                            COUNT_OF(CHANGE_MISTAKES)];
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
    for (size_t i = 0; i < COUNT_OF(CHANGE_MISTAKES); i++)
        tests[count++] =
            (struct CMUnitTest){.name = CHANGE_MISTAKES[i].name,
                                .test_func = a_change_is_refused,
                                .initial_state = (void *)(uintptr_t)&CHANGE_MISTAKES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
