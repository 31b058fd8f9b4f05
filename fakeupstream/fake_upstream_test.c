#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/fake_upstream.h"
#include "world/base/region.h"
#include "world/sim/sim.h"

enum { REGION_BYTES = 1 << 20, STEPS_MAX = 100000, PLAIN_MAX = 8 };

/* A bare stream in place of a client, so that what the upstream does is seen without an actor's help. */
struct plain {
    struct stream stream;
    bool open;
    bool closed;
    int error;
    size_t got;
    uint64_t got_ns[64]; /* when each byte came, the first of them */
    char bytes[4096];
};

struct stand {
    struct world *world;
    struct scene scene;
    struct region region;
    struct upstream_script script;
    struct fake_upstream upstream;
    struct plain plains[PLAIN_MAX];
    size_t plain_count;
};

static struct stand stand;

static void on_plain(struct stream *stream, unsigned events)
{
    struct plain *plain = stream->owner;
    char piece[1024];
    ssize_t got;

    (void)events;
    plain->open = stream_status(stream) == 0;
    if (stream_status(stream) < 0 && stream_status(stream) != -EINPROGRESS) {
        plain->error = -stream_status(stream);
        stream_want(stream, 0);
        return;
    }
    if (!plain->open)
        return;
    stream_want(stream, STREAM_READ);
    got = stream_read(stream, piece, sizeof(piece));
    if (got > 0) {
        for (ssize_t i = 0; i < got && plain->got + (size_t)i < COUNT_OF(plain->got_ns); i++)
            plain->got_ns[plain->got + (size_t)i] = world_now(stand.world);
        assert_true(plain->got + (size_t)got < sizeof(plain->bytes));
        memcpy(plain->bytes + plain->got, piece, (size_t)got);
        plain->got += (size_t)got;
        return;
    }
    if (got == -EAGAIN)
        return;
    plain->closed = true;
    plain->error = got < 0 ? (int)-got : 0;
    stream_want(stream, 0);
}

static void start(const char *yaml, const struct sim_options *options)
{
    struct yaml_error error = {.sentence = ""};
    struct address address = address_loopback(0);
    struct yaml_node *node;

    memset(&stand, 0, sizeof(stand));
    stand.world = sim_create(options);
    scene_init(&stand.scene, stand.world);
    region_init(&stand.region, REGION_BYTES);
    node = yaml_parse(&stand.region, "u.yaml", yaml, strlen(yaml), &error);
    assert_non_null(node);
    if (!upstream_script_parse(&stand.region, node, &stand.script, &error))
        fail_msg("%s", error.sentence);
    fake_upstream_init(&stand.upstream, &stand.scene);
    assert_int_equal(fake_upstream_start(&stand.upstream, "a", &stand.script, &address), 0);
}

static void run(void)
{
    assert_int_not_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_STEPS);
}

/* Dials, and reads all that comes until nothing more happens. */
static struct plain *dial(void)
{
    struct plain *plain = &stand.plains[stand.plain_count++];

    plain->stream = (struct stream){.on_event = on_plain, .owner = plain};
    assert_int_equal(world_connect(stand.world, &plain->stream, &stand.upstream.address), 0);
    run();
    return plain;
}

static void say(struct plain *plain, const char *text)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};

    assert_int_equal(stream_write(&plain->stream, &piece, 1), piece.iov_len);
    run();
}

static void finish(void)
{
    struct sim_census census;

    for (size_t i = 0; i < stand.plain_count; i++)
        if (stream_in_use(&stand.plains[i].stream))
            stream_close(&stand.plains[i].stream, STREAM_RST);
    fake_upstream_stop(&stand.upstream);
    fake_upstream_release(&stand.upstream);
    sim_world_census(stand.world, &census);
    assert_int_equal(census.streams + census.listeners + census.timers, 0);
    sim_destroy(&stand.world);
    region_release(&stand.region);
}

static const struct witness *witness(size_t index)
{
    return fake_upstream_witness(&stand.upstream, index);
}

static const char REQUEST[] = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

