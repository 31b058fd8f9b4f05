/*
 * A rule for a number in a YAML file: `2`, `[1, 2]`, `"<= 2"`. Pure.
 *
 * Limits: NUMBER_CHOICES_MAX below.
 */
#ifndef WORLD_DATA_NUMBER_RULE_H
#define WORLD_DATA_NUMBER_RULE_H

#include "world/data/yaml.h"

enum {
    NUMBER_CHOICES_MAX = 16, /* values allowed in one list; longer lists are a bound in disguise */
    NUMBER_RULE_BYTES = 128, /* a rule in words, cut when longer */
};

/* All zero is no rule. */
enum number_comparison {
    NUMBER_ANY,
    NUMBER_ONE_OF,
    NUMBER_AT_MOST,
    NUMBER_AT_LEAST,
    NUMBER_BELOW,
    NUMBER_ABOVE,
};

struct number_rule {
    enum number_comparison comparison;
    uint64_t values[NUMBER_CHOICES_MAX];
    size_t count;
};

bool number_rule_fits(const struct number_rule *rule, uint64_t value);
/* "2", "1 or 2", "at most 2"; returns text. */
const char *number_rule_words(const struct number_rule *rule, char text[NUMBER_RULE_BYTES]);
/* A rule where one stands: a scalar or a list. limit bounds the numbers. */
MUST_USE bool number_rule_read(const struct yaml_node *node, const char *what, uint64_t limit,
                               struct number_rule *out, struct yaml_error *error);

#endif
