#include "world/data/number_rule.h"

#include <stdio.h>
#include <string.h>

/* In the order of enum number_comparison from NUMBER_AT_MOST on; longer signs before their beginnings. */
static const struct {
    const char *sign;
    enum number_comparison comparison;
    const char *words;
} COMPARISONS[] = {
    {"<=", NUMBER_AT_MOST, "at most"},
    {">=", NUMBER_AT_LEAST, "at least"},
    {"<", NUMBER_BELOW, "fewer than"},
    {">", NUMBER_ABOVE, "more than"},
};

bool number_rule_fits(const struct number_rule *rule, uint64_t value)
{
    switch (rule->comparison) {
    case NUMBER_AT_MOST:
        return value <= rule->values[0];
    case NUMBER_AT_LEAST:
        return value >= rule->values[0];
    case NUMBER_BELOW:
        return value < rule->values[0];
    case NUMBER_ABOVE:
        return value > rule->values[0];
    case NUMBER_ONE_OF:
        for (size_t i = 0; i < rule->count; i++)
            if (rule->values[i] == value)
                return true;
        return false;
    case NUMBER_ANY:
        break;
    }
    return true;
}

const char *number_rule_words(const struct number_rule *rule, char text[NUMBER_RULE_BYTES])
{
    text[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(COMPARISONS); i++)
        if (rule->comparison == COMPARISONS[i].comparison)
            snprintf(text, NUMBER_RULE_BYTES, "%s %ju", COMPARISONS[i].words,
                     (uintmax_t)rule->values[0]);
    if (rule->comparison == NUMBER_ANY)
        snprintf(text, NUMBER_RULE_BYTES, "any");
    if (rule->comparison != NUMBER_ONE_OF)
        return text;
    size_t used = 0;
    for (size_t i = 0; i < rule->count && used < NUMBER_RULE_BYTES; i++)
        used += (size_t)snprintf(text + used, NUMBER_RULE_BYTES - used, "%s%ju",
                                 i == 0 ? "" : " or ", (uintmax_t)rule->values[i]);
    return text;
}

/* A scalar that begins with a sign: the comparison, and the number behind it as a node of its own. */
static bool read_comparison(const struct yaml_node *node, struct yaml_node *number,
                            struct number_rule *out)
{
    for (size_t i = 0; i < COUNT_OF(COMPARISONS); i++) {
        size_t size = strlen(COMPARISONS[i].sign);
        if (strncmp(node->text, COMPARISONS[i].sign, size) != 0)
            continue;
        size += strspn(node->text + size, " ");
        *number = *node;
        number->quoted = false;
        number->text += size;
        number->text_size -= size;
        out->comparison = COMPARISONS[i].comparison;
        return true;
    }
    return false;
}

bool number_rule_read(const struct yaml_node *node, const char *what, uint64_t limit,
                      struct number_rule *out, struct yaml_error *error)
{
    *out = (struct number_rule){.comparison = NUMBER_ONE_OF};
    if (node->kind == YAML_MAP)
        return yaml_fail(error, node, "%s is a number, a list of numbers or a bound like \"<= 2\"",
                         what);
    if (node->kind == YAML_SCALAR) {
        struct yaml_node number = *node;
        read_comparison(node, &number, out);
        out->count = 1;
        return yaml_size(&number, what, limit, &out->values[0], error);
    }
    if (node->count == 0 || node->count > NUMBER_CHOICES_MAX)
        return yaml_fail(error, node, "%s is one of 1 to %d numbers", what, NUMBER_CHOICES_MAX);
    for (const struct yaml_node *value = node->first; value != NULL; value = value->next)
        if (!yaml_size(value, what, limit, &out->values[out->count++], error))
            return false;
    return true;
}
