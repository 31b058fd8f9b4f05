/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Which scenarios any proxy can be asked, a reason for each that is none. */
#include "harness/foreign/portable.h"

#include <stdio.h>
#include <string.h>

#define TOP     "name: n\nstage: dial\nexpect: {}\n"
#define CLIENT  "client: [request: {path: /x}]\n"
#define ANSWERS "{a: [[read: request, respond: 200]], b: [[read: request, end: rst]]}\n"

struct row {
    const char *text;
    const char *why; /* NULL: it can be asked */
};

static const struct row TABLE[] = {
    {CLIENT "upstreams: " ANSWERS, NULL},
    {"proxy: {max_retries: 5, policy: idempotent, retry_on_status: 503, response_timeout: "
     "1s}\n" CLIENT "upstreams: " ANSWERS,
     NULL},
    {CLIENT "network: {sndbuf: 8KiB}\nupstreams: {b: {listen: refused}}\n", NULL},
    {"hooks: trace\n" CLIENT "upstreams: " ANSWERS, "hooks"},
    {"proxy: {process: own}\n" CLIENT "upstreams: " ANSWERS, "process"},
    {"proxy: {tls: true}\nclient: [tls: true, request: {path: /x}]\nupstreams: " ANSWERS, "TLS"},
    {CLIENT "upstreams: {a: {tls: true, connections: [[read: request, respond: 200]]}}\n", "TLS"},
    {CLIENT "upstreams: {a: {host: a.test, connections: [[read: request]]}}\n", "nameserver"},
    {"dns: {a.test: nxdomain}\n" CLIENT "upstreams: {a: {host: a.test, then: [end: fin]}}\n",
     "nameserver"},
    {"proxy: {listen: 6}\n" CLIENT "upstreams: " ANSWERS, "listens"},
    {"proxy: {mode: forward}\nclient: [request: {to: a}]\nupstreams: " ANSWERS, "modes"},
    {"proxy: {routes: [{name: r, upstreams: [a]}]}\n" CLIENT "upstreams: " ANSWERS, "routes"},
    {"proxy: {users: {me: secret}, auth: all}\n" CLIENT "upstreams: " ANSWERS, "users"},
    {"proxy: {head_limit: 1KiB}\n" CLIENT "upstreams: " ANSWERS, "limit"},
    {"proxy: {select: round-robin}\n" CLIENT "upstreams: " ANSWERS, "choose"},
    {"proxy: {client_half_close: allow}\n" CLIENT "upstreams: " ANSWERS, "half-close"},
    {"proxy: {via: me}\n" CLIENT "upstreams: " ANSWERS, "name"},
    {"proxy: {upstreams: [a]}\n" CLIENT "upstreams: " ANSWERS, "not told of"},
    {CLIENT "upstreams: {c: [[read: request, respond: 200]]}\n", "is not said to have"},
    {CLIENT "upstreams: {a: [[pre-write: rst]]}\n", "first byte"},
    {CLIENT "upstreams: {a: {family: 6, then: [end: fin]}}\n", "addresses"},
    {"client: [request: {method: CONNECT, path: \"x:1\"}]\nupstreams: " ANSWERS, "forward proxy"},
};

static void each_scenario_can_be_asked_or_has_a_reason(void **state)
{
    static const char *const NAMES[] = {"a", "b", NULL};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(TABLE); i++) {
        char text[2048];
        struct region region;
        struct yaml_error error = {{0}};
        struct scenario_file file;
        struct scenario scenario;
        region_init(&region, SCENARIO_BYTES_MAX);
        snprintf(text, sizeof(text), TOP "%s", TABLE[i].text);
        if (!scenario_file_parse(&file, &region, bytes_of(text), "row", &error) ||
            scenario_read(&scenario, &file, 0, &region, &error) != SCENARIO_READ)
            fail_msg("row %zu: %s", i, error.sentence);
        const char *why = portable_refusal(&scenario, NAMES);
        if ((why == NULL) != (TABLE[i].why == NULL) ||
            (why != NULL && strstr(why, TABLE[i].why) == NULL))
            fail_msg("row %zu: %s", i, why != NULL ? why : "it can be asked");
        region_release(&region);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scenario_can_be_asked_or_has_a_reason)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
