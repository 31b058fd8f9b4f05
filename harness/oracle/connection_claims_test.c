/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* The claims about connections, memory, time, records and heads: each broken by one thing that is wrong in a sound case. */
#include "harness/oracle/whole_case_rig.h"

static void leave_a_timer(void)
{
    evidence_of()->left.timers = 1;
}

/* b's connection served a second request; what is wrong with that, the row says. */
static void ask_b_again(void)
{
    struct rig *rig = rig_of();
    rig->messages[2] = *asked();
    rig->messages[2].number = 2;
    rig->messages[2].begun_ns = rig_ns(8);
    asked()->next = &rig->messages[2];
    rig->arrivals[evidence_of()->arrival_count++] =
        (struct arrival_fact){1, b_saw(), &rig->messages[2], &rig->requests[0]};
}

static void use_what_was_to_be_closed(void)
{
    static const struct message_field FIELD = {{(const uint8_t *)"Connection", 10},
                                               {(const uint8_t *)"close", 5}};
    ask_b_again();
    rig_of()->answer_drafts[1].fields = &FIELD;
    rig_of()->answer_drafts[1].field_count = 1;
}

static void keep_what_was_not_done(void)
{
    rig_of()->answers[1].bytes = 1;
}

static void use_what_had_ended(void)
{
    ask_b_again();
    whole.connected.peer_closed = true;
    whole.connected.peer_closed_tx = strlen(REQUEST);
}

static void use_what_was_readable(void)
{
    ask_b_again();
    whole.connected.unheeded = true;
    whole.connected.unheeded_tx = strlen(REQUEST);
}

static void ask_before_it_was_answered(void)
{
    ask_b_again();
    rig_of()->messages[2].begun_ns = rig_ns(4);
}

static void keep_too_many(void)
{
    evidence_of()->open[1] = 2;
    rig_of()->scenario.proxy.pool_size = 1;
}

static void use_after_too_long(void)
{
    ask_b_again();
    rig_of()->scenario.proxy.pool_timeout_ns = NS_PER_MS;
}

static void leave_and_be_kept(void)
{
    rig_of()->requests[0].gone_ns = rig_ns(2);
    rig_of()->answers[1].bytes = 1;
}

static void lose_the_answer_to_a_half_close(void)
{
    rig_of()->scenario.proxy.client_half_close_allowed = true;
    client_saw()->own_end = WITNESS_FIN;
    client_saw()->own_end_ns = rig_ns(2);
    client_saw()->peer_end = WITNESS_FIN;
    client_saw()->peer_end_ns = rig_ns(6);
    whole.outcomes[0].complete = false;
}

static void close_nothing(void)
{
    evidence_of()->conduct.closes = 0;
}

static void hold_too_much(void)
{
    evidence_of()->held.down_peak = 3 * WINDOW_BYTES_DEFAULT;
}

static void hold_too_much_under_tls(void)
{
    hold_too_much();
    rig_of()->scenario.uses_tls = true;
}

static void own_to_too_much(void)
{
    whole.record.held_bytes_peak = 2 * WINDOW_BYTES_DEFAULT + 1;
}

static void want_and_not_take(void)
{
    evidence_of()->conduct.unheeded = 100;
}

static void try_a_large_head(void)
{
    rig_of()->scenario.proxy.head_bytes_max = 10;
}

static void refuse_a_large_head(void)
{
    try_a_large_head();
    rig_of()->requests[0].attempts = 0;
    got()->status = 431;
}

static void last_for_ever(void)
{
    evidence_of()->settled_ns = RIG_BEGAN_NS + 24 * 3600 * NS_PER_S;
}

static void last_for_ever_as_scripts_say(void)
{
    last_for_ever();
    rig_of()->scenario.network.latency_ns = NS_PER_S;
}

static void stand_still(void)
{
    evidence_of()->quiet = false;
}

static void stand_still_for_a_timer(void)
{
    stand_still();
    evidence_of()->at_settling.timers = 1;
}

static void spin(void)
{
    evidence_of()->idle_steps = 100;
}

static void fire_early(void)
{
    evidence_of()->conduct.timers_early = 1;
}

static void fire_late(void)
{
    evidence_of()->conduct.timers_late = 1;
}

static void fire_late_on_a_real_clock(void)
{
    fire_late();
    evidence_of()->world = WORLD_SOCKETS;
}

static void go_back_in_time(void)
{
    evidence_of()->conduct.times_back = 1;
}

static void pass_the_deadline(void)
{
    rig_of()->scenario.retry.deadline_ns = NS_PER_MS;
    whole.record.begun_ns = rig_ns(0);
    whole.record.attempts[0].ended_ns = rig_ns(1);
    whole.record.attempts[1].ended_ns = rig_ns(2);
}

static void keep_the_deadline(void)
{
    pass_the_deadline();
    whole.record.attempts[1].ended_ns = rig_ns(1);
}

static void tell_of_fewer_body_bytes(void)
{
    whole.record.response_body_bytes = 4;
}

static void end_without_goodbye(void)
{
    rig_of()->scenario.uses_tls = true;
    rig_of()->answer_drafts[1].framing = MESSAGE_CLOSE;
    b_saw()->handshake = (struct witness_handshake){.tls = true, .own_cut = true};
}

/* b had more to send, and ended its connection. */
static void end_early_without_goodbye(void)
{
    end_without_goodbye();
    b_saw()->own_end = WITNESS_FIN;
    b_saw()->own_fin = true;
    b_saw()->own_end_ns = rig_ns(5);
    rig_of()->answers[1].bytes_total++;
}

