#include "proxy/log/request_log.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/log/log_batch.h"
#include "proxy/log/log_file.h"
#include "world/world.h"

enum { TRIES_MAX = 3 }; /* of one transaction; a disk that stays full must not hold up the end */

/*
 * Two batches: the caller fills one while the thread writes the other, so the mutex is held only while a row is copied or
 * the two are exchanged.
 */
struct request_log {
    bool in_caller;
    uint64_t bytes_max;
    struct log_file *file; /* the thread's */
    struct log_batch batches[2];
    struct log_batch *writing; /* the thread's */
    pthread_t thread;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t
        work; /* for the thread: the first row came, the batch is full, or somebody waits */
    pthread_cond_t idle; /* for the caller: rows are done with */
    struct log_batch *filling;
    size_t waiting; /* rows of both batches that are not done with */
    bool hurry;     /* the caller waits for them */
    bool ending;
    struct request_log_counts counts;
};

static size_t queue(struct request_log *log, const struct log_source *source);
static bool make_locks(struct request_log *log);
static bool start_thread(struct request_log *log);
static void *write_until_end(void *owner);
static void write_filled(struct request_log *log);
static void destroy(struct request_log **log);

struct request_log *request_log_open(const struct request_log_options *options,
                                     char error[REQUEST_LOG_ERROR_BYTES])
{
    struct request_log *log = calloc(1, sizeof(*log));
    bool ready;

    if (log == NULL) {
        snprintf(error, REQUEST_LOG_ERROR_BYTES, "the request log %s: out of memory",
                 options->path);
        return NULL;
    }
    log->in_caller = options->in_caller;
    log->bytes_max = options->bytes_max;
    log->filling = &log->batches[0];
    log->writing = &log->batches[1];
    ready = make_locks(log);
    check(ready);
    log->file = log_file_open(options->path, error);
    if (log->file == NULL) {
        destroy(&log);
        return NULL;
    }
    if (!log_batch_init(&log->batches[0]) || !log_batch_init(&log->batches[1]) ||
        (!log->in_caller && !start_thread(log))) {
        snprintf(error, REQUEST_LOG_ERROR_BYTES,
                 "the request log %s: no memory or no thread to write it", options->path);
        destroy(&log);
    }
    return log;
}

void request_log_close(struct request_log **log)
{
    request_log_flush(*log);
    if (!(*log)->in_caller) {
        pthread_mutex_lock(&(*log)->mutex);
        (*log)->ending = true;
        pthread_cond_signal(&(*log)->work);
        pthread_mutex_unlock(&(*log)->mutex);
        pthread_join((*log)->thread, NULL);
    }
    destroy(log);
}

void request_log_add(struct request_log *log, const struct exchange_record *record,
                     const struct proxy_settings *settings, uint64_t ended_unix_ns)
{
    const struct log_source source = {
        .record = record, .settings = settings, .ended_unix_ns = ended_unix_ns};
    size_t filled = queue(log, &source);

    if (log->in_caller && (filled == 0 || filled >= REQUEST_LOG_BATCH_ROWS))
        write_filled(log);
    if (log->in_caller && filled == 0)
        filled = queue(log, &source);
    pthread_mutex_lock(&log->mutex);
    log->counts.added++;
    if (filled == 0)
        log->counts.overflowed++;
    pthread_mutex_unlock(&log->mutex);
}

void request_log_flush(struct request_log *log)
{
    if (log->in_caller) {
        write_filled(log);
        return;
    }
    pthread_mutex_lock(&log->mutex);
    log->hurry = true;
    pthread_cond_signal(&log->work);
    while (log->waiting > 0)
        pthread_cond_wait(&log->idle, &log->mutex);
    log->hurry = false;
    pthread_mutex_unlock(&log->mutex);
}

void request_log_count(struct request_log *log, struct request_log_counts *out)
{
    pthread_mutex_lock(&log->mutex);
    *out = log->counts;
    pthread_mutex_unlock(&log->mutex);
}

/* How many rows the batch has with this one; 0 when there was no room. */
static size_t queue(struct request_log *log, const struct log_source *source)
{
    size_t filled = 0;

    pthread_mutex_lock(&log->mutex);
    if (log->waiting < REQUEST_LOG_QUEUE_ROWS && log_batch_add(log->filling, source)) {
        filled = log->filling->count;
        log->waiting++;
        /* The thread waits for these two alone; telling it of each row would cost a system call each. */
        if (filled == 1 || filled == REQUEST_LOG_BATCH_ROWS)
            pthread_cond_signal(&log->work);
    }
    pthread_mutex_unlock(&log->mutex);
    return filled;
}

