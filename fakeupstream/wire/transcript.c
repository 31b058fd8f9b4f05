#include "fakeupstream/wire/transcript.h"

#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

enum {
    TEXT_BYTES_FIRST = 1024,     /* most heads fit */
    CHUNK_LINE_BYTES_MAX = 4096, /* a size and an extension */
    CHUNK_DIGITS_MAX = 15,       /* 2^60 bytes: more is a mistake and would overflow */
    SHORTEST_HEAD_BYTES = 16,    /* "G / HTTP/1.1" with its line end and the empty line */
};

/* What a response is due for: RFC 9112 6.3 reads it by the method of its request. */
enum asked { ASKED_ORDINARY, ASKED_HEAD, ASKED_CONNECT };

static size_t next_of_head(struct transcript *t, struct bytes in, struct transcript_piece *piece);
static size_t next_of_data(struct transcript *t, struct bytes in, struct transcript_piece *piece);
static size_t next_of_chunk_line(struct transcript *t, struct bytes in,
                                 struct transcript_piece *piece);
static size_t next_of_trailers(struct transcript *t, struct bytes in,
                               struct transcript_piece *piece);
static void end_message(struct transcript *t, struct transcript_piece *piece);

void transcript_init(struct transcript *transcript, enum transcript_kind kind)
{
    *transcript = (struct transcript){.kind = kind};
}

void transcript_release(struct transcript *transcript)
{
    free(transcript->text);
    free(transcript->store.fields);
    transcript_init(transcript, transcript->kind);
}

void transcript_reset(struct transcript *transcript, enum transcript_kind kind)
{
    struct transcript kept = *transcript;

    *transcript = (struct transcript){
        .kind = kind,
        .text = kept.text,
        .text_capacity = kept.text_capacity,
        .store = {.fields = kept.store.fields, .capacity = kept.store.capacity},
    };
}

static void note_fault(struct transcript *t, const char *sentence)
{
    transcript_fault(&t->faults, sentence);
}

/* From here on nothing can be read as HTTP: bytes are counted and handed out raw. */
static void break_off(struct transcript *t, const char *sentence)
{
    note_fault(t, sentence);
    t->state = TRANSCRIPT_BROKEN;
}

void transcript_ask(struct transcript *transcript, struct bytes method)
{
    enum asked asked = bytes_equal_text(method, "HEAD")      ? ASKED_HEAD
                       : bytes_equal_text(method, "CONNECT") ? ASKED_CONNECT
                                                             : ASKED_ORDINARY;
    size_t at;

    if (transcript->asked_count == TRANSCRIPT_ASKED_MAX) {
        transcript->asked_unknown = true;
        return;
    }
    at = (transcript->asked_first + transcript->asked_count) % TRANSCRIPT_ASKED_MAX;
    transcript->asked[at] = (uint8_t)asked;
    transcript->asked_count++;
}

void transcript_ask_raw(struct transcript *transcript, struct bytes text)
{
    size_t size = 0;

    while (size < text.size && text.data[size] != ' ')
        size++;
    transcript_ask(transcript, bytes_make(text.data, size));
    transcript->asked_unknown = true;
}

void transcript_tunnel(struct transcript *transcript)
{
    if (transcript->state == TRANSCRIPT_AT_START)
        transcript->state = TRANSCRIPT_TUNNEL;
    else
        transcript->tunnel_next = transcript->state != TRANSCRIPT_TUNNEL;
}

void transcript_resume(struct transcript *transcript)
{
    check(transcript->state == TRANSCRIPT_TUNNEL);
    transcript->state = TRANSCRIPT_AT_START;
    transcript->head.keep_alive = true; /* whatever the 2xx said, it was of the tunnel */
}

uint64_t transcript_due(const struct transcript *transcript)
{
    bool stray = transcript->unasked && transcript->begun > transcript->heads;

    return transcript->heads + stray + transcript->asked_count;
}

