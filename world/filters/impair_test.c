/* Faults beneath the program, over the simulated world: what the program sees, and what never reaches its peer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/filters/impair.h"
#include "world/sim/sim.h"

enum { STREAMS = 3 };

/* The program's streams above the filter, the peer's below; one listener that either side may have. */
struct stage {
    struct world *sim;
    struct world *impair;
    struct listener listener;
    struct address address;
    struct stream program[STREAMS], peer[STREAMS];
    size_t peers;
    bool program_listens; /* the listener is above the filter, the dialling side below */
    int accepted;         /* what the last accept returned */
    unsigned told[STREAMS];
    struct query query;
    size_t answers;
};

static size_t index_of(const struct stage *stage, const struct stream *stream)
{
    return (size_t)(stream - stage->program);
}

static void on_program(struct stream *stream, unsigned events)
{
    struct stage *stage = stream->owner;

    stage->told[index_of(stage, stream)] |= events;
}

static void on_peer(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

static void on_acceptable(struct listener *listener)
{
    struct stage *stage = listener->owner;
    struct stream *streams = stage->program_listens ? stage->program : stage->peer;

    assert_in_range(stage->peers, 0, STREAMS - 1);
    stage->accepted = world_accept(stage->program_listens ? stage->impair : stage->sim, listener,
                                   &streams[stage->peers]);
    stage->peers += stage->accepted == 0;
}

static void on_answer(struct query *query)
{
    struct stage *stage = query->owner;

    stage->answers++;
}

static void stage_begin(struct stage *stage, bool program_listens)
{
    *stage = (struct stage){.sim = sim_create(&(struct sim_options){0}),
                            .address = address_loopback(9001),
                            .program_listens = program_listens};
    stage->impair = impair_create(stage->sim);
    stage->listener = (struct listener){.on_acceptable = on_acceptable, .owner = stage};
    stage->query = (struct query){.on_answer = on_answer, .owner = stage};
    for (size_t i = 0; i < STREAMS; i++) {
        stage->program[i] = (struct stream){.on_event = on_program, .owner = stage};
        stage->peer[i] = (struct stream){.on_event = on_peer, .owner = stage};
    }
    assert_int_equal(world_listen(program_listens ? stage->impair : stage->sim, &stage->listener,
                                  &stage->address, LISTEN_OPEN, 16),
                     0);
    impair_name_upstream(stage->impair, 0, &stage->address);
}

static void close_all(struct stream *streams)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (stream_in_use(&streams[i]))
            stream_close(&streams[i], STREAM_FIN);
}

/* Nothing of the filter's is left in the world below. */
static void stage_end(struct stage *stage)
{
    struct sim_census census;

    close_all(stage->program);
    close_all(stage->peer);
    world_unlisten(stage->sim, &stage->listener);
    world_run(stage->sim, 1000, TIME_NEVER);
    sim_world_census(stage->sim, &census);
    assert_int_equal(census.streams + census.timers + census.queries, 0);
    impair_destroy(&stage->impair);
    assert_null(stage->impair);
    sim_destroy(&stage->sim);
}

static void run(struct stage *stage)
{
    world_run(stage->impair, 200, world_now(stage->impair) + NS_PER_MS);
}

static int dial(struct stage *stage, size_t index)
{
    int result = world_connect(stage->impair, &stage->program[index], &stage->address);

    run(stage);
    return result;
}

static int add(struct stage *stage, struct wire_fault fault)
{
    int rule = impair_add(stage->impair, &fault);

    assert_true(rule >= 0);
    assert_false(impair_met(stage->impair, rule));
    return rule;
}

static struct wire_fault dial_fault(enum wire_fault_kind kind, uint32_t connection)
{
    return (struct wire_fault){.party = WIRE_UPSTREAM, .connection = connection, .kind = kind};
}

/* ---- dials ------------------------------------------------------------------------------------- */

struct dial_row {
    const char *sentence;
    enum wire_fault_kind kind;
    int result; /* of connect */
    int status;
    unsigned told;
};

static const struct dial_row DIALS[] = {
    {"a refused dial fails with its event, and nothing reaches the upstream", WIRE_FAULT_REFUSED, 0,
     -ECONNREFUSED, STREAM_OPEN},
    {"an upstream that cannot be reached is told with the event, too", WIRE_FAULT_UNREACHABLE, 0,
     -EHOSTUNREACH, STREAM_OPEN},
    {"a dropped dial has no event, ever", WIRE_FAULT_DROPPED, 0, -EINPROGRESS, 0},
    {"without a descriptor no dial begins", WIRE_FAULT_NO_DESCRIPTORS, -EMFILE, 0, 0},
};

