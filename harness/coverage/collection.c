#include "harness/coverage/collection.h"

#include <stdlib.h>
#include <string.h>

#include "harness/coverage/case_cells.h"
#include "harness/coverage/life_pairs.h"
#include "harness/coverage/requirement.h"
#include "harness/run/case_run.h"
#include "world/sim/sim.h"

enum {
    COLLECTION_BYTES_MAX = 256 * 1024 * 1024, /* a million files that cite nothing */
    CITATIONS_MIN = 64,                       /* room for so many at first */
};

/* What is known of the present file's sources. */
struct file_sources {
    const struct scenario_file *file; /* NULL: none yet */
    const char *source;               /* the last one that was read */
    bool known;                       /* something that is known was cited */
    bool cites[REQUIREMENTS_MAX];
};

struct collection {
    struct world *world;
    struct case_run *run;
    struct region scratch; /* of one case */
    struct region kept;
    struct cell_set cells;        /* of one case */
    uint64_t met[LIFE_PAIRS_MAX]; /* before the present case, by pair */
    struct file_sources sources;
    uint64_t played;
    uint64_t failed;
    uint64_t passed_over;

    struct coverage_mark cell_marks[ACCEPTANCE_ROWS_MAX][ACCEPTANCE_COLUMNS_MAX];
    struct coverage_mark transition_marks[LIFE_PAIRS_MAX];
    struct coverage_mark claim_marks[CLAIMS_MAX];
    struct coverage_mark requirement_marks[REQUIREMENTS_MAX];
    struct coverage_citation *citations;
    size_t citation_count;
    size_t citation_capacity;

    /* What the value refers to. */
    struct coverage_column columns[ACCEPTANCE_COLUMNS_MAX];
    struct coverage_row rows[ACCEPTANCE_ROWS_MAX];
    struct coverage_transition transitions[LIFE_PAIRS_MAX];
    struct coverage_claim claims[CLAIMS_MAX];
    struct coverage_requirement requirements[REQUIREMENTS_MAX];
};

static void note_life(struct collection *collection, const char *id, bool counts);

/* ---- the life of the object ------------------------------------------------------------------------ */

struct collection *collection_create(void)
{
    const struct sim_options options = {.seed = 1};
    struct collection *collection = calloc(1, sizeof(*collection));

    if (collection == NULL)
        return NULL;
    region_init(&collection->scratch, SCENARIO_BYTES_MAX);
    region_init(&collection->kept, COLLECTION_BYTES_MAX);
    collection->world = sim_create(&options);
    if (collection->world != NULL)
        collection->run = case_run_create(collection->world, WORLD_SIM);
    if (collection->run == NULL) {
        collection_destroy(&collection);
        return NULL;
    }
    note_life(collection, NULL, false);
    return collection;
}

void collection_destroy(struct collection **collection)
{
    struct collection *old = *collection;

    if (old == NULL)
        return;
    if (old->run != NULL)
        case_run_destroy(&old->run);
    if (old->world != NULL)
        sim_destroy(&old->world);
    region_release(&old->scratch);
    region_release(&old->kept);
    free(old->citations);
    free(old);
    *collection = NULL;
}

/* ---- what the sources cite --------------------------------------------------------------------------- */

static void note_once(struct coverage_mark *mark, const char *id)
{
    mark->state = COVERAGE_COVERED;
    if (mark->count++ == 0)
        mark->first = id;
}

static void on_citation(void *owner, const struct citation *citation)
{
    struct file_sources *sources = owner;

    sources->known = sources->known || requirement_is_known(citation);
    for (size_t i = 0; i < requirement_count(); i++)
        if (requirement_is_cited(requirement_at(i), citation))
            sources->cites[i] = true;
}

/* False when memory runs out. */
static bool keep_citation(struct collection *collection)
{
    const struct file_sources *sources = &collection->sources;
    struct coverage_citation *larger;
    size_t capacity;

    if (collection->citation_count == collection->citation_capacity) {
        capacity =
            collection->citation_capacity == 0 ? CITATIONS_MIN : 2 * collection->citation_capacity;
        larger = realloc(collection->citations, capacity * sizeof(*larger));
        if (larger == NULL)
            return false;
        collection->citations = larger;
        collection->citation_capacity = capacity;
    }
    collection->citations[collection->citation_count++] = (struct coverage_citation){
        .file = sources->file->base,
        .source = sources->source,
        .mark = {.state = COVERAGE_MISSING},
    };
    return true;
}

