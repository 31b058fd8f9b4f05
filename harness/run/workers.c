#include "harness/run/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATH_BYTES = 64,
    TEXT_BYTES_MAX = CASE_RECORDING_BYTES_MAX, /* of one text in a result; sentences are short */
};

/* Seen from the parent. */
struct worker {
    pid_t pid;
    FILE *results; /* what it has written, from the place where the parent has read */
    bool lost;     /* it wrote something that cannot be read */
};

struct workers {
    const struct run_plan *plan;
    struct result_store *store;
    struct worker list[WORKERS_MAX];
    unsigned count;
    int news; /* a byte pair comes here, the number of a worker that has written a result */
    bool told_to_stop;
    struct region region; /* of the result that is being read */
};

/* ---- one result as bytes -------------------------------------------------------------------- */

static void write_text(FILE *out, const char *text)
{
    uint64_t size = text == NULL ? UINT64_MAX : strlen(text);
    fwrite(&size, sizeof(size), 1, out);
    if (text != NULL)
        fwrite(text, 1, size, out);
}

static void write_texts(FILE *out, const char *const *texts, size_t count)
{
    fwrite(&count, sizeof(count), 1, out);
    for (size_t i = 0; i < count; i++)
        write_text(out, texts[i]);
}

static void write_result(FILE *out, size_t item, const struct case_result *result, bool subject)
{
    const struct case_outcome outcome = {.verdict = result->verdict,
                                         .attempts = result->attempts,
                                         .delivered = result->delivered,
                                         .finding_line = result->finding_line,
                                         .duration_ns = result->duration_ns,
                                         .trace_hash = result->trace_hash,
                                         .subject_failed = subject};
    fwrite(&item, sizeof(item), 1, out);
    fwrite(&outcome, sizeof(outcome), 1, out);
    fwrite(&result->seed, sizeof(result->seed), 1, out);
    write_text(out, result->client);
    write_texts(out, result->sentences, result->sentence_count);
    write_texts(out, result->story, result->story_count);
    write_text(out, result->recording);
}

static bool read_text(FILE *in, struct region *region, const char **text)
{
    uint64_t size;
    *text = NULL;
    if (fread(&size, sizeof(size), 1, in) != 1 || (size != UINT64_MAX && size > TEXT_BYTES_MAX))
        return false;
    if (size == UINT64_MAX)
        return true;
    char *copy = region_take(region, (size_t)size + 1);
    *text = copy;
    return copy != NULL && fread(copy, 1, (size_t)size, in) == size;
}

static bool read_texts(FILE *in, struct region *region, const char *const **texts, size_t *count)
{
    if (fread(count, sizeof(*count), 1, in) != 1 || *count > TEXT_BYTES_MAX)
        return false;
    const char **list = region_take(region, (*count + 1) * sizeof(*list));
    for (size_t i = 0; list != NULL && i < *count; i++)
        if (!read_text(in, region, &list[i]))
            return false;
    *texts = list;
    return list != NULL;
}

/* Takes the next result of a worker into the store. False when what it wrote cannot be read. */
static bool take_result(struct workers *workers, FILE *in)
{
    struct case_outcome outcome;
    uint64_t seed;
    size_t item;
    region_reset(&workers->region);
    if (fread(&item, sizeof(item), 1, in) != 1 || item >= workers->plan->count ||
        workers->store->results[item].verdict != VERDICT_SKIPPED ||
        fread(&outcome, sizeof(outcome), 1, in) != 1 || outcome.verdict >= VERDICT_COUNT ||
        fread(&seed, sizeof(seed), 1, in) != 1 ||
        !read_text(in, &workers->region, &outcome.client) ||
        !read_texts(in, &workers->region, &outcome.sentences, &outcome.sentence_count) ||
        !read_texts(in, &workers->region, &outcome.story, &outcome.story_count) ||
        !read_text(in, &workers->region, &outcome.recording))
        return false;
    const struct case_result *result = result_store_keep(workers->store, item, &outcome, seed);
    if (workers->plan->on_result != NULL)
        workers->plan->on_result(workers->plan->owner, result);
    if (workers->plan->fail_fast && case_fails_run(result))
        workers->told_to_stop = true;
    return true;
}

/* ---- in a worker ---------------------------------------------------------------------------- */

struct labour {
    const struct workers *workers;
    unsigned number;
    struct result_store store;
    FILE *out;
    int news;
};

static void send_result(void *owner, const struct case_result *result)
{
    struct labour *labour = owner;
    uint16_t number = (uint16_t)labour->number;
    size_t own = (size_t)(result - labour->store.results);
    write_result(labour->out, own * labour->workers->count + labour->number, result,
                 labour->store.subject_failed);
    /* Pairs of bytes arrive whole, whoever else writes: PIPE_BUF is larger. */
    if (fflush(labour->out) != 0 || write(labour->news, &number, sizeof(number)) < 0)
        _exit(EXIT_FAILURE);
}

