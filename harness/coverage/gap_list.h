/*
 * The list of accepted gaps: what no scenario covers, and why that is so, as a YAML file. What is not on it fails a gate.
 *
 *   cells: [{stage: dial, fault: unreachable, policy: [nginx, haproxy], gaps: 4, reason: "..."}]
 *   transitions: [{state: choosing, event: [client-ready, client-gone], gaps: 2, reason: "..."}]
 *   claims: [{claim: same-again, reason: "..."}]
 *   requirements: [{requirement: RFC 9113 8.7, reason: "..."}]
 *   citations: [{file: bugs/a-payout-is-not-paid-twice, reason: "..."}]
 *
 * A key that is left out means all there are. `gaps` (1) is how many it accepts: more are missing, fewer make it stale.
 *
 * Ownership: everything lives in the region that was given. Errors: file:line:column. Limits: GAP_* below.
 */
#ifndef HARNESS_COVERAGE_GAP_LIST_H
#define HARNESS_COVERAGE_GAP_LIST_H

#include "reports/coverage/coverage.h"
#include "world/data/yaml.h"

enum {
    GAP_RULES_MAX = 1024, /* a list that nobody can read any more */
    GAP_KEYS_MAX = 4,     /* of one part: stage, fault, method, policy */
};

struct gap_rule {
    enum coverage_part part;
    const struct yaml_node *at;
    const struct yaml_node *words[GAP_KEYS_MAX]; /* a word or a list of them; NULL: all */
    uint64_t gaps;
    const char *reason;
    uint64_t met;
};

/* All zero is a list that accepts nothing. */
struct gap_list {
    struct gap_rule *rules;
    size_t count;
};

MUST_USE bool gap_list_load(struct gap_list *list, struct region *region, const char *path,
                            struct yaml_error *error);

/*
 * Makes a missing item an accepted one where a rule has room for it. names are the item's own: stage, fault, method and
 * policy; state and event; or one.
 */
void gap_list_accept(struct gap_list *list, enum coverage_part part, const char *const *names,
                     struct coverage_mark *mark);

/* What the rules accept and is not there, when all items were asked about. NULL when the region is full. */
const struct coverage_stale *gap_list_stale(const struct gap_list *list, struct region *region,
                                            size_t *count);

#endif
