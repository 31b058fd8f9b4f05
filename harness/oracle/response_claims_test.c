/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* What clients may not get, and what records may not say: each rule broken once in evidence that was sound before. */
#include <errno.h>

#include "harness/oracle/claims_rig.h"

/*
 * One request, refused at a and answered with a 503 by b at 5 ms, behind two 1xx; its client got that, and a record says so.
 */
struct answered {
    struct rig rig;
    struct fake_upstream upstreams[RIG_UPSTREAMS];
    struct fake_upstream *list[RIG_UPSTREAMS];
    struct fake_connection connection; /* b's */
    struct fake_connection *connections[1];
    struct outcome_fact outcome;
    struct exchange_record record;
    uint8_t wire[128]; /* what b sent first */
};

static struct answered answered;

static struct witness *b_saw(void)
{
    return &answered.connection.line.witness;
}

static void make_witnesses(void)
{
    static const char WIRE[] =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503";
    struct rig *rig = &answered.rig;
    for (size_t i = 0; i < RIG_UPSTREAMS; i++)
        answered.list[i] = &answered.upstreams[i];
    answered.connections[0] = &answered.connection;
    answered.upstreams[1].connections = answered.connections;
    answered.upstreams[1].connection_count = 1;
    rig->evidence.upstreams = answered.list;
    memcpy(answered.wire, WIRE, sizeof(WIRE) - 1);
    b_saw()->out = (struct witness_stream){
        .bytes = sizeof(WIRE) - 1, .data = answered.wire, .size = sizeof(WIRE) - 1};
    b_saw()->received = &rig->messages[1];
    b_saw()->sent = &rig->answers[1];
    rig->answers[1].label = bytes_of("b.1.1");
    rig->attempts[1].connection = b_saw();
}

static void answer(void)
{
    struct rig *rig = &answered.rig;
    memset(&answered, 0, sizeof(answered));
    rig_init(rig, "GET", 1);
    rig->scenario.network.latency_ns = NS_PER_US;
    rig_add(rig, &(struct rig_attempt){.upstream = 'a', .begun_ms = 1});
    rig_add(rig, &(struct rig_attempt){
                     .upstream = 'b', .begun_ms = 1, .ended_ms = 5, .seen = true, .status = 503});
    make_witnesses();
    rig->responses[0] = (struct witness_message){.number = 1,
                                                 .method = "",
                                                 .head_complete = true,
                                                 .complete = true,
                                                 .status = 503,
                                                 .interims = {100, 103},
                                                 .interim_count = 2,
                                                 .label = bytes_of("b.1.1"),
                                                 .begun_ns = rig_ns(5),
                                                 .complete_ns = rig_ns(6)};
    rig->requests[0].response = &rig->responses[0];
    answered.outcome = (struct outcome_fact){.connection = &rig->clients[0],
                                             .message = &rig->responses[0],
                                             .request = &rig->requests[0],
                                             .complete = true};
    answered.record = (struct exchange_record){.id = 1, .status = 503, .attempt_count = 2};
    answered.record.attempts[0].failure =
        (struct failure){SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED};
    rig->evidence.outcomes = &answered.outcome;
    rig->evidence.outcome_count = 1;
    rig->evidence.records = &answered.record;
    rig->evidence.record_count = 1;
    rig->evidence.record_total = 1;
}

/* ---- one thing wrong each -------------------------------------------------------------------- */

static void nothing(void)
{
}

static void lose_a_103(void)
{
    answered.rig.responses[0].interim_count = 1;
}

static void repeat_a_103(void)
{
    answered.rig.responses[0].interims[0] = 103;
}

/* Without the attempt at a. */
static void leave_one_attempt(void)
{
    answered.rig.evidence.attempts++;
    answered.rig.evidence.attempt_count--;
    answered.rig.evidence.total.dials--;
    answered.rig.requests[0].attempts--;
    answered.record.attempt_count--;
}

static void repeat_a_100(void)
{
    leave_one_attempt();
    answered.rig.responses[0].interims[2] = 100;
    answered.rig.responses[0].interim_count = 3;
}

static void swallow_a_100(void)
{
    leave_one_attempt();
    answered.rig.responses[0].interims[0] = 103;
    answered.rig.responses[0].interim_count = 1;
}

static void swallow_a_100_of_two_attempts(void)
{
    answered.rig.responses[0].interims[0] = 103;
    answered.rig.responses[0].interim_count = 1;
}

