/*
 * The private half of case_run.h: what playing and judging a case both know of it.
 */
#ifndef HARNESS_RUN_CASE_STATE_H
#define HARNESS_RUN_CASE_STATE_H

#include "harness/run/case_run.h"
#include "harness/subject/subject.h"
#include "world/sim/sim.h"

enum phase {
    PHASE_NONE,
    PHASE_STARTING, /* a subject of its own: until it listens */
    PHASE_WARMING,  /* a subject of its own: exchanges before the case */
    PHASE_PROBING,  /* a proxy that is not ours: until a request comes to the first upstream */
    PHASE_PLAYING,  /* until the clients are done and the proxy has nothing under way */
    PHASE_SETTLING, /* a proxy that is not ours: does a further attempt come? */
    PHASE_WATCHING, /* simulation: does anything come late? */
    PHASE_DRAINING, /* the proxy was asked to end */
    PHASE_ENDING,   /* the proxy is gone; upstreams and clients see that */
    PHASE_OVER,
};

struct case_run {
    struct world *world;
    enum world_kind kind;
    sim_order *order; /* who chooses in place of the scenario; NULL: nobody does */
    void *order_owner;
    size_t choices; /* of the scenario's order that were made */
    enum case_record record;
    struct cast *cast;
    struct subject subject; /* where the scenario wants a process of its own */
    uint64_t memory_before; /* of it */
    struct region region;
    const struct case_place *place; /* NULL: the proxy is ours, or a program in its place */
    struct foreign_facts foreign;
    struct observation *observation;
    const char *unmet;    /* why the case did not come about; NULL: it did */
    unsigned tries;       /* times that it was begun anew because its fault was not met */
    unsigned probes;      /* sent since the case was begun anew */
    bool target_is_gone;  /* it could not be reached for as long as a probe tried */
    unsigned turns;       /* of cases and probes so far, at a place that they share */
    uint64_t probe_at_ns; /* the next probe begins not before */
    uint64_t probing_ns;  /* when probing began */
    const struct scenario *probe;
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

/*
 * Something was put into the case that its scripts do not know of, so that an actor may wait for a signal that its giver cannot
 * give any more. That says nothing of the proxy.
 */
static inline bool case_is_explored(const struct case_run *run)
{
    return run->scenario->fault_count > 0 || run->scenario->order_count > 0 || run->order != NULL;
}

/* Ends a case that cannot be played; run->error says why. */
void case_give_up(struct case_run *run, bool subject_failed);
void case_enter(struct case_run *run, enum phase phase);

/* case_foreign.c: one look at a case against a proxy that is not ours; and what came of it. */
void case_foreign_start(struct case_run *run);
void case_foreign_advance(struct case_run *run);
uint64_t case_foreign_until(const struct case_run *run);
void case_foreign_judge(struct case_run *run, struct case_outcome *out);

#endif
