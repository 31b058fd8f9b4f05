/*
 * The keys `faults` and `order` of a scenario, read and checked: docs/scenarios.md tells them.
 *
 * Ownership: what is read lives in the region that was given. Limits: WIRE_FAULTS_MAX faults, FAULT_ORDER_MAX choices.
 * Errors: the first mistake, as "file:line:column: sentence" with the nearest known word.
 */
#ifndef HARNESS_SCHEDULE_FAULT_LIST_H
#define HARNESS_SCHEDULE_FAULT_LIST_H

#include "world/base/region.h"
#include "world/data/yaml.h"
#include "world/wire_fault.h"

enum { FAULT_ORDER_MAX = 4096 }; /* choices of one run; an exchange has some ten */

#define FAULT_OFFSET_MAX (1ull << 40) /* more bytes than any case sends */

/* The word for a lookup, where an actor's name stands else: "lookup#1". An actor of that name goes before it. */
#define FAULT_LOOKUP "lookup"

/* Whom faults speak of, in the order of the case; NULL-terminated. */
struct fault_names {
    const char *const *upstreams;
    const char *const *clients;
};

struct fault_list {
    const struct wire_fault *faults;
    size_t count;
};

struct fault_order {
    const uint32_t *choices;
    size_t count;
};

MUST_USE bool fault_list_read(struct region *region, const struct yaml_node *list,
                              const struct fault_names *names, struct fault_list *out,
                              struct yaml_error *error);
MUST_USE bool fault_order_read(struct region *region, const struct yaml_node *list,
                               struct fault_order *out, struct yaml_error *error);

/* "a#1", "client#2", "lookup#1": `at` of a fault. Returns text; a name that is too long is cut. */
enum { FAULT_PLACE_BYTES = 128 };
const char *fault_place(const struct wire_fault *fault, const struct fault_names *names,
                        char text[FAULT_PLACE_BYTES]);

#endif
