/*
 * For tests: a feed with filters of known effect over an inlet, driven by a string of bytes, each of which is one thing
 * that happens: bytes come, the feed is pumped, a stream takes some, time passes, a hook is resumed, an attempt begins anew.
 *
 * Whatever happens in whatever order, what a stream gets in one attempt is what the filters make of the body, from its first
 * byte on; and another attempt is possible just as long as what was accepted fits into the copy.
 */
#ifndef PROXY_RELAY_FEED_RIG_H
#define PROXY_RELAY_FEED_RIG_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proxy/relay/feed.h"

enum {
    RIG_BODY_BYTES_MAX = 64 * 1024,
    RIG_CHUNK_BYTES_MIN = 16, /* so that framing does not make more than twice of a body */
    RIG_WIRE_BYTES = 2 * RIG_BODY_BYTES_MAX + 256,
    RIG_BLOCK_BYTES = 16,
    RIG_TAIL_BYTES = BODY_FILTER_ROOM_MIN + 100, /* more than there is room for in every call */
    RIG_TAIL_BYTE = 't',
    /* Twice doubled, or doubled behind a tail. */
    RIG_EXPECTED_BYTES = 4 * RIG_BODY_BYTES_MAX + 2 * RIG_TAIL_BYTES,
    RIG_SLOW_BYTES = 100,
    RIG_SLOW_NS = 10,
};

enum rig_filter {
    RIG_NONE,
    RIG_PASS,
    RIG_CHANGE,  /* every byte becomes another one */
    RIG_DROP,    /* every byte that can be divided by four */
    RIG_DOUBLE,  /* every byte twice */
    RIG_BLOCKS,  /* blocks of a fixed size, each backwards: holds until it has one */
    RIG_SLOW,    /* throttles */
    RIG_PATIENT, /* waits for a resume before each piece */
    RIG_TAIL,    /* adds to the end, as much as there is room for, and has more */
    RIG_FILTER_COUNT
};

/* The exchange that hooks are told of is here what they remember. */
struct exchange {
    unsigned resumes; /* not yet used up */
    size_t tail_at[FEED_FILTERS_MAX];
    unsigned calls;          /* for hooks of a test's own, from here on */
    size_t taken;            /* in all calls */
    size_t offered;          /* in the last call */
    bool end;                /* as it was told in the last call */
    enum hook_answer answer; /* that it shall give */
};

struct rig_settings {
    enum rig_filter filters[FEED_FILTERS_MAX];
    enum framing framing;
    size_t body_bytes;
    size_t chunk_bytes;
    size_t copy_limit;
};

struct rig {
    struct exchange exchange;
    struct inlet inlet;
    struct feed feed;
    struct stream stream;
    uint64_t now_ns;
    size_t copy_limit;
    size_t wire_size;
    size_t wire_at;
    size_t at_once; /* bytes the next read gives at most */
    size_t expected_size;
    size_t sent;    /* in this attempt */
    size_t reached; /* in any */
    bool done;      /* this attempt has sent the whole */
    uint8_t wire[RIG_WIRE_BYTES];
    uint8_t expected[RIG_EXPECTED_BYTES];
    uint8_t spare[RIG_EXPECTED_BYTES];
};

/* ---- filters and what they make of a whole body ------------------------------------------------- */

static inline size_t rig_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline enum hook_answer rig_pass(struct exchange *exchange, struct body_piece *piece)
{
    (void)exchange;
    body_piece_pass(piece);
    return HOOK_CONTINUE;
}

static inline enum hook_answer rig_change(struct exchange *exchange, struct body_piece *piece)
{
    (void)exchange;
    body_piece_pass(piece);
    for (size_t i = 0; i < piece->out_size; i++)
        piece->out[i] ^= 0x55;
    return HOOK_CONTINUE;
}

static inline enum hook_answer rig_drop(struct exchange *exchange, struct body_piece *piece)
{
    (void)exchange;
    for (; piece->taken < piece->in.size && piece->out_size < piece->out_max; piece->taken++)
        if (piece->in.data[piece->taken] % 4 != 0)
            piece->out[piece->out_size++] = piece->in.data[piece->taken];
    return HOOK_CONTINUE;
}

