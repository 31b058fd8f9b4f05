/* The command line of `retryproof`, word by word, and what comes of it. */
#include "harness/command/command_rig.h"

#include <signal.h>

#include "world/data/json.h"

/* ---- exit codes and words ------------------------------------------------------------------- */

static const struct command_row RUNS[] = {
    {"run s/pass.yaml", EXIT_PASSED, "2 cases: 2 pass", NULL},
    {"run --world sim s/pass.yaml", EXIT_PASSED, "1 case: 1 pass in", NULL},
    {"run --world sim s/pass.yaml", EXIT_PASSED, ", 1 case, worlds: sim", NULL},
    {"run --world sim --repeat 5 s/pass.yaml", EXIT_PASSED, "1 case: 1 pass, 5 played in", NULL},
    {"run --world sim --repeat 5 --jobs 2 s/pass.yaml", EXIT_PASSED, "1 pass, 5 played in", NULL},
    {"run --world sim --repeat 5 s/should.yaml", EXIT_PASSED, "fail (should or info) in", NULL},
    {"run --world sim s", EXIT_FAILED, "retryproof run --world sim --seed 1 s", NULL},
    {"run --world sim --seed 9 s/fail.yaml", EXIT_FAILED, "--seed 9", NULL},
    {"run --world sim s/should.yaml", EXIT_PASSED, "1 case:", NULL},
    {"run --tag base s", EXIT_PASSED, "2 cases: 2 pass", NULL},
    {"run --filter 'id = pass and world = sim' s", EXIT_PASSED, "1 case: 1 pass", NULL},
    {"run --list s", EXIT_PASSED, "sim     fail\nsockets fail\nsim     pass\n", NULL},
    {"run --list --world sockets s pass", EXIT_PASSED, "sockets pass\n", NULL},
    {"run --list=json s", EXIT_PASSED, "\"retryproof-list-1\"", NULL},
    {"run --world sim --report json s/pass.yaml", EXIT_PASSED, "\"verdict\": \"pass\"", NULL},
    {"run --world sim --report junit s/pass.yaml", EXIT_PASSED, "<testsuites", NULL},
    {"run --world sim --verbose s/pass.yaml", EXIT_PASSED, "pass         sim     pass\n", NULL},
    {"run --help", EXIT_PASSED, "usage: retryproof run", NULL},
    {"help", EXIT_PASSED, "usage: retryproof COMMAND", NULL},
    {"--version", EXIT_PASSED, "retryproof 1.2.3\n", NULL},
    {"proxy --help", EXIT_PASSED, "usage: retryproof proxy", NULL},
    {"upstream --help", EXIT_PASSED, "usage: retryproof upstream", NULL},
    {"subjects --help", EXIT_PASSED, "usage: retryproof subjects", NULL},
    {"report --help", EXIT_PASSED, "usage: retryproof report", NULL},
    /* Other people's proxies: tests/clients/subjects.sh asks some. */
    {"run --world sim --subject nobody s", EXIT_USAGE, NULL, "--world sim has the built-in proxy"},
    {"run --subject nobody s", EXIT_USAGE, NULL, "nobody"},
    {"run --report subject s", EXIT_USAGE, NULL, "--report subject is of another proxy"},
    {"run --expect observe s", EXIT_USAGE, NULL, "speaks of another proxy"},
    {"run --subject builtin s/pass.yaml", EXIT_PASSED, "2 cases: 2 pass", NULL},
    {"subjects walk", EXIT_USAGE, NULL, "'walk' is nothing it knows"},
    {"subjects run --jobs 0", EXIT_USAGE, NULL, "--jobs: '0' is not a number from 1 to 64"},
    {"subjects run --subject nginx", EXIT_USAGE, NULL, "'--subject' cannot be said here"},
    {"subjects run --prof=default", EXIT_USAGE, NULL, "'--prof=default' cannot be said here"},
    {"subjects run --colour blue", EXIT_USAGE, NULL, "'blue' is not auto, always or never"},
    {"subjects run --out", EXIT_USAGE, NULL, "--out: '' is not a folder"},
    {"subjects run --only", EXIT_USAGE, NULL, "--only: '' is not NAME or NAME/PROFILE"},
    {"report", EXIT_USAGE, NULL, "say render, merge, compare, matrix, harms or explain"},
    {"report matrix", EXIT_USAGE, NULL, "no file is named"},
    {"report compare s/pass.yaml", EXIT_USAGE, NULL, "compare takes two files"},
    {"report harms nothing.json", EXIT_USAGE, NULL, "nothing.json"},
    {"report harms --nonsense s", EXIT_USAGE, NULL, "'--nonsense' is no option here"},
    /* Nothing to run. */
    {"run empty", EXIT_NOTHING_TO_RUN, NULL, "no case to run"},
    {"run --filter nothing-like-it s", EXIT_NOTHING_TO_RUN, NULL, "no case to run"},
    {"run --list nothing-like-it s", EXIT_NOTHING_TO_RUN, NULL, NULL},
    {"run --last-failed s", EXIT_NOTHING_TO_RUN, NULL, "no case to run"},
    /* Mistakes of usage. */
    {"", EXIT_USAGE, NULL, "usage: retryproof"},
    {"rum", EXIT_USAGE, NULL, "there is no command 'rum'"},
    {"run", EXIT_USAGE, NULL, "no path was named, and there is no folder ./scenarios"},
    {"run nowhere.yaml", EXIT_USAGE, NULL, "nowhere.yaml: No such file or directory"},
    {"run --wrld sim s", EXIT_USAGE, NULL, "'--wrld' is no option"},
    {"run --world moon s", EXIT_USAGE, NULL, "--world: 'moon' is not sim, sockets or both"},
    {"run --seed x s", EXIT_USAGE, NULL, "--seed: 'x' is not a number"},
    {"run --seed", EXIT_USAGE, NULL, "'--seed' needs a value"},
    {"run --jobs 0 s", EXIT_USAGE, NULL, "--jobs: '0' is not a number from 1 to"},
    {"run --repeat -1 s", EXIT_USAGE, NULL, "--repeat: '-1' is not a number from 1 to"},
    {"run --shard 3/2 s", EXIT_USAGE, NULL, "--shard: '3/2' is not m/n"},
    {"run --shard 1 s", EXIT_USAGE, NULL, "--shard: '1' is not m/n"},
    {"run --filter '(a' s", EXIT_USAGE, NULL, "--filter: '(' has no ')'"},
    {"run --report pdf s", EXIT_USAGE, NULL, "--report: 'pdf' is none of terminal, matrix, html"},
    {"run --colour red s", EXIT_USAGE, NULL, "--colour: 'red' is not auto, always or never"},
    {"run --list=xml s", EXIT_USAGE, NULL, "--list: 'xml' is not json"},
    {"run --report json=nowhere/x.json s/pass.yaml", EXIT_INTERNAL, NULL,
     "nowhere/x.json: No such file or directory"},
};

