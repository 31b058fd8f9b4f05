/*
 * A whole case as doctored evidence, sound in every respect, for tests that make one thing wrong with it.
 *
 * Ownership: static, one case at a time; made anew by make_case(). Only for tests.
 */
#ifndef HARNESS_ORACLE_WHOLE_CASE_RIG_H
#define HARNESS_ORACLE_WHOLE_CASE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "harness/oracle/claims_rig.h"

/*
 * A GET, refused at a and answered by b with a 200 of five bytes; its client got that, and a record says so. Beside it lies
 * what some of the rows need: a second request on b's connection, and a second client.
 */
struct whole {
    struct rig rig;
    struct client client, other;
    struct client *clients[2];
    struct line line, other_line;
    struct line *lines[1], *other_lines[1];
    struct fake_upstream upstreams[RIG_UPSTREAMS];
    struct fake_upstream *list[RIG_UPSTREAMS];
    struct fake_connection connection; /* b's */
    struct fake_connection *connections[1];
    struct outcome_fact outcomes[2];
    struct exchange_record record;
    struct trace_stream refused, connected;
    struct draft other_draft;
};

static struct whole whole; /* one case at a time */

#define REQUEST  "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nX-Attempt: b.1.1\r\nContent-Length: 5\r\n\r\nbbbbb"

static inline struct rig *rig_of(void)
{
    return &whole.rig;
}

static inline struct evidence *evidence_of(void)
{
    return &whole.rig.evidence;
}

static inline struct witness *client_saw(void)
{
    return &whole.line.witness;
}

static inline struct witness *b_saw(void)
{
    return &whole.connection.line.witness;
}

static inline struct witness_message *asked(void)
{
    return &whole.rig.messages[1];
}

static inline struct witness_message *got(void)
{
    return &whole.rig.responses[0];
}

static inline void write_wire(struct witness_stream *stream, const char *text)
{
    *stream = (struct witness_stream){
        .bytes = strlen(text), .data = (uint8_t *)(uintptr_t)text, .size = strlen(text)};
}

static inline void make_actors(void)
{
    for (size_t i = 0; i < RIG_UPSTREAMS; i++)
        whole.list[i] = &whole.upstreams[i];
    whole.connections[0] = &whole.connection;
    whole.upstreams[1].connections = whole.connections;
    whole.upstreams[1].connection_count = 1;
    whole.lines[0] = &whole.line;
    whole.other_lines[0] = &whole.other_line;
    whole.client = (struct client){.lines = whole.lines, .line_count = 1};
    whole.other = (struct client){.lines = whole.other_lines, .line_count = 1};
    whole.clients[0] = &whole.client;
    whole.clients[1] = &whole.other;
    evidence_of()->upstreams = whole.list;
    evidence_of()->clients = whole.clients;
    rig_of()->scenario.client_count = 1;
}

static inline void make_client(void)
{
    struct rig *rig = rig_of();
    *client_saw() = (struct witness){.connection = 1, .opened_ns = RIG_BEGAN_NS};
    write_wire(&client_saw()->out, REQUEST);
    write_wire(&client_saw()->in, RESPONSE);
    client_saw()->sent = client_saw()->sent_last = &rig->sent[0];
    client_saw()->received = client_saw()->received_last = &rig->responses[0];
    rig->draft.framing = MESSAGE_NO_BODY;
    rig->draft.start = bytes_of("GET /x HTTP/1.1\r\n");
    rig->sent[0].bytes = rig->sent[0].bytes_total = strlen(REQUEST);
    rig->sent[0].complete_ns = RIG_BEGAN_NS;
    rig->requests[0].connection = client_saw();
    rig->requests[0].response = got();
    *got() = (struct witness_message){.number = 1,
                                      .method = "",
                                      .target = "",
                                      .head_complete = true,
                                      .complete = true,
                                      .status = 200,
                                      .framing = MESSAGE_LENGTH,
                                      .declared = 5,
                                      .body_bytes = 5,
                                      .label = bytes_of("b.1.1"),
                                      .begun_ns = rig_ns(6),
                                      .complete_ns = rig_ns(6)};
}

