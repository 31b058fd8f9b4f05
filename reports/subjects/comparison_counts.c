#include <stdlib.h>
#include <string.h>

#include "reports/subjects/comparison_fold.h"

/* The rows: each harm, then what became of the cases. */
enum count_row {
    COUNT_CASES = HARM_COUNT,
    COUNT_FAIL,
    COUNT_ADVISED,
    COUNT_RACY,
    COUNT_UNSUPPORTED,
    COUNT_SETUP,
    COUNT_ROWS
};

/* Those behind the harms. */
static const struct count_label {
    const char *label;
    enum text_ink ink;
} LABELS[COUNT_ROWS - COUNT_CASES] = {
    {"cases", INK_PLAIN},
    {"cases FAIL: break a must", INK_RED},
    {"cases warn: break a should", INK_YELLOW},
    {"cases ?: racy", INK_PLAIN},
    {"cases n/a: cannot be asked", INK_PLAIN},
    {"cases setup: not played whole", INK_PLAIN},
};

/* Of one column. */
struct counts {
    size_t rows[COUNT_ROWS];
};

/* Where the next row goes. */
struct count_filling {
    struct region *region;
    struct table_row *next;
};

static void count_case(struct counts *counts, const struct observed_case *one)
{
    const struct observation *worst = observed_worst(one);
    const unsigned long harms = observed_harms(one);
    for (enum harm harm = 0; harm < HARM_COUNT; harm++)
        counts->rows[harm] += (harms & HARM_BIT(harm)) != 0;
    counts->rows[COUNT_CASES]++;
    counts->rows[COUNT_RACY] += observed_is_racy(one);
    switch (worst->verdict) {
    case VERDICT_FAIL:
        counts->rows[worst->level == LEVEL_MUST ? COUNT_FAIL : COUNT_ADVISED]++;
        break;
    case VERDICT_UNSUPPORTED:
    case VERDICT_SKIPPED:
        counts->rows[COUNT_UNSUPPORTED]++;
        break;
    case VERDICT_SETUP_FAILED:
    case VERDICT_ERROR:
        counts->rows[COUNT_SETUP]++;
        break;
    case VERDICT_PASS:
    case VERDICT_COUNT:
        break;
    }
}

static bool label_row(unsigned row, struct region *region, struct count_label *out)
{
    if (row >= COUNT_CASES) {
        *out = LABELS[row - COUNT_CASES];
        return true;
    }
    const unsigned gravity = harm_gravity((enum harm)row);
    out->label = region_format(region, "%s%s%s", comparison_gravity_mark(gravity),
                               gravity > 0 ? " " : "", harm_title((enum harm)row));
    out->ink = comparison_gravity_ink(gravity);
    return out->label != NULL;
}

static bool is_shown(const struct counts *counts, size_t count, unsigned row)
{
    bool shown = row == COUNT_CASES;
    for (size_t i = 0; i < count; i++)
        shown |= counts[i].rows[row] > 0;
    return shown;
}

/* The row across all columns; false without memory. */
static bool fill_row(const struct counts *counts, size_t count, unsigned row,
                     struct count_filling *filling)
{
    struct region *region = filling->region;
    struct table_cell *cells = region_take(region, (count + 1) * sizeof(*cells));
    struct count_label label;
    if (cells == NULL || !label_row(row, region, &label))
        return false;
    for (size_t i = 0; i < count; i++) {
        const size_t value = counts[i].rows[row];
        cells[i].ink = value > 0 ? label.ink : INK_DIM;
        cells[i].text = value > 0 ? region_format(region, "%zu", value) : ".";
        if (cells[i].text == NULL)
            return false;
    }
    *filling->next++ = (struct table_row){.labels = {label.label, ""}, .cells = cells};
    return true;
}

struct table *comparison_count_cases(const struct comparison_input *input, struct region *region)
{
    struct table *table = region_take(region, sizeof(*table));
    struct counts *counts = region_take(region, (input->run_count + 1) * sizeof(*counts));
    struct table_row *rows = region_take(region, COUNT_ROWS * sizeof(*rows));
    const struct table_column *columns = comparison_columns(input, region);
    if (table == NULL || counts == NULL || rows == NULL || columns == NULL)
        return NULL;
    for (size_t i = 0; i < input->run_count; i++) {
        for (size_t j = 0; j < input->runs[i]->case_count; j++)
            count_case(&counts[i], &input->runs[i]->cases[j]);
    }
    struct count_filling filling = {.region = region, .next = rows};
    for (unsigned row = 0; row < COUNT_ROWS; row++) {
        if (is_shown(counts, input->run_count, row) &&
            !fill_row(counts, input->run_count, row, &filling))
            return NULL;
    }
    *table = (struct table){
        .title = "harms",
        .meaning = "in how many cases each was done, worst first",
        .labels = {"harm", ""},
        .columns = columns,
        .column_count = input->run_count,
        .rows = rows,
        .row_count = (size_t)(filling.next - rows),
    };
    return table;
}

