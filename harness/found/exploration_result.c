#include "harness/found/exploration_result.h"

#include <inttypes.h>
#include <string.h>

#include "harness/explore/several_claims.h"
#include "harness/found/message_map.h"
#include "harness/found/smallest.h"
#include "reports/shell_word.h"

const char EXPLORATION_NO_CLAIM[] = "a-run-ends-well";
const char EXPLORATION_EXPECTATIONS[] = "what the scenario itself expects comes about";

/* Told of a failed check: what it leaves behind cannot be freed. */
static const char GIVEN_UP[] =
    "so many checks failed in runs of this base that no more of it was explored";

/* What one failure after the other needs. */
struct making {
    const struct exploration_source *source;
    struct player *player;
    struct region *region;
    char *error;
};

static bool make_failures(const struct making *making, struct exploration *out);
static bool make_bases(const struct making *making, struct exploration *out);

static bool fail_full(char error[REGRESSION_ERROR_BYTES])
{
    snprintf(error, REGRESSION_ERROR_BYTES, "out of memory");
    return false;
}

static struct exploration_totals totals_of(const struct explorer_result *result)
{
    struct exploration_totals totals = {.runs = result->runs,
                                        .random_runs = result->random_runs,
                                        .order_runs = result->order_runs,
                                        .orders_cut = result->orders_cut,
                                        .spared = result->spared,
                                        .not_met = result->not_met,
                                        .classes = result->classes,
                                        .outcomes = result->outcomes,
                                        .failed_runs = result->failed_runs};
    _Static_assert((int)EXPLORER_FAULTS_MAX == (int)EXPLORATION_FAULTS_MAX,
                   "a report has room for all that is enumerated");
    memcpy(totals.by_faults, result->by_faults, sizeof(totals.by_faults));
    return totals;
}

bool exploration_make(const struct exploration_source *source, struct region *region,
                      struct exploration *out, char error[REGRESSION_ERROR_BYTES])
{
    const struct explorer_options *options = source->options;
    const struct explorer_result *result = source->result;
    struct making making = {source, player_create(), region, error};

    error[0] = '\0';
    *out = (struct exploration){.seed = options->seed,
                                .faults = options->faults,
                                .orders = options->orders,
                                .naive = options->naive,
                                .interrupted = result->interrupted,
                                .elapsed_ns = result->elapsed_ns,
                                .passed_over = source->bases->passed_over,
                                .totals = totals_of(result)};
    out->claims = exploration_claims(result->exercised, result->broken, region);
    out->claim_count = claims_count();
    if (making.player == NULL || out->claims == NULL || !make_bases(&making, out)) {
        player_destroy(&making.player);
        return fail_full(error);
    }
    bool made = make_failures(&making, out);
    player_destroy(&making.player);
    return made;
}

const struct exploration_claim *exploration_claims(const uint64_t exercised[CLAIMS_MAX],
                                                   const uint64_t broken[CLAIMS_MAX],
                                                   struct region *region)
{
    struct exploration_claim *claims = region_take(region, (claims_count() + 1) * sizeof(*claims));

    for (size_t i = 0; i < claims_count() && claims != NULL; i++) {
        const struct claim *claim = claims_at(i);
        claims[i] = (struct exploration_claim){.number = claim->number,
                                               .name = claim->name,
                                               .sentence = claim->sentence,
                                               .source = claim->source,
                                               .exercised = exercised[i],
                                               .broken = broken[i]};
    }
    return claims;
}

static bool make_bases(const struct making *making, struct exploration *out)
{
    const struct base_list *bases = making->source->bases;
    const struct explorer_base_result *by_base = making->source->result->by_base;
    struct exploration_base *made = region_take(making->region, (bases->count + 1) * sizeof(*made));

    for (size_t i = 0; i < bases->count && made != NULL; i++) {
        made[i] = (struct exploration_base){.id = bases->list[i].id};
        if (by_base == NULL)
            continue;
        made[i].runs = by_base[i].runs;
        made[i].positions = by_base[i].positions;
        made[i].classes = by_base[i].classes;
        made[i].outcomes = by_base[i].outcomes;
        made[i].failed_runs = by_base[i].failed_runs;
    }
    out->bases = made;
    out->base_count = bases->count;
    return made != NULL;
}

