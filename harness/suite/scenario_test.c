/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/suite/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world/sockets/sockets.h"

struct fixture {
    struct region region;
    struct yaml_error error;
    struct scenario_file file;
    struct scenario scenario;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    region_init(&fixture->region, SCENARIO_BYTES_MAX);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    region_release(&fixture->region);
    free(fixture);
    return 0;
}

/* Reads the file and the case of that number; the error stays empty when all is well. */
static enum scenario_reading read_text(struct fixture *fixture, const char *text, size_t number)
{
    memset(&fixture->error, 0, sizeof(fixture->error));
    region_reset(&fixture->region);
    if (!scenario_file_parse(&fixture->file, &fixture->region, bytes_of(text), "f",
                             &fixture->error))
        return SCENARIO_WRONG;
    return scenario_read(&fixture->scenario, &fixture->file, number, &fixture->region,
                         &fixture->error);
}

/* ---- mistakes ------------------------------------------------------------------------------- */

#define GRID \
    "grid: {method: [GET, POST], end: [{is: fin, status: 502}, {is: stall, status: 504}]}\n"
#define ACTORS "client: [request: {path: /x}]\nupstreams: {a: [[read: request, respond: 200]]}\n"
#define TOP    "name: n\nstage: dial\n"
#define EXPECT "expect: {}\n"

