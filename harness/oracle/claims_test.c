/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* The claims as a whole, and those about attempts and clients: each broken by one thing that is wrong in a sound case. */
#include <stdio.h>

#include "harness/oracle/whole_case_rig.h"
#include "world/sim/sim.h"

/* ---- one thing wrong each -------------------------------------------------------------------- */

static void read_one_response_byte_before_b(void)
{
    whole.connected.down_before = 1;
    client_saw()->in.data = (uint8_t *)(uintptr_t) "XTTP/1.1 200 OK\r\n\r\n";
}

static void send_hints_before_b(void)
{
    write_wire(&client_saw()->in, "HTTP/1.1 103 Early Hints\r\n\r\n" RESPONSE);
    got()->interim_count = 1;
    got()->interims[0] = 103;
    whole.connected.down_before = strlen("HTTP/1.1 103 Early Hints\r\n\r\n");
}

/* a answered as well, and the proxy read its head, before b was asked. */
static void get_a_head_of_a(void)
{
    static struct witness a_saw;
    struct rig *rig = rig_of();
    a_saw = (struct witness){.connection = 1};
    write_wire(&a_saw.out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    rig->messages[0] = *asked();
    rig->answer_drafts[0] = (struct draft){.kind = DRAFT_RESPONSE, .status = 404};
    rig->answers[0] = (struct witness_sent){.draft = &rig->answer_drafts[0], .bytes = 1};
    a_saw.received = &rig->messages[0];
    rig->attempts[0].connection = &a_saw;
    rig->attempts[0].message = &rig->messages[0];
    rig->attempts[0].answer = &rig->answers[0];
    whole.refused.outcome = 0;
    whole.refused.rx = a_saw.out.bytes;
    rig->scenario.proxy.head_bytes_max = HEAD_BYTES_DEFAULT;
}

static void get_a_listed_head_of_a(void)
{
    get_a_head_of_a();
    check(status_set_add(&rig_of()->scenario.retry.on_status, 404));
}

static void cut_another_head(void)
{
    get_a_head_of_a();
    write_wire((struct witness_stream *)(uintptr_t)&rig_of()->attempts[0].connection->in, "GET /y");
    rig_of()->messages[0].head_complete = false;
    rig_of()->requests[0].begun = 2;
}

static void fail_again_on_one_connection(void)
{
    rig_of()->attempts[0].connection = b_saw(); /* and no answer came there to the first */
}

static void consume_more_than_is_kept(void)
{
    get_a_head_of_a();
    rig_of()->messages[0].body_bytes = 11;
    rig_of()->scenario.retry.replay_bytes = 10;
}

static void give_no_cause(void)
{
    whole.record.attempts[0].failure.cause = CAUSE_NONE;
}

static void answer_twice(void)
{
    client_saw()->faults.count = 1;
    client_saw()->faults.list[0] =
        (struct transcript_fault){2, "a response that no request asked for"};
}

static void keep_waiting(void)
{
    meet_a_fault(WIRE_FAULT_DELAY);
    rig_of()->requests[0].response = NULL;
}

static void keep_a_stalled_one_waiting(void)
{
    keep_waiting();
    client_saw()->stalled = true;
}

/* The proxy read the request, and ended its connection without a byte: to a client that heard of that and had not left. */
static void hang_up(void)
{
    static struct trace_stream accepted;
    accepted = (struct trace_stream){.side = TRACE_ACCEPTED, .rx = strlen(REQUEST)};
    client_saw()->in = (struct witness_stream){0};
    client_saw()->received = client_saw()->received_last = NULL;
    rig_of()->requests[0].response = NULL;
    rig_of()->requests[0].accepted = &accepted;
    rig_of()->requests[0].hung_up_ns = rig_ns(6);
    whole.outcomes[0] = (struct outcome_fact){.connection = client_saw(), .closing = WITNESS_FIN};
}

static void hang_up_on_who_had_left(void)
{
    hang_up();
    rig_of()->requests[0].gone_ns = rig_ns(5);
    rig_of()->requests[0].hung_up_ns = 0;
}

static void hang_up_before_it_was_asked(void)
{
    hang_up();
    rig_of()->sent[0].complete_ns = rig_ns(7);
}

static void hang_up_before_it_was_asked_again(void)
{
    hang_up();
    rig_of()->sent[0].number = 2;
    rig_of()->requests[0].begun = rig_of()->requests[0].attempts = 0;
}

static void be_stopped_while_it_waits(void)
{
    hang_up();
    whole.outcomes[0].closing = WITNESS_OPEN;
}

static void wait_for_ever(void)
{
    evidence_of()->waits[0] = "the client waits for ever: it reads";
    evidence_of()->wait_count = 1;
}

static void lose_a_signal(void)
{
    wait_for_ever();
    meet_a_fault(WIRE_FAULT_FIN);
}

static void break_a_rule(void)
{
    client_saw()->faults.count = 1;
    client_saw()->faults.list[0] = (struct transcript_fault){1, "a folded field line"};
}

static void break_a_rule_in_the_answer_to_a_garbled_head(void)
{
    break_a_rule();
    client_saw()->garbled = rig_of()->sent[0].garbled = true;
    rig_of()->draft.method = "HEAD";
}

static void make_the_body_longer(void)
{
    got()->body_bytes = 6;
}

static void garble_the_body(void)
{
    write_wire(&b_saw()->out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbb");
    b_saw()->garbled = rig_of()->answers[1].garbled = true;
}

static void answer_for_a_timeout(void)
{
    evidence_of()->attempt_count = 1;
    whole.record.attempt_count = 1;
    rig_of()->requests[0].attempts = 1;
    whole.record.failure =
        (struct failure){SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED};
    static const struct message_field FIELD = {{(const uint8_t *)"Proxy-Status", 12},
                                               {(const uint8_t *)"x", 1}};
    got()->label = bytes_make(NULL, 0);
    got()->status = whole.record.status = 504;
    got()->fields = &FIELD;
    got()->field_count = 1;
}

static void answer_for_a_refusal(void)
{
    answer_for_a_timeout();
    got()->status = whole.record.status = 502;
}

static void send_a_body_to_a_head(void)
{
    rig_of()->draft.method = "HEAD";
}

/* Another request, on the same connection or on one of its own, whose answer came as the answer to the first. */
static void ask_beside_it(struct witness *connection)
{
    struct rig *rig = rig_of();
    rig->sent[1] = (struct witness_sent){.number = 2, .draft = &rig->draft};
    rig->requests[1] = (struct request_fact){.connection = connection, .sent = &rig->sent[1]};
    evidence_of()->request_count = 2;
    rig->attempts[1].request = &rig->requests[1];
    asked()->label = bytes_of("client.2");
}

static void answer_out_of_order(void)
{
    ask_beside_it(client_saw());
}

static void answer_the_wrong_client(void)
{
    ask_beside_it(&whole.other_line.witness);
}

static void change_the_target(void)
{
    asked()->target = "/y";
}

static void pass_on_keep_alive(void)
{
    static const struct message_field FIELD = {{(const uint8_t *)"Keep-Alive", 10},
                                               {(const uint8_t *)"1", 1}};
    asked()->fields = &FIELD;
    asked()->field_count = 1;
}

static void break_a_rule_to_b(void)
{
    b_saw()->faults.count = 1;
    b_saw()->faults.list[0] = (struct transcript_fault){1, "a field line without a colon"};
}

/* The client's request was garbled into one with another target, and that is what b must have got. */
static void garble_the_request(void)
{
    write_wire(&client_saw()->out, "GET /z HTTP/1.1\r\nHost: h\r\n\r\n");
    client_saw()->garbled = rig_of()->sent[0].garbled = true;
}

static void garble_and_pass_on(void)
{
    garble_the_request();
    asked()->target = "/z";
}

static void garble_its_end(void)
{
    write_wire(&client_saw()->out, "GET /x HTTP/1.1\r\nHost: h\r\n\r");
    client_saw()->garbled = rig_of()->sent[0].garbled = true;
}

static const struct row ROWS[] = {
    {4, CLAIM_BROKEN, read_one_response_byte_before_b, "although 1 bytes of its response had gone"},
    {5, CLAIM_BROKEN, get_a_head_of_a, "although a had answered it with 404, which is none to"},
    {5, CLAIM_HELD, get_a_listed_head_of_a, NULL},
    {8, CLAIM_BROKEN, cut_another_head, "differ in byte 5 of their heads"},
    {9, CLAIM_BROKEN, fail_again_on_one_connection, "the connection to b on which it had failed"},
    {12, CLAIM_BROKEN, consume_more_than_is_kept, "of which replay_buffer_bytes keeps 10"},
    {14, CLAIM_BROKEN, give_no_cause, "gives no cause for attempt 1, which another followed"},
    {15, CLAIM_BROKEN, answer_twice, "a response that no request asked for"},
    {15, CLAIM_BROKEN, keep_waiting, "GET /x got neither a whole response nor the end of"},
    {15, CLAIM_HELD, keep_a_stalled_one_waiting, NULL},
    {15, CLAIM_BROKEN, hang_up, "GET /x got no answer: the proxy ended its connection in silence"},
    {15, CLAIM_HELD, hang_up_on_who_had_left, NULL},
    {15, CLAIM_HELD, hang_up_before_it_was_asked, NULL},
    {15, CLAIM_HELD, hang_up_before_it_was_asked_again, NULL},
    {15, CLAIM_HELD, be_stopped_while_it_waits, NULL},
    {15, CLAIM_BROKEN, wait_for_ever, "waits for ever"},
    {15, CLAIM_HELD, lose_a_signal, NULL},
    {16, CLAIM_BROKEN, break_a_rule, "a folded field line"},
    {16, CLAIM_HELD, break_a_rule_in_the_answer_to_a_garbled_head, NULL},
    {17, CLAIM_BROKEN, make_the_body_longer, "as complete with 6 body bytes, its upstream sent 5"},
    {18, CLAIM_BROKEN, garble_the_body, "one of them garbled"},
    {19, CLAIM_BROKEN, answer_for_a_timeout, "failed before that: that is a 502"},
    {19, CLAIM_HELD, answer_for_a_refusal, NULL},
    {20, CLAIM_BROKEN, send_a_body_to_a_head, "behind the head of a 200 that has no body"},
    {21, CLAIM_BROKEN, answer_out_of_order, "came as the answer to GET /x"},
    {24, CLAIM_BROKEN, answer_the_wrong_client, "of another connection came as the answer to"},
    {23, CLAIM_BROKEN, change_the_target, "its target is '/y' and not '/x'"},
    {23, CLAIM_BROKEN, pass_on_keep_alive, "with the field Keep-Alive, which is for one hop alone"},
    {23, CLAIM_BROKEN, break_a_rule_to_b, "to an upstream: a field line without a colon"},
    {23, CLAIM_BROKEN, garble_the_request, "its target is '/x' and not '/z'"},
    {23, CLAIM_HELD, garble_and_pass_on, NULL},
    {23, CLAIM_BROKEN, garble_its_end, "broken off by a byte that may not be there"},
    {64, CLAIM_BROKEN, send_hints_before_b, "although a 103 had gone down"},
};

/* ---- all together ---------------------------------------------------------------------------- */

static void a_sound_case_breaks_no_claim(void **state)
{
    struct claims_said said;
    (void)state;
    make_case();
    evidence_link_outcomes(evidence_of());
    claims_check(evidence_of(), &rig_of()->findings, &said);
    if (rig_of()->findings.count > 0)
        fail_with_findings(rig_of(), "nothing");
    assert_true(said.broken == 0);
    assert_true((said.exercised >> (4 - 1) & 1) == 1);
    assert_true((said.exercised >> (59 - 1) & 1) == 0);
    rig_release(rig_of());
}

static void what_is_broken_was_exercised(void **state)
{
    struct claims_said said;
    (void)state;
    make_case();
    evidence_of()->idle_steps = 100;
    evidence_link_outcomes(evidence_of());
    claims_check(evidence_of(), &rig_of()->findings, &said);
    assert_true(said.broken == (claim_set)1 << (42 - 1));
    assert_true((said.exercised & said.broken) == said.broken);
    rig_release(rig_of());
}

static void claims_are_found_by_name_and_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < claims_count(); i++) {
        const struct claim *claim = claims_at(i);
        char number[8];
        snprintf(number, sizeof(number), "%u", claim->number);
        assert_int_equal(claim->number, i + 1);
        assert_int_equal(claims_find(claim->name), i);
        assert_int_equal(claims_find(number), i);
        assert_true(strlen(claim->sentence) > 0 && strlen(claim->source) > 0);
    }
    assert_int_equal(claims_find("no-such-claim"), claims_count());
    assert_int_equal(claims_find("0"), claims_count());
}