/* ---- what a proxy takes in: a row for each run, a column for each way and number of exchanges ---- */

const char *comparison_buffering_text(const struct observed_buffering *row, struct region *region)
{
    char each[OBSERVED_SIZE_TEXT_BYTES];
    char memory[OBSERVED_SIZE_TEXT_BYTES];
    char files[OBSERVED_SIZE_TEXT_BYTES];
    const unsigned exchanges = row->exchanges > 0 ? row->exchanges : 1;
    check(row->trouble == NULL);
    return region_format(region, "%s%s / %s / %s", row->whole ? "all: " : "",
                         observed_size(observed_round(row->swallowed / exchanges), each),
                         observed_size(observed_round(row->memory_growth), memory),
                         observed_size(observed_round(row->file_growth), files));
}

static bool fill_buffering_cell(const struct observed_buffering *row, struct region *region,
                                struct table_cell *cell)
{
    if (row == NULL || row->trouble != NULL) {
        *cell = (struct table_cell){.text = row == NULL ? "." : "n/a", .ink = INK_DIM};
        return true;
    }
    cell->ink = row->whole ? INK_YELLOW : INK_PLAIN;
    cell->text = comparison_buffering_text(row, region);
    return cell->text != NULL;
}

/* What the columns of the table speak of: one row of any run for each. */
struct buffering_kinds {
    const struct observed_buffering **kinds;
    size_t count;
};

static int compare_kinds(const void *a, const void *b)
{
    const struct observed_buffering *left = *(const struct observed_buffering *const *)a;
    const struct observed_buffering *right = *(const struct observed_buffering *const *)b;
    const int order = strcmp(left->way, right->way);
    return order != 0 ? order
                      : (left->exchanges > right->exchanges) - (left->exchanges < right->exchanges);
}

static void add_kinds(struct buffering_kinds *kinds, const struct observed_run *run)
{
    for (size_t i = 0; i < run->buffering_count; i++) {
        const struct observed_buffering *row = &run->buffering[i];
        size_t at = 0;
        while (at < kinds->count && compare_kinds(&kinds->kinds[at], &row) != 0)
            at++;
        if (at == kinds->count)
            kinds->kinds[kinds->count++] = row;
    }
}

static struct table_column *buffering_columns(const struct buffering_kinds *kinds,
                                              struct region *region)
{
    struct table_column *columns = region_take(region, kinds->count * sizeof(*columns));
    for (size_t i = 0; i < kinds->count && columns != NULL; i++) {
        const struct observed_buffering *kind = kinds->kinds[i];
        char offered[OBSERVED_SIZE_TEXT_BYTES];
        columns[i].group =
            region_format(region, "%s of %s", kind->way, observed_size(kind->offered, offered));
        columns[i].head = region_format(region, "%u at a time", kind->exchanges);
        if (columns[i].group == NULL || columns[i].head == NULL)
            return NULL;
    }
    return columns;
}

static bool fill_buffering_row(const struct observed_run *run, const struct buffering_kinds *kinds,
                               struct region *region, struct table_row *out)
{
    struct table_cell *cells = region_take(region, kinds->count * sizeof(*cells));
    for (size_t i = 0; i < kinds->count && cells != NULL; i++) {
        if (!fill_buffering_cell(observed_find_buffering(run, kinds->kinds[i]), region, &cells[i]))
            return false;
    }
    *out = (struct table_row){.labels = {run->subject, run->profile}, .cells = cells};
    return cells != NULL;
}

bool comparison_fold_buffering(const struct comparison_input *input, struct region *region,
                               struct table **out)
{
    size_t most = 0;
    for (size_t i = 0; i < input->run_count; i++)
        most += input->runs[i]->buffering_count;
    *out = NULL;
    if (most == 0)
        return true;
    struct buffering_kinds kinds = {
        .kinds = region_take(region, most * sizeof(kinds.kinds[0])),
    };
    struct table *table = region_take(region, sizeof(*table));
    struct table_row *rows = region_take(region, input->run_count * sizeof(*rows));
    if (kinds.kinds == NULL || table == NULL || rows == NULL)
        return false;
    for (size_t i = 0; i < input->run_count; i++)
        add_kinds(&kinds, input->runs[i]);
    qsort(kinds.kinds, kinds.count, sizeof(kinds.kinds[0]), compare_kinds);
    *table = (struct table){
        .title = "buffering",
        .meaning = "what it took of each exchange beyond kernel buffers / growth of its memory / "
                   "of its files, rounded to powers of two",
        .labels = {"subject", "profile"},
        .columns = buffering_columns(&kinds, region),
        .column_count = kinds.count,
        .rows = rows,
    };
    if (table->columns == NULL)
        return false;
    for (size_t i = 0; i < input->run_count; i++) {
        if (input->runs[i]->buffering_count > 0 &&
            !fill_buffering_row(input->runs[i], &kinds, region, &rows[table->row_count++]))
            return false;
    }
    *out = table;
    return true;
}
