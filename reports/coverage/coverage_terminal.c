#include "reports/coverage/coverage.h"

#include <inttypes.h>
#include <string.h>

#include "reports/text.h"
#include "world/base/check.h"

enum {
    INDENT = 2,
    STAGE_COLUMNS = 12,  /* the longest stage and a space */
    FAULT_COLUMNS = 26,  /* the longest fault and two spaces */
    METHOD_COLUMNS = 16, /* "not idempotent" and two spaces */
    NAME_COLUMNS = 40,   /* of claims and requirements; a longer one pushes its sentence aside */
    PART_COLUMNS = 14,
    NUMBER_COLUMNS = 12,
};

static const char *const PART_WORDS[] = {[COVERAGE_CELLS] = "cells",
                                         [COVERAGE_TRANSITIONS] = "transitions",
                                         [COVERAGE_CLAIMS] = "claims",
                                         [COVERAGE_REQUIREMENTS] = "requirements",
                                         [COVERAGE_CITATIONS] = "citations"};

/* A list with a heading that is there only if the list is. */
struct listing {
    const char *heading;
    const struct report_style *style;
    FILE *out;
    size_t count;
};

/* Begins a line of the list. */
static void begin_line(struct listing *listing)
{
    if (listing->count++ == 0) {
        fputs(listing->heading, listing->out);
        fputc('\n', listing->out);
    }
    text_put_spaces(INDENT, listing->out);
}

static void end_list(const struct listing *listing)
{
    if (listing->count > 0)
        fputc('\n', listing->out);
}

/* A name, and behind it what is said of it. */
static void put_entry(struct listing *listing, const char *name, const char *sentence)
{
    size_t columns = text_columns(name);
    size_t indent = INDENT + (columns < NAME_COLUMNS ? NAME_COLUMNS : columns + 2);

    begin_line(listing);
    text_ink(INK_YELLOW, listing->style->colour, listing->out);
    text_put(name, listing->out);
    text_ink(INK_PLAIN, listing->style->colour, listing->out);
    text_put_spaces(indent - INDENT - columns, listing->out);
    text_put_wrapped(sentence, indent, report_width(listing->style), listing->out);
    fputc('\n', listing->out);
}

/* ---- what is missing ---------------------------------------------------------------------------- */

static bool is_missing(const struct coverage_row *row, size_t column)
{
    return row->cells[column].state == COVERAGE_MISSING;
}

/* One line for each method: the policies of its cells that are missing. */
static void tell_row(struct listing *listing, const struct acceptance_coverage *coverage,
                     const struct coverage_row *row)
{
    const char *method = NULL;

    for (size_t i = 0; i < coverage->column_count; i++) {
        const struct coverage_column *column = &coverage->columns[i];
        if (!is_missing(row, i))
            continue;
        if (method != NULL && strcmp(method, column->method) == 0) {
            fputs(", ", listing->out);
        } else {
            if (method != NULL)
                fputc('\n', listing->out);
            begin_line(listing);
            text_put_cell(row->stage, STAGE_COLUMNS, listing->out);
            text_put_cell(row->fault, FAULT_COLUMNS, listing->out);
            text_put_cell(column->method, METHOD_COLUMNS, listing->out);
        }
        text_ink(INK_YELLOW, listing->style->colour, listing->out);
        text_put(column->policy, listing->out);
        text_ink(INK_PLAIN, listing->style->colour, listing->out);
        method = column->method;
    }
    if (method != NULL)
        fputc('\n', listing->out);
}

static void tell_cells(const struct acceptance_coverage *coverage, const struct report_style *style,
                       FILE *out)
{
    struct listing listing = {"cells of the acceptance matrix that no scenario covers", style, out,
                              0};

    for (size_t i = 0; i < coverage->row_count; i++)
        tell_row(&listing, coverage, &coverage->rows[i]);
    end_list(&listing);
}

static void tell_transitions(const struct acceptance_coverage *coverage,
                             const struct report_style *style, FILE *out)
{
    struct listing listing = {"events of an exchange's life that no scenario brings about", style,
                              out, 0};

    for (size_t i = 0; coverage->transitions_counted && i < coverage->transition_count; i++) {
        const struct coverage_transition *transition = &coverage->transitions[i];
        if (transition->mark.state != COVERAGE_MISSING)
            continue;
        begin_line(&listing);
        text_put_cell(transition->state, METHOD_COLUMNS, out);
        text_put(transition->event, out);
        fputc('\n', out);
    }
    end_list(&listing);
    if (!coverage->transitions_counted)
        fputs("The events of an exchange's life were not counted: retryproof-counting does.\n\n",
              out);
}

