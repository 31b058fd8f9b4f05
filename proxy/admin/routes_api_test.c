#include "proxy/admin/routes_api.h"

#include "proxy/admin/admin_rig.h"

#define OK  "HTTP/1.1 200 OK\r\n"
#define BAD "HTTP/1.1 400 Bad Request\r\n"

/* ---- changes of the one route of settings without routes --------------------------------------------- */

struct change {
    const char *sentence;
    const char *body;
    const char *begins;
    const char *contains; /* in the answer's body */
};

static const struct change CHANGES[] = {
    {"an empty change changes nothing", "{}", OK, "\"max_retries\":1,"},
    {"a number is changed", "{\"max_retries\": 3}", OK, "\"max_retries\":3,"},
    {"0 retries are a number too", "{\"max_retries\": 0}", OK, "\"max_retries\":0,"},
    {"a word is changed", "{\"select\": \"round-robin\"}", OK, "\"select\":\"round-robin\""},
    {"a duration is read with its unit and told in the largest one", "{\"deadline\": \"3000ms\"}",
     OK, "\"deadline\":\"3s\""},
    {"a duration that is no whole number of seconds keeps its unit",
     "{\"per_try_timeout\": \"1500ms\"}", OK, "\"per_try_timeout\":\"1500ms\""},
    {"a duration of microseconds is told", "{\"per_try_timeout\": \"7us\"}", OK,
     "\"per_try_timeout\":\"7us\""},
    {"a duration of nanoseconds is told", "{\"per_try_timeout\": \"7ns\"}", OK,
     "\"per_try_timeout\":\"7ns\""},
    {"a duration that is off is 0", "{}", OK, "\"deadline\":\"0s\""},
    {"a policy brings its replay buffer along", "{\"policy\": \"idempotent\"}", OK,
     "\"replay_buffer_bytes\":65536"},
    {"a policy and its options are changed together",
     "{\"policy\":\"idempotent\",\"retry_on_status\":[502,503,\"520-529\"],\"retry_on_reused\":"
     "true,"
     "\"retry_non_idempotent\":true,\"retry_other_upstream\":false}",
     OK, "\"retry_on_status\":[\"502-503\",\"520-529\"]"},
    {"a single status is a number", "{\"policy\":\"idempotent\",\"retry_on_status\":[599]}", OK,
     "\"retry_on_status\":[599]"},
    {"conditions stand in place of a policy", "{\"retry_on\": [\"reset\", \"unsent\"]}", OK,
     "\"retry_on\":[\"unsent\",\"reset\"]"},
    {"a preset is told as its conditions", "{\"preset\": \"resin\"}", OK, "\"max_retries\""},
    {"a back-off is a map", "{\"backoff\": {\"base\": \"25ms\", \"max\": \"1s\"}}", OK,
     "\"backoff\":{\"base\":\"25ms\",\"max\":\"1s\"}"},
    {"a budget is a map", "{\"retry_budget\": {\"share\": \"20%\", \"floor\": 3}}", OK,
     "\"retry_budget\":{\"floor\":3,\"share\":\"20%\"}"},
    {"without a budget the word is none", "{}", OK, "\"retry_budget\":\"none\""},
    {"its own name may be said", "{\"name\": \"default\", \"max_retries\": 2}", OK,
     "\"max_retries\":2"},
    {"a user may be asked for", "{\"auth\": [\"ann\"]}", OK, "\"auth\":[\"ann\"]"},
    {"all users may be asked for", "{\"auth\": \"all\"}", OK, "\"auth\":[\"ann\",\"bob\"]"},
    {"a password is never told", "{\"auth\": \"all\"}", OK, "\"policy\":\"at-most-once\""},
    {"its mode may become forward", "{\"mode\": \"forward\", \"allow\": [\"10.0.0.0/8\", \"::1\"]}",
     OK, "\"allow\":[\"10.0.0.0/8\",\"::1/128\"]"},
    {"a forward route may go to this machine unless it says otherwise", "{\"mode\": \"forward\"}",
     OK, "\"allow\":[\"127.0.0.0/8\",\"::1/128\"]"},
    {"all of its upstreams may be said", "{\"upstreams\": [\"127.0.0.1:1\", \"127.0.0.1:2\"]}", OK,
     "\"upstreams\":[\"127.0.0.1:1\",\"127.0.0.1:2\"]"},
    {"some of its upstreams may not", "{\"upstreams\": [\"127.0.0.1:1\"]}", BAD, "write `routes`"},
    {"nor a path", "{\"path\": \"/v1\"}", BAD, "write `routes`"},
    {"nor a host", "{\"host\": \"a\"}", BAD, "write `routes`"},
    {"an empty host is none", "{\"host\": \"\", \"path\": \"\"}", OK, "\"host\":\"\""},
    {"another name is refused", "{\"name\": \"other\"}", BAD, "cannot be changed"},
    {"an unknown key is refused with the nearest", "{\"max_retrys\": 1}", BAD,
     "did you mean 'max_retries'"},
    {"a number past its limit is refused with the limit and its place", "{\n \"max_retries\": 101}",
     BAD, "body:2:"},
    {"a number between quotes is refused", "{\"max_retries\": \"1\"}", BAD, "text"},
    {"options that contradict the policy are refused", "{\"retry_on_reused\": true}", BAD,
     "retry_on_reused contradicts policy"},
    {"an unknown user is refused", "{\"auth\": [\"eve\"]}", BAD, "eve"},
    {"null is refused", "{\"host\": null}", BAD, "host is null"},
    {"what is no object is refused", "[1]", BAD, "object"},
    {"a number alone is refused", "17", BAD, "body:1:"},
    {"YAML that is no JSON is refused", "max_retries: 3", BAD, "body:1:"},
    {"a key that stands twice is refused", "{\"max_retries\": 1, \"max_retries\": 2}", BAD,
     "body:1:"},
    {"no body is refused", "", BAD, "body:"},
    {"half a body is refused", "{\"max_retries\": 1", BAD, "body:1:"},
    {"what follows the object is refused", "{} {}", BAD, "body:1:"},
};

