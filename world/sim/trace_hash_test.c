/*
 * Same seed, same trace hash: several hundred random operations on several connections, run again and
 * again, on new worlds and on worlds that were used before.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/sim/sim.h"

enum {
    CONNECTIONS = 6,
    OPERATIONS = 600,
    WRITE_BYTES_MAX = 900,
    STEPS_MAX = 7, /* per operation, so that operations fall into the midst of things */
};

struct script {
    struct world *world;
    struct listener listener;
    struct address address;
    struct stream dialled[CONNECTIONS];
    struct stream accepted[CONNECTIONS];
    struct timer timers[CONNECTIONS];
    size_t changed_write; /* the write of this ordinal carries one other byte; 0: none */
    size_t writes;        /* that took a byte */
};

static void on_event(struct stream *stream, unsigned events)
{
    uint8_t data[300];

    if ((events & STREAM_READ) != 0) {
        ssize_t size = stream_read(stream, data, sizeof(data));

        if (size <= 0 && size != -EAGAIN)
            stream_want(stream, 0);
    }
    if ((events & STREAM_WRITE) != 0)
        stream_want(stream, STREAM_READ | STREAM_CLOSED);
}

static void on_acceptable(struct listener *listener)
{
    struct script *script = listener->owner;
    struct stream refused = {.on_event = on_event, .owner = script};

    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (!stream_in_use(&script->accepted[i])) {
            world_accept(script->world, listener, &script->accepted[i]);
            return;
        }
    }
    if (world_accept(script->world, listener, &refused) == 0)
        stream_close(&refused, STREAM_RST);
}

static void on_time(struct timer *timer)
{
    struct script *script = timer->owner;

    timer_set(script->world, timer, world_now(script->world) + 10 * NS_PER_MS);
}

static void write_some(struct script *script, struct stream *stream, uint64_t draw)
{
    uint8_t data[WRITE_BYTES_MAX];
    struct iovec piece = {data, 1 + draw % WRITE_BYTES_MAX};

    memset(data, (int)(draw >> 32 & 0xff), sizeof(data));
    if (script->writes + 1 == script->changed_write)
        data[0] ^= 1;
    script->writes += stream_write(stream, &piece, 1) > 0;
}

static void operate_on(struct script *script, struct stream *stream, uint64_t draw)
{
    switch (draw >> 8 & 15) {
    case 0:
        stream_close(stream, draw >> 16 & 1 ? STREAM_FIN : STREAM_RST);
        break;
    case 1:
        stream_shut(stream);
        break;
    case 2:
        stream_want(stream, (unsigned)(draw >> 16 & 15));
        break;
    case 3:
        stream_want(stream, STREAM_READ);
        break;
    default:
        write_some(script, stream, draw >> 16);
    }
}

static void operate(struct script *script)
{
    uint64_t draw = world_random(script->world);
    size_t i = draw % CONNECTIONS;
    struct stream *stream = draw >> 4 & 1 ? &script->dialled[i] : &script->accepted[i];

    if (stream_in_use(stream))
        operate_on(script, stream, draw);
    else if (stream == &script->dialled[i])
        world_connect(script->world, stream, &script->address);
    timer_set(script->world, &script->timers[i], world_now(script->world) + (draw >> 40));
    world_run(script->world, draw >> 20 & STEPS_MAX, world_now(script->world) + NS_PER_MS);
}

static uint64_t run_script(struct world *world, size_t changed_write)
{
    struct script script = {.world = world, .changed_write = changed_write};

    script.listener = (struct listener){.on_acceptable = on_acceptable, .owner = &script};
    assert_int_equal(world_listen(world, &script.listener, &script.address, LISTEN_OPEN, 3), 0);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        script.dialled[i] = (struct stream){.on_event = on_event, .owner = &script};
        script.accepted[i] = (struct stream){.on_event = on_event, .owner = &script};
        script.timers[i] = (struct timer){.on_time = on_time, .owner = &script};
    }
    for (size_t i = 0; i < OPERATIONS; i++)
        operate(&script);
    assert_true(script.writes > OPERATIONS / 10);
    assert_true(sim_steps(world) > OPERATIONS / 4);
    return sim_trace_hash(world);
}

static const struct sim_options OPTIONS = {.latency_ns = 300 * NS_PER_US,
                                           .segment_bytes = 200,
                                           .short_write_bytes = 500,
                                           .sndbuf_bytes = 2000,
                                           .rcvbuf_bytes = 1500};

static struct world *world_of_seed(uint64_t seed)
{
    struct sim_options options = OPTIONS;

    options.seed = seed;
    return sim_create(&options);
}

static uint64_t hash_of(uint64_t seed, size_t changed_write)
{
    struct world *world = world_of_seed(seed);
    uint64_t hash = run_script(world, changed_write);

    sim_destroy(&world);
    return hash;
}

static void same_seed_same_hash(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++)
        assert_true(hash_of(seed, 0) == hash_of(seed, 0));
}

static void used_worlds_are_as_new(void **state)
{
    struct world *world = world_of_seed(1);

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        sim_reset(world, seed);
        assert_true(run_script(world, 0) == hash_of(seed, 0));
    }
    sim_destroy(&world);
}

static void other_seed_other_hash(void **state)
{
    uint64_t first = hash_of(0, 0);

    (void)state;
    for (uint64_t seed = 1; seed < 50; seed++)
        assert_true(hash_of(seed, 0) != first);
}

static void one_byte_is_noticed(void **state)
{
    uint64_t true_hash = hash_of(3, 0);

    (void)state;
    for (size_t write = 1; write < 40; write++)
        assert_true(hash_of(3, write) != true_hash);
}

static size_t choose_last(void *owner, size_t count)
{
    size_t *asked = owner;

    (*asked)++;
    assert_true(count > 1);
    return count - 1;
}

static void order_is_chosen(void **state)
{
    uint64_t hashes[2];
    size_t asked = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sim_options options = OPTIONS;
        struct world *world;

        options.order = choose_last;
        options.order_owner = &asked;
        world = sim_create(&options);
        hashes[i] = run_script(world, 0);
        sim_destroy(&world);
    }
    assert_true(asked > 0);
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hash_of(0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_hash),   cmocka_unit_test(used_worlds_are_as_new),
        cmocka_unit_test(other_seed_other_hash), cmocka_unit_test(one_byte_is_noticed),
        cmocka_unit_test(order_is_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
