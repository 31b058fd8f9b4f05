#include "harness/explore/expedition.h"

#include "harness/explore/survey.h"
#include "harness/explore/swarm.h"
#include "harness/keeper/machine.h"
#include "harness/space/orders.h"
#include "world/sim/sim.h"

enum {
    ORDERS_RUNS_MAX = 50000,     /* of one base: some seconds; more are told as cut off */
    ORDERS_RUNS_MAX_SLOW = 1000, /* of one with handshakes or large bodies */
    ORDERS_RUNS_MAX_FAULT = 500, /* of one fault put into a base: most have some hundred */
};

struct expedition {
    struct ledger *ledger;
    const struct explorer_options *options;
    const struct expedition_share *share;
    struct player *player;
    struct survey *survey;
    struct swarm *swarm;
    const struct base *base;        /* of which orders are explored */
    const struct wire_fault *fault; /* that is in it; NULL: none */
};

/* ---- orders --------------------------------------------------------------------------------- */

static struct trial trial_under_way(const struct expedition *expedition)
{
    struct trial trial = trial_of(expedition->base, expedition->options->seed);
    trial.faults = expedition->fault;
    trial.fault_count = expedition->fault != NULL ? 1 : 0;
    return trial;
}

static void play_order(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out)
{
    struct expedition *expedition = owner;
    struct explorer_result *result = expedition->ledger->result;
    struct trial trial = trial_under_way(expedition);
    struct played played;
    player_order_by(expedition->player, order, order_owner);
    player_play(expedition->player, &trial, &played);
    player_order_by(expedition->player, NULL, NULL);
    result->runs++;
    result->order_runs++;
    result->by_base[expedition->base - expedition->ledger->bases->list].runs++;
    out->hash = played.outcome;
    out->failed = played.verdict != VERDICT_PASS;
}

static uint64_t state_of_order(void *owner)
{
    struct expedition *expedition = owner;
    return sim_state_hash(player_world(expedition->player));
}

static bool is_enough(void *owner)
{
    struct expedition *expedition = owner;
    return !ledger_goes_on(expedition->ledger);
}

/* The smallest order that failed is played once more, to be entered with all that it breaks. */
static void enter_failure(struct expedition *expedition, const struct orders_result *found)
{
    struct played played;
    struct trial trial = trial_under_way(expedition);
    trial.order = found->order;
    trial.order_count = found->order_count;
    player_play(expedition->player, &trial, &played);
    ledger_note_run(expedition->ledger, &trial, &played);
}

/* Of one base with that fault, or none: at most so many runs, of which it returns how many it took. */
static uint64_t explore_orders(struct expedition *expedition, const struct wire_fault *fault,
                               uint64_t runs_max)
{
    const struct orders_subject subject = {play_order, state_of_order, is_enough, expedition};
    const struct orders_options options = {.runs_max = runs_max,
                                           .naive = expedition->options->naive};
    size_t place = (size_t)(expedition->base - expedition->ledger->bases->list);
    struct orders_result found;
    expedition->fault = fault;
    orders_explore(&subject, &options, &found);
    uint64_t runs = found.runs;
    for (size_t i = 0; i < found.outcome_count; i++)
        ledger_add_outcome(expedition->ledger, place, found.outcomes[i]);
    if (found.order != NULL)
        enter_failure(expedition, &found);
    expedition->ledger->result->out_of_memory |= found.out_of_memory;
    expedition->ledger->result->orders_cut += fault == NULL && !found.complete;
    orders_release(&found);
    return runs;
}

/* The clean base, then with each fault that stands for others, as far as the runs of a base go. */
static void explore_all_orders(struct expedition *expedition, const struct base *base)
{
    uint64_t left = base->thorough ? ORDERS_RUNS_MAX : ORDERS_RUNS_MAX_SLOW;
    const struct wire_fault *fault = NULL;
    expedition->base = base;
    left -= explore_orders(expedition, NULL, left);
    for (size_t i = 0; (fault = survey_standing(expedition->survey, i)) != NULL; i++) {
        if (left == 0 || !ledger_goes_on(expedition->ledger))
            return;
        left -= explore_orders(expedition, fault,
                               left < ORDERS_RUNS_MAX_FAULT ? left : ORDERS_RUNS_MAX_FAULT);
    }
}

/* ---- the share ------------------------------------------------------------------------------ */

/* Of pairs nobody knows how many there will be before the single faults were played. */
static void count_runs(struct expedition *expedition)
{
    const struct base_list *bases = expedition->ledger->bases;
    if (expedition->options->faults != 1 || expedition->options->orders ||
        expedition->options->random_ns > 0)
        return;
    for (size_t i = expedition->share->number; i < bases->count; i += expedition->share->count)
        expedition->ledger->runs_expected += survey_count(expedition->survey, &bases->list[i]);
    expedition->ledger->runs_expected +=
        expedition->options->random_runs / expedition->share->count;
}

static void play_bases(struct expedition *expedition)
{
    const struct base_list *bases = expedition->ledger->bases;
    for (size_t i = expedition->share->number; i < bases->count; i += expedition->share->count) {
        if (!ledger_goes_on(expedition->ledger))
            return;
        expedition->ledger->base = &bases->list[i];
        survey_base(expedition->survey, &bases->list[i]);
        if (expedition->options->orders && bases->list[i].sibling == NULL &&
            ledger_goes_on(expedition->ledger))
            explore_all_orders(expedition, &bases->list[i]);
    }
}

static bool has_time(const struct expedition *expedition, uint64_t began_ns)
{
    return expedition->options->random_ns > 0 &&
           machine_now() - began_ns < expedition->options->random_ns;
}

static void play_random(struct expedition *expedition)
{
    const struct expedition_share *share = expedition->share;
    uint64_t began_ns = machine_now();
    if (expedition->ledger->bases->count == 0)
        return;
    for (uint64_t n = share->number;
         n < expedition->options->random_runs || has_time(expedition, began_ns);
         n += share->count) {
        if (!ledger_goes_on(expedition->ledger))
            return;
        swarm_play(expedition->swarm, n);
    }
}

bool expedition_play(struct ledger *ledger, const struct explorer_options *options,
                     const struct expedition_share *share)
{
    struct expedition expedition = {.ledger = ledger, .options = options, .share = share};
    expedition.player = player_create();
    if (expedition.player == NULL)
        return false;
    expedition.survey = survey_create(ledger, expedition.player, options);
    expedition.swarm = swarm_create(ledger, expedition.player, options);
    bool fine = expedition.survey != NULL && expedition.swarm != NULL;
    if (fine) {
        count_runs(&expedition);
        play_bases(&expedition);
        play_random(&expedition);
    }
    survey_destroy(&expedition.survey);
    swarm_destroy(&expedition.swarm);
    player_destroy(&expedition.player);
    return fine;
}
