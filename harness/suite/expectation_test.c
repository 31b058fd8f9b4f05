/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/suite/expectation.h"

#include <string.h>

#include "world/world.h"

enum { REGION_BYTES = 1024 * 1024 };

static const char EXPECT[] =
    "attempts: {a: 1, b: 0}\n"
    "delivered: {a: 1}\n"
    "received: {a: {method: GET, target: /x, headers: {Via: v, X: [1, 2]}, absent: [Te],\n"
    "               body: same, framing: chunked}}\n"
    "client: [{status: none, closed: rst}, {status: gateway-error, complete: true, from: b,\n"
    "          interim: [103, \">= 100\"], error: UPSTREAM_TIMEOUT, cause: dns_error, body: 5,\n"
    "          trailers: {X: [y, z]}}]\n"
    "held: 64KiB\nwithin: 2s\nafter: 200ms\n"
    "record: {stage: mid-copy, cause: dns_error, reason: r, attempts: 2}\n"
    "hooks: [upstream_peer, logging]\nhooks_within: []\nsummary: s\nsuppressed: false\n";

static void every_key_becomes_a_value(void **state)
{
    static const char *const UPSTREAMS[] = {"a", "b", NULL};
    static const char *const CLIENTS[] = {"client", NULL};
    static const char *const HOSTS[] = {"a.test", NULL};
    const struct expectation_names names = {UPSTREAMS, CLIENTS, HOSTS};
    struct region region;
    struct yaml_error error = {{0}};
    struct expectation expect;
    (void)state;
    region_init(&region, REGION_BYTES);
    const struct yaml_node *node = yaml_parse(&region, "f", EXPECT, strlen(EXPECT), &error);
    assert_non_null(node);
    if (!expectation_read(&region, node, &names, &expect, &error))
        fail_msg("%s", error.sentence);
    assert_int_equal(expect.attempts.comparison, NUMBER_ANY);
    assert_int_equal(expect.upstreams[1].tallies[TALLY_ATTEMPTS].comparison, NUMBER_ONE_OF);
    assert_int_equal(expect.upstreams[1].tallies[TALLY_DELIVERED].comparison, NUMBER_ANY);
    assert_null(expect.upstreams[1].received);
    const struct expected_request *received = expect.upstreams[0].received;
    assert_true(received->body_same);
    assert_string_equal(received->framing, "chunked");
    size_t headers = 0;
    for (const struct expected_header *h = received->headers; h != NULL; h = h->next)
        headers++;
    assert_int_equal(headers, 4);
    assert_true(expect.clients[0].listed);
    assert_int_equal(expect.clients[0].count, 2);
    assert_true(expect.clients[0].responses[0].status_none);
    assert_int_equal(expect.clients[0].responses[0].closed, CLOSING_RST);
    assert_true(expect.clients[0].responses[1].status_gateway);
    assert_true(expect.clients[0].responses[1].complete);
    assert_int_equal(expect.clients[0].responses[1].interim_count, 2);
    assert_string_equal(expect.clients[0].responses[1].from, "b");
    assert_int_equal(expect.held_max, 64 * 1024);
    assert_int_equal(expect.memory_growth_max, UINT64_MAX);
    assert_int_equal(expect.within_ns, 2 * NS_PER_S);
    assert_int_equal(expect.after_ns, 200 * NS_PER_MS);
    assert_int_equal(expect.record->stage, STAGE_MID_COPY);
    assert_false(expect.clients[0].responses[0].trailers_set);
    assert_true(expect.clients[0].responses[1].trailers_set);
    assert_non_null(expect.clients[0].responses[1].trailers->next);
    assert_true(expect.hooks.whole_set);
    assert_int_equal(expect.hooks.whole_count, 2);
    assert_int_equal(expect.hooks.whole[0], HOOK_UPSTREAM_PEER);
    assert_int_equal(expect.hooks.within_count, 0);
    assert_string_equal(expect.summary, "s");
    assert_true(expect.suppressed_set && !expect.suppressed);
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_becomes_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
