/*
 * That what comes out of a relay (inlet, feed, outlet, with heads rewritten) does not depend on the segments of what went in,
 * by induction; whatever the window is, and however little the far end takes at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/relay/feed_rig.h"
#include "proxy/relay/forward.h"
#include "proxy/relay/sink_rig.h"
#include "proxy/wire/http1_tell_rig.h"

enum { HEAD_BYTES = 512, HEAD_IN_BYTES = 128 };

struct row {
    const char *name;
    const char *message;
    const char *ends; /* how what came out ends */
    enum reader_kind kind;
    unsigned client_minor; /* responses: HTTP/1.x of the client that gets them */
    enum rig_filter filter;
    size_t copy_limit;
};

#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct row ROWS[] = {
    {"a request without a body, and another one",
     "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\n\r\n", "\r\n\r\n", READ_REQUEST, 1,
     RIG_NONE, 0},
    {"a body with a length, of which a copy is kept",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0\r\n\r\n9abcdefghijklmn",
     "0\r\n\r\n9abcdefghijklmn", READ_REQUEST, 1, RIG_NONE, 20},
    {"a body that is longer than its copy",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0123456789abcdefghij",
     "0123456789abcdefghij", READ_REQUEST, 1, RIG_NONE, 7},
    {"chunks with an extension, and trailers",
     "PUT / HTTP/1.1\r\nHost: a\r\n" CHUNKED
     "\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nSum: 7\r\n\r\n",
     "abc0123456789Sum: 7\r\n\r\n", READ_REQUEST, 1, RIG_NONE, 64},
    {"a chunked request and one behind it",
     "PUT / HTTP/1.1\r\nHost: a\r\n" CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
     "\r\n\r\n", READ_REQUEST, 1, RIG_NONE, 0},
    {"chunks that are none",
     "PUT / HTTP/1.1\r\nHost: a\r\n" CHUNKED "\r\n5\r\nhello\r\n2\r\nhi!\r\n0\r\n\r\n", "hellohi",
     READ_REQUEST, 1, RIG_NONE, 64},
    {"a 103 and a response with a length",
     "HTTP/1.1 103 Hi\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789",
     "123456789", READ_RESPONSE, 1, RIG_NONE, 0},
    {"a response that is cut", "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789",
     "0123456789", READ_RESPONSE, 1, RIG_NONE, 0},
    {"a response until the end, which goes on in chunks",
     "HTTP/1.1 200 OK\r\nA: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n and more",
     "5\r\nhello\r\n0\r\n\r\n and more\r\n", READ_RESPONSE, 1, RIG_NONE, 0},
    {"chunks that an old client gets until the end",
     "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\nA: b\r\n\r\n",
     "\r\n\r\nabcdefg", READ_RESPONSE, 0, RIG_NONE, 0},
    {"a 101 and what follows, which is no HTTP",
     "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x81\x02hi HTTP/1.1 200 "
     "OK\r\n\r\n",
     "\x81\x02hi HTTP/1.1 200 OK\r\n\r\n", READ_RESPONSE, 1, RIG_NONE, 0},
};

/* Filters have blocks of sixteen bytes, which a smaller window never holds. */
static const struct row FILTERED[] = {
    {"a filter that makes more of a body, all of it copied",
     "PUT / HTTP/1.1\r\nHost: a\r\n" CHUNKED
     "\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nSum: 7\r\n\r\n",
     "aabbcc00112233445566778899Sum: 7\r\n\r\n", READ_REQUEST, 1, RIG_DOUBLE, 64},
    {"a filter that drops bytes",
     "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n4\r\nabcd\r\n8\r\n01234567\r\n0\r\n\r\n", "abc123567\r\n",
     READ_RESPONSE, 1, RIG_DROP, 0},
    {"a filter that holds until it has a block",
     "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n5\r\n43210\r\nE\r\nfedcba98765zyx\r\n0\r\n\r\n",
     "56789abcdef01234xyz\r\n", READ_RESPONSE, 1, RIG_BLOCKS, 0},
};

