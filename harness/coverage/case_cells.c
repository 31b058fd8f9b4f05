#include "harness/coverage/case_cells.h"

#include <string.h>

#include "proxy/http/method.h"

const struct yaml_node *case_cells_rules(const struct scenario_file *file, size_t combination,
                                         struct region *region)
{
    const struct yaml_node *proxy = yaml_get(file->root, "proxy");
    struct grid_choice choice;
    struct yaml_error error = {{0}};

    if (proxy == NULL || !grid_choose(&file->grid, combination, &choice))
        return NULL;
    return grid_substitute(&file->grid, &choice, region, proxy, &error);
}

/* ---- whose rules they were ---------------------------------------------------------------------- */

static const struct yaml_node *find_route(const struct yaml_node *rules, const char *name)
{
    const struct yaml_node *routes = rules != NULL ? yaml_get(rules, "routes") : NULL;

    if (routes == NULL || routes->kind != YAML_LIST)
        return NULL;
    for (const struct yaml_node *route = routes->first; route != NULL; route = route->next) {
        const struct yaml_node *own = yaml_get(route, "name");
        if (own != NULL && own->kind == YAML_SCALAR && strcmp(own->text, name) == 0)
            return route;
    }
    return NULL;
}

/* "nginx" of `preset: nginx` and of `preset: {nginx: error timeout}`; NULL: there is none. */
static const char *preset_name(const struct yaml_node *map)
{
    const struct yaml_node *preset = map != NULL ? yaml_get(map, "preset") : NULL;

    if (preset == NULL || preset->kind == YAML_LIST)
        return NULL;
    if (preset->kind == YAML_SCALAR)
        return preset->text;
    return preset->first != NULL ? preset->first->key->text : NULL;
}

static bool names_rules(const struct yaml_node *map)
{
    return yaml_get(map, "preset") != NULL || yaml_get(map, "policy") != NULL ||
           yaml_get(map, "retry_on") != NULL;
}

static const struct retry_settings *settings_of(const struct scenario *scenario, const char *route)
{
    for (size_t i = 0; i < scenario->proxy.route_count; i++)
        if (strcmp(scenario->proxy.routes[i].name, route) == 0)
            return &scenario->proxy.routes[i].retry;
    return &scenario->proxy.retry;
}

static enum acceptance_policy policy_of(const struct scenario *scenario,
                                        const struct yaml_node *rules,
                                        const struct exchange_record *record)
{
    const struct retry_settings *retry = settings_of(scenario, record->route);
    const struct yaml_node *route = find_route(rules, record->route);
    const char *preset = preset_name(route != NULL && names_rules(route) ? route : rules);
    enum acceptance_policy named =
        preset != NULL ? acceptance_preset(preset) : ACCEPTANCE_POLICY_COUNT;

    if (named != ACCEPTANCE_POLICY_COUNT)
        return named;
    if (retry->policy == RETRY_AT_MOST_ONCE)
        return ACCEPTANCE_AT_MOST_ONCE;
    if (retry->non_idempotent && !method_is_idempotent(bytes_of(record->method)))
        return ACCEPTANCE_OPTED_IN;
    return retry->policy == RETRY_IDEMPOTENT ? ACCEPTANCE_IDEMPOTENT : ACCEPTANCE_CONDITIONS;
}

/* Whether the hook that is asked about such a failure wished for something. */
static bool hook_wished(const struct scenario *scenario, const struct attempt_record *attempt,
                        unsigned number)
{
    enum hook_name hook = HOOK_ERROR_WHILE_PROXY;
    const struct hook_action *action;

    if (!scenario->hooks.installed)
        return false;
    if (attempt->failure.cause == CAUSE_NONE || attempt->failure.stage == STAGE_STATUS)
        hook = HOOK_UPSTREAM_RESPONSE_DECISION;
    else if (attempt->failure.stage <= STAGE_HANDSHAKE)
        hook = HOOK_FAIL_TO_CONNECT;
    action = hook_plan_action(&scenario->hooks, hook, number);
    return action != NULL && action->wish != RETRY_LEAVE;
}

/* ---- the cells ------------------------------------------------------------------------------------ */

/* An exchange, whose rules decided in it, and where its cells go. */
struct cell_place {
    const struct scenario *scenario;
    const struct exchange_record *record;
    enum acceptance_policy policy;
    struct cell_set *set;
};

static void add_cell(const struct cell_place *place, enum acceptance_policy policy,
                     const struct acceptance_facts *facts)
{
    enum acceptance_method method = method_is_idempotent(bytes_of(place->record->method))
                                        ? METHOD_IDEMPOTENT
                                        : METHOD_NOT_IDEMPOTENT;
    size_t row = acceptance_row_of(facts);

    if (row < acceptance_row_count())
        place->set->has[row][acceptance_column_of(method, policy)] = true;
}

static void add_attempt(const struct cell_place *place, unsigned index)
{
    const struct attempt_record *attempt = &place->record->attempts[index];
    struct acceptance_facts facts = {
        .failure = attempt->failure,
        .detail = attempt->detail,
        .reused = attempt->reused,
        .reason = attempt->decision.reason,
    };
    bool wished;

    if (facts.failure.cause == CAUSE_NONE && attempt->status < STATUS_SET_FIRST)
        return;
    if (facts.failure.cause == CAUSE_NONE)
        facts.failure.stage = STAGE_STATUS;
    wished = hook_wished(place->scenario, attempt, index + 1);
    add_cell(place, wished ? ACCEPTANCE_HOOK : place->policy, &facts);
}

static void add_exchange(const struct cell_place *place)
{
    const struct exchange_record *record = place->record;
    const struct acceptance_facts none = {.failure = record->failure,
                                          .reason = RETRY_BECAUSE_NO_ATTEMPT};

    if (record->attempt_count == 0 && record->failure.cause != CAUSE_NONE)
        add_cell(place, place->policy, &none);
    for (unsigned i = 0; i < record->attempt_count; i++)
        add_attempt(place, i);
}

void case_cells_add(const struct evidence *evidence, const struct yaml_node *rules,
                    struct cell_set *set)
{
    for (size_t i = 0; i < evidence->record_count; i++) {
        const struct exchange_record *record = &evidence->records[i];
        add_exchange(&(struct cell_place){evidence->scenario, record,
                                          policy_of(evidence->scenario, rules, record), set});
    }
}
