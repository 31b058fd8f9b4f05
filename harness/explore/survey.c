#include "harness/explore/survey.h"

#include <stdlib.h>
#include <string.h>

#include "harness/explore/several_claims.h"

enum {
    RUNS_BETWEEN_REPLAYS = 256, /* so many runs are played for one that is played twice */
    PREFIXES_FIRST = 1024,
};

/* Faults that others are put on top of. */
struct prefix {
    struct wire_fault faults[EXPLORER_FAULTS_MAX];
    size_t count;
    uint64_t fingerprint;
    size_t next; /* of the known positions, those from here on are put on top */
};

struct prefix_list {
    struct prefix *list;
    size_t count;
    size_t capacity;
};

struct survey {
    struct ledger *ledger;
    struct player *player;
    const struct explorer_options *options;
    const struct base *base;
    struct clean_run clean;
    struct wire_shape shape; /* of the clean run */
    struct fault_space space;
    struct position *positions; /* one for each fault of the space */
    size_t positions_capacity;
    size_t *known; /* places in the space that are put together with others */
    size_t known_count;
    struct fault_space further;  /* on connections that came about through faults alone */
    struct prefix_list prefixes; /* of the level under way */
    struct prefix_list next;     /* and of the one behind it */
    struct hash_set expanded; /* fingerprints of prefixes whose further connections were explored */
    uint64_t combined;        /* runs with more than one fault */
    uint64_t since_replay;
};

struct survey *survey_create(struct ledger *ledger, struct player *player,
                             const struct explorer_options *options)
{
    struct survey *survey = calloc(1, sizeof(*survey));
    if (survey == NULL)
        return NULL;
    survey->ledger = ledger;
    survey->player = player;
    survey->options = options;
    return survey;
}

void survey_destroy(struct survey **survey)
{
    struct survey *gone = *survey;
    *survey = NULL;
    if (gone == NULL)
        return;
    fault_space_release(&gone->space);
    fault_space_release(&gone->further);
    hash_set_release(&gone->expanded);
    free(gone->positions);
    free(gone->known);
    free(gone->prefixes.list);
    free(gone->next.list);
    free(gone);
}

static void run_out_of_memory(struct survey *survey)
{
    survey->ledger->result->out_of_memory = true;
}

/* ---- one run -------------------------------------------------------------------------------- */

static uint64_t fingerprint(const struct played *played)
{
    return hash_number(hash_number(hash_number(0, played->shape_hash), played->broken),
                       played->outcome);
}

/* Claim 45: now and then a run is played once more. The evidence is then that of the second, which is the same. */
static void play_again(struct survey *survey, const struct trial *trial, const struct played *first)
{
    struct played again;
    uint64_t trace_hash = first->trace_hash;
    player_play(survey->player, trial, &again);
    survey->ledger->result->runs++;
    ledger_note_exercised(survey->ledger, SEVERAL_AGAIN);
    if (again.trace_hash != trace_hash)
        ledger_note_breach(survey->ledger, &(struct ledger_breach){trial, &again, SEVERAL_AGAIN,
                                                                   SEVERAL_SAYS_AGAIN});
}

static void compare_with_clean(struct survey *survey, const struct trial *trial,
                               const struct played *played)
{
    char sentence[SEVERAL_SENTENCE_BYTES];
    unsigned number = clean_run_asks(&survey->clean, trial, played);
    if (number == 0)
        return;
    ledger_note_exercised(survey->ledger, number);
    if (!clean_run_is_like(&survey->clean, played, sentence))
        ledger_note_breach(survey->ledger,
                           &(struct ledger_breach){trial, played, number, sentence});
}

