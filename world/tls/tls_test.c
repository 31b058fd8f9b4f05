/* TLS as a stream: bytes, ends, counters, closing; in both worlds where it matters. */
#include "world/tls/tls_pair_rig.h"

#include "world/filters/fault.h"
#include "world/sockets/sockets.h"
#include "world/tls/state.h"

enum {
    BODY_BYTES = 300 * 1000,
    MESSAGE_BYTES = 100,
    KEY_UPDATES = 5000, /* more than all buffers on the way have room for */
    STEPS_OF_A_BUSY_LOOP = 10000,
    FIRST_TURN_OF_APPLICATION = 1, /* the handshake is none: the filter looks at the TLS above it */
};

static struct rig_identity authority, host;

static int make_identities(void **state)
{
    (void)state;
    rig_identity_init(&authority, &(struct rig_wish){.subject = "authority"});
    rig_identity_init(&host, &(struct rig_wish){.subject = "host",
                                                .names = "DNS:upstream.test,IP:127.0.0.1",
                                                .authority = "authority"});
    return 0;
}

static int release_identities(void **state)
{
    (void)state;
    rig_identity_release(&authority);
    rig_identity_release(&host);
    return 0;
}

static struct tls_server *server_of(enum tls_version version)
{
    struct tls_certificate certificate = {NULL, host.path, host.path};
    struct tls_server_options options = {
        .certificates = &certificate, .certificate_count = 1, .highest = version};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_server *server = tls_server_create(&options, error);

    assert_string_equal(error, "");
    return server;
}

static struct tls_client *client_of(enum tls_version version)
{
    struct tls_client_options options = {.ca_path = authority.path, .highest = version};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_client *client = tls_client_create(&options, error);

    assert_string_equal(error, "");
    return client;
}

static void begin(struct pair *pair, const struct sim_options *options, enum tls_version version)
{
    pair_init(pair, sim_create(options), server_of(version), client_of(version));
}

static void end(struct pair *pair)
{
    struct sim_census census;

    pair_release(pair);
    sim_world_census(pair->world, &census);
    assert_int_equal(census.streams + census.timers, 0);
    sim_destroy(&pair->world);
}

/* ---- bytes --------------------------------------------------------------------------------------- */

struct network {
    const char *name;
    struct sim_options options;
};

static const struct network NETWORKS[] = {
    {"bytes arrive whole, both ways at once", {.latency_ns = NS_PER_MS}},
    {"bytes arrive one at a time", {.segment_bytes = 1}},
    {"windows are smaller than a record",
     {.seed = 3, .sndbuf_bytes = 700, .rcvbuf_bytes = 300, .short_write_bytes = 90}},
};

static void bytes_arrive(void **state)
{
    const struct network *row = *state;

    for (enum tls_version version = TLS_1_2; version <= TLS_1_3; version++) {
        struct pair pair;

        begin(&pair, &row->options, version);
        pair_shake_hands(&pair);
        assert_int_equal(pair.ends[0].early_opens, 1);
        assert_int_equal(pair.ends[0].early_look.phase, TLS_HANDSHAKING);
        pair_send(&pair.ends[0], BODY_BYTES);
        pair_send(&pair.ends[1], BODY_BYTES + 1);
        pair_await(&pair, &pair.ends[0].got, BODY_BYTES + 1);
        pair_await(&pair, &pair.ends[1].got, BODY_BYTES);
        stream_close(&pair.ends[0].stream, STREAM_FIN);
        pair_await(&pair, &pair.ends[1].ends, 1);
        assert_int_equal(pair.ends[1].end_result, 0);
        end(&pair);
    }
}

static void sockets_carry_it(void **state)
{
    struct world *world = sockets_create(&(struct sockets_options){.seed = 1});
    struct pair pair;

    (void)state;
    pair_init(&pair, world, server_of(TLS_1_3), client_of(TLS_1_3));
    pair_shake_hands(&pair);
    pair_send(&pair.ends[0], BODY_BYTES);
    pair_send(&pair.ends[1], BODY_BYTES);
    pair_await(&pair, &pair.ends[0].got, BODY_BYTES);
    pair_await(&pair, &pair.ends[1].got, BODY_BYTES);
    stream_shut(&pair.ends[1].stream);
    pair_await(&pair, &pair.ends[0].ends, 1);
    assert_int_equal(pair.ends[0].end_result, 0);
    stream_close(&pair.ends[0].stream, STREAM_FIN);
    pair_await(&pair, &pair.ends[1].ends, 1);
    assert_int_equal(pair.ends[1].end_result, 0);
    pair_release(&pair);
    sockets_destroy(&world);
}

