#include "harness/coverage/gap_list.h"

#include <inttypes.h>
#include <string.h>

static const char *const PARTS[] = {
    [COVERAGE_CELLS] = "cells",         [COVERAGE_TRANSITIONS] = "transitions",
    [COVERAGE_CLAIMS] = "claims",       [COVERAGE_REQUIREMENTS] = "requirements",
    [COVERAGE_CITATIONS] = "citations", [COVERAGE_PART_COUNT] = NULL};

/* The keys of each part, in the order of an item's names; then those of all. */
static const char *const KEYS[COVERAGE_PART_COUNT][GAP_KEYS_MAX + 3] = {
    [COVERAGE_CELLS] = {"stage", "fault", "method", "policy", "gaps", "reason", NULL},
    [COVERAGE_TRANSITIONS] = {"state", "event", "gaps", "reason", NULL},
    [COVERAGE_CLAIMS] = {"claim", "gaps", "reason", NULL},
    [COVERAGE_REQUIREMENTS] = {"requirement", "gaps", "reason", NULL},
    [COVERAGE_CITATIONS] = {"file", "gaps", "reason", NULL},
};
static const size_t KEY_COUNTS[COVERAGE_PART_COUNT] = {4, 2, 1, 1, 1};

/* ---- reading ------------------------------------------------------------------------------------- */

static bool check_words(const struct yaml_node *words, struct yaml_error *error)
{
    if (words == NULL || words->kind == YAML_SCALAR)
        return true;
    if (words->kind == YAML_MAP)
        return yaml_fail(error, words, "this is a word or a list of words");
    for (const struct yaml_node *word = words->first; word != NULL; word = word->next)
        if (word->kind != YAML_SCALAR)
            return yaml_fail(error, word, "this is a list of words");
    return true;
}

static bool read_rule(const struct yaml_node *map, enum coverage_part part, struct gap_rule *rule,
                      struct yaml_error *error)
{
    const struct yaml_node *gaps;
    const struct yaml_node *reason;

    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "an accepted gap is a map with its 'reason'");
    if (!yaml_check_keys(map, "an accepted gap", KEYS[part], error))
        return false;
    *rule = (struct gap_rule){.part = part, .at = map, .gaps = 1};
    for (size_t i = 0; i < KEY_COUNTS[part]; i++) {
        rule->words[i] = yaml_get(map, KEYS[part][i]);
        if (!check_words(rule->words[i], error))
            return false;
    }
    gaps = yaml_get(map, "gaps");
    reason = yaml_get(map, "reason");
    if (reason == NULL)
        return yaml_fail(error, map, "an accepted gap needs a 'reason'");
    return (gaps == NULL || yaml_u64(gaps, "'gaps'", 1, UINT32_MAX, &rule->gaps, error)) &&
           yaml_text(reason, "'reason'", &rule->reason, error);
}

static bool read_part(struct gap_list *list, const struct yaml_node *rules, enum coverage_part part,
                      struct yaml_error *error)
{
    if (rules->kind != YAML_LIST)
        return yaml_fail(error, rules, "'%s' is a list of accepted gaps", PARTS[part]);
    for (const struct yaml_node *map = rules->first; map != NULL; map = map->next) {
        if (list->count == GAP_RULES_MAX)
            return yaml_fail(error, map, "a list accepts gaps in at most %d ways", GAP_RULES_MAX);
        if (!read_rule(map, part, &list->rules[list->count], error))
            return false;
        list->count++;
    }
    return true;
}

bool gap_list_load(struct gap_list *list, struct region *region, const char *path,
                   struct yaml_error *error)
{
    const struct yaml_node *root = yaml_load(region, path, error);

    *list = (struct gap_list){0};
    if (root == NULL)
        return false;
    if (root->kind != YAML_MAP)
        return yaml_fail(error, root, "a list of accepted gaps is a map of parts to lists");
    if (!yaml_check_keys(root, "a list of accepted gaps", PARTS, error))
        return false;
    list->rules = region_take(region, GAP_RULES_MAX * sizeof(*list->rules));
    if (list->rules == NULL)
        return yaml_fail(error, root, "memory has run out");
    for (unsigned part = 0; part < COVERAGE_PART_COUNT; part++) {
        const struct yaml_node *rules = yaml_get(root, PARTS[part]);
        if (rules != NULL && !read_part(list, rules, (enum coverage_part)part, error))
            return false;
    }
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------------- */

static bool names_word(const struct yaml_node *words, const char *name)
{
    if (words == NULL)
        return true;
    if (words->kind == YAML_SCALAR)
        return strcmp(words->text, name) == 0;
    for (const struct yaml_node *word = words->first; word != NULL; word = word->next)
        if (strcmp(word->text, name) == 0)
            return true;
    return false;
}

static bool rule_fits(const struct gap_rule *rule, const char *const *names)
{
    for (size_t i = 0; i < KEY_COUNTS[rule->part]; i++)
        if (!names_word(rule->words[i], names[i]))
            return false;
    return true;
}

void gap_list_accept(struct gap_list *list, enum coverage_part part, const char *const *names,
                     struct coverage_mark *mark)
{
    if (mark->state != COVERAGE_MISSING)
        return;
    for (size_t i = 0; i < list->count; i++) {
        struct gap_rule *rule = &list->rules[i];
        if (rule->part != part || rule->met == rule->gaps || !rule_fits(rule, names))
            continue;
        rule->met++;
        mark->state = COVERAGE_ACCEPTED;
        mark->reason = rule->reason;
        return;
    }
}

const struct coverage_stale *gap_list_stale(const struct gap_list *list, struct region *region,
                                            size_t *count)
{
    struct coverage_stale *stale = region_take(region, (list->count + 1) * sizeof(*stale));

    *count = 0;
    for (size_t i = 0; stale != NULL && i < list->count; i++) {
        const struct gap_rule *rule = &list->rules[i];
        struct coverage_stale *one = &stale[*count];
        if (rule->met == rule->gaps)
            continue;
        one->place =
            region_format(region, "%s:%u:%u", rule->at->file, rule->at->line, rule->at->column);
        one->sentence =
            region_format(region, "accepts %" PRIu64 " gap%s, and there %s %" PRIu64, rule->gaps,
                          rule->gaps == 1 ? "" : "s", rule->met == 1 ? "is" : "are", rule->met);
        if (one->place == NULL || one->sentence == NULL)
            return NULL;
        (*count)++;
    }
    return stale;
}
