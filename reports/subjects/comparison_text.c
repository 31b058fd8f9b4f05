#include <string.h>

#include "reports/subjects/comparison_fold.h"

/* All in columns of a terminal. */
enum {
    INDENT = 2,
    GAP = 2,
    FAULT_MIN = 20,   /* of the first label; longer ones take more lines */
    METHODS_MIN = 12, /* of the second: "idempotent", or two methods */
    CELL_MIN = 8,     /* "at-most-", and "502 1/1" */
    CELL_MAX = 32,    /* three outcomes, both ranges and a mark fit; so do three sizes */
    HEAD_MAX = 13,    /* of one piece of a head: longer words are cut */
    GROUP_MAX = 21,   /* of a group's head: "http://127.0.0.1:8080" */
    HEAD_LINES = 4,   /* a profile's name is broken at its hyphens */
    SIGN_COLUMNS = 12,
    NOTE_INDENT = 5, /* "[12] " */
    NOTES_MAX = 40,  /* racy cells told below; more is a page that nobody reads */
};

/* One table on its way to the page. */
struct page {
    const struct table *table;
    const struct report_style *style;
    FILE *out;
    size_t label_widths[TABLE_LABELS];
    size_t longest_label; /* of the first ones */
    size_t *widths;
    const char *(*heads)[HEAD_LINES]; /* of each column; "" behind its last piece */
};

/* The columns of a table that stand beside each other on the page. */
struct band {
    size_t first;
    size_t end;
};

static bool draw_table(const struct table *table, const struct report_style *style,
                       struct region *region, FILE *out);
static void draw_notes(const struct comparison *comparison, size_t width, FILE *out);
static bool draw_columns(const struct comparison_input *input, size_t width, struct region *region,
                         FILE *out);
static void draw_legend(const struct comparison *comparison, size_t width, FILE *out);