static const struct {
    const char *text;
    const char *sentence; /* the beginning of the error */
} MISTAKES[] = {
    {"[1, 2]", "f:1:1: a scenario is a map with 'name', 'stage', ..."},
    {TOP "stag: dial\n" ACTORS EXPECT, "f:3:1: "},
    {"name: n\n" ACTORS EXPECT, "f:1:1: a scenario needs 'stage'"},
    {"stage: dial\n" ACTORS EXPECT, "f:1:1: a scenario needs 'name'"},
    {"name: \"\"\nstage: dial\n" ACTORS EXPECT, "f:1:7: 'name' is the sentence"},
    {"name: n\nstage: dail\n" ACTORS EXPECT, "f:2:8: "},
    {TOP ACTORS, "f:1:1: a scenario needs 'expect'"},
    {TOP "client: [request: {}]\n" EXPECT, "f:1:1: a scenario needs 'upstreams'"},
    {TOP "upstreams: {a: []}\n" EXPECT, "f:1:1: a scenario needs 'client'"},
    {TOP ACTORS "clients: {b: []}\n" EXPECT, "f:5:10: a scenario has 'client' or 'clients'"},
    {TOP "level: shall\n" ACTORS EXPECT, "f:3:8: "},
    {TOP "tags: slow\n" ACTORS EXPECT, "f:3:7: 'tags' is a list"},
    {TOP "unsupported: {socket: x}\n" ACTORS EXPECT, "f:3:15: "},
    {TOP "network: {latency: 5}\n" ACTORS EXPECT, "f:3:20: "},
    {TOP "network: {latancy: 5ms}\n" ACTORS EXPECT, "f:3:11: "},
    {TOP "time_limit: soon\n" ACTORS EXPECT, "f:3:13: "},
    {TOP "proxy: {retries: 2}\n" ACTORS EXPECT, "f:3:9: "},
    {TOP "proxy: {max_retries: 101}\n" ACTORS EXPECT, "f:3:22: "},
    {TOP "proxy: {upstreams: [b]}\n" ACTORS EXPECT, "f:3:21: "},
    {TOP "proxy: {process: own2}\n" ACTORS EXPECT, "f:3:18: "},
    {TOP "proxy: {program: a}\n" ACTORS EXPECT, "f:3:18: 'program' needs 'process: own'"},
    {TOP "proxy: {process: own, program: []}\n" ACTORS EXPECT, "f:3:32: "},
    {TOP "client: [request: {}, send: 50 of body]\nupstreams: {a: []}\n" EXPECT, "f:3:"},
    {TOP "client: [respond: 200]\nupstreams: {a: []}\n" EXPECT, "f:3:"},
    {TOP "hooks: traced\n" ACTORS EXPECT, "f:3:8: "},
    {TOP "hooks: {upstream_peer: {upstream: b}}\n" ACTORS EXPECT, "f:3:35: "},
    {TOP "proxy: {process: own}\nhooks: trace\n" ACTORS EXPECT,
     "f:4:8: 'hooks' need the subject within this process"},
    {TOP ACTORS "expect: {hooks: []}\n", "f:5:17: 'hooks' needs 'hooks: trace'"},
    {TOP ACTORS "expect: {suppressed: true}\n", "f:5:22: 'suppressed' needs 'hooks: trace'"},
    {TOP "hooks: trace\n" ACTORS "expect: {hooks: logging}\n", "f:6:17: the calls of hooks"},
    {TOP "hooks: trace\n" ACTORS "expect: {hooks_within: [log]}\n", "f:6:25: "},
    {TOP "proxy: {tls: maybe}\n" ACTORS EXPECT, "f:3:14: "},
    {TOP "proxy: {tls: {client-certificate: wanted}}\n" ACTORS EXPECT, "f:3:35: "},
    {TOP "proxy: {tls: {names: a}}\n" ACTORS EXPECT, "f:3:15: "},
    {TOP "proxy: {upstream_tls: {ca: none}}\n" ACTORS EXPECT, "f:3:28: "},
    {TOP "proxy: {upstream_tls: {certificate: good}}\n" ACTORS EXPECT, "f:3:37: "},
    {TOP "proxy: {listen: 5}\n" ACTORS EXPECT, "f:3:17: "},
    {TOP "proxy: {routes: [{name: r, upstreams: [b]}]}\n" ACTORS EXPECT, "f:3:40: "},
    {TOP "proxy: {process: own}\n" ACTORS "expect: {log: {rows: 1}}\n",
     "f:6:15: 'log' needs the subject within this process"},
    {TOP "dns: {a.test: b}\n" ACTORS EXPECT, "f:3:15: "},
    {TOP "dns: {a.test: nxdomian}\n" ACTORS EXPECT,
     "f:3:15: an answer about a name cannot be 'nxdomian'; did you mean 'nxdomain'?"},
    {TOP "dns: {a.test: [[a, refused]]}\n" ACTORS EXPECT,
     "f:3:20: 'refused' is a whole answer, and stands beside no address"},
    {TOP "dns: [a.test]\n" ACTORS EXPECT, "f:3:6: "},
    {TOP "client: [request: {}]\nupstreams: {a: [[tls: alert]]}\n" EXPECT,
     "f:4:16: connections here speak TLS"},
    {TOP "client: [request: {}]\nupstreams: {a: {then: [tls: stall]}}\n" EXPECT,
     "f:4:16: connections here speak TLS"},
    {TOP "client: [prepare: {to: b}, send: rest]\nupstreams: {a: []}\n" EXPECT,
     "f:3:24: an upstream cannot be 'b'"},
    {TOP "client: [request: {authorize: alice}]\nupstreams: {a: []}\n" EXPECT,
     "f:3:31: 'authorize' is \"user:password\""},
    /* The grid. */
    {TOP "grid: []\n" ACTORS EXPECT, "f:3:7: 'grid' is a map"},
    {TOP "grid: {a: []}\n" ACTORS EXPECT, "f:3:11: a grid name has a list"},
    {TOP "grid: {a: [x, x]}\n" ACTORS EXPECT, "f:3:15: the value 'x' stands twice in 'a'"},
    {TOP "grid: {a: [{b: 1}]}\n" ACTORS EXPECT, "f:3:12: a grid value is a scalar, or a map"},
    {TOP "grid: {a: [[1]]}\n" ACTORS EXPECT, "f:3:12: a grid value is a scalar, or a map"},
    {TOP "except: [{a: 1}]\n" ACTORS EXPECT, "f:3:9: 'except' needs a 'grid'"},
    {TOP GRID "except: [{methd: GET}]\n" ACTORS EXPECT, "f:4:11: "},
    {TOP GRID "except: [{method: HEAD}]\n" ACTORS EXPECT, "f:4:19: 'method' has no such value"},
    {TOP GRID "fault: \"${ent}\"\n" ACTORS EXPECT,
     "f:4:8: the grid has no 'ent'; did you mean 'end'?"},
    {TOP GRID "fault: \"${end.cause}\"\n" ACTORS EXPECT,
     "f:4:8: the value 'fin' of 'end' has no key 'cause'"},
    {TOP "fault: \"${x}\"\n" ACTORS EXPECT, "f:3:8: the grid has no 'x'"},
    /* What is expected. */
    {TOP ACTORS "expect: {attemps: 1}\n", "f:5:10: "},
    {TOP ACTORS "expect: {attempts: many}\n", "f:5:20: "},
    {TOP ACTORS "expect: {attempts: \"<= many\"}\n", "f:5:20: "},
    {TOP ACTORS "expect: {attempts: {b: 1}}\n", "f:5:21: "},
    {TOP ACTORS "expect: {delivered: 1}\n", "f:5:21: 'delivered' is a map of upstreams"},
    {TOP ACTORS "expect: {delivered: {a: []}}\n", "f:5:25: delivered is one of 1 to 16 numbers"},
    {TOP ACTORS "expect: {received: {a: {metod: GET}}}\n", "f:5:25: "},
    {TOP ACTORS "expect: {client: {status: gateway}}\n", "f:5:27: "},
    {TOP ACTORS "expect: {client: {status: 2000}}\n", "f:5:27: "},
    {TOP ACTORS "expect: {client: {from: b}}\n", "f:5:25: "},
    {TOP ACTORS "expect: {client: {complete: maybe}}\n", "f:5:29: "},
    {TOP ACTORS "expect: {client: {closed: shut}}\n", "f:5:27: "},
    {TOP ACTORS "expect: {clients: {b: {status: 200}}}\n", "f:5:20: "},
    {TOP ACTORS "expect: {record: {stage: dail}}\n", "f:5:26: "},
    {TOP ACTORS "expect: {held: much}\n", "f:5:16: "},
    {TOP ACTORS "expect: {within: 5}\n", "f:5:18: "},
    {TOP ACTORS "expect: {memory_growth: 2MiB}\n", "f:5:25: 'memory_growth' needs 'process: own'"},
    {TOP ACTORS "faults: [{at: c#1, sent: 0, kind: fin}]\n" EXPECT,
     "f:5:15: whose connection it is"},
    {TOP ACTORS "order: [0, -1]\n" EXPECT, "f:5:12: a choice"},
    {TOP ACTORS "found: always\n" EXPECT, "f:5:8: 'found' is a map of"},
    {TOP ACTORS "found: {sed: 1}\n" EXPECT,
     "f:5:9: 'found' has no key 'sed'; did you mean 'seed'?"},
    {TOP ACTORS "found: {trace: 0x}\n" EXPECT, "f:5:16: 'trace' is a hash"},
    {TOP ACTORS "found: {trace: \"1234\"}\n" EXPECT, "f:5:16: 'trace' is a hash"},
    {TOP ACTORS "found: {trace: 0x12345678123456789}\n" EXPECT, "f:5:16: 'trace' is a hash"},
    {TOP ACTORS "found: {trace: 0x12g}\n" EXPECT, "f:5:16: 'trace' is a hash"},
    {TOP ACTORS "expect: {faults: 9}\n", "f:5:18: 'faults'"},
};

