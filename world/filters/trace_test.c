#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world/filters/fault.h"
#include "world/filters/trace_rig.h"

/* ---- records ----------------------------------------------------------------------------------- */

static void streams_are_recorded(void **state)
{
    const struct trace_stream *record;
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){0});
    dial_both(&stage);
    forward(&stage, &stage.client, &stage.down, 120);
    write_zeros(&stage.up, 100);
    stream_close(&stage.up, STREAM_RST);

    record = trace_stream_at(stage.trace, 0);
    assert_int_equal(record->side, TRACE_CONNECTED);
    assert_true(address_equal(&record->address, &stage.back_at));
    assert_int_equal(record->ordinal, 1);
    assert_int_equal(record->began_ns, SIM_START_NS);
    assert_int_equal(record->opened_ns, SIM_START_NS + 100 * NS_PER_US);
    assert_int_equal(record->ended_ns, SIM_START_NS + 150 * NS_PER_US);
    assert_int_equal(record->outcome, 0);
    assert_int_equal(record->end, TRACE_CLOSED_RST);
    assert_int_equal(record->tx, 100);
    assert_int_equal(record->rx, 0);

    record = trace_stream_at(stage.trace, 1);
    assert_int_equal(record->side, TRACE_ACCEPTED);
    assert_int_equal(record->rx, 120);
    assert_int_equal(record->opened_ns, record->began_ns);
    assert_int_equal(record->ended_ns, TIME_NEVER);
    assert_int_equal(record->end, TRACE_STILL_OPEN);
    assert_null(trace_stream_at(stage.trace, 2));
    assert_true(trace_is_complete(stage.trace));
    stage_end(&stage);
}

static void dial_once(struct stage *stage, enum sim_dial_failure how, int outcome)
{
    size_t index = trace_dials(stage->trace, NULL);
    const struct trace_stream *record;

    sim_listener_fail_first(&stage->back, outcome != 0, how);
    assert_int_equal(world_connect(stage->trace, &stage->up, &stage->back_at), 0);
    assert_int_equal(trace_stream_at(stage->trace, index)->outcome, -EINPROGRESS);
    assert_int_equal(trace_stream_at(stage->trace, index)->opened_ns, TIME_NEVER);
    assert_int_equal(trace_open_to(stage->trace, &stage->back_at), 1);
    run(stage);
    record = trace_stream_at(stage->trace, index);
    assert_int_equal(record->outcome, outcome);
    assert_int_equal(record->ordinal, index + 1);
    stream_close(&stage->up, STREAM_FIN);
    assert_int_equal(trace_open_to(stage->trace, &stage->back_at), 0);
}

static void dials_are_counted(void **state)
{
    struct address other = address_loopback(9002);
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){0});
    dial_once(&stage, SIM_DIAL_REFUSED, 0);
    dial_once(&stage, SIM_DIAL_REFUSED, -ECONNREFUSED);
    dial_once(&stage, SIM_DIAL_DROPPED, -EINPROGRESS);
    dial_once(&stage, SIM_DIAL_UNREACHABLE, -EHOSTUNREACH);
    assert_int_equal(trace_dials(stage.trace, &stage.back_at), 4);
    assert_int_equal(trace_dials(stage.trace, &other), 0);
    assert_int_equal(trace_dials(stage.trace, NULL), 4);
    assert_int_equal(world_connect(stage.trace, &stage.up, &other), 0);
    assert_int_equal(trace_dials(stage.trace, &other), 1);
    assert_int_equal(trace_open_to(stage.trace, &other), 1);
    assert_int_equal(trace_open_to(stage.trace, NULL), 1);
    assert_int_equal(trace_dials(stage.trace, NULL), 5);
    stage_end(&stage);
}

static void impossible_dials_are_recorded(void **state)
{
    struct world *sim = sim_create(&(struct sim_options){.streams_max = 1});
    struct world *trace = trace_create(sim, &(struct trace_options){0});
    struct address address = address_loopback(9001);
    struct stream streams[2] = {{.on_event = on_event}, {.on_event = on_event}};
    struct trace_census census;

    (void)state;
    assert_int_equal(world_connect(trace, &streams[0], &address), 0);
    assert_int_equal(world_connect(trace, &streams[1], &address), -EMFILE);
    assert_int_equal(trace_dials(trace, &address), 2);
    assert_int_equal(trace_open_to(trace, &address), 1);
    assert_int_equal(trace_stream_at(trace, 1)->outcome, -EMFILE);
    assert_int_equal(trace_stream_at(trace, 1)->ended_ns, SIM_START_NS);
    trace_world_census(trace, &census);
    assert_int_equal(census.streams, 1);
    trace_destroy(&trace);
    sim_destroy(&sim);
}

