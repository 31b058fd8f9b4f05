/*
 * What runs cost: cases played in the simulation, with every upcall and every allocation counted. For the test that holds the
 * counts, and for the program that prints times.
 *
 * Whoever includes it links with LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc. So what a library allocates within itself
 * is not counted: OpenSSL's and the C library's own.
 */
#ifndef HARNESS_RUN_COST_RIG_H
#define HARNESS_RUN_COST_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "harness/run/case_run.h"
#include "world/sim/sim.h"

/* Requests on one connection, one after the other: what a run costs beside its exchanges is a part of a hundred then. */
enum { COST_EXCHANGES = 200 };

/* ---- allocations ------------------------------------------------------------------------------ */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static uint64_t cost_allocations; /* of this process so far */

__attribute__((used)) void *__wrap_malloc(size_t size)
{
    cost_allocations++;
    return __real_malloc(size);
}

__attribute__((used)) void *__wrap_calloc(size_t count, size_t size)
{
    cost_allocations++;
    return __real_calloc(count, size);
}

__attribute__((used)) void *__wrap_realloc(void *memory, size_t size)
{
    cost_allocations++;
    return __real_realloc(memory, size);
}

/* ---- runs ------------------------------------------------------------------------------------- */

/* A GET of some 200 bytes as it comes to the upstream, and a response of some 300. */
#define COST_REQUEST \
    "request: {path: /reports/2026/11, headers: {Accept: text/html, User-Agent: cost}}"
#define COST_RESPONSE "respond: {headers: {Content-Type: text/html, Server: cost}, body: 150}"

struct cost_rig {
    struct world *world;
    struct case_run *run;
    struct region region;
    struct scenario scenario;
};

/* What one run came to. */
struct cost {
    uint64_t upcalls;
    uint64_t allocations;
    uint64_t trace_hash;
    enum verdict verdict;
};

static inline void cost_rig_init(struct cost_rig *rig)
{
    rig->world = sim_create(&(struct sim_options){.seed = 1});
    check(rig->world != NULL);
    rig->run = case_run_create(rig->world, WORLD_SIM);
    check(rig->run != NULL);
    region_init(&rig->region, SCENARIO_BYTES_MAX);
}

static inline void cost_rig_release(struct cost_rig *rig)
{
    case_run_destroy(&rig->run);
    sim_destroy(&rig->world);
    region_release(&rig->region);
}

static inline void cost_rig_read(struct cost_rig *rig, const char *text)
{
    struct scenario_file file;
    struct yaml_error error = {{0}};
    bool read;

    region_reset(&rig->region);
    read = scenario_file_parse(&file, &rig->region, bytes_of(text), "cost", &error) &&
           scenario_read(&rig->scenario, &file, 0, &rig->region, &error) == SCENARIO_READ;
    if (!read)
        fprintf(stderr, "%s\n", error.sentence);
    check(read);
}

/* A case of so many clean exchanges on one connection; 1 to COST_EXCHANGES. */
static inline void cost_rig_read_clean(struct cost_rig *rig, size_t exchanges)
{
    static char text[COST_EXCHANGES * sizeof(", " COST_REQUEST) + 512];
    size_t used = (size_t)snprintf(text, sizeof(text), "name: n\nstage: mid-copy\nclient: [");

    check(exchanges >= 1);
    check(exchanges <= COST_EXCHANGES);
    for (size_t i = 0; i < exchanges; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s" COST_REQUEST,
                                 i > 0 ? ", " : "");
    used += (size_t)snprintf(text + used, sizeof(text) - used,
                             "]\nupstreams: {a: {then: [read: request, " COST_RESPONSE "]}}\n"
                             "expect: {delivered: {a: %zu}, client: {status: 200}}\n",
                             exchanges);
    check(used < sizeof(text));
    cost_rig_read(rig, text);
}

/* Plays and judges; what was seen stays until cost_rig_forget(). */
static inline struct cost cost_rig_judge(struct cost_rig *rig, uint64_t seed)
{
    uint64_t before = cost_allocations;
    struct case_outcome outcome;
    struct cost cost;

    case_run_play(rig->run, &rig->scenario, seed);
    case_run_judge(rig->run, &outcome);
    cost = (struct cost){.upcalls = sim_steps(rig->world),
                         .allocations = cost_allocations - before,
                         .trace_hash = outcome.trace_hash,
                         .verdict = outcome.verdict};
    for (size_t i = 0; i < outcome.sentence_count; i++)
        fprintf(stderr, "%s\n", outcome.sentences[i]);
    return cost;
}

/* Played to its end and forgotten, unjudged. */
static inline struct cost cost_rig_play(struct cost_rig *rig, uint64_t seed)
{
    uint64_t before = cost_allocations;
    struct cost cost = {0};

    case_run_play(rig->run, &rig->scenario, seed);
    cost.upcalls = sim_steps(rig->world);
    case_run_reset(rig->run);
    cost.allocations = cost_allocations - before;
    return cost;
}

/* A whole run as an explorer makes it: from nothing to a judged case that is forgotten. */
static inline struct cost cost_rig_run(struct cost_rig *rig, uint64_t seed)
{
    uint64_t before = cost_allocations;
    struct cost cost = cost_rig_judge(rig, seed);

    case_run_reset(rig->run);
    cost.allocations = cost_allocations - before;
    return cost;
}

#endif
