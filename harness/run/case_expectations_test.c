/*
 * Cases of TLS, names, routes, tunnels and the request log, with the built-in proxy and in both worlds: what is true
 * passes, and each expectation is seen to fail.
 */
#include "harness/run/place_rig.h"

#include <stdio.h>
#include <string.h>

#include "reports/recording/recording.h"

/* ---- bases ---------------------------------------------------------------------------------- */

#define FAILS_OVER                                                              \
    "client: [request: {path: /x}]\nupstreams: {a: {listen: refused}, b: []}\n" \
    "proxy: {max_retries: 1}\n"
#define SECURE                                                                                 \
    "proxy: {tls: true}\nclient: [tls: true, request: {method: PUT, path: /x, body: 40000}]\n" \
    "upstreams: {a: {tls: true}}\n"
#define NAMED                                                                  \
    "dns: {a.test: [127.0.0.9, a]}\nproxy: {upstreams: [a], max_retries: 0}\n" \
    "client: [request: {path: /x}]\nupstreams: {a: {host: a.test}}\n"
#define TUNNEL                                                                           \
    "proxy: {mode: forward}\n"                                                           \
    "client: [request: {method: CONNECT, to: a}, stream: 9000, half-close, read: eof]\n" \
    "upstreams: {a: [[read: 9000 of stream, read: eof, stream: 70000, end: fin]]}\n"
#define SOCKET                                                                                   \
    "client: [request: {path: /chat, upgrade: websocket}, stream: 50, read: 60 of stream, end: " \
    "fin]\n"                                                                                     \
    "upstreams: {a: [[read: request, respond: {status: 101, upgrade: websocket},\n"              \
    "  read: 50 of stream, stream: 60, read: eof, end: fin]]}\n"
#define THROUGH                                                                               \
    "proxy: {mode: forward}\n"                                                                \
    "client: [request: {method: CONNECT, to: a}, request: {path: /1}, request: {path: /2}]\n" \
    "upstreams: {a: []}\n"
#define TWICE                                              \
    "client: [request: {path: /1}, request: {path: /2}]\n" \
    "upstreams: {a: [[read: request, respond: 200, read: request, respond: 200]]}\n"
#define TOGETHER                                                          \
    "clients: {one: [request: {path: /1}], two: [request: {path: /2}]}\n" \
    "upstreams: {a: [[read: request, respond: 200], [read: request, respond: 200]]}\n"

#define HERE " # here\n"

