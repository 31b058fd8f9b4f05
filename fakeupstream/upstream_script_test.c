#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/upstream_script.h"
#include "world/base/region.h"

enum { REGION_BYTES = 1 << 20 };

struct row {
    const char *name;
    const char *yaml;
    const char *sentence;
};

static const struct row MISTAKES[] = {
    {"a text", "abc", "an upstream is a list of connections, or a map"},
    {"steps where connections belong", "[read: request]", "an upstream is a list of lists"},
    {"a word where a connection belongs", "[half-close]", "an upstream is a list of lists"},
    {"an unknown key", "{conections: []}", "connections"},
    {"connections that are none", "{connections: 5}", "`connections` is a list"},
    {"an unknown way to listen", "{listen: refuzed}", "refused"},
    {"times without listen", "{times: 3}", "`times` needs `listen`"},
    {"steps that nobody reaches", "{listen: refused, then: [end: fin]}",
     "nobody ever gets through"},
    {"a repetition of nothing", "[{repeat: 0, steps: [end: fin]}]", "1"},
    {"a repetition without steps", "[{repeat: 2, foo: 1}]", "steps"},
    {"too many connections", "[{repeat: 4096, steps: []}, []]", "at most 4096 connections"},
    {"a mistake in a step", "[[reed: head]]", "read"},
    {"a host that is no name", "{host: \"a b\"}", "a host is a name"},
    {"an empty host", "{host: \"\"}", "a host is a name"},
    {"a family that is none", "{family: 5}", "a family of addresses"},
    {"an unknown key of TLS", "{tls: {certifikate: good}}", "certificate"},
    {"an unknown certificate", "{tls: {certificate: gold}}", "good"},
    {"no version of TLS", "{tls: {versions: []}}", "`versions` is a list"},
    {"a version that is no more", "{tls: {versions: [1.1]}}", "1.2"},
    {"TLS that is a list", "{tls: [good]}", "`tls` is true, false, a word or a map"},
    {"TLS that is a word", "{tls: good}", "tls"},
    {"a client certificate that is not required", "{tls: {client-certificate: no}}", "required"},
    {"nine protocols", "{tls: {alpn: [a, b, c, d, e, f, g, h, i]}}", "1 to 8 protocols"},
    {"a mistake in the standing answer", "{then: [reed: head]}", "read"},
};

static struct region region;

static bool parse(const char *text, struct upstream_script *out, struct yaml_error *error)
{
    struct yaml_node *node;

    region_init(&region, REGION_BYTES);
    *error = (struct yaml_error){.sentence = ""};
    node = yaml_parse(&region, "u.yaml", text, strlen(text), error);
    if (node == NULL)
        fail_msg("%s", error->sentence);
    return upstream_script_parse(&region, node, out, error);
}

static void a_mistake_is_told_where_it_is(void **state)
{
    const struct row *row = *state;
    struct upstream_script script;
    struct yaml_error error;

    assert_false(parse(row->yaml, &script, &error));
    if (strstr(error.sentence, row->sentence) == NULL ||
        strncmp(error.sentence, "u.yaml:1:", strlen("u.yaml:1:")) != 0)
        fail_msg("%s", error.sentence);
    region_release(&region);
}

static void must_parse(const char *text, struct upstream_script *out)
{
    struct yaml_error error;

    if (!parse(text, out, &error))
        fail_msg("%s", error.sentence);
}

static void each_connection_has_its_script(void **state)
{
    static const char *const FIRST_STEPS[] = {"end: rst",     "end: fin",      "end: fin",
                                              "respond: 503", "read: request", "read: request"};
    struct upstream_script script;

    (void)state;
    must_parse("[[end: rst], {repeat: 2, steps: [end: fin]}, [respond: 503]]", &script);
    assert_int_equal(script.connection_count, 4);
    assert_int_equal(script.listen, LISTEN_OPEN);
    for (unsigned i = 0; i < COUNT_OF(FIRST_STEPS); i++)
        assert_string_equal(upstream_script_of(&script, i + 1)->steps[0].text, FIRST_STEPS[i]);
    region_release(&region);
}

static void then_takes_the_place_of_the_standing_answer(void **state)
{
    struct upstream_script script;

    (void)state;
    must_parse("{connections: [[]], then: [end: stall]}", &script);
    assert_int_equal(upstream_script_of(&script, 1)->count, 0);
    assert_string_equal(upstream_script_of(&script, 2)->steps[0].text, "end: stall");
    region_release(&region);
    must_parse("{then: [end: stall]}", &script);
    assert_string_equal(upstream_script_of(&script, 1)->steps[0].text, "end: stall");
    region_release(&region);
}

