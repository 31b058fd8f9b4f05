/*
 * The attempts of one row as the JSON text of its column retry_details; docs/log.md names the fields.
 *
 * Limits: LOG_DETAILS_BYTES holds the longest text there can be: every attempt and every address that failed, with
 * nothing but bytes that must be escaped.
 */
#ifndef PROXY_LOG_LOG_DETAILS_H
#define PROXY_LOG_LOG_DETAILS_H

#include "proxy/log/log_batch.h"

enum {
    LOG_MESSAGE_BYTES = 128, /* of a message before escaping; the library's longest is half of it */
    LOG_ESCAPED_BYTES = 6,   /* a control character becomes \u001f */
    LOG_ATTEMPT_WORDS_BYTES = 1024, /* keys, numbers and words of one attempt; they take some 600 */
    LOG_DIAL_WORDS_BYTES = 256,     /* the same of an address */
    LOG_DETAILS_BYTES =
        RECORD_ATTEMPTS_MAX * (LOG_ATTEMPT_WORDS_BYTES +
                               LOG_ESCAPED_BYTES * (UPSTREAM_NAME_BYTES + LOG_MESSAGE_BYTES)) +
        RECORD_DIALS_MAX * (LOG_DIAL_WORDS_BYTES + LOG_ESCAPED_BYTES * LOG_MESSAGE_BYTES),
};

/* The length of the text, which ends with a NUL. */
size_t log_details_format(const struct log_batch *batch, const struct log_entry *entry,
                          char text[LOG_DETAILS_BYTES]);

#endif
