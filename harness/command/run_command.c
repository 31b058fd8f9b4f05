#include "harness/command/run_command.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness/command/command.h"
#include "harness/command/last_run.h"
#include "harness/command/options.h"
#include "harness/run/workers.h"
#include "harness/session/subject_session.h"
#include "harness/terminal/progress.h"
#include "reports/formats/formats.h"
#include "reports/report.h"
#include "reports/shell_word.h"
#include "reports/subjects/comparison.h"
#include "reports/subjects/subject_json.h"

/* One `retryproof run`, from its options to its exit code. */
struct run_command {
    const char *version;
    char *typed; /* the command line */
    struct run_options options;
    struct suite suite;
    struct region region; /* of --last-failed */
    struct run_item *items;
    size_t item_count;
    struct result_store store;
    struct run_result result;
    struct progress progress;
    struct subject_session session; /* where another proxy than ours is asked */
    bool is_foreign;
    struct observed_run observed; /* of that proxy */
    char error[SESSION_ERROR_BYTES];
};

/* ---- selection ------------------------------------------------------------------------------ */

static int load_suite(struct run_command *run)
{
    struct suite *suite = &run->suite;
    if (suite_load(suite, run->options.paths, run->options.path_count))
        return EXIT_PASSED;
    for (size_t i = 0; i < suite->mistake_count && i < SUITE_MISTAKES_MAX; i++)
        fprintf(stderr, "%s\n", suite->mistakes[i] != NULL ? suite->mistakes[i] : "out of memory");
    if (suite->mistake_count > SUITE_MISTAKES_MAX)
        fprintf(stderr, "and mistakes in %zu more files\n",
                suite->mistake_count - SUITE_MISTAKES_MAX);
    return EXIT_USAGE;
}

static void select_cases(struct run_command *run)
{
    struct suite_selection selection = {.filter = run->options.filter,
                                        .tags = run->options.tags,
                                        .shard = run->options.shard,
                                        .shards = run->options.shards,
                                        .worlds = run->options.worlds};
    static const char *const NOTHING[] = {NULL};
    if (run->options.last_failed) {
        selection.last_failed = last_run_failed(&run->region, &selection.last_failed_count);
        if (selection.last_failed == NULL)
            selection.last_failed = NOTHING;
    }
    suite_select(&run->suite, &selection);
}

static int list_cases(const struct run_command *run)
{
    if (run->options.list == LIST_TEXT)
        suite_list(&run->suite, stdout);
    else if (!suite_list_json(&run->suite, stdout))
        return EXIT_INTERNAL;
    return run->suite.count == 0 ? EXIT_NOTHING_TO_RUN : EXIT_PASSED;
}

/* All wanted cases: worlds one after the other, each in the suite's order. */
static bool make_items(struct run_command *run)
{
    run->items = calloc(run->suite.count * WORLD_KIND_COUNT + 1, sizeof(*run->items));
    for (enum world_kind world = 0; world < WORLD_KIND_COUNT && run->items != NULL; world++)
        for (size_t i = 0; i < run->suite.count; i++)
            if ((run->suite.cases[i].worlds >> world & 1) != 0)
                run->items[run->item_count++] = (struct run_item){&run->suite.cases[i], world};
    return run->items != NULL;
}

/* ---- playing -------------------------------------------------------------------------------- */

static bool is_interrupted(void *owner)
{
    (void)owner;
    return console_is_interrupted();
}

static void on_result(void *owner, const struct case_result *result)
{
    struct run_command *run = owner;
    if (run->options.verbose) {
        progress_clear(&run->progress);
        printf("%-12s %-7s %s\n", verdict_word(result->verdict), result->world, result->id);
        fflush(stdout);
    }
    progress_note(&run->progress, case_has_findings(result));
}

static const char *worlds_words(unsigned long worlds)
{
    switch (worlds) {
    case 1ul << WORLD_SIM:
        return "sim";
    case 1ul << WORLD_SOCKETS:
        return "sockets";
    default:
        return "sim, sockets";
    }
}

/* A case that is repeated has the seed of its last time. Of another proxy each play has been told of. */
static uint64_t count_repetitions(const struct run_command *run)
{
    uint64_t count = 0;
    if (run->is_foreign)
        return run->result.interrupted || run->progress.done < run->item_count
                   ? 0
                   : run->progress.done - run->item_count;
    for (size_t i = 0; i < run->store.count; i++)
        if (run->store.results[i].verdict != VERDICT_SKIPPED)
            count += run->store.results[i].seed - run->options.seed;
    return count;
}

/*
 * Where nobody says how many: all processors for the simulation, which knows no real time. On sockets more processes would
 * take each other's time, and what stops at a failure or tells case by case keeps to the order of one.
 */
