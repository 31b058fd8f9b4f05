/* What is coded is read again, and what repeats, however far apart, is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pages/repeats.h"
#include "pages/repeats_rig.h"

enum { STEP_MOST = 40 }; /* bytes of a step that are no literals, and more */

/* The size of its coded form, which was read again. */
static size_t coded_size(const void *data, size_t size)
{
    struct repeats_text coded = {NULL, 0};

    assert_true(repeats_put(data, size, repeats_collect, &coded));
    struct repeats_text whole = repeats_read(&coded);
    assert_int_equal(whole.size, size);
    if (size > 0)
        assert_memory_equal(whole.data, data, size);
    free(whole.data);
    free(coded.data);
    return coded.size;
}

/* Bytes that do not repeat. */
static void fill(uint8_t *data, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (uint8_t)(seed >> 24);
    }
}

static void any_size_comes_back(void **state)
{
    uint8_t data[5 * REPEATS_BLOCK_BYTES];

    (void)state;
    for (size_t size = 0; size <= sizeof(data); size++) {
        fill(data, size, 1);
        assert_in_range(coded_size(data, size), size + 1, size + STEP_MOST);
        memset(data, 'a', size);
        coded_size(data, size);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(i % 7);
        coded_size(data, size);
    }
}

static void a_run_of_one_byte_is_one_repetition(void **state)
{
    static uint8_t data[100000];

    (void)state;
    assert_in_range(coded_size(data, sizeof(data)), 1, STEP_MOST);
}

/* Deflate would find nothing of it. */
static void what_repeats_far_away_is_told_once(void **state)
{
    enum { PART = 8 * 1024, APART = 600 * 1024 };
    static uint8_t data[2 * PART + APART];

    (void)state;
    fill(data, sizeof(data), 1);
    memcpy(data + PART + APART, data, PART);
    assert_in_range(coded_size(data, sizeof(data)), PART + APART, PART + APART + STEP_MOST);
}

/* Wherever it stands: places are kept for some blocks alone. */
static void a_repetition_of_a_block_and_a_step_is_found_anywhere(void **state)
{
    enum { PART = REPEATS_BLOCK_BYTES + 16, SIZE = 2000 };
    uint8_t data[SIZE + PART];

    (void)state;
    for (size_t from = 0; from < 64; from++) {
        fill(data, sizeof(data), (uint32_t)from);
        memcpy(data + SIZE, data + from, PART);
        assert_in_range(coded_size(data, sizeof(data)), SIZE, SIZE + PART / 2);
    }
}

/* Pieces of what came, some with a byte of their own in them: as cases of one grid are. */
static void pieces_of_what_came_come_back(void **state)
{
    enum { SIZE = 300 * 1024 };
    static uint8_t data[SIZE];
    uint32_t draw = 7;
    size_t size = 5000;

    (void)state;
    fill(data, size, 1);
    while (size < SIZE) {
        draw = draw * 1664525 + 1013904223;
        size_t from = (draw >> 8) % size;
        size_t count = draw >> 4 & 1023;
        for (; count > 0 && size < SIZE; count--, from++)
            data[size++] = count == 300 ? (uint8_t)draw : data[from];
    }
    assert_in_range(coded_size(data, SIZE), 1, SIZE / 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size_comes_back),
        cmocka_unit_test(a_run_of_one_byte_is_one_repetition),
        cmocka_unit_test(what_repeats_far_away_is_told_once),
        cmocka_unit_test(a_repetition_of_a_block_and_a_step_is_found_anywhere),
        cmocka_unit_test(pieces_of_what_came_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
