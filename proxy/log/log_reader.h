/*
 * Reads a request log, also while it is being written: newest rows first, by filters, a page at a time.
 *
 * What was put aside is read too, the newer file first, so that pages go on over all of them. Files are opened for each
 * answer and closed behind it, because a log that somebody has open is not put aside.
 *
 * Ownership: the opener closes.
 */
#ifndef PROXY_LOG_LOG_READER_H
#define PROXY_LOG_LOG_READER_H

#include "proxy/log/request_log.h"

enum {
    LOG_PAGE_ROWS_DEFAULT = 50,
    LOG_PAGE_ROWS_MAX =
        500, /* rows of one answer; more is for a program that reads the file itself */
};

/* Words are those of the columns; NULL or 0: any. */
struct log_filter {
    unsigned status;
    const char *stage; /* "dial" */
    const char *cause; /* "connection_refused" */
    const char *route;
    int retried;       /* 1: those tried again; -1: those that were not; 0: any */
    int64_t before_id; /* rows older than this one; 0: from the newest on */
    unsigned rows;     /* 0: LOG_PAGE_ROWS_DEFAULT */
};

/* One row; texts live until the callback returns, and are "" where there is nothing to say. */
struct log_row {
    int64_t id;
    uint64_t ended_unix_ns;
    uint64_t duration_ns;
    const char *kind; /* exchange_kind_word() */
    const char *route;
    const char *client; /* "127.0.0.1:4711" */
    const char *user;
    const char *method;
    const char *host;
    const char *target;
    unsigned status;   /* 0: none was sent */
    const char *error; /* AUTH_REQUIRED and such */
    const char *stage; /* where the exchange failed; "" when it went well */
    const char *cause;
    const char *tunnel; /* tunnel_phase_word() of the last attempt, "" without a tunnel */
    const char *summary;
    uint64_t request_bytes;  /* body and tunnel, from the client */
    uint64_t response_bytes; /* body and tunnel, to the client */
    uint64_t held_bytes_peak;
    unsigned retry_attempts;   /* attempts after the first: 0 for one that was not tried again */
    const char *retry_details; /* a JSON array, an object for each attempt; see docs/log.md */
};

struct log_reader;

/* NULL, and error is a sentence, when the file cannot be read. */
MUST_USE struct log_reader *log_reader_open(const char *path, char error[REQUEST_LOG_ERROR_BYTES]);
void log_reader_close(struct log_reader **reader);

typedef void log_row_callback(void *owner, const struct log_row *row);

/* Calls back for each row of the page, newest first. False, and error is a sentence, when reading failed. */
MUST_USE bool log_reader_page(struct log_reader *reader, const struct log_filter *filter,
                              log_row_callback *on_row, void *owner,
                              char error[REQUEST_LOG_ERROR_BYTES]);
/* The row of that id: 1 and one call back, 0 when there is none, -1 and error when reading failed. */
MUST_USE int log_reader_row(struct log_reader *reader, int64_t id, log_row_callback *on_row,
                            void *owner, char error[REQUEST_LOG_ERROR_BYTES]);

#endif
