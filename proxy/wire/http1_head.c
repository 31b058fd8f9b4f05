#include "proxy/wire/http1_head.h"

#include <llhttp.h>

/* What llhttp's callbacks fill. */
struct split {
    struct head *head;
    struct bytes name;
    struct bytes value;
    bool head_ended;
};

/* A trailer section has the grammar of a head's fields (RFC 9112 7.1.2), so it is read as those of a head. */
static const char TRAILERS_START_LINE[] = "HTTP/1.1 200 OK\r\n";

/* llhttp tells a part in one piece or in several that touch each other. */
static int extend(struct bytes *part, const char *at, size_t size)
{
    if (part->size == 0)
        *part = bytes_make(at, size);
    else
        part->size = (size_t)((const uint8_t *)at + size - part->data);
    return 0;
}

static int on_method(llhttp_t *parser, const char *at, size_t size)
{
    struct split *split = parser->data;

    return extend(&split->head->method, at, size);
}

static int on_target(llhttp_t *parser, const char *at, size_t size)
{
    struct split *split = parser->data;

    return extend(&split->head->target, at, size);
}

static int on_reason(llhttp_t *parser, const char *at, size_t size)
{
    struct split *split = parser->data;

    return extend(&split->head->reason, at, size);
}

static int on_name(llhttp_t *parser, const char *at, size_t size)
{
    struct split *split = parser->data;

    return extend(&split->name, at, size);
}

static int on_value(llhttp_t *parser, const char *at, size_t size)
{
    struct split *split = parser->data;

    return extend(&split->value, at, size);
}

static int on_field_end(llhttp_t *parser)
{
    struct split *split = parser->data;

    if (!head_append(split->head, split->name, split->value))
        return HPE_USER;
    split->name = split->value = bytes_make(NULL, 0);
    return 0;
}

/* Pausing ends llhttp's part: it does not come to think about a body. */
static int on_head_end(llhttp_t *parser)
{
    struct split *split = parser->data;

    split->head_ended = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t CALLBACKS = {
    .on_method = on_method,
    .on_url = on_target,
    .on_status = on_reason,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_field_end,
    .on_headers_complete = on_head_end,
};

/*
 * The guard has approved of the request line, so what llhttp refuses in it is the target or the method: one it does
 * not know, or knows from other protocols alone (PRI, PLAY).
 */
static bool is_method_unknown(const llhttp_t *parser)
{
    const struct split *split = parser->data;

    return parser->type == HTTP_REQUEST && split->head->field_count == 0 && split->name.size == 0 &&
           llhttp_get_errno(parser) != HPE_INVALID_URL;
}

static struct reader_refusal refusal_of(const llhttp_t *parser)
{
    const char *reason = llhttp_get_error_reason(parser);

    if (is_method_unknown(parser))
        return (struct reader_refusal){501, "method is not known"};
    switch (llhttp_get_errno(parser)) {
    case HPE_INVALID_URL:
        return (struct reader_refusal){400, RULE_TARGET_NOT_VALID};
    case HPE_USER:
        return (struct reader_refusal){431, "too many fields"};
    case HPE_INVALID_CONTENT_LENGTH:
        return (struct reader_refusal){400, "Content-Length is not a number"};
    case HPE_UNEXPECTED_CONTENT_LENGTH:
        return (struct reader_refusal){400, "Content-Length is repeated"};
    default:
        return (struct reader_refusal){400, reason != NULL ? reason : "head is not valid"};
    }
}

bool http1_head_split(struct head *head, enum guard_section section, struct reader_refusal *refusal)
{
    struct split split = {.head = head};
    const char *bytes = (const char *)head->storage;
    llhttp_t parser;
    bool taken;

    check(section <= GUARD_TRAILERS);
    llhttp_init(&parser, section == GUARD_REQUEST_HEAD ? HTTP_REQUEST : HTTP_RESPONSE, &CALLBACKS);
    /* The two contradictions that llhttp would judge before framing_decide() has seen them. */
    llhttp_set_lenient_chunked_length(&parser, 1);
    llhttp_set_lenient_transfer_encoding(&parser, 1);
    parser.data = &split;
    if (section == GUARD_TRAILERS)
        (void)llhttp_execute(&parser, TRAILERS_START_LINE, sizeof(TRAILERS_START_LINE) - 1);
    (void)llhttp_execute(&parser, bytes, head->storage_used);

    /* The head must end where the guard saw its end: where two readers differ, nobody knows what was meant. */
    taken = split.head_ended && llhttp_get_error_pos(&parser) + 1 >= bytes + head->storage_used;
    if (!taken) {
        *refusal = refusal_of(&parser);
        return false;
    }
    if (section == GUARD_TRAILERS) {
        head->reason = bytes_make(NULL, 0);
        return true;
    }
    head->minor = llhttp_get_http_minor(&parser);
    if (section == GUARD_RESPONSE_HEAD)
        head->status = (unsigned)llhttp_get_status_code(&parser);
    return true;
}