static void add_users(struct proxy_settings *settings)
{
    static const struct user_settings users[] = {{"ann", "sesame"}, {"bob", "hunter2"}};

    memcpy(settings->users, users, sizeof(users));
    settings->user_count = COUNT_OF(users);
}

static void rig_start(struct admin_rig *rig)
{
    admin_rig_init(rig, false, &(struct sim_options){.seed = 7});
    add_users(&rig->settings);
    admin_rig_start(rig);
}

static void assert_answer(const char *answer, const char *begins, const char *contains)
{
    if (strncmp(answer, begins, strlen(begins)) != 0 ||
        strstr(admin_rig_body(answer), contains) == NULL)
        fail_msg("it must begin with %s and have %s, but the answer is: %s", begins, contains,
                 answer);
    assert_null(strstr(answer, "sesame"));
}

/* What was told of a change is told when asked; what was refused has changed nothing. */
static void route_is_changed(void **state)
{
    const struct change *change = *state;
    struct admin_rig rig;
    char *before;
    char *answer;
    char *after;

    rig_start(&rig);
    before = admin_rig_ask(&rig, "GET", "/api/routes/default", NULL);
    answer = admin_rig_ask(&rig, "PUT", "/api/routes/default", change->body);
    assert_answer(answer, change->begins, change->contains);
    after = admin_rig_ask(&rig, "GET", "/api/routes/default", NULL);
    assert_string_equal(after, strcmp(change->begins, OK) == 0 ? answer : before);
    free(before);
    free(answer);
    free(after);
    admin_rig_release(&rig);
}

/* ---- stories ------------------------------------------------------------------------------------------ */

/* Whatever a route is told to be can be sent back, and is the same then. */
static void what_is_told_can_be_put_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CHANGES); i++) {
        struct admin_rig rig;
        char *answer;
        char *again;

        if (strcmp(CHANGES[i].begins, OK) != 0)
            continue;
        rig_start(&rig);
        answer = admin_rig_ask(&rig, "PUT", "/api/routes/default", CHANGES[i].body);
        again = admin_rig_ask(&rig, "PUT", "/api/routes/default", admin_rig_body(answer));
        assert_string_equal(again, answer);
        free(answer);
        free(again);
        admin_rig_release(&rig);
    }
}

/* What a browser says of itself in a change: under which name it reached us, and of which page the change is. */
struct asker {
    const char *sentence;
    const char *fields;
    bool may;
};

