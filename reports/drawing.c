#include <string.h>

#include "reports/matrix.h"
#include "reports/report.h"
#include "reports/shards.h"
#include "reports/text.h"

/* All in columns. */
enum {
    INDENT = 2,
    GAP = 2,         /* between columns */
    LABEL_MIN = 32,  /* of a fault's name; with less of it rows are not told apart */
    CELL_MAX = 30,   /* three outcomes and both ranges fit */
    NOTE_INDENT = 5, /* "[12] " */
    SIGN_COLUMNS = 10,
};

struct legend_row {
    const char *sign;
    const char *meaning;
};

static const struct legend_row LEGEND[] = {
    {"502 1/1", "what the client got; attempts at upstreams / requests that reached one whole"},
    {"502|504", "cases of this cell got different answers; 1-2 is the least and the most"},
    {"cut", "the response ended early, and the client could tell"},
    {"none", "the client got no byte of a response; reset: its connection was reset"},
    {"FAIL", "a case at level must failed; warn: one at level should or info did not hold"},
    {"ERROR", "a case could not be set up, or broke off: it proves nothing"},
    {"n/a", "this world or subject cannot make the fault faithfully; skip: left out"},
    {"*", "some methods of the column have no such case"},
    {"~", "the same of some cases of this cell; the others passed"},
    {"[1]", "runs of one case differ between worlds or repetitions, as told below the tables"},
    {".", "no such case"},
};

static const char *const MARK_WORDS[MARK_COUNT] = {
    [MARK_EMPTY] = ".",  [MARK_SKIPPED] = "skip", [MARK_UNSUPPORTED] = "n/a", [MARK_PASS] = "",
    [MARK_PARTLY] = "~", [MARK_ADVISED] = "warn", [MARK_ERROR] = "ERROR",     [MARK_FAIL] = "FAIL",
};

static const enum text_ink MARK_INKS[MARK_COUNT] = {
    [MARK_EMPTY] = INK_DIM,  [MARK_SKIPPED] = INK_DIM,  [MARK_UNSUPPORTED] = INK_DIM,
    [MARK_PASS] = INK_PLAIN, [MARK_PARTLY] = INK_PLAIN, [MARK_ADVISED] = INK_YELLOW,
    [MARK_ERROR] = INK_RED,  [MARK_FAIL] = INK_RED,
};

/* One stage on its way to the page. */
struct drawing {
    const struct matrix_stage *stage;
    const struct report_style *style;
    FILE *out;
    const char **cells; /* as they are written, in the stage's order */
    const char
        *headings[MATRIX_METHODS_MAX]; /* a column's methods in one line, where there is room */
    bool wide;                         /* there is */
    size_t widths[MATRIX_METHODS_MAX];
    size_t label_width;
};

static bool draw_stage(struct drawing *drawing, const struct matrix *matrix, struct region *region);
static void draw_notes(const struct matrix *matrix, size_t width, FILE *out);
static void draw_legend(const struct report_style *style, FILE *out);

void report_matrix(const struct run_result *run, const struct report_style *style, FILE *out)
{
    struct region region;
    region_init(&region, REPORT_BYTES_MAX);
    char count[TEXT_COUNT_BYTES];
    char shards[SHARDS_WORDS_BYTES];
    fputs("retryproof ", out);
    text_put(run->version, out);
    fprintf(out, ", %s %s, worlds: ", text_count(run->case_count, count),
            run->case_count == 1 ? "case" : "cases");
    text_put(run->worlds, out);
    fprintf(out, ", seed %llu", (unsigned long long)run->seed);
    if (shards_words(run, shards))
        fprintf(out, ", %s", shards);
    fputs("\n\n", out);

    const struct matrix *matrix = matrix_fold(run, &region);
    bool whole = matrix != NULL;
    for (const struct matrix_stage *stage = whole ? matrix->stages : NULL; stage != NULL && whole;
         stage = stage->next) {
        struct drawing drawing = {.stage = stage, .style = style, .out = out};
        whole = draw_stage(&drawing, matrix, &region);
    }
    if (whole) {
        draw_notes(matrix, report_width(style), out);
        draw_legend(style, out);
    } else {
        fputs("The rest of the matrix is left out: it does not fit in memory.\n", out);
    }
    region_release(&region);
}

