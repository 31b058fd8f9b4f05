#include "fakeupstream/wire/draft.h"

#include <string.h>

#include "fakeupstream/wire/base64.h"
#include "fakeupstream/wire/splice.h"

static const char *const REQUEST_KEYS[] = {"method",  "path",    "version",   "host",
                                           "headers", "body",    "trailers",  "expect-continue",
                                           "to",      "upgrade", "authorize", NULL};
static const char *const RESPONSE_KEYS[] = {"status",   "reason",     "version", "headers", "body",
                                            "trailers", "keep-alive", "upgrade", NULL};
static const char *const INTERIM_KEYS[] = {"status", "reason", "version", "headers", NULL};
static const char *const BODY_KEYS[] = {"bytes", "text", "framing", "chunk", "declared", NULL};
static const char *const LONG_TEXT_KEYS[] = {"bytes", NULL};
static const char *const FRAMING_WORDS[] = {"none", "content-length", "chunked", "close", NULL};

enum {
    FIELDS_MADE_MAX = 8, /* Host, Expect, Proxy-Authorization, four of an upgrade, one of framing */
    LONG_TEXT_BYTES_MAX = 1024 * 1024, /* far past every limit on a head */
};

/* What is being read, passed along instead of five parameters. */
struct reading {
    struct region *region;
    struct draft *draft;
    struct yaml_error *error;
    uint64_t declared; /* Content-Length where it is not the true one */
    bool declared_said;
    bool keep_alive;
    struct message_field made[FIELDS_MADE_MAX];
    size_t made_count;
};

/* A list of fields while its length is not known. */
struct field_list {
    struct message_field *fields;
    size_t count;
};

static bool read_fields(struct reading *reading, const struct yaml_node *node,
                        struct field_list *out);
static bool read_body(struct reading *reading, const struct yaml_node *node);
static bool make_rest(struct reading *reading, const struct yaml_node *node);
static const char *reason_of(unsigned status);

const char *message_framing_word(enum message_framing framing)
{
    return FRAMING_WORDS[framing];
}

static bool no_memory(struct reading *reading, const struct yaml_node *node)
{
    return yaml_fail(reading->error, node, "this message makes the scenario too large for memory");
}

/* RFC 9110 6.4.1: responses that never have content. */
static bool status_forbids_body(unsigned status)
{
    return status < 200 || status == 204 || status == 304;
}

/* A scalar, or {bytes: N} for a text of that length. */
static bool read_long_text(struct reading *reading, const struct yaml_node *node, const char *what,
                           struct bytes *out)
{
    const struct yaml_node *bytes;
    const char *text;
    uint64_t size;
    char *made;

    if (node->kind != YAML_MAP) {
        if (!yaml_text(node, what, &text, reading->error))
            return false;
        *out = bytes_make(node->text, node->text_size);
        return true;
    }
    if (!yaml_check_keys(node, what, LONG_TEXT_KEYS, reading->error))
        return false;
    bytes = yaml_get(node, "bytes");
    if (bytes == NULL)
        return yaml_fail(reading->error, node, "%s is a text or {bytes: N}", what);
    if (!yaml_size(bytes, what, LONG_TEXT_BYTES_MAX, &size, reading->error))
        return false;
    made = region_take(reading->region, (size_t)size + 1);
    if (made == NULL)
        return no_memory(reading, node);
    memset(made, 'x', (size_t)size);
    *out = bytes_make(made, (size_t)size);
    return true;
}

static bool read_text_key(struct reading *reading, const struct yaml_node *map, const char *key,
                          const char **out)
{
    const struct yaml_node *node = yaml_get(map, key);

    return node == NULL || yaml_text(node, key, out, reading->error);
}

static bool read_flag(struct reading *reading, const struct yaml_node *map, const char *key,
                      bool *out)
{
    const struct yaml_node *node = yaml_get(map, key);

    return node == NULL || yaml_bool(node, key, out, reading->error);
}

static void make_field(struct reading *reading, const char *name, const char *value)
{
    check(reading->made_count < FIELDS_MADE_MAX);
    reading->made[reading->made_count++] =
        (struct message_field){.name = bytes_of(name), .value = bytes_of(value)};
}

