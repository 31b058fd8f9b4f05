/* What a feed offers, whatever its filters do and however its bytes come; and when its hooks are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/exchange/feed_rig.h"

/* ---- any pieces, any order ------------------------------------------------------------------------ */

enum {
    STRING_BYTES = 200,
    SEEDS_PER_ROW = 100,
    SEEDS_PER_PAIR = 12,
};

static const struct row {
    const char *name;
    struct rig_settings settings;
} ROWS[] = {
    {"a body without filters is offered as it came",
     {.framing = FRAMING_LENGTH, .body_bytes = 5000, .copy_limit = 5000}},
    {"a filter that passes bytes on changes nothing",
     {.filters = {RIG_PASS}, .framing = FRAMING_LENGTH, .body_bytes = 5000}},
    {"a filter changes every byte",
     {.filters = {RIG_CHANGE}, .framing = FRAMING_CHUNKED, .body_bytes = 5000, .chunk_bytes = 70}},
    {"a filter drops bytes",
     {.filters = {RIG_DROP}, .framing = FRAMING_LENGTH, .body_bytes = 5000}},
    {"a filter makes more of a body",
     {.filters = {RIG_DOUBLE}, .framing = FRAMING_LENGTH, .body_bytes = 30000}},
    {"a filter holds until it has a block, and sends a shorter one at the end",
     {.filters = {RIG_BLOCKS}, .framing = FRAMING_CHUNKED, .body_bytes = 999, .chunk_bytes = 16}},
    {"a filter throttles", {.filters = {RIG_SLOW}, .framing = FRAMING_LENGTH, .body_bytes = 5000}},
    {"a filter waits before each piece",
     {.filters = {RIG_PATIENT}, .framing = FRAMING_CHUNKED, .body_bytes = 2000, .chunk_bytes = 99}},
    {"a filter adds to the end",
     {.filters = {RIG_TAIL}, .framing = FRAMING_CHUNKED, .body_bytes = 300, .chunk_bytes = 50}},
    {"a filter adds to a body of no bytes, whose end is an empty piece",
     {.filters = {RIG_TAIL}, .framing = FRAMING_CHUNKED, .body_bytes = 0, .chunk_bytes = 50}},
    {"two filters that make more of a body",
     {.filters = {RIG_DOUBLE, RIG_DOUBLE}, .framing = FRAMING_LENGTH, .body_bytes = 20000}},
    {"the second filter gets what the first one wrote, and its end",
     {.filters = {RIG_TAIL, RIG_BLOCKS}, .framing = FRAMING_LENGTH, .body_bytes = 100}},
    {"a filter behind one that throttles",
     {.filters = {RIG_SLOW, RIG_TAIL}, .framing = FRAMING_LENGTH, .body_bytes = 1500}},
    {"a filter that waits behind one that drops",
     {.filters = {RIG_DROP, RIG_PATIENT}, .framing = FRAMING_LENGTH, .body_bytes = 1500}},
    {"a copy of a body one byte shorter than its limit",
     {.framing = FRAMING_LENGTH, .body_bytes = 299, .copy_limit = 300}},
    {"a copy of a body as long as its limit",
     {.framing = FRAMING_LENGTH, .body_bytes = 300, .copy_limit = 300}},
    {"a copy of a body one byte longer than its limit",
     {.framing = FRAMING_LENGTH, .body_bytes = 301, .copy_limit = 300}},
    {"a copy of chunks that straddle its limit",
     {.framing = FRAMING_CHUNKED, .body_bytes = 400, .chunk_bytes = 77, .copy_limit = 300}},
    {"a copy of what a filter made",
     {.filters = {RIG_DOUBLE}, .framing = FRAMING_LENGTH, .body_bytes = 150, .copy_limit = 300}},
    {"a copy of what two filters made, one of which waits",
     {.filters = {RIG_BLOCKS, RIG_PATIENT},
      .framing = FRAMING_CHUNKED,
      .body_bytes = 640,
      .chunk_bytes = 16,
      .copy_limit = 600}},
};

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void play_random(const struct rig_settings *settings, uint64_t seed)
{
    static struct rig rig;
    uint8_t string[STRING_BYTES];

    for (size_t i = 0; i < STRING_BYTES; i++)
        string[i] = (uint8_t)(next_random(&seed) >> 11);
    rig_play(&rig, settings, bytes_make(string, STRING_BYTES));
}