/* What the response under way is due for; a final one is due no longer then. */
static enum asked take_asked(struct transcript *t)
{
    enum asked asked = ASKED_ORDINARY;

    t->head.unasked = t->unasked;
    if (t->asked_count == 0 || t->unasked)
        return asked;
    asked = (enum asked)t->asked[t->asked_first];
    if (!t->head.interim) {
        t->asked_first = (t->asked_first + 1) % TRANSCRIPT_ASKED_MAX;
        t->asked_count--;
    }
    return asked;
}

/* The first byte of a message, or of a further head of it. */
static void begin_head(struct transcript *t)
{
    t->state = TRANSCRIPT_IN_HEAD;
    t->text_size = 0;
    t->line_start = 0;
    if (t->begun > t->heads)
        return;
    t->faults.message = ++t->begun;
    t->unasked = t->kind == TRANSCRIPT_RESPONSES && t->asked_count == 0 && !t->asked_unknown;
    if (t->unasked)
        note_fault(t, "a response that no request asked for");
}

size_t transcript_next(struct transcript *t, const void *data, size_t size,
                       struct transcript_piece *piece)
{
    struct bytes in = bytes_make(data, size);
    size_t taken = 0;

    *piece = (struct transcript_piece){.event = TRANSCRIPT_MORE};
    if (t->state == TRANSCRIPT_AT_END) {
        end_message(t, piece);
        return 0;
    }
    if (size == 0)
        return 0;
    switch (t->state) {
    case TRANSCRIPT_AT_START:
    case TRANSCRIPT_IN_HEAD:
        taken = next_of_head(t, in, piece);
        break;
    case TRANSCRIPT_IN_LENGTH:
    case TRANSCRIPT_IN_CHUNK_DATA:
    case TRANSCRIPT_UNTIL_CLOSE:
        taken = next_of_data(t, in, piece);
        break;
    case TRANSCRIPT_IN_CHUNK_SIZE:
    case TRANSCRIPT_IN_CHUNK_END:
        taken = next_of_chunk_line(t, in, piece);
        break;
    case TRANSCRIPT_IN_TRAILERS:
        taken = next_of_trailers(t, in, piece);
        break;
    case TRANSCRIPT_AT_END:
        break;
    case TRANSCRIPT_TUNNEL:
    case TRANSCRIPT_BROKEN:
        t->stream_bytes += t->state == TRANSCRIPT_TUNNEL ? size : 0;
        piece->event = TRANSCRIPT_RAW;
        piece->data = in;
        taken = size;
        break;
    }
    t->raw_bytes += taken;
    return taken;
}

bool transcript_close(struct transcript *transcript)
{
    if (transcript->state != TRANSCRIPT_UNTIL_CLOSE)
        return false;
    transcript->state = TRANSCRIPT_AT_END;
    return true;
}

static void end_message(struct transcript *t, struct transcript_piece *piece)
{
    t->messages++;
    t->state = t->tunnel_next ? TRANSCRIPT_TUNNEL : TRANSCRIPT_AT_START;
    t->tunnel_next = false;
    t->text_size = 0;
    piece->event = TRANSCRIPT_END;
}

static size_t next_of_data(struct transcript *t, struct bytes in, struct transcript_piece *piece)
{
    size_t size = in.size;

    if (t->state != TRANSCRIPT_UNTIL_CLOSE && size > t->remaining)
        size = (size_t)t->remaining;
    t->body_bytes += size;
    piece->event = TRANSCRIPT_BODY;
    piece->data = bytes_make(in.data, size);
    if (t->state == TRANSCRIPT_UNTIL_CLOSE)
        return size;
    t->remaining -= size;
    if (t->remaining == 0)
        t->state = t->state == TRANSCRIPT_IN_LENGTH ? TRANSCRIPT_AT_END : TRANSCRIPT_IN_CHUNK_END;
    return size;
}

