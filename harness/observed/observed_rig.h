/*
 * Cases against a proxy that is itself a script: its front is a fake upstream that real clients ask, its attempts are clients that
 * ask the real upstreams. So a proxy that does any harm is a line of YAML, and what witnesses see of it is real.
 *
 * A proxy is {clients: {a1: [...], b1: [...]}, upstreams: {b: [...]}}: a client whose name begins with "a" asks upstream a,
 * and its first request carries the mark of the case's first one, as if it were passed on. The one upstream is the front; its
 * responses carry the mark of an upstream of that name, as if they were that one's. Signals are of all.
 *
 * Ownership: one rig at a time; rig_play() begins, rig_end() ends. Only for tests, in the simulation.
 */
#ifndef HARNESS_OBSERVED_OBSERVED_RIG_H
#define HARNESS_OBSERVED_OBSERVED_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/observed/declared.h"
#include "harness/observed/observe.h"
#include "world/sim/sim.h"

enum { RIG_ACTORS_MAX = 6, RIG_TEXT_BYTES = 4096, RIG_STEPS_MAX = 1000000 };

#define RIG_SETTLE_NS   (1200 * NS_PER_MS)
#define RIG_PATIENCE_NS (8 * NS_PER_S)

struct rig_side {
    struct scenario_file file;
    struct scenario scenario;
    struct fake_upstream *upstreams[RIG_ACTORS_MAX];
    struct client *clients[RIG_ACTORS_MAX];
};

struct rig {
    struct world *world;
    struct scene scene;
    struct region region;
    struct rig_side world_side; /* the case */
    struct rig_side proxy_side;
    struct foreign_facts foreign;
    struct evidence evidence;
    struct observation seen;
    const char *unmet;
};

static inline void rig_read(struct rig *rig, struct rig_side *side, const char *text)
{
    struct yaml_error error = {.sentence = ""};
    char *whole =
        region_format(&rig->region, "{name: n, stage: dial, expect: {attempts: 0},\n%s}\n", text);
    assert_non_null(whole);
    if (!scenario_file_parse(&side->file, &rig->region, bytes_of(whole), "f", &error) ||
        scenario_read(&side->scenario, &side->file, 0, &rig->region, &error) != SCENARIO_READ)
        fail_msg("%s", error.sentence);
    for (size_t i = 0; i < side->scenario.upstream_count; i++) {
        side->upstreams[i] = calloc(1, sizeof(*side->upstreams[i]));
        assert_non_null(side->upstreams[i]);
        fake_upstream_init(side->upstreams[i], &rig->scene);
    }
    for (size_t i = 0; i < side->scenario.client_count; i++) {
        side->clients[i] = calloc(1, sizeof(*side->clients[i]));
        assert_non_null(side->clients[i]);
        client_init(side->clients[i], &rig->scene);
    }
}

static inline void rig_listen(struct rig_side *side)
{
    for (size_t i = 0; i < side->scenario.upstream_count; i++) {
        struct address address = address_loopback(0);
        assert_int_equal(fake_upstream_start(side->upstreams[i], side->scenario.upstream_names[i],
                                             &side->scenario.upstreams[i], &address),
                         0);
    }
}

static inline void rig_begin(struct rig *rig)
{
    struct rig_side *front = &rig->proxy_side;
    rig_listen(&rig->world_side);
    rig_listen(front);
    for (size_t i = 0; i < front->scenario.client_count; i++) {
        size_t target = front->scenario.clients[i].name[0] == 'b' ? 1 : 0;
        client_start(front->clients[i], "client", &front->scenario.clients[i].script,
                     &rig->world_side.upstreams[target]->address);
    }
    for (size_t i = 0; i < rig->world_side.scenario.client_count; i++)
        client_start(rig->world_side.clients[i], rig->world_side.scenario.clients[i].name,
                     &rig->world_side.scenario.clients[i].script, &front->upstreams[0]->address);
}

/* As a runner settles a case: further attempts were watched for, or the clients' patience has ended. */
static inline void rig_settle(struct rig *rig)
{
    struct evidence *evidence = &rig->evidence;
    uint64_t now_ns = world_now(rig->world);
    for (size_t i = 0; i < rig->world_side.scenario.client_count; i++)
        rig->foreign.hung = rig->foreign.hung || !client_is_over(rig->world_side.clients[i]);
    evidence->settled_ns =
        rig->foreign.hung ? evidence->began_ns + RIG_PATIENCE_NS : now_ns + RIG_SETTLE_NS;
    evidence->ended_ns = evidence->settled_ns;
    rig->unmet = observe_unmet_fault(evidence, &rig->region);
    assert_true(evidence_settle(evidence, &rig->region));
    assert_true(evidence_gather(evidence, &rig->region));
    assert_true(observe_case(evidence, &rig->region, &rig->seen));
}

static inline void rig_play(struct rig *rig, const char *scenario, const char *proxy)
{
    const struct sim_options options = {.seed = 1};
    memset(rig, 0, sizeof(*rig));
    rig->world = sim_create(&options);
    assert_non_null(rig->world);
    scene_init(&rig->scene, rig->world);
    region_init(&rig->region, 4 * (size_t)SCENARIO_BYTES_MAX);
    rig_read(rig, &rig->world_side, scenario);
    rig_read(rig, &rig->proxy_side, proxy);
    rig->foreign =
        (struct foreign_facts){.settle_ns = RIG_SETTLE_NS, .patience_ns = RIG_PATIENCE_NS};
    rig->evidence = (struct evidence){
        .scenario = &rig->world_side.scenario,
        .world = WORLD_SIM,
        .began_ns = world_now(rig->world),
        .upstreams = rig->world_side.upstreams,
        .clients = rig->world_side.clients,
        .quiet = true,
        .foreign = &rig->foreign,
    };
    rig_begin(rig);
    assert_int_equal(world_run(rig->world, RIG_STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
    rig_settle(rig);
}

static inline void rig_release_side(struct rig_side *side)
{
    for (size_t i = 0; i < RIG_ACTORS_MAX; i++) {
        if (side->clients[i] != NULL) {
            client_stop(side->clients[i]);
            client_release(side->clients[i]);
        }
        if (side->upstreams[i] != NULL) {
            fake_upstream_stop(side->upstreams[i]);
            fake_upstream_release(side->upstreams[i]);
        }
        free(side->clients[i]);
        free(side->upstreams[i]);
    }
}

static inline void rig_end(struct rig *rig)
{
    rig_release_side(&rig->world_side);
    rig_release_side(&rig->proxy_side);
    scene_release(&rig->scene);
    sim_destroy(&rig->world);
    region_release(&rig->region);
}

/* Whether one of the sentences has these words. */
static inline bool rig_says(const struct rig *rig, const char *words)
{
    for (size_t i = 0; i < rig->seen.sentence_count; i++)
        if (strstr(rig->seen.sentences[i], words) != NULL)
            return true;
    return false;
}

/* All of them, for a test that fails. */
static inline const char *rig_all(const struct rig *rig, char text[RIG_TEXT_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rig->seen.sentence_count && used < RIG_TEXT_BYTES - 2; i++)
        used +=
            (size_t)snprintf(text + used, RIG_TEXT_BYTES - used, "%s\n", rig->seen.sentences[i]);
    return text;
}

#endif
