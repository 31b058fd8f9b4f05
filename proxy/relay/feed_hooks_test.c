/* When a feed calls its hooks, what their answers mean, and what it offers then: one thing at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/relay/feed_rig.h"

enum { ALL = RIG_BODY_BYTES_MAX };

static struct rig *start(const struct rig_settings *settings)
{
    static struct rig rig;

    rig_init(&rig, settings);
    return &rig;
}

/* Puts a hook of the test's own in the place of one of the rig's. */
static void set_hook(struct rig *rig, unsigned number, body_hook *hook)
{
    rig->feed.filters[number].hook = hook;
}

static enum hook_answer note_call(struct exchange *exchange, struct body_piece *piece)
{
    exchange->calls++;
    exchange->offered = piece->in.size;
    exchange->end = piece->end;
    return HOOK_CONTINUE;
}

static enum hook_answer count_and_pass(struct exchange *exchange, struct body_piece *piece)
{
    body_piece_pass(piece);
    exchange->taken += piece->taken;
    return note_call(exchange, piece);
}

static enum hook_answer hold_all(struct exchange *exchange, struct body_piece *piece)
{
    return note_call(exchange, piece);
}

static enum hook_answer drop_all(struct exchange *exchange, struct body_piece *piece)
{
    piece->taken = piece->in.size;
    return note_call(exchange, piece);
}

static enum hook_answer say_more(struct exchange *exchange, struct body_piece *piece)
{
    piece->taken = piece->in.size;
    piece->more = true;
    return note_call(exchange, piece);
}

static enum hook_answer write_for_ever(struct exchange *exchange, struct body_piece *piece)
{
    piece->taken = piece->in.size;
    memset(piece->out, 'x', piece->out_max);
    piece->out_size = piece->out_max;
    piece->more = true;
    return note_call(exchange, piece);
}

/* Takes a pause before the first byte, and nothing else. */
static enum hook_answer pause_once(struct exchange *exchange, struct body_piece *piece)
{
    note_call(exchange, piece);
    if (exchange->calls == 1)
        piece->delay_ns = RIG_SLOW_NS;
    else
        body_piece_pass(piece);
    return HOOK_CONTINUE;
}

static enum hook_answer fail_the_second_time(struct exchange *exchange, struct body_piece *piece)
{
    if (exchange->taken > 0)
        return HOOK_FAILED;
    return count_and_pass(exchange, piece);
}

/* Passes bytes on, and says that it did whatever it answers. */
static enum hook_answer answer_as_told(struct exchange *exchange, struct body_piece *piece)
{
    body_piece_pass(piece);
    note_call(exchange, piece);
    return exchange->answer;
}

