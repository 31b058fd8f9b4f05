/* Reports of every kind from a run and from its result, and shards put together. */
#include "harness/command/command_rig.h"

#include "reports/formats/formats.h"
#include "world/data/json.h"

enum { CAPTURE_BYTES_MIN = 500 }; /* of an exchange; without one there is a head of less */

static char *kept(const char *path)
{
    char *text = calloc(1, TEXT_BYTES);
    assert_non_null(text);
    read_back(path, text);
    return text;
}

static void file_has(const char *path, const char *part)
{
    char *text = kept(path);
    if (strstr(text, part) == NULL)
        fail_msg("%s has no %s:\n%.2000s", path, part, text);
    free(text);
}

static size_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

/* ---- command lines -------------------------------------------------------------------------- */

static const struct command_row RUNS[] = {
    {"run --world sim --report tap s/pass.yaml", EXIT_PASSED, "TAP version 13\n1..1\nok 1 - pass",
     NULL},
    {"run --world sim --report markdown s/pass.yaml", EXIT_PASSED,
     "## retryproof: no failure in 1 case\n", NULL},
    {"run --world sim --report events s/pass.yaml", EXIT_USAGE, NULL,
     "--report: events=PATH is what can be said, not 'events'"},
    {"run --world sim --report html s/pass.yaml", EXIT_USAGE, NULL, "html=DIR is what can be said"},
    {"run --world sim --report json= s/pass.yaml", EXIT_USAGE, NULL,
     "json[=PATH] is what can be said"},
    {"run --world sim --report events=nowhere/e s/pass.yaml", EXIT_INTERNAL, NULL,
     "nowhere/e: No such file or directory"},
    {"run --world sim --attach one.json s/pass.yaml", EXIT_USAGE, NULL,
     "--attach: what is attached is a page of --report html=DIR, which is not said"},
    {"report render --attach one.json --report tap two.json", EXIT_USAGE, NULL,
     "--attach: what is attached is a page of --report html=DIR, which is not said"},
    {"run --world sim --report html=page --attach nowhere.json s/pass.yaml", EXIT_USAGE, NULL,
     "--attach: nowhere.json: No such file or directory"},
    {"run --world sim --report html=page --attach s/pass.yaml s/pass.yaml", EXIT_USAGE, NULL,
     "s/pass.yaml:1:"},
    {"run --world sim --slowest ten s", EXIT_USAGE, NULL, "--slowest: 'ten' is not a number"},
    {"run --world sim --slowest 1 s/pass.yaml", EXIT_PASSED,
     "slowest in the simulation, by its own virtual time\n", NULL},
    {"run --world sim --report json=one.json --report tap=one.tap s", EXIT_FAILED, NULL, NULL},
    {"report render one.json", EXIT_PASSED, "3 cases: 1 pass, 1 fail, 1 fail (should or info)",
     NULL},
    {"report render one.json --report tap", EXIT_PASSED, "not ok 1 - fail on builtin, sim\n", NULL},
    {"report render one.json --report junit --report github=g", EXIT_PASSED, "<testsuites", NULL},
    {"report render one.json --report html=page/a/b --report pcapng=one.pcapng", EXIT_PASSED, NULL,
     NULL},
    {"report render one.json --slowest 2 --report terminal", EXIT_PASSED, "slowest in the", NULL},
    {"report render one.json --report events=e", EXIT_USAGE, NULL, "'events=e' is none of"},
    {"report render one.json one.json", EXIT_USAGE, NULL, "fail on sim is in more than one"},
    {"report render", EXIT_USAGE, NULL, "no result is named (html alone can do without)"},
    {"report render nowhere.json", EXIT_USAGE, NULL, "nowhere.json: cannot be read"},
    {"report render --attach one.json --report html=page", EXIT_USAGE, NULL,
     "one.json: is the result of a run, which `retryproof report render` shows"},
    {"report render --report json one.json --nonsense", EXIT_USAGE, NULL,
     "'--nonsense' is no option here"},
    {"report merge one.json", EXIT_USAGE, NULL, "say -o OUT.json, and the results"},
    {"report merge -o two.json", EXIT_USAGE, NULL, "say -o OUT.json, and the results"},
    {"report merge -o nowhere/two.json one.json", EXIT_INTERNAL, NULL, "nowhere/two.json: No such"},
    {"report --help", EXIT_PASSED, "merge -o OUT.json", NULL},
    {"explore --report json=e.json --report html=explored s/pass.yaml", EXIT_PASSED, NULL, NULL},
    {"report render --attach e.json --report html=page", EXIT_PASSED, NULL, NULL},
    {"run --world sim --attach e.json --report html=both s/pass.yaml", EXIT_PASSED, NULL, NULL},
};

