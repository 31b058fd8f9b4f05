#include "harness/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: retryproof run [option]... [PATH | FILE.yaml:LINE | PART-OF-AN-ID]...\n"
    "\n"
    "Plays the cases of scenario files against a proxy and judges them by what the fake\n"
    "upstreams and clients witnessed. Without a path: ./scenarios.\n"
    "\n"
    "Where\n"
    "  --world sim|sockets|both   the simulation, this machine's sockets, or (default) both\n"
    "Whom\n"
    "  --subject NAME             the proxy under test: builtin (default), one that `retryproof\n"
    "                             subjects` lists, or a folder that describes one\n"
    "  --profile NAME             of its settings (default: default)\n"
    "  --target URL               a proxy that is running on this machine, set up as it is\n"
    "  --upstream NAME=HOST:PORT  where it expects an upstream; scenarios name theirs a and b\n"
    "  --host TEXT, --header 'NAME: VALUE', --insecure, --ca FILE\n"
    "                             how to address the target\n"
    "  --expect POLICY            judge another proxy by at-most-once, idempotent or rfc9110; or\n"
    "                             only observe it (default)\n"
    "  --settle, --patience, --recover TIME\n"
    "                             of a target: so long no further attempt may come (1500ms), a\n"
    "                             client waits (65s), an upstream may be held to be down (15s)\n"
    "  --buffering                also measure how much it takes in when nobody takes it out\n"
    "Which\n"
    "  --filter EXPR              cases that fit, see below\n"
    "  --tag EXPR                 the same, where a word alone is a tag: --tag 'retry and not "
    "slow'\n"
    "  --shard m/n                the m-th of n parts, divided by a hash of the id\n"
    "  --last-failed              cases that failed in this folder's last run\n"
    "  --list[=json]              only name the cases\n"
    "How\n"
    "  --seed N                   seed of the simulation (default 1)\n"
    "  --repeat N                 each case N times, with seeds N, N+1, ...; until one fails\n"
    "                             (another proxy: always N times, so that racy cases show; those\n"
    "                             then ten times)\n"
    "  --jobs N                   N processes (default 1; the simulation alone: one a processor)\n"
    "  --fail-fast                begin no case after the first that fails\n"
    "What comes out\n"
    "  --report KIND              may be repeated (default: matrix and terminal):\n";

static const char HELP_END[] =
    "                             On GitHub annotations and a summary come by themselves.\n"
    "  --record none|failed|all   of which cases reports hold what was on the wire (default:\n"
    "                             failed; of html and pcapng all)\n"
    "  --attach FILE.json         another result, of an exploration, coverage or a subject, as a\n"
    "                             page of html; may be repeated\n"
    "  --slowest N                so many slowest cases at the end (default 10, where more ran)\n"
    "  --watch                    once more whenever a scenario file is saved, until Ctrl-C\n"
    "  --quiet                    no matrix, no progress\n"
    "  --verbose                  a line for each case as it ends\n"
    "  --colour auto|always|never NO_COLOR and FORCE_COLOR count where it is auto\n"
    "\n"
    "An expression compares fields: id, name, file, stage, fault, method, level, world, tag, with\n"
    "= (is), != (is not) or ~ (contains); and, or, not and parentheses join comparisons. A word\n"
    "alone is a part of the id. Values with spaces stand in double quotes.\n"
    "    --filter 'stage = post-write and not (method = GET or id ~ chunked)'\n"
    "\n"
    "Results go to stdout, progress to stderr. Ctrl-C ends the run and reports what was done;\n"
    "twice ends at once.\n"
    "Exit: 0 pass, 1 a case failed, 2 mistake in usage or scenario, 3 internal error,\n"
    "4 nothing to run, 5 a subject could not start, 130 interrupted.\n";

enum option_word {
    OPTION_WORLD = 256,
    OPTION_FILTER,
    OPTION_TAG,
    OPTION_SHARD,
    OPTION_LAST_FAILED,
    OPTION_LIST,
    OPTION_SEED,
    OPTION_REPEAT,
    OPTION_FAIL_FAST,
    OPTION_REPORT,
    OPTION_COLOUR,
    OPTION_RECORD,
    OPTION_ATTACH,
    OPTION_SLOWEST,
    OPTION_WATCH,
    OPTION_SUBJECT, /* and those of enum subject_option behind it */
};

