/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/suite/filter.h"

#include <string.h>

static const char *const TAGS[] = {"retry", "large"};

static const struct filter_subject SUBJECT = {
    .text = {[FILTER_ID] = "post-write/never[method=POST,end=\"a b\"]",
             [FILTER_NAME] = "a POST is never sent again",
             [FILTER_FILE] = "scenarios/post-write/never.yaml",
             [FILTER_STAGE] = "post-write",
             [FILTER_FAULT] = "a b",
             [FILTER_METHOD] = "POST",
             [FILTER_LEVEL] = "must",
             [FILTER_WORLD] = "sim"},
    .tags = TAGS,
    .tag_count = COUNT_OF(TAGS),
};

static const struct {
    enum filter_kind kind;
    const char *text;
    bool fits;
} EXPRESSIONS[] = {
    {FILTER_OF_IDS, "", true},
    {FILTER_OF_IDS, "  ", true},
    {FILTER_OF_IDS, "never", true},
    {FILTER_OF_IDS, "always", false},
    {FILTER_OF_IDS, "not always", true},
    {FILTER_OF_IDS, "not not never", true},
    {FILTER_OF_IDS, "stage = post-write", true},
    {FILTER_OF_IDS, "stage=post-write", true},
    {FILTER_OF_IDS, "stage = post", false},
    {FILTER_OF_IDS, "stage ~ post", true},
    {FILTER_OF_IDS, "stage != post", true},
    {FILTER_OF_IDS, "method = GET or method = POST", true},
    {FILTER_OF_IDS, "method = GET and method = POST", false},
    {FILTER_OF_IDS, "method = POST and not world = sockets", true},
    /* `and` binds tighter than `or`, `not` tighter than `and`. */
    {FILTER_OF_IDS, "never or always and always", true},
    {FILTER_OF_IDS, "(never or always) and always", false},
    {FILTER_OF_IDS, "not always or always", true},
    {FILTER_OF_IDS, "not (always or never)", false},
    {FILTER_OF_IDS, "not(always)and(never)", true},
    {FILTER_OF_IDS, "id = \"post-write/never[method=POST,end=\\\"a b\\\"]\"", true},
    {FILTER_OF_IDS, "fault = \"a b\"", true},
    {FILTER_OF_IDS, "notable or never", true}, /* a word that only begins like an operator */
    {FILTER_OF_IDS, "tag = retry", true},
    {FILTER_OF_IDS, "tag ~ retr", true},
    {FILTER_OF_IDS, "tag != retry", false},
    {FILTER_OF_IDS, "tag != slow", true},
    {FILTER_OF_TAGS, "retry", true},
    {FILTER_OF_TAGS, "retr", false},
    {FILTER_OF_TAGS, "retry and not slow", true},
    {FILTER_OF_TAGS, "slow or large", true},
    {FILTER_OF_TAGS, "method = POST and large", true},
};

static void an_expression_fits_as_it_reads(void **state)
{
    static struct filter filter;
    char error[FILTER_ERROR_BYTES] = "";
    (void)state;
    for (size_t i = 0; i < COUNT_OF(EXPRESSIONS); i++) {
        if (!filter_parse(&filter, EXPRESSIONS[i].kind, EXPRESSIONS[i].text, error))
            fail_msg("%s: %s", EXPRESSIONS[i].text, error);
        if (filter_fits(&filter, &SUBJECT) != EXPRESSIONS[i].fits)
            fail_msg("'%s' should %sfit", EXPRESSIONS[i].text, EXPRESSIONS[i].fits ? "" : "not ");
    }
}

static const struct {
    const char *text;
    const char *sentence;
} MISTAKES[] = {
    {"never never", "'and', 'or' or the end was expected at 'never' (byte 7 of the expression)"},
    {"never and", "something to compare is missing at 'its end'"},
    {"not", "something to compare is missing at 'its end'"},
    {"and never", "'and', 'or' or the end was expected at 'never'"},
    {"(never", "'(' has no ')' at 'its end'"},
    {"never)", "')' has no '(' at ')'"},
    {"metod = GET", "no such field"},
    {"method =", "a value is missing at 'its end'"},
    {"method = \"GET", "a quoted value has no end"},
    {"= GET", "a value is missing at '= GET'"},
    {"()", "a value is missing at ')'"},
    {"!", "a value is missing at '!'"},
};

static void a_mistake_shows_its_place(void **state)
{
    static struct filter filter;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        char error[FILTER_ERROR_BYTES] = "";
        if (filter_parse(&filter, FILTER_OF_IDS, MISTAKES[i].text, error) ||
            strncmp(error, MISTAKES[i].sentence, strlen(MISTAKES[i].sentence)) != 0)
            fail_msg("expected: %s\n     got: %s\n      of: %s", MISTAKES[i].sentence, error,
                     MISTAKES[i].text);
    }
}

static void length_and_terms_end_at_their_limits(void **state)
{
    static struct filter filter;
    static char text[FILTER_BYTES_MAX + 8];
    char error[FILTER_ERROR_BYTES];
    (void)state;
    memset(text, 'a', FILTER_BYTES_MAX - 2);
    assert_true(filter_parse(&filter, FILTER_OF_IDS, text, error));
    text[FILTER_BYTES_MAX - 2] = 'a';
    assert_false(filter_parse(&filter, FILTER_OF_IDS, text, error));
    /* n words with n - 1 operators between them are 2 n - 1 terms. */
    text[0] = 'a';
    text[1] = '\0';
    for (int i = 1; i < FILTER_TERMS_MAX / 2; i++)
        strncat(text, " or a", 6);
    assert_true(filter_parse(&filter, FILTER_OF_IDS, text, error));
    strncat(text, " or a", 6);
    assert_false(filter_parse(&filter, FILTER_OF_IDS, text, error));
    memset(text, '(', FILTER_TERMS_MAX + 1);
    text[FILTER_TERMS_MAX + 1] = '\0';
    assert_false(filter_parse(&filter, FILTER_OF_IDS, text, error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_fits_as_it_reads),
        cmocka_unit_test(a_mistake_shows_its_place),
        cmocka_unit_test(length_and_terms_end_at_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