static void a_mistake_is_told_where_it_stands(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        enum scenario_reading reading = read_text(fixture, MISTAKES[i].text, 0);
        const char *sentence = fixture->error.sentence;
        if (reading != SCENARIO_WRONG ||
            strncmp(sentence, MISTAKES[i].sentence, strlen(MISTAKES[i].sentence)) != 0)
            fail_msg("expected: %s\n     got: %s\n      of: %s", MISTAKES[i].sentence, sentence,
                     MISTAKES[i].text);
    }
}

/* ---- grids ---------------------------------------------------------------------------------- */

static void each_combination_is_a_case_with_an_id_of_its_own(void **state)
{
    static const char *const IDS[] = {"f[method=GET,end=fin]", "f[method=GET,end=stall]",
                                      "f[method=POST,end=fin]", "f[method=POST,end=stall]"};
    static const char TEXT[] =
        TOP GRID "except: [{method: GET, end: stall}]\n"
                 "client: [request: {method: \"${method}\", path: \"/${method}/${end.status}\"}]\n"
                 "upstreams: {a: [[read: request, end: \"${end}\"]]}\n"
                 "expect: {client: {status: \"${end.status}\"}}\n";
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(IDS); i++) {
        enum scenario_reading reading = read_text(fixture, TEXT, i);
        assert_int_equal(fixture->file.grid.combinations, COUNT_OF(IDS));
        if (i == 1) {
            assert_int_equal(reading, SCENARIO_LEFT_OUT);
            continue;
        }
        assert_string_equal(fixture->error.sentence, "");
        assert_int_equal(reading, SCENARIO_READ);
        assert_string_equal(fixture->scenario.id, IDS[i]);
        assert_string_equal(fixture->scenario.method, i < 2 ? "GET" : "POST");
        assert_string_equal(fixture->scenario.fault, i % 2 == 0 ? "fin" : "stall");
        const struct draft *request = script_last_request(&fixture->scenario.clients[0].script);
        assert_string_equal(request->target, i == 0   ? "/GET/502"
                                             : i == 2 ? "/POST/502"
                                                      : "/POST/504");
        assert_int_equal(fixture->scenario.expect.clients[0].responses[0].status.values[0],
                         i % 2 == 0 ? 502 : 504);
    }
}