static const struct option WORDS[] = {
    {"world", required_argument, NULL, OPTION_WORLD},
#define SUBJECT_OPTION(name, word, value) \
    {word, value ? required_argument : no_argument, NULL, OPTION_SUBJECT + SUBJECT_OPTION_##name},
    SUBJECT_OPTION_LIST(SUBJECT_OPTION)
#undef SUBJECT_OPTION
        {"filter", required_argument, NULL, OPTION_FILTER},
    {"tag", required_argument, NULL, OPTION_TAG},
    {"shard", required_argument, NULL, OPTION_SHARD},
    {"last-failed", no_argument, NULL, OPTION_LAST_FAILED},
    {"list", optional_argument, NULL, OPTION_LIST},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"repeat", required_argument, NULL, OPTION_REPEAT},
    {"jobs", required_argument, NULL, 'j'},
    {"fail-fast", no_argument, NULL, OPTION_FAIL_FAST},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"attach", required_argument, NULL, OPTION_ATTACH},
    {"slowest", required_argument, NULL, OPTION_SLOWEST},
    {"watch", no_argument, NULL, OPTION_WATCH},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"colour", required_argument, NULL, OPTION_COLOUR},
    {"color", required_argument, NULL, OPTION_COLOUR},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool fail(char error[OPTIONS_ERROR_BYTES], const char *option, const char *value,
                 const char *expected)
{
    snprintf(error, OPTIONS_ERROR_BYTES, "%s: '%.200s' is not %s", option, value, expected);
    return false;
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    struct bytes digits = bytes_of(text);
    return bytes_to_u64(digits, max, out) && *out >= min;
}

/* The index of a word; -1 if it is none of them. */
static int word_index(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return (int)i;
    return -1;
}

static bool read_world(struct run_options *options, const char *text,
                       char error[OPTIONS_ERROR_BYTES])
{
    static const char *const WORLDS[] = {
        [WORLD_SIM] = "sim", [WORLD_SOCKETS] = "sockets", [WORLD_KIND_COUNT] = "both"};
    int index = word_index(text, WORLDS, COUNT_OF(WORLDS));
    if (index < 0)
        return fail(error, "--world", text, "sim, sockets or both");
    options->worlds = index == WORLD_KIND_COUNT ? (1ul << WORLD_KIND_COUNT) - 1 : 1ul << index;
    return true;
}

static bool read_shard(struct run_options *options, const char *text,
                       char error[OPTIONS_ERROR_BYTES])
{
    const char *slash = strchr(text, '/');
    uint64_t shard;
    uint64_t shards;
    if (slash == NULL ||
        !bytes_to_u64(bytes_make(text, (size_t)(slash - text)), OPTIONS_SHARDS_MAX, &shard) ||
        !read_number(slash + 1, 1, OPTIONS_SHARDS_MAX, &shards) || shard < 1 || shard > shards)
        return fail(error, "--shard", text, "m/n with 1 <= m <= n");
    options->shard = (unsigned)shard;
    options->shards = (unsigned)shards;
    return true;
}

static bool read_attachment(struct run_options *options, const char *path,
                            char error[OPTIONS_ERROR_BYTES])
{
    return report_attachments_add(&options->attachments, path) ||
           fail(error, "--attach", path, "possible: there are too many");
}

static bool read_slowest(struct run_options *options, const char *text,
                         char error[OPTIONS_ERROR_BYTES])
{
    uint64_t number;
    if (!read_number(text, 0, OPTIONS_SLOWEST_MAX, &number))
        return fail(error, "--slowest", text, "a number from 0 to 1000000");
    options->slowest = (int)number;
    return true;
}

static bool read_colour(struct run_options *options, const char *text,
                        char error[OPTIONS_ERROR_BYTES])
{
    return console_colour_choice(text, &options->colour) ||
           fail(error, "--colour", text, "auto, always or never");
}

static bool read_record(struct run_options *options, const char *text,
                        char error[OPTIONS_ERROR_BYTES])
{
    for (enum case_record record = CASE_RECORD_NONE; record <= CASE_RECORD_ALL; record++)
        if (strcmp(text, case_record_word(record)) == 0) {
            options->record = record;
            options->record_said = true;
            return true;
        }
    return fail(error, "--record", text, "none, failed or all");
}

static bool read_list(struct run_options *options, const char *text,
                      char error[OPTIONS_ERROR_BYTES])
{
    if (text != NULL && strcmp(text, "json") != 0)
        return fail(error, "--list", text, "json");
    options->list = text == NULL ? LIST_TEXT : LIST_JSON;
    return true;
}

/* An option whose value counts something, from 1. */
struct counter {
    const char *option;
    unsigned max;
    unsigned *out;
};

static bool read_count(const struct counter *counter, const char *text,
                       char error[OPTIONS_ERROR_BYTES])
{
    uint64_t number;
    char expected[64];
    snprintf(expected, sizeof(expected), "a number from 1 to %u", counter->max);
    if (!read_number(text, 1, counter->max, &number))
        return fail(error, counter->option, text, expected);
    *counter->out = (unsigned)number;
    return true;
}

static bool read_filter(struct filter *filter, enum filter_kind kind, const char *text,
                        char error[OPTIONS_ERROR_BYTES])
{
    char why[FILTER_ERROR_BYTES];
    bool fine = filter_parse(filter, kind, text, why);
    if (!fine)
        snprintf(error, OPTIONS_ERROR_BYTES, "%s: %s", kind == FILTER_OF_IDS ? "--filter" : "--tag",
                 why);
    return fine;
}

