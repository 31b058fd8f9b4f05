/* The fault filter over the simulated world: what the program sees, and what the peer does not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/filters/fault.h"
#include "world/sim/sim.h"

enum { REQUEST_BYTES = 50, RESPONSE_BYTES = 30 };

/* The program's stream above the filter, and its peer below. */
struct stage {
    struct world *sim;
    struct world *fault;
    struct listener listener;
    struct address address;
    struct stream program, peer;
    unsigned told; /* to the program since it was last cleared */
    size_t calls;
    size_t peer_got;
    ssize_t peer_end; /* 1 while it goes on; 0 or -errno */
};

static void on_program(struct stream *stream, unsigned events)
{
    struct stage *stage = stream->owner;

    stage->calls++;
    stage->told |= events;
}

static void on_peer(struct stream *stream, unsigned events)
{
    struct stage *stage = stream->owner;
    uint8_t data[500];
    ssize_t size = stream_read(stream, data, sizeof(data));

    (void)events;
    if (size > 0)
        stage->peer_got += (size_t)size;
    else if (size != -EAGAIN)
        stage->peer_end = size;
    if (stage->peer_end != 1)
        stream_want(stream, 0);
}

static void on_acceptable(struct listener *listener)
{
    struct stage *stage = listener->owner;

    if (stream_in_use(&stage->peer))
        stream_close(&stage->peer, STREAM_FIN);
    assert_int_equal(world_accept(stage->sim, listener, &stage->peer), 0);
    stream_want(&stage->peer, STREAM_READ);
}

static void stage_begin(struct stage *stage)
{
    *stage = (struct stage){.sim = sim_create(&(struct sim_options){0}),
                            .address = address_loopback(9001)};
    stage->fault = fault_create(stage->sim);
    stage->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stage};
    stage->peer = (struct stream){.on_event = on_peer, .owner = stage};
    stage->program = (struct stream){.on_event = on_program, .owner = stage};
    assert_int_equal(world_listen(stage->sim, &stage->listener, &stage->address, LISTEN_OPEN, 16),
                     0);
}

static void stage_end(struct stage *stage)
{
    fault_destroy(&stage->fault);
    sim_destroy(&stage->sim);
}

static void run(struct stage *stage)
{
    world_run(stage->fault, 200, world_now(stage->fault) + NS_PER_MS);
}

static void dial(struct stage *stage)
{
    stage->peer_got = 0;
    stage->peer_end = 1;
    assert_int_equal(world_connect(stage->fault, &stage->program, &stage->address), 0);
    run(stage);
}

static ssize_t write_request(struct stage *stage)
{
    uint8_t data[REQUEST_BYTES] = {0};
    struct iovec piece = {data, sizeof(data)};

    return stream_write(&stage->program, &piece, 1);
}

/* A whole turn: a request in two writes, a response in two reads. */
static void exchange(struct stage *stage)
{
    uint8_t data[RESPONSE_BYTES] = {0};
    struct iovec piece = {data, sizeof(data)};

    assert_int_equal(write_request(stage), REQUEST_BYTES);
    assert_int_equal(write_request(stage), REQUEST_BYTES);
    run(stage);
    assert_int_equal(stream_write(&stage->peer, &piece, 1), RESPONSE_BYTES);
    run(stage);
    assert_int_equal(stream_read(&stage->program, data, 10), 10);
    assert_int_equal(stream_read(&stage->program, data, RESPONSE_BYTES), RESPONSE_BYTES - 10);
}

static int add_rule(struct stage *stage, uint32_t connection, uint32_t turn, enum fault_kind kind)
{
    struct fault_rule rule = {stage->address, connection, turn, kind};
    int index = fault_add_rule(stage->fault, &rule);

    assert_true(index >= 0);
    return index;
}

/* ---- what a failed stream shows ---------------------------------------------------------------- */

struct kind_row {
    enum fault_kind kind;
    ssize_t write_result, read_result;
    int status;
};

static const struct kind_row KINDS[] = {
    {FAULT_FIN, -EPIPE, 0, -EPIPE},
    {FAULT_RST, -ECONNRESET, -ECONNRESET, -ECONNRESET},
    {FAULT_STALL, -EAGAIN, -EAGAIN, 0},
};

static void expect_failed(struct stage *stage, const struct kind_row *row, uint64_t tx)
{
    struct stream_info info;
    uint8_t byte;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(write_request(stage), row->write_result);
        assert_int_equal(stream_read(&stage->program, &byte, 1), row->read_result);
        assert_int_equal(stream_status(&stage->program), row->status);
    }
    stream_info(&stage->program, &info);
    assert_int_equal(info.tx, tx);
    assert_true(info.tx_known);
    assert_int_equal(info.error, -row->status);
}

