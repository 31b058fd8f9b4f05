#include "harness/command/run_command.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "harness/command/last_run.h"
#include "harness/command/options.h"
#include "harness/reporting/run_facts.h"
#include "harness/reporting/ticker.h"
#include "harness/run/workers.h"
#include "harness/session/subject_session.h"
#include "harness/suite/finder.h"
#include "harness/terminal/file_watch.h"
#include "reports/shell_word.h"

/* Of ids that are remembered, scenario files and other results. */
#define RUN_BYTES_MAX ((size_t)1024 * 1024 * 1024)

/* One `retryproof run`, from its options to its exit code. */
struct run_command {
    const char *version;
    char *typed; /* the command line */
    struct run_options options;
    struct suite suite;
    struct region region; /* of --last-failed */
    struct run_item *items;
    size_t item_count;
    size_t *order; /* of the items, as they are played */
    struct result_store store;
    uint64_t shard; /* of --shard */
    struct run_result result;
    struct ticker ticker;
    bool is_alone; /* this process plays: others know nothing of what was told */
    struct region documents_region;
    struct report_documents documents;
    struct subject_session session; /* where another proxy than ours is asked */
    bool is_foreign;
    struct observed_run observed; /* of that proxy */
    struct file_watch *watch;     /* --watch; NULL: not asked for, or impossible */
    unsigned round;               /* of --watch, from 1 */
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
    const size_t most = run->suite.count * WORLD_KIND_COUNT + 1;
    run->items = calloc(most, sizeof(*run->items));
    run->order = calloc(most, sizeof(*run->order));
    if (run->items == NULL || run->order == NULL)
        return false;
    for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
        for (size_t i = 0; i < run->suite.count; i++)
            if ((run->suite.cases[i].worlds >> world & 1) != 0)
                run->items[run->item_count++] = (struct run_item){&run->suite.cases[i], world};
    runner_order(run->items, run->item_count, run->order);
    return true;
}

/* ---- playing -------------------------------------------------------------------------------- */

static bool is_interrupted(void *owner)
{
    struct run_command *run = owner;
    if (run->is_alone)
        ticker_tick(&run->ticker);
    return console_is_interrupted();
}

static void on_result(void *owner, const struct case_result *result)
{
    struct run_command *run = owner;
    ticker_note(&run->ticker, result);
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
        return run->result.interrupted || run->ticker.progress.done < run->item_count
                   ? 0
                   : run->ticker.progress.done - run->item_count;
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
    run->is_alone = jobs == 1 || run->is_foreign;
    if (run->is_foreign)
        return subject_session_play(&run->session, plan, &run->store, run->error);
    fine = jobs > 1 ? workers_play(plan, &run->store, jobs) : runner_play(plan, &run->store);
    if (!fine)
        snprintf(run->error, sizeof(run->error), "out of memory");
    return fine;
}

/* Of another proxy each repetition is told of, of ours the last one of a case; and only of ours the order is known. */
static bool begin_ticker(struct run_command *run)
{
    const struct ticker_options options = {.run = &run->result,
                                           .requests = &run->options.reports,
                                           .results = run->store.results,
                                           .order = run->order,
                                           .order_count = run->is_foreign ? 0 : run->item_count,
                                           .total = run->item_count *
                                                    (run->is_foreign ? run->options.repeat : 1),
                                           .colour = run->options.colour,
                                           .quiet = run->options.quiet,
                                           .verbose = run->options.verbose};
    bool fine = ticker_begin(&run->ticker, &options);
    if (!fine)
        snprintf(run->error, sizeof(run->error), "no event can be told, so nothing is played");
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
    if (!result_store_init(&run->store, run->items, run->item_count) || !begin_ticker(run))
        return false;
    uint64_t began_ns = console_now_ns();
    if (run->watch == NULL) /* it has caught them */
        console_catch_signals();
    bool fine = play_plan(run, &plan);
    console_end_grace(); /* reports of a long run may take their time */
    ticker_clear(&run->ticker);
    run->result.elapsed_ns = console_now_ns() - began_ns;
    run->result.interrupted = console_is_interrupted();
    run->result.repetitions = count_repetitions(run);
    run->result.cases = run->store.results;
    run->result.case_count = run->store.count;
    return fine;
}