/* No further case of the present file comes. */
static bool end_file(struct collection *collection)
{
    struct file_sources *sources = &collection->sources;
    bool fine = sources->file == NULL || sources->known || keep_citation(collection);

    for (size_t i = 0; sources->file != NULL && i < requirement_count(); i++)
        if (sources->cites[i])
            note_once(&collection->requirement_marks[i], sources->file->base);
    *sources = (struct file_sources){0};
    return fine;
}

static bool note_source(struct collection *collection, const struct suite_case *one)
{
    struct file_sources *sources = &collection->sources;

    if (sources->file != one->file) {
        if (!end_file(collection))
            return false;
        sources->file = one->file;
    }
    if (one->source == NULL ||
        (sources->source != NULL && strcmp(one->source, sources->source) == 0))
        return true;
    sources->source = one->source;
    citations_read(one->source, on_citation, sources);
    return true;
}

/* ---- what a case comes by ---------------------------------------------------------------------------- */

/* What was met since it was asked before; of a case that failed nothing is kept. */
static void note_life(struct collection *collection, const char *id, bool counts)
{
    const uint64_t *now = life_counts();

    for (size_t i = 0; now != NULL && i < life_pairs_count(); i++) {
        if (counts && now[i] > collection->met[i])
            note_once(&collection->transition_marks[i], id);
        collection->met[i] = now[i];
    }
}

static void note_cells(struct collection *collection, const char *id)
{
    for (size_t row = 0; row < acceptance_row_count(); row++)
        for (size_t column = 0; column < acceptance_column_count(); column++)
            if (collection->cells.has[row][column])
                note_once(&collection->cell_marks[row][column], id);
}

static void note_claims(struct collection *collection, const char *id, claim_set exercised)
{
    for (size_t i = 0; i < claims_count(); i++)
        if ((exercised >> i & 1) != 0)
            note_once(&collection->claim_marks[i], id);
}

static void judge(struct collection *collection, const struct suite_case *one)
{
    struct case_outcome outcome;
    bool passed;

    case_run_judge(collection->run, &outcome);
    passed = outcome.verdict == VERDICT_PASS;
    note_life(collection, one->id, passed);
    if (!passed) {
        collection->failed++;
        return;
    }
    collection->played++;
    collection->cells = (struct cell_set){{{false}}};
    case_cells_add(case_run_evidence(collection->run),
                   case_cells_rules(one->file, one->combination, &collection->scratch),
                   &collection->cells);
    note_cells(collection, one->id);
    note_claims(collection, one->id, outcome.exercised);
}

bool collection_add(struct collection *collection, const struct suite_case *one)
{
    struct scenario scenario;
    struct yaml_error error = {{0}};

    if (!note_source(collection, one))
        return false;
    region_reset(&collection->scratch);
    if (scenario_read(&scenario, one->file, one->combination, &collection->scratch, &error) !=
            SCENARIO_READ ||
        scenario.unsupported[WORLD_SIM] != NULL || scenario.process_own) {
        collection->passed_over++;
        return true;
    }
    case_run_play(collection->run, &scenario, 1);
    judge(collection, one);
    case_run_reset(collection->run);
    return true;
}

/* ---- the value ------------------------------------------------------------------------------------------ */

static void settle(struct coverage_mark *mark, const char *impossible)
{
    if (mark->state == COVERAGE_COVERED && mark->count > 0)
        return;
    mark->state = impossible != NULL ? COVERAGE_IMPOSSIBLE : COVERAGE_MISSING;
    mark->reason = impossible;
}