static const struct asker ASKERS[] = {
    {"a program may change a route, whatever it calls the host", "Host: admin.test:9090\r\n", true},
    {"the page of this address may", "Host: 127.0.0.1:9090\r\nOrigin: http://127.0.0.1:9090\r\n",
     true},
    {"the page of localhost may", "Host: localhost:9090\r\nOrigin: http://localhost:9090\r\n",
     true},
    {"the page of an IPv6 address may", "Host: [::1]:9090\r\nOrigin: http://[::1]:9090\r\n", true},
    {"the page of port 80, which no browser names, may",
     "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n", true},
    {"a page from elsewhere may not", "Host: 127.0.0.1:9090\r\nOrigin: http://evil.test\r\n",
     false},
    {"a page of the same machine on another port may not",
     "Host: 127.0.0.1:9090\r\nOrigin: http://127.0.0.1:9091\r\n", false},
    {"a page of an address that begins alike may not",
     "Host: 127.0.0.1:909\r\nOrigin: http://127.0.0.1:9090\r\n", false},
    {"localhost is not this address", "Host: 127.0.0.1:9090\r\nOrigin: http://localhost:9090\r\n",
     false},
    {"a page over TLS is not ours", "Host: 127.0.0.1:9090\r\nOrigin: https://127.0.0.1:9090\r\n",
     false},
    {"a page under a name that was made to lead here may not",
     "Host: evil.test:9090\r\nOrigin: http://evil.test:9090\r\n", false},
    {"a name that begins like localhost is another",
     "Host: localhost.evil.test\r\nOrigin: http://localhost.evil.test\r\n", false},
    {"a name that begins like an address is another",
     "Host: 127.0.0.1.evil.test\r\nOrigin: http://127.0.0.1.evil.test\r\n", false},
    {"a page that does not say where it is from may not",
     "Host: 127.0.0.1:9090\r\nOrigin: null\r\n", false},
    {"an empty origin is none of ours", "Host: 127.0.0.1:9090\r\nOrigin:\r\n", false},
    {"an empty host is no address", "Host:\r\nOrigin: http://\r\n", false},
    {"nobody comes from two places",
     "Host: 127.0.0.1:9090\r\nOrigin: http://127.0.0.1:9090\r\nOrigin: http://evil.test\r\n",
     false},
};

static void asker_may_change_a_route_or_not(void **state)
{
    const struct asker *asker = *state;
    struct admin_rig rig;
    char says[512];
    char *answer;

    snprintf(says, sizeof(says),
             "PUT /api/routes/default HTTP/1.1\r\n%sContent-Length: 17\r\n"
             "Connection: close\r\n\r\n{\"max_retries\":9}",
             asker->fields);
    rig_start(&rig);
    answer = admin_rig_ask_bytes(&rig, bytes_of(says));
    if (asker->may)
        assert_answer(answer, OK, "\"max_retries\":9,");
    else
        assert_answer(answer, "HTTP/1.1 403 Forbidden\r\n", "may change something");
    assert_int_equal(proxy_settings_now(rig.proxy)->retry.retries_max,
                     asker->may ? 9 : RETRIES_DEFAULT);
    free(answer);
    admin_rig_release(&rig);
}

static void an_unknown_route_is_not_found(void **state)
{
    static const char *const paths[] = {"/api/routes/other", "/api/routes/defaul",
                                        "/api/routes/default%00", "/api/routes/%zz",
                                        "/api/routes/DEFAULT"};
    struct admin_rig rig;

    (void)state;
    rig_start(&rig);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        char *asked = admin_rig_ask(&rig, "GET", paths[i], NULL);
        char *put = admin_rig_ask(&rig, "PUT", paths[i], "{}");

        assert_answer(asked, "HTTP/1.1 404 Not Found\r\n", "no such route");
        assert_answer(put, "HTTP/1.1 404 Not Found\r\n", "no such route");
        free(asked);
        free(put);
    }
    admin_rig_release(&rig);
}

static void name_route(struct route_settings *route, const char *name, const char *path)
{
    *route = (struct route_settings){.upstreams = 3,
                                     .retry = {.policy = RETRY_AT_MOST_ONCE, .retries_max = 1}};
    snprintf(route->name, sizeof(route->name), "%s", name);
    snprintf(route->path, sizeof(route->path), "%s", path);
}

