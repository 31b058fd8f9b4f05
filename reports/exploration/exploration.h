/*
 * What an exploration came to, as plain values: what the explorer fills and every report of one renders.
 *
 * Ownership: text and arrays are owned by whoever filled the result and outlive the rendering.
 * Limits: none of its own. Text may hold any bytes but NUL; each report makes them harmless.
 */
#ifndef REPORTS_EXPLORATION_EXPLORATION_H
#define REPORTS_EXPLORATION_EXPLORATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/report.h"

/* docs/exploration.schema.json describes it; a change that a reader must know of gets a new number. */
#define EXPLORATION_FORMAT "retryproof-exploration-2"

/* One case into which faults were put. */
struct exploration_base {
    const char *id;
    uint64_t runs;
    uint64_t positions;   /* places of faults that its clean run shows */
    uint64_t classes;     /* of positions and kinds whose runs have one fingerprint */
    uint64_t outcomes;    /* different ends: what clients got, what reached upstreams, the claims */
    uint64_t failed_runs; /* that broke a claim */
};

/* One claim, and how often it had something to say. */
struct exploration_claim {
    unsigned number;
    const char *name;
    const char *sentence;
    const char *source;
    uint64_t exercised; /* runs in which something came about that it could be asked of */
    uint64_t broken;    /* those among them in which it did not hold */
};

/*
 * One way in which one claim is broken, at its smallest. Failures that are one run, which breaks several claims, are told once, with
 * all of these: where the first of them stands.
 */
struct exploration_failure {
    const char *base;
    unsigned claim_number;
    const char *claim;            /* its name */
    const char *const *sentences; /* what was found, one each; the claim's own first */
    size_t sentence_count;
    const char *const *faults; /* in lifecycle words; none: the base itself fails */
    size_t fault_count;
    const uint32_t *order; /* which came next of those that were ready, choice by choice */
    size_t order_count;
    uint64_t seed;
    uint64_t trace_hash;
    bool steady;              /* played twice it left the same trace */
    const char *file;         /* the scenario that was written; NULL: none was */
    const char *reproduce;    /* one command to paste; may be NULL */
    const char *const *story; /* its time line, a line each; may be empty */
    size_t story_count;
};

enum { EXPLORATION_FAULTS_MAX = 3 }; /* faults of one run that is enumerated */

/* How many runs there were, and why; and what they came to. */
struct exploration_totals {
    uint64_t runs;
    uint64_t by_faults[EXPLORATION_FAULTS_MAX + 1]; /* enumerated, by how many faults they had */
    uint64_t random_runs;                           /* whose faults were drawn by the seed */
    uint64_t order_runs;                            /* that differ in the order of events */
    uint64_t orders_cut;                            /* bases of which not every order was played */
    uint64_t spared;  /* lasting faults, known to do what the same does once */
    uint64_t not_met; /* of which a fault found no such byte */
    uint64_t classes; /* of positions of single faults */
    uint64_t outcomes;
    uint64_t failed_runs; /* that broke a claim; `failures` has each way once */
};

struct exploration {
    const char *version; /* of retryproof */
    const char *command; /* as it was typed */
    uint64_t seed;
    unsigned faults;     /* most of one enumerated run */
    bool orders;         /* orders of events were explored too */
    bool naive;          /* without classes: every combination */
    bool interrupted;    /* what was known then */
    uint64_t elapsed_ns; /* real time; the one value that two equal explorations do not share */
    size_t passed_over;  /* cases that the simulation cannot play, or whose proxy is not ours */
    struct exploration_totals totals;

    const struct exploration_base *bases; /* in the order of the suite */
    size_t base_count;
    const struct exploration_claim *claims; /* by number */
    size_t claim_count;
    const struct exploration_failure *failures; /* by base, then by claim */
    size_t failure_count;
    bool more_failures; /* others were found, and are not told */
};

/*
 * The next failure behind that index which is the same run: its base, its faults and its order, with the same trace. failure_count:
 * there is none.
 */
size_t exploration_next_alike(const struct exploration *exploration, size_t index);
/* Whether none before it is the same run, so that it is told there. */
bool exploration_leads(const struct exploration *exploration, size_t index);

/* 0 nothing is broken, 1 something is, 4 nothing was explored, 130 interrupted. */
int exploration_exit_code(const struct exploration *exploration);

/*
 * Renderings, each a pure function onto a stream. Errors: none returned; ask ferror() of the stream, once, at the end.
 *
 * For a person: failures, each with its smallest schedule in words, its file and one command; then each claim with the runs
 * that exercised it, and those that nothing exercised; the totals as the last line.
 */
void exploration_terminal(const struct exploration *exploration, const struct report_style *style,
                          FILE *out);
/* The failures and the last line alone. */
void exploration_brief(const struct exploration *exploration, const struct report_style *style,
                       FILE *out);
/* docs/exploration.schema.json; equal explorations give equal bytes: elapsed_ns is not in it. */
void exploration_json(const struct exploration *exploration, FILE *out);
/* The same for a page on GitHub and others, with a row for each claim and each base. */
void exploration_markdown(const struct exploration *exploration, FILE *out);

#endif
