/*
 * The books of an exploration: counts runs, claims and outcomes, and keeps one failure for each claim of each base.
 *
 * Ownership: embedded; the result is the caller's. Limits: EXPLORER_FAILURES_MAX, of the first bases and
 * claims; more are counted. Which failures are kept does not hang on who played what first.
 */
#ifndef HARNESS_EXPLORE_LEDGER_H
#define HARNESS_EXPLORE_LEDGER_H

#include "harness/explore/explorer.h"
#include "harness/trial/hash_set.h"

/* An outcome that was new when it came. */
struct ledger_outcome {
    size_t base;
    uint64_t outcome;
};

struct ledger {
    const struct base_list *bases;
    const struct explorer_listener *listener;
    struct explorer_result *result;
    struct hash_set seen; /* outcomes, each mixed with its base */
    struct ledger_outcome *outcomes;
    size_t outcome_count;
    size_t outcome_capacity;
    const struct base *base; /* that is played; NULL: any */
    uint64_t runs_expected;  /* of what is under way and done; 0: not known */
    uint64_t drawn;          /* number of the random run under way, from 1; 0: none is */
    uint64_t told_ns;        /* when progress was told last */
    uint64_t began_ns;
    bool stop;
};

/* False when memory runs out; release it in either case. The result is emptied. */
MUST_USE bool ledger_init(struct ledger *ledger, const struct base_list *bases,
                          const struct explorer_listener *listener, struct explorer_result *result);
void ledger_release(struct ledger *ledger);

/* One run. */
void ledger_note_run(struct ledger *ledger, const struct trial *trial, const struct played *played);

/* A claim about several runs was asked of a run, and does not hold. */
struct ledger_breach {
    const struct trial *trial;
    const struct played *played;
    unsigned number; /* of the claim */
    const char *sentence;
};
void ledger_note_exercised(struct ledger *ledger, unsigned number);
void ledger_note_breach(struct ledger *ledger, const struct ledger_breach *breach);

/*
 * Whether to go on: tells how far it is, now and then, and asks whether it is interrupted. Between two runs. False, too, when
 * the base that is played was given up.
 */
bool ledger_goes_on(struct ledger *ledger);
/* Whether so many checks failed in runs of the base that no more of it is played. */
bool ledger_gave_up(const struct ledger *ledger, const struct base *base);

/* Takes what another process counted: both parts, once each. */
void ledger_add_counts(struct ledger *ledger, const struct explorer_result *other);
void ledger_add_outcome(struct ledger *ledger, size_t base, uint64_t outcome);
void ledger_add_failure(struct ledger *ledger, const struct explorer_failure *failure);

/* At the end: failures in their order, and how long it took. */
void ledger_close(struct ledger *ledger);

#endif
