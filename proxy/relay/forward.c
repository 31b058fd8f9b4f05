#include "proxy/relay/forward.h"

#include <stdio.h>

#include "proxy/http/forwarding.h"

enum {
    FORWARDED_HOST_BYTES_MAX = 255, /* a longer Host is passed on as Host alone */
    HTTP_PORT = 80,
};

typedef enum field_fate fate_rule(struct bytes name, struct bytes connection_options);

/* A head whose fields are looked at one by one. */
struct passage {
    const struct head *head;
    const struct field *options; /* its first Connection field, or its end: most heads have none */
    fate_rule *rule;
};

static const struct field *end_of(const struct head *head)
{
    return head->fields + head->field_count;
}

static struct passage passage_of(const struct head *head, fate_rule *rule)
{
    const struct field *options = head_find(head, "Connection");

    return (struct passage){head, options != NULL ? options : end_of(head), rule};
}

/* All Connection fields of a head are one list, RFC 9110 5.3: what one of them names is dropped. */
static bool is_forwarded(const struct passage *passage, struct bytes name)
{
    bool forwarded = passage->rule(name, bytes_make(NULL, 0)) == FIELD_FORWARDED;

    for (const struct field *f = passage->options; forwarded && f < end_of(passage->head); f++)
        if (bytes_equal_text_nocase(f->name, "Connection"))
            forwarded = passage->rule(name, f->value) == FIELD_FORWARDED;
    return forwarded;
}

/* "values so far, " of a list field that every hop appends to; the caller writes its own element. */
static void begin_appended(struct http1_writer *writer, const struct head *head, const char *name)
{
    struct bytes wanted = bytes_of(name);

    http1_write_bytes(writer, wanted);
    http1_write_text(writer, ": ");
    for (size_t i = 0; i < head->field_count; i++) {
        if (!bytes_equal_nocase(head->fields[i].name, wanted) || head->fields[i].value.size == 0)
            continue;
        http1_write_bytes(writer, head->fields[i].value);
        http1_write_text(writer, ", ");
    }
}

static void end_line(struct http1_writer *writer)
{
    http1_write_text(writer, "\r\n");
}

/* The version is that of the message received; RFC 9110 7.6.3. */
static void write_via(struct http1_writer *writer, const struct head *head, const char *pseudonym)
{
    begin_appended(writer, head, "Via");
    http1_write_text(writer, head->minor == 0 ? "1.0 " : "1.1 ");
    http1_write_text(writer, pseudonym);
    end_line(writer);
}

/* RFC 7239 6: an IPv6 address stands in brackets and quotes. */
static void write_forwarded(struct http1_writer *writer, const struct forward_request *request)
{
    bool quoted = request->client->family == 6;

    begin_appended(writer, request->head, "Forwarded");
    http1_write_text(writer, quoted ? "for=\"[" : "for=");
    http1_write_text(writer, request->client_host);
    http1_write_text(writer, quoted ? "]\";proto=http" : ";proto=http");
    http1_write_text(writer, request->client_secure ? "s" : "");
    if (request->host.size > 0 && request->host.size <= FORWARDED_HOST_BYTES_MAX) {
        http1_write_text(writer, ";host=\"");
        http1_write_bytes(writer, request->host);
        http1_write_text(writer, "\"");
    }
    end_line(writer);
    begin_appended(writer, request->head, "X-Forwarded-For");
    http1_write_text(writer, request->client_host);
    end_line(writer);
}

static void write_framing(struct http1_writer *writer, enum framing framing, uint64_t length)
{
    if (framing == FRAMING_LENGTH)
        http1_write_field_u64(writer, "Content-Length", length);
    else if (framing == FRAMING_CHUNKED)
        http1_write_field_text(writer, "Transfer-Encoding", "chunked");
}

