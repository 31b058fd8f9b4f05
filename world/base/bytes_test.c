#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

static void equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool same, same_nocase;
    } rows[] = {
        {"", "", true, true},           {"a", "", false, false},      {"abc", "abc", true, true},
        {"abc", "aBC", false, true},    {"abc", "abd", false, false}, {"abc", "abcd", false, false},
        {"@[`{", "@[`{", true, true},   {"@", "`", false, false}, /* 32 apart, and no letters */
        {"\xc4", "\xe4", false, false},                           /* letters, but not ASCII */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes a = bytes_of(rows[i].a);

        assert_int_equal(bytes_equal(a, bytes_of(rows[i].b)), rows[i].same);
        assert_int_equal(bytes_equal_nocase(a, bytes_of(rows[i].b)), rows[i].same_nocase);
        assert_int_equal(bytes_equal_text(a, rows[i].b), rows[i].same);
        assert_int_equal(bytes_equal_text_nocase(a, rows[i].b), rows[i].same_nocase);
    }
    assert_true(bytes_equal(bytes_make(NULL, 0), bytes_make("x", 0)));
    assert_false(bytes_equal(bytes_make("a\0b", 3), bytes_make("a\0c", 3)));
}

static void trimming(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},     {" ", ""},    {"\t \t", ""},        {"a", "a"},
        {"  a", "a"}, {"a\t", "a"}, {" \ta b\t ", "a b"}, {"\na\r", "\na\r"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_true(bytes_equal_text(bytes_trim(bytes_of(rows[i][0])), rows[i][1]));
}

static void lists(void **state)
{
    /* Elements joined with '|', as they must come out. */
    static const char *const rows[][2] = {
        {"", ""},
        {",", ""},
        {" , ,\t", ""},
        {"a", "a|"},
        {"a,b", "a|b|"},
        {" a ,, b ,", "a|b|"},
        {"a b, c", "a b|c|"},
        {"\"a,b\", c", "\"a,b\"|c|"},
        {"x=\"a\\\",b\",c", "x=\"a\\\",b\"|c|"},
        {"\"open, to the end", "\"open, to the end|"},
        {"\"ends in \\", "\"ends in \\|"},
        {"\"\",a", "\"\"|a|"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes list = bytes_of(rows[i][0]);
        struct bytes element;
        struct bytes expected = bytes_of(rows[i][1]);

        while (bytes_take_list_element(&list, &element)) {
            struct bytes start = bytes_make(expected.data, element.size);

            assert_true(expected.size > element.size);
            assert_true(bytes_equal(start, element));
            assert_int_equal(expected.data[element.size], '|');
            expected.data += element.size + 1;
            expected.size -= element.size + 1;
        }
        assert_int_equal(expected.size, 0);
        assert_int_equal(list.size, 0);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t max, value;
        bool good;
    } rows[] = {
        {"0", 0, 0, true},
        {"1", 0, 0, false},
        {"007", 7, 7, true},
        {"255", 255, 255, true},
        {"256", 255, 0, false},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false},
        {"99999999999999999999999", UINT64_MAX, 0, false},
        {"", 9, 0, false},
        {"-1", 9, 0, false},
        {"+1", 9, 0, false},
        {" 1", 9, 0, false},
        {"1 ", 99, 0, false},
        {"1a", 99, 0, false},
        {"/", 99, 0, false},
        {":", 99, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t value = 0;

        assert_int_equal(bytes_to_u64(bytes_of(rows[i].text), rows[i].max, &value), rows[i].good);
        assert_true(value == rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"bytes are compared whole, and without case for ASCII letters only", equality, NULL, NULL,
         NULL},
        {"spaces and tabs are trimmed and nothing else", trimming, NULL, NULL, NULL},
        {"a list gives its elements, and commas in quotes are no commas", lists, NULL, NULL, NULL},
        {"numbers are digits alone, up to a maximum", numbers, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
