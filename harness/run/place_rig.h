/*
 * For tests: a place where cases can be played in either world, one after the other.
 *
 * Ownership: place_set_up() makes everything, place_tear_down() gives it back; texts of a case live until place_forget().
 */
#ifndef HARNESS_RUN_PLACE_RIG_H
#define HARNESS_RUN_PLACE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/run/case_run.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"

enum { PLACE_STEPS_AT_ONCE = 100000 };

struct place {
    struct world *worlds[WORLD_KIND_COUNT];
    struct case_run *runs[WORLD_KIND_COUNT];
    struct region region;
    struct scenario scenario;
};

static inline void place_set_up(struct place *place)
{
    region_init(&place->region, SCENARIO_BYTES_MAX);
    place->worlds[WORLD_SIM] = sim_create(&(struct sim_options){.seed = 1});
    place->worlds[WORLD_SOCKETS] = sockets_create(&(struct sockets_options){.seed = 1});
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        assert_non_null(place->worlds[kind]);
        place->runs[kind] = case_run_create(place->worlds[kind], kind);
        assert_non_null(place->runs[kind]);
    }
}

static inline void place_tear_down(struct place *place)
{
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++)
        case_run_destroy(&place->runs[kind]);
    sim_destroy(&place->worlds[WORLD_SIM]);
    sockets_destroy(&place->worlds[WORLD_SOCKETS]);
    region_release(&place->region);
}

/* The first case of a scenario's text. */
static inline void place_read(struct place *place, const char *text)
{
    struct yaml_error error = {{0}};
    struct scenario_file *file = region_take(&place->region, sizeof(*file));
    assert_non_null(text);
    assert_non_null(file);
    if (!scenario_file_parse(file, &place->region, bytes_of(text), "f", &error) ||
        scenario_read(&place->scenario, file, 0, &place->region, &error) != SCENARIO_READ)
        fail_msg("%s", error.sentence);
}

/* The case that was read, to its end; to be judged and reset by the caller. */
static inline void place_play(struct place *place, enum world_kind kind)
{
    struct case_run *run = place->runs[kind];
    if (kind == WORLD_SIM) {
        case_run_play(run, &place->scenario, 1);
        return;
    }
    case_run_start(run, &place->scenario, 1);
    while (!case_run_advance(
        run, world_run(place->worlds[kind], PLACE_STEPS_AT_ONCE, case_run_until(run))))
        continue;
}

static inline void place_forget(struct place *place, enum world_kind kind)
{
    case_run_reset(place->runs[kind]);
    region_reset(&place->region);
}

#endif
