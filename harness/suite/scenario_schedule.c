#include "harness/suite/scenario_schedule.h"

#include <stdlib.h>
#include <string.h>

struct fault_names scenario_fault_names(const struct scenario *scenario,
                                        const char *clients[SCENARIO_CLIENTS_MAX + 1])
{
    for (size_t i = 0; i < scenario->client_count; i++)
        clients[i] = scenario->clients[i].name;
    clients[scenario->client_count] = NULL;
    return (struct fault_names){scenario->upstream_names, clients};
}

/* "0x0123456789abcdef" */
static bool read_hash(const struct yaml_node *node, uint64_t *out, struct yaml_error *error)
{
    enum { DIGITS_MAX = 16 };
    const char *text;
    if (!yaml_text(node, "'trace'", &text, error))
        return false;
    size_t digits = strlen(text) > 2 ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;
    if (strncmp(text, "0x", 2) != 0 || digits == 0 || digits > DIGITS_MAX ||
        text[2 + digits] != '\0')
        return yaml_fail(error, node, "'trace' is a hash: 0x and up to %d hexadecimal digits",
                         DIGITS_MAX);
    *out = strtoull(text + 2, NULL, 16);
    return true;
}

static bool read_found(const struct yaml_node *map, struct scenario_found *out,
                       struct yaml_error *error)
{
    static const char *const KEYS[] = {"claim", "base", "seed", "trace", "requests", NULL};
    if (map->kind != YAML_MAP)
        return yaml_fail(error, map,
                         "'found' is a map of 'claim', 'base', 'seed', 'trace' and 'requests'");
    const struct yaml_node *claim = yaml_get(map, "claim");
    const struct yaml_node *base = yaml_get(map, "base");
    const struct yaml_node *seed = yaml_get(map, "seed");
    const struct yaml_node *trace = yaml_get(map, "trace");
    const struct yaml_node *requests = yaml_get(map, "requests");
    return yaml_check_keys(map, "'found'", KEYS, error) &&
           (claim == NULL || yaml_text(claim, "'claim'", &out->claim, error)) &&
           (base == NULL || yaml_text(base, "'base'", &out->base, error)) &&
           (seed == NULL || yaml_u64(seed, "'seed'", 0, UINT64_MAX, &out->seed, error)) &&
           (trace == NULL || read_hash(trace, &out->trace, error)) &&
           (requests == NULL || yaml_text(requests, "'requests'", &out->requests, error));
}

bool scenario_read_schedule(struct scenario *scenario, const struct yaml_node *root,
                            struct region *region, struct yaml_error *error)
{
    const char *clients[SCENARIO_CLIENTS_MAX + 1];
    const struct fault_names names = scenario_fault_names(scenario, clients);
    const struct yaml_node *faults = yaml_get(root, "faults");
    const struct yaml_node *order = yaml_get(root, "order");
    const struct yaml_node *found = yaml_get(root, "found");
    struct fault_list list = {NULL, 0};
    struct fault_order choices = {NULL, 0};
    if ((faults != NULL && !fault_list_read(region, faults, &names, &list, error)) ||
        (order != NULL && !fault_order_read(region, order, &choices, error)) ||
        (found != NULL && !read_found(found, &scenario->found, error)))
        return false;
    scenario->faults = list.faults;
    scenario->fault_count = list.count;
    scenario->order = choices.choices;
    scenario->order_count = choices.count;
    return true;
}
