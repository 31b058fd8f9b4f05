/*
 * Comparisons of one example byte for byte against reports/subjects/golden (RETRYPROOF_UPDATE_GOLDEN=1 writes them anew), and
 * what must hold of any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/golden_rig.h"
#include "reports/subjects/comparison.h"
#include "reports/subjects/comparison_rig.h"
#include "reports/text.h"

#define GOLDEN_FOLDER "reports/subjects/golden/"

typedef void renderer(const struct comparison_rig *rig, const struct report_style *style,
                      FILE *out);

static void terminal(const struct comparison_rig *rig, const struct report_style *style, FILE *out)
{
    comparison_terminal(&rig->input, style, out);
}

static void markdown(const struct comparison_rig *rig, const struct report_style *style, FILE *out)
{
    (void)style;
    comparison_markdown(&rig->input, out);
}

static void harms(const struct comparison_rig *rig, const struct report_style *style, FILE *out)
{
    comparison_harms(&rig->input, style, out);
}

static void explain(const struct comparison_rig *rig, const struct report_style *style, FILE *out)
{
    assert_true(comparison_explain(&rig->input, "reused", style, out));
}

static void changes(const struct comparison_rig *rig, const struct report_style *style, FILE *out)
{
    assert_false(comparison_changes(rig->list[0], rig->list[1], style, out));
    fputc('\n', out);
    assert_false(comparison_changes(rig->list[2], rig->list[5], style, out));
}

struct golden {
    const char *sentence;
    const char *file;
    renderer *render;
    struct report_style style;
};

static const struct golden GOLDENS[] = {
    {"the comparison at 80 columns", "comparison-80.txt", terminal, {.width = 80}},
    {"the comparison at 120 columns", "comparison-120.txt", terminal, {.width = 120}},
    {"the comparison at 200 columns", "comparison-200.txt", terminal, {.width = 200}},
    {"the comparison in colour", "comparison-colour.txt", terminal, {.colour = true, .width = 120}},
    {"the comparison as Markdown", "comparison.md", markdown, {.width = 0}},
    {"the harms", "harms.txt", harms, {.width = 100}},
    {"why a cell is as it is", "explain.txt", explain, {.width = 100}},
    {"what changed", "changes.txt", changes, {.width = 100}},
};

static char *rendered(const struct comparison_rig *rig, renderer *render,
                      const struct report_style *style)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    render(rig, style, out);
    assert_false(ferror(out));
    fclose(out);
    assert_int_equal(strlen(text), size);
    return text;
}

static void is_as_golden(void **state)
{
    const struct golden *golden = *state;
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    char *text = rendered(&rig, golden->render, &golden->style);
    char path[128];
    snprintf(path, sizeof(path), GOLDEN_FOLDER "%s", golden->file);
    golden_compare(path, text);
    free(text);
}

/* Nothing that a peer sent reaches a terminal as it was. */
static void no_control_character_is_shown(void **state)
{
    (void)state;
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    for (size_t i = 0; i < COUNT_OF(GOLDENS); i++) {
        if (GOLDENS[i].style.colour)
            continue;
        char *text = rendered(&rig, GOLDENS[i].render, &GOLDENS[i].style);
        for (const char *c = text; *c != '\0'; c++)
            assert_true((unsigned char)*c >= 0x20 || *c == '\n');
        free(text);
    }
}

enum { MANY_COLUMNS = 24, LINE_BYTES = 1024 };

/* Eight subjects with three profiles each. */
static void many_columns(struct comparison_rig *rig, struct observed_run runs[MANY_COLUMNS],
                         const struct observed_run *list[MANY_COLUMNS])
{
    static const char *const SUBJECTS[] = {"nginx", "haproxy",       "httpd",   "caddy",
                                           "squid", "trafficserver", "varnish", "lighttpd"};
    static const char *const PROFILES[] = {"default", "most-retrying", "at-most-once"};
    comparison_rig_init(rig);
    for (size_t i = 0; i < MANY_COLUMNS; i++) {
        runs[i] = rig->runs[i % RIG_COLUMNS];
        runs[i].subject = SUBJECTS[i / COUNT_OF(PROFILES)];
        runs[i].profile = PROFILES[i % COUNT_OF(PROFILES)];
        list[i] = &runs[i];
    }
    rig->input = (struct comparison_input){list, MANY_COLUMNS};
}

