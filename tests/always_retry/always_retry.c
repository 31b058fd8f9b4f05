/*
 * Ten thousand random schedules of faults, against a proxy whose hooks ask for another attempt whenever they are asked:
 * what no retry may ever do must not happen in any of them. Runs in the simulation; a schedule is a scenario and nothing
 * else, so one that fails is printed and can be run by itself.
 *
 *     always_retry [SEED [COUNT]]
 *
 * plays COUNT schedules from SEED on; one, if only a seed is given; if nothing is, those of the test, or as many as
 * RETRYPROOF_SCHEDULES says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run/case_run.h"
#include "tests/always_retry/schedule.h"
#include "world/sim/sim.h"

enum {
    SCHEDULES_DEFAULT =
        12500,             /* ten thousand with hooks that retry, and a quarter of that without */
    FAILURES_TOLD_MAX = 5, /* whole; of those after them only the seed is told */
    EXIT_USAGE = 2,
};

struct search {
    struct world *world;
    struct case_run *run;
    struct region region; /* of one scenario at a time */
    struct schedule schedule;
    struct scenario scenario; /* made of it */
    uint64_t seed;            /* of it */
    uint64_t played;
    uint64_t failed;
    uint64_t retried; /* had an attempt that was not the first */
};

/* What a person needs to look at this one alone. */
static void tell_schedule(const struct search *search)
{
    printf("  seed %llu; the scenario, to be run with `retryproof run --world sim FILE`:\n\n%s\n",
           (unsigned long long)search->seed, search->schedule.text);
    fflush(stdout);
}

static void on_failed_check(void *owner, const char *sentence)
{
    printf("FAIL  the proxy broke a rule of its own: %s\n", sentence);
    tell_schedule(owner);
}

static void tell_failure(struct search *search, const struct case_outcome *outcome)
{
    if (search->failed++ >= FAILURES_TOLD_MAX) {
        printf("FAIL  seed %llu: %s\n", (unsigned long long)search->seed,
               outcome->sentence_count > 0 ? outcome->sentences[0] : "");
        return;
    }
    printf("FAIL  %s\n", verdict_word(outcome->verdict));
    for (size_t i = 0; i < outcome->sentence_count; i++)
        printf("  - %s\n", outcome->sentences[i]);
    for (size_t i = 0; i < outcome->story_count; i++)
        printf("    %s\n", outcome->story[i]);
    tell_schedule(search);
}

/* False if the schedule is no scenario: a mistake of ours. */
static bool play(struct search *search)
{
    struct scenario_file file;
    struct yaml_error error = {{0}};
    struct case_outcome outcome;
    region_reset(&search->region);
    schedule_make(&search->schedule, search->seed);
    struct bytes text = bytes_make(search->schedule.text, search->schedule.size);
    if (!scenario_file_parse(&file, &search->region, text, "schedule", &error) ||
        scenario_read(&search->scenario, &file, 0, &search->region, &error) != SCENARIO_READ) {
        printf("FAIL  the schedule is no scenario: %s\n", error.sentence);
        tell_schedule(search);
        return false;
    }
    case_run_play(search->run, &search->scenario, search->seed);
    case_run_judge(search->run, &outcome);
    search->played++;
    search->retried += outcome.attempts > 1;
    if (outcome.verdict != VERDICT_PASS)
        tell_failure(search, &outcome);
    case_run_reset(search->run);
    return true;
}

static bool read_number(const char *text, uint64_t *out)
{
    if (text == NULL || bytes_to_u64(bytes_of(text), UINT64_MAX, out))
        return true;
    fprintf(stderr, "always_retry: '%s' is not a number\n", text);
    return false;
}

static bool search_all(struct search *search, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, search->seed++)
        if (!play(search))
            return false;
    printf("%llu schedules, %llu with more than one attempt, %llu failed\n",
           (unsigned long long)search->played, (unsigned long long)search->retried,
           (unsigned long long)search->failed);
    return search->failed == 0;
}

int main(int argc, char **argv)
{
    struct search search = {.seed = 1};
    const struct sim_options options = {.seed = 1};
    uint64_t count = argc > 1 ? 1 : SCHEDULES_DEFAULT;
    if (argc > 3 || !read_number(argc > 1 ? argv[1] : NULL, &search.seed) ||
        !read_number(argc > 2 ? argv[2] : NULL, &count) ||
        !read_number(argc > 1 ? NULL : getenv("RETRYPROOF_SCHEDULES"), &count))
        return EXIT_USAGE;
    region_init(&search.region, SCENARIO_BYTES_MAX);
    search.world = sim_create(&options);
    search.run = search.world != NULL ? case_run_create(search.world, WORLD_SIM) : NULL;
    if (search.run == NULL) {
        fprintf(stderr, "always_retry: out of memory\n");
        return EXIT_FAILURE;
    }
    check_handle_with(on_failed_check, &search);
    bool held = search_all(&search, count);
    check_handle_with(NULL, NULL);
    case_run_destroy(&search.run);
    sim_destroy(&search.world);
    region_release(&search.region);
    return held ? EXIT_SUCCESS : EXIT_FAILURE;
}
