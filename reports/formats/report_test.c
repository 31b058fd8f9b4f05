/*
 * Every rendering of one example run, byte for byte against reports/golden. Run it with
 * RETRYPROOF_UPDATE_GOLDEN=1 to write the files anew, and read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "reports/formats/formats.h"
#include "reports/golden_rig.h"
#include "reports/report.h"
#include "reports/schema_rig.h"
#include "world/base/check.h"
#include "world/data/json.h"

#define GOLDEN_FOLDER "reports/golden/"
#define TEXTS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__       \
    }
#define LIST(...)  .sentences = TEXTS(__VA_ARGS__), .sentence_count = COUNT_OF((TEXTS(__VA_ARGS__)))
#define STORY(...) .story = TEXTS(__VA_ARGS__), .story_count = COUNT_OF((TEXTS(__VA_ARGS__)))

/* The varying part of a case; the rest is derived from it, as in most suites. */
struct example {
    const char *stage, *fault, *method, *client;
    unsigned attempts, delivered;
    enum verdict verdict;
    enum level level;
    const char *id, *name, *source;
    const char *const *sentences;
    size_t sentence_count;
    const char *const *story;
    size_t story_count;
    const char *world; /* NULL: both, alike */
};

static const struct example EXAMPLES[] = {
    {"dial", "refused", "GET", "200", 2, 1, .id = "dial/refused-is-retried[method=GET]"},
    {"dial", "refused", "HEAD", "200", 2, 1, .id = "dial/refused-is-retried[method=HEAD]"},
    {"dial", "refused", "POST", "200", 2, 1, .id = "dial/refused-is-retried[method=POST]"},
    {"dial", "refused", "CONNECT", "200", 2, 0, .id = "dial/refused-is-retried[method=CONNECT]"},
    {"dial", "no answer", "GET", "504", 2, 0, .id = "dial/no-answer[method=GET]"},
    {"dial", "no answer", "HEAD", "504", 2, 0, .id = "dial/no-answer[method=HEAD]"},
    {"dial", "no answer", "POST", "504", 2, 0, .id = "dial/no-answer[method=POST]"},
    {"pre-write", "fin", "GET", "200", 2, 1, .id = "pre-write/fin[method=GET]", .world = "sim"},
    {"pre-write", "fin", "GET", NULL, 0, 0, VERDICT_UNSUPPORTED, .id = "pre-write/fin[method=GET]",
     .world = "sockets", LIST("a kernel accepts bytes before it learns that the peer is gone")},
    {"pre-write", "fin", "POST", NULL, 0, 0, VERDICT_UNSUPPORTED,
     .id = "pre-write/fin[method=POST]", .world = "sockets",
     LIST("a kernel accepts bytes before it learns that the peer is gone")},
    {"mid-write", "after 64 bytes", "POST", "502", 1, 0, .id = "mid-write/part[at=64,framing=cl]"},
    {"mid-write", "after 64 bytes", "POST", "502", 1, 0, .id = "mid-write/part[at=64,framing=ch]"},
    {"mid-write", "after 1024 bytes", "POST", "502", 1, 0,
     .id = "mid-write/part[at=1024,framing=cl]"},
    {"mid-write", "after 1024 bytes", "POST", "504", 2, 0,
     .id = "mid-write/part[at=1024,framing=ch]"},
    {"post-write", "end=fin", "GET", "502", 1, 1, .id = "post-write/once[method=GET,end=fin]"},
    {"post-write", "end=fin", "PUT", "502", 1, 1, .id = "post-write/once[method=PUT,end=fin]"},
    {"post-write", "end=rst", "GET", "502", 1, 1, .id = "post-write/once[method=GET,end=rst]"},
    {"post-write", "end=rst", "PUT", "502", 1, 1, .id = "post-write/once[method=PUT,end=rst]"},
    {"post-write", "end=fin", "POST", "200", 2, 2, VERDICT_FAIL, LEVEL_MUST,
     "post-write/once[method=POST,end=fin]",
     "a POST whose bytes reached the upstream is never sent again", "RFC 9110 9.2.2",
     LIST("POST /pay reached upstreams 2 times, expected 1: attempt 2 at +3.1 ms on b, 11 of 11 "
          "body bytes",
          "the client got 200 from b, expected a gateway error"),
     STORY(
         "+0.0 ms  client   POST /pay HTTP/1.1, 11 body bytes",
         "+0.4 ms  a 1.1    read the request whole",
         "+0.5 ms  a 1.1    closed (FIN) without a byte of a response, which is where every proxy "
         "has to decide",
         "+3.1 ms  b 1.1    read the request whole", "+3.3 ms  client   200, complete"),
     "sim"},
    {"post-write", "end=fin", "POST", "502", 1, 1, .id = "post-write/once[method=POST,end=fin]",
     .world = "sockets"},
    {"post-write", "end=rst", "POST", "502", 1, 1, .id = "post-write/once[method=POST,end=rst]"},
    {"mid-head", "half a head, then FIN", "GET", "502", 1, 1, VERDICT_FAIL, LEVEL_SHOULD,
     "mid-head/half[method=GET]", "a response cut in its head is a bad gateway",
     "RFC 9112 8, and the matrix of this project",
     LIST("Proxy-Status is missing, expected error=http_response_incomplete")},
    {"mid-head", "half a head, then FIN", "POST", NULL, 0, 0, VERDICT_SETUP_FAILED, LEVEL_MUST,
     "mid-head/half[method=POST]", "a response cut in its head is a bad gateway", NULL,
     LIST("port 127.0.0.1:8080 is in use")},
    {"mid-copy", "half a body", "GET", "200 cut", 1, 1, .id = "mid-copy/half[method=GET]"},
    {"mid-copy", "half a body", "HEAD", "200", 1, 1, .id = "mid-copy/half[method=HEAD]"},
    {"mid-copy", "a name that is so long that no terminal of this world has room for all of it",
     "GET", "reset", 1, 1, .id = "mid-copy/long[method=GET]"},
    {"mid-copy", "<b>&\"quoted\"</b> ]]> \x1b[31m \xff t\xc3\xa4glich \xe6\x97\xa5\xe6\x9c\xac",
     "GET", NULL, 0, 0, VERDICT_ERROR, LEVEL_MUST, "mid-copy/hostile[method=GET]",
     "hostile: <b>&\"quoted\"</b> ]]> %0A \\ \x01 \x7f \xc2\x9b \xed\xa0\x80 \xe2\x80\xae", NULL,
     LIST("never ended: waits for\nline 2\tand \xf0\x9f\x92\xa5"),
     STORY("+0.0 ms  raw \x1b]0;title\x07")},
    {"mid-copy", "half a body", "PURGE", "200 cut", 1, 1, VERDICT_FAIL, LEVEL_INFO,
     "mid-copy/half[method=PURGE]", "an unknown method is told of a cut response too", NULL,
     LIST("the client saw a clean end")},
    {"tunnel", "rst", "CONNECT", NULL, 0, 0, VERDICT_SKIPPED, LEVEL_MUST,
     "tunnel/rst[method=CONNECT]", "bytes of a tunnel are never sent again", NULL,
     LIST("left out after a failure (--fail-fast)")},
};