/* Memory is asked for only here. Heads are bounded, so running out is the machine's end. */
static void append_text(struct transcript *t, struct bytes part)
{
    if (t->text_capacity - t->text_size < part.size) {
        size_t capacity = t->text_capacity == 0 ? TEXT_BYTES_FIRST : t->text_capacity;

        while (capacity - t->text_size < part.size)
            capacity *= 2;
        t->text = realloc(t->text, capacity);
        check(t->text != NULL);
        t->text_capacity = capacity;
    }
    memcpy(t->text + t->text_size, part.data, part.size);
    t->text_size += part.size;
}

/* Takes bytes up to the end of a line into text; *whole says whether the line's end came. */
static size_t take_line(struct transcript *t, struct bytes in, bool *whole)
{
    const uint8_t *end = memchr(in.data, '\n', in.size);
    size_t size = end == NULL ? in.size : (size_t)(end - in.data) + 1;

    append_text(t, bytes_make(in.data, size));
    *whole = end != NULL;
    return size;
}

/* The line in text from line_start on, without its end. Notes an end that is not CRLF (RFC 9112 2.2). */
static struct bytes whole_line(struct transcript *t)
{
    struct bytes line = bytes_make(t->text + t->line_start, t->text_size - t->line_start - 1);

    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    else
        note_fault(t, "a line that ends in LF without CR");
    return line;
}

static void frame_by_length(struct transcript *t, const struct framing_facts *facts)
{
    t->head.framing = MESSAGE_LENGTH;
    t->head.declared = facts->length;
    t->remaining = facts->length;
    t->state = facts->length == 0 ? TRANSCRIPT_AT_END : TRANSCRIPT_IN_LENGTH;
}

static void frame_chunked(struct transcript *t)
{
    t->head.framing = MESSAGE_CHUNKED;
    t->state = TRANSCRIPT_IN_CHUNK_SIZE;
}

static void frame_none(struct transcript *t)
{
    t->head.framing = MESSAGE_NO_BODY;
    t->state = TRANSCRIPT_AT_END;
}

/* RFC 9112 6.3, for requests. */
static void frame_request(struct transcript *t, const struct framing_facts *facts)
{
    if (t->head.version_minor > 0 && facts->hosts == 0)
        note_fault(t, "an HTTP/1.1 request without Host (RFC 9112 3.2)");
    if (facts->hosts > 1)
        note_fault(t, "a request with more than one Host (RFC 9112 3.2)");
    if (facts->coded && facts->chunked_last)
        frame_chunked(t);
    else if (facts->coded)
        break_off(t, "a request with a Transfer-Encoding that does not end in chunked");
    else if (facts->length_wrong)
        break_off(t, "a request with an invalid Content-Length");
    else if (facts->length_known)
        frame_by_length(t, facts);
    else
        frame_none(t);
}

/* RFC 9112 6.3, for responses. */
static void frame_response(struct transcript *t, const struct framing_facts *facts)
{
    enum asked asked = take_asked(t);
    unsigned status = t->head.status;
    bool never = status < 200 || status == 204;

    if (never && facts->coded)
        note_fault(t, "a 1xx or 204 response with Transfer-Encoding (RFC 9112 6.1)");
    if (never && facts->length_known)
        note_fault(t, "a 1xx or 204 response with Content-Length (RFC 9110 8.6)");
    if (t->head.interim) {
        t->state = TRANSCRIPT_AT_START;
    } else if (status == 101 || (asked == ASKED_CONNECT && status < 300)) {
        frame_none(t);
        t->tunnel_next = true;
    } else if (never || status == 304 || asked == ASKED_HEAD) {
        frame_none(t);
    } else if (facts->coded && facts->chunked_last) {
        frame_chunked(t);
    } else if (facts->coded || (facts->length_wrong && !facts->length_known)) {
        note_fault(t, "a response whose framing cannot be told");
        t->head.framing = MESSAGE_CLOSE;
        t->state = TRANSCRIPT_UNTIL_CLOSE;
    } else if (facts->length_known) {
        if (facts->length_wrong)
            note_fault(t, "a response with an invalid Content-Length");
        frame_by_length(t, facts);
    } else {
        t->head.framing = MESSAGE_CLOSE;
        t->state = TRANSCRIPT_UNTIL_CLOSE;
    }
}

