/*
 * The request log: a row per exchange in an SQLite file, for whoever asks later what a proxy did and how often it tried.
 *
 * Rows are copied when they are added and written in batches, by a thread of the log's own, so that the caller never
 * waits for a disk. The queue is bounded; what finds no room is counted and never dropped silently. A process that is killed
 * loses at most the last batch that was not written, and the file opens clean (WAL). A file of an older
 * schema is migrated when it is opened, one of a newer schema is refused. docs/log.md describes rows and files.
 *
 * Ownership: the opener closes. Threads: all calls are made from one thread; the log's own thread touches nothing of the
 * caller's. Limits: REQUEST_LOG_*.
 */
#ifndef PROXY_LOG_REQUEST_LOG_H
#define PROXY_LOG_REQUEST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retryproof/record.h"
#include "retryproof/settings.h"

enum {
    REQUEST_LOG_ERROR_BYTES = 512, /* a path, our words and those of the system */
    REQUEST_LOG_QUEUE_ROWS = 8192, /* rows that wait; a burst of a second */
    REQUEST_LOG_BATCH_ROWS = 1024, /* rows of one transaction at most */
    REQUEST_LOG_FLUSH_MS =
        200, /* a row waits no longer than so for others to join its transaction */
    REQUEST_LOG_FILES_MAX = 5, /* put-aside files that are kept: FILE.1 is the newest of them */
};

struct request_log_options {
    const char *path;
    uint64_t
        bytes_max; /* a file that has grown past it is put aside between two batches, once nobody else has it open; 0: never */
    bool
        in_caller; /* no thread: rows are written by request_log_flush() and when a batch is full; for the simulation */
};

struct request_log;

/* NULL, and error is a sentence with the path in it, when the file cannot be opened, is none of ours, or is of a newer schema. */
MUST_USE struct request_log *request_log_open(const struct request_log_options *options,
                                              char error[REQUEST_LOG_ERROR_BYTES]);
/* Writes what waits, then closes. Empties the caller's pointer. */
void request_log_close(struct request_log **log);

/*
 * Copies the record into the queue; never waits. settings are those the exchange ran under: upstreams' names are taken from them.
 * ended_unix_ns: when it ended by the wall clock.
 */
void request_log_add(struct request_log *log, const struct exchange_record *record,
                     const struct proxy_settings *settings, uint64_t ended_unix_ns);

/* Waits until every row added so far is in the file, or could not be written. For tests, reports and the end. */
void request_log_flush(struct request_log *log);

/* added is the sum of the next three and of those that still wait. */
struct request_log_counts {
    uint64_t added;
    uint64_t written;
    uint64_t overflowed; /* found no room in the queue */
    uint64_t failed;     /* the file could not take them, though each was tried more than once */
    uint64_t put_aside;  /* files */
};
void request_log_count(struct request_log *log, struct request_log_counts *out);

#endif
