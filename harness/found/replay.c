#include "harness/found/replay.h"

#include <setjmp.h>
#include <string.h>

#include "harness/explore/several_claims.h"
#include "harness/found/regression.h"
#include "harness/found/request_digest.h"
#include "harness/found/smallest.h"
#include "harness/suite/scenario_needs.h"
#include "harness/trial/outcome.h"
#include "world/sockets/sockets.h"
#include "world/tls/tls.h"

enum {
    SEED_DEFAULT = 1, /* that of `run` and `explore` */
    SENTENCE_BYTES = 1024,
    STEPS_BETWEEN_LOOKS = 100000, /* upcalls; so many take some 100 ms */
};

static bool copy_texts(const char *const *texts, size_t count, struct region *region,
                       const char *const **out);

uint64_t replay_seed(const struct base *base)
{
    const struct scenario_found *found = &base->expecting->found;
    return found->base != NULL ? found->seed : SEED_DEFAULT;
}

bool replay_expects(const struct base *base)
{
    const char *claim = base->expecting->found.claim;

    return claim != NULL && strcmp(claim, REGRESSION_EXPECTATIONS) == 0;
}

/* The place of the claim that the file says was broken; claims_count(): none. */
static size_t found_claim(const struct base *base)
{
    const char *claim = base->expecting->found.claim;

    return claim != NULL ? claims_find(claim) : claims_count();
}

/* ---- the simulation ------------------------------------------------------------------------- */

/* What does not hold of several runs side by side comes first. */
static bool tell_several(const struct several_came *came, size_t claim, struct region *region,
                         struct replayed *out)
{
    const char **all = region_take(region, (out->sentence_count + 1) * sizeof(*all));

    out->broken |= (claim_set)1 << claim;
    out->verdict = VERDICT_FAIL;
    if (all == NULL)
        return false;
    all[0] = region_copy_text(region, came->sentence, strlen(came->sentence));
    for (size_t i = 0; i < out->sentence_count; i++)
        all[i + 1] = out->sentences[i];
    out->sentences = all;
    out->sentence_count++;
    return all[0] != NULL;
}

bool replay_in_sim(const struct base *base, struct player *player, struct region *region,
                   struct replayed *out)
{
    struct trial trial = trial_of(base, replay_seed(base));
    const size_t claim = found_claim(base);
    const char *requests = base->expecting->found.requests;
    char requests_now[DIGEST_TEXT_BYTES];
    struct several_came came;
    struct played played;

    request_digest(player, base, replay_seed(base), requests_now);
    trial.faults = base->expecting->faults;
    trial.fault_count = base->expecting->fault_count;
    trial.order = base->expecting->order;
    trial.order_count = base->expecting->order_count;
    trial.as_filed = replay_expects(base);
    bool differs = several_claim_is(claim) && trial_breaks(player, &trial, claim, &came);
    player_play(player, &trial, &played);
    const uint64_t before = played.trace_hash;
    player_play(player, &trial, &played);
    *out = (struct replayed){.world = WORLD_SIM,
                             .verdict = played.verdict,
                             .exercised = played.exercised,
                             .broken = played.broken,
                             .unexpected = played.unexpected,
                             .faults_met = played.faults_met,
                             .broke_off = played.failed,
                             .trace_hash = played.trace_hash,
                             .steady = before == played.trace_hash,
                             .requests_changed =
                                 requests != NULL && strcmp(requests, requests_now) != 0,
                             .sentence_count = played.sentence_count};
    if (several_claim_is(claim))
        out->exercised |= (claim_set)1 << claim;
    out->outcome = region_copy_text(region, played.outcome_text, strlen(played.outcome_text));
    out->story = smallest_story(player_evidence(player), region, &out->story_count);
    return out->outcome != NULL &&
           copy_texts(played.sentences, played.sentence_count, region, &out->sentences) &&
           (!differs || tell_several(&came, claim, region, out));
}

static bool copy_texts(const char *const *texts, size_t count, struct region *region,
                       const char *const **out)
{
    const char **copies = region_take(region, (count + 1) * sizeof(*copies));

    *out = copies;
    for (size_t i = 0; i < count && copies != NULL; i++) {
        copies[i] = region_copy_text(region, texts[i], strlen(texts[i]));
        if (copies[i] == NULL)
            return false;
    }
    return copies != NULL;
}

/* ---- sockets -------------------------------------------------------------------------------- */