static inline enum hook_answer rig_double(struct exchange *exchange, struct body_piece *piece)
{
    (void)exchange;
    for (; piece->taken < piece->in.size && piece->out_max - piece->out_size >= 2; piece->taken++) {
        piece->out[piece->out_size++] = piece->in.data[piece->taken];
        piece->out[piece->out_size++] = piece->in.data[piece->taken];
    }
    return HOOK_CONTINUE;
}

static inline void rig_reverse(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[size - 1 - i];
}

static inline enum hook_answer rig_blocks(struct exchange *exchange, struct body_piece *piece)
{
    (void)exchange;
    for (;;) {
        size_t size = rig_smaller(piece->in.size - piece->taken, RIG_BLOCK_BYTES);

        if (size == 0 || (size < RIG_BLOCK_BYTES && !piece->end) ||
            size > piece->out_max - piece->out_size)
            return HOOK_CONTINUE;
        rig_reverse(piece->out + piece->out_size, piece->in.data + piece->taken, size);
        piece->taken += size;
        piece->out_size += size;
    }
}

static inline enum hook_answer rig_slow(struct exchange *exchange, struct body_piece *piece)
{
    (void)exchange;
    piece->in.size = rig_smaller(piece->in.size, RIG_SLOW_BYTES);
    body_piece_pass(piece);
    piece->delay_ns = RIG_SLOW_NS;
    return HOOK_CONTINUE;
}

static inline enum hook_answer rig_patient(struct exchange *exchange, struct body_piece *piece)
{
    if (exchange->resumes == 0)
        return HOOK_WAIT;
    exchange->resumes--;
    body_piece_pass(piece);
    return HOOK_CONTINUE;
}

static inline enum hook_answer rig_tail(size_t *at, struct body_piece *piece)
{
    size_t size;

    body_piece_pass(piece);
    if (!piece->end || piece->taken < piece->in.size)
        return HOOK_CONTINUE;
    size = rig_smaller(piece->out_max - piece->out_size, RIG_TAIL_BYTES - *at);
    memset(piece->out + piece->out_size, RIG_TAIL_BYTE, size);
    piece->out_size += size;
    *at += size;
    piece->more = *at < RIG_TAIL_BYTES;
    return HOOK_CONTINUE;
}

static inline enum hook_answer rig_tail_first(struct exchange *exchange, struct body_piece *piece)
{
    return rig_tail(&exchange->tail_at[0], piece);
}

static inline enum hook_answer rig_tail_second(struct exchange *exchange, struct body_piece *piece)
{
    return rig_tail(&exchange->tail_at[1], piece);
}

static body_hook *const RIG_HOOKS[RIG_FILTER_COUNT][FEED_FILTERS_MAX] = {
    [RIG_NONE] = {NULL, NULL},
    [RIG_PASS] = {rig_pass, rig_pass},
    [RIG_CHANGE] = {rig_change, rig_change},
    [RIG_DROP] = {rig_drop, rig_drop},
    [RIG_DOUBLE] = {rig_double, rig_double},
    [RIG_BLOCKS] = {rig_blocks, rig_blocks},
    [RIG_SLOW] = {rig_slow, rig_slow},
    [RIG_PATIENT] = {rig_patient, rig_patient},
    [RIG_TAIL] = {rig_tail_first, rig_tail_second},
};

/* The same, of a body that is all there: into out, whose size is returned. */
static inline size_t rig_apply(enum rig_filter filter, const uint8_t *in, size_t size, uint8_t *out)
{
    size_t out_size = 0;

    switch (filter) {
    case RIG_CHANGE:
        for (; out_size < size; out_size++)
            out[out_size] = in[out_size] ^ 0x55;
        return out_size;
    case RIG_DROP:
        for (size_t i = 0; i < size; i++)
            if (in[i] % 4 != 0)
                out[out_size++] = in[i];
        return out_size;
    case RIG_DOUBLE:
        for (; out_size < 2 * size; out_size++)
            out[out_size] = in[out_size / 2];
        return out_size;
    case RIG_BLOCKS:
        for (; out_size < size; out_size += RIG_BLOCK_BYTES)
            rig_reverse(out + out_size, in + out_size,
                        rig_smaller(size - out_size, RIG_BLOCK_BYTES));
        return size;
    case RIG_TAIL:
        memcpy(out, in, size);
        memset(out + size, RIG_TAIL_BYTE, RIG_TAIL_BYTES);
        return size + RIG_TAIL_BYTES;
    default:
        memcpy(out, in, size);
        return size;
    }
}

