#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/forward.h"

enum { STORE_BYTES = 4096 }; /* room for any head of this file */

struct pair {
    const char *name;
    const char *value;
};

struct fixture {
    uint8_t store[STORE_BYTES];
    uint8_t out[STORE_BYTES];
    struct head head;
    struct http1_writer writer;
    struct address client;
    char host[ADDRESS_TEXT_BYTES];
};

static void set_up(struct fixture *fixture, const struct pair *fields)
{
    head_init(&fixture->head, fixture->store, sizeof(fixture->store));
    fixture->head.method = bytes_of("POST");
    fixture->head.target = bytes_of("/pay");
    fixture->head.status = 200;
    fixture->head.minor = 1;
    for (; fields->name != NULL; fields++)
        assert_true(head_add(&fixture->head, bytes_of(fields->name), bytes_of(fields->value)));
    http1_writer_init(&fixture->writer, fixture->out, sizeof(fixture->out));
    fixture->client = address_loopback(4711);
}

static const char *written(struct fixture *fixture)
{
    assert_true(fixture->writer.size < sizeof(fixture->out));
    fixture->out[fixture->writer.size] = '\0';
    return (const char *)fixture->out;
}

static struct forward_request request_of(struct fixture *fixture)
{
    return (struct forward_request){
        .head = &fixture->head,
        .framing = FRAMING_LENGTH,
        .content_length = 11,
        .target = bytes_of("/pay"),
        .host = bytes_of("shop"),
        .upstream_host = "127.0.0.1",
        .via = "edge",
        .client = &fixture->client,
        .client_host = address_format_host(&fixture->client, fixture->host),
    };
}

static void a_request_head_is_written_anew(void **state)
{
    static const struct pair fields[] = {{"Host", "shop"}, {"Content-Length", "11"},
                                         {"X-Own", "1"},   {"Connection", "close, x-hop"},
                                         {"X-Hop", "2"},   {"Keep-Alive", "timeout=5"},
                                         {NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_string_equal(written(&fixture), "POST /pay HTTP/1.1\r\n"
                                           "Host: shop\r\n"
                                           "X-Own: 1\r\n"
                                           "Content-Length: 11\r\n"
                                           "Via: 1.1 edge\r\n"
                                           "Forwarded: for=127.0.0.1;proto=http;host=\"shop\"\r\n"
                                           "X-Forwarded-For: 127.0.0.1\r\n"
                                           "\r\n");
}

static void lists_of_hops_are_appended_to(void **state)
{
    static const struct pair fields[] = {{"Via", "1.0 first"},
                                         {"X-Forwarded-For", "10.0.0.1"},
                                         {"X-Forwarded-For", "10.0.0.2"},
                                         {NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "\r\nVia: 1.0 first, 1.1 edge\r\n"));
    assert_non_null(
        strstr(written(&fixture), "\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2, 127.0.0.1\r\n"));
}

static void a_missing_host_is_the_upstreams_own(void **state)
{
    static const struct pair fields[] = {{NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    request.host = bytes_make(NULL, 0);
    request.upstream_port = 8081;
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "\r\nHost: 127.0.0.1:8081\r\n"));
    set_up(&fixture, fields);
    request.upstream_port = 80;
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "\r\nHost: 127.0.0.1\r\n"));
}

static void an_empty_list_of_hops_gets_no_empty_element(void **state)
{
    static const struct pair fields[] = {{"Via", ""}, {NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "\r\nVia: 1.1 edge\r\n"));
}

static void an_ipv6_client_is_quoted_in_forwarded(void **state)
{
    static const struct pair fields[] = {{NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    assert_true(address_parse("[::1]:4711", 0, &fixture.client));
    request = request_of(&fixture);
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "for=\"[::1]\";proto=http"));
    assert_non_null(strstr(written(&fixture), "X-Forwarded-For: ::1\r\n"));
}

