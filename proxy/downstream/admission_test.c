#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/downstream/admission.h"
#include "proxy/routes/route.h"

enum { STORE_BYTES = 1024 }; /* a few short fields */

struct row {
    const char *name;
    const char *method;
    const char *target;
    const char *hosts[2];
    unsigned minor;
    unsigned status; /* 0: admitted */
    const char *word;
    const char *forwarded_target;
    const char *forwarded_host;
};

static const struct row ROWS[] = {
    {"origin-form goes on as it came", "GET", "/a?b", {"x"}, 1, 0, NULL, "/a?b", "x"},
    {"absolute-form becomes origin-form and its authority the Host",
     "GET",
     "http://y:81/a",
     {"x"},
     1,
     0,
     NULL,
     "/a",
     "y:81"},
    {"the asterisk is for OPTIONS", "OPTIONS", "*", {"x"}, 1, 0, NULL, "*", "x"},
    {"the asterisk is for nothing else", "GET", "*", {"x"}, 1, 400, "URL_PARSE_ERROR", NULL, NULL},
    {"https is not for this proxy to speak",
     "GET",
     "https://y/a",
     {"x"},
     1,
     400,
     "INVALID_PROTOCOL",
     NULL,
     NULL},
    {"a user in the target is no address to send to",
     "GET",
     "http://me@y/a",
     {"x"},
     1,
     400,
     "URL_PARSE_ERROR",
     NULL,
     NULL},
    {"CONNECT is not served by a reverse proxy",
     "CONNECT",
     "y:443",
     {"y:443"},
     1,
     501,
     "INVALID_PROTOCOL",
     NULL,
     NULL},
    {"HTTP/1.1 needs a Host", "GET", "/", {NULL}, 1, 400, "INVALID_HOST", NULL, NULL},
    {"HTTP/1.0 does not", "GET", "/", {NULL}, 0, 0, NULL, "/", ""},
    {"two Hosts are refused", "GET", "/", {"x", "x"}, 1, 400, "INVALID_HOST", NULL, NULL},
    {"a Host with a blank is refused", "GET", "/", {"x y"}, 1, 400, "INVALID_HOST", NULL, NULL},
};

/* One route, for everything that a reverse proxy serves. */
static const struct route_settings ROUTES[] = {{.name = "default"}};
static const struct admission_rules RULES = {
    .routes = ROUTES, .route_count = COUNT_OF(ROUTES), .realm = "here", .auth_failed_status = 403};

struct fixture {
    uint8_t store[STORE_BYTES];
    struct head head;
};

static void set_up(struct fixture *fixture, const char *method, const char *target)
{
    head_init(&fixture->head, fixture->store, sizeof(fixture->store));
    assert_true(head_store(&fixture->head, bytes_of(method), &fixture->head.method));
    assert_true(head_store(&fixture->head, bytes_of(target), &fixture->head.target));
    fixture->head.minor = 1;
}

static void add(struct fixture *fixture, const char *name, const char *value)
{
    assert_true(head_add(&fixture->head, bytes_of(name), bytes_of(value)));
}

static void is_judged(void **state)
{
    const struct row *row = *state;
    struct fixture fixture;
    struct admission admission;

    set_up(&fixture, row->method, row->target);
    fixture.head.minor = row->minor;
    for (size_t i = 0; i < COUNT_OF(row->hosts) && row->hosts[i] != NULL; i++)
        add(&fixture, "Host", row->hosts[i]);

    admission = admission_decide(&fixture.head, false, &RULES);
    assert_int_equal(admission.admitted, row->status == 0);
    assert_int_equal(admission.apology.status, row->status);
    if (row->status != 0) {
        assert_string_equal(admission.apology.word, row->word);
        assert_non_null(admission.apology.rule);
        return;
    }
    assert_int_equal(admission.request.kind, EXCHANGE_REVERSE);
    assert_int_equal(admission.request.route, 0);
    assert_null(admission.request.user);
    assert_true(bytes_equal_text(admission.request.target, row->forwarded_target));
    assert_true(bytes_equal_text(admission.request.host, row->forwarded_host));
}

/* ---- where it goes -------------------------------------------------------------------------------- */

/* A route for requests that say where to go, one for a host of our own, and one for a path there. */
static const struct route_settings MIXED[] = {
    {.name = "out", .mode = MODE_FORWARD},
    {.name = "shop", .host = "shop.test"},
    {.name = "api", .host = "shop.test", .path = "/v1"},
};

