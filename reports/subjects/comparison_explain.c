#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/subjects/comparison_fold.h"

/* In columns of a terminal. */
enum { INDENT = 2, LABEL_COLUMNS = 11 /* "reproduce" and two spaces */ };

enum { CELLS_TOLD_MAX = 8 }; /* of one harm and column; the file has the ids of all */

/* Where it goes; the region is for texts of one paragraph and is emptied behind it. */
struct telling {
    const struct comparison_input *input;
    const struct report_style *style;
    FILE *out;
    struct region region;
};

static void begin_telling(struct telling *telling, const struct comparison_input *input,
                          const struct report_style *style, FILE *out)
{
    *telling = (struct telling){.input = input, .style = style, .out = out};
    region_init(&telling->region, COMPARISON_BYTES_MAX);
}

/* One of a list below an indent, wrapped. */
static void tell_item(struct telling *telling, size_t indent, const char *text)
{
    text_put_spaces(indent, telling->out);
    fputs("- ", telling->out);
    text_put_wrapped(text, indent + 2, report_width(telling->style), telling->out);
    fputc('\n', telling->out);
}

/* Never cut or wrapped: it is there to be pasted. */
static void tell_reproduction(struct telling *telling, size_t column,
                              const struct observed_case *one)
{
    const struct observed_run *run = telling->input->runs[column];
    const char *command = observed_reproduction(run, one, &telling->region);
    text_put_spaces(2 * INDENT, telling->out);
    text_put_cell("reproduce", LABEL_COLUMNS, telling->out);
    text_put(command != NULL ? command : "(no memory is left for this command)", telling->out);
    fputc('\n', telling->out);
    region_reset(&telling->region);
}

static void tell_column(struct telling *telling, size_t column)
{
    const struct observed_run *run = telling->input->runs[column];
    text_put_spaces(INDENT, telling->out);
    text_put(run->subject, telling->out);
    fputs(" / ", telling->out);
    text_put(run->profile, telling->out);
    if (run->version[0] != '\0') {
        fputs(", version ", telling->out);
        text_put(run->version, telling->out);
    }
}

/* ---- why cells are as they are ---- */

static void tell_upstreams(struct telling *telling, const struct observation *way)
{
    for (size_t i = 0; i < way->upstream_count; i++) {
        const struct observed_upstream *upstream = &way->upstreams[i];
        fputs(", ", telling->out);
        text_put(upstream->name, telling->out);
        fprintf(telling->out, " %u/%u", upstream->attempts, upstream->delivered);
        if (upstream->bytes > 0)
            fprintf(telling->out, " with %" PRIu64 " body bytes", upstream->bytes);
    }
}

/* "97 of 100: 200 2/2, a 1/1 with 11 body bytes, …, 1 s (fail, must)" */
static void tell_way(struct telling *telling, const struct observed_case *one,
                     const struct observation *way)
{
    const char *outcome = comparison_way_text(way, &telling->region);
    text_put_spaces(2 * INDENT, telling->out);
    if (observed_is_racy(one))
        fprintf(telling->out, "%u of %u: ", way->times, one->played);
    text_put(outcome != NULL ? outcome : "", telling->out);
    if (observation_has_outcome(way)) {
        tell_upstreams(telling, way);
        if (way->body != OBSERVED_BODY_NONE)
            fprintf(telling->out, ", body %s", observed_body_word(way->body));
        if (way->after_cancel > 0)
            fprintf(telling->out, ", %u begun after the client had gone", way->after_cancel);
        fprintf(telling->out, ", %u s", way->seconds);
    }
    if (way->verdict == VERDICT_FAIL)
        fprintf(telling->out, " (breaks a %s)", level_word(way->level));
    fputc('\n', telling->out);
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        if ((way->harms & HARM_BIT(harm)) == 0)
            continue;
        text_put_spaces(3 * INDENT, telling->out);
        fprintf(telling->out, "harm: %s\n", harm_title(harm));
    }
    for (size_t i = 0; i < way->sentence_count; i++)
        tell_item(telling, 3 * INDENT, way->sentences[i]);
    region_reset(&telling->region);
}