static void a_dial_fails_once(void **state)
{
    const struct dial_row *row = *state;
    struct stage stage;
    struct stream_info info;
    char byte;

    stage_begin(&stage, false);
    int rule = add(&stage, dial_fault(row->kind, 1));
    assert_int_equal(dial(&stage, 0), row->result);
    assert_true(impair_met(stage.impair, rule));
    assert_int_equal(stage.told[0], row->told);
    assert_int_equal(stage.peers, 0);
    assert_int_equal(stream_in_use(&stage.program[0]), row->result == 0);
    if (row->result == 0) {
        assert_int_equal(stream_status(&stage.program[0]), row->status);
        assert_int_equal(stream_read(&stage.program[0], &byte, 1),
                         row->status == -EINPROGRESS ? -EAGAIN : row->status);
        stream_info(&stage.program[0], &info);
        assert_true(info.tx_known);
        assert_int_equal(info.tx + info.rx, 0);
        assert_int_equal(info.error, row->status == -EINPROGRESS ? 0 : -row->status);
        assert_true(address_equal(&info.peer, &stage.address));
    }
    assert_int_equal(dial(&stage, 1), 0);
    assert_int_equal(stream_status(&stage.program[1]), 0);
    assert_int_equal(stage.peers, 1);
    assert_int_equal(impair_dial_of(stage.impair, 0, 1), 2);
    assert_int_equal(impair_dial_of(stage.impair, 0, 2), 3);
    stage_end(&stage);
}

static void a_lasting_fault_fails_every_dial_from_there_on(void **state)
{
    struct stage stage;
    struct wire_fault fault = dial_fault(WIRE_FAULT_REFUSED, 2);

    (void)state;
    fault.lasting = true;
    stage_begin(&stage, false);
    int rule = add(&stage, fault);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_int_equal(dial(&stage, i), 0);
        assert_int_equal(stream_status(&stage.program[i]), i == 0 ? 0 : -ECONNREFUSED);
        assert_int_equal(impair_met(stage.impair, rule), i > 0);
    }
    assert_int_equal(impair_dial_of(stage.impair, 0, 1), 1);
    assert_int_equal(impair_dial_of(stage.impair, 0, 2), 4);
    stage_end(&stage);
}

static void a_fault_of_another_upstream_meets_nobody(void **state)
{
    struct stage stage;
    struct wire_fault fault = dial_fault(WIRE_FAULT_REFUSED, 1);

    (void)state;
    fault.index = 1;
    stage_begin(&stage, false);
    int rule = add(&stage, fault);
    assert_int_equal(dial(&stage, 0), 0);
    assert_int_equal(stream_status(&stage.program[0]), 0);
    assert_false(impair_met(stage.impair, rule));
    stage_end(&stage);
}

/* It is closed in the very turn in which it was dialled, and its fault comes no more. */
static void a_dial_that_is_given_up_is_told_nothing(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, false);
    (void)add(&stage, dial_fault(WIRE_FAULT_REFUSED, 1));
    assert_int_equal(world_connect(stage.impair, &stage.program[0], &stage.address), 0);
    stream_close(&stage.program[0], STREAM_FIN);
    run(&stage);
    assert_int_equal(stage.told[0], 0);
    stage_end(&stage);
}

/* ---- accepting --------------------------------------------------------------------------------- */

static void an_accept_without_a_descriptor_succeeds_when_tried_again(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, true);
    int rule =
        add(&stage, (struct wire_fault){
                        .party = WIRE_CLIENT, .connection = 2, .kind = WIRE_FAULT_NO_DESCRIPTORS});
    assert_int_equal(world_connect(stage.sim, &stage.peer[0], &stage.address), 0);
    run(&stage);
    assert_int_equal(stage.peers, 1);
    assert_false(impair_met(stage.impair, rule));
    assert_int_equal(world_connect(stage.sim, &stage.peer[1], &stage.address), 0);
    while (!impair_met(stage.impair, rule))
        assert_int_equal(world_run(stage.sim, 1, TIME_NEVER), RUN_STEPS);
    assert_int_equal(stage.accepted, -EMFILE);
    assert_int_equal(stage.peers, 1);
    run(&stage);
    assert_int_equal(stage.accepted, 0);
    assert_int_equal(stage.peers, 2);
    stage_end(&stage);
}

static bool second_client(void *owner, uint32_t ordinal, uint32_t *client, uint32_t *connection)
{
    (void)owner;
    *client = 1;
    *connection = 6 + ordinal;
    return ordinal < 3;
}

static void whose_connection_is_accepted_can_be_told(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, true);
    int rule = add(&stage, (struct wire_fault){.party = WIRE_CLIENT,
                                               .index = 1,
                                               .connection = 8,
                                               .kind = WIRE_FAULT_NO_DESCRIPTORS});
    impair_find_clients(stage.impair, second_client, NULL);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_int_equal(world_connect(stage.sim, &stage.peer[i], &stage.address), 0);
        run(&stage);
        assert_int_equal(impair_met(stage.impair, rule), i >= 1);
    }
    assert_int_equal(stage.peers, STREAMS);
    stage_end(&stage);
}

