#include "proxy/relay/inlet.h"

#include <stdlib.h>
#include <string.h>

bool inlet_init(struct inlet *inlet, const struct inlet_settings *settings)
{
    size_t head_bytes = settings->limits.head_bytes_max + settings->head_room;
    uint8_t *memory = malloc(settings->window_bytes + head_bytes + TRAILER_BYTES_MAX);

    *inlet = (struct inlet){0};
    if (memory == NULL)
        return false;
    check(settings->window_bytes > 0);
    inlet->data = memory;
    inlet->window_bytes = settings->window_bytes;
    head_init(&inlet->head, memory + settings->window_bytes, head_bytes);
    head_init(&inlet->trailers, memory + settings->window_bytes + head_bytes, TRAILER_BYTES_MAX);
    http1_reader_init(&inlet->reader, &(struct reader_settings){.kind = settings->kind,
                                                                .head = &inlet->head,
                                                                .trailers = &inlet->trailers,
                                                                .limits = settings->limits});
    return true;
}

void inlet_release(struct inlet *inlet)
{
    free(inlet->data);
    inlet->data = NULL;
}

void inlet_next_message(struct inlet *inlet)
{
    http1_reader_next_message(&inlet->reader);
    inlet->body_begin = inlet->body_end = inlet->raw_begin;
    inlet->body_total = 0;
    inlet->message_ended = false;
    inlet->refused = false;
    inlet->incomplete = false;
}

void inlet_restart(struct inlet *inlet)
{
    inlet->raw_begin = inlet->raw_end = 0;
    inlet->input_ended = false;
    inlet->blind = false;
    inlet_next_message(inlet);
}

void inlet_go_blind(struct inlet *inlet)
{
    inlet->blind = true;
    inlet->message_ended = false;
    inlet->refused = false;
}

size_t inlet_held(const struct inlet *inlet)
{
    return inlet->body_end - inlet->body_begin + inlet->raw_end - inlet->raw_begin;
}

bool inlet_head_begun(const struct inlet *inlet)
{
    return inlet->head.storage_used > 0;
}

size_t inlet_raw(const struct inlet *inlet)
{
    return inlet->raw_end - inlet->raw_begin;
}

bool inlet_has_room(const struct inlet *inlet)
{
    return !inlet->message_ended && !inlet->input_ended && !inlet->refused &&
           inlet_held(inlet) <= inlet->window_bytes / 2;
}

/* Brings what is held to the front of the buffer, without the gap. */
static void close_up(struct inlet *inlet)
{
    size_t body = inlet->body_end - inlet->body_begin;
    size_t raw = inlet->raw_end - inlet->raw_begin;

    if (body > 0)
        memmove(inlet->data, inlet->data + inlet->body_begin, body);
    if (raw > 0)
        memmove(inlet->data + body, inlet->data + inlet->raw_begin, raw);
    inlet->body_begin = 0;
    inlet->body_end = inlet->raw_begin = body;
    inlet->raw_end = body + raw;
}

ssize_t inlet_fill(struct inlet *inlet, struct stream *stream)
{
    ssize_t size;

    if (inlet->raw_end > inlet->window_bytes / 2 || inlet_held(inlet) == 0)
        close_up(inlet);
    check(inlet->raw_end < inlet->window_bytes);
    size = stream_read(stream, inlet->data + inlet->raw_end, inlet->window_bytes - inlet->raw_end);
    if (size > 0) {
        inlet->raw_end += (size_t)size;
    } else if (size == 0) {
        inlet->input_ended = true;
    }
    return size;
}

static struct bytes raw_input(const struct inlet *inlet)
{
    return bytes_make(inlet->data + inlet->raw_begin, inlet->raw_end - inlet->raw_begin);
}

/* Runs the reader one step over the raw bytes, or tells it that no more will come. */
static enum reader_step step(struct inlet *inlet, struct bytes *body)
{
    struct bytes input = raw_input(inlet);
    enum reader_step result = http1_reader_next(&inlet->reader, &input, body);

    inlet->raw_begin = inlet->raw_end - input.size;
    if (result == READER_MORE && inlet->input_ended) {
        result = http1_reader_end_of_input(&inlet->reader);
        inlet->incomplete = result == READER_REFUSED;
    }
    if (result == READER_REFUSED)
        inlet->refused = true;
    return result;
}

enum reader_step inlet_read_head(struct inlet *inlet)
{
    struct bytes body;
    enum reader_step result = step(inlet, &body);

    check(result != READER_BODY);
    inlet->body_begin = inlet->body_end = inlet->raw_begin;
    return result;
}

static void keep_body(struct inlet *inlet, struct bytes body)
{
    size_t at = (size_t)(body.data - inlet->data);

    if (inlet->body_begin == inlet->body_end)
        inlet->body_begin = inlet->body_end = at;
    else if (inlet->body_end != at)
        memmove(inlet->data + inlet->body_end, body.data, body.size);
    inlet->body_end += body.size;
    inlet->body_total += body.size;
}

/* What came is the body as it is. */
static void take_all(struct inlet *inlet)
{
    uint64_t total = inlet->body_total;

    if (inlet->raw_end > inlet->raw_begin)
        keep_body(inlet, raw_input(inlet));
    inlet->raw_begin = inlet->raw_end;
    inlet->body_total = total;
    inlet->message_ended = inlet->input_ended;
}

bool inlet_decode(struct inlet *inlet)
{
    struct bytes body;

    if (inlet->blind) {
        take_all(inlet);
        return true;
    }
    while (!inlet->message_ended) {
        switch (step(inlet, &body)) {
        case READER_BODY:
            keep_body(inlet, body);
            break;
        case READER_TRAILERS:
            break;
        case READER_END:
            inlet->message_ended = true;
            break;
        case READER_REFUSED:
            return false;
        case READER_MORE:
        default:
            return true;
        }
    }
    return true;
}

struct bytes inlet_body(const struct inlet *inlet)
{
    return bytes_make(inlet->data + inlet->body_begin, inlet->body_end - inlet->body_begin);
}

void inlet_consume(struct inlet *inlet, size_t size)
{
    check(size <= inlet->body_end - inlet->body_begin);
    inlet->body_begin += size;
}