/* A path of N bytes begins with a slash like any other. */
static bool read_path(struct reading *reading, const struct yaml_node *node)
{
    struct bytes text = bytes_make("", 0);
    const char *target;

    if (!read_long_text(reading, node, "path", &text))
        return false;
    target = (const char *)text.data;
    if (node->kind == YAML_MAP && text.size > 0) {
        target = splice_join(reading->region, (const char *const[]){"/", target + 1, NULL});
        if (target == NULL)
            return no_memory(reading, node);
    }
    reading->draft->target = target;
    return true;
}

/*
 * The start line, around what play time puts before its target; for a certain upstream its place: RFC 9112 3.2.2 asks for absolute-form, and
 * 3.2.3 for authority-form where the method is CONNECT.
 */
static bool make_start_of_request(struct reading *reading, const struct yaml_node *map,
                                  const char *version)
{
    struct draft *draft = reading->draft;
    bool connects = draft->to != NULL && strcmp(draft->method, "CONNECT") == 0;
    const char *start;
    const char *rest;

    if (connects && yaml_get(map, "path") != NULL)
        return yaml_fail(reading->error, map,
                         "the target of CONNECT has no path: `to` says it all");
    rest = splice_join(reading->region, (const char *const[]){connects ? "" : draft->target,
                                                              " HTTP/", version, "\r\n", NULL});
    if (rest == NULL)
        return no_memory(reading, map);
    start = splice_join(reading->region,
                        (const char *const[]){
                            draft->method, draft->to == NULL || connects ? " " : " http://", NULL});
    if (start == NULL)
        return no_memory(reading, map);
    draft->start = bytes_of(start);
    draft->start_rest = bytes_of(rest);
    if (connects)
        draft->target = draft->to;
    return true;
}

