/*
 * Counters over all exchanges, from their records; and their text for Prometheus.
 *
 * Ownership: a plain value of a fixed size, all zero at the beginning.
 */
#ifndef PROXY_ADMIN_METRICS_H
#define PROXY_ADMIN_METRICS_H

#include <stdint.h>

#include "retryproof/record.h"

enum { METRICS_STATUSES = 600 }; /* 0: nobody was left to be answered */

struct metrics {
    uint64_t exchanges[EXCHANGE_KIND_COUNT];
    uint64_t statuses[METRICS_STATUSES];
    uint64_t attempts;
    uint64_t retries[RETRY_REASON_COUNT];        /* attempts tried again, by why */
    uint64_t refusals[RETRY_REASON_COUNT];       /* failed attempts that were not, by why */
    uint64_t failures[STAGE_COUNT][CAUSE_COUNT]; /* of attempts, and of exchanges without one */
    uint64_t request_bytes;
    uint64_t response_bytes;
    uint64_t held_bytes_peak; /* the largest of any exchange */
    uint64_t replay_bytes_peak;
};

void metrics_note(struct metrics *metrics, const struct exchange_record *record);

#endif
