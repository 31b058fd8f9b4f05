/*
 * May a failed attempt be tried again? A pure function of facts, with its reason.
 *
 * Sources: acceptance matrix, sections 1 and 2; RFC 9110 9.2.2.
 */
#ifndef PROXY_POLICY_RETRY_H
#define PROXY_POLICY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "world/base/failure.h"

enum retry_policy { RETRY_AT_MOST_ONCE, RETRY_IDEMPOTENT };

/* The facts of one failed attempt; counters and settings only, no errno. */
struct retry_facts {
    enum retry_policy policy;
    enum stage stage; /* where the attempt failed */
    enum cause cause;
    uint64_t tx;                  /* request bytes of this attempt accepted by the lowest layer */
    bool tx_known;                /* false: the lowest layer cannot tell, so "written" is assumed */
    uint64_t response_bytes_down; /* bytes of a final response that entered the downstream window */
    bool interim_forwarded;       /* a 1xx other than 100 of this exchange went down */
    bool continue_forwarded;      /* a 100 of this exchange went down */
    bool client_gone;
    bool method_idempotent;
    bool body_replayable; /* no body byte was taken from the window, or a complete copy exists */
    bool retry_non_idempotent; /* the route opted in */
    unsigned attempts_made;    /* including this one; at least 1 */
    unsigned retries_max;
    bool deadline_passed;
};

/* Reasons are also what the record, the reports and the tests say; the words are stable. */
#define RETRY_REASON_LIST(X)                                                    \
    X(NOTHING_SENT, "nothing of the request was sent")                          \
    X(IDEMPOTENT, "method is idempotent and the body can be sent again")        \
    X(OPTED_IN, "route allows retrying non-idempotent requests")                \
    X(NO_ATTEMPT, "no attempt was made, trying again changes nothing")          \
    X(RETRIES_OFF, "max_retries is 0")                                          \
    X(ATTEMPTS_USED_UP, "attempts are used up")                                 \
    X(DEADLINE_PASSED, "deadline has passed")                                   \
    X(CLIENT_GONE, "client is gone")                                            \
    X(RESPONSE_STARTED, "a byte of the response went down")                     \
    X(INTERIM_SENT, "a 1xx response went down")                                 \
    X(TUNNEL, "tunnel stands")                                                  \
    X(STATUS, "the upstream answered")                                          \
    X(WRITTEN, "a byte of the request was written")                             \
    X(WRITTEN_UNKNOWN, "whether a byte was written is not known")               \
    X(RESPONSE_CAME_FIRST, "the response began before the request was written") \
    X(NOT_IDEMPOTENT, "method is not idempotent and a byte was written")        \
    X(BODY_NOT_REPLAYABLE, "body cannot be sent again")

enum retry_reason {
#define RETRY_REASON_ENUM(name, sentence) RETRY_BECAUSE_##name,
    RETRY_REASON_LIST(RETRY_REASON_ENUM)
#undef RETRY_REASON_ENUM
        RETRY_REASON_COUNT
};

struct retry_decision {
    bool retry;
    enum retry_reason reason;
};

/*
 * Gates first, in this order: no attempt (stage route), retries off, client gone, response started, tunnel, stage
 * status, interim sent (100 does not bar a retry, 103 does), attempts used up, deadline; then the policy's row; then
 * the body, where the policy would retry: a policy that forbids the retry anyway is the better reason.
 * facts->attempts_made >= 1, unless the stage is route.
 */
struct retry_decision retry_decide(const struct retry_facts *facts);

const char *retry_reason_sentence(enum retry_reason reason);
const char *retry_policy_word(enum retry_policy policy);

#endif