struct shape {
    const char *name;
    size_t window;
    size_t at_once; /* bytes that a write gets rid of */
};

static const struct shape SHAPES[] = {
    {"a window of 1 byte", 1, SIZE_MAX},
    {"a window of 2 bytes, and 1 byte leaves at a time", 2, 1},
    {"a window of 17 bytes, and 5 bytes leave at a time", 17, 5},
    {"a window of 1024 bytes", 1024, SIZE_MAX},
    {"a window of 1024 bytes, and 17 bytes leave at a time", 1024, 17},
};

/* One direction of an exchange, after another, on one pair of connections. */
struct relaying {
    const struct row *row;
    struct exchange exchange;
    struct inlet inlet;
    struct feed feed;
    struct outlet outlet;
    struct sink sink;
    struct stream source;
    struct bytes message; /* all that has come, as long as it goes on side by side */
    size_t read;          /* of it */
    bool input_ends;
    bool in_body;
    bool refused;
    uint8_t head[HEAD_BYTES];
    uint8_t tail[OUTLET_TAIL_BYTES];
};

static ssize_t read_source(struct stream *stream, void *data, size_t size)
{
    struct relaying *relaying = stream->owner;

    size = rig_smaller(size, relaying->message.size - relaying->read);
    if (size == 0)
        return relaying->input_ends ? 0 : -EAGAIN;
    memcpy(data, relaying->message.data + relaying->read, size);
    relaying->read += size;
    return (ssize_t)size;
}

/* ---- heads -------------------------------------------------------------------------------------- */

static enum framing write_head(struct relaying *relaying, struct http1_writer *writer)
{
    static const struct address client = {.family = 4, .bytes = {127, 0, 0, 1}};
    const struct http1_reader *reader = &relaying->inlet.reader;
    const struct head *head = &relaying->inlet.head;
    enum framing down = forward_framing_down(reader->framing, relaying->row->client_minor);

    if (reader->kind == READ_REQUEST) {
        check(forward_write_request(
            &(struct forward_request){.head = head,
                                      .framing = reader->framing,
                                      .content_length = reader->content_length,
                                      .target = head->target,
                                      .upstream_host = "a.test",
                                      .upstream_port = 80,
                                      .via = "edge",
                                      .client = &client,
                                      .client_host = "127.0.0.1"},
            writer));
        return reader->framing;
    }
    if (head->status == 101) {
        check(forward_write_switch(head, "edge", writer));
        return FRAMING_CLOSE;
    }
    if (head->status < 200) {
        check(forward_write_interim(head, "edge", writer));
        return FRAMING_NONE;
    }
    check(forward_write_response(
        &(struct forward_response){.head = head,
                                   .framing = reader->framing,
                                   .framing_down = down,
                                   .content_length = reader->content_length,
                                   .client_minor = relaying->row->client_minor,
                                   .keep_alive = true,
                                   .via = "edge"},
        writer));
    return down;
}

static void begin_message(struct relaying *relaying)
{
    struct http1_writer writer;
    enum framing framing;

    http1_writer_init(&writer, relaying->head, sizeof(relaying->head));
    framing = write_head(relaying, &writer);
    if (relaying->inlet.head.status == 101)
        inlet_go_blind(&relaying->inlet);
    feed_start(&relaying->feed, framing != FRAMING_NONE, relaying->row->copy_limit);
    sink_start(&relaying->sink, framing);
    outlet_start(&relaying->outlet,
                 &(struct outlet_message){.head = bytes_make(writer.data, writer.size),
                                          .framing = framing,
                                          .content_length = relaying->inlet.reader.content_length,
                                          .body_allowed = framing != FRAMING_NONE,
                                          .tail_store = relaying->tail});
    relaying->in_body = true;
}

/* ---- turns -------------------------------------------------------------------------------------- */

