#include "proxy/exchange/apology.h"

#include <stdio.h>
#include <string.h>

static const char *upstream_word(const struct failure *failure, int status)
{
    if (failure->stage == STAGE_ROUTE)
        return "NO_AVAILABLE_UPSTREAMS";
    if (status == 504)
        return "UPSTREAM_TIMEOUT";
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

void apology_write(const struct apology_text *text, struct http1_writer *writer)
{
    char proxy_status[256];
    char body[256];
    const char *rule = text->apology.rule;
    int size;

    size = rule != NULL ? snprintf(body, sizeof(body), "%s: %s\n", text->apology.word, rule)
                        : snprintf(body, sizeof(body), "%s: %s\n", text->apology.word,
                                   cause_word(text->failure.cause));
    check(size > 0 && (size_t)size < sizeof(body));
    snprintf(proxy_status, sizeof(proxy_status), "%s; error=%s; details=\"%s\"", text->via,
             proxy_status_type(&text->failure), text->apology.word);

    http1_write_status_line(writer, text->apology.status, bytes_make(NULL, 0));
    http1_write_field_text(writer, "Proxy-Status", proxy_status);
    http1_write_field_text(writer, "Content-Type", "text/plain");
    http1_write_field_u64(writer, "Content-Length", (uint64_t)size);
    if (!text->keep_alive)
        http1_write_field_text(writer, "Connection", "close");
    else if (text->client_minor == 0)
        http1_write_field_text(writer, "Connection", "keep-alive");
    http1_write_end_of_head(writer);
    check(!writer->overflowed);
    if (text->head_request)
        return;
    check(writer->size_max - writer->size >= (size_t)size);
    memcpy(writer->data + writer->size, body, (size_t)size);
    writer->size += (size_t)size;
}
