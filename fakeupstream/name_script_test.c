#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/name_script.h"

enum { REGION_BYTES = 1 << 20, TEXT_BYTES = 8192 };

static struct region region;

static bool parse(const char *text, struct name_script *out, struct yaml_error *error)
{
    struct yaml_node *node;

    region_init(&region, REGION_BYTES);
    *error = (struct yaml_error){.sentence = ""};
    node = yaml_parse(&region, "n.yaml", text, strlen(text), error);
    if (node == NULL)
        fail_msg("%s", error->sentence);
    return name_script_parse(&region, node, out, error);
}

static void parse_well(const char *text, struct name_script *out)
{
    struct yaml_error error;

    if (!parse(text, out, &error))
        fail_msg("%s", error.sentence);
}

/* ---- mistakes ---------------------------------------------------------------------------------- */

struct mistake {
    const char *sentence; /* what stands there */
    const char *yaml;
    const char *complaint;
};

static const struct mistake MISTAKES[] = {
    {"a list of names", "[a.test]", "`dns` is a map"},
    {"no addresses", "{a.test: []}", "an answer without addresses is `no-data`"},
    {"no addresses in a list of answers", "{a.test: [nxdomain, []]}", "is `no-data`"},
    {"a list in a list of addresses", "{a.test: [[[a]]]}", "an address or an upstream's name"},
    {"a word in a list of addresses", "{a.test: [[a, {}]]}", "an address or an upstream's name"},
    {"an address with a port", "{a.test: '127.0.0.1:80'}", "has no port"},
    {"an IPv6 address with a port", "{a.test: '[::1]:80'}", "has no port"},
    {"too many addresses", "{a.test: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]}", "at most 16 addresses"},
    {"a map without an answer", "{a.test: {ttl: 1s}}", "needs `answer`"},
    {"a map in a map", "{a.test: {answer: {answer: a}}}", "an `answer` is a word"},
    {"an unknown key", "{a.test: {answer: a, tll: 1s}}", "ttl"},
    {"half a second of life", "{a.test: {answer: a, ttl: 500ms}}", "whole seconds"},
    {"a life without a unit", "{a.test: {answer: a, ttl: 60}}", "ttl"},
    {"a delay that is none", "{a.test: {answer: a, delay: soon}}", "delay"},
    {"one name in two cases", "{a.test: a, A.Test: b}", "A.Test is here twice"},
};

static void a_mistake_is_told_where_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        struct name_script script;
        struct yaml_error error;

        if (parse(MISTAKES[i].yaml, &script, &error))
            fail_msg("%s was read", MISTAKES[i].sentence);
        if (strstr(error.sentence, MISTAKES[i].complaint) == NULL ||
            strncmp(error.sentence, "n.yaml:1:", strlen("n.yaml:1:")) != 0)
            fail_msg("%s: %s", MISTAKES[i].sentence, error.sentence);
        region_release(&region);
    }
}

/* `count` names of the same kind, or answers of one name. */
static bool parse_many(size_t count, bool names, struct yaml_error *error)
{
    char text[TEXT_BYTES];
    size_t length = (size_t)snprintf(text, sizeof(text), names ? "{" : "{a.test: [");
    struct name_script script;
    bool read;

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   names ? "n%zu.test: a, " : "refused, ", i);
    snprintf(text + length, sizeof(text) - length, names ? "}" : "]}");
    read = parse(text, &script, error);
    region_release(&region);
    return read;
}

static void names_and_answers_have_limits(void **state)
{
    struct yaml_error error;

    (void)state;
    assert_true(parse_many(NAME_SCRIPT_NAMES_MAX, true, &error));
    assert_false(parse_many(NAME_SCRIPT_NAMES_MAX + 1, true, &error));
    assert_non_null(strstr(error.sentence, "at most 64 names"));
    assert_true(parse_many(NAME_SCRIPT_ANSWERS_MAX, false, &error));
    assert_false(parse_many(NAME_SCRIPT_ANSWERS_MAX + 1, false, &error));
    assert_non_null(strstr(error.sentence, "at most 64 answers"));
}

static void a_name_has_a_limit(void **state)
{
    enum { NAME_BYTES_MAX = 253 };
    struct name_script script;
    struct yaml_error error;
    char text[TEXT_BYTES];

    (void)state;
    snprintf(text, sizeof(text), "{%0*d.a: a}", NAME_BYTES_MAX - 2, 0);
    parse_well(text, &script);
    assert_int_equal(strlen(script.entries[0].name), NAME_BYTES_MAX);
    region_release(&region);
    snprintf(text, sizeof(text), "{%0*d.a: a}", NAME_BYTES_MAX - 1, 0);
    assert_false(parse(text, &script, &error));
    assert_non_null(strstr(error.sentence, "at most 253 bytes"));
    region_release(&region);
}