static unsigned choose_jobs(const struct run_command *run)
{
    enum { CASES_PER_JOB = 4 }; /* fewer are played before a process has begun */
    const struct run_options *options = &run->options;
    if (options->jobs > 0)
        return options->jobs;
    if (options->worlds != 1ul << WORLD_SIM || options->fail_fast || options->verbose)
        return 1;
    size_t jobs = console_processors();
    if (jobs > run->item_count / CASES_PER_JOB + 1)
        jobs = run->item_count / CASES_PER_JOB + 1;
    return jobs < WORKERS_MAX ? (unsigned)jobs : WORKERS_MAX;
}

static bool play_plan(struct run_command *run, const struct run_plan *plan)
{
    unsigned jobs = choose_jobs(run);
    bool fine;
    if (run->is_foreign)
        return subject_session_play(&run->session, plan, &run->store, run->error);
    fine = jobs > 1 ? workers_play(plan, &run->store, jobs) : runner_play(plan, &run->store);
    if (!fine)
        snprintf(run->error, sizeof(run->error), "out of memory");
    return fine;
}

static bool play(struct run_command *run)
{
    const struct run_plan plan = {.items = run->items,
                                  .count = run->item_count,
                                  .seed = run->options.seed,
                                  .repeat = run->options.repeat,
                                  .fail_fast = run->options.fail_fast,
                                  .record = run->options.record,
                                  .is_interrupted = is_interrupted,
                                  .on_result = on_result,
                                  .owner = run};
    uint64_t began_ns = console_now_ns();
    if (!result_store_init(&run->store, run->items, run->item_count))
        return false;
    /* Of another proxy each repetition is told of, of ours the last one of a case. */
    progress_init(&run->progress, run->item_count * (run->is_foreign ? run->options.repeat : 1),
                  run->options.quiet);
    console_catch_signals();
    bool fine = play_plan(run, &plan);
    progress_clear(&run->progress);
    run->result.elapsed_ns = console_now_ns() - began_ns;
    run->result.interrupted = console_is_interrupted();
    run->result.repetitions = count_repetitions(run);
    run->result.cases = run->store.results;
    run->result.case_count = run->store.count;
    return fine;
}

/* ---- reports -------------------------------------------------------------------------------- */

static void render(const struct run_command *run, enum report_kind kind, FILE *out)
{
    struct report_style style = {
        .colour = out == stdout && console_has_colour(stdout, run->options.colour),
        .width = out == stdout ? console_width(stdout) : CONSOLE_WIDTH_DEFAULT};
    switch (kind) {
    case REPORT_TERMINAL:
        report_terminal(&run->result, &style, out);
        break;
    case REPORT_MATRIX:
        report_matrix(&run->result, &style, out);
        break;
    case REPORT_JSON:
        report_json(&run->result, out);
        break;
    case REPORT_JUNIT:
        report_junit(&run->result, out);
        break;
    case REPORT_GITHUB:
        report_github(&run->result, out);
        break;
    case REPORT_SUBJECT:
        subject_json_write(&run->observed, out);
        break;
    case REPORT_KIND_COUNT:
        break;
    }
}

static bool render_to_file(const struct run_command *run, const struct report_request *request)
{
    if (request->kind == REPORT_SUBJECT && run->result.interrupted) {
        fprintf(stderr, "retryproof: %s is not written: the run was interrupted\n", request->path);
        return true;
    }
    FILE *out = fopen(request->path, "we");
    if (out == NULL) {
        fprintf(stderr, "retryproof: %s: %s\n", request->path, strerror(errno));
        return false;
    }
    render(run, request->kind, out);
    bool fine = ferror(out) == 0;
    fine = fclose(out) == 0 && fine;
    if (!fine)
        fprintf(stderr, "retryproof: %s: %s\n", request->path, strerror(errno));
    return fine;
}

/* Of another proxy what it did is the point, and not whether that was expected. */
static void render_matrix(const struct run_command *run)
{
    const struct observed_run *const runs[] = {&run->observed};
    const struct comparison_input input = {runs, COUNT_OF(runs)};
    const struct report_style style = {.colour = console_has_colour(stdout, run->options.colour),
                                       .width = console_width(stdout)};
    if (run->is_foreign) {
        comparison_terminal(&input, &style, stdout);
        comparison_harms(&input, &style, stdout);
    } else {
        render(run, REPORT_MATRIX, stdout);
    }
}

/* Of a run that judged nothing `pass` is no praise. */
static void tell_observed_harms(const struct run_command *run)
{
    enum { GRAVE = 2 };
    size_t harmed = 0;
    for (size_t i = 0; i < run->observed.case_count; i++)
        harmed += observed_gravity(observed_harms(&run->observed.cases[i])) == GRAVE;
    if (run->options.subject.declared == DECLARED_OBSERVE)
        printf("nothing was judged (--expect says by what); ");
    printf("%zu of %zu cases did a harm that nobody can want\n", harmed, run->observed.case_count);
}