enum { CASES_MAX = 2 * COUNT_OF(EXAMPLES) };

struct example_run {
    struct run_result run;
    struct case_result cases[CASES_MAX];
};

static const char RECORDING[] =
    "{\"connections\":[],\"events\":[{\"at_ns\":0,\"text\":\"t\xc3\xa4glich\",\"way\":\"up\","
    "\"what\":\"note\"}],"
    "\"events_lost\":0,\"exchanges\":[],\"expectations\":[],\"from_proxy\":true,\"lanes\":[],"
    "\"virtual_time\":true}";

static const struct run_file FILES[] = {
    {"scenarios/example.yaml", "name: what can be retried is\nstage: dial # </script> \"&\n"}};

static const struct run_fact FACTS[] = {
    {"retryproof", "0.1.0"},
    {"kernel", "Linux 6.1.0 x86_64"},
    {"configuration", "listen 1;\nupstream | <b>"},
};

static struct case_result case_of(const struct example *example, const char *world)
{
    const size_t place = (size_t)(example - EXAMPLES);
    return (struct case_result){
        .place = place,
        .recording = place == 0 ? RECORDING : NULL,
        .id = example->id,
        .name = example->name != NULL ? example->name : "what can be retried is, and nothing else",
        .file = "scenarios/example.yaml",
        .line = 1,
        .stage = example->stage,
        .fault = example->fault,
        .method = example->method,
        .world = world,
        .subject = "builtin",
        .source = example->source,
        .level = example->level,
        .verdict = example->verdict,
        .sentences = example->sentences,
        .sentence_count = example->sentence_count,
        .finding_line = example->verdict == VERDICT_FAIL ? (unsigned)place : 0,
        .client = example->client,
        .attempts = example->attempts,
        .delivered = example->delivered,
        .duration_ns = example->client != NULL ? 3300000 : 0,
        .seed = 7,
        .trace_hash = strcmp(world, "sim") == 0 ? UINT64_MAX : 0,
        .reproduce = "retryproof run --world sim --seed 7 scenarios --filter 'id = \"x\"'",
        .story = example->story,
        .story_count = example->story_count,
    };
}