static const struct rig_settings ONE = {
    .filters = {RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 2000, .copy_limit = 1000};
static const struct rig_settings TWO = {
    .filters = {RIG_PASS, RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 2 * FILTER_BYTES};
static const struct rig_settings EMPTY = {
    .filters = {RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 0};

static void without_filters_nothing_is_copied(void **state)
{
    const struct rig_settings settings = {.framing = FRAMING_LENGTH, .body_bytes = 100};
    struct rig *rig = start(&settings);

    (void)state;
    assert_null(rig->feed.memory);
    rig_fill(rig, 60);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_ptr_equal(feed_supply(&rig->feed).body.data, inlet_body(&rig->inlet).data);
    assert_int_equal(feed_supply(&rig->feed).body.size, 60);
    assert_false(feed_supply(&rig->feed).complete);
    assert_ptr_equal(feed_supply(&rig->feed).trailers, &rig->inlet.trailers);
    assert_int_equal(feed_held(&rig->feed), 0);
    rig_release(rig);
}

static void the_end_may_come_with_an_empty_piece(void **state)
{
    const struct rig_settings settings = {.filters = {RIG_PASS},
                                          .framing = FRAMING_CHUNKED,
                                          .body_bytes = 16,
                                          .chunk_bytes = RIG_CHUNK_BYTES_MIN};
    struct rig *rig = start(&settings);

    (void)state;
    set_hook(rig, 0, count_and_pass);
    rig_fill(rig, 20);
    rig_pump(rig);
    assert_int_equal(rig->exchange.calls, 1);
    assert_int_equal(rig->exchange.offered, 16);
    assert_false(rig->exchange.end);
    rig_fill(rig, ALL);
    rig_pump(rig);
    assert_int_equal(rig->exchange.calls, 2);
    assert_int_equal(rig->exchange.offered, 0);
    assert_true(rig->exchange.end);
    assert_true(feed_supply(&rig->feed).complete);
    rig_pump(rig);
    assert_int_equal(rig->exchange.calls, 2);
    rig_release(rig);
}

static void a_body_of_no_bytes_has_an_end(void **state)
{
    struct rig *rig = start(&EMPTY);

    (void)state;
    set_hook(rig, 0, count_and_pass);
    rig_fill(rig, ALL);
    rig_pump(rig);
    assert_int_equal(rig->exchange.calls, 1);
    assert_true(rig->exchange.end);
    assert_true(feed_supply(&rig->feed).complete);
    rig_release(rig);
}

static void no_body_meets_no_hook(void **state)
{
    struct rig *rig = start(&EMPTY);

    (void)state;
    set_hook(rig, 0, count_and_pass);
    feed_start(&rig->feed, false, rig->copy_limit);
    rig_fill(rig, ALL);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(rig->exchange.calls, 0);
    assert_int_equal(feed_due_ns(&rig->feed), TIME_NEVER);
    assert_int_equal(feed_supply(&rig->feed).body.size, 0);
    assert_true(feed_supply(&rig->feed).complete);
    rig_release(rig);
}

static void a_hook_that_holds_is_called_for_news_alone(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, hold_all);
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(rig->exchange.calls, 1);
    rig_fill(rig, 1);
    rig_pump(rig);
    assert_int_equal(rig->exchange.calls, 2);
    assert_int_equal(rig->exchange.offered, 11);
    assert_int_equal(feed_supply(&rig->feed).body.size, 0);
    rig_release(rig);
}

static void half_of_the_window_can_be_held_and_no_more(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, hold_all);
    rig_fill(rig, WINDOW_BYTES_MIN / 2);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    rig_fill(rig, 1);
    assert_int_equal(rig_pump(rig), FEED_STUCK);
    assert_int_equal(rig->exchange.offered, WINDOW_BYTES_MIN / 2 + 1);
    assert_int_equal(rig_pump(rig), FEED_STUCK);
    assert_int_equal(rig->exchange.calls, 2);
    rig_release(rig);
}

static void behind_another_hook_half_of_its_room_can_be_held(void **state)
{
    struct rig *rig = start(&TWO);
    enum feed_state answer = FEED_FINE;
    size_t held = 0;

    (void)state;
    set_hook(rig, 1, hold_all);
    while (answer == FEED_FINE) {
        held = feed_held(&rig->feed);
        rig_fill(rig, 100);
        answer = rig_pump(rig);
    }
    assert_int_equal(answer, FEED_STUCK);
    assert_true(held <= FILTER_BYTES / 2);
    assert_true(held > FILTER_BYTES / 2 - 100);
    rig_release(rig);
}

static void at_the_end_nothing_can_be_held(void **state)
{
    const struct rig_settings settings = {
        .filters = {RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 10};
    struct rig *rig = start(&settings);

    (void)state;
    set_hook(rig, 0, hold_all);
    rig_fill(rig, 9);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    rig_fill(rig, 1);
    assert_int_equal(rig_pump(rig), FEED_STUCK);
    rig_release(rig);
}

static void at_the_end_nothing_can_be_held_behind_another_hook(void **state)
{
    const struct rig_settings settings = {
        .filters = {RIG_PASS, RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 10};
    struct rig *rig = start(&settings);

    (void)state;
    set_hook(rig, 1, hold_all);
    rig_fill(rig, 9);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    rig_fill(rig, 1);
    assert_int_equal(rig_pump(rig), FEED_STUCK);
    rig_release(rig);
}

static void more_without_a_byte_is_stuck(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, say_more);
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_STUCK);
    assert_int_equal(rig->exchange.calls, 2);
    rig_release(rig);
}

static void a_hook_fails(enum hook_answer answer)
{
    struct rig *rig = start(&TWO);

    set_hook(rig, 0, answer_as_told);
    set_hook(rig, 1, count_and_pass);
    rig->exchange.answer = answer;
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_FAILED);
    assert_int_equal(rig->exchange.calls, 1);
    assert_int_equal(feed_supply(&rig->feed).body.size, 0);
    assert_int_equal(inlet_body(&rig->inlet).size, 10);
    rig->exchange.answer = HOOK_CONTINUE;
    feed_resume(&rig->feed);
    assert_int_equal(rig_pump(rig), FEED_FAILED);
    assert_int_equal(rig->exchange.calls, 1);
    rig_release(rig);
}

