#include "proxy/exchange/apology.h"

#include <stdio.h>

static const char *upstream_word(const struct failure *failure, int status)
{
    if (status == 504)
        return "UPSTREAM_TIMEOUT";
    if (failure->stage == STAGE_ROUTE)
        return "NO_AVAILABLE_UPSTREAMS";
    if (failure->stage <= STAGE_HANDSHAKE)
        return "UPSTREAM_CONNECT_FAILED";
    return "UPSTREAM_REQUEST_FAILED";
}

/* Proxy-Status knows registered types only; what the client did wrong is one of them. RFC 9209 2.3. */
static const char *proxy_status_type(const struct failure *failure)
{
    return cause_word(failure->side == SIDE_DOWNSTREAM ? CAUSE_HTTP_REQUEST_ERROR : failure->cause);
}

static const char *downstream_word(int status)
{
    if (status == 0)
        return NULL;
    return status == 408 ? "REQUEST_TIMEOUT" : "INVALID_PROTOCOL";
}

struct apology apology_for(const struct failure *failure)
{
    int status = cause_status(failure->cause);

    switch (failure->side) {
    case SIDE_UPSTREAM:
        return (struct apology){(unsigned)status, upstream_word(failure, status), NULL};
    case SIDE_DOWNSTREAM:
        return (struct apology){(unsigned)status, downstream_word(status), NULL};
    case SIDE_INTERNAL:
    case SIDE_NONE:
    default:
        return (struct apology){500, "INTERNAL_ERROR", NULL};
    }
}

struct answer apology_answer(const struct apology *apology, const struct failure *failure,
                             const char *via, uint8_t store[APOLOGY_BYTES])
{
    const char *rule = apology->rule != NULL ? apology->rule : cause_word(failure->cause);
    struct http1_writer writer;
    char proxy_status[256];
    size_t fields_size;

    snprintf(proxy_status, sizeof(proxy_status), "%s; error=%s; details=\"%s\"", via,
             proxy_status_type(failure), apology->word);
    http1_writer_init(&writer, store, APOLOGY_BYTES);
    http1_write_field_text(&writer, "Proxy-Status", proxy_status);
    http1_write_field_text(&writer, "Content-Type", "text/plain");
    fields_size = writer.size;
    http1_write_bytes(&writer, bytes_of(apology->word));
    http1_write_bytes(&writer, bytes_of(": "));
    http1_write_bytes(&writer, bytes_of(rule));
    http1_write_bytes(&writer, bytes_of("\n"));
    check(!writer.overflowed);
    return (struct answer){
        .status = apology->status,
        .fields = bytes_make(store, fields_size),
        .body = bytes_make(store + fields_size, writer.size - fields_size),
    };
}

void answer_write(const struct answer *answer, const struct answer_manner *manner,
                  struct http1_writer *writer)
{
    bool bodiless = answer->status == 204 || answer->status == 304;
    size_t body_size = answer->status == 205 ? 0 : answer->body.size;

    http1_write_status_line(writer, answer->status, bytes_make(NULL, 0));
    http1_write_bytes(writer, answer->fields);
    if (!bodiless)
        http1_write_field_u64(writer, "Content-Length", body_size);
    if (!manner->keep_alive)
        http1_write_field_text(writer, "Connection", "close");
    else if (manner->client_minor == 0)
        http1_write_field_text(writer, "Connection", "keep-alive");
    http1_write_end_of_head(writer);
    if (!bodiless && !manner->head_request)
        http1_write_bytes(writer, bytes_make(answer->body.data, body_size));
}