static void a_command_line_has_its_exit_code_and_words(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(RUNS); i++) {
        expect_row(fixture, &RUNS[i]);
        if (RUNS[i].out != NULL && fixture->err[0] != '\0' && RUNS[i].err == NULL)
            fail_msg("%s\nerr: %s", RUNS[i].line, fixture->err);
    }
}

/* ---- bad files ------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    const char *err;
} BAD_FILES[] = {
    {"", "bad.yaml: is empty"},
    {"\xff\xfe\x01 binary", "bad.yaml:1:1: "},
    {TOP ACTORS "expct: {}\n", "bad.yaml:5:1: "},
    {TOP ACTORS "expect: {attempts: [a]}\n", "bad.yaml:5:21: "},
    {TOP ACTORS "expect: {}\nname: again\n", "bad.yaml:6:1: "},
    {TOP "client: [request: {body: 10}]\nupstreams: {a: [[read: 50 of body, respond: 200]]}\n"
         "client: []\nexpect: {}\n",
     "bad.yaml:5:1: "},
    {TOP "client: [prepare: {body: 10}, send: 50 of body]\nupstreams: {a: []}\nexpect: {}\n",
     "bad.yaml:3:"},
    {TOP ACTORS "expect: {delivered: {c: 1}}\n", "bad.yaml:5:22: "},
    {TOP "grid: {a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],\n"
         "  b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],\n"
         "  c: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]}\n" ACTORS
         "expect: {}\n",
     "bad.yaml:3:7: a grid has at most 4096 cases"},
};

static void a_bad_file_ends_the_command_before_any_case(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(BAD_FILES); i++) {
        write_file("s/bad.yaml", BAD_FILES[i].text);
        int code = run(fixture, "run --world sim s");
        if (code != EXIT_USAGE || strstr(fixture->err, BAD_FILES[i].err) == NULL ||
            fixture->out[0] != '\0')
            fail_msg("expected %s\ncode %d\nout: %.2000s\nerr: %.2000s", BAD_FILES[i].err, code,
                     fixture->out, fixture->err);
    }
}

static void a_file_of_ten_megabytes_is_refused(void **state)
{
    enum { MUCH = 10 * 1024 * 1024 };
    struct fixture *fixture = *state;
    char *text = malloc(MUCH);
    assert_non_null(text);
    memset(text, '#', MUCH);
    write_bytes("s/bad.yaml", text, MUCH);
    free(text);
    assert_int_equal(run(fixture, "run s/bad.yaml"), EXIT_USAGE);
    assert_non_null(strstr(fixture->err, "s/bad.yaml"));
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() == 0)
        skip(); /* root reads everything */
    write_file("s/bad.yaml", TOP);
    assert_int_equal(chmod("s/bad.yaml", 0), 0);
    assert_int_equal(run(fixture, "run s"), EXIT_USAGE);
    assert_non_null(strstr(fixture->err, "s/bad.yaml: Permission denied"));
}