static void an_upstream_must_be_there(void **state)
{
    static const char *const upstreams[] = {"alpha", "beta", NULL};
    struct name_script script;
    struct yaml_error error = {.sentence = ""};

    (void)state;
    parse_well("{a.test: [alpha, 127.0.0.9, beta], b.test: refused}", &script);
    assert_true(name_script_check_upstreams(&script, upstreams, &error));
    region_release(&region);
    parse_well("{a.test: alpha, b.test: [refused, [alpha, bete]]}", &script);
    assert_false(name_script_check_upstreams(&script, upstreams, &error));
    assert_non_null(strstr(error.sentence, "n.yaml:1:"));
    assert_non_null(strstr(error.sentence, "beta"));
    region_release(&region);
}

/* ---- what is read ------------------------------------------------------------------------------ */

static const char *kind_word(enum name_answer_kind kind)
{
    static const char *const words[] = {"nxdomain",  "servfail", "refused", "timeout",
                                        "truncated", "wrong-id", "no-data", "addresses"};

    return words[kind];
}

/* Writes the answers of a script's first name as a line. */
static void describe(const struct name_script *script, char *text, size_t size)
{
    const struct name_script_entry *entry = &script->entries[0];
    size_t length = (size_t)snprintf(text, size, "%s:", entry->name);

    for (size_t i = 0; i < entry->answer_count; i++) {
        const struct name_answer *answer = &entry->answers[i];

        length += (size_t)snprintf(text + length, size - length, " %s(", kind_word(answer->kind));
        for (size_t j = 0; j < answer->target_count; j++) {
            char address[ADDRESS_TEXT_BYTES];
            const struct name_target *target = &answer->targets[j];

            length += (size_t)snprintf(text + length, size - length, "%s%s", j == 0 ? "" : " ",
                                       target->upstream != NULL
                                           ? target->upstream
                                           : address_format_host(&target->address, address));
        }
        length += (size_t)snprintf(text + length, size - length, ")");
        if (answer->ttl_s != NAME_TTL_DEFAULT_S)
            length += (size_t)snprintf(text + length, size - length, "/%us", answer->ttl_s);
        if (answer->delay_ns != 0)
            length += (size_t)snprintf(text + length, size - length, "+%ums",
                                       (unsigned)(answer->delay_ns / NS_PER_MS));
    }
}

struct reading {
    const char *yaml;
    const char *meaning;
};

static const struct reading READINGS[] = {
    {"{a.test: nxdomain}", "a.test: nxdomain()"},
    {"{a.test: [nxdomain, servfail, refused, timeout, truncated, wrong-id, no-data]}",
     "a.test: nxdomain() servfail() refused() timeout() truncated() wrong-id() no-data()"},
    {"{a.test: a}", "a.test: addresses(a)"},
    {"{a.test: 127.0.0.9}", "a.test: addresses(127.0.0.9)"},
    {"{a.test: '::1'}", "a.test: addresses(::1)"},
    {"{a.test: [a, 127.0.0.9, '::1']}", "a.test: addresses(a 127.0.0.9 ::1)"},
    {"{a.test: [[a, b]]}", "a.test: addresses(a b)"},
    {"{a.test: [[a], [b]]}", "a.test: addresses(a) addresses(b)"},
    {"{a.test: [servfail, a]}", "a.test: servfail() addresses(a)"},
    {"{a.test: {answer: [a, b], ttl: 1m, delay: 50ms}}", "a.test: addresses(a b)+50ms"},
    {"{a.test: [{answer: timeout, ttl: 0}, {answer: a, ttl: 5s}]}",
     "a.test: timeout()/0s addresses(a)/5s"},
    {"{a.test: 300.0.0.1}", "a.test: addresses(300.0.0.1)"},
};

static void an_answer_is_read_as_it_is_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(READINGS); i++) {
        struct name_script script;
        char text[TEXT_BYTES];

        parse_well(READINGS[i].yaml, &script);
        assert_int_equal(script.entry_count, 1);
        describe(&script, text, sizeof(text));
        assert_string_equal(text, READINGS[i].meaning);
        region_release(&region);
    }
}

static void a_name_is_found_in_any_case(void **state)
{
    struct name_script script;

    (void)state;
    parse_well("{a.test: a, b.test: b}", &script);
    assert_ptr_equal(name_script_find(&script, bytes_of("B.TesT")), &script.entries[1]);
    assert_null(name_script_find(&script, bytes_of("b.test.")));
    assert_null(name_script_find(&script, bytes_of("")));
    region_release(&region);
    parse_well("{}", &script);
    assert_null(name_script_find(&script, bytes_of("a.test")));
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_told_where_it_is),
        cmocka_unit_test(names_and_answers_have_limits),
        cmocka_unit_test(a_name_has_a_limit),
        cmocka_unit_test(an_upstream_must_be_there),
        cmocka_unit_test(an_answer_is_read_as_it_is_meant),
        cmocka_unit_test(a_name_is_found_in_any_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
