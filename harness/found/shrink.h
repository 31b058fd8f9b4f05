/*
 * The smallest schedule that still fails: faults and choices are taken away, numbers lowered, as long as whoever plays
 * the schedule says that it fails in the same way.
 *
 * Smaller is: fewer faults; then fewer choices of the order that are not the default; then a network of the base's own shape;
 * then faults of a lower kind, met once and not for ever, at an earlier party, connection, direction and byte. What comes out
 * is 1-minimal in faults and locally minimal in every number.
 *
 * Pure but for the callback. Limits: SHRINK_RUNS_MAX calls; then the smallest so far is what there is.
 */
#ifndef HARNESS_FOUND_SHRINK_H
#define HARNESS_FOUND_SHRINK_H

#include "harness/schedule/fault_list.h"
#include "harness/suite/scenario.h"

enum {
    SCHEDULE_ORDER_MAX = FAULT_ORDER_MAX, /* what a scenario's `order` can say */
    SHRINK_RUNS_MAX = 5000, /* four faults take forty; more is an order of thousands */
};

/* What is put into a case: everything that may differ between two runs of it. */
struct schedule {
    struct wire_fault faults[WIRE_FAULTS_MAX];
    size_t fault_count;
    uint32_t order[SCHEDULE_ORDER_MAX];
    size_t order_count;
    struct scenario_network network;
};

/* Whether the schedule fails in the same way as the one that is to be shrunk. Called with other schedules than its own. */
typedef bool schedule_fails(void *owner, const struct schedule *schedule);

/*
 * Shrinks a schedule that fails, in place; base is the network of the case without it. Returns how often fails() was asked. The
 * schedule is then the last one for which it said true, or what was given.
 */
unsigned shrink_schedule(struct schedule *schedule, const struct scenario_network *base,
                         schedule_fails *fails, void *owner);

/* Negative, 0 or positive: a is smaller than b, as small, or larger. Networks are not compared. */
int schedule_compare(const struct schedule *a, const struct schedule *b);

#endif
