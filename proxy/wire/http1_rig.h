/*
 * For tests: feeds bytes to a reader in any pieces and writes down, as one line of text, what it said.
 *
 *     "POST /x HTTP/1.1 {Host: a} length 5, body hello, end"
 *     "refused 400 field name is not a token"
 *
 * Body bytes are merged over slices, so that the line does not depend on the pieces unless the reader does. After the
 * end of a message the next one is read, up to messages_max; bytes behind that are told as "rest". Every piece lies
 * against a page that cannot be touched, so that a read beyond it ends the test.
 */
#ifndef PROXY_WIRE_HTTP1_RIG_H
#define PROXY_WIRE_HTTP1_RIG_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/wire/http1_reader.h"

enum {
    RIG_HEAD_BYTES = 16 * 1024,
    RIG_TRAILER_BYTES = 256,
    RIG_TEXT_BYTES = 64 * 1024,
    RIG_PIECE_BYTES_MAX = 64 * 1024,
};

struct rig_settings {
    enum reader_kind kind;
    struct reader_limits limits;
    size_t trailer_bytes_max;
    const char *method; /* responses: that of the request; NULL: GET */
    unsigned messages_max;
};

struct rig {
    struct http1_reader reader;
    struct head head;
    struct head trailers;
    uint8_t head_storage[RIG_HEAD_BYTES];
    uint8_t trailer_storage[RIG_TRAILER_BYTES];
    unsigned messages_left;
    bool in_body; /* the line ends in body bytes */
    size_t taken;
    size_t text_size;
    char text[RIG_TEXT_BYTES];
};

static inline struct rig_settings rig_usual(enum reader_kind kind)
{
    return (struct rig_settings){
        .kind = kind,
        .limits = {.head_bytes_max = RIG_HEAD_BYTES,
                   .uri_bytes_max = URI_BYTES_DEFAULT,
                   .body_bytes_max = UINT64_MAX},
        .trailer_bytes_max = RIG_TRAILER_BYTES,
        .messages_max = 9,
    };
}

static inline void rig_init(struct rig *rig, const struct rig_settings *settings)
{
    const char *method = settings->method != NULL ? settings->method : "GET";

    head_init(&rig->head, rig->head_storage, settings->limits.head_bytes_max);
    head_init(&rig->trailers, rig->trailer_storage, settings->trailer_bytes_max);
    http1_reader_init(&rig->reader, &(struct reader_settings){.kind = settings->kind,
                                                              .head = &rig->head,
                                                              .trailers = &rig->trailers,
                                                              .limits = settings->limits});
    if (settings->kind == READ_RESPONSE)
        http1_reader_expect_response_to(&rig->reader, bytes_of(method));
    rig->messages_left = settings->messages_max;
    rig->in_body = false;
    rig->taken = 0;
    rig->text_size = 0;
    rig->text[0] = '\0';
}

static inline void PRINTF_LIKE(2, 3) rig_say(struct rig *rig, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(rig->text + rig->text_size, sizeof(rig->text) - rig->text_size, format,
                     arguments);
    va_end(arguments);
    check(size >= 0);
    rig->text_size += (size_t)size;
    check(rig->text_size < sizeof(rig->text));
}

/* Bytes as they are, but for NUL, which would end the line and is written as "\\0". */
static inline void rig_say_bytes(struct rig *rig, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        check(rig->text_size + 2 < sizeof(rig->text));
        if (bytes.data[i] == '\0')
            rig->text[rig->text_size++] = '\\';
        rig->text[rig->text_size++] = bytes.data[i] == '\0' ? '0' : (char)bytes.data[i];
    }
    rig->text[rig->text_size] = '\0';
}

/* A word that stands apart from the one before. */
static inline void rig_say_word(struct rig *rig, const char *word)
{
    rig_say(rig, "%s%s", rig->text_size > 0 ? ", " : "", word);
    rig->in_body = false;
}

static inline void rig_say_fields(struct rig *rig, const struct head *head)
{
    rig_say(rig, " {");
    for (size_t i = 0; i < head->field_count; i++) {
        rig_say(rig, "%s", i > 0 ? "; " : "");
        rig_say_bytes(rig, head->fields[i].name);
        rig_say(rig, ": ");
        rig_say_bytes(rig, head->fields[i].value);
    }
    rig_say(rig, "}");
}