static void example_init(struct example_run *example)
{
    static const char *const WORLDS[] = {"sim", "sockets"};
    example->run = (struct run_result){
        .cases = example->cases,
        .version = "0.1.0",
        .command = "retryproof run --world both scenarios",
        .worlds = "sim, sockets",
        .seed = 7,
        .elapsed_ns = 12340000,
        .started_unix = 1767225600,
        .repetitions = 3,
        .files = FILES,
        .file_count = COUNT_OF(FILES),
        .facts = FACTS,
        .fact_count = COUNT_OF(FACTS),
    };
    for (size_t world = 0; world < COUNT_OF(WORLDS); world++) {
        for (size_t i = 0; i < COUNT_OF(EXAMPLES); i++) {
            if (EXAMPLES[i].world == NULL || strcmp(EXAMPLES[i].world, WORLDS[world]) == 0)
                example->cases[example->run.case_count++] = case_of(&EXAMPLES[i], WORLDS[world]);
        }
    }
}

static const struct report_style PLAIN = {.width = 100};
static const struct report_style COLOURED = {.colour = true, .width = 100};
static const struct report_style NARROW = {.width = 60};

typedef void renderer(const struct run_result *run, FILE *out);

static void terminal_plain(const struct run_result *run, FILE *out)
{
    report_terminal(run, &PLAIN, out);
}

static void terminal_coloured(const struct run_result *run, FILE *out)
{
    report_terminal(run, &COLOURED, out);
}

static void terminal_narrow(const struct run_result *run, FILE *out)
{
    report_terminal(run, &NARROW, out);
}

static void matrix_plain(const struct run_result *run, FILE *out)
{
    report_matrix(run, &PLAIN, out);
}

static void matrix_coloured(const struct run_result *run, FILE *out)
{
    report_matrix(run, &COLOURED, out);
}

static void matrix_narrow(const struct run_result *run, FILE *out)
{
    report_matrix(run, &NARROW, out);
}

static void terminal_with_slowest(const struct run_result *run, FILE *out)
{
    static const struct report_style style = {.width = 100, .slowest = 3};
    report_terminal(run, &style, out);
}

static void all_events(const struct run_result *run, FILE *out)
{
    const struct events_plan plan = {run, run->case_count};
    events_begin(&plan, out);
    for (size_t i = 0; i < run->case_count; i++)
        events_case(&run->cases[i], out);
    events_end(run, out);
}

struct golden {
    const char *sentence;
    const char *file;
    renderer *render;
};

static const struct golden GOLDENS[] = {
    {"failures and summary at 100 columns", "terminal.txt", terminal_plain},
    {"failures and summary in colour", "terminal-colour.txt", terminal_coloured},
    {"failures and summary at 60 columns", "terminal-60.txt", terminal_narrow},
    {"the matrix at 100 columns", "matrix.txt", matrix_plain},
    {"the matrix in colour", "matrix-colour.txt", matrix_coloured},
    {"the matrix at 60 columns", "matrix-60.txt", matrix_narrow},
    {"the result as JSON", "result.json", report_json},
    {"the result as JUnit XML", "junit.xml", report_junit},
    {"annotations for GitHub", "github.txt", report_github},
    {"the result for the Test Anything Protocol", "result.tap", report_tap},
    {"the result as Markdown", "run.md", report_markdown},
    {"the events of a run, a line each", "events.jsonl", all_events},
    {"the three slowest cases behind the failures", "terminal-slowest.txt", terminal_with_slowest},
};

static char *rendered(const struct run_result *run, renderer *render)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    render(run, out);
    assert_false(ferror(out));
    fclose(out);
    assert_int_equal(strlen(text), size);
    return text;
}

static void is_as_golden(void **state)
{
    const struct golden *golden = *state;
    struct example_run example = {.run.case_count = 0};
    example_init(&example);
    char *text = rendered(&example.run, golden->render);
    char path[128];
    snprintf(path, sizeof(path), GOLDEN_FOLDER "%s", golden->file);
    golden_compare(path, text);
    free(text);
}

