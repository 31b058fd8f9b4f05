#include "proxy/wire/http1_guard.h"

#include <string.h>

#include "retryproof/limits.h"

enum guard_state {
    METHOD,
    TARGET,
    REQUEST_VERSION,
    REQUEST_VERSION_END,
    RESPONSE_VERSION,
    RESPONSE_VERSION_END,
    STATUS,
    STATUS_END,
    REASON,
    LINE_LF, /* of the start line or a field line */
    LINE_BEGIN,
    NAME,
    VALUE,
    LAST_LF, /* of the empty line */
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_END,
    CHUNK_LF,
    DONE,
    REFUSED,
};

/* Which bytes may stand where. */
enum {
    CLASS_TOKEN = 1,  /* tchar, RFC 9110 5.6.2 */
    CLASS_TARGET = 2, /* visible ASCII without "#": a target has no fragment, RFC 9112 3.2 */
    CLASS_VALUE = 4,  /* VCHAR, obs-text, SP, HTAB: field values, reasons, chunk extensions */
};

enum {
    VERSION_SIZE = 8,           /* "HTTP/1.1", RFC 9112 2.3 */
    STATUS_SIZE = 3,            /* RFC 9112 4 */
    CHUNK_SIZE_DIGITS_MAX = 16, /* sixteen hexadecimal digits are a number of 64 bits */
};

/*
 * A part of a line: bytes of one class (class 0: none), at least so many, then the byte that ends it. States
 * without an end byte have rules of their own in take_byte().
 */
struct part {
    uint8_t class;
    uint8_t size_min;
    uint8_t end;
    enum guard_state next;
    const char *rule; /* what was broken where another byte comes */
};

const char RULE_TARGET_NOT_VALID[] = "target is not valid";

static const struct part PARTS[] = {
    [METHOD] = {CLASS_TOKEN, 1, ' ', TARGET, "method is not a token"},
    [TARGET] = {CLASS_TARGET, 1, ' ', REQUEST_VERSION, RULE_TARGET_NOT_VALID},
    [REQUEST_VERSION_END] = {0, 0, '\r', LINE_LF, "request line does not end behind its version"},
    [RESPONSE_VERSION_END] = {0, 0, ' ', STATUS, "no space behind the version"},
    [STATUS_END] = {0, 0, ' ', REASON, "no space behind the status"},
    [REASON] = {CLASS_VALUE, 0, '\r', LINE_LF, "control byte in the reason"},
    [LINE_LF] = {0, 0, '\n', LINE_BEGIN, "CR without LF"},
    [NAME] = {CLASS_TOKEN, 1, ':', VALUE, "field name is not a token"},
    [VALUE] = {CLASS_VALUE, 0, '\r', LINE_LF, "control byte in a field value"},
    [LAST_LF] = {0, 0, '\n', DONE, "CR without LF"},
    [CHUNK_EXTENSION] = {CLASS_VALUE, 0, '\r', CHUNK_LF, "control byte in a chunk extension"},
    [CHUNK_END] = {0, 0, '\r', CHUNK_LF, "chunk does not end behind its data"},
    [CHUNK_LF] = {0, 0, '\n', DONE, "CR without LF"},
    [REFUSED] = {0},
};

static const char VERSION_BEGIN[] = "HTTP/";

/* A row is sixteen bytes of ASCII; past it all is obs-text. */
#define V CLASS_VALUE
#define G (CLASS_VALUE | CLASS_TARGET)
#define K (CLASS_VALUE | CLASS_TARGET | CLASS_TOKEN)
#define H (CLASS_VALUE | CLASS_TOKEN)
static const uint8_t CLASSES[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0, /* HTAB */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
    V, K, G, H, K, K, K, K, G, G, K, K, G, K, K, G, /* SP ! " # $ % & ' ( ) * + , - . / */
    K, K, K, K, K, K, K, K, K, K, G, G, G, G, G, G, /* 0 to 9 : ; < = > ? */
    G, K, K, K, K, K, K, K, K, K, K, K, K, K, K, K, /* @ A to O */
    K, K, K, K, K, K, K, K, K, K, K, G, G, G, K, K, /* P to Z [ \ ] ^ _ */
    K, K, K, K, K, K, K, K, K, K, K, K, K, K, K, K, /* ` a to o */
    K, K, K, K, K, K, K, K, K, K, K, G, K, G, K, 0, /* p to z { | } ~ DEL */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* obs-text, RFC 9110 5.5 */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* */
};
#undef V
#undef G
#undef K
#undef H