void comparison_terminal(const struct comparison_input *input, const struct report_style *style,
                         FILE *out)
{
    struct region region;
    region_init(&region, COMPARISON_BYTES_MAX);
    const struct comparison *comparison = comparison_fold(input, &region);
    bool whole = comparison != NULL && draw_table(comparison->counts, style, &region, out);
    for (const struct table *table = whole ? comparison->stages : NULL; table != NULL && whole;
         table = table->next)
        whole = draw_table(table, style, &region, out);
    if (whole && comparison->buffering != NULL)
        whole = draw_table(comparison->buffering, style, &region, out);
    if (whole)
        draw_notes(comparison, report_width(style), out);
    whole = whole && draw_columns(input, report_width(style), &region, out);
    if (whole)
        draw_legend(comparison, report_width(style), out);
    else
        fputs("The rest of the comparison is left out: it does not fit in memory.\n", out);
    region_release(&region);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- how wide each column is ---- */

/* The bytes of the piece that text begins with: up to and with the next hyphen. */
static size_t piece_size(const char *text)
{
    const size_t size = strcspn(text, "-");
    return text[size] == '-' ? size + 1 : size;
}

/* The columns that the longest piece fills. */
static size_t longest_piece(const char *text, struct region *region)
{
    size_t most = 0;
    while (*text != '\0') {
        const size_t size = piece_size(text);
        const char *piece = region_copy_text(region, text, size);
        most = larger(most, piece != NULL ? text_columns(piece) : size);
        text += size;
    }
    return most;
}

/* Breaks the head into lines of at most width columns; what does not fit stays in the last one and is cut. */
static bool break_head(const char *text, size_t width, struct region *region,
                       const char *lines[HEAD_LINES])
{
    for (size_t line = 0; line < HEAD_LINES; line++) {
        size_t size = line + 1 == HEAD_LINES ? strlen(text) : piece_size(text);
        lines[line] = region_copy_text(region, text, size);
        while (lines[line] != NULL && text[size] != '\0') {
            const size_t longer = size + piece_size(text + size);
            const char *candidate = region_copy_text(region, text, longer);
            if (candidate == NULL || text_columns(candidate) > width)
                break;
            lines[line] = candidate;
            size = longer;
        }
        if (lines[line] == NULL)
            return false;
        text += size;
    }
    return true;
}

static bool same_group(const struct table *table, size_t a, size_t b)
{
    return strcmp(table->columns[a].group, table->columns[b].group) == 0;
}

/* The column after the last one of the same subject. */
static size_t group_end(const struct table *table, size_t first)
{
    size_t end = first + 1;
    while (end < table->column_count && same_group(table, first, end))
        end++;
    return end;
}

static size_t columns_width(const struct page *page, size_t first, size_t end)
{
    size_t width = 0;
    for (size_t i = first; i < end; i++)
        width += GAP + page->widths[i];
    return width;
}

static void fit_labels(struct page *page)
{
    const struct table *table = page->table;
    const size_t width = report_width(page->style);
    const size_t share = table->labels[1][0] == '\0' ? width / 2 : width * 2 / 5;
    for (size_t label = 0; label < TABLE_LABELS; label++) {
        page->label_widths[label] = text_columns(table->labels[label]);
        for (size_t row = 0; row < table->row_count; row++)
            page->label_widths[label] =
                larger(page->label_widths[label], text_columns(table->rows[row].labels[label]));
    }
    page->longest_label = page->label_widths[0];
    page->label_widths[1] = smaller(page->label_widths[1], larger(METHODS_MIN, width / 5));
    const size_t rest = share > page->label_widths[1] ? share - page->label_widths[1] : 0;
    page->label_widths[0] = smaller(page->label_widths[0], larger(rest, FAULT_MIN));
}

/* What is left for columns. */
static size_t room_of(const struct page *page)
{
    const size_t labels = INDENT + page->label_widths[0] + GAP + page->label_widths[1];
    const size_t width = report_width(page->style);
    check(width >= labels);
    return width - labels;
}

/* The last column of a subject is widened where the subject's name needs it. */
static void widen_groups(struct page *page)
{
    for (size_t first = 0; first < page->table->column_count;) {
        const size_t end = group_end(page->table, first);
        const size_t used = columns_width(page, first, end) - GAP;
        const size_t name = smaller(text_columns(page->table->columns[first].group),
                                    smaller(GROUP_MAX, room_of(page) - GAP));
        if (name > used)
            page->widths[end - 1] += name - used;
        first = end;
    }
}

static bool fit_columns(struct page *page, struct region *region)
{
    const struct table *table = page->table;
    page->widths = region_take(region, (table->column_count + 1) * sizeof(page->widths[0]));
    page->heads = region_take(region, (table->column_count + 1) * sizeof(page->heads[0]));
    if (page->widths == NULL || page->heads == NULL)
        return false;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t width = CELL_MIN;
        for (size_t row = 0; row < table->row_count; row++)
            width = larger(width, text_columns(table->rows[row].cells[i].text));
        width = larger(smaller(width, smaller(CELL_MAX, room_of(page) - GAP)),
                       smaller(longest_piece(table->columns[i].head, region), HEAD_MAX));
        page->widths[i] = width;
    }
    widen_groups(page);
    for (size_t i = 0; i < table->column_count; i++) {
        if (!break_head(table->columns[i].head, page->widths[i], region, page->heads[i]))
            return false;
    }
    return true;
}

/* As many columns as fit behind the labels; those of one subject stay together if they can. */
static struct band next_band(const struct page *page, size_t first)
{
    const size_t room = room_of(page);
    size_t end = first;
    while (end < page->table->column_count) {
        const size_t next = group_end(page->table, end);
        if (columns_width(page, first, next) > room)
            break;
        end = next;
    }
    while (end == first ||
           (end < page->table->column_count && same_group(page->table, first, end) &&
            columns_width(page, first, end + 1) <= room))
        end++;
    return (struct band){first, end};
}

/* What no band needs is the first label's. */
static void widen_label(struct page *page)
{
    const size_t room = room_of(page);
    size_t spare = room;
    for (size_t first = 0; first < page->table->column_count;) {
        const struct band band = next_band(page, first);
        const size_t used = columns_width(page, band.first, band.end);
        spare = smaller(spare, room > used ? room - used : 0);
        first = band.end;
    }
    page->label_widths[0] = smaller(page->longest_label, page->label_widths[0] + spare);
}

/* ---- drawing ---- */

