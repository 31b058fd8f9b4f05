#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/wire/apology.h"
#include "world/base/check.h"

struct row {
    const char *name;
    struct failure failure;
    unsigned status;
    const char *word;
};

static const struct row ROWS[] = {
    {"no upstream at all",
     {SIDE_UPSTREAM, STAGE_ROUTE, CAUSE_DESTINATION_UNAVAILABLE, 0},
     503,
     "NO_AVAILABLE_UPSTREAMS"},
    {"a refused dial",
     {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, 0},
     502,
     "UPSTREAM_CONNECT_FAILED"},
    {"a dial that timed out",
     {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TIMEOUT, 0},
     504,
     "UPSTREAM_TIMEOUT"},
    {"a lookup that failed",
     {SIDE_UPSTREAM, STAGE_RESOLVE, CAUSE_DNS_ERROR, 0},
     502,
     "UPSTREAM_CONNECT_FAILED"},
    {"a connection that died after the request",
     {SIDE_UPSTREAM, STAGE_POST_WRITE, CAUSE_CONNECTION_TERMINATED, 0},
     502,
     "UPSTREAM_REQUEST_FAILED"},
    {"a response that did not come",
     {SIDE_UPSTREAM, STAGE_POST_WRITE, CAUSE_HTTP_RESPONSE_TIMEOUT, 0},
     504,
     "UPSTREAM_TIMEOUT"},
    {"a client that is gone",
     {SIDE_DOWNSTREAM, STAGE_POST_WRITE, CAUSE_CLIENT_CANCELLED, 0},
     0,
     NULL},
    {"a client that is slow",
     {SIDE_DOWNSTREAM, STAGE_MID_WRITE, CAUSE_CLIENT_TIMEOUT, 0},
     408,
     "REQUEST_TIMEOUT"},
    {"a fault of our own",
     {SIDE_INTERNAL, STAGE_DIAL, CAUSE_PROXY_INTERNAL_ERROR, 0},
     500,
     "INTERNAL_ERROR"},
};

static void has_its_word(void **state)
{
    const struct row *row = *state;
    struct apology apology = apology_for(&row->failure);

    assert_int_equal(apology.status, row->status);
    if (row->word == NULL)
        assert_null(apology.word);
    else
        assert_string_equal(apology.word, row->word);
}

static const char *write_apology(const struct apology *apology, const struct failure *failure,
                                 const struct answer_manner *manner, uint8_t out[APOLOGY_BYTES])
{
    uint8_t store[APOLOGY_BYTES];
    struct answer answer = apology_answer(apology, failure, "edge", store);
    struct http1_writer writer;

    http1_writer_init(&writer, out, APOLOGY_BYTES - 1);
    answer_write(&answer, manner, &writer);
    assert_false(writer.overflowed);
    out[writer.size] = '\0';
    return (const char *)out;
}

static void the_answer_carries_proxy_status(void **state)
{
    static const struct failure failure = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TIMEOUT, 0};
    static const struct answer_manner manner = {.client_minor = 1};
    uint8_t out[APOLOGY_BYTES];

    (void)state;
    assert_string_equal(
        write_apology(&(struct apology){.status = 504, .word = "UPSTREAM_TIMEOUT"}, &failure,
                      &manner, out),
        "HTTP/1.1 504 Gateway Timeout\r\n"
        "Proxy-Status: edge; error=connection_timeout; details=\"UPSTREAM_TIMEOUT\"\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Length: 37\r\n"
        "Connection: close\r\n"
        "\r\n"
        "UPSTREAM_TIMEOUT: connection_timeout\n");
}

static void a_head_request_gets_no_body(void **state)
{
    static const struct failure failure = {SIDE_DOWNSTREAM, STAGE_ROUTE, CAUSE_HTTP_REQUEST_ERROR,
                                           0};
    static const struct answer_manner manner = {
        .head_request = true, .keep_alive = true, .client_minor = 1};
    static const struct apology apology = {
        .status = 400, .word = "INVALID_HOST", .rule = "Host is missing"};
    uint8_t out[APOLOGY_BYTES];

    (void)state;
    write_apology(&apology, &failure, &manner, out);
    assert_non_null(strstr((const char *)out, "Content-Length: 30\r\n\r\n"));
    assert_null(strstr((const char *)out, "Host is missing"));
    assert_null(strstr((const char *)out, "Connection"));
}

static void a_204_has_neither_length_nor_body(void **state)
{
    static const struct answer_manner manner = {.keep_alive = true, .client_minor = 1};
    const struct answer answer = {.status = 204, .body = bytes_of("x")};
    uint8_t out[APOLOGY_BYTES];
    struct http1_writer writer;

    (void)state;
    http1_writer_init(&writer, out, sizeof(out) - 1);
    answer_write(&answer, &manner, &writer);
    out[writer.size] = '\0';
    assert_string_equal((const char *)out, "HTTP/1.1 204 No Content\r\n\r\n");
}

int main(void)
{
    struct CMUnitTest tests[3 + COUNT_OF(ROWS)] = {
        cmocka_unit_test(the_answer_carries_proxy_status),
        cmocka_unit_test(a_head_request_gets_no_body),
        cmocka_unit_test(a_204_has_neither_length_nor_body),
    };

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[3 + i] = (struct CMUnitTest){.name = ROWS[i].name,
                                           .test_func = has_its_word,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
