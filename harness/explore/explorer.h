/*
 * Explores: plays each base clean, then with every single fault at every byte, then with pairs and triples on
 * representatives of the positions, then at random, and collects which claims were broken.
 *
 * Ownership: the bases outlive the call; the result's text is the exploration's.
 * Limits: EXPLORER_*. Errors: a run that fails is a failure of the exploration and not an error of the explorer.
 */
#ifndef HARNESS_EXPLORE_EXPLORER_H
#define HARNESS_EXPLORE_EXPLORER_H

#include "harness/space/fault_space.h"
#include "harness/trial/base.h"
#include "harness/trial/player.h"

enum {
    EXPLORER_FAULTS_MAX =
        3, /* faults of one run that are enumerated; the random part has up to four */
    EXPLORER_FAILURES_MAX =
        64, /* failures that are kept whole, the first by base and claim; all are counted */
    EXPLORER_JOBS_MAX = 64,
    EXPLORER_CHECKS_MAX =
        16, /* checks of ours that fail on one base: each leaves a world of some 200 KiB behind that cannot be freed */
};

struct explorer_options {
    unsigned faults;      /* enumerated: 0 (the clean runs alone) to EXPLORER_FAULTS_MAX */
    uint64_t random_runs; /* behind the enumeration */
    uint64_t random_ns;   /* or for so long, of real time; 0: not asked */
    uint64_t seed;
    bool orders;       /* all orders of events of each base, too */
    bool naive;        /* pairs and triples at all positions, not at representatives */
    unsigned jobs;     /* processes; 0 and 1: this one */
    fault_kinds kinds; /* those that are enumerated and drawn; 0: all */
    uint64_t runs_max; /* of the enumeration of one base with more than one fault; 0: no limit */
};

/* How far it has come. */
struct explorer_progress {
    uint64_t runs;
    uint64_t runs_total; /* those known of so far, runs among them; 0: not known */
    uint64_t classes;
    uint64_t outcomes;
    uint64_t failures;
    uint64_t elapsed_ns;
    const char *base; /* that is played */
};

/* Who hears of it; each may be NULL. */
struct explorer_listener {
    void (*on_progress)(void *owner, const struct explorer_progress *progress);
    bool (*is_interrupted)(void *owner);
    void *owner;
};

/* One run in which something was wrong. */
struct explorer_failure {
    const struct base *base;
    struct wire_fault faults[WIRE_FAULTS_MAX];
    size_t fault_count;
    struct scenario_network network;
    const uint32_t *order;
    size_t order_count;
    uint64_t drawn; /* number of the random run that it is, from 1; 0: it was enumerated */
    uint64_t seed;
    size_t
        claim; /* place in the table of the first that was broken; claims_count(): none, see the sentences */
    bool unexpected; /* what its file expects did not come about; claim is claims_count() then */
    uint64_t trace_hash;
    uint64_t times; /* runs of this base that broke this claim */
    const char *const *sentences;
    size_t sentence_count;
};

/* What came of one base. */
struct explorer_base_result {
    uint64_t runs;
    uint64_t positions; /* places at which a single fault was put */
    uint64_t classes;
    uint64_t outcomes;
    uint64_t failed_runs;
    uint64_t failed_checks; /* EXPLORER_CHECKS_MAX: it was given up then */
};

/*
 * The same claim broken on the same base is counted and told once, by the run with the fewest faults, then the fewest choices
 * of its order that are not the default.
 */
struct explorer_result {
    struct region region; /* of what follows */
    size_t bases;
    struct explorer_base_result *by_base; /* one for each, in their order */
    uint64_t runs;
    uint64_t by_faults[EXPLORER_FAULTS_MAX +
                       1]; /* runs that were enumerated, by how many faults they had */
    uint64_t random_runs;
    uint64_t order_runs;
    uint64_t orders_cut; /* bases of which not every order was played */
    uint64_t spared;     /* lasting faults whose run is known to be that of the fault met once */
    uint64_t not_met;    /* runs of which a fault found no such byte */
    uint64_t classes;    /* of positions of single faults */
    uint64_t outcomes;   /* different ones of a base, all bases added */
    uint64_t failed_runs;
    uint64_t exercised[CLAIMS_MAX]; /* runs, by place in the table */
    uint64_t broken[CLAIMS_MAX];
    struct explorer_failure *failures[EXPLORER_FAILURES_MAX]; /* by base, then by claim */
    size_t failure_count;
    bool more_failures; /* there were others, for which there is no room */
    uint64_t elapsed_ns;
    bool interrupted;
    bool out_of_memory; /* it stopped before it had played all */
};

/* Release the result in any case. False when the processes could not be started or memory ran out. */
MUST_USE bool explorer_play(const struct base_list *bases, const struct explorer_options *options,
                            const struct explorer_listener *listener, struct explorer_result *out);
void explorer_result_release(struct explorer_result *result);

#endif