/* The case of that id in a run, whose cases are sorted by it; NULL if there is none. */
static const struct observed_case *find_case(const struct observed_run *run, const char *id)
{
    size_t low = 0;
    size_t high = run->case_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(run->cases[middle].id, id);
        if (order == 0)
            return &run->cases[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void tell_case(struct telling *telling, const struct observed_case *one)
{
    FILE *out = telling->out;
    text_put(one->id, out);
    fputs("\n", out);
    text_put_spaces(INDENT, out);
    text_put_wrapped(one->name, INDENT, report_width(telling->style), out);
    fputc('\n', out);
    text_put_spaces(INDENT, out);
    fputs("row ", out);
    text_put(one->stage, out);
    fputs(" / ", out);
    text_put(one->fault, out);
    fputs(" / ", out);
    text_put(one->method, out);
    fputs(", scenario ", out);
    text_put(one->file, out);
    fputc('\n', out);
    for (size_t i = 0; i < telling->input->run_count; i++) {
        const struct observed_case *of_column = find_case(telling->input->runs[i], one->id);
        if (of_column == NULL)
            continue;
        tell_column(telling, i);
        fputc('\n', out);
        for (size_t way = 0; way < of_column->way_count; way++)
            tell_way(telling, of_column, &of_column->ways[way]);
        tell_reproduction(telling, i, of_column);
    }
    fputc('\n', out);
}

static int compare_ids(const void *a, const void *b)
{
    const struct observed_case *left = *(const struct observed_case *const *)a;
    const struct observed_case *right = *(const struct observed_case *const *)b;
    return strcmp(left->id, right->id);
}

/* In its id, or in "stage / fault / method"; upper and lower case are the same. */
static bool is_asked_for(struct telling *telling, const struct observed_case *one, const char *text)
{
    const char *row =
        region_format(&telling->region, "%s / %s / %s", one->stage, one->fault, one->method);
    const bool found =
        strcasestr(one->id, text) != NULL || (row != NULL && strcasestr(row, text) != NULL);
    region_reset(&telling->region);
    return found;
}

bool comparison_explain(const struct comparison_input *input, const char *text,
                        const struct report_style *style, FILE *out)
{
    struct telling telling;
    begin_telling(&telling, input, style, out);
    size_t most = 0;
    size_t count = 0;
    for (size_t i = 0; i < input->run_count; i++)
        most += input->runs[i]->case_count;
    struct region found;
    region_init(&found, COMPARISON_BYTES_MAX);
    const struct observed_case **cases = region_take(&found, (most + 1) * sizeof(cases[0]));
    if (cases == NULL)
        fputs("The cases are left out: they do not fit in memory.\n", out);
    for (size_t i = 0; i < input->run_count && cases != NULL; i++) {
        for (size_t j = 0; j < input->runs[i]->case_count; j++) {
            if (is_asked_for(&telling, &input->runs[i]->cases[j], text))
                cases[count++] = &input->runs[i]->cases[j];
        }
    }
    if (count > 0)
        qsort(cases, count, sizeof(cases[0]), compare_ids);
    for (size_t i = 0; i < count; i++) {
        /* Each column has the case, and it is told once. */
        if (i == 0 || compare_ids(&cases[i - 1], &cases[i]) != 0)
            tell_case(&telling, cases[i]);
    }
    region_release(&found);
    region_release(&telling.region);
    return count > 0;
}

/* ---- harms ---- */

static bool same_cell(const struct observed_case *a, const struct observed_case *b)
{
    return strcmp(a->stage, b->stage) == 0 && strcmp(a->fault, b->fault) == 0 &&
           strcmp(a->method, b->method) == 0;
}

/* The cells in which a column did the harm: each once, the first of them by name. */
static void tell_cells(struct telling *telling, const struct observed_run *run, enum harm harm)
{
    const struct observed_case *told[CELLS_TOLD_MAX];
    size_t count = 0;
    size_t more = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        const struct observed_case *one = &run->cases[i];
        if ((observed_harms(one) & HARM_BIT(harm)) == 0)
            continue;
        size_t at = 0;
        while (at < count && !same_cell(told[at], one))
            at++;
        if (at < count)
            continue;
        if (count == CELLS_TOLD_MAX) {
            more++;
            continue;
        }
        told[count++] = one;
        const char *text =
            region_format(&telling->region, "%s / %s / %s", one->stage, one->fault, one->method);
        tell_item(telling, 2 * INDENT, text != NULL ? text : one->id);
        region_reset(&telling->region);
    }
    if (more > 0) {
        text_put_spaces(2 * INDENT, telling->out);
        fprintf(telling->out, "- and %zu more case%s\n", more, more == 1 ? "" : "s");
    }
}

static void tell_harm(struct telling *telling, enum harm harm)
{
    const unsigned gravity = harm_gravity(harm);
    bool titled = false;
    for (size_t i = 0; i < telling->input->run_count; i++) {
        const struct observed_run *run = telling->input->runs[i];
        const struct observed_case *first = NULL;
        const size_t count = observed_count_harm(run, harm, &first);
        if (count == 0)
            continue;
        if (!titled) {
            text_ink(comparison_gravity_ink(gravity), telling->style->colour, telling->out);
            fprintf(telling->out, "%s%s%s", comparison_gravity_mark(gravity),
                    gravity > 0 ? " " : "", harm_title(harm));
            text_ink(INK_PLAIN, telling->style->colour, telling->out);
            fputc('\n', telling->out);
            text_put_spaces(INDENT, telling->out);
            text_put_wrapped(harm_meaning(harm), INDENT, report_width(telling->style),
                             telling->out);
            fputc('\n', telling->out);
            titled = true;
        }
        tell_column(telling, i);
        fprintf(telling->out, ": %zu case%s\n", count, count == 1 ? "" : "s");
        tell_cells(telling, run, harm);
        tell_reproduction(telling, i, first);
    }
    if (titled)
        fputc('\n', telling->out);
}

void comparison_harms(const struct comparison_input *input, const struct report_style *style,
                      FILE *out)
{
    struct telling telling;
    begin_telling(&telling, input, style, out);
    unsigned long done = 0;
    for (size_t i = 0; i < input->run_count; i++) {
        for (size_t j = 0; j < input->runs[i]->case_count; j++)
            done |= observed_harms(&input->runs[i]->cases[j]);
    }
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        if ((done & HARM_BIT(harm)) != 0)
            tell_harm(&telling, harm);
    }
    if (done == 0)
        fputs("No harm was done in any case.\n", out);
    region_release(&telling.region);
}
