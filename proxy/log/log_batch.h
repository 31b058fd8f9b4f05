/*
 * Rows on their way into the request log: what a row needs of a record, copied, and its attempts beside it.
 *
 * A batch is filled by one thread and written by another, never both at once. Its memory is taken once and used from
 * its beginning each time, so a quiet proxy touches little of it.
 *
 * Ownership: embedded; the rows point to nothing but static words. Limits: REQUEST_LOG_QUEUE_ROWS and those below.
 */
#ifndef PROXY_LOG_LOG_BATCH_H
#define PROXY_LOG_LOG_BATCH_H

#include "proxy/log/request_log.h"

enum {
    LOG_BATCH_ATTEMPTS = 4 * REQUEST_LOG_QUEUE_ROWS, /* most exchanges have one */
    LOG_BATCH_DIALS = REQUEST_LOG_QUEUE_ROWS,        /* an address that fails is the exception */
};

struct log_attempt {
    struct attempt_record record;
    char upstream[UPSTREAM_NAME_BYTES]; /* empty: none of the settings' */
};

struct log_entry {
    uint64_t ended_unix_ns;
    uint64_t duration_ns;
    enum exchange_kind kind;
    struct address client;
    unsigned status;
    const char *error; /* static, or NULL */
    struct failure failure;
    const char *tunnel; /* static; NULL: no tunnel stood */
    uint64_t request_bytes;
    uint64_t response_bytes;
    uint64_t held_bytes_peak;
    char route[ROUTE_NAME_BYTES];
    char user[USER_NAME_BYTES];
    char host[RECORD_HOST_BYTES];
    char method[RECORD_METHOD_BYTES];
    char target[RECORD_TARGET_BYTES];
    char summary[SUMMARY_BYTES];
    size_t first_attempt; /* places in the batch's arrays */
    unsigned attempt_count;
    size_t first_dial;
    unsigned dial_count;
    unsigned dials_lost;
};

struct log_batch {
    struct log_entry *entries;
    size_t count;
    struct log_attempt *attempts;
    size_t attempt_count;
    struct dial_record *dials;
    size_t dial_count;
};

/* What request_log_add() is given. */
struct log_source {
    const struct exchange_record *record;
    const struct proxy_settings *settings;
    uint64_t ended_unix_ns;
};

/* False when memory ran out; log_batch_release() is right in any case. */
MUST_USE bool log_batch_init(struct log_batch *batch);
void log_batch_release(struct log_batch *batch);
/* False, and nothing is changed, when there is no room. */
MUST_USE bool log_batch_add(struct log_batch *batch, const struct log_source *source);
void log_batch_clear(struct log_batch *batch);

#endif