/* ---- reports -------------------------------------------------------------------------------- */

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
static bool render_all(struct run_command *run)
{
    const struct report_requests *requests = &run->options.reports;
    const struct report_output output = {.run = &run->result,
                                         .result_is_brief = !run->options.record_said,
                                         .observed = run->is_foreign ? &run->observed : NULL,
                                         .documents = &run->documents,
                                         .colour = run->options.colour,
                                         .slowest = run->options.slowest,
                                         .quiet = run->options.quiet};
    bool fine = ticker_end(&run->ticker, &run->result);
    fine = report_output_write(&output, requests) && fine;
    fine = report_output_for_ci(&output, requests) && fine;
    if (report_requests_fill_stdout(requests))
        return fine;
    if (!run->options.quiet && requests->count == 0)
        report_output_render(&output, REPORT_MATRIX, stdout);
    report_output_render(&output, REPORT_TERMINAL, stdout);
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

static bool gather_facts(struct run_command *run)
{
    const struct run_facts_source source = {.version = run->version,
                                            .worlds = run->result.worlds,
                                            .observed = run->is_foreign ? &run->observed : NULL};
    return run_facts_gather(&source, &run->region, &run->result);
}

static int play_and_report(struct run_command *run)
{
    run->result = (struct run_result){.version = run->version,
                                      .command = run->typed,
                                      .worlds = worlds_words(run->options.worlds),
                                      .seed = run->options.seed,
                                      .started_unix = console_unix_time()};
    run->shard = run->options.shard;
    if (run->options.shards > 1)
        run->result.shards = (struct run_shards){.of = run->options.shards,
                                                 .numbers = &run->shard,
                                                 .count = 1,
                                                 .cases = run->suite.wanted};
    if (!make_items(run))
        return EXIT_INTERNAL;
    if (run->item_count == 0) {
        fprintf(stderr, "retryproof: no case to run: nothing fits the paths, filters and tags%s\n",
                run->options.last_failed ? ", and failed in this folder's last run" : "");
        return EXIT_NOTHING_TO_RUN;
    }
    if (!play(run)) {
        fprintf(stderr, "retryproof: %s\n", run->error);
        if (run->result.interrupted)
            return EXIT_INTERRUPTED;
        return run->is_foreign ? EXIT_CANNOT_START : EXIT_INTERNAL;
    }
    if (!tell_observed(run) || !gather_facts(run) ||
        !result_store_files(&run->store, &run->region, &run->result)) {
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

/* The paths that were named, or ./scenarios. */
static bool watch_paths(struct run_command *run)
{
    bool named = false;
    bool fine = true;
    for (size_t i = 0; i < run->options.path_count && fine; i++) {
        char path[PATH_MAX];
        /* FILE.yaml:LINE is a file, and what is no path a part of an id. */
        snprintf(path, sizeof(path), "%s", run->options.paths[i]);
        char *colon = strrchr(path, ':');
        if (colon != NULL && access(path, F_OK) != 0)
            *colon = '\0';
        named = named || access(path, F_OK) == 0;
        fine = file_watch_add(run->watch, path, finder_is_scenario);
    }
    return fine && (named || file_watch_add(run->watch, "scenarios", finder_is_scenario));
}

/* What is watched in part only would miss changes, so then nobody waits for any. Always false. */
static bool give_up_watch(struct run_command *run)
{
    fprintf(stderr, "retryproof: --watch: %s\n", strerror(errno));
    file_watch_destroy(&run->watch);
    return false;
}

/* Before anything is read, so that no change is missed. */
static bool begin_watch(struct run_command *run)
{
    if (!run->options.watch)
        return true;
    /* The wait asks whether a signal came; caught anew, one that came between two rounds would be forgotten. */
    if (run->round == 1)
        console_catch_signals();
    run->watch = file_watch_create();
    return (run->watch != NULL && watch_paths(run)) || give_up_watch(run);
}

static bool watch_subject(struct run_command *run)
{
    if (run->watch == NULL || !run->is_foreign || run->options.subject.subject == NULL)
        return true;
    return file_watch_add(run->watch, run->session.file.folder, NULL) || give_up_watch(run);
}

static bool load_documents(struct run_command *run)
{
    char error[REPORT_DOCUMENTS_ERROR_BYTES];
    bool fine = report_documents_load(&run->documents, &run->options.attachments,
                                      &run->documents_region, error);
    if (!fine)
        fprintf(stderr, "retryproof: --attach: %s\n", error);
    return fine;
}

static int run_with_options(struct run_command *run)
{
    if (!begin_watch(run))
        return EXIT_INTERNAL;
    int code = load_suite(run);
    if (code != EXIT_PASSED)
        return code;
    if (!load_documents(run))
        return EXIT_USAGE;
    select_cases(run);
    if (!open_session(run))
        return EXIT_USAGE;
    if (!watch_subject(run))
        return EXIT_INTERNAL;
    return run->options.list != LIST_NOT ? list_cases(run) : play_and_report(run);
}

static void release(struct run_command *run)
{
    if (run->is_foreign)
        subject_session_close(&run->session);
    ticker_release(&run->ticker);
    result_store_release(&run->store);
    free(run->items);
    free(run->order);
    file_watch_destroy(&run->watch);
    region_release(&run->documents_region);
    suite_release(&run->suite);
    region_release(&run->region);
    free(run->typed);
    free(run);
}

/* Until somebody saves a file, which is told; false when it was Ctrl-C. */
static bool wait_for_change(const struct run_command *run)
{
    const bool page = report_requests_have(&run->options.reports, REPORT_HTML);
    console_end_grace();
    if (console_is_interrupted())
        return false;
    const size_t count = file_watch_count(run->watch);
    fflush(NULL); /* the report comes first */
    fprintf(stderr, "retryproof: watching %zu folder%s; Ctrl-C ends%s\n", count,
            count == 1 ? "" : "s", page ? "; reload the page to see this run" : "");
    if (!file_watch_wait(run->watch))
        return false;
    fprintf(stderr, "\nretryproof: %s: round %u\n", file_watch_change(run->watch), run->round + 1);
    return true;
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

/* Once. *round, from 1, becomes that of the next time where somebody has changed a file since, else 0. */
static int run_once(int argc, char **argv, const char *version, unsigned *round)
{
    char error[OPTIONS_ERROR_BYTES];
    struct run_command *run = calloc(1, sizeof(*run));
    const unsigned this_round = *round;
    *round = 0;
    if (run == NULL)
        return EXIT_INTERNAL;
    run->round = this_round;
    run->version = version;
    run->typed = command_typed(argc, argv);
    suite_init(&run->suite);
    region_init(&run->region, RUN_BYTES_MAX);
    region_init(&run->documents_region, RUN_BYTES_MAX);
    int code = EXIT_INTERNAL;
    if (run->typed == NULL) {
        fputs("retryproof: out of memory\n", stderr);
    } else if (!options_read(&run->options, argc, argv, error)) {
        fprintf(stderr, "retryproof run: %s\n(retryproof run --help tells what there is)\n", error);
        code = EXIT_USAGE;
    } else if (run->options.help) {
        options_tell(stdout);
        code = EXIT_PASSED;
    } else {
        code = run_with_options(run);
    }
    if (run->watch != NULL) {
        *round = wait_for_change(run) ? this_round + 1 : 0;
        code = *round > 0 ? code : EXIT_INTERRUPTED;
    }
    release(run);
    return code;
}

int run_command(int argc, char **argv, const char *version)
{
    unsigned round = 1;
    int code;
    prepare_process();
    do
        code = run_once(argc, argv, version, &round);
    while (round > 0);
    return code;
}