/* The port of http needs no word, RFC 9110 4.2.1. */
static void write_host(const struct forward_request *request, struct http1_writer *writer)
{
    char port[sizeof(":65535")] = "";

    http1_write_text(writer, "Host: ");
    if (request->host.size > 0) {
        http1_write_bytes(writer, request->host);
    } else {
        if (request->upstream_port != HTTP_PORT)
            snprintf(port, sizeof(port), ":%u", request->upstream_port);
        http1_write_text(writer, request->upstream_host);
        http1_write_text(writer, port);
    }
    end_line(writer);
}

static void write_request_field(const struct forward_request *request, const struct field *field,
                                struct http1_writer *writer)
{
    struct bytes method = request->head->method;
    uint64_t hops;

    if (bytes_equal_text_nocase(field->name, "Expect") &&
        (request->drop_expect || request->head->minor == 0))
        return;
    if (bytes_equal_text_nocase(field->name, "Max-Forwards") &&
        forwarding_hops_left(method, field->value, &hops))
        http1_write_field_u64(writer, "Max-Forwards", hops > 0 ? hops - 1 : 0);
    else
        http1_write_field(writer, field->name, field->value);
}

/* The protocols wished for, or chosen; Connection names the field, as it must. */
static void write_upgrade(const struct head *head, struct http1_writer *writer)
{
    http1_write_field_text(writer, "Connection", "upgrade");
    for (size_t i = 0; i < head->field_count; i++)
        if (bytes_equal_text_nocase(head->fields[i].name, "Upgrade"))
            http1_write_field(writer, bytes_of("Upgrade"), head->fields[i].value);
}

bool forward_write_request(const struct forward_request *request, struct http1_writer *writer)
{
    const struct head *head = request->head;
    const struct passage passage = passage_of(head, forwarding_request_field);

    http1_write_request_line(writer, head->method, request->target);
    write_host(request, writer);
    for (const struct field *field = head->fields; field < end_of(head); field++)
        if (is_forwarded(&passage, field->name))
            write_request_field(request, field, writer);
    write_framing(writer, request->framing, request->content_length);
    if (request->upgrade)
        write_upgrade(head, writer);
    write_via(writer, head, request->via);
    write_forwarded(writer, request);
    http1_write_end_of_head(writer);
    return !writer->overflowed;
}

static void write_response_fields(const struct head *head, struct http1_writer *writer)
{
    const struct passage passage = passage_of(head, forwarding_response_field);

    for (const struct field *field = head->fields; field < end_of(head); field++)
        if (is_forwarded(&passage, field->name))
            http1_write_field(writer, field->name, field->value);
}

bool forward_write_response(const struct forward_response *response, struct http1_writer *writer)
{
    const struct head *head = response->head;
    const struct field *length = head_find(head, "Content-Length");

    http1_write_status_line(writer, head->status, head->reason);
    write_response_fields(head, writer);
    if (response->framing == FRAMING_NONE && length != NULL && head->status != 204) {
        /* The length a GET would have had, if that is known; a 204 never has one. RFC 9110 8.6. */
        if (!response->length_varies)
            http1_write_field(writer, length->name, length->value);
    } else
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

bool forward_write_switch(const struct head *head, const char *via, struct http1_writer *writer)
{
    http1_write_status_line(writer, head->status, head->reason);
    write_response_fields(head, writer);
    write_upgrade(head, writer);
    write_via(writer, head, via);
    http1_write_end_of_head(writer);
    return !writer->overflowed;
}

bool forward_write_connected(struct http1_writer *writer)
{
    http1_write_status_line(writer, 200, bytes_of("Connection established"));
    http1_write_end_of_head(writer);
    return !writer->overflowed;
}

enum framing forward_framing_down(enum framing framing, unsigned client_minor)
{
    if (framing != FRAMING_CHUNKED && framing != FRAMING_CLOSE)
        return framing;
    return client_minor == 0 ? FRAMING_CLOSE : FRAMING_CHUNKED;
}
