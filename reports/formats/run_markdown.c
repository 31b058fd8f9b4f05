#include "reports/formats/formats.h"

#include <ctype.h>
#include <string.h>

#include "reports/markdown.h"
#include "reports/matrix.h"
#include "reports/report.h"
#include "reports/text.h"

static void put_headline(const struct run_result *run, FILE *out);
static void put_failures(const struct run_result *run, FILE *out);
static void put_matrix(const struct run_result *run, FILE *out);
static void put_facts(const struct run_result *run, FILE *out);

void report_markdown(const struct run_result *run, FILE *out)
{
    put_headline(run, out);
    put_failures(run, out);
    put_matrix(run, out);
    put_facts(run, out);
}

/* ---- counts ----------------------------------------------------------------------------------- */

static void put_headline(const struct run_result *run, FILE *out)
{
    const struct verdict_counts counts = run_count(run);
    const size_t failed = counts.failed_must + counts.by_verdict[VERDICT_SETUP_FAILED] +
                          counts.by_verdict[VERDICT_ERROR];
    char text[TEXT_COUNT_BYTES];
    fputs("## retryproof: ", out);
    if (run->interrupted)
        fputs("interrupted, ", out);
    if (failed > 0)
        fprintf(out, "%s of ", text_count(failed, text));
    else
        fputs("no failure in ", out);
    fprintf(out, "%s %s%s\n\n", text_count(counts.total, text),
            counts.total == 1 ? "case" : "cases", failed > 0 ? " failed" : "");
    fputs("|", out);
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        fprintf(out, " %s |", verdict_word(verdict));
    fputs("\n|", out);
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        fputs("---:|", out);
    fputs("\n|", out);
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        fprintf(out, " %s |", text_count(counts.by_verdict[verdict], text));
    fputs("\n\n", out);
    report_summary(run, out);
}

/* ---- failures --------------------------------------------------------------------------------- */

/* Text inside of HTML, where Markdown is read, too. */
static void put_html(const char *text, FILE *out)
{
    struct text_glyph glyph;
    while (text_next(&text, &glyph)) {
        if (strchr("&<>\"'*_`[]\\~|#!", glyph.bytes[0]) != NULL)
            fprintf(out, "&#%d;", glyph.bytes[0]);
        else
            fwrite(glyph.bytes, 1, glyph.size, out);
    }
}

static void put_upper(const char *word, FILE *out)
{
    for (; *word != '\0'; word++)
        fputc(toupper((unsigned char)*word), out);
}

/* A block of code that no line of it can end: the lines are indented. */
static void put_code(const char *line, FILE *out)
{
    fputs("    ", out);
    text_put(line, out);
    fputc('\n', out);
}

static void put_title(const struct case_result *result, FILE *out)
{
    put_upper(verdict_word(result->verdict), out);
    if (!case_fails_run(result))
        fprintf(out, " (%s)", level_word(result->level));
}

static void put_failure(const struct case_result *result, FILE *out)
{
    fputs("<details><summary><b>", out);
    put_title(result, out);
    fputs("</b> ", out);
    put_html(result->id, out);
    fputs(" on ", out);
    put_html(result->subject, out);
    fputs(", ", out);
    put_html(result->world, out);
    fputs("</summary>\n\n", out);
    markdown_put(result->name, out);
    fputs("\n\n", out);
    for (size_t i = 0; i < result->sentence_count; i++) {
        fputs("- ", out);
        markdown_put(result->sentences[i], out);
        fputc('\n', out);
    }
    fputs("\nscenario: ", out);
    markdown_put(result->file, out);
    fprintf(out, ":%u", case_line(result));
    if (result->source != NULL) {
        fputs(" · rule: ", out);
        markdown_put(result->source, out);
    }
    fprintf(out, " · seed: %llu\n\n", (unsigned long long)result->seed);
    for (size_t i = 0; i < result->story_count; i++)
        put_code(result->story[i], out);
    if (result->reproduce != NULL) {
        fputs(result->story_count > 0 ? "\nTo reproduce it:\n\n" : "To reproduce it:\n\n", out);
        put_code(result->reproduce, out);
    }
    fputs("\n</details>\n\n", out);
}

static void put_failure_line(const struct case_result *result, FILE *out)
{
    fputs("- **", out);
    put_title(result, out);
    fputs("** ", out);
    markdown_put(result->id, out);
    fputs(" on ", out);
    markdown_put(result->world, out);
    if (result->sentence_count > 0) {
        fputs(": ", out);
        markdown_put(result->sentences[0], out);
    }
    fputc('\n', out);
}

