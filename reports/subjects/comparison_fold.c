#include "reports/subjects/comparison_fold.h"

#include <stdlib.h>
#include <string.h>

#include "reports/cell.h"
#include "reports/matrix.h"
#include "world/base/failure.h"

const struct legend_row COMPARISON_LEGEND[] = {
    {"502 1/1", "what the client got; attempts at upstreams / requests that reached one whole",
     NULL, NULL},
    {"502|504", "cases of this cell got different answers; 1-2 is the least and the most", "|",
     NULL},
    {"cut", "the response ended early, and the client could tell", " cut", NULL},
    {"closed", "the client's connection ended without an answer, by FIN or by RST", "closed", NULL},
    {"left", "the client had left before an answer came", "left", NULL},
    {"garbage", "the client got bytes that are no response", "garbage", NULL},
    {"hang", "the client had no end of anything when its patience ended", "hang", NULL},
    {"!!",
     "a harm was done that nobody can want; !: one that somebody may accept; the first table "
     "counts them",
     "!", NULL},
    {"?[1]", "racy: a case of this cell went more than one way, as told below the tables", "?",
     NULL},
    {"FAIL", "breaks a must of the declared policy", "FAIL", NULL},
    {"warn", "breaks a should or an advice of the declared policy", "warn", NULL},
    {"setup", "what the case needs first did not come about, or it broke off: it shows nothing",
     "setup", NULL},
    {"n/a", "the proxy cannot be asked this", "n/a", NULL},
    {"skip", "left out", "skip", NULL},
    {"~", "the same of some cases of this cell", "~", NULL},
    {".", "no such case", ".", NULL},
    {"all", "every method that has this fault: no column tells them apart", NULL, "all"},
    {"idempotent", "every one that RFC 9110 9.2.2 calls so", NULL, "idempotent"},
    {NULL, NULL, NULL, NULL},
};

static bool row_needs(const struct table_row *row, size_t cell_count,
                      const struct legend_row *legend)
{
    if (legend->label != NULL && strcmp(row->labels[1], legend->label) == 0)
        return true;
    for (size_t i = 0; i < cell_count && legend->in_cell != NULL; i++)
        if (strstr(row->cells[i].text, legend->in_cell) != NULL)
            return true;
    return false;
}

bool comparison_needs(const struct comparison *comparison, const struct legend_row *row)
{
    if (row->in_cell == NULL && row->label == NULL)
        return true;
    for (const struct table *table = comparison->stages; table != NULL; table = table->next)
        for (size_t i = 0; i < table->row_count; i++)
            if (row_needs(&table->rows[i], table->column_count, row))
                return true;
    return false;
}

static const char *const MARK_WORDS[MARK_COUNT] = {
    [MARK_EMPTY] = ".",  [MARK_SKIPPED] = "skip", [MARK_UNSUPPORTED] = "n/a", [MARK_PASS] = "",
    [MARK_PARTLY] = "~", [MARK_ADVISED] = "warn", [MARK_ERROR] = "setup",     [MARK_FAIL] = "FAIL",
};

/* One case of one column on its way into a cell. */
struct entry {
    const struct observed_case *one;
    unsigned column;
    unsigned stage; /* STAGE_COUNT for a word that is not a stage's */
};

/* Entries beside each other in the sorted list. */
struct entries {
    const struct entry *begin;
    const struct entry *end;
};

struct fold {
    struct region *region;
    const struct comparison_input *input;
    struct comparison *comparison;
    const struct table_column *columns;
    struct table **next_stage;
    struct comparison_note **next_note;
    unsigned note_count;
};

/* A row of one fault and one method, before rows that no column tells apart become one. */
struct draft_row {
    const char *method;
    const struct table_cell *cells;
    bool joined; /* into an earlier one */
};

static struct entry *sorted_entries(struct fold *fold, size_t *count);
static bool fold_stage(struct fold *fold, const struct entries *entries);

typedef int entry_compare(const void *a, const void *b);
static int compare_stages(const void *a, const void *b);
static int compare_faults(const void *a, const void *b);
static int compare_methods(const void *a, const void *b);
static int compare_columns(const void *a, const void *b);

/* The entries at the front that are alike. */
static struct entries front_of(const struct entries *list, entry_compare *compare)
{
    const struct entry *end = list->begin + 1;
    while (end < list->end && compare(list->begin, end) == 0)
        end++;
    return (struct entries){list->begin, end};
}

