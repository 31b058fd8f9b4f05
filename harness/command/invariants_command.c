#include "harness/command/invariants_command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/oracle/claims.h"
#include "harness/run/case_run.h"
#include "harness/suite/suite.h"
#include "harness/terminal/console.h"
#include "harness/terminal/progress.h"
#include "world/data/json.h"
#include "world/sim/sim.h"

static const char HELP[] =
    "usage: retryproof invariants [option]... [PATH...]\n"
    "\n"
    "Lists the claims that hold in every run, whatever its scenario expects: number, name, "
    "sentence\n"
    "and source. With paths, their scenarios are played in the simulation, without faults, and "
    "each\n"
    "claim shows in how many runs there was something to ask it of, and in how many it was "
    "broken.\n"
    "\n"
    "  --json        the same as JSON\n"
    "  --quiet       no progress on stderr\n"
    "\n"
    "Exit: 0, 1 a claim is broken, 2 mistake in usage or in a scenario, 4 nothing to play.\n";

/* How often each claim was exercised, and broken, in the cases played. */
struct tally {
    uint64_t runs;
    uint64_t exercised[CLAIMS_MAX];
    uint64_t broken[CLAIMS_MAX];
    const char *first_broken[CLAIMS_MAX]; /* the id of a case; the suite's text */
};

struct invariants_options {
    bool help;
    bool json;
    bool quiet;
    int rest; /* the first argument that is no option */
};

