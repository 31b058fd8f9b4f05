/*
 * Counters over all exchanges, from their records; and their text for Prometheus, with what is alive now beside them.
 *
 * Ownership: a plain value of a fixed size, all zero at the beginning.
 */
#ifndef PROXY_ADMIN_METRICS_H
#define PROXY_ADMIN_METRICS_H

#include <stdint.h>

#include "proxy/admin/admin_reply.h"
#include "proxy/log/request_log.h"
#include "retryproof/proxy.h"
#include "retryproof/record.h"

enum {
    METRICS_STATUSES =
        1000, /* whatever three digits an upstream says; 0: nobody was left to be answered */
};

struct metrics {
    uint64_t exchanges[EXCHANGE_KIND_COUNT];
    uint64_t statuses[METRICS_STATUSES];
    uint64_t attempts;
    uint64_t retries[RETRY_REASON_COUNT];  /* attempts tried again, by why */
    uint64_t refusals[RETRY_REASON_COUNT]; /* failed attempts that were not, by why */
    /* Of attempts; and of exchanges whose last attempt did not fail, or that had none. */
    uint64_t failures[STAGE_COUNT][CAUSE_COUNT];
    uint64_t request_bytes;
    uint64_t response_bytes;
    uint64_t held_bytes_peak; /* the largest of any exchange */
    uint64_t replay_bytes_peak;
};

void metrics_note(struct metrics *metrics, const struct exchange_record *record);

/* What one page of metrics tells. */
struct metrics_view {
    const struct metrics *metrics;
    const struct proxy_census *census;
    const struct request_log_counts *log; /* NULL: there is no log */
};

/* Prometheus text, version 0.0.4; of label combinations those alone that have been counted. */
void metrics_write(const struct metrics_view *view, struct admin_reply *reply);

#endif