static void put_failures(const struct run_result *run, FILE *out)
{
    size_t told = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_result *result = &run->cases[i];
        if (!case_has_findings(result))
            continue;
        if (told == 0)
            fputs("\n### Failures and advice\n\n", out);
        if (told < FORMATS_FAILURES_WHOLE_MAX)
            put_failure(result, out);
        else if (told < FORMATS_FAILURES_TOLD_MAX)
            put_failure_line(result, out);
        told++;
    }
    if (told > FORMATS_FAILURES_TOLD_MAX)
        fprintf(out, "- and %zu more\n", told - FORMATS_FAILURES_TOLD_MAX);
}

/* ---- the matrix --------------------------------------------------------------------------------- */

static void put_methods(const struct matrix_column *column, FILE *out)
{
    for (size_t i = 0; i < column->method_count; i++) {
        fputc(' ', out);
        markdown_put(column->methods[i], out);
    }
    fputs(" |", out);
}

static void put_cell(const struct matrix_cell *cell, FILE *out)
{
    static const char *const WORDS[MARK_COUNT] = {
        [MARK_SKIPPED] = "skipped",     [MARK_UNSUPPORTED] = "unsupported",
        [MARK_ADVISED] = "**advice** ", [MARK_ERROR] = "**ERROR** ",
        [MARK_FAIL] = "**FAIL** ",
    };
    fputc(' ', out);
    if (WORDS[cell->mark] != NULL)
        fputs(WORDS[cell->mark], out);
    markdown_put(cell->text, out);
    if (cell->partial)
        fputs("\\*", out);
    if (cell->note > 0)
        fprintf(out, " (%u)", cell->note);
    fputs(" |", out);
}

static void put_stage(const struct matrix_stage *stage, bool with_subject, FILE *out)
{
    fputs("**", out);
    markdown_put(stage->word, out);
    fputs("**", out);
    if (with_subject) {
        fputs(" of ", out);
        markdown_put(stage->subject, out);
    }
    fprintf(out, "%s%s\n\n| fault |", *stage->meaning != '\0' ? ": " : "", stage->meaning);
    for (size_t i = 0; i < stage->column_count; i++)
        put_methods(&stage->columns[i], out);
    fputs("\n|---|", out);
    for (size_t i = 0; i < stage->column_count; i++)
        fputs("---|", out);
    fputc('\n', out);
    for (size_t row = 0; row < stage->fault_count; row++) {
        fputc('|', out);
        markdown_put_cell(stage->faults[row], out);
        for (size_t i = 0; i < stage->column_count; i++)
            put_cell(&stage->cells[row * stage->column_count + i], out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

static void put_matrix(const struct run_result *run, FILE *out)
{
    struct region region;
    region_init(&region, REPORT_BYTES_MAX);
    const struct matrix *matrix = matrix_fold(run, &region);
    fputs("\n### Matrix\n\n", out);
    if (matrix == NULL) {
        fputs("The matrix does not fit in the memory that is there for it.\n", out);
    } else {
        fputs("What the client got, the attempts made at upstreams, and the requests that reached "
              "one whole. \\*: not every method of the column has such a case.\n\n"
              "<details><summary>stage by fault by method</summary>\n\n",
              out);
        for (const struct matrix_stage *stage = matrix->stages; stage != NULL; stage = stage->next)
            put_stage(stage, matrix->subject_count > 1, out);
        for (const struct matrix_note *note = matrix->notes; note != NULL; note = note->next) {
            fputs("1. ", out); /* renderers count them */
            markdown_put(note->text, out);
            fputc('\n', out);
        }
        fputs("\n</details>\n", out);
    }
    region_release(&region);
}

/* ---- provenance --------------------------------------------------------------------------------- */

static void put_facts(const struct run_result *run, FILE *out)
{
    fputs("\n### How this came about\n\n| | |\n|---|---|\n| command |", out);
    markdown_put_cell(run->command, out);
    fputs("\n| worlds |", out);
    markdown_put_cell(run->worlds, out);
    fprintf(out, "\n| seed | %llu |\n", (unsigned long long)run->seed);
    for (size_t i = 0; i < run->fact_count; i++) {
        fputc('|', out);
        markdown_put_cell(run->facts[i].name, out);
        markdown_put_cell(run->facts[i].value, out);
        fputc('\n', out);
    }
}
