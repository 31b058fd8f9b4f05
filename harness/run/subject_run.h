/*
 * A whole run of cases against one proxy that is not ours, with one profile: one process serves it, each play of a case in a
 * slot of its own; more plays than a process has slots for, or a proxy that dies, need further ones, one after the other.
 *
 * Ownership: what is started is stopped before the call returns, and by its keeper should the harness die.
 * Errors: a sentence; then nothing was played.
 */
#ifndef HARNESS_RUN_SUBJECT_RUN_H
#define HARNESS_RUN_SUBJECT_RUN_H

#include "harness/foreign/standing.h"
#include "harness/observed/declared.h"
#include "harness/run/observed_store.h"
#include "harness/run/runner.h"

enum {
    SUBJECT_RUN_WIDTH =
        512, /* cases side by side: most of them only wait until nothing more can come */
    SUBJECT_RUN_BUFFERING_MAX = 8,
};

/* A proxy that somebody else has started, and keeps running. */
struct attached_proxy {
    struct cast_place where;
    const char *url;
    uint64_t settle_ns;
    uint64_t patience_ns;
    uint64_t recover_ns;
};

struct subject_order {
    const struct subject_file *file; /* NULL: attached */
    const struct subject_profile *profile;
    const struct attached_proxy *attached; /* NULL: file and profile say what to start */
    enum declared declared;
    bool buffering; /* measure that, too */
    /*
     * Every item is played plan->repeat times, and of a proxy that is started, where that is more than once, one that does not
     * always go alike further times, so that it can be told how often it goes which way; plan->ground is not looked at. The
     * store was made from the same items.
     */
    const struct run_plan *plan;
    struct result_store *store;
};

struct subject_run {
    struct region region;
    struct observed_store seen;
    char version[SUBJECT_VERSION_BYTES];
    const char *const *configuration; /* for one slot, a line each */
    size_t configuration_count;
    struct observed_buffering buffering[SUBJECT_RUN_BUFFERING_MAX];
    size_t buffering_count;
};

/* False when memory runs out. items and count: those of the plan. */
MUST_USE bool subject_run_init(struct subject_run *run, const struct run_item *items, size_t count);
void subject_run_release(struct subject_run *run);

/*
 * Plays. Results go to the order's store, and what was seen to the run. False and a sentence when the proxy is not there or
 * cannot start.
 */
MUST_USE bool subject_run_play(struct subject_run *run, const struct subject_order *order,
                               char error[STANDING_ERROR_BYTES]);

/*
 * What reports want to know; text that only the caller knows (reproduce, date, retryproof_version) is left for it. Lives as
 * long as the run. False when memory runs out.
 */
MUST_USE bool subject_run_tell(struct subject_run *run, const struct subject_order *order,
                               struct observed_run *out);

#endif
