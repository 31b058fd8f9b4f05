/*
 * The outcome of a run as plain values: what the runner fills and every report renders. Reports know nothing
 * else, so that any of them can be made later from the same result.
 *
 * Ownership: text is owned by whoever filled the result and outlives the rendering.
 */
#ifndef REPORTS_RESULT_H
#define REPORTS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_UNSUPPORTED, /* this world or subject cannot do the fault faithfully; the sentence says why */
    VERDICT_SKIPPED,      /* left out by the user or by --fail-fast */
    VERDICT_SETUP_FAILED, /* what the case needs first did not come about */
    VERDICT_ERROR,        /* our own fault or a case that never ended */
    VERDICT_COUNT
};

enum level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_INFO, LEVEL_COUNT };

const char *verdict_word(enum verdict verdict);
const char *level_word(enum level level);

struct case_result {
    const char *id;   /* "post-write/never-sent-again[method=POST,end=fin]", stable */
    const char *name; /* the sentence */
    const char *file;
    unsigned line;
    const char *stage;   /* a word of the stage list */
    const char *fault;   /* the row within the stage */
    const char *method;  /* the column; of the client's last request */
    const char *world;   /* "sim" or "sockets" */
    const char *subject; /* "builtin" */
    const char *source;  /* may be NULL */
    enum level level;
    enum verdict verdict;
    const char *const *
        sentences; /* what was expected and what the witnesses saw; one each, no full stop needed */
    size_t sentence_count;
    const char *
        client; /* what the client got, in a word or two: "502", "200", "200 cut", "none", "reset" */
    unsigned attempts; /* seen by the witnesses */
    unsigned delivered;
    uint64_t duration_ns; /* of the world's time */
    uint64_t seed;
    uint64_t trace_hash;      /* sim: the fingerprint of the run; 0 elsewhere */
    const char *reproduce;    /* one command to paste */
    const char *const *story; /* the timeline of a failed case, a line each; may be empty */
    size_t story_count;
};

struct run_result {
    struct case_result *cases; /* in the order of the suite, worlds one after the other */
    size_t case_count;
    const char *version;
    const char *command; /* as it was typed */
    const char *worlds;  /* "sim, sockets" */
    uint64_t seed;
    uint64_t elapsed_ns;  /* real time */
    int64_t started_unix; /* seconds */
    bool interrupted;
};

struct verdict_counts {
    size_t by_verdict[VERDICT_COUNT];
    size_t failed_must; /* fail at level must: these fail a run */
    size_t total;
};

struct verdict_counts run_count(const struct run_result *run);
/* 0 pass, 1 fail (also setup-failed and error), 4 nothing to run, 130 interrupted. Decision 25. */
int run_exit_code(const struct run_result *run);

#endif