static void draw_labels(const struct page *page, const char *first, const char *second)
{
    text_put_spaces(INDENT, page->out);
    text_put_cell(first, page->label_widths[0], page->out);
    if (page->label_widths[1] == 0)
        return;
    text_put_spaces(GAP, page->out);
    text_put_cell(second, page->label_widths[1], page->out);
}

/* Spaces only come before something, so that no line ends in them. */
struct pending {
    size_t spaces;
};

static void draw_text(const struct page *page, struct pending *pending, const char *text,
                      size_t width)
{
    pending->spaces += GAP;
    if (text[0] == '\0') {
        pending->spaces += width;
        return;
    }
    text_put_spaces(pending->spaces, page->out);
    pending->spaces = width - text_put_cut(text, width, page->out);
}

static void draw_groups(const struct page *page, const struct band *band)
{
    struct pending pending = {0};
    draw_labels(page, page->table->labels[0], page->table->labels[1]);
    for (size_t i = band->first; i < band->end;) {
        const size_t end = smaller(group_end(page->table, i), band->end);
        draw_text(page, &pending, page->table->columns[i].group, columns_width(page, i, end) - GAP);
        i = end;
    }
    fputc('\n', page->out);
}

static void draw_heads(const struct page *page, const struct band *band)
{
    for (size_t line = 0; line < HEAD_LINES; line++) {
        bool any = false;
        for (size_t i = band->first; i < band->end; i++)
            any |= page->heads[i][line][0] != '\0';
        if (!any)
            return;
        const size_t second = page->label_widths[1] > 0 ? GAP + page->label_widths[1] : 0;
        struct pending pending = {INDENT + page->label_widths[0] + second};
        for (size_t i = band->first; i < band->end; i++)
            draw_text(page, &pending, page->heads[i][line], page->widths[i]);
        fputc('\n', page->out);
    }
}

static void draw_dashes(size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        fputc('-', out);
}

static void draw_rule(const struct page *page, const struct band *band)
{
    text_put_spaces(INDENT, page->out);
    draw_dashes(page->label_widths[0], page->out);
    if (page->label_widths[1] > 0) {
        text_put_spaces(GAP, page->out);
        draw_dashes(page->label_widths[1], page->out);
    }
    for (size_t i = band->first; i < band->end; i++) {
        text_put_spaces(GAP, page->out);
        draw_dashes(page->widths[i], page->out);
    }
    fputc('\n', page->out);
}

/* Takes as many words off the front of *text as fit, and shows them; a first word that is too long is cut. Returns the columns. */
static size_t draw_words(const char **text, size_t width, FILE *out)
{
    const char *end = *text; /* behind the last word that fits */
    const char *at = *text;
    size_t used = 0;
    size_t filled = 0;
    struct text_glyph glyph;
    while (used <= width && text_next(&at, &glyph)) {
        used += glyph.columns;
        if (used <= width && (*at == ' ' || *at == '\0')) {
            end = at;
            filled = used;
        }
    }
    if (end == *text) {
        filled = text_put_cut(*text, width, out);
        *text += strlen(*text);
        return filled;
    }
    while (*text < end && text_next(text, &glyph))
        fwrite(glyph.bytes, 1, glyph.size, out);
    *text += strspn(*text, " ");
    return filled;
}

/* The words of both labels that fit in one line; returns the columns that are left of it. */
static size_t draw_label_line(const struct page *page, const char **fault, const char **methods)
{
    text_put_spaces(INDENT, page->out);
    const size_t left = page->label_widths[0] - draw_words(fault, page->label_widths[0], page->out);
    if (page->label_widths[1] == 0)
        return left;
    if ((*methods)[0] == '\0')
        return left + GAP + page->label_widths[1];
    text_put_spaces(left + GAP, page->out);
    return page->label_widths[1] - draw_words(methods, page->label_widths[1], page->out);
}

static void draw_cells(const struct page *page, const struct band *band,
                       const struct table_row *row, size_t spaces)
{
    for (size_t i = band->first; i < band->end; i++) {
        const struct table_cell *cell = &row->cells[i];
        const bool colour = page->style->colour && cell->ink != INK_PLAIN;
        text_put_spaces(spaces + GAP, page->out);
        text_ink(cell->ink, colour, page->out);
        spaces = page->widths[i] - text_put_cut(cell->text, page->widths[i], page->out);
        text_ink(INK_PLAIN, colour, page->out);
    }
}

