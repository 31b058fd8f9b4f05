#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/acting/script.h"
#include "world/base/region.h"

enum { REGION_BYTES = 8 << 20 };

/* A script with a mistake, and what is said about it. */
struct row {
    const char *name;
    enum script_side side;
    const char *yaml;
    const char *sentence; /* a part of it, with line and column */
};

static const struct row MISTAKES[] = {
    {"no list", SCRIPT_UPSTREAM, "read: request", "s.yaml:1:1: a script is a list of steps"},
    {"an unknown step", SCRIPT_UPSTREAM, "[reed: request]", "read"},
    {"an unknown step without an argument", SCRIPT_CLIENT, "[half-cloze]", "half-close"},
    {"a step with two words", SCRIPT_UPSTREAM, "[{read: head, end: fin}]",
     "s.yaml:1:2: a step is one word"},
    {"a list in place of a step", SCRIPT_UPSTREAM, "[[read: head]]", "a step is one word"},
    {"a client's word at an upstream", SCRIPT_UPSTREAM, "[connect]",
     "s.yaml:1:2: `connect` is a step of clients, not of upstreams"},
    {"an upstream's word at a client", SCRIPT_CLIENT, "[respond: 200]",
     "`respond` is a step of upstreams, not of clients"},
    {"an argument too many", SCRIPT_CLIENT, "[connect: now]", "`connect` stands alone"},
    {"an argument too few", SCRIPT_CLIENT, "[read]", "`read` needs an argument"},
    {"a position past the body", SCRIPT_UPSTREAM, "[prepare: {body: 10}, send: 50 of body]",
     "s.yaml:1:29: impossible position: the body has 10 bytes, 0 of them sent before"},
    {"a position past what is left of the body", SCRIPT_UPSTREAM,
     "[prepare: {body: 10}, send: 6 of body, send: 5 of body]",
     "the body has 10 bytes, 6 of them sent before"},
    {"a position in a body that is not there", SCRIPT_CLIENT, "[prepare: {}, send: 1 of body]",
     "the body has 0 bytes"},
    {"a head twice", SCRIPT_CLIENT, "[prepare: {}, send: head, send: head]",
     "the head has been sent already"},
    {"sending what was not prepared", SCRIPT_CLIENT, "[send: head]", "nothing is prepared"},
    {"sending after the response was another one", SCRIPT_UPSTREAM,
     "[prepare: 200, respond: 503, send: rest]", "nothing is prepared"},
    {"sending more than everything", SCRIPT_CLIENT, "[prepare: {}, send: rest, send: 1]",
     "has been sent whole already"},
    {"nothing of the body", SCRIPT_CLIENT, "[prepare: {body: 5}, send: 0 of body]", "a position"},
    {"a position that is none", SCRIPT_CLIENT, "[prepare: {}, send: hed]", "head"},
    {"reading a request at a client", SCRIPT_CLIENT, "[read: request]", "response"},
    {"reading a response at an upstream", SCRIPT_UPSTREAM, "[read: response]", "request"},
    {"a step behind the end", SCRIPT_UPSTREAM, "[end: fin, read: eof]", "nothing can follow `end`"},
    {"a step behind pre-write", SCRIPT_UPSTREAM, "[pre-write: rst, respond: 200]",
     "nothing can follow `pre-write`"},
    {"an end that is none", SCRIPT_UPSTREAM, "[end: fine]", "fin"},
    {"no raw bytes", SCRIPT_CLIENT, "[raw: \"\"]", "raw is at least 1 byte"},
    {"no garbage", SCRIPT_CLIENT, "[garbage: 0]", "garbage is at least 1 byte"},
    {"a drip without a pace", SCRIPT_CLIENT, "[drip: {bytes: 1}]",
     "needs both `bytes` and `every`"},
    {"a drip of nothing", SCRIPT_CLIENT, "[drip: {bytes: 0, every: 1ms}]",
     "a drip is at least 1 byte"},
    {"a drip that is no map", SCRIPT_CLIENT, "[drip: 1]", "{bytes: 1, every: 10ms}"},
    {"a drip with another key", SCRIPT_CLIENT, "[drip: {bytes: 1, evry: 1ms}]", "every"},
    {"a delay without a unit", SCRIPT_CLIENT, "[delay: 50]", "s.yaml:1:9: "},
    {"a request that is no map", SCRIPT_CLIENT, "[request: GET]", "a request is a map"},
    {"an unknown key of a request", SCRIPT_CLIENT, "[request: {methd: GET}]", "method"},
    {"an unknown key of a response", SCRIPT_UPSTREAM, "[respond: {stat: 200}]", "status"},
    {"a status that is none", SCRIPT_UPSTREAM, "[respond: 99]", "100"},
    {"an interim status that is final", SCRIPT_UPSTREAM, "[interim: 200]", "199"},
    {"an interim response with a body", SCRIPT_UPSTREAM, "[interim: {status: 103, body: 1}]",
     "body"},
    {"both bytes and text", SCRIPT_CLIENT, "[request: {body: {bytes: 1, text: a}}]",
     "either `bytes` or `text`"},
    {"neither bytes nor text", SCRIPT_CLIENT, "[request: {body: {framing: chunked}}]",
     "either `bytes` or `text`"},
    {"a request ended by closing", SCRIPT_CLIENT, "[request: {body: {bytes: 1, framing: close}}]",
     "RFC 9112 6.3"},
    {"chunks without chunked", SCRIPT_CLIENT, "[request: {body: {bytes: 1, chunk: 1}}]",
     "`chunk` needs `framing: chunked`"},
    {"a chunk of nothing", SCRIPT_CLIENT,
     "[request: {body: {bytes: 1, framing: chunked, chunk: 0}}]", "at least 1 byte"},
    {"a false length of a chunked body", SCRIPT_CLIENT,
     "[request: {body: {bytes: 1, framing: chunked, declared: 2}}]", "`declared` needs"},
    {"trailers without chunked", SCRIPT_CLIENT, "[request: {body: 1, trailers: {a: b}}]",
     "trailers need `framing: chunked`"},
    {"a body that is a list", SCRIPT_CLIENT, "[request: {body: [1]}]", "a body is none"},
    {"a body past the limit", SCRIPT_CLIENT, "[request: {body: 1025GiB}]", "s.yaml:1:18: "},
    {"fields that are a text", SCRIPT_CLIENT, "[request: {headers: abc}]", "fields are a map"},
    {"a field that is a list of lists", SCRIPT_CLIENT, "[request: {headers: {a: [[b]]}}]",
     "a field's value is a text"},
    {"a field of a list that is no map", SCRIPT_CLIENT, "[request: {headers: [abc]}]",
     "a field is a map"},
    {"an unknown handshake of an upstream", SCRIPT_UPSTREAM, "[tls: expried]", "expired"},
    {"a client's handshake at an upstream", SCRIPT_UPSTREAM, "[tls: garbage]", "garbage"},
    {"an upstream's handshake at a client", SCRIPT_CLIENT, "[tls: rst-after-finished]",
     "a handshake"},
    {"TLS behind another step", SCRIPT_UPSTREAM, "[read: request, tls: good]",
     "`tls` is the first step of a connection"},
    {"a step behind a handshake that fails", SCRIPT_UPSTREAM, "[tls: stall, read: request]",
     "nothing can follow `tls`"},
    {"a step behind the signal of a handshake that fails", SCRIPT_UPSTREAM,
     "[tls: stall, signal: x, read: request]", "nothing can follow `tls`"},
    {"a signal behind an end", SCRIPT_UPSTREAM, "[end: stall, signal: x]",
     "nothing can follow `end`"},
    {"an unknown key of a client's TLS", SCRIPT_CLIENT, "[tls: {sny: a.test}]", "sni"},
    {"a version of TLS that is none", SCRIPT_CLIENT, "[tls: {version: 1.4}]",
     "a version of TLS cannot be"},
    {"a certificate that clients do not have", SCRIPT_CLIENT, "[tls: {certificate: expired}]",
     "unknown-ca"},
    {"ALPN that is no list", SCRIPT_CLIENT, "[tls: {alpn: h2}]", "`alpn` is a list"},
    {"TLS that is a list", SCRIPT_CLIENT, "[tls: [good]]", "a handshake"},
    {"a stream of nothing", SCRIPT_CLIENT, "[stream: 0]", "a stream is at least 1 byte"},
    {"a stream that is no number", SCRIPT_CLIENT, "[stream: all]", "s.yaml:1:10: "},
    {"a part of a stream that is no number", SCRIPT_CLIENT, "[read: x of stream]", "s.yaml:1:8: "},
    {"a cut before a write", SCRIPT_UPSTREAM, "[pre-write: cut]", "an end"},
    {"CONNECT with a path", SCRIPT_CLIENT, "[request: {method: CONNECT, to: a, path: /x}]",
     "the target of CONNECT has no path"},
    {"an upgrade of an interim response", SCRIPT_UPSTREAM,
     "[interim: {status: 103, upgrade: websocket}]", "upgrade"},
    {"a long text without its length", SCRIPT_CLIENT, "[request: {path: {length: 9}}]", "bytes"},
};

