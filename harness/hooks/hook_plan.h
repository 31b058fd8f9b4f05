/*
 * The `hooks` of a scenario as values: what each hook of the built-in proxy is to do. Pure.
 *
 * A hook has a list of actions; the first one that is meant for the attempt is played, and where there is none the hook
 * is only observed.
 *
 * Ownership: everything lives in the region that was given. Errors: file:line:column.
 */
#ifndef HARNESS_HOOKS_HOOK_PLAN_H
#define HARNESS_HOOKS_HOOK_PLAN_H

#include "harness/hooks/hook_action.h"

enum { HOOK_BODY_CHANGES_MAX = 2 }; /* a response goes through two body filters */

struct hook_plan {
    bool installed; /* false: the proxy has no hooks */
    const struct hook_action *actions[HOOK_NAME_COUNT];
};

/* Reads the map `hooks`; upstreams are their names, NULL-terminated. */
MUST_USE bool hook_plan_read(struct region *region, const struct yaml_node *node,
                             const char *const *upstreams, struct hook_plan *out,
                             struct yaml_error *error);

/* What the hook does in that attempt, 0 being before the first; NULL: nothing. */
const struct hook_action *hook_plan_action(const struct hook_plan *plan, enum hook_name hook,
                                           unsigned attempt);

/* A name that nobody knows is asked for. */
bool hook_plan_asks_for_unknown(const struct hook_plan *plan);

/* ---- what may come of a message ---------------------------------------------------------------- */

enum hook_side { HOOK_SIDE_REQUEST, HOOK_SIDE_RESPONSE };

/* Whether a hook sets or removes that field in heads or trailers of that side. */
bool hook_plan_edits(const struct hook_plan *plan, enum hook_side side, struct bytes name);
/* Whether a hook sets a field in trailers, so that there may be more than were sent. */
bool hook_plan_adds_trailers(const struct hook_plan *plan);
bool hook_plan_sets_target(const struct hook_plan *plan);

/* What a body of that side goes through, in its order. */
struct hook_body_changes {
    struct body_change list[HOOK_BODY_CHANGES_MAX];
    size_t count; /* 0: it stays as it is */
};
void hook_plan_body_changes(const struct hook_plan *plan, enum hook_side side,
                            struct hook_body_changes *out);
uint64_t hook_body_changes_size(const struct hook_body_changes *changes, uint64_t size);
/* Position and value of the source of one byte, through all changes. */
uint64_t hook_body_changes_source(const struct hook_body_changes *changes, uint64_t position);
uint8_t hook_body_changes_byte(const struct hook_body_changes *changes, uint8_t byte);

#endif