/* The levels come as the rule of the seam has it: CLOSED once, READ and WRITE as long as wanted. */
static void expect_levels(struct stage *stage, const struct kind_row *row)
{
    bool failed = row->kind != FAULT_STALL;

    stage->told = 0;
    stream_want(&stage->program, STREAM_CLOSED);
    run(stage);
    assert_int_equal(stage->told, failed ? STREAM_CLOSED : 0);
    stage->calls = 0;
    run(stage);
    assert_int_equal(stage->calls, 0);
    stage->told = 0;
    stream_want(&stage->program, STREAM_READ | STREAM_WRITE | STREAM_CLOSED);
    run(stage);
    assert_int_equal(stage->told, failed ? STREAM_READ | STREAM_WRITE : 0);
    assert_true(failed ? stage->calls > 3 : stage->calls == 0);
    stream_want(&stage->program, 0);
    stage->calls = 0;
    run(stage);
    assert_int_equal(stage->calls, 0);
}

static void fails_at_the_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        for (uint32_t turn = 1; turn <= 3; turn++) {
            struct stage stage;
            int rule;

            stage_begin(&stage);
            rule = add_rule(&stage, 1, turn, KINDS[i].kind);
            dial(&stage);
            for (uint32_t done = 1; done < turn; done++)
                exchange(&stage);
            assert_int_equal(fault_fired(stage.fault, rule), 0);
            expect_failed(&stage, &KINDS[i], (turn - 1) * 2 * REQUEST_BYTES);
            expect_levels(&stage, &KINDS[i]);
            assert_int_equal(fault_fired(stage.fault, rule), 1);
            stage_end(&stage);
        }
    }
}

static void peer_sees_nothing_until_close(void **state)
{
    static const struct {
        enum stream_end end;
        ssize_t seen;
    } ends[] = {{STREAM_FIN, 0}, {STREAM_RST, -ECONNRESET}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(KINDS) * COUNT_OF(ends); i++) {
        const struct kind_row *row = &KINDS[i / COUNT_OF(ends)];
        struct stage stage;

        stage_begin(&stage);
        add_rule(&stage, 1, 1, row->kind);
        dial(&stage);
        expect_failed(&stage, row, 0);
        run(&stage);
        assert_int_equal(stage.peer_got, 0);
        assert_int_equal(stage.peer_end, 1);
        stream_want(&stage.program, STREAM_READ | STREAM_WRITE | STREAM_CLOSED);
        stream_close(&stage.program, ends[i % COUNT_OF(ends)].end);
        assert_false(stream_in_use(&stage.program));
        stage.calls = 0;
        run(&stage);
        assert_int_equal(stage.calls, 0);
        assert_int_equal(stage.peer_got, 0);
        assert_int_equal(stage.peer_end, ends[i % COUNT_OF(ends)].seen);
        stage_end(&stage);
    }
}

/* What the peer does after the fault is not for the program, whatever it wanted before and wants now. */
static void peer_is_not_heard(void **state)
{
    static const unsigned everything = STREAM_READ | STREAM_WRITE | STREAM_CLOSED;
    uint8_t data[RESPONSE_BYTES] = {0};
    struct iovec piece = {data, sizeof(data)};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        struct stage stage;

        stage_begin(&stage);
        add_rule(&stage, 1, 1, KINDS[i].kind);
        dial(&stage);
        stream_want(&stage.program, STREAM_READ | STREAM_CLOSED);
        expect_failed(&stage, &KINDS[i], 0);
        run(&stage);
        stage.told = 0;
        assert_int_equal(stream_write(&stage.peer, &piece, 1), RESPONSE_BYTES);
        stream_close(&stage.peer, STREAM_FIN);
        run(&stage);
        assert_int_equal(stage.told & STREAM_CLOSED, 0); /* it was told at the fault, or never */
        expect_failed(&stage, &KINDS[i], 0);
        stage.calls = 0;
        stream_want(&stage.program, KINDS[i].kind == FAULT_STALL ? everything : 0);
        run(&stage);
        assert_int_equal(stage.calls, 0);
        stage_end(&stage);
    }
}

/* ---- which stream fails ------------------------------------------------------------------------ */

static void only_its_connection_fails(void **state)
{
    struct stage stage;
    int rule;

    (void)state;
    stage_begin(&stage);
    rule = add_rule(&stage, 2, 1, FAULT_RST);
    for (uint32_t connection = 1; connection <= 3; connection++) {
        dial(&stage);
        assert_int_equal(write_request(&stage), connection == 2 ? -ECONNRESET : REQUEST_BYTES);
        stream_close(&stage.program, STREAM_FIN);
    }
    assert_int_equal(fault_fired(stage.fault, rule), 1);
    stage_end(&stage);
}