static void counters_are_the_lowest(void **state)
{
    struct stream_info before, after;
    struct pair pair;

    (void)state;
    begin(&pair, &(struct sim_options){0}, TLS_1_3);
    pair_shake_hands(&pair);
    pair_run(&pair);
    stream_info(&pair.ends[0].stream, &before);
    assert_true(before.tx > 0);
    assert_int_equal(before.tx_pending, 0);
    pair_send(&pair.ends[0], MESSAGE_BYTES);
    pair_await(&pair, &pair.ends[1].got, MESSAGE_BYTES);
    stream_info(&pair.ends[0].stream, &after);
    assert_in_range(after.tx - before.tx, MESSAGE_BYTES + 1, MESSAGE_BYTES + 100);
    assert_int_equal(after.rx, before.rx);
    assert_true(address_equal(&after.peer, &pair.address));
    end(&pair);
}

/* ---- ends ---------------------------------------------------------------------------------------- */

/* The client says that it is done before the tickets have come, and reads the answer all the same. */
static void half_close(void **state)
{
    (void)state;
    for (enum tls_version version = TLS_1_2; version <= TLS_1_3; version++) {
        struct pair pair;

        begin(&pair, &(struct sim_options){.latency_ns = NS_PER_MS}, version);
        pair.ends[0].shuts_at_open = true;
        pair_shake_hands(&pair);
        pair_await(&pair, &pair.ends[1].ends, 1);
        assert_int_equal(pair.ends[1].end_result, 0);
        pair_send(&pair.ends[1], BODY_BYTES);
        pair_await(&pair, &pair.ends[0].got, BODY_BYTES);
        assert_int_equal(pair.ends[0].ends, 0);
        stream_close(&pair.ends[1].stream, STREAM_FIN);
        pair_await(&pair, &pair.ends[0].ends, 1);
        assert_int_equal(pair.ends[0].end_result, 0);
        pair_send(&pair.ends[0], 1);
        pair_await(&pair, &pair.ends[0].failures, 1);
        assert_int_equal(pair.ends[0].failure_result, -EPIPE);
        end(&pair);
    }
}

static void half_close_before_it_opens(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair, &(struct sim_options){.latency_ns = NS_PER_MS}, TLS_1_3);
    pair_dial(&pair);
    assert_int_equal(stream_shut(&pair.ends[0].stream), 0);
    pair_await(&pair, &pair.ends[1].ends, 1);
    assert_int_equal(pair.ends[1].end_result, 0);
    pair_send(&pair.ends[1], MESSAGE_BYTES);
    pair_await(&pair, &pair.ends[0].got, MESSAGE_BYTES);
    end(&pair);
}

/* Tickets are no bytes of the application, and their coming is no end. */
static void tickets_are_silent(void **state)
{
    struct pair pair;
    uint8_t byte;

    (void)state;
    begin(&pair, &(struct sim_options){.latency_ns = NS_PER_MS}, TLS_1_3);
    pair.ends[0].stays_put = true;
    pair_shake_hands(&pair);
    pair_run(&pair);
    assert_int_equal(stream_read(&pair.ends[0].stream, &byte, 1), -EAGAIN);
    assert_int_equal(stream_read(&pair.ends[0].stream, &byte, 1), -EAGAIN);
    assert_int_equal(stream_status(&pair.ends[0].stream), 0);
    end(&pair);
}

struct cut {
    const char *name;
    enum fault_kind kind;
    int write_result, read_result, status;
    enum tls_trouble trouble;
};

static const struct cut CUTS[] = {
    {"a FIN without close_notify is a truncation", FAULT_FIN, -EPIPE, -ECONNABORTED, -ECONNABORTED,
     TLS_TRUNCATED},
    {"a reset below is a reset above", FAULT_RST, -ECONNRESET, -ECONNRESET, -ECONNRESET,
     TLS_NO_TROUBLE},
    {"a stall below is silence above", FAULT_STALL, -EAGAIN, -EAGAIN, 0, TLS_NO_TROUBLE},
};