/* Plays the base with these faults and enters it into the books. Its fingerprint. */
static uint64_t play(struct survey *survey, const struct wire_fault *faults, size_t count,
                     struct played *played)
{
    struct trial trial = trial_of(survey->base, survey->options->seed);
    trial.faults = faults;
    trial.fault_count = count;
    player_play(survey->player, &trial, played);
    ledger_note_run(survey->ledger, &trial, played);
    survey->ledger->result->by_faults[count]++;
    compare_with_clean(survey, &trial, played);
    uint64_t found = fingerprint(played);
    if (++survey->since_replay >= RUNS_BETWEEN_REPLAYS) {
        survey->since_replay = 0;
        play_again(survey, &trial, played);
    }
    return found;
}

/* ---- the clean run -------------------------------------------------------------------------- */

/* Claim 37: the base beside one whose bodies have another size. */
static void compare_sizes(struct survey *survey)
{
    struct several_came came;
    const struct trial trial = trial_of(survey->base, survey->options->seed);
    if (survey->base->sibling == NULL)
        return;
    bool differs = trial_breaks(survey->player, &trial, several_claim(SEVERAL_SIZES), &came);
    survey->ledger->result->runs += 2;
    ledger_note_exercised(survey->ledger, SEVERAL_SIZES);
    if (differs)
        ledger_note_breach(survey->ledger, &(struct ledger_breach){&trial, &came.played,
                                                                   SEVERAL_SIZES, came.sentence});
}

/* False when the base fails without any fault. */
static bool play_clean(struct survey *survey)
{
    struct played played;
    const struct trial trial = trial_of(survey->base, survey->options->seed);
    struct trial as_filed = trial;
    as_filed.as_filed = true;
    player_play(survey->player, &as_filed, &played);
    ledger_note_run(survey->ledger, &as_filed, &played);
    survey->ledger->result->by_faults[0]++;
    if (played.verdict != VERDICT_PASS)
        return false;
    compare_sizes(survey);
    clean_run_play(survey->player, &trial, &survey->clean, &played);
    ledger_note_run(survey->ledger, &trial, &played);
    survey->ledger->result->by_faults[0]++;
    return played.verdict == VERDICT_PASS;
}

/* ---- single faults -------------------------------------------------------------------------- */

static bool find_space(struct survey *survey)
{
    const struct evidence *evidence = player_evidence(survey->player);
    const struct fault_space_options options = {
        .kinds = survey->options->kinds == 0 ? FAULT_KINDS_ALL : survey->options->kinds,
        .thorough = survey->base->thorough};
    wire_shape_of(evidence, &survey->shape);
    fault_space_reset(&survey->space);
    fault_space_fill(&survey->space, evidence, &options);
    size_t count = survey->space.count;
    if (count > survey->positions_capacity) {
        free(survey->positions);
        free(survey->known);
        survey->positions = calloc(count, sizeof(*survey->positions));
        survey->known = calloc(count, sizeof(*survey->known));
        survey->positions_capacity = count;
    }
    if (survey->space.out_of_memory || survey->positions == NULL || survey->known == NULL) {
        survey->positions_capacity = 0;
        run_out_of_memory(survey);
        return false;
    }
    return true;
}

static void play_single(struct survey *survey, size_t place)
{
    const struct wire_fault *fault = &survey->space.list[place];
    struct position *position = &survey->positions[place];
    struct played played;
    struct wire_fault lasting = *fault;
    *position = (struct position){.fingerprint = play(survey, fault, 1, &played)};
    const struct evidence *evidence = player_evidence(survey->player);
    position->verdict = played.outcome_verdict;
    position->silent = is_silent_end(fault, &played, evidence);
    lasting.lasting = true;
    position->meets_more = evidence == NULL || fault_would_meet_more(&lasting, evidence);
}