/* ---- writes ------------------------------------------------------------------------------------ */

enum { WRITE_BYTES = 10 };

struct cut_row {
    const char *sentence;
    uint64_t offset;
    ssize_t results[3]; /* of three writes of WRITE_BYTES bytes each */
    bool met;
};

static const struct cut_row CUTS[] = {
    {"a write cut at its first byte is to be tried again", 0, {-EAGAIN, 10, 10}, true},
    {"a write is taken up to the byte", 1, {1, 10, 10}, true},
    {"a write is taken up to the byte in its middle", 7, {7, 10, 10}, true},
    {"a write that ends at the byte is whole, and the next one is cut",
     10,
     {10, -EAGAIN, 10},
     true},
    {"a later write is cut", 13, {10, 3, 10}, true},
    {"a byte behind all that is written is not met", 30, {10, 10, 10}, false},
};

static ssize_t write_ten(struct stream *stream)
{
    uint8_t data[WRITE_BYTES] = {0};
    struct iovec pieces[] = {{data, 3}, {data + 3, 0}, {data + 3, WRITE_BYTES - 3}};

    return stream_write(stream, pieces, 3);
}

static void expect_cuts(struct stage *stage, const struct cut_row *row, int rule)
{
    struct stream_info info;
    uint64_t taken = 0;

    run(stage);
    for (size_t i = 0; i < COUNT_OF(row->results); i++) {
        ssize_t result = write_ten(&stage->program[0]);

        assert_int_equal(result, row->results[i]);
        taken += result > 0 ? (uint64_t)result : 0;
        stream_info(&stage->program[0], &info);
        assert_int_equal(info.tx, taken);
    }
    assert_int_equal(impair_met(stage->impair, rule), row->met);
}

static void a_write_to_an_upstream_is_cut(void **state)
{
    const struct cut_row *row = *state;
    struct stage stage;

    stage_begin(&stage, false);
    int rule = add(&stage, (struct wire_fault){.party = WIRE_UPSTREAM,
                                               .connection = 1,
                                               .direction = WIRE_RECEIVED,
                                               .offset = row->offset,
                                               .kind = WIRE_FAULT_SHORT_WRITE});
    assert_int_equal(dial(&stage, 0), 0);
    expect_cuts(&stage, row, rule);
    stage_end(&stage);
}

static void a_write_to_a_client_is_cut(void **state)
{
    const struct cut_row *row = *state;
    struct stage stage;

    stage_begin(&stage, true);
    int rule = add(&stage, (struct wire_fault){.party = WIRE_CLIENT,
                                               .connection = 1,
                                               .direction = WIRE_RECEIVED,
                                               .offset = row->offset,
                                               .kind = WIRE_FAULT_SHORT_WRITE});
    assert_int_equal(world_connect(stage.sim, &stage.peer[0], &stage.address), 0);
    expect_cuts(&stage, row, rule);
    stage_end(&stage);
}

static void two_cuts_of_one_connection_come_one_after_the_other(void **state)
{
    struct stage stage;
    int rules[2];

    (void)state;
    stage_begin(&stage, false);
    for (int i = 0; i < 2; i++)
        rules[i] = add(&stage, (struct wire_fault){.party = WIRE_UPSTREAM,
                                                   .connection = 1,
                                                   .direction = WIRE_RECEIVED,
                                                   .offset = i == 0 ? 8 : 4,
                                                   .kind = WIRE_FAULT_SHORT_WRITE});
    assert_int_equal(dial(&stage, 0), 0);
    assert_int_equal(write_ten(&stage.program[0]), 4);
    run(&stage);
    assert_true(impair_met(stage.impair, rules[1]));
    assert_false(impair_met(stage.impair, rules[0]));
    stage_end(&stage);
}

/* ---- lookups ----------------------------------------------------------------------------------- */

struct lookup_row {
    const char *sentence;
    enum wire_fault_kind kind;
    int result; /* of resolve */
    enum query_status status;
    uint64_t after_ns;
};

static const struct lookup_row LOOKUPS[] = {
    {"a lookup finds no such name", WIRE_FAULT_NOT_FOUND, 0, QUERY_NOT_FOUND, 0},
    {"a lookup is answered with a failure", WIRE_FAULT_SERVER_FAILED, 0, QUERY_FAILED, 0},
    {"a lookup that is not answered takes as long as any", WIRE_FAULT_UNANSWERED, 0,
     QUERY_TIMED_OUT, QUERY_TIMEOUT_NS},
    {"a lookup finds no memory", WIRE_FAULT_NO_MEMORY, -ENOMEM, QUERY_FOUND, 0},
};

