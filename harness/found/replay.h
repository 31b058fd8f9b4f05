/*
 * A case with its own `faults` and `order` played again: in the simulation twice, so that the traces can be compared, or on this
 * machine's sockets, where nobody can force an order.
 *
 * Ownership: text lives in the region that was given.
 */
#ifndef HARNESS_FOUND_REPLAY_H
#define HARNESS_FOUND_REPLAY_H

#include "harness/trial/player.h"

struct replayed {
    enum world_kind world;
    const char *refused;  /* why this world cannot play it; NULL: it did, and the rest says how */
    enum verdict verdict; /* PASS: every claim holds */
    claim_set exercised;
    claim_set broken;
    bool unexpected;     /* something else came about than the case expects, where that is asked */
    unsigned faults_met; /* a bit for each of the scenario's faults */
    bool broke_off;      /* a check of ours failed: which faults took place nobody knows */
    uint64_t trace_hash; /* of the simulation */
    bool
        requests_changed; /* clients send other bytes than when it was found, see request_digest.h */
    bool steady;          /* both runs of the simulation left the same trace */
    const char *outcome;  /* in words; "" if it did not come so far */
    const char *const *sentences;
    size_t sentence_count;
    const char *const *story; /* may be NULL */
    size_t story_count;
};

/* Plays the case as its file says; what it expects is judged where replay_expects(). False when the region is full. */
MUST_USE bool replay_in_sim(const struct base *base, struct player *player, struct region *region,
                            struct replayed *out);
MUST_USE bool replay_on_sockets(const struct base *base, struct region *region,
                                struct replayed *out);

/* Whether what was found is that the case's own expectations do not hold. */
bool replay_expects(const struct base *base);

/* The seed that it was found with; else the one of every run. */
uint64_t replay_seed(const struct base *base);

#endif