static void a_command_line_has_its_exit_code_and_words(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(RUNS); i++)
        expect_row(fixture, &RUNS[i]);
    assert_true(size_of("page/a/b/index.html") > 0);
    assert_true(size_of("one.pcapng") > 0);
    assert_true(size_of("both/index.html") > size_of("explored/index.html"));
}

/* ---- one result, many reports ----------------------------------------------------------------- */

static void a_report_is_the_same_when_it_is_made_later(void **state)
{
    static const char *const KINDS[] = {"json", "tap", "junit", "markdown", "github", "matrix"};
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "run --record all --report json=json --report tap=tap --report "
                                  "junit=junit s"),
                     EXIT_FAILED);
    assert_int_equal(run(fixture, "report render json --report markdown=markdown --report "
                                  "github=github --report matrix=matrix"),
                     EXIT_PASSED);
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        char line[64];
        snprintf(line, sizeof(line), "report render json --report %s=later", KINDS[i]);
        assert_int_equal(run(fixture, line), EXIT_PASSED);
        char *first = kept(KINDS[i]);
        char *later = kept("later");
        assert_true(first[0] != '\0');
        assert_string_equal(first, later);
        free(first);
        free(later);
    }
}

static void pages_and_captures_are_of_all_cases_and_a_result_where_it_is_said(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        run(fixture, "run --world sim --report json=r --report pcapng=c.pcapng s/pass.yaml"),
        EXIT_PASSED);
    file_has("r", "\"recording\": null");
    file_has("r", "\"path\": \"s/pass.yaml\",\n      \"text\": \"name: n\\u000a");
    assert_true(size_of("c.pcapng") > CAPTURE_BYTES_MIN);
    assert_int_equal(run(fixture, "run --world sim --report json=r --record all s/pass.yaml"),
                     EXIT_PASSED);
    file_has("r", "\"recording\": {");
    assert_int_equal(run(fixture, "run --world sim --report json=r --report pcapng=none.pcapng "
                                  "--record none s/pass.yaml"),
                     EXIT_PASSED);
    file_has("r", "\"recording\": null");
    file_has("r", "\"files\": []");
    assert_int_equal(run(fixture, "run --world sim --report json=r s"), EXIT_FAILED);
    file_has("r", "\"recording\": {");
    file_has("r", "\"recording\": null");
}

/*
 * Whoever reads its events keeps a run from ending: they are more than a pipe holds (64 KiB). A scenario that is saved anew
 * meanwhile is shown as it was played.
 */
static void a_scenario_is_shown_as_it_was_played(void **state)
{
    struct fixture *fixture = *state;
    char bytes[4096];
    write_file("s/many.yaml", TOP
               "grid: {a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],\n"
               "  b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]}\n" ACTORS "expect: {}\n");
    assert_int_equal(mkfifo("events", S_IRWXU), 0);
    const pid_t child = start("run --world sim --jobs 1 --report events=events --report json=r s");
    const int in = open("events", O_RDONLY | O_CLOEXEC); /* from here on all files are loaded */
    assert_true(in >= 0);
    write_file("s/fail.yaml", "saved while it was played\n");
    size_t told = 0;
    for (ssize_t size = 1; size > 0; told += (size_t)size)
        size = read(in, bytes, sizeof(bytes));
    close(in);
    assert_int_equal(finish(fixture, child), EXIT_FAILED);
    assert_true(told > 64 * 1024);
    file_has("r", "\"path\": \"s/fail.yaml\",\n      \"text\": \"name: n\\u000a");
}