static void serve_an_old_client(void)
{
    answered.rig.draft.start = bytes_of("GET / HTTP/1.0\r\n");
    answered.rig.responses[0].interim_count = 0;
}

static void close_after_success(void)
{
    answered.outcome.closing = WITNESS_FIN;
    answered.rig.clients[0].peer_end_ns = rig_ns(7);
}

static void close_first(void)
{
    close_after_success();
    answered.rig.clients[0].own_end = WITNESS_FIN;
    answered.rig.clients[0].own_end_ns = rig_ns(8);
}

static void close_second(void)
{
    close_first();
    answered.rig.clients[0].own_end_ns = rig_ns(6);
}

static void close_as_asked(void)
{
    static const struct message_field CLOSE = {{(const uint8_t *)"Connection", 10},
                                               {(const uint8_t *)"close", 5}};
    close_after_success();
    answered.rig.draft.fields = &CLOSE;
    answered.rig.draft.field_count = 1;
}

static void close_after_an_early_answer(void)
{
    close_after_success();
    answered.rig.messages[1].complete_ns = rig_ns(6);
}

static void close_when_idle(void)
{
    close_after_success();
    answered.rig.clients[0].peer_end_ns = rig_ns(6) + answered.rig.scenario.proxy.idle_timeout_ns;
}

static void try_again_and_keep(void)
{
    rig_add(&answered.rig, &(struct rig_attempt){.upstream = 'c', .begun_ms = 6});
    answered.record.attempt_count = 3;
}

static void mark_it_twice(void)
{
    static const struct message_field TWICE[] = {{{(const uint8_t *)"X-Attempt", 9}, {NULL, 0}},
                                                 {{(const uint8_t *)"X-Attempt", 9}, {NULL, 0}}};
    answered.rig.responses[0].fields = TWICE;
    answered.rig.responses[0].field_count = COUNT_OF(TWICE);
}

static void cut_it(void)
{
    answered.rig.answers[1].bytes_total = 2;
}

static void cut_what_a_head_ends(void)
{
    cut_it();
    answered.rig.draft.method = "HEAD";
}

static void cut_by_reset_what_closing_ends(void)
{
    cut_it();
    answered.rig.answer_drafts[1].framing = MESSAGE_CLOSE;
    b_saw()->own_end = WITNESS_RST;
}

static void end_what_closing_ends(void)
{
    cut_it();
    answered.rig.answer_drafts[1].framing = MESSAGE_CLOSE;
    b_saw()->own_end = WITNESS_FIN;
    b_saw()->own_fin = true;
}

static void end_and_then_reset_what_closing_ends(void)
{
    end_what_closing_ends();
    b_saw()->own_end = WITNESS_RST;
}

/* The proxy's own page in place of the last response, which was one that retry_on_status tries again. */
static void make_a_page(void)
{
    answered.rig.responses[0].label = bytes_make(NULL, 0);
    answered.rig.responses[0].interim_count = 0;
    answered.rig.scenario.proxy.head_bytes_max = HEAD_BYTES_DEFAULT;
    answered.rig.attempts[1].closed_ns = rig_ns(6);
    b_saw()->out.bytes = 1;
    check(status_set_add(&answered.rig.scenario.retry.on_status, 503));
}

static void make_a_page_for_a_timeout(void)
{
    make_a_page();
    answered.rig.attempts[1].closed_ns = rig_ns(4);
}

static void make_a_page_for_an_attempt_nobody_saw(void)
{
    make_a_page();
    answered.rig.attempts[1].unread = true;
}

static void tell_another_status(void)
{
    answered.record.status = 502;
}

static void hide_an_attempt(void)
{
    answered.record.attempt_count = 1;
}

static void invent_an_attempt(void)
{
    answered.record.attempt_count = 3;
}

static void hide_a_reused_one(void)
{
    answered.rig.attempts[1].fresh = false;
    answered.rig.evidence.total.dials = 2;
}

static void own_to_too_many(void)
{
    answered.rig.scenario.retry.retries_max = 1;
    answered.record.attempt_count = 3;
}

static void own_to_a_large_copy(void)
{
    answered.rig.scenario.retry.replay_bytes = 10;
    answered.record.replay_bytes_peak = 11;
}

static void own_to_large_windows(void)
{
    answered.record.held_bytes_peak = 2 * WINDOW_BYTES_DEFAULT + 1;
}

static void own_to_bytes_before_a_handshake(void)
{
    answered.record.attempts[0] = (struct attempt_record){
        .tx = 5, .failure = {SIDE_UPSTREAM, STAGE_HANDSHAKE, CAUSE_TLS_CERTIFICATE_ERROR, 0}};
}