static inline void rig_say_head(struct rig *rig)
{
    static const char *const framings[] = {"", " length ", " chunked", " close"};
    const struct http1_reader *reader = &rig->reader;
    const struct head *head = &rig->head;

    rig_say_word(rig, "");
    if (reader->kind == READ_REQUEST) {
        rig_say_bytes(rig, head->method);
        rig_say(rig, " ");
        rig_say_bytes(rig, head->target);
        rig_say(rig, " HTTP/1.%u", head->minor);
    } else {
        rig_say(rig, "HTTP/1.%u %u ", head->minor, head->status);
        rig_say_bytes(rig, head->reason);
    }
    rig_say_fields(rig, head);
    rig_say(rig, "%s", framings[reader->framing]);
    if (reader->framing == FRAMING_LENGTH)
        rig_say(rig, "%llu", (unsigned long long)reader->content_length);
    else if (reader->content_length > 0)
        rig_say(rig, " declares %llu", (unsigned long long)reader->content_length);
    rig_say(rig, "%s%s%s", reader->keep_alive ? "" : " last", reader->upgrade ? " upgrade" : "",
            reader->expect_continue ? " expects" : "");
}

static inline void rig_say_body(struct rig *rig, struct bytes body)
{
    check(body.size > 0);
    if (!rig->in_body)
        rig_say_word(rig, "body ");
    rig_say_bytes(rig, body);
    rig->in_body = true;
}

/* Writes one step down; false when this piece has nothing more to give. */
static inline bool rig_note(struct rig *rig, enum reader_step step, struct bytes body)
{
    switch (step) {
    case READER_HEAD:
        rig_say_head(rig);
        return true;
    case READER_BODY:
        rig_say_body(rig, body);
        return true;
    case READER_TRAILERS:
        rig_say_word(rig, "trailers");
        rig_say_fields(rig, &rig->trailers);
        return true;
    case READER_END:
        rig_say_word(rig, "end");
        rig->messages_left--;
        if (rig->messages_left > 0)
            http1_reader_next_message(&rig->reader);
        return rig->messages_left > 0;
    case READER_REFUSED:
        rig_say_word(rig, "");
        rig_say(rig, "refused %d %s", rig->reader.refusal.status, rig->reader.refusal.rule);
        rig->messages_left = 0;
        return false;
    case READER_MORE:
    default:
        return false;
    }
}

/* Bytes lie against the end of what may be touched. */
static inline struct bytes rig_place(struct bytes bytes)
{
    static uint8_t *wall;

    if (wall == NULL) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        uint8_t *memory = mmap(NULL, RIG_PIECE_BYTES_MAX + page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        check(memory != MAP_FAILED);
        wall = memory + RIG_PIECE_BYTES_MAX;
        check(mprotect(wall, page, PROT_NONE) == 0);
    }
    check(bytes.size <= RIG_PIECE_BYTES_MAX);
    if (bytes.size > 0)
        memcpy(wall - bytes.size, bytes.data, bytes.size);
    return bytes_make(wall - bytes.size, bytes.size);
}

static inline void rig_feed(struct rig *rig, struct bytes piece)
{
    struct bytes input = rig_place(piece);
    struct bytes body = {0};

    while (rig->messages_left > 0) {
        enum reader_step step = http1_reader_next(&rig->reader, &input, &body);

        if (!rig_note(rig, step, body))
            break;
    }
    rig->taken += piece.size - input.size;
    if (input.size > 0)
        check(rig->messages_left == 0);
}

/* Says what the end of the input means, and what was left of it. */
static inline const char *rig_finish(struct rig *rig, struct bytes whole)
{
    if (rig->messages_left > 0) {
        enum reader_step step = http1_reader_end_of_input(&rig->reader);

        if (step == READER_MORE)
            rig_say_word(rig, "closed");
        else
            (void)rig_note(rig, step, (struct bytes){0});
    }
    if (rig->taken < whole.size) {
        rig_say_word(rig, "rest ");
        rig_say_bytes(rig, bytes_make(whole.data + rig->taken, whole.size - rig->taken));
    }
    return rig->text;
}

/* Feeds the whole in two pieces; either may be empty. */
static inline const char *rig_run_split(struct rig *rig, const struct rig_settings *settings,
                                        struct bytes whole, size_t at)
{
    rig_init(rig, settings);
    rig_feed(rig, bytes_make(whole.data, at));
    rig_feed(rig, bytes_make(whole.data + at, whole.size - at));
    return rig_finish(rig, whole);
}

static inline const char *rig_run_bytewise(struct rig *rig, const struct rig_settings *settings,
                                           struct bytes whole)
{
    rig_init(rig, settings);
    for (size_t i = 0; i < whole.size; i++)
        rig_feed(rig, bytes_make(whole.data + i, 1));
    return rig_finish(rig, whole);
}

#endif
