#include "reports/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "reports/cell.h"
#include "world/base/failure.h"

static const char METHODS_PAST_THE_LIMIT[] = "others";

/* The first are idempotent (RFC 9110 9.2.2), so that the boundary of most rules is one vertical line. */
static const char *const METHOD_ORDER[] = {"GET",    "HEAD", "OPTIONS", "TRACE",  "PUT",
                                           "DELETE", "POST", "PATCH",   "CONNECT"};
enum { IDEMPOTENT_METHODS = 6 }; /* the first of them */

static const char *const MEANINGS[STAGE_COUNT] = {
    [STAGE_ROUTE] = "no attempt has begun",
    [STAGE_RESOLVE] = "a name is being looked up",
    [STAGE_DIAL] = "connecting",
    [STAGE_HANDSHAKE] = "TLS, before the first byte of the request",
    [STAGE_PRE_WRITE] = "connected, no byte of the request handed over",
    [STAGE_MID_WRITE] = "a part of the request handed over",
    [STAGE_POST_WRITE] = "all of the request handed over, no byte of a response",
    [STAGE_MID_HEAD] = "a part of the response's head received",
    [STAGE_STATUS] = "response head complete, nothing of it sent to the client",
    [STAGE_MID_COPY] = "the response is on its way to the client",
    [STAGE_TUNNEL] = "after 2xx to CONNECT, or 101",
};

/* A case on its way into a cell. */
struct entry {
    const struct case_result *result;
    unsigned stage;  /* STAGE_COUNT for a word that is not a stage's */
    unsigned column; /* set once the columns of its stage are known */
};

struct fold {
    struct region *region;
    struct matrix *matrix;
    struct matrix_stage **next_stage;
    struct matrix_note **next_note;
    unsigned note_count;
};

/* The entries from begin up to end, and what they are made into. */
struct stage_draft {
    struct entry *begin;
    struct entry *end;
    const char **methods;
    size_t method_count;
    const char **faults;
    size_t fault_count;
    struct matrix_cell *cells;
};

static bool fold_stage(struct fold *fold, struct entry *begin, struct entry *end);
static int compare_stages(const void *a, const void *b);

struct matrix *matrix_fold(const struct run_result *run, struct region *region)
{
    struct fold fold = {.region = region};
    fold.matrix = region_take(region, sizeof(*fold.matrix));
    struct entry *entries = region_take(region, (run->case_count + 1) * sizeof(*entries));
    if (fold.matrix == NULL || entries == NULL)
        return NULL;
    fold.next_stage = &fold.matrix->stages;
    fold.next_note = &fold.matrix->notes;

    for (size_t i = 0; i < run->case_count; i++) {
        enum stage stage = STAGE_COUNT;
        if (!stage_from_word(run->cases[i].stage, &stage))
            stage = STAGE_COUNT;
        entries[i] = (struct entry){.result = &run->cases[i], .stage = stage};
    }
    struct entry *end = entries + run->case_count;
    qsort(entries, run->case_count, sizeof(*entries), compare_stages);

    const char *subject = NULL;
    while (entries < end) {
        struct entry *next = entries + 1;
        while (next < end && compare_stages(entries, next) == 0)
            next++;
        if (subject == NULL || strcmp(subject, entries->result->subject) != 0)
            fold.matrix->subject_count++;
        subject = entries->result->subject;
        if (!fold_stage(&fold, entries, next))
            return NULL;
        entries = next;
    }
    return fold.matrix;
}

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_stages(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = strcmp(left->result->subject, right->result->subject);
    if (order == 0)
        order = compare_numbers(left->stage, right->stage);
    return order != 0 ? order : strcmp(left->result->stage, right->result->stage);
}

/* Within one stage: by row and column, and the runs of one case side by side. */
static int compare_within_stage(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    /* Numbers in a fault are read as numbers: "after 64 bytes" comes before "after 1024 bytes". */
    int order = strverscmp(left->result->fault, right->result->fault);
    if (order == 0)
        order = compare_numbers(left->column, right->column);
    if (order == 0)
        order = strcmp(left->result->id, right->result->id);
    if (order == 0)
        order = strcmp(left->result->world, right->result->world);
    return order != 0 ? order : compare_numbers((size_t)left->result, (size_t)right->result);
}

static size_t method_rank(const char *method)
{
    for (size_t i = 0; i < COUNT_OF(METHOD_ORDER); i++) {
        if (strcmp(METHOD_ORDER[i], method) == 0)
            return i;
    }
    return COUNT_OF(METHOD_ORDER);
}

