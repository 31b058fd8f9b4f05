#include "proxy/wire/http1_reader.h"

#include "proxy/wire/http1_head.h"

/* What one call of http1_reader_next() works on. */
struct flow {
    struct bytes input;
    struct bytes body;
};

/* Returns READER_MORE, having used the input up or moved on to another state, where there is nothing to say. */
typedef enum reader_step reading(struct http1_reader *reader, struct flow *flow);

static reading read_begin;
static reading read_begin_lf;
static reading read_head;
static reading read_length;
static reading read_close;
static reading read_chunk_line;
static reading read_chunk_data;
static reading read_chunk_end;
static reading read_trailers;
static reading read_nothing;

static reading *const READINGS[] = {
    [READING_BEGIN] = read_begin,
    [READING_BEGIN_LF] = read_begin_lf,
    [READING_HEAD] = read_head,
    [READING_LENGTH] = read_length,
    [READING_CLOSE] = read_close,
    [READING_CHUNK_LINE] = read_chunk_line,
    [READING_CHUNK_DATA] = read_chunk_data,
    [READING_CHUNK_END] = read_chunk_end,
    [READING_TRAILERS] = read_trailers,
    [READING_DONE] = read_nothing,
    [READING_REFUSED] = read_nothing,
};

void http1_reader_init(struct http1_reader *reader, const struct reader_settings *settings)
{
    check(settings->limits.head_bytes_max <= settings->head->storage_max);
    check(settings->trailers->storage_max >= sizeof("\r\n") - 1);
    *reader = (struct http1_reader){
        .kind = settings->kind,
        .limits = settings->limits,
        .head = settings->head,
        .trailers = settings->trailers,
    };
    http1_reader_next_message(reader);
}

static void start_guard(struct http1_reader *reader, enum guard_section section, size_t bytes_max)
{
    http1_guard_start(&reader->guard, section, bytes_max, reader->limits.uri_bytes_max);
}

void http1_reader_next_message(struct http1_reader *reader)
{
    bool request = reader->kind == READ_REQUEST;

    head_clear(reader->head);
    head_clear(reader->trailers);
    reader->framing = FRAMING_NONE;
    reader->content_length = 0;
    reader->keep_alive = reader->upgrade = reader->expect_continue = false;
    reader->refusal = (struct reader_refusal){0};
    reader->left = 0;
    reader->body_bytes = 0;
    reader->state = request ? READING_BEGIN : READING_HEAD;
    start_guard(reader, request ? GUARD_REQUEST_HEAD : GUARD_RESPONSE_HEAD,
                reader->limits.head_bytes_max);
}

void http1_reader_expect_response_to(struct http1_reader *reader, struct bytes method)
{
    check(reader->kind == READ_RESPONSE);
    reader->answers_head = bytes_equal_text(method, "HEAD");
    reader->answers_connect = bytes_equal_text(method, "CONNECT");
}

enum reader_step http1_reader_next(struct http1_reader *reader, struct bytes *input,
                                   struct bytes *body)
{
    struct flow flow = {.input = *input};
    enum reader_step step;

    do
        step = READINGS[reader->state](reader, &flow);
    while (step == READER_MORE && flow.input.size > 0);
    *input = flow.input;
    *body = flow.body;
    return step;
}

static enum reader_step refuse(struct http1_reader *reader, int status, const char *rule)
{
    reader->state = READING_REFUSED;
    reader->refusal = (struct reader_refusal){.status = status, .rule = rule};
    return READER_REFUSED;
}

enum reader_step http1_reader_end_of_input(struct http1_reader *reader)
{
    switch (reader->state) {
    case READING_BEGIN:
        return READER_MORE;
    case READING_HEAD:
        return reader->guard.bytes == 0 ? READER_MORE : refuse(reader, 400, "head is incomplete");
    case READING_CLOSE:
        reader->state = READING_DONE;
        return READER_END;
    case READING_DONE:
        return READER_END;
    case READING_REFUSED:
        return READER_REFUSED;
    default:
        return refuse(reader, 400, "message is incomplete"); /* RFC 9112 8 */
    }
}

static struct bytes take(struct bytes *input, size_t size)
{
    struct bytes taken = bytes_make(input->data, size);

    if (size > 0) /* an empty input may have no address to count from */
        *input = bytes_make(input->data + size, input->size - size);
    return taken;
}

/* An empty line before a request line is passed over once; RFC 9112 2.2. */
static enum reader_step read_begin(struct http1_reader *reader, struct flow *flow)
{
    if (flow->input.size > 0 && flow->input.data[0] == '\r') {
        take(&flow->input, 1);
        reader->state = READING_BEGIN_LF;
    } else if (flow->input.size > 0) {
        reader->state = READING_HEAD;
    }
    return READER_MORE;
}

