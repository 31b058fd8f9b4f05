#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/wire/pattern.h"
#include "fakeupstream/wire/witness.h"

enum { BODY_BYTES = 10000 };

struct fixture {
    struct witness witness;
    struct transcript transcript;
    uint64_t now_ns;
};

static struct fixture fixture;

static int set_up(void **state)
{
    (void)state;
    witness_init(&fixture.witness);
    transcript_init(&fixture.transcript, TRANSCRIPT_REQUESTS);
    fixture.now_ns = 100;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    witness_release(&fixture.witness);
    transcript_release(&fixture.transcript);
    return 0;
}

/* Everything that came is seen; each call is a moment of its own. */
static void see(const void *data, size_t size)
{
    struct transcript_piece piece;
    size_t at = 0;

    witness_bytes_in(&fixture.witness, data, size, ++fixture.now_ns);
    while (at < size) {
        at += transcript_next(&fixture.transcript, (const char *)data + at, size - at, &piece);
        witness_note(&fixture.witness, &fixture.transcript, &piece, fixture.now_ns);
    }
    transcript_next(&fixture.transcript, NULL, 0, &piece);
    witness_note(&fixture.witness, &fixture.transcript, &piece, fixture.now_ns);
}

static void see_text(const char *text)
{
    see(text, strlen(text));
}

#define HEAD_OF(label) \
    "PUT /a HTTP/1.1\r\nHost: h\r\nX-Request: " label "\r\nContent-Length: 10000\r\n\r\n"

static void make_body(uint8_t body[BODY_BYTES], const char *label)
{
    pattern_fill(pattern_seed(bytes_of(label)), 0, body, BODY_BYTES);
}

static void expect_digest(const struct witness_message *message, const void *body, size_t size)
{
    struct digest digest;
    uint8_t expected[DIGEST_BYTES];
    uint8_t got[DIGEST_BYTES];

    digest_init(&digest);
    digest_update(&digest, body, size);
    digest_finish(&digest, expected);
    digest_release(&digest);
    witness_message_digest(message, got);
    assert_memory_equal(got, expected, DIGEST_BYTES);
}

static void a_request_is_kept_with_its_times(void **state)
{
    const struct witness_message *message;

    (void)state;
    see_text("PUT /a HT");
    see_text("TP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 2\r\n\r\nh");
    see_text("i");
    message = fixture.witness.received;
    assert_non_null(message);
    assert_null(message->next);
    assert_string_equal(message->method, "PUT");
    assert_string_equal(message->target, "/a");
    assert_int_equal(message->begun_ns, 101);
    assert_int_equal(message->head_ns, 102);
    assert_int_equal(message->complete_ns, 103);
    assert_true(message->complete);
    assert_int_equal(message->body_bytes, 2);
    assert_int_equal(message->framing, MESSAGE_LENGTH);
    assert_int_equal(message->declared, 2);
    assert_true(bytes_equal_text(witness_message_field(message, "a"), "b"));
    assert_null(witness_message_field(message, "c").data);
    assert_int_equal(fixture.witness.first_byte_ns, 101);
    expect_digest(message, "hi", 2);
}

static void a_body_that_follows_its_pattern_is_intact(void **state)
{
    uint8_t body[BODY_BYTES];

    (void)state;
    make_body(body, "client.1");
    see_text(HEAD_OF("client.1"));
    for (size_t at = 0; at < BODY_BYTES; at += 1000)
        see(body + at, 1000);
    assert_true(fixture.witness.received->complete);
    assert_true(witness_message_intact(fixture.witness.received));
    assert_true(bytes_equal_text(witness_message_maker(fixture.witness.received), "client"));
    expect_digest(fixture.witness.received, body, BODY_BYTES);
}