/* The row has the first label of the one before it. */
static bool goes_on(const struct table *table, size_t row)
{
    return row > 0 && row < table->row_count && table->rows[row].labels[1][0] != '\0' &&
           strcmp(table->rows[row - 1].labels[0], table->rows[row].labels[0]) == 0;
}

/* A fault is named once, above and beside the methods that it was tried with; *fault is what is left of its name. */
static void draw_row(const struct page *page, const struct band *band, size_t at,
                     const char **fault)
{
    const struct table_row *row = &page->table->rows[at];
    const char *methods = row->labels[1];
    if (!goes_on(page->table, at))
        *fault = row->labels[0];
    draw_cells(page, band, row, draw_label_line(page, fault, &methods));
    fputc('\n', page->out);
    const bool last = !goes_on(page->table, at + 1);
    while (methods[0] != '\0' || (last && (*fault)[0] != '\0')) {
        (void)draw_label_line(page, fault, &methods);
        fputc('\n', page->out);
    }
}

static bool draw_table(const struct table *table, const struct report_style *style,
                       struct region *region, FILE *out)
{
    struct page page = {.table = table, .style = style, .out = out};
    fit_labels(&page);
    if (!fit_columns(&page, region))
        return false;
    widen_label(&page);
    const char *title = table->meaning[0] == '\0'
                            ? table->title
                            : region_format(region, "%s: %s", table->title, table->meaning);
    if (title == NULL)
        return false;
    text_put_wrapped(title, 0, report_width(style), out);
    fputc('\n', out);
    for (size_t first = 0; first < table->column_count;) {
        const struct band band = next_band(&page, first);
        draw_groups(&page, &band);
        draw_heads(&page, &band);
        draw_rule(&page, &band);
        const char *fault = "";
        for (size_t row = 0; row < table->row_count; row++)
            draw_row(&page, &band, row, &fault);
        fputc('\n', out);
        first = band.end;
    }
    return true;
}

/* ---- below the tables ---- */

static void draw_notes(const struct comparison *comparison, size_t width, FILE *out)
{
    unsigned number = 0;
    for (const struct comparison_note *note = comparison->notes; note != NULL; note = note->next) {
        if (number++ == 0)
            fputs("Racy cases: another run may show other shares\n", out);
        if (number > NOTES_MAX)
            continue;
        char label[16];
        snprintf(label, sizeof(label), "[%u]", number);
        text_put_cell(label, NOTE_INDENT, out);
        text_put_wrapped(note->text, NOTE_INDENT, width, out);
        if (note->more > 0)
            fprintf(out, " (and %zu more of this cell)", note->more);
        fputc('\n', out);
    }
    if (number > NOTES_MAX)
        fprintf(out, "and %u more\n", number - NOTES_MAX);
    if (number > 0)
        fputc('\n', out);
}

static bool draw_columns(const struct comparison_input *input, size_t width, struct region *region,
                         FILE *out)
{
    fputs("The columns\n", out);
    for (size_t i = 0; i < input->run_count; i++) {
        const struct observed_run *run = input->runs[i];
        const char *text = region_format(region, "%s / %s%s%s, judged by %s: %s", run->subject,
                                         run->profile, run->version[0] != '\0' ? ", version " : "",
                                         run->version, run->expect, run->profile_meaning);
        if (text == NULL)
            return false;
        text_put_spaces(INDENT, out);
        text_put_wrapped(text, 2 * INDENT, width, out);
        fputc('\n', out);
    }
    fputc('\n', out);
    return true;
}

static void draw_legend(const struct comparison *comparison, size_t width, FILE *out)
{
    fputs("How to read a cell\n", out);
    for (const struct legend_row *row = COMPARISON_LEGEND; row->sign != NULL; row++) {
        if (!comparison_needs(comparison, row))
            continue;
        text_put_spaces(INDENT, out);
        text_put_cell(row->sign, SIGN_COLUMNS, out);
        text_put_wrapped(row->meaning, INDENT + SIGN_COLUMNS, width, out);
        fputc('\n', out);
    }
}