void http1_guard_start(struct http1_guard *guard, enum guard_section section, size_t bytes_max,
                       size_t uri_bytes_max)
{
    static const enum guard_state begins[] = {
        [GUARD_REQUEST_HEAD] = METHOD, [GUARD_RESPONSE_HEAD] = RESPONSE_VERSION,
        [GUARD_TRAILERS] = LINE_BEGIN, [GUARD_CHUNK_LINE] = CHUNK_SIZE,
        [GUARD_CHUNK_END] = CHUNK_END,
    };

    *guard = (struct http1_guard){
        .section = section,
        .state = begins[section],
        .bytes_max = bytes_max,
        .uri_bytes_max = uri_bytes_max,
    };
}

static void enter(struct http1_guard *guard, enum guard_state state)
{
    guard->state = state;
    guard->at = 0;
}

static void refuse(struct http1_guard *guard, int status, const char *rule)
{
    guard->state = REFUSED;
    guard->refusal = (struct reader_refusal){.status = status, .rule = rule};
}

/* The section is as long as it may be and does not end here. */
static void refuse_length(struct http1_guard *guard)
{
    switch (guard->section) {
    case GUARD_REQUEST_HEAD:
        if (guard->state <= REQUEST_VERSION_END)
            refuse(guard, 414, "request line is too long");
        else
            refuse(guard, 431, "head is too large");
        return;
    case GUARD_RESPONSE_HEAD:
        refuse(guard, 431, "head is too large");
        return;
    case GUARD_TRAILERS:
        refuse(guard, 431, "trailer section is too large");
        return;
    case GUARD_CHUNK_LINE:
    case GUARD_CHUNK_END:
    default:
        refuse(guard, 400, "chunk line is too long");
    }
}

/* Versions and statuses are checked when their last digit is there. */
static void finish_number(struct http1_guard *guard, enum guard_state next)
{
    if (guard->state == STATUS && (guard->number < 100 || guard->number > 599))
        refuse(guard, 400, "status is not between 100 and 599"); /* RFC 9110 15 */
    else if (guard->state != STATUS && guard->number != 10 && guard->number != 11)
        refuse(guard, 505, "version is neither HTTP/1.0 nor HTTP/1.1");
    else
        enter(guard, next);
}

static void take_digit(struct http1_guard *guard, uint8_t byte, const char *rule)
{
    if (byte < '0' || byte > '9') {
        refuse(guard, 400, rule);
        return;
    }
    guard->number = guard->number * 10 + (unsigned)(byte - '0');
    guard->at++;
}

/* "HTTP/1.1" is what nearly all say: it is taken whole where all of it is there. How many bytes it is, or 0. */
static size_t take_usual_version(struct http1_guard *guard, const uint8_t *data, size_t size)
{
    if (guard->at > 0 || size < VERSION_SIZE || memcmp(data, "HTTP/1.1", VERSION_SIZE) != 0)
        return 0;
    guard->number = 11;
    finish_number(guard,
                  guard->state == REQUEST_VERSION ? REQUEST_VERSION_END : RESPONSE_VERSION_END);
    return VERSION_SIZE;
}

/* Nearly every line ends in CR LF: they are taken together where both are there. How many bytes they are, or 0. */
static size_t take_usual_line_end(struct http1_guard *guard, const uint8_t *data, size_t size)
{
    if (size < 2 || data[0] != '\r' || data[1] != '\n')
        return 0;
    enter(guard, LINE_BEGIN);
    return 2;
}

/* "HTTP/" DIGIT "." DIGIT */
static void take_version(struct http1_guard *guard, uint8_t byte, enum guard_state next)
{
    const size_t major_at = sizeof(VERSION_BEGIN) - 1;
    static const char rule[] = "version is not HTTP/ and two digits";

    if (guard->at == major_at || guard->at == major_at + 2) {
        if (guard->at == major_at)
            guard->number = 0;
        take_digit(guard, byte, rule);
    } else if (byte == (guard->at < major_at ? (uint8_t)VERSION_BEGIN[guard->at] : '.')) {
        guard->at++;
    } else {
        refuse(guard, 400, rule);
    }
    if (guard->at == VERSION_SIZE)
        finish_number(guard, next);
}

static void take_status(struct http1_guard *guard, uint8_t byte)
{
    if (guard->at == 0)
        guard->number = 0;
    take_digit(guard, byte, "status is not three digits");
    if (guard->at == STATUS_SIZE)
        finish_number(guard, STATUS_END);
}

static void take_line_begin(struct http1_guard *guard, uint8_t byte)
{
    if (byte == '\r') {
        enter(guard, LAST_LF);
    } else if (byte == ' ' || byte == '\t') {
        refuse(guard, 400, "a field line is folded"); /* RFC 9112 5.2, and 2.2 for the first */
    } else if ((CLASSES[byte] & CLASS_TOKEN) == 0) {
        refuse(guard, 400, byte == '\n' ? "LF without CR" : PARTS[NAME].rule);
    } else if (guard->field_lines == HEAD_FIELDS_MAX) {
        refuse(guard, 431, "too many fields");
    } else {
        guard->field_lines++;
        enter(guard, NAME);
        guard->at = 1;
    }
}