int matrix_compare_methods(const char *a, const char *b)
{
    const int order = compare_numbers(method_rank(a), method_rank(b));
    return order != 0 ? order : strcmp(a, b);
}

bool matrix_method_is_idempotent(const char *method)
{
    return method_rank(method) < IDEMPOTENT_METHODS;
}

static int compare_methods(const void *a, const void *b)
{
    return matrix_compare_methods(*(const char *const *)a, *(const char *const *)b);
}

const char *matrix_stage_meaning(const char *word)
{
    enum stage stage = STAGE_COUNT;
    return stage_from_word(word, &stage) ? MEANINGS[stage] : "";
}

/* The place of the method, or count if it has none. */
static size_t find_method(const char *const *methods, size_t count, const char *method)
{
    size_t at = 0;
    while (at < count && strcmp(methods[at], method) != 0)
        at++;
    return at;
}

static bool draft_columns(struct fold *fold, struct stage_draft *draft)
{
    draft->methods = region_take(fold->region, MATRIX_METHODS_MAX * sizeof(draft->methods[0]));
    if (draft->methods == NULL)
        return false;
    bool too_many = false;
    size_t count = 0;
    for (struct entry *entry = draft->begin; entry < draft->end; entry++) {
        if (find_method(draft->methods, count, entry->result->method) < count)
            continue;
        too_many = count == MATRIX_METHODS_MAX - 1;
        if (too_many)
            break;
        draft->methods[count++] = entry->result->method;
    }
    qsort(draft->methods, count, sizeof(draft->methods[0]), compare_methods);
    for (struct entry *entry = draft->begin; entry < draft->end; entry++)
        entry->column = (unsigned)find_method(draft->methods, count, entry->result->method);
    if (too_many)
        draft->methods[count++] = METHODS_PAST_THE_LIMIT;
    draft->method_count = count;
    return true;
}

static bool outcomes_agree(const struct case_result *a, const struct case_result *b)
{
    return strcmp(case_client(a), case_client(b)) == 0 && a->attempts == b->attempts &&
           a->delivered == b->delivered && a->verdict == b->verdict;
}

static const char *note_text(struct region *region, const struct case_result *a,
                             const struct case_result *b)
{
    return region_format(region, "%s / %s / %s: %s %s %u/%u (%s), %s %s %u/%u (%s): %s", a->stage,
                         a->fault, a->method, a->world, case_client(a), a->attempts, a->delivered,
                         verdict_word(a->verdict), b->world, case_client(b), b->attempts,
                         b->delivered, verdict_word(b->verdict), a->id);
}

/* Adds a note if the runs of one case in this cell ended differently; false without memory. */
static bool note_disagreement(struct fold *fold, struct matrix_cell *cell,
                              const struct entry *begin, const struct entry *end)
{
    struct matrix_note *note = NULL;
    const struct case_result *first = NULL; /* of the runs of one case that have an outcome */
    bool told = false;                      /* that this case's runs disagree */
    for (const struct entry *entry = begin; entry < end; entry++) {
        const struct case_result *result = entry->result;
        if (!case_has_outcome(result))
            continue;
        if (first == NULL || strcmp(first->id, result->id) != 0) {
            first = result;
            told = false;
            continue;
        }
        if (told || outcomes_agree(first, result))
            continue;
        told = true;
        if (note == NULL) {
            note = region_take(fold->region, sizeof(*note));
            if (note == NULL)
                return false;
            note->text = note_text(fold->region, first, result);
            cell->note = ++fold->note_count;
            *fold->next_note = note;
            fold->next_note = &note->next;
        }
        note->cases++;
    }
    return note == NULL || note->text != NULL;
}

