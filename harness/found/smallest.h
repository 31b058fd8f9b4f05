/*
 * A failure of an exploration at its smallest: shrunk in the simulation as long as the same claim stays broken, then played twice
 * more, so that what is handed on is known to come back.
 *
 * Ownership: text lives in the region that was given. The player is used, and left as after any trial.
 * Limits: those of shrink.h.
 */
#ifndef HARNESS_FOUND_SMALLEST_H
#define HARNESS_FOUND_SMALLEST_H

#include "harness/found/request_digest.h"
#include "harness/found/shrink.h"
#include "harness/trial/player.h"

/* What failed: a schedule put into a base. */
struct failing {
    const struct base *base;
    uint64_t seed;
    size_t
        claim; /* its place in the table; claims_count(): no claim says it, but the run did not end well */
    bool as_filed; /* what its file expects does not come about; the schedule is the file's, too */
    struct schedule schedule;
};

struct smallest {
    uint64_t trace_hash;
    uint64_t
        beside_trace; /* of the case of another size that it differs from; 0: it is about none */
    char requests[DIGEST_TEXT_BYTES]; /* request_digest() of the base, and of the one beside it */
    char beside_requests[DIGEST_TEXT_BYTES];
    bool
        reproduced; /* it fails again, by itself or beside what it is compared with; else the schedule is as it was: only several runs side by side show it */
    bool steady;    /* twice the same trace */
    unsigned runs;  /* that shrinking took */
    unsigned met;   /* how many of its faults took place */
    const char *const *sentences;
    size_t sentence_count;
    const char *const *story; /* its time line */
    size_t story_count;
};

/* Shrinks failing->schedule in place. False when the region is full. */
MUST_USE bool smallest_find(struct failing *failing, struct player *player, struct region *region,
                            struct smallest *out);

/* The trial that such a schedule is; it refers to the failing. */
struct trial failing_trial(const struct failing *failing);

/*
 * The time line of a case that is over, a line for each event and one that says how many more there were. NULL when the
 * region is full; NULL and 0 without a trace.
 */
const char *const *smallest_story(const struct evidence *evidence, struct region *region,
                                  size_t *count);

#endif