/* ---- what is live, what is held ---------------------------------------------------------------- */

static void expect_census(const struct stage *stage, const struct trace_census *expected)
{
    struct trace_census census;

    trace_world_census(stage->trace, &census);
    assert_memory_equal(&census, expected, sizeof(census));
}

static void census_is_of_the_program_alone(void **state)
{
    struct stage stage;
    struct query query = {.on_answer = on_answer, .owner = &stage};
    struct timer others = {.on_time = on_time, .owner = &stage};

    (void)state;
    stage_begin(&stage, &(struct trace_options){0});
    timer_set(stage.sim, &others, SIM_START_NS + NS_PER_S);
    expect_census(&stage, &(struct trace_census){.listeners = 1});
    dial_both(&stage);
    timer_set(stage.trace, &stage.timer, world_now(stage.trace) + NS_PER_US);
    assert_int_equal(world_resolve(stage.trace, &query, "localhost", 80), 0);
    expect_census(&stage, &(struct trace_census){2, 1, 1, 1});
    run(&stage);
    assert_int_equal(stage.fired, 1);
    assert_int_equal(stage.answered, 1);
    assert_int_equal(query.address_count, 1);
    expect_census(&stage, &(struct trace_census){2, 1, 0, 0});
    timer_set(stage.trace, &stage.timer, TIME_NEVER - 1);
    timer_set(stage.trace, &stage.timer, TIME_NEVER - 2);
    assert_int_equal(world_resolve(stage.trace, &query, "localhost", 80), 0);
    expect_census(&stage, &(struct trace_census){2, 1, 1, 1});
    timer_stop(stage.trace, &stage.timer);
    world_resolve_cancel(stage.trace, &query);
    stream_close(&stage.up, STREAM_FIN);
    stream_close(&stage.down, STREAM_FIN);
    world_unlisten(stage.trace, &stage.front);
    expect_census(&stage, &(struct trace_census){0});
    assert_int_equal(stage.answered, 1);
    stage_end(&stage);
}

static void expect_held(const struct stage *stage, const struct trace_held *expected)
{
    struct trace_held held;

    trace_world_held(stage->trace, &held);
    assert_memory_equal(&held, expected, sizeof(held));
}

static void held_bytes_are_the_difference(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){0});
    dial_both(&stage);
    forward(&stage, &stage.client, &stage.down, 1000);
    expect_held(&stage, &(struct trace_held){1000, 0, 1000, 0});
    write_zeros(&stage.up, 600);
    expect_held(&stage, &(struct trace_held){400, 0, 1000, 0});
    forward(&stage, &stage.client, &stage.down, 700);
    expect_held(&stage, &(struct trace_held){1100, 0, 1100, 0});
    write_zeros(&stage.up, 2000); /* more than was read: framing of the program's own */
    expect_held(&stage, &(struct trace_held){0, 0, 1100, 0});
    run(&stage);
    read_bytes(&stage.server, 2600);
    forward(&stage, &stage.server, &stage.up, 300);
    expect_held(&stage, &(struct trace_held){0, 300, 1100, 300});
    write_zeros(&stage.down, 100);
    expect_held(&stage, &(struct trace_held){0, 200, 1100, 300});
    stream_close(&stage.up, STREAM_FIN);
    expect_held(&stage, &(struct trace_held){0, 0, 1100, 300});
    stage_end(&stage);
}

static void drained_bytes_are_not_held(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){0});
    dial_both(&stage);
    forward(&stage, &stage.client, &stage.down, 100);
    assert_int_equal(stream_shut(&stage.down), 0);
    forward(&stage, &stage.client, &stage.down, 1000);
    expect_held(&stage, &(struct trace_held){100, 0, 100, 0});
    stage_end(&stage);
}

/* ---- the story --------------------------------------------------------------------------------- */