/* ---- beginning and end ---- */

/* None of these fails on the systems we know; an error would be our own. */
static bool make_locks(struct request_log *log)
{
    pthread_condattr_t monotonic;

    return pthread_mutex_init(&log->mutex, NULL) == 0 && pthread_cond_init(&log->idle, NULL) == 0 &&
           pthread_condattr_init(&monotonic) == 0 &&
           pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&log->work, &monotonic) == 0 &&
           pthread_condattr_destroy(&monotonic) == 0;
}

/* Signals are for the thread that runs the world. */
static bool start_thread(struct request_log *log)
{
    sigset_t all;
    sigset_t former;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    started = pthread_create(&log->thread, NULL, write_until_end, log) == 0;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return started;
}

static void destroy(struct request_log **log)
{
    if ((*log)->file != NULL)
        log_file_close(&(*log)->file);
    log_batch_release(&(*log)->batches[0]);
    log_batch_release(&(*log)->batches[1]);
    pthread_cond_destroy(&(*log)->work);
    pthread_cond_destroy(&(*log)->idle);
    pthread_mutex_destroy(&(*log)->mutex);
    free(*log);
    *log = NULL;
}

/* ---- the thread ---- */

static struct timespec flush_time(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(REQUEST_LOG_FLUSH_MS * NS_PER_MS);
    if (at.tv_nsec >= (long)NS_PER_S) {
        at.tv_nsec -= (long)NS_PER_S;
        at.tv_sec++;
    }
    return at;
}

/* Until that time, or until somebody waits. The mutex is held. */
static void wait_for_company(struct request_log *log, size_t rows_enough)
{
    struct timespec at = flush_time();

    while (log->filling->count < rows_enough && !log->hurry && !log->ending)
        if (pthread_cond_timedwait(&log->work, &log->mutex, &at) != 0)
            return;
}

static void *write_until_end(void *owner)
{
    struct request_log *log = owner;
    bool ending = false;

    while (!ending) {
        pthread_mutex_lock(&log->mutex);
        while (log->filling->count == 0 && !log->ending)
            pthread_cond_wait(&log->work, &log->mutex);
        wait_for_company(log, REQUEST_LOG_BATCH_ROWS);
        ending = log->ending;
        pthread_mutex_unlock(&log->mutex);
        write_filled(log);
    }
    return NULL;
}

static enum log_outcome write_part(struct request_log *log, const struct log_part *part)
{
    enum log_outcome outcome = log_file_write(log->file, part);

    for (unsigned tries = 1; outcome == LOG_TRY_AGAIN && tries < TRIES_MAX; tries++) {
        if (!log->in_caller) {
            pthread_mutex_lock(&log->mutex);
            wait_for_company(log, SIZE_MAX);
            pthread_mutex_unlock(&log->mutex);
        }
        outcome = log_file_write(log->file, part);
    }
    return outcome;
}

static void note_done(struct request_log *log, size_t rows, bool written)
{
    pthread_mutex_lock(&log->mutex);
    if (written)
        log->counts.written += rows;
    else
        log->counts.failed += rows;
    log->waiting -= rows;
    pthread_cond_signal(&log->idle);
    pthread_mutex_unlock(&log->mutex);
}

static void put_aside_if_large(struct request_log *log)
{
    if (log->bytes_max == 0 || log_file_bytes(log->file) <= log->bytes_max ||
        !log_file_put_aside(log->file))
        return;
    pthread_mutex_lock(&log->mutex);
    log->counts.put_aside++;
    pthread_mutex_unlock(&log->mutex);
}

/* Exchanges the batches and writes what was filled, a transaction after the other. */
static void write_filled(struct request_log *log)
{
    struct log_batch *batch;

    pthread_mutex_lock(&log->mutex);
    batch = log->filling;
    log->filling = log->writing;
    log->writing = batch;
    pthread_mutex_unlock(&log->mutex);
    for (size_t first = 0; first < batch->count; first += REQUEST_LOG_BATCH_ROWS) {
        size_t left = batch->count - first;
        const struct log_part part = {
            .batch = batch,
            .first = first,
            .count = left < REQUEST_LOG_BATCH_ROWS ? left : REQUEST_LOG_BATCH_ROWS};

        enum log_outcome outcome = write_part(log, &part);

        put_aside_if_large(log);
        note_done(log, part.count, outcome == LOG_WRITTEN);
    }
    log_batch_clear(batch);
}