struct comparison *comparison_fold(const struct comparison_input *input, struct region *region)
{
    check(input->run_count <= COMPARISON_COLUMNS_MAX);
    struct fold fold = {.region = region, .input = input};
    size_t count = 0;
    fold.comparison = region_take(region, sizeof(*fold.comparison));
    fold.columns = comparison_columns(input, region);
    const struct entry *entries = sorted_entries(&fold, &count);
    if (fold.comparison == NULL || fold.columns == NULL || entries == NULL)
        return NULL;
    fold.next_stage = &fold.comparison->stages;
    fold.next_note = &fold.comparison->notes;

    struct entries rest = {entries, entries + count};
    while (rest.begin < rest.end) {
        const struct entries stage = front_of(&rest, compare_stages);
        if (!fold_stage(&fold, &stage))
            return NULL;
        rest.begin = stage.end;
    }
    fold.comparison->counts = comparison_count_cases(input, region);
    if (fold.comparison->counts == NULL ||
        !comparison_fold_buffering(input, region, &fold.comparison->buffering))
        return NULL;
    return fold.comparison;
}

struct table_column *comparison_columns(const struct comparison_input *input, struct region *region)
{
    struct table_column *columns = region_take(region, (input->run_count + 1) * sizeof(*columns));
    for (size_t i = 0; i < input->run_count && columns != NULL; i++)
        columns[i] = (struct table_column){.group = input->runs[i]->subject,
                                           .head = input->runs[i]->profile};
    return columns;
}

/* ---- the order of rows ---- */

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_stages(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    const int order = compare_numbers(left->stage, right->stage);
    return order != 0 ? order : strcmp(left->one->stage, right->one->stage);
}

static int compare_faults(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    const int order = compare_stages(a, b);
    /* Numbers in a fault are read as numbers: "after 64 bytes" comes before "after 1024 bytes". */
    return order != 0 ? order : strverscmp(left->one->fault, right->one->fault);
}

static int compare_methods(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    const int order = compare_faults(a, b);
    return order != 0 ? order : matrix_compare_methods(left->one->method, right->one->method);
}

static int compare_columns(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    const int order = compare_methods(a, b);
    return order != 0 ? order : compare_numbers(left->column, right->column);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    const int order = compare_columns(a, b);
    return order != 0 ? order : strcmp(left->one->id, right->one->id);
}

static struct entry *sorted_entries(struct fold *fold, size_t *count)
{
    size_t total = 0;
    for (size_t i = 0; i < fold->input->run_count; i++)
        total += fold->input->runs[i]->case_count;
    struct entry *entries = region_take(fold->region, (total + 1) * sizeof(*entries));
    if (entries == NULL)
        return NULL;
    for (unsigned column = 0; column < fold->input->run_count; column++) {
        const struct observed_run *run = fold->input->runs[column];
        for (size_t i = 0; i < run->case_count; i++) {
            enum stage stage = STAGE_COUNT;
            if (!stage_from_word(run->cases[i].stage, &stage))
                stage = STAGE_COUNT;
            entries[(*count)++] =
                (struct entry){.one = &run->cases[i], .column = column, .stage = stage};
        }
    }
    qsort(entries, total, sizeof(*entries), compare_entries);
    return entries;
}

/* ---- cells ---- */

const char *comparison_way_text(const struct observation *way, struct region *region)
{
    if (!observation_has_outcome(way))
        return verdict_word(way->verdict);
    return region_format(region, "%s %u/%u", way->client != NULL ? way->client : "-",
                         observation_attempts(way), observation_delivered(way));
}

static bool attempts_differ(const struct observed_case *one)
{
    for (size_t i = 1; i < one->way_count; i++) {
        if (observation_attempts(&one->ways[i]) != observation_attempts(&one->ways[0]))
            return true;
    }
    return false;
}

const char *comparison_racy_text(const struct observed_case *one, struct region *region)
{
    const bool by_attempts = attempts_differ(one);
    const char *text = "";
    for (size_t i = 0; i < one->way_count && text != NULL; i++) {
        const struct observation *way = &one->ways[i];
        const unsigned attempts = observation_attempts(way);
        const char *comma = i > 0 ? ", " : "";
        const char *outcome = comparison_way_text(way, region);
        if (outcome == NULL)
            return NULL;
        text = by_attempts ? region_format(region, "%s%s%u attempt%s in %u of %u (%s)", text, comma,
                                           attempts, attempts == 1 ? "" : "s", way->times,
                                           one->played, outcome)
                           : region_format(region, "%s%s%s in %u of %u", text, comma, outcome,
                                           way->times, one->played);
    }
    return text;
}

