/*
 * From what an explorer found to what reports tell: each failure is shrunk, played again, and written as a scenario.
 *
 * Ownership: text lives in the region that was given; claims' text is the table's, ids are the bases'.
 * Errors: a sentence, when memory runs out or a file cannot be written; the second keeps nothing from being told.
 */
#ifndef HARNESS_FOUND_EXPLORATION_RESULT_H
#define HARNESS_FOUND_EXPLORATION_RESULT_H

#include "harness/explore/explorer.h"
#include "harness/found/regression.h"
#include "reports/exploration/exploration.h"

struct exploration_source {
    const struct base_list *bases;
    const struct explorer_options *options;
    const struct explorer_result *result;
    const char *folder; /* where failing scenarios are written; NULL: none are */
};

/*
 * Fills all but version and command. False and a sentence when memory runs out. True, and a sentence in error, when a scenario
 * could not be written: its failure then has no file, and how to find it again in place of how to replay it. Else error is
 * empty.
 */
MUST_USE bool exploration_make(const struct exploration_source *source, struct region *region,
                               struct exploration *out, char error[REGRESSION_ERROR_BYTES]);

/* Every claim of the table, with so many runs that exercised and broke it. NULL when the region is full. */
const struct exploration_claim *exploration_claims(const uint64_t exercised[CLAIMS_MAX],
                                                   const uint64_t broken[CLAIMS_MAX],
                                                   struct region *region);

/* What is said in the place of a claim where nothing says what was wrong: a failed check, a case that never ended. */
extern const char EXPLORATION_NO_CLAIM[];
/* The sentence of REGRESSION_EXPECTATIONS, which stands beside the claims. */
extern const char EXPLORATION_EXPECTATIONS[];

#endif
