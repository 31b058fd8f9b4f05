#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/http/forwarding.h"
#include "world/base/check.h"

struct fate_row {
    const char *field;
    const char *connection; /* the options of the message's Connection fields */
    enum field_fate in_request;
    enum field_fate in_response;
};

static const struct fate_row FATES[] = {
    {"Accept", "", FIELD_FORWARDED, FIELD_FORWARDED},
    {"X-Unknown", "close", FIELD_FORWARDED, FIELD_FORWARDED},
    {"Trailer", "", FIELD_FORWARDED, FIELD_FORWARDED},
    {"Expect", "", FIELD_FORWARDED, FIELD_FORWARDED},
    {"Proxy-Status", "", FIELD_FORWARDED, FIELD_FORWARDED},
    {"X-Forwarded-Proto", "", FIELD_FORWARDED, FIELD_FORWARDED},

    {"Connection", "", FIELD_DROPPED, FIELD_DROPPED},
    {"connection", "", FIELD_DROPPED, FIELD_DROPPED},
    {"Keep-Alive", "", FIELD_DROPPED, FIELD_DROPPED},
    {"Proxy-Connection", "", FIELD_DROPPED, FIELD_DROPPED},
    {"TE", "", FIELD_DROPPED, FIELD_DROPPED},
    {"Upgrade", "", FIELD_DROPPED, FIELD_DROPPED},
    {"HTTP2-Settings", "", FIELD_DROPPED, FIELD_DROPPED},
    {"Proxy-Authorization", "", FIELD_DROPPED, FIELD_DROPPED},
    {"Proxy-Authenticate", "", FIELD_DROPPED, FIELD_DROPPED},
    {"Proxy-Authentication-Info", "", FIELD_DROPPED, FIELD_DROPPED},

    {"Content-Length", "", FIELD_FRAMING, FIELD_FRAMING},
    {"transfer-ENCODING", "", FIELD_FRAMING, FIELD_FRAMING},
    {"Via", "", FIELD_REPLACED, FIELD_REPLACED},
    {"Host", "", FIELD_REPLACED, FIELD_FORWARDED},
    {"X-Forwarded-For", "", FIELD_REPLACED, FIELD_FORWARDED},
    {"Forwarded", "", FIELD_REPLACED, FIELD_FORWARDED},

    {"X-Private", "X-Private", FIELD_DROPPED, FIELD_DROPPED},
    {"x-private", "close, X-PRIVATE ,a", FIELD_DROPPED, FIELD_DROPPED},
    {"X-Private", "X-Private2, X-Priv", FIELD_FORWARDED, FIELD_FORWARDED},

    /* A sender's wish has its end where the next reader would take the message for another one. */
    {"Host", "host", FIELD_REPLACED, FIELD_FORWARDED},
    {"Content-Length", "content-length", FIELD_FRAMING, FIELD_FRAMING},
    {"Transfer-Encoding", "transfer-encoding", FIELD_FRAMING, FIELD_FRAMING},
    {"Via", "via", FIELD_REPLACED, FIELD_REPLACED},
    {"Expect", "expect", FIELD_FORWARDED, FIELD_FORWARDED},
    {"X-Forwarded-For", "x-forwarded-for", FIELD_REPLACED, FIELD_DROPPED},
};

static void has_fate(void **state)
{
    const struct fate_row *row = *state;
    struct bytes options = bytes_of(row->connection);

    assert_int_equal(forwarding_request_field(bytes_of(row->field), options), row->in_request);
    assert_int_equal(forwarding_response_field(bytes_of(row->field), options), row->in_response);
}

struct trailer_row {
    const char *field;
    bool allowed;
};

static const struct trailer_row TRAILERS[] = {
    {"X-Checksum", true},
    {"ETag", true},
    {"Server-Timing", true},
    {"Content-Length", false},
    {"Transfer-Encoding", false},
    {"Trailer", false},
    {"host", false},
    {"Connection", false},
    {"Keep-Alive", false},
    {"Upgrade", false},
    {"TE", false},
    {"Via", false},
    {"Authorization", false},
    {"Cookie", false},
    {"Set-Cookie", false},
    {"WWW-Authenticate", false},
    {"Proxy-Authenticate", false},
    {"Expect", false},
    {"Range", false},
    {"If-Match", false},
    {"Cache-Control", false},
    {"Vary", false},
    {"Location", false},
    {"Content-Type", false},
    {"Content-Encoding", false},
    {"X-Forwarded-For", false},
};