static void story_reads_well(void **state)
{
    static const char *const lines[] = {
        "+0.000 ms dial a#1 127.0.0.1:9001",
        "+0.050 ms accepted client#1",
        "+0.100 ms a#1 connected",
        "+0.150 ms read 120 B from client#1",
        "+0.150 ms wrote 100 B to a#1",
        "+0.150 ms sent FIN to a#1",
        "+0.200 ms a#1 closed",
        "+0.200 ms read from a#1: Connection reset by peer",
        "+0.200 ms wrote to a#1: Connection reset by peer",
        "+0.200 ms closed a#1 with RST",
        "+0.200 ms dial 127.0.0.1:9002#1 127.0.0.1:9002",
        "+0.300 ms 127.0.0.1:9002#1 Connection refused",
        "+0.300 ms closed 127.0.0.1:9002#1 with FIN",
    };
    struct address other = address_loopback(9002);
    struct stage stage;
    uint8_t byte;

    (void)state;
    stage_begin(&stage, &(struct trace_options){.events_max = 100});
    assert_true(trace_name_address(stage.trace, &stage.back_at, "a"));
    dial_both(&stage);
    forward(&stage, &stage.client, &stage.down, 120);
    write_zeros(&stage.up, 100);
    assert_int_equal(stream_shut(&stage.up), 0);
    stream_want(&stage.up, STREAM_CLOSED);
    stream_close(&stage.server, STREAM_RST);
    run(&stage);
    assert_int_equal(stream_read(&stage.up, &byte, 1), -ECONNRESET);
    assert_int_equal(stream_write(&stage.up, &(struct iovec){&byte, 1}, 1), -ECONNRESET);
    stream_close(&stage.up, STREAM_RST);
    assert_int_equal(world_connect(stage.trace, &stage.up, &other), 0);
    run(&stage);
    stream_close(&stage.up, STREAM_FIN);

    assert_int_equal(trace_event_count(stage.trace), COUNT_OF(lines));
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        char line[TRACE_LINE_BYTES];

        trace_story_line(stage.trace, trace_event_at(stage.trace, i), SIM_START_NS, line);
        assert_string_equal(line, lines[i]);
    }
    assert_null(trace_event_at(stage.trace, COUNT_OF(lines)));
    stage_end(&stage);
}

struct tls_row {
    const char *name;
    const char *bytes[2]; /* what is written, one after the other: six bytes each */
    const char *words[2]; /* what stands behind each in the story */
};

static const struct tls_row TLS_ROWS[] = {
    {"a ClientHello, and what follows it under TLS",
     {"\x16\3\1\1\1\1", "\x14\3\3\1\1\1"},
     {" (TLS ClientHello)", " (TLS handshake)"}},
    {"a ServerHello, and an alert",
     {"\x16\3\3\1\1\2", "\x15\3\3\1\2\1"},
     {" (TLS ServerHello)", " (TLS alert)"}},
    {"another message of the handshake, and data",
     {"\x16\3\3\1\1\4", "\x17\3\3\1\1\1"},
     {" (TLS handshake)", " (TLS data)"}},
    {"the middle of a record is not guessed at",
     {"\x16\3\1\1\1\1", "abcdef"},
     {" (TLS ClientHello)", ""}},
    {"what looks like a record within HTTP is none", {"GET / ", "\x16\3\1\1\1\1"}, {"", ""}},
    {"a version that TLS never had is none", {"\x16\2\1\1\1\1", "\x16\3\5\1\1\1"}, {"", ""}},
};

static void the_story_tells_tls(void **state)
{
    const struct tls_row *row = *state;
    struct stage stage;
    char expected[TRACE_LINE_BYTES];
    char line[TRACE_LINE_BYTES];

    stage_begin(&stage, &(struct trace_options){.events_max = 100});
    assert_true(trace_name_address(stage.trace, &stage.back_at, "a"));
    dial_both(&stage);
    for (size_t i = 0; i < COUNT_OF(row->bytes); i++) {
        write_in_pieces(&stage.up, row->bytes[i]);
        trace_story_line(stage.trace,
                         trace_event_at(stage.trace, trace_event_count(stage.trace) - 1),
                         SIM_START_NS, line);
        snprintf(expected, sizeof(expected), "wrote 6 B to a#1%s", row->words[i]);
        assert_string_equal(strstr(line, "wrote"), expected);
    }
    stage_end(&stage);
}

/* ---- limits and life --------------------------------------------------------------------------- */

