#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/wire/message.h"
#include "fakeupstream/wire/pattern.h"
#include "world/base/region.h"
#include "world/data/yaml.h"

enum { WIRE_BYTES_MAX = 8192, REGION_BYTES = 1 << 20 };

struct row {
    const char *name;
    enum draft_kind kind;
    const char *yaml;
    const char *wire; /* @: the body's bytes by pattern, one for one */
};

static const struct row ROWS[] = {
    {"a request without anything", DRAFT_REQUEST, "{}", "GET / HTTP/1.1\r\nMARK\r\n\r\n"},
    {"a request with its own host gets it and no other", DRAFT_REQUEST, "{host: x.test, path: /a}",
     "GET /a HTTP/1.1\r\nMARK\r\nHost: x.test\r\n\r\n"},
    {"fields of a map, repeated by a list", DRAFT_REQUEST, "{headers: {A: 1, B: [x, y]}}",
     "GET / HTTP/1.1\r\nMARK\r\nA: 1\r\nB: x\r\nB: y\r\n\r\n"},
    {"fields of a list of maps keep their order", DRAFT_REQUEST, "{headers: [{B: 1}, {A: 2}]}",
     "GET / HTTP/1.1\r\nMARK\r\nB: 1\r\nA: 2\r\n\r\n"},
    {"a text of so many bytes", DRAFT_REQUEST, "{path: {bytes: 5}, headers: {A: {bytes: 3}}}",
     "GET /xxxx HTTP/1.1\r\nMARK\r\nA: xxx\r\n\r\n"},
    {"a body of a number", DRAFT_REQUEST, "{method: POST, body: 11}",
     "POST / HTTP/1.1\r\nMARK\r\nContent-Length: 11\r\n\r\n@@@@@@@@@@@"},
    {"no body at all", DRAFT_REQUEST, "{method: POST, body: none}",
     "POST / HTTP/1.1\r\nMARK\r\n\r\n"},
    {"an empty body", DRAFT_REQUEST, "{method: POST, body: 0}",
     "POST / HTTP/1.1\r\nMARK\r\nContent-Length: 0\r\n\r\n"},
    {"a body of text", DRAFT_REQUEST, "{body: {text: hello}}",
     "GET / HTTP/1.1\r\nMARK\r\nContent-Length: 5\r\n\r\nhello"},
    {"chunks, the last one shorter", DRAFT_REQUEST,
     "{body: {bytes: 11, framing: chunked, chunk: 4}}",
     "GET / HTTP/1.1\r\nMARK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "4\r\n@@@@\r\n4\r\n@@@@\r\n3\r\n@@@\r\n0\r\n\r\n"},
    {"chunks that come out even", DRAFT_REQUEST, "{body: {bytes: 8, framing: chunked, chunk: 4}}",
     "GET / HTTP/1.1\r\nMARK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "4\r\n@@@@\r\n4\r\n@@@@\r\n0\r\n\r\n"},
    {"an empty chunked body", DRAFT_REQUEST, "{body: {bytes: 0, framing: chunked}}",
     "GET / HTTP/1.1\r\nMARK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"trailers follow the last chunk", DRAFT_RESPONSE,
     "{body: {bytes: 1, framing: chunked}, trailers: {X: y}}",
     "HTTP/1.1 200 OK\r\nMARK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n@\r\n0\r\nX: y\r\n\r\n"},
    {"a chunk of twenty has two digits", DRAFT_REQUEST, "{body: {bytes: 20, framing: chunked}}",
     "GET / HTTP/1.1\r\nMARK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "14\r\n@@@@@@@@@@@@@@@@@@@@\r\n0\r\n\r\n"},
    {"framing none leaves the body out", DRAFT_REQUEST, "{body: {bytes: 20, framing: none}}",
     "GET / HTTP/1.1\r\nMARK\r\n\r\n"},
    {"a length that is not the true one", DRAFT_RESPONSE, "{body: {bytes: 2, declared: 9}}",
     "HTTP/1.1 200 OK\r\nMARK\r\nContent-Length: 9\r\n\r\n@@"},
    {"a status alone", DRAFT_RESPONSE, "503",
     "HTTP/1.1 503 Service Unavailable\r\nMARK\r\nContent-Length: 0\r\n\r\n"},
    {"reason and version as given", DRAFT_RESPONSE, "{status: 299, reason: Fine, version: \"1.0\"}",
     "HTTP/1.0 299 Fine\r\nMARK\r\nContent-Length: 0\r\n\r\n"},
    {"a response that will close", DRAFT_RESPONSE, "{keep-alive: false}",
     "HTTP/1.1 200 OK\r\nMARK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
    {"a response ended by closing", DRAFT_RESPONSE, "{body: {bytes: 3, framing: close}}",
     "HTTP/1.1 200 OK\r\nMARK\r\n\r\n@@@"},
    {"204 has neither length nor body", DRAFT_RESPONSE, "{status: 204, body: 5}",
     "HTTP/1.1 204 No Content\r\nMARK\r\n\r\n"},
    {"304 may have a length and has no body", DRAFT_RESPONSE, "{status: 304, body: 5}",
     "HTTP/1.1 304 Not Modified\r\nMARK\r\nContent-Length: 5\r\n\r\n"},
    {"304 without a body says no length", DRAFT_RESPONSE, "304",
     "HTTP/1.1 304 Not Modified\r\nMARK\r\n\r\n"},
    {"an interim response", DRAFT_INTERIM, "{status: 103, headers: {Link: x}}",
     "HTTP/1.1 103 Early Hints\r\nMARK\r\nLink: x\r\n\r\n"},
    {"a request for an upstream, in absolute-form", DRAFT_REQUEST, "{to: a, path: /x}",
     "GET http://PLACE:1/x HTTP/1.1\r\nMARK\r\n\r\n"},
    {"a tunnel to an upstream, in authority-form", DRAFT_REQUEST, "{to: a, method: CONNECT}",
     "CONNECT PLACE:1 HTTP/1.1\r\nMARK\r\n\r\n"},
    {"credentials of RFC 7617 2", DRAFT_REQUEST, "{authorize: \"Aladdin:open sesame\"}",
     "GET / HTTP/1.1\r\nMARK\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"},
    {"credentials without padding", DRAFT_REQUEST, "{authorize: \"ab:c\\u00ff\"}",
     "GET / HTTP/1.1\r\nMARK\r\nProxy-Authorization: Basic YWI6Y8O/\r\n\r\n"},
    {"credentials with one byte of padding", DRAFT_REQUEST, "{authorize: \"ab:cd\"}",
     "GET / HTTP/1.1\r\nMARK\r\nProxy-Authorization: Basic YWI6Y2Q=\r\n\r\n"},
    {"an upgrade to WebSocket is asked for", DRAFT_REQUEST, "{upgrade: websocket}",
     "GET / HTTP/1.1\r\nMARK\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"},
    {"and granted, with the answer to its key", DRAFT_RESPONSE, "{upgrade: websocket}",
     "HTTP/1.1 101 Switching Protocols\r\nMARK\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"},
    {"an upgrade to anything else", DRAFT_REQUEST, "{upgrade: echo}",
     "GET / HTTP/1.1\r\nMARK\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"},
    {"expect-continue", DRAFT_REQUEST, "{method: PUT, body: 1, expect-continue: true}",
     "PUT / HTTP/1.1\r\nMARK\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n@"},
};

struct made {
    struct region region;
    struct draft draft;
    struct message message;
    char expected[WIRE_BYTES_MAX];
    size_t expected_size;
};

static struct made made;

/* Writes the row's wire with the pattern in place of @. */
static void expect_wire(const char *wire)
{
    uint64_t body = 0;

    made.expected_size = strlen(wire);
    assert_true(made.expected_size < WIRE_BYTES_MAX);
    for (size_t i = 0; i < made.expected_size; i++)
        if (wire[i] == '@')
            pattern_fill(9, body++, made.expected + i, 1);
        else
            made.expected[i] = wire[i];
}

static void make(const struct row *row)
{
    struct yaml_error error = {.sentence = ""};
    struct yaml_node *node;

    region_init(&made.region, REGION_BYTES);
    node = yaml_parse(&made.region, "row", row->yaml, strlen(row->yaml), &error);
    assert_non_null(node);
    if (!draft_parse(&made.region, node, row->kind, &made.draft, &error))
        fail_msg("%s", error.sentence);
    message_init(&made.message, &made.draft, bytes_of("MARK\r\n"), 9);
    if (made.draft.to != NULL)
        message_set_place(&made.message, bytes_of("PLACE:1"));
    expect_wire(row->wire);
}

static void is_the_same_from_every_offset(void **state)
{
    static char buffer[WIRE_BYTES_MAX];
    size_t size;

    make(*state);
    assert_int_equal(message_end(&made.message), made.expected_size);
    for (size_t offset = 0; offset <= made.expected_size; offset++)
        for (size_t room = 1; room <= made.expected_size + 1; room++) {
            size_t left = made.expected_size - offset;

            size = message_fill(&made.message, offset, buffer, room);
            assert_int_equal(size, left < room ? left : room);
            assert_memory_equal(buffer, made.expected + offset, size);
        }
    region_release(&made.region);
}

/* Position n is just behind body byte n, and counting back from there gives n again. */
static void positions_name_body_bytes(void **state)
{
    const struct row *row = *state;
    size_t at;
    uint64_t count = 0;

    make(row);
    at = (size_t)((const char *)strstr(row->wire, "\r\n\r\n") - row->wire) + 4;
    assert_int_equal(message_head_end(&made.message), at);
    assert_int_equal(message_body_position(&made.message, 0), at);
    for (; at < made.expected_size; at++) {
        if (row->wire[at] == '@') {
            count++;
            assert_int_equal(message_body_position(&made.message, count), at + 1);
        }
        assert_int_equal(
            message_body_before(&made.message, at + 1),
            strstr(row->yaml, "text:") != NULL ? at + 1 - message_head_end(&made.message) : count);
    }
    region_release(&made.region);
}

static void the_end_of_the_body_data_lacks_only_the_last_chunk(void **state)
{
    static const struct row CHUNKED = {
        "", DRAFT_REQUEST, "{body: {bytes: 6, framing: chunked, chunk: 4}}",
        "GET / HTTP/1.1\r\nMARK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4\r\n@@@@\r\n2\r\n@@\r\n0\r\n\r\n"};

    (void)state;
    make(&CHUNKED);
    assert_int_equal(message_end(&made.message) - message_body_end(&made.message),
                     strlen("0\r\n\r\n"));
    region_release(&made.region);
}

static void positions_past_the_body_are_its_end(void **state)
{
    static const struct row ROWS_OF_TWO[] = {
        {"", DRAFT_REQUEST, "{body: 2}", ""},
        {"", DRAFT_REQUEST, "{body: {bytes: 2, framing: chunked}}", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS_OF_TWO); i++) {
        make(&ROWS_OF_TWO[i]);
        for (uint64_t count = 3; count < 9; count++)
            assert_int_equal(message_body_position(&made.message, count),
                             message_body_end(&made.message));
        region_release(&made.region);
    }
}

static void an_answer_to_head_has_the_head_alone(void **state)
{
    static const struct row ROW = {"", DRAFT_RESPONSE, "{body: {bytes: 6, framing: chunked}}", ""};

    (void)state;
    make(&ROW);
    made.message.bodiless = true;
    assert_int_equal(message_end(&made.message), message_head_end(&made.message));
    assert_int_equal(message_body_position(&made.message, 3), message_end(&made.message));
    region_release(&made.region);
}

static void a_body_of_a_tebibyte_is_addressed_without_making_it(void **state)
{
    static const struct row ROW = {"", DRAFT_RESPONSE, "{body: {bytes: 1024GiB, framing: chunked}}",
                                   ""};
    uint64_t tebibyte = UINT64_C(1) << 40;
    char tail[16];

    (void)state;
    make(&ROW);
    assert_int_equal(message_fill(&made.message, message_end(&made.message) - 5, tail, 16), 5);
    assert_memory_equal(tail, "0\r\n\r\n", 5);
    assert_true(
        message_body_before(&made.message, message_body_position(&made.message, tebibyte - 1)) ==
        tebibyte - 1);
    region_release(&made.region);
}

enum { ROW_COUNT = COUNT_OF(ROWS) };

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(the_end_of_the_body_data_lacks_only_the_last_chunk),
        cmocka_unit_test(positions_past_the_body_are_its_end),
        cmocka_unit_test(an_answer_to_head_has_the_head_alone),
        cmocka_unit_test(a_body_of_a_tebibyte_is_addressed_without_making_it),
    };
    struct CMUnitTest wires[ROW_COUNT];
    struct CMUnitTest positions[ROW_COUNT];
    int failed = 0;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        wires[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_the_same_from_every_offset,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
        positions[i] = wires[i];
        positions[i].test_func = positions_name_body_bytes;
    }
    failed += cmocka_run_group_tests_name("wire", wires, NULL, NULL);
    failed += cmocka_run_group_tests_name("positions", positions, NULL, NULL);
    failed += cmocka_run_group_tests_name("others", others, NULL, NULL);
    return failed;
}
