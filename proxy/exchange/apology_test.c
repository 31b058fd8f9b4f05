#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/exchange/apology.h"
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

static void the_answer_carries_proxy_status(void **state)
{
    uint8_t out[APOLOGY_BYTES];
    struct http1_writer writer;
    struct apology_text text = {
        .apology = {504, "UPSTREAM_TIMEOUT", NULL},
        .failure = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_TIMEOUT, 0},
        .via = "edge",
        .client_minor = 1,
    };

    (void)state;
    http1_writer_init(&writer, out, sizeof(out) - 1);
    apology_write(&text, &writer);
    out[writer.size] = '\0';
    assert_string_equal(
        (const char *)out,
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
    uint8_t out[APOLOGY_BYTES];
    struct http1_writer writer;
    struct apology_text text = {
        .apology = {400, "INVALID_HOST", "Host is missing"},
        .failure = {SIDE_DOWNSTREAM, STAGE_ROUTE, CAUSE_HTTP_REQUEST_ERROR, 0},
        .via = "edge",
        .head_request = true,
        .keep_alive = true,
        .client_minor = 1,
    };

    (void)state;
    http1_writer_init(&writer, out, sizeof(out) - 1);
    apology_write(&text, &writer);
    out[writer.size] = '\0';
    assert_non_null(strstr((const char *)out, "Content-Length: 30\r\n\r\n"));
    assert_null(strstr((const char *)out, "Host is missing"));
    assert_null(strstr((const char *)out, "Connection"));
}

int main(void)
{
    struct CMUnitTest tests[2 + COUNT_OF(ROWS)] = {
        cmocka_unit_test(the_answer_carries_proxy_status),
        cmocka_unit_test(a_head_request_gets_no_body),
    };

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[2 + i] = (struct CMUnitTest){.name = ROWS[i].name,
                                           .test_func = has_its_word,
                                           .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
