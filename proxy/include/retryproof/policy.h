/*
 * The words of retry policies: when a failed attempt may be tried again, as values.
 *
 * A policy is a set of conditions. Two are built in, at-most-once and idempotent; presets that stand for other
 * systems are data files over the same conditions (docs/retries.md). Whatever the conditions, the gates stay shut:
 * see retry_reason.
 */
#ifndef RETRYPROOF_POLICY_H
#define RETRYPROOF_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum retry_policy {
    RETRY_AT_MOST_ONCE, /* only while not a byte of the request was written */
    RETRY_IDEMPOTENT, /* and afterwards, if the method is idempotent and the body can be sent again */
    RETRY_CONDITIONS, /* on the conditions of retry_settings.conditions, and no others */
};

/* How an attempt can fail, as far as policies tell it apart. The words are those of `retry_on` in a configuration. */
#define RETRY_CONDITION_LIST(X)                                                                    \
    X(CONNECT_FAILURE, "connect-failure") /* resolve, dial or handshake failed */                  \
    X(CONNECT_TIMEOUT, "connect-timeout") /* the same, by running out of time */                   \
    X(UNSENT, "unsent")                   /* connected, but not a byte of the request was taken */ \
    X(RESET, "reset")                     /* ended after a byte was written, before any came */    \
    X(PARTIAL_HEAD, "partial-head")       /* ended within the response head */                     \
    X(INVALID_HEAD, "invalid-head")       /* what came is no response head */                      \
    X(RESPONSE_TIMEOUT, "response-timeout") /* written, and no final head in time */               \
    X(REUSED, "reused") /* ended before any byte came, on a connection that had served before */

enum retry_condition {
#define RETRY_CONDITION_ENUM(name, word) RETRY_ON_##name,
    RETRY_CONDITION_LIST(RETRY_CONDITION_ENUM)
#undef RETRY_CONDITION_ENUM
        RETRY_CONDITION_COUNT
};

/* A set of conditions, a bit for each. */
#define RETRY_ON(condition) (1u << RETRY_ON_##condition)

/* Statuses from 400 to 599, a bit for each. All zero is the empty set. */
struct status_set {
    uint64_t bits[4];
};
enum { STATUS_SET_FIRST = 400, STATUS_SET_LAST = 599 };
/* False, and nothing is added, outside of 400 to 599: no other final status is an upstream's failure. */
bool status_set_add(struct status_set *set, unsigned status);
bool status_set_has(const struct status_set *set, unsigned status);
bool status_set_is_empty(const struct status_set *set);

/* Waiting before retry n: a random time between 0 and the smaller of max and base * 2^(n-1): full jitter. */
struct backoff_settings {
    uint64_t base_ns; /* 0: none */
    uint64_t max_ns;
};

/* How many exchanges may be at a further attempt at one moment: a share of those under way, but floor in any case. */
struct budget_settings {
    bool limited; /* false: as many as there are */
    unsigned share_percent;
    unsigned floor;
};

/* What decides about retries, but for the counts and times of one exchange. */
struct retry_settings {
    enum retry_policy policy;
    unsigned conditions;         /* of RETRY_CONDITIONS; otherwise 0 */
    struct status_set on_status; /* retry_on_status; not with at-most-once */
    bool on_reused;              /* retry_on_reused: RETRY_ON(REUSED) on top of the policy */
    bool
        non_idempotent; /* the route opts in: even what may have been applied, whatever the method */
    bool stay;          /* retry_other_upstream: false: the same upstream again */
    unsigned retries_max; /* further attempts after the first; 0 skips all of this */
    size_t
        replay_bytes; /* body bytes kept for a retry, up to REPLAY_BYTES_MAX; not with at-most-once */
    uint64_t per_try_timeout_ns; /* from the choice of an upstream to the final head; 0: none */
    uint64_t deadline_ns;        /* of the exchange as a whole; 0: none */
    struct backoff_settings backoff;
    struct budget_settings budget;
};

/* What a hook says about trying again. No hook can open a gate. */
enum retry_wish {
    RETRY_LEAVE, /* as the policy says */
    RETRY_AGAIN,
    RETRY_NEVER,
    RETRY_WAIT, /* upstream_response_decision alone: ask again when exchange_resume() was called */
};

/* Reasons are also what the record, the reports and the tests say; the words are stable. */
#define RETRY_REASON_LIST(X)                                                    \
    X(NOTHING_SENT, "nothing of the request was sent")                          \
    X(IDEMPOTENT, "method is idempotent and the body can be sent again")        \
    X(OPTED_IN, "route allows retrying non-idempotent requests")                \
    X(STATUS_LISTED, "status is one to retry")                                  \
    X(HOOK_ASKED, "a hook asked for it")                                        \
    X(NO_ATTEMPT, "no attempt was made, trying again changes nothing")          \
    X(RETRIES_OFF, "max_retries is 0")                                          \
    X(ATTEMPTS_USED_UP, "attempts are used up")                                 \
    X(DEADLINE_PASSED, "deadline has passed")                                   \
    X(DEADLINE_NEAR, "deadline passes before the back-off ends")                \
    X(BUDGET_EMPTY, "retry budget is empty")                                    \
    X(CLIENT_GONE, "client is gone")                                            \
    X(CLIENT_AT_FAULT, "the failure is the client's")                           \
    X(RESPONSE_STARTED, "a byte of the response went down")                     \
    X(INTERIM_SENT, "a 1xx response went down")                                 \
    X(TUNNEL, "tunnel stands")                                                  \
    X(STATUS, "the upstream answered")                                          \
    X(WRITTEN, "a byte of the request was written")                             \
    X(WRITTEN_UNKNOWN, "whether a byte was written is not known")               \
    X(RESPONSE_CAME_FIRST, "the response began before the request was written") \
    X(NOT_IDEMPOTENT, "method is not idempotent and a byte was written")        \
    X(BODY_NOT_REPLAYABLE, "body cannot be sent again")                         \
    X(NOT_A_CONDITION, "policy does not retry this failure")                    \
    X(HOOK_REFUSED, "a hook refused it")                                        \
    X(INTERNAL, "the failure is the proxy's own")

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

/* Never NULL. */
const char *retry_reason_sentence(enum retry_reason reason);
const char *retry_condition_word(enum retry_condition condition);
const char *retry_policy_word(enum retry_policy policy);

/* The conditions on which these settings retry, as a set; retry_on_reused is in it. */
unsigned retry_conditions(const struct retry_settings *settings);

enum selection_rule { SELECT_FIRST, SELECT_ROUND_ROBIN, SELECT_LEAST_CONNECTIONS };

#endif
