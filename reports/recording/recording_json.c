#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/recording/recording.h"
#include "world/data/json.h"
#include "world/data/utf8.h"

enum {
    LINE_BYTES_FIRST = 8 * 1024, /* most recordings fit */
    CHARACTER_BYTES_MAX = 6,     /* "\u001f", the longest that one byte becomes */
    NUMBER_BYTES_MAX = 20,       /* of 64 bits */
    KEY_SIGNS = 4,               /* a comma, two quotes and a colon */
};

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD, where text is not UTF-8 */

/* What each byte of a stream becomes between quotes: the character of that number, escaped where JSON asks for it. */
struct characters {
    struct {
        char text[CHARACTER_BYTES_MAX + 1];
        uint8_t size;
    } of[256];
};

/* A line that grows in a region. Without room it stays as it was, and is broken. */
struct line {
    const struct characters *characters;
    struct region *region;
    char *data;
    size_t size, capacity;
    bool broken;
    bool follows; /* a value of the same map or list stands before */
};

static void put_lanes(struct line *line, const struct case_recording *recording);
static void put_connections(struct line *line, const struct case_recording *recording);
static void put_events(struct line *line, const struct case_recording *recording);
static void put_exchanges(struct line *line, const struct case_recording *recording);
static void put_expectations(struct line *line, const struct case_recording *recording);
static void make_characters(struct characters *characters);
static bool make_room(struct line *line, size_t size);
static void open_group(struct line *line, const char *key, char bracket);
static void close_group(struct line *line, char bracket);
static void put_number(struct line *line, const char *key, uint64_t value);
static void put_truth(struct line *line, const char *key, bool value);
static void put_text(struct line *line, const char *key, const char *text);
static void put_bytes(struct line *line, const char *key, const uint8_t *data, size_t size);

const char *recording_role_word(enum recording_role role)
{
    static const char *const words[ROLE_COUNT] = {"client", "proxy", "upstream"};

    check(role < ROLE_COUNT);
    return words[role];
}

const char *recording_way_word(enum recording_way way)
{
    check(way < WAY_COUNT);
    return way == WAY_UP ? "up" : "down";
}

const char *recording_what_word(enum recording_what what)
{
    static const char *const words[RECORDED_COUNT] = {
#define RECORDING_WHAT_WORD(name, word) [RECORDED_##name] = word,
        RECORDING_WHAT_LIST(RECORDING_WHAT_WORD)
#undef RECORDING_WHAT_WORD
    };

    check(what < RECORDED_COUNT);
    return words[what];
}

const char *recording_write(const struct case_recording *recording, struct region *region)
{
    struct characters characters;
    struct line line = {.characters = &characters, .region = region};

    make_characters(&characters);
    open_group(&line, NULL, '{');
    put_connections(&line, recording);
    put_events(&line, recording);
    put_number(&line, "events_lost", recording->events_lost);
    put_exchanges(&line, recording);
    put_expectations(&line, recording);
    put_truth(&line, "from_proxy", recording->from_proxy);
    put_lanes(&line, recording);
    put_truth(&line, "virtual_time", recording->virtual_time);
    close_group(&line, '}');
    if (!make_room(&line, 1))
        return NULL;
    line.data[line.size] = '\0';
    return line.data;
}

/* ---- the parts: keys are sorted, and what is not there is left out -------------------------------- */

static void put_lanes(struct line *line, const struct case_recording *recording)
{
    open_group(line, "lanes", '[');
    for (size_t i = 0; i < recording->lane_count; i++) {
        open_group(line, NULL, '{');
        put_text(line, "name", recording->lanes[i].name);
        put_text(line, "role", recording_role_word(recording->lanes[i].role));
        close_group(line, '}');
    }
    close_group(line, ']');
}

static void put_stream(struct line *line, const char *key, const struct recording_stream *stream)
{
    open_group(line, key, '{');
    put_bytes(line, "data", stream->data, stream->size);
    if (stream->plain_total > 0) {
        put_bytes(line, "plain", stream->plain, stream->plain_size);
        put_number(line, "plain_total", stream->plain_total);
    }
    put_number(line, "total", stream->total);
    close_group(line, '}');
}

static void put_connections(struct line *line, const struct case_recording *recording)
{
    open_group(line, "connections", '[');
    for (size_t i = 0; i < recording->connection_count; i++) {
        const struct recording_connection *connection = &recording->connections[i];

        open_group(line, NULL, '{');
        put_text(line, "client_address", connection->client_address);
        put_number(line, "lane", connection->lane);
        put_text(line, "name", connection->name);
        put_text(line, "secrets", connection->secrets);
        put_text(line, "server_address", connection->server_address);
        open_group(line, "streams", '{');
        put_stream(line, "down", &connection->streams[WAY_DOWN]);
        put_stream(line, "up", &connection->streams[WAY_UP]);
        close_group(line, '}');
        put_truth(line, "tls", connection->tls);
        close_group(line, '}');
    }
    close_group(line, ']');
}