static void end_early_with_goodbye(void)
{
    end_early_without_goodbye();
    b_saw()->handshake.own_cut = false;
}

static void lose_a_trailer(void)
{
    static const struct message_field TRAILER = {{(const uint8_t *)"X-Sum", 5},
                                                 {(const uint8_t *)"1", 1}};
    got()->framing = MESSAGE_CHUNKED;
    rig_of()->answer_drafts[1].framing = MESSAGE_CHUNKED;
    rig_of()->answer_drafts[1].trailers = &TRAILER;
    rig_of()->answer_drafts[1].trailer_count = 1;
}

static void change_the_status(void)
{
    got()->status = whole.record.status = 201;
}

static void invent_a_response(void)
{
    got()->label = bytes_of("c.7.7");
}

static void garble_a_mark(void)
{
    invent_a_response();
    meet_a_fault(WIRE_FAULT_GARBAGE);
}

/* The request went through a tunnel that a CONNECT before it had made, and was read as HTTP there. */
static void read_a_tunnel(void)
{
    static const struct message_field VIA = {{(const uint8_t *)"Via", 3},
                                             {(const uint8_t *)"p", 1}};
    static struct draft connect = {.method = "CONNECT", .target = "b:1"};
    static struct witness_message opened = {.status = 200};
    struct rig *rig = rig_of();
    rig->sent[1] = (struct witness_sent){.number = 0, .draft = &connect};
    rig->requests[1] = (struct request_fact){
        .connection = client_saw(), .sent = &rig->sent[1], .response = &opened};
    evidence_of()->request_count = 2;
    asked()->fields = &VIA;
    asked()->field_count = 1;
}

static const struct row ROWS[] = {
    {25, CLAIM_BROKEN, leave_a_timer, "1 timers"},
    {26, CLAIM_BROKEN, use_what_was_to_be_closed, "although its upstream had said close"},
    {26, CLAIM_BROKEN, keep_what_was_not_done, "although its exchange had not ended there"},
    {27, CLAIM_BROKEN, use_what_had_ended, "while it was kept: its upstream had ended it"},
    {27, CLAIM_BROKEN, use_what_was_readable, "had become readable while it was kept"},
    {27, CLAIM_HELD, ask_b_again, NULL},
    {28, CLAIM_BROKEN, ask_before_it_was_answered, "before the response to the one before it"},
    {29, CLAIM_BROKEN, keep_too_many, "kept 2 connections to b, pool_size is 1"},
    {30, CLAIM_BROKEN, use_after_too_long, "was used again after 3 ms, pool_timeout is 1 ms"},
    {31, CLAIM_BROKEN, leave_and_be_kept, "for GET /x, whose client had left at +2.000 ms"},
    {32, CLAIM_BROKEN, lose_the_answer_to_a_half_close, "which had ended its side, did not get"},
    {33, CLAIM_NOT_EXERCISED, close_nothing, NULL},
    {34, CLAIM_BROKEN, hold_too_much, "bytes of responses at one moment"},
    {35, CLAIM_BROKEN, own_to_too_much, "both directions may hold 131072"},
    {36, CLAIM_BROKEN, want_and_not_take, "told 100 times of input that it wanted"},
    {38, CLAIM_BROKEN, try_a_large_head, "was tried although its head has 28 bytes"},
    {38, CLAIM_HELD, refuse_a_large_head, NULL},
    {39, CLAIM_BROKEN, hold_too_much_under_tls, "bytes of responses at one moment"},
    {40, CLAIM_BROKEN, last_for_ever, "all time-outs together are"},
    {40, CLAIM_NOT_EXERCISED, last_for_ever_as_scripts_say, NULL},
    {41, CLAIM_BROKEN, stand_still, "the proxy has an exchange under way"},
    {41, CLAIM_NOT_EXERCISED, stand_still_for_a_timer, NULL},
    {42, CLAIM_BROKEN, spin, "somebody turns in circles: there were 100 upcalls"},
    {43, CLAIM_BROKEN, fire_early, "1 of 3 timers fired before their time"},
    {43, CLAIM_BROKEN, fire_late, "1 of 3 timers fired after their time"},
    {43, CLAIM_HELD, fire_late_on_a_real_clock, NULL},
    {43, CLAIM_BROKEN, go_back_in_time, "the clock went back 1 time"},
    {44, CLAIM_BROKEN, pass_the_deadline, "attempt 2 at GET /x ended 2 ms after the exchange"},
    {44, CLAIM_HELD, keep_the_deadline, NULL},
    {49, CLAIM_BROKEN, tell_of_fewer_body_bytes, "4 body bytes were written to its client, which"},
    {50, CLAIM_BROKEN, end_without_goodbye,
     "b.1.1 (which b sent on its connection 1), though b ended that connection"},
    {18, CLAIM_BROKEN, end_early_without_goodbye,
     "got a clean end of the response b.1.1, of which"},
    {18, CLAIM_NOT_EXERCISED, end_early_with_goodbye, NULL},
    {55, CLAIM_BROKEN, lose_a_trailer, "its trailer 'X-Sum: 1' is missing or changed"},
    {56, CLAIM_BROKEN, change_the_status, "its status is 201 and not 200"},
    {56, CLAIM_BROKEN, invent_a_response, "the client got a response c.7.7 that no upstream sent"},
    {56, CLAIM_HELD, garble_a_mark, NULL},
    {62, CLAIM_BROKEN, read_a_tunnel, "went through a tunnel to b and has a Via"},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    name_tests(tests, ROWS, COUNT_OF(ROWS));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
