#include "proxy/wire/apology.h"

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
    bool ours = failure->cause == CAUSE_CLIENT_CANCELLED || failure->cause == CAUSE_CLIENT_TIMEOUT;

    return cause_word(ours ? CAUSE_HTTP_REQUEST_ERROR : failure->cause);
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
        return (struct apology){.status = (unsigned)status, .word = upstream_word(failure, status)};
    case SIDE_DOWNSTREAM:
        if (failure->cause == CAUSE_DESTINATION_IP_PROHIBITED)
            return (struct apology){
                .status = 400, .word = "INVALID_HOST", .rule = "the target is not allowed"};
        return (struct apology){.status = (unsigned)status, .word = downstream_word(status)};
    case SIDE_INTERNAL:
    case SIDE_NONE:
    default:
        /* A deadline may pass while nobody but a hook of ours is waited for. */
        return status == 504 ? (struct apology){.status = 504, .word = "UPSTREAM_TIMEOUT"}
                             : (struct apology){.status = 500, .word = "INTERNAL_ERROR"};
    }
}

/* RFC 9110 11.7.1, RFC 7617 2.1. A realm is a word of the settings, without a quote. */
static void write_challenge(struct http1_writer *writer, const char *realm)
{
    char challenge[128];

    snprintf(challenge, sizeof(challenge), "Basic realm=\"%s\", charset=\"UTF-8\"", realm);
    http1_write_field_text(writer, "Proxy-Authenticate", challenge);
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
    if (apology->realm != NULL)
        write_challenge(&writer, apology->realm);
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

static bool has_length(const struct answer *answer)
{
    return answer->status != 204 && answer->status != 304;
}

static size_t content_size(const struct answer *answer)
{
    return has_length(answer) && answer->status != 205 ? answer->body.size : 0;
}

size_t answer_body_size(const struct answer *answer, const struct answer_manner *manner)
{
    return manner->head_request ? 0 : content_size(answer);
}

void answer_write(const struct answer *answer, const struct answer_manner *manner,
                  struct http1_writer *writer)
{
    http1_write_status_line(writer, answer->status, bytes_make(NULL, 0));
    http1_write_bytes(writer, answer->fields);
    if (has_length(answer))
        http1_write_field_u64(writer, "Content-Length", content_size(answer));
    if (!manner->keep_alive)
        http1_write_field_text(writer, "Connection", "close");
    else if (manner->client_minor == 0)
        http1_write_field_text(writer, "Connection", "keep-alive");
    http1_write_end_of_head(writer);
    http1_write_bytes(writer, bytes_make(answer->body.data, answer_body_size(answer, manner)));
}