static void own_to_bytes_behind_a_handshake(void)
{
    own_to_bytes_before_a_handshake();
    answered.record.attempts[0].failure.stage = STAGE_MID_WRITE;
}

/* The second attempt became a tunnel through which five bytes went either way. */
static void tell_of_a_tunnel(void)
{
    answered.rig.attempts[1].tunnel = true;
    b_saw()->flow_in.bytes = 5;
    b_saw()->flow_out.bytes = 5;
    answered.record.tunnel_up_bytes = 5;
    answered.record.tunnel_down_bytes = 5;
}

static void hide_a_byte_that_came(void)
{
    tell_of_a_tunnel();
    answered.record.tunnel_up_bytes = 4;
}

static void invent_a_byte_of_the_tunnel(void)
{
    tell_of_a_tunnel();
    answered.record.tunnel_down_bytes = 6;
}

static void own_to_addresses_that_nobody_dialled(void)
{
    answered.record.dial_count = 1;
}

static struct name_server asked;
static struct upstream_script named[RIG_UPSTREAMS];

/* Both attempts were at upstreams that the proxy knows by their names. */
static void look_up_for_each_attempt(void)
{
    static const struct name_script_entry entries[] = {{.name = "a.test"}, {.name = "b.test"}};
    asked = (struct name_server){.tallies = {{.ipv4 = 1}, {.ipv4 = 1}}};
    for (size_t i = 0; i < RIG_UPSTREAMS; i++)
        named[i] = (struct upstream_script){.host = "a.test"};
    answered.rig.scenario.upstreams = named;
    answered.rig.scenario.names = (struct name_script){entries, COUNT_OF(entries)};
    answered.rig.evidence.names = &asked;
}

static void look_up_once_more(void)
{
    look_up_for_each_attempt();
    asked.tallies[1].ipv4++;
}

static void look_up_for_a_bare_address(void)
{
    look_up_for_each_attempt();
    named[0].host = NULL; /* where the record has both */
}

static void invent_a_byte_of_the_response(void)
{
    answered.record.response_body_bytes = 1;
}

static void hide_a_byte_of_the_request(void)
{
    answered.rig.draft.body_bytes = 2;
    answered.record.request_body_bytes = 1;
}

static struct log_row logged;

static void log_what_happened(void)
{
    logged = (struct log_row){.status = 503, .retry_attempts = 1};
    answered.rig.evidence.log_rows = &logged;
    answered.rig.evidence.log_row_count = 1;
}

static void log_another_status(void)
{
    log_what_happened();
    logged.status = 200;
}

static void log_no_retry(void)
{
    log_what_happened();
    logged.retry_attempts = 0;
}