/* The stream below takes nothing of the first record and fails: then nothing of it counts as written. */
static void cut_before_first_byte(void **state)
{
    const struct cut *row = *state;
    struct stream_info before, after;
    struct tls_look look;
    struct pair pair;
    struct iovec piece;
    uint8_t byte;

    begin(&pair, &(struct sim_options){0}, TLS_1_3);
    pair.dialled = fault_create(pair.world);
    assert_int_equal(
        fault_add_rule(pair.dialled,
                       &(struct fault_rule){.turn = FIRST_TURN_OF_APPLICATION, .kind = row->kind}),
        0);
    pair_shake_hands(&pair);
    pair_run(&pair);
    stream_info(&pair.ends[0].stream, &before);
    piece = (struct iovec){pair.pattern, MESSAGE_BYTES};
    assert_int_equal(stream_write(&pair.ends[0].stream, &piece, 1), row->write_result);
    assert_int_equal(fault_fired(pair.dialled, 0), 1);
    assert_int_equal(stream_write(&pair.ends[0].stream, &piece, 1), row->write_result);
    stream_info(&pair.ends[0].stream, &after);
    assert_int_equal(after.tx, before.tx);
    assert_true(after.tx_pending > MESSAGE_BYTES);
    for (int i = 0; i < 2; i++)
        assert_int_equal(stream_read(&pair.ends[0].stream, &byte, 1), row->read_result);
    assert_int_equal(stream_status(&pair.ends[0].stream), row->status);
    tls_look(&pair.ends[0].stream, &look);
    assert_int_equal(look.trouble, row->trouble);
    assert_int_equal(look.phase, TLS_OPEN);
    stream_close(&pair.ends[0].stream, STREAM_RST);
    fault_destroy(&pair.dialled);
    end(&pair);
}

/* A filter beneath it that fails requests lets TLS say goodbye: that is none, though bytes were read before it. */
static void a_goodbye_is_no_turn(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair, &(struct sim_options){.latency_ns = NS_PER_MS}, TLS_1_3);
    pair.dialled = fault_create(pair.world);
    assert_int_equal(
        fault_add_rule(pair.dialled, &(struct fault_rule){.turn = 2, .kind = FAULT_STALL}), 0);
    pair_shake_hands(&pair);
    pair_send(&pair.ends[0], MESSAGE_BYTES);
    pair_await(&pair, &pair.ends[1].got, MESSAGE_BYTES);
    pair_send(&pair.ends[1], MESSAGE_BYTES);
    pair_await(&pair, &pair.ends[0].got, MESSAGE_BYTES);
    stream_close(&pair.ends[0].stream, STREAM_FIN);
    pair_await(&pair, &pair.ends[1].ends, 1);
    assert_int_equal(pair.ends[1].end_result, 0);
    assert_int_equal(fault_fired(pair.dialled, 0), 0);
    fault_destroy(&pair.dialled);
    end(&pair);
}

/* ---- closing ------------------------------------------------------------------------------------- */

static void close_delivers(void **state)
{
    struct pair pair;
    size_t sent;

    (void)state;
    begin(&pair,
          &(struct sim_options){
              .latency_ns = NS_PER_MS, .sndbuf_bytes = 3000, .rcvbuf_bytes = 2000, .seed = 1},
          TLS_1_3);
    pair.ends[0].stays_put = true;
    pair_shake_hands(&pair);
    pair_send(&pair.ends[1], BODY_BYTES);
    world_run(pair.world, UINT64_MAX, world_now(pair.world) + 50 * NS_PER_MS);
    sent = pair.ends[1].sent;
    assert_in_range(sent, 1, BODY_BYTES - 1);
    stream_close(&pair.ends[1].stream, STREAM_FIN);
    assert_int_equal(tls_streams_in_use(), 2);
    pair.ends[0].stays_put = false;
    pair_want(&pair.ends[0], STREAM_READ);
    pair_await(&pair, &pair.ends[0].ends, 1);
    assert_int_equal(pair.ends[0].got, sent);
    assert_int_equal(pair.ends[0].end_result, 0);
    assert_int_equal(tls_streams_in_use(), 1);
    end(&pair);
}

