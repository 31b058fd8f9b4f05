#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/routes/route.h"

enum { ROWS_ROUTES_MAX = 4, REVERSE = 1, FORWARD = 2 };

/* Routes that are there, a request, and which of them it belongs to. */
struct row {
    const char *name;
    struct {
        const char *host;
        const char *path;
        enum proxy_mode mode;
    } routes[ROWS_ROUTES_MAX]; /* the first without a host and a path (both NULL) ends them */
    unsigned kinds;            /* REVERSE and FORWARD, or both for an absolute-form */
    const char *host;
    const char *path;
    int chosen;
};

static const struct row ROWS[] = {
    {"one for everything has everything", {{"", "", 0}}, REVERSE, "a.test", "/", 0},
    {"also a request without a host", {{"", "", 0}}, REVERSE, "", "*", 0},
    {"no routes have nothing", {{NULL, NULL, 0}}, REVERSE, "a.test", "/", ROUTE_NONE},

    {"a host is its own", {{"a.test", "", 0}}, REVERSE, "a.test", "/", 0},
    {"and no other's", {{"a.test", "", 0}}, REVERSE, "b.test", "/", ROUTE_NONE},
    {"nor of a request without one", {{"a.test", "", 0}}, REVERSE, "", "/", ROUTE_NONE},
    {"nor of a longer name", {{"a.test", "", 0}}, REVERSE, "x.a.test", "/", ROUTE_NONE},
    {"case does not count", {{"A.Test", "", 0}}, REVERSE, "a.tEST", "/", 0},
    {"nor does a final dot", {{"a.test", "", 0}}, REVERSE, "a.test.", "/", 0},
    {"on either side", {{"a.test.", "", 0}}, REVERSE, "a.test", "/", 0},
    {"two dots are another name", {{"a.test", "", 0}}, REVERSE, "a.test..", "/", ROUTE_NONE},
    {"an address is a host", {{"127.0.0.1", "", 0}}, REVERSE, "127.0.0.1", "/", 0},
    {"an IPv6 address in another spelling is the same",
     {{"::1", "", 0}},
     REVERSE,
     "0:0::0001",
     "/",
     0},
    {"and another one is not", {{"::1", "", 0}}, REVERSE, "::2", "/", ROUTE_NONE},
    {"what is no address is compared as text", {{"::1", "", 0}}, REVERSE, "::x", "/", ROUTE_NONE},

    {"a path is its own", {{"", "/v1", 0}}, REVERSE, "a", "/v1", 0},
    {"with what is below it", {{"", "/v1", 0}}, REVERSE, "a", "/v1/x", 0},
    {"and a slash behind it", {{"", "/v1", 0}}, REVERSE, "a", "/v1/", 0},
    {"and a query", {{"", "/v1", 0}}, REVERSE, "a", "/v1?x=/v2", 0},
    {"not a longer segment", {{"", "/v1", 0}}, REVERSE, "a", "/v10", ROUTE_NONE},
    {"nor a shorter one", {{"", "/v1", 0}}, REVERSE, "a", "/v", ROUTE_NONE},
    {"nor in another case", {{"", "/v1", 0}}, REVERSE, "a", "/V1", ROUTE_NONE},
    {"nor in the query", {{"", "/v1", 0}}, REVERSE, "a", "/?/v1", ROUTE_NONE},
    {"a slash at its end asks for one", {{"", "/v1/", 0}}, REVERSE, "a", "/v1", ROUTE_NONE},
    {"and has what is below", {{"", "/v1/", 0}}, REVERSE, "a", "/v1/x", 0},
    {"a slash alone has every path", {{"", "/", 0}}, REVERSE, "a", "/x", 0},
    {"but none that is not there", {{"", "/", 0}}, FORWARD | REVERSE, "a", "", ROUTE_NONE},
    {"a query without a path has a slash", {{"", "/", 0}}, REVERSE, "a", "?x", 0},

    {"a host stands over a path", {{"", "/a/b", 0}, {"a", "", 0}}, REVERSE, "a", "/a/b", 1},
    {"in either order", {{"a", "", 0}, {"", "/a/b", 0}}, REVERSE, "a", "/a/b", 0},
    {"unless its own path is another", {{"", "/a", 0}, {"a", "/b", 0}}, REVERSE, "a", "/a", 0},
    {"the longer path stands over the shorter",
     {{"", "/a", 0}, {"", "/a/b", 0}},
     REVERSE,
     "a",
     "/a/b/c",
     1},
    {"in either order", {{"", "/a/b", 0}, {"", "/a", 0}}, REVERSE, "a", "/a/b/c", 0},
    {"and over none", {{"", "", 0}, {"", "/a", 0}}, REVERSE, "a", "/a", 1},
    {"the earlier stands over the later", {{"a", "/a", 0}, {"a", "/a", 0}}, REVERSE, "a", "/a", 0},

    {"a forward route is not for an origin",
     {{"", "", MODE_FORWARD}},
     REVERSE,
     "a",
     "/",
     ROUTE_NONE},
    {"a reverse route is not for a tunnel", {{"", "", MODE_REVERSE}}, FORWARD, "a", "", ROUTE_NONE},
    {"both are for an absolute-form", {{"", "", MODE_REVERSE}}, REVERSE | FORWARD, "a", "/", 0},
    {"of which the forward one stands over the reverse one",
     {{"", "", MODE_REVERSE}, {"", "", MODE_FORWARD}},
     REVERSE | FORWARD,
     "a",
     "/",
     1},
    {"in either order",
     {{"", "", MODE_FORWARD}, {"", "", MODE_REVERSE}},
     REVERSE | FORWARD,
     "a",
     "/",
     0},
    {"but a longer path stands over it",
     {{"", "", MODE_FORWARD}, {"", "/a", MODE_REVERSE}},
     REVERSE | FORWARD,
     "a",
     "/a",
     1},
    {"and a host",
     {{"", "", MODE_FORWARD}, {"a", "", MODE_REVERSE}},
     REVERSE | FORWARD,
     "a",
     "/",
     1},
    {"a tunnel goes by its host",
     {{"a", "", MODE_FORWARD}, {"b", "", MODE_FORWARD}},
     FORWARD,
     "b",
     "",
     1},
    {"and by no path", {{"a", "/", MODE_FORWARD}}, FORWARD, "a", "", ROUTE_NONE},
};

static void is_chosen(void **state)
{
    const struct row *row = *state;
    const struct route_question question = {
        .reverse = (row->kinds & REVERSE) != 0,
        .forward = (row->kinds & FORWARD) != 0,
        .host = bytes_of(row->host),
        .path = bytes_of(row->path),
    };
    struct route_settings routes[ROWS_ROUTES_MAX] = {0};
    size_t count = 0;

    while (count < ROWS_ROUTES_MAX && row->routes[count].host != NULL) {
        memcpy(routes[count].host, row->routes[count].host, strlen(row->routes[count].host));
        memcpy(routes[count].path, row->routes[count].path, strlen(row->routes[count].path));
        routes[count].mode = row->routes[count].mode;
        count++;
    }
    assert_int_equal(route_choose(routes, count, &question), row->chosen);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_chosen,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