static void put_event(struct line *line, const struct recording_event *event)
{
    open_group(line, NULL, '{');
    put_number(line, "at_ns", event->at_ns);
    if (event->connection != RECORDING_NOWHERE)
        put_number(line, "connection", event->connection);
    if (event->what == RECORDED_BYTES) {
        put_number(line, "offset", event->offset);
        put_number(line, "size", event->size);
    }
    put_text(line, "text", event->text);
    put_text(line, "way", recording_way_word(event->way));
    put_text(line, "what", recording_what_word(event->what));
    close_group(line, '}');
}

static void put_events(struct line *line, const struct case_recording *recording)
{
    open_group(line, "events", '[');
    for (size_t i = 0; i < recording->event_count; i++)
        put_event(line, &recording->events[i]);
    close_group(line, ']');
}

static void put_attempt(struct line *line, const struct recording_attempt *attempt)
{
    open_group(line, NULL, '{');
    put_text(line, "address", attempt->address);
    if (attempt->backoff_ns > 0)
        put_number(line, "backoff_ns", attempt->backoff_ns);
    put_number(line, "begun_ns", attempt->begun_ns);
    put_text(line, "cause", attempt->cause);
    if (attempt->connection != RECORDING_NOWHERE)
        put_number(line, "connection", attempt->connection);
    put_text(line, "decision", attempt->decision);
    put_text(line, "detail", attempt->detail);
    put_number(line, "ended_ns", attempt->ended_ns);
    put_number(line, "number", attempt->number);
    put_truth(line, "retried", attempt->retried);
    put_truth(line, "reused", attempt->reused);
    put_number(line, "rx", attempt->rx);
    put_text(line, "stage", attempt->stage);
    put_number(line, "status", attempt->status);
    put_truth(line, "tls", attempt->tls);
    put_number(line, "tx", attempt->tx);
    put_text(line, "upstream", attempt->upstream);
    close_group(line, '}');
}

static void put_exchanges(struct line *line, const struct case_recording *recording)
{
    open_group(line, "exchanges", '[');
    for (size_t i = 0; i < recording->exchange_count; i++) {
        const struct recording_exchange *exchange = &recording->exchanges[i];

        open_group(line, NULL, '{');
        open_group(line, "attempts", '[');
        for (size_t k = 0; k < exchange->attempt_count; k++)
            put_attempt(line, &exchange->attempts[k]);
        close_group(line, ']');
        put_number(line, "begun_ns", exchange->begun_ns);
        put_text(line, "cause", exchange->cause);
        put_text(line, "client", exchange->client);
        put_number(line, "ended_ns", exchange->ended_ns);
        put_text(line, "error_word", exchange->error_word);
        put_text(line, "method", exchange->method);
        put_text(line, "stage", exchange->stage);
        put_number(line, "status", exchange->status);
        put_text(line, "target", exchange->target);
        close_group(line, '}');
    }
    close_group(line, ']');
}

static void put_expectations(struct line *line, const struct case_recording *recording)
{
    open_group(line, "expectations", '[');
    for (size_t i = 0; i < recording->expectation_count; i++) {
        const struct recording_expectation *expectation = &recording->expectations[i];

        open_group(line, NULL, '{');
        put_text(line, "expected", expectation->expected);
        put_truth(line, "holds", expectation->holds);
        put_text(line, "observed", expectation->observed);
        put_text(line, "what", expectation->what);
        close_group(line, '}');
    }
    close_group(line, ']');
}

/* ---- values ---------------------------------------------------------------------------------------- */

/* Room for so many bytes more: a region gives no piece back, so the line moves into one twice as large. */
static bool make_room(struct line *line, size_t size)
{
    size_t wanted = line->capacity == 0 ? LINE_BYTES_FIRST : line->capacity * 2;
    char *data;

    if (line->broken)
        return false;
    if (size <= line->capacity - line->size)
        return true;
    while (wanted - line->size < size)
        wanted *= 2;
    data = region_take_raw(line->region, wanted);
    if (data == NULL) {
        line->broken = true;
        return false;
    }
    if (line->size > 0)
        memcpy(data, line->data, line->size);
    line->data = data;
    line->capacity = wanted;
    return true;
}

static void put(struct line *line, const char *bytes, size_t size)
{
    if (!make_room(line, size))
        return;
    memcpy(line->data + line->size, bytes, size);
    line->size += size;
}

