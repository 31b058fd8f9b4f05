/*
 * What must hold in every run, whatever its scenario expects: the claims about trying again, about what clients and
 * upstreams get, about connections, memory, time and determinism.
 *
 * Each claim is one row: a number that never changes, a name, the sentence that it says, where the rule is written, and a
 * short pure function over the evidence of one run. Claims about several runs (that the same input gives the same trace, say)
 * have no function here: who plays the runs judges them, under the same numbers.
 *
 * Sources: the 51 invariants of the design and section 5 of the acceptance matrix; RFC 9110, RFC 9112.
 */
#ifndef HARNESS_ORACLE_CLAIMS_H
#define HARNESS_ORACLE_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

enum { CLAIMS_MAX = 64 };

/* A bit for each claim, by its place in the table. */
typedef uint64_t claim_set;

struct claim {
    unsigned number;  /* 1 to 51: of the invariants; from 52 on: further rules of the matrix */
    const char *name; /* "no-retry-after-a-byte" */
    const char *
        sentence; /* "a request that is not idempotent is not sent again once a byte of it was written" */
    const char *source; /* "RFC 9110 9.2.2" */
    claim_judge *judge; /* NULL: a claim about several runs */
};

size_t claims_count(void);
/* In the order of their numbers. */
const struct claim *claims_at(size_t place);
/* The place of the claim of that name or number ("no-retry-after-a-byte", "2"); claims_count() if there is none. */
size_t claims_find(const char *word);

/* What the claims said of one run. */
struct claims_said {
    claim_set exercised;
    claim_set broken;
};

/* Asks every claim that has a function; adds a sentence for each breach. */
void claims_check(const struct evidence *evidence, struct findings *findings,
                  struct claims_said *said);
/* The one of them that can also be said of a case that never ended. */
void claims_check_spinning(const struct evidence *evidence, struct findings *findings);

#endif