static void a_read_takes_not_a_byte_more_than_asked(void **state)
{
    static const struct {
        const char *step;
        uint64_t bytes;
    } READS[] = {
        {"[[read: head, wait: x]]", sizeof(REQUEST) - 1 - 5},
        {"[[read: 2 of body, wait: x]]", sizeof(REQUEST) - 1 - 3},
        {"[[read: head, read: 2 of body, wait: x]]", sizeof(REQUEST) - 1 - 3},
        {"[[read: 2 of body, signal: y, read: 2 of body, wait: x]]", sizeof(REQUEST) - 1 - 1},
        {"[[read: 7, wait: x]]", 7},
        {"[[read: 7, read: 2, wait: x]]", 9},
        {"[[wait: x]]", 0},
        {"[[pause-reading, read: request]]", 0},
        {"[[read: request, wait: x]]", sizeof(REQUEST) - 1},
        {"[[read: head, read: request, end: stall]]", sizeof(REQUEST) - 1}};
    const struct sim_options options = {.seed = 1};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(READS); i++) {
        start(READS[i].step, &options);
        say(dial(), REQUEST);
        assert_int_equal(witness(0)->in.bytes, READS[i].bytes);
        finish();
    }
}

static void sending_stops_exactly_where_it_says(void **state)
{
    static const struct {
        const char *steps;
        const char *bytes;
    } SENDS[] = {
        {"[[prepare: {body: {text: abcdef}}, send: 17, wait: x]]", "HTTP/1.1 200 OK\r\n"},
        {"[[prepare: {body: {text: abcdef}}, send: head, wait: x]]",
         "HTTP/1.1 200 OK\r\nX-Attempt: a.1.1\r\nContent-Length: 6\r\n\r\n"},
        {"[[prepare: {body: {text: abcdef}}, send: 2 of body, send: 1 of body, wait: x]]",
         "HTTP/1.1 200 OK\r\nX-Attempt: a.1.1\r\nContent-Length: 6\r\n\r\nabc"},
        {"[[prepare: {body: {text: abcdef, framing: chunked, chunk: 4}}, send: body, wait: x]]",
         "HTTP/1.1 200 OK\r\nX-Attempt: a.1.1\r\nTransfer-Encoding: "
         "chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n"},
        {"[[prepare: {body: {text: abcdef, framing: chunked, chunk: 4}}, send: 4 of body, wait: "
         "x]]",
         "HTTP/1.1 200 OK\r\nX-Attempt: a.1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd"},
        {"[[prepare: {body: {text: abc}}, send: 1 of body, interim: 103, wait: x]]",
         "HTTP/1.1 200 OK\r\nX-Attempt: a.1.1\r\nContent-Length: 3\r\n\r\naHTTP/1.1 103 Early "
         "Hints\r\n\r\n"},
        {"[[raw: \"a\\tb\\r\\n\", garbage: 2, raw: z, wait: x]]", "a\tb\r\n\x80\xa5z"},
    };
    const struct sim_options options = {.seed = 1, .short_write_bytes = 5};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(SENDS); i++) {
        struct plain *plain;

        start(SENDS[i].steps, &options);
        plain = dial();
        run();
        assert_string_equal(plain->bytes, SENDS[i].bytes);
        finish();
    }
}

static void raw_bytes_may_hold_any_byte(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct plain *plain;

    (void)state;
    start("[[raw: \"a\\0b\", wait: x]]", &options);
    plain = dial();
    assert_int_equal(plain->got, 3);
    assert_memory_equal(plain->bytes, "a\0b", 3);
    finish();
}

static void a_drip_keeps_its_pace(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct plain *plain;

    (void)state;
    start("[[delay: 1s, drip: {bytes: 2, every: 10ms}, raw: abcdefg, wait: x]]", &options);
    plain = dial();
    run();
    assert_string_equal(plain->bytes, "abcdefg");
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(plain->got_ns[i] - plain->got_ns[0], i / 2 * 10 * NS_PER_MS);
    assert_true(plain->got_ns[0] >= SIM_START_NS + NS_PER_S);
    finish();
}