static void whatever_the_pieces(void **state)
{
    const struct row *row = *state;

    for (uint64_t seed = 1; seed <= SEEDS_PER_ROW; seed++)
        play_random(&row->settings, seed);
}

static void any_two_filters(void **state)
{
    struct rig_settings settings = {
        .framing = FRAMING_CHUNKED, .chunk_bytes = 333, .body_bytes = 3000, .copy_limit = 2000};

    (void)state;
    for (unsigned pair = 0; pair < RIG_FILTER_COUNT * RIG_FILTER_COUNT; pair++) {
        settings.filters[0] = (enum rig_filter)(pair / RIG_FILTER_COUNT);
        settings.filters[1] = (enum rig_filter)(pair % RIG_FILTER_COUNT);
        for (uint64_t seed = 1; seed <= SEEDS_PER_PAIR; seed++)
            play_random(&settings, seed * 1000 + pair);
    }
}

/* ---- one thing at a time ---------------------------------------------------------------------------- */

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
    feed_start(&rig->feed, false);
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

static void a_new_message_begins_with_nothing(void **state)
{
    struct rig *rig = start(&ONE);

    (void)state;
    rig_fill(rig, 100);
    rig_pump(rig);
    rig_consume(rig, 50);
    feed_start(&rig->feed, true);
    assert_int_equal(feed_held(&rig->feed), 0);
    assert_int_equal(feed_copy_peak(&rig->feed), 0);
    assert_int_equal(feed_supply(&rig->feed).body.size, 0);
    rig_release(rig);
}

#define ONE_AT_A_TIME(test)                \
    {                                      \
        .name = #test, .test_func = (test) \
    }

static const struct CMUnitTest SINGLE[] = {
    ONE_AT_A_TIME(any_two_filters),
    ONE_AT_A_TIME(without_filters_nothing_is_copied),
    ONE_AT_A_TIME(the_end_may_come_with_an_empty_piece),
    ONE_AT_A_TIME(a_body_of_no_bytes_has_an_end),
    ONE_AT_A_TIME(no_body_meets_no_hook),
    ONE_AT_A_TIME(a_hook_that_holds_is_called_for_news_alone),
    ONE_AT_A_TIME(half_of_the_window_can_be_held_and_no_more),
    ONE_AT_A_TIME(behind_another_hook_half_of_its_room_can_be_held),
    ONE_AT_A_TIME(at_the_end_nothing_can_be_held),
    ONE_AT_A_TIME(more_without_a_byte_is_stuck),
    ONE_AT_A_TIME(a_failure_is_final),
    ONE_AT_A_TIME(a_body_hook_cannot_respond),
    ONE_AT_A_TIME(a_hook_that_waits_is_called_when_it_is_resumed),
    ONE_AT_A_TIME(what_a_waiting_hook_wrote_before_is_offered),
    ONE_AT_A_TIME(a_throttled_hook_is_called_at_its_time),
    ONE_AT_A_TIME(a_hook_without_end_has_a_turn_and_then_another),
    ONE_AT_A_TIME(a_feed_that_was_stopped_waits_for_nothing),
    ONE_AT_A_TIME(a_filter_meets_no_byte_twice),
    ONE_AT_A_TIME(a_new_message_begins_with_nothing),
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(SINGLE)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = whatever_the_pieces,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    memcpy(tests + COUNT_OF(ROWS), SINGLE, sizeof(SINGLE));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