/* Nobody reads: what is pending behind a close is kept so long and no longer. */
static void linger_ends(void **state)
{
    struct pair pair;
    uint64_t closed_ns;

    (void)state;
    begin(&pair, &(struct sim_options){.sndbuf_bytes = 3000, .rcvbuf_bytes = 2000}, TLS_1_3);
    pair.ends[0].stays_put = true;
    pair_shake_hands(&pair);
    pair_send(&pair.ends[1], BODY_BYTES);
    pair_run(&pair);
    closed_ns = world_now(pair.world);
    stream_close(&pair.ends[1].stream, STREAM_FIN);
    assert_int_equal(tls_streams_in_use(), 2);
    world_run(pair.world, UINT64_MAX, closed_ns + TLS_LINGER_MS * NS_PER_MS - 1);
    assert_int_equal(tls_streams_in_use(), 2);
    world_run(pair.world, UINT64_MAX, closed_ns + TLS_LINGER_MS * NS_PER_MS);
    assert_int_equal(tls_streams_in_use(), 1);
    end(&pair);
}

static ssize_t take_nothing(struct stream *stream, const struct iovec *pieces, int count)
{
    (void)stream;
    (void)pieces;
    (void)count;
    return -EAGAIN;
}

/* A message that the filter holds whole and the layer below has not begun to take; then that layer is as it was. */
static void leave_unaccepted(struct pair_end *end)
{
    struct tls_stream *at = end->stream.impl;
    const struct stream_ops *ops = at->wire.lower.ops;
    struct stream_ops unwilling = *ops;
    struct iovec piece = {end->pair->pattern, MESSAGE_BYTES};
    struct stream_info info;

    unwilling.write = take_nothing;
    at->wire.lower.ops = &unwilling;
    assert_int_equal(stream_write(&end->stream, &piece, 1), -EAGAIN);
    at->wire.lower.ops = ops;
    stream_info(&end->stream, &info);
    assert_true(info.tx_pending > MESSAGE_BYTES);
}

/* Its writer was never told that it went, and sends it elsewhere: so it must not arrive as well. */
static void what_was_not_accepted_never_arrives(void **state)
{
    const bool *half = *state;
    struct pair pair;

    begin(&pair, &(struct sim_options){.seed = 1}, TLS_1_3);
    pair_shake_hands(&pair);
    pair_run(&pair);
    leave_unaccepted(&pair.ends[0]);
    if (*half)
        stream_shut(&pair.ends[0].stream);
    else
        stream_close(&pair.ends[0].stream, STREAM_FIN);
    pair_await(&pair, &pair.ends[1].ends, 1);
    assert_int_equal(pair.ends[1].got, 0);
    assert_int_equal(pair.ends[1].end_result, -ECONNABORTED);
    end(&pair);
}

static void worlds_may_end_first(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair, &(struct sim_options){.sndbuf_bytes = 3000, .rcvbuf_bytes = 2000}, TLS_1_3);
    pair.ends[0].stays_put = true;
    pair_shake_hands(&pair);
    pair_send(&pair.ends[1], BODY_BYTES);
    pair_run(&pair);
    stream_close(&pair.ends[1].stream, STREAM_FIN);
    sim_reset(pair.world, 0);
    tls_abandon(&pair.ends[0].stream);
    assert_false(stream_in_use(&pair.ends[0].stream));
    tls_abandon(&pair.ends[0].stream);
    assert_int_equal(tls_streams_in_use(), 1);
    tls_abandon_world(pair.world);
    assert_int_equal(tls_streams_in_use(), 0);
    tls_server_release(&pair.server);
    tls_client_release(&pair.client);
    sim_destroy(&pair.world);
}

/* What its maker has released lives on as long as a stream of it does. */
static void streams_keep_their_makers(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair, &(struct sim_options){0}, TLS_1_3);
    pair_shake_hands(&pair);
    tls_server_release(&pair.server);
    tls_client_release(&pair.client);
    pair_send(&pair.ends[0], MESSAGE_BYTES);
    pair_await(&pair, &pair.ends[1].got, MESSAGE_BYTES);
    end(&pair);
}

static void others_are_none_of_tls(void **state)
{
    struct stream plain = {.impl = NULL};
    struct tls_look look;

    (void)state;
    tls_look(&plain, &look);
    assert_int_equal(look.phase, TLS_NONE);
    tls_abandon(&plain);
}

/* ---- the same again ------------------------------------------------------------------------------ */