static void listening_is_refused_for_ever_or_so_many_times(void **state)
{
    struct upstream_script script;

    (void)state;
    must_parse("{listen: refused}", &script);
    assert_int_equal(script.listen, LISTEN_REFUSED);
    assert_int_equal(script.listen_times, 0);
    region_release(&region);
    must_parse("{listen: blackhole, times: 2, connections: [[end: fin]]}", &script);
    assert_int_equal(script.listen, LISTEN_BLACKHOLE);
    assert_int_equal(script.listen_times, 2);
    region_release(&region);
}

static void a_pre_write_fault_names_its_turn(void **state)
{
    struct upstream_script script;
    struct pre_write_fault fault;

    (void)state;
    must_parse(
        "{connections: [[pre-write: rst], [read: request, respond: 200, pre-write: fin], []], "
        "then: [read: request, prepare: 200, send: rest, read: request, respond: 200, "
        "pre-write: stall]}",
        &script);
    assert_true(upstream_script_has_pre_write(&script));
    assert_true(upstream_script_pre_write(&script, 1, &fault));
    assert_int_equal(fault.turn, 1);
    assert_int_equal(fault.kind, STEP_END_RST);
    assert_true(upstream_script_pre_write(&script, 2, &fault));
    assert_int_equal(fault.turn, 2);
    assert_int_equal(fault.kind, STEP_END_FIN);
    assert_false(upstream_script_pre_write(&script, 3, &fault));
    assert_true(upstream_script_pre_write(&script, 9, &fault));
    assert_int_equal(fault.turn, 3);
    assert_int_equal(fault.kind, STEP_END_STALL);
    region_release(&region);
    must_parse("[[read: request]]", &script);
    assert_false(upstream_script_has_pre_write(&script));
    region_release(&region);
}

static void a_connection_does_tls_as_it_says_or_its_upstream(void **state)
{
    struct upstream_script script;
    struct tls_draft draft;

    (void)state;
    must_parse("{tls: {certificate: expired, versions: [1.3, 1.2], alpn: [x], tickets: true, "
               "client-certificate: required}, host: h.test, family: 6, connections: [[], "
               "[tls: wrong-name], [tls: unsupported-version]]}",
               &script);
    assert_string_equal(script.host, "h.test");
    assert_true(script.on_ipv6);
    draft = upstream_script_tls(&script, 1);
    assert_int_equal(draft.certificate, AUTHORITY_EXPIRED);
    assert_true(draft.on && draft.asks_certificate && draft.tickets && !draft.fault_set);
    assert_int_equal(draft.lowest, TLS_1_2);
    assert_int_equal(draft.highest, TLS_1_3);
    draft = upstream_script_tls(&script, 2);
    assert_int_equal(draft.certificate, AUTHORITY_WRONG_NAME);
    assert_true(draft.on && draft.asks_certificate && draft.tickets && draft.fault_set);
    draft = upstream_script_tls(&script, 3);
    assert_int_equal(draft.highest, TLS_1_1);
    draft = upstream_script_tls(&script, 4);
    assert_int_equal(draft.certificate, AUTHORITY_EXPIRED);
    region_release(&region);
    must_parse("[[], [tls: self-signed]]", &script);
    assert_false(upstream_script_tls(&script, 1).on);
    assert_true(upstream_script_tls(&script, 2).on);
    assert_null(script.host);
    assert_false(script.on_ipv6);
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(each_connection_has_its_script),
        cmocka_unit_test(then_takes_the_place_of_the_standing_answer),
        cmocka_unit_test(listening_is_refused_for_ever_or_so_many_times),
        cmocka_unit_test(a_pre_write_fault_names_its_turn),
        cmocka_unit_test(a_connection_does_tls_as_it_says_or_its_upstream),
    };
    struct CMUnitTest mistakes[COUNT_OF(MISTAKES)];

    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        mistakes[i] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                          .test_func = a_mistake_is_told_where_it_is,
                                          .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    return cmocka_run_group_tests_name("mistakes", mistakes, NULL, NULL) +
           cmocka_run_group_tests_name("upstream scripts", others, NULL, NULL);
}