/* ---- what is kept and left ------------------------------------------------------------------ */

static void what_failed_last_can_be_run_again(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "run s"), EXIT_FAILED);
    assert_int_equal(run(fixture, "run --list --last-failed s"), EXIT_PASSED);
    assert_string_equal(fixture->out, "sim     fail\nsockets fail\n");
    /* Its id begins at the folder that is named; the case is the same. */
    assert_int_equal(run(fixture, "run --list --last-failed ."), EXIT_PASSED);
    assert_string_equal(fixture->out, "sim     s/fail\nsockets s/fail\n");
    assert_int_equal(run(fixture, "run --list --last-failed ./s/fail.yaml"), EXIT_PASSED);
    assert_int_equal(run(fixture, "run --last-failed s/pass.yaml"), EXIT_NOTHING_TO_RUN);
    assert_non_null(strstr(fixture->err, "and failed in this folder's last run"));
    write_file("s/fail.yaml", TOP ACTORS "expect: {client: {status: 200}}\n");
    assert_int_equal(run(fixture, "run --last-failed s"), EXIT_PASSED);
    assert_non_null(strstr(fixture->out, "2 cases: 2 pass"));
    assert_int_equal(run(fixture, "run --list --last-failed s"), EXIT_NOTHING_TO_RUN);
}

static void reports_go_to_files_and_the_summary_to_stdout(void **state)
{
    struct fixture *fixture = *state;
    char error[JSON_ERROR_BYTES];
    assert_int_equal(run(fixture, "run --report json=r.json --report junit=r.xml s/pass.yaml"),
                     EXIT_PASSED);
    assert_non_null(strstr(fixture->out, "2 cases: 2 pass"));
    struct json *report = json_load("r.json", error);
    assert_non_null(report);
    assert_int_equal(json_count(json_get(report, "cases")), 2);
    json_destroy(&report);
    assert_int_equal(access("r.xml", R_OK), 0);
}

static void a_simulated_run_is_the_same_every_time(void **state)
{
    struct fixture *fixture = *state;
    char error[JSON_ERROR_BYTES];
    char hashes[2][32];
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        assert_int_equal(run(fixture, "run --world sim --seed 5 --report json=r.json s/pass.yaml"),
                         EXIT_PASSED);
        struct json *report = json_load("r.json", error);
        assert_non_null(report);
        const struct json *one = json_at(json_get(report, "cases"), 0);
        snprintf(hashes[i], sizeof(hashes[i]), "%s", json_text(json_get(one, "trace_hash")));
        json_destroy(&report);
    }
    assert_string_equal(hashes[0], hashes[1]);
    assert_true(strlen(hashes[0]) > 4);
}

