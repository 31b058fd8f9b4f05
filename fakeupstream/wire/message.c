#include "fakeupstream/wire/message.h"

#include <string.h>

#include "fakeupstream/wire/pattern.h"
#include "fakeupstream/wire/splice.h"
#include "world/base/check.h"

enum {
    LINE_END_BYTES = 2,
    CHUNK_HEAD_BYTES = 24, /* 16 hex digits and CRLF, with room */
};

void message_init(struct message *message, const struct draft *draft, struct bytes mark,
                  uint64_t seed)
{
    check(mark.size <= MESSAGE_MARK_BYTES);
    message->draft = draft;
    message->seed = seed;
    message->bodiless = draft->kind != DRAFT_REQUEST && draft->status == 304; /* RFC 9110 15.4.5 */
    message->place_size = 0;
    message->mark_size = mark.size;
    if (mark.size > 0)
        memcpy(message->mark, mark.data, mark.size);
}

void message_set_place(struct message *message, struct bytes place)
{
    check(message->draft->kind == DRAFT_REQUEST);
    check(place.size <= MESSAGE_PLACE_BYTES);
    memcpy(message->place, place.data, place.size);
    message->place_size = place.size;
}

static bool has_body(const struct message *message)
{
    return !message->bodiless && message->draft->framing != MESSAGE_NO_BODY;
}

static bool is_chunked(const struct message *message)
{
    return has_body(message) && message->draft->framing == MESSAGE_CHUNKED;
}

static uint64_t body_bytes(const struct message *message)
{
    return has_body(message) ? message->draft->body_bytes : 0;
}

/* "4000\r\n" in front of a chunk of so many bytes; returns its length. */
static size_t chunk_head(uint64_t size, char text[CHUNK_HEAD_BYTES])
{
    struct splice head = {.data = text, .room = CHUNK_HEAD_BYTES};

    splice_number(&head, size, 16);
    splice_text(&head, "\r\n");
    return head.size;
}

/* Bytes on the wire of a chunk that holds so many: its head, data and line end. */
static uint64_t chunk_wire_bytes(uint64_t size)
{
    uint64_t digits = 1;

    for (uint64_t rest = size >> 4; rest > 0; rest >>= 4)
        digits++;
    return digits + LINE_END_BYTES + size + LINE_END_BYTES;
}

/* Body bytes of chunk number `index`, from 0: the last one holds what is left. */
static uint64_t chunk_size(const struct draft *draft, uint64_t index)
{
    uint64_t before = index * draft->chunk_bytes;
    uint64_t left = draft->body_bytes - before;

    return left < draft->chunk_bytes ? left : draft->chunk_bytes;
}

uint64_t message_head_end(const struct message *message)
{
    const struct draft *draft = message->draft;

    return draft->start.size + message->place_size + draft->start_rest.size + message->mark_size +
           draft->rest.size;
}

uint64_t message_body_end(const struct message *message)
{
    const struct draft *draft = message->draft;
    uint64_t end = message_head_end(message);
    uint64_t last;

    if (!is_chunked(message))
        return end + body_bytes(message);
    last = draft->body_bytes % draft->chunk_bytes;
    end += draft->body_bytes / draft->chunk_bytes * chunk_wire_bytes(draft->chunk_bytes);
    return last > 0 ? end + chunk_wire_bytes(last) : end;
}

uint64_t message_end(const struct message *message)
{
    return message_body_end(message) + (is_chunked(message) ? message->draft->tail.size : 0);
}

uint64_t message_body_position(const struct message *message, uint64_t count)
{
    const struct draft *draft = message->draft;
    uint64_t index;
    uint64_t size;
    uint64_t inside;

    if (count > body_bytes(message))
        return message_body_end(message);
    if (!is_chunked(message) || count == 0)
        return message_head_end(message) + count;
    index = (count - 1) / draft->chunk_bytes;
    inside = count - index * draft->chunk_bytes;
    size = chunk_size(draft, index);
    return message_head_end(message) + index * chunk_wire_bytes(draft->chunk_bytes) +
           (chunk_wire_bytes(size) - size - LINE_END_BYTES) + inside;
}

