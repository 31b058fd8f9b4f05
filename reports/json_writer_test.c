/* The JSON writer: each document byte for byte, and read back by a real reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/json_writer.h"
#include "world/data/json.h"

typedef void document(struct json_writer *writer);

static void nothing(struct json_writer *writer)
{
    (void)writer;
}

static void values(struct json_writer *writer)
{
    static const char *const TEXTS[] = {"x", "y"};
    json_writer_text(writer, "a", NULL);
    json_writer_number(writer, "b", UINT64_MAX / 4);
    json_writer_wide(writer, "c", UINT64_MAX);
    json_writer_truth(writer, "d", true);
    json_writer_truth(writer, "e", false);
    json_writer_texts(writer, "f", TEXTS, 2);
    json_writer_texts(writer, "g", TEXTS, 0);
}

static void escapes(struct json_writer *writer)
{
    json_writer_text(writer, "a\"\\\n", "\"\\\x01\x7f\xff t\xc3\xa4glich");
}

static void groups(struct json_writer *writer)
{
    json_writer_open(writer, "a", '{');
    json_writer_open_line(writer, "b", '{');
    json_writer_number(writer, "c", 1);
    json_writer_open(writer, "d", '[');
    json_writer_number(writer, NULL, 2);
    json_writer_open_line(writer, NULL, '[');
    json_writer_close(writer, ']');
    json_writer_number(writer, NULL, 3);
    json_writer_close(writer, ']');
    json_writer_number(writer, "e", 4);
    json_writer_close(writer, '}');
    json_writer_open(writer, "f", '{');
    json_writer_number(writer, "g", 5);
    json_writer_close(writer, '}');
    json_writer_open_line(writer, "h", '[');
    json_writer_close(writer, ']');
    json_writer_close(writer, '}');
}

struct row {
    const char *sentence;
    document *write;
    const char *expected;
};

static const struct row ROWS[] = {
    {"a document without a value", nothing, "{\n}\n"},
    {"each kind of value has a line", values,
     "{\n  \"a\": null,\n  \"b\": 4611686018427387903,\n  \"c\": \"18446744073709551615\",\n"
     "  \"d\": true,\n  \"e\": false,\n  \"f\": [\n    \"x\",\n    \"y\"\n  ],\n  \"g\": []\n}\n"},
    {"keys and texts are escaped", escapes,
     "{\n  \"a\\\"\\\\\\u000a\": \"\\\"\\\\\\u0001\\u007f\xEF\xBF\xBD t\xc3\xa4glich\"\n}\n"},
    {"a group on one line ends with itself", groups,
     "{\n  \"a\": {\n    \"b\": {\"c\": 1, \"d\": [2, [], 3], \"e\": 4},\n    \"f\": {\n"
     "      \"g\": 5\n    },\n    \"h\": []\n  }\n}\n"},
};

static void is_written(void **state)
{
    const struct row *row = *state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct json_writer writer;
    json_writer_begin(&writer, out);
    row->write(&writer);
    json_writer_end(&writer);
    fclose(out);
    assert_string_equal(text, row->expected);
    char error[JSON_ERROR_BYTES];
    struct json *read = json_parse("t", text, size, error);
    assert_non_null(read);
    json_destroy(&read);
    free(text);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = is_written,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