static inline void make_upstream(void)
{
    struct rig *rig = rig_of();
    write_wire(&b_saw()->in, REQUEST);
    write_wire(&b_saw()->out, RESPONSE);
    b_saw()->connection = 1;
    b_saw()->received = b_saw()->received_last = asked();
    b_saw()->sent = b_saw()->sent_last = &rig->answers[1];
    rig->answers[1].label = bytes_of("b.1.1");
    rig->answers[1].bytes = rig->answers[1].bytes_total = strlen(RESPONSE);
    rig->answer_drafts[1].framing = MESSAGE_LENGTH;
    rig->answer_drafts[1].body_bytes = 5;
    rig->attempts[1].connection = b_saw();
    rig->attempts[1].closed_ns = TIME_NEVER;
    rig->arrivals[0].connection = b_saw();
    rig->attempts[0].connection = NULL;
    whole.refused = (struct trace_stream){.side = TRACE_CONNECTED, .outcome = -ECONNREFUSED};
    whole.connected = (struct trace_stream){.side = TRACE_CONNECTED,
                                            .tx = strlen(REQUEST),
                                            .tx_at_rx = strlen(REQUEST),
                                            .rx = strlen(RESPONSE)};
    rig->attempts[0].stream = &whole.refused;
    rig->attempts[1].stream = &whole.connected;
}

static inline void make_case(void)
{
    struct rig *rig = rig_of();
    memset(&whole, 0, sizeof(whole));
    rig_init(rig, "GET", 1);
    make_actors();
    rig_add(rig, &(struct rig_attempt){.upstream = 'a', .begun_ms = 1});
    rig_add(rig, &(struct rig_attempt){.upstream = 'b',
                                       .begun_ms = 1,
                                       .ended_ms = 5,
                                       .written = 9,
                                       .seen = true,
                                       .status = 200});
    make_client();
    make_upstream();
    whole.outcomes[0] = (struct outcome_fact){.connection = client_saw(),
                                              .message = got(),
                                              .request = &rig->requests[0],
                                              .complete = true};
    whole.record = (struct exchange_record){
        .id = 1, .method = "GET", .target = "/x", .status = 200, .attempt_count = 2};
    whole.record.response_body_bytes = 5;
    whole.record.attempts[0].failure =
        (struct failure){SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED};
    evidence_of()->outcomes = whole.outcomes;
    evidence_of()->outcome_count = 1;
    evidence_of()->records = &whole.record;
    evidence_of()->record_count = evidence_of()->record_total = 1;
    evidence_of()->settled_ns = rig_ns(10);
    evidence_of()->conduct = (struct trace_conduct){.closes = 1, .timers_fired = 3};
    evidence_of()->held = (struct trace_held){.up_peak = 9, .down_peak = 9};
}

/* A fault took place, whatever it was, so that a client that waits is judged by what it sent and got. */
static inline void meet_a_fault(enum wire_fault_kind kind)
{
    static struct wire_fault fault;
    fault = (struct wire_fault){.party = WIRE_CLIENT, .connection = 1, .kind = kind};
    rig_of()->scenario.faults = &fault;
    rig_of()->scenario.fault_count = 1;
    evidence_of()->faults_met = 1;
}

/* What a claim says once one thing was made wrong. */
struct row {
    unsigned claim;
    enum claim_answer answer;
    void (*doctor)(void);
    const char *finding; /* NULL: none */
};

static inline void fail_with_findings(const struct rig *rig, const char *expected)
{
    for (size_t i = 0; i < rig->findings.count && i < FINDINGS_MAX; i++)
        print_error("- %s\n", rig->findings.sentences[i]);
    fail_msg("expected %s", expected);
}

static inline void a_wrong_thing_is_found(void **state)
{
    const struct row *row = *state;
    make_case();
    row->doctor();
    enum claim_answer answer = rig_ask(rig_of(), row->claim);
    bool right = answer == row->answer && rig_found(rig_of(), row->finding);
    if (!right)
        fail_with_findings(rig_of(), row->finding != NULL ? row->finding : "nothing");
    rig_release(rig_of());
}

/* A test for each row, named like its claim. */
static inline void name_tests(struct CMUnitTest *tests, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){.name = claims_at(rows[i].claim - 1)->name,
                                       .test_func = a_wrong_thing_is_found,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
}

#endif