/* As exchanges do it: whatever can be done is done, and all of it is safe to try. True: something happened. */
static bool turn_in_body(struct relaying *relaying)
{
    struct outlet *outlet = &relaying->outlet;
    uint64_t before = relaying->sink.allowed;
    uint64_t accepted = outlet->body_accepted;
    struct outlet_supply supply;

    relaying->refused = !inlet_decode(&relaying->inlet);
    check(feed_pump(&relaying->feed, 0) <= FEED_WAITING);
    supply = feed_supply(&relaying->feed);
    outlet_write(outlet, &supply, &relaying->sink.stream);
    feed_consume(&relaying->feed, (size_t)(outlet->body_accepted - accepted));
    check(feed_pump(&relaying->feed, 0) <= FEED_WAITING);
    if (outlet->state == OUTLET_ENDED && relaying->inlet.message_ended && !relaying->inlet.blind) {
        inlet_next_message(&relaying->inlet);
        relaying->in_body = false;
        return true;
    }
    return relaying->sink.allowed != before;
}

static bool turn_in_head(struct relaying *relaying)
{
    switch (inlet_read_head(&relaying->inlet)) {
    case READER_HEAD:
        begin_message(relaying);
        return true;
    case READER_REFUSED:
        relaying->refused = true;
        return false;
    default:
        return false;
    }
}

static bool fill(struct relaying *relaying)
{
    bool comes = relaying->read < relaying->message.size || relaying->input_ends;

    return comes && !relaying->refused && inlet_has_room(&relaying->inlet) &&
           inlet_fill(&relaying->inlet, &relaying->source) >= 0;
}

static void run(struct relaying *relaying)
{
    bool moved = true;

    while (moved) {
        moved = relaying->in_body ? turn_in_body(relaying) : turn_in_head(relaying);
        moved |= fill(relaying);
    }
}

/* ---- as the rig asks for it ---------------------------------------------------------------------- */

static void begin(void *owner)
{
    struct relaying *relaying = owner;
    struct sink *sink = &relaying->sink;

    inlet_restart(&relaying->inlet);
    feed_start(&relaying->feed, true, relaying->row->copy_limit);
    sink_init(sink, sink->at_once, UINT64_MAX);
    relaying->exchange = (struct exchange){0};
    relaying->message = bytes_make(NULL, 0);
    relaying->read = 0;
    relaying->input_ends = relaying->in_body = relaying->refused = false;
}

/* Chunks lie side by side in the message. */
static void feed(void *owner, struct bytes chunk)
{
    struct relaying *relaying = owner;

    if (relaying->message.size == 0)
        relaying->message.data = chunk.data;
    check(relaying->message.data + relaying->message.size == chunk.data);
    relaying->message.size += chunk.size;
    run(relaying);
}

static void finish(void *owner)
{
    struct relaying *relaying = owner;

    relaying->input_ends = true;
    run(relaying);
}

/* Where in the window something lies, and how our chunks are cut, may depend on the segments; nothing else may. */
static void tell(void *owner, struct segments_account *account)
{
    struct relaying *relaying = owner;
    const struct inlet *inlet = &relaying->inlet;
    const struct outlet *outlet = &relaying->outlet;
    const struct feed *feed = &relaying->feed;

    segments_say_bytes(account, "out", bytes_make(relaying->sink.text, relaying->sink.size));
    segments_say_number(account, "place", relaying->sink.place);
    segments_say_number(account, "broken", relaying->sink.broken);
    segments_say_number(account, "taken", relaying->read - inlet_raw(inlet));
    segments_say_number(account, "in body", relaying->in_body);
    segments_say_number(account, "refused", relaying->refused);
    segments_say_bytes(account, "waits", inlet_body(inlet));
    segments_say_number(account, "total", inlet->body_total);
    segments_say_number(account, "ended", inlet->message_ended + 2u * inlet->input_ended);
    segments_say_number(account, "incomplete", inlet->incomplete + 2u * inlet->blind);
    segments_say_number(account, "outlet", outlet->state);
    segments_say_number(account, "sent", outlet->head_accepted);
    segments_say_number(account, "and", outlet->body_accepted);
    segments_say_number(account, "filtered", feed_held(feed));
    if (feed_can_restart(feed))
        segments_say_bytes(account, "copy", bytes_make(feed->replay.data, feed->replay.size));
    tell_reader(account, &inlet->reader);
}

