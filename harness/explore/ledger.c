#include "harness/explore/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "harness/explore/several_claims.h"
#include "harness/keeper/machine.h"

enum { OUTCOMES_FIRST = 1024 };

/* Between two times that progress is told: a person sees no more. A run takes from microseconds to a tenth of a second. */
#define TELL_NS (50 * NS_PER_MS)

#define FAILURE_BYTES_MAX \
    ((size_t)64 * 1024 * 1024) /* sentences and orders of all failures that are kept */

bool ledger_init(struct ledger *ledger, const struct base_list *bases,
                 const struct explorer_listener *listener, struct explorer_result *result)
{
    *ledger = (struct ledger){.bases = bases, .listener = listener, .result = result};
    *result = (struct explorer_result){.bases = bases->count};
    region_init(&result->region, FAILURE_BYTES_MAX + bases->count * sizeof(*result->by_base));
    ledger->began_ns = machine_now();
    result->by_base = region_take(&result->region, (bases->count + 1) * sizeof(*result->by_base));
    return result->by_base != NULL;
}

void ledger_release(struct ledger *ledger)
{
    hash_set_release(&ledger->seen);
    free(ledger->outcomes);
    *ledger = (struct ledger){0};
}

/* ---- outcomes ------------------------------------------------------------------------------- */

void ledger_add_outcome(struct ledger *ledger, size_t base, uint64_t outcome)
{
    if (!hash_set_add(&ledger->seen, hash_number(hash_number(0, base), outcome)))
        return;
    ledger->result->outcomes++;
    ledger->result->by_base[base].outcomes++;
    if (ledger->outcome_count == ledger->outcome_capacity) {
        size_t capacity =
            ledger->outcome_capacity == 0 ? OUTCOMES_FIRST : 2 * ledger->outcome_capacity;
        struct ledger_outcome *outcomes = realloc(ledger->outcomes, capacity * sizeof(*outcomes));
        if (outcomes == NULL) {
            ledger->result->out_of_memory = true;
            return;
        }
        ledger->outcomes = outcomes;
        ledger->outcome_capacity = capacity;
    }
    ledger->outcomes[ledger->outcome_count++] = (struct ledger_outcome){base, outcome};
}

/* ---- failures ------------------------------------------------------------------------------- */

/* The same wrong on the same base. */
static struct explorer_failure *find_failure(const struct explorer_result *result,
                                             const struct explorer_failure *like)
{
    for (size_t i = 0; i < result->failure_count; i++) {
        struct explorer_failure *known = result->failures[i];
        if (known->base == like->base && known->claim == like->claim &&
            known->unexpected == like->unexpected)
            return known;
    }
    return NULL;
}

static bool copy_order(struct region *region, struct explorer_failure *failure)
{
    if (failure->order_count == 0)
        return true;
    uint32_t *order = region_take(region, failure->order_count * sizeof(*order));
    if (order != NULL)
        memcpy(order, failure->order, failure->order_count * sizeof(*order));
    failure->order = order;
    return order != NULL;
}

static bool copy_sentences(struct region *region, struct explorer_failure *failure)
{
    const char **sentences =
        region_take(region, (failure->sentence_count + 1) * sizeof(*sentences));
    for (size_t i = 0; sentences != NULL && i < failure->sentence_count; i++) {
        sentences[i] =
            region_copy_text(region, failure->sentences[i], strlen(failure->sentences[i]));
        if (sentences[i] == NULL)
            return false;
    }
    failure->sentences = sentences;
    return sentences != NULL;
}