static void a_failure_is_final(void **state)
{
    (void)state;
    a_hook_fails(HOOK_FAILED);
}

static void behind_a_failure_no_hook_is_called(void **state)
{
    struct rig *rig = start(&TWO);

    (void)state;
    set_hook(rig, 0, fail_the_second_time);
    set_hook(rig, 1, answer_as_told);
    rig->exchange.answer = HOOK_WAIT;
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_int_equal(rig->exchange.calls, 2);
    feed_resume(&rig->feed);
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_FAILED);
    assert_int_equal(rig->exchange.calls, 2);
    rig_release(rig);
}

static void a_body_hook_cannot_respond(void **state)
{
    (void)state;
    a_hook_fails(HOOK_RESPONDED);
}

static void a_hook_that_waits_is_called_when_it_is_resumed(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, answer_as_told);
    rig->exchange.answer = HOOK_WAIT;
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_true(feed_waits(&rig->feed));
    assert_int_equal(feed_due_ns(&rig->feed), TIME_NEVER);
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_int_equal(rig->exchange.calls, 1);
    assert_int_equal(inlet_body(&rig->inlet).size, 20);

    rig->exchange.answer = HOOK_CONTINUE;
    feed_resume(&rig->feed);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(rig->exchange.calls, 2);
    assert_int_equal(rig->exchange.offered, 20);
    assert_false(feed_waits(&rig->feed));
    assert_int_equal(feed_supply(&rig->feed).body.size, 20);
    rig_release(rig);
}

static void what_a_waiting_hook_wrote_before_is_offered(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, answer_as_told);
    rig_fill(rig, 10);
    rig_pump(rig);
    rig->exchange.answer = HOOK_WAIT;
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_false(feed_waits(&rig->feed));
    rig_consume(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_true(feed_waits(&rig->feed));
    rig_release(rig);
}

static void a_throttled_hook_is_called_at_its_time(void **state)
{
    const struct rig_settings settings = {
        .filters = {RIG_SLOW}, .framing = FRAMING_LENGTH, .body_bytes = 2 * RIG_SLOW_BYTES};
    struct rig *rig = start(&settings);

    (void)state;
    rig->now_ns = 1000;
    rig_fill(rig, ALL);
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(feed_supply(&rig->feed).body.size, RIG_SLOW_BYTES);
    assert_int_equal(feed_due_ns(&rig->feed), 1000 + RIG_SLOW_NS);
    rig_consume(rig, ALL);
    rig->now_ns += RIG_SLOW_NS - 1;
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_false(feed_waits(&rig->feed));
    rig->now_ns++;
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(feed_supply(&rig->feed).body.size, RIG_SLOW_BYTES);
    assert_true(feed_supply(&rig->feed).complete);
    assert_int_equal(feed_due_ns(&rig->feed), TIME_NEVER);
    rig_release(rig);
}

static void a_pause_alone_is_not_holding(void **state)
{
    const struct rig_settings settings = {
        .filters = {RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 10};
    struct rig *rig = start(&settings);

    (void)state;
    set_hook(rig, 0, pause_once);
    rig_fill(rig, ALL);
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_int_equal(feed_due_ns(&rig->feed), RIG_SLOW_NS);
    rig->now_ns = RIG_SLOW_NS;
    assert_int_equal(rig_pump(rig), FEED_FINE);
    assert_int_equal(feed_supply(&rig->feed).body.size, 10);
    rig_release(rig);
}

static void a_hook_without_end_has_a_turn_and_then_another(void **state)
{
    struct rig *rig = start(&TWO);
    unsigned calls;

    (void)state;
    set_hook(rig, 0, write_for_ever);
    set_hook(rig, 1, drop_all);
    rig->now_ns = 1000;
    rig_fill(rig, 10);
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_false(feed_waits(&rig->feed));
    assert_true(feed_due_ns(&rig->feed) <= rig->now_ns);
    calls = rig->exchange.calls;
    assert_int_equal(rig_pump(rig), FEED_WAITING);
    assert_true(rig->exchange.calls > calls);
    rig_release(rig);
}

static void a_feed_that_was_stopped_waits_for_nothing(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, answer_as_told);
    rig->exchange.answer = HOOK_WAIT;
    rig_fill(rig, 10);
    rig_pump(rig);
    feed_stop(&rig->feed);
    assert_false(feed_waits(&rig->feed));
    feed_resume(&rig->feed);
    assert_int_equal(feed_due_ns(&rig->feed), TIME_NEVER);
    assert_int_equal(feed_held(&rig->feed), 0);
    assert_int_equal(rig->exchange.calls, 1);
    rig_release(rig);
}

