#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

/* ---- changing a head that stands --------------------------------------------------------------- */

/* The fields as "name=value;" one behind the other. */
static const char *fields_of(const struct head *head)
{
    static char text[4 * STORAGE_BYTES];
    size_t size = 0;

    for (size_t i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        size += (size_t)snprintf(text + size, sizeof(text) - size, "%.*s=%.*s;",
                                 (int)field->name.size, (const char *)field->name.data,
                                 (int)field->value.size, (const char *)field->value.data);
        assert_true(size < sizeof(text));
    }
    text[size] = '\0';
    return text;
}

struct set_row {
    const char *title;
    const char *name;
    const char *value;
    bool set;
    const char *fields; /* afterwards, of a head with "a=1;B=2;b=3;c=4;B=5;" */
};

static const char FIELDS_BEFORE[] = "a=1;B=2;b=3;c=4;B=5;";

static const struct set_row SETS[] = {
    {"a field that stands once keeps its place", "c", "new", true, "a=1;B=2;b=3;c=new;B=5;"},
    {"fields that stand often become one, in the place of the first", "b", "new", true,
     "a=1;B=new;c=4;"},
    {"a field that is not there comes last", "d", "new", true, "a=1;B=2;b=3;c=4;B=5;d=new;"},
    {"a value is trimmed", "a", " \tx y\t ", true, "a=x y;B=2;b=3;c=4;B=5;"},
    {"a value may hold a tab within", "a", "x\ty", true, "a=x\ty;B=2;b=3;c=4;B=5;"},
    {"a value may be empty", "a", "", true, "a=;B=2;b=3;c=4;B=5;"},
    {"a value may hold bytes above ASCII", "a", "\xc3\xa9", true, "a=\xc3\xa9;B=2;b=3;c=4;B=5;"},
    {"a name may hold marks", "x-!#$%&'*+.^_`|~9", "", true,
     "a=1;B=2;b=3;c=4;B=5;x-!#$%&'*+.^_`|~9=;"},
    {"a name is not empty", "", "new", false, FIELDS_BEFORE},
    {"a name holds no space", "a b", "new", false, FIELDS_BEFORE},
    {"a name holds no colon", "a:", "new", false, FIELDS_BEFORE},
    {"a name holds no line end", "a\r\nd", "new", false, FIELDS_BEFORE},
    {"a name holds no byte above ASCII", "\xc3\xa9", "new", false, FIELDS_BEFORE},
    {"a value holds no CR", "a", "x\ry", false, FIELDS_BEFORE},
    {"a value holds no LF, which would begin another field", "a", "x\nd: 6", false, FIELDS_BEFORE},
    {"a value holds no control byte", "a", "x\x01y", false, FIELDS_BEFORE},
    {"a value holds no DEL", "a", "\x7f", false, FIELDS_BEFORE},
};

static void fill(struct stored_head *set)
{
    head_init(&set->head, set->storage, sizeof(set->storage));
    add(&set->head, "a", "1");
    add(&set->head, "B", "2");
    add(&set->head, "b", "3");
    add(&set->head, "c", "4");
    add(&set->head, "B", "5");
    assert_string_equal(fields_of(&set->head), FIELDS_BEFORE);
}

static void sets(void **state)
{
    const struct set_row *row = *state;
    struct stored_head set;
    size_t used;

    fill(&set);
    used = set.head.storage_used;
    assert_int_equal(head_set(&set.head, row->name, row->value), row->set);
    assert_string_equal(fields_of(&set.head), row->fields);
    if (!row->set)
        assert_int_equal(set.head.storage_used, used);
}

static void setting_stops_at_the_last_byte(void **state)
{
    struct stored_head set;

    (void)state;
    head_init(&set.head, set.storage, 10);
    add(&set.head, "ab", "cd");
    assert_false(head_set(&set.head, "AB", "1234567"));
    assert_string_equal(fields_of(&set.head), "ab=cd;");
    assert_true(head_set(&set.head, "AB", "123456"));
    assert_string_equal(fields_of(&set.head), "ab=123456;");
    assert_int_equal(set.head.storage_used, 10);
    assert_false(head_set(&set.head, "e", ""));
    assert_true(head_set(&set.head, "ab", ""));
}