static void the_command_can_be_pasted_into_a_shell(void **state)
{
    struct fixture *fixture = *state;
    const char *line = "run --world sim --filter 'stage = dial' --report json=r s/pass.yaml";
    assert_int_equal(run(fixture, line), EXIT_PASSED);
    file_has("r",
             "\"command\": \"retryproof run --world sim --filter 'stage = dial' --report json=r "
             "s/pass.yaml\"");
    line = "explore --faults 0 --filter 'id = pass' --report json=r s";
    assert_int_equal(run(fixture, line), EXIT_PASSED);
    file_has("r", "\"command\": \"retryproof explore --faults 0 --filter 'id = pass' --report");
}

/* ---- a report that is not whole --------------------------------------------------------------- */

/* The first such text of a file becomes another of its length. */
static void change_in_file(const char *path, const char *from, const char *to)
{
    char *text = kept(path);
    char *at = strstr(text, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    write_file(path, text);
    free(text);
}

/* An edited result, or one of a program that writes recordings otherwise. */
static void a_recording_that_cannot_be_read_is_left_out_and_told(void **state)
{
    static const char *const PATHS[] = {"captures", "all.pcapng"};
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "run --world sim --report json=r s"), EXIT_FAILED);
    change_in_file("r", "\"recording\": null", "\"recording\": {}  ");
    for (size_t i = 0; i < COUNT_OF(PATHS); i++) {
        char line[96];
        char told[96];
        snprintf(line, sizeof(line), "report render r --report pcapng=%s --report tap=tap",
                 PATHS[i]);
        snprintf(told, sizeof(told), "retryproof: %s: left out: pass: recording", PATHS[i]);
        assert_int_equal(run(fixture, line), EXIT_INTERNAL);
        assert_non_null(strstr(fixture->err, told));
        file_has("tap", "1..3");
    }
    assert_true(size_of("all.pcapng") > CAPTURE_BYTES_MIN);
}

/* ---- events ----------------------------------------------------------------------------------- */

static void events_are_told_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    struct json *event;
    char error[JSON_ERROR_BYTES];
    size_t ended = 0;
    assert_int_equal(run(fixture, "run --world sim --jobs 2 --report events=e s"), EXIT_FAILED);
    char *text = kept("e");
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0';
         line = strsep(&rest, "\n")) {
        event = json_parse("event", line, strlen(line), error);
        assert_non_null(event);
        const char *word = json_text(json_get(event, "event"));
        if (line == text)
            assert_string_equal(word, "run-began");
        else if (*rest == '\0')
            assert_string_equal(word, "run-ended");
        else
            assert_string_equal(word, "case-ended");
        ended += strcmp(word, "case-ended") == 0;
        json_destroy(&event);
    }
    assert_int_equal(ended, 3);
    free(text);
}

/* ---- shards ----------------------------------------------------------------------------------- */

/* All that a result says of its cases. */
static char *cases_of(const char *path)
{
    char *text = kept(path);
    char *end = strstr(text, "\n  \"counts\"");
    assert_non_null(end);
    *end = '\0';
    return text;
}

static size_t cases_in(const char *path)
{
    size_t count = 0;
    char *text = kept(path);
    for (const char *at = text; (at = strstr(at, "\"trace_hash\": ")) != NULL; at++)
        count++;
    free(text);
    return count;
}