/* False at the first line up to end that is wider than the style, or ends in a space. */
static bool lines_fit(const char *text, const char *end, const struct report_style *style)
{
    for (const char *line = text; line < end && *line != '\0'; line = strchr(line, '\n') + 1) {
        char copy[LINE_BYTES];
        const size_t size = strcspn(line, "\n");
        assert_true(size < sizeof(copy));
        snprintf(copy, sizeof(copy), "%.*s", (int)size, line);
        if (text_columns(copy) > report_width(style) || (size > 0 && copy[size - 1] == ' ')) {
            print_error("does not fit into %u columns: %s\n", report_width(style), copy);
            return false;
        }
    }
    return true;
}

static void tables_keep_to_their_width(void **state)
{
    (void)state;
    static const unsigned WIDTHS[] = {0, 60, 80, 120, 200, 400};
    struct comparison_rig rig;
    struct observed_run runs[MANY_COLUMNS];
    const struct observed_run *list[MANY_COLUMNS];
    many_columns(&rig, runs, list);
    for (size_t i = 0; i < COUNT_OF(WIDTHS); i++) {
        const struct report_style style = {.width = WIDTHS[i]};
        char *text = rendered(&rig, terminal, &style);
        assert_true(lines_fit(text, text + strlen(text), &style));
        free(text);
    }
    /* Tables cut a name that has no room; below them it is told whole. */
    runs[0].profile = "aprofilewhosenamehasnohyphenandisverylong-and-another-one-and-a-third-one";
    runs[3].subject = "/home/somebody/subjects/a/very/long/path/to/a/folder/of/a/subject";
    for (size_t i = 0; i < COUNT_OF(WIDTHS); i++) {
        const struct report_style style = {.width = WIDTHS[i]};
        char *text = rendered(&rig, terminal, &style);
        assert_true(lines_fit(text, strstr(text, "\nRacy cases"), &style));
        assert_non_null(strstr(text, runs[0].profile));
        free(text);
    }
}

static void columns_of_one_subject_stay_together(void **state)
{
    (void)state;
    struct comparison_rig rig;
    struct observed_run runs[MANY_COLUMNS];
    const struct observed_run *list[MANY_COLUMNS];
    many_columns(&rig, runs, list);
    const struct report_style style = {.width = 80};
    char *text = rendered(&rig, terminal, &style);
    /* In the table of stage dial every band begins with a subject and holds its three profiles. */
    char *stage = strstr(text, "\ndial: ");
    char *end = strstr(text, "\nhandshake: ");
    size_t bands = 0;
    *end = '\0';
    for (char *at = stage; (at = strstr(at + 1, "\n  fault ")) != NULL;)
        bands++;
    assert_int_equal(bands, 8);
    for (size_t i = 0; i < MANY_COLUMNS; i += 3) {
        char name[32];
        snprintf(name, sizeof(name), "  %s", runs[i].subject);
        char *first = strstr(stage, name);
        assert_non_null(first);
        assert_null(strstr(first + 1, name));
    }
    free(text);
}

static char *rendered_runs(const struct observed_run *const *runs, size_t count, renderer *render)
{
    static const struct report_style STYLE = {.width = 80};
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    rig.input = (struct comparison_input){runs, count};
    return rendered(&rig, render, &STYLE);
}

static void nothing_to_compare_is_no_mistake(void **state)
{
    (void)state;
    static renderer *const RENDERERS[] = {terminal, markdown, harms};
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    rig.runs[0].case_count = 0;
    rig.runs[0].buffering_count = 0;
    for (size_t i = 0; i < COUNT_OF(RENDERERS); i++) {
        for (size_t count = 0; count <= 1; count++)
            free(rendered_runs(rig.list, count, RENDERERS[i]));
    }
    char *text = rendered_runs(rig.list, 1, harms);
    assert_string_equal(text, "No harm was done in any case.\n");
    free(text);
    const struct report_style style = {.width = 80};
    const struct comparison_input input = {rig.list, 1};
    assert_false(comparison_explain(&input, "", &style, stdout));
}

/* ---- what is explained ---- */

struct question {
    const char *sentence;
    const char *text;
    size_t cases; /* that it finds */
};

