#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/filters/trace_rig.h"

static void expect_kept(const struct bytes *kept, const char *text)
{
    assert_int_equal(kept->size, strlen(text));
    assert_memory_equal(kept->data, text, strlen(text));
}

static void write_text(struct stream *stream, const char *text)
{
    struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};

    assert_int_equal(stream_write(stream, &piece, 1), strlen(text));
}

/* A stage whose trace keeps bytes: it listens only then. */
static void keeping_stage_begin(struct stage *stage, size_t bytes_max)
{
    stage_begin(stage, &(struct trace_options){.events_max = 100});
    world_unlisten(stage->trace, &stage->front);
    trace_keep_bytes(stage->trace, bytes_max);
    assert_int_equal(world_listen(stage->trace, &stage->front, &stage->front_at, LISTEN_OPEN, 9),
                     0);
}

static void the_first_bytes_of_each_direction_are_kept(void **state)
{
    struct stage stage;
    struct trace_kept up, down;

    (void)state;
    keeping_stage_begin(&stage, 8);
    dial_both(&stage);
    write_text(&stage.client, "abc");
    run(&stage);
    read_bytes(&stage.down, 3);
    write_in_pieces(&stage.up, "GET / ");
    write_text(&stage.up, "HTTP");
    write_text(&stage.server, "hello");
    run(&stage);
    read_bytes(&stage.up, 2);
    up = trace_kept_at(stage.trace, 0);
    down = trace_kept_at(stage.trace, 1);
    expect_kept(&up.written, "GET / HT");
    expect_kept(&up.read, "he");
    expect_kept(&down.read, "abc");
    assert_int_equal(down.written.size, 0);
    assert_int_equal(trace_stream_at(stage.trace, 0)->tx, 10);
    assert_int_equal(trace_kept_at(stage.trace, 2).read.size, 0);
    stage_end(&stage);
}

static void addresses_of_both_sides_are_kept(void **state)
{
    struct stage stage;
    struct trace_kept up, down;
    struct stream_info info;

    (void)state;
    keeping_stage_begin(&stage, 8);
    dial_both(&stage);
    stream_info(&stage.down, &info);
    up = trace_kept_at(stage.trace, 0);
    down = trace_kept_at(stage.trace, 1);
    assert_true(address_equal(&up.listener, &stage.back_at));
    assert_int_equal(up.dialler.family, 0);
    assert_true(address_equal(&down.listener, &stage.front_at));
    assert_true(address_equal(&down.dialler, &info.peer));
    stage_end(&stage);
}

static const struct trace_event *find_event(const struct world *trace, enum trace_what what)
{
    for (size_t i = 0; i < trace_event_count(trace); i++)
        if (trace_event_at(trace, i)->what == what)
            return trace_event_at(trace, i);
    return NULL;
}

static void how_a_peer_closed_is_told_where_bytes_are_kept(void **state)
{
    static const enum stream_end ends[] = {STREAM_FIN, STREAM_RST};
    static const int outcomes[] = {0, -ECONNRESET};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct stage stage;
        const struct trace_event *event;

        keeping_stage_begin(&stage, 8);
        dial_both(&stage);
        stream_want(&stage.up, STREAM_CLOSED);
        stream_close(&stage.server, ends[i]);
        run(&stage);
        event = find_event(stage.trace, TRACE_PEER_CLOSED);
        assert_non_null(event);
        assert_int_equal(event->value, outcomes[i]);
        stage_end(&stage);
    }
}

/* Buffers of the case before are there, and nothing of what was in them. */
static void a_reset_forgets_what_was_kept(void **state)
{
    struct stage stage;
    struct trace_kept up;

    (void)state;
    keeping_stage_begin(&stage, 100);
    dial_both(&stage);
    write_text(&stage.up, "secret");
    trace_reset(stage.trace);
    sim_reset(stage.sim, 1);
    assert_int_equal(trace_kept_at(stage.trace, 0).written.size, 0);
    stage.up = (struct stream){.on_event = on_event, .owner = &stage};
    assert_int_equal(world_connect(stage.trace, &stage.up, &stage.back_at), 0);
    up = trace_kept_at(stage.trace, 0);
    assert_int_equal(up.written.size, 0);
    assert_true(address_equal(&up.listener, &stage.back_at));
    stage_end(&stage);
}

static void nothing_is_kept_unasked(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){0});
    dial_both(&stage);
    write_text(&stage.up, "abc");
    assert_int_equal(trace_kept_at(stage.trace, 0).written.size, 0);
    assert_int_equal(trace_kept_at(stage.trace, 0).listener.family, 0);
    stage_end(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_of_each_direction_are_kept),
        cmocka_unit_test(addresses_of_both_sides_are_kept),
        cmocka_unit_test(how_a_peer_closed_is_told_where_bytes_are_kept),
        cmocka_unit_test(a_reset_forgets_what_was_kept),
        cmocka_unit_test(nothing_is_kept_unasked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