static void dials_are_refused_or_never_answered(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct plain *plain;

    (void)state;
    start("{listen: refused}", &options);
    plain = dial();
    assert_int_equal(plain->error, ECONNREFUSED);
    finish();
    start("{listen: blackhole}", &options);
    plain = dial();
    assert_int_equal(plain->error, 0);
    assert_false(plain->open);
    finish();
}

static void a_stalled_connection_still_sees_its_peer_go(void **state)
{
    const struct sim_options options = {.seed = 1};
    static const enum stream_end ENDS[] = {STREAM_FIN, STREAM_RST};
    static const enum witness_end SEEN[] = {WITNESS_FIN, WITNESS_RST};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ENDS); i++) {
        struct plain *plain;

        start("[[read: head, end: stall]]", &options);
        plain = dial();
        say(plain, REQUEST);
        stream_close(&plain->stream, ENDS[i]);
        run();
        assert_int_equal(witness(0)->peer_end, SEEN[i]);
        assert_int_equal(witness(0)->own_end, WITNESS_OPEN);
        assert_int_equal(fake_upstream_held(&stand.upstream), 1);
        assert_true(fake_upstream_is_over(&stand.upstream));
        finish();
    }
}

static void a_reset_is_noticed_while_reading_is_paused(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct plain *plain;

    (void)state;
    start("[[pause-reading, read: request, respond: 200]]", &options);
    plain = dial();
    say(plain, REQUEST);
    stream_close(&plain->stream, STREAM_RST);
    run();
    assert_int_equal(stand.upstream.connections[0]->actor.state, ACTOR_BROKEN_OFF);
    assert_int_equal(witness(0)->in.bytes, 0);
    finish();
}

/* Neither reads nor answers: each round is done with its request all the same. */
static void a_standing_answer_may_do_nothing(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct plain *plain;

    (void)state;
    start("{then: [signal: x]}", &options);
    plain = dial();
    say(plain, REQUEST);
    say(plain, REQUEST);
    assert_int_equal(witness(0)->received_last->number, 2);
    assert_true(witness(0)->received_last->complete);
    assert_int_equal(plain->got, 0);
    finish();
}

static void where_an_actor_stands_can_be_said(void **state)
{
    static const struct {
        const char *steps;
        const char *sentence;
    } STANDS[] = {
        {"[[wait: got-head]]", "waits for a signal (step 1, `wait: got-head`)"},
        {"[[read: 2 of body, end: stall]]", "stalls, as its script says (step 2, `end: stall`)"},
        {"[[read: head, read: 99 of body, read: 9]]", "has not read so far (step 3, `read: 9`)"},
        {"[[pause-reading, read: head]]",
         "waits to read, but reading is paused (step 2, `read: head`)"},
        {"[[delay: 999h]]", ""},
        {"[[read: request, respond: {body: 100MiB}]]",
         "has not sent so far (step 2, `respond: 200`)"},
        {"[[read: request]]", "has played its script"},
        {"[[pre-write: rst]]",
         "waits for the peer to meet the fault and close (step 1, `pre-write: rst`)"},
    };
    const struct sim_options options = {.seed = 1};
    char text[ACTOR_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(STANDS); i++) {
        struct plain *plain;

        if (STANDS[i].sentence[0] == '\0')
            continue;
        start(STANDS[i].steps, &options);
        plain = dial();
        stream_want(&plain->stream, 0);
        say(plain, REQUEST);
        assert_string_equal(actor_describe(&stand.upstream.connections[0]->actor, text),
                            STANDS[i].sentence);
        finish();
    }
}

static void a_script_that_cannot_go_on_says_so(void **state)
{
    const struct sim_options options = {.seed = 1};
    char text[ACTOR_TEXT_BYTES];
    struct plain *plain;

    (void)state;
    start("[[read: request, respond: 200]]", &options);
    plain = dial();
    say(plain, "GET / HT");
    stream_close(&plain->stream, STREAM_FIN);
    run();
    assert_string_equal(actor_describe(&stand.upstream.connections[0]->actor, text),
                        "could not go on, the connection ended (step 1, `read: request`)");
    assert_int_equal(fake_upstream_held(&stand.upstream), 0);
    finish();
}