/* ---- a real seam ----------------------------------------------------------------------------- */

static void on_dial(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

/* The seam saw a refused dial, of which the record says that it timed out. */
static void another_cause_than_the_seam_saw_is_found(void **state)
{
    const struct sim_options sim_options = {.seed = 1};
    const struct trace_options trace_options = {0};
    struct world *sim = sim_create(&sim_options);
    struct world *trace = trace_create(sim, &trace_options);
    struct stream stream = {.on_event = on_dial};
    struct address nobody = address_loopback(9);
    (void)state;
    assert_int_equal(world_connect(trace, &stream, &nobody), 0);
    world_run(trace, UINT64_MAX, TIME_NEVER);
    stream_close(&stream, STREAM_FIN);
    make_case();
    evidence_of()->trace = trace;
    evidence_of()->stream_count = 1;
    whole.record.attempt_count = 1;
    whole.record.attempts[0].address = nobody;
    assert_int_equal(rig_ask(rig_of(), 14), CLAIM_HELD);
    whole.record.attempts[0].failure.cause = CAUSE_CONNECTION_TIMEOUT;
    assert_int_equal(rig_ask(rig_of(), 14), CLAIM_BROKEN);
    assert_true(
        rig_found(rig_of(), "failed of connection_timeout, the seam saw: Connection refused"));
    whole.record.attempts[0].failure.stage = STAGE_MID_WRITE;
    rig_ask(rig_of(), 14);
    assert_true(rig_found(rig_of(), "failed at stage mid-write, with 0 bytes written and 0 read"));
    rig_release(rig_of());
    trace_destroy(&trace);
    sim_destroy(&sim);
}

int main(void)
{
    enum { OTHERS = 4 };
    struct CMUnitTest tests[COUNT_OF(ROWS) + OTHERS] = {
        cmocka_unit_test(a_sound_case_breaks_no_claim),
        cmocka_unit_test(what_is_broken_was_exercised),
        cmocka_unit_test(claims_are_found_by_name_and_number),
        cmocka_unit_test(another_cause_than_the_seam_saw_is_found),
    };
    name_tests(tests + OTHERS, ROWS, COUNT_OF(ROWS));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
