#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "retryproof/head.h"

enum { STORAGE_BYTES = 64 };

struct stored_head {
    struct head head;
    uint8_t storage[STORAGE_BYTES];
};

static void add(struct head *head, const char *name, const char *value)
{
    assert_true(head_add(head, bytes_of(name), bytes_of(value)));
}

static void keeps_copies(void **state)
{
    struct stored_head set;
    char name[] = "Host";
    char value[] = " \ta b\t ";

    (void)state;
    head_init(&set.head, set.storage, sizeof(set.storage));
    assert_true(head_add(&set.head, bytes_of(name), bytes_of(value)));
    memset(name, 'x', sizeof(name) - 1);
    memset(value, 'x', sizeof(value) - 1);
    assert_true(bytes_equal_text(set.head.fields[0].name, "Host"));
    assert_true(bytes_equal_text(set.head.fields[0].value, "a b"));
}

static void finds_names_in_any_case(void **state)
{
    struct stored_head set;

    (void)state;
    head_init(&set.head, set.storage, sizeof(set.storage));
    add(&set.head, "A", "1");
    add(&set.head, "AB", "2");
    add(&set.head, "ab", "3");
    assert_true(bytes_equal_text(head_find(&set.head, "ab")->value, "2"));
    assert_null(head_find(&set.head, "abc"));
    assert_int_equal(head_count(&set.head, "aB"), 2);
    assert_int_equal(head_count(&set.head, "b"), 0);
}

static void finds_elements_over_all_fields_of_a_name(void **state)
{
    struct stored_head set;

    (void)state;
    head_init(&set.head, set.storage, sizeof(set.storage));
    add(&set.head, "Connection", "a, , b");
    add(&set.head, "X", "d");
    add(&set.head, "connection", "\"e,f\" ,C");
    assert_true(head_list_has(&set.head, "connection", "A"));
    assert_true(head_list_has(&set.head, "connection", "b"));
    assert_true(head_list_has(&set.head, "connection", "c"));
    assert_false(head_list_has(&set.head, "connection", "d"));
    assert_false(head_list_has(&set.head, "connection", "e"));
    assert_false(head_list_has(&set.head, "connection", ""));
}

static void a_field_fits_whole_or_not_at_all(void **state)
{
    struct stored_head set;

    (void)state;
    head_init(&set.head, set.storage, 4);
    assert_false(head_add(&set.head, bytes_of("ab"), bytes_of("cde")));
    assert_int_equal(set.head.field_count, 0);
    assert_int_equal(set.head.storage_used, 0);
    assert_true(head_add(&set.head, bytes_of("ab"), bytes_of("cd")));
    assert_false(head_add(&set.head, bytes_of("e"), bytes_of("")));
    assert_int_equal(set.head.field_count, 1);
}

static void has_room_for_so_many_fields(void **state)
{
    struct stored_head set;
    struct bytes none = {0};

    (void)state;
    head_init(&set.head, set.storage, sizeof(set.storage));
    for (size_t i = 0; i < HEAD_FIELDS_MAX; i++)
        assert_true(head_add(&set.head, none, none));
    assert_false(head_add(&set.head, none, none));
    assert_false(head_append(&set.head, none, none));
    head_clear(&set.head);
    assert_int_equal(set.head.field_count, 0);
    assert_true(head_add(&set.head, none, none));
}

static void storing_fills_the_storage_to_its_last_byte(void **state)
{
    struct stored_head set;
    struct bytes out;

    (void)state;
    head_init(&set.head, set.storage, 3);
    assert_true(head_store(&set.head, bytes_of("abc"), &out));
    assert_true(bytes_equal_text(out, "abc"));
    assert_false(head_store(&set.head, bytes_of("d"), &out));
    assert_true(head_store(&set.head, bytes_of(""), &out));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_copies),
        cmocka_unit_test(finds_names_in_any_case),
        cmocka_unit_test(finds_elements_over_all_fields_of_a_name),
        cmocka_unit_test(a_field_fits_whole_or_not_at_all),
        cmocka_unit_test(has_room_for_so_many_fields),
        cmocka_unit_test(storing_fills_the_storage_to_its_last_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
