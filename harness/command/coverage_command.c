#include "harness/command/coverage_command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/coverage/collection.h"
#include "harness/terminal/console.h"
#include "harness/terminal/progress.h"
#include "reports/whole_file.h"

static const char HELP[] =
    "usage: retryproof coverage [option]... [PATH | FILE.yaml:LINE | PART-OF-AN-ID]...\n"
    "\n"
    "Plays scenarios in the simulation and tells what they cover, and what they do not: cells of\n"
    "the acceptance matrix (stage, fault, method, policy), claims that hold in every run, and\n"
    "requirements that scenarios cite. retryproof-counting, which ./dev coverage builds, tells of\n"
    "the events of an exchange's life as well. Without a path: ./scenarios.\n"
    "\n"
    "  --filter EXPR, --tag EXPR  of these cases those that fit, as `retryproof run --help` says\n"
    "  --accept FILE              gaps that are known, with their reasons (docs/coverage.md)\n"
    "  --gate                     what is missing and not accepted is a failure, and so is a gap\n"
    "                             that is accepted and no gap any more\n"
    "  --report KIND[=PATH]       terminal, json, markdown; may be repeated; without PATH to "
    "stdout\n"
    "                             (default: terminal)\n"
    "  --quiet                    no progress on stderr\n"
    "  --colour auto|always|never NO_COLOR and FORCE_COLOR count where it is auto\n"
    "\n"
    "Exit: 0, 1 a case failed or --gate was not passed, 2 mistake in usage or in a scenario,\n"
    "3 internal error, 4 nothing to play, 130 interrupted.\n";

enum report_kind { KIND_TERMINAL, KIND_JSON, KIND_MARKDOWN, KIND_COUNT };
static const char *const KINDS[KIND_COUNT] = {"terminal", "json", "markdown"};

enum {
    REPORTS_MAX = 8, /* of one command line */
    LIST_BYTES_MAX = 8 * 1024 * 1024,
};

struct request {
    enum report_kind kind;
    const char *path; /* NULL: stdout */
};

struct coverage_options {
    bool help;
    bool gate;
    bool quiet;
    enum colour_choice colour;
    const char *accept; /* NULL: nothing is accepted */
    struct suite_selection selection;
    struct request reports[REPORTS_MAX];
    size_t report_count;
    int rest; /* the first argument that is no option */
};

/* ---- the command line ----------------------------------------------------------------------- */

static bool refuse(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "retryproof coverage: %s: '%s' is not %s\n", option, value, expected);
    return false;
}

static bool read_report(struct coverage_options *options, const char *text)
{
    const size_t size = strcspn(text, "=");

    for (size_t kind = 0; kind < COUNT_OF(KINDS); kind++) {
        if (strlen(KINDS[kind]) != size || strncmp(KINDS[kind], text, size) != 0 ||
            strcmp(text + size, "=") == 0)
            continue;
        if (options->report_count == REPORTS_MAX)
            return refuse("--report", text, "possible: there are too many");
        options->reports[options->report_count++] =
            (struct request){(enum report_kind)kind, text[size] == '=' ? text + size + 1 : NULL};
        return true;
    }
    return refuse("--report", text, "terminal, json or markdown, perhaps with =PATH");
}

static bool read_filter(struct filter *filter, enum filter_kind kind, const char *text)
{
    char why[FILTER_ERROR_BYTES];
    bool fine = filter_parse(filter, kind, text, why);

    if (!fine)
        fprintf(stderr, "retryproof coverage: %s: %s\n",
                kind == FILTER_OF_IDS ? "--filter" : "--tag", why);
    return fine;
}

static bool read_option(struct coverage_options *options, int word, const char *value)
{
    switch (word) {
    case 'a':
        options->accept = value;
        return true;
    case 'c':
        return console_colour_choice(value, &options->colour) ||
               refuse("--colour", value, "auto, always or never");
    case 'f':
        return read_filter(&options->selection.filter, FILTER_OF_IDS, value);
    case 'g':
        options->gate = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case 'r':
        return read_report(options, value);
    default:
        return read_filter(&options->selection.tags, FILTER_OF_TAGS, value);
    }
}

static bool read_options(struct coverage_options *options, int argc, char **argv)
{
    static const struct option WORDS[] = {
        {"accept", required_argument, NULL, 'a'}, {"colour", required_argument, NULL, 'c'},
        {"color", required_argument, NULL, 'c'},  {"filter", required_argument, NULL, 'f'},
        {"gate", no_argument, NULL, 'g'},         {"help", no_argument, NULL, 'h'},
        {"quiet", no_argument, NULL, 'q'},        {"report", required_argument, NULL, 'r'},
        {"tag", required_argument, NULL, 't'},    {NULL, 0, NULL, 0},
    };
    int word;

    *options = (struct coverage_options){.selection = {.worlds = 1ul << WORLD_SIM}};
    optind = 0;
    opterr = 0;
    while ((word = getopt_long(argc, argv, ":hq", WORDS, NULL)) != -1) {
        if (word == '?' || word == ':') {
            fprintf(stderr,
                    word == ':' ? "retryproof coverage: '%s' needs a value\n"
                                : "retryproof coverage: '%s' is no option here\n",
                    argv[optind - 1]);
            return false;
        }
        if (!read_option(options, word, optarg))
            return false;
    }
    options->rest = optind;
    return true;
}