static void a_value_takes_its_place_whole_whatever_its_kind(void **state)
{
    static const char TEXT[] = TOP
        "grid: {play: [{is: x, steps: [read: request, respond: 200], many: 3}]}\n"
        "client: [request: {path: /x, body: \"${play.many}\"}]\n"
        "upstreams: {a: [\"${play.steps}\"]}\n"
        "expect: {attempts: \"<= ${play.many}\", received: {a: {\"body\": \"${play.many}\"}}}\n";
    struct fixture *fixture = *state;
    assert_int_equal(read_text(fixture, TEXT, 0), SCENARIO_READ);
    const struct scenario *scenario = &fixture->scenario;
    assert_int_equal(scenario->upstreams[0].entries[0].script.count, 2);
    assert_int_equal(script_last_request(&scenario->clients[0].script)->body_bytes, 3);
    assert_int_equal(scenario->expect.attempts.comparison, NUMBER_AT_MOST);
    assert_int_equal(scenario->expect.attempts.values[0], 3);
}

/* count values a0, a1, ... on one axis. */
static char *grid_text(size_t count, const char *rest)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs(TOP "grid: {a: [0", out);
    for (size_t i = 1; i < count; i++)
        fprintf(out, ", %zu", i);
    fprintf(out, "]%s}\n" ACTORS EXPECT, rest);
    fclose(out);
    return text;
}

