#include "harness/explore/several_claims.h"

#include <stdio.h>
#include <string.h>

/* A delay is far below a timeout if that is so many times as long: some delays may come one after the other. */
#define UNHURRIED_NS (10 * WIRE_DELAY_NS)

size_t several_claim(unsigned number)
{
    char word[16];
    snprintf(word, sizeof(word), "%u", number);
    return claims_find(word);
}

/* ---- the clean run -------------------------------------------------------------------------- */

static bool script_is_unhurried(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->steps[i].word == STEP_DELAY || script->steps[i].word == STEP_DRIP)
            return false;
    return true;
}

static bool scripts_are_unhurried(const struct scenario *scenario)
{
    bool unhurried = true;
    for (size_t c = 0; c < scenario->client_count; c++)
        unhurried = unhurried && script_is_unhurried(&scenario->clients[c].script);
    for (size_t u = 0; u < scenario->upstream_count; u++) {
        unhurried = unhurried && script_is_unhurried(&scenario->upstreams[u].standing);
        for (size_t i = 0; i < scenario->upstreams[u].entry_count; i++)
            unhurried = unhurried && script_is_unhurried(&scenario->upstreams[u].entries[i].script);
    }
    return unhurried;
}

/* 0 is no limit. */
static bool is_long(uint64_t timeout_ns)
{
    return timeout_ns == 0 || timeout_ns >= UNHURRIED_NS;
}

static bool timeouts_are_unhurried(const struct scenario *scenario)
{
    const struct proxy_settings *proxy = &scenario->proxy;
    return is_long(proxy->connect_timeout_ns) && is_long(proxy->handshake_timeout_ns) &&
           is_long(proxy->head_timeout_ns) && is_long(proxy->response_timeout_ns) &&
           is_long(proxy->idle_timeout_ns) && is_long(proxy->pool_timeout_ns) &&
           is_long(scenario->retry.per_try_timeout_ns) && is_long(scenario->retry.deadline_ns);
}

void clean_run_play(struct player *player, const struct trial *trial, struct clean_run *clean,
                    struct played *out)
{
    const struct base *base = trial->base;
    const struct trial without = trial_of(base, trial->seed);
    player_play(player, &without, out);
    *clean = (struct clean_run){.trace_hash = out->trace_hash, .outcome = out->outcome};
    /* Which of several clients comes first is a matter of time, and what each gets may follow from it. */
    clean->alone = base->scenario->client_count == 1;
    clean->unhurried =
        scripts_are_unhurried(base->scenario) && timeouts_are_unhurried(base->scenario);
    strncpy(clean->text, out->outcome_text, sizeof(clean->text) - 1);
}

/* ---- like the clean run --------------------------------------------------------------------- */

static bool all_are_of(const struct trial *trial, fault_kinds kinds)
{
    for (size_t i = 0; i < trial->fault_count; i++)
        if ((kinds >> trial->faults[i].kind & 1) == 0)
            return false;
    return trial->fault_count > 0;
}

unsigned clean_run_asks(const struct clean_run *clean, const struct trial *trial,
                        const struct played *played)
{
    const fault_kinds pieces = (fault_kinds)1 << WIRE_FAULT_SPLIT | (fault_kinds)1
                                                                        << WIRE_FAULT_SHORT_WRITE;
    const fault_kinds late = pieces | (fault_kinds)1 << WIRE_FAULT_DELAY;
    if (trial->fault_count > 0 && played->faults_met == 0)
        return SEVERAL_NOT_MET;
    if (all_are_of(trial, pieces) && clean->alone)
        return SEVERAL_PIECES;
    if (all_are_of(trial, late) && clean->alone && clean->unhurried)
        return SEVERAL_LATE;
    return 0;
}

bool clean_run_is_like(const struct clean_run *clean, const struct played *played,
                       char sentence[SEVERAL_SENTENCE_BYTES])
{
    if (played->outcome == clean->outcome)
        return true;
    snprintf(sentence, SEVERAL_SENTENCE_BYTES,
             "without the fault this came about: %s with it this: %s", clean->text,
             played->outcome_text);
    return false;
}

/* ---- FIN and RST ---------------------------------------------------------------------------- */

static bool has_connect(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->request_count; i++)
        if (request_is_connect(&evidence->requests[i]))
            return true;
    return false;
}