static bool has_lost_patience(void *owner)
{
    const struct labour *labour = owner;
    return labour->workers->plan->is_interrupted(labour->workers->plan->owner);
}

/* Every count-th item, from the worker's own number on. */
NORETURN static void work(const struct workers *workers, unsigned number, int results, int news)
{
    struct labour labour = {
        .workers = workers, .number = number, .out = fdopen(results, "w"), .news = news};
    struct run_plan plan = *workers->plan;
    struct run_item *items = calloc(workers->plan->count + 1, sizeof(*items));
    plan.count = 0;
    plan.is_interrupted = has_lost_patience;
    plan.on_result = send_result;
    plan.owner = &labour;
    for (size_t i = number; items != NULL && i < workers->plan->count; i += workers->count)
        items[plan.count++] = workers->plan->items[i];
    plan.items = items;
    bool fine = items != NULL && labour.out != NULL &&
                result_store_init(&labour.store, items, plan.count) &&
                runner_play(&plan, &labour.store);
    _exit(fine ? EXIT_SUCCESS
               : EXIT_FAILURE); /* the parent's buffers and folders are the parent's */
}

/* ---- in the parent -------------------------------------------------------------------------- */

static bool start_worker(struct workers *workers, unsigned number, int news)
{
    char path[PATH_BYTES];
    pid_t parent = getpid();
    struct worker *worker = &workers->list[number];
    int results = memfd_create("retryproof.results", MFD_CLOEXEC);
    if (results < 0)
        return false;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", results);
    worker->results = fopen(path, "re");
    worker->pid = worker->results == NULL ? -1 : fork();
    if (worker->pid == 0) {
        setpgid(0, 0); /* the terminal's Ctrl-C is for the parent, who stops the rest itself */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
        close(workers->news);
        work(workers, number, results, news);
    }
    close(results);
    return worker->pid > 0;
}

static void stop_workers(struct workers *workers)
{
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->list[i].pid > 0)
            kill(workers->list[i].pid, SIGINT);
}

/* Until the last worker has closed its end. */
static void follow(struct workers *workers)
{
    bool stopped = false;
    for (;;) {
        uint16_t number;
        ssize_t size = read(workers->news, &number, sizeof(number));
        if (size == 0)
            return;
        if (size == (ssize_t)sizeof(number) && number < workers->count) {
            struct worker *worker = &workers->list[number];
            worker->lost = worker->lost || !take_result(workers, worker->results);
        }
        if (!stopped &&
            (workers->told_to_stop || workers->plan->is_interrupted(workers->plan->owner))) {
            stop_workers(workers);
            stopped = true;
        }
    }
}

/* What a worker left undone although nobody stopped it has no verdict but this. */
static void note_lost_items(struct workers *workers, unsigned number, int status)
{
    char sentence[128];
    const char *const sentences[] = {sentence};
    const struct case_outcome outcome = {
        .verdict = VERDICT_ERROR, .sentences = sentences, .sentence_count = 1};
    snprintf(sentence, sizeof(sentence), "the process that played this case ended with %s %d",
             WIFSIGNALED(status) ? "signal" : "code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    for (size_t i = number; i < workers->plan->count; i += workers->count) {
        if (workers->store->results[i].verdict != VERDICT_SKIPPED)
            continue;
        const struct case_result *result =
            result_store_keep(workers->store, i, &outcome, workers->plan->seed);
        if (workers->plan->on_result != NULL)
            workers->plan->on_result(workers->plan->owner, result);
    }
}

static void reap(struct workers *workers)
{
    for (unsigned i = 0; i < workers->count; i++) {
        struct worker *worker = &workers->list[i];
        int status = 0;
        while (worker->pid > 0 && waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        if (worker->results != NULL)
            fclose(worker->results);
        if (worker->pid > 0 && (status != 0 || worker->lost))
            note_lost_items(workers, i, status);
    }
}

bool workers_play(const struct run_plan *plan, struct result_store *store, unsigned count)
{
    int ends[2];
    struct workers *workers = calloc(1, sizeof(*workers));
    check(count >= 1);
    check(count <= WORKERS_MAX);
    if (workers == NULL || pipe2(ends, O_CLOEXEC) != 0) {
        free(workers);
        return false;
    }
    workers->plan = plan;
    workers->store = store;
    workers->count = count;
    workers->news = ends[0];
    region_init(&workers->region, CASE_BYTES_MAX);
    fflush(NULL); /* or each process would write what waits in our buffers */
    bool fine = true;
    for (unsigned i = 0; i < count && fine; i++)
        fine = start_worker(workers, i, ends[1]);
    close(ends[1]);
    if (!fine)
        stop_workers(workers);
    follow(workers);
    reap(workers);
    close(ends[0]);
    region_release(&workers->region);
    free(workers);
    return fine;
}