/* The value of a hexadecimal digit, or -1. */
static int hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/*
 * RFC 9112 7.1.1 has readers bear white space before an extension; nobody honest sends it, and what another reader
 * takes for a line end behind it is how requests are smuggled, so it is refused.
 */
static void take_chunk_size(struct http1_guard *guard, uint8_t byte)
{
    int value = hex_value(byte);

    if (value >= 0 && guard->at == CHUNK_SIZE_DIGITS_MAX) {
        refuse(guard, 400, "chunk size has more than 16 digits");
    } else if (value >= 0) {
        guard->chunk_size = guard->chunk_size << 4 | (uint64_t)value;
        guard->at++;
    } else if (guard->at > 0 && byte == '\r') {
        enter(guard, CHUNK_LF);
    } else if (guard->at > 0 && byte == ';') {
        enter(guard, CHUNK_EXTENSION);
    } else {
        refuse(guard, 400, "chunk size is not a hexadecimal number");
    }
}

/* A byte that does not belong to the present part: its end, or a mistake. */
static void take_end(struct http1_guard *guard, uint8_t byte)
{
    const struct part *part = &PARTS[guard->state];

    if (byte == part->end && guard->at >= part->size_min)
        enter(guard, part->next);
    else if (guard->state == TARGET && (CLASSES[byte] & CLASS_TARGET) != 0)
        refuse(guard, 414, "target is too long");
    else if (guard->state == TARGET && (guard->at == 0 || byte == '\r' || byte == '\n'))
        refuse(guard, 400, "request line lacks a part");
    else if (guard->state == NAME && (byte == ' ' || byte == '\t'))
        refuse(guard, 400, "white space between field name and colon"); /* RFC 9112 5.1 */
    else if (byte == '\n' && part->end == '\r')
        refuse(guard, 400,
               "LF without CR"); /* RFC 9112 2.2 lets us bear it; smugglers live on it */
    else
        refuse(guard, 400, part->rule);
}

static void take_byte(struct http1_guard *guard, uint8_t byte)
{
    switch (guard->state) {
    case REQUEST_VERSION:
        take_version(guard, byte, REQUEST_VERSION_END);
        return;
    case RESPONSE_VERSION:
        take_version(guard, byte, RESPONSE_VERSION_END);
        return;
    case STATUS:
        take_status(guard, byte);
        return;
    case LINE_BEGIN:
        take_line_begin(guard, byte);
        return;
    case CHUNK_SIZE:
        take_chunk_size(guard, byte);
        return;
    default:
        take_end(guard, byte);
    }
}

/* How many bytes from the front are of the class; four at a time, since most of a head is looked at here. */
static size_t count_class(const uint8_t *data, size_t size, uint8_t class)
{
    size_t count = 0;

    while (size - count >= 4 && (CLASSES[data[count]] & CLASSES[data[count + 1]] &
                                 CLASSES[data[count + 2]] & CLASSES[data[count + 3]] & class) != 0)
        count += 4;
    while (count < size && (CLASSES[data[count]] & class) != 0)
        count++;
    return count;
}

/* How many bytes from the front belong to the present part. */
static size_t take_part(struct http1_guard *guard, const uint8_t *data, size_t size_max)
{
    size_t size;

    if (guard->state == TARGET && guard->uri_bytes_max - guard->at < size_max)
        size_max = guard->uri_bytes_max - guard->at;
    size = count_class(data, size_max, PARTS[guard->state].class);
    guard->at += size;
    return size;
}

enum guard_verdict http1_guard_take(struct http1_guard *guard, struct bytes input, size_t *taken)
{
    const size_t room = guard->bytes_max - guard->bytes;
    const size_t size = input.size < room ? input.size : room;
    size_t i = 0;

    check(guard->state < DONE);
    while (i < size && guard->state < DONE) {
        if (PARTS[guard->state].class != 0)
            i += take_part(guard, input.data + i, size - i);
        if (guard->state == VALUE)
            i += take_usual_line_end(guard, input.data + i, size - i);
        else if (guard->state == REQUEST_VERSION || guard->state == RESPONSE_VERSION)
            i += take_usual_version(guard, input.data + i, size - i);
        if (i == size)
            break;
        take_byte(guard, input.data[i]);
        i += guard->state != REFUSED;
    }
    *taken = i;
    guard->bytes += i;
    if (guard->state < DONE && guard->bytes == guard->bytes_max)
        refuse_length(guard);
    if (guard->state == REFUSED)
        return GUARD_REFUSED;
    return guard->state == DONE ? GUARD_DONE : GUARD_MORE;
}