static void tell_claims(const struct acceptance_coverage *coverage,
                        const struct report_style *style, FILE *out)
{
    struct listing listing = {"claims that no scenario exercises", style, out, 0};

    for (size_t i = 0; i < coverage->claim_count; i++)
        if (coverage->claims[i].mark.state == COVERAGE_MISSING)
            put_entry(&listing, coverage->claims[i].name, coverage->claims[i].sentence);
    end_list(&listing);
}

static void tell_requirements(const struct acceptance_coverage *coverage,
                              const struct report_style *style, FILE *out)
{
    struct listing listing = {"requirements that no scenario cites", style, out, 0};
    char name[NAME_COLUMNS * 2];

    for (size_t i = 0; i < coverage->requirement_count; i++) {
        const struct coverage_requirement *one = &coverage->requirements[i];
        if (one->mark.state != COVERAGE_MISSING)
            continue;
        snprintf(name, sizeof(name), "%s %s", one->document, one->section);
        put_entry(&listing, name, one->sentence);
    }
    end_list(&listing);
}

static void tell_citations(const struct acceptance_coverage *coverage,
                           const struct report_style *style, FILE *out)
{
    struct listing listing = {"scenarios that cite nothing known", style, out, 0};

    for (size_t i = 0; i < coverage->citation_count; i++) {
        const struct coverage_citation *one = &coverage->citations[i];
        if (one->mark.state == COVERAGE_MISSING)
            put_entry(&listing, one->file, one->source != NULL ? one->source : "no source at all");
    }
    end_list(&listing);
}

/* ---- what is accepted --------------------------------------------------------------------------- */

static void tell_reason(struct listing *listing, const char *reason, size_t count)
{
    char name[NAME_COLUMNS];

    snprintf(name, sizeof(name), "%zu", count);
    put_entry(listing, name, reason);
}

/* Cells that follow each other in the matrix share a reason more often than not: told once, with their number. */
static void tell_accepted_cells(const struct acceptance_coverage *coverage,
                                const struct report_style *style, FILE *out)
{
    struct listing listing = {"accepted gaps in the matrix", style, out, 0};
    const size_t total = coverage->row_count * coverage->column_count;

    for (size_t i = 0; i < total; i++) {
        const struct coverage_mark *mark =
            &coverage->rows[i / coverage->column_count].cells[i % coverage->column_count];
        size_t count = 0;
        bool told = false;
        if (mark->state != COVERAGE_ACCEPTED)
            continue;
        for (size_t k = 0; k < total; k++) {
            const struct coverage_mark *other =
                &coverage->rows[k / coverage->column_count].cells[k % coverage->column_count];
            if (other->state != COVERAGE_ACCEPTED || strcmp(other->reason, mark->reason) != 0)
                continue;
            told = told || k < i;
            count++;
        }
        if (!told)
            tell_reason(&listing, mark->reason, count);
    }
    end_list(&listing);
}

static void tell_stale(const struct acceptance_coverage *coverage, const struct report_style *style,
                       FILE *out)
{
    struct listing listing = {"accepted gaps that are none any more", style, out, 0};

    for (size_t i = 0; i < coverage->stale_count; i++)
        put_entry(&listing, coverage->stale[i].place, coverage->stale[i].sentence);
    end_list(&listing);
}

/* ---- totals ----------------------------------------------------------------------------------------- */

static void tell_totals(const struct acceptance_coverage *coverage, FILE *out)
{
    fprintf(out, "%-*s", PART_COLUMNS, "");
    for (unsigned state = 0; state < COVERAGE_STATE_COUNT; state++)
        fprintf(out, "%*s", NUMBER_COLUMNS, coverage_state_word((enum coverage_state)state));
    fputc('\n', out);
    for (unsigned part = 0; part < COVERAGE_PART_COUNT; part++) {
        struct coverage_counts counts = coverage_count(coverage, (enum coverage_part)part);
        if (part == COVERAGE_TRANSITIONS && !coverage->transitions_counted)
            continue;
        fprintf(out, "%-*s", PART_COLUMNS, PART_WORDS[part]);
        for (unsigned state = 0; state < COVERAGE_STATE_COUNT; state++)
            fprintf(out, "%*zu", NUMBER_COLUMNS, counts.by_state[state]);
        fputc('\n', out);
    }
    fprintf(out, "%s%" PRIu64 " %s passed, %" PRIu64 " failed, %" PRIu64 " passed over\n",
            coverage->interrupted ? "interrupted after " : "", coverage->played,
            coverage->played == 1 ? "case" : "cases", coverage->failed, coverage->passed_over);
}

void coverage_terminal(const struct acceptance_coverage *coverage, const struct report_style *style,
                       FILE *out)
{
    tell_cells(coverage, style, out);
    tell_transitions(coverage, style, out);
    tell_claims(coverage, style, out);
    tell_requirements(coverage, style, out);
    tell_citations(coverage, style, out);
    tell_accepted_cells(coverage, style, out);
    tell_stale(coverage, style, out);
    tell_totals(coverage, out);
}
