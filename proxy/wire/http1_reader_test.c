/*
 * What the reader lets through and what it makes of it, whole, byte by byte and split at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/wire/http1_rig.h"

static struct rig rig; /* too large for a stack; every run begins it anew */

struct row {
    const char *name;
    const char *input;
    const char *text;
    const char *method; /* responses: of the request, when it is not GET */
    unsigned messages;  /* 0: all there are */
};

static const struct row REQUESTS[] = {
    {"a request without a body", "GET /x?y HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /x?y HTTP/1.1 {Host: a}, end, closed", NULL, 0},
    {"a request without a field", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 {} last, end, closed",
     NULL, 0},
    {"white space around a value is no part of it",
     "GET / HTTP/1.1\r\nA:b\r\nC: \t d e\t \r\nF:\r\nG: \r\n\r\n",
     "GET / HTTP/1.1 {A: b; C: d e; F: ; G: }, end, closed", NULL, 0},
    {"every byte a name and a value may have",
     "GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~0Az: \"(),/:;<=>?@[\\]{}\xff\x80 \t~\r\n\r\n",
     "GET / HTTP/1.1 {!#$%&'*+-.^_`|~0Az: \"(),/:;<=>?@[\\]{}\xff\x80 \t~}, end, closed", NULL, 0},
    {"every byte a target may have", "GET /!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~ HTTP/1.1\r\n\r\n",
     "GET /!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~ HTTP/1.1 {}, end, closed", NULL, 0},
    {"fields of one name stay apart", "GET / HTTP/1.1\r\nA: b\r\na: c\r\n\r\n",
     "GET / HTTP/1.1 {A: b; a: c}, end, closed", NULL, 0},
    {"an empty line before it", "\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 {}, end, closed",
     NULL, 0},
    {"a body of a length", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
     "POST / HTTP/1.1 {Content-Length: 5} length 5, body hello, end, closed", NULL, 0},
    {"a body of no length", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
     "POST / HTTP/1.1 {Content-Length: 0} length 0, end, closed", NULL, 0},
    {"a body of any bytes", "POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n\r\n\r\n\x01\xff",
     "POST / HTTP/1.1 {Content-Length: 6} length 6, body \r\n\r\n\x01\xff, end, closed", NULL, 0},
    {"a GET with a body", "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
     "GET / HTTP/1.1 {Content-Length: 1} length 1, body x, end, closed", NULL, 0},
    {"a body in chunks",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, body hello world, end, closed", NULL, 0},
    {"a body in no chunk", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, end, closed", NULL, 0},
    {"sizes in either case, with zeros, and extensions",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
     "0a;b=\"c d\";e\r\n0123456789\r\nA\r\nabcdefghij\r\n0000000000000000;x\r\n\r\n",
     "PUT / HTTP/1.1 {Transfer-Encoding: Chunked} chunked, body 0123456789abcdefghij, end, closed",
     NULL, 0},
    {"CRLF within a chunk is data",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, body \r\n\r\n, end, closed", NULL, 0},
    {"trailers",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC:  d \r\n\r\n",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, body x, trailers {A: b; C: d}, end, "
     "closed",
     NULL, 0},
    {"requests one behind the other",
     "POST /1 HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n"
     "PUT /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\nGET /3 "
     "HTTP/1.1\r\n\r\n",
     "POST /1 HTTP/1.1 {Content-Length: 1} length 1, body x, end, "
     "PUT /2 HTTP/1.1 {Transfer-Encoding: chunked} chunked, trailers {A: b}, end, "
     "GET /3 HTTP/1.1 {}, end, closed",
     NULL, 0},
    {"bytes of the next request are left alone",
     "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.1\r\n",
     "POST / HTTP/1.1 {Content-Length: 1} length 1, body x, end, rest GET / HTTP/1.1\r\n", NULL, 1},
    {"bytes behind a last chunk are left alone",
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
     "POST / HTTP/1.1 {Transfer-Encoding: chunked} chunked, end, rest GET", NULL, 1},
    {"close", "GET / HTTP/1.1\r\nConnection: a, CLOSE\r\n\r\n",
     "GET / HTTP/1.1 {Connection: a, CLOSE} last, end, closed", NULL, 0},
    {"close in the second field", "GET / HTTP/1.1\r\nConnection: a\r\nConnection: close\r\n\r\n",
     "GET / HTTP/1.1 {Connection: a; Connection: close} last, end, closed", NULL, 0},
    {"what only begins with close", "GET / HTTP/1.1\r\nConnection: closed\r\n\r\n",
     "GET / HTTP/1.1 {Connection: closed}, end, closed", NULL, 0},
    {"keep-alive in HTTP/1.0", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
     "GET / HTTP/1.0 {Connection: Keep-Alive}, end, closed", NULL, 0},
    {"close wins over keep-alive", "GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n",
     "GET / HTTP/1.0 {Connection: close, keep-alive} last, end, closed", NULL, 0},
    {"an upgrade", "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
     "GET / HTTP/1.1 {Connection: Upgrade; Upgrade: websocket} upgrade, end, closed", NULL, 0},
    {"an upgrade that Connection does not name", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
     "GET / HTTP/1.1 {Upgrade: websocket}, end, closed", NULL, 0},
    {"an upgrade to nothing", "GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n",
     "GET / HTTP/1.1 {Connection: upgrade}, end, closed", NULL, 0},
    {"100-continue", "PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
     "PUT / HTTP/1.1 {Expect: 100-Continue; Content-Length: 1} length 1 expects, body x, end, "
     "closed",
     NULL, 0},
    {"100-continue in HTTP/1.0",
     "PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     "PUT / HTTP/1.0 {Expect: 100-continue; Content-Length: 1} length 1 last, body x, end, closed",
     NULL, 0},
    {"an absolute target", "GET http://a:80?b HTTP/1.1\r\nHost: a:80\r\n\r\n",
     "GET http://a:80?b HTTP/1.1 {Host: a:80}, end, closed", NULL, 0},
    {"an asterisk", "OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1 {}, end, closed", NULL, 0},
    {"an authority", "CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
     "CONNECT [::1]:443 HTTP/1.1 {}, end, closed", NULL, 0},
    {"a method with a hyphen", "M-SEARCH / HTTP/1.1\r\n\r\n", "M-SEARCH / HTTP/1.1 {}, end, closed",
     NULL, 0},
    {"a method that is not in the registry", "PURGE / HTTP/1.1\r\n\r\n",
     "PURGE / HTTP/1.1 {}, end, closed", NULL, 0},

    {"nothing", "", "closed", NULL, 0},
    {"an empty line", "\r\n", "closed", NULL, 0},
    {"half an empty line", "\r", "refused 400 message is incomplete", NULL, 0},
    {"half a method", "GE", "refused 400 head is incomplete", NULL, 0},
    {"a head without its last byte", "GET / HTTP/1.1\r\n\r", "refused 400 head is incomplete", NULL,
     0},
    {"a body without its last byte", "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell",
     "PUT / HTTP/1.1 {Content-Length: 5} length 5, body hell, refused 400 message is incomplete",
     NULL, 0},
    {"a body without its last chunk",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, body hello, "
     "refused 400 message is incomplete",
     NULL, 0},
    {"a last chunk without its last byte",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, refused 400 message is incomplete", NULL,
     0},
    {"trailers without the last byte",
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r",
     "PUT / HTTP/1.1 {Transfer-Encoding: chunked} chunked, refused 400 message is incomplete", NULL,
     0},
};

static const struct row RESPONSES[] = {
    {"a body of a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
     "HTTP/1.1 200 OK {Content-Length: 5} length 5, body hello, end, closed", NULL, 0},
    {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 200  {Content-Length: 0} length 0, end, closed", NULL, 0},
    {"a reason of any kind", "HTTP/1.1 599 No\t \xc3\xa9 way \r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 599 No\t \xc3\xa9 way  {Content-Length: 0} length 0, end, closed", NULL, 0},
    {"a status nobody knows", "HTTP/1.1 299 x\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 299 x {Content-Length: 0} length 0, end, closed", NULL, 0},
    {"a body that goes on to the end", "HTTP/1.1 200 OK\r\n\r\nhello\r\n0\r\n\r\n",
     "HTTP/1.1 200 OK {} close last, body hello\r\n0\r\n\r\n, end", NULL, 1},
    {"no body at all to the end", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK {} close last, end",
     NULL, 1},
    {"keep-alive cannot be where only the end ends it",
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nx",
     "HTTP/1.0 200 OK {Connection: keep-alive} close last, body x, end", NULL, 1},
    {"keep-alive in HTTP/1.0",
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
     "HTTP/1.0 200 OK {Connection: keep-alive; Content-Length: 1} length 1, body x, end, closed",
     NULL, 0},
    {"chunks and trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
     "HTTP/1.1 200 OK {Transfer-Encoding: chunked} chunked, body x, trailers {A: b}, end, closed",
     NULL, 0},
    {"HEAD has a length and no body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP",
     "HTTP/1.1 200 OK {Content-Length: 5} declares 5, end, rest HTTP", "HEAD", 1},
    {"HEAD has chunks and no body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HTTP/1.1 200 OK {Transfer-Encoding: chunked}, end, closed", "HEAD", 0},
    {"204 has no body", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nx",
     "HTTP/1.1 204 No {Content-Length: 5} declares 5, end, rest x", NULL, 1},
    {"304 has no body", "HTTP/1.1 304 No\r\n\r\nx", "HTTP/1.1 304 No {}, end, rest x", NULL, 1},
    {"interim heads are heads of their own",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
     "HTTP/1.1 100 Continue {}, end, HTTP/1.1 103 Early {Link: a}, end, "
     "HTTP/1.1 200 OK {Content-Length: 1} length 1, body x, end, closed",
     NULL, 0},
    {"HEAD is remembered over an interim head",
     "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     "HTTP/1.1 103 Early {}, end, HTTP/1.1 200 OK {Content-Length: 5} declares 5, end, closed",
     "HEAD", 0},
    {"behind 101 comes another protocol",
     "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x01\x02",
     "HTTP/1.1 101 Go {Connection: upgrade; Upgrade: x} upgrade, end, rest \x01\x02", NULL, 1},
    {"behind 200 to CONNECT comes another protocol", "HTTP/1.1 200 OK\r\n\r\n\x01\x02",
     "HTTP/1.1 200 OK {}, end, rest \x01\x02", "CONNECT", 1},
    {"behind 502 to CONNECT comes a body", "HTTP/1.1 502 No\r\nContent-Length: 1\r\n\r\nx",
     "HTTP/1.1 502 No {Content-Length: 1} length 1, body x, end, closed", "CONNECT", 0},
    {"Expect says nothing in a response",
     "HTTP/1.1 200 OK\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 200 OK {Expect: 100-continue; Content-Length: 0} length 0, end, closed", NULL, 0},
    {"nothing", "", "closed", NULL, 0},
    {"half a head", "HTTP/1.1 200 OK\r\n", "refused 400 head is incomplete", NULL, 0},
    {"a body without its last byte", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
     "HTTP/1.1 200 OK {Content-Length: 2} length 2, body x, refused 400 message is incomplete",
     NULL, 0},
};

static void is_read_in_any_pieces(const struct row *row, enum reader_kind kind)
{
    struct rig_settings settings = rig_usual(kind);
    struct bytes whole = bytes_of(row->input);

    settings.method = row->method;
    if (row->messages > 0)
        settings.messages_max = row->messages;
    for (size_t at = 0; at <= whole.size; at++)
        assert_string_equal(rig_run_split(&rig, &settings, whole, at), row->text);
    assert_string_equal(rig_run_bytewise(&rig, &settings, whole), row->text);
}

static void request_is_read(void **state)
{
    is_read_in_any_pieces(*state, READ_REQUEST);
}

static void response_is_read(void **state)
{
    is_read_in_any_pieces(*state, READ_RESPONSE);
}

static size_t add_rows(struct CMUnitTest *tests, const struct row *rows, size_t count,
                       CMUnitTestFunction read)
{
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = read, .initial_state = (void *)(uintptr_t)&rows[i]};
    return count;
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(REQUESTS) + COUNT_OF(RESPONSES)];
    size_t count = add_rows(tests, REQUESTS, COUNT_OF(REQUESTS), request_is_read);

    add_rows(tests + count, RESPONSES, COUNT_OF(RESPONSES), response_is_read);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