/* Text holds a whole head: reads it and decides how the body is framed. */
static void read_head(struct transcript *t, struct transcript_piece *piece)
{
    struct bytes text = bytes_make(t->text, t->text_size);
    struct bytes line = heading_take_line(&text);
    struct framing_facts facts;

    t->head = (struct heading){.framing = MESSAGE_NO_BODY};
    t->body_bytes = 0;
    if (t->kind == TRANSCRIPT_REQUESTS ? !heading_read_request_line(&t->head, line)
                                       : !heading_read_status_line(&t->head, line, &t->faults)) {
        break_off(t, t->kind == TRANSCRIPT_REQUESTS ? "a request line that is none"
                                                    : "a status line that is none");
        return;
    }
    heading_read_fields(text, &t->store, &t->faults);
    t->head.fields = t->store.fields;
    t->head.field_count = t->store.count;
    facts = heading_read_facts(&t->head, &t->faults);
    if (t->kind == TRANSCRIPT_REQUESTS)
        frame_request(t, &facts);
    else
        frame_response(t, &facts);
    t->head.keep_alive = t->head.framing != MESSAGE_CLOSE && !facts.close &&
                         (t->head.version_minor > 0 || facts.keep_alive);
    t->heads += !t->head.interim;
    t->interims += t->head.interim;
    piece->event = TRANSCRIPT_HEAD;
    t->line_start = 0;
    t->text_size = 0;
}

static size_t next_of_head(struct transcript *t, struct bytes in, struct transcript_piece *piece)
{
    size_t taken = 0;

    if (t->state == TRANSCRIPT_AT_START)
        begin_head(t);
    while (taken < in.size) {
        bool whole;
        size_t size = take_line(t, bytes_make(in.data + taken, in.size - taken), &whole);

        taken += size;
        if (t->text_size > TRANSCRIPT_HEAD_BYTES_MAX) {
            break_off(t, "a head longer than 1 MiB");
            return taken;
        }
        if (!whole)
            return taken;
        if (whole_line(t).size > 0) {
            t->line_start = t->text_size;
        } else if (t->line_start > 0) {
            read_head(t, piece);
            return taken;
        } else {
            note_fault(t, "an empty line where a message should begin");
            t->text_size = 0;
        }
    }
    return taken;
}

/* RFC 9112 7.1: hex digits, then perhaps an extension. */
static bool read_chunk_size(struct bytes line, uint64_t *out)
{
    uint64_t size = 0;
    size_t digits = 0;

    for (; digits < line.size; digits++) {
        uint8_t c = line.data[digits];
        uint8_t letter = c | 0x20;

        if (c >= '0' && c <= '9')
            size = size * 16 + (uint64_t)(c - '0');
        else if (letter >= 'a' && letter <= 'f')
            size = size * 16 + (uint64_t)(letter - 'a' + 10);
        else
            break;
        if (digits >= CHUNK_DIGITS_MAX)
            return false;
    }
    *out = size;
    return digits > 0 && (digits == line.size || line.data[digits] == ';');
}

/* The line of a chunk's size, or the line end after its data. */
static size_t next_of_chunk_line(struct transcript *t, struct bytes in,
                                 struct transcript_piece *piece)
{
    bool whole;
    size_t taken = take_line(t, in, &whole);
    struct bytes line;

    (void)piece;
    if (t->text_size > CHUNK_LINE_BYTES_MAX) {
        break_off(t, "a chunk line longer than 4 KiB");
        return taken;
    }
    if (!whole)
        return taken;
    line = whole_line(t);
    if (t->state == TRANSCRIPT_IN_CHUNK_END) {
        t->state = TRANSCRIPT_IN_CHUNK_SIZE;
        if (line.size > 0)
            break_off(t, "bytes between a chunk's data and its line end");
    } else if (!read_chunk_size(line, &t->remaining)) {
        break_off(t, "a chunk size that is none");
    } else {
        t->state = t->remaining > 0 ? TRANSCRIPT_IN_CHUNK_DATA : TRANSCRIPT_IN_TRAILERS;
    }
    t->text_size = 0;
    return taken;
}