static struct region region;

static bool parse(const char *text, enum script_side side, struct script *out,
                  struct yaml_error *error)
{
    struct yaml_node *node;

    region_init(&region, REGION_BYTES);
    *error = (struct yaml_error){.sentence = ""};
    node = yaml_parse(&region, "s.yaml", text, strlen(text), error);
    if (node == NULL)
        fail_msg("%s", error->sentence);
    return script_parse(&region, node, side, out, error);
}

static void a_mistake_is_told_where_it_is(void **state)
{
    const struct row *row = *state;
    struct script script;
    struct yaml_error error;

    assert_false(parse(row->yaml, row->side, &script, &error));
    if (strstr(error.sentence, row->sentence) == NULL ||
        strncmp(error.sentence, "s.yaml:1:", strlen("s.yaml:1:")) != 0)
        fail_msg("%s", error.sentence);
    region_release(&region);
}

static void must_parse(const char *text, enum script_side side, struct script *out)
{
    struct yaml_error error;

    if (!parse(text, side, out, &error))
        fail_msg("%s", error.sentence);
}

static void steps_know_how_they_were_written(void **state)
{
    static const char *const TEXTS[] = {"read: 5 of body", "prepare: 200", "send: 3 of body", "raw",
                                        "half-close",      "end: stall"};
    struct script script;

    (void)state;
    must_parse(
        "[read: 5 of body, prepare: {body: 3}, send: 3 of body, raw: \"a\\r\\n\", half-close, "
        "end: stall]",
        SCRIPT_UPSTREAM, &script);
    assert_int_equal(script.count, COUNT_OF(TEXTS));
    for (size_t i = 0; i < script.count; i++)
        assert_string_equal(script.steps[i].text, TEXTS[i]);
    assert_int_equal(script.steps[3].raw.size, 3);
    region_release(&region);
}