static void setting_stops_at_the_last_field_but_replaces_it(void **state)
{
    struct stored_head set;
    struct bytes none = {0};

    (void)state;
    head_init(&set.head, set.storage, sizeof(set.storage));
    for (size_t i = 0; i < HEAD_FIELDS_MAX - 1; i++)
        assert_true(head_add(&set.head, none, none));
    assert_true(head_set(&set.head, "a", "1"));
    assert_false(head_set(&set.head, "b", "2"));
    assert_int_equal(set.head.field_count, HEAD_FIELDS_MAX);
    assert_true(head_set(&set.head, "a", "3"));
    assert_true(bytes_equal_text(head_find(&set.head, "a")->value, "3"));
}

static void removes_all_of_a_name(void **state)
{
    struct stored_head set;

    (void)state;
    fill(&set);
    assert_int_equal(head_remove(&set.head, "d"), 0);
    assert_string_equal(fields_of(&set.head), FIELDS_BEFORE);
    assert_int_equal(head_remove(&set.head, "b"), 3);
    assert_string_equal(fields_of(&set.head), "a=1;c=4;");
    assert_int_equal(head_remove(&set.head, "A"), 1);
    assert_int_equal(head_remove(&set.head, "C"), 1);
    assert_int_equal(head_remove(&set.head, "c"), 0);
    assert_int_equal(set.head.field_count, 0);
}

/* Eleven bytes of start line and fields, and what was replaced is not copied. */
static void fill_whole(struct stored_head *set)
{
    head_init(&set->head, set->storage, sizeof(set->storage));
    assert_true(head_store(&set->head, bytes_of("GET"), &set->head.method));
    assert_true(head_store(&set->head, bytes_of("/a"), &set->head.target));
    assert_true(head_store(&set->head, bytes_of("no"), &set->head.reason));
    set->head.status = 404;
    set->head.minor = 1;
    add(&set->head, "b", "a value that is replaced");
    assert_true(head_set(&set->head, "b", "1"));
    add(&set->head, "c", "2");
}

static void a_copy_stands_by_itself(void **state)
{
    struct stored_head from;
    struct stored_head to;

    (void)state;
    fill_whole(&from);
    head_init(&to.head, to.storage, 11);
    add(&to.head, "old", "field");
    assert_true(head_copy(&to.head, &from.head));
    memset(&from, 'x', sizeof(from));
    assert_true(bytes_equal_text(to.head.method, "GET"));
    assert_true(bytes_equal_text(to.head.target, "/a"));
    assert_true(bytes_equal_text(to.head.reason, "no"));
    assert_int_equal(to.head.status, 404);
    assert_int_equal(to.head.minor, 1);
    assert_string_equal(fields_of(&to.head), "b=1;c=2;");
    assert_ptr_equal(to.head.storage, to.storage);
}

static void a_copy_that_does_not_fit_is_empty(void **state)
{
    struct stored_head from;

    (void)state;
    fill_whole(&from);
    for (size_t size = 0; size < 11; size++) {
        struct stored_head to;

        head_init(&to.head, to.storage, size);
        assert_false(head_copy(&to.head, &from.head));
        assert_int_equal(to.head.field_count + to.head.storage_used + to.head.status, 0);
        assert_int_equal(to.head.method.size, 0);
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(keeps_copies),
        cmocka_unit_test(finds_names_in_any_case),
        cmocka_unit_test(finds_elements_over_all_fields_of_a_name),
        cmocka_unit_test(a_field_fits_whole_or_not_at_all),
        cmocka_unit_test(has_room_for_so_many_fields),
        cmocka_unit_test(storing_fills_the_storage_to_its_last_byte),
        cmocka_unit_test(setting_stops_at_the_last_byte),
        cmocka_unit_test(setting_stops_at_the_last_field_but_replaces_it),
        cmocka_unit_test(removes_all_of_a_name),
        cmocka_unit_test(a_copy_stands_by_itself),
        cmocka_unit_test(a_copy_that_does_not_fit_is_empty),
    };
    struct CMUnitTest tests[COUNT_OF(SETS)];

    for (size_t i = 0; i < COUNT_OF(SETS); i++)
        tests[i] = (struct CMUnitTest){
            .name = SETS[i].title, .test_func = sets, .initial_state = (void *)(uintptr_t)&SETS[i]};
    return cmocka_run_group_tests(others, NULL, NULL) + cmocka_run_group_tests(tests, NULL, NULL);
}
