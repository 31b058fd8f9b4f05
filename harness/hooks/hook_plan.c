#include "harness/hooks/hook_plan.h"

#include <string.h>

/* ---- reading -------------------------------------------------------------------------------- */

/* A hook has one action, or a list of them. */
static bool read_actions(const struct hook_reading *reading, const struct yaml_node *node,
                         enum hook_name hook, const struct hook_action **out)
{
    bool listed = node->kind == YAML_LIST;
    size_t count = listed ? node->count : 1;
    struct hook_action *actions = region_take(reading->region, (count + 1) * sizeof(*actions));
    if (actions == NULL)
        return yaml_fail(reading->error, node, "the case needs more memory than a case may have");
    const struct yaml_node *action = listed ? node->first : node;
    for (size_t i = 0; i < count; i++, action = action->next) {
        if (!hook_action_read(reading, action, hook, &actions[i]))
            return false;
        actions[i].next = i + 1 < count ? &actions[i + 1] : NULL;
        if (listed && actions[i].change.kind != BODY_KEEP && count > 1)
            return yaml_fail(reading->error, action, "a filter that changes a body has one action");
    }
    *out = count > 0 ? actions : NULL;
    return true;
}

bool hook_plan_read(struct region *region, const struct yaml_node *node,
                    const char *const *upstreams, struct hook_plan *out, struct yaml_error *error)
{
    static const char *const WORDS[] = {"trace", NULL};
    const struct hook_reading reading = {region, upstreams, error};
    *out = (struct hook_plan){.installed = true};
    if (node->kind == YAML_SCALAR)
        return yaml_word(node, "'hooks'", WORDS, error) >= 0;
    if (node->kind != YAML_MAP)
        return yaml_fail(error, node, "'hooks' is a map of hooks to what they do, or 'trace'");
    for (const struct yaml_node *value = node->first; value != NULL; value = value->next) {
        int hook = yaml_word(value->key, "a hook", hook_words(), error);
        if (hook < 0 || !read_actions(&reading, value, (enum hook_name)hook, &out->actions[hook]))
            return false;
    }
    return true;
}

/* ---- asking --------------------------------------------------------------------------------- */

const struct hook_action *hook_plan_action(const struct hook_plan *plan, enum hook_name hook,
                                           unsigned attempt)
{
    check(hook < HOOK_NAME_COUNT);
    const struct hook_action *action = plan->actions[hook];
    while (action != NULL && !number_rule_fits(&action->on, attempt == 0 ? 1 : attempt))
        action = action->next;
    return action;
}

bool hook_plan_asks_for_unknown(const struct hook_plan *plan)
{
    const struct hook_action *action = plan->actions[HOOK_UPSTREAM_PEER];
    while (action != NULL && action->peer != HOOK_PEER_UNKNOWN)
        action = action->next;
    return action != NULL;
}

/* Filters of requests come before those of responses in the order of hooks. */
static enum hook_side side_of(enum hook_name hook)
{
    return hook < HOOK_UPSTREAM_RESPONSE_FILTER ? HOOK_SIDE_REQUEST : HOOK_SIDE_RESPONSE;
}

bool hook_plan_edits(const struct hook_plan *plan, enum hook_side side, struct bytes name)
{
    if (!plan->installed)
        return false;
    for (enum hook_name hook = 0; hook < HOOK_NAME_COUNT; hook++)
        for (const struct hook_action *action = plan->actions[hook]; action != NULL;
             action = action->next)
            for (const struct hook_edit *edit = action->edits; edit != NULL; edit = edit->next)
                if (side_of(hook) == side && bytes_equal_text_nocase(name, edit->name))
                    return true;
    return false;
}

bool hook_plan_adds_trailers(const struct hook_plan *plan)
{
    static const enum hook_name FILTERS[] = {HOOK_UPSTREAM_RESPONSE_TRAILER_FILTER,
                                             HOOK_RESPONSE_TRAILER_FILTER};
    for (size_t i = 0; i < COUNT_OF(FILTERS); i++)
        for (const struct hook_action *action = plan->actions[FILTERS[i]]; action != NULL;
             action = action->next)
            for (const struct hook_edit *edit = action->edits; edit != NULL; edit = edit->next)
                if (edit->value != NULL)
                    return true;
    return false;
}

bool hook_plan_sets_target(const struct hook_plan *plan)
{
    for (enum hook_name hook = 0; hook < HOOK_NAME_COUNT; hook++)
        for (const struct hook_action *action = plan->actions[hook]; action != NULL;
             action = action->next)
            if (action->target != NULL)
                return true;
    return false;
}

/* ---- bodies --------------------------------------------------------------------------------- */

void hook_plan_body_changes(const struct hook_plan *plan, enum hook_side side,
                            struct hook_body_changes *out)
{
    static const enum hook_name FILTERS[] = {
        HOOK_REQUEST_BODY_FILTER, HOOK_UPSTREAM_RESPONSE_BODY_FILTER, HOOK_RESPONSE_BODY_FILTER};
    out->count = 0;
    for (size_t i = 0; i < COUNT_OF(FILTERS); i++) {
        const struct hook_action *action = plan->actions[FILTERS[i]];
        if (side_of(FILTERS[i]) == side && action != NULL && action->change.kind != BODY_KEEP)
            out->list[out->count++] = action->change;
    }
}

uint64_t hook_body_changes_size(const struct hook_body_changes *changes, uint64_t size)
{
    for (size_t i = 0; i < changes->count; i++)
        size = body_change_size(&changes->list[i], size);
    return size;
}

uint64_t hook_body_changes_source(const struct hook_body_changes *changes, uint64_t position)
{
    for (size_t i = changes->count; i-- > 0;)
        position = body_change_source(&changes->list[i], position);
    return position;
}

uint8_t hook_body_changes_byte(const struct hook_body_changes *changes, uint8_t byte)
{
    for (size_t i = 0; i < changes->count; i++)
        byte = body_change_byte(&changes->list[i], byte);
    return byte;
}
