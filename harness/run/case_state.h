/*
 * The private half of case_run.h: what playing and judging a case both know of it.
 */
#ifndef HARNESS_RUN_CASE_STATE_H
#define HARNESS_RUN_CASE_STATE_H

#include "harness/run/case_run.h"
#include "harness/subject/subject.h"

enum phase {
    PHASE_NONE,
    PHASE_STARTING, /* a subject of its own: until it listens */
    PHASE_WARMING,  /* a subject of its own: exchanges before the case */
    PHASE_PLAYING,  /* until the clients are done and the proxy has nothing under way */
    PHASE_WATCHING, /* simulation: does anything come late? */
    PHASE_DRAINING, /* the proxy was asked to end */
    PHASE_ENDING,   /* the proxy is gone; upstreams and clients see that */
    PHASE_OVER,
};

struct case_run {
    struct world *world;
    enum world_kind kind;
    struct cast *cast;
    struct subject subject; /* where the scenario wants a process of its own */
    uint64_t memory_before; /* of it */
    struct region region;
    const struct scenario *scenario;
    enum phase phase;
    uint64_t phase_began_ns;
    bool failed_to_start;
    bool subject_failed;
    bool timed_out;
    bool out_of_memory;
    bool tls_is_seeded; /* so that equal runs of this case send equal bytes */
    bool drained;
    char error[CAST_ERROR_BYTES];
    struct evidence evidence;
    struct findings findings;
    uint64_t deadline_ns;
    uint64_t watch_until_ns;
    /* Quietness on sockets. */
    struct cast_pulse pulse;
    unsigned quiet_looks;
    uint64_t silent_since_ns;
};

#endif