static bool read_option(struct run_options *options, int word, const char *value,
                        char error[OPTIONS_ERROR_BYTES])
{
    _Static_assert((int)OPTIONS_ERROR_BYTES >= (int)SUBJECT_OPTIONS_ERROR_BYTES, "a sentence fits");
    if (word >= OPTION_SUBJECT)
        return subject_options_read(&options->subject, (enum subject_option)(word - OPTION_SUBJECT),
                                    value, error);
    switch (word) {
    case OPTION_WORLD:
        return read_world(options, value, error);
    case OPTION_FILTER:
        return read_filter(&options->filter, FILTER_OF_IDS, value, error);
    case OPTION_TAG:
        return read_filter(&options->tags, FILTER_OF_TAGS, value, error);
    case OPTION_SHARD:
        return read_shard(options, value, error);
    case OPTION_LIST:
        return read_list(options, value, error);
    case OPTION_SEED:
        return read_number(value, 0, UINT64_MAX, &options->seed) ||
               fail(error, "--seed", value, "a number");
    case OPTION_REPEAT:
        return read_count(&(struct counter){"--repeat", OPTIONS_REPEAT_MAX, &options->repeat},
                          value, error);
    case 'j':
        return read_count(&(struct counter){"--jobs", OPTIONS_JOBS_MAX, &options->jobs}, value,
                          error);
    case OPTION_REPORT:
        return report_requests_read(&options->reports, SOURCE_RUN, value, error);
    case OPTION_ATTACH:
        return read_attachment(options, value, error);
    case OPTION_SLOWEST:
        return read_slowest(options, value, error);
    case OPTION_COLOUR:
        return read_colour(options, value, error);
    case OPTION_RECORD:
        return read_record(options, value, error);
    default:
        break;
    }
    options->last_failed = options->last_failed || word == OPTION_LAST_FAILED;
    options->fail_fast = options->fail_fast || word == OPTION_FAIL_FAST;
    options->quiet = options->quiet || word == 'q';
    options->verbose = options->verbose || word == 'v';
    options->watch = options->watch || word == OPTION_WATCH;
    options->help = options->help || word == 'h';
    return true;
}

/* A page and captures are of what was recorded, so all of it is, unless somebody said otherwise. */
static void choose_record(struct run_options *options)
{
    for (size_t i = 0; !options->record_said && i < options->reports.count; i++) {
        if (report_kind_shows_recordings(options->reports.list[i].kind))
            options->record = CASE_RECORD_ALL;
    }
}

/* An attached result is a page of html: without one it would be nowhere. */
static bool check_attachments(const struct run_options *options, char error[OPTIONS_ERROR_BYTES])
{
    if (options->attachments.count == 0 || report_requests_have(&options->reports, REPORT_HTML))
        return true;
    snprintf(error, OPTIONS_ERROR_BYTES, "--attach: %s", REPORT_ATTACH_NEEDS_HTML);
    return false;
}

/* Another proxy is a process of this machine's: there is no simulation of it. */
static bool check_others(struct run_options *options, char error[OPTIONS_ERROR_BYTES])
{
    bool foreign = subject_options_is_foreign(&options->subject);
    if (!foreign && report_requests_have(&options->reports, REPORT_SUBJECT)) {
        snprintf(error, OPTIONS_ERROR_BYTES,
                 "--report subject is of another proxy: name it with --subject or --target");
        return false;
    }
    if (!foreign)
        return true;
    if (options->worlds == 1ul << WORLD_SIM) {
        snprintf(error, OPTIONS_ERROR_BYTES,
                 "--world sim has the built-in proxy alone: others run on sockets");
        return false;
    }
    options->worlds = 1ul << WORLD_SOCKETS;
    return true;
}

bool options_read(struct run_options *options, int argc, char **argv,
                  char error[OPTIONS_ERROR_BYTES])
{
    *options = (struct run_options){.worlds = (1ul << WORLD_KIND_COUNT) - 1,
                                    .seed = OPTIONS_SEED_DEFAULT,
                                    .repeat = 1,
                                    .slowest = SLOWEST_NOT_SAID,
                                    .record = CASE_RECORD_FAILED};
    int word;
    subject_options_init(&options->subject);
    optind = 0; /* a fresh start for getopt, whatever was read before */
    opterr = 0;
    while ((word = getopt_long(argc, argv, ":j:qvh", WORDS, NULL)) != -1) {
        const char *shown = argv[optind - 1];
        if (word == '?' || word == ':') {
            snprintf(error, OPTIONS_ERROR_BYTES,
                     word == '?' ? "'%.200s' is no option of 'retryproof run'"
                                 : "'%.200s' needs a value",
                     shown);
            return false;
        }
        if (!read_option(options, word, optarg, error))
            return false;
    }
    choose_record(options);
    options->paths = (const char *const *)argv + optind;
    options->path_count = (size_t)(argc - optind);
    return subject_options_check(&options->subject, error) && check_attachments(options, error) &&
           check_others(options, error);
}

void options_tell(FILE *out)
{
    fputs(HELP, out);
    report_kinds_tell(SOURCE_RUN, out);
    fputs(HELP_END, out);
}
