#include "proxy/exchange/forward.h"

#include <string.h>

#include "proxy/policy/forwarding.h"

enum { FORWARDED_HOST_BYTES_MAX = 255 }; /* a longer Host is passed on as Host alone */

/* All Connection fields as one list; one field is the usual case, more are joined. */
static struct bytes connection_options(const struct head *head, char *store, size_t store_size)
{
    const struct field *first = head_find(head, "connection");
    size_t used = 0;

    if (first == NULL)
        return bytes_make(NULL, 0);
    if (head_count(head, "connection") == 1)
        return first->value;
    for (size_t i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        if (!bytes_equal_text_nocase(field->name, "connection") ||
            used + field->value.size + 1 > store_size)
            continue;
        memcpy(store + used, field->value.data, field->value.size);
        used += field->value.size;
        store[used++] = ',';
    }
    return bytes_make(store, used);
}

/* "values so far, " of a list field that every hop appends to; the caller writes its own element. */
static void begin_appended(struct http1_writer *writer, const struct head *head, const char *name)
{
    http1_write_bytes(writer, bytes_of(name));
    http1_write_bytes(writer, bytes_of(": "));
    for (size_t i = 0; i < head->field_count; i++) {
        if (!bytes_equal_text_nocase(head->fields[i].name, name))
            continue;
        http1_write_bytes(writer, head->fields[i].value);
        http1_write_bytes(writer, bytes_of(", "));
    }
}

static void end_line(struct http1_writer *writer)
{
    http1_write_bytes(writer, bytes_of("\r\n"));
}

/* The version is that of the message received; RFC 9110 7.6.3. */
static void write_via(struct http1_writer *writer, const struct head *head, const char *pseudonym)
{
    begin_appended(writer, head, "Via");
    http1_write_bytes(writer, bytes_of(head->minor == 0 ? "1.0 " : "1.1 "));
    http1_write_bytes(writer, bytes_of(pseudonym));
    end_line(writer);
}

/* RFC 7239 6: an IPv6 address stands in brackets and quotes. */
static void write_forwarded(struct http1_writer *writer, const struct forward_request *request)
{
    bool quoted = request->client->family == 6;

    begin_appended(writer, request->head, "Forwarded");
    http1_write_bytes(writer, bytes_of(quoted ? "for=\"[" : "for="));
    http1_write_bytes(writer, bytes_of(request->client_host));
    http1_write_bytes(writer, bytes_of(quoted ? "]\";proto=http" : ";proto=http"));
    if (request->host.size > 0 && request->host.size <= FORWARDED_HOST_BYTES_MAX) {
        http1_write_bytes(writer, bytes_of(";host=\""));
        http1_write_bytes(writer, request->host);
        http1_write_bytes(writer, bytes_of("\""));
    }
    end_line(writer);
    begin_appended(writer, request->head, "X-Forwarded-For");
    http1_write_bytes(writer, bytes_of(request->client_host));
    end_line(writer);
}

static void write_framing(struct http1_writer *writer, enum framing framing, uint64_t length)
{
    if (framing == FRAMING_LENGTH)
        http1_write_field_u64(writer, "Content-Length", length);
    else if (framing == FRAMING_CHUNKED)
        http1_write_field_text(writer, "Transfer-Encoding", "chunked");
}

bool forward_write_request(const struct forward_request *request, struct http1_writer *writer)
{
    char store[FORWARD_ADDED_BYTES / 4];
    const struct head *head = request->head;
    struct bytes options = connection_options(head, store, sizeof(store));

    http1_write_request_line(writer, head->method, request->target);
    http1_write_field(writer, bytes_of("Host"),
                      request->host.size > 0 ? request->host : bytes_of(request->upstream_host));
    for (size_t i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        if (forwarding_request_field(field->name, options) != FIELD_FORWARDED)
            continue;
        if (request->drop_expect && bytes_equal_text_nocase(field->name, "expect"))
            continue;
        http1_write_field(writer, field->name, field->value);
    }
    write_framing(writer, request->framing, request->content_length);
    write_via(writer, head, request->via);
    write_forwarded(writer, request);
    http1_write_end_of_head(writer);
    return !writer->overflowed;
}

static void write_response_fields(const struct head *head, struct http1_writer *writer)
{
    char store[FORWARD_ADDED_BYTES / 4];
    struct bytes options = connection_options(head, store, sizeof(store));

    for (size_t i = 0; i < head->field_count; i++)
        if (forwarding_response_field(head->fields[i].name, options) == FIELD_FORWARDED)
            http1_write_field(writer, head->fields[i].name, head->fields[i].value);
}

bool forward_write_response(const struct forward_response *response, struct http1_writer *writer)
{
    const struct head *head = response->head;
    const struct field *length = head_find(head, "content-length");

    http1_write_status_line(writer, head->status, head->reason);
    write_response_fields(head, writer);
    if (response->framing == FRAMING_NONE && length != NULL)
        /* The length a GET would have had; RFC 9110 8.6. */
        http1_write_field(writer, length->name, length->value);
    else
        write_framing(writer, response->framing_down, response->content_length);
    write_via(writer, head, response->via);
    if (!response->keep_alive)
        http1_write_field_text(writer, "Connection", "close");
    else if (response->client_minor == 0)
        http1_write_field_text(writer, "Connection", "keep-alive");
    http1_write_end_of_head(writer);
    return !writer->overflowed;
}

bool forward_write_interim(const struct head *head, const char *via, struct http1_writer *writer)
{
    http1_write_status_line(writer, head->status, head->reason);
    write_response_fields(head, writer);
    write_via(writer, head, via);
    http1_write_end_of_head(writer);
    return !writer->overflowed;
}

enum framing forward_framing_down(enum framing framing, unsigned client_minor)
{
    if (framing != FRAMING_CHUNKED && framing != FRAMING_CLOSE)
        return framing;
    return client_minor == 0 ? FRAMING_CLOSE : FRAMING_CHUNKED;
}