static const struct {
    const char *sentence;
    void (*doctor)(void);
    const char *finding; /* NULL: no rule is broken */
} ROWS[] = {
    {"a sound case breaks no rule", nothing, NULL},
    {"a 1xx that is lost is found", lose_a_103,
     "the client got the 1xx responses none and 1 of 100 before the response b.1.1, whose upstream "
     "sent 103 and 1 of 100"},
    {"a 1xx that is repeated is found", repeat_a_103, "the client got the 1xx responses 103 103"},
    {"a 100 that is repeated is found", repeat_a_100, "and 2 of 100 before"},
    {"a 100 that is lost is found", swallow_a_100, "103 and 0 of 100 before"},
    {"a 100 of one of two attempts may be swallowed", swallow_a_100_of_two_attempts, NULL},
    {"a client of HTTP/1.0 gets no 1xx", serve_an_old_client, NULL},
    {"a client connection closed after a success is found", close_after_success,
     "the client's connection was closed at +7.0"},
    {"a client connection closed before its client does is found", close_first,
     "the client's connection was closed at +7.0"},
    {"a client connection closed after its client did is none", close_second, NULL},
    {"a client connection closed as it asked is none", close_as_asked, NULL},
    {"a client connection closed after an early answer is none", close_after_an_early_answer, NULL},
    {"a client connection closed when idle is none", close_when_idle, NULL},
    {"a response kept from before a later attempt is found", try_again_and_keep,
     "the client got the response b.1.1 although another attempt began after it, at +6.0"},
    {"a response with two marks is found", mark_it_twice, "the marks of two attempts"},
    {"a clean end of a cut response is found", cut_it,
     "the client got a clean end of the response b.1.1, of which its upstream sent 1 of 2 bytes"},
    {"a response to HEAD ends with its head", cut_what_a_head_ends, NULL},
    {"a reset of what closing ends is a cut", cut_by_reset_what_closing_ends, "a clean end of"},
    {"a FIN of what closing ends is its end", end_what_closing_ends, NULL},
    {"a FIN is its end though a reset follows", end_and_then_reset_what_closing_ends, NULL},
    {"a page in place of the last response is found", make_a_page,
     "the client got a 503 of the proxy although the last attempt, at +1.0"},
    {"a page for a response that came too late is none", make_a_page_for_a_timeout, NULL},
    {"a page for an attempt that nobody saw is none", make_a_page_for_an_attempt_nobody_saw, NULL},
    {"a record with another status is found", tell_another_status,
     "the record of GET /x says status 502, its client got 503"},
    {"a record that hides an attempt is found", hide_an_attempt,
     "the record of GET /x tells of 1 attempts, 2 were seen"},
    {"a record that invents an attempt is found", invent_an_attempt,
     "the records tell of 3 attempts that dialled, the seam saw 2"},
    {"a record that hides an attempt on a used connection is found", hide_a_reused_one,
     "the records tell of 0 attempts on connections used before, upstreams saw 1"},
    {"a record of too many attempts is found", own_to_too_many,
     "tells of 3 attempts, max_retries allows 2"},
    {"a record of a copy past its limit is found", own_to_a_large_copy,
     "11 body bytes were kept for a retry, replay_buffer_bytes is 10"},
    {"a record of windows past their size is found", own_to_large_windows,
     "131073 body bytes were held at one moment, both directions may hold 131072"},
    {"a record of bytes before a handshake is found", own_to_bytes_before_a_handshake,
     "5 bytes of the request were written in an attempt that failed at stage handshake"},
    {"a record of bytes behind a handshake is none", own_to_bytes_behind_a_handshake, NULL},
    {"a record of a tunnel's bytes is none", tell_of_a_tunnel, NULL},
    {"a record that hides a byte of a tunnel is found", hide_a_byte_that_came,
     "4 bytes of the tunnel went up and 5 down; its upstream got 5 and sent 5"},
    {"a record that invents a byte of a tunnel is found", invent_a_byte_of_the_tunnel,
     "5 bytes of the tunnel went up and 6 down"},
    {"a record of addresses that nobody dialled is found", own_to_addresses_that_nobody_dialled,
     "the records tell of 3 attempts that dialled, the seam saw 2"},
    {"a lookup for each attempt is none", look_up_for_each_attempt, NULL},
    {"a lookup more than there were attempts is found", look_up_once_more,
     "the nameserver was asked 3 times, the records tell of 2 attempts that may have looked"},
    {"a lookup for an upstream without a name is found", look_up_for_a_bare_address,
     "the nameserver was asked 2 times, the records tell of 0 attempts that may have looked"},
    {"a record that invents a byte of a response is found", invent_a_byte_of_the_response,
     "says that 1 body bytes were written to its client, which got 0"},
    {"a record that hides a byte of a request is found", hide_a_byte_of_the_request,
     "says that 1 body bytes were read from its client, all of its 2 reached an upstream"},
    {"a log of what happened is none", log_what_happened, NULL},
    {"a log of another status is found", log_another_status,
     "row 1 of the log says status 200 and 1 retries, the record of"},
    {"a log that hides a retry is found", log_no_retry, "says status 503 and 0 retries"},
};

/* The claims about what a response is made of, about what becomes of it, and about what records say. */
static const unsigned ABOUT_ANSWERS[] = {1,  4,  12, 14, 17, 18, 20, 21, 22, 24, 35,
                                         49, 50, 51, 54, 55, 56, 57, 58, 63, 64, 0};

static void doctor_and_judge(void **state)
{
    size_t row = (size_t)(uintptr_t)*state;
    struct rig *rig = &answered.rig;
    answer();
    ROWS[row].doctor();
    rig_ask_all(rig, ABOUT_ANSWERS);
    bool right = rig_found(rig, ROWS[row].finding);
    for (size_t i = 0; i < rig->findings.count && !right; i++)
        print_error("- %s\n", rig->findings.sentences[i]);
    rig_release(rig);
    if (!right)
        fail_msg("expected %s", ROWS[row].finding != NULL ? ROWS[row].finding : "nothing");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = doctor_and_judge,
                                       .initial_state = (void *)(uintptr_t)i};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