static void a_filter_meets_no_byte_twice(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    set_hook(rig, 0, count_and_pass);
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        rig_fill(rig, 300);
        rig_pump(rig);
        rig_consume(rig, ALL);
        rig_consume(rig, 100);
        assert_int_equal(rig->exchange.taken, 300 * (attempt + 1));
        assert_int_equal(feed_copy_peak(&rig->feed), rig->reached);
        rig_restart(rig);
    }
    assert_int_equal(feed_supply(&rig->feed).body.size, rig->reached);
    rig_finish(rig);
    assert_int_equal(rig->exchange.taken, ONE.body_bytes);
    rig_release(rig);
}

static void a_copy_that_is_the_whole_message_ends_it(void **state)
{
    const struct rig_settings settings = {
        .framing = FRAMING_LENGTH, .body_bytes = 10, .copy_limit = 10};
    struct rig *rig = start(&settings);

    (void)state;
    rig_fill(rig, 9);
    rig_consume(rig, ALL);
    rig_restart(rig);
    assert_false(feed_supply(&rig->feed).complete);
    rig_fill(rig, 1);
    assert_int_equal(feed_supply(&rig->feed).body.size, 9);
    assert_false(feed_supply(&rig->feed).complete);
    rig_consume(rig, ALL);
    rig_consume(rig, ALL);
    rig_restart(rig);
    assert_int_equal(feed_supply(&rig->feed).body.size, 10);
    assert_true(feed_supply(&rig->feed).complete);
    rig_release(rig);
}

static void a_new_message_begins_with_nothing(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    rig_fill(rig, 100);
    rig_pump(rig);
    rig_consume(rig, 50);
    feed_start(&rig->feed, true, rig->copy_limit);
    assert_int_equal(feed_held(&rig->feed), 0);
    assert_int_equal(feed_copy_peak(&rig->feed), 0);
    assert_int_equal(feed_supply(&rig->feed).body.size, 0);
    rig_release(rig);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(without_filters_nothing_is_copied),
        cmocka_unit_test(the_end_may_come_with_an_empty_piece),
        cmocka_unit_test(a_body_of_no_bytes_has_an_end),
        cmocka_unit_test(no_body_meets_no_hook),
        cmocka_unit_test(a_hook_that_holds_is_called_for_news_alone),
        cmocka_unit_test(half_of_the_window_can_be_held_and_no_more),
        cmocka_unit_test(behind_another_hook_half_of_its_room_can_be_held),
        cmocka_unit_test(at_the_end_nothing_can_be_held),
        cmocka_unit_test(at_the_end_nothing_can_be_held_behind_another_hook),
        cmocka_unit_test(more_without_a_byte_is_stuck),
        cmocka_unit_test(a_failure_is_final),
        cmocka_unit_test(behind_a_failure_no_hook_is_called),
        cmocka_unit_test(a_body_hook_cannot_respond),
        cmocka_unit_test(a_hook_that_waits_is_called_when_it_is_resumed),
        cmocka_unit_test(what_a_waiting_hook_wrote_before_is_offered),
        cmocka_unit_test(a_throttled_hook_is_called_at_its_time),
        cmocka_unit_test(a_pause_alone_is_not_holding),
        cmocka_unit_test(a_hook_without_end_has_a_turn_and_then_another),
        cmocka_unit_test(a_feed_that_was_stopped_waits_for_nothing),
        cmocka_unit_test(a_filter_meets_no_byte_twice),
        cmocka_unit_test(a_copy_that_is_the_whole_message_ends_it),
        cmocka_unit_test(a_new_message_begins_with_nothing),
    };

    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
