#include "harness/found/smallest.h"

#include <string.h>

#include "harness/explore/several_claims.h"

/* A world in which a check failed cannot be freed, so a failure of that kind is tried so often and no more. */
enum { ABANDONED_MAX = 64, SENTENCE_BYTES = 1024 };

/* What the callback of the shrinker compares with. */
struct judging {
    struct failing trying; /* whose schedule is the candidate */
    struct player *player;
    enum verdict verdict; /* of the failure itself */
    bool failed;
    char sentence[SENTENCE_BYTES]; /* its first one; matters where a check failed: it says which */
    unsigned abandoned;
    struct several_came came; /* of a claim about several runs */
};

static bool copy_sentences(const struct judging *judging, const struct played *played,
                           struct region *region, struct smallest *out);

struct trial failing_trial(const struct failing *failing)
{
    struct trial trial = trial_of(failing->base, failing->seed);

    trial.network = failing->schedule.network;
    trial.faults = failing->schedule.faults;
    trial.fault_count = failing->schedule.fault_count;
    trial.order = failing->schedule.order;
    trial.order_count = failing->schedule.order_count;
    trial.as_filed = failing->as_filed;
    return trial;
}

/* ---- the same failure ----------------------------------------------------------------------- */

static const char *first_sentence(const struct played *played)
{
    return played->sentence_count > 0 ? played->sentences[0] : "";
}

static bool is_same(const struct judging *judging, const struct played *played)
{
    const size_t claim = judging->trying.claim;

    if (claim < claims_count())
        return (played->broken >> claim & 1) != 0;
    if (judging->trying.as_filed)
        return played->unexpected;
    if (judging->failed)
        return played->failed && strcmp(first_sentence(played), judging->sentence) == 0;
    return played->verdict == judging->verdict && !played->failed && played->broken == 0;
}

static bool play_and_compare(void *owner, const struct schedule *schedule)
{
    struct judging *judging = owner;
    struct played played;

    if (judging->abandoned == ABANDONED_MAX)
        return false;
    judging->trying.schedule = *schedule;
    const struct trial trial = failing_trial(&judging->trying);
    if (several_claim_is(judging->trying.claim)) {
        bool broken = trial_breaks(judging->player, &trial, judging->trying.claim, &judging->came);
        judging->abandoned += judging->came.played.failed;
        return broken;
    }
    player_play(judging->player, &trial, &played);
    judging->abandoned += played.failed;
    return is_same(judging, &played);
}

/* How it fails, before anything is taken away. False if it does not fail by itself. */
static bool note_failure(struct judging *judging)
{
    struct played played;
    const struct trial trial = failing_trial(&judging->trying);

    if (several_claim_is(judging->trying.claim))
        return trial_breaks(judging->player, &trial, judging->trying.claim, &judging->came);
    player_play(judging->player, &trial, &played);
    judging->verdict = played.verdict;
    judging->failed = played.failed;
    snprintf(judging->sentence, sizeof(judging->sentence), "%s", first_sentence(&played));
    return played.verdict != VERDICT_PASS && is_same(judging, &played);
}

/* After a failed check nobody knows which took place; none can be spared, so all of them did. */
static unsigned faults_met(const struct schedule *schedule, const struct played *played)
{
    return played->failed ? (unsigned)schedule->fault_count
                          : (unsigned)__builtin_popcount(played->faults_met);
}

bool smallest_find(struct failing *failing, struct player *player, struct region *region,
                   struct smallest *out)
{
    struct judging *judging = region_take(region, sizeof(*judging));
    struct played played;

    *out = (struct smallest){0};
    if (judging == NULL)
        return false;
    judging->trying = *failing;
    judging->player = player;
    request_digest(player, failing->base, failing->seed, out->requests);
    if (failing->base->beside != NULL)
        request_digest(player, failing->base->beside, failing->seed, out->beside_requests);
    out->reproduced = note_failure(judging);
    if (out->reproduced && !failing->as_filed)
        out->runs = shrink_schedule(&failing->schedule, &failing->base->expecting->network,
                                    play_and_compare, judging);
    const struct trial trial = failing_trial(failing);
    if (several_claim_is(failing->claim) && out->reproduced)
        out->reproduced = trial_breaks(player, &trial, failing->claim, &judging->came);
    out->beside_trace = judging->came.beside_trace;
    player_play(player, &trial, &played);
    const uint64_t before = played.trace_hash;
    player_play(player, &trial, &played);
    out->trace_hash = played.trace_hash;
    out->steady = before == played.trace_hash;
    out->met = faults_met(&failing->schedule, &played);
    out->story = smallest_story(player_evidence(player), region, &out->story_count);
    return copy_sentences(judging, &played, region, out);
}

/* ---- words ---------------------------------------------------------------------------------- */

/* One run may break several claims, each of which is a failure of its own: what this one says of it. */
static void ask_claim(size_t claim, const struct evidence *evidence, struct findings *said)
{
    if (claim < claims_count() && !several_claim_is(claim) && evidence != NULL)
        (void)claims_at(claim)->judge(evidence, said);
}

/* First what was said of several runs side by side; then what the claim says, or where that is nothing, all that was found. */
static bool copy_sentences(const struct judging *judging, const struct played *played,
                           struct region *region, struct smallest *out)
{
    struct findings said;
    size_t found = played->sentence_count;
    const char *const *sentences = played->sentences;
    const char *several = judging->came.sentence;
    size_t count = 0;

    findings_init(&said, region);
    ask_claim(judging->trying.claim, player_evidence(judging->player), &said);
    if (said.count > 0)
        sentences = findings_all(&said, &found);
    const char **copies = region_take(region, (found + 1) * sizeof(*copies));
    if (copies == NULL)
        return false;
    if (several[0] != '\0')
        copies[count++] = region_copy_text(region, several, strlen(several));
    for (size_t i = 0; i < found; i++)
        copies[count++] = region_copy_text(region, sentences[i], strlen(sentences[i]));
    out->sentences = copies;
    out->sentence_count = count;
    return count == 0 || copies[count - 1] != NULL;
}

const char *const *smallest_story(const struct evidence *evidence, struct region *region,
                                  size_t *count)
{
    const struct world *trace = evidence != NULL ? evidence->trace : NULL;
    const size_t events = trace != NULL ? trace_event_count(trace) : 0;
    const size_t shown = events < CASE_STORY_MAX ? events : CASE_STORY_MAX;
    const char **story = region_take(region, (shown + 1) * sizeof(*story));

    *count = 0;
    if (story == NULL || trace == NULL)
        return NULL;
    for (size_t i = 0; i < shown; i++) {
        char line[TRACE_LINE_BYTES];
        trace_story_line(trace, trace_event_at(trace, i), evidence->began_ns, line);
        story[i] = region_copy_text(region, line, strlen(line));
        if (story[i] == NULL)
            return NULL;
    }
    if (events > shown) {
        story[shown] = region_format(region, "... and %zu more events", events - shown);
        if (story[shown] == NULL)
            return NULL;
    }
    *count = shown + (events > shown);
    return story;
}
