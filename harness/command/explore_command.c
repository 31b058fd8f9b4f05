#include "harness/command/explore_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/found/exploration_result.h"
#include "harness/reporting/report_output.h"
#include "harness/terminal/progress.h"
#include "reports/text.h"
#include "reports/whole_file.h"

/* One `retryproof explore`, from its options to its exit code. */
struct explore_command {
    const char *version;
    char *typed; /* the command line */
    struct explore_options options;
    struct base_list bases;
    struct explorer_result result;
    struct region region; /* of the exploration's text */
    struct exploration exploration;
    struct progress progress;
};

/* Text of failures: each at most one story, some sentences and a file's tree. */
#define EXPLORATION_BYTES_MAX ((size_t)1024 * 1024 * 1024)

/* ---- bases ---------------------------------------------------------------------------------- */

void exploration_tell_mistakes(const struct base_list *bases)
{
    const struct suite *suite = &bases->suite;

    for (size_t i = 0; i < suite->mistake_count && i < SUITE_MISTAKES_MAX; i++)
        fprintf(stderr, "%s\n", suite->mistakes[i] != NULL ? suite->mistakes[i] : "out of memory");
    if (suite->mistake_count > SUITE_MISTAKES_MAX)
        fprintf(stderr, "and mistakes in %zu more files\n",
                suite->mistake_count - SUITE_MISTAKES_MAX);
}

/* What fits --filter and --tag. */
static bool is_wanted(void *owner, const struct base *base)
{
    const struct explore_command *explore = owner;
    const struct filter_subject fields = suite_case_fields(base->one, WORLD_SIM);

    return filter_fits(&explore->options.filter, &fields) &&
           filter_fits(&explore->options.tags, &fields);
}

/* ---- exploring ------------------------------------------------------------------------------ */

static bool is_interrupted(void *owner)
{
    (void)owner;
    return console_is_interrupted();
}

static void on_progress(void *owner, const struct explorer_progress *progress)
{
    enum { MORE_BYTES = 160 };
    struct explore_command *explore = owner;
    const double elapsed_s = (double)progress->elapsed_ns / 1e9;
    const double rate = elapsed_s > 0 ? (double)progress->runs / elapsed_s : 0;
    char more[MORE_BYTES];
    char text[TEXT_COUNT_BYTES];

    snprintf(more, sizeof(more),
             "%s runs/s, %" PRIu64 " classes, %" PRIu64 " outcomes, %" PRIu64 " failures",
             text_count((unsigned long long)rate, text), progress->classes, progress->outcomes,
             progress->failures);
    progress_tell(&explore->progress, progress->runs, progress->runs_total, more);
}

/* False and said on stderr when processes or memory run out. */
static bool play(struct explore_command *explore)
{
    const struct explorer_listener listener = {on_progress, is_interrupted, explore};

    progress_init(&explore->progress, 0, explore->options.quiet);
    console_catch_signals();
    bool played =
        explorer_play(&explore->bases, &explore->options.explorer, &listener, &explore->result);
    progress_clear(&explore->progress);
    console_end_grace();
    if (!played)
        fputs("retryproof: the exploration ran out of memory, or of processes\n", stderr);
    return played;
}

/* ---- reports -------------------------------------------------------------------------------- */

static void render(const struct exploration *exploration, const struct explore_options *options,
                   enum report_kind kind, FILE *out)
{
    const struct report_style style = {
        .colour = out == stdout && console_has_colour(stdout, options->colour),
        .width = out == stdout ? console_width(stdout) : CONSOLE_WIDTH_DEFAULT};

    if (kind == REPORT_TERMINAL)
        (options->quiet ? exploration_brief : exploration_terminal)(exploration, &style, out);
    else if (kind == REPORT_JSON)
        exploration_json(exploration, out);
    else
        exploration_markdown(exploration, out);
}

