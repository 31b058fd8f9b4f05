/* Line by line: what is taken away and what is added, as few of both as there can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/subjects/line_changes.h"

enum { REGION_BYTES = 64 * 1024 * 1024 };

/* Each character is a line. */
struct row {
    const char *sentence;
    const char *before, *after;
    const char *changes; /* sign and line, one after the other */
};

static const struct row ROWS[] = {
    {"two empty lists are alike", "", "", ""},
    {"equal lists are alike", "abc", "abc", ""},
    {"all is added to nothing", "", "ab", "+a+b"},
    {"all is taken away", "ab", "", "-a-b"},
    {"a line is added at the end", "ab", "abc", "+c"},
    {"a line is added at the beginning", "bc", "abc", "+a"},
    {"a line is added within", "ac", "abc", "+b"},
    {"a line is taken away within", "abc", "ac", "-b"},
    {"a line is another one", "abc", "axc", "-b+x"},
    {"of equal lines as few as possible change", "aab", "ab", "-a"},
    {"what is common between changes stays", "xaby", "uabv", "-x+u-y+v"},
    {"a line that moved is taken away and added", "abc", "bca", "-a+a"},
    {"the longest common part stays", "abcd", "cabd", "+c-c"},
};

static const char *const *lines_of(struct region *region, const char *text)
{
    const char **lines = region_take(region, (strlen(text) + 1) * sizeof(lines[0]));
    for (size_t i = 0; text[i] != '\0'; i++)
        lines[i] = region_copy_text(region, &text[i], 1);
    return lines;
}

static void changes_are_found(void **state)
{
    const struct row *row = *state;
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct lines before = {lines_of(&region, row->before), strlen(row->before)};
    const struct lines after = {lines_of(&region, row->after), strlen(row->after)};
    struct line_changes changes;
    assert_true(line_changes_find(&before, &after, &region, &changes));
    const char *text = "";
    for (size_t i = 0; i < changes.count; i++)
        text = region_format(&region, "%s%c%s", text, changes.changes[i].sign,
                             changes.changes[i].line);
    assert_string_equal(text, row->changes);
    region_release(&region);
}

/* The limit is on the lines between the first and the last that differ. */
static void too_many_lines_are_told(void **state)
{
    (void)state;
    enum { MANY = LINE_CHANGES_MAX + 1 };
    const char **before = malloc(MANY * sizeof(before[0]));
    const char **after = malloc(MANY * sizeof(after[0]));
    for (size_t i = 0; i < MANY; i++) {
        before[i] = "a";
        after[i] = "b";
    }
    struct region region;
    region_init(&region, REGION_BYTES);
    struct line_changes changes;
    const struct lines most[] = {{before, LINE_CHANGES_MAX}, {after, LINE_CHANGES_MAX}};
    assert_true(line_changes_find(&most[0], &most[1], &region, &changes));
    assert_int_equal(changes.count, 2 * LINE_CHANGES_MAX);
    const struct lines more[] = {{before, MANY}, {after, MANY}};
    assert_false(line_changes_find(&more[0], &more[1], &region, &changes));
    after[0] = "a";
    assert_true(line_changes_find(&more[0], &more[1], &region, &changes));
    region_release(&region);
    region_init(&region, 0);
    assert_false(line_changes_find(&more[0], &more[1], &region, &changes));
    region_release(&region);
    free(before);
    free(after);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 1] = {cmocka_unit_test(too_many_lines_are_told)};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i + 1] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                           .test_func = changes_are_found,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