static const struct question QUESTIONS[] = {
    {"a whole id", "post-write/reused[method=POST]", 1},
    {"a part of an id", "framing=", 2},
    {"a row", "post-write / fin / POST", 1},
    {"a part of a row", "post-write / fin", 6},
    {"a case that one column alone has", "tunnel", 1},
    {"what there is not", "post-write / gone", 0},
};

static void finds_its_cases(void **state)
{
    const struct question *row = *state;
    const struct report_style style = {.width = 100};
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(comparison_explain(&rig.input, row->text, &style, out), row->cases > 0);
    fclose(out);
    size_t cases = 0;
    for (const char *at = text; (at = strstr(at, "\n  row ")) != NULL; at++)
        cases++;
    assert_int_equal(cases, row->cases);
    free(text);
}

/* ---- what is told of two runs ---- */

/* The golden column 0 against itself with one thing changed. */
struct change {
    const char *sentence;
    void (*make)(struct comparison_rig *rig, struct observation *way);
    const char *expected; /* all that is told */
};

/* Case 0 of every run that these change. */
#define CASE "dial / refused / GET: "
#define ID   "\n  dial/refused[method=GET]\n"

static void nothing(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    (void)way;
}

static void another_date(struct comparison_rig *rig, struct observation *way)
{
    (void)way;
    rig->runs[1].date = "2027-01-01";
    rig->runs[1].reproduce = "another command";
    rig->runs[1].retryproof_version = "0.2.0";
    rig->runs[1].repeat = 1;
}

static void another_version(struct comparison_rig *rig, struct observation *way)
{
    (void)way;
    rig->runs[1].version = "1.24.0";
}

static void another_line(struct comparison_rig *rig, struct observation *way)
{
    static const char *const LINES[] = {"proxy_next_upstream error timeout;",
                                        "proxy_next_upstream_tries 2;", "\tserver 127.0.0.1:9001;"};
    (void)way;
    rig->runs[1].configuration = LINES;
}

static void one_case_less(struct comparison_rig *rig, struct observation *way)
{
    (void)way;
    rig->runs[1].cases++;
    rig->runs[1].case_count--;
}

static void one_case_more(struct comparison_rig *rig, struct observation *way)
{
    (void)way;
    rig->runs[0].cases++;
    rig->runs[0].case_count--;
}

static void another_answer(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->client = "502";
    way->upstreams[1].delivered = 0;
    way->body = OBSERVED_BODY_PART;
}

static void another_body(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->body = OBSERVED_BODY_CHANGED;
}

static void a_harm(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->harms = HARM_BIT(HARM_LEFT_OPEN);
}

static void other_bytes(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->upstreams[1].bytes = 5;
}

static void a_finding(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->verdict = VERDICT_FAIL;
    way->level = LEVEL_SHOULD;
}

static void two_seconds(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->seconds = 2;
}

static void three_seconds(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->seconds = 3;
}

static void an_attempt_after_the_client(struct comparison_rig *rig, struct observation *way)
{
    (void)rig;
    way->after_cancel = 1;
}

static void another_sentence(struct comparison_rig *rig, struct observation *way)
{
    static const char *const SENTENCES[] = {"at +3.1 ms"};
    (void)rig;
    way->sentences = SENTENCES;
    way->sentence_count = 1;
}

static void not_played(struct comparison_rig *rig, struct observation *way)
{
    static const char *const SENTENCES[] = {"the fault was not met"};
    (void)rig;
    *way = (struct observation){.verdict = VERDICT_SETUP_FAILED,
                                .level = LEVEL_INFO,
                                .times = way->times,
                                .sentences = SENTENCES,
                                .sentence_count = 1};
}

static void more_in_memory(struct comparison_rig *rig, struct observation *way)
{
    static struct observed_buffering rows[COUNT_OF(RIG_BUFFERING)];
    (void)way;
    memcpy(rows, RIG_BUFFERING, sizeof(rows));
    rows[0].memory_growth *= 2;
    rows[1].kernel += 1; /* of the kernel's, and rounded away */
    rig->runs[1].buffering = rows;
}

