/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/coverage/citation.h"

#include <stdio.h>
#include <string.h>

#include "world/base/check.h"

struct row {
    const char *name;
    const char *source;
    const char *cited; /* each "document|section" and a blank line between them */
};

static const struct row ROWS[] = {
    {"a section of an RFC", "RFC 9110 9.2.2", "RFC 9110|9.2.2\n"},
    {"several sections of one", "RFC 9112 5, 6.1 and 6.3",
     "RFC 9112|5\nRFC 9112|6.1\nRFC 9112|6.3\n"},
    {"an appendix", "RFC 9112 9.3 and C.2.2", "RFC 9112|9.3\nRFC 9112|C.2.2\n"},
    {"an RFC as a whole", "RFC 8297", "RFC 8297|\n"},
    {"two of them in one part", "RFC 5246, RFC 8446 6.1", "RFC 5246|\nRFC 8446|6.1\n"},
    {"the number of an item is no section", "RFC 9112 6.3, item 8", "RFC 9112|6.3\n"},
    {"items within a list of sections", "RFC 9112 6.3, item 8, and 9.6",
     "RFC 9112|6.3\nRFC 9112|9.6\n"},
    {"a row of the matrix", "acceptance matrix, section 1, row client cancel",
     "acceptance matrix|1\nacceptance matrix|1, row client cancel\n"},
    {"rows of it", "acceptance matrix, section 1, rows dial and handshake",
     "acceptance matrix|1\nacceptance matrix|1, row dial\nacceptance matrix|1, row handshake\n"},
    {"cases of it", "acceptance matrix, section 4, cases 2 and 5",
     "acceptance matrix|4\nacceptance matrix|4, case 2\nacceptance matrix|4, case 5\n"},
    {"an option of it", "acceptance matrix, section 1, retry_on_status",
     "acceptance matrix|1\nacceptance matrix|1, retry_on_status\n"},
    {"a part that goes on with it", "acceptance matrix, section 2; section 4, case 1",
     "acceptance matrix|2\nacceptance matrix|4\nacceptance matrix|4, case 1\n"},
    {"sections with rows in parentheses",
     "acceptance matrix, sections 1 (row route), 4 (case 6) and 6",
     "acceptance matrix|1\nacceptance matrix|1, row route\nacceptance matrix|4\n"
     "acceptance matrix|4, case 6\nacceptance matrix|6\n"},
    {"its number alone", "acceptance matrix 3", "acceptance matrix|3\n"},
    {"an address", "https://github.com/x/y/issues/1; RFC 9110 15.2",
     "|https://github.com/x/y/issues/1\nRFC 9110|15.2\n"},
    {"a header", "hooks.h, waiting", "|hooks.h, waiting\n"},
    {"a decision", "decision 4 of the design", "|decision 4 of the design\n"},
    {"what nobody knows", "the book by my bed", ""},
    {"nothing", "", ""},
    {"a section of no document", "section 4, case 1", ""},
};

struct told {
    char text[1024];
    size_t size;
};

static void on_citation(void *owner, const struct citation *citation)
{
    struct told *told = owner;
    int size = snprintf(told->text + told->size, sizeof(told->text) - told->size, "%s|%s\n",
                        citation->document, citation->section);

    assert_in_range(size, 0, sizeof(told->text) - told->size - 1);
    told->size += (size_t)size;
}

static void cites(void **state)
{
    const struct row *row = *state;
    struct told told = {.size = 0};

    citations_read(row->source, on_citation, &told);
    assert_string_equal(told.text, row->cited);
}

/* Whoever writes a page there gets its beginning read. */
static void what_is_too_long_is_cut(void **state)
{
    char source[4096];
    struct told told = {.size = 0};

    (void)state;
    memset(source, 'x', sizeof(source) - 1);
    source[sizeof(source) - 1] = '\0';
    memcpy(source, "RFC 9110 9.2.2, ", 16);
    citations_read(source, on_citation, &told);
    assert_string_equal(told.text, "RFC 9110|9.2.2\n");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 1];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){
            .name = ROWS[i].name, .test_func = cites, .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[COUNT_OF(ROWS)] = (struct CMUnitTest)cmocka_unit_test(what_is_too_long_is_cut);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