/* ---- failures ------------------------------------------------------------------------------- */

static struct failing failing_of(const struct explorer_failure *failure)
{
    struct failing failing = {.base = failure->base,
                              .seed = failure->seed,
                              .claim = failure->claim,
                              .as_filed = failure->unexpected};
    struct schedule *schedule = &failing.schedule;

    schedule->fault_count = failure->fault_count;
    memcpy(schedule->faults, failure->faults, failure->fault_count * sizeof(failure->faults[0]));
    schedule->network = failure->network;
    schedule->order_count =
        failure->order_count < SCHEDULE_ORDER_MAX ? failure->order_count : SCHEDULE_ORDER_MAX;
    for (size_t i = 0; i < schedule->order_count; i++)
        schedule->order[i] = failure->order[i];
    return failing;
}

/* What was broken: a claim, the case's own expectations, or that a run ends at all. */
static void name_failure(const struct explorer_failure *from, struct exploration_failure *out,
                         const char **sentence)
{
    const struct claim *claim = from->claim < claims_count() ? claims_at(from->claim) : NULL;

    out->claim_number = claim != NULL ? claim->number : 0;
    if (claim != NULL) {
        out->claim = claim->name;
        *sentence = claim->sentence;
    } else if (from->unexpected) {
        out->claim = REGRESSION_EXPECTATIONS;
        *sentence = EXPLORATION_EXPECTATIONS;
    } else {
        out->claim = EXPLORATION_NO_CLAIM;
        *sentence = "a run ends, and as it should";
    }
}

static bool was_given_up(const struct making *making, const struct explorer_failure *failure)
{
    const size_t place = (size_t)(failure->base - making->source->bases->list);

    return failure->claim == claims_count() && !failure->unexpected &&
           making->source->result->by_base[place].failed_checks >= EXPLORER_CHECKS_MAX;
}

/* The claim's own sentence, behind it what was found. False when the region is full. */
static bool put_sentences(const struct making *making, const struct explorer_failure *from,
                          const struct smallest *smallest, struct exploration_failure *out)
{
    struct region *region = making->region;
    const char *const *found = smallest->reproduced ? smallest->sentences : from->sentences;
    const size_t count = smallest->reproduced ? smallest->sentence_count : from->sentence_count;
    const char **all = region_take(region, (count + 2) * sizeof(*all));
    size_t put = 1;

    if (all == NULL)
        return false;
    name_failure(from, out, &all[0]);
    for (size_t i = 0; i < count; i++) {
        all[put++] = region_copy_text(region, found[i], strlen(found[i]));
        if (all[put - 1] == NULL)
            return false;
    }
    if (was_given_up(making, from))
        all[put++] = GIVEN_UP;
    out->sentences = all;
    out->sentence_count = put;
    return true;
}

/* The case of another size that the claim is about, too; NULL: it is about one. */
static const struct suite_case *case_beside(const struct explorer_failure *failure)
{
    const struct base *beside =
        failure->claim == several_claim(SEVERAL_SIZES) ? failure->base->beside : NULL;

    return beside != NULL ? beside->one : NULL;
}

/* "--runs 100 ", where so much was asked for; NULL when the region is full. */
static const char *option_of(const char *option, uint64_t number, struct region *region)
{
    return number == 0 ? "" : region_format(region, "%s %" PRIu64 " ", option, number);
}

/* What finds it again, be it by chance: the same exploration of its base alone. NULL when the region is full. */
static const char *explore_again(const struct making *making, const struct base *base)
{
    const struct explorer_options *options = making->source->options;
    struct region *region = making->region;
    const char *wanted = shell_word_case(base->id, region);
    const char *argument = shell_word(base->argument, region);
    const char *runs = option_of("--runs", options->random_runs, region);
    const char *seconds = option_of("--seconds", options->random_ns / NS_PER_S, region);

    if (wanted == NULL || argument == NULL || runs == NULL || seconds == NULL)
        return NULL;
    return region_format(
        region, "retryproof explore --faults %u %s%s%s%s--seed %" PRIu64 " --filter %s %s",
        options->faults, options->naive ? "--naive " : "", options->orders ? "--orders " : "", runs,
        seconds, options->seed, wanted, argument);
}

