/* The inlet and the outlet together: what comes in one framing goes out in another, in any pieces. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/exchange/inlet.h"
#include "proxy/exchange/outlet.h"

enum { TEXT_BYTES = 4096, WINDOW_BYTES = 64, TURNS_MAX = 10000 };

/* A stream that gives and takes a few bytes at a time. */
struct trickle {
    struct stream stream;
    const char *source;
    size_t source_size;
    size_t source_at;
    size_t at_once;
    char sunk[TEXT_BYTES];
    size_t sunk_size;
    bool blocked_last;
};

static ssize_t trickle_read(struct stream *stream, void *data, size_t size)
{
    struct trickle *trickle = stream->owner;
    size_t left = trickle->source_size - trickle->source_at;

    if (size > trickle->at_once)
        size = trickle->at_once;
    if (size > left)
        size = left;
    if (size == 0)
        return -EAGAIN;
    memcpy(data, trickle->source + trickle->source_at, size);
    trickle->source_at += size;
    return (ssize_t)size;
}

/* Every second write is refused for now, so that the blocked state is met again and again. */
static ssize_t trickle_write(struct stream *stream, const struct iovec *pieces, int count)
{
    struct trickle *trickle = stream->owner;
    size_t taken = 0;

    trickle->blocked_last = !trickle->blocked_last;
    if (trickle->blocked_last)
        return -EAGAIN;
    for (int i = 0; i < count && taken < trickle->at_once; i++) {
        size_t size = pieces[i].iov_len;

        if (size > trickle->at_once - taken)
            size = trickle->at_once - taken;
        assert_true(trickle->sunk_size + size < sizeof(trickle->sunk));
        memcpy(trickle->sunk + trickle->sunk_size, pieces[i].iov_base, size);
        trickle->sunk_size += size;
        taken += size;
    }
    return (ssize_t)taken;
}

static const struct stream_ops TRICKLE_OPS = {.read = trickle_read, .write = trickle_write};

struct row {
    const char *name;
    const char *source;
    const char *body; /* without chunk framing; what a body in CHUNKED comes down to */
    enum framing framing;
};

static const struct row ROWS[] = {
    {"a counted body goes on counted",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello-world", "hello-world",
     FRAMING_LENGTH},
    {"a chunked body goes on until the connection ends",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n-"
     "world\r\n0\r\n\r\n",
     "hello-world", FRAMING_CLOSE},
    {"a chunked body goes on chunked, with its trailers",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n-"
     "world\r\n0\r\nX-Sum: 1\r\n\r\n",
     "hello-world", FRAMING_CHUNKED},
    {"an empty chunked body is its last chunk",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
     FRAMING_CHUNKED},
    {"a body of many windows passes through one",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789",
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3456789",
     FRAMING_LENGTH},
};

static void read_head(struct inlet *inlet, struct trickle *trickle)
{
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        enum reader_step step = inlet_read_head(inlet);

        if (step == READER_HEAD)
            return;
        assert_int_equal(step, READER_MORE);
        assert_true(inlet_fill(inlet, &trickle->stream) > 0);
    }
    assert_true(false);
}

/* Chunk sizes follow the pieces, so a chunked result is read back before it is compared. */
static size_t unchunk(const char *wire, char *body)
{
    size_t size = 0;
    unsigned chunk;
    int used;

    while (sscanf(wire, "%x\r\n%n", &chunk, &used) == 1 && chunk > 0) {
        memcpy(body + size, wire + used, chunk);
        size += chunk;
        wire += (size_t)used + chunk;
        assert_memory_equal(wire, "\r\n", 2);
        wire += 2;
    }
    assert_true(strcmp(wire, "0\r\n\r\n") == 0 || strcmp(wire, "0\r\nX-Sum: 1\r\n\r\n") == 0);
    return size;
}

static void check_sunk(const struct row *row, struct trickle *trickle)
{
    char body[TEXT_BYTES];
    const char *wire = trickle->sunk + 4;
    size_t size = trickle->sunk_size - 4;

    trickle->sunk[trickle->sunk_size] = '\0';
    assert_memory_equal(trickle->sunk, "HEAD", 4);
    if (row->framing == FRAMING_CHUNKED)
        size = unchunk(wire, body);
    else
        memcpy(body, wire, size);
    assert_int_equal(size, strlen(row->body));
    assert_memory_equal(body, row->body, size);
    assert_int_equal(row->framing == FRAMING_CHUNKED && strstr(row->source, "X-Sum") != NULL,
                     strstr(wire, "X-Sum") != NULL);
}

static void write_from(struct outlet *outlet, struct inlet *inlet, struct trickle *trickle)
{
    const struct outlet_supply supply = {
        .body = inlet_body(inlet), .complete = inlet->message_ended, .trailers = &inlet->trailers};
    uint64_t accepted = outlet->body_accepted;

    outlet_write(outlet, &supply, &trickle->stream);
    inlet_consume(inlet, (size_t)(outlet->body_accepted - accepted));
}

static void run(const struct row *row, size_t at_once)
{
    const struct inlet_settings settings = {
        .kind = READ_REQUEST,
        .window_bytes = WINDOW_BYTES,
        .limits = {.head_bytes_max = 1024, .uri_bytes_max = 100, .body_bytes_max = UINT64_MAX}};
    struct trickle trickle = {.stream = {.ops = &TRICKLE_OPS, .owner = &trickle},
                              .source = row->source,
                              .source_size = strlen(row->source),
                              .at_once = at_once};
    uint8_t tail[OUTLET_TAIL_BYTES];
    struct inlet inlet;
    struct outlet outlet;

    assert_true(inlet_init(&inlet, &settings));
    inlet_restart(&inlet);
    read_head(&inlet, &trickle);
    outlet_start(&outlet, &(struct outlet_message){.head = bytes_of("HEAD"),
                                                   .framing = row->framing,
                                                   .content_length = strlen(row->body),
                                                   .body_allowed = true,
                                                   .tail_store = tail});
    for (unsigned turns = 0; outlet.state != OUTLET_ENDED; turns++) {
        assert_true(turns < TURNS_MAX);
        assert_true(inlet_held(&inlet) <= WINDOW_BYTES);
        if (inlet_has_room(&inlet))
            inlet_fill(&inlet, &trickle.stream);
        assert_true(inlet_decode(&inlet));
        write_from(&outlet, &inlet, &trickle);
    }
    assert_int_equal(outlet.body_accepted, strlen(row->body));
    check_sunk(row, &trickle);
    inlet_release(&inlet);
}

static void passes_in_any_pieces(void **state)
{
    const struct row *row = *state;

    for (size_t at_once = 1; at_once <= 2 * WINDOW_BYTES; at_once++)
        run(row, at_once);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = passes_in_any_pieces,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
