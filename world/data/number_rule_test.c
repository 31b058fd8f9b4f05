/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "world/data/number_rule.h"

#include <string.h>

enum { REGION_BYTES = 1024 * 1024 };

static const struct {
    const char *rule;
    const char *words;
    const char *fits; /* which of 0 to 4 fit, as digits */
} RULES[] = {
    {"2", "2", "2"},
    {"[0, 3]", "0 or 3", "03"},
    {"\"<= 2\"", "at most 2", "012"},
    {"\">= 2\"", "at least 2", "234"},
    {"\"< 2\"", "fewer than 2", "01"},
    {"\">2\"", "more than 2", "34"},
    {"\"> 0\"", "more than 0", "1234"},
};

static void a_rule_fits_the_numbers_it_names(void **state)
{
    struct region region;
    (void)state;
    region_init(&region, REGION_BYTES);
    for (size_t i = 0; i < COUNT_OF(RULES); i++) {
        struct yaml_error error = {{0}};
        struct number_rule rule;
        char words[NUMBER_RULE_BYTES];
        char fits[8] = "";
        const struct yaml_node *node =
            yaml_parse(&region, "f", RULES[i].rule, strlen(RULES[i].rule), &error);
        assert_non_null(node);
        assert_true(number_rule_read(node, "it", 100, &rule, &error));
        for (unsigned n = 0; n <= 4; n++)
            if (number_rule_fits(&rule, n))
                fits[strlen(fits)] = (char)('0' + n);
        assert_string_equal(fits, RULES[i].fits);
        assert_string_equal(number_rule_words(&rule, words), RULES[i].words);
    }
    region_release(&region);
}

static void no_rule_fits_everything(void **state)
{
    const struct number_rule rule = {.comparison = NUMBER_ANY};
    (void)state;
    assert_true(number_rule_fits(&rule, 0));
    assert_true(number_rule_fits(&rule, UINT64_MAX));
}

static const struct {
    const char *rule;
    const char *sentence; /* the beginning of the error */
} MISTAKES[] = {
    {"{a: 1}", "f:1:1: it is a number, a list of numbers or a bound like \"<= 2\""},
    {"[]", "f:1:1: it is one of 1 to 16 numbers"},
    {"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "f:1:1: it is one of 1 to 16 numbers"},
    {"[1, x]", "f:1:5: "},
    {"101", "f:1:1: "},
    {"\"<= 101\"", "f:1:1: "},
    {"\"=< 1\"", "f:1:1: "},
};

static void what_is_no_rule_is_told(void **state)
{
    struct region region;
    (void)state;
    region_init(&region, REGION_BYTES);
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        struct yaml_error error = {{0}};
        struct number_rule rule;
        const struct yaml_node *node =
            yaml_parse(&region, "f", MISTAKES[i].rule, strlen(MISTAKES[i].rule), &error);
        assert_non_null(node);
        assert_false(number_rule_read(node, "it", 100, &rule, &error));
        if (strncmp(error.sentence, MISTAKES[i].sentence, strlen(MISTAKES[i].sentence)) != 0)
            fail_msg("'%s' instead of '%s'", error.sentence, MISTAKES[i].sentence);
    }
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_fits_the_numbers_it_names),
        cmocka_unit_test(no_rule_fits_everything),
        cmocka_unit_test(what_is_no_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