static void a_grid_ends_at_its_limit(void **state)
{
    struct fixture *fixture = *state;
    char *most = grid_text(GRID_CASES_MAX, "");
    char *one_more = grid_text(GRID_CASES_MAX + 1, "");
    char *product = grid_text(GRID_CASES_MAX / 2 + 1, ", b: [0, 1]");
    assert_int_equal(read_text(fixture, most, GRID_CASES_MAX - 1), SCENARIO_READ);
    assert_string_equal(fixture->scenario.id, "f[a=4095]");
    assert_int_equal(read_text(fixture, one_more, 0), SCENARIO_WRONG);
    assert_non_null(strstr(fixture->error.sentence, "a grid has at most 4096 cases"));
    assert_int_equal(read_text(fixture, product, 0), SCENARIO_WRONG);
    assert_non_null(strstr(fixture->error.sentence, "a grid has at most 4096 cases"));
    free(most);
    free(one_more);
    free(product);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void what_is_not_said_has_its_default(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_text(fixture, TOP ACTORS EXPECT, 0), SCENARIO_READ);
    const struct scenario *scenario = &fixture->scenario;
    assert_int_equal(scenario->level, LEVEL_MUST);
    assert_string_equal(scenario->id, "f");
    assert_string_equal(scenario->fault, "f");
    assert_string_equal(scenario->method, "GET");
    assert_string_equal(scenario->clients[0].name, "client");
    assert_int_equal(scenario->line, 1);
    assert_int_equal(scenario->tag_count, 0);
    assert_int_equal(scenario->proxy_upstream_count, 1);
    assert_int_equal(scenario->time_limit_ns, 120 * NS_PER_S);
    assert_int_equal(scenario->expect.attempts.comparison, NUMBER_ANY);
    assert_int_equal(scenario->expect.held_max, UINT64_MAX);
    assert_null(scenario->unsupported[WORLD_SIM]);
    assert_null(scenario->unsupported[WORLD_SOCKETS]);
}

static void what_a_proxy_is_told_of_its_upstreams_follows_from_the_map(void **state)
{
    struct fixture *fixture = *state;
    const struct scenario *scenario = &fixture->scenario;
    assert_int_equal(
        read_text(fixture, TOP "proxy: {mode: forward, max_retries: 2}\n" ACTORS EXPECT, 0),
        SCENARIO_READ);
    assert_int_equal(scenario->proxy_upstream_count, 0);
    assert_true(scenario->needs_nameserver);
    assert_int_equal(scenario->retry.retries_max, 2);
    assert_int_equal(
        read_text(
            fixture,
            TOP
            "proxy:\n  max_retries: 3\n  deadline: 1s\n  routes:\n"
            "  - {name: one, upstreams: a}\n"
            "  - {name: two, host: two.test, max_retries: 0, deadline: 2s, policy: idempotent}\n"
            "client: [request: {}]\nupstreams: {b: [], a: []}\n" EXPECT,
            0),
        SCENARIO_READ);
    assert_string_equal(fixture->error.sentence, "");
    assert_int_equal(scenario->proxy_upstream_count, 2);
    assert_string_equal(scenario->proxy.upstreams[0].name, "b");
    assert_int_equal(scenario->proxy.route_count, 2);
    assert_int_equal(scenario->proxy.routes[0].upstreams, 2);
    assert_false(scenario->needs_nameserver);
    assert_int_equal(scenario->retry.retries_max, 3);
    assert_int_equal(scenario->retry.deadline_ns, 2 * NS_PER_S);
    assert_int_equal(scenario->retry.policy, RETRY_IDEMPOTENT);
}

static void a_host_is_a_name_that_leads_to_its_upstream(void **state)
{
    struct fixture *fixture = *state;
    const struct scenario *scenario = &fixture->scenario;
    assert_int_equal(read_text(fixture,
                               TOP "dns: {pay.test: [a, b]}\nclient: [request: {}]\n"
                                   "upstreams: {a: {host: a.test}, b: {host: PAY.test}}\n" EXPECT,
                               0),
                     SCENARIO_READ);
    assert_int_equal(scenario->names.entry_count, 2);
    assert_string_equal(scenario->hosts[1], "a.test");
    assert_null(scenario->hosts[2]);
    const struct name_script_entry *entry = name_script_find(&scenario->names, bytes_of("A.TEST"));
    assert_non_null(entry);
    assert_string_equal(entry->answers[0].targets[0].upstream, "a");
    assert_true(scenario->needs_nameserver && scenario->names_are_scripted);
    assert_int_equal(read_text(fixture, TOP ACTORS EXPECT, 0), SCENARIO_READ);
    assert_false(scenario->needs_nameserver || scenario->uses_tls);
}

