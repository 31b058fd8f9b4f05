#include "harness/keeper/outside_command.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "harness/keeper/keeper_rig.h"

#include <cmocka.h>

enum { OUTPUT_MAX = 100000 };

/* For what is to run out of time; all else has a minute and needs moments of it. */
#define SHORT_NS (50 * NS_PER_MS)

struct run_row {
    const char *name;
    const char *script;
    bool joined;
    uint64_t within_ns;
    const char *output; /* NULL: it fails, with this error */
    const char *error;
};

static const struct run_row RUNS[] = {
    {"what it prints comes back", "echo a; echo b >&2", false, 60 * NS_PER_S, "a\n", NULL},
    {"both of its outputs may come back", "echo a; echo b >&2", true, 60 * NS_PER_S, "a\nb\n",
     NULL},
    {"it may print nothing", "true", false, 60 * NS_PER_S, "", NULL},
    {"it has nothing to read", "cat", false, 60 * NS_PER_S, "", NULL},
    {"what it left behind is not waited for", "sleep 1000 & echo a", false, 60 * NS_PER_S, "a\n",
     NULL},
    {"its end is waited for when it has closed its outputs",
     "exec >&- 2>&-; read x < /dev/null; exit 3", false, 60 * NS_PER_S, NULL,
     "ended with code 3: "},
    {"one that fails is told by what it says on stderr", "echo a; echo why >&2; exit 2", false,
     60 * NS_PER_S, NULL, "ended with code 2: why"},
    {"one that fails is told by its output where that is all", "echo why; exit 2", false,
     60 * NS_PER_S, NULL, "ended with code 2: why"},
    {"a signal is told by its name", "kill -TERM $$", false, 60 * NS_PER_S, NULL,
     "ended by signal 15 (Terminated): "},
    {"one that takes too long is ended", "echo a; sleep 1000", false, SHORT_NS, NULL,
     "did not end within 0.1 s"},
    {"one that says too much is ended", "yes", false, 60 * NS_PER_S, NULL,
     "prints more than 100000 bytes"},
    {"much on stderr is no harm", "yes x | head -c 300000 >&2; echo a", false, 60 * NS_PER_S, "a\n",
     NULL},
};

static void command_runs(void **state)
{
    const struct run_row *row = *state;
    char shell[] = "sh";
    char option[] = "-c";
    char *const arguments[] = {shell, option, strdup(row->script), NULL};
    const struct outside_command command = {
        .arguments = arguments,
        .input = -1,
        .joined = row->joined,
        .output_max = OUTPUT_MAX,
        .within_ns = row->within_ns,
    };
    char error[OUTSIDE_COMMAND_ERROR_BYTES] = "";
    struct region region;

    region_init(&region, 1024 * 1024);
    const char *output = outside_command_run(&command, &region, error);
    if (row->output != NULL) {
        assert_non_null(output);
        assert_string_equal(output, row->output);
    } else {
        assert_null(output);
        assert_string_equal(error, row->error);
    }
    region_release(&region);
    free(arguments[2]);
}

static void exactly_as_much_as_it_may_print_comes_back(void **state)
{
    char shell[] = "sh";
    char option[] = "-c";
    char script[] = "yes | head -c 100000";
    char *const arguments[] = {shell, option, script, NULL};
    const struct outside_command command = {
        .arguments = arguments, .input = -1, .output_max = OUTPUT_MAX, .within_ns = 60 * NS_PER_S};
    char error[OUTSIDE_COMMAND_ERROR_BYTES];
    struct region region;

    (void)state;
    region_init(&region, 1024 * 1024);
    const char *output = outside_command_run(&command, &region, error);
    assert_non_null(output);
    assert_int_equal(strlen(output), OUTPUT_MAX);
    region_release(&region);
}

struct complaint_row {
    const char *name;
    const char *output;
    const char *line;
};