static size_t next_of_trailers(struct transcript *t, struct bytes in,
                               struct transcript_piece *piece)
{
    bool whole;
    size_t taken = take_line(t, in, &whole);

    if (t->text_size > TRANSCRIPT_HEAD_BYTES_MAX) {
        break_off(t, "a trailer section longer than 1 MiB");
        return taken;
    }
    if (!whole)
        return taken;
    if (whole_line(t).size > 0) {
        t->line_start = t->text_size;
        return taken;
    }
    heading_read_fields(bytes_make(t->text, t->text_size), &t->store, &t->faults);
    t->head.trailers = t->store.fields;
    t->head.trailer_count = t->store.count;
    t->line_start = 0;
    end_message(t, piece);
    return taken;
}

bool transcript_reached(const struct transcript *t, const struct transcript_goal *goal)
{
    switch (goal->kind) {
    case GOAL_BEGUN:
        return t->begun >= goal->message;
    case GOAL_INTERIM:
        return t->interims >= goal->amount || t->heads >= goal->message;
    case GOAL_HEAD:
        return t->heads >= goal->message;
    case GOAL_BODY:
        return t->messages >= goal->message ||
               (t->heads == goal->message && t->body_bytes >= goal->amount);
    case GOAL_MESSAGE:
        return t->messages >= goal->message;
    case GOAL_RAW:
        return t->raw_bytes >= goal->amount;
    case GOAL_STREAM:
        return t->stream_bytes >= goal->amount;
    case GOAL_NEVER:
        break;
    }
    return false;
}

static size_t at_most(uint64_t size)
{
    return size < SIZE_MAX ? (size_t)size : SIZE_MAX;
}

static bool in_data(const struct transcript *t)
{
    return t->state == TRANSCRIPT_IN_LENGTH || t->state == TRANSCRIPT_IN_CHUNK_DATA ||
           t->state == TRANSCRIPT_UNTIL_CLOSE;
}

size_t transcript_room(const struct transcript *t, const struct transcript_goal *goal)
{
    if (goal->kind == GOAL_RAW)
        return at_most(goal->amount - t->raw_bytes);
    if (goal->kind == GOAL_STREAM && t->state == TRANSCRIPT_TUNNEL)
        return at_most(goal->amount - t->stream_bytes);
    if (goal->kind == GOAL_BODY && t->heads == goal->message && in_data(t))
        return at_most(goal->amount - t->body_bytes);
    return SIZE_MAX;
}

/* A head ends in CRLF CRLF: so many bytes cannot yet pass its end. */
static size_t head_wanted(const struct transcript *t)
{
    if (t->state != TRANSCRIPT_IN_HEAD || t->text_size == 0)
        return SHORTEST_HEAD_BYTES;
    if (t->text_size == t->line_start)
        return 2;
    if (t->text_size == t->line_start + 1 && t->text[t->line_start] == '\r')
        return 1;
    return t->text[t->text_size - 1] == '\r' ? 3 : 4;
}

size_t transcript_wanted(const struct transcript *t, const struct transcript_goal *goal)
{
    if (goal->kind == GOAL_RAW || t->state == TRANSCRIPT_TUNNEL || t->state == TRANSCRIPT_BROKEN)
        return transcript_room(t, goal);
    if (t->state == TRANSCRIPT_AT_START || t->state == TRANSCRIPT_IN_HEAD)
        return head_wanted(t);
    if (t->state == TRANSCRIPT_UNTIL_CLOSE)
        return transcript_room(t, goal);
    if (in_data(t)) {
        size_t room = transcript_room(t, goal);

        return t->remaining < room ? (size_t)t->remaining : room;
    }
    return 1;
}