/* RFC 9110 7.8; for WebSocket with the key and its answer that RFC 6455 1.3 has for an example. */
static bool read_upgrade(struct reading *reading, const struct yaml_node *map)
{
    bool request = reading->draft->kind == DRAFT_REQUEST;
    const char *protocol = NULL;

    if (!read_text_key(reading, map, "upgrade", &protocol))
        return false;
    if (protocol == NULL)
        return true;
    reading->draft->upgrade = true;
    make_field(reading, "Connection", "upgrade");
    make_field(reading, "Upgrade", protocol);
    if (strcmp(protocol, "websocket") != 0)
        return true;
    if (request)
        make_field(reading, "Sec-WebSocket-Version", "13");
    make_field(reading, request ? "Sec-WebSocket-Key" : "Sec-WebSocket-Accept",
               request ? "dGhlIHNhbXBsZSBub25jZQ==" : "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return true;
}

/* RFC 7617 2. */
static bool read_authorize(struct reading *reading, const struct yaml_node *map)
{
    const char *credentials = NULL;
    const char *value;

    if (!read_text_key(reading, map, "authorize", &credentials))
        return false;
    if (credentials == NULL)
        return true;
    if (strchr(credentials, ':') == NULL)
        return yaml_fail(reading->error, yaml_get(map, "authorize"),
                         "'authorize' is \"user:password\"");
    value = base64_join(reading->region, "Basic ", bytes_of(credentials));
    if (value == NULL)
        return no_memory(reading, map);
    make_field(reading, "Proxy-Authorization", value);
    return true;
}

static bool read_start_of_request(struct reading *reading, const struct yaml_node *map)
{
    struct draft *draft = reading->draft;
    const struct yaml_node *path = yaml_get(map, "path");
    const char *version = "1.1";
    const char *host = NULL;

    draft->method = "GET";
    draft->target = "/";
    draft->to_at = yaml_get(map, "to");
    if (!read_text_key(reading, map, "method", &draft->method) ||
        (path != NULL && !read_path(reading, path)) ||
        !read_text_key(reading, map, "to", &draft->to) ||
        !read_text_key(reading, map, "version", &version) ||
        !read_text_key(reading, map, "host", &host) ||
        !read_flag(reading, map, "expect-continue", &draft->expect_continue) ||
        !make_start_of_request(reading, map, version))
        return false;
    draft->own_host = host != NULL;
    if (host != NULL)
        make_field(reading, "Host", host);
    if (draft->expect_continue)
        make_field(reading, "Expect", "100-continue");
    return read_authorize(reading, map) && read_upgrade(reading, map);
}

/* node: the map, or the status alone. */
static bool read_start_of_response(struct reading *reading, const struct yaml_node *node)
{
    struct draft *draft = reading->draft;
    const struct yaml_node *status = node->kind == YAML_MAP ? yaml_get(node, "status") : node;
    bool interim = draft->kind == DRAFT_INTERIM;
    bool upgrades = node->kind == YAML_MAP && !interim && yaml_get(node, "upgrade") != NULL;
    uint64_t value = interim ? 103 : upgrades ? 101 : 200;
    char number[SPLICE_NUMBER_BYTES + 1] = "";
    struct splice digits = {.data = number, .room = SPLICE_NUMBER_BYTES};
    const char *version = "1.1";
    const char *reason;
    const char *start;

    if (status != NULL && !yaml_u64(status, "status", DRAFT_STATUS_MIN,
                                    interim ? 199 : DRAFT_STATUS_MAX, &value, reading->error))
        return false;
    draft->status = (unsigned)value;
    reason = reason_of(draft->status);
    if (node->kind == YAML_MAP && (!read_text_key(reading, node, "reason", &reason) ||
                                   !read_text_key(reading, node, "version", &version) ||
                                   !read_flag(reading, node, "keep-alive", &reading->keep_alive)))
        return false;
    splice_number(&digits, draft->status, 10);
    start = splice_join(reading->region, (const char *const[]){"HTTP/", version, " ", number, " ",
                                                               reason, "\r\n", NULL});
    if (start == NULL)
        return no_memory(reading, node);
    draft->start = bytes_of(start);
    if (!reading->keep_alive)
        make_field(reading, "Connection", "close");
    return !upgrades || read_upgrade(reading, node);
}

bool draft_parse(struct region *region, const struct yaml_node *node, enum draft_kind kind,
                 struct draft *out, struct yaml_error *error)
{
    struct reading reading = {.region = region, .draft = out, .error = error, .keep_alive = true};
    const char *what = kind == DRAFT_REQUEST    ? "a request"
                       : kind == DRAFT_RESPONSE ? "a response"
                                                : "an interim response";
    const char *const *keys = kind == DRAFT_REQUEST    ? REQUEST_KEYS
                              : kind == DRAFT_RESPONSE ? RESPONSE_KEYS
                                                       : INTERIM_KEYS;
    bool is_map = node->kind == YAML_MAP;

    *out = (struct draft){.kind = kind, .chunk_bytes = DRAFT_CHUNK_BYTES};
    if (!is_map && (kind == DRAFT_REQUEST || node->kind != YAML_SCALAR))
        return yaml_fail(error, node, "%s is a map such as {%s}", what,
                         kind == DRAFT_REQUEST ? "method: GET, path: /" : "status: 200, body: 11");
    if (is_map && !yaml_check_keys(node, what, keys, error))
        return false;
    if (kind == DRAFT_REQUEST ? !read_start_of_request(&reading, node)
                              : !read_start_of_response(&reading, node))
        return false;
    if (is_map) {
        struct field_list list;

        if (!read_fields(&reading, yaml_get(node, "headers"), &list))
            return false;
        out->fields = list.fields;
        out->field_count = list.count;
        if (!read_fields(&reading, yaml_get(node, "trailers"), &list))
            return false;
        out->trailers = list.fields;
        out->trailer_count = list.count;
        if (!read_body(&reading, yaml_get(node, "body")))
            return false;
    }
    return make_rest(&reading, node);
}

bool draft_standing(struct region *region, struct draft *out)
{
    struct yaml_node node = {
        .kind = YAML_SCALAR, .file = "", .text = "200", .text_size = sizeof("200") - 1};
    struct yaml_error error = {.sentence = ""};

    return draft_parse(region, &node, DRAFT_RESPONSE, out, &error);
}

static size_t count_values(const struct yaml_node *map)
{
    size_t count = 0;

    for (const struct yaml_node *value = map->first; value != NULL; value = value->next)
        count += value->kind == YAML_LIST ? value->count : 1;
    return count;
}

/* The fields of one map: a scalar, a {bytes: N}, or a list of them for a name that is repeated. */
static bool add_fields(struct reading *reading, const struct yaml_node *map,
                       struct field_list *list)
{
    for (const struct yaml_node *value = map->first; value != NULL; value = value->next) {
        bool repeated = value->kind == YAML_LIST;
        const struct yaml_node *one = repeated ? value->first : value;

        for (; one != NULL; one = repeated ? one->next : NULL) {
            struct message_field *field = &list->fields[list->count];

            if (one->kind == YAML_LIST)
                return yaml_fail(reading->error, one, "a field's value is a text");
            field->name = bytes_make(value->key->text, value->key->text_size);
            if (!read_long_text(reading, one, "a field's value", &field->value))
                return false;
            list->count++;
        }
    }
    return true;
}

static bool read_fields(struct reading *reading, const struct yaml_node *node,
                        struct field_list *out)
{
    size_t count = 0;

    *out = (struct field_list){.fields = NULL};
    if (node == NULL)
        return true;
    if (node->kind == YAML_SCALAR)
        return yaml_fail(reading->error, node,
                         "fields are a map name: value, or a list of such maps");
    if (node->kind == YAML_MAP)
        count = count_values(node);
    else
        for (const struct yaml_node *map = node->first; map != NULL; map = map->next) {
            if (map->kind != YAML_MAP)
                return yaml_fail(reading->error, map, "a field is a map name: value");
            count += count_values(map);
        }
    if (count == 0)
        return true;
    out->fields = region_take(reading->region, count * sizeof(*out->fields));
    if (out->fields == NULL)
        return no_memory(reading, node);
    if (node->kind == YAML_MAP)
        return add_fields(reading, node, out);
    for (const struct yaml_node *map = node->first; map != NULL; map = map->next)
        if (!add_fields(reading, map, out))
            return false;
    return true;
}

static bool read_framing(struct reading *reading, const struct yaml_node *node)
{
    struct draft *draft = reading->draft;
    int word = yaml_word(node, "framing", FRAMING_WORDS, reading->error);

    if (word < 0)
        return false;
    draft->framing = (enum message_framing)word;
    if (draft->framing == MESSAGE_CLOSE && draft->kind == DRAFT_REQUEST)
        return yaml_fail(reading->error, node,
                         "a request cannot be ended by closing (RFC 9112 6.3): content-length, "
                         "chunked or none");
    return true;
}

static bool read_body_map(struct reading *reading, const struct yaml_node *map)
{
    struct draft *draft = reading->draft;
    const struct yaml_node *bytes = yaml_get(map, "bytes");
    const struct yaml_node *text = yaml_get(map, "text");
    const struct yaml_node *chunk = yaml_get(map, "chunk");
    const struct yaml_node *declared = yaml_get(map, "declared");
    const struct yaml_node *framing = yaml_get(map, "framing");

    if (!yaml_check_keys(map, "a body", BODY_KEYS, reading->error))
        return false;
    if ((bytes == NULL) == (text == NULL))
        return yaml_fail(reading->error, map, "a body has either `bytes` or `text`");
    if (bytes != NULL &&
        !yaml_size(bytes, "bytes", DRAFT_BODY_BYTES_MAX, &draft->body_bytes, reading->error))
        return false;
    if (text != NULL) {
        if (text->kind != YAML_SCALAR)
            return yaml_fail(reading->error, text, "`text` is a text");
        draft->text = bytes_make(text->text, text->text_size);
        draft->body_bytes = text->text_size;
    }
    if (framing != NULL && !read_framing(reading, framing))
        return false;
    if (chunk != NULL && draft->framing != MESSAGE_CHUNKED)
        return yaml_fail(reading->error, chunk, "`chunk` needs `framing: chunked`");
    if (chunk != NULL &&
        (!yaml_size(chunk, "chunk", DRAFT_BODY_BYTES_MAX, &draft->chunk_bytes, reading->error)))
        return false;
    if (draft->chunk_bytes == 0)
        return yaml_fail(reading->error, chunk, "a chunk has at least 1 byte");
    if (declared != NULL && draft->framing != MESSAGE_LENGTH)
        return yaml_fail(reading->error, declared, "`declared` needs `framing: content-length`");
    reading->declared_said = declared != NULL;
    return declared == NULL ||
           yaml_size(declared, "declared", UINT64_MAX, &reading->declared, reading->error);
}

static bool read_body(struct reading *reading, const struct yaml_node *node)
{
    struct draft *draft = reading->draft;

    if (node == NULL)
        return true;
    if (node->kind == YAML_LIST)
        return yaml_fail(reading->error, node, "a body is none, a number of bytes, or a map");
    draft->framing = MESSAGE_LENGTH;
    if (node->kind == YAML_SCALAR && strcmp(node->text, "none") == 0)
        draft->framing = MESSAGE_NO_BODY;
    else if (node->kind == YAML_SCALAR ? !yaml_size(node, "body", DRAFT_BODY_BYTES_MAX,
                                                    &draft->body_bytes, reading->error)
                                       : !read_body_map(reading, node))
        return false;
    if (draft->framing == MESSAGE_NO_BODY)
        draft->body_bytes = 0;
    return true;
}

/* The framing field that belongs to the body; nothing where none is due. */
static bool make_framing_field(struct reading *reading)
{
    struct draft *draft = reading->draft;
    struct splice digits = {.room = SPLICE_NUMBER_BYTES};

    if (draft->kind == DRAFT_RESPONSE && draft->framing == MESSAGE_NO_BODY &&
        !status_forbids_body(draft->status))
        draft->framing = MESSAGE_LENGTH;
    if (draft->kind != DRAFT_REQUEST && draft->status != 304 && status_forbids_body(draft->status))
        draft->framing = MESSAGE_NO_BODY; /* RFC 9110 8.6: not even a Content-Length */
    if (draft->framing == MESSAGE_CHUNKED) {
        make_field(reading, "Transfer-Encoding", "chunked");
    } else if (draft->framing == MESSAGE_LENGTH) {
        uint64_t length = reading->declared_said ? reading->declared : draft->body_bytes;

        digits.data = region_take(reading->region, SPLICE_NUMBER_BYTES + 1);
        if (digits.data == NULL)
            return false;
        splice_number(&digits, length, 10);
        make_field(reading, "Content-Length", digits.data);
    }
    return true;
}

static size_t fields_size(const struct message_field *fields, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += fields[i].name.size + fields[i].value.size + sizeof(": \r\n") - 1;
    return size;
}

static char *append(char *to, struct bytes part)
{
    if (part.size > 0)
        memcpy(to, part.data, part.size);
    return to + part.size;
}

static char *append_fields(char *to, const struct message_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to = append(to, fields[i].name);
        to = append(to, bytes_of(": "));
        to = append(to, fields[i].value);
        to = append(to, bytes_of("\r\n"));
    }
    return to;
}

