/*
 * What a suite of scenarios covers, as plain values: what the collector fills and every report of coverage renders.
 *
 * Four parts: cells of the acceptance matrix, cells of the proxy's lifecycle table, claims, and requirements. Each item of
 * each has a mark: how often the suite came by, or why it did not.
 *
 * Ownership: text and arrays are owned by whoever filled the value and outlive the rendering.
 * Limits: none of its own. Text may hold any bytes but NUL; each report makes them harmless.
 */
#ifndef REPORTS_COVERAGE_COVERAGE_H
#define REPORTS_COVERAGE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/report.h"

/* docs/coverage.schema.json describes it; a change that a reader must know of gets a new number. */
#define COVERAGE_FORMAT "retryproof-coverage-1"

#define COVERAGE_STATE_LIST(X)                                                             \
    X(COVERED, "covered")       /* a scenario came by */                                   \
    X(MISSING, "missing")       /* none did, and nobody has said why: this fails a gate */ \
    X(ACCEPTED, "accepted")     /* none did; the list of accepted gaps says why */         \
    X(IMPOSSIBLE, "impossible") /* none can; the reason is a matter of the proxy or of HTTP */

enum coverage_state {
#define COVERAGE_STATE_ENUM(name, word) COVERAGE_##name,
    COVERAGE_STATE_LIST(COVERAGE_STATE_ENUM)
#undef COVERAGE_STATE_ENUM
        COVERAGE_STATE_COUNT
};

struct coverage_mark {
    enum coverage_state state;
    uint64_t count; /* COVERED: how many cases came by; of a requirement, how many files cite it */
    const char
        *first; /* COVERED: the id of the first of them; of a requirement, of the first file */
    const char *reason; /* ACCEPTED, IMPOSSIBLE: why, a sentence; otherwise NULL */
};

/* ---- the acceptance matrix: how an attempt failed, of which request, under which rules ------------- */

struct coverage_column {
    const char *method; /* "idempotent", "not idempotent" */
    const char *policy; /* "at-most-once", "nginx", "hook" */
};

struct coverage_row {
    const char *stage;                 /* a word of the stage list, or "any" */
    const char *fault;                 /* "fresh rst", "attempts used up" */
    const struct coverage_mark *cells; /* one for each column */
};

/* ---- the proxy's lifecycle: which event was met in which state -------------------------------------- */

/* A pair that the table has; all others end the program. */
struct coverage_transition {
    const char *state;
    const char *event;
    struct coverage_mark mark;
};

/* ---- claims and requirements -------------------------------------------------------------------------- */

struct coverage_claim {
    unsigned number;
    const char *name;
    const char *sentence;
    const char *source;
    struct coverage_mark mark; /* IMPOSSIBLE: it is about several runs, and `explore` judges it */
};

struct coverage_requirement {
    const char *document; /* "RFC 9110", "acceptance matrix" */
    const char *section;  /* "9.2.2", "4, case 3" */
    const char *sentence; /* what it asks for, in our words */
    struct coverage_mark mark;
};

/* A scenario file whose `source` names nothing that is known. */
struct coverage_citation {
    const char *file;
    const char *source;        /* as it is written; NULL: there is none */
    struct coverage_mark mark; /* MISSING or ACCEPTED */
};

/* A line of the list of accepted gaps that says more than is so. */
struct coverage_stale {
    const char *place; /* "tests/coverage/accepted.yaml:12:5" */
    const char *sentence;
};

/* ---- the whole ------------------------------------------------------------------------------------------ */

struct acceptance_coverage {
    const char *version;  /* of retryproof */
    const char *command;  /* as it was typed */
    uint64_t played;      /* cases that passed, of which all below is told */
    uint64_t failed;      /* cases that did not: what they came by counts for nothing */
    uint64_t passed_over; /* cases that the simulation cannot play, or whose proxy is not ours */
    bool interrupted;

    const struct coverage_column *columns;
    size_t column_count;
    const struct coverage_row *rows; /* in the order of stages */
    size_t row_count;
    bool transitions_counted; /* false: this program does not count them, and marks say nothing */
    const struct coverage_transition *transitions; /* by state, then by event */
    size_t transition_count;
    const struct coverage_claim *claims; /* by number */
    size_t claim_count;
    const struct coverage_requirement *requirements; /* by document, then by section */
    size_t requirement_count;
    const struct coverage_citation *citations; /* by file */
    size_t citation_count;
    const struct coverage_stale *stale; /* in the order of the list */
    size_t stale_count;
};

/* "covered"; never NULL. */
const char *coverage_state_word(enum coverage_state state);

enum coverage_part {
    COVERAGE_CELLS,
    COVERAGE_TRANSITIONS,
    COVERAGE_CLAIMS,
    COVERAGE_REQUIREMENTS,
    COVERAGE_CITATIONS, /* counts only those that name nothing known */
    COVERAGE_PART_COUNT
};

struct coverage_counts {
    size_t by_state[COVERAGE_STATE_COUNT];
};

/* Transitions that were not counted count as nothing. */
struct coverage_counts coverage_count(const struct acceptance_coverage *coverage,
                                      enum coverage_part part);

/*
 * 4 nothing was played, 130 interrupted, 1 a case failed or, with gate, something is missing or an accepted gap is stale;
 * otherwise 0.
 */
int coverage_exit_code(const struct acceptance_coverage *coverage, bool gate);

/*
 * Renderings, each a pure function onto a stream. Errors: none returned; ask ferror() of the stream, once, at the end.
 *
 * For a person: what is missing, part by part, then the accepted gaps by their reasons, and the totals as the last lines.
 */
void coverage_terminal(const struct acceptance_coverage *coverage, const struct report_style *style,
                       FILE *out);
/* docs/coverage.schema.json; equal values give equal bytes. */
void coverage_json(const struct acceptance_coverage *coverage, FILE *out);
/* A page for GitHub and others: the matrix, the lifecycle table, claims and requirements. */
void coverage_markdown(const struct acceptance_coverage *coverage, FILE *out);

#endif
