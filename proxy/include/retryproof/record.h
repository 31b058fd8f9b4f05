/*
 * What happened in one exchange: the one structured record that the log, the reports, the oracle and the tests
 * read. A plain value, filled by the exchange, never read by it.
 */
#ifndef RETRYPROOF_RECORD_H
#define RETRYPROOF_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "retryproof/limits.h"
#include "retryproof/policy.h"
#include "world/base/failure.h"
#include "world/world.h"

enum {
    RECORD_ATTEMPTS_MAX = RETRIES_MAX + 1,
    RECORD_METHOD_BYTES = 24,  /* the longest registered method has 17 */
    RECORD_TARGET_BYTES = 128, /* enough to know a request again; longer ones are cut */
};

struct attempt_record {
    unsigned upstream;      /* index in the settings; UPSTREAM_OTHER if a hook named another */
    struct address address; /* of the connection; family 0: none was made */
    bool reused;            /* on a connection from the pool */
    uint64_t begun_ns;
    uint64_t ended_ns;
    uint64_t tx;            /* request bytes accepted by the lowest layer */
    uint64_t rx;            /* response bytes received */
    struct failure failure; /* cause NONE: the attempt succeeded */
    unsigned status;        /* of its final head; 0: none came */
    struct retry_decision
        decision;        /* says something if the attempt failed, or if retry or reason is not 0 */
    uint64_t backoff_ns; /* waited before the next attempt */
};

struct exchange_record {
    uint64_t id; /* counts from 1 per proxy */
    char method[RECORD_METHOD_BYTES];
    char target[RECORD_TARGET_BYTES];
    uint64_t begun_ns;
    uint64_t ended_ns;
    unsigned status; /* the final status sent to the client; 0: none */
    const char *
        error_word; /* UPSTREAM_TIMEOUT and such, static; NULL where the answer is the upstream's */
    struct failure failure;       /* the exchange's own end; cause NONE: delivered whole */
    uint64_t request_body_bytes;  /* read from the client, decoded */
    uint64_t response_body_bytes; /* written to the client, decoded */
    uint64_t held_bytes_peak;     /* most body bytes held at one moment, both directions added */
    uint64_t replay_bytes_peak;   /* most body bytes kept for a retry */
    bool
        error_suppressed; /* the hook suppress_error_log said so: the failure is not worth a line */
    char summary
        [SUMMARY_BYTES]; /* of the hook request_summary, where an error is to be logged; or empty */
    unsigned attempt_count;
    struct attempt_record attempts[RECORD_ATTEMPTS_MAX];
};

#endif
