#include "harness/explore/explorer_jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/explore/expedition.h"
#include "harness/keeper/machine.h"

enum {
    PATH_BYTES = 64,
    TEXT_BYTES_MAX = 1024 * 1024, /* of a sentence that is read; ours are a thousandth of it */
    LOOK_MS = 100,                /* between two looks at how far they are */
};

/* How far one job is, in memory that it shares with us: each word is written by one side alone. */
struct job_progress {
    uint64_t runs, runs_total, classes, outcomes, failed_runs;
    uint64_t told_to_stop; /* by us */
};

struct job {
    pid_t pid;
    FILE *findings; /* what it writes at its end */
};

struct job_list {
    struct ledger *ledger;
    const struct explorer_options *options;
    struct job list[EXPLORER_JOBS_MAX];
    struct job_progress *progress; /* one for each */
    size_t alive;
    bool lost;
};

/* ---- what one found, as bytes --------------------------------------------------------------- */

/* fwrite(3) may not be given NULL, even for nothing. ferror(3) tells at the end. */
static void write_exactly(FILE *out, const void *data, size_t size)
{
    if (size > 0)
        (void)!fwrite(data, size, 1, out);
}

static void write_failure(FILE *out, const struct ledger *ledger,
                          const struct explorer_failure *failure)
{
    size_t base = (size_t)(failure->base - ledger->bases->list);
    write_exactly(out, &base, sizeof(base));
    write_exactly(out, failure, sizeof(*failure));
    write_exactly(out, failure->order, failure->order_count * sizeof(failure->order[0]));
    for (size_t i = 0; i < failure->sentence_count; i++) {
        size_t size = strlen(failure->sentences[i]);
        write_exactly(out, &size, sizeof(size));
        write_exactly(out, failure->sentences[i], size);
    }
}

static bool write_findings(FILE *out, const struct ledger *ledger)
{
    const struct explorer_result *result = ledger->result;
    write_exactly(out, result, sizeof(*result));
    write_exactly(out, result->by_base, result->bases * sizeof(*result->by_base));
    write_exactly(out, &ledger->outcome_count, sizeof(ledger->outcome_count));
    write_exactly(out, ledger->outcomes, ledger->outcome_count * sizeof(ledger->outcomes[0]));
    for (size_t i = 0; i < result->failure_count; i++)
        write_failure(out, ledger, result->failures[i]);
    return fflush(out) == 0 && !ferror(out);
}

static bool read_exactly(FILE *in, void *data, size_t size)
{
    return size == 0 || fread(data, size, 1, in) == 1;
}

static bool read_sentences(FILE *in, struct region *region, struct explorer_failure *failure)
{
    const char **sentences =
        region_take(region, (failure->sentence_count + 1) * sizeof(*sentences));
    failure->sentences = sentences;
    for (size_t i = 0; sentences != NULL && i < failure->sentence_count; i++) {
        size_t size;
        if (!read_exactly(in, &size, sizeof(size)) || size > TEXT_BYTES_MAX)
            return false;
        char *text = region_take(region, size + 1);
        sentences[i] = text;
        if (text == NULL || !read_exactly(in, text, size))
            return false;
    }
    return sentences != NULL;
}

static bool read_failure(FILE *in, struct ledger *ledger, struct region *region)
{
    struct explorer_failure failure;
    size_t base;
    if (!read_exactly(in, &base, sizeof(base)) || base >= ledger->bases->count ||
        !read_exactly(in, &failure, sizeof(failure)))
        return false;
    failure.base = &ledger->bases->list[base];
    uint32_t *order = region_take(region, (failure.order_count + 1) * sizeof(*order));
    failure.order = order;
    if (order == NULL || !read_exactly(in, order, failure.order_count * sizeof(*order)) ||
        !read_sentences(in, region, &failure))
        return false;
    ledger_add_failure(ledger, &failure);
    return true;
}

/* Pointers in what was read mean nothing here: each is replaced, or not looked at. */
static bool read_findings(FILE *in, struct ledger *ledger, struct region *region)
{
    struct explorer_result other;
    size_t outcome_count;
    if (!read_exactly(in, &other, sizeof(other)) || other.bases != ledger->bases->count)
        return false;
    other.by_base = region_take(region, (other.bases + 1) * sizeof(*other.by_base));
    if (other.by_base == NULL ||
        !read_exactly(in, other.by_base, other.bases * sizeof(*other.by_base)) ||
        !read_exactly(in, &outcome_count, sizeof(outcome_count)))
        return false;
    ledger_add_counts(ledger, &other);
    for (size_t i = 0; i < outcome_count; i++) {
        struct ledger_outcome outcome;
        if (!read_exactly(in, &outcome, sizeof(outcome)) || outcome.base >= other.bases)
            return false;
        ledger_add_outcome(ledger, outcome.base, outcome.outcome);
    }
    for (size_t i = 0; i < other.failure_count; i++)
        if (!read_failure(in, ledger, region))
            return false;
    return true;
}

/* ---- in a job ----------------------------------------------------------------------------- */