/* What was asked for; and unless that filled stdout, what a person wants to read there. */
static bool render_all(const struct run_command *run)
{
    bool stdout_used = false;
    bool fine = true;
    for (size_t i = 0; i < run->options.report_count; i++) {
        const struct report_request *request = &run->options.reports[i];
        stdout_used = stdout_used || request->path == NULL;
        if (request->path != NULL)
            fine = render_to_file(run, request) && fine;
        else
            render(run, request->kind, stdout);
    }
    if (stdout_used)
        return fine;
    if (!run->options.quiet && run->options.report_count == 0)
        render_matrix(run);
    render(run, REPORT_TERMINAL, stdout);
    if (run->is_foreign)
        tell_observed_harms(run);
    return fine;
}

/* ---- run ------------------------------------------------------------------------------------ */

/* The paths as they were typed. */
static const char *paths_words(struct run_command *run)
{
    const char *words = run->options.path_count == 0 ? "scenarios" : "";
    for (size_t i = 0; i < run->options.path_count && words != NULL; i++) {
        const char *word = shell_word(run->options.paths[i], &run->region);
        words = word == NULL ? NULL
                             : region_format(&run->region, "%s%s%s", words, i > 0 ? " " : "", word);
    }
    return words;
}

static bool tell_observed(struct run_command *run)
{
    const struct session_facts facts = {.version = run->version,
                                        .paths = run->is_foreign ? paths_words(run) : "",
                                        .started_unix = run->result.started_unix,
                                        .repeat = run->options.repeat};
    return !run->is_foreign ||
           (facts.paths != NULL && subject_session_tell(&run->session, &facts, &run->observed));
}

static int play_and_report(struct run_command *run)
{
    run->result = (struct run_result){.version = run->version,
                                      .command = run->typed,
                                      .worlds = worlds_words(run->options.worlds),
                                      .seed = run->options.seed,
                                      .started_unix = console_unix_time()};
    if (!make_items(run))
        return EXIT_INTERNAL;
    if (run->item_count == 0) {
        fputs("retryproof: no case to run: nothing fits the paths, filters and tags\n", stderr);
        return EXIT_NOTHING_TO_RUN;
    }
    if (!play(run)) {
        fprintf(stderr, "retryproof: %s\n", run->error);
        if (run->result.interrupted)
            return EXIT_INTERRUPTED;
        return run->is_foreign ? EXIT_CANNOT_START : EXIT_INTERNAL;
    }
    if (!tell_observed(run)) {
        fputs("retryproof: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    last_run_remember(&run->result);
    if (!render_all(run))
        return EXIT_INTERNAL;
    int code = run_exit_code(&run->result);
    return code == EXIT_FAILED && run->store.subject_failed ? EXIT_CANNOT_START : code;
}

static bool open_session(struct run_command *run)
{
    if (!subject_options_is_foreign(&run->options.subject))
        return true;
    run->is_foreign = subject_session_open(&run->session, &run->options.subject, run->error);
    if (!run->is_foreign)
        fprintf(stderr, "retryproof: %s\n", run->error);
    return run->is_foreign;
}

static int run_with_options(struct run_command *run)
{
    int code = load_suite(run);
    if (code != EXIT_PASSED)
        return code;
    select_cases(run);
    if (!open_session(run))
        return EXIT_USAGE;
    return run->options.list != LIST_NOT ? list_cases(run) : play_and_report(run);
}

static void release(struct run_command *run)
{
    if (run->is_foreign)
        subject_session_close(&run->session);
    result_store_release(&run->store);
    free(run->items);
    suite_release(&run->suite);
    region_release(&run->region);
    free(run->typed);
    free(run);
}

/*
 * Cases side by side need some ten descriptors each. And the memory of one case is that of the next: giving it back
 * between them would be a tenth of a simulated case.
 */
static void prepare_process(void)
{
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
#ifdef __GLIBC__
    enum { KEPT_BYTES_MAX = 64 * 1024 * 1024 };
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES_MAX);
#endif
}

int run_command(int argc, char **argv, const char *version)
{
    enum { LAST_FAILED_BYTES_MAX = 64 * 1024 * 1024 }; /* of ids that are remembered */
    char error[OPTIONS_ERROR_BYTES];
    struct run_command *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return EXIT_INTERNAL;
    prepare_process();
    run->version = version;
    run->typed = command_typed(argc, argv);
    suite_init(&run->suite);
    region_init(&run->region, LAST_FAILED_BYTES_MAX);
    int code = EXIT_INTERNAL;
    if (run->typed == NULL) {
        fputs("retryproof: out of memory\n", stderr);
    } else if (!options_read(&run->options, argc, argv, error)) {
        fprintf(stderr, "retryproof run: %s\n(retryproof run --help tells what there is)\n", error);
        code = EXIT_USAGE;
    } else if (run->options.help) {
        fputs(OPTIONS_HELP, stdout);
        code = EXIT_PASSED;
    } else {
        code = run_with_options(run);
    }
    release(run);
    return code;
}