/* Gives the cell a note if one of its cases is racy; *number stays 0 if none is. False without memory. */
static bool note_races(struct fold *fold, const struct entries *cases, unsigned *number)
{
    struct comparison_note *note = NULL;
    for (const struct entry *entry = cases->begin; entry < cases->end; entry++) {
        if (!observed_is_racy(entry->one))
            continue;
        if (note != NULL) {
            note->more++;
            continue;
        }
        const struct observed_run *run = fold->input->runs[entry->column];
        const char *text = comparison_racy_text(entry->one, fold->region);
        note = region_take(fold->region, sizeof(*note));
        if (text == NULL || note == NULL)
            return false;
        note->text = region_format(fold->region, "%s / %s, %s / %s / %s: %s: %s", run->subject,
                                   run->profile, entry->one->stage, entry->one->fault,
                                   entry->one->method, text, entry->one->id);
        *number = ++fold->note_count;
        *fold->next_note = note;
        fold->next_note = &note->next;
    }
    return note == NULL || note->text != NULL;
}

const char *comparison_gravity_mark(unsigned gravity)
{
    static const char *const MARKS[] = {"", "!", "!!"};
    check(gravity < COUNT_OF(MARKS));
    return MARKS[gravity];
}

enum text_ink comparison_gravity_ink(unsigned gravity)
{
    static const enum text_ink INKS[] = {INK_PLAIN, INK_YELLOW, INK_RED};
    check(gravity < COUNT_OF(INKS));
    return INKS[gravity];
}

static enum text_ink ink_of(enum matrix_mark mark, unsigned gravity)
{
    if (mark == MARK_FAIL || mark == MARK_ERROR)
        return INK_RED;
    if (gravity > 0)
        return comparison_gravity_ink(gravity);
    if (mark == MARK_ADVISED)
        return INK_YELLOW;
    return mark == MARK_UNSUPPORTED || mark == MARK_SKIPPED ? INK_DIM : INK_PLAIN;
}

/* The cases of one fault, method and column. The marks come first: a cell that is too long is cut at its end. */
static bool make_cell(struct fold *fold, const struct entries *cases, struct table_cell *out)
{
    struct cell cell = {.client_count = 0};
    unsigned long harms = 0;
    unsigned note = 0;
    for (const struct entry *entry = cases->begin; entry < cases->end; entry++) {
        harms |= observed_harms(entry->one);
        for (size_t i = 0; i < entry->one->way_count; i++) {
            const struct observation *way = &entry->one->ways[i];
            const struct case_result result = {
                .verdict = way->verdict,
                .level = way->level,
                .client = way->client,
                .attempts = observation_attempts(way),
                .delivered = observation_delivered(way),
            };
            cell_add(&cell, &result);
        }
    }
    const char *text = cell_text(&cell, fold->region);
    if (text == NULL || !note_races(fold, cases, &note))
        return false;
    const enum matrix_mark mark = cell_mark(&cell);
    const unsigned gravity = observed_gravity(harms);
    const char *word = MARK_WORDS[mark];
    const bool marked = word[0] != '\0' || gravity > 0 || note > 0;
    const char *marks =
        region_format(fold->region, "%s%s%s%s", word, comparison_gravity_mark(gravity),
                      note > 0 ? "?" : "", marked && text[0] != '\0' ? " " : "");
    if (marks == NULL)
        return false;
    out->ink = ink_of(mark, gravity);
    out->text = note > 0 ? region_format(fold->region, "%s%s [%u]", marks, text, note)
                         : region_format(fold->region, "%s%s", marks, text);
    return out->text != NULL;
}

/* ---- rows ---- */

static bool make_cells(struct fold *fold, const struct entries *method, struct draft_row *row)
{
    struct table_cell *cells =
        region_take(fold->region, (fold->input->run_count + 1) * sizeof(*cells));
    if (cells == NULL)
        return false;
    for (size_t i = 0; i < fold->input->run_count; i++)
        cells[i] = (struct table_cell){.text = MARK_WORDS[MARK_EMPTY], .ink = INK_DIM};
    struct entries rest = *method;
    while (rest.begin < rest.end) {
        const struct entries column = front_of(&rest, compare_columns);
        if (!make_cell(fold, &column, &cells[column.begin->column]))
            return false;
        rest.begin = column.end;
    }
    *row = (struct draft_row){.method = method->begin->one->method, .cells = cells};
    return true;
}

