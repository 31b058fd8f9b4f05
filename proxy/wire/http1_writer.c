#include "proxy/wire/http1_writer.h"

#include <string.h>

enum { DIGITS_MAX = 20 }; /* of 2^64 in decimal */

void http1_writer_init(struct http1_writer *writer, uint8_t *data, size_t size_max)
{
    *writer = (struct http1_writer){.data = data, .size_max = size_max};
}

uint8_t *http1_writer_take(struct http1_writer *writer, size_t size)
{
    uint8_t *at = writer->data + writer->size;

    if (writer->overflowed || size > writer->size_max - writer->size) {
        writer->overflowed = true;
        return NULL;
    }
    writer->size += size;
    return at;
}

void http1_write_bytes(struct http1_writer *writer, struct bytes bytes)
{
    uint8_t *at = http1_writer_take(writer, bytes.size);

    if (at != NULL && bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
}

static void write_decimal(struct http1_writer *writer, uint64_t value)
{
    uint8_t digits[DIGITS_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    http1_write_bytes(writer, bytes_make(digits + at, sizeof(digits) - at));
}

void http1_write_request_line(struct http1_writer *writer, struct bytes method, struct bytes target)
{
    http1_write_bytes(writer, method);
    http1_write_text(writer, " ");
    /* An absolute-form target without a path: RFC 9112 3.2.1. */
    if (target.size > 0 && target.data[0] == '?')
        http1_write_text(writer, "/");
    http1_write_bytes(writer, target);
    http1_write_text(writer, " HTTP/1.1\r\n");
}

void http1_write_status_line(struct http1_writer *writer, unsigned status, struct bytes reason)
{
    check(status >= 100);
    check(status <= 999);
    http1_write_text(writer, "HTTP/1.1 ");
    write_decimal(writer, status);
    http1_write_text(writer, " ");
    http1_write_bytes(writer, reason.size > 0 ? reason : bytes_of(http1_reason(status)));
    http1_write_text(writer, "\r\n");
}

/* Behind what is there; room has been asked for. Returns where the next goes. */
static uint8_t *append(uint8_t *at, struct bytes bytes)
{
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

/* Its room is asked for once, because messages are made of little else. */
void http1_write_field(struct http1_writer *writer, struct bytes name, struct bytes value)
{
    const size_t between = sizeof(": ") - 1, behind = sizeof("\r\n") - 1;
    uint8_t *at = http1_writer_take(writer, name.size + between + value.size + behind);

    if (at == NULL)
        return;
    at = append(at, name);
    memcpy(at, ": ", between);
    at = append(at + between, value);
    memcpy(at, "\r\n", behind);
}

void http1_write_field_text(struct http1_writer *writer, const char *name, const char *value)
{
    http1_write_field(writer, bytes_of(name), bytes_of(value));
}

void http1_write_field_u64(struct http1_writer *writer, const char *name, uint64_t value)
{
    http1_write_text(writer, name);
    http1_write_text(writer, ": ");
    write_decimal(writer, value);
    http1_write_text(writer, "\r\n");
}

void http1_write_end_of_head(struct http1_writer *writer)
{
    http1_write_text(writer, "\r\n");
}

size_t http1_chunk_prefix(uint64_t size, uint8_t prefix[CHUNK_PREFIX_BYTES_MAX])
{
    static const char hex[] = "0123456789abcdef";
    unsigned digits = 1;

    while (digits < 16 && size >> (digits * 4) != 0)
        digits++;
    for (unsigned i = 0; i < digits; i++)
        prefix[i] = (uint8_t)hex[size >> ((digits - 1 - i) * 4) & 0xf];
    prefix[digits] = '\r';
    prefix[digits + 1] = '\n';
    return digits + 2;
}

/* The IANA status code registry, where RFC 9110 15 points. */
static const struct {
    unsigned status;
    const char *reason;
} REASONS[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

const char *http1_reason(unsigned status)
{
    for (size_t i = 0; i < COUNT_OF(REASONS); i++)
        if (REASONS[i].status == status)
            return REASONS[i].reason;
    return "";
}