static const struct row {
    const char *sentence;
    const char *base;
    const char *expect; /* where it has several lines, HERE ends that of what does not hold first */
    const char *finding; /* NULL: it passes */
} ROWS[] = {
    {"rows of the log are what happened", FAILS_OVER,
     "log: [{status: 200, kind: reverse, route: default, user: none, method: GET, target: /x, "
     "error: none,\n"
     "  stage: none, cause: none, retry_attempts: 1, attempts: [{upstream: a, stage: dial,\n"
     "  cause: connection_refused, message: Connection refused, retried: true},\n"
     "  {upstream: b, stage: none, status: 200, retried: false}]}]",
     NULL},
    {"a row's status is compared", FAILS_OVER, "log: {status: 201}",
     "row 1 of the log says status 200, expected 201"},
    {"a row's words are compared", FAILS_OVER, "log: {route: other}",
     "row 1 of the log says route default, expected other"},
    {"how many rows there are is compared", FAILS_OVER, "log: {rows: 2}",
     "the log says rows 1, expected 2"},
    {"a list has as many rows as the log", FAILS_OVER, "log: []", "the log has 1 rows, expected 0"},
    {"a row's attempts are counted", FAILS_OVER, "log: {attempts: [{}]}",
     "row 1 of the log tells of 2 attempts, expected 1"},
    {"a row's attempts are compared", FAILS_OVER, "log: {attempts: [{cause: dns_error}, {}]}",
     "row 1 of the log, attempt 1, says cause connection_refused, expected dns_error"},
    {"whether an attempt was tried again is compared", FAILS_OVER,
     "log: {attempts: [{retried: false}, {}]}",
     "attempt 1, says that it was tried again, expected that it was not"},
    {"why an attempt was tried again is compared", FAILS_OVER,
     "log: {attempts: [{reason: tunnel stands}, {}]}",
     "says reason nothing of the request was sent, expected tunnel stands"},
    {"how much of an attempt was handed over is compared", FAILS_OVER,
     "log: {attempts: [{tx: 1}, {tx: \"> 0\"}]}", "attempt 1, says tx 0, expected 1"},
    {"the bytes of a row are compared", FAILS_OVER, "log: {request_bytes: 0, response_bytes: 9}",
     "row 1 of the log says response_bytes 0, expected 9"},
    {"a row's summary is compared", FAILS_OVER, "log: {summary: s}",
     "row 1 of the log says summary none, expected s"},
    {"a record's route and kind are compared", FAILS_OVER, "record: {route: x, kind: upgrade}",
     "the record says kind reverse, expected upgrade"},
    {"both sides speak TLS", SECURE,
     "client: {status: 200, from: a, tls: {version: \"1.3\", failed: false, alpn: none, detail: "
     "none}}\n"
     "  handshakes: {a: 1}\n  resumed: {a: 0}\n  sni: {a: a.test}\n  received: {a: {body: same}}\n"
     "  held: 64KiB\n",
     NULL},
    {"handshakes are counted", SECURE, "handshakes: {a: 2}",
     "upstream a: handshakes completed: 1, expected 2"},
    {"a server name is compared", SECURE, "sni: {a: none}",
     "connection 1 to a asked for the server name a.test, expected none"},
    {"a client's version of TLS is compared", SECURE, "client: {tls: {version: \"1.2\"}}",
     "the client had the TLS version 1.3, expected 1.2"},
    {"a client's handshake is judged", SECURE, "client: {tls: {failed: true}}",
     "the client completed its handshake, expected that it fails"},
    {"a handshake that failed is told by stage, cause and detail",
     "client: [request: {path: /x}]\nupstreams: {a: {tls: {certificate: expired}}}\n"
     "proxy: {max_retries: 0}\n",
     "record: {stage: handshake, cause: tls_certificate_error, detail: certificate has expired}\n"
     "  handshakes: {a: 0}",
     NULL},
    {"all addresses of a name are one attempt", NAMED,
     "client: {status: 200, from: a}\n  lookups: {a.test: 1}\n"
     "  record: {attempts: 1, addresses: 1}\n",
     NULL},
    {"lookups are counted", NAMED, "lookups: {a.test: 0}",
     "the name a.test was looked up 1 time, expected 0"},
    {"addresses that failed are counted", NAMED, "record: {addresses: 0}",
     "the record says addresses 1, expected 0"},
    {"a tunnel carries both streams and both ends", TUNNEL,
     "client: {status: 200, closed: fin}\n  tunnel: {up: 9000, down: 70000, same: true}\n"
     "  attempts: {a: 1}\n  held: 64KiB\n  record: {kind: connect, phase: none}\n",
     NULL},
    {"bytes up a tunnel are compared", TUNNEL, "tunnel: {up: 9001}",
     "9000 bytes of the tunnel reached a, expected 9001"},
    {"bytes down a tunnel are compared", TUNNEL, "tunnel: {down: 70KiB}",
     "70000 bytes of the tunnel reached the client, expected 71680"},
    {"that a tunnel carried all is compared", TUNNEL, "tunnel: {same: false}",
     "that is the same, expected that it is not"},
    {"no tunnel is told", FAILS_OVER, "tunnel: {same: true}", "there was no tunnel, expected one"},
    {"a tunnel's phase is compared", TUNNEL, "record: {phase: idle}",
     "the record says phase none, expected idle"},
    {"a WebSocket is a tunnel", SOCKET,
     "client: {status: 101, from: a}\n  tunnel: {up: 50, down: 60, same: true}\n"
     "  record: {kind: upgrade}\n  attempts: {a: 1}\n",
     NULL},
    {"HTTP through a tunnel is one attempt", THROUGH,
     "client: [{status: 200}, {status: 200, from: a}, {status: 200, from: a}]\n"
     "  attempts: {a: 1}\n  delivered: {a: 2}\n  connections: {a: 1}\n",
     NULL},
    {"IPv6 is on both sides",
     "proxy: {listen: 6}\nclient: [request: {path: /x}]\n"
     "upstreams: {a: {family: 6, listen: refused}, b: {family: 6}}\n",
     "client: {status: 200, from: b}\n  attempts: {a: 1, b: 1}\n", NULL},
    {"attempts at one upstream stand on their own line", FAILS_OVER,
     "client: {status: 200}\n  delivered: {b: 1}\n  attempts: {a: 2}" HERE,
     "upstream a: attempts: 1, expected 2"},
    {"the first of several lines that do not hold is told", FAILS_OVER,
     "client:\n    status: 200\n    complete: true\n  delivered: {b: 2}" HERE
     "  record: {cause: dns_error}",
     "requests that reached it whole: 1, expected 2"},
    {"one of several responses stands on its own line", TWICE,
     "client:\n    - {status: 200}\n    - {status: 404}" HERE, "response 2, got 200, expected 404"},
    {"one of several clients stands on its own line", TOGETHER,
     "clients:\n    one: {status: 200}\n    two: {status: 404}" HERE, "client two got 200"},
    {"what was received stands on its own line", FAILS_OVER,
     "attempts: 2\n  received:" HERE "    b: {method: PUT}",
     "has the method 'GET', expected 'PUT'"},
    {"a time stands on its own line", FAILS_OVER, "attempts: 2\n  within: 1h\n  after: 1h" HERE,
     "expected not before 3600 s"},
    {"hooks stand on their own line", "hooks: trace\n" FAILS_OVER,
     "attempts: 2\n  hooks_within: [upstream_peer]\n  hooks: [logging]" HERE,
     "of a hook was early_request_filter"},
    {"a summary stands on its own line", "hooks: trace\n" FAILS_OVER,
     "attempts: 2\n  summary: other" HERE, "the record's summary is"},
};