static void any_address_connection_and_turn(void **state)
{
    struct fault_rule rule = {.kind = FAULT_RST};
    struct stage stage;
    int index;

    (void)state;
    stage_begin(&stage);
    index = fault_add_rule(stage.fault, &rule);
    for (uint32_t connection = 1; connection <= 3; connection++) {
        dial(&stage);
        assert_int_equal(write_request(&stage), -ECONNRESET);
        stream_close(&stage.program, STREAM_FIN);
    }
    assert_int_equal(fault_fired(stage.fault, index), 3);
    stage_end(&stage);
}

static void other_addresses_do_not_fail(void **state)
{
    struct fault_rule rule = {address_loopback(9002), 0, 0, FAULT_RST};
    struct stage stage;

    (void)state;
    stage_begin(&stage);
    assert_int_equal(fault_add_rule(stage.fault, &rule), 0);
    dial(&stage);
    exchange(&stage);
    assert_int_equal(fault_fired(stage.fault, 0), 0);
    stage_end(&stage);
}

static void refused_dials_are_no_connections(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage);
    add_rule(&stage, 1, 1, FAULT_RST);
    sim_listener_fail_first(&stage.listener, 1, SIM_DIAL_REFUSED);
    dial(&stage);
    assert_int_equal(write_request(&stage), -ECONNREFUSED);
    stream_close(&stage.program, STREAM_FIN);
    assert_int_equal(fault_fired(stage.fault, 0), 0);
    dial(&stage);
    assert_int_equal(write_request(&stage), -ECONNRESET);
    assert_int_equal(fault_fired(stage.fault, 0), 1);
    stage_end(&stage);
}

static void connecting_streams_do_not_fail(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage);
    add_rule(&stage, 1, 1, FAULT_RST);
    assert_int_equal(world_connect(stage.fault, &stage.program, &stage.address), 0);
    assert_int_equal(write_request(&stage), -EAGAIN);
    assert_int_equal(fault_fired(stage.fault, 0), 0);
    run(&stage);
    assert_int_equal(write_request(&stage), -ECONNRESET);
    stage_end(&stage);
}

static void tx_may_be_unknown(void **state)
{
    struct stream_info info;
    struct stage stage;
    int rule;

    (void)state;
    stage_begin(&stage);
    rule = add_rule(&stage, 2, 0, FAULT_TX_UNKNOWN);
    for (uint32_t connection = 1; connection <= 3; connection++) {
        dial(&stage);
        exchange(&stage);
        stream_info(&stage.program, &info);
        assert_int_equal(info.tx_known, connection != 2);
        assert_int_equal(info.tx, 2 * REQUEST_BYTES);
        stream_close(&stage.program, STREAM_FIN);
    }
    assert_int_equal(fault_fired(stage.fault, rule), 1);
    stage_end(&stage);
}

static void rules_have_a_limit(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage);
    for (int i = 0; i < FAULT_RULES_MAX; i++)
        assert_int_equal(add_rule(&stage, 1, 1, FAULT_FIN), i);
    assert_int_equal(fault_add_rule(stage.fault, &(struct fault_rule){.kind = FAULT_FIN}), -1);
    fault_reset(stage.fault);
    assert_int_equal(add_rule(&stage, 1, 1, FAULT_FIN), 0);
    stage_end(&stage);
}

static void reset_counts_from_one(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage);
    dial(&stage);
    fault_reset(stage.fault);
    sim_reset(stage.sim, 1);
    stage.peer.impl = NULL;
    stage.program.impl = NULL;
    stage.listener.impl = NULL;
    assert_int_equal(world_listen(stage.sim, &stage.listener, &stage.address, LISTEN_OPEN, 16), 0);
    add_rule(&stage, 1, 1, FAULT_RST);
    dial(&stage);
    assert_int_equal(write_request(&stage), -ECONNRESET);
    stage_end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_at_the_turn),
        cmocka_unit_test(peer_sees_nothing_until_close),
        cmocka_unit_test(peer_is_not_heard),
        cmocka_unit_test(only_its_connection_fails),
        cmocka_unit_test(any_address_connection_and_turn),
        cmocka_unit_test(other_addresses_do_not_fail),
        cmocka_unit_test(refused_dials_are_no_connections),
        cmocka_unit_test(connecting_streams_do_not_fail),
        cmocka_unit_test(tx_may_be_unknown),
        cmocka_unit_test(rules_have_a_limit),
        cmocka_unit_test(reset_counts_from_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