static void limits_are_told(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){.streams_max = 2, .events_max = 4});
    dial_both(&stage);
    write_zeros(&stage.up, 10);
    assert_int_equal(trace_event_count(stage.trace), 4);
    assert_true(trace_is_complete(stage.trace));
    assert_int_equal(trace_events_lost(stage.trace), 0);
    write_zeros(&stage.up, 10);
    assert_false(trace_is_complete(stage.trace));
    assert_int_equal(trace_events_lost(stage.trace), 1);
    assert_int_equal(trace_stream_at(stage.trace, 0)->tx, 20);
    trace_reset(stage.trace);
    assert_true(trace_is_complete(stage.trace));
    assert_null(trace_stream_at(stage.trace, 0));
    stage_end(&stage);

    stage_begin(&stage, &(struct trace_options){.streams_max = 1});
    dial_both(&stage);
    assert_false(trace_is_complete(stage.trace));
    assert_non_null(trace_stream_at(stage.trace, 0));
    assert_null(trace_stream_at(stage.trace, 1));
    forward(&stage, &stage.client, &stage.down, 10); /* the second works like any other */
    expect_held(&stage, &(struct trace_held){10, 0, 10, 0});
    stream_close(&stage.down, STREAM_FIN);
    stage_end(&stage);
}

static void reset_forgets(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, &(struct trace_options){.events_max = 10});
    dial_both(&stage);
    forward(&stage, &stage.client, &stage.down, 10);
    timer_set(stage.trace, &stage.timer, TIME_NEVER - 1);
    trace_reset(stage.trace);
    sim_reset(stage.sim, 1);
    expect_census(&stage, &(struct trace_census){0});
    expect_held(&stage, &(struct trace_held){0, 0, 0, 0});
    assert_int_equal(trace_dials(stage.trace, &stage.back_at), 0);
    assert_int_equal(trace_open_to(stage.trace, NULL), 0);
    assert_int_equal(trace_event_count(stage.trace), 0);
    stage_end(&stage);
}

/* Above the fault filter the trace sees the fault; below it, what the layer took. */
static void fault_is_seen_from_above(void **state)
{
    struct stage stage;
    struct world *fault, *above;
    uint8_t byte = 0;

    (void)state;
    stage_begin(&stage, &(struct trace_options){.events_max = 10});
    fault = fault_create(stage.trace);
    above = trace_create(fault, &(struct trace_options){.events_max = 10});
    assert_int_equal(fault_add_rule(fault, &(struct fault_rule){stage.back_at, 1, 1, FAULT_RST}),
                     0);
    assert_int_equal(world_connect(above, &stage.up, &stage.back_at), 0);
    run(&stage);
    assert_int_equal(stream_write(&stage.up, &(struct iovec){&byte, 1}, 1), -ECONNRESET);
    assert_int_equal(trace_event_count(above), 3);
    assert_int_equal(trace_event_at(above, 2)->value, -ECONNRESET);
    assert_int_equal(trace_event_count(stage.trace), 2);
    assert_int_equal(trace_stream_at(stage.trace, 0)->tx, 0);
    stream_close(&stage.up, STREAM_RST);
    assert_int_equal(trace_stream_at(stage.trace, 0)->end, TRACE_CLOSED_RST);
    trace_destroy(&above);
    fault_destroy(&fault);
    stage_end(&stage);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(streams_are_recorded),
        cmocka_unit_test(dials_are_counted),
        cmocka_unit_test(impossible_dials_are_recorded),
        cmocka_unit_test(census_is_of_the_program_alone),
        cmocka_unit_test(held_bytes_are_the_difference),
        cmocka_unit_test(drained_bytes_are_not_held),
        cmocka_unit_test(story_reads_well),
        cmocka_unit_test(limits_are_told),
        cmocka_unit_test(reset_forgets),
        cmocka_unit_test(fault_is_seen_from_above),
    };
    struct CMUnitTest tests[COUNT_OF(TLS_ROWS) + COUNT_OF(others)];

    for (size_t i = 0; i < COUNT_OF(TLS_ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = TLS_ROWS[i].name,
                                       .test_func = the_story_tells_tls,
                                       .initial_state = (void *)(uintptr_t)&TLS_ROWS[i]};
    memcpy(tests + COUNT_OF(TLS_ROWS), others, sizeof(others));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
