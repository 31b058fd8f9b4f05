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

static const char EXPECT_OF_TLS[] =
    "handshakes: {a: 1}\nresumed: {a: 0}\nsni: {b: b.test}\nlookups: {a.test: \">= 1\"}\n"
    "tunnel: {up: 5KiB, down: \"<= 7\", same: false}\n"
    "client: {status: 200, tls: {version: \"1.3\", alpn: none, failed: false, resumed: true, "
    "detail: d}}\n"
    "record: {phase: no-up, kind: connect, route: r, user: u, detail: d, error: E, addresses: 2}\n"
    "log: [{status: 502, kind: forward, route: r, user: u, method: GET, host: h, target: /t,\n"
    "       error: E, stage: dial, cause: dns_error, tunnel: idle, retry_attempts: 1,\n"
    "       summary: s, request_bytes: 5, response_bytes: \">= 7\",\n"
    "       attempts: [{upstream: a, stage: none, cause: none, message: m, status: 1, retried: "
    "false, reason: r, tx: 9}, {}]}, {}]\n";

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

static void read_text(struct region *region, const char *text, struct expectation *out,
                      struct yaml_error *error)
{
    static const char *const UPSTREAMS[] = {"a", "b", NULL};
    static const char *const CLIENTS[] = {"client", NULL};
    static const char *const HOSTS[] = {"a.test", NULL};
    const struct expectation_names names = {UPSTREAMS, CLIENTS, HOSTS};
    const struct yaml_node *node = yaml_parse(region, "f", text, strlen(text), error);
    assert_non_null(node);
    if (expectation_read(region, node, &names, out, error))
        assert_string_equal(error->sentence, "");
}

static void tls_names_tunnels_and_logs_become_values(void **state)
{
    struct region region;
    struct yaml_error error = {{0}};
    struct expectation expect;
    (void)state;
    region_init(&region, REGION_BYTES);
    read_text(&region, EXPECT_OF_TLS, &expect, &error);
    assert_string_equal(error.sentence, "");
    assert_int_equal(expect.upstreams[0].tallies[TALLY_HANDSHAKES].values[0], 1);
    assert_int_equal(expect.upstreams[0].tallies[TALLY_RESUMED].comparison, NUMBER_ONE_OF);
    assert_null(expect.upstreams[0].sni);
    assert_string_equal(expect.upstreams[1].sni, "b.test");
    assert_string_equal(expect.lookups->name, "a.test");
    assert_null(expect.lookups->next);
    assert_int_equal(expect.tunnel->up.values[0], 5 * 1024);
    assert_int_equal(expect.tunnel->down.comparison, NUMBER_AT_MOST);
    assert_true(expect.tunnel->same_set && !expect.tunnel->same);
    const struct expected_tls *tls = expect.clients[0].responses[0].tls;
    assert_string_equal(tls->version, "1.3");
    assert_true(tls->failed_set && !tls->failed && tls->resumed_set && tls->resumed);
    assert_string_equal(expect.record->phase, "no-up");
    assert_int_equal(expect.record->addresses.values[0], 2);
    assert_false(expect.record->stage_set);
    assert_true(expect.log->listed);
    assert_int_equal(expect.log->count, 2);
    const struct expected_log_row *row = &expect.log->list[0];
    assert_string_equal(row->tunnel, "idle");
    assert_int_equal(row->attempt_count, 2);
    assert_string_equal(row->attempts[0].message, "m");
    assert_string_equal(row->attempts[0].reason, "r");
    assert_true(number_rule_fits(&row->attempts[0].tx, 9));
    assert_string_equal(row->summary, "s");
    assert_true(number_rule_fits(&row->request_bytes, 5));
    assert_false(number_rule_fits(&row->response_bytes, 6));
    assert_true(row->attempts[0].retried_set && !row->attempts[0].retried);
    assert_false(row->attempts[1].retried_set || expect.log->list[1].attempts_set);
    region_release(&region);
}

static void a_mistake_in_a_claim_is_told_where_it_stands(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } MISTAKES[] = {
        {"record: {phase: upward}", "f:1:17: "},
        {"record: {kind: tunnel}", "f:1:16: "},
        {"record: {cause: refused}", "f:1:17: "},
        {"record: {addresses: many}", "f:1:21: "},
        {"log: {stage: dail}", "f:1:14: "},
        {"log: {state: dial}", "f:1:7: "},
        {"log: 5", "f:1:6: a row of the log is a map"},
        {"log: [{rows: 1}]", "f:1:14: a list of rows says itself how many there are"},
        {"log: {attempts: 2}", "f:1:17: 'attempts' of a row is a list of maps"},
        {"log: {attempts: [{retried: maybe}]}", "f:1:28: "},
        {"log: {attempts: [{try: 1}]}", "f:1:19: "},
        {"lookups: {c.test: 1}", "f:1:11: "},
        {"sni: {c: c.test}", "f:1:7: "},
        {"tunnel: {up: 5kB}", "f:1:14: "},
        {"tunnel: {both: 5}", "f:1:10: "},
        {"tunnel: {same: maybe}", "f:1:16: "},
        {"client: {tls: {fails: true}}", "f:1:16: "},
        {"client: {tls: true}", "f:1:15: 'tls' is a map"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        struct region region;
        struct yaml_error error = {{0}};
        struct expectation expect;
        region_init(&region, REGION_BYTES);
        read_text(&region, MISTAKES[i].text, &expect, &error);
        if (strncmp(error.sentence, MISTAKES[i].sentence, strlen(MISTAKES[i].sentence)) != 0)
            fail_msg("expected: %s\n     got: %s\n      of: %s", MISTAKES[i].sentence,
                     error.sentence, MISTAKES[i].text);
        region_release(&region);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_becomes_a_value),
        cmocka_unit_test(tls_names_tunnels_and_logs_become_values),
        cmocka_unit_test(a_mistake_in_a_claim_is_told_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
