/* What comes in one framing goes out in another, in any pieces; and what may go of what waits, by the declared length. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/inlet.h"
#include "proxy/relay/outlet.h"

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

/* ---- what a declared length allows, and what is pending -------------------------------------------- */

enum { STEPS_MAX = 3 };

/* What comes, step by step, and what has then been written of it. */
static const struct supply_row {
    const char *name;
    enum framing framing;
    uint64_t content_length;
    struct {
        const char *adds; /* NULL: there is no such step */
        bool complete;
    } steps[STEPS_MAX];
    enum outlet_state state;
    const char *sunk;
} SUPPLY_ROWS[] = {
    {"a body of the declared length is written",
     FRAMING_LENGTH,
     5,
     {{"hello", true}},
     OUTLET_ENDED,
     "HEADhello"},
    {"nothing is written of a body that is longer than declared",
     FRAMING_LENGTH,
     5,
     {{"hello!", false}},
     OUTLET_MISMATCHED,
     ""},
    {"nothing is written of a body that is shorter than declared",
     FRAMING_LENGTH,
     5,
     {{"hell", true}},
     OUTLET_MISMATCHED,
     ""},
    {"the last byte waits until nothing can come behind it",
     FRAMING_LENGTH,
     5,
     {{"hel", false}, {"lo", false}},
     OUTLET_IDLE,
     "HEADhell"},
    {"the last byte goes when the end is known",
     FRAMING_LENGTH,
     5,
     {{"hello", false}, {"", false}, {"", true}},
     OUTLET_ENDED,
     "HEADhello"},
    {"a body that turns out longer is not taken for whole",
     FRAMING_LENGTH,
     5,
     {{"hello", false}, {"!", true}},
     OUTLET_MISMATCHED,
     "HEADhell"},
    {"a body that turns out shorter is not taken for whole",
     FRAMING_LENGTH,
     5,
     {{"he", false}, {"l", false}, {"", true}},
     OUTLET_MISMATCHED,
     "HEADhel"},
    {"a mismatch is final",
     FRAMING_LENGTH,
     5,
     {{"hello!", false}, {"", false}, {"", true}},
     OUTLET_MISMATCHED,
     ""},
    {"the head of a body of no bytes waits for nothing",
     FRAMING_LENGTH,
     0,
     {{"", false}},
     OUTLET_IDLE,
     "HEAD"},
    {"a body of no bytes ends with its head",
     FRAMING_LENGTH,
     0,
     {{"", true}},
     OUTLET_ENDED,
     "HEAD"},
    {"a body of no bytes has no byte",
     FRAMING_LENGTH,
     0,
     {{"", false}, {"!", false}},
     OUTLET_MISMATCHED,
     "HEAD"},
    {"each piece is a chunk, and without trailers the last one ends the message",
     FRAMING_CHUNKED,
     0,
     {{"hel", false}, {"lo", false}, {"", true}},
     OUTLET_ENDED,
     "HEAD3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"},
    {"the end goes with the last piece",
     FRAMING_CHUNKED,
     0,
     {{"hello", true}},
     OUTLET_ENDED,
     "HEAD5\r\nhello\r\n0\r\n\r\n"},
    {"a body that ends with its connection holds nothing back",
     FRAMING_CLOSE,
     0,
     {{"hel", false}, {"lo", false}},
     OUTLET_IDLE,
     "HEADhello"},
    {"a body that ends with its connection ends when that is known",
     FRAMING_CLOSE,
     0,
     {{"hello", false}, {"", true}},
     OUTLET_ENDED,
     "HEADhello"},
};

/* Writes for as long as the outlet is blocked, taking what was accepted off the front of the supply. */
static void write_all(struct outlet *outlet, struct outlet_supply *supply, struct trickle *trickle)
{
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        uint64_t accepted = outlet->body_accepted;

        outlet_write(outlet, supply, &trickle->stream);
        accepted = outlet->body_accepted - accepted;
        if (accepted > 0)
            supply->body = bytes_make(supply->body.data + accepted, supply->body.size - accepted);
        assert_int_equal(outlet_has_pending(outlet, supply), outlet->state == OUTLET_BLOCKED);
        if (outlet->state != OUTLET_BLOCKED)
            return;
    }
    assert_true(false);
}

static void run_supply(const struct supply_row *row, size_t at_once)
{
    struct trickle trickle = {.stream = {.ops = &TRICKLE_OPS, .owner = &trickle},
                              .at_once = at_once};
    struct outlet_supply supply = {0};
    uint8_t tail[OUTLET_TAIL_BYTES];
    char body[TEXT_BYTES] = "";
    size_t body_size = 0;
    struct outlet outlet;

    supply.body = bytes_make(body, 0);
    outlet_start(&outlet, &(struct outlet_message){.head = bytes_of("HEAD"),
                                                   .framing = row->framing,
                                                   .content_length = row->content_length,
                                                   .body_allowed = true,
                                                   .tail_store = tail});
    for (size_t i = 0; i < STEPS_MAX && row->steps[i].adds != NULL; i++) {
        size_t size = strlen(row->steps[i].adds);

        assert_true(body_size + size <= sizeof(body));
        memcpy(body + body_size, row->steps[i].adds, size);
        body_size += size;
        supply.body.size += size;
        supply.complete = row->steps[i].complete;
        write_all(&outlet, &supply, &trickle);
    }
    trickle.sunk[trickle.sunk_size] = '\0';
    assert_int_equal(outlet.state, row->state);
    assert_string_equal(trickle.sunk, row->sunk);
}