/* One that shows again is written down; one that does not, or cannot be written, is explored again. */
static bool save(const struct making *making, const struct regression *what,
                 const struct base *base, struct exploration_failure *out)
{
    const struct exploration_source *source = making->source;
    char error[REGRESSION_ERROR_BYTES];
    const char *word = NULL;

    if (what != NULL && source->folder == NULL)
        return true;
    if (what != NULL) {
        out->file = regression_save(what, source->folder, making->region, error);
        if (out->file == NULL && making->error[0] == '\0')
            snprintf(making->error, REGRESSION_ERROR_BYTES, "%s", error);
    }
    if (out->file != NULL)
        word = shell_word(out->file, making->region);
    out->reproduce = word != NULL ? region_format(making->region, "retryproof replay %s", word)
                                  : explore_again(making, base);
    return out->reproduce != NULL || fail_full(making->error);
}

static const uint32_t *copy_order(const struct schedule *schedule, struct region *region)
{
    uint32_t *order = region_take(region, (schedule->order_count + 1) * sizeof(*order));

    if (order != NULL)
        memcpy(order, schedule->order, schedule->order_count * sizeof(*order));
    return order;
}

static bool make_failure(const struct making *making, const struct explorer_failure *from,
                         struct exploration_failure *out)
{
    struct failing failing = failing_of(from);
    struct smallest smallest;
    const struct suite_case *one = from->base->one;
    const struct claim *claim = from->claim < claims_count() ? claims_at(from->claim) : NULL;
    struct fault_map map;

    if (!smallest_find(&failing, making->player, making->region, &smallest) ||
        !message_map_make(from->base->expecting, player_evidence(making->player), making->region,
                          &map))
        return fail_full(making->error);
    const struct regression what = {.file = one->file,
                                    .combination = one->combination,
                                    .scenario = from->base->expecting,
                                    .schedule = &failing.schedule,
                                    .map = &map,
                                    .claim = claim,
                                    .expecting = from->unexpected,
                                    .sentence =
                                        smallest.sentence_count > 0 ? smallest.sentences[0] : NULL,
                                    .seed = from->seed,
                                    .trace_hash = smallest.trace_hash,
                                    .faults_met = smallest.met,
                                    .beside = case_beside(from),
                                    .beside_trace = smallest.beside_trace,
                                    .requests = smallest.requests,
                                    .beside_requests = smallest.beside_requests};
    *out = (struct exploration_failure){.base = from->base->id,
                                        .faults =
                                            schedule_words(&failing.schedule, &map, making->region),
                                        .fault_count = failing.schedule.fault_count,
                                        .order = copy_order(&failing.schedule, making->region),
                                        .order_count = failing.schedule.order_count,
                                        .seed = from->seed,
                                        .trace_hash = smallest.trace_hash,
                                        .steady = smallest.steady,
                                        .story = smallest.story,
                                        .story_count = smallest.story_count};
    return put_sentences(making, from, &smallest, out) && out->faults != NULL && out->order != NULL
               ? save(making, smallest.reproduced ? &what : NULL, from->base, out)
               : fail_full(making->error);
}

static bool make_failures(const struct making *making, struct exploration *out)
{
    const struct explorer_result *result = making->source->result;
    struct exploration_failure *made =
        region_take(making->region, (result->failure_count + 1) * sizeof(*made));

    for (size_t i = 0; i < result->failure_count && made != NULL; i++)
        if (!make_failure(making, result->failures[i], &made[i]))
            return false;
    out->failures = made;
    out->failure_count = result->failure_count;
    out->more_failures = result->more_failures;
    return made != NULL || fail_full(making->error);
}