/* The tail of a chunked body: last chunk, trailers, empty line. */
static bool make_tail(struct reading *reading)
{
    struct draft *draft = reading->draft;
    size_t size = fields_size(draft->trailers, draft->trailer_count) + sizeof("0\r\n\r\n") - 1;
    char *tail = region_take(reading->region, size);
    char *end;

    if (tail == NULL)
        return false;
    end = append(tail, bytes_of("0\r\n"));
    end = append_fields(end, draft->trailers, draft->trailer_count);
    append(end, bytes_of("\r\n"));
    draft->tail = bytes_make(tail, size);
    return true;
}

static bool make_rest(struct reading *reading, const struct yaml_node *node)
{
    struct draft *draft = reading->draft;
    size_t size;
    char *rest;
    char *end;

    if (draft->trailer_count > 0 && draft->framing != MESSAGE_CHUNKED)
        return yaml_fail(reading->error, node, "trailers need `framing: chunked` (RFC 9112 7.1.2)");
    if (!make_framing_field(reading))
        return no_memory(reading, node);
    for (size_t i = 0; i < draft->field_count; i++)
        if (bytes_equal_text_nocase(draft->fields[i].name, "host"))
            draft->own_host = true;
    size = fields_size(draft->fields, draft->field_count) +
           fields_size(reading->made, reading->made_count) + sizeof("\r\n") - 1;
    rest = region_take(reading->region, size);
    if (rest == NULL || (draft->framing == MESSAGE_CHUNKED && !make_tail(reading)))
        return no_memory(reading, node);
    end = append_fields(rest, draft->fields, draft->field_count);
    end = append_fields(end, reading->made, reading->made_count);
    append(end, bytes_of("\r\n"));
    draft->rest = bytes_make(rest, size);
    return true;
}

static const char *reason_of(unsigned status)
{
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
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < COUNT_OF(REASONS); i++)
        if (REASONS[i].status == status)
            return REASONS[i].reason;
    return "Status";
}

bool draft_declares(const struct draft *draft, uint64_t *length)
{
    static const char NAME[] = "Content-Length:";
    struct bytes rest = draft->rest;
    const char *field =
        rest.size == 0 ? NULL : memmem(rest.data, rest.size, NAME, sizeof(NAME) - 1);

    if (draft->framing != MESSAGE_LENGTH || field == NULL)
        return false;
    const char *value = field + sizeof(NAME) - 1;
    const char *end = memchr(value, '\r', (size_t)((const char *)rest.data + rest.size - value));
    return end != NULL &&
           bytes_to_u64(bytes_trim(bytes_make(value, (size_t)(end - value))), UINT64_MAX, length);
}