static bool rows_agree(const struct fold *fold, const struct draft_row *a,
                       const struct draft_row *b)
{
    for (size_t i = 0; i < fold->input->run_count; i++) {
        if (strcmp(a->cells[i].text, b->cells[i].text) != 0)
            return false;
    }
    return true;
}

/* The methods of one fault: those of one row of it, and all. */
struct method_group {
    const struct draft_row *rows;
    size_t count;
    const bool *chosen; /* those that share the row */
};

enum {
    METHODS_NAMED_MAX = 2
}; /* more are told by what they have in common, where that has a name */

static const char *methods_label(struct region *region, const struct method_group *group)
{
    size_t chosen = 0;
    size_t idempotent = 0;
    size_t chosen_idempotent = 0;
    const char *text = "";
    for (size_t i = 0; i < group->count && text != NULL; i++) {
        const bool is_idempotent = matrix_method_is_idempotent(group->rows[i].method);
        idempotent += is_idempotent;
        if (!group->chosen[i])
            continue;
        chosen_idempotent += is_idempotent;
        text =
            region_format(region, "%s%s%s", text, chosen++ > 0 ? " " : "", group->rows[i].method);
    }
    if (text == NULL || chosen <= METHODS_NAMED_MAX)
        return text;
    if (chosen == group->count)
        return "all";
    return chosen == chosen_idempotent && chosen == idempotent ? "idempotent" : text;
}

/* Makes the rows of a fault out of its drafts; returns how many, 0 without memory. */
static size_t join_rows(struct fold *fold, struct draft_row *drafts, size_t count,
                        struct table_row *rows)
{
    bool *chosen = region_take(fold->region, count * sizeof(chosen[0]));
    size_t used = 0;
    for (size_t first = 0; chosen != NULL && first < count; first++) {
        if (drafts[first].joined)
            continue;
        for (size_t i = 0; i < count; i++) {
            chosen[i] =
                i >= first && !drafts[i].joined && rows_agree(fold, &drafts[first], &drafts[i]);
            drafts[i].joined |= chosen[i];
        }
        const struct method_group group = {drafts, count, chosen};
        rows[used].labels[1] = methods_label(fold->region, &group);
        rows[used].cells = drafts[first].cells;
        if (rows[used++].labels[1] == NULL)
            return 0;
    }
    return used;
}

/* The rows of one fault, appended to those of its stage. */
static bool fold_fault(struct fold *fold, const struct entries *fault, struct table_row *rows,
                       size_t *row_count)
{
    const size_t cases = (size_t)(fault->end - fault->begin);
    struct draft_row *drafts = region_take(fold->region, cases * sizeof(*drafts));
    if (drafts == NULL)
        return false;
    size_t count = 0;
    struct entries rest = *fault;
    while (rest.begin < rest.end) {
        const struct entries method = front_of(&rest, compare_methods);
        if (!make_cells(fold, &method, &drafts[count++]))
            return false;
        rest.begin = method.end;
    }
    const size_t joined = join_rows(fold, drafts, count, &rows[*row_count]);
    for (size_t i = 0; i < joined; i++)
        rows[*row_count + i].labels[0] = fault->begin->one->fault;
    *row_count += joined;
    return joined > 0;
}

static bool fold_stage(struct fold *fold, const struct entries *entries)
{
    struct table *table = region_take(fold->region, sizeof(*table));
    const size_t cases = (size_t)(entries->end - entries->begin);
    struct table_row *rows = region_take(fold->region, cases * sizeof(*rows));
    if (table == NULL || rows == NULL)
        return false;
    *table = (struct table){
        .title = entries->begin->one->stage,
        .meaning = matrix_stage_meaning(entries->begin->one->stage),
        .labels = {"fault", "methods"},
        .columns = fold->columns,
        .column_count = fold->input->run_count,
        .rows = rows,
    };
    struct entries rest = *entries;
    while (rest.begin < rest.end) {
        const struct entries fault = front_of(&rest, compare_faults);
        if (!fold_fault(fold, &fault, rows, &table->row_count))
            return false;
        rest.begin = fault.end;
    }
    *fold->next_stage = table;
    fold->next_stage = &table->next;
    return true;
}