struct way {
    const char *name;
    const char *method;
    const char *target;
    const char *host;
    unsigned status; /* 0: admitted */
    const char *word;
    enum exchange_kind kind;
    int route;
    const char *place; /* NULL: it goes to upstreams of the route */
    unsigned port;
    const char *forwarded_target;
};

static const struct way WAYS[] = {
    {"an absolute target goes where it says", "GET", "http://other.test/a?b", "x", 0, NULL,
     EXCHANGE_FORWARD, 0, "other.test", 80, "/a?b"},
    {"an absolute target's port is the place's", "GET", "http://other.test:8080/", "x", 0, NULL,
     EXCHANGE_FORWARD, 0, "other.test", 8080, "/"},
    {"an empty port is that of http", "GET", "http://other.test:/", "x", 0, NULL, EXCHANGE_FORWARD,
     0, "other.test", 80, "/"},
    {"port 0 is no place", "GET", "http://other.test:0/", "x", 400, "INVALID_HOST",
     EXCHANGE_FORWARD, 0, NULL, 0, NULL},
    {"an IPv6 address is a place", "GET", "http://[::1]:81/a", "x", 0, NULL, EXCHANGE_FORWARD, 0,
     "[::1]", 81, "/a"},
    {"an absolute target for a host of ours is ours", "GET", "http://shop.test/a", "x", 0, NULL,
     EXCHANGE_REVERSE, 1, NULL, 0, "/a"},
    {"the authority of the target decides, and not Host", "GET", "http://other.test/a", "shop.test",
     0, NULL, EXCHANGE_FORWARD, 0, "other.test", 80, "/a"},
    {"origin-form goes to the route of its Host", "GET", "/a", "shop.test:8080", 0, NULL,
     EXCHANGE_REVERSE, 1, NULL, 0, "/a"},
    {"the longer path is the nearer route", "GET", "/v1/a", "SHOP.test", 0, NULL, EXCHANGE_REVERSE,
     2, NULL, 0, "/v1/a"},
    {"origin-form is nothing for a forward route", "GET", "/a", "other.test", 404,
     "ROUTE_NOT_FOUND", EXCHANGE_REVERSE, -1, NULL, 0, NULL},
    {"https in an absolute target is CONNECT's matter", "GET", "https://other.test/", "x", 400,
     "INVALID_PROTOCOL", EXCHANGE_REVERSE, -1, NULL, 0, NULL},
    {"a user in an absolute target is refused", "GET", "http://me:secret@other.test/", "x", 400,
     "URL_PARSE_ERROR", EXCHANGE_REVERSE, -1, NULL, 0, NULL},
    {"an absolute target needs a host", "GET", "http:///a", "x", 400, "URL_PARSE_ERROR",
     EXCHANGE_REVERSE, -1, NULL, 0, NULL},
    {"CONNECT goes where it says", "CONNECT", "other.test:443", "x", 0, NULL, EXCHANGE_CONNECT, 0,
     "other.test", 443, "other.test:443"},
    {"CONNECT to a host of ours is a tunnel all the same", "CONNECT", "shop.test:80", "x", 0, NULL,
     EXCHANGE_CONNECT, 0, "shop.test", 80, "shop.test:80"},
    {"CONNECT to an IPv6 address", "CONNECT", "[::1]:443", "[::1]:443", 0, NULL, EXCHANGE_CONNECT,
     0, "[::1]", 443, "[::1]:443"},
    {"CONNECT needs a port", "CONNECT", "other.test", "x", 400, "URL_PARSE_ERROR", EXCHANGE_REVERSE,
     -1, NULL, 0, NULL},
    {"CONNECT has no port 0", "CONNECT", "other.test:0", "x", 400, "URL_PARSE_ERROR",
     EXCHANGE_REVERSE, -1, NULL, 0, NULL},
    {"CONNECT takes no user", "CONNECT", "me:secret@other.test:443", "x", 400, "URL_PARSE_ERROR",
     EXCHANGE_REVERSE, -1, NULL, 0, NULL},
    {"CONNECT takes no absolute target", "CONNECT", "http://other.test:443", "x", 400,
     "URL_PARSE_ERROR", EXCHANGE_REVERSE, -1, NULL, 0, NULL},
};

static struct admission_rules rules_of(const struct route_settings *routes, size_t count)
{
    return (struct admission_rules){
        .routes = routes, .route_count = count, .realm = "here", .auth_failed_status = 403};
}