static void how_the_proxy_speaks_tls_is_said_by_two_keys(void **state)
{
    struct fixture *fixture = *state;
    const struct scenario *scenario = &fixture->scenario;
    assert_int_equal(
        read_text(fixture,
                  TOP
                  "proxy:\n  tls: {client-certificate: required, name: other.test}\n"
                  "  upstream_tls: {verify: false, ca: unknown, certificate: client, sni: x.test}\n"
                  "  listen: 6\nclient: [request: {}]\nupstreams: {a: {tls: true}, b: []}\n" EXPECT,
                  0),
        SCENARIO_READ);
    assert_true(scenario->tls.listener.on && scenario->tls.listener.certificate_required);
    assert_string_equal(scenario->tls.listener.name, "other.test");
    assert_true(scenario->tls.upstream.unverified && !scenario->tls.upstream.off);
    assert_int_equal(scenario->tls.upstream.ca, SETUP_CA_UNKNOWN);
    assert_int_equal(scenario->tls.upstream.certificate, SETUP_CERTIFICATE_CLIENT);
    assert_string_equal(scenario->tls.upstream.sni, "x.test");
    assert_true(scenario->proxy_on_ipv6 && scenario->uses_tls);
    assert_true(scenario_upstream_is_secure(scenario, 0));
    assert_false(scenario_upstream_is_secure(scenario, 1));
    assert_int_equal(read_text(fixture,
                               TOP "proxy: {upstream_tls: false}\nclient: [request: {}]\n"
                                   "upstreams: {a: {tls: true}}\n" EXPECT,
                               0),
                     SCENARIO_READ);
    assert_false(scenario_upstream_is_secure(scenario, 0));
}

/* A machine may have no ::1; its cases are passed over there, and fail nobody. */
static void a_case_on_ipv6_needs_a_machine_that_has_it(void **state)
{
    static const char *const texts[] = {
        TOP "client: [request: {}]\nupstreams: {a: {family: 6}}\n" EXPECT,
        TOP "proxy: {listen: 6}\nclient: [request: {}]\nupstreams: {a: []}\n" EXPECT,
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(read_text(fixture, texts[i], 0), SCENARIO_READ);
        assert_null(fixture->scenario.unsupported[WORLD_SIM]);
        assert_int_equal(fixture->scenario.unsupported[WORLD_SOCKETS] == NULL, sockets_have_ipv6());
    }
}

static void a_name_that_nobody_knows_is_asked_for_within_the_case(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_text(fixture,
                               TOP "hooks: {upstream_peer: {address: unknown}}\n"
                                   "client: [request: {}]\nupstreams: {a: []}\n" EXPECT,
                               0),
                     SCENARIO_READ);
    assert_true(fixture->scenario.needs_nameserver);
    assert_null(fixture->scenario.unsupported[WORLD_SOCKETS]);
}

static void a_world_that_cannot_do_it_is_found_out(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_text(fixture,
                               TOP "client: [request: {}]\n"
                                   "upstreams: {a: {listen: refused, times: 1}}\n" EXPECT,
                               0),
                     SCENARIO_READ);
    assert_null(fixture->scenario.unsupported[WORLD_SIM]);
    assert_non_null(fixture->scenario.unsupported[WORLD_SOCKETS]);
    assert_int_equal(read_text(fixture,
                               TOP "proxy: {process: own}\nclient: [request: {}]\n"
                                   "upstreams: {a: [[pre-write: fin]]}\n" EXPECT,
                               0),
                     SCENARIO_READ);
    assert_non_null(fixture->scenario.unsupported[WORLD_SIM]);
    assert_non_null(fixture->scenario.unsupported[WORLD_SOCKETS]);
}

