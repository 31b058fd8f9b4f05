#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "reports/shards.h"
#include "reports/text.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    FAILURES_WHOLE_MAX = 20, /* more stories than that are not read; the others get a line each */
    FAILURE_INDENT = 6,
    LABEL_COLUMNS = 11, /* "reproduce" and two spaces */
    REASON_INDENT = 8,
};

static void tell_unsupported(const struct run_result *run, const struct report_style *style,
                             FILE *out);
static void tell_header(const struct case_result *result, bool colour, FILE *out);
static void tell_label(const char *label, FILE *out);

void report_terminal(const struct run_result *run, const struct report_style *style, FILE *out)
{
    tell_unsupported(run, style, out);
    size_t told = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        if (!case_has_findings(&run->cases[i]))
            continue;
        if (told++ < FAILURES_WHOLE_MAX)
            report_failure(&run->cases[i], style, out);
        else
            report_failure_line(&run->cases[i], style, out);
    }
    if (told > FAILURES_WHOLE_MAX)
        fputc('\n', out);
    if (style->slowest > 0)
        report_slowest(run, style->slowest, style, out);
    report_summary(run, out);
}

void report_failure(const struct case_result *result, const struct report_style *style, FILE *out)
{
    const size_t width = report_width(style);
    tell_header(result, style->colour, out);
    fputc('\n', out);
    text_put_spaces(FAILURE_INDENT, out);
    text_put_wrapped(result->name, FAILURE_INDENT, width, out);
    fputc('\n', out);
    for (size_t i = 0; i < result->sentence_count; i++) {
        text_put_spaces(FAILURE_INDENT, out);
        fputs("- ", out);
        text_put_wrapped(result->sentences[i], FAILURE_INDENT + 2, width, out);
        fputc('\n', out);
    }
    if (result->source != NULL) {
        tell_label("rule", out);
        text_put_wrapped(result->source, FAILURE_INDENT + LABEL_COLUMNS, width, out);
        fputc('\n', out);
    }
    tell_label("scenario", out);
    text_put(result->file, out);
    fprintf(out, ":%u\n", case_line(result));
    for (size_t i = 0; i < result->story_count; i++) {
        tell_label(i == 0 ? "story" : "", out);
        text_put_cut(result->story[i], width - FAILURE_INDENT - LABEL_COLUMNS, out);
        fputc('\n', out);
    }
    tell_label("seed", out);
    fprintf(out, "%llu\n", (unsigned long long)result->seed);
    if (result->reproduce != NULL) {
        /* Never cut or wrapped: it is there to be pasted. */
        tell_label("reproduce", out);
        text_put(result->reproduce, out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

static void tell_count(const char *separator, size_t count, const char *words, FILE *out)
{
    char text[TEXT_COUNT_BYTES];
    fprintf(out, "%s%s %s", separator, text_count(count, text), words);
}

static void tell_rate(double cases_per_s, FILE *out)
{
    char text[TEXT_COUNT_BYTES];
    if (cases_per_s < 10)
        fprintf(out, " (%.1f cases/s)", cases_per_s);
    else
        fprintf(out, " (%s cases/s)", text_count((unsigned long long)(cases_per_s + 0.5), text));
}

void report_summary(const struct run_result *run, FILE *out)
{
    static const enum verdict OTHERS[] = {VERDICT_SETUP_FAILED, VERDICT_ERROR, VERDICT_UNSUPPORTED,
                                          VERDICT_SKIPPED};
    const struct verdict_counts counts = run_count(run);
    const size_t advised = counts.by_verdict[VERDICT_FAIL] - counts.failed_must;

    tell_count(run->interrupted ? "interrupted after " : "", counts.total,
               counts.total == 1 ? "case: " : "cases: ", out);
    tell_count("", counts.by_verdict[VERDICT_PASS], "pass", out);
    if (counts.failed_must > 0)
        tell_count(", ", counts.failed_must, "fail", out);
    if (advised > 0)
        tell_count(", ", advised, "fail (should or info)", out);
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        if (counts.by_verdict[OTHERS[i]] > 0)
            tell_count(", ", counts.by_verdict[OTHERS[i]], verdict_word(OTHERS[i]), out);
    }
    const double elapsed_s = (double)run->elapsed_ns / 1e9;
    const uint64_t played = counts.total - counts.by_verdict[VERDICT_SKIPPED] + run->repetitions;
    if (run->repetitions > 0)
        tell_count(", ", played, "played", out);
    fprintf(out, " in %.2f s", elapsed_s);
    if (run->elapsed_ns > 0)
        tell_rate((double)played / elapsed_s, out);
    fprintf(out, ", seed %llu", (unsigned long long)run->seed);
    char shards[SHARDS_WORDS_BYTES];
    if (shards_words(run, shards))
        fprintf(out, ", %s", shards);
    fputc('\n', out);
}

/* "FAIL  id  on sim"; the id stands alone between spaces, so that it can be picked with a double click. */
static void tell_header(const struct case_result *result, bool colour, FILE *out)
{
    text_ink(case_fails_run(result) ? INK_RED : INK_YELLOW, colour, out);
    for (const char *word = verdict_word(result->verdict); *word != '\0'; word++)
        fputc(toupper((unsigned char)*word), out);
    if (!case_fails_run(result))
        fprintf(out, " (%s)", level_word(result->level));
    text_ink(INK_PLAIN, colour, out);
    fputs("  ", out);
    text_put(result->id, out);
    fputs("  on ", out);
    text_put(result->subject, out);
    fputs(", ", out);
    text_put(result->world, out);
}

void report_failure_line(const struct case_result *result, const struct report_style *style,
                         FILE *out)
{
    tell_header(result, style->colour, out);
    if (result->sentence_count > 0) {
        fputs(": ", out);
        text_put(result->sentences[0], out);
    }
    fputc('\n', out);
}

static void tell_label(const char *label, FILE *out)
{
    text_put_spaces(FAILURE_INDENT, out);
    text_put_cell(label, LABEL_COLUMNS, out);
}

static const char *reason_of(const struct case_result *result)
{
    return result->sentence_count > 0 ? result->sentences[0] : "no reason given";
}

static int compare_reasons(const void *a, const void *b)
{
    const struct case_result *left = *(const struct case_result *const *)a;
    const struct case_result *right = *(const struct case_result *const *)b;
    const int by_world = strcmp(left->world, right->world);
    return by_world != 0 ? by_world : strcmp(reason_of(left), reason_of(right));
}

static void tell_reason(size_t count, const struct case_result *result, size_t width, FILE *out)
{
    fprintf(out, "%*zu  ", FAILURE_INDENT, count);
    text_put(result->world, out);
    fputs(": ", out);
    text_put_wrapped(reason_of(result), REASON_INDENT, width, out);
    fputc('\n', out);
}

/* Unsupported cases by world and reason, with their number: the reasons are few, the cases many. */
static void tell_unsupported(const struct run_result *run, const struct report_style *style,
                             FILE *out)
{
    const size_t count = run_count(run).by_verdict[VERDICT_UNSUPPORTED];
    struct region region;
    region_init(&region, REPORT_BYTES_MAX);
    const struct case_result **cases = region_take(&region, count * sizeof(cases[0]) + 1);
    /* Without memory the reasons are left out; the summary has their number all the same. */
    if (count == 0 || cases == NULL) {
        region_release(&region);
        return;
    }
    size_t used = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        if (run->cases[i].verdict == VERDICT_UNSUPPORTED)
            cases[used++] = &run->cases[i];
    }
    check(used == count);
    qsort(cases, count, sizeof(cases[0]), compare_reasons);
    fputs("unsupported\n", out);
    for (size_t begin = 0, i = 1; i <= count; i++) {
        if (i < count && compare_reasons(&cases[begin], &cases[i]) == 0)
            continue;
        tell_reason(i - begin, cases[begin], report_width(style), out);
        begin = i;
    }
    fputc('\n', out);
    region_release(&region);
}
