/*
 * That an outlet puts the same bytes on the wire however few of them a stream takes at a time, by induction: here the chunks
 * are those in which bytes leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/relay/outlet.h"
#include "proxy/relay/sink_rig.h"
#include "world/base/segments_rig.h"

enum { TRAILER_STORE_BYTES = 64 };

/* The body comes in two parts: the second one when the first has left. */
struct row {
    const char *name;
    enum framing framing;
    const char *first;
    const char *second;
    bool trailers;
    const char *wire; /* all that leaves */
};

#define HEAD \
    "PUT /pay HTTP/1.1\r\nHost: shop.test\r\nVia: 1.1 edge\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"

static const struct row ROWS[] = {
    {"a head alone", FRAMING_NONE, "", "", false, HEAD},
    {"a length", FRAMING_LENGTH, "hello", " all\r\n0\r\n", false, HEAD "hello all\r\n0\r\n"},
    {"a body until the end", FRAMING_CLOSE, "5\r\nhello", "\r\n0\r\n\r\n", false,
     HEAD "5\r\nhello\r\n0\r\n\r\n"},
    {"a chunk and the end with trailers", FRAMING_CHUNKED, "", "0123456789abcdef", true,
     HEAD "10\r\n0123456789abcdef\r\n0\r\nSum: 7\r\nA: b\r\n\r\n"},
    {"two chunks", FRAMING_CHUNKED, "hello ", "0123456789", false,
     HEAD "6\r\nhello \r\na\r\n0123456789\r\n0\r\n\r\n"},
    {"no chunk at all", FRAMING_CHUNKED, "", "", true, HEAD "0\r\nSum: 7\r\nA: b\r\n\r\n"},
};

struct leaving {
    const struct row *row;
    struct outlet outlet;
    struct sink sink;
    struct head trailers;
    uint8_t store[TRAILER_STORE_BYTES];
    uint8_t tail[OUTLET_TAIL_BYTES];
    char body[SINK_BYTES];
};

static struct outlet_supply supply_of(const struct leaving *leaving)
{
    size_t first = strlen(leaving->row->first);
    size_t whole = strlen(leaving->body);
    size_t sent = (size_t)leaving->outlet.body_accepted;
    bool second = sent >= first;

    return (struct outlet_supply){
        .body = bytes_make(leaving->body + sent, (second ? whole : first) - sent),
        .complete = second,
        .trailers = leaving->row->trailers ? &leaving->trailers : NULL,
    };
}

/* Writes for as long as something leaves, and once more, so that what can be made ready is. */
static void write_all(struct leaving *leaving)
{
    uint64_t before;

    do {
        struct outlet_supply supply = supply_of(leaving);

        before = leaving->sink.allowed;
        outlet_write(&leaving->outlet, &supply, &leaving->sink.stream);
    } while (leaving->sink.allowed != before);
}

static void begin(void *owner)
{
    struct leaving *leaving = owner;

    sink_init(&leaving->sink, SIZE_MAX, 0);
    sink_start(&leaving->sink, FRAMING_CLOSE); /* the bytes as they are */
    outlet_start(&leaving->outlet,
                 &(struct outlet_message){.head = bytes_of(HEAD),
                                          .framing = leaving->row->framing,
                                          .content_length = strlen(leaving->body),
                                          .body_allowed = leaving->row->framing != FRAMING_NONE,
                                          .tail_store = leaving->tail});
    write_all(leaving);
}

/* What the chunk holds is what should leave; how much of it may, the chunk says by its size. */
static void leave(void *owner, struct bytes chunk)
{
    struct leaving *leaving = owner;

    leaving->sink.allowed = chunk.size;
    write_all(leaving);
}

static void tell(void *owner, struct segments_account *account)
{
    struct leaving *leaving = owner;
    const struct outlet *outlet = &leaving->outlet;
    struct outlet_supply supply = supply_of(leaving);

    segments_say_bytes(account, "out", bytes_make(leaving->sink.text, leaving->sink.size));
    segments_say_number(account, "refused", leaving->sink.allowed);
    segments_say_number(account, "ended", outlet->state == OUTLET_ENDED);
    segments_say_number(account, "pending", outlet_has_pending(outlet, &supply));
    segments_say_bytes(account, "head", outlet->head);
    segments_say_bytes(account, "prefix", outlet->prefix);
    segments_say_number(account, "piece", outlet->piece);
    segments_say_bytes(account, "suffix", outlet->suffix);
    segments_say_number(account, "tail", outlet->tail_made);
    segments_say_number(account, "sent", outlet->head_accepted);
    segments_say_number(account, "and", outlet->body_accepted);
}

static void leaves_alike(void **state)
{
    static struct leaving leaving;
    static struct segments_result result;
    const struct segments_subject subject = {.owner = &leaving,
                                             .begin = begin,
                                             .feed = leave,
                                             .tell = tell,
                                             .areas = {{&leaving, sizeof(leaving)}},
                                             .area_count = 1};
    const struct row *row = *state;

    leaving.row = row;
    snprintf(leaving.body, sizeof(leaving.body), "%s%s", row->first, row->second);
    head_init(&leaving.trailers, leaving.store, sizeof(leaving.store));
    assert_true(head_add(&leaving.trailers, bytes_of("Sum"), bytes_of("7")));
    assert_true(head_add(&leaving.trailers, bytes_of("A"), bytes_of("b")));
    if (!segments_agree(&subject, bytes_of(row->wire), &result))
        fail_msg("%s", result.difference);
    print_message("%zu pairs\n", result.pairs);
    assert_int_equal(leaving.outlet.state, OUTLET_ENDED);
    assert_int_equal(leaving.sink.size, strlen(row->wire));
    assert_memory_equal(leaving.sink.text, row->wire, strlen(row->wire));
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = leaves_alike,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