static const struct change CHANGES[] = {
    {"nothing", nothing, ""},
    {"the date, and how to do it again, are no change", another_date, ""},
    {"another version", another_version, "version: was 1.22.1, is 1.24.0\n"},
    {"a line of the configuration", another_line,
     "the configuration:\n  - proxy_next_upstream_tries 0;\n  + proxy_next_upstream_tries 2;\n"},
    {"a case that is gone", one_case_less, CASE "is gone, was 200 1/1" ID},
    {"a case that is new", one_case_more, CASE "is new: 200 1/1" ID},
    {"another answer", another_answer, CASE "was 200 1/1, body same, is 502 1/0, body part" ID},
    {"another body", another_body, CASE "was 200 1/1, body same, is 200 1/1, body changed" ID},
    {"a harm", a_harm,
     "harm upstream still open long after: was 0 cases, is 1\n" CASE
     "was 200 1/1, is 200 1/1 (upstream still open long after)" ID},
    {"bytes at an upstream", other_bytes,
     CASE "was 200 1/1, a 0/0 with 0 bytes, b 1/1 with 11 bytes, is 200 1/1, a 0/0 with 0 bytes, "
          "b 1/1 with 5 bytes" ID},
    {"a finding", a_finding, CASE "was 200 1/1, pass, is 200 1/1, fail (should)" ID},
    {"two seconds more are the machine's and a clock's", two_seconds, ""},
    {"three seconds more are the proxy's", three_seconds,
     CASE "was 200 1/1 in 0 s, is 200 1/1 in 3 s" ID},
    {"an attempt after the client had gone", an_attempt_after_the_client,
     CASE "was 200 1/1, 0 begun after the client had gone, is 200 1/1, 1 begun after the client "
          "had gone" ID},
    {"what sentences say besides is no change", another_sentence, ""},
    {"a case that was not played", not_played,
     CASE "was 200 1/1, is setup-failed (the fault was not met)" ID},
    {"what is buffered", more_in_memory,
     "buffering, download, 1 at a time (of each / memory / files): was 64 KiB / 256 KiB / 0, is "
     "64 KiB / 512 KiB / 0\n"},
};

static void changes_are_told(void **state)
{
    const struct change *change = *state;
    const struct report_style style = {.width = 400};
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    rig.runs[1] = rig.runs[0];
    memcpy(rig.cases[1], rig.cases[0], sizeof(rig.cases[0]));
    rig.runs[1].cases = rig.cases[1];
    struct observation way = *rig.cases[0][0].ways;
    rig.cases[1][0].ways = &way;
    change->make(&rig, &way);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const bool alike = comparison_changes(&rig.runs[0], &rig.runs[1], &style, out);
    fclose(out);
    char *agreement = strstr(text, "agreement: ");
    assert_non_null(agreement);
    *agreement = '\0';
    assert_string_equal(text, change->expected);
    assert_int_equal(alike, text[0] == '\0');
    free(text);
}

/* Two runs of the same cases, each as often as a run of it went each way, and what is said of both. */
static void agreement_is_counted(void **state)
{
    const struct observation ways[] = {{.client = "200", .times = 1},
                                       {.client = "502", .times = 1}};
    const struct observation cannot = {.verdict = VERDICT_UNSUPPORTED, .times = 1};
    /* Same, racy in both, racy in the second alone, another way in each, a part of another size, asked by nobody. */
    const struct observation parts[] = {{.client = "502",
                                         .upstreams = {{.name = "a", .attempts = 1, .bytes = 100}},
                                         .upstream_count = 1,
                                         .body = OBSERVED_BODY_PART,
                                         .times = 1},
                                        {.client = "502",
                                         .upstreams = {{.name = "a", .attempts = 1, .bytes = 200}},
                                         .upstream_count = 1,
                                         .body = OBSERVED_BODY_PART,
                                         .times = 1}};
    const struct observed_case before[] = {{.id = "a", .ways = &ways[0], .way_count = 1},
                                           {.id = "b", .ways = ways, .way_count = 2},
                                           {.id = "c", .ways = &ways[0], .way_count = 1},
                                           {.id = "d", .ways = &ways[0], .way_count = 1},
                                           {.id = "e", .ways = &parts[0], .way_count = 1},
                                           {.id = "f", .ways = &cannot, .way_count = 1}};
    const struct observed_case after[] = {{.id = "a", .ways = &ways[0], .way_count = 1},
                                          {.id = "b", .ways = ways, .way_count = 2},
                                          {.id = "c", .ways = ways, .way_count = 2},
                                          {.id = "d", .ways = &ways[1], .way_count = 1},
                                          {.id = "e", .ways = &parts[1], .way_count = 1},
                                          {.id = "f", .ways = &cannot, .way_count = 1}};
    const struct report_style style = {.width = 400};
    struct observed_case told[2][COUNT_OF(before)];
    struct comparison_rig rig;
    char *text = NULL;
    size_t size = 0;
    (void)state;
    comparison_rig_init(&rig);
    rig.runs[1] = rig.runs[0];
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        told[0][i] = before[i];
        told[1][i] = after[i];
        for (size_t run = 0; run < 2; run++) {
            told[run][i].stage = told[run][i].fault = told[run][i].method = "";
            told[run][i].played = 2;
        }
    }
    for (size_t run = 0; run < 2; run++) {
        rig.runs[run].cases = told[run];
        rig.runs[run].case_count = COUNT_OF(before);
    }
    FILE *out = open_memstream(&text, &size);
    assert_false(comparison_changes(&rig.runs[0], &rig.runs[1], &style, out));
    fclose(out);
    assert_non_null(
        strstr(text, "\nagreement: 2 of 5 cases go one and the same way in both (40.0 %); racy "
                     "in both: 1, in one: 1; another way and racy in neither: 1\n"));
    free(text);
}

