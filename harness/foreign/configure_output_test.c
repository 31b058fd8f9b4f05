#include "harness/foreign/configure_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "harness/keeper/keeper_rig.h"

#include <cmocka.h>

/* What is printed, and the files that come of it, as "name:text;" each. */
struct part_row {
    const char *name;
    const char *text;
    const char *parts;
};

static const struct part_row PARTS[] = {
    {"what has no heading is the configuration", "a\nb\n", "config:a\nb\n;"},
    {"the last line needs no newline", "a", "config:a;"},
    {"a heading begins a file", "a\n==> f <==\nb\n==> g <==\nc\n", "config:a\n;f:b\n;g:c\n;"},
    {"a heading alone makes an empty file", "a\n==> f <==", "config:a\n;f:;"},
    {"a heading may come first", "==> f <==\nb\n", "f:b\n;"},
    {"a name may hold spaces", "==> a b.conf <==\n", "a b.conf:;"},
    {"what only resembles a heading is text", "==> f\n ==> f <==\n==>  <==x\n==> <==\n",
     "config:==> f\n ==> f <==\n==>  <==x\n==> <==\n;"},
};

static void parts_are_taken(void **state)
{
    const struct part_row *row = *state;
    struct configure_output_part part;
    struct bytes rest = bytes_of(row->text);
    char error[CONFIGURE_OUTPUT_ERROR_BYTES];
    char found[1024] = "";

    while (rest.size > 0) {
        size_t used = strlen(found);

        assert_true(configure_output_take(&rest, &part, error));
        snprintf(found + used, sizeof(found) - used, "%s:%.*s;", part.name, (int)part.text.size,
                 (const char *)part.text.data);
    }
    assert_string_equal(found, row->parts);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const NAMES[] = {"../x", "a/b", "/etc/x", ".", "..", "config", "a/../b"};
    struct configure_output_part part;
    char error[CONFIGURE_OUTPUT_ERROR_BYTES];
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        snprintf(text, sizeof(text), "==> %s <==\nx\n", NAMES[i]);
        struct bytes rest = bytes_of(text);
        assert_false(configure_output_take(&rest, &part, error));
        snprintf(text, sizeof(text), "prints a file '%s': a name of", NAMES[i]);
        assert_memory_equal(error, text, strlen(text));
    }
    memset(text, 'n', sizeof(text));
    memcpy(text, "==> ", 4);
    memcpy(text + 300, " <==\n", 6);
    struct bytes rest = bytes_of(text);
    assert_false(configure_output_take(&rest, &part, error));
}

static void a_nul_in_a_name_is_refused(void **state)
{
    static const char TEXT[] = "==> a\0b <==\nx\n";
    struct bytes rest = bytes_make(TEXT, sizeof(TEXT) - 1);
    struct configure_output_part part;
    char error[CONFIGURE_OUTPUT_ERROR_BYTES];

    (void)state;
    assert_false(configure_output_take(&rest, &part, error));
}

static void the_files_are_written(void **state)
{
    char error[CONFIGURE_OUTPUT_ERROR_BYTES];
    char folder[PATH_MAX];
    char text[4096];

    (void)state;
    assert_true(folder_make("test", folder));
    assert_true(configure_output_write(bytes_of("==> f <==\nb\n"), folder, error));
    assert_string_equal(rig_read(folder, "f", text), "b\n");
    snprintf(text, sizeof(text), "%.4000s/config", folder);
    assert_true(rig_is_there(text)); /* empty, for whoever names it all the same */
    assert_false(configure_output_write(bytes_of("again"), folder, error));
    assert_non_null(strstr(error, "'config', which cannot be written: File exists"));
    folder_remove(folder);
}

static void a_link_in_a_files_place_is_not_followed(void **state)
{
    char error[CONFIGURE_OUTPUT_ERROR_BYTES];
    char folder[PATH_MAX];
    char link[PATH_MAX + 8];
    char text[4096];

    (void)state;
    assert_true(folder_make("test", folder));
    rig_write(folder, "target", "kept");
    snprintf(link, sizeof(link), "%s/config", folder);
    assert_int_equal(symlink("target", link), 0);
    assert_false(configure_output_write(bytes_of("x"), folder, error));
    assert_string_equal(rig_read(folder, "target", text), "kept");
    folder_remove(folder);
}

int main(void)
{
    static const struct CMUnitTest PLAIN[] = {
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(a_nul_in_a_name_is_refused),
        cmocka_unit_test(the_files_are_written),
        cmocka_unit_test(a_link_in_a_files_place_is_not_followed),
    };
    struct CMUnitTest tests[COUNT_OF(PLAIN) + COUNT_OF(PARTS)];

    memcpy(tests, PLAIN, sizeof(PLAIN));
    for (size_t i = 0; i < COUNT_OF(PARTS); i++)
        tests[COUNT_OF(PLAIN) + i] =
            (struct CMUnitTest){.name = PARTS[i].name,
                                .test_func = parts_are_taken,
                                .initial_state = (void *)(uintptr_t)&PARTS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
