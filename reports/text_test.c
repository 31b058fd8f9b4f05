#include "reports/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

struct row {
    const char *name;
    const char *text;
    size_t columns; /* to cut at or to wrap at; 0: shown whole */
    const char *shown;
};

static const struct row CUT_ROWS[] = {
    {"plain text is shown as it is", "POST /pay", 0, "POST /pay"},
    {"empty text is nothing", "", 0, ""},
    {"letters beyond ASCII are one column each", "t\xC3\xA4glich", 7, "t\xC3\xA4glich"},
    {"a text of exactly the columns is whole", "abcdef", 6, "abcdef"},
    {"one column more is cut", "abcdefg", 6, "abc..."},
    {"a wide character that does not fit whole is left out", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E",
     4, "..."},
    {"wide characters fill two columns", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 5,
     "\xE6\x97\xA5..."},
    {"combining marks fill none",
     "a\xCC\x88"
     "bc",
     3,
     "a\xCC\x88"
     "bc"},
    {"newline and tab are told", "a\nb\tc", 0, "a\\nb\\tc"},
    {"an escape sequence loses its power", "\x1B[2J", 0, "\\x1b[2J"},
    {"DEL is told", "\x7F", 0, "\\x7f"},
    {"a C1 control is told byte by byte", "\xC2\x9B", 0, "\\xc2\\x9b"},
    {"the first character after them is not", "\xC2\xA0", 0, "\xC2\xA0"},
    {"a stray continuation is told", "a\x80z", 0, "a\\x80z"},
    {"an overlong form is told", "\xC0\xAF", 0, "\\xc0\\xaf"},
    {"a surrogate is told", "\xED\xA0\x80", 0, "\\xed\\xa0\\x80"},
    {"past the last code point is told", "\xF4\x90\x80\x80", 0, "\\xf4\\x90\\x80\\x80"},
    {"a character cut short by the end is told", "a\xE6\x97", 0, "a\\xe6\\x97"},
    {"what XML cannot hold is told", "\xEF\xBF\xBF", 0, "\\xef\\xbf\\xbf"},
    {"and what comes before it", "\xEF\xBF\xBE", 0, "\\xef\\xbf\\xbe"},
    {"a mark that turns the line around is told", "\xE2\x80\xAE", 0, "\\xe2\\x80\\xae"},
    {"escapes are counted as they are shown", "\x01\x02", 8, "\\x01\\x02"},
    {"escapes are cut whole", "\x01\x02", 7, "\\x01..."},
};

static const struct row WRAP_ROWS[] = {
    {"a line of exactly the width stays", "abc defg", 10, "abc defg"},
    {"one column more is broken", "abc defgh", 10, "abc\n  defgh"},
    {"a word longer than a line is left whole", "a bcdefghijklmn o", 10, "a\n  bcdefghijklmn\n  o"},
    {"spaces between words are kept within a line", "a  b", 10, "a  b"},
    {"spaces at the end are not", "ab   ", 10, "ab"},
    {"a newline of the text is no newline", "ab\ncd", 10, "ab\\ncd"},
};

static char *text;
static size_t text_size;

static FILE *begin(void)
{
    FILE *out = open_memstream(&text, &text_size);
    assert_non_null(out);
    return out;
}

static void finish(FILE *out, const char *expected)
{
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void is_cut(void **state)
{
    const struct row *row = *state;
    FILE *out = begin();
    if (row->columns == 0)
        text_put(row->text, out);
    else
        assert_true(text_put_cut(row->text, row->columns, out) <= row->columns);
    finish(out, row->shown);
    if (strcmp(row->text, row->shown) == 0 && row->columns > 0)
        assert_true(text_columns(row->text) <= row->columns);
}

enum { WRAP_INDENT = 2 };

static void is_wrapped(void **state)
{
    const struct row *row = *state;
    FILE *out = begin();
    text_put_wrapped(row->text, WRAP_INDENT, row->columns, out);
    finish(out, row->shown);
}

static void a_cell_is_padded_to_its_columns(void **state)
{
    (void)state;
    FILE *out = begin();
    text_put_cell("\xC3\xA4", 4, out);
    text_put_cell("|", 3, out);
    text_put_cell("abcdef", 5, out);
    finish(out, "\xC3\xA4   |  ab...");
}

static void many_spaces_are_as_many(void **state)
{
    static const size_t COUNTS[] = {0, 1, 63, 64, 65, 200};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(COUNTS); i++) {
        FILE *out = begin();
        text_put_spaces(COUNTS[i], out);
        fclose(out);
        assert_int_equal(strspn(text, " "), COUNTS[i]);
        assert_int_equal(text_size, COUNTS[i]);
        free(text);
    }
}

static void counts_have_commas_at_thousands(void **state)
{
    static const struct {
        unsigned long long count;
        const char *text;
    } ROWS[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {123456, "123,456"},
        {1234567, "1,234,567"},
        {UINT64_MAX, "18,446,744,073,709,551,615"},
    };
    char shown[TEXT_COUNT_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        assert_string_equal(text_count(ROWS[i].count, shown), ROWS[i].text);
}

static void ink_is_written_only_if_asked_for(void **state)
{
    (void)state;
    FILE *out = begin();
    text_ink(INK_RED, false, out);
    text_ink(INK_GREEN, true, out);
    text_ink(INK_PLAIN, true, out);
    finish(out, "\033[32m\033[0m");
}

int main(void)
{
    struct CMUnitTest tests[4 + COUNT_OF(CUT_ROWS) + COUNT_OF(WRAP_ROWS)] = {
        cmocka_unit_test(a_cell_is_padded_to_its_columns),
        cmocka_unit_test(many_spaces_are_as_many),
        cmocka_unit_test(counts_have_commas_at_thousands),
        cmocka_unit_test(ink_is_written_only_if_asked_for),
    };
    size_t count = 4;
    for (size_t i = 0; i < COUNT_OF(CUT_ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = CUT_ROWS[i].name,
                                             .test_func = is_cut,
                                             .initial_state = (void *)(uintptr_t)&CUT_ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(WRAP_ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = WRAP_ROWS[i].name,
                                             .test_func = is_wrapped,
                                             .initial_state = (void *)(uintptr_t)&WRAP_ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