static void goes_its_way(void **state)
{
    const struct way *way = *state;
    const struct admission_rules rules = rules_of(MIXED, COUNT_OF(MIXED));
    struct fixture fixture;
    struct admission admission;

    set_up(&fixture, way->method, way->target);
    add(&fixture, "Host", way->host);
    admission = admission_decide(&fixture.head, false, &rules);
    assert_int_equal(admission.apology.status, way->status);
    assert_int_equal(admission.admitted, way->status == 0);
    assert_int_equal(admission.request.route, way->route);
    if (way->status != 0) {
        assert_string_equal(admission.apology.word, way->word);
        assert_int_equal(admission.cause, way->status == 404 ? CAUSE_DESTINATION_NOT_FOUND
                                                             : CAUSE_HTTP_REQUEST_ERROR);
        return;
    }
    assert_int_equal(admission.request.kind, way->kind);
    assert_true(bytes_equal_text(admission.request.target, way->forwarded_target));
    assert_string_equal(admission.request.place.host, way->place != NULL ? way->place : "");
    assert_int_equal(admission.request.place.port, way->port);
}

/* A host's array has room for a name of 255 bytes; no name that can be looked up is longer. */
static void a_name_that_is_too_long_is_no_place(void **state)
{
    const struct admission_rules rules = rules_of(MIXED, 1);

    (void)state;
    for (size_t size = HOST_BYTES - 1; size <= HOST_BYTES; size++) {
        char target[HOST_BYTES + sizeof(":443")];
        struct fixture fixture;
        struct admission admission;

        memset(target, 'a', size);
        memcpy(target + size, ":443", sizeof(":443"));
        set_up(&fixture, "CONNECT", target);
        add(&fixture, "Host", "x");
        admission = admission_decide(&fixture.head, false, &rules);
        assert_int_equal(admission.admitted, size < HOST_BYTES);
        if (!admission.admitted)
            assert_string_equal(admission.apology.word, "INVALID_HOST");
    }
}

/* ---- another protocol ------------------------------------------------------------------------------ */

static void a_wish_for_another_protocol_is_a_kind_of_its_own(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        enum exchange_kind kind;
        const char *place;
    } rows[] = {
        {"GET", "/chat", EXCHANGE_UPGRADE, ""},
        {"GET", "http://other.test/chat", EXCHANGE_UPGRADE, "other.test"},
        {"CONNECT", "other.test:443", EXCHANGE_CONNECT, "other.test"},
    };
    const struct admission_rules rules = rules_of(MIXED, COUNT_OF(MIXED));

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture fixture;
        struct admission admission;

        set_up(&fixture, rows[i].method, rows[i].target);
        add(&fixture, "Host", "shop.test");
        admission = admission_decide(&fixture.head, true, &rules);
        assert_true(admission.admitted);
        assert_int_equal(admission.request.kind, rows[i].kind);
        assert_string_equal(admission.request.place.host, rows[i].place);
    }
}

/* ---- who comes in ---------------------------------------------------------------------------------- */

static const struct user_settings USERS[] = {{.name = "ann", .password = "secret"},
                                             {.name = "ben", .password = "hidden"}};

struct caller {
    const char *name;
    const char *credentials; /* NULL: none */
    uint64_t users;          /* of the route */
    unsigned failed_status;  /* as the settings have it */
    unsigned status;         /* 0: admitted */
    const char *word;
    bool challenged;
    const char *user;
    const char *second; /* further credentials, in a field of their own; NULL: none */
};

/* ann:secret, ben:hidden, ann:wrong */
static const struct caller CALLERS[] = {
    {"nobody is asked where a route has no users", NULL, 0, 403, 0, NULL, false, NULL, NULL},
    {"a user comes in", "Basic YW5uOnNlY3JldA==", 3, 403, 0, NULL, false, "ann", NULL},
    {"the other user too", "Basic YmVuOmhpZGRlbg==", 3, 403, 0, NULL, false, "ben", NULL},
    {"a user of another route does not", "Basic YW5uOnNlY3JldA==", 2, 403, 403, "AUTH_FAILED",
     false, NULL, NULL},
    {"who says nothing is asked who he is", NULL, 3, 403, 407, "AUTH_REQUIRED", true, NULL, NULL},
    {"who speaks of another scheme is asked too", "Bearer abc", 3, 403, 407, "AUTH_REQUIRED", true,
     NULL, NULL},
    {"a wrong password is forbidden", "Basic YW5uOndyb25n", 3, 403, 403, "AUTH_FAILED", false, NULL,
     NULL},
    {"or asked again, as the settings say", "Basic YW5uOndyb25n", 3, 407, 407, "AUTH_FAILED", true,
     NULL, NULL},
    {"what is no base64 is a wrong password", "Basic *", 3, 403, 403, "AUTH_FAILED", false, NULL,
     NULL},
    {"a second field takes away what the first one says", "Basic YW5uOnNlY3JldA==", 3, 403, 403,
     "AUTH_FAILED", false, NULL, "Basic YmVuOmhpZGRlbg=="},
    {"even if it says the same", "Basic YW5uOnNlY3JldA==", 3, 403, 403, "AUTH_FAILED", false, NULL,
     "Basic YW5uOnNlY3JldA=="},
    {"where nobody is asked it may say anything", "Basic YW5uOnNlY3JldA==", 0, 403, 0, NULL, false,
     NULL, "Basic *"},
};