static bool read_options(struct invariants_options *options, int argc, char **argv)
{
    static const struct option WORDS[] = {
        {"json", no_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int word;
    *options = (struct invariants_options){0};
    optind = 0;
    opterr = 0;
    while ((word = getopt_long(argc, argv, ":hq", WORDS, NULL)) != -1) {
        if (word == '?' || word == ':') {
            fprintf(stderr, "retryproof invariants: '%s' is no option here\n", argv[optind - 1]);
            return false;
        }
        options->json = options->json || word == 'j';
        options->quiet = options->quiet || word == 'q';
        options->help = options->help || word == 'h';
    }
    options->rest = optind;
    return true;
}

/* ---- playing -------------------------------------------------------------------------------- */

/* Where cases are played, one after the other. */
struct place {
    struct world *world;
    struct case_run *run;
    struct region region; /* of a case's scenario */
};

static void close_place(struct place *place)
{
    if (place->run != NULL)
        case_run_destroy(&place->run);
    if (place->world != NULL)
        sim_destroy(&place->world);
    region_release(&place->region);
}

static bool open_place(struct place *place)
{
    const struct sim_options options = {.seed = 1};
    *place = (struct place){.world = sim_create(&options)};
    region_init(&place->region, SCENARIO_BYTES_MAX);
    if (place->world != NULL)
        place->run = case_run_create(place->world, WORLD_SIM);
    return place->run != NULL;
}

static void count(struct tally *tally, const char *id, const struct case_outcome *outcome)
{
    tally->runs++;
    for (size_t i = 0; i < claims_count(); i++) {
        tally->exercised[i] += outcome->exercised >> i & 1;
        tally->broken[i] += outcome->broken >> i & 1;
        if ((outcome->broken >> i & 1) != 0 && tally->first_broken[i] == NULL)
            tally->first_broken[i] = id;
    }
}

/* What the simulation cannot play, or what has no proxy of ours, is passed over. */
static void play_case(struct place *place, const struct suite_case *one, struct tally *tally)
{
    struct scenario scenario;
    struct yaml_error error;
    struct case_outcome outcome;
    region_reset(&place->region);
    if (scenario_read(&scenario, one->file, one->combination, &place->region, &error) !=
            SCENARIO_READ ||
        scenario.unsupported[WORLD_SIM] != NULL || scenario.process_own)
        return;
    case_run_play(place->run, &scenario, 1);
    case_run_judge(place->run, &outcome);
    if (outcome.verdict == VERDICT_PASS || outcome.verdict == VERDICT_FAIL)
        count(tally, one->id, &outcome);
    case_run_reset(place->run);
}

/* False when memory runs out. */
static bool play_all(const struct suite *suite, bool quiet, struct tally *tally)
{
    struct place place;
    struct progress progress;
    if (!open_place(&place)) {
        close_place(&place);
        return false;
    }
    progress_init(&progress, suite->count, quiet);
    console_catch_signals();
    for (size_t i = 0; i < suite->count && !console_is_interrupted(); i++) {
        play_case(&place, &suite->cases[i], tally);
        progress_note(&progress, false, NULL);
    }
    progress_clear(&progress);
    close_place(&place);
    return true;
}

/* ---- showing -------------------------------------------------------------------------------- */

static void show_claim(size_t place, const struct tally *tally)
{
    const struct claim *claim = claims_at(place);
    printf("%2u  %s\n    %s\n    %s\n", claim->number, claim->name, claim->sentence, claim->source);
    if (claim->judge == NULL)
        printf("    about several runs: judged by `retryproof explore`\n");
    else if (tally->runs > 0 && tally->broken[place] > 0)
        printf("    exercised in %" PRIu64 " of %" PRIu64 " runs, BROKEN in %" PRIu64
               ", first in %s\n",
               tally->exercised[place], tally->runs, tally->broken[place],
               tally->first_broken[place]);
    else if (tally->runs > 0 && tally->exercised[place] == 0)
        printf("    never exercised\n");
    else if (tally->runs > 0)
        printf("    exercised in %" PRIu64 " of %" PRIu64 " runs, and held in all of them\n",
               tally->exercised[place], tally->runs);
}

/* Those that nothing was asked of are no proof of anything. */
static void show_never_exercised(const struct tally *tally)
{
    size_t never = 0;
    for (size_t i = 0; i < claims_count(); i++) {
        if (claims_at(i)->judge == NULL || tally->exercised[i] > 0)
            continue;
        if (never++ == 0)
            printf("\nNever exercised by these scenarios:\n");
        printf("%4u  %s\n", claims_at(i)->number, claims_at(i)->name);
    }
    if (never == 0)
        printf("\nEvery claim about one run was exercised.\n");
}

static void show_text(const struct tally *tally)
{
    for (size_t i = 0; i < claims_count(); i++)
        show_claim(i, tally);
    if (tally->runs > 0)
        show_never_exercised(tally);
}

static bool show_json(const struct tally *tally)
{
    struct json *root = json_map_create();
    struct json *list = json_list_create();
    for (size_t i = 0; i < claims_count(); i++) {
        const struct claim *claim = claims_at(i);
        struct json *one = json_map_create();
        json_set_u64(one, "number", claim->number);
        json_set_text(one, "name", claim->name);
        json_set_text(one, "sentence", claim->sentence);
        json_set_text(one, "source", claim->source);
        json_set_bool(one, "about_several_runs", claim->judge == NULL);
        json_set_u64(one, "exercised", tally->exercised[i]);
        json_set_u64(one, "broken", tally->broken[i]);
        json_append(list, one);
    }
    json_set_u64(root, "version", 1);
    json_set_u64(root, "runs", tally->runs);
    json_set(root, "claims", list);
    bool fine = json_write(root, stdout);
    json_destroy(&root);
    return fine;
}

static int show(const struct tally *tally, const struct invariants_options *options)
{
    if (!options->json)
        show_text(tally);
    else if (!show_json(tally))
        return EXIT_INTERNAL;
    for (size_t i = 0; i < claims_count(); i++)
        if (tally->broken[i] > 0)
            return EXIT_FAILED;
    return EXIT_PASSED;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void tell_mistakes(const struct suite *suite)
{
    for (size_t i = 0; i < suite->mistake_count && i < SUITE_MISTAKES_MAX; i++)
        fprintf(stderr, "%s\n", suite->mistakes[i] != NULL ? suite->mistakes[i] : "out of memory");
}

static int play_and_show(const struct suite *suite, const struct invariants_options *options)
{
    struct tally tally = {0};
    if (!play_all(suite, options->quiet, &tally)) {
        fputs("retryproof invariants: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    if (console_is_interrupted())
        return EXIT_INTERRUPTED;
    if (tally.runs == 0) {
        fputs("retryproof invariants: there is nothing to play\n", stderr);
        return EXIT_NOTHING_TO_RUN;
    }
    return show(&tally, options);
}

int invariants_command(int argc, char **argv)
{
    const struct suite_selection everything = {.worlds = 1ul << WORLD_SIM};
    const struct tally nothing = {0};
    struct invariants_options options;
    struct suite suite;
    if (!read_options(&options, argc, argv))
        return EXIT_USAGE;
    if (options.help) {
        fputs(HELP, stdout);
        return EXIT_PASSED;
    }
    if (options.rest == argc)
        return show(&nothing, &options);
    int code = EXIT_USAGE;
    suite_init(&suite);
    if (suite_load(&suite, (const char *const *)argv + options.rest,
                   (size_t)(argc - options.rest))) {
        suite_select(&suite, &everything);
        code = play_and_show(&suite, &options);
    } else {
        tell_mistakes(&suite);
    }
    suite_release(&suite);
    return code;
}
