/*
 * The outcome of a run as plain values: what the runner fills and every report renders. Reports know
 * nothing else, so that any of them can be made later from the same result.
 *
 * Ownership: text is owned by whoever filled the result and outlives the rendering.
 * Limits: none of its own; text may hold any bytes but NUL, each report makes them harmless.
 */
#ifndef REPORTS_RESULT_H
#define REPORTS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_UNSUPPORTED, /* this world or subject cannot do the fault faithfully; a sentence says why */
    VERDICT_SKIPPED,     /* left out by the user or by --fail-fast */
    VERDICT_SETUP_FAILED, /* what the case needs first did not come about */
    VERDICT_ERROR,        /* our own fault or a case that never ended */
    VERDICT_COUNT
};

enum level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_INFO, LEVEL_COUNT };

/* The words of the lists above, as reports and the command line write them; never NULL. */
const char *verdict_word(enum verdict verdict);
const char *level_word(enum level level);

/* Every text is set unless its comment says that it may be NULL. */
struct case_result {
    size_t place;        /* among the cases of the suite that was named, from 0 */
    const char *id;      /* "post-write/never-sent-again[method=POST,end=fin]", stable */
    const char *name;    /* the sentence */
    const char *file;    /* the scenario file as a path to open */
    unsigned line;       /* in it, from 1 */
    const char *stage;   /* a word of the stage list */
    const char *fault;   /* the row within the stage */
    const char *method;  /* the column; of the client's last request */
    const char *world;   /* "sim" or "sockets" */
    const char *subject; /* "builtin" */
    const char *source;  /* where the rule is written; may be NULL */
    enum level level;
    enum verdict verdict;
    /* What was expected and what the witnesses saw, one finding each; of a case that did not run, why. */
    const char *const *sentences;
    size_t sentence_count;
    unsigned finding_line; /* in the file, of the expectation that did not hold first; 0: of none */
    /* What the client got, in a word or two: "502", "200", "200 cut", "none", "reset"; NULL if not run. */
    const char *client;
    unsigned attempts;        /* seen by the witnesses */
    unsigned delivered;       /* whole requests, seen by the witnesses */
    uint64_t duration_ns;     /* of the world's time */
    uint64_t seed;            /* of this case */
    uint64_t trace_hash;      /* sim: the fingerprint of the run; 0 elsewhere */
    const char *reproduce;    /* one command to paste; may be NULL */
    const char *const *story; /* the timeline of a failed case, a line each; may be empty */
    size_t story_count;
    const char
        *recording; /* one line of JSON, see reports/recording/recording.h; NULL: none was kept */
};

/* A scenario file of the run, as it was read. */
struct run_file {
    const char *path; /* as in the cases */
    const char *text;
};

/* A fact about how the results came about: "kernel", "Linux 6.1.0 x86_64". */
struct run_fact {
    const char *name;
    const char *value;
};

enum { RUN_SHARDS_MAX = 100000 }; /* of --shard; more than any run has */

/* The shards that a run was divided into, and those of them that a result holds. */
struct run_shards {
    uint64_t
        of; /* at most RUN_SHARDS_MAX; 0: the run was not divided, or the result does not tell */
    const uint64_t *numbers; /* from 1, rising */
    size_t count;
    uint64_t cases; /* of all shards together, each in each world; 0: nobody knows */
};

struct run_result {
    struct case_result *cases; /* in the order of the suite, worlds one after the other */
    size_t case_count;
    const char *version; /* of retryproof */
    const char *command; /* as it was typed */
    const char *worlds;  /* "sim, sockets" */
    uint64_t seed;
    uint64_t elapsed_ns;  /* real time */
    int64_t started_unix; /* seconds */
    uint64_t repetitions; /* times that a case was played again with the next seed, all together */
    bool interrupted;     /* the cases that were left are not in the result, or are skipped */
    const struct run_file
        *files; /* those of its cases, sorted by path; none where nothing is recorded */
    size_t file_count;
    struct run_shards shards;
    const struct run_fact *facts; /* provenance: versions, host, subject and its configuration */
    size_t fact_count;
};

/* Of the shards that a run was divided into: which one it was alone, from 1. of is 0 where it is none. */
struct run_shard {
    uint64_t number;
    uint64_t of;
};

/* As the run's command says it (`--shard 1/2`). */
struct run_shard run_shard(const struct run_result *run);

struct verdict_counts {
    size_t by_verdict[VERDICT_COUNT];
    size_t failed_must; /* fail at level must: these fail a run */
    size_t ran;         /* cases that were begun: all but the unsupported and the skipped */
    size_t total;
};

struct verdict_counts run_count(const struct run_result *run);
/*
 * 0 pass, 1 fail (a must case failed, any setup-failed or error), 4 nothing to run, 130 interrupted. A
 * case at level should or info and an unsupported one are shown and do not fail a run.
 */
int run_exit_code(const struct run_result *run);
/* The case fails its run: what run_exit_code() counts. */
bool case_fails_run(const struct case_result *result);
/* The line of its file that a reader wants to see: of the expectation that did not hold first, else of the sentence. */
unsigned case_line(const struct case_result *result);
/* The case has findings to tell: fail at any level, setup-failed, error. */
bool case_has_findings(const struct case_result *result);

#endif