static void comes_in(void **state)
{
    static const struct {
        const char *method;
        const char *target;
    } requests[] = {{"GET", "/"}, {"GET", "http://other.test/"}, {"CONNECT", "other.test:443"}};
    const struct caller *caller = *state;

    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        const struct route_settings routes[] = {
            {.name = "out", .mode = MODE_FORWARD, .users = caller->users},
            {.name = "in", .host = "x", .users = caller->users}};
        struct admission_rules rules = rules_of(routes, COUNT_OF(routes));
        struct fixture fixture;
        struct admission admission;

        rules.users = USERS;
        rules.auth_failed_status = caller->failed_status;
        set_up(&fixture, requests[i].method, requests[i].target);
        add(&fixture, "Host", "x");
        if (caller->credentials != NULL)
            add(&fixture, "Proxy-Authorization", caller->credentials);
        if (caller->second != NULL)
            add(&fixture, "Proxy-Authorization", caller->second);
        admission = admission_decide(&fixture.head, false, &rules);
        assert_int_equal(admission.apology.status, caller->status);
        assert_int_equal(admission.admitted, caller->status == 0);
        assert_int_not_equal(admission.request.route, ROUTE_NONE);
        if (caller->status != 0) {
            assert_int_equal(admission.cause, CAUSE_HTTP_REQUEST_DENIED);
            assert_string_equal(admission.apology.word, caller->word);
        }
        if (caller->challenged)
            assert_string_equal(admission.apology.realm, "here");
        else
            assert_null(admission.apology.realm);
        if (caller->user != NULL)
            assert_string_equal(admission.request.user, caller->user);
        else
            assert_null(admission.request.user);
    }
}

/* ---- where a request ends -------------------------------------------------------------------------- */

static void a_request_may_end_here(void **state)
{
    static const struct {
        const char *method;
        const char *hops;
        unsigned status;
    } rows[] = {{"OPTIONS", "0", 501}, {"TRACE", "0", 501}, {"OPTIONS", "1", 0}, {"GET", "0", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture fixture;
        struct admission admission;

        set_up(&fixture, rows[i].method, "/");
        add(&fixture, "Host", "x");
        add(&fixture, "Max-Forwards", rows[i].hops);
        admission = admission_decide(&fixture.head, false, &RULES);
        assert_int_equal(admission.apology.status, rows[i].status);
    }
}

/* ---- all of them ----------------------------------------------------------------------------------- */

static const struct CMUnitTest TESTS[] = {
    {"a name that is too long is no place", a_name_that_is_too_long_is_no_place, NULL, NULL, NULL},
    {"a wish for another protocol is a kind of its own, but not with CONNECT",
     a_wish_for_another_protocol_is_a_kind_of_its_own, NULL, NULL, NULL},
    {"a request that may not be forwarded ends here", a_request_may_end_here, NULL, NULL, NULL},
};

static struct CMUnitTest test_of(const char *name, CMUnitTestFunction function, const void *row)
{
    return (struct CMUnitTest){
        .name = name, .test_func = function, .initial_state = (void *)(uintptr_t)row};
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(WAYS) + COUNT_OF(CALLERS) + COUNT_OF(TESTS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = test_of(ROWS[i].name, is_judged, &ROWS[i]);
    for (size_t i = 0; i < COUNT_OF(WAYS); i++)
        tests[count++] = test_of(WAYS[i].name, goes_its_way, &WAYS[i]);
    for (size_t i = 0; i < COUNT_OF(CALLERS); i++)
        tests[count++] = test_of(CALLERS[i].name, comes_in, &CALLERS[i]);
    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
