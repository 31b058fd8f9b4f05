#include "harness/trial/player.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "harness/trial/outcome.h"
#include "world/tls/tls.h"

enum { SENTENCE_BYTES = 1024 };

struct player {
    struct world *world;
    struct case_run *run;
    sim_order *order;
    void *order_owner;
    struct outcome outcome;
    bool holds_case; /* the last one is over, and not forgotten yet */
    jmp_buf on_check;
    char sentence[SENTENCE_BYTES]; /* of the check that failed */
    const char *sentences[1];
};

/* ---- a world -------------------------------------------------------------------------------- */

static bool open_world(struct player *player)
{
    const struct sim_options options = {0};
    player->world = sim_create(&options);
    player->run = player->world == NULL ? NULL : case_run_create(player->world, WORLD_SIM);
    if (player->run == NULL && player->world != NULL)
        sim_destroy(&player->world);
    return player->run != NULL;
}

/* After a failed check nothing in it can be trusted, not even to be freed. */
static void abandon_world(struct player *player)
{
    tls_randomness_restore();
    player->world = NULL;
    player->run = NULL;
    player->holds_case = false;
}

static void forget_case(struct player *player)
{
    if (player->holds_case)
        case_run_reset(player->run);
    player->holds_case = false;
}

struct player *player_create(void)
{
    struct player *player = calloc(1, sizeof(*player));
    if (player != NULL && !open_world(player)) {
        free(player);
        return NULL;
    }
    return player;
}

void player_destroy(struct player **player)
{
    struct player *gone = *player;
    *player = NULL;
    if (gone == NULL)
        return;
    if (gone->run != NULL) {
        forget_case(gone);
        case_run_destroy(&gone->run);
        sim_destroy(&gone->world);
    }
    free(gone);
}

/* ---- playing -------------------------------------------------------------------------------- */

static void on_check(void *owner, const char *sentence)
{
    struct player *player = owner;
    strncpy(player->sentence, sentence, SENTENCE_BYTES - 1);
    longjmp(player->on_check, 1);
}

static void tell_sentence(struct player *player, const char *sentence, struct played *out)
{
    player->sentences[0] = sentence;
    out->sentences = player->sentences;
    out->sentence_count = 1;
    out->verdict = VERDICT_ERROR;
    out->failed = true;
}

static void judge(struct player *player, struct played *out)
{
    struct case_outcome came;
    case_run_judge(player->run, &came);
    player->holds_case = true;
    out->verdict = came.verdict;
    out->exercised = came.exercised;
    out->broken = came.broken;
    out->unexpected = came.unexpected;
    out->faults_met = came.faults_met;
    out->trace_hash = came.trace_hash;
    out->shape_hash = came.shape_hash;
    out->sentences = came.sentences;
    out->sentence_count = came.sentence_count;
    if (came.verdict == VERDICT_SETUP_FAILED)
        return;
    outcome_describe(case_run_evidence(player->run), &player->outcome);
    out->outcome = player->outcome.hash;
    out->outcome_verdict = player->outcome.verdict;
    out->outcome_text = player->outcome.text;
}

static void play(struct player *player, const struct scenario *scenario, uint64_t seed,
                 struct played *out)
{
    *out = (struct played){.outcome_text = ""};
    forget_case(player);
    if (player->run == NULL && !open_world(player)) {
        tell_sentence(player, "there is no memory for another world", out);
        return;
    }
    if (setjmp(player->on_check) != 0) {
        check_handle_with(NULL, NULL);
        abandon_world(player);
        tell_sentence(player, player->sentence, out);
        return;
    }
    check_handle_with(on_check, player);
    case_run_order_by(player->run, player->order, player->order_owner);
    case_run_play(player->run, scenario, seed);
    judge(player, out);
    check_handle_with(NULL, NULL);
}

struct trial trial_of(const struct base *base, uint64_t seed)
{
    return (struct trial){.base = base, .seed = seed, .network = base->expecting->network};
}

/* What is put in is set in the base's own scenario: a copy would take longer than the run. */
void player_play(struct player *player, const struct trial *trial, struct played *out)
{
    struct scenario *scenario = trial->base->scenario;
    check(trial->fault_count <= WIRE_FAULTS_MAX);
    if (trial->as_filed) {
        play(player, trial->base->expecting, trial->seed, out);
        return;
    }
    scenario->network = trial->network;
    scenario->faults = trial->faults;
    scenario->fault_count = trial->fault_count;
    scenario->order = trial->order;
    scenario->order_count = trial->order_count;
    play(player, scenario, trial->seed, out);
}

void player_order_by(struct player *player, sim_order *order, void *owner)
{
    player->order = order;
    player->order_owner = owner;
}

struct world *player_world(struct player *player)
{
    return player->world;
}

const struct evidence *player_evidence(const struct player *player)
{
    return player->holds_case ? case_run_evidence(player->run) : NULL;
}