static void may_be_a_trailer(void **state)
{
    const struct trailer_row *row = *state;

    assert_int_equal(forwarding_trailer_allowed(bytes_of(row->field)), row->allowed);
}

struct host_row {
    const char *name;
    size_t fields;
    const char *value;
    unsigned minor;
    enum host_verdict verdict;
};

static const struct host_row HOSTS[] = {
    {"HTTP/1.1 needs a Host", 0, "", 1, HOST_MISSING},
    {"HTTP/1.0 does not", 0, "", 0, HOST_FINE},
    {"one is fine", 1, "a", 1, HOST_FINE},
    {"one is fine in HTTP/1.0", 1, "a:80", 0, HOST_FINE},
    {"two are not", 2, "a", 1, HOST_REPEATED},
    {"two are not in HTTP/1.0", 2, "a", 0, HOST_REPEATED},
    {"an empty one is fine", 1, "", 1, HOST_FINE},
    {"a list is not a host", 1, "a, b", 1, HOST_INVALID},
    {"a user is not a host", 1, "u@a", 1, HOST_INVALID},
    {"a path is not a host", 1, "a/b", 1, HOST_INVALID},
    {"a port alone is not a host", 1, ":80", 1, HOST_INVALID},
    {"an address in brackets", 1, "[::1]:80", 1, HOST_FINE},
    {"an address that is none", 1, "[::x]", 1, HOST_INVALID},
};

static void host_is_judged(void **state)
{
    const struct host_row *row = *state;

    assert_int_equal(forwarding_check_host(row->fields, bytes_of(row->value), row->minor),
                     row->verdict);
}

struct hops_row {
    const char *name;
    const char *method;
    const char *max_forwards;
    bool counts;
    uint64_t hops;
};

static const struct hops_row HOPS[] = {
    {"OPTIONS counts its hops", "OPTIONS", "10", true, 10},
    {"TRACE counts its hops", "TRACE", "0", true, 0},
    {"GET does not", "GET", "1", false, 0},
    {"a word is no number of hops", "TRACE", "ten", false, 0},
    {"nor is nothing", "TRACE", "", false, 0},
};

static void hops_are_counted(void **state)
{
    const struct hops_row *row = *state;
    uint64_t hops = 0;

    assert_int_equal(
        forwarding_hops_left(bytes_of(row->method), bytes_of(row->max_forwards), &hops),
        row->counts);
    if (row->counts)
        assert_int_equal(hops, row->hops);
}

int main(void)
{
    struct CMUnitTest
        tests[COUNT_OF(FATES) + COUNT_OF(TRAILERS) + COUNT_OF(HOSTS) + COUNT_OF(HOPS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(FATES); i++)
        tests[count++] = (struct CMUnitTest){.name = FATES[i].field,
                                             .test_func = has_fate,
                                             .initial_state = (void *)(uintptr_t)&FATES[i]};
    for (size_t i = 0; i < COUNT_OF(TRAILERS); i++)
        tests[count++] = (struct CMUnitTest){.name = TRAILERS[i].field,
                                             .test_func = may_be_a_trailer,
                                             .initial_state = (void *)(uintptr_t)&TRAILERS[i]};
    for (size_t i = 0; i < COUNT_OF(HOSTS); i++)
        tests[count++] = (struct CMUnitTest){.name = HOSTS[i].name,
                                             .test_func = host_is_judged,
                                             .initial_state = (void *)(uintptr_t)&HOSTS[i]};
    for (size_t i = 0; i < COUNT_OF(HOPS); i++)
        tests[count++] = (struct CMUnitTest){.name = HOPS[i].name,
                                             .test_func = hops_are_counted,
                                             .initial_state = (void *)(uintptr_t)&HOPS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