/* Keys are ours, and plain. */
static void begin_value(struct line *line, const char *key)
{
    size_t size = key == NULL ? 0 : strlen(key);
    char *out;

    if (!make_room(line, size + KEY_SIGNS))
        return;
    out = line->data + line->size;
    if (line->follows)
        *out++ = ',';
    line->follows = true;
    if (key != NULL) {
        *out++ = '"';
        memcpy(out, key, size);
        out += size;
        *out++ = '"';
        *out++ = ':';
    }
    line->size = (size_t)(out - line->data);
}

static void open_group(struct line *line, const char *key, char bracket)
{
    begin_value(line, key);
    put(line, &bracket, 1);
    line->follows = false;
}

static void close_group(struct line *line, char bracket)
{
    put(line, &bracket, 1);
    line->follows = true;
}

static void put_number(struct line *line, const char *key, uint64_t value)
{
    char digits[NUMBER_BYTES_MAX];
    size_t at = sizeof(digits);

    check(value <= JSON_NUMBER_MAX);
    begin_value(line, key);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(line, digits + at, sizeof(digits) - at);
}

static void put_truth(struct line *line, const char *key, bool value)
{
    begin_value(line, key);
    put(line, value ? "true" : "false", value ? 4 : 5);
}

/* What stands for itself between quotes: printable ASCII but '"' and '\\' (RFC 8259 7). */
static bool is_plain(uint8_t byte)
{
    return byte >= ' ' && byte < 0x7F && byte != '"' && byte != '\\';
}

static size_t count_plain(const uint8_t *data, size_t size)
{
    size_t count = 0;

    while (count < size && is_plain(data[count]))
        count++;
    return count;
}

/* One byte of ASCII that is not plain. Room is there. */
static char *put_escape(char *out, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    *out++ = '\\';
    switch (byte) {
    case '"':
    case '\\':
        *out++ = (char)byte;
        return out;
    case '\r':
        *out++ = 'r';
        return out;
    case '\n':
        *out++ = 'n';
        return out;
    default:
        memcpy(out, "u00", 3);
        out[3] = digits[byte >> 4];
        out[4] = digits[byte & 15];
        return out + 5;
    }
}

static size_t put_utf8(char **out, const uint8_t *data, size_t size)
{
    uint32_t code_point;
    size_t length = utf8_take((const char *)data, size, &code_point);
    size_t bytes = length > 0 ? length : sizeof(REPLACEMENT) - 1;

    memcpy(*out, length > 0 ? (const char *)data : REPLACEMENT, bytes);
    *out += bytes;
    return length > 0 ? length : 1;
}

/* A text of UTF-8; NULL is left out. */
static void put_text(struct line *line, const char *key, const char *text)
{
    const uint8_t *data = (const uint8_t *)text;
    size_t size, at = 0;
    char *out;

    if (text == NULL)
        return;
    begin_value(line, key);
    size = strlen(text);
    if (!make_room(line, size * CHARACTER_BYTES_MAX + 2))
        return;
    out = line->data + line->size;
    *out++ = '"';
    while (at < size) {
        size_t plain = count_plain(data + at, size - at);

        memcpy(out, data + at, plain);
        out += plain;
        at += plain;
        if (at == size)
            break;
        if (data[at] < 0x80)
            out = put_escape(out, data[at++]);
        else
            at += put_utf8(&out, data + at, size - at);
    }
    *out++ = '"';
    line->size = (size_t)(out - line->data);
}

static void make_characters(struct characters *characters)
{
    *characters = (struct characters){0};
    for (unsigned byte = 0; byte < COUNT_OF(characters->of); byte++) {
        char *text = characters->of[byte].text;
        char *end = text;

        if (byte >= 0x80) {
            *end++ = (char)(0xC0 | byte >> 6);
            *end++ = (char)(0x80 | (byte & 0x3F));
        } else if (is_plain((uint8_t)byte)) {
            *end++ = (char)byte;
        } else {
            end = put_escape(end, (uint8_t)byte);
        }
        characters->of[byte].size = (uint8_t)(end - text);
    }
}

/* Most of a stream under TLS is not plain, so that bytes are not told apart here: each is copied with room for the longest. */
static void put_bytes(struct line *line, const char *key, const uint8_t *data, size_t size)
{
    char *out;

    begin_value(line, key);
    if (!make_room(line, (size + 1) * CHARACTER_BYTES_MAX + 2))
        return;
    out = line->data + line->size;
    *out++ = '"';
    for (size_t i = 0; i < size; i++) {
        memcpy(out, line->characters->of[data[i]].text, CHARACTER_BYTES_MAX);
        out += line->characters->of[data[i]].size;
    }
    *out++ = '"';
    line->size = (size_t)(out - line->data);
}
