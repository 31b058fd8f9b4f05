/*
 * Does what the proxy says of itself, in its record and in its request log, say what the case expects? Pure.
 */
#ifndef HARNESS_VERDICT_CLAIM_JUDGE_H
#define HARNESS_VERDICT_CLAIM_JUDGE_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each key of expect's `record` and `log` that does not hold. */
void claim_judge_expectations(const struct evidence *evidence, struct findings *findings);

enum { CLAIM_TEXTS_MAX = 11, CLAIM_NUMBERS_MAX = 4 };

/* A text that somebody said, NULL or empty where there is none, and the one that was expected; NULL asks nothing. */
struct claim_text {
    const char *what;
    const char *text;
    const char *expected;
};

struct claim_number {
    const char *what;
    uint64_t value;
    const struct number_rule *expected;
};

/* What was said beside what was expected of it, for the keys `record`, or a row of `log`. */
struct claim_comparison {
    struct claim_text texts[CLAIM_TEXTS_MAX];
    size_t text_count;
    struct claim_number numbers[CLAIM_NUMBERS_MAX];
    size_t number_count;
};
void claim_of_record(const struct exchange_record *record, const struct expected_record *expected,
                     struct claim_comparison *out);
void claim_of_row(const struct log_row *row, const struct expected_log_row *expected,
                  struct claim_comparison *out);
bool claim_text_holds(const struct claim_text *text);
/* Adds a sentence for each attempt of the row that is not as expected; who is "row 1 of the log". */
void claim_judge_attempts(const char *who, const struct log_row *row,
                          const struct expected_log_row *expected, struct findings *findings);

#endif
