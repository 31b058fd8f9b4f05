/*
 * The rows of a recording that tell what a scenario expects beside what was seen: one for each thing that is asked for.
 *
 * Whether a row holds is what the judge says of it: by the same comparison of two values, or by asking the judge about that one
 * thing alone. The private half of recorder.h, as recorder_state.h is.
 */
#ifndef HARNESS_RECORDING_EXPECTATION_ROWS_H
#define HARNESS_RECORDING_EXPECTATION_ROWS_H

#include "harness/recording/recorder_state.h"
#include "harness/verdict/claim_judge.h"

enum { EXPECTATION_ROWS_MAX = 256 }; /* a scenario asks for some ten things */

struct expectation_rows {
    struct recorder *recorder;
    struct recording_expectation *list; /* EXPECTATION_ROWS_MAX */
    size_t count;
    const char *who; /* what the next rows are about: "the client's"; "": the case */
};

/* texts live in the region, or outlive it. "WHO WHAT", "WHAT" alone where who is empty. */
void expectation_rows_add(struct expectation_rows *rows,
                          const struct recording_expectation *expectation);
/* A number under a rule; nothing where the rule asks nothing. */
void expectation_rows_number(struct expectation_rows *rows, const char *what,
                             const struct number_rule *rule, uint64_t seen);
/* A text; nothing where none is expected. "none" stands for one that is not there. */
void expectation_rows_text(struct expectation_rows *rows, const char *what, const char *expected,
                           const char *seen);
void expectation_rows_truth(struct expectation_rows *rows, const char *what, bool expected,
                            bool seen);

/* client_expectations.c: what clients got, and upstreams received. */
void client_expectations_add(struct expectation_rows *rows);

#endif
