#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/http/framing.h"
#include "world/base/check.h"

/* NULL: the field is not there. "a|b": there are two of it, the second of which nobody looks at. */
struct row {
    const char *name;
    const char *content_length;
    const char *transfer_encoding;
    unsigned minor;
    unsigned status;    /* 0: a request */
    const char *method; /* NULL: GET */
    enum framing framing;
    uint64_t length;
    int refusal;
};

static const struct row ROWS[] = {
    {"a request with neither has no body", NULL, NULL, 1, 0, NULL, FRAMING_NONE, 0, 0},
    {"a POST with neither has no body", NULL, NULL, 1, 0, "POST", FRAMING_NONE, 0, 0},
    {"a length is a length", "11", NULL, 1, 0, NULL, FRAMING_LENGTH, 11, 0},
    {"a length of nothing is one too", "0", NULL, 1, 0, NULL, FRAMING_LENGTH, 0, 0},
    {"leading zeros change nothing", "0011", NULL, 1, 0, NULL, FRAMING_LENGTH, 11, 0},
    {"the longest length", "18446744073709551615", NULL, 1, 0, NULL, FRAMING_LENGTH, UINT64_MAX, 0},
    {"one more is refused", "18446744073709551616", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"HTTP/1.0 has lengths", "11", NULL, 0, 0, NULL, FRAMING_LENGTH, 11, 0},
    {"an empty length", "", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a length with a sign", "+5", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a length below nothing", "-5", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a length with a blank in it", "5 5", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a length in hexadecimal", "0x5", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a length with a fraction", "5.0", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a list of equal lengths", "5, 5", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a list of different lengths", "5,6", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"two lengths", "5|6", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"two equal lengths", "5|5", NULL, 1, 0, NULL, FRAMING_NONE, 0, 400},

    {"chunked is chunked", NULL, "chunked", 1, 0, NULL, FRAMING_CHUNKED, 0, 0},
    {"in any case", NULL, "ChunKed", 1, 0, NULL, FRAMING_CHUNKED, 0, 0},
    {"chunked in HTTP/1.0", NULL, "chunked", 0, 0, NULL, FRAMING_NONE, 0, 400},
    {"length and chunked", "5", "chunked", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"length and another coding", "5", "identity", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"chunked in two fields", NULL, "chunked|chunked", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"chunked twice", NULL, "chunked, chunked", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"no coding at all", NULL, "", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"an empty element before it", NULL, ", chunked", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"it twice behind another", NULL, "gzip, chunked, chunked", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a coding before it", NULL, "gzip, chunked", 1, 0, NULL, FRAMING_NONE, 0, 501},
    {"a coding behind it", NULL, "chunked, gzip", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a coding without it", NULL, "gzip", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"identity, which is no more", NULL, "identity", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a parameter", NULL, "chunked;q=1", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"a letter too many", NULL, "xchunked", 1, 0, NULL, FRAMING_NONE, 0, 400},
    {"quotes", NULL, "\"chunked\"", 1, 0, NULL, FRAMING_NONE, 0, 400},

    {"a response with neither goes on to the end", NULL, NULL, 1, 200, NULL, FRAMING_CLOSE, 0, 0},
    {"a response with a length", "11", NULL, 1, 200, NULL, FRAMING_LENGTH, 11, 0},
    {"a response in chunks", NULL, "chunked", 1, 200, NULL, FRAMING_CHUNKED, 0, 0},
    {"a response in chunks of HTTP/1.0", NULL, "chunked", 0, 200, NULL, FRAMING_NONE, 0, 400},
    {"a response with both", "11", "chunked", 1, 200, NULL, FRAMING_NONE, 0, 400},
    {"a response in another coding", NULL, "gzip", 1, 200, NULL, FRAMING_NONE, 0, 501},
    {"a response in two codings", NULL, "gzip, chunked", 1, 200, NULL, FRAMING_NONE, 0, 501},
    {"a response with two lengths", "11|12", NULL, 1, 200, NULL, FRAMING_NONE, 0, 400},
    {"a response to HEAD says a length and has none", "11", NULL, 1, 200, "HEAD", FRAMING_NONE, 11,
     0},
    {"a response to HEAD may say chunked", NULL, "chunked", 1, 200, "HEAD", FRAMING_NONE, 0, 0},
    {"a response to HEAD says neither", NULL, NULL, 1, 200, "HEAD", FRAMING_NONE, 0, 0},
    {"a response to HEAD says nonsense", "x", NULL, 1, 200, "HEAD", FRAMING_NONE, 0, 400},
    {"a response to head is another one", "11", NULL, 1, 200, "head", FRAMING_LENGTH, 11, 0},
    {"204 has no body", "11", NULL, 1, 204, NULL, FRAMING_NONE, 11, 0},
    {"304 has no body", "11", NULL, 1, 304, NULL, FRAMING_NONE, 11, 0},
    {"205 is like others", NULL, NULL, 1, 205, NULL, FRAMING_CLOSE, 0, 0},
    {"100 has no body", NULL, NULL, 1, 100, NULL, FRAMING_NONE, 0, 0},
    {"101 has no body", NULL, NULL, 1, 101, NULL, FRAMING_NONE, 0, 0},
    {"199 has no body", NULL, NULL, 1, 199, NULL, FRAMING_NONE, 0, 0},
    {"2xx to CONNECT has no body", NULL, NULL, 1, 299, "CONNECT", FRAMING_NONE, 0, 0},
    {"4xx to CONNECT has one", "11", NULL, 1, 407, "CONNECT", FRAMING_LENGTH, 11, 0},

    {"CONNECT says nothing of a body", NULL, NULL, 1, 0, "CONNECT", FRAMING_NONE, 0, 0},
    {"or that it has none", "0", NULL, 1, 0, "CONNECT", FRAMING_LENGTH, 0, 0},
    {"a body of CONNECT", "1", NULL, 1, 0, "CONNECT", FRAMING_NONE, 0, 400},
    {"a body of CONNECT in chunks", NULL, "chunked", 1, 0, "CONNECT", FRAMING_NONE, 0, 400},
    {"connect is another method", "1", NULL, 1, 0, "connect", FRAMING_LENGTH, 1, 0},
};

static size_t fields_of(const char *values, struct bytes *first)
{
    struct bytes all = bytes_of(values != NULL ? values : "");
    size_t end = 0;

    while (end < all.size && all.data[end] != '|')
        end++;
    *first = bytes_make(all.data, end);
    if (values == NULL)
        return 0;
    return end < all.size ? 2 : 1;
}

static void decides(void **state)
{
    const struct row *row = *state;
    struct framing_facts facts = {
        .response = row->status != 0,
        .method = bytes_of(row->method != NULL ? row->method : "GET"),
        .status = row->status,
        .minor = row->minor,
    };
    struct framing_decision decision;

    facts.content_length_fields = fields_of(row->content_length, &facts.content_length);
    facts.transfer_encoding_fields = fields_of(row->transfer_encoding, &facts.transfer_encoding);
    decision = framing_decide(&facts);
    assert_int_equal(decision.refusal, row->refusal);
    assert_int_equal(decision.framing, row->framing);
    assert_true(decision.content_length == row->length);
    assert_int_equal(decision.rule != NULL, row->refusal != 0);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = decides,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