static void shards_become_the_whole_run(void **state)
{
    struct fixture *fixture = *state;
    write_file("s/grid.yaml", "name: n\nstage: dial\ngrid: {n: [9, 1, 10, 2, 8, 3]}\n"
                              "client: [request: {path: \"/${n}\"}]\n"
                              "upstreams: {a: [[read: request, respond: 200]]}\nexpect: {}\n");
    assert_int_equal(run(fixture, "run --world sim --report json=whole s"), EXIT_FAILED);
    run(fixture, "run --world sim --shard 1/2 --report json=first s");
    run(fixture, "run --world sim --jobs 1 --shard 2/2 --report json=second s");
    assert_int_equal(run(fixture, "report merge -o merged second first"), EXIT_PASSED);
    char *whole = cases_of("whole");
    char *merged = cases_of("merged");
    assert_string_equal(whole, merged);
    file_has("merged", "\"command\": \"retryproof run --world sim s\"");
    file_has("merged", "\"exit_code\": 1");
    free(whole);
    free(merged);
    write_file("third", "");
    assert_int_equal(run(fixture, "report merge -o alone first"), EXIT_USAGE);
    assert_non_null(strstr(fixture->err, "shard 2 of 2 is missing (--partial goes on without it)"));
    assert_int_equal(run(fixture, "report merge --partial -o alone first"), EXIT_PASSED);
    file_has("alone", "\"interrupted\": true");
    assert_int_equal(run(fixture, "report render first"), EXIT_PASSED);
    char told[64];
    const size_t total = cases_in("whole");
    snprintf(told, sizeof(told), ", shard 1 of 2 alone: %zu of %zu cases\n", cases_in("first"),
             total);
    assert_true(cases_in("first") > 0 && cases_in("first") < total);
    assert_non_null(strstr(fixture->out, told));
    assert_int_equal(run(fixture, "report render merged"), EXIT_PASSED);
    assert_non_null(strstr(fixture->out, ", merged from all 2 shards\n"));
    assert_int_equal(run(fixture, "report merge -o merged merged second"), EXIT_USAGE);
    assert_non_null(strstr(fixture->err, "merged is put together from shards already"));
    run(fixture, "run --world sim --shard 1/3 --report json=third s");
    assert_int_equal(run(fixture, "report merge -o merged first third"), EXIT_USAGE);
    assert_non_null(strstr(fixture->err, "first is of one of 2 shards, third of one of 3"));
}

/* ---- on GitHub -------------------------------------------------------------------------------- */

static void github_is_told_by_itself(void **state)
{
    struct fixture *fixture = *state;
    setenv("GITHUB_ACTIONS", "true", 1);
    setenv("GITHUB_STEP_SUMMARY", "summary.md", 1);
    write_file("summary.md", "before\n");
    write_file("s/grid.yaml", TOP "grid: {n: [1, 2, 3, 4, 5, 6, 7]}\n" ACTORS
                                  "expect:\n  attempts: 1\n  client:\n    status: 502\n");
    assert_int_equal(run(fixture, "run --world sim --jobs 2 s"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "::error file=s/fail.yaml,line=5,title=fail on sim::"));
    assert_non_null(strstr(fixture->out,
                           "::error file=s/grid.yaml,line=8,title=grid%3A 7 of 7 cases fail::n"
                           "%0A- [n=1] on sim%0A- [n=2] on sim%0A"));
    file_has("summary.md", "before\n## retryproof: 8 of 10 cases failed");
    /* Where stdout is taken: GitHub reads stderr, too. */
    assert_int_equal(run(fixture, "run --world sim --report json s"), EXIT_FAILED);
    assert_int_equal(fixture->out[0], '{');
    assert_null(strstr(fixture->out, "::error"));
    assert_non_null(strstr(fixture->err, "::error file=s/fail.yaml"));
    unsetenv("GITHUB_ACTIONS");
    unsetenv("GITHUB_STEP_SUMMARY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_command_line_has_its_exit_code_and_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_report_is_the_same_when_it_is_made_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            pages_and_captures_are_of_all_cases_and_a_result_where_it_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_scenario_is_shown_as_it_was_played, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_command_can_be_pasted_into_a_shell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_recording_that_cannot_be_read_is_left_out_and_told,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_are_told_in_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shards_become_the_whole_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(github_is_told_by_itself, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
