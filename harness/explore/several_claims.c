#include "harness/explore/several_claims.h"

#include <inttypes.h>
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

/* What a check of ours broke off came to nothing that could be compared, and nobody knows which faults it met. */
static bool played_to_an_end(const struct played *played)
{
    return !played->failed && played->verdict != VERDICT_SETUP_FAILED;
}

unsigned clean_run_asks(const struct clean_run *clean, const struct trial *trial,
                        const struct played *played)
{
    const fault_kinds pieces = (fault_kinds)1 << WIRE_FAULT_SPLIT | (fault_kinds)1
                                                                        << WIRE_FAULT_SHORT_WRITE;
    if (!played_to_an_end(played))
        return 0;
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
             "without the fault this came about: %s; with it this: %s", clean->text,
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

bool several_claim_is(size_t claim)
{
    return claim < claims_count() && claims_at(claim)->judge == NULL;
}

static void say(struct several_came *out, const char *sentence)
{
    snprintf(out->sentence, sizeof(out->sentence), "%s", sentence);
}

static bool differs_from_clean(struct player *player, const struct trial *trial, unsigned number,
                               struct several_came *out)
{
    struct clean_run clean;
    struct played ignored;
    clean_run_play(player, trial, &clean, &ignored);
    player_play(player, trial, &out->played);
    return clean_run_asks(&clean, trial, &out->played) == number &&
           !clean_run_is_like(&clean, &out->played, out->sentence);
}

static bool differs_from_itself(struct player *player, const struct trial *trial,
                                struct several_came *out)
{
    struct played first;
    player_play(player, trial, &first);
    player_play(player, trial, &out->played);
    say(out, SEVERAL_SAYS_AGAIN);
    return first.trace_hash != out->played.trace_hash;
}

/* The same end by the other of FIN and RST. */
static bool differs_from_other_end(struct player *player, const struct trial *trial,
                                   struct several_came *out)
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
    player_play(player, trial, &out->played);
    say(out, SEVERAL_SAYS_ENDS);
    return silent && is_silent_end(&trial->faults[0], &out->played, player_evidence(player)) &&
           came.outcome_verdict != out->played.outcome_verdict;
}

static bool is_near(uint64_t a, uint64_t b)
{
    enum { FRAMING_BYTES = 16 }; /* a chunk's head and end: of those one more or less may be held */
    return (a > b ? a - b : b - a) <= FRAMING_BYTES;
}

static struct trace_held held_at_most(const struct player *player)
{
    const struct evidence *evidence = player_evidence(player);
    return evidence != NULL ? evidence->held : (struct trace_held){0};
}

/* From the case beside it, whose bodies have another size, in how much the proxy held at most. */
static bool differs_in_size(struct player *player, const struct trial *trial,
                            struct several_came *out)
{
    struct played beside;
    const struct base *base = trial->base;
    if (base->beside == NULL) {
        player_play(player, trial, &out->played);
        return false;
    }
    const struct trial other = trial_of(base->beside, trial->seed);
    player_play(player, &other, &beside);
    const struct trace_held was = held_at_most(player);
    player_play(player, trial, &out->played);
    const struct trace_held is = held_at_most(player);
    out->beside_trace = beside.trace_hash;
    snprintf(out->sentence, sizeof(out->sentence),
             "the proxy held %" PRIu64 " bytes of requests and %" PRIu64
             " of responses at most, with the bodies of %s %" PRIu64 " and %" PRIu64,
             is.up_peak, is.down_peak, base->beside->id, was.up_peak, was.down_peak);
    return player_evidence(player) != NULL &&
           !(is_near(is.up_peak, was.up_peak) && is_near(is.down_peak, was.down_peak));
}

bool trial_breaks(struct player *player, const struct trial *trial, size_t claim,
                  struct several_came *out)
{
    bool broken;
    check(several_claim_is(claim));
    *out = (struct several_came){.sentence = ""};
    switch (claims_at(claim)->number) {
    case SEVERAL_AGAIN:
        broken = differs_from_itself(player, trial, out);
        break;
    case SEVERAL_FIN_AND_RST:
        broken = differs_from_other_end(player, trial, out);
        break;
    case SEVERAL_SIZES:
        broken = differs_in_size(player, trial, out);
        break;
    default:
        broken = differs_from_clean(player, trial, claims_at(claim)->number, out);
    }
    if (!broken)
        out->sentence[0] = '\0';
    return broken;
}