static void the_first_byte_that_differs_is_told(void **state)
{
    static const size_t PLACES[] = {0, 1, 999, 1000, 1001, BODY_BYTES - 1};
    uint8_t body[BODY_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        make_body(body, "client.1");
        body[PLACES[i]] ^= 0x20;
        witness_reset(&fixture.witness);
        transcript_reset(&fixture.transcript, TRANSCRIPT_REQUESTS);
        see_text(HEAD_OF("client.1"));
        for (size_t at = 0; at < BODY_BYTES; at += 1000)
            see(body + at, 1000);
        assert_false(witness_message_intact(fixture.witness.received));
        assert_int_equal(fixture.witness.received->body_matched, PLACES[i]);
        expect_digest(fixture.witness.received, body, BODY_BYTES);
    }
}

static void a_body_of_another_message_is_not_intact(void **state)
{
    uint8_t body[BODY_BYTES];

    (void)state;
    make_body(body, "client.1");
    see_text(HEAD_OF("client.2"));
    see(body, BODY_BYTES);
    assert_false(witness_message_intact(fixture.witness.received));
    assert_true(fixture.witness.received->body_matched < 4);
}

static void a_body_without_a_label_is_known_by_its_digest(void **state)
{
    (void)state;
    see_text("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert_false(fixture.witness.received->seed_known);
    expect_digest(fixture.witness.received, "abc", 3);
}

static void each_body_has_its_own_digest(void **state)
{
    (void)state;
    see_text("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    see_text("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nde");
    expect_digest(fixture.witness.received, "abc", 3);
    expect_digest(fixture.witness.received->next, "de", 2);
}

static void a_body_that_was_cut_is_digested_as_far_as_it_came(void **state)
{
    uint8_t body[BODY_BYTES];

    (void)state;
    make_body(body, "client.1");
    body[40] ^= 1;
    see_text(HEAD_OF("client.1"));
    see(body, 500);
    witness_settle(&fixture.witness, &fixture.transcript);
    assert_false(fixture.witness.received->complete);
    assert_int_equal(fixture.witness.received->body_bytes, 500);
    expect_digest(fixture.witness.received, body, 500);
}

static void several_messages_are_kept_in_order(void **state)
{
    const struct witness_message *message;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        see_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    message = fixture.witness.received;
    for (unsigned i = 1; i <= 3; i++, message = message->next)
        assert_int_equal(message->number, i);
    assert_null(message);
}

static void interims_and_trailers_belong_to_their_response(void **state)
{
    const struct witness_message *message;

    (void)state;
    transcript_reset(&fixture.transcript, TRANSCRIPT_RESPONSES);
    transcript_ask(&fixture.transcript, bytes_of("GET"));
    see_text("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n");
    message = fixture.witness.received;
    assert_int_equal(message->interim_count, 2);
    assert_false(message->head_complete);
    see_text("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\nX-Attempt: b.2.3\r\n\r\n0\r\nT: "
             "u\r\n\r\n");
    assert_ptr_equal(message, fixture.witness.received_last);
    assert_int_equal(message->interims[1], 103);
    assert_int_equal(message->status, 200);
    assert_int_equal(message->trailer_count, 1);
    assert_true(bytes_equal_text(message->trailers[0].value, "u"));
    assert_true(bytes_equal_text(witness_message_maker(message), "b"));
    assert_true(message->complete);
}

static void the_start_of_a_stream_is_kept_and_all_of_it_counted(void **state)
{
    static uint8_t data[WITNESS_STREAM_BYTES_MAX + 100];

    (void)state;
    memset(data, 'a', sizeof(data));
    witness_bytes_out(&fixture.witness, data, 10);
    witness_bytes_out(&fixture.witness, data, sizeof(data));
    assert_int_equal(fixture.witness.out.bytes, sizeof(data) + 10);
    assert_int_equal(fixture.witness.out.size, WITNESS_STREAM_BYTES_MAX);
}

static void a_reset_says_more_than_a_fin_that_was_announced(void **state)
{
    (void)state;
    witness_peer_ended(&fixture.witness, WITNESS_FIN, 5);
    witness_peer_ended(&fixture.witness, WITNESS_RST, 6);
    assert_int_equal(fixture.witness.peer_end, WITNESS_RST);
    assert_int_equal(fixture.witness.peer_end_ns, 5);
    witness_peer_ended(&fixture.witness, WITNESS_FIN, 7);
    assert_int_equal(fixture.witness.peer_end, WITNESS_RST);
}

static void memory_that_runs_out_is_said(void **state)
{
    static const char HEAD[] = "GET /0123456789 HTTP/1.1\r\nHost: h\r\n\r\n";
    enum { MANY = WITNESS_REGION_BYTES_MAX / 64 };

    (void)state;
    for (unsigned i = 0; i < MANY && !fixture.witness.incomplete; i++)
        see_text(HEAD);
    assert_true(fixture.witness.incomplete);
    witness_reset(&fixture.witness);
    assert_false(fixture.witness.incomplete);
    assert_null(fixture.witness.received);
}

static void messages_can_be_dropped_between_two(void **state)
{
    (void)state;
    see_text("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    witness_forget_messages(&fixture.witness);
    assert_null(fixture.witness.received);
    see_text("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(fixture.witness.received->number, 2);
    assert_string_equal(fixture.witness.received->target, "/2");
}

/* ---- streams ----------------------------------------------------------------------------------- */

enum { STREAM_SEED = 7, FLOW_BYTES = 200 * 1024 }; /* far past what is kept */

/* Two ends of one connection: what one sent, and what came at the other. */
struct ends {
    struct witness sender;
    struct witness receiver;
    uint64_t receiver_seed; /* what the receiver takes for the pattern's */
    uint8_t bytes[FLOW_BYTES];
};

static struct ends ends;

static int set_up_ends(void **state)
{
    (void)state;
    witness_init(&ends.sender);
    witness_init(&ends.receiver);
    witness_bytes_out(&ends.sender, "head", 4);
    witness_begin_flows(&ends.sender, STREAM_SEED);
    pattern_fill(STREAM_SEED, 0, ends.bytes, sizeof(ends.bytes));
    ends.receiver_seed = STREAM_SEED;
    return 0;
}

static int set_up_strangers(void **state)
{
    set_up_ends(state);
    ends.receiver_seed = STREAM_SEED + 1;
    return 0;
}

static int tear_down_ends(void **state)
{
    (void)state;
    witness_release(&ends.sender);
    witness_release(&ends.receiver);
    return 0;
}

static void send_flow(const void *data, size_t size)
{
    witness_bytes_out(&ends.sender, data, size);
    witness_flow_out(&ends.sender, bytes_make(data, size));
}

static void receive_flow(const void *data, size_t size)
{
    const struct witness_flow_start start = {.begins_at = ends.receiver.in.bytes,
                                             .seed = ends.receiver_seed};

    witness_bytes_in(&ends.receiver, data, size, 1);
    witness_flow_in(&ends.receiver, bytes_make(data, size), &start);
}

static void a_stream_is_what_was_sent_or_its_beginning(void **state)
{
    (void)state;
    assert_true(witness_flow_is_of(&ends.receiver, &ends.sender));
    send_flow(ends.bytes, FLOW_BYTES / 2);
    send_flow(ends.bytes + FLOW_BYTES / 2, FLOW_BYTES / 2);
    assert_int_equal(ends.sender.flow_out.patterned, FLOW_BYTES);
    assert_int_equal(ends.sender.flow_out.begins_at, 4);
    receive_flow(ends.bytes, FLOW_BYTES - 1);
    assert_true(witness_flow_is_of(&ends.receiver, &ends.sender));
    receive_flow(ends.bytes + FLOW_BYTES - 1, 1);
    assert_true(witness_flow_is_of(&ends.receiver, &ends.sender));
    receive_flow("x", 1);
    assert_false(witness_flow_is_of(&ends.receiver, &ends.sender));
}

static void a_byte_that_differs_is_seen_wherever_it_is(void **state)
{
    static const size_t PLACES[] = {0, 100, FLOW_BYTES / 2, FLOW_BYTES - 1};

    (void)state;
    send_flow(ends.bytes, FLOW_BYTES);
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        ends.bytes[PLACES[i]] ^= 1;
        witness_reset(&ends.receiver);
        receive_flow(ends.bytes, FLOW_BYTES);
        assert_false(witness_flow_is_of(&ends.receiver, &ends.sender));
        ends.bytes[PLACES[i]] ^= 1;
    }
}

/* Raw bytes follow no pattern: their digest is kept from there on, and a beginning is compared as far as it is kept. */
static void raw_bytes_of_a_stream_are_compared_too(void **state)
{
    uint8_t digest[DIGEST_BYTES];
    uint8_t came[DIGEST_BYTES];

    (void)state;
    send_flow(ends.bytes, 1000);
    send_flow("raw", 3);
    receive_flow(ends.bytes, 1000);
    receive_flow("ra", 2);
    assert_true(witness_flow_is_of(&ends.receiver, &ends.sender));
    receive_flow("w", 1);
    assert_true(witness_flow_is_of(&ends.receiver, &ends.sender));
    witness_flow_digest(&ends.sender.flow_out, digest);
    witness_flow_digest(&ends.receiver.flow_in, came);
    assert_memory_equal(digest, came, DIGEST_BYTES);
    witness_reset(&ends.receiver);
    receive_flow(ends.bytes, 1000);
    receive_flow("rx", 2);
    assert_false(witness_flow_is_of(&ends.receiver, &ends.sender));
}

static void a_handshake_is_kept_until_the_witness_is_reset(void **state)
{
    char failure[] = "broken";
    const struct witness_handshake handshake = {.tls = true, .failure = failure, .sni = ""};

    (void)state;
    witness_secured(&fixture.witness, &handshake);
    failure[0] = 'x';
    assert_string_equal(fixture.witness.handshake.failure, "broken");
    assert_string_equal(fixture.witness.handshake.sni, "");
    assert_null(fixture.witness.handshake.alpn);
    witness_reset(&fixture.witness);
    assert_false(fixture.witness.handshake.tls);
    assert_null(fixture.witness.handshake.failure);
}

#define ROW(function)         cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define ROW_OF_ENDS(function) cmocka_unit_test_setup_teardown(function, set_up_ends, tear_down_ends)
/* The receiver has taken the stream for another one: digests tell all the same. */
#define ROW_OF_STRANGERS(function) \
    cmocka_unit_test_setup_teardown(function, set_up_strangers, tear_down_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_request_is_kept_with_its_times),
        ROW(a_body_that_follows_its_pattern_is_intact),
        ROW(the_first_byte_that_differs_is_told),
        ROW(a_body_of_another_message_is_not_intact),
        ROW(a_body_without_a_label_is_known_by_its_digest),
        ROW(each_body_has_its_own_digest),
        ROW(a_body_that_was_cut_is_digested_as_far_as_it_came),
        ROW(several_messages_are_kept_in_order),
        ROW(interims_and_trailers_belong_to_their_response),
        ROW(the_start_of_a_stream_is_kept_and_all_of_it_counted),
        ROW(a_reset_says_more_than_a_fin_that_was_announced),
        ROW(memory_that_runs_out_is_said),
        ROW(messages_can_be_dropped_between_two),
        ROW(a_handshake_is_kept_until_the_witness_is_reset),
        ROW_OF_ENDS(a_stream_is_what_was_sent_or_its_beginning),
        ROW_OF_ENDS(a_byte_that_differs_is_seen_wherever_it_is),
        ROW_OF_ENDS(raw_bytes_of_a_stream_are_compared_too),
        ROW_OF_STRANGERS(a_stream_is_what_was_sent_or_its_beginning),
        ROW_OF_STRANGERS(a_byte_that_differs_is_seen_wherever_it_is),
        ROW_OF_STRANGERS(raw_bytes_of_a_stream_are_compared_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