/* The mark comes first: a cell that is too long is cut at its end, and a failure must be seen. */
static const char *display_text(const struct matrix_cell *cell, struct region *region)
{
    const char *mark = MARK_WORDS[cell->mark];
    const char *gap = cell->text[0] != '\0' && mark[0] != '\0' ? " " : "";
    const char *star = cell->partial ? "*" : "";
    if (cell->note == 0)
        return region_format(region, "%s%s%s%s", mark, gap, cell->text, star);
    return region_format(region, "%s%s%s%s [%u]", mark, gap, cell->text, star, cell->note);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Makes the cells' texts and finds how wide each column must be; false without memory. */
static bool fill_columns(struct drawing *drawing, struct region *region)
{
    const struct matrix_stage *stage = drawing->stage;
    const size_t count = stage->fault_count * stage->column_count;
    drawing->cells = region_take(region, count * sizeof(drawing->cells[0]));
    if (drawing->cells == NULL)
        return false;
    for (size_t column = 0; column < stage->column_count; column++) {
        const struct matrix_column *methods = &stage->columns[column];
        drawing->headings[column] = methods->methods[0];
        drawing->widths[column] = text_columns(methods->methods[0]);
        for (size_t i = 1; i < methods->method_count; i++) {
            drawing->headings[column] =
                region_format(region, "%s %s", drawing->headings[column], methods->methods[i]);
            if (drawing->headings[column] == NULL)
                return false;
            drawing->widths[column] =
                larger(drawing->widths[column], text_columns(methods->methods[i]));
        }
    }
    for (size_t i = 0; i < count; i++) {
        drawing->cells[i] = display_text(&stage->cells[i], region);
        if (drawing->cells[i] == NULL)
            return false;
        size_t *width = &drawing->widths[i % stage->column_count];
        *width = larger(*width, text_columns(drawing->cells[i]));
    }
    return true;
}

/* Puts the methods of each column in one line if all of them fit beside the faults. */
static void widen_headings(struct drawing *drawing, size_t room)
{
    const struct matrix_stage *stage = drawing->stage;
    size_t total = 0;
    for (size_t column = 0; column < stage->column_count; column++)
        total += GAP + larger(drawing->widths[column], text_columns(drawing->headings[column]));
    drawing->wide = total <= room;
    for (size_t column = 0; drawing->wide && column < stage->column_count; column++)
        drawing->widths[column] =
            larger(drawing->widths[column], text_columns(drawing->headings[column]));
}

/* Shares the page out. The faults' names give way before the columns do. */
static void fit_page(struct drawing *drawing)
{
    const struct matrix_stage *stage = drawing->stage;
    const size_t width = report_width(drawing->style);
    size_t total = INDENT;
    for (size_t column = 0; column < stage->column_count; column++)
        drawing->widths[column] = smaller(drawing->widths[column], CELL_MAX);
    drawing->label_width = strlen("fault");
    for (size_t i = 0; i < stage->fault_count; i++)
        drawing->label_width = larger(drawing->label_width, text_columns(stage->faults[i]));
    if (INDENT + drawing->label_width < width)
        widen_headings(drawing, width - INDENT - drawing->label_width);
    for (size_t column = 0; column < stage->column_count; column++)
        total += GAP + drawing->widths[column];
    const size_t room = larger(width > total ? width - total : 0, LABEL_MIN);
    drawing->label_width = smaller(drawing->label_width, room);
}

/* The column after the last one that fits beside the faults, when first is the first of them. */
static size_t band_end(const struct drawing *drawing, size_t first)
{
    size_t used = INDENT + drawing->label_width;
    size_t end = first;
    while (end < drawing->stage->column_count) {
        used += GAP + drawing->widths[end];
        if (used > report_width(drawing->style) && end > first)
            break;
        end++;
    }
    return end;
}

static size_t heading_lines(const struct drawing *drawing, size_t column)
{
    return drawing->wide ? 1 : drawing->stage->columns[column].method_count;
}

static const char *heading_at(const struct drawing *drawing, size_t column, size_t line)
{
    if (line >= heading_lines(drawing, column))
        return "";
    return drawing->wide ? drawing->headings[column]
                         : drawing->stage->columns[column].methods[line];
}

/* Methods that do not fit in a line stand below each other, without empty lines at their foot. */
static void draw_heading(const struct drawing *drawing, size_t first, size_t end)
{
    size_t lines = 1;
    for (size_t column = first; column < end; column++)
        lines = larger(lines, heading_lines(drawing, column));
    for (size_t line = 0; line < lines; line++) {
        size_t last = end - 1;
        while (line >= heading_lines(drawing, last))
            last--;
        text_put_spaces(INDENT, drawing->out);
        text_put_cell(line == 0 ? "fault" : "", drawing->label_width, drawing->out);
        for (size_t column = first; column < last; column++) {
            text_put_spaces(GAP, drawing->out);
            text_put_cell(heading_at(drawing, column, line), drawing->widths[column], drawing->out);
        }
        text_put_spaces(GAP, drawing->out);
        text_put_cut(heading_at(drawing, last, line), drawing->widths[last], drawing->out);
        fputc('\n', drawing->out);
    }
}

static void draw_rule(const struct drawing *drawing, size_t first, size_t end)
{
    static const char DASHES[] = "------------------------------------------------------------";
    text_put_spaces(INDENT, drawing->out);
    for (size_t left = drawing->label_width; left > 0;) {
        const size_t size = left < sizeof(DASHES) - 1 ? left : sizeof(DASHES) - 1;
        fwrite(DASHES, 1, size, drawing->out);
        left -= size;
    }
    for (size_t column = first; column < end; column++) {
        text_put_spaces(GAP, drawing->out);
        fwrite(DASHES, 1, drawing->widths[column], drawing->out);
    }
    fputc('\n', drawing->out);
}

static void draw_row(const struct drawing *drawing, size_t row, size_t first, size_t end)
{
    const struct matrix_stage *stage = drawing->stage;
    text_put_spaces(INDENT, drawing->out);
    text_put_cell(stage->faults[row], drawing->label_width, drawing->out);
    for (size_t column = first; column < end; column++) {
        const size_t at = row * stage->column_count + column;
        const enum text_ink ink = MARK_INKS[stage->cells[at].mark];
        const bool colour = drawing->style->colour && ink != INK_PLAIN;
        text_put_spaces(GAP, drawing->out);
        text_ink(ink, colour, drawing->out);
        const size_t used = text_put_cut(drawing->cells[at], drawing->widths[column], drawing->out);
        text_ink(INK_PLAIN, colour, drawing->out);
        if (column + 1 < end)
            text_put_spaces(drawing->widths[column] - used, drawing->out);
    }
    fputc('\n', drawing->out);
}

static bool draw_stage(struct drawing *drawing, const struct matrix *matrix, struct region *region)
{
    const struct matrix_stage *stage = drawing->stage;
    if (!fill_columns(drawing, region))
        return false;
    fit_page(drawing);
    text_put(stage->word, drawing->out);
    if (stage->meaning[0] != '\0')
        fprintf(drawing->out, ": %s", stage->meaning);
    if (matrix->subject_count > 1) {
        fputs(" -- subject ", drawing->out);
        text_put(stage->subject, drawing->out);
    }
    fputc('\n', drawing->out);
    for (size_t first = 0; first < stage->column_count;) {
        const size_t end = band_end(drawing, first);
        draw_heading(drawing, first, end);
        draw_rule(drawing, first, end);
        for (size_t row = 0; row < stage->fault_count; row++)
            draw_row(drawing, row, first, end);
        fputc('\n', drawing->out);
        first = end;
    }
    return true;
}

static void draw_notes(const struct matrix *matrix, size_t width, FILE *out)
{
    unsigned number = 0;
    for (const struct matrix_note *note = matrix->notes; note != NULL; note = note->next) {
        if (number == 0)
            fputs("Runs of one case that differ\n", out);
        char label[16];
        snprintf(label, sizeof(label), "[%u]", ++number);
        text_put_cell(label, NOTE_INDENT, out);
        text_put_wrapped(note->text, NOTE_INDENT, width, out);
        if (note->cases > 1)
            fprintf(out, " (and %zu more of this cell)", note->cases - 1);
        fputc('\n', out);
    }
    if (number > 0)
        fputc('\n', out);
}

static void draw_legend(const struct report_style *style, FILE *out)
{
    fputs("How to read a cell\n", out);
    for (size_t i = 0; i < COUNT_OF(LEGEND); i++) {
        text_put_spaces(INDENT, out);
        text_put_cell(LEGEND[i].sign, SIGN_COLUMNS, out);
        text_put_wrapped(LEGEND[i].meaning, INDENT + SIGN_COLUMNS, report_width(style), out);
        fputc('\n', out);
    }
}
