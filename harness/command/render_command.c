#include "harness/command/render_command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/reporting/report_output.h"
#include "harness/reporting/result_files.h"
#include "world/base/bytes.h"

static const char HELP[] =
    "Results of runs, as `retryproof run --report json=FILE` writes them:\n"
    "\n"
    "  render RESULT.json...  makes reports of a result, or of the shards of one run:\n"
    "    --report KIND        may be repeated (default: matrix and terminal):\n";

static const char HELP_END[] =
    "    --attach FILE.json   another result, of an exploration, coverage or a subject, as a page\n"
    "                         of html, which needs no RESULT.json then; may be repeated\n"
    "    --slowest N          so many slowest cases in the terminal's report\n"
    "    --partial            some shards may be missing: it counts as interrupted\n"
    "  merge -o OUT.json RESULT.json...\n"
    "                         puts shards of one run (--shard m/n) together; they must be of one\n"
    "                         version, seed and command, and all there unless --partial. The time\n"
    "                         is that of the shard that took longest\n";

struct render_options {
    struct report_requests requests;
    struct report_attachments attachments;
    enum colour_choice colour;
    int slowest;
    bool partial;
    const char *out; /* of merge */
    struct result_files files;
};

static int usage(const char *word, const char *sentence)
{
    fprintf(stderr, "retryproof report %s: %s\n(retryproof report --help tells what there is)\n",
            word, sentence);
    return EXIT_USAGE;
}

static bool read_slowest(struct render_options *options, const char *value)
{
    enum { SLOWEST_MAX = 1000000 };
    uint64_t number;
    if (!bytes_to_u64(bytes_of(value), SLOWEST_MAX, &number))
        return false;
    options->slowest = (int)number;
    return true;
}

/* False and a sentence. */
static bool read_option(struct render_options *options, int word, const char *value,
                        char error[REPORT_KIND_ERROR_BYTES])
{
    bool fine = true;
    switch (word) {
    case 'r':
        return report_requests_read(&options->requests, SOURCE_RESULT, value, error);
    case 'a':
        fine = report_attachments_add(&options->attachments, value);
        break;
    case 's':
        fine = read_slowest(options, value);
        break;
    case 'c':
        fine = console_colour_choice(value, &options->colour);
        break;
    case 'p':
        options->partial = true;
        break;
    case 'o':
        options->out = value;
        break;
    default:
        fine = false;
    }
    if (!fine)
        snprintf(error, REPORT_KIND_ERROR_BYTES, "'%.200s' cannot be said here", value);
    return fine;
}

static bool read_options(struct render_options *options, int argc, char **argv,
                         char error[REPORT_KIND_ERROR_BYTES])
{
    static const struct option RENDER[] = {{"report", required_argument, NULL, 'r'},
                                           {"attach", required_argument, NULL, 'a'},
                                           {"slowest", required_argument, NULL, 's'},
                                           {"partial", no_argument, NULL, 'p'},
                                           {"colour", required_argument, NULL, 'c'},
                                           {"color", required_argument, NULL, 'c'},
                                           {NULL, 0, NULL, 0}};
    static const struct option MERGE[] = {{"out", required_argument, NULL, 'o'},
                                          {"partial", no_argument, NULL, 'p'},
                                          {NULL, 0, NULL, 0}};
    const bool merges = strcmp(argv[0], "merge") == 0;
    int word;
    *options = (struct render_options){.slowest = SLOWEST_NOT_SAID};
    optind = 0;
    opterr = 0;
    while ((word = getopt_long(argc, argv, merges ? ":o:" : ":", merges ? MERGE : RENDER, NULL)) !=
           -1) {
        if (word == '?' || word == ':') {
            snprintf(error, REPORT_KIND_ERROR_BYTES,
                     "'%.200s' is no option here, or misses its value", argv[optind - 1]);
            return false;
        }
        if (!read_option(options, word, optarg, error))
            return false;
    }
    options->files = (struct result_files){.paths = (const char *const *)argv + optind,
                                           .count = (size_t)(argc - optind),
                                           .partial = options->partial,
                                           .may_be_shard = !merges && !options->partial};
    return true;
}

/* ---- render --------------------------------------------------------------------------------- */

/* Without a run there is nothing but a page of other results. */
static bool is_page_alone(const struct render_options *options)
{
    for (size_t i = 0; i < options->requests.count; i++) {
        if (options->requests.list[i].kind != REPORT_HTML)
            return false;
    }
    return options->requests.count > 0 && options->attachments.count > 0;
}

static int render(const struct render_options *options, struct region *region)
{
    char error[RESULT_FILES_ERROR_BYTES] = "";
    struct report_documents *documents = region_take(region, sizeof(*documents));
    struct report_output output = {
        .documents = documents, .colour = options->colour, .slowest = options->slowest};
    if (documents == NULL)
        return EXIT_INTERNAL;
    if (!report_documents_load(documents, &options->attachments, region, error))
        return usage("render", error);
    if (options->files.count > 0) {
        output.run = result_files_load(&options->files, region, error);
        if (output.run == NULL)
            return usage("render", error);
    }
    if (options->requests.count == 0) {
        report_output_render(&output, REPORT_MATRIX, stdout);
        report_output_render(&output, REPORT_TERMINAL, stdout);
        return EXIT_PASSED;
    }
    return report_output_write(&output, &options->requests) ? EXIT_PASSED : EXIT_INTERNAL;
}

int render_command(int argc, char **argv)
{
    char error[REPORT_KIND_ERROR_BYTES];
    struct render_options options;
    struct region region;
    if (!read_options(&options, argc, argv, error))
        return usage("render", error);
    if (options.attachments.count > 0 && !report_requests_have(&options.requests, REPORT_HTML))
        return usage("render", "--attach: " REPORT_ATTACH_NEEDS_HTML);
    if (options.files.count == 0 && !is_page_alone(&options))
        return usage("render", "no result is named (html alone can do without)");
    if (options.files.count > RESULT_MERGE_SHARDS_MAX)
        return usage("render", "too many files are named");
    region_init(&region, RESULT_FILES_BYTES_MAX);
    int code = render(&options, &region);
    region_release(&region);
    return code;
}

/* ---- merge ---------------------------------------------------------------------------------- */

int merge_command(int argc, char **argv)
{
    char error[RESULT_FILES_ERROR_BYTES];
    struct render_options options;
    struct region region;
    if (!read_options(&options, argc, argv, error))
        return usage("merge", error);
    if (options.out == NULL || options.files.count == 0)
        return usage("merge", "say -o OUT.json, and the results");
    if (options.files.count > RESULT_MERGE_SHARDS_MAX)
        return usage("merge", "too many files are named");
    region_init(&region, RESULT_FILES_BYTES_MAX);
    const struct report_output output = {.run = result_files_load(&options.files, &region, error)};
    int code = EXIT_PASSED;
    options.requests = (struct report_requests){.list = {{REPORT_JSON, options.out}}, .count = 1};
    if (output.run == NULL)
        code = usage("merge", error);
    else if (!report_output_write(&output, &options.requests))
        code = EXIT_INTERNAL;
    region_release(&region);
    return code;
}

void render_command_tell(FILE *out)
{
    fputs(HELP, out);
    report_kinds_tell(SOURCE_RESULT, out);
    fputs(HELP_END, out);
}