static void a_schedule_is_read_behind_the_grid(void **state)
{
    static const char TEXT[] = TOP
        "grid: {kind: [rst, stall]}\nclients: {one: [request: {}], two: [request: {}]}\n"
        "upstreams: {a: [], b: []}\n"
        "faults: [{at: b#1, sent: 17, kind: \"${kind}\"}, {at: two#3, received: 2, kind: fin}]\n"
        "order: [0, 2]\n"
        "found: {claim: 2, base: x/y, seed: 18446744073709551615, trace: \"0xFf\"}\n"
        "expect: {faults: \">= 1\"}\n";
    struct fixture *fixture = *state;
    const struct scenario *scenario = &fixture->scenario;
    assert_int_equal(read_text(fixture, TEXT, 1), SCENARIO_READ);
    assert_int_equal(scenario->fault_count, 2);
    assert_int_equal(scenario->faults[0].kind, WIRE_FAULT_STALL);
    assert_int_equal(scenario->faults[0].index, 1);
    assert_int_equal(scenario->faults[1].party, WIRE_CLIENT);
    assert_int_equal(scenario->faults[1].index, 1);
    assert_int_equal(scenario->order_count, 2);
    assert_int_equal(scenario->order[1], 2);
    assert_string_equal(scenario->found.claim, "2");
    assert_string_equal(scenario->found.base, "x/y");
    assert_int_equal(scenario->found.seed, UINT64_MAX);
    assert_int_equal(scenario->found.trace, 0xff);
    assert_int_equal(scenario->expect.faults.comparison, NUMBER_AT_LEAST);
}

/* What is made beneath the proxy cannot be made in another process, nor can anybody choose the order of real events. */
static void a_schedule_is_not_for_every_world(void **state)
{
    static const struct {
        const char *text;
        bool sim, sockets;
    } ROWS[] = {
        {TOP ACTORS "faults: [{at: a#1, kind: refused}]\n" EXPECT, true, true},
        {TOP ACTORS "order: [1]\n" EXPECT, true, false},
        {TOP ACTORS "order: []\n" EXPECT, true, true},
        {TOP ACTORS "proxy: {process: own}\nfaults: [{at: a#1, kind: refused}]\n" EXPECT, false,
         false},
        {TOP ACTORS "proxy: {process: own}\nfaults: [{at: a#1, sent: 1, kind: split}]\n" EXPECT,
         false, false},
        {TOP ACTORS "proxy: {process: own}\nfaults: [{at: a#1, sent: 1, kind: fin}]\n" EXPECT,
         false, true},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        assert_int_equal(read_text(fixture, ROWS[i].text, 0), SCENARIO_READ);
        assert_int_equal(fixture->scenario.unsupported[WORLD_SIM] == NULL, ROWS[i].sim);
        assert_int_equal(fixture->scenario.unsupported[WORLD_SOCKETS] == NULL, ROWS[i].sockets);
    }
}

static void the_method_of_raw_bytes_is_their_first_word(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_text(fixture,
                               TOP "client: [raw: \"PURGE / HTTP/1.1\\r\\n\\r\\n\"]\n"
                                   "upstreams: {a: []}\n" EXPECT,
                               0),
                     SCENARIO_READ);
    assert_string_equal(fixture->scenario.method, "PURGE");
    assert_int_equal(
        read_text(fixture, TOP "client: [garbage: 10]\nupstreams: {a: []}\n" EXPECT, 0),
        SCENARIO_READ);
    assert_string_equal(fixture->scenario.method, "-");
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(a_mistake_is_told_where_it_stands),
        ROW(each_combination_is_a_case_with_an_id_of_its_own),
        ROW(a_value_takes_its_place_whole_whatever_its_kind),
        ROW(a_grid_ends_at_its_limit),
        ROW(what_is_not_said_has_its_default),
        ROW(what_a_proxy_is_told_of_its_upstreams_follows_from_the_map),
        ROW(a_host_is_a_name_that_leads_to_its_upstream),
        ROW(how_the_proxy_speaks_tls_is_said_by_two_keys),
        ROW(a_world_that_cannot_do_it_is_found_out),
        ROW(a_case_on_ipv6_needs_a_machine_that_has_it),
        ROW(a_name_that_nobody_knows_is_asked_for_within_the_case),
        ROW(a_schedule_is_read_behind_the_grid),
        ROW(a_schedule_is_not_for_every_world),
        ROW(the_method_of_raw_bytes_is_their_first_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