/* Claim 13: that FIN span and this RST span are of the same bytes. */
static void compare_ends(struct survey *survey, const struct fault_span *fin,
                         const struct fault_span *rst)
{
    for (size_t i = 0; i < fin->count && i < rst->count; i++) {
        const struct position *left = &survey->positions[fin->first + i];
        const struct position *right = &survey->positions[rst->first + i];
        if (!left->silent || !right->silent)
            continue;
        ledger_note_exercised(survey->ledger, SEVERAL_FIN_AND_RST);
        if (left->verdict == right->verdict)
            continue;
        struct played played;
        struct trial trial = trial_of(survey->base, survey->options->seed);
        trial.faults = &survey->space.list[rst->first + i];
        trial.fault_count = 1;
        player_play(survey->player, &trial, &played);
        ledger_note_breach(
            survey->ledger,
            &(struct ledger_breach){&trial, &played, SEVERAL_FIN_AND_RST, SEVERAL_SAYS_ENDS});
    }
}

static bool are_of_same_bytes(const struct wire_fault *a, const struct wire_fault *b)
{
    return a->party == b->party && a->index == b->index && a->connection == b->connection &&
           a->direction == b->direction && a->lasting == b->lasting;
}

static void compare_all_ends(struct survey *survey)
{
    const struct fault_space *space = &survey->space;
    for (size_t i = 0; i < space->span_count; i++)
        for (size_t j = i + 1; j < space->span_count; j++) {
            const struct wire_fault *fin = &space->list[space->spans[i].first];
            const struct wire_fault *rst = &space->list[space->spans[j].first];
            if (fin->kind == WIRE_FAULT_FIN && rst->kind == WIRE_FAULT_RST &&
                are_of_same_bytes(fin, rst))
                compare_ends(survey, &space->spans[i], &space->spans[j]);
        }
}

/* True when all were played. */
static bool play_singles(struct survey *survey)
{
    struct explorer_result *result = survey->ledger->result;
    struct fault_space *space = &survey->space;
    for (size_t s = 0; s < space->span_count; s++) {
        const struct fault_span *span = &space->spans[s];
        for (size_t i = 0; i < span->count; i++) {
            if (!ledger_goes_on(survey->ledger))
                return false;
            if (span->once != SIZE_MAX && !survey->positions[span->once + i].meets_more) {
                survey->positions[span->first + i] = survey->positions[span->once + i];
                result->spared++;
                survey->ledger->runs_expected -= survey->ledger->runs_expected > 0;
            } else {
                play_single(survey, span->first + i);
            }
        }
    }
    compare_all_ends(survey);
    return true;
}

static void find_classes(struct survey *survey)
{
    struct explorer_result *result = survey->ledger->result;
    struct explorer_base_result *of_base =
        &result->by_base[survey->base - survey->ledger->bases->list];
    survey->known_count = 0;
    for (size_t s = 0; s < survey->space.span_count; s++) {
        size_t classes = position_classes(survey->positions, &survey->space.spans[s], survey->known,
                                          &survey->known_count);
        result->classes += classes;
        of_base->classes += classes;
    }
    of_base->positions = survey->space.positions;
    for (size_t i = 0; survey->options->naive && i < survey->space.count; i++)
        survey->known[i] = i;
    if (survey->options->naive)
        survey->known_count = survey->space.count;
}

/* ---- several faults ------------------------------------------------------------------------- */

static void add_prefix(struct survey *survey, struct prefix_list *list, const struct prefix *prefix)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? PREFIXES_FIRST : 2 * list->capacity;
        struct prefix *larger = realloc(list->list, capacity * sizeof(*larger));
        if (larger == NULL) {
            run_out_of_memory(survey);
            return;
        }
        list->list = larger;
        list->capacity = capacity;
    }
    list->list[list->count++] = *prefix;
}

static bool may_combine(struct survey *survey)
{
    uint64_t limit = survey->options->runs_max;
    return ledger_goes_on(survey->ledger) && (limit == 0 || survey->combined < limit);
}

