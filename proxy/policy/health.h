/*
 * Passive health of one upstream: a pure rule over its failures (decision 13).
 *
 * Three countable failures in a row put an upstream out for EJECT_MS; that is effective for later
 * exchanges. resolve, dial, handshake and pre-write failures and timeouts count; a status, a client's
 * cancel and mid-copy do not, nor does a dial for which we had no descriptor left.
 */
#ifndef PROXY_POLICY_HEALTH_H
#define PROXY_POLICY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "world/base/failure.h"

struct health {
    unsigned failures_in_row;
    uint64_t ejected_until_ns; /* 0 or past: in */
};

/* Whether this failure says something about the upstream's health. */
bool health_counts(const struct failure *failure);
/*
 * Notes the end of an attempt; failure is NULL for a success, which clears the row. A failure that does not count
 * changes nothing. The row goes on over an ejection: who fails at once when back is out again at once.
 */
void health_note(struct health *health, const struct failure *failure, uint64_t now_ns);
bool health_is_ejected(const struct health *health, uint64_t now_ns);

#endif
