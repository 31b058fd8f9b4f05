/*
 * The corpus of refusals: what no reader of ours may let through, whole, byte by byte and split at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/wire/http1_rig.h"

/* Inputs may hold NUL bytes, so they have sizes. */
#define INPUT(text) text, sizeof(text) - 1

struct row {
    const char *name;
    const char *input;
    size_t size;
    const char *refusal;
};

#define HEAD(fields) INPUT("POST /x HTTP/1.1\r\nHost: a\r\n" fields "\r\n\r\n0\r\n\r\n")

static const struct row REQUEST_LINES[] = {
    {"no version", INPUT("GET /\r\n\r\n"), "400 request line lacks a part"},
    {"an empty method", INPUT(" / HTTP/1.1\r\n\r\n"), "400 method is not a token"},
    {"a method that is no token", INPUT("G@T / HTTP/1.1\r\n\r\n"), "400 method is not a token"},
    {"a method nobody knows", INPUT("FOO / HTTP/1.1\r\n\r\n"), "501 method is not known"},
    {"a method with a letter too many", INPUT("GETS / HTTP/1.1\r\n\r\n"),
     "501 method is not known"},
    {"a method in small letters", INPUT("get / HTTP/1.1\r\n\r\n"), "501 method is not known"},
    {"a method of HTTP/2", INPUT("PRI * HTTP/1.1\r\n\r\n"), "501 method is not known"},
    {"the preface of HTTP/2", INPUT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
     "505 version is neither HTTP/1.0 nor HTTP/1.1"},
    {"a method of RTSP", INPUT("PLAY / HTTP/1.1\r\n\r\n"), "501 method is not known"},
    {"a TLS handshake", INPUT("\x16\x03\x01\x02\x00\x01"), "400 method is not a token"},
    {"a response", INPUT("HTTP/1.1 200 OK\r\n\r\n"), "400 method is not a token"},
    {"a tab behind the method", INPUT("GET\t/ HTTP/1.1\r\n\r\n"), "400 method is not a token"},
    {"no target", INPUT("GET HTTP/1.1\r\n\r\n"), "400 request line lacks a part"},
    {"a line of a method", INPUT("GET \r\n\r\n"), "400 request line lacks a part"},
    {"two spaces behind the method", INPUT("GET  / HTTP/1.1\r\n\r\n"),
     "400 request line lacks a part"},
    {"two spaces behind the target", INPUT("GET /  HTTP/1.1\r\n\r\n"),
     "400 version is not HTTP/ and two digits"},
    {"a space in the target", INPUT("GET /a b HTTP/1.1\r\n\r\n"),
     "400 version is not HTTP/ and two digits"},
    {"a tab in the target", INPUT("GET /a\tb HTTP/1.1\r\n\r\n"), "400 target is not valid"},
    {"a NUL in the target", INPUT("GET /a\0b HTTP/1.1\r\n\r\n"), "400 target is not valid"},
    {"a byte past ASCII in the target", INPUT("GET /\xc3\xa9 HTTP/1.1\r\n\r\n"),
     "400 target is not valid"},
    {"a fragment in the target", INPUT("GET /a#b HTTP/1.1\r\n\r\n"), "400 target is not valid"},
    {"a target that is none", INPUT("GET a HTTP/1.1\r\n\r\n"), "400 target is not valid"},
    {"a space behind the version", INPUT("GET / HTTP/1.1 \r\n\r\n"),
     "400 request line does not end behind its version"},
    {"a word behind the version", INPUT("GET / HTTP/1.1 x\r\n\r\n"),
     "400 request line does not end behind its version"},
    {"HTTP/0.9", INPUT("GET / HTTP/0.9\r\n\r\n"), "505 version is neither HTTP/1.0 nor HTTP/1.1"},
    {"HTTP/1.2", INPUT("GET / HTTP/1.2\r\n\r\n"), "505 version is neither HTTP/1.0 nor HTTP/1.1"},
    {"HTTP/2.0", INPUT("GET / HTTP/2.0\r\n\r\n"), "505 version is neither HTTP/1.0 nor HTTP/1.1"},
    {"HTTP/2", INPUT("GET / HTTP/2\r\n\r\n"), "400 version is not HTTP/ and two digits"},
    {"HTTP/1.10", INPUT("GET / HTTP/1.10\r\n\r\n"),
     "400 request line does not end behind its version"},
    {"HTTP/01.1", INPUT("GET / HTTP/01.1\r\n\r\n"), "400 version is not HTTP/ and two digits"},
    {"HTTP/1,1", INPUT("GET / HTTP/1,1\r\n\r\n"), "400 version is not HTTP/ and two digits"},
    {"http in small letters", INPUT("GET / http/1.1\r\n\r\n"),
     "400 version is not HTTP/ and two digits"},
    {"another protocol", INPUT("GET / ICE/1.0\r\n\r\n"), "400 version is not HTTP/ and two digits"},
    {"a line that ends in LF", INPUT("GET / HTTP/1.1\nHost: a\n\n"), "400 LF without CR"},
    {"a line that ends in CR", INPUT("GET / HTTP/1.1\rHost: a\r\r"), "400 CR without LF"},
    {"two empty lines before it", INPUT("\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
     "400 method is not a token"},
    {"an LF before it", INPUT("\nGET / HTTP/1.1\r\n\r\n"), "400 method is not a token"},
    {"a CR before it", INPUT("\rGET / HTTP/1.1\r\n\r\n"), "400 CR without LF"},
    {"a space before it", INPUT(" GET / HTTP/1.1\r\n\r\n"), "400 method is not a token"},
};

static const struct row FIELDS[] = {
    {"white space before the first field", INPUT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
     "400 a field line is folded"},
    {"a folded value", HEAD("A: b\r\n c"), "400 a field line is folded"},
    {"a value folded by a tab", HEAD("A: b\r\n\tc"), "400 a field line is folded"},
    {"a fold of nothing", HEAD("A: b\r\n "), "400 a field line is folded"},
    {"a space before the colon", HEAD("A : b"), "400 white space between field name and colon"},
    {"a tab before the colon", HEAD("A\t: b"), "400 white space between field name and colon"},
    {"a space in the name", HEAD("A b: c"), "400 white space between field name and colon"},
    {"no colon", HEAD("A"), "400 field name is not a token"},
    {"no name", HEAD(": b"), "400 field name is not a token"},
    {"a NUL in the name", HEAD("A\0: b"), "400 field name is not a token"},
    {"parentheses in the name", HEAD("A(b): c"), "400 field name is not a token"},
    {"a byte past ASCII in the name", HEAD("\xc3\xa9: b"), "400 field name is not a token"},
    {"a second request in the place of a name", HEAD("GET / HTTP/1.1"),
     "400 white space between field name and colon"},
    {"a NUL in the value", HEAD("A: b\0c"), "400 control byte in a field value"},
    {"a bell in the value", HEAD("A: \a"), "400 control byte in a field value"},
    {"a DEL in the value", HEAD("A: b\x7f"), "400 control byte in a field value"},
    {"a vertical tab before a coding", HEAD("Transfer-Encoding: \vchunked"),
     "400 control byte in a field value"},
    {"a CR in the value", HEAD("A: b\rc"), "400 CR without LF"},
    {"a CR, and an LF that is late", HEAD("A: b\rc\nD: e"), "400 CR without LF"},
    {"two CR", HEAD("A: b\r"), "400 CR without LF"},
    {"an LF in the value", HEAD("A: b\nB: c"), "400 LF without CR"},
    {"a field line that ends in LF", INPUT("GET / HTTP/1.1\r\nHost: a\n\r\n"), "400 LF without CR"},
    {"an empty line that is LF", INPUT("GET / HTTP/1.1\r\nHost: a\r\n\n"), "400 LF without CR"},
    {"an empty line that is CR", INPUT("GET / HTTP/1.1\r\nHost: a\r\n\rx"), "400 CR without LF"},
    {"an empty line whose LF is late", INPUT("GET / HTTP/1.1\r\nHost: a\r\n\rx\n"),
     "400 CR without LF"},
    {"a colon in the empty line's place", INPUT("GET / HTTP/1.1\r\n:\r\n\r\n"),
     "400 field name is not a token"},
};

static const struct row FRAMINGS[] = {
    {"length, then chunked", HEAD("Content-Length: 5\r\nTransfer-Encoding: chunked"),
     "400 both Content-Length and Transfer-Encoding"},
    {"chunked, then length", HEAD("Transfer-Encoding: chunked\r\nContent-Length: 5"),
     "400 both Content-Length and Transfer-Encoding"},
    {"chunked and a length of nothing", HEAD("Transfer-Encoding: chunked\r\nContent-Length: 0"),
     "400 both Content-Length and Transfer-Encoding"},
    {"a space before the colon of the coding", HEAD("Transfer-Encoding : chunked"),
     "400 white space between field name and colon"},
    {"a tab before the colon of the coding", HEAD("Transfer-Encoding\t: chunked"),
     "400 white space between field name and colon"},
    {"a folded coding", HEAD("Transfer-Encoding:\r\n chunked"), "400 a field line is folded"},
    {"two codings, the last of them not", HEAD("Transfer-Encoding: chunked, identity"),
     "400 chunked is not the final transfer coding, once"},
    {"two fields of coding", HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
     "400 Transfer-Encoding is repeated"},
    {"two fields of coding, the other way",
     HEAD("Transfer-Encoding: x\r\nTransfer-Encoding: chunked"),
     "400 Transfer-Encoding is repeated"},
    {"the same coding twice", HEAD("Transfer-Encoding: chunked\r\ntransfer-encoding: chunked"),
     "400 Transfer-Encoding is repeated"},
    {"chunked twice in one field", HEAD("Transfer-Encoding: chunked, chunked"),
     "400 chunked is not the final transfer coding, once"},
    {"a coding with a letter before", HEAD("Transfer-Encoding: xchunked"),
     "400 chunked is not the final transfer coding, once"},
    {"a coding with a parameter", HEAD("Transfer-Encoding: chunked;a=b"),
     "400 chunked is not the final transfer coding, once"},
    {"a coding in quotes", HEAD("Transfer-Encoding: \"chunked\""),
     "400 chunked is not the final transfer coding, once"},
    {"a coding behind a comma", HEAD("Transfer-Encoding: ,chunked"),
     "400 chunked is not the final transfer coding, once"},
    {"a coding that is empty", HEAD("Transfer-Encoding:"),
     "400 chunked is not the final transfer coding, once"},
    {"identity", HEAD("Transfer-Encoding: identity"),
     "400 chunked is not the final transfer coding, once"},
    {"a coding nobody undoes", HEAD("Transfer-Encoding: gzip, chunked"),
     "501 a transfer coding other than chunked"},
    {"chunked in HTTP/1.0", INPUT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     "400 Transfer-Encoding in HTTP/1.0"},
    {"different lengths", HEAD("Content-Length: 5\r\nContent-Length: 6"),
     "400 Content-Length is repeated"},
    {"equal lengths", HEAD("Content-Length: 5\r\nContent-Length: 5"),
     "400 Content-Length is repeated"},
    {"a length of nothing, then another", HEAD("Content-Length: 0\r\nContent-Length: 5"),
     "400 Content-Length is repeated"},
    {"a list of lengths", HEAD("Content-Length: 5,5"), "400 Content-Length is not a number"},
    {"a list of lengths with a space", HEAD("Content-Length: 5, 6"),
     "400 Content-Length is not a number"},
    {"a length with a plus", HEAD("Content-Length: +5"), "400 Content-Length is not a number"},
    {"a length with a minus", HEAD("Content-Length: -5"), "400 Content-Length is not a number"},
    {"a length in two words", HEAD("Content-Length: 5 5"), "400 Content-Length is not a number"},
    {"a length in hexadecimal", HEAD("Content-Length: 0x5"), "400 Content-Length is not a number"},
    {"a length with a letter", HEAD("Content-Length: 5a"), "400 Content-Length is not a number"},
    {"a length in quotes", HEAD("Content-Length: \"5\""), "400 Content-Length is not a number"},
    {"a length that is empty", HEAD("Content-Length:"), "400 Content-Length is not a number"},
    {"a length of 65 bits", HEAD("Content-Length: 18446744073709551616"),
     "400 Content-Length is not a number"},
};

#define CHUNKS(bytes) INPUT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" bytes)

static const struct row CHUNKED[] = {
    {"a size that is empty", CHUNKS("\r\n"), "400 chunk size is not a hexadecimal number"},
    {"a size that is a letter", CHUNKS("g\r\n"), "400 chunk size is not a hexadecimal number"},
    {"a size with 0x", CHUNKS("0x5\r\nhello\r\n"), "400 chunk size is not a hexadecimal number"},
    {"a size with a plus", CHUNKS("+5\r\nhello\r\n"), "400 chunk size is not a hexadecimal number"},
    {"a size with a minus", CHUNKS("-5\r\nhello\r\n"),
     "400 chunk size is not a hexadecimal number"},
    {"a space before the size", CHUNKS(" 5\r\nhello\r\n"),
     "400 chunk size is not a hexadecimal number"},
    {"a space behind the size", CHUNKS("5 \r\nhello\r\n"),
     "400 chunk size is not a hexadecimal number"},
    {"a tab before an extension", CHUNKS("5\t;a\r\nhello\r\n"),
     "400 chunk size is not a hexadecimal number"},
    {"an extension without a size", CHUNKS(";a\r\n"), "400 chunk size is not a hexadecimal number"},
    {"seventeen digits", CHUNKS("00000000000000005\r\nhello\r\n"),
     "400 chunk size has more than 16 digits"},
    {"a size of 68 bits", CHUNKS("10000000000000005\r\nhello\r\n"),
     "400 chunk size has more than 16 digits"},
    {"sizes that overflow together", CHUNKS("1\r\na\r\nffffffffffffffff\r\n"),
     "413 body is too large"},
    {"a size line that ends in LF", CHUNKS("5\nhello\r\n"),
     "400 chunk size is not a hexadecimal number"},
    {"a size line that ends in CR", CHUNKS("5\rhello\r\n"), "400 CR without LF"},
    {"a size line whose LF is late", CHUNKS("5\rx\nhello\r\n"), "400 CR without LF"},
    {"an extension that ends in LF", CHUNKS("5;a\nhello\r\n"), "400 LF without CR"},
    {"a CR in an extension", CHUNKS("5;a\rb\r\nhello\r\n"), "400 CR without LF"},
    {"a NUL in an extension", CHUNKS("5;\0\r\nhello\r\n"), "400 control byte in a chunk extension"},
    {"a chunk longer than its size", CHUNKS("4\r\nhello\r\n"),
     "400 chunk does not end behind its data"},
    {"two bytes that are not CRLF behind a chunk", CHUNKS("5\r\nhelloxx0\r\n\r\n"),
     "400 chunk does not end behind its data"},
    {"an LF behind a chunk", CHUNKS("5\r\nhello\n0\r\n\r\n"), "400 LF without CR"},
    {"a CR behind a chunk", CHUNKS("5\r\nhello\r0\r\n\r\n"), "400 CR without LF"},
    {"nothing behind a chunk", CHUNKS("5\r\nhello0\r\n\r\n"),
     "400 chunk does not end behind its data"},
    {"a last chunk that ends in LF", CHUNKS("0\n\n"), "400 chunk size is not a hexadecimal number"},
    {"an end that is LF", CHUNKS("0\r\n\n"), "400 LF without CR"},
    {"an end that is CR", CHUNKS("0\r\n\rX"), "400 CR without LF"},
    {"a request in the place of trailers", CHUNKS("0\r\nGET / HTTP/1.1\r\n\r\n"),
     "400 white space between field name and colon"},
    {"a folded trailer", CHUNKS("0\r\nA: b\r\n c\r\n\r\n"), "400 a field line is folded"},
    {"a space before a trailer's colon", CHUNKS("0\r\nA : b\r\n\r\n"),
     "400 white space between field name and colon"},
    {"a NUL in a trailer", CHUNKS("0\r\nA: \0\r\n\r\n"), "400 control byte in a field value"},
};

static const struct row RESPONSES[] = {
    {"a request", INPUT("GET / HTTP/1.1\r\n\r\n"), "400 version is not HTTP/ and two digits"},
    {"garbage", INPUT("\x01\x02\x03\x04\r\n\r\n"), "400 version is not HTTP/ and two digits"},
    {"an empty line before it", INPUT("\r\nHTTP/1.1 200 OK\r\n\r\n"),
     "400 version is not HTTP/ and two digits"},
    {"a status line of ICY", INPUT("ICY 200 OK\r\n\r\n"),
     "400 version is not HTTP/ and two digits"},
    {"a version that is not ours", INPUT("HTTP/2.0 200 OK\r\n\r\n"),
     "505 version is neither HTTP/1.0 nor HTTP/1.1"},
    {"a status line without a status", INPUT("HTTP/1.1\r\n\r\n"),
     "400 no space behind the version"},
    {"two spaces before the status", INPUT("HTTP/1.1  200 OK\r\n\r\n"),
     "400 status is not three digits"},
    {"a status of two digits", INPUT("HTTP/1.1 20 OK\r\n\r\n"), "400 status is not three digits"},
    {"a status of four digits", INPUT("HTTP/1.1 2000 OK\r\n\r\n"),
     "400 no space behind the status"},
    {"a status with a letter", INPUT("HTTP/1.1 2x0 OK\r\n\r\n"), "400 status is not three digits"},
    {"a status below 100", INPUT("HTTP/1.1 099 OK\r\n\r\n"),
     "400 status is not between 100 and 599"},
    {"a status above 599", INPUT("HTTP/1.1 600 OK\r\n\r\n"),
     "400 status is not between 100 and 599"},
    {"no space behind the status", INPUT("HTTP/1.1 200\r\n\r\n"), "400 no space behind the status"},
    {"a NUL in the reason", INPUT("HTTP/1.1 200 O\0K\r\n\r\n"), "400 control byte in the reason"},
    {"a status line that ends in LF", INPUT("HTTP/1.1 200 OK\n\r\n"), "400 LF without CR"},
    {"a space before a colon", INPUT("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
     "400 white space between field name and colon"},
    {"a folded field", INPUT("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"),
     "400 a field line is folded"},
    {"length and chunked",
     INPUT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
     "400 both Content-Length and Transfer-Encoding"},
    {"different lengths",
     INPUT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
     "400 Content-Length is repeated"},
    {"a length that is no number", INPUT("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
     "400 Content-Length is not a number"},
    {"a coding nobody undoes", INPUT("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
     "501 a transfer coding other than chunked"},
    {"chunked in HTTP/1.0", INPUT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
     "400 Transfer-Encoding in HTTP/1.0"},
    {"two bytes that are not CRLF behind a chunk",
     INPUT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naxx0\r\n\r\n"),
     "400 chunk does not end behind its data"},
};

static struct rig rig; /* too large for a stack; every run begins it anew */

/* The line ends in the refusal; what is refused and what comes behind it is left in the input. */
static void assert_refused(const char *text, const char *refusal)
{
    const char *found = strstr(text, "refused ");

    if (found == NULL)
        fail_msg("let through: %s", text);
    assert_int_equal(strncmp(found + strlen("refused "), refusal, strlen(refusal)), 0);
}

static void is_refused_in_any_pieces(const struct row *row, enum reader_kind kind)
{
    const struct rig_settings settings = rig_usual(kind);
    struct bytes whole = bytes_make(row->input, row->size);
    char expected[RIG_TEXT_BYTES];

    snprintf(expected, sizeof(expected), "%s", rig_run_split(&rig, &settings, whole, whole.size));
    assert_refused(expected, row->refusal);
    for (size_t at = 0; at < whole.size; at++)
        assert_string_equal(rig_run_split(&rig, &settings, whole, at), expected);
    assert_string_equal(rig_run_bytewise(&rig, &settings, whole), expected);
}

static void request_is_refused(void **state)
{
    is_refused_in_any_pieces(*state, READ_REQUEST);
}

static void response_is_refused(void **state)
{
    is_refused_in_any_pieces(*state, READ_RESPONSE);
}

static int run_rows(const char *group, const struct row *rows, size_t count,
                    CMUnitTestFunction refused)
{
    struct CMUnitTest tests[64];

    check(count <= COUNT_OF(tests));
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = refused,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests(group, tests, count, NULL, NULL);
}

int main(void)
{
    int failed = 0;

    failed += run_rows("request lines", REQUEST_LINES, COUNT_OF(REQUEST_LINES), request_is_refused);
    failed += run_rows("fields", FIELDS, COUNT_OF(FIELDS), request_is_refused);
    failed += run_rows("framing", FRAMINGS, COUNT_OF(FRAMINGS), request_is_refused);
    failed += run_rows("chunks", CHUNKED, COUNT_OF(CHUNKED), request_is_refused);
    failed += run_rows("responses", RESPONSES, COUNT_OF(RESPONSES), response_is_refused);
    return failed;
}
