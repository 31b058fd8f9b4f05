/*
 * What a run shows of a proxy that is not ours, while it comes in: for each case the ways in which it went, and how often.
 *
 * Ownership: the items outlive the store; all text is copied. Limits: OBSERVED_STORE_BYTES_MAX, past which ways are lost and
 * `incomplete` says so.
 */
#ifndef HARNESS_RUN_OBSERVED_STORE_H
#define HARNESS_RUN_OBSERVED_STORE_H

#include "harness/run/result_store.h"
#include "reports/subjects/observed.h"

#define OBSERVED_STORE_BYTES_MAX \
    ((size_t)1024 * 1024 * 1024) /* millions of plays that all differ */

struct observed_way {
    struct observation seen;
    struct observed_way *next;
};

struct observed_store {
    struct region region;
    const struct run_item *items;
    struct observed_way **ways; /* one list per item */
    size_t count;
    bool incomplete;
};

/* False when memory runs out. */
MUST_USE bool observed_store_init(struct observed_store *store, const struct run_item *items,
                                  size_t count);
void observed_store_release(struct observed_store *store);

/* A play of the item at that index is over. */
void observed_store_add(struct observed_store *store, size_t index,
                        const struct case_outcome *outcome);

/* It has been played more than once so far, and went more than one way. */
bool observed_store_is_racy(const struct observed_store *store, size_t index);

/* All cases that were played, sorted by id; lives as long as the store. NULL when memory runs out. */
const struct observed_case *observed_store_cases(struct observed_store *store, size_t *count);

#endif
