/*
 * The request log that a case's proxy writes where the case asks what is in it: a real one, in a folder of its own.
 *
 * Ownership: embedded. The folder is made by case_log_open() and removed, with all that is in it, by case_log_close().
 * What was read lives in the region that was given.
 * Errors: a sentence.
 */
#ifndef HARNESS_CAST_CASE_LOG_H
#define HARNESS_CAST_CASE_LOG_H

#include "proxy/log/log_reader.h"
#include "proxy/log/request_log.h"
#include "world/base/region.h"

enum {
    CASE_LOG_ROWS_MAX = 1024, /* of one case; a sentence about more is about load */
    CASE_LOG_FOLDER_BYTES = 64,
};

/* All zero: none is open. */
struct case_log {
    struct request_log *log;
    char folder[CASE_LOG_FOLDER_BYTES];
    char path[CASE_LOG_FOLDER_BYTES + 16];
};

/* What was read of it. */
struct case_log_rows {
    struct log_row *list; /* oldest first */
    size_t count;
};

/* in_caller: without a thread, for the simulation. */
MUST_USE bool case_log_open(struct case_log *log, bool in_caller,
                            char error[REQUEST_LOG_ERROR_BYTES]);
static inline bool case_log_is_open(const struct case_log *log)
{
    return log->log != NULL;
}

/* Writes what waits, and reads all rows back. */
MUST_USE bool case_log_read(struct case_log *log, struct region *region, struct case_log_rows *out,
                            char error[REQUEST_LOG_ERROR_BYTES]);

/* Harmless when none is open. */
void case_log_close(struct case_log *log);

#endif