static enum reader_step read_begin_lf(struct http1_reader *reader, struct flow *flow)
{
    if (flow->input.size == 0)
        return READER_MORE;
    if (flow->input.data[0] != '\n')
        return refuse(reader, 400, "CR without LF");
    take(&flow->input, 1);
    reader->state = READING_HEAD;
    return READER_MORE;
}

/* Has the guard look at the input and takes what it approves of; a refusal becomes the reader's. */
static enum guard_verdict pass_guard(struct http1_reader *reader, struct flow *flow,
                                     struct bytes *passed)
{
    size_t size = 0;
    enum guard_verdict verdict = http1_guard_take(&reader->guard, flow->input, &size);

    *passed = take(&flow->input, size);
    if (verdict == GUARD_REFUSED)
        refuse(reader, reader->guard.refusal.status, reader->guard.refusal.rule);
    return verdict;
}

/*
 * Reads a section with fields into a head: its bytes as they came, and once it is complete its parts. READER_END
 * says that it is.
 */
static enum reader_step read_section(struct http1_reader *reader, struct flow *flow,
                                     struct head *head)
{
    struct reader_refusal refusal;
    struct bytes passed;
    struct bytes kept;
    enum guard_verdict verdict = pass_guard(reader, flow, &passed);
    bool stored = head_store(head, passed, &kept);

    check(stored);
    if (verdict == GUARD_REFUSED)
        return READER_REFUSED;
    if (verdict == GUARD_MORE)
        return READER_MORE;
    if (!http1_head_split(head, reader->guard.section, &refusal))
        return refuse(reader, refusal.status, refusal.rule);
    if (head->field_count != reader->guard.field_lines)
        return refuse(reader, 400, "fields can be read in two ways");
    return READER_END;
}

/* What the fields of a head say about the message and the connection. */
struct head_facts {
    struct framing_facts framing;
    bool close;
    bool keep_alive;
    bool upgrade_option;
    bool upgrade_field;
    bool expect_continue;
};

static void note_value(size_t *count, struct bytes *value, const struct field *field)
{
    if ((*count)++ == 0)
        *value = field->value;
}

static void note_connection(struct head_facts *facts, struct bytes options)
{
    struct bytes option;

    while (bytes_take_list_element(&options, &option)) {
        facts->close |= bytes_equal_text_nocase(option, "close");
        facts->keep_alive |= bytes_equal_text_nocase(option, "keep-alive");
        facts->upgrade_option |= bytes_equal_text_nocase(option, "upgrade");
    }
}

static void note_expect(struct head_facts *facts, struct bytes expectations)
{
    struct bytes expectation;

    while (bytes_take_list_element(&expectations, &expectation))
        facts->expect_continue |= bytes_equal_text_nocase(expectation, "100-continue");
}

/* Names are told apart by their size first: most fields are none of these. */
static void note_field(struct head_facts *facts, const struct field *field)
{
    struct framing_facts *framing = &facts->framing;

    switch (field->name.size) {
    case sizeof("expect") - 1:
        if (bytes_equal_text_nocase(field->name, "expect"))
            note_expect(facts, field->value);
        break;
    case sizeof("upgrade") - 1:
        facts->upgrade_field |= bytes_equal_text_nocase(field->name, "upgrade");
        break;
    case sizeof("connection") - 1:
        if (bytes_equal_text_nocase(field->name, "connection"))
            note_connection(facts, field->value);
        break;
    case sizeof("content-length") - 1:
        if (bytes_equal_text_nocase(field->name, "content-length"))
            note_value(&framing->content_length_fields, &framing->content_length, field);
        break;
    case sizeof("transfer-encoding") - 1:
        if (bytes_equal_text_nocase(field->name, "transfer-encoding"))
            note_value(&framing->transfer_encoding_fields, &framing->transfer_encoding, field);
        break;
    default:
        break;
    }
}

static struct bytes request_method(const struct http1_reader *reader)
{
    if (reader->kind == READ_REQUEST)
        return reader->head->method;
    if (reader->answers_head)
        return bytes_of("HEAD");
    return bytes_of(reader->answers_connect ? "CONNECT" : "");
}

static struct head_facts gather(const struct http1_reader *reader)
{
    const struct head *head = reader->head;
    struct head_facts facts = {
        .framing = {.response = reader->kind == READ_RESPONSE,
                    .method = request_method(reader),
                    .status = head->status,
                    .minor = head->minor},
    };

    for (size_t i = 0; i < head->field_count; i++)
        note_field(&facts, &head->fields[i]);
    return facts;
}

