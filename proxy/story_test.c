#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/story.h"
#include <cmocka.h>

enum { ATTEMPTS = 2 };

/* A record in a few words; the rest is all zero. */
struct row {
    const char *name;
    struct exchange_record record;
    struct attempt_record attempts[ATTEMPTS]; /* as many as begun_ns is not 0 of */
    const char *line;                         /* NULL: not worth one */
};

#define FAILED(where, why)                                                  \
    {                                                                       \
        .side = SIDE_UPSTREAM, .stage = STAGE_##where, .cause = CAUSE_##why \
    }
#define AGAIN(why)                \
    {                             \
        true, RETRY_BECAUSE_##why \
    }
#define NOT_AGAIN(why)             \
    {                              \
        false, RETRY_BECAUSE_##why \
    }

static const struct row ROWS[] = {
    {"what went well at once is not worth a line",
     {.method = "GET", .target = "/", .status = 200},
     {{.begun_ns = 1, .status = 200}},
     NULL},
    {"nor is a client that leaves",
     {.method = "GET", .target = "/", .failure = FAILED(POST_WRITE, CLIENT_CANCELLED)},
     {{.begun_ns = 1, .failure = FAILED(POST_WRITE, CLIENT_CANCELLED)}},
     NULL},
    {"nor one that is asked for a password",
     {.method = "GET",
      .target = "/",
      .status = 407,
      .error_word = "AUTH_REQUIRED",
      .failure = FAILED(ROUTE, HTTP_REQUEST_DENIED)},
     {{0}},
     NULL},
    {"but one whose password was wrong is",
     {.method = "GET",
      .target = "http://a.test/",
      .status = 403,
      .error_word = "AUTH_FAILED",
      .failure = FAILED(ROUTE, HTTP_REQUEST_DENIED)},
     {{0}},
     "GET http://a.test/: 403; AUTH_FAILED"},
    {"a failure without a word is told by its cause",
     {.target = "", .status = 408, .failure = FAILED(ROUTE, CLIENT_TIMEOUT)},
     {{0}},
     "- -: 408; client_timeout"},
    {"each attempt is told, and whether it was made again",
     {.method = "GET", .target = "/", .status = 200},
     {{.begun_ns = 1, .failure = FAILED(DIAL, CONNECTION_TIMEOUT), .decision = AGAIN(NOTHING_SENT)},
      {.begun_ns = 1, .upstream = 1, .status = 200}},
     "GET /: 200; a: dial, connection_timeout, again: nothing of the request was sent; b: 200"},
    {"a status that was one to retry is told",
     {.method = "GET", .target = "/", .status = 200},
     {{.begun_ns = 1,
       .status = 503,
       .failure = FAILED(STATUS, HTTP_RESPONSE_STATUS),
       .decision = AGAIN(STATUS_LISTED)},
      {.begun_ns = 1, .upstream = 1, .status = 200}},
     "GET /: 200; a: 503, again: status is one to retry; b: 200"},
    {"what the kernel said is told",
     {.method = "GET",
      .target = "/",
      .status = 502,
      .failure = FAILED(DIAL, DESTINATION_IP_UNROUTABLE)},
     {{.begun_ns = 1,
       .failure = {.stage = STAGE_DIAL,
                   .cause = CAUSE_DESTINATION_IP_UNROUTABLE,
                   .os_error = ENETUNREACH},
       .decision = NOT_AGAIN(RETRIES_OFF)}},
     "GET /: 502; a: dial, destination_ip_unroutable (Network is unreachable), not again: "
     "max_retries is 0"},
    {"what TLS said is told",
     {.method = "GET",
      .target = "/",
      .status = 502,
      .failure = FAILED(HANDSHAKE, TLS_CERTIFICATE_ERROR)},
     {{.begun_ns = 1,
       .tls = true,
       .detail = "certificate has expired",
       .failure = FAILED(HANDSHAKE, TLS_CERTIFICATE_ERROR),
       .decision = NOT_AGAIN(ATTEMPTS_USED_UP)}},
     "GET /: 502; a: handshake, tls_certificate_error (certificate has expired), not again: "
     "attempts are used up"},
    {"which part of a tunnel broke is told, and whose host it went to",
     {.kind = EXCHANGE_CONNECT,
      .method = "CONNECT",
      .host = "a.test:443",
      .target = "a.test:443",
      .status = 200,
      .failure = FAILED(TUNNEL, CONNECTION_TERMINATED)},
     {{.begun_ns = 1,
       .upstream = UPSTREAM_OTHER,
       .tunnel = TUNNEL_UP,
       .failure = FAILED(TUNNEL, CONNECTION_TERMINATED),
       .decision = NOT_AGAIN(TUNNEL)}},
     "CONNECT a.test:443: 200; a.test:443: tunnel, connection_terminated (up), not again: tunnel "
     "stands"},
    {"an upstream that a hook named is told by its address",
     {.method = "GET",
      .host = "this.test",
      .target = "/",
      .status = 502,
      .failure = FAILED(POST_WRITE, CONNECTION_TERMINATED)},
     {{.begun_ns = 1,
       .upstream = UPSTREAM_OTHER,
       .address = {.family = 4, .port = 80, .bytes = {127, 0, 0, 9}},
       .failure = FAILED(POST_WRITE, CONNECTION_TERMINATED),
       .decision = NOT_AGAIN(WRITTEN)}},
     "GET /: 502; 127.0.0.9:80: post-write, connection_terminated, not again: a byte of the "
     "request was written"},
    {"or as one, where no connection was made",
     {.method = "GET", .target = "/", .status = 502, .failure = FAILED(RESOLVE, DNS_ERROR)},
     {{.begun_ns = 1,
       .upstream = UPSTREAM_OTHER,
       .failure = FAILED(RESOLVE, DNS_ERROR),
       .decision = NOT_AGAIN(RETRIES_OFF)}},
     "GET /: 502; an upstream of a hook: resolve, dns_error, not again: max_retries is 0"},
    {"a client that fails beside an attempt is told",
     {.method = "PUT", .target = "/", .status = 200, .failure = FAILED(MID_COPY, CLIENT_TIMEOUT)},
     {{.begun_ns = 1, .status = 200}},
     "PUT /: 200; a: 200; mid-copy, client_timeout"},
    {"a hook's own words stand at the end",
     {.method = "GET",
      .target = "/",
      .status = 502,
      .summary = "shop 7",
      .failure = FAILED(DIAL, CONNECTION_REFUSED)},
     {{.begun_ns = 1,
       .failure = FAILED(DIAL, CONNECTION_REFUSED),
       .decision = NOT_AGAIN(RETRIES_OFF)}},
     "GET /: 502; a: dial, connection_refused, not again: max_retries is 0; shop 7"},
    {"no client writes lines of its own",
     {.method = "G\x1b[2J",
      .target = "/\n502: \xc3\xa9",
      .status = 400,
      .error_word = "URL_PARSE_ERROR",
      .failure = FAILED(ROUTE, HTTP_REQUEST_ERROR)},
     {{0}},
     "G?[2J /?502: ??: 400; URL_PARSE_ERROR"},
};

static void is_told(void **state)
{
    const struct row *row = *state;
    struct proxy_settings settings = {.upstreams = {{.name = "a"}, {.name = "b"}},
                                      .upstream_count = 2};
    struct exchange_record record = row->record;
    size_t size;
    char *text;
    FILE *out;

    record.settings = &settings;
    while (record.attempt_count < ATTEMPTS && row->attempts[record.attempt_count].begun_ns != 0) {
        record.attempts[record.attempt_count] = row->attempts[record.attempt_count];
        record.attempt_count++;
    }
    assert_int_equal(story_is_worth_telling(&record), row->line != NULL);
    if (row->line == NULL)
        return;
    out = open_memstream(&text, &size);
    assert_non_null(out);
    story_tell(out, &record);
    assert_int_equal(fclose(out), 0);
    assert_true(size > 0);
    assert_int_equal(text[size - 1], '\n');
    text[size - 1] = '\0';
    assert_string_equal(text, row->line);
    free(text);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_told,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