enum { SHELL_NOT_FOUND = 127 };

static void junit_is_valid(void **state)
{
    (void)state;
    const int status =
        system("xmllint --noout --nonet --schema reports/junit.xsd " GOLDEN_FOLDER "junit.xml");
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SHELL_NOT_FOUND)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void json_is_as_documented(void **state)
{
    (void)state;
    char error[JSON_ERROR_BYTES];
    struct json *schema = json_load("docs/result.schema.json", error);
    struct json *result = json_load(GOLDEN_FOLDER "result.json", error);
    assert_non_null(schema);
    assert_non_null(result);
    schema_check(result, schema);
    json_destroy(&result);
    json_destroy(&schema);
}

/* ---- annotations on GitHub ---------------------------------------------------------------------- */

enum { ANNOTATED_MAX = 12 };

/* Cases of which each fails at a line of its own, or all at one. */
static char *annotated(size_t count, bool at_one_line, enum level level)
{
    struct case_result cases[ANNOTATED_MAX + 1];
    for (size_t i = 0; i < count; i++) {
        cases[i] = case_of(&EXAMPLES[0], "sim");
        cases[i].verdict = VERDICT_FAIL;
        cases[i].level = level;
        cases[i].finding_line = at_one_line ? 5 : (unsigned)i + 1;
    }
    cases[count] = case_of(&EXAMPLES[0], "sim"); /* one that holds */
    const struct run_result run = {
        .cases = cases, .case_count = count + 1, .command = "retryproof run"};
    return rendered(&run, report_github);
}

static size_t count_in(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void what_github_does_not_show_is_told_in_a_notice(void **state)
{
    static const struct {
        const char *command;
        const char *told;
        enum level level;
    } ROWS[] = {
        {"::error ",
         "::notice title=retryproof%3A 2 more errors::GitHub shows the first 10 errors of a "
         "step. The other 2, about 2 cases, are in the log",
         LEVEL_MUST},
        {"::warning ", "::notice title=retryproof%3A 2 more warnings::", LEVEL_SHOULD}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char *all = annotated(FORMATS_ANNOTATIONS_SHOWN, false, ROWS[i].level);
        char *more = annotated(ANNOTATED_MAX, false, ROWS[i].level);
        assert_int_equal(count_in(all, ROWS[i].command), FORMATS_ANNOTATIONS_SHOWN);
        assert_null(strstr(all, "::notice"));
        assert_int_equal(count_in(more, ROWS[i].command), ANNOTATED_MAX);
        assert_int_equal(count_in(more, "::notice"), 1);
        assert_non_null(strstr(more, ROWS[i].told));
        free(all);
        free(more);
    }
}

static void cases_that_fail_at_one_line_are_one_annotation(void **state)
{
    enum { NAMED = 5 };
    (void)state;
    for (size_t count = 2; count <= ANNOTATED_MAX; count++) {
        char title[64];
        char rest[64];
        char *text = annotated(count, true, LEVEL_MUST);
        snprintf(title, sizeof(title), "%%3A %zu of %zu cases fail::", count, count + 1);
        snprintf(rest, sizeof(rest), "%%0A- and %zu more%%0A", count - NAMED);
        assert_int_equal(count_in(text, "::error "), 1);
        assert_int_equal(count_in(text, "line=5,"), 1);
        assert_non_null(strstr(text, title));
        assert_int_equal(count_in(text, " on sim%0A"), count < NAMED ? count : NAMED);
        assert_int_equal(strstr(text, rest) != NULL, count > NAMED);
        assert_int_equal(count_in(text, "%0Areproduce: "), 1);
        free(text);
    }
}

/* ---- shards --------------------------------------------------------------------------------------- */

static void every_report_says_that_it_is_of_a_shard(void **state)
{
    static const uint64_t NUMBER = 2;
    static const struct {
        renderer *render;
        const char *told;
    } ROWS[] = {
        {terminal_plain, ", seed 7, shard 2 of 3 alone: 53 of 160 cases\n"},
        {matrix_plain, ", seed 7, shard 2 of 3 alone: 53 of 160 cases\n\n"},
        {report_markdown, ", seed 7, shard 2 of 3 alone: 53 of 160 cases\n"},
        {report_tap, "\n1..53\n# shard 2 of 3 alone: 53 of 160 cases\nok 1 "},
        {report_junit, "<property name=\"shards\" value=\"shard 2 of 3 alone: 53 of 160 cases\"/>"},
        {report_json, "\"shards\": {\"cases\": 160, \"numbers\": [2], \"of\": 3, \"words\": "
                      "\"shard 2 of 3 alone: 53 of 160 cases\"}"},
    };
    (void)state;
    struct example_run example = {.run.case_count = 0};
    example_init(&example);
    example.run.shards = (struct run_shards){.of = 3, .numbers = &NUMBER, .count = 1, .cases = 160};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char *text = rendered(&example.run, ROWS[i].render);
        if (strstr(text, ROWS[i].told) == NULL)
            fail_msg("nowhere: %s", ROWS[i].told);
        free(text);
    }
}