static void writes_what_may_go(void **state)
{
    for (size_t at_once = 1; at_once <= WINDOW_BYTES; at_once++)
        run_supply(*state, at_once);
}

/* The rest of an open chunk stands in front of what came behind it. */
static void a_body_may_grow_behind_an_open_chunk(void **state)
{
    struct trickle trickle = {
        .stream = {.ops = &TRICKLE_OPS, .owner = &trickle}, .at_once = 9, .blocked_last = true};
    struct outlet_supply supply = {.body = bytes_of("hello")};
    uint8_t tail[OUTLET_TAIL_BYTES];
    struct outlet outlet;

    (void)state;
    outlet_start(&outlet, &(struct outlet_message){.head = bytes_of("HEAD"),
                                                   .framing = FRAMING_CHUNKED,
                                                   .body_allowed = true,
                                                   .tail_store = tail});
    assert_int_equal(outlet_write(&outlet, &supply, &trickle.stream), OUTLET_BLOCKED);
    assert_int_equal(outlet.body_accepted, 2);
    supply = (struct outlet_supply){.body = bytes_of("llo-world"), .complete = true};
    trickle.at_once = TEXT_BYTES / 2;
    write_all(&outlet, &supply, &trickle);
    trickle.sunk[trickle.sunk_size] = '\0';
    assert_int_equal(outlet.state, OUTLET_ENDED);
    assert_string_equal(trickle.sunk, "HEAD5\r\nhello\r\n6\r\n-world\r\n0\r\n\r\n");
}

/* What comes behind the last write, by itself, is for the next one to find. */
static void an_end_is_pending_when_it_is_known(void **state)
{
    static const enum framing FRAMINGS[] = {FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE};
    uint8_t tail[OUTLET_TAIL_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(FRAMINGS); i++) {
        struct trickle trickle = {
            .stream = {.ops = &TRICKLE_OPS, .owner = &trickle}, .at_once = 9, .blocked_last = true};
        struct outlet_supply supply = {.complete = false};
        struct outlet outlet;

        outlet_start(&outlet, &(struct outlet_message){.head = bytes_of("HEAD"),
                                                       .framing = FRAMINGS[i],
                                                       .body_allowed = true,
                                                       .tail_store = tail});
        assert_int_equal(outlet_write(&outlet, &supply, &trickle.stream), OUTLET_IDLE);
        assert_false(outlet_has_pending(&outlet, &supply));
        supply.complete = true;
        assert_true(outlet_has_pending(&outlet, &supply));
        write_all(&outlet, &supply, &trickle);
        assert_int_equal(outlet.state, OUTLET_ENDED);
    }
}

static void a_mismatch_is_pending_until_it_is_found(void **state)
{
    struct trickle trickle = {
        .stream = {.ops = &TRICKLE_OPS, .owner = &trickle}, .at_once = 9, .blocked_last = true};
    struct outlet_supply supply = {.complete = false};
    struct outlet outlet;

    (void)state;
    outlet_start(&outlet, &(struct outlet_message){.head = bytes_of("HEAD"),
                                                   .framing = FRAMING_LENGTH,
                                                   .body_allowed = true});
    assert_int_equal(outlet_write(&outlet, &supply, &trickle.stream), OUTLET_IDLE);
    supply.body = bytes_of("!");
    assert_true(outlet_has_pending(&outlet, &supply));
    assert_int_equal(outlet_write(&outlet, &supply, &trickle.stream), OUTLET_MISMATCHED);
    assert_false(outlet_has_pending(&outlet, &supply));
}

static void a_message_without_a_body_needs_no_supply(void **state)
{
    struct trickle trickle = {.stream = {.ops = &TRICKLE_OPS, .owner = &trickle}, .at_once = 3};
    struct outlet outlet;

    (void)state;
    outlet_start(&outlet, &(struct outlet_message){.head = bytes_of("HEAD")});
    assert_true(outlet_has_pending(&outlet, NULL));
    assert_int_equal(outlet_write(&outlet, NULL, &trickle.stream), OUTLET_BLOCKED);
    assert_int_equal(outlet_write(&outlet, NULL, &trickle.stream), OUTLET_BLOCKED);
    assert_true(outlet_has_pending(&outlet, NULL));
    outlet_write(&outlet, NULL, &trickle.stream);
    assert_int_equal(outlet_write(&outlet, NULL, &trickle.stream), OUTLET_ENDED);
    assert_false(outlet_has_pending(&outlet, NULL));
    assert_int_equal(outlet.head_accepted, 4);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(SUPPLY_ROWS) + 4];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = passes_in_any_pieces,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(SUPPLY_ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = SUPPLY_ROWS[i].name,
                                             .test_func = writes_what_may_go,
                                             .initial_state = (void *)(uintptr_t)&SUPPLY_ROWS[i]};
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_body_may_grow_behind_an_open_chunk);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_end_is_pending_when_it_is_known);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_mismatch_is_pending_until_it_is_found);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_message_without_a_body_needs_no_supply);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
