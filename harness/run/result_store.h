/*
 * The results of a run while they come in, one place for each case in each world.
 *
 * Ownership: names and ids are the suite's, which outlives the store, as the items do; all other text is copied.
 * Limits: RESULT_STORE_BYTES_MAX; text past it is left out, verdicts never are. Of it RESULT_STORE_RECORDINGS_MAX for recordings, so that
 * they leave room for what was found.
 */
#ifndef HARNESS_RUN_RESULT_STORE_H
#define HARNESS_RUN_RESULT_STORE_H

#include "harness/run/case_run.h"
#include "harness/suite/suite.h"
#include "reports/result.h"

/* A hundred thousand failures, each with its story. */
#define RESULT_STORE_BYTES_MAX ((size_t)1024 * 1024 * 1024)
/* Of a usual size, of some 70,000 cases. */
#define RESULT_STORE_RECORDINGS_MAX ((size_t)768 * 1024 * 1024)

/* One case in one world. */
struct run_item {
    const struct suite_case *one;
    enum world_kind world;
};

struct result_store {
    struct region region;
    const struct run_item *items;
    struct case_result *results; /* one per item, in their order */
    size_t count;
    size_t recording_bytes; /* of all that are kept */
    bool subject_failed;    /* a subject could not start */
    const char *
        subject_options; /* of the command that plays a case again; NULL: those of the built-in proxy */
};

/* The results are of this proxy and not of the built-in; "nginx/default". Texts outlive the store. Before any is kept. */
void result_store_set_subject(struct result_store *store, const char *subject, const char *options);
/* A case fails its run. */
bool result_store_has_failed(const struct result_store *store);

/* Every result is `skipped` until it is kept. False when memory runs out. */
MUST_USE bool result_store_init(struct result_store *store, const struct run_item *items,
                                size_t count);
void result_store_release(struct result_store *store);

/* Replaces the result at the index by what came of its case when it was played with this seed, if that is worse than what is there. */
const struct case_result *result_store_keep(struct result_store *store, size_t index,
                                            const struct case_outcome *outcome, uint64_t seed);

/*
 * The scenario files of what is recorded, each once and sorted by path, so that a report shows what was played without the tree that it
 * came from. Their text is the suite's. False when the region is full.
 */
MUST_USE bool result_store_files(const struct result_store *store, struct region *region,
                                 struct run_result *run);

#endif