/* ---- tests -------------------------------------------------------------------------------------- */

static void set_up(struct relaying *relaying, const struct row *row, const struct shape *shape)
{
    static const struct stream_ops OPS = {.read = read_source};
    const struct inlet_settings inlet = {.kind = row->kind,
                                         .window_bytes = shape->window,
                                         .limits = {.head_bytes_max = HEAD_IN_BYTES,
                                                    .uri_bytes_max = HEAD_IN_BYTES,
                                                    .body_bytes_max = UINT64_MAX}};

    *relaying = (struct relaying){.row = row, .sink = {.at_once = shape->at_once}};
    relaying->source = (struct stream){.ops = &OPS, .impl = relaying, .owner = relaying};
    assert_true(inlet_init(&relaying->inlet, &inlet));
    assert_true(
        feed_init(&relaying->feed, &(struct feed_settings){.exchange = &relaying->exchange,
                                                           .inlet = &relaying->inlet,
                                                           .hooks = {RIG_HOOKS[row->filter][0]}}));
    begin(relaying);
}

/* Memory beside the structure itself: of the window with its heads, of the filter, of the copy. */
static void list_areas(struct relaying *relaying, struct segments_subject *subject)
{
    const struct inlet *inlet = &relaying->inlet;
    size_t inlet_bytes =
        inlet->window_bytes + inlet->head.storage_max + inlet->trailers.storage_max;
    const struct segments_area areas[] = {
        {relaying, sizeof(*relaying)},
        {inlet->data, inlet_bytes},
        {relaying->feed.memory, FILTER_BYTES * relaying->feed.filter_count},
        {relaying->feed.copy, relaying->feed.copy_room},
    };

    for (size_t i = 0; i < COUNT_OF(areas); i++)
        if (areas[i].size > 0)
            subject->areas[subject->area_count++] = areas[i];
}

static void expect_alike(const struct row *row, const struct shape *shape)
{
    static struct relaying relaying;
    static struct segments_result result;
    struct segments_subject subject = {
        .owner = &relaying, .begin = begin, .feed = feed, .end = finish, .tell = tell};
    size_t size = strlen(row->ends);

    set_up(&relaying, row, shape);
    list_areas(&relaying, &subject);
    if (!segments_agree(&subject, bytes_of(row->message), &result))
        fail_msg("%s, %s: %s", row->name, shape->name, result.difference);
    print_message("%zu pairs: %s\n", result.pairs, row->name);
    assert_true(relaying.sink.size >= size);
    assert_memory_equal(relaying.sink.text + relaying.sink.size - size, row->ends, size);
    assert_false(relaying.sink.broken);
    feed_release(&relaying.feed);
    inlet_release(&relaying.inlet);
}

static void comes_out_alike(void **state)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        expect_alike(&ROWS[i], *state);
}

static void a_filter_makes_the_same_of_it(void **state)
{
    const struct shape *shape = &SHAPES[COUNT_OF(SHAPES) - 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(FILTERED); i++)
        expect_alike(&FILTERED[i], shape);
}

int main(void)
{
    static const struct CMUnitTest filters[] = {cmocka_unit_test(a_filter_makes_the_same_of_it)};
    struct CMUnitTest tests[COUNT_OF(SHAPES)];

    for (size_t i = 0; i < COUNT_OF(SHAPES); i++)
        tests[i] = (struct CMUnitTest){.name = SHAPES[i].name,
                                       .test_func = comes_out_alike,
                                       .initial_state = (void *)(uintptr_t)&SHAPES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(filters, NULL, NULL);
}