/* A case under way on sockets, and the check that failed in it. */
struct real_case {
    struct world *world;
    struct case_run *run;
    jmp_buf on_check;
    char sentence[SENTENCE_BYTES];
};

static void on_check(void *owner, const char *sentence)
{
    struct real_case *real = owner;

    strncpy(real->sentence, sentence, SENTENCE_BYTES - 1);
    longjmp(real->on_check, 1);
}

static bool take_outcome(struct real_case *real, struct region *region, struct replayed *out)
{
    struct case_outcome came;
    struct outcome outcome = {.text = ""};

    case_run_judge(real->run, &came);
    out->verdict = came.verdict;
    out->exercised = came.exercised;
    out->broken = came.broken;
    out->unexpected = came.unexpected;
    out->faults_met = came.faults_met;
    out->sentence_count = came.sentence_count;
    if (came.verdict != VERDICT_SETUP_FAILED) {
        const struct evidence *evidence = case_run_evidence(real->run);
        outcome_describe(evidence, &outcome);
        out->story = smallest_story(evidence, region, &out->story_count);
    }
    out->outcome = region_copy_text(region, outcome.text, strlen(outcome.text));
    return out->outcome != NULL &&
           copy_texts(came.sentences, came.sentence_count, region, &out->sentences);
}

static bool play(struct real_case *real, const struct base *base, struct region *region,
                 struct replayed *out)
{
    const struct scenario *scenario = replay_expects(base) ? base->expecting : base->scenario;
    bool over = false;

    case_run_start(real->run, scenario, replay_seed(base));
    while (!over) {
        enum run_end how = world_run(real->world, STEPS_BETWEEN_LOOKS, case_run_until(real->run));
        over = case_run_advance(real->run, how);
    }
    bool taken = take_outcome(real, region, out);
    case_run_reset(real->run);
    return taken;
}

static bool tell_failed_check(const struct real_case *real, struct region *region,
                              struct replayed *out)
{
    const char *sentence = real->sentence;

    tls_randomness_restore();
    out->verdict = VERDICT_ERROR;
    out->broke_off = true;
    out->sentence_count = 1;
    out->outcome = "";
    return copy_texts(&sentence, 1, region, &out->sentences);
}

/*
 * What is put in is set in the base's own scenario, which expects nothing. Time passes there: the file says how much of it, and
 * not the explorer.
 */
static void put_schedule(const struct base *base)
{
    const struct scenario *from = base->expecting;

    base->scenario->network = from->network;
    base->scenario->faults = from->faults;
    base->scenario->fault_count = from->fault_count;
    base->scenario->time_limit_ns = from->time_limit_ns;
    base->scenario->order = NULL;
    base->scenario->order_count = 0;
}

/* After a failed check nothing of that world can be trusted, not even to be freed: the process ends soon. */
static bool play_guarded(struct real_case *real, const struct base *base, struct region *region,
                         struct replayed *out)
{
    if (setjmp(real->on_check) != 0) {
        check_handle_with(NULL, NULL);
        return tell_failed_check(real, region, out);
    }
    check_handle_with(on_check, real);
    bool played = play(real, base, region, out);
    check_handle_with(NULL, NULL);
    case_run_destroy(&real->run);
    sockets_destroy(&real->world);
    return played;
}

bool replay_on_sockets(const struct base *base, struct region *region, struct replayed *out)
{
    const struct sockets_options options = {.seed = replay_seed(base)};
    struct real_case *real = region_take(region, sizeof(*real));

    *out = (struct replayed){.world = WORLD_SOCKETS, .outcome = ""};
    out->refused = base->expecting->unsupported[WORLD_SOCKETS];
    if (out->refused == SCENARIO_ORDER_IS_SIMULATED)
        out->refused = NULL;
    if (out->refused == NULL && several_claim_is(found_claim(base)))
        out->refused = "what was found shows in several runs side by side, which only the "
                       "simulation plays alike";
    if (out->refused != NULL)
        return true;
    if (real == NULL)
        return false;
    real->world = sockets_create(&options);
    real->run = real->world != NULL ? case_run_create(real->world, WORLD_SOCKETS) : NULL;
    if (real->run != NULL) {
        put_schedule(base);
        return play_guarded(real, base, region, out);
    }
    if (real->world != NULL)
        sockets_destroy(&real->world);
    return false;
}
