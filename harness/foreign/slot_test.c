#include "harness/foreign/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *written(const struct subject_slot *slots, size_t count, char text[4096])
{
    memset(text, 0, 4096);
    FILE *out = fmemopen(text, 4096, "w");
    assert_non_null(out);
    slots_write(slots, count, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void each_slot_has_an_address_of_its_own(void **state)
{
    struct subject_slot slots[2];
    char text[4096];

    (void)state;
    slots_lay_out(slots, 2, SLOT_BY_LISTENER, 0);
    assert_string_equal(written(slots, 2, text),
                        "s1 127.64.0.1:8080 s1.test 127.64.0.1:9001 127.64.0.1:9002\n"
                        "s2 127.64.0.2:8080 s2.test 127.64.0.2:9001 127.64.0.2:9002\n");
}

static void slots_told_apart_by_host_share_where_they_listen(void **state)
{
    struct subject_slot slots[2];
    char text[4096];

    (void)state;
    slots_lay_out(slots, 2, SLOT_BY_HOST, 0);
    assert_string_equal(written(slots, 2, text),
                        "s1 127.64.0.1:8080 s1.test 127.64.0.1:9001 127.64.0.1:9002\n"
                        "s2 127.64.0.1:8080 s2.test 127.64.0.2:9001 127.64.0.2:9002\n");
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(((const struct subject_slot *)a)->listen.bytes,
                  ((const struct subject_slot *)b)->listen.bytes, 4);
}

static void no_two_slots_of_two_blocks_meet(void **state)
{
    struct subject_slot *slots = calloc(2 * SLOTS_MAX, sizeof(*slots));

    (void)state;
    assert_non_null(slots);
    slots_lay_out(slots, SLOTS_MAX, SLOT_BY_LISTENER, 254);
    slots_lay_out(slots + SLOTS_MAX, SLOTS_MAX, SLOT_BY_LISTENER, 255);
    qsort(slots, 2 * SLOTS_MAX, sizeof(*slots), by_bytes);
    for (size_t i = 1; i < 2 * SLOTS_MAX; i++)
        assert_int_not_equal(by_bytes(&slots[i - 1], &slots[i]), 0);
    assert_int_equal(slots[0].listen.bytes[0], 127);
    assert_int_equal(slots[2 * SLOTS_MAX - 1].listen.bytes[0], 127);
    free(slots);
}

static void one_slot_stands_for_all_in_a_result(void **state)
{
    struct subject_slot slot = slot_sample();
    char text[4096];

    (void)state;
    assert_string_equal(written(&slot, 1, text),
                        "s1 127.0.0.1:8080 s1.test 127.0.0.1:9001 127.0.0.1:9002\n");
}

static void a_block_is_one_holders_alone_until_it_is_given_back(void **state)
{
    unsigned first;
    unsigned second;
    unsigned again;

    (void)state;
    int held = slot_block_take(&first);
    int other = slot_block_take(&second);
    assert_true(held >= 0 && other >= 0);
    assert_int_not_equal(first, second);
    close(held);
    int third = slot_block_take(&again);
    assert_true(third >= 0);
    assert_int_not_equal(again, second);
    close(other);
    close(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_slot_has_an_address_of_its_own),
        cmocka_unit_test(slots_told_apart_by_host_share_where_they_listen),
        cmocka_unit_test(no_two_slots_of_two_blocks_meet),
        cmocka_unit_test(one_slot_stands_for_all_in_a_result),
        cmocka_unit_test(a_block_is_one_holders_alone_until_it_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