static size_t choices_made(const struct explorer_failure *failure)
{
    size_t count = 0;
    for (size_t i = 0; i < failure->order_count; i++)
        count += failure->order[i] != 0;
    return count;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Of two runs that break the same claim on the same base. Which process played them, and when, is not asked. */
static bool is_smaller(const struct explorer_failure *a, const struct explorer_failure *b)
{
    int order = compare_numbers(a->fault_count, b->fault_count);
    if (order == 0)
        order = compare_numbers(choices_made(a), choices_made(b));
    if (order == 0)
        order = compare_numbers(a->order_count, b->order_count);
    if (order == 0)
        order = compare_numbers(a->drawn, b->drawn);
    return order < 0;
}

static int compare_places(const struct explorer_failure *a, const struct explorer_failure *b)
{
    int order = compare_numbers((uintptr_t)a->base, (uintptr_t)b->base);
    if (order == 0)
        order = compare_numbers(a->claim, b->claim);
    return order != 0 ? order : compare_numbers(a->unexpected, b->unexpected);
}

/* Where a failure of another claim or base goes: when all places are taken, that of the last, if it comes before it. NULL: it does not. */
static struct explorer_failure *take_place(struct explorer_result *result,
                                           const struct explorer_failure *failure)
{
    struct explorer_failure *last = NULL;
    if (result->failure_count < EXPLORER_FAILURES_MAX) {
        struct explorer_failure *place = region_take(&result->region, sizeof(*place));
        result->out_of_memory |= place == NULL;
        if (place != NULL)
            result->failures[result->failure_count++] = place;
        return place;
    }
    result->more_failures = true;
    for (size_t i = 0; i < result->failure_count; i++)
        if (last == NULL || compare_places(result->failures[i], last) > 0)
            last = result->failures[i];
    return compare_places(failure, last) < 0 ? last : NULL;
}

void ledger_add_failure(struct ledger *ledger, const struct explorer_failure *failure)
{
    struct explorer_result *result = ledger->result;
    struct explorer_failure *known = find_failure(result, failure);
    struct explorer_failure kept = *failure;
    if (known != NULL) {
        known->times += failure->times;
        kept.times = known->times;
        if (!is_smaller(failure, known))
            return;
    } else if ((known = take_place(result, failure)) == NULL) {
        return;
    }
    if (!copy_order(&result->region, &kept) || !copy_sentences(&result->region, &kept)) {
        result->out_of_memory = true;
        kept.order_count = kept.sentence_count = 0;
    }
    *known = kept;
}

static void keep_failure(struct ledger *ledger, const struct trial *trial,
                         const struct played *played, size_t claim)
{
    const struct scenario *filed = trial->as_filed ? trial->base->expecting : NULL;
    const struct wire_fault *faults = filed != NULL ? filed->faults : trial->faults;
    struct explorer_failure failure = {
        .base = trial->base,
        .fault_count = filed != NULL ? filed->fault_count : trial->fault_count,
        .network = filed != NULL ? filed->network : trial->network,
        .order = filed != NULL ? filed->order : trial->order,
        .order_count = filed != NULL ? filed->order_count : trial->order_count,
        .drawn = ledger->drawn,
        .seed = trial->seed,
        .claim = claim,
        .unexpected = claim == claims_count() && played->unexpected,
        .trace_hash = played->trace_hash,
        .times = 1,
        .sentences = played->sentences,
        .sentence_count = played->sentence_count};
    if (failure.fault_count > 0)
        memcpy(failure.faults, faults, failure.fault_count * sizeof(failure.faults[0]));
    ledger_add_failure(ledger, &failure);
}

/* ---- runs ----------------------------------------------------------------------------------- */

static void count_claims(uint64_t counts[CLAIMS_MAX], claim_set set)
{
    for (; set != 0; set &= set - 1)
        counts[__builtin_ctzll(set)]++;
}

void ledger_note_run(struct ledger *ledger, const struct trial *trial, const struct played *played)
{
    struct explorer_result *result = ledger->result;
    size_t base = (size_t)(trial->base - ledger->bases->list);
    result->runs++;
    result->by_base[base].runs++;
    result->not_met += trial->fault_count > 0 && played->faults_met == 0 && !played->failed;
    count_claims(result->exercised, played->exercised);
    ledger_add_outcome(ledger, base, played->outcome);
    result->by_base[base].failed_checks += played->failed;
    if (played->verdict == VERDICT_PASS)
        return;
    count_claims(result->broken, played->broken);
    result->failed_runs++;
    result->by_base[base].failed_runs++;
    for (claim_set left = played->broken; left != 0; left &= left - 1)
        keep_failure(ledger, trial, played, (size_t)__builtin_ctzll(left));
    if (played->broken == 0 || played->unexpected)
        keep_failure(ledger, trial, played, claims_count());
}

void ledger_note_exercised(struct ledger *ledger, unsigned number)
{
    size_t claim = several_claim(number);
    if (claim < claims_count())
        ledger->result->exercised[claim]++;
}

void ledger_note_breach(struct ledger *ledger, const struct ledger_breach *breach)
{
    struct explorer_result *result = ledger->result;
    size_t claim = several_claim(breach->number);
    struct played told = *breach->played;
    told.sentences = &breach->sentence;
    told.sentence_count = 1;
    if (claim < claims_count())
        result->broken[claim]++;
    result->failed_runs++;
    result->by_base[breach->trial->base - ledger->bases->list].failed_runs++;
    keep_failure(ledger, breach->trial, &told, claim);
}

bool ledger_gave_up(const struct ledger *ledger, const struct base *base)
{
    const size_t place = (size_t)(base - ledger->bases->list);
    return ledger->result->by_base[place].failed_checks >= EXPLORER_CHECKS_MAX;
}

static void tell_progress(struct ledger *ledger, uint64_t now_ns)
{
    const struct explorer_result *result = ledger->result;
    const struct explorer_progress progress = {
        .runs = result->runs,
        .runs_total = ledger->runs_expected,
        .classes = result->classes,
        .outcomes = result->outcomes,
        .failures = result->failed_runs,
        .elapsed_ns = now_ns - ledger->began_ns,
        .base = ledger->base == NULL ? "" : ledger->base->id,
    };
    ledger->told_ns = now_ns;
    ledger->listener->on_progress(ledger->listener->owner, &progress);
}

bool ledger_goes_on(struct ledger *ledger)
{
    const struct explorer_listener *listener = ledger->listener;
    if (ledger->stop || ledger->result->out_of_memory ||
        (ledger->base != NULL && ledger_gave_up(ledger, ledger->base)))
        return false;
    if (listener == NULL)
        return true;
    if (listener->is_interrupted != NULL && listener->is_interrupted(listener->owner)) {
        ledger->result->interrupted = true;
        ledger->stop = true;
    }
    uint64_t now_ns = machine_now();
    if (listener->on_progress != NULL && (ledger->stop || now_ns - ledger->told_ns >= TELL_NS))
        tell_progress(ledger, now_ns);
    return !ledger->stop;
}

/* ---- other processes ------------------------------------------------------------------------ */

void ledger_add_counts(struct ledger *ledger, const struct explorer_result *other)
{
    struct explorer_result *result = ledger->result;
    result->runs += other->runs;
    for (size_t i = 0; i < COUNT_OF(result->by_faults); i++)
        result->by_faults[i] += other->by_faults[i];
    result->random_runs += other->random_runs;
    result->order_runs += other->order_runs;
    result->orders_cut += other->orders_cut;
    result->spared += other->spared;
    result->not_met += other->not_met;
    result->classes += other->classes;
    result->failed_runs += other->failed_runs;
    result->more_failures |= other->more_failures;
    result->interrupted |= other->interrupted;
    result->out_of_memory |= other->out_of_memory;
    for (size_t i = 0; i < CLAIMS_MAX; i++) {
        result->exercised[i] += other->exercised[i];
        result->broken[i] += other->broken[i];
    }
    for (size_t i = 0; i < result->bases; i++) {
        result->by_base[i].runs += other->by_base[i].runs;
        result->by_base[i].positions += other->by_base[i].positions;
        result->by_base[i].classes += other->by_base[i].classes;
        result->by_base[i].failed_runs += other->by_base[i].failed_runs;
        result->by_base[i].failed_checks += other->by_base[i].failed_checks;
    }
}

static int by_place(const void *a, const void *b)
{
    return compare_places(*(struct explorer_failure *const *)a,
                          *(struct explorer_failure *const *)b);
}

void ledger_close(struct ledger *ledger)
{
    struct explorer_result *result = ledger->result;
    result->elapsed_ns = machine_now() - ledger->began_ns;
    if (result->failure_count > 0)
        qsort(result->failures, result->failure_count, sizeof(result->failures[0]), by_place);
}

void explorer_result_release(struct explorer_result *result)
{
    region_release(&result->region);
    *result = (struct explorer_result){0};
}