static uint64_t hash_of_run(uint64_t seed)
{
    struct pair pair;
    uint64_t hash;

    tls_randomness_seed(seed);
    begin(&pair, &(struct sim_options){.seed = 1, .latency_ns = NS_PER_MS, .short_write_bytes = 99},
          TLS_1_3);
    for (size_t i = 0; i < 3; i++) {
        pair_shake_hands(&pair);
        assert_int_equal(pair.ends[0].look.resumed, i > 0);
        pair_send(&pair.ends[0], 1000);
        pair_send(&pair.ends[1], 1000);
        pair_run(&pair);
        assert_int_equal(pair.ends[0].got, 1000);
        pair_hang_up(&pair);
    }
    hash = sim_trace_hash(pair.world);
    end(&pair);
    tls_randomness_restore();
    return hash;
}

/* Every byte below goes into the hash: those of the tickets, and of what is resumed with them, too. */
static void equal_runs_are_equal(void **state)
{
    uint64_t hash = hash_of_run(1);

    (void)state;
    assert_true(hash_of_run(1) == hash);
    assert_true(hash_of_run(2) != hash);
}

/* ---- a peer that asks for answers and takes none ---------------------------------------------------- */

/* RFC 8446 4.6.3: each is answered, until no answer can be sent any more. */
static void ask_for_keys(struct pair *pair)
{
    struct tls_stream *at = pair->ends[1].stream.impl;

    for (int i = 0; i < KEY_UPDATES && tls_wire_pending(&at->wire) == 0; i++) {
        assert_int_equal(SSL_key_update(at->wire.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(at->wire.ssl), 1);
        tls_wire_flush(&at->wire);
        world_run(pair->world, UINT64_MAX, world_now(pair->world) + NS_PER_MS);
    }
}

static void a_peer_that_takes_no_answers_keeps_nobody_busy(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair, &(struct sim_options){.sndbuf_bytes = 3000, .rcvbuf_bytes = 2000}, TLS_1_3);
    pair.ends[1].stays_put = true;
    pair_shake_hands(&pair);
    pair_run(&pair);
    ask_for_keys(&pair);
    assert_int_not_equal(
        world_run(pair.world, STEPS_OF_A_BUSY_LOOP, world_now(pair.world) + NS_PER_S), RUN_STEPS);
    pair_want(&pair.ends[1], STREAM_READ);
    pair.ends[1].stays_put = false;
    pair_run(&pair);
    pair_send(&pair.ends[1], MESSAGE_BYTES);
    pair_await(&pair, &pair.ends[0].got, MESSAGE_BYTES);
    end(&pair);
}

static const bool ENDS[] = {false, true}; /* whether the end is a half-close */

int main(void)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(sockets_carry_it),
        cmocka_unit_test(counters_are_the_lowest),
        cmocka_unit_test(half_close),
        cmocka_unit_test(half_close_before_it_opens),
        cmocka_unit_test(tickets_are_silent),
        cmocka_unit_test(a_goodbye_is_no_turn),
        cmocka_unit_test(close_delivers),
        cmocka_unit_test(linger_ends),
        cmocka_unit_test(worlds_may_end_first),
        cmocka_unit_test(streams_keep_their_makers),
        cmocka_unit_test(others_are_none_of_tls),
        cmocka_unit_test(equal_runs_are_equal),
        cmocka_unit_test(a_peer_that_takes_no_answers_keeps_nobody_busy),
        cmocka_unit_test_prestate(what_was_not_accepted_never_arrives, (void *)(uintptr_t)&ENDS[0]),
        cmocka_unit_test_prestate(what_was_not_accepted_never_arrives, (void *)(uintptr_t)&ENDS[1]),
    };
    size_t count = 15;

    for (size_t i = 0; i < COUNT_OF(NETWORKS); i++)
        tests[count++] = (struct CMUnitTest){.name = NETWORKS[i].name,
                                             .test_func = bytes_arrive,
                                             .initial_state = (void *)(uintptr_t)&NETWORKS[i]};
    for (size_t i = 0; i < COUNT_OF(CUTS); i++)
        tests[count++] = (struct CMUnitTest){.name = CUTS[i].name,
                                             .test_func = cut_before_first_byte,
                                             .initial_state = (void *)(uintptr_t)&CUTS[i]};
    return _cmocka_run_group_tests("tls", tests, count, make_identities, release_identities);
}