/* Twenty failures are told whole; those after them have a line each, so that none is hidden. */
static void many_failures_are_told_in_short(void **state)
{
    enum { WHOLE = 20, FAILURES_MAX = WHOLE + 2 };
    (void)state;
    for (size_t failures = WHOLE - 1; failures <= FAILURES_MAX; failures++) {
        struct case_result cases[FAILURES_MAX];
        for (size_t i = 0; i < failures; i++) {
            cases[i] = case_of(&EXAMPLES[0], "sim");
            cases[i].verdict = VERDICT_FAIL;
        }
        const struct run_result run = {
            .cases = cases, .case_count = failures, .command = "retryproof run"};
        char *text = rendered(&run, terminal_plain);
        size_t told = 0;
        size_t whole = 0;
        for (const char *at = text; (at = strstr(at, "FAIL  ")) != NULL; at++)
            told++;
        for (const char *at = text; (at = strstr(at, "reproduce  ")) != NULL; at++)
            whole++;
        assert_int_equal(told, failures);
        assert_int_equal(whole, failures < WHOLE ? failures : WHOLE);
        free(text);
    }
}

enum { MANY_CASES = 5000, RENDERING_S_MAX = 5 };

/* A hundred times what is meant to be taken, on any machine: only work that grows by the square fails. */
static void many_cases_are_rendered_in_linear_time(void **state)
{
    static char ids[MANY_CASES][48];
    static char faults[MANY_CASES][32];
    (void)state;
    struct case_result *cases = calloc(MANY_CASES, sizeof(*cases));
    assert_non_null(cases);
    struct example_run example = {.run.case_count = 0};
    example_init(&example);
    for (size_t i = 0; i < MANY_CASES; i++) {
        cases[i] = example.cases[i % example.run.case_count];
        snprintf(ids[i], sizeof(ids[i]), "post-write/many[at=%zu]", i);
        snprintf(faults[i], sizeof(faults[i]), "after %zu bytes", i / 4);
        cases[i].id = ids[i];
        cases[i].fault = faults[i];
    }
    example.run.cases = cases;
    example.run.case_count = MANY_CASES;
    for (size_t i = 0; i < COUNT_OF(GOLDENS); i++) {
        const clock_t begin = clock();
        free(rendered(&example.run, GOLDENS[i].render));
        const double elapsed_s = (double)(clock() - begin) / CLOCKS_PER_SEC;
        print_message("%-36s %6.1f ms for %d cases\n", GOLDENS[i].sentence, elapsed_s * 1e3,
                      MANY_CASES);
        assert_true(elapsed_s < RENDERING_S_MAX);
    }
    free(cases);
}

int main(void)
{
    enum { OTHERS = 7 };
    struct CMUnitTest tests[OTHERS + COUNT_OF(GOLDENS)] = {
        cmocka_unit_test(junit_is_valid),
        cmocka_unit_test(json_is_as_documented),
        cmocka_unit_test(many_failures_are_told_in_short),
        cmocka_unit_test(every_report_says_that_it_is_of_a_shard),
        cmocka_unit_test(what_github_does_not_show_is_told_in_a_notice),
        cmocka_unit_test(cases_that_fail_at_one_line_are_one_annotation),
        cmocka_unit_test(many_cases_are_rendered_in_linear_time),
    };
    for (size_t i = 0; i < COUNT_OF(GOLDENS); i++)
        tests[OTHERS + i] = (struct CMUnitTest){.name = GOLDENS[i].sentence,
                                                .test_func = is_as_golden,
                                                .initial_state = (void *)(uintptr_t)&GOLDENS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