/* Ctrl-C while a case waits for a minute: what was done is reported, what was not is skipped. */
static void an_interrupted_run_reports_what_was_done(void **state)
{
    struct fixture *fixture = *state;
    write_file("s/wait.yaml", TOP "client: [delay: 60s]\nupstreams: {a: []}\nexpect: {}\n");
    pid_t child = start("run --world sockets --verbose s");
    /* The other cases are done when their lines are there; --verbose writes them one by one. */
    do
        read_back(".out", fixture->out);
    while (strstr(fixture->out, " should") == NULL && waitpid(child, NULL, WNOHANG) == 0);
    assert_int_equal(kill(child, SIGINT), 0);
    assert_int_equal(finish(fixture, child), EXIT_INTERRUPTED);
    assert_non_null(strstr(fixture->out, "4 cases:"));
}

static void a_full_device_is_an_internal_error(void **state)
{
    struct fixture *fixture = *state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_int_equal(run(fixture, "run --report json=/dev/full s/pass.yaml"), EXIT_INTERNAL);
    assert_non_null(strstr(fixture->err, "/dev/full: No space left on device"));
}

/* ---- a subject of its own ------------------------------------------------------------------- */

#define OWN_PROCESS "proxy: {process: own}\n"

static void a_subject_in_its_own_process_is_played_and_ended(void **state)
{
    struct fixture *fixture = *state;
    write_file("s/own.yaml", TOP OWN_PROCESS
               "client: [request: {method: POST, path: /x, body: 5}]\n"
               "upstreams: {a: [[read: request, end: fin]], b: []}\n"
               "expect: {attempts: 1, delivered: {a: 1, b: 0}, client: {status: 502},\n"
               "         open: {a: 0}}\n");
    if (run(fixture, "run s/own.yaml") != EXIT_PASSED)
        fail_msg("%s%s", fixture->out, fixture->err);
    assert_non_null(strstr(fixture->out, "2 cases: 1 pass, 1 unsupported"));
}

/* Without an upstream the proxy's configuration is refused, and so the subject cannot start. */
static void a_subject_that_cannot_start_has_a_code_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    write_file("s/own.yaml", TOP "proxy: {process: own, upstreams: []}\n" ACTORS "expect: {}\n");
    assert_int_equal(run(fixture, "run --world sockets s/own.yaml"), EXIT_CANNOT_START);
    assert_non_null(strstr(fixture->out, "the subject ended with code 2: "));
}

static void a_program_that_is_no_subject_is_told(void **state)
{
    static const struct {
        const char *name;
        const char *text; /* of the file; NULL: there is none */
        const char *sentence;
    } ROWS[] = {
        {"no/such", NULL, "no program 'no/such' here, nor in /"},
        {"s/words", "neither a program nor a script", "s/words: Exec format error"},
        {"s/ends", "#!/bin/sh\necho no upstream >&2\nexit 3\n",
         "the subject ended with code 3: no upstream"},
    };
    struct fixture *fixture = *state;
    char text[512];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        snprintf(text, sizeof(text),
                 TOP "proxy: {process: own, program: %s}\n" ACTORS "expect: {}\n", ROWS[i].name);
        write_file("s/own.yaml", text);
        if (ROWS[i].text != NULL) {
            write_file(ROWS[i].name, ROWS[i].text);
            assert_int_equal(chmod(ROWS[i].name, 0755), 0);
        }
        assert_int_equal(run(fixture, "run --world sockets s/own.yaml"), EXIT_CANNOT_START);
        assert_non_null(strstr(fixture->out, ROWS[i].sentence));
    }
}

int main(int argc, char **argv)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(a_command_line_has_its_exit_code_and_words),
        ROW(a_bad_file_ends_the_command_before_any_case),
        ROW(a_file_of_ten_megabytes_is_refused),
        ROW(a_file_that_cannot_be_read_is_told),
        ROW(what_failed_last_can_be_run_again),
        ROW(reports_go_to_files_and_the_summary_to_stdout),
        ROW(a_simulated_run_is_the_same_every_time),
        ROW(an_interrupted_run_reports_what_was_done),
        ROW(a_full_device_is_an_internal_error),
        ROW(a_subject_in_its_own_process_is_played_and_ended),
        ROW(a_subject_that_cannot_start_has_a_code_of_its_own),
        ROW(a_program_that_is_no_subject_is_told),
    };
    if (argc > 1) /* a subject is this same program, run again */
        return command_main(argc, argv, "1.2.3");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
