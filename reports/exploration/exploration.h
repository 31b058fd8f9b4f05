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
#define EXPLORATION_FORMAT "retryproof-exploration-1"

/* One case into which faults were put. */
struct exploration_base {
    const char *id;
    uint64_t runs;
    uint64_t
        positions; /* places of faults that its clean run shows: party, connection, direction, byte */
    uint64_t classes;    /* of positions and kinds whose runs have one fingerprint */
    uint64_t outcomes;   /* different ends: what clients got, what reached upstreams, the claims */
    uint64_t failures;   /* runs that broke a claim */
    const char *refused; /* why it was not explored; NULL: it was */
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

/* One way in which one claim is broken, at its smallest. */
struct exploration_failure {
    const char *base;
    unsigned claim_number;
    const char *claim;            /* its name */
    const char *const *sentences; /* what was found, one each; the claim's own first */
    size_t sentence_count;
    const char *const
        *faults; /* in lifecycle words and numbers, one each; none: the base itself fails */
    size_t fault_count;
    const uint32_t *order; /* which came next of those that were ready, choice by choice */
    size_t order_count;
    uint64_t seed;
    uint64_t trace_hash;
    uint64_t times;           /* runs of this base that broke this claim */
    const char *file;         /* the scenario that was written; NULL: none was */
    const char *reproduce;    /* one command to paste; may be NULL */
    const char *const *story; /* its time line, a line each; may be empty */
    size_t story_count;
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

    uint64_t runs;
    uint64_t random_runs; /* those among them whose faults were drawn by the seed */
    uint64_t positions;
    uint64_t classes;
    uint64_t outcomes;
    uint64_t failed_runs; /* runs that broke a claim; `failures` has each way once */

    const struct exploration_base *bases; /* in the order of the suite */
    size_t base_count;
    const struct exploration_claim *claims; /* by number */
    size_t claim_count;
    const struct exploration_failure *failures; /* by base, then by claim */
    size_t failure_count;
};

/* 0 nothing is broken, 1 something is, 4 nothing was explored, 130 interrupted with nothing broken so far. */
int exploration_exit_code(const struct exploration *exploration);

/*
 * Renderings, each a pure function onto a stream. Errors: none returned; ask ferror() of the stream, once, at the end.
 *
 * For a person: failures first, each with its smallest schedule in words, its file and one command; then claims that
 * nothing exercised; then the totals as the last line.
 */
void exploration_terminal(const struct exploration *exploration, const struct report_style *style,
                          FILE *out);
/* The last line alone: "61,204 runs of 88 bases: 0 broken, ... in 12.1 s (5,058 runs/s), seed 1". */
void exploration_summary(const struct exploration *exploration, FILE *out);
/* docs/exploration.schema.json; equal explorations give equal bytes: elapsed_ns is not in it. */
void exploration_json(const struct exploration *exploration, FILE *out);
/* The same for a page on GitHub and others, with a row for each claim and each base. */
void exploration_markdown(const struct exploration *exploration, FILE *out);

#endif
