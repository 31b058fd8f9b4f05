/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/hooks/body_change.h"

#include <string.h>

enum { TEXT_MAX = 64 };

struct row {
    const char *name;
    struct body_change change;
    const char *in;
    const char *out;
};

static const struct row ROWS[] = {
    {"kept, a body is the same", {BODY_KEEP, 0}, "abc", "abc"},
    {"only a to z become upper case", {BODY_UPPER, 0}, "az`{AZ1-", "AZ`{AZ1-"},
    {"xor makes every byte another", {BODY_XOR, 0}, "Az", "\x1b "},
    {"the first bytes are left out", {BODY_DROP, 2}, "abcde", "cde"},
    {"no byte is left out", {BODY_DROP, 0}, "abc", "abc"},
    {"as many bytes are left out as there are", {BODY_DROP, 3}, "abc", ""},
    {"more bytes are left out than there are", {BODY_DROP, 4}, "abc", ""},
    {"each byte comes once", {BODY_EXPAND, 1}, "abc", "abc"},
    {"each byte comes three times", {BODY_EXPAND, 3}, "abc", "aaabbbccc"},
    {"an empty body stays empty", {BODY_EXPAND, 2}, "", ""},
};

static void changes(void **state)
{
    const struct row *row = *state;
    size_t size = strlen(row->in);
    char out[TEXT_MAX] = {0};
    assert_int_equal(body_change_size(&row->change, size), strlen(row->out));
    for (size_t i = 0; i < strlen(row->out); i++) {
        uint64_t source = body_change_source(&row->change, i);
        assert_in_range(source, 0, size - 1);
        out[i] = (char)body_change_byte(&row->change, (uint8_t)row->in[source]);
    }
    assert_string_equal(out, row->out);
    if (strlen(row->out) != size)
        assert_true(body_change_alters_length(&row->change));
}

/* The hook and the judge both go through a body from its start. */
static void sources_never_go_back(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof(ROWS) / sizeof(ROWS[0]); r++)
        for (uint64_t i = 1; i < TEXT_MAX; i++)
            assert_true(body_change_source(&ROWS[r].change, i) >=
                        body_change_source(&ROWS[r].change, i - 1));
}

int main(void)
{
    enum { COUNT = sizeof(ROWS) / sizeof(ROWS[0]) };
    struct CMUnitTest tests[COUNT + 1] = {{0}};
    for (size_t i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = changes,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[COUNT] = (struct CMUnitTest)cmocka_unit_test(sources_never_go_back);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
