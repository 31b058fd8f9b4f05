/* `retryproof explore` and `retryproof replay`, from a command line to what is written and said. */
#include "harness/command/command_rig.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

enum { LINE_BYTES = 1024 };

#define WAITS                                       \
    "name: somebody waits for ever\nstage: dial\n"  \
    "client: [request: {path: /x}, wait: nobody]\n" \
    "upstreams: {a: [[read: request, respond: 200]]}\nexpect: {}\ntags: [waits]\n"
#define FOUND(more) TOP ACTORS "expect: {}\n" more

static int set_up_scenarios(void **state)
{
    int failed = set_up(state);

    mkdir("w", S_IRWXU);
    mkdir("r", S_IRWXU);
    mkdir("g", S_IRWXU);
    write_file("w/waits.yaml", WAITS);
    write_file("r/cut.yaml",
               FOUND("faults: [{at: a#1, sent: 17, kind: fin}, {at: a#7, kind: refused}]\n"
                     "found: {claim: no-retry-after-a-byte, base: x, seed: 7, trace: \"0x1\"}\n"));
    write_file("g/grid.yaml",
               TOP ACTORS "grid: {status: [200, 502]}\nfaults: [{at: a#1, sent: 0, kind: delay}]\n"
                          "expect: {client: {status: \"${status}\"}, faults: 1}\n");
    write_file("r/held.yaml",
               TOP ACTORS "expect: {client: {status: 200}}\n"
                          "found: {claim: expectations-hold, base: x, seed: 7, trace: \"0x1\"}\n");
    write_file("r/order.yaml", FOUND("order: [1]\n"));
    write_file("r/sim.yaml", FOUND("faults: [{at: client#1, received: 3, kind: rst}]\n"
                                   "unsupported: {sockets: it would take too long}\n"));
    write_file("r/slow.yaml", TOP "time_limit: 100ms\nclient: [request: {path: /x}]\n"
                                  "upstreams: {a: [[read: request, end: stall]]}\nexpect: {}\n");
    write_file("r/wrong.yaml", FOUND("faults: [{at: c#1, kind: fin}]\n"));
    write_file("r/gone.yaml",
               FOUND("found: {claim: no-such-claim, base: x, seed: 1, trace: \"0x1\"}\n"));
    return failed;
}

/* ---- exit codes and words ------------------------------------------------------------------- */

