#include "reports/markdown.h"
#include "reports/subjects/comparison_fold.h"

/* Bold stands where a terminal has red: beside the mark that says the same. */
static void put_cell(const struct table_cell *cell, FILE *out)
{
    const char *mark = cell->ink == INK_RED ? "**" : "";
    fputs(" ", out);
    fputs(mark, out);
    markdown_put(cell->text, out);
    fputs(mark, out);
    fputs(" |", out);
}

static void put_table(const struct table *table, FILE *out)
{
    const bool second = table->labels[1][0] != '\0';
    fputs("### ", out);
    markdown_put(table->title, out);
    fputs("\n\n", out);
    if (table->meaning[0] != '\0') {
        markdown_put(table->meaning, out);
        fputs("\n\n", out);
    }
    fprintf(out, second ? "| %s | %s |" : "| %s |", table->labels[0], table->labels[1]);
    for (size_t i = 0; i < table->column_count; i++) {
        fputc(' ', out);
        markdown_put(table->columns[i].group, out);
        fputs("<br>", out);
        markdown_put(table->columns[i].head, out);
        fputs(" |", out);
    }
    fputs(second ? "\n|---|---|" : "\n|---|", out);
    for (size_t i = 0; i < table->column_count; i++)
        fputs("---|", out);
    for (size_t row = 0; row < table->row_count; row++) {
        fputs("\n| ", out);
        markdown_put(table->rows[row].labels[0], out);
        fputs(" |", out);
        if (second) {
            fputc(' ', out);
            markdown_put(table->rows[row].labels[1], out);
            fputs(" |", out);
        }
        for (size_t i = 0; i < table->column_count; i++)
            put_cell(&table->rows[row].cells[i], out);
    }
    fputs("\n\n", out);
}

static void put_columns(const struct comparison_input *input, FILE *out)
{
    fputs("### The columns\n\n| subject | version | profile | judged by | what it is |\n"
          "|---|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < input->run_count; i++) {
        const struct observed_run *run = input->runs[i];
        const char *const cells[] = {run->subject, run->version, run->profile, run->expect,
                                     run->profile_meaning};
        for (size_t j = 0; j < COUNT_OF(cells); j++) {
            fputs(j == 0 ? "| " : " | ", out);
            markdown_put(cells[j], out);
        }
        fputs(" |\n", out);
    }
    fputc('\n', out);
}

static void put_notes(const struct comparison *comparison, FILE *out)
{
    unsigned number = 0;
    for (const struct comparison_note *note = comparison->notes; note != NULL; note = note->next) {
        if (number++ == 0)
            fputs("### Racy cases\n\nWhat one run shows need not be what the next one shows.\n\n",
                  out);
        fprintf(out, "- \\[%u\\] ", number);
        markdown_put(note->text, out);
        if (note->more > 0)
            fprintf(out, " \\(and %zu more of this cell\\)", note->more);
        fputc('\n', out);
    }
    if (number > 0)
        fputc('\n', out);
}

static void put_legend(const struct comparison *comparison, FILE *out)
{
    fputs("### How to read a cell\n\n| sign | meaning |\n|---|---|\n", out);
    for (const struct legend_row *row = COMPARISON_LEGEND; row->sign != NULL; row++) {
        if (!comparison_needs(comparison, row))
            continue;
        fputs("| ", out);
        markdown_put(row->sign, out);
        fputs(" | ", out);
        markdown_put(row->meaning, out);
        fputs(" |\n", out);
    }
}

void comparison_markdown(const struct comparison_input *input, FILE *out)
{
    struct region region;
    region_init(&region, COMPARISON_BYTES_MAX);
    const struct comparison *comparison = comparison_fold(input, &region);
    if (comparison == NULL) {
        fputs("The comparison is left out: it does not fit in memory.\n", out);
    } else {
        put_table(comparison->counts, out);
        for (const struct table *table = comparison->stages; table != NULL; table = table->next)
            put_table(table, out);
        if (comparison->buffering != NULL)
            put_table(comparison->buffering, out);
        put_notes(comparison, out);
        put_columns(input, out);
        put_legend(comparison, out);
    }
    region_release(&region);
}
