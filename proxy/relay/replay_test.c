/* The copy for a retry: whole, in order, and given up as a whole at the first byte too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/relay/replay.h"

enum { LIMIT = 10, PIECES_MAX = 4 };

static const struct row {
    const char *name;
    size_t limit;
    size_t pieces[PIECES_MAX]; /* as a stream accepts them; 0: there is no such piece */
    bool complete;
    size_t size; /* most bytes there were of it */
} ROWS[] = {
    {"nothing was accepted", LIMIT, {0}, true, 0},
    {"one byte less than the limit is kept", LIMIT, {LIMIT - 1}, true, LIMIT - 1},
    {"the limit is kept", LIMIT, {LIMIT}, true, LIMIT},
    {"one byte more than the limit is not kept", LIMIT, {LIMIT + 1}, false, 0},
    {"pieces that come to the limit are kept", LIMIT, {3, 3, 3, 1}, true, LIMIT},
    {"a piece that straddles the limit loses all", LIMIT, {3, 3, 3, 2}, false, 9},
    {"after the limit one byte loses all", LIMIT, {LIMIT, 1}, false, LIMIT},
    {"what was lost stays lost", LIMIT, {LIMIT + 1, 1}, false, 0},
    {"without memory the first byte loses all", 0, {1}, false, 0},
    {"without memory nothing can be sent again as often as one likes", 0, {0}, true, 0},
};

static const uint8_t BODY[] = "0123456789abcdefghij";

static void is_kept(void **state)
{
    const struct row *row = *state;
    uint8_t memory[LIMIT];
    struct replay replay;
    size_t at = 0;

    replay_start(&replay, row->limit > 0 ? memory : NULL, row->limit);
    for (size_t i = 0; i < PIECES_MAX && row->pieces[i] > 0; i++) {
        replay_append(&replay, bytes_make(BODY + at, row->pieces[i]));
        at += row->pieces[i];
        assert_int_equal(replay_rest(&replay).size, 0);
    }
    assert_int_equal(replay_is_complete(&replay), row->complete);
    assert_int_equal(replay.size, row->size);
    if (row->complete) {
        replay_restart(&replay);
        assert_true(bytes_equal(replay_rest(&replay), bytes_make(BODY, at)));
    }
}

static void is_sent_again_in_pieces_and_from_the_first_byte_each_time(void **state)
{
    uint8_t memory[LIMIT];
    struct replay replay;

    (void)state;
    replay_start(&replay, memory, LIMIT);
    replay_append(&replay, bytes_make(BODY, 6));
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        replay_restart(&replay);
        replay_advance(&replay, 4);
        assert_true(bytes_equal_text(replay_rest(&replay), "45"));
    }
    replay_advance(&replay, 2);
    assert_int_equal(replay_rest(&replay).size, 0);
    replay_append(&replay, bytes_make(BODY + 6, 4));
    replay_restart(&replay);
    assert_true(bytes_equal_text(replay_rest(&replay), "0123456789"));
    replay_advance(&replay, LIMIT);
    replay_append(&replay, bytes_make(BODY + LIMIT, 1));
    assert_false(replay_is_complete(&replay));
}

static void a_new_message_begins_a_new_copy(void **state)
{
    uint8_t memory[LIMIT];
    struct replay replay;

    (void)state;
    replay_start(&replay, memory, LIMIT);
    replay_append(&replay, bytes_make(BODY, LIMIT + 1));
    replay_start(&replay, memory, LIMIT);
    assert_true(replay_is_complete(&replay));
    replay_append(&replay, bytes_make(BODY + 3, 2));
    assert_int_equal(replay.size, 2);
    replay_restart(&replay);
    assert_true(bytes_equal_text(replay_rest(&replay), "34"));
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 2];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_kept,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[COUNT_OF(ROWS)] = (struct CMUnitTest)cmocka_unit_test(
        is_sent_again_in_pieces_and_from_the_first_byte_each_time);
    tests[COUNT_OF(ROWS) + 1] =
        (struct CMUnitTest)cmocka_unit_test(a_new_message_begins_a_new_copy);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
