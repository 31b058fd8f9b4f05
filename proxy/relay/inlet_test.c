#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/inlet.h"

enum { WINDOW = 64, TEXT_MAX = 256 };

/* A stream that gives its text in pieces of a size, then its end. */
struct source {
    struct stream stream;
    const char *text;
    size_t piece;
    int end; /* 0: FIN, else -errno */
};

static ssize_t give(struct stream *stream, void *data, size_t size)
{
    struct source *source = stream->impl;
    size_t left = strlen(source->text);

    if (left == 0)
        return source->end;
    if (size > source->piece)
        size = source->piece;
    if (size > left)
        size = left;
    memcpy(data, source->text, size);
    source->text += size;
    return (ssize_t)size;
}

static const struct stream_ops OPS = {.read = give};

struct fixture {
    struct inlet inlet;
    struct source source;
    char got[TEXT_MAX]; /* of the body, taken off the front */
    size_t got_size;
};

static void set_up(struct fixture *fixture, const char *text, size_t piece)
{
    const struct inlet_settings settings = {
        .kind = READ_REQUEST,
        .window_bytes = WINDOW,
        .limits = {.head_bytes_max = 1024, .uri_bytes_max = 256, .body_bytes_max = UINT64_MAX}};

    memset(fixture, 0, sizeof(*fixture));
    assert_true(inlet_init(&fixture->inlet, &settings));
    fixture->source = (struct source){.text = text, .piece = piece};
    fixture->source.stream = (struct stream){.ops = &OPS, .impl = &fixture->source};
}

static void tear_down(struct fixture *fixture)
{
    inlet_release(&fixture->inlet);
}

static void read_head(struct fixture *fixture)
{
    while (inlet_read_head(&fixture->inlet) != READER_HEAD)
        assert_true(inlet_fill(&fixture->inlet, &fixture->source.stream) > 0);
}

static void take(struct fixture *fixture, size_t size)
{
    struct bytes body = inlet_body(&fixture->inlet);

    if (size > body.size)
        size = body.size;
    assert_true(size <= sizeof(fixture->got) - fixture->got_size);
    if (size > 0)
        memcpy(fixture->got + fixture->got_size, body.data, size);
    fixture->got_size += size;
    inlet_consume(&fixture->inlet, size);
}

static void expect_got(const struct fixture *fixture, const char *text)
{
    assert_int_equal(fixture->got_size, strlen(text));
    assert_memory_equal(fixture->got, text, strlen(text));
}

/* Reads all there is and takes it in small bites, as a stream would that takes little at once. */
static void drain(struct fixture *fixture, size_t bite)
{
    struct inlet *inlet = &fixture->inlet;

    for (unsigned i = 0; i < 4 * TEXT_MAX; i++) {
        if (inlet_has_room(inlet) && inlet_fill(inlet, &fixture->source.stream) < 0)
            return;
        assert_true(inlet_decode(inlet));
        assert_true(inlet_held(inlet) <= WINDOW);
        take(fixture, bite);
        if (inlet->message_ended && inlet_held(inlet) == 0)
            return;
    }
    fail_msg("it does not end");
}

/* ---- blind ----------------------------------------------------------------------------------------- */

#define HEAD   "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"
#define BEHIND "GET / HTTP/1.1\r\n\r\n and 5\r\nhello\r\n0\r\n\r\n, whatever looks like HTTP"

static void what_came_already_is_the_beginning(void **state)
{
    static const size_t pieces[] = {1, 7, WINDOW};
    static const size_t bites[] = {1, 5, WINDOW};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        for (size_t j = 0; j < COUNT_OF(bites); j++) {
            struct fixture fixture;

            set_up(&fixture, HEAD BEHIND, pieces[i]);
            read_head(&fixture);
            assert_true(inlet_decode(&fixture.inlet));
            assert_true(fixture.inlet.message_ended);
            assert_false(inlet_has_room(&fixture.inlet));
            inlet_go_blind(&fixture.inlet);
            assert_false(fixture.inlet.message_ended);
            drain(&fixture, bites[j]);
            expect_got(&fixture, BEHIND);
            assert_true(fixture.inlet.message_ended);
            assert_true(fixture.inlet.input_ended);
            assert_int_equal(fixture.inlet.body_total, 0);
            tear_down(&fixture);
        }
}

/* A body that was counted stays as it was counted. */
static void nothing_of_it_counts_as_body(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" BEHIND, WINDOW);
    read_head(&fixture);
    while (!fixture.inlet.message_ended) {
        assert_true(inlet_decode(&fixture.inlet));
        take(&fixture, WINDOW);
        if (!fixture.inlet.message_ended)
            assert_true(inlet_fill(&fixture.inlet, &fixture.source.stream) > 0);
    }
    expect_got(&fixture, "abc");
    inlet_go_blind(&fixture.inlet);
    drain(&fixture, WINDOW);
    expect_got(&fixture, "abc" BEHIND);
    assert_int_equal(fixture.inlet.body_total, 3);
    tear_down(&fixture);
}