static void expect_is_dropped_only_when_asked(void **state)
{
    static const struct pair fields[] = {{"Expect", "100-continue"}, {NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "Expect: 100-continue\r\n"));
    set_up(&fixture, fields);
    request.drop_expect = true;
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_null(strstr(written(&fixture), "Expect"));
}

static void a_response_says_how_it_is_framed_now(void **state)
{
    static const struct pair fields[] = {
        {"Transfer-Encoding", "chunked"}, {"Connection", "close"}, {"ETag", "\"1\""}, {NULL, NULL}};
    struct fixture fixture;
    struct forward_response response;

    (void)state;
    set_up(&fixture, fields);
    response = (struct forward_response){
        .head = &fixture.head,
        .framing = FRAMING_CHUNKED,
        .framing_down = FRAMING_CHUNKED,
        .client_minor = 1,
        .keep_alive = true,
        .via = "edge",
    };
    assert_true(forward_write_response(&response, &fixture.writer));
    assert_string_equal(written(&fixture), "HTTP/1.1 200 OK\r\n"
                                           "ETag: \"1\"\r\n"
                                           "Transfer-Encoding: chunked\r\n"
                                           "Via: 1.1 edge\r\n"
                                           "\r\n");
}

static void a_response_without_body_keeps_its_length_field(void **state)
{
    static const struct pair fields[] = {{"Content-Length", "500"}, {NULL, NULL}};
    struct fixture fixture;
    struct forward_response response;

    (void)state;
    set_up(&fixture, fields);
    response = (struct forward_response){.head = &fixture.head, .client_minor = 0, .via = "edge"};
    assert_true(forward_write_response(&response, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "Content-Length: 500\r\n"));
    assert_non_null(strstr(written(&fixture), "Connection: close\r\n"));
}

static void an_old_client_gets_the_body_until_the_end_of_the_connection(void **state)
{
    (void)state;
    assert_int_equal(forward_framing_down(FRAMING_CHUNKED, 0), FRAMING_CLOSE);
    assert_int_equal(forward_framing_down(FRAMING_CLOSE, 0), FRAMING_CLOSE);
    assert_int_equal(forward_framing_down(FRAMING_CLOSE, 1), FRAMING_CHUNKED);
    assert_int_equal(forward_framing_down(FRAMING_LENGTH, 0), FRAMING_LENGTH);
    assert_int_equal(forward_framing_down(FRAMING_NONE, 1), FRAMING_NONE);
}

/* ---- other protocols ------------------------------------------------------------------------------ */

static const struct pair WISH[] = {{"Host", "shop"},
                                   {"Connection", "Upgrade, x-hop"},
                                   {"Upgrade", "websocket"},
                                   {"Upgrade", "other/1"},
                                   {"X-Hop", "2"},
                                   {"Sec-WebSocket-Key", "abc"},
                                   {NULL, NULL}};

/* RFC 9110 7.8: a proxy that cannot carry another protocol does not pass the wish for it on. */
static void a_wish_for_another_protocol_goes_on_where_it_can_be_kept(void **state)
{
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, WISH);
    request = request_of(&fixture);
    request.framing = FRAMING_NONE;
    request.upgrade = true;
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_string_equal(written(&fixture), "POST /pay HTTP/1.1\r\n"
                                           "Host: shop\r\n"
                                           "Sec-WebSocket-Key: abc\r\n"
                                           "Connection: upgrade\r\n"
                                           "Upgrade: websocket\r\n"
                                           "Upgrade: other/1\r\n"
                                           "Via: 1.1 edge\r\n"
                                           "Forwarded: for=127.0.0.1;proto=http;host=\"shop\"\r\n"
                                           "X-Forwarded-For: 127.0.0.1\r\n"
                                           "\r\n");
    set_up(&fixture, WISH);
    request.upgrade = false;
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_null(strstr(written(&fixture), "pgrade"));
}