/* ---- the message ---------------------------------------------------------------------------------- */

static inline void rig_add(struct rig *rig, const void *data, size_t size)
{
    check(size <= sizeof(rig->wire) - rig->wire_size);
    memcpy(rig->wire + rig->wire_size, data, size);
    rig->wire_size += size;
}

PRINTF_LIKE(2, 3)
static inline void rig_add_text(struct rig *rig, const char *format, ...)
{
    char text[128];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    check(size > 0);
    check((size_t)size < sizeof(text));
    rig_add(rig, text, (size_t)size);
}

/* Position-coded, so that a shift, a loss or a repetition is seen. Waits in spare, and for a stream in wire. */
static inline void rig_make_message(struct rig *rig, const struct rig_settings *settings)
{
    size_t size = settings->body_bytes;

    for (size_t i = 0; i < size; i++)
        rig->spare[i] = (uint8_t)(i * 31 + (i >> 8) * 7);
    if (settings->framing == FRAMING_LENGTH) {
        rig_add_text(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", size);
        rig_add(rig, rig->spare, size);
        return;
    }
    rig_add_text(rig, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < size; at += settings->chunk_bytes) {
        size_t chunk = rig_smaller(settings->chunk_bytes, size - at);

        rig_add_text(rig, "%zx\r\n", chunk);
        rig_add(rig, rig->spare + at, chunk);
        rig_add_text(rig, "\r\n");
    }
    rig_add_text(rig, "0\r\n\r\n");
}

static inline void rig_make_expected(struct rig *rig, const struct rig_settings *settings)
{
    rig->expected_size =
        rig_apply(settings->filters[0], rig->spare, settings->body_bytes, rig->expected);
    memcpy(rig->spare, rig->expected, rig->expected_size);
    rig->expected_size =
        rig_apply(settings->filters[1], rig->spare, rig->expected_size, rig->expected);
}

static inline ssize_t rig_read(struct stream *stream, void *data, size_t size)
{
    struct rig *rig = stream->owner;

    size = rig_smaller(size, rig_smaller(rig->at_once, rig->wire_size - rig->wire_at));
    if (size == 0)
        return -EAGAIN;
    memcpy(data, rig->wire + rig->wire_at, size);
    rig->wire_at += size;
    return (ssize_t)size;
}

/* ---- what happens --------------------------------------------------------------------------------- */

static inline void rig_fill(struct rig *rig, size_t size)
{
    rig->at_once = size;
    if (inlet_has_room(&rig->inlet))
        inlet_fill(&rig->inlet, &rig->stream);
    check(inlet_decode(&rig->inlet));
}

static inline enum feed_state rig_pump(struct rig *rig)
{
    enum feed_state state = feed_pump(&rig->feed, rig->now_ns);
    struct outlet_supply supply = feed_supply(&rig->feed);
    bool offered = supply.body.size > 0 || supply.complete;

    check(state != FEED_WAITING || !offered);
    check(feed_held(&rig->feed) <= FEED_FILTERS_MAX * FILTER_BYTES);
    return state;
}

/* A stream takes so many bytes, if they are there; they are the right ones. */
static inline void rig_consume(struct rig *rig, size_t size)
{
    struct outlet_supply supply = feed_supply(&rig->feed);

    size = rig_smaller(size, supply.body.size);
    check(supply.body.size <= rig->expected_size - rig->sent);
    check(!supply.complete || supply.body.size == rig->expected_size - rig->sent);
    if (size > 0)
        check(memcmp(supply.body.data, rig->expected + rig->sent, size) == 0);
    rig->done = supply.complete && size == supply.body.size;
    feed_consume(&rig->feed, size);
    rig->sent += size;
    if (rig->sent > rig->reached)
        rig->reached = rig->sent;
    check(feed_can_restart(&rig->feed) == (rig->reached <= rig->copy_limit));
}

static inline void rig_restart(struct rig *rig)
{
    if (!feed_can_restart(&rig->feed))
        return;
    feed_restart(&rig->feed);
    rig->sent = 0;
    rig->done = false;
}

static inline void rig_resume(struct rig *rig)
{
    rig->exchange.resumes++;
    feed_resume(&rig->feed);
}

/* Fills the inlet with the head, and starts the feed. */
static inline void rig_init(struct rig *rig, const struct rig_settings *settings)
{
    static const struct stream_ops OPS = {.read = rig_read};
    const struct inlet_settings inlet = {
        .kind = READ_REQUEST,
        .window_bytes = WINDOW_BYTES_MIN,
        .limits = {.head_bytes_max = 1024, .uri_bytes_max = 100, .body_bytes_max = UINT64_MAX}};
    struct feed_settings feed = {.exchange = &rig->exchange, .inlet = &rig->inlet};

    memset(rig, 0, offsetof(struct rig, wire));
    rig->stream = (struct stream){.ops = &OPS, .owner = rig};
    rig->copy_limit = settings->copy_limit;
    rig_make_message(rig, settings);
    rig_make_expected(rig, settings);
    for (size_t i = 0; i < FEED_FILTERS_MAX; i++)
        feed.hooks[i] = RIG_HOOKS[settings->filters[i]][i];
    check(inlet_init(&rig->inlet, &inlet));
    check(feed_init(&rig->feed, &feed));
    inlet_restart(&rig->inlet);
    for (rig->at_once = 1; inlet_read_head(&rig->inlet) == READER_MORE;)
        inlet_fill(&rig->inlet, &rig->stream);
    feed_start(&rig->feed, true, rig->copy_limit);
}

static inline void rig_release(struct rig *rig)
{
    feed_release(&rig->feed);
    inlet_release(&rig->inlet);
}

/* One byte of the string: what happens, and how much of it. */
static inline void rig_step(struct rig *rig, uint8_t byte)
{
    static const size_t SIZES[] = {1, 2, 3, 7, 16, 100, 1000, RIG_BODY_BYTES_MAX};
    size_t size = SIZES[byte / 8 % COUNT_OF(SIZES)];

    switch (byte % 8) {
    case 0:
    case 1:
        rig_fill(rig, size);
        break;
    case 2:
    case 3:
        rig_consume(rig, size);
        break;
    case 4:
        rig->now_ns += size;
        break;
    case 5:
        rig_resume(rig);
        break;
    case 6:
        rig_restart(rig);
        break;
    default:
        break;
    }
    check(rig_pump(rig) <= FEED_WAITING);
}

/* Lets everything happen that helps the message to its end. */
static inline void rig_finish(struct rig *rig)
{
    size_t turns_max = 4 * (rig->wire_size + rig->expected_size) + 100;

    for (size_t turns = 0; !rig->done; turns++) {
        uint64_t due_ns = feed_due_ns(&rig->feed);

        check(turns < turns_max);
        rig_fill(rig, RIG_BODY_BYTES_MAX);
        if (due_ns != TIME_NEVER && due_ns > rig->now_ns)
            rig->now_ns = due_ns;
        if (feed_waits(&rig->feed))
            rig_resume(rig);
        check(rig_pump(rig) <= FEED_WAITING);
        rig_consume(rig, RIG_BODY_BYTES_MAX);
    }
}

/* A whole exchange: what the string says, then on to the end. */
static inline void rig_play(struct rig *rig, const struct rig_settings *settings,
                            struct bytes string)
{
    rig_init(rig, settings);
    for (size_t i = 0; i < string.size; i++)
        rig_step(rig, string.data[i]);
    rig_finish(rig);
    rig_release(rig);
}

#endif