static void fill_cells(struct collection *collection, struct gap_list *gaps,
                       struct acceptance_coverage *out)
{
    out->column_count = acceptance_column_count();
    out->row_count = acceptance_row_count();
    for (size_t column = 0; column < out->column_count; column++)
        collection->columns[column] = (struct coverage_column){acceptance_column_method(column),
                                                               acceptance_column_policy(column)};
    for (size_t row = 0; row < out->row_count; row++) {
        struct coverage_mark *marks = collection->cell_marks[row];
        collection->rows[row] =
            (struct coverage_row){acceptance_row_stage(row), acceptance_row_fault(row), marks};
        for (size_t column = 0; column < out->column_count; column++) {
            const char *const names[] = {acceptance_row_stage(row), acceptance_row_fault(row),
                                         acceptance_column_method(column),
                                         acceptance_column_policy(column)};
            settle(&marks[column], acceptance_impossible(row, column));
            gap_list_accept(gaps, COVERAGE_CELLS, names, &marks[column]);
        }
    }
    out->columns = collection->columns;
    out->rows = collection->rows;
}

static void fill_transitions(struct collection *collection, struct gap_list *gaps,
                             struct acceptance_coverage *out)
{
    out->transitions_counted = life_counts() != NULL;
    for (size_t i = 0; i < life_pairs_count(); i++) {
        struct coverage_mark *mark = &collection->transition_marks[i];
        const char *const names[] = {life_pair_state(i), life_pair_event(i)};
        if (!life_pair_is_possible(i))
            continue;
        settle(mark, NULL);
        if (out->transitions_counted)
            gap_list_accept(gaps, COVERAGE_TRANSITIONS, names, mark);
        collection->transitions[out->transition_count++] =
            (struct coverage_transition){names[0], names[1], *mark};
    }
    out->transitions = collection->transitions;
}

static void fill_claims(struct collection *collection, struct gap_list *gaps,
                        struct acceptance_coverage *out)
{
    out->claim_count = claims_count();
    for (size_t i = 0; i < out->claim_count; i++) {
        const struct claim *claim = claims_at(i);
        struct coverage_mark *mark = &collection->claim_marks[i];
        settle(mark, claim->judge == NULL ? "it is about several runs: `explore` judges it" : NULL);
        gap_list_accept(gaps, COVERAGE_CLAIMS, &claim->name, mark);
        collection->claims[i] = (struct coverage_claim){claim->number, claim->name, claim->sentence,
                                                        claim->source, *mark};
    }
    out->claims = collection->claims;
}

static bool fill_requirements(struct collection *collection, struct gap_list *gaps,
                              struct acceptance_coverage *out)
{
    out->requirement_count = requirement_count();
    for (size_t i = 0; i < out->requirement_count; i++) {
        const struct requirement *requirement = requirement_at(i);
        struct coverage_mark *mark = &collection->requirement_marks[i];
        const char *name =
            region_format(&collection->kept, "%s %s", requirement->document, requirement->section);
        if (name == NULL)
            return false;
        settle(mark, NULL);
        gap_list_accept(gaps, COVERAGE_REQUIREMENTS, &name, mark);
        collection->requirements[i] = (struct coverage_requirement){
            requirement->document, requirement->section, requirement->sentence, *mark};
    }
    out->requirements = collection->requirements;
    return true;
}

static void fill_citations(struct collection *collection, struct gap_list *gaps,
                           struct acceptance_coverage *out)
{
    for (size_t i = 0; i < collection->citation_count; i++)
        gap_list_accept(gaps, COVERAGE_CITATIONS, &collection->citations[i].file,
                        &collection->citations[i].mark);
    out->citations = collection->citations;
    out->citation_count = collection->citation_count;
}

bool collection_fill(struct collection *collection, struct gap_list *gaps,
                     struct acceptance_coverage *out)
{
    *out = (struct acceptance_coverage){
        .played = collection->played,
        .failed = collection->failed,
        .passed_over = collection->passed_over,
    };
    if (!end_file(collection))
        return false;
    fill_cells(collection, gaps, out);
    fill_transitions(collection, gaps, out);
    fill_claims(collection, gaps, out);
    fill_citations(collection, gaps, out);
    if (!fill_requirements(collection, gaps, out))
        return false;
    out->stale = gap_list_stale(gaps, &collection->kept, &out->stale_count);
    return out->stale != NULL;
}
