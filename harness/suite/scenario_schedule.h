/*
 * The private half of scenario.h: the keys `faults`, `order` and `found`.
 */
#ifndef HARNESS_SUITE_SCENARIO_SCHEDULE_H
#define HARNESS_SUITE_SCENARIO_SCHEDULE_H

#include "harness/suite/scenario.h"

/* After its actors were read. False and *error, as "file:line:column: sentence". */
MUST_USE bool scenario_read_schedule(struct scenario *scenario, const struct yaml_node *root,
                                     struct region *region, struct yaml_error *error);

/* Who faults may speak of. NULL-terminated lists; room for the clients' is the caller's. */
struct fault_names scenario_fault_names(const struct scenario *scenario,
                                        const char *clients[SCENARIO_CLIENTS_MAX + 1]);

#endif
