#include "harness/command/explore_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char EXPLORE_HELP[] =
    "usage: retryproof explore [option]... [PATH | FILE.yaml:LINE | PART-OF-AN-ID]...\n"
    "\n"
    "Plays cases of scenario files in the simulation with faults put into them: each single fault\n"
    "at each byte, then, where it is asked for, pairs and triples, random ones, and all orders of\n"
    "what happens at one moment. Each run is judged by the claims that hold in every case\n"
    "(`retryproof invariants` lists them). What breaks one is shrunk to the smallest schedule of\n"
    "faults and written as a scenario, which `retryproof replay` plays again.\n"
    "Without a path: the cases of ./scenarios that are tagged `base`.\n"
    "\n"
    "How far\n"
    "  --faults 0|1|2|3           so many faults in one run are enumerated (default 1): two and\n"
    "                             three at the first and the last position of each class; none\n"
    "                             leaves orders and random runs alone\n"
    "  --naive                    at all positions instead, which takes long: what the classes "
    "are\n"
    "                             checked by\n"
    "  --orders                   also every order of what is ready at one moment\n"
    "  --runs N, --seconds S      behind that N runs, or S seconds of runs, with random faults\n"
    "  --seed N                   of the random runs, and of the simulation (default 1)\n"
    "  --jobs N                   N processes (default: one a processor); the result is the same\n"
    "Which\n"
    "  --filter EXPR, --tag EXPR  of these cases those that fit, as `retryproof run --help` says\n"
    "What comes out\n"
    "  --save DIR                 where failing scenarios are written (default: out/found)\n"
    "  --report KIND              may be repeated (default: terminal):\n";

static const char EXPLORE_HELP_END[] =
    "  --quiet                    failures and totals alone, no progress\n"
    "  --colour auto|always|never NO_COLOR and FORCE_COLOR count where it is auto\n"
    "\n"
    "Results go to stdout, progress to stderr. Ctrl-C ends the exploration and tells what is "
    "known\n"
    "so far; twice ends at once.\n"
    "Exit: 0 every claim held in every run, 1 one was broken, 2 mistake in usage or scenario,\n"
    "3 internal error, 4 nothing to explore, 130 interrupted.\n";

static const char REPLAY_HELP[] =
    "usage: retryproof replay [option]... FILE.yaml...\n"
    "\n"
    "Plays scenarios with their `faults` and their `order` again, as an exploration writes them:\n"
    "tells the story, and which claims are broken. In the simulation it plays each twice, and\n"
    "compares both traces with each other and with the one that was found.\n"
    "\n"
    "  --world sim|sockets|both   the simulation (default), this machine's sockets, or both; says\n"
    "                             so where the real world does not do the same: a fault that was\n"
    "                             not met, an order that nobody can force, a claim that holds "
    "there\n"
    "  --report KIND              may be repeated (default: terminal):\n";

static const char REPLAY_HELP_END[] =
    "  --quiet                    no story\n"
    "  --colour auto|always|never NO_COLOR and FORCE_COLOR count where it is auto\n"
    "\n"
    "Exit: 0 every claim holds, 1 a failure came back, 2 mistake in usage or scenario,\n"
    "3 internal error, 4 nothing to replay.\n";

enum option_word {
    OPTION_FAULTS = 256,
    OPTION_NAIVE,
    OPTION_ORDERS,
    OPTION_RUNS,
    OPTION_SECONDS,
    OPTION_SEED,
    OPTION_FILTER,
    OPTION_TAG,
    OPTION_SAVE,
    OPTION_WORLD,
    OPTION_REPORT,
    OPTION_COLOUR,
};

#define COMMON_OPTIONS                                                                     \
    {"report", required_argument, NULL, OPTION_REPORT}, {"quiet", no_argument, NULL, 'q'}, \
        {"colour", required_argument, NULL, OPTION_COLOUR},                                \
        {"color", required_argument, NULL, OPTION_COLOUR},                                 \
    {                                                                                      \
        "help", no_argument, NULL, 'h'                                                     \
    }

static const struct option EXPLORE_WORDS[] = {
    {"faults", required_argument, NULL, OPTION_FAULTS},
    {"naive", no_argument, NULL, OPTION_NAIVE},
    {"orders", no_argument, NULL, OPTION_ORDERS},
    {"runs", required_argument, NULL, OPTION_RUNS},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"jobs", required_argument, NULL, 'j'},
    {"filter", required_argument, NULL, OPTION_FILTER},
    {"tag", required_argument, NULL, OPTION_TAG},
    {"save", required_argument, NULL, OPTION_SAVE},
    COMMON_OPTIONS,
    {NULL, 0, NULL, 0},
};

