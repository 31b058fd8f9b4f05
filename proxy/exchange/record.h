/*
 * What happened in one exchange: the one structured record that the log, the reports, the oracle and the tests
 * read. A plain value, filled by the exchange, never read by it.
 */
#ifndef PROXY_EXCHANGE_RECORD_H
#define PROXY_EXCHANGE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/policy/limits.h"
#include "proxy/policy/retry.h"
#include "world/base/failure.h"

enum {
    RECORD_ATTEMPTS_MAX = RETRIES_MAX + 1,
    RECORD_METHOD_BYTES = 24,  /* the longest registered method has 17 */
    RECORD_TARGET_BYTES = 128, /* enough to know a request again; longer ones are cut */
};

struct attempt_record {
    unsigned upstream; /* index in the settings */
    bool reused;       /* on a connection from the pool */
    uint64_t begun_ns;
    uint64_t ended_ns;
    uint64_t tx;                    /* request bytes accepted by the lowest layer */
    uint64_t rx;                    /* response bytes received */
    struct failure failure;         /* cause NONE: the attempt succeeded */
    struct retry_decision decision; /* what was decided after it; meaningful if it failed */
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
    unsigned attempt_count;
    struct attempt_record attempts[RECORD_ATTEMPTS_MAX];
};

#endif