static void accepting_waits_while_the_world_has_no_streams(void **state)
{
    const struct sim_options options = {.seed = 1, .streams_max = 3};
    struct plain *plain;

    (void)state;
    start("[[end: stall], [end: fin]]", &options);
    plain = dial();
    dial();
    assert_int_equal(stand.upstream.connection_count, 1);
    stream_close(&plain->stream, STREAM_FIN);
    run();
    assert_int_equal(stand.upstream.connection_count, 2);
    finish();
}

/* The same case again and again in the same memory: slots, witnesses and buffers are those of the first. */
static void cases_follow_each_other_in_the_same_memory(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct address address = address_loopback(0);
    const struct fake_connection *first = NULL;

    (void)state;
    start("[[read: request, respond: 503]]", &options);
    for (unsigned round = 0; round < 100; round++) {
        struct plain *plain = dial();

        say(plain, REQUEST);
        assert_int_equal(stand.upstream.connection_count, 1);
        assert_int_equal(witness(0)->connection, 1);
        assert_int_equal(witness(0)->received->number, 1);
        assert_int_equal(witness(0)->in.bytes, sizeof(REQUEST) - 1);
        if (first == NULL)
            first = stand.upstream.connections[0];
        assert_ptr_equal(stand.upstream.connections[0], first);
        stream_close(&plain->stream, STREAM_FIN);
        fake_upstream_stop(&stand.upstream);
        fake_upstream_reset(&stand.upstream);
        scene_reset(&stand.scene);
        sim_reset(stand.world, round);
        stand.plain_count = 0;
        memset(stand.plains, 0, sizeof(stand.plains));
        assert_int_equal(fake_upstream_start(&stand.upstream, "a", &stand.script, &address), 0);
        address.port = 0;
    }
    finish();
}

static void a_case_can_be_abandoned_with_its_world(void **state)
{
    const struct sim_options options = {.seed = 1};
    struct address address = address_loopback(0);

    (void)state;
    start("[[wait: x], [delay: 1m]]", &options);
    dial();
    stand.plains[1].stream = (struct stream){.on_event = on_plain, .owner = &stand.plains[1]};
    assert_int_equal(world_connect(stand.world, &stand.plains[1].stream, &stand.upstream.address),
                     0);
    world_run(stand.world, 10, world_now(stand.world));
    sim_reset(stand.world, 2);
    fake_upstream_abandon(&stand.upstream);
    fake_upstream_reset(&stand.upstream);
    scene_reset(&stand.scene);
    memset(stand.plains, 0, sizeof(stand.plains));
    stand.plain_count = 0;
    assert_int_equal(fake_upstream_start(&stand.upstream, "a", &stand.script, &address), 0);
    say(dial(), REQUEST);
    assert_int_equal(stand.upstream.connection_count, 1);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_takes_not_a_byte_more_than_asked),
        cmocka_unit_test(sending_stops_exactly_where_it_says),
        cmocka_unit_test(raw_bytes_may_hold_any_byte),
        cmocka_unit_test(a_drip_keeps_its_pace),
        cmocka_unit_test(dials_are_refused_or_never_answered),
        cmocka_unit_test(a_stalled_connection_still_sees_its_peer_go),
        cmocka_unit_test(a_reset_is_noticed_while_reading_is_paused),
        cmocka_unit_test(a_standing_answer_may_do_nothing),
        cmocka_unit_test(where_an_actor_stands_can_be_said),
        cmocka_unit_test(a_script_that_cannot_go_on_says_so),
        cmocka_unit_test(accepting_waits_while_the_world_has_no_streams),
        cmocka_unit_test(cases_follow_each_other_in_the_same_memory),
        cmocka_unit_test(a_case_can_be_abandoned_with_its_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