uint64_t message_body_before(const struct message *message, uint64_t position)
{
    const struct draft *draft = message->draft;
    uint64_t head = message_head_end(message);
    uint64_t wire;
    uint64_t index;
    uint64_t size;
    uint64_t front;

    if (position <= head)
        return 0;
    if (position >= message_body_end(message))
        return body_bytes(message);
    if (!is_chunked(message))
        return position - head;
    wire = chunk_wire_bytes(draft->chunk_bytes);
    index = (position - head) / wire;
    size = chunk_size(draft, index);
    front = chunk_wire_bytes(size) - size - LINE_END_BYTES;
    position = (position - head) % wire;
    if (position <= front)
        return index * draft->chunk_bytes;
    return index * draft->chunk_bytes + (position - front < size ? position - front : size);
}

/* A piece of the output: where the next byte goes, and the room that is left. */
struct output {
    uint8_t *data;
    size_t room;
};

/* Copies from a part that begins at position 0, skipping *offset bytes, which counts down past it. */
static void put(struct output *out, uint64_t *offset, struct bytes part)
{
    size_t size;

    if (*offset >= part.size) {
        *offset -= part.size;
        return;
    }
    size = part.size - (size_t)*offset;
    if (size > out->room)
        size = out->room;
    if (size > 0)
        memcpy(out->data, part.data + *offset, size);
    out->data += size;
    out->room -= size;
    *offset = 0;
}

struct body_range {
    uint64_t first;
    uint64_t count;
};

/* The same for a range of body bytes. */
static void put_body(struct output *out, uint64_t *offset, const struct message *message,
                     struct body_range range)
{
    uint64_t count = range.count;
    uint64_t first = range.first + *offset;
    size_t size;

    if (*offset >= count) {
        *offset -= count;
        return;
    }
    count -= *offset;
    size = count < out->room ? (size_t)count : out->room;
    if (message->draft->text.data != NULL)
        memcpy(out->data, message->draft->text.data + first, size);
    else
        pattern_fill(message->seed, first, out->data, size);
    out->data += size;
    out->room -= size;
    *offset = 0;
}

static void put_chunks(struct output *out, uint64_t *offset, const struct message *message)
{
    const struct draft *draft = message->draft;
    uint64_t wire = chunk_wire_bytes(draft->chunk_bytes);
    uint64_t count = draft->body_bytes / draft->chunk_bytes;
    uint64_t index = *offset / wire < count ? *offset / wire : count;
    char head[CHUNK_HEAD_BYTES];

    *offset -= index * wire;
    for (; out->room > 0 && index * draft->chunk_bytes < draft->body_bytes; index++) {
        uint64_t size = chunk_size(draft, index);

        put(out, offset, bytes_make(head, chunk_head(size, head)));
        put_body(out, offset, message, (struct body_range){index * draft->chunk_bytes, size});
        put(out, offset, bytes_of("\r\n"));
    }
}

size_t message_fill(const struct message *message, uint64_t offset, void *buffer, size_t size)
{
    struct output out = {.data = buffer, .room = size};
    const struct draft *draft = message->draft;

    put(&out, &offset, draft->start);
    put(&out, &offset, bytes_make(message->place, message->place_size));
    put(&out, &offset, draft->start_rest);
    put(&out, &offset, bytes_make(message->mark, message->mark_size));
    put(&out, &offset, draft->rest);
    if (is_chunked(message)) {
        put_chunks(&out, &offset, message);
        put(&out, &offset, draft->tail);
    } else if (has_body(message)) {
        put_body(&out, &offset, message, (struct body_range){0, draft->body_bytes});
    }
    return size - out.room;
}