static void a_lookup_fails_once(void **state)
{
    const struct lookup_row *row = *state;
    struct stage stage;
    uint64_t began_ns;

    stage_begin(&stage, false);
    int rule =
        add(&stage, (struct wire_fault){.party = WIRE_LOOKUP, .connection = 1, .kind = row->kind});
    began_ns = world_now(stage.impair);
    assert_int_equal(world_resolve(stage.impair, &stage.query, "localhost", 80), row->result);
    assert_true(impair_met(stage.impair, rule));
    assert_int_equal(stage.answers, 0);
    world_run(stage.impair, 200, began_ns + row->after_ns + NS_PER_MS);
    assert_int_equal(stage.answers, row->result == 0);
    if (row->result == 0)
        assert_int_equal(stage.query.status, row->status);
    assert_null(stage.query.impl);
    stage.answers = 0;
    assert_int_equal(world_resolve(stage.impair, &stage.query, "localhost", 80), 0);
    run(&stage);
    assert_int_equal(stage.answers, 1);
    assert_int_equal(stage.query.status, QUERY_FOUND);
    stage_end(&stage);
}

static void a_lookup_that_was_cancelled_is_not_answered(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, false);
    (void)add(&stage, (struct wire_fault){
                          .party = WIRE_LOOKUP, .connection = 1, .kind = WIRE_FAULT_NOT_FOUND});
    for (int i = 0; i < 2; i++) { /* the second one belongs to the world below */
        assert_int_equal(world_resolve(stage.impair, &stage.query, "localhost", 80), 0);
        world_resolve_cancel(stage.impair, &stage.query);
    }
    run(&stage);
    assert_int_equal(stage.answers, 0);
    stage_end(&stage);
}

/* ---- limits ------------------------------------------------------------------------------------ */

static void there_is_an_end_of_rules(void **state)
{
    struct stage stage;
    const struct wire_fault fault = dial_fault(WIRE_FAULT_REFUSED, 1);

    (void)state;
    stage_begin(&stage, false);
    for (int i = 0; i < WIRE_FAULTS_MAX; i++)
        assert_int_equal(impair_add(stage.impair, &fault), i);
    assert_int_equal(impair_add(stage.impair, &fault), -1);
    impair_reset(stage.impair);
    assert_int_equal(impair_add(stage.impair, &fault), 0);
    stage_end(&stage);
}

/* Streams of a case before are forgotten, and the world below is not asked about them. */
static void a_reset_forgets_rules_and_what_lives(void **state)
{
    struct stage stage;

    (void)state;
    stage_begin(&stage, false);
    (void)add(&stage, dial_fault(WIRE_FAULT_DROPPED, 1));
    assert_int_equal(dial(&stage, 0), 0);
    stage.program[0].impl = NULL;
    impair_reset(stage.impair);
    impair_name_upstream(stage.impair, 0, &stage.address);
    (void)add(&stage, dial_fault(WIRE_FAULT_DROPPED, 2));
    assert_int_equal(dial(&stage, 0), 0);
    assert_int_equal(stream_status(&stage.program[0]), 0);
    stage_end(&stage);
}

#define TEST_ROWS(function, rows)                                \
    for (size_t i = 0; i < COUNT_OF(rows); i++)                  \
        tests[count++] = (struct CMUnitTest)                     \
        {                                                        \
            .name = (rows)[i].sentence, .test_func = (function), \
            .initial_state = (void *)(uintptr_t) & (rows)[i]     \
        }

int main(void)
{
    struct CMUnitTest tests[64] = {
        cmocka_unit_test(a_lasting_fault_fails_every_dial_from_there_on),
        cmocka_unit_test(a_fault_of_another_upstream_meets_nobody),
        cmocka_unit_test(a_dial_that_is_given_up_is_told_nothing),
        cmocka_unit_test(an_accept_without_a_descriptor_succeeds_when_tried_again),
        cmocka_unit_test(whose_connection_is_accepted_can_be_told),
        cmocka_unit_test(two_cuts_of_one_connection_come_one_after_the_other),
        cmocka_unit_test(a_lookup_that_was_cancelled_is_not_answered),
        cmocka_unit_test(there_is_an_end_of_rules),
        cmocka_unit_test(a_reset_forgets_rules_and_what_lives),
    };
    size_t count = 9;

    TEST_ROWS(a_dial_fails_once, DIALS);
    TEST_ROWS(a_write_to_an_upstream_is_cut, CUTS);
    TEST_ROWS(a_write_to_a_client_is_cut, CUTS);
    TEST_ROWS(a_lookup_fails_once, LOOKUPS);
    return _cmocka_run_group_tests("impair", tests, count, NULL, NULL);
}