static const struct complaint_row COMPLAINTS[] = {
    {"the first line that speaks of an error is it", "up\nx: [EMERG] no\nError two\nbye\n",
     "x: [EMERG] no"},
    {"a word may stand anywhere", "up\nit Cannot be\nbye", "it Cannot be"},
    {"else it is the last that is not empty", "one\ntwo\n  \n\n", "two"},
    {"of nothing there is nothing", "", ""},
    {"of empty lines there is nothing", "\n \n", ""},
    {"what could steer a terminal is replaced", "a \033[1mfailure\r\n", "a ?[1mfailure?"},
};

static void complaint_is_found(void **state)
{
    const struct complaint_row *row = *state;
    char line[OUTSIDE_COMMAND_LINE_BYTES];

    assert_string_equal(outside_command_complaint(row->output, line), row->line);
}

static void a_long_line_is_cut(void **state)
{
    char text[2 * OUTSIDE_COMMAND_LINE_BYTES];
    char line[OUTSIDE_COMMAND_LINE_BYTES];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(strlen(outside_command_complaint(text, line)), OUTSIDE_COMMAND_LINE_BYTES - 1);
}

static void programs_of_administrators_are_found_without_a_path_to_them(void **state)
{
    char before[4096];
    char folder[PATH_MAX];
    char path[PATH_MAX];

    (void)state;
    snprintf(before, sizeof(before), "%s", getenv("PATH"));
    assert_true(folder_make("test", folder));
    rig_write(folder, "own-program", "#!/bin/sh\n");
    assert_int_equal(setenv("PATH", folder, 1), 0);
    assert_false(outside_command_find("own-program", path)); /* nobody may run it */
    snprintf(path, sizeof(path), "%.4000s/own-program", folder);
    assert_int_equal(chmod(path, 0755), 0);
    assert_true(outside_command_find("own-program", path));
    assert_memory_equal(path, folder, strlen(folder));
    assert_true(outside_command_find("ldconfig", path)); /* in /sbin on every system */
    assert_false(outside_command_find("no-such-program", path));
    assert_false(outside_command_find("", path));
    assert_false(outside_command_find("/etc", path));
    assert_true(outside_command_find("/bin/sh", path));
    setenv("PATH", before, 1);
    folder_remove(folder);
}

static void a_subject_finds_them_too(void **state)
{
    struct region region;
    char expected[8192];

    (void)state;
    region_init(&region, 1024 * 1024);
    char *const *variables = outside_command_variables(&region);
    snprintf(expected, sizeof(expected), "PATH=%s:/usr/local/sbin:/usr/sbin:/sbin", getenv("PATH"));
    assert_string_equal(variables[0], expected);
    for (size_t i = 1; variables[i] != NULL; i++)
        assert_int_not_equal(strncmp(variables[i], "PATH=", 5), 0);
    region_release(&region);
}

int main(void)
{
    static const struct CMUnitTest PLAIN[] = {
        cmocka_unit_test(exactly_as_much_as_it_may_print_comes_back),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(programs_of_administrators_are_found_without_a_path_to_them),
        cmocka_unit_test(a_subject_finds_them_too),
    };
    struct CMUnitTest tests[COUNT_OF(PLAIN) + COUNT_OF(RUNS) + COUNT_OF(COMPLAINTS)];
    size_t used = COUNT_OF(PLAIN);

    memcpy(tests, PLAIN, sizeof(PLAIN));
    for (size_t i = 0; i < COUNT_OF(RUNS); i++)
        tests[used++] = (struct CMUnitTest){.name = RUNS[i].name,
                                            .test_func = command_runs,
                                            .initial_state = (void *)(uintptr_t)&RUNS[i]};
    for (size_t i = 0; i < COUNT_OF(COMPLAINTS); i++)
        tests[used++] = (struct CMUnitTest){.name = COMPLAINTS[i].name,
                                            .test_func = complaint_is_found,
                                            .initial_state = (void *)(uintptr_t)&COMPLAINTS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