static void a_switch_is_written_with_its_protocol(void **state)
{
    static const struct pair fields[] = {{"Connection", "upgrade, x-hop"},
                                         {"Upgrade", "websocket"},
                                         {"X-Hop", "2"},
                                         {"Content-Length", "9"},
                                         {"Sec-WebSocket-Accept", "xyz"},
                                         {"Via", "1.1 inner"},
                                         {NULL, NULL}};
    struct fixture fixture;

    (void)state;
    set_up(&fixture, fields);
    fixture.head.status = 101;
    fixture.head.reason = bytes_of("Switching Protocols");
    assert_true(forward_write_switch(&fixture.head, "edge", &fixture.writer));
    assert_string_equal(written(&fixture), "HTTP/1.1 101 Switching Protocols\r\n"
                                           "Sec-WebSocket-Accept: xyz\r\n"
                                           "Connection: upgrade\r\n"
                                           "Upgrade: websocket\r\n"
                                           "Via: 1.1 inner, 1.1 edge\r\n"
                                           "\r\n");
}

/* RFC 9110 9.3.6: no framing, because no content follows. */
static void the_answer_to_connect_is_nothing_but_that(void **state)
{
    static const struct pair fields[] = {{NULL, NULL}};
    struct fixture fixture;

    (void)state;
    set_up(&fixture, fields);
    assert_true(forward_write_connected(&fixture.writer));
    assert_string_equal(written(&fixture), "HTTP/1.1 200 Connection established\r\n\r\n");
    http1_writer_init(&fixture.writer, fixture.out, 10);
    assert_false(forward_write_connected(&fixture.writer));
}

static void a_client_of_tls_is_told_of_as_one(void **state)
{
    static const struct pair fields[] = {{NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    request.client_secure = true;
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_non_null(strstr(written(&fixture), "for=127.0.0.1;proto=https;host=\"shop\"\r\n"));
}

static void credentials_for_the_proxy_stay_here(void **state)
{
    static const struct pair fields[] = {{"Proxy-Authorization", "Basic YTpi"},
                                         {"Authorization", "Basic Yzpk"},
                                         {"Proxy-Connection", "keep-alive"},
                                         {NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    assert_true(forward_write_request(&request, &fixture.writer));
    assert_null(strstr(written(&fixture), "Proxy-"));
    assert_non_null(strstr(written(&fixture), "\r\nAuthorization: Basic Yzpk\r\n"));
}

static void a_head_that_does_not_fit_is_said(void **state)
{
    static const struct pair fields[] = {{"X-Long", "0123456789"}, {NULL, NULL}};
    struct fixture fixture;
    struct forward_request request;

    (void)state;
    set_up(&fixture, fields);
    request = request_of(&fixture);
    http1_writer_init(&fixture.writer, fixture.out, 40);
    assert_false(forward_write_request(&request, &fixture.writer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_head_is_written_anew),
        cmocka_unit_test(lists_of_hops_are_appended_to),
        cmocka_unit_test(a_missing_host_is_the_upstreams_own),
        cmocka_unit_test(an_empty_list_of_hops_gets_no_empty_element),
        cmocka_unit_test(an_ipv6_client_is_quoted_in_forwarded),
        cmocka_unit_test(expect_is_dropped_only_when_asked),
        cmocka_unit_test(a_response_says_how_it_is_framed_now),
        cmocka_unit_test(a_response_without_body_keeps_its_length_field),
        cmocka_unit_test(an_old_client_gets_the_body_until_the_end_of_the_connection),
        cmocka_unit_test(a_wish_for_another_protocol_goes_on_where_it_can_be_kept),
        cmocka_unit_test(a_switch_is_written_with_its_protocol),
        cmocka_unit_test(the_answer_to_connect_is_nothing_but_that),
        cmocka_unit_test(a_client_of_tls_is_told_of_as_one),
        cmocka_unit_test(credentials_for_the_proxy_stay_here),
        cmocka_unit_test(a_head_that_does_not_fit_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
