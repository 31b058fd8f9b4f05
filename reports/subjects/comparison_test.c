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
    {"the comparison in colour", "comparison-colour.txt", terminal, {true, 120}},
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
        size_t lines = 0;
        for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
            char copy[LINE_BYTES];
            const size_t size = strcspn(line, "\n");
            assert_true(size < sizeof(copy));
            snprintf(copy, sizeof(copy), "%.*s", (int)size, line);
            if (text_columns(copy) > report_width(&style))
                print_error("wider than %u: %s\n", report_width(&style), copy);
            assert_true(text_columns(copy) <= report_width(&style));
            assert_true(size == 0 || copy[size - 1] != ' ');
            lines++;
        }
        print_message("%3u columns: %zu lines for %d runs\n", WIDTHS[i], lines, MANY_COLUMNS);
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

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(no_control_character_is_shown),
        cmocka_unit_test(tables_keep_to_their_width),
        cmocka_unit_test(columns_of_one_subject_stay_together),
        cmocka_unit_test(nothing_to_compare_is_no_mistake),
    };
    struct CMUnitTest tests[COUNT_OF(others) + COUNT_OF(GOLDENS) + COUNT_OF(QUESTIONS)];
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
    return cmocka_run_group_tests(tests, NULL, NULL);
}