/* A read leaves the rest in the socket, unless the script reads on past it at once. */
static void reads_are_exact_where_the_script_stops(void **state)
{
    static const struct {
        const char *yaml;
        bool exact; /* the first step */
    } SCRIPTS[] = {
        {"[read: head]", true},
        {"[read: head, signal: x]", true},
        {"[read: head, read: request]", false},
        {"[read: head, read: eof]", false},
        {"[read: head, read: 5 of body]", true},
        {"[read: head, read: 5 of body, read: request]", false},
        {"[read: head, read: 5 of body, end: rst]", true},
        {"[read: 7, end: fin]", true},
        {"[read: request, end: fin]", false},
        {"[read: eof]", false},
    };
    struct script script;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(SCRIPTS); i++) {
        must_parse(SCRIPTS[i].yaml, SCRIPT_UPSTREAM, &script);
        assert_int_equal(script.steps[0].exact, SCRIPTS[i].exact);
        region_release(&region);
    }
}

/* Where nothing was HTTP before, a stream is meant from the connection's first byte. */
static void a_script_knows_if_it_begins_as_a_stream(void **state)
{
    static const struct {
        const char *yaml;
        bool streams;
    } SCRIPTS[] = {
        {"[stream: 1]", true},
        {"[read: 1KiB of stream]", true},
        {"[raw: x, read: 5 of stream]", true},
        {"[tls: good, wait: x, read: 4, stream: 5]", true},
        {"[raw: x, read: 4, end: fin]", false},
        {"[read: request, respond: 101, stream: 5]", false},
        {"[respond: {upgrade: x}, stream: 5]", false},
        {"[interim: 103, stream: 5]", false},
        {"[]", false},
    };
    struct script script;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(SCRIPTS); i++) {
        must_parse(SCRIPTS[i].yaml, SCRIPT_UPSTREAM, &script);
        assert_int_equal(script.streams, SCRIPTS[i].streams);
        region_release(&region);
    }
}

