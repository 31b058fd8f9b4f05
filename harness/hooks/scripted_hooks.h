/*
 * Hooks of the built-in proxy that play the plan of a scenario, and observe every call.
 *
 * Each exchange's context holds what its hooks remember, between two marks that are looked at in every call: so a
 * context that is not empty at first, that is another in the middle or that was written over is noticed.
 *
 * Ownership: embedded; plan, targets and everything observed live until scripted_hooks_reset(). Memory is kept over a
 * reset. Limits: SCRIPTED_* below; calls past them are counted and not kept.
 */
#ifndef HARNESS_HOOKS_SCRIPTED_HOOKS_H
#define HARNESS_HOOKS_SCRIPTED_HOOKS_H

#include "fakeupstream/acting/signals.h"
#include "harness/hooks/hook_plan.h"
#include "world/base/object.h"

enum {
    SCRIPTED_CALLS_MAX = 4096, /* of one case: more than anybody would expect by name */
    SCRIPTED_FAULTS_MAX = 8,   /* rules seen broken, the first ones */
    SCRIPTED_FAULT_BYTES = 200,
};

/* Where an upstream of the scenario is. */
struct hook_target {
    unsigned
        upstream; /* index in the proxy's settings, or UPSTREAM_OTHER: then the address counts */
    struct address address;
};

struct scripted_hooks {
    object_tag tag;
    struct signals *signals;   /* where hooks meet the actors; the case's */
    const struct world *trace; /* beneath the proxy: what had come by each call. NULL: none */
    const struct hook_plan *plan;
    struct proxy_hooks table;
    struct hook_target targets[UPSTREAMS_MAX]; /* in the scenario's order */
    struct hook_call *calls;
    size_t call_count;
    size_t call_capacity;
    uint64_t calls_lost; /* more than could be kept */
    char faults[SCRIPTED_FAULTS_MAX][SCRIPTED_FAULT_BYTES];
    size_t fault_count; /* may be larger than SCRIPTED_FAULTS_MAX */
};

/* Once. */
void scripted_hooks_init(struct scripted_hooks *hooks, struct signals *signals);
void scripted_hooks_release(struct scripted_hooks *hooks);

/* Makes the table for a plan, whose targets are filled by then. NULL where the plan has no hooks. */
const struct proxy_hooks *scripted_hooks_start(struct scripted_hooks *hooks,
                                               const struct hook_plan *plan);
/* Forgets the case; no proxy may use the table any more. */
void scripted_hooks_reset(struct scripted_hooks *hooks);

#endif