static const struct command_row RUNS[] = {
    {"explore --help", EXIT_PASSED, "usage: retryproof explore", NULL},
    {"replay --help", EXIT_PASSED, "usage: retryproof replay", NULL},
    {"help explore", EXIT_PASSED, "usage: retryproof explore", NULL},
    {"help", EXIT_PASSED, "explore [PATH...]", NULL},
    {"explore --faults 0 s/pass.yaml", EXIT_PASSED, "2 runs of 1 base (2 clean)", NULL},
    {"explore --faults 0 s", EXIT_FAILED, "of 3 bases", NULL},
    {"explore --faults 0 --quiet s/pass.yaml", EXIT_PASSED, "nothing broken in", NULL},
    {"explore --faults 0 --tag base s", EXIT_PASSED, "of 1 base ", NULL},
    {"explore --faults 0 --filter 'id = pass' s", EXIT_PASSED, "of 1 base ", NULL},
    {"explore --faults 0 --report json s/pass.yaml", EXIT_PASSED, "\"retryproof-exploration-2\"",
     NULL},
    {"explore --faults 0 --report markdown s/pass.yaml", EXIT_PASSED, "# Exploration", NULL},
    {"explore --faults 0 s/pass.yaml", EXIT_PASSED, "claims that no run exercised", NULL},
    {"explore --faults 0 --runs 40 --seed 3 s/pass.yaml", EXIT_PASSED, "40 at random", NULL},
    {"explore w/waits.yaml", EXIT_FAILED, "reproduce  retryproof replay out/found/", NULL},
    {"explore --save /dev/null/x w/waits.yaml", EXIT_INTERNAL, NULL, "/dev/null"},
    {"explore --save /dev/null/x w/waits.yaml", EXIT_INTERNAL, "BROKEN  15 one-answer-each",
     "/dev/null"},
    {"explore --save /dev/null/x --orders --runs 9 w/waits.yaml", EXIT_INTERNAL,
     "retryproof explore --faults 1 --orders --runs 9 --seed 1 --filter", "/dev/null"},
    {"explore --tag nothing s", EXIT_NOTHING_TO_RUN, NULL, "nothing to explore"},
    {"explore empty", EXIT_NOTHING_TO_RUN, NULL, "nothing to explore"},
    {"explore nowhere.yaml", EXIT_USAGE, NULL, "nowhere.yaml"},
    {"explore --faults 4 s", EXIT_USAGE, NULL, "--faults: '4' is not a number from 0 to 3"},
    {"explore --jobs 0 s", EXIT_USAGE, NULL, "--jobs: '0' is not"},
    {"explore --runs", EXIT_USAGE, NULL, "'--runs' needs a value"},
    {"explore --report xml s", EXIT_USAGE, NULL, "'xml' is none of terminal, html, markdown, json"},
    {"explore --report json= s", EXIT_USAGE, NULL, "not 'json='"},
    {"explore --filter 'id =' s", EXIT_USAGE, NULL, "--filter: "},
    {"explore --world sim s", EXIT_USAGE, NULL, "no option of 'retryproof explore'"},
    {"explore --faults 0 --report json=/dev/full s/pass.yaml", EXIT_INTERNAL, NULL, "/dev/full"},

    {"replay s/pass.yaml", EXIT_PASSED, "twice the same", NULL},
    {"replay s/pass.yaml", EXIT_PASSED, "a: 1 tried, 1 whole; GET 200\n", NULL},
    {"replay w/waits.yaml", EXIT_FAILED, "BROKEN  15 one-answer-each", NULL},
    {"replay --quiet w/waits.yaml", EXIT_FAILED, "wait: nobody", NULL},
    {"replay w/waits.yaml s/pass.yaml", EXIT_FAILED, "pass  in the simulation", NULL},
    {"replay --report json w/waits.yaml", EXIT_FAILED, "          \"name\": \"one-answer-each\"",
     NULL},
    {"replay r/cut.yaml", EXIT_PASSED, "after 17 bytes of the head of its response (sent: 17)",
     NULL},
    {"replay r/cut.yaml", EXIT_PASSED, "dial 7 to upstream a is refused: this did not come about",
     NULL},
    {"replay r/cut.yaml", EXIT_PASSED, "which was broken when this was found, holds", NULL},
    {"replay r/cut.yaml", EXIT_PASSED, "the program or the", NULL},
    {"replay --world sockets r/cut.yaml", EXIT_PASSED, "holds on sockets", NULL},
    {"replay --world both r/order.yaml", EXIT_PASSED, "nobody can force the order of events", NULL},
    {"replay --world sockets r/sim.yaml", EXIT_PASSED, "cannot be played on sockets: it would",
     NULL},
    {"replay --world sockets r/slow.yaml", EXIT_FAILED, "after 0.1 s of real time", NULL},
    {"replay r/slow.yaml", EXIT_PASSED, "twice the same", NULL},
    {"replay r/gone.yaml", EXIT_PASSED, "is none any more", NULL},
    {"replay r/held.yaml", EXIT_PASSED, "expectations-hold, which was broken when this was", NULL},
    {"replay s/fail.yaml", EXIT_PASSED, "twice the same", NULL},
    {"explore --faults 0 --report json s/fail.yaml", EXIT_FAILED,
     "          \"name\": \"expectations-hold\"", NULL},
    {"replay r/wrong.yaml", EXIT_USAGE, NULL, "r/wrong.yaml:"},
    {"replay", EXIT_USAGE, NULL, "no scenario file was named"},
    {"replay --world moon s/pass.yaml", EXIT_USAGE, NULL, "'moon' is not sim, sockets or both"},
};

static void a_command_line_has_its_exit_code_and_words(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(RUNS); i++)
        expect_row(fixture, &RUNS[i]);
}

/* ---- what is found can be played again ------------------------------------------------------ */

/* The one file in the folder, as an argument of the line. */
static void replay_line(char line[LINE_BYTES], const char *folder)
{
    DIR *entries = opendir(folder);
    const char *name = NULL;

    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        if (entry->d_name[0] != '.') {
            assert_null(name);
            name = entry->d_name;
            snprintf(line, LINE_BYTES, "replay %s/%s", folder, name);
        }
    assert_non_null(name);
    closedir(entries);
}

