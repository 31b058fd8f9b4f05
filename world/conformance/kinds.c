/* The kinds of world that must pass the suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/conformance/bench.h"
#include "world/conformance/tls_world.h"
#include "world/filters/fault.h"
#include "world/filters/impair.h"
#include "world/filters/trace.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"

static void add_layer(struct bench *bench, const struct layer *layer)
{
    assert_non_null(layer->world);
    assert_in_range(bench->layer_count, 0, BENCH_LAYERS_MAX - 1);
    bench->layers[bench->layer_count++] = *layer;
    bench->world = layer->world;
}

/* ---- the layers -------------------------------------------------------------------------------- */

static size_t count_sim(struct world *world)
{
    struct sim_census census;

    sim_world_census(world, &census);
    return census.streams + census.listeners + census.timers + census.queries;
}

static void add_sim(struct bench *bench, const struct sim_options *options)
{
    struct sim_options bounded = *options;

    bounded.streams_max = BENCH_STREAMS_MAX;
    add_layer(bench, &(struct layer){sim_create(&bounded), sim_destroy, count_sim});
}

static size_t count_sockets(struct world *world)
{
    struct sockets_census census;

    sockets_count(world, &census);
    return census.streams + census.listeners + census.timers + census.queries;
}

static size_t count_trace(struct world *world)
{
    struct trace_census census;

    trace_world_census(world, &census);
    return census.streams + census.listeners + census.timers + census.queries;
}

static void add_trace(struct bench *bench)
{
    struct trace_options options = {.events_max = TRACE_EVENTS_MAX};

    add_layer(bench,
              &(struct layer){trace_create(bench->world, &options), trace_destroy, count_trace});
}

static void add_fault(struct bench *bench)
{
    add_layer(bench, &(struct layer){fault_create(bench->world), fault_destroy, NULL});
}

/* One write of each accepted stream is cut, so that these go through its operations. */
static void add_impair(struct bench *bench)
{
    const struct wire_fault cut = {.party = WIRE_CLIENT,
                                   .connection = 1,
                                   .direction = WIRE_RECEIVED,
                                   .offset = 5,
                                   .kind = WIRE_FAULT_SHORT_WRITE,
                                   .lasting = true};
    struct world *impair = impair_create(bench->world);

    add_layer(bench, &(struct layer){impair, impair_destroy, NULL});
    assert_int_equal(impair_add(impair, &cut), 0);
}

static void add_tls(struct bench *bench, enum tls_version version)
{
    add_layer(bench, &(struct layer){tls_world_create(bench->world, version), tls_world_destroy,
                                     tls_world_count});
}

/* ---- the kinds --------------------------------------------------------------------------------- */

static void create_sim(struct bench *bench)
{
    add_sim(bench, &(struct sim_options){0});
}

/* Everything that a network may do to a program without failing it. */
static void create_slow_sim(struct bench *bench)
{
    add_sim(bench, &(struct sim_options){.seed = 1,
                                         .latency_ns = NS_PER_MS,
                                         .segment_bytes = 1,
                                         .short_write_bytes = 70000});
}

static void create_tight_sim(struct bench *bench)
{
    add_sim(bench,
            &(struct sim_options){
                .seed = 2, .short_write_bytes = 50, .sndbuf_bytes = 4000, .rcvbuf_bytes = 3000});
}

static void create_sockets(struct bench *bench)
{
    struct sockets_options options = {.seed = 1, .streams_max = BENCH_STREAMS_MAX};

    add_layer(bench, &(struct layer){sockets_create(&options), sockets_destroy, count_sockets});
}

static void create_traced_sim(struct bench *bench)
{
    create_sim(bench);
    add_trace(bench);
}

static void create_faulty_sim(struct bench *bench)
{
    create_sim(bench);
    add_fault(bench);
}

static void create_traced_faulty_sockets(struct bench *bench)
{
    create_sockets(bench);
    add_fault(bench);
    add_trace(bench);
}

static void create_impaired_sim(struct bench *bench)
{
    create_sim(bench);
    add_impair(bench);
}

static void create_traced_impaired_sockets(struct bench *bench)
{
    create_sockets(bench);
    add_impair(bench);
    add_trace(bench);
}

static void create_tls_sim(struct bench *bench)
{
    create_sim(bench);
    add_tls(bench, TLS_1_3);
}

static void create_tls_slow_sim(struct bench *bench)
{
    create_slow_sim(bench);
    add_tls(bench, TLS_1_3);
}

static void create_tls_tight_sim(struct bench *bench)
{
    create_tight_sim(bench);
    add_fault(bench);
    add_tls(bench, TLS_1_2);
}

static void create_tls_sockets(struct bench *bench)
{
    create_sockets(bench);
    add_tls(bench, TLS_1_3);
}

static void create_old_tls_sockets(struct bench *bench)
{
    create_sockets(bench);
    add_tls(bench, TLS_1_2);
}

const struct world_kind WORLD_KINDS[] = {
    {"sim", create_sim},
    {"slow sim", create_slow_sim},
    {"tight sim", create_tight_sim},
    {"sockets", create_sockets},
    {"trace on sim", create_traced_sim},
    {"fault on sim", create_faulty_sim},
    {"trace on fault on sockets", create_traced_faulty_sockets},
    {"impair on sim", create_impaired_sim},
    {"trace on impair on sockets", create_traced_impaired_sockets},
    {0},
};

const struct world_kind TLS_WORLD_KINDS[] = {
    {"TLS 1.3 on sim", create_tls_sim},
    {"TLS 1.3 on slow sim", create_tls_slow_sim},
    {"TLS 1.2 on fault on tight sim", create_tls_tight_sim},
    {"TLS 1.3 on sockets", create_tls_sockets},
    {"TLS 1.2 on sockets", create_old_tls_sockets},
    {0},
};