bool is_silent_end(const struct wire_fault *fault, const struct played *played,
                   const struct evidence *evidence)
{
    if ((fault->kind != WIRE_FAULT_FIN && fault->kind != WIRE_FAULT_RST) ||
        fault->party != WIRE_UPSTREAM || fault->direction == WIRE_DIAL || evidence == NULL ||
        (played->faults_met & 1) == 0)
        return false;
    const struct fake_upstream *upstream = evidence->upstreams[fault->index];
    if (fault->connection > upstream->connection_count)
        return false;
    /* What a tunnel brought is no response: there a FIN is an end, and a reset a failure. */
    const struct witness *witness = fake_upstream_witness(upstream, fault->connection - 1);
    return witness->out.bytes == 0 && !witness->streams && !has_connect(evidence);
}

/* ---- one trial and one claim ---------------------------------------------------------------- */

static bool differs_from_clean(struct player *player, const struct trial *trial, unsigned number,
                               struct played *out)
{
    struct clean_run clean;
    struct played ignored;
    char sentence[SEVERAL_SENTENCE_BYTES];
    clean_run_play(player, trial, &clean, &ignored);
    player_play(player, trial, out);
    return clean_run_asks(&clean, trial, out) == number &&
           !clean_run_is_like(&clean, out, sentence);
}

static bool differs_from_itself(struct player *player, const struct trial *trial,
                                struct played *out)
{
    struct played first;
    player_play(player, trial, &first);
    player_play(player, trial, out);
    return first.trace_hash != out->trace_hash;
}

/* The same end by the other of FIN and RST. */
static bool differs_from_other_end(struct player *player, const struct trial *trial,
                                   struct played *out)
{
    struct wire_fault fault;
    struct trial other = *trial;
    struct played came = {.verdict = VERDICT_SKIPPED};
    bool silent = false;
    if (trial->fault_count == 1) {
        fault = trial->faults[0];
        fault.kind = fault.kind == WIRE_FAULT_FIN ? WIRE_FAULT_RST : WIRE_FAULT_FIN;
        other.faults = &fault;
        player_play(player, &other, &came);
        silent = is_silent_end(&fault, &came, player_evidence(player));
    }
    player_play(player, trial, out);
    return silent && is_silent_end(&trial->faults[0], out, player_evidence(player)) &&
           came.outcome_verdict != out->outcome_verdict;
}

static bool is_near(uint64_t a, uint64_t b)
{
    enum { FRAMING_BYTES = 16 }; /* a chunk's head and end: of those one more or less may be held */
    return (a > b ? a - b : b - a) <= FRAMING_BYTES;
}

/* From its sibling, whose bodies have another size, in how much the proxy held at most. */
static bool differs_from_sibling(struct player *player, const struct trial *trial,
                                 struct played *out)
{
    if (trial->base->sibling == NULL) {
        player_play(player, trial, out);
        return false;
    }
    const struct trial other = trial_of(trial->base->sibling, trial->seed);
    player_play(player, &other, out);
    const struct evidence *evidence = player_evidence(player);
    struct trace_held held = evidence != NULL ? evidence->held : (struct trace_held){0};
    player_play(player, trial, out);
    evidence = player_evidence(player);
    return evidence != NULL && !(is_near(evidence->held.up_peak, held.up_peak) &&
                                 is_near(evidence->held.down_peak, held.down_peak));
}

bool trial_breaks(struct player *player, const struct trial *trial, size_t claim,
                  struct played *out)
{
    if (claim == several_claim(SEVERAL_AGAIN) && claim < claims_count())
        return differs_from_itself(player, trial, out);
    if (claim == several_claim(SEVERAL_FIN_AND_RST) && claim < claims_count())
        return differs_from_other_end(player, trial, out);
    if (claim == several_claim(SEVERAL_SIZES) && claim < claims_count())
        return differs_from_sibling(player, trial, out);
    if (claim < claims_count() && claims_at(claim)->judge == NULL)
        return differs_from_clean(player, trial, claims_at(claim)->number, out);
    player_play(player, trial, out);
    if (claim == claims_count())
        return out->verdict == VERDICT_ERROR || out->verdict == VERDICT_SETUP_FAILED;
    return (out->broken >> claim & 1) != 0;
}
