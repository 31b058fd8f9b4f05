/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "world/data/json.h"

static struct json *make_report(void)
{
    struct json *report = json_map_create();
    struct json *cases = json_list_create();

    json_set_text(report, "schema", "x-1");
    json_set_u64(report, "count", JSON_NUMBER_MAX);
    json_set_bool(report, "interrupted", true);
    json_set_text(report, "absent", NULL);
    json_append_text(cases, "a \"b\"\n");
    json_append_u64(cases, 7);
    json_append(cases, json_map_create());
    json_set(report, "cases", cases);
    return report;
}

static void a_document_is_written_sorted_and_indented(void **state)
{
    struct json *report = make_report();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    assert_true(json_write(report, out));
    fclose(out);
    assert_string_equal(text, "{\n  \"absent\": null,\n  \"cases\": [\n    \"a \\\"b\\\"\\n\",\n"
                              "    7,\n    {}\n  ],\n  \"count\": 9223372036854775807,\n"
                              "  \"interrupted\": true,\n  \"schema\": \"x-1\"\n}\n");
    free(text);
    json_destroy(&report);
    assert_null(report);
}

static void what_was_written_is_read_back(void **state)
{
    struct json *report = make_report();
    char *line = json_format_line(report);
    char error[JSON_ERROR_BYTES];
    struct json *again = json_parse("line", line, strlen(line), error);
    uint64_t count;
    bool interrupted;

    (void)state;
    assert_non_null(again);
    assert_string_equal(json_text(json_get(again, "schema")), "x-1");
    assert_true(json_u64(json_get(again, "count"), &count));
    assert_true(count == JSON_NUMBER_MAX);
    assert_true(json_bool(json_get(again, "interrupted"), &interrupted));
    assert_true(interrupted);
    assert_int_equal(json_count(json_get(again, "cases")), 3);
    assert_string_equal(json_text(json_at(json_get(again, "cases"), 0)), "a \"b\"\n");
    assert_null(json_at(json_get(again, "cases"), 3));
    assert_int_equal(json_count(again), 5);
    free(line);
    json_destroy(&report);
    json_destroy(&again);
}

static void a_value_of_another_kind_is_no_answer(void **state)
{
    char error[JSON_ERROR_BYTES];
    struct json *list = json_parse("t", "[-1, \"x\", 1.5, null]", 20, error);
    uint64_t number;
    bool truth;

    (void)state;
    assert_non_null(list);
    assert_false(json_u64(json_at(list, 0), &number));
    assert_false(json_u64(json_at(list, 1), &number));
    assert_false(json_u64(json_at(list, 2), &number));
    assert_false(json_bool(json_at(list, 3), &truth));
    assert_null(json_text(json_at(list, 0)));
    assert_null(json_get(list, "k"));
    assert_null(json_text(NULL));
    assert_null(json_get(NULL, "k"));
    assert_int_equal(json_count(NULL), 0);
    json_destroy(&list);
}

/* A text is whatever stands between its quotes; without its size it would end at the first NUL. */
static void a_nul_within_a_text_is_told_by_its_size(void **state)
{
    static const char TEXT[] = "[\"a\\u0000b\", \"c\", 7]";
    char error[JSON_ERROR_BYTES];
    struct json *list = json_parse("t", TEXT, sizeof(TEXT) - 1, error);
    size_t size;
    char *line;

    (void)state;
    assert_non_null(list);
    assert_null(json_text(json_at(list, 0)));
    assert_memory_equal(json_text_sized(json_at(list, 0), &size), "a\0b", 4);
    assert_int_equal(size, 3);
    assert_string_equal(json_text_sized(json_at(list, 1), &size), "c");
    assert_int_equal(size, 1);
    assert_null(json_text_sized(json_at(list, 2), &size));
    assert_null(json_text_sized(NULL, &size));
    line = json_format_line(list);
    assert_string_equal(line, "[\"a\\u0000b\",\"c\",7]");
    free(line);
    json_destroy(&list);
}

static void a_map_is_gone_through_in_the_order_of_its_file(void **state)
{
    static const char TEXT[] = "{\"b\": 1, \"a\": [], \"c\": {}}";
    char error[JSON_ERROR_BYTES];
    struct json *map = json_parse("t", TEXT, sizeof(TEXT) - 1, error);
    const char *key = json_key_after(map, NULL);

    (void)state;
    assert_string_equal(key, "b");
    key = json_key_after(map, key);
    assert_string_equal(key, "a");
    key = json_key_after(map, key);
    assert_string_equal(key, "c");
    assert_null(json_key_after(map, key));
    assert_null(json_key_after(json_get(map, "a"), NULL));
    assert_null(json_key_after(json_get(map, "c"), NULL));
    assert_null(json_key_after(NULL, NULL));
    assert_true(json_is_map(map));
    assert_false(json_is_list(map));
    assert_true(json_is_list(json_get(map, "a")));
    assert_false(json_is_map(json_get(map, "a")));
    assert_false(json_is_map(json_get(map, "b")));
    assert_false(json_is_map(NULL));
    assert_false(json_is_list(NULL));
    json_destroy(&map);
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    struct json *list = json_list_create();
    char *line;

    (void)state;
    json_append_text(list, "a\xFFz\xC3");
    line = json_format_line(list);
    assert_string_equal(line, "[\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"]");
    free(line);
    json_destroy(&list);
}

static void a_mistake_is_said_with_its_place(void **state)
{
    char error[JSON_ERROR_BYTES];

    (void)state;
    assert_null(json_parse("f", "{\"a\": 1,\n \"a\": 2}", 17, error));
    assert_non_null(strstr(error, "f:2:"));
    assert_null(json_parse("f", "[1", 2, error));
    assert_non_null(strstr(error, "f:1:2: "));
    assert_null(json_load("/no/such/file", error));
    assert_string_equal(error, "/no/such/file: cannot be read: No such file or directory");
    assert_null(json_load("/", error));
    assert_string_equal(error, "/: cannot be read: Is a directory");
}

static void a_full_disk_is_told(void **state)
{
    struct json *report = make_report();
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    assert_false(json_write(report, full));
    fclose(full);
    json_destroy(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_written_sorted_and_indented),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_value_of_another_kind_is_no_answer),
        cmocka_unit_test(a_nul_within_a_text_is_told_by_its_size),
        cmocka_unit_test(a_map_is_gone_through_in_the_order_of_its_file),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(a_mistake_is_said_with_its_place),
        cmocka_unit_test(a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
