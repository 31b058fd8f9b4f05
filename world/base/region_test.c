#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world/base/region.h"

static void pieces_do_not_overlap(void **state)
{
    struct region region;
    unsigned char *pieces[200];

    (void)state;
    region_init(&region, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        size_t size = 1 + i * 7;

        pieces[i] = region_take(&region, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        for (size_t j = 0; j < 1 + i * 7; j++)
            assert_int_equal(pieces[i][j], i);
    region_release(&region);
}

static void limit_is_kept(void **state)
{
    static const size_t limits[] = {16, 1024, 16 * 1024, 16 * 1024 + 16, 100 * 1024};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct region region;

        region_init(&region, limits[i]);
        assert_null(region_take(&region, limits[i] + 1));
        assert_non_null(region_take(&region, limits[i]));
        assert_null(region_take(&region, 1));
        assert_true(region.total <= limits[i]);
        region_reset(&region);
        assert_non_null(region_take(&region, limits[i]));
        region_release(&region);
    }
}

static void huge_takes_fail(void **state)
{
    struct region region;

    (void)state;
    region_init(&region, SIZE_MAX);
    assert_null(region_take(&region, SIZE_MAX));
    assert_null(region_take(&region, SIZE_MAX - 8));
    region_init(&region, 0);
    assert_null(region_take(&region, 1));
    region_release(&region);
}

static void reset_keeps_blocks(void **state)
{
    struct region region;
    size_t total;

    (void)state;
    region_init(&region, 1 << 20);
    for (int i = 0; i < 10; i++)
        assert_non_null(region_take(&region, 10000));
    assert_non_null(region_take(&region, 50000));
    total = region.total;
    for (int round = 0; round < 5; round++) {
        unsigned char *piece;

        region_reset(&region);
        for (int i = 0; i < 10; i++) {
            piece = region_take(&region, 10000);
            assert_non_null(piece);
            assert_int_equal(piece[9999], 0);
            memset(piece, 0xff, 10000);
        }
        assert_non_null(region_take(&region, 50000));
        assert_int_equal(region.total, total);
    }
    region_release(&region);
    assert_non_null(region_take(&region, 10)); /* a released region is an empty one */
    region_release(&region);
}

static void text_is_copied_and_made(void **state)
{
    struct region region;

    (void)state;
    region_init(&region, 64);
    assert_string_equal(region_copy_text(&region, "abcdef", 3), "abc");
    assert_string_equal(region_copy_text(&region, NULL, 0), "");
    assert_string_equal(region_format(&region, "%s-%d", "x", 7), "x-7");
    assert_null(region_format(&region, "%100d", 1));
    assert_null(region_copy_text(&region, "0123456789012345678901234567890123456789", 40));
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"pieces are zeroed, aligned and apart", pieces_do_not_overlap, NULL, NULL, NULL},
        {"a region gives all its bytes and not one more", limit_is_kept, NULL, NULL, NULL},
        {"sizes that no memory holds give NULL", huge_takes_fail, NULL, NULL, NULL},
        {"a reset keeps the blocks and clears the pieces", reset_keeps_blocks, NULL, NULL, NULL},
        {"texts end in NUL, or are NULL past the limit", text_is_copied_and_made, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
