#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/wire/pattern.h"

enum { BODY_BYTES = 4096 };

static void any_piece_is_the_same_as_that_part_of_the_whole(void **state)
{
    uint8_t whole[200];
    uint8_t piece[200];

    (void)state;
    pattern_fill(7, 0, whole, sizeof(whole));
    for (size_t offset = 0; offset <= 40; offset++)
        for (size_t size = 0; size <= 40; size++) {
            pattern_fill(7, offset, piece, size);
            assert_memory_equal(piece, whole + offset, size);
            assert_int_equal(pattern_match(7, offset, whole + offset, size), size);
        }
}

static void the_first_wrong_byte_is_found_wherever_it_is(void **state)
{
    uint8_t body[64];

    (void)state;
    for (size_t offset = 0; offset < 9; offset++)
        for (size_t wrong = 0; wrong < sizeof(body); wrong++) {
            pattern_fill(7, offset, body, sizeof(body));
            body[wrong] ^= 1;
            assert_int_equal(pattern_match(7, offset, body, sizeof(body)), wrong);
        }
}

/* A shift, a loss and a repetition by d bytes all show the body d bytes away from where it belongs. */
static void every_shift_is_seen_within_a_few_bytes(void **state)
{
    uint8_t body[BODY_BYTES];

    (void)state;
    for (size_t shift = 1; shift < 2048; shift++) {
        pattern_fill(1, shift, body, 64);
        assert_true(pattern_match(1, 0, body, 64) < 4);
        pattern_fill(1, 0, body, 64);
        assert_true(pattern_match(1, shift, body, 64) < 4);
    }
}

static void bodies_of_two_labels_are_told_apart(void **state)
{
    static const char *const LABELS[] = {"client.1", "client.2", "client.11", "a.1.1",
                                         "a.1.2",    "a.2.1",    "b.1.1",     ""};
    uint8_t body[32];

    (void)state;
    for (size_t i = 0; i < sizeof(LABELS) / sizeof(LABELS[0]); i++)
        for (size_t j = 0; j < sizeof(LABELS) / sizeof(LABELS[0]); j++) {
            pattern_fill(pattern_seed(bytes_of(LABELS[i])), 0, body, sizeof(body));
            if (i != j)
                assert_true(
                    pattern_match(pattern_seed(bytes_of(LABELS[j])), 0, body, sizeof(body)) < 4);
        }
}

static void the_pattern_never_changes(void **state)
{
    static const uint8_t EXPECTED[] = {0x6a, 0xb0, 0x89, 0x21, 0x17, 0x86, 0xb6, 0x9c,
                                       0x19, 0x6c, 0x3a, 0xda, 0x02, 0x15, 0x86, 0xa0};
    uint8_t body[sizeof(EXPECTED)];

    (void)state;
    pattern_fill(1, 0, body, sizeof(body));
    assert_memory_equal(body, EXPECTED, sizeof(EXPECTED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_piece_is_the_same_as_that_part_of_the_whole),
        cmocka_unit_test(the_first_wrong_byte_is_found_wherever_it_is),
        cmocka_unit_test(every_shift_is_seen_within_a_few_bytes),
        cmocka_unit_test(bodies_of_two_labels_are_told_apart),
        cmocka_unit_test(the_pattern_never_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