static void tell_progress(void *owner, const struct explorer_progress *progress)
{
    struct job_progress *shared = owner;
    __atomic_store_n(&shared->runs, progress->runs, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->runs_total, progress->runs_total, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->classes, progress->classes, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->outcomes, progress->outcomes, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->failed_runs, progress->failures, __ATOMIC_RELAXED);
}

static bool was_told_to_stop(void *owner)
{
    const struct job_progress *shared = owner;
    return __atomic_load_n(&shared->told_to_stop, __ATOMIC_RELAXED) != 0;
}

NORETURN static void set_out(const struct job_list *jobs, unsigned number, int findings)
{
    struct explorer_result result;
    struct ledger ledger;
    const struct expedition_share share = {number, jobs->options->jobs};
    const struct explorer_listener listener = {tell_progress, was_told_to_stop,
                                               &jobs->progress[number]};
    FILE *out = fdopen(findings, "w");
    bool fine = out != NULL && ledger_init(&ledger, jobs->ledger->bases, &listener, &result) &&
                expedition_play(&ledger, jobs->options, &share) && write_findings(out, &ledger);
    _exit(fine ? EXIT_SUCCESS : EXIT_FAILURE); /* the parent's buffers are the parent's */
}

/* ---- in the parent -------------------------------------------------------------------------- */

static bool start_job(struct job_list *jobs, unsigned number)
{
    char path[PATH_BYTES];
    pid_t parent = getpid();
    struct job *job = &jobs->list[number];
    int findings = memfd_create("retryproof.findings", MFD_CLOEXEC);
    if (findings < 0)
        return false;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", findings);
    job->findings = fopen(path, "re");
    job->pid = job->findings == NULL ? -1 : fork();
    if (job->pid == 0) {
        setpgid(0, 0); /* the terminal's Ctrl-C is for the parent, who stops the rest itself */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
        set_out(jobs, number, findings);
    }
    close(findings);
    jobs->alive += job->pid > 0;
    return job->pid > 0;
}

static void stop_jobs(struct job_list *jobs)
{
    for (unsigned i = 0; i < jobs->options->jobs; i++)
        __atomic_store_n(&jobs->progress[i].told_to_stop, 1, __ATOMIC_RELAXED);
}

static void tell_sum(struct job_list *jobs)
{
    const struct explorer_listener *listener = jobs->ledger->listener;
    struct explorer_progress sum = {.elapsed_ns = machine_now() - jobs->ledger->began_ns,
                                    .base = ""};
    if (listener == NULL)
        return;
    for (unsigned i = 0; i < jobs->options->jobs; i++) {
        const struct job_progress *one = &jobs->progress[i];
        sum.runs += __atomic_load_n(&one->runs, __ATOMIC_RELAXED);
        sum.runs_total += __atomic_load_n(&one->runs_total, __ATOMIC_RELAXED);
        sum.classes += __atomic_load_n(&one->classes, __ATOMIC_RELAXED);
        sum.outcomes += __atomic_load_n(&one->outcomes, __ATOMIC_RELAXED);
        sum.failures += __atomic_load_n(&one->failed_runs, __ATOMIC_RELAXED);
    }
    if (listener->on_progress != NULL)
        listener->on_progress(listener->owner, &sum);
    if (listener->is_interrupted != NULL && listener->is_interrupted(listener->owner)) {
        jobs->ledger->result->interrupted = true;
        stop_jobs(jobs);
    }
}

static void reap(struct job_list *jobs)
{
    for (unsigned i = 0; i < jobs->options->jobs; i++) {
        struct job *job = &jobs->list[i];
        int status = 0;
        if (job->pid <= 0 || waitpid(job->pid, &status, WNOHANG) != job->pid)
            continue;
        job->pid = 0;
        jobs->alive--;
        jobs->lost = jobs->lost || status != 0;
    }
}

static void follow(struct job_list *jobs)
{
    while (jobs->alive > 0) {
        machine_wait(NULL, 0, machine_now() + LOOK_MS * NS_PER_MS);
        tell_sum(jobs);
        reap(jobs);
    }
}

static void gather(struct job_list *jobs)
{
    struct region region;
    region_init(&region, CASE_BYTES_MAX);
    for (unsigned i = 0; i < jobs->options->jobs; i++) {
        FILE *findings = jobs->list[i].findings;
        if (findings == NULL)
            continue;
        region_reset(&region);
        jobs->lost = jobs->lost || !read_findings(findings, jobs->ledger, &region);
        fclose(findings);
    }
    region_release(&region);
}

bool explorer_jobs_play(struct ledger *ledger, const struct explorer_options *options)
{
    struct job_list jobs = {.ledger = ledger, .options = options};
    size_t bytes = options->jobs * sizeof(*jobs.progress);
    bool fine = true;
    jobs.progress = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (jobs.progress == MAP_FAILED)
        return false;
    fflush(NULL); /* or each process would write what waits in our buffers */
    for (unsigned i = 0; i < options->jobs && fine; i++)
        fine = start_job(&jobs, i);
    if (!fine)
        stop_jobs(&jobs);
    follow(&jobs);
    gather(&jobs);
    munmap(jobs.progress, bytes);
    return fine && !jobs.lost;
}