static bool draft_cells(struct fold *fold, struct stage_draft *draft)
{
    const size_t count = draft->fault_count * draft->method_count;
    draft->cells = region_take(fold->region, count * sizeof(draft->cells[0]));
    if (draft->cells == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        draft->cells[i].text = "";
    size_t row = 0;
    for (const struct entry *begin = draft->begin; begin < draft->end;) {
        while (strcmp(draft->faults[row], begin->result->fault) != 0)
            row++;
        struct cell cell = {.client_count = 0};
        const struct entry *end = begin;
        while (end < draft->end && end->column == begin->column &&
               strcmp(end->result->fault, begin->result->fault) == 0)
            cell_add(&cell, end++->result);
        struct matrix_cell *out = &draft->cells[row * draft->method_count + begin->column];
        *out =
            (struct matrix_cell){.mark = cell_mark(&cell), .text = cell_text(&cell, fold->region)};
        if (out->text == NULL || !note_disagreement(fold, out, begin, end))
            return false;
        begin = end;
    }
    return true;
}

static bool draft_rows(struct fold *fold, struct stage_draft *draft)
{
    const size_t count = (size_t)(draft->end - draft->begin);
    qsort(draft->begin, count, sizeof(*draft->begin), compare_within_stage);
    draft->faults = region_take(fold->region, count * sizeof(draft->faults[0]));
    if (draft->faults == NULL)
        return false;
    for (const struct entry *entry = draft->begin; entry < draft->end; entry++) {
        const char *fault = entry->result->fault;
        if (draft->fault_count == 0 || strcmp(draft->faults[draft->fault_count - 1], fault) != 0)
            draft->faults[draft->fault_count++] = fault;
    }
    return true;
}

static struct matrix_cell *draft_cell(const struct stage_draft *draft, size_t row, size_t column)
{
    return &draft->cells[row * draft->method_count + column];
}

/* No row tells the two apart: where both have a case, it ended alike. */
static bool columns_agree(const struct stage_draft *draft, size_t a, size_t b)
{
    for (size_t row = 0; row < draft->fault_count; row++) {
        const struct matrix_cell *left = draft_cell(draft, row, a);
        const struct matrix_cell *right = draft_cell(draft, row, b);
        if (left->mark == MARK_EMPTY || right->mark == MARK_EMPTY)
            continue;
        if (left->mark != right->mark || strcmp(left->text, right->text) != 0)
            return false;
        if (left->note != 0 || right->note != 0)
            return false;
    }
    return true;
}

/* Puts the second column into the first, with which it agrees. */
static void merge_column(const struct stage_draft *draft, size_t into, size_t from)
{
    for (size_t row = 0; row < draft->fault_count; row++) {
        struct matrix_cell *left = draft_cell(draft, row, into);
        const struct matrix_cell *right = draft_cell(draft, row, from);
        const bool both = left->mark != MARK_EMPTY && right->mark != MARK_EMPTY;
        const bool partial =
            left->partial || right->partial || (!both && left->mark != right->mark);
        if (left->mark == MARK_EMPTY)
            *left = *right;
        left->partial = partial;
    }
}

/* Joins the columns that agree; keeps maps each final column to the drafted one that it shows. */
static bool join_columns(struct fold *fold, const struct stage_draft *draft,
                         struct matrix_stage *stage, size_t keeps[MATRIX_METHODS_MAX])
{
    struct matrix_column *columns =
        region_take(fold->region, draft->method_count * sizeof(*columns));
    const char **methods = region_take(fold->region, draft->method_count * sizeof(methods[0]));
    if (columns == NULL || methods == NULL)
        return false;
    bool joined[MATRIX_METHODS_MAX] = {false};
    for (size_t first = 0; first < draft->method_count; first++) {
        if (joined[first])
            continue;
        struct matrix_column *column = &columns[stage->column_count];
        keeps[stage->column_count++] = first;
        column->methods = methods;
        for (size_t i = first; i < draft->method_count; i++) {
            if (joined[i] || (i != first && !columns_agree(draft, first, i)))
                continue;
            if (i != first)
                merge_column(draft, first, i);
            joined[i] = true;
            *methods++ = draft->methods[i];
            column->method_count++;
        }
    }
    stage->columns = columns;
    return true;
}

static bool fold_stage(struct fold *fold, struct entry *begin, struct entry *end)
{
    struct stage_draft draft = {.begin = begin, .end = end};
    struct matrix_stage *stage = region_take(fold->region, sizeof(*stage));
    if (stage == NULL || !draft_columns(fold, &draft) || !draft_rows(fold, &draft) ||
        !draft_cells(fold, &draft))
        return false;
    stage->subject = begin->result->subject;
    stage->word = begin->result->stage;
    stage->meaning = matrix_stage_meaning(stage->word);
    stage->faults = draft.faults;
    stage->fault_count = draft.fault_count;

    size_t keeps[MATRIX_METHODS_MAX];
    if (!join_columns(fold, &draft, stage, keeps))
        return false;
    struct matrix_cell *cells =
        region_take(fold->region, stage->fault_count * stage->column_count * sizeof(cells[0]));
    if (cells == NULL)
        return false;
    for (size_t row = 0; row < stage->fault_count; row++) {
        for (size_t column = 0; column < stage->column_count; column++)
            cells[row * stage->column_count + column] = *draft_cell(&draft, row, keeps[column]);
    }
    stage->cells = cells;
    *fold->next_stage = stage;
    fold->next_stage = &stage->next;
    return true;
}