static void begin_body(struct http1_reader *reader)
{
    switch (reader->framing) {
    case FRAMING_LENGTH:
        reader->left = reader->content_length;
        reader->state = reader->left > 0 ? READING_LENGTH : READING_DONE;
        return;
    case FRAMING_CHUNKED:
        start_guard(reader, GUARD_CHUNK_LINE, CHUNK_LINE_BYTES_MAX);
        reader->state = READING_CHUNK_LINE;
        return;
    case FRAMING_CLOSE:
        reader->left = reader->limits.body_bytes_max;
        reader->state = READING_CLOSE;
        return;
    case FRAMING_NONE:
    default:
        reader->state = READING_DONE;
    }
}

static enum reader_step finish_head(struct http1_reader *reader)
{
    const struct head_facts facts = gather(reader);
    const struct framing_decision decision = framing_decide(&facts.framing);

    if (decision.refusal != 0)
        return refuse(reader, decision.refusal, decision.rule);
    if (decision.framing == FRAMING_LENGTH &&
        decision.content_length > reader->limits.body_bytes_max)
        return refuse(reader, 413, "body is too large");
    reader->framing = decision.framing;
    reader->content_length = decision.content_length;
    /* RFC 9112 9.3: close wins, HTTP/1.1 persists, HTTP/1.0 must ask for it. */
    reader->keep_alive = !facts.close && (reader->head->minor >= 1 || facts.keep_alive) &&
                         decision.framing != FRAMING_CLOSE;
    reader->upgrade = facts.upgrade_option && facts.upgrade_field;
    /* RFC 9110 10.1.1: HTTP/1.0 does not know it. */
    reader->expect_continue =
        facts.expect_continue && reader->kind == READ_REQUEST && reader->head->minor >= 1;
    begin_body(reader);
    return READER_HEAD;
}

static enum reader_step read_head(struct http1_reader *reader, struct flow *flow)
{
    enum reader_step step = read_section(reader, flow, reader->head);

    return step == READER_END ? finish_head(reader) : step;
}

/* Hands out body bytes while some are left of what was promised. */
static enum reader_step read_promised(struct http1_reader *reader, struct flow *flow)
{
    size_t size = flow->input.size < reader->left ? flow->input.size : (size_t)reader->left;

    if (size == 0)
        return READER_MORE;
    flow->body = take(&flow->input, size);
    reader->left -= size;
    return READER_BODY;
}

static enum reader_step read_length(struct http1_reader *reader, struct flow *flow)
{
    enum reader_step step = read_promised(reader, flow);

    if (reader->left == 0)
        reader->state = READING_DONE;
    return step;
}

static enum reader_step read_close(struct http1_reader *reader, struct flow *flow)
{
    if (flow->input.size > 0 && reader->left == 0)
        return refuse(reader, 413, "body is too large");
    return read_promised(reader, flow);
}

static enum reader_step read_chunk_data(struct http1_reader *reader, struct flow *flow)
{
    enum reader_step step = read_promised(reader, flow);

    if (reader->left == 0) {
        start_guard(reader, GUARD_CHUNK_END, sizeof("\r\n") - 1);
        reader->state = READING_CHUNK_END;
    }
    return step;
}

static enum reader_step read_chunk_line(struct http1_reader *reader, struct flow *flow)
{
    struct bytes passed;
    enum guard_verdict verdict = pass_guard(reader, flow, &passed);
    uint64_t size = reader->guard.chunk_size;

    if (verdict == GUARD_REFUSED)
        return READER_REFUSED;
    if (verdict == GUARD_MORE)
        return READER_MORE;
    if (size > reader->limits.body_bytes_max - reader->body_bytes)
        return refuse(reader, 413, "body is too large");
    reader->body_bytes += size;
    reader->left = size;
    reader->state = READING_CHUNK_DATA;
    if (size == 0) {
        start_guard(reader, GUARD_TRAILERS, reader->trailers->storage_max);
        reader->state = READING_TRAILERS;
    }
    return READER_MORE;
}

static enum reader_step read_chunk_end(struct http1_reader *reader, struct flow *flow)
{
    struct bytes passed;
    enum guard_verdict verdict = pass_guard(reader, flow, &passed);

    if (verdict == GUARD_REFUSED)
        return READER_REFUSED;
    if (verdict == GUARD_DONE) {
        start_guard(reader, GUARD_CHUNK_LINE, CHUNK_LINE_BYTES_MAX);
        reader->state = READING_CHUNK_LINE;
    }
    return READER_MORE;
}

static enum reader_step read_trailers(struct http1_reader *reader, struct flow *flow)
{
    enum reader_step step = read_section(reader, flow, reader->trailers);

    if (step != READER_END)
        return step;
    reader->state = READING_DONE;
    return reader->trailers->field_count > 0 ? READER_TRAILERS : READER_END;
}

static enum reader_step read_nothing(struct http1_reader *reader, struct flow *flow)
{
    (void)flow;
    return reader->state == READING_DONE ? READER_END : READER_REFUSED;
}