static void a_client_says_how_it_does_tls(void **state)
{
    const struct tls_draft *draft;
    struct script script;

    (void)state;
    must_parse("[tls: {sni: b.test, alpn: [h2, x], version: 1.2, certificate: unknown-ca, "
               "verify: false, tickets: true}, tls: false, tls: stall, tls: true]",
               SCRIPT_CLIENT, &script);
    draft = script.steps[0].tls;
    assert_true(draft->on && draft->own_certificate && draft->unverified && draft->tickets);
    assert_string_equal(draft->sni, "b.test");
    assert_int_equal(draft->alpn_count, 2);
    assert_string_equal(draft->alpn[1], "x");
    assert_int_equal(draft->lowest, TLS_1_2);
    assert_int_equal(draft->highest, TLS_1_2);
    assert_int_equal(draft->certificate, AUTHORITY_UNKNOWN_CA);
    assert_false(script.steps[1].tls->on);
    assert_int_equal(script.steps[2].tls->fault, TLS_FAULT_STALL);
    draft = script.steps[3].tls;
    assert_true(draft->on);
    assert_false(draft->own_certificate || draft->unverified || draft->tickets);
    assert_null(draft->sni);
    region_release(&region);
}

static void an_interim_response_is_bytes(void **state)
{
    struct script script;

    (void)state;
    must_parse("[interim: {status: 103, headers: {Link: a}}]", SCRIPT_UPSTREAM, &script);
    assert_true(
        bytes_equal_text(script.steps[0].raw, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"));
    region_release(&region);
}

static void the_last_request_is_found(void **state)
{
    struct script script;

    (void)state;
    must_parse("[request: {method: GET}, prepare: {method: PUT}, send: rest, read: response]",
               SCRIPT_CLIENT, &script);
    assert_string_equal(script_last_request(&script)->method, "PUT");
    region_release(&region);
    must_parse("[raw: abc]", SCRIPT_CLIENT, &script);
    assert_null(script_last_request(&script));
    region_release(&region);
}

static void the_number_of_steps_is_limited(void **state)
{
    static char text[SCRIPT_STEPS_MAX * 16];
    struct script script;
    struct yaml_error error;
    size_t size = 0;

    (void)state;
    size += (size_t)snprintf(text, sizeof(text), "[");
    for (unsigned i = 0; i < SCRIPT_STEPS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "half-close, ");
    snprintf(text + size, sizeof(text) - size, "]");
    must_parse(text, SCRIPT_CLIENT, &script);
    assert_int_equal(script.count, SCRIPT_STEPS_MAX);
    region_release(&region);
    snprintf(text + size, sizeof(text) - size, "connect]");
    assert_false(parse(text, SCRIPT_CLIENT, &script, &error));
    assert_non_null(strstr(error.sentence, "at most 1024 steps"));
    region_release(&region);
}

static void running_out_of_memory_is_an_ordinary_mistake(void **state)
{
    struct yaml_error error = {.sentence = ""};
    struct region small;
    struct script script;
    struct yaml_node *node;

    (void)state;
    region_init(&region, REGION_BYTES);
    region_init(&small, 40000);
    node = yaml_parse(&region, "s.yaml", "[garbage: 1MiB]", strlen("[garbage: 1MiB]"), &error);
    assert_non_null(node);
    assert_false(script_parse(&small, node, SCRIPT_CLIENT, &script, &error));
    assert_non_null(strstr(error.sentence, "too large for memory"));
    region_release(&small);
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(steps_know_how_they_were_written),
        cmocka_unit_test(reads_are_exact_where_the_script_stops),
        cmocka_unit_test(a_script_knows_if_it_begins_as_a_stream),
        cmocka_unit_test(a_client_says_how_it_does_tls),
        cmocka_unit_test(an_interim_response_is_bytes),
        cmocka_unit_test(the_last_request_is_found),
        cmocka_unit_test(the_number_of_steps_is_limited),
        cmocka_unit_test(running_out_of_memory_is_an_ordinary_mistake),
    };
    struct CMUnitTest mistakes[COUNT_OF(MISTAKES)];

    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        mistakes[i] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                          .test_func = a_mistake_is_told_where_it_is,
                                          .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    return cmocka_run_group_tests_name("mistakes", mistakes, NULL, NULL) +
           cmocka_run_group_tests_name("scripts", others, NULL, NULL);
}