#define RACY_IN_BOTH                                                                             \
    "agreement: 0 of 1 cases go one and the same way in both (0.0 %); racy in both: 1, in one: " \
    "0; another way and racy in neither: 0\n"

/* That a racy case went as often as before is chance; that it went another way is not. */
static void shares_of_a_racy_case_are_no_change(void **state)
{
    (void)state;
    const struct report_style style = {.width = 400};
    const struct observation ways[] = {{.client = "200", .times = 97},
                                       {.client = "502", .times = 3},
                                       {.client = "504", .times = 1}};
    const struct observation swapped[] = {{.client = "502", .times = 60},
                                          {.client = "200", .times = 40}};
    struct observed_case before = {.id = "a", .stage = "s", .fault = "f", .method = "GET"};
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    struct observed_case after = before;
    before.ways = ways;
    before.way_count = 2;
    before.played = 100;
    after.ways = swapped;
    after.way_count = 2;
    after.played = 100;
    rig.runs[1] = rig.runs[0];
    rig.runs[0].cases = &before;
    rig.runs[1].cases = &after;
    rig.runs[0].case_count = rig.runs[1].case_count = 1;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(comparison_changes(&rig.runs[0], &rig.runs[1], &style, out));
    after.ways = ways;
    after.way_count = 3;
    after.played = 101;
    assert_false(comparison_changes(&rig.runs[0], &rig.runs[1], &style, out));
    fclose(out);
    assert_string_equal(text, RACY_IN_BOTH
                        "s / f / GET: was 200 0/0 in 97 of 100, 502 0/0 in 3 of 100, is 200 0/0 in "
                        "97 of 101, 502 0/0 in 3 of 101, 504 0/0 in 1 of 101\n  a\n" RACY_IN_BOTH);
    free(text);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(no_control_character_is_shown),
        cmocka_unit_test(tables_keep_to_their_width),
        cmocka_unit_test(columns_of_one_subject_stay_together),
        cmocka_unit_test(nothing_to_compare_is_no_mistake),
        cmocka_unit_test(shares_of_a_racy_case_are_no_change),
        cmocka_unit_test(agreement_is_counted),
    };
    struct CMUnitTest
        tests[COUNT_OF(others) + COUNT_OF(GOLDENS) + COUNT_OF(QUESTIONS) + COUNT_OF(CHANGES)];
    struct CMUnitTest *next = tests + COUNT_OF(others);
    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(GOLDENS); i++)
        *next++ = (struct CMUnitTest){.name = GOLDENS[i].sentence,
                                      .test_func = is_as_golden,
                                      .initial_state = (void *)(uintptr_t)&GOLDENS[i]};
    for (size_t i = 0; i < COUNT_OF(QUESTIONS); i++)
        *next++ = (struct CMUnitTest){.name = QUESTIONS[i].sentence,
                                      .test_func = finds_its_cases,
                                      .initial_state = (void *)(uintptr_t)&QUESTIONS[i]};
    for (size_t i = 0; i < COUNT_OF(CHANGES); i++)
        *next++ = (struct CMUnitTest){.name = CHANGES[i].sentence,
                                      .test_func = changes_are_told,
                                      .initial_state = (void *)(uintptr_t)&CHANGES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
