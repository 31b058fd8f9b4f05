/*
 * May a failed attempt be tried again? A pure function of facts, with its reason.
 *
 * Sources: acceptance matrix, sections 1 and 2; RFC 9110 9.2.2.
 */
#ifndef PROXY_POLICY_RETRY_H
#define PROXY_POLICY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "retryproof/policy.h"
#include "world/base/failure.h"

/* The facts of one failed attempt, or of one final head before it goes down; counters and settings only, no errno. */
struct retry_facts {
    unsigned conditions;  /* retry_conditions() of the settings */
    bool status_listed;   /* the final head's status is in retry_on_status */
    enum retry_wish wish; /* of a hook; RETRY_WAIT counts as RETRY_LEAVE */
    bool internal;        /* the proxy's own failure, or a hook's */
    enum stage stage;     /* where the attempt failed */
    enum cause cause;
    uint64_t tx;                  /* request bytes of this attempt accepted by the lowest layer */
    bool tx_known;                /* false: the lowest layer cannot tell, so "written" is assumed */
    uint64_t rx;                  /* response bytes of this attempt */
    bool reused;                  /* on a connection that had served before */
    uint64_t response_bytes_down; /* bytes of a final response that entered the downstream window */
    bool interim_forwarded;       /* a 1xx other than 100 of this exchange went down */
    bool client_gone;
    bool client_at_fault; /* it is there, but what it sent was wrong or late */
    bool method_idempotent;
    bool body_replayable; /* no body byte was taken from the window, or a complete copy exists */
    bool retry_non_idempotent; /* the route opted in */
    unsigned attempts_made;    /* including this one; at least 1 */
    unsigned retries_max;
    bool deadline_passed;
    bool deadline_near; /* it passes before the back-off ends */
    bool budget_empty;
};

/*
 * In this order:
 *  1. gates: no attempt (stage route), retries off, client gone, response started, tunnel, interim sent (100 does not bar
 *     a retry, 103 does), attempts used up, deadline, deadline near;
 *  2. the wish of a hook to give up;
 *  3. the policy, unless a hook wishes to try again: its conditions, or retry_on_status at stage status;
 *  4. the gates that matter where something would be tried again, so that a policy that forbids it anyway is the better
 *     reason: a method that is not idempotent and a byte that may have been written, the body, the budget.
 * A byte that was counted is a byte written, whatever the stage. facts->attempts_made >= 1, unless the stage is route.
 */
struct retry_decision retry_decide(const struct retry_facts *facts);

#endif