/* ---- playing -------------------------------------------------------------------------------- */

static struct place place;

static int set_up_place(void **state)
{
    (void)state;
    place_set_up(&place);
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++)
        case_run_record(place.runs[kind], CASE_RECORD_ALL);
    return 0;
}

static int tear_down_place(void **state)
{
    (void)state;
    place_tear_down(&place);
    return 0;
}

static void read_row(const struct row *row)
{
    place_read(&place, region_format(&place.region, "name: n\nstage: tunnel\n%sexpect:\n  %s\n",
                                     row->base, row->expect));
}

/* Of what is expected, each thing has a row beside what was seen: one of them does not hold where the verdict is that. */
static void expect_rows(const struct case_outcome *outcome)
{
    char error[RECORDING_ERROR_BYTES] = "";
    struct region region;
    size_t broken = 0;
    assert_non_null(outcome->recording);
    region_init(&region, CASE_BYTES_MAX);
    const struct case_recording *recording = recording_read(outcome->recording, &region, error);
    assert_string_equal(error, "");
    assert_non_null(recording);
    assert_true(recording->expectation_count > 0);
    for (size_t i = 0; i < recording->expectation_count; i++)
        broken += !recording->expectations[i].holds;
    assert_int_equal(broken > 0, outcome->unexpected);
    region_release(&region);
}

/* Where a reader finds what did not hold first, in the text of read_row(). */
static unsigned finding_line(const struct row *row)
{
    unsigned line = 4; /* of the first key of expect, where the base is empty */
    if (row->finding == NULL)
        return 0;
    const char *here = strstr(row->expect, HERE);
    for (const char *c = row->base; *c != '\0'; c++)
        line += *c == '\n';
    for (const char *c = row->expect; c < here; c++)
        line += *c == '\n';
    return line;
}

static void judge(const struct row *row, enum world_kind kind)
{
    struct case_outcome outcome;
    bool found = row->finding == NULL;
    case_run_judge(place.runs[kind], &outcome);
    expect_rows(&outcome);
    for (size_t i = 0; i < outcome.sentence_count; i++)
        found = found || strstr(outcome.sentences[i], row->finding) != NULL;
    enum verdict expected = row->finding == NULL ? VERDICT_PASS : VERDICT_FAIL;
    bool right = found && outcome.verdict == expected;
    for (size_t i = 0; i < outcome.sentence_count && !right; i++)
        print_error("- %s\n", outcome.sentences[i]);
    for (size_t i = 0; i < outcome.story_count && !right; i++)
        print_error("  %s\n", outcome.story[i]);
    case_run_reset(place.runs[kind]);
    if (right)
        assert_int_equal(outcome.finding_line, finding_line(row));
    if (!right)
        fail_msg("%s: verdict %s, expected %s with: %s", world_word(kind),
                 verdict_word(outcome.verdict), verdict_word(expected),
                 row->finding != NULL ? row->finding : "nothing");
}

static void plays_in_both_worlds(void **state)
{
    const struct row *row = *state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        region_reset(&place.region);
        read_row(row);
        place_play(&place, kind);
        judge(row, kind);
    }
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = plays_in_both_worlds,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, set_up_place, tear_down_place);
}
