/* Words for a shell: each row is given to a real one, which must print the text as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "reports/shell_word.h"

enum { REGION_BYTES = 4096 };

struct row {
    const char *sentence;
    const char *text;
    const char *word;   /* as shell_word() writes it */
    const char *filter; /* as shell_word_case() writes it */
};

static const struct row ROWS[] = {
    {"a plain word stands as it is", "a/b.yaml:1", "a/b.yaml:1", "'id = \"a/b.yaml:1\"'"},
    {"a word with a space is quoted", "a b", "'a b'", "'id = \"a b\"'"},
    {"a bracket is quoted", "a[b=1]", "'a[b=1]'", "'id = \"a[b=1]\"'"},
    {"a word with a tilde is quoted", "~a", "'~a'", "'id = \"~a\"'"},
    {"an empty text is a word", "", "''", "'id = \"\"'"},
    {"a quote ends the quotes and begins them again", "it's", "'it'\\''s'", "'id = \"it'\\''s\"'"},
    {"a double quote is escaped for the filter alone", "a\"b", "'a\"b'", "'id = \"a\\\"b\"'"},
    {"a backslash is escaped for the filter alone", "a\\b", "'a\\b'", "'id = \"a\\\\b\"'"},
    {"nothing is expanded", "$(ls) `ls` $HOME *", "'$(ls) `ls` $HOME *'",
     "'id = \"$(ls) `ls` $HOME *\"'"},
};

static void is_one_word(void **state)
{
    const struct row *row = *state;
    struct region region;
    region_init(&region, REGION_BYTES);
    assert_string_equal(shell_word(row->text, &region), row->word);
    assert_string_equal(shell_word_case(row->text, &region), row->filter);

    const char *command = region_format(&region, "printf %%s %s", row->word);
    FILE *shell = popen(command, "re");
    assert_non_null(shell);
    char shown[128] = {0};
    const size_t size = fread(shown, 1, sizeof(shown) - 1, shell);
    assert_int_equal(pclose(shell), 0);
    assert_int_equal(size, strlen(row->text));
    assert_string_equal(shown, row->text);
    region_release(&region);
}

static void a_command_line_is_taken_apart_into_the_words_that_it_was_made_of(void **state)
{
    (void)state;
    struct region region;
    region_init(&region, REGION_BYTES);
    const char *line = "";
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        line = region_format(&region, "%s %s", line, shell_word(ROWS[i].text, &region));
    struct bytes rest = bytes_of(line);
    struct bytes word;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        assert_true(shell_word_take(&rest, &word));
        assert_true(bytes_equal_text(word, ROWS[i].word));
    }
    assert_false(shell_word_take(&rest, &word));
    rest = bytes_of("'never ended \\");
    assert_true(shell_word_take(&rest, &word));
    assert_false(shell_word_take(&rest, &word));
    region_release(&region);
}

static void says_when_memory_is_short(void **state)
{
    (void)state;
    struct region region;
    region_init(&region, 0);
    assert_null(shell_word("a", &region));
    assert_null(shell_word_case("a", &region));
    region_release(&region);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 2] = {
        cmocka_unit_test(says_when_memory_is_short),
        cmocka_unit_test(a_command_line_is_taken_apart_into_the_words_that_it_was_made_of)};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i + 2] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                           .test_func = is_one_word,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