/* Its end is the end of the input, and an error is none. */
static void only_the_end_of_the_input_ends_it(void **state)
{
    static const int ends[] = {0, -ECONNRESET, -EAGAIN};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct fixture fixture;

        set_up(&fixture, HEAD "x", WINDOW);
        fixture.source.end = ends[i];
        read_head(&fixture);
        inlet_go_blind(&fixture.inlet);
        assert_true(inlet_decode(&fixture.inlet));
        assert_false(fixture.inlet.message_ended);
        take(&fixture, WINDOW);
        expect_got(&fixture, "x");
        assert_true(inlet_has_room(&fixture.inlet));
        assert_int_equal(inlet_fill(&fixture.inlet, &fixture.source.stream), ends[i]);
        assert_true(inlet_decode(&fixture.inlet));
        assert_int_equal(fixture.inlet.message_ended, ends[i] == 0);
        assert_int_equal(inlet_has_room(&fixture.inlet), ends[i] != 0);
        tear_down(&fixture);
    }
}

/* The end of the input that came before it went blind ends it at once. */
static void an_end_that_came_before_counts(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, HEAD "tail", WINDOW);
    read_head(&fixture);
    assert_int_equal(inlet_fill(&fixture.inlet, &fixture.source.stream), 0);
    inlet_go_blind(&fixture.inlet);
    assert_true(inlet_decode(&fixture.inlet));
    assert_true(fixture.inlet.message_ended);
    take(&fixture, WINDOW);
    expect_got(&fixture, "tail");
    tear_down(&fixture);
}

/* A window that is full of what nobody takes is not read into. */
static void it_holds_no_more_than_its_window(void **state)
{
    char text[sizeof(HEAD) + 3 * WINDOW] = HEAD;
    struct fixture fixture;

    (void)state;
    memset(text + strlen(HEAD), 'x', 3 * WINDOW);
    set_up(&fixture, text, WINDOW);
    read_head(&fixture);
    inlet_go_blind(&fixture.inlet);
    for (unsigned i = 0; i < 10; i++) {
        if (inlet_has_room(&fixture.inlet))
            assert_true(inlet_fill(&fixture.inlet, &fixture.source.stream) > 0);
        assert_true(inlet_decode(&fixture.inlet));
    }
    assert_false(inlet_has_room(&fixture.inlet));
    assert_true(inlet_held(&fixture.inlet) > WINDOW / 2);
    assert_true(inlet_held(&fixture.inlet) <= WINDOW);
    take(&fixture, inlet_held(&fixture.inlet) - WINDOW / 2);
    assert_true(inlet_has_room(&fixture.inlet));
    tear_down(&fixture);
}

/* A new source is read as HTTP again. */
static void a_restart_opens_its_eyes(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, HEAD "rest", WINDOW);
    read_head(&fixture);
    inlet_go_blind(&fixture.inlet);
    drain(&fixture, WINDOW);
    inlet_restart(&fixture.inlet);
    assert_int_equal(inlet_held(&fixture.inlet), 0);
    fixture.got_size = 0;
    fixture.source.text = "PUT /next HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET";
    read_head(&fixture);
    assert_true(bytes_equal_text(fixture.inlet.head.target, "/next"));
    while (!fixture.inlet.message_ended) {
        assert_true(inlet_decode(&fixture.inlet));
        if (!fixture.inlet.message_ended)
            assert_true(inlet_fill(&fixture.inlet, &fixture.source.stream) > 0);
    }
    take(&fixture, WINDOW);
    expect_got(&fixture, "abc");
    assert_int_equal(fixture.inlet.body_total, 3);
    tear_down(&fixture);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        {"what came behind the head already is the beginning of what a blind inlet hands on",
         what_came_already_is_the_beginning, NULL, NULL, NULL},
        {"nothing that a blind inlet hands on counts as body", nothing_of_it_counts_as_body, NULL,
         NULL, NULL},
        {"only the end of the input ends a blind inlet", only_the_end_of_the_input_ends_it, NULL,
         NULL, NULL},
        {"an end of the input that came before counts", an_end_that_came_before_counts, NULL, NULL,
         NULL},
        {"a blind inlet holds no more than its window", it_holds_no_more_than_its_window, NULL,
         NULL, NULL},
        {"a restart opens its eyes", a_restart_opens_its_eyes, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
