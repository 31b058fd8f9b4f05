#include "reports/coverage/coverage.h"

#include <inttypes.h>
#include <string.h>

#include "reports/markdown.h"
#include "world/base/check.h"

/* The number of cases, or a word; reasons are collected below the tables. */
static void put_mark(const struct coverage_mark *mark, FILE *out)
{
    if (mark->state == COVERAGE_COVERED)
        fprintf(out, "%" PRIu64, mark->count);
    else if (mark->state == COVERAGE_MISSING)
        fputs("**gap**", out);
    else
        fputs(mark->state == COVERAGE_ACCEPTED ? "accepted" : "–", out);
}

static void put_totals(const struct acceptance_coverage *coverage, FILE *out)
{
    static const char *const PARTS[] = {
        [COVERAGE_CELLS] = "cells of the acceptance matrix",
        [COVERAGE_TRANSITIONS] = "events of an exchange's life",
        [COVERAGE_CLAIMS] = "claims",
        [COVERAGE_REQUIREMENTS] = "requirements",
        [COVERAGE_CITATIONS] = "scenarios that cite nothing known",
    };

    fprintf(out,
            "%" PRIu64 " %s passed, %" PRIu64 " failed, %" PRIu64 " were passed over; retryproof ",
            coverage->played, coverage->played == 1 ? "case" : "cases", coverage->failed,
            coverage->passed_over);
    markdown_put(coverage->version, out);
    fputs(coverage->interrupted ? "; interrupted.\n\n" : ".\n\n", out);
    fputs("| | covered | missing | accepted | impossible |\n|---|---|---|---|---|\n", out);
    for (unsigned part = 0; part < COVERAGE_PART_COUNT; part++) {
        struct coverage_counts counts = coverage_count(coverage, (enum coverage_part)part);
        if (part == COVERAGE_TRANSITIONS && !coverage->transitions_counted)
            continue;
        fprintf(out, "| %s |", PARTS[part]);
        for (unsigned state = 0; state < COVERAGE_STATE_COUNT; state++)
            fprintf(out, " %zu |", counts.by_state[state]);
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* ---- the matrix --------------------------------------------------------------------------------- */

static void put_heading(const struct acceptance_coverage *coverage, const char *method, FILE *out)
{
    fputs("\n### Requests that are ", out);
    markdown_put(method, out);
    fputs("\n\n| stage | fault |", out);
    for (size_t i = 0; i < coverage->column_count; i++)
        if (strcmp(coverage->columns[i].method, method) == 0)
            markdown_put_cell(coverage->columns[i].policy, out);
    fputs("\n|---|---|", out);
    for (size_t i = 0; i < coverage->column_count; i++)
        if (strcmp(coverage->columns[i].method, method) == 0)
            fputs("---|", out);
    fputc('\n', out);
}

static void put_table(const struct acceptance_coverage *coverage, const char *method, FILE *out)
{
    put_heading(coverage, method, out);
    for (size_t row = 0; row < coverage->row_count; row++) {
        fputs("|", out);
        markdown_put_cell(coverage->rows[row].stage, out);
        markdown_put_cell(coverage->rows[row].fault, out);
        for (size_t i = 0; i < coverage->column_count; i++) {
            if (strcmp(coverage->columns[i].method, method) != 0)
                continue;
            fputc(' ', out);
            put_mark(&coverage->rows[row].cells[i], out);
            fputs(" |", out);
        }
        fputc('\n', out);
    }
}

static void put_matrix(const struct acceptance_coverage *coverage, FILE *out)
{
    fputs("## The acceptance matrix\n\n"
          "How many cases came by; `gap`: none, `–`: none can.\n",
          out);
    for (size_t i = 0; i < coverage->column_count; i++)
        if (i == 0 || strcmp(coverage->columns[i].method, coverage->columns[i - 1].method) != 0)
            put_table(coverage, coverage->columns[i].method, out);
    fputc('\n', out);
}

/* ---- the reasons ---------------------------------------------------------------------------------- */

static const struct coverage_mark *cell_at(const struct acceptance_coverage *coverage, size_t i)
{
    return &coverage->rows[i / coverage->column_count].cells[i % coverage->column_count];
}

/* Each reason once, with the number of its cells. */
static void put_reasons(const struct acceptance_coverage *coverage, FILE *out)
{
    const size_t total = coverage->row_count * coverage->column_count;

    fputs("### Why not\n\n| cells | | reason |\n|---|---|---|\n", out);
    for (size_t i = 0; i < total; i++) {
        const struct coverage_mark *mark = cell_at(coverage, i);
        size_t first = total;
        size_t count = 0;
        for (size_t k = 0; mark->reason != NULL && k < total; k++) {
            const char *reason = cell_at(coverage, k)->reason;
            if (reason == NULL || strcmp(reason, mark->reason) != 0)
                continue;
            first = count++ == 0 ? k : first;
        }
        if (first != i)
            continue;
        fprintf(out, "| %zu | %s |", count, coverage_state_word(mark->state));
        markdown_put_cell(mark->reason, out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* ---- the other parts -------------------------------------------------------------------------------- */

static void put_reason_cell(const struct coverage_mark *mark, FILE *out)
{
    fputc(' ', out);
    put_mark(mark, out);
    fputs(" |", out);
    markdown_put_cell(mark->reason != NULL ? mark->reason : "", out);
    fputc('\n', out);
}

static void put_transitions(const struct acceptance_coverage *coverage, FILE *out)
{
    fputs("## The life of an exchange\n\n", out);
    if (!coverage->transitions_counted) {
        fputs("Not counted: `retryproof-counting` does.\n\n", out);
        return;
    }
    fputs("| state | event | cases | |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < coverage->transition_count; i++) {
        const struct coverage_transition *one = &coverage->transitions[i];
        fputs("|", out);
        markdown_put_cell(one->state, out);
        markdown_put_cell(one->event, out);
        put_reason_cell(&one->mark, out);
    }
    fputc('\n', out);
}

static void put_claims(const struct acceptance_coverage *coverage, FILE *out)
{
    fputs("## Claims\n\n| | claim | cases | |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < coverage->claim_count; i++) {
        const struct coverage_claim *one = &coverage->claims[i];
        fprintf(out, "| %u |", one->number);
        markdown_put_cell(one->sentence, out);
        put_reason_cell(&one->mark, out);
    }
    fputc('\n', out);
}

static void put_requirements(const struct acceptance_coverage *coverage, FILE *out)
{
    fputs("## Requirements\n\n| | section | what it asks for | files | |\n|---|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < coverage->requirement_count; i++) {
        const struct coverage_requirement *one = &coverage->requirements[i];
        fputs("|", out);
        markdown_put_cell(one->document, out);
        markdown_put_cell(one->section, out);
        markdown_put_cell(one->sentence, out);
        put_reason_cell(&one->mark, out);
    }
    fputc('\n', out);
}

static void put_citations(const struct acceptance_coverage *coverage, FILE *out)
{
    if (coverage->citation_count == 0)
        return;
    fputs("## Scenarios that cite nothing known\n\n| file | source | | |\n|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < coverage->citation_count; i++) {
        const struct coverage_citation *one = &coverage->citations[i];
        fputs("|", out);
        markdown_put_cell(one->file, out);
        markdown_put_cell(one->source != NULL ? one->source : "none", out);
        put_reason_cell(&one->mark, out);
    }
    fputc('\n', out);
}

static void put_stale(const struct acceptance_coverage *coverage, FILE *out)
{
    if (coverage->stale_count == 0)
        return;
    fputs("## Accepted gaps that are none any more\n\n| place | |\n|---|---|\n", out);
    for (size_t i = 0; i < coverage->stale_count; i++) {
        fputs("|", out);
        markdown_put_cell(coverage->stale[i].place, out);
        markdown_put_cell(coverage->stale[i].sentence, out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

void coverage_markdown(const struct acceptance_coverage *coverage, FILE *out)
{
    fputs("# Acceptance coverage\n\n", out);
    put_totals(coverage, out);
    put_stale(coverage, out);
    put_matrix(coverage, out);
    put_reasons(coverage, out);
    put_transitions(coverage, out);
    put_claims(coverage, out);
    put_requirements(coverage, out);
    put_citations(coverage, out);
}