static void one_route_of_several_is_changed_and_the_others_stay(void **state)
{
    const struct proxy_settings *settings;
    struct admin_rig rig;
    char *answer;

    (void)state;
    admin_rig_init(&rig, false, &(struct sim_options){.seed = 7});
    name_route(&rig.settings.routes[0], "rest", "");
    name_route(&rig.settings.routes[1], "api.v1", "/a");
    rig.settings.route_count = 2;
    admin_rig_start(&rig);
    answer = admin_rig_ask(&rig, "GET", "/api/routes", NULL);
    assert_string_equal(admin_rig_body(answer), "{\"routes\":[\"rest\",\"api.v1\"]}\n");
    free(answer);
    answer = admin_rig_ask(&rig, "PUT", "/api/routes/api%2Ev1",
                           "{\"max_retries\":5,\"path\":\"/z\",\"upstreams\":[\"127.0.0.1:2\"]}");
    assert_answer(answer, OK, "\"upstreams\":[\"127.0.0.1:2\"]");
    free(answer);
    settings = proxy_settings_now(rig.proxy);
    assert_int_equal(settings->routes[1].retry.retries_max, 5);
    assert_int_equal(settings->routes[1].upstreams, 2);
    assert_string_equal(settings->routes[1].path, "/z");
    assert_int_equal(settings->routes[0].retry.retries_max, 1);
    assert_int_equal(settings->routes[0].upstreams, 3);
    admin_rig_release(&rig);
}

/* The proxy's own rules come last, and their sentence is told. */
static void what_does_not_go_together_over_routes_is_refused(void **state)
{
    struct admin_rig rig;
    char *answer;

    (void)state;
    admin_rig_init(&rig, false, &(struct sim_options){.seed = 7});
    name_route(&rig.settings.routes[0], "a", "/a");
    rig.settings.route_count = 1;
    admin_rig_start(&rig);
    answer = admin_rig_ask(&rig, "PUT", "/api/routes/a", "{\"path\":\"no slash\"}");
    assert_answer(answer, BAD, "path");
    assert_string_equal(proxy_settings_now(rig.proxy)->routes[0].path, "/a");
    free(answer);
    admin_rig_release(&rig);
}

static void a_head_of_a_route_says_how_long_it_is(void **state)
{
    struct admin_rig rig;
    char *whole;
    char *head;

    (void)state;
    rig_start(&rig);
    whole = admin_rig_ask(&rig, "GET", "/api/routes/default", NULL);
    head = admin_rig_ask(&rig, "HEAD", "/api/routes/default", NULL);
    assert_int_equal(strlen(head) + strlen(admin_rig_body(whole)), strlen(whole));
    assert_int_equal(strncmp(head, whole, strlen(head)), 0);
    free(whole);
    free(head);
    admin_rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        cmocka_unit_test(what_is_told_can_be_put_again),
        cmocka_unit_test(an_unknown_route_is_not_found),
        cmocka_unit_test(one_route_of_several_is_changed_and_the_others_stay),
        cmocka_unit_test(what_does_not_go_together_over_routes_is_refused),
        cmocka_unit_test(a_head_of_a_route_says_how_long_it_is),
    };
    struct CMUnitTest tests[COUNT_OF(stories) + COUNT_OF(CHANGES) + COUNT_OF(ASKERS)];

    memcpy(tests, stories, sizeof(stories));
    for (size_t i = 0; i < COUNT_OF(CHANGES); i++)
        tests[COUNT_OF(stories) + i] =
            (struct CMUnitTest){.name = CHANGES[i].sentence,
                                .test_func = route_is_changed,
                                .initial_state = (void *)(uintptr_t)&CHANGES[i]};
    for (size_t i = 0; i < COUNT_OF(ASKERS); i++)
        tests[COUNT_OF(stories) + COUNT_OF(CHANGES) + i] =
            (struct CMUnitTest){.name = ASKERS[i].sentence,
                                .test_func = asker_may_change_a_route_or_not,
                                .initial_state = (void *)(uintptr_t)&ASKERS[i]};
    return cmocka_run_group_tests_name("routes_api", tests, NULL, NULL);
}