/* ---- playing -------------------------------------------------------------------------------- */

/* False when memory runs out. */
static bool play(const struct suite *suite, bool quiet, struct collection *collection)
{
    struct progress progress;
    bool fine = true;

    progress_init(&progress, suite->count, quiet);
    console_catch_signals();
    for (size_t i = 0; fine && i < suite->count && !console_is_interrupted(); i++) {
        fine = collection_add(collection, &suite->cases[i]);
        progress_tell(&progress, i + 1, suite->count, "");
    }
    progress_clear(&progress);
    return fine;
}

/* ---- reports -------------------------------------------------------------------------------- */

static void render(const struct acceptance_coverage *coverage,
                   const struct coverage_options *options, enum report_kind kind, FILE *out)
{
    const struct report_style style = {
        .colour = out == stdout && console_has_colour(stdout, options->colour),
        .width = out == stdout ? console_width(stdout) : CONSOLE_WIDTH_DEFAULT};

    if (kind == KIND_TERMINAL)
        coverage_terminal(coverage, &style, out);
    else if (kind == KIND_JSON)
        coverage_json(coverage, out);
    else
        coverage_markdown(coverage, out);
}

static bool render_to_file(const struct acceptance_coverage *coverage,
                           const struct coverage_options *options, const struct request *request)
{
    struct whole_file file;
    bool fine = whole_file_open(&file, request->path);

    if (fine) {
        render(coverage, options, request->kind, file.out);
        fine = whole_file_close(&file);
    }
    if (!fine)
        fprintf(stderr, "retryproof: %s: %s\n", request->path, strerror(errno));
    return fine;
}

static bool report(const struct acceptance_coverage *coverage,
                   const struct coverage_options *options)
{
    bool fine = true;

    for (size_t i = 0; i < options->report_count; i++) {
        const struct request *request = &options->reports[i];
        if (request->path != NULL)
            fine = render_to_file(coverage, options, request) && fine;
        else
            render(coverage, options, request->kind, stdout);
    }
    if (options->report_count == 0)
        render(coverage, options, KIND_TERMINAL, stdout);
    return fine;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* What the command knows of itself. */
struct identity {
    const char *version;
    const char *typed;
};

static int out_of_memory(void)
{
    fputs("retryproof coverage: out of memory\n", stderr);
    return EXIT_INTERNAL;
}

static int collect(const struct suite *suite, const struct coverage_options *options,
                   struct gap_list *gaps, const struct identity *identity)
{
    struct collection *collection = collection_create();
    struct acceptance_coverage coverage;
    int code;

    if (collection == NULL)
        return out_of_memory();
    if (!play(suite, options->quiet, collection) || !collection_fill(collection, gaps, &coverage)) {
        collection_destroy(&collection);
        return out_of_memory();
    }
    coverage.version = identity->version;
    coverage.command = identity->typed;
    coverage.interrupted = console_is_interrupted();
    code = coverage_exit_code(&coverage, options->gate);
    if (code == EXIT_NOTHING_TO_RUN)
        fputs("retryproof coverage: there is nothing to play\n", stderr);
    else if (!report(&coverage, options))
        code = EXIT_INTERNAL;
    collection_destroy(&collection);
    return code;
}

static int cover(const struct coverage_options *options, int argc, char **argv,
                 const struct identity *identity)
{
    struct suite suite;
    struct region region;
    struct gap_list gaps = {0};
    struct yaml_error error = {{0}};
    int code = EXIT_USAGE;

    region_init(&region, LIST_BYTES_MAX);
    suite_init(&suite);
    if (options->accept != NULL && !gap_list_load(&gaps, &region, options->accept, &error)) {
        fprintf(stderr, "%s\n", error.sentence);
    } else if (suite_load(&suite, (const char *const *)argv + options->rest,
                          (size_t)(argc - options->rest))) {
        suite_select(&suite, &options->selection);
        code = collect(&suite, options, &gaps, identity);
    }
    for (size_t i = 0; i < suite.mistake_count && i < SUITE_MISTAKES_MAX; i++)
        fprintf(stderr, "%s\n", suite.mistakes[i] != NULL ? suite.mistakes[i] : "out of memory");
    suite_release(&suite);
    region_release(&region);
    return code;
}

int coverage_command(int argc, char **argv, const char *version)
{
    struct identity identity = {.version = version};
    struct coverage_options options;
    char *typed;
    int code;

    if (!read_options(&options, argc, argv))
        return EXIT_USAGE;
    if (options.help) {
        fputs(HELP, stdout);
        return EXIT_PASSED;
    }
    typed = command_typed(argc, argv);
    if (typed == NULL)
        return out_of_memory();
    identity.typed = typed;
    code = cover(&options, argc, argv, &identity);
    free(typed);
    return code;
}
