/* How much is made for a write: no more than a few times what writes take. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakeupstream/acting/outbox.h"
#include "world/base/check.h"

enum { MAX = SCENE_SCRATCH_BYTES, MIN = OUTBOX_PIECE_BYTES_MIN };

static void a_write_that_took_all_is_followed_by_twice_as_much(void **state)
{
    (void)state;
    assert_int_equal(outbox_next_piece(2048, 2048, 2048), 4096);
    assert_int_equal(outbox_next_piece(MAX, MAX, MAX), MAX);
}

static void a_short_write_is_followed_by_twice_what_it_took(void **state)
{
    (void)state;
    assert_int_equal(outbox_next_piece(MAX, MAX, 3000), 6000);
    assert_int_equal(outbox_next_piece(MAX, MAX, MAX - 1), MAX);
    assert_int_equal(outbox_next_piece(MAX, MAX, 1), MIN);
}

static void the_end_of_a_message_and_a_full_pipe_say_nothing(void **state)
{
    (void)state;
    assert_int_equal(outbox_next_piece(MAX, 10, 10), MAX);
    assert_int_equal(outbox_next_piece(2048, 10, 10), 2048);
    assert_int_equal(outbox_next_piece(2048, 2048, 0), 2048);
}

/* However a pipe takes bytes, at most so many times as much is made. */
static void what_is_made_stays_in_proportion_to_what_is_taken(void **state)
{
    static const size_t TAKES[] = {1, 100, 1000, 5000, MAX};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(TAKES); i++) {
        size_t piece = MAX, made = 0, taken = 0;

        for (unsigned write = 0; write < 1000; write++) {
            size_t take = TAKES[i] < piece ? TAKES[i] : piece;

            made += piece;
            taken += take;
            piece = outbox_next_piece(piece, piece, take);
        }
        assert_true(made <= 2 * taken + 1000 * (size_t)MIN + MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_took_all_is_followed_by_twice_as_much),
        cmocka_unit_test(a_short_write_is_followed_by_twice_what_it_took),
        cmocka_unit_test(the_end_of_a_message_and_a_full_pipe_say_nothing),
        cmocka_unit_test(what_is_made_stays_in_proportion_to_what_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
