#include "harness/trial/base.h"

#include <stdlib.h>
#include <string.h>

/*
 * Virtual time of one run. A fault that stays makes each exchange of a case wait for each of its time limits, half a minute by
 * default; what waits longer than all of them together waits for ever.
 */
#define TIME_LIMIT_NS (3600 * NS_PER_S)

static bool note_mistake(struct base_list *bases, const char *sentence)
{
    struct suite *suite = &bases->suite;
    if (suite->mistake_count < SUITE_MISTAKES_MAX)
        suite->mistakes[suite->mistake_count] =
            region_copy_text(&suite->region, sentence, strlen(sentence));
    suite->mistake_count++;
    return false;
}

static bool is_tagged(const struct suite_case *one)
{
    for (size_t i = 0; i < one->tag_count; i++)
        if (strcmp(one->tags[i], BASE_TAG) == 0)
            return true;
    return false;
}

/* The same case, expecting nothing, with nothing put into it. */
static bool leave_out_expectations(struct scenario *scenario, struct region *region)
{
    static const struct yaml_node NOTHING = {.kind = YAML_MAP};
    const char *client_names[SCENARIO_CLIENTS_MAX + 1] = {NULL};
    struct yaml_error error;
    for (size_t i = 0; i < scenario->client_count; i++)
        client_names[i] = scenario->clients[i].name;
    const struct expectation_names names = {scenario->upstream_names, client_names,
                                            scenario->hosts};
    scenario->faults = NULL;
    scenario->fault_count = 0;
    scenario->order = NULL;
    scenario->order_count = 0;
    scenario->time_limit_ns = TIME_LIMIT_NS;
    return expectation_read(region, &NOTHING, &names, &scenario->expect, &error);
}

static bool script_is_small(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if ((script->steps[i].draft != NULL &&
             script->steps[i].draft->body_bytes > BASE_MESSAGE_BYTES) ||
            script->steps[i].raw.size > BASE_MESSAGE_BYTES)
            return false;
    return true;
}

/* Decision 26 of the design: every byte of what is in the clear and small. */
static bool is_thorough(const struct scenario *scenario)
{
    bool small = !scenario->uses_tls;
    for (size_t i = 0; i < scenario->client_count; i++)
        small = small && script_is_small(&scenario->clients[i].script);
    for (size_t u = 0; u < scenario->upstream_count; u++) {
        const struct upstream_script *upstream = &scenario->upstreams[u];
        small = small && script_is_small(&upstream->standing);
        for (size_t i = 0; i < upstream->entry_count; i++)
            small = small && script_is_small(&upstream->entries[i].script);
    }
    return small;
}

static bool add_base(struct base_list *bases, const struct suite_case *one)
{
    struct yaml_error error = {{0}};
    struct base *base = &bases->list[bases->count];
    struct scenario *expecting = region_take(&bases->region, sizeof(*expecting));
    struct scenario *scenario = region_take(&bases->region, sizeof(*scenario));
    if (expecting == NULL || scenario == NULL)
        return note_mistake(bases, "the bases need more memory than they may have");
    if (scenario_read(expecting, one->file, one->combination, &bases->region, &error) !=
        SCENARIO_READ)
        return note_mistake(bases, error.sentence);
    if (expecting->unsupported[WORLD_SIM] != NULL || expecting->process_own) {
        bases->passed_over++;
        return true;
    }
    *scenario = *expecting;
    if (!leave_out_expectations(scenario, &bases->region))
        return note_mistake(bases, "the bases need more memory than they may have");
    *base = (struct base){.one = one,
                          .id = expecting->id,
                          .argument = one->argument,
                          .line = expecting->line,
                          .scenario = scenario,
                          .expecting = expecting,
                          .thorough = is_thorough(scenario)};
    bases->count++;
    return true;
}

/* Where the value of the axis stands in an id, behind its "size="; NULL: it has no such axis. */
static const char *size_in(const char *id)
{
    const char *grid = strchr(id, '[');
    const char *axis = grid != NULL ? strstr(grid, BASE_SIZE_AXIS "=") : NULL;
    bool whole = axis != NULL && (axis[-1] == '[' || axis[-1] == ',');
    return whole ? axis + strlen(BASE_SIZE_AXIS "=") : NULL;
}

static bool differ_in_size_alone(const char *a, const char *b)
{
    const char *a_size = size_in(a);
    const char *b_size = size_in(b);
    return a_size != NULL && b_size != NULL && a_size - a == b_size - b &&
           strncmp(a, b, (size_t)(a_size - a)) == 0 &&
           strcmp(a_size + strcspn(a_size, ",]"), b_size + strcspn(b_size, ",]")) == 0;
}

static void find_siblings(struct base_list *bases)
{
    for (size_t i = 0; i < bases->count; i++)
        bases->list[i].sibling = bases->list[i].beside = NULL;
    for (size_t i = 0; i < bases->count; i++)
        for (size_t j = 0; j < i && bases->list[i].sibling == NULL; j++)
            if (differ_in_size_alone(bases->list[j].id, bases->list[i].id)) {
                bases->list[i].sibling = bases->list[i].beside = &bases->list[j];
                if (bases->list[j].beside == NULL)
                    bases->list[j].beside = &bases->list[i];
            }
}

bool bases_load(struct base_list *bases, const char *const *arguments, size_t count)
{
    *bases = (struct base_list){0};
    suite_init(&bases->suite);
    region_init(&bases->region, SUITE_BYTES_MAX);
    if (!suite_load(&bases->suite, arguments, count))
        return false;
    bases->list = calloc(bases->suite.count + 1, sizeof(*bases->list));
    if (bases->list == NULL || bases->suite.count > BASES_MAX)
        return note_mistake(bases, "these are more cases than an exploration may have");
    for (size_t i = 0; i < bases->suite.count; i++)
        if ((count > 0 || is_tagged(&bases->suite.cases[i])) &&
            !add_base(bases, &bases->suite.cases[i]))
            return false;
    find_siblings(bases);
    return true;
}

void bases_release(struct base_list *bases)
{
    suite_release(&bases->suite);
    region_release(&bases->region);
    free(bases->list);
    *bases = (struct base_list){0};
}

void bases_keep(struct base_list *bases, base_is_wanted *is_wanted, void *owner)
{
    size_t kept = 0;
    for (size_t i = 0; i < bases->count; i++)
        if (is_wanted(owner, &bases->list[i]))
            bases->list[kept++] = bases->list[i];
    bases->count = kept;
    find_siblings(bases); /* each stands at another place now */
}

const struct base *bases_find(const struct base_list *bases, const char *id)
{
    for (size_t i = 0; i < bases->count; i++)
        if (strcmp(bases->list[i].id, id) == 0)
            return &bases->list[i];
    return NULL;
}