static bool render_to_file(const struct exploration *exploration,
                           const struct explore_options *options,
                           const struct report_request *request)
{
    struct whole_file file;
    bool fine = whole_file_open(&file, request->path);

    if (fine) {
        render(exploration, options, request->kind, file.out);
        fine = whole_file_close(&file);
    }
    if (!fine)
        fprintf(stderr, "retryproof: %s: %s\n", request->path, strerror(errno));
    return fine;
}

/* The page shows the exploration as its result file has it. */
static bool write_page(const struct exploration *exploration, const char *folder)
{
    struct html_document document = {.title = "exploration", .schema = EXPLORATION_FORMAT};
    const struct html_report page = {.documents = &document, .document_count = 1};
    char *text = NULL;
    FILE *out = open_memstream(&text, &document.json_size);
    bool fine = out != NULL;

    if (fine) {
        exploration_json(exploration, out);
        fine = fclose(out) == 0;
    }
    document.json = text;
    if (!fine)
        fputs("retryproof: out of memory\n", stderr);
    fine = fine && report_output_page(&page, folder);
    free(text);
    return fine;
}

bool exploration_report(const struct exploration *exploration,
                        const struct explore_options *options)
{
    bool fine = true;

    for (size_t i = 0; i < options->reports.count; i++) {
        const struct report_request *request = &options->reports.list[i];
        if (request->kind == REPORT_HTML)
            fine = write_page(exploration, request->path) && fine;
        else if (request->path != NULL)
            fine = render_to_file(exploration, options, request) && fine;
        else
            render(exploration, options, request->kind, stdout);
    }
    return fine;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int explore_bases(struct explore_command *explore)
{
    const struct exploration_source source = {&explore->bases, &explore->options.explorer,
                                              &explore->result, explore->options.save};
    char error[REGRESSION_ERROR_BYTES];

    if (!play(explore))
        return EXIT_INTERNAL;
    if (!exploration_make(&source, &explore->region, &explore->exploration, error)) {
        fprintf(stderr, "retryproof: %s\n", error);
        return EXIT_INTERNAL;
    }
    explore->exploration.version = explore->version;
    explore->exploration.command = explore->typed;
    if (!exploration_report(&explore->exploration, &explore->options))
        return EXIT_INTERNAL;
    if (!report_requests_fill_stdout(&explore->options.reports))
        render(&explore->exploration, &explore->options, REPORT_TERMINAL, stdout);
    if (error[0] != '\0') {
        fprintf(stderr, "retryproof: %s\n", error);
        return EXIT_INTERNAL;
    }
    return exploration_exit_code(&explore->exploration);
}

static int explore_with_options(struct explore_command *explore)
{
    if (!bases_load(&explore->bases, explore->options.paths, explore->options.path_count)) {
        exploration_tell_mistakes(&explore->bases);
        return EXIT_USAGE;
    }
    bases_keep(&explore->bases, is_wanted, explore);
    if (explore->bases.count == 0) {
        fputs(
            "retryproof: nothing to explore: no case that the simulation can play fits the paths, "
            "filters and tags\n",
            stderr);
        return EXIT_NOTHING_TO_RUN;
    }
    return explore_bases(explore);
}

int explore_command(int argc, char **argv, const char *version)
{
    char error[EXPLORE_ERROR_BYTES];
    struct explore_command *explore = calloc(1, sizeof(*explore));
    int code = EXIT_PASSED;

    if (explore == NULL)
        return EXIT_INTERNAL;
    explore->version = version;
    explore->typed = command_typed(argc, argv);
    region_init(&explore->region, EXPLORATION_BYTES_MAX);
    if (explore->typed == NULL) {
        fputs("retryproof: out of memory\n", stderr);
        code = EXIT_INTERNAL;
    } else if (!explore_options_read(&explore->options, argc, argv, error)) {
        fprintf(stderr, "retryproof explore: %s\n(retryproof explore --help tells what there is)\n",
                error);
        code = EXIT_USAGE;
    } else if (explore->options.help) {
        explore_options_tell(stdout);
    } else {
        code = explore_with_options(explore);
        explorer_result_release(&explore->result);
        bases_release(&explore->bases);
    }
    region_release(&explore->region);
    free(explore->typed);
    free(explore);
    return code;
}
