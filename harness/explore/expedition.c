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
    bool is_cut;                    /* not every order of the base is played */
    sim_order *order;               /* who chooses in the run under way, and what was chosen */
    void *order_owner;
    size_t choice_count;
    uint32_t choices[ORDERS_CHOICES_MAX];
};

/* ---- orders --------------------------------------------------------------------------------- */

/* Hands the question on and writes the answer down, so that what fails can be played again. */
static size_t choose(void *owner, size_t count)
{
    struct expedition *expedition = owner;
    size_t choice = expedition->order(expedition->order_owner, count);
    if (expedition->choice_count < ORDERS_CHOICES_MAX)
        expedition->choices[expedition->choice_count++] = (uint32_t)choice;
    return choice;
}

/* What follows the last choice is the default order, which is 0. */
static void drop_default_choices(struct expedition *expedition)
{
    while (expedition->choice_count > 0 && expedition->choices[expedition->choice_count - 1] == 0)
        expedition->choice_count--;
}

static void play_order(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out)
{
    struct expedition *expedition = owner;
    struct trial trial = trial_of(expedition->base, expedition->options->seed);
    struct played played;
    trial.faults = expedition->fault;
    trial.fault_count = expedition->fault != NULL ? 1 : 0;
    expedition->order = order;
    expedition->order_owner = order_owner;
    expedition->choice_count = 0;
    player_order_by(expedition->player, choose, expedition);
    player_play(expedition->player, &trial, &played);
    player_order_by(expedition->player, NULL, NULL);
    drop_default_choices(expedition);
    trial.order = expedition->choices;
    trial.order_count = expedition->choice_count;
    ledger_note_run(expedition->ledger, &trial, &played);
    expedition->ledger->result->order_runs++;
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

/* Of one base with that fault, or none: at most so many runs, of which it returns how many it took. */
static uint64_t explore_orders(struct expedition *expedition, const struct wire_fault *fault,
                               uint64_t runs_max)
{
    const struct orders_subject subject = {play_order, state_of_order, is_enough, expedition};
    const struct orders_options options = {.runs_max = runs_max,
                                           .naive = expedition->options->naive};
    struct orders_result found;
    expedition->fault = fault;
    orders_explore(&subject, &options, &found);
    uint64_t runs = found.runs;
    expedition->ledger->result->out_of_memory |= found.out_of_memory;
    expedition->is_cut = expedition->is_cut || !found.complete;
    orders_release(&found);
    return runs;
}

/* The clean base, then with each fault that stands for others, as far as the runs of a base go. */
static void explore_all_orders(struct expedition *expedition, const struct base *base)
{
    uint64_t left = base->thorough ? ORDERS_RUNS_MAX : ORDERS_RUNS_MAX_SLOW;
    const struct wire_fault *fault = NULL;
    expedition->base = base;
    expedition->is_cut = false;
    left -= explore_orders(expedition, NULL, left);
    for (size_t i = 0; (fault = survey_standing(expedition->survey, i)) != NULL; i++) {
        expedition->is_cut = expedition->is_cut || left == 0;
        if (left == 0 || !ledger_goes_on(expedition->ledger))
            break;
        left -= explore_orders(expedition, fault,
                               left < ORDERS_RUNS_MAX_FAULT ? left : ORDERS_RUNS_MAX_FAULT);
    }
    expedition->ledger->result->orders_cut += expedition->is_cut;
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
        expedition->ledger->base = &bases->list[i];
        if (!ledger_goes_on(expedition->ledger))
            return;
        bool plays = survey_base(expedition->survey, &bases->list[i]);
        if (plays && expedition->options->orders && bases->list[i].sibling == NULL &&
            ledger_goes_on(expedition->ledger))
            explore_all_orders(expedition, &bases->list[i]);
    }
    expedition->ledger->base = NULL;
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
    bool asked = expedition->options->random_runs > 0 || expedition->options->random_ns > 0;
    if (!asked || !swarm_has_ground(expedition->swarm))
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