static const struct option REPLAY_WORDS[] = {
    {"world", required_argument, NULL, OPTION_WORLD},
    COMMON_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* What one command line is read by. */
struct reading {
    struct explore_options *options;
    const char *command;
    const struct option *words;
    const char *letters;
    char *error;
};

static bool fail(const struct reading *reading, const char *option, const char *value,
                 const char *expected)
{
    snprintf(reading->error, EXPLORE_ERROR_BYTES, "%s: '%.200s' is not %s", option, value,
             expected);
    return false;
}

/* A whole number between two others, both included. */
struct range {
    const char *option;
    uint64_t min;
    uint64_t max;
};

static bool read_number(const struct reading *reading, const struct range *range, const char *text,
                        uint64_t *out)
{
    char expected[96];

    snprintf(expected, sizeof(expected), "a number from %llu to %llu",
             (unsigned long long)range->min, (unsigned long long)range->max);
    return (bytes_to_u64(bytes_of(text), range->max, out) && *out >= range->min) ||
           fail(reading, range->option, text, expected);
}

static bool read_filter(const struct reading *reading, struct filter *filter, enum filter_kind kind,
                        const char *text)
{
    char why[FILTER_ERROR_BYTES];
    bool fine = filter_parse(filter, kind, text, why);

    if (!fine)
        snprintf(reading->error, EXPLORE_ERROR_BYTES, "%s: %s",
                 kind == FILTER_OF_IDS ? "--filter" : "--tag", why);
    return fine;
}

static bool read_world(const struct reading *reading, const char *text)
{
    for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
        if (strcmp(text, world_word(world)) == 0) {
            reading->options->worlds = 1ul << world;
            return true;
        }
    reading->options->worlds = (1ul << WORLD_KIND_COUNT) - 1;
    return strcmp(text, "both") == 0 || fail(reading, "--world", text, "sim, sockets or both");
}

/* An option that says how far to go. */
static bool read_extent(const struct reading *reading, int word, const char *value)
{
    static const struct range FAULTS = {"--faults", 0, EXPLORER_FAULTS_MAX};
    static const struct range RUNS = {"--runs", 0, EXPLORE_RUNS_MAX};
    static const struct range SECONDS = {"--seconds", 0, EXPLORE_SECONDS_MAX};
    static const struct range SEED = {"--seed", 0, UINT64_MAX};
    static const struct range JOBS = {"--jobs", 1, EXPLORER_JOBS_MAX};
    struct explorer_options *out = &reading->options->explorer;
    uint64_t number = 0;

    switch (word) {
    case OPTION_FAULTS:
        if (!read_number(reading, &FAULTS, value, &number))
            return false;
        out->faults = (unsigned)number;
        return true;
    case OPTION_RUNS:
        return read_number(reading, &RUNS, value, &out->random_runs);
    case OPTION_SECONDS:
        if (!read_number(reading, &SECONDS, value, &number))
            return false;
        out->random_ns = number * NS_PER_S;
        return true;
    case OPTION_SEED:
        return read_number(reading, &SEED, value, &out->seed);
    default:
        if (!read_number(reading, &JOBS, value, &number))
            return false;
        out->jobs = (unsigned)number;
        return true;
    }
}

static bool read_option(const struct reading *reading, int word, const char *value)
{
    struct explore_options *options = reading->options;

    switch (word) {
    case OPTION_FAULTS:
    case OPTION_RUNS:
    case OPTION_SECONDS:
    case OPTION_SEED:
    case 'j':
        return read_extent(reading, word, value);
    case OPTION_FILTER:
        return read_filter(reading, &options->filter, FILTER_OF_IDS, value);
    case OPTION_TAG:
        return read_filter(reading, &options->tags, FILTER_OF_TAGS, value);
    case OPTION_WORLD:
        return read_world(reading, value);
    case OPTION_REPORT:
        return report_requests_read(&options->reports, SOURCE_EXPLORATION, value, reading->error);
    case OPTION_COLOUR:
        return console_colour_choice(value, &options->colour) ||
               fail(reading, "--colour", value, "auto, always or never");
    case OPTION_SAVE:
        options->save = value;
        return *value != '\0' || fail(reading, "--save", value, "a folder");
    default:
        break;
    }
    options->explorer.naive = options->explorer.naive || word == OPTION_NAIVE;
    options->explorer.orders = options->explorer.orders || word == OPTION_ORDERS;
    options->quiet = options->quiet || word == 'q';
    options->help = options->help || word == 'h';
    return true;
}

static bool read_words(const struct reading *reading, int argc, char **argv)
{
    int word;

    optind = 0; /* a fresh start for getopt, whatever was read before */
    opterr = 0;
    while ((word = getopt_long(argc, argv, reading->letters, reading->words, NULL)) != -1) {
        const char *shown = argv[optind - 1];
        if (word == '?' || word == ':') {
            snprintf(reading->error, EXPLORE_ERROR_BYTES,
                     word == '?' ? "'%.200s' is no option of 'retryproof %s'"
                                 : "'%.200s' needs a value",
                     shown, reading->command);
            return false;
        }
        if (!read_option(reading, word, optarg))
            return false;
    }
    reading->options->paths = (const char *const *)argv + optind;
    reading->options->path_count = (size_t)(argc - optind);
    return true;
}

bool explore_options_read(struct explore_options *options, int argc, char **argv,
                          char error[EXPLORE_ERROR_BYTES])
{
    const struct reading reading = {options, "explore", EXPLORE_WORDS, ":j:qh", error};
    const unsigned processors = console_processors();

    *options = (struct explore_options){
        .explorer = {.faults = 1,
                     .seed = 1,
                     .jobs = processors < EXPLORER_JOBS_MAX ? processors : EXPLORER_JOBS_MAX},
        .save = "out/found"};
    return read_words(&reading, argc, argv);
}

bool replay_options_read(struct explore_options *options, int argc, char **argv,
                         char error[EXPLORE_ERROR_BYTES])
{
    const struct reading reading = {options, "replay", REPLAY_WORDS, ":qh", error};

    *options = (struct explore_options){.worlds = 1ul << WORLD_SIM};
    if (!read_words(&reading, argc, argv))
        return false;
    if (options->path_count == 0 && !options->help) {
        snprintf(error, EXPLORE_ERROR_BYTES, "no scenario file was named");
        return false;
    }
    return true;
}

void explore_options_tell(FILE *out)
{
    fputs(EXPLORE_HELP, out);
    report_kinds_tell(SOURCE_EXPLORATION, out);
    fputs(EXPLORE_HELP_END, out);
}

void replay_options_tell(FILE *out)
{
    fputs(REPLAY_HELP, out);
    report_kinds_tell(SOURCE_EXPLORATION, out);
    fputs(REPLAY_HELP_END, out);
}
