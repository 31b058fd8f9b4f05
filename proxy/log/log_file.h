/*
 * The SQLite file of a request log as its one writer sees it: rows in a transaction, and putting it aside.
 *
 * WAL with synchronous=NORMAL: what was committed survives a kill of the process, and the file is never broken;
 * a loss of power may take the last transactions.
 *
 * Ownership: the opener closes. Threads: one at a time.
 */
#ifndef PROXY_LOG_LOG_FILE_H
#define PROXY_LOG_LOG_FILE_H

#include "proxy/log/log_batch.h"

struct log_file;

enum log_outcome {
    LOG_WRITTEN,
    LOG_TRY_AGAIN, /* nothing was written; the disk is full, or another program holds the file */
    LOG_REFUSED,   /* nothing was written, and never will be */
};

/* Some rows of a batch. */
struct log_part {
    const struct log_batch *batch;
    size_t first;
    size_t count;
};

/* NULL, and error is a sentence with the path in it. */
MUST_USE struct log_file *log_file_open(const char *path, char error[REQUEST_LOG_ERROR_BYTES]);
void log_file_close(struct log_file **file);
/* All of them in one transaction, or none. */
enum log_outcome log_file_write(struct log_file *file, const struct log_part *part);
/* How large it is, with what still waits in the write-ahead log for its place. */
uint64_t log_file_bytes(struct log_file *file);
/*
 * FILE becomes FILE.1, that one FILE.2, and so on; what was FILE.REQUEST_LOG_FILES_MAX is gone. A new FILE is begun, whose ids go on.
 * False, and nothing is changed, while another connection has the file open: it would go on under the old name.
 */
bool log_file_put_aside(struct log_file *file);

#endif