static void what_is_found_fails_again_with_the_same_trace(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_BYTES];

    assert_int_equal(run(fixture, "explore --save found w/waits.yaml"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "BROKEN  15 one-answer-each  in waits"));
    replay_line(line, "found");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(fixture, line), EXIT_FAILED);
        assert_non_null(strstr(fixture->out, "twice the same, and the one that was found"));
    }
}

/* With its own fault and order, of a grid: what it expects is kept, and judged wherever it is played again. */
static void a_base_that_fails_clean_is_found_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_BYTES];
    char on_sockets[2 * LINE_BYTES];
    char as_scenario[2 * LINE_BYTES];

    assert_int_equal(run(fixture, "explore --save found g"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "BROKEN  expectations-hold  in grid[status=502]"));
    assert_non_null(strstr(fixture->out, "reproduce  retryproof replay found/expectations-hold-"));
    replay_line(line, "found");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(fixture, line), EXIT_FAILED);
        assert_non_null(strstr(fixture->out, "BROKEN  expectations-hold\n"));
        assert_non_null(strstr(fixture->out, "the client got 200, expected 502"));
        assert_non_null(strstr(fixture->out, "twice the same, and the one that was found"));
    }
    snprintf(on_sockets, sizeof(on_sockets), "replay --world sockets%s", line + strlen("replay"));
    assert_int_equal(run(fixture, on_sockets), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "BROKEN  expectations-hold\n"));
    snprintf(as_scenario, sizeof(as_scenario), "run --world sim%s", line + strlen("replay"));
    assert_int_equal(run(fixture, as_scenario), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "the client got 200, expected 502"));
}

static void equal_explorations_give_equal_results(void **state)
{
    struct fixture *fixture = *state;
    static const char *const LINES[] = {
        "explore --runs 50 --jobs 1 --report json s/pass.yaml",
        "explore --runs 50 --jobs 2 --report json s/pass.yaml",
    };
    char *first = NULL;

    for (size_t i = 0; i < 2 * COUNT_OF(LINES); i++) {
        assert_int_equal(run(fixture, LINES[i % COUNT_OF(LINES)]), EXIT_PASSED);
        char *jobs = strstr(fixture->out, "--jobs ");
        assert_non_null(jobs);
        jobs[strlen("--jobs ")] = 'N'; /* the command line is in the result */
        if (first == NULL)
            first = strdup(fixture->out);
        assert_string_equal(first, fixture->out);
    }
    free(first);
}

/* ---- reports and signals -------------------------------------------------------------------- */

static void a_report_in_a_file_leaves_stdout_to_the_person(void **state)
{
    struct fixture *fixture = *state;
    char text[TEXT_BYTES];

    assert_int_equal(run(fixture, "explore --faults 0 --report json=e.json --report "
                                  "markdown=e.md s/pass.yaml"),
                     EXIT_PASSED);
    assert_non_null(strstr(fixture->out, "nothing broken"));
    assert_string_equal(fixture->err, "");
    read_back("e.json", text);
    assert_non_null(strstr(text, "\"runs\": 2"));
    read_back("e.md", text);
    assert_non_null(strstr(text, "## Claims"));
}

static bool catches_interrupts(pid_t child)
{
    char path[64];
    char status[TEXT_BYTES];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
    read_back(path, status);
    const char *line = strstr(status, "SigCgt:");
    assert_non_null(line);
    return (strtoull(line + strlen("SigCgt:"), NULL, 16) >> (SIGINT - 1) & 1) != 0;
}

/* So many random runs take days; what was known when the signal came is told. */
static void an_interrupted_exploration_tells_what_is_known(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = start("explore --jobs 1 --runs 1000000000 s/pass.yaml");

    while (!catches_interrupts(child) && waitpid(child, NULL, WNOHANG) == 0)
        sched_yield();
    assert_int_equal(kill(child, SIGINT), 0);
    assert_int_equal(finish(fixture, child), EXIT_INTERRUPTED);
    assert_non_null(strstr(fixture->out, "interrupted after"));
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up_scenarios, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(a_command_line_has_its_exit_code_and_words),
        ROW(what_is_found_fails_again_with_the_same_trace),
        ROW(a_base_that_fails_clean_is_found_as_it_is),
        ROW(equal_explorations_give_equal_results),
        ROW(a_report_in_a_file_leaves_stdout_to_the_person),
        ROW(an_interrupted_exploration_tells_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