/* Plays both together, and keeps them if there is a level behind theirs. */
static void play_on_top(struct survey *survey, const struct prefix *prefix,
                        const struct wire_fault *fault)
{
    struct played played;
    struct prefix longer = *prefix;
    longer.faults[longer.count++] = *fault;
    longer.fingerprint = play(survey, longer.faults, longer.count, &played);
    survey->combined++;
    if (longer.count < survey->options->faults)
        add_prefix(survey, &survey->next, &longer);
}

/* On connections that there are only because of the prefix every byte is new. */
static void play_further(struct survey *survey, const struct prefix *prefix)
{
    struct played played;
    const struct fault_space_options options = {
        .kinds = survey->options->kinds == 0 ? FAULT_KINDS_ALL : survey->options->kinds,
        .thorough = survey->base->thorough,
        .known = &survey->shape};
    struct trial trial = trial_of(survey->base, survey->options->seed);
    trial.faults = prefix->faults;
    trial.fault_count = prefix->count;
    player_play(survey->player, &trial, &played); /* it was entered when it was met first */
    survey->ledger->result->runs++;
    const struct evidence *evidence = player_evidence(survey->player);
    if (evidence == NULL)
        return;
    fault_space_reset(&survey->further);
    fault_space_fill(&survey->further, evidence, &options);
    if (survey->further.out_of_memory)
        run_out_of_memory(survey);
    for (size_t i = 0; i < survey->further.count && may_combine(survey); i++)
        play_on_top(survey, prefix, &survey->further.list[i]);
}

static void play_level(struct survey *survey, size_t level)
{
    hash_set_reset(&survey->expanded);
    survey->next.count = 0;
    for (size_t p = 0; p < survey->prefixes.count && may_combine(survey); p++) {
        struct prefix prefix = survey->prefixes.list[p];
        bool is_new = hash_set_add(&survey->expanded, prefix.fingerprint) || survey->options->naive;
        /* Of triples: what came to the same by two faults is taken further once. */
        if (level > 2 && !is_new)
            continue;
        while (prefix.next < survey->known_count && may_combine(survey)) {
            size_t place = survey->known[prefix.next++];
            play_on_top(survey, &prefix, &survey->space.list[place]);
        }
        if (is_new && may_combine(survey))
            play_further(survey, &prefix);
    }
}

static void play_combinations(struct survey *survey)
{
    survey->combined = 0;
    survey->prefixes.count = 0;
    for (size_t i = 0; i < survey->known_count; i++) {
        size_t place = survey->known[i];
        const struct prefix prefix = {.faults = {survey->space.list[place]},
                                      .count = 1,
                                      .fingerprint = survey->positions[place].fingerprint,
                                      .next = i + 1};
        add_prefix(survey, &survey->prefixes, &prefix);
    }
    for (size_t level = 2; level <= survey->options->faults; level++) {
        play_level(survey, level);
        struct prefix_list former = survey->prefixes;
        survey->prefixes = survey->next;
        survey->next = former;
    }
}

uint64_t survey_count(struct survey *survey, const struct base *base)
{
    struct played played;
    const struct trial trial = trial_of(base, survey->options->seed);
    survey->base = base;
    player_play(survey->player, &trial, &played);
    return played.verdict == VERDICT_PASS && base->sibling == NULL && find_space(survey)
               ? survey->space.count
               : 0;
}

bool survey_base(struct survey *survey, const struct base *base)
{
    survey->base = base;
    survey->known_count = 0;
    survey->since_replay = 0; /* which bases this process played before does not matter */
    if (!play_clean(survey))
        return false;
    /* With bodies of another size the same faults would meet the same moments, in runs that take as many times as long. */
    if (survey->options->faults == 0 || base->sibling != NULL || !find_space(survey) ||
        !play_singles(survey))
        return true;
    find_classes(survey);
    if (survey->options->faults > 1)
        play_combinations(survey);
    return true;
}

const struct wire_fault *survey_standing(const struct survey *survey, size_t index)
{
    return index < survey->known_count ? &survey->space.list[survey->known[index]] : NULL;
}
