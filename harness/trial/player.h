/*
 * Plays one base with faults in the simulation, and tells what came of it: the one way in which explorers, shrinker and
 * replay run anything.
 *
 * Ownership: a player has a world of its own and keeps its memory, so that a warm one allocates next to nothing. Texts of a
 * played are the player's, until it plays again.
 * Errors: a check() that fails is an answer like others (`failed`): the player forgets that world and makes another.
 * Threads: one at a time in a process, since the handler of failed checks is the process's.
 */
#ifndef HARNESS_TRIAL_PLAYER_H
#define HARNESS_TRIAL_PLAYER_H

#include "harness/oracle/claims.h"
#include "harness/run/case_run.h"
#include "harness/trial/base.h"
#include "world/sim/sim.h"

/* What is played: everything that a run follows from. */
struct trial {
    const struct base *base;
    uint64_t seed;
    struct scenario_network network; /* the base's own, unless it is varied */
    const struct wire_fault *faults; /* up to WIRE_FAULTS_MAX */
    size_t fault_count;
    const uint32_t *order; /* as a scenario's `order` */
    size_t order_count;
    bool as_filed; /* as the base's file says in place of these, and what it expects is judged */
};

/* What came of it. */
struct played {
    enum verdict
        verdict; /* PASS; FAIL: a claim is broken; ERROR, SETUP_FAILED: it did not end, or begin */
    claim_set exercised;
    claim_set broken;
    bool unexpected;     /* something else came about than the case expects */
    bool failed;         /* a check() of ours failed; the sentence says which */
    unsigned faults_met; /* a bit for each fault */
    uint64_t trace_hash;
    uint64_t shape_hash;
    uint64_t outcome;         /* hash of the outcome's text, see outcome.h */
    uint64_t outcome_verdict; /* the same without the causes that the proxy names */
    const char *outcome_text;
    const char *const *sentences;
    size_t sentence_count;
};

struct player;

/* NULL when memory runs out. */
MUST_USE struct player *player_create(void);
void player_destroy(struct player **player);

/* The network that the base's file says, no faults, the default order. */
struct trial trial_of(const struct base *base, uint64_t seed);

/* The trial's faults and order outlive what is asked of player_evidence(). */
void player_play(struct player *player, const struct trial *trial, struct played *out);

/*
 * Who chooses what comes next in trials from here on, in place of a trial's order; NULL: nobody does. The owner may look into
 * player_world() when it is asked.
 */
void player_order_by(struct player *player, sim_order *order, void *owner);
struct world *player_world(struct player *player);
/* The evidence of the last trial, until the next is played; its witnesses say which connections there were. NULL after a failed check. */
const struct evidence *player_evidence(const struct player *player);

#endif
