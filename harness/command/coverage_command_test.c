/* `retryproof coverage`: what it finds, the gate, and the codes it ends with. */
#include "harness/command/command_rig.h"

#include <inttypes.h>

#include "reports/schema_rig.h"

#define FIN                                                                             \
    "name: a delivered request is not sent again\nstage: post-write\n"                  \
    "source: RFC 9110 9.2.2\nclient: [request: {method: POST, path: /pay, body: 11}]\n" \
    "upstreams: {a: [[read: request, end: fin]], b: [[read: request, respond: 200]]}\n" \
    "expect: {attempts: {a: 1, b: 0}}\n"
#define RST                                                                             \
    "name: nor is it behind a reset\nstage: post-write\nsource: the book by my bed\n"   \
    "client: [request: {method: POST, path: /pay, body: 11}]\n"                         \
    "upstreams: {a: [[read: request, end: rst]], b: [[read: request, respond: 200]]}\n" \
    "expect: {attempts: {a: 1, b: 0}}\n"

static void a_line_has_its_exit_code_and_words(void **state)
{
    static const struct command_row ROWS[] = {
        {"coverage --help", EXIT_PASSED, "usage: retryproof coverage", NULL},
        {"help coverage", EXIT_PASSED, "usage: retryproof coverage", NULL},
        {"help", EXIT_PASSED, "coverage [PATH...]", NULL},
        {"coverage s/pass.yaml", EXIT_PASSED, "1 case passed, 0 failed, 0 passed over", NULL},
        {"coverage s", EXIT_FAILED, "1 case passed, 2 failed", NULL},
        {"coverage --gate s/pass.yaml", EXIT_FAILED, "cells of the acceptance matrix", NULL},
        {"coverage s/pass.yaml", EXIT_PASSED, "The events of an exchange's life were not", NULL},
        {"coverage --report markdown s/pass.yaml", EXIT_PASSED, "# Acceptance coverage", NULL},
        {"coverage --tag base s/pass.yaml", EXIT_PASSED, "1 case passed", NULL},
        {"coverage --tag large s/pass.yaml", EXIT_NOTHING_TO_RUN, NULL, "there is nothing to play"},
        {"coverage --nonsense", EXIT_USAGE, NULL, "'--nonsense' is no option here"},
        {"coverage --accept", EXIT_USAGE, NULL, "'--accept' needs a value"},
        {"coverage --report pdf", EXIT_USAGE, NULL, "'pdf' is not terminal, json or markdown"},
        {"coverage --tag (", EXIT_USAGE, NULL, "retryproof coverage: --tag: "},
        {"coverage --accept nowhere.yaml s", EXIT_USAGE, NULL, "nowhere.yaml: cannot be read"},
        {"coverage --accept s/pass.yaml s", EXIT_USAGE, NULL, "s/pass.yaml:1:1: "},
        {"coverage nowhere.yaml", EXIT_USAGE, NULL, "nowhere.yaml: No such file or directory"},
        {"coverage --report json=no/such/folder s/pass.yaml", EXIT_INTERNAL, NULL,
         "no/such/folder"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        expect_row(fixture, &ROWS[i]);
}

/* The cell that the second file alone covers is told when that file is gone, and only then. */
static void a_scenario_that_is_gone_leaves_its_cell(void **state)
{
    static const char MISSING[] =
        "post-write  fresh rst                 not idempotent  at-most-once";
    struct fixture *fixture = *state;
    write_file("fin.yaml", FIN);
    write_file("rst.yaml", RST);
    assert_int_equal(run(fixture, "coverage --quiet fin.yaml rst.yaml"), EXIT_PASSED);
    assert_null(strstr(fixture->out, MISSING));
    assert_int_equal(run(fixture, "coverage --quiet fin.yaml"), EXIT_PASSED);
    assert_non_null(strstr(fixture->out, MISSING));
}

static void what_cites_nothing_known_is_told(void **state)
{
    struct fixture *fixture = *state;
    write_file("fin.yaml", FIN);
    write_file("rst.yaml", RST);
    assert_int_equal(run(fixture, "coverage --quiet fin.yaml rst.yaml"), EXIT_PASSED);
    const char *list = strstr(fixture->out, "scenarios that cite nothing known");
    assert_non_null(list);
    assert_non_null(strstr(list, "the book by my bed"));
    assert_null(strstr(list, "fin "));
}

static uint64_t missing(const struct fixture *fixture, const char *part)
{
    char error[JSON_ERROR_BYTES];
    uint64_t count = 0;
    struct json *root = json_parse("out", fixture->out, strlen(fixture->out), error);
    assert_non_null(root);
    assert_true(json_u64(json_get(json_get(json_get(root, "totals"), part), "missing"), &count));
    json_destroy(&root);
    return count;
}

/* A list that accepts exactly what is missing passes; one scenario less, and it does not; one more, and the list is stale. */
static void the_gate_holds_what_is_covered(void **state)
{
    static const char *const PARTS[] = {"cells", "claims", "requirements", "citations"};
    struct fixture *fixture = *state;
    char list[1024] = "";
    write_file("fin.yaml", FIN);
    write_file("rst.yaml", RST);
    assert_int_equal(run(fixture, "coverage --quiet --report json fin.yaml rst.yaml"), EXIT_PASSED);
    for (size_t i = 0; i < COUNT_OF(PARTS); i++)
        snprintf(list + strlen(list), sizeof(list) - strlen(list),
                 "%s: [{gaps: %" PRIu64 ", reason: nobody has come that far}]\n", PARTS[i],
                 missing(fixture, PARTS[i]));
    write_file("accepted.yaml", list);
    assert_int_equal(
        run(fixture, "coverage --quiet --gate --accept accepted.yaml fin.yaml rst.yaml"),
        EXIT_PASSED);
    assert_non_null(strstr(fixture->out, "nobody has come that far"));
    assert_int_equal(run(fixture, "coverage --quiet --gate --accept accepted.yaml fin.yaml"),
                     EXIT_FAILED);
    write_file("pass.yaml", TOP ACTORS "source: RFC 9110 9.3.2\nexpect: {client: {status: 200}}\n");
    assert_int_equal(
        run(fixture, "coverage --quiet --gate --accept accepted.yaml fin.yaml rst.yaml pass.yaml"),
        EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "accepted gaps that are none any more"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_its_exit_code_and_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_scenario_that_is_gone_leaves_its_cell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cites_nothing_known_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_gate_holds_what_is_covered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
