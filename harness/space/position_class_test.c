/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/space/position_class.h"

#include <string.h>

enum { POSITIONS_MAX = 16 };

/* A letter for each fingerprint; '^' below those that stand for their class. */
struct row {
    const char *name;
    const char *fingerprints;
    const char *representatives;
    size_t classes;
};

static const struct row ROWS[] = {
    {"no position makes no class", "", "", 0},
    {"one position stands for itself", "a", "^", 1},
    {"two alike are both kept", "aa", "^^", 1},
    {"of many alike the first and the last are kept", "aaaaa", "^   ^", 1},
    {"a class of one between others is kept once", "aabaa", "^^^^^", 3},
    {"equal fingerprints that are no neighbours are two classes", "aaabbbaaa", "^ ^^ ^^ ^", 3},
    {"each position a class of its own", "abc", "^^^", 3},
};

static void stands_for_its_class(void **state)
{
    const struct row *row = *state;
    enum { FIRST = 2 }; /* a span is anywhere in the list */
    struct position positions[POSITIONS_MAX] = {{0}};
    size_t list[POSITIONS_MAX];
    size_t count = 0;
    char marked[POSITIONS_MAX + 1] = {0};
    const struct fault_span span = {FIRST, strlen(row->fingerprints), SIZE_MAX};
    for (size_t i = 0; i < span.count; i++)
        positions[FIRST + i].fingerprint = (uint64_t)row->fingerprints[i];
    assert_int_equal(position_classes(positions, &span, list, &count), row->classes);
    memset(marked, ' ', span.count);
    for (size_t i = 0; i < count; i++)
        marked[list[i] - FIRST] = '^';
    assert_string_equal(marked, row->representatives);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)] = {{0}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = stands_for_its_class,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
