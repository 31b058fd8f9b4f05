#include "reports/coverage/coverage.h"

#include "reports/json_writer.h"
#include "world/base/check.h"

/* {"count": 12, "first": "dial/…", "state": "covered"}, {"reason": "…", "state": "impossible"}, {"state": "missing"} */
static void put_mark(struct json_writer *writer, const char *key, const struct coverage_mark *mark)
{
    if (key == NULL)
        json_writer_open_line(writer, NULL, '{');
    else
        json_writer_open(writer, key, '{');
    if (mark->state == COVERAGE_COVERED) {
        json_writer_number(writer, "count", mark->count);
        json_writer_text(writer, "first", mark->first);
    }
    if (mark->reason != NULL)
        json_writer_text(writer, "reason", mark->reason);
    json_writer_text(writer, "state", coverage_state_word(mark->state));
    json_writer_close(writer, '}');
}

static void put_cells(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "cells", '{');
    json_writer_open(writer, "columns", '[');
    for (size_t i = 0; i < coverage->column_count; i++) {
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "method", coverage->columns[i].method);
        json_writer_text(writer, "policy", coverage->columns[i].policy);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
    json_writer_open(writer, "rows", '[');
    for (size_t i = 0; i < coverage->row_count; i++) {
        json_writer_open(writer, NULL, '{');
        json_writer_text(writer, "fault", coverage->rows[i].fault);
        json_writer_open(writer, "marks", '[');
        for (size_t column = 0; column < coverage->column_count; column++)
            put_mark(writer, NULL, &coverage->rows[i].cells[column]);
        json_writer_close(writer, ']');
        json_writer_text(writer, "stage", coverage->rows[i].stage);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
    json_writer_close(writer, '}');
}

static void put_citations(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "citations", '[');
    for (size_t i = 0; i < coverage->citation_count; i++) {
        const struct coverage_citation *one = &coverage->citations[i];
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "file", one->file);
        put_mark(writer, "mark", &one->mark);
        json_writer_text(writer, "source", one->source);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

static void put_claims(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "claims", '[');
    for (size_t i = 0; i < coverage->claim_count; i++) {
        const struct coverage_claim *one = &coverage->claims[i];
        json_writer_open_line(writer, NULL, '{');
        put_mark(writer, "mark", &one->mark);
        json_writer_text(writer, "name", one->name);
        json_writer_number(writer, "number", one->number);
        json_writer_text(writer, "sentence", one->sentence);
        json_writer_text(writer, "source", one->source);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

static void put_requirements(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "requirements", '[');
    for (size_t i = 0; i < coverage->requirement_count; i++) {
        const struct coverage_requirement *one = &coverage->requirements[i];
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "document", one->document);
        put_mark(writer, "mark", &one->mark);
        json_writer_text(writer, "section", one->section);
        json_writer_text(writer, "sentence", one->sentence);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

static void put_run(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "run", '{');
    json_writer_text(writer, "command", coverage->command);
    json_writer_number(writer, "failed", coverage->failed);
    json_writer_truth(writer, "interrupted", coverage->interrupted);
    json_writer_number(writer, "passed_over", coverage->passed_over);
    json_writer_number(writer, "played", coverage->played);
    json_writer_text(writer, "version", coverage->version);
    json_writer_close(writer, '}');
}

static void put_stale(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "stale", '[');
    for (size_t i = 0; i < coverage->stale_count; i++) {
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "place", coverage->stale[i].place);
        json_writer_text(writer, "sentence", coverage->stale[i].sentence);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

static void put_totals(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    static const struct {
        const char *key;
        enum coverage_part part;
    } PARTS[] = {{"cells", COVERAGE_CELLS},
                 {"citations", COVERAGE_CITATIONS},
                 {"claims", COVERAGE_CLAIMS},
                 {"requirements", COVERAGE_REQUIREMENTS},
                 {"transitions", COVERAGE_TRANSITIONS}};

    json_writer_open(writer, "totals", '{');
    for (size_t i = 0; i < COUNT_OF(PARTS); i++) {
        struct coverage_counts counts = coverage_count(coverage, PARTS[i].part);
        json_writer_open_line(writer, PARTS[i].key, '{');
        json_writer_number(writer, "accepted", counts.by_state[COVERAGE_ACCEPTED]);
        json_writer_number(writer, "covered", counts.by_state[COVERAGE_COVERED]);
        json_writer_number(writer, "impossible", counts.by_state[COVERAGE_IMPOSSIBLE]);
        json_writer_number(writer, "missing", counts.by_state[COVERAGE_MISSING]);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, '}');
}

static void put_transitions(struct json_writer *writer, const struct acceptance_coverage *coverage)
{
    json_writer_open(writer, "transitions", '[');
    for (size_t i = 0; i < coverage->transition_count && coverage->transitions_counted; i++) {
        const struct coverage_transition *one = &coverage->transitions[i];
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "event", one->event);
        put_mark(writer, "mark", &one->mark);
        json_writer_text(writer, "state", one->state);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
    json_writer_truth(writer, "transitions_counted", coverage->transitions_counted);
}

void coverage_json(const struct acceptance_coverage *coverage, FILE *out)
{
    struct json_writer writer;

    json_writer_begin(&writer, out);
    put_cells(&writer, coverage);
    put_citations(&writer, coverage);
    put_claims(&writer, coverage);
    put_requirements(&writer, coverage);
    put_run(&writer, coverage);
    json_writer_text(&writer, "schema", COVERAGE_FORMAT);
    put_stale(&writer, coverage);
    put_totals(&writer, coverage);
    put_transitions(&writer, coverage);
    json_writer_end(&writer);
}
