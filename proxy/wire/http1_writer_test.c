#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/wire/http1_writer.h"

enum { BUFFER_BYTES = 256 };

static void assert_written(const struct http1_writer *writer, const char *expected)
{
    assert_false(writer->overflowed);
    assert_true(bytes_equal_text(bytes_make(writer->data, writer->size), expected));
}

static void writes_a_request(void **state)
{
    uint8_t data[BUFFER_BYTES];
    struct http1_writer writer;

    (void)state;
    http1_writer_init(&writer, data, sizeof(data));
    http1_write_request_line(&writer, bytes_of("GET"), bytes_of("/x"));
    http1_write_field(&writer, bytes_of("Host"), bytes_of("a"));
    http1_write_field_text(&writer, "Via", "1.1 b");
    http1_write_field_u64(&writer, "Content-Length", UINT64_MAX);
    http1_write_end_of_head(&writer);
    assert_written(&writer, "GET /x HTTP/1.1\r\nHost: a\r\nVia: 1.1 b\r\n"
                            "Content-Length: 18446744073709551615\r\n\r\n");
}

static void puts_the_path_before_a_query_that_has_none(void **state)
{
    uint8_t data[BUFFER_BYTES];
    struct http1_writer writer;

    (void)state;
    http1_writer_init(&writer, data, sizeof(data));
    http1_write_request_line(&writer, bytes_of("GET"), bytes_of("?x"));
    assert_written(&writer, "GET /?x HTTP/1.1\r\n");
}

static void writes_a_status_line(void **state)
{
    uint8_t data[BUFFER_BYTES];
    struct http1_writer writer;

    (void)state;
    http1_writer_init(&writer, data, sizeof(data));
    http1_write_status_line(&writer, 200, bytes_of("Fine"));
    http1_write_status_line(&writer, 404, bytes_of(""));
    http1_write_status_line(&writer, 299, bytes_of(""));
    assert_written(&writer, "HTTP/1.1 200 Fine\r\nHTTP/1.1 404 Not Found\r\nHTTP/1.1 299 \r\n");
}

/* For every size of buffer: whole where it fits, and never a byte beyond. */
static void says_when_something_did_not_fit(void **state)
{
    static const char line[] = "A: b\r\n";
    const size_t line_size = sizeof(line) - 1;

    (void)state;
    for (size_t size_max = 0; size_max <= line_size + 1; size_max++) {
        uint8_t data[sizeof(line) + 1];
        struct http1_writer writer;

        memset(data, '#', sizeof(data));
        http1_writer_init(&writer, data, size_max);
        http1_write_field_text(&writer, "A", "b");
        assert_int_equal(writer.overflowed, size_max < line_size);
        assert_true(writer.size <= size_max);
        for (size_t i = size_max; i < sizeof(data); i++)
            assert_int_equal(data[i], '#');
    }
}

static void once_overflowed_it_stays_so(void **state)
{
    uint8_t data[sizeof("Host:") - 1]; /* no room for the space, though for the value */
    struct http1_writer writer;

    (void)state;
    http1_writer_init(&writer, data, sizeof(data));
    http1_write_bytes(&writer, bytes_of("Host"));
    http1_write_bytes(&writer, bytes_of(": "));
    http1_write_bytes(&writer, bytes_of("a"));
    assert_true(writer.overflowed);
    assert_int_equal(writer.size, sizeof("Host") - 1);
    assert_int_equal(writer.size, sizeof("Host") - 1);
}

struct chunk_row {
    uint64_t size;
    const char *prefix;
};

static const struct chunk_row CHUNKS[] = {
    {0, "0\r\n"},
    {1, "1\r\n"},
    {15, "f\r\n"},
    {16, "10\r\n"},
    {0x1f4, "1f4\r\n"},
    {0xfff, "fff\r\n"},
    {0x1000, "1000\r\n"},
    {UINT64_MAX >> 4, "fffffffffffffff\r\n"},
    {UINT64_MAX, "ffffffffffffffff\r\n"},
};

static void writes_chunk_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CHUNKS); i++) {
        uint8_t prefix[CHUNK_PREFIX_BYTES_MAX];
        size_t size = http1_chunk_prefix(CHUNKS[i].size, prefix);

        assert_true(bytes_equal_text(bytes_make(prefix, size), CHUNKS[i].prefix));
    }
}

static void knows_the_registered_reasons(void **state)
{
    (void)state;
    assert_string_equal(http1_reason(100), "Continue");
    assert_string_equal(http1_reason(200), "OK");
    assert_string_equal(http1_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http1_reason(504), "Gateway Timeout");
    assert_string_equal(http1_reason(299), "");
    assert_string_equal(http1_reason(0), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_request),
        cmocka_unit_test(puts_the_path_before_a_query_that_has_none),
        cmocka_unit_test(writes_a_status_line),
        cmocka_unit_test(says_when_something_did_not_fit),
        cmocka_unit_test(once_overflowed_it_stays_so),
        cmocka_unit_test(writes_chunk_sizes),
        cmocka_unit_test(knows_the_registered_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
