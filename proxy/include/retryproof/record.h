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

struct proxy_settings;

enum {
    RECORD_ATTEMPTS_MAX = RETRIES_MAX + 1,
    RECORD_METHOD_BYTES = 24,  /* the longest registered method has 17 */
    RECORD_TARGET_BYTES = 128, /* enough to know a request again; longer ones are cut */
    RECORD_HOST_BYTES = 128,   /* the same */
    RECORD_DIALS_MAX = 64,     /* four addresses each of sixteen attempts */
};

/* What a request asked the proxy to do. */
#define EXCHANGE_KIND_LIST(X)                                        \
    X(REVERSE, "reverse") /* origin-form: the proxy is the server */ \
    X(FORWARD, "forward") /* absolute-form: it goes where it says */ \
    X(CONNECT, "connect") /* a tunnel to where it says */            \
    X(UPGRADE, "upgrade") /* one of the first two, with an upgrade to another protocol */

enum exchange_kind {
#define EXCHANGE_KIND_ENUM(name, word) EXCHANGE_##name,
    EXCHANGE_KIND_LIST(EXCHANGE_KIND_ENUM)
#undef EXCHANGE_KIND_ENUM
        EXCHANGE_KIND_COUNT
};

/*
 * Which part of a tunnel ended it, in an attempt that came as far as one. The last three are how a tunnel that both sides
 * ended in peace can be told from one that was of use.
 */
#define TUNNEL_PHASE_LIST(X)                                                                 \
    X(NONE, "none")             /* no tunnel, or one with bytes both ways that ended well */ \
    X(REPLY, "reply")           /* the 200 or the 101 was on its way to the client */        \
    X(UP, "up")                 /* client to upstream */                                     \
    X(DOWN, "down")             /* upstream to client */                                     \
    X(IDLE, "idle")             /* nothing moved for idle_timeout */                         \
    X(NO_TRAFFIC, "no-traffic") /* it ended well, and no byte went either way */             \
    X(NO_UP, "no-up")           /* none went to the upstream */                              \
    X(NO_DOWN, "no-down")       /* none went to the client */

enum tunnel_phase {
#define TUNNEL_PHASE_ENUM(name, word) TUNNEL_##name,
    TUNNEL_PHASE_LIST(TUNNEL_PHASE_ENUM)
#undef TUNNEL_PHASE_ENUM
        TUNNEL_PHASE_COUNT
};

/* Never NULL. */
const char *exchange_kind_word(enum exchange_kind kind);
const char *tunnel_phase_word(enum tunnel_phase phase);

/* An address of an upstream's name that failed, while others of the same name were left (decision 7 of the design). */
struct dial_record {
    unsigned attempt; /* from 1 */
    struct address address;
    enum cause cause;
    int os_error;
};

struct attempt_record {
    unsigned
        upstream; /* index in the settings; UPSTREAM_OTHER: the request's own target, or a hook's */
    struct address address; /* of the connection; family 0: none was made */
    bool reused;            /* on a connection from the pool */
    bool tls;
    bool tls_resumed;
    enum tunnel_phase tunnel;
    uint64_t begun_ns;
    uint64_t ended_ns;
    uint64_t tx;            /* request bytes accepted by the lowest layer */
    uint64_t rx;            /* response bytes received */
    struct failure failure; /* cause NONE: the attempt succeeded */
    const char *detail; /* static: more than the cause says, "certificate has expired"; or NULL */
    unsigned status;    /* of its final head; 0: none came */
    struct retry_decision
        decision;        /* says something if the attempt failed, or if retry or reason is not 0 */
    uint64_t backoff_ns; /* waited before the next attempt */
};

struct exchange_record {
    uint64_t id; /* counts from 1 per proxy */
    const struct proxy_settings
        *settings; /* those it ran under; they live until on_record and the hook logging return */
    enum exchange_kind kind;
    struct address client;
    char route[ROUTE_NAME_BYTES]; /* empty: none was found */
    char user[USER_NAME_BYTES];   /* who was let in; empty: nobody was asked */
    char host[RECORD_HOST_BYTES]; /* the authority that was asked for, "a.test:8080" */
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
    uint64_t tunnel_up_bytes;     /* written to the upstream in a tunnel */
    uint64_t tunnel_down_bytes;   /* and to the client */
    uint64_t held_bytes_peak;     /* most body bytes held at one moment, both directions added */
    uint64_t replay_bytes_peak;   /* most body bytes kept for a retry */
    bool
        error_suppressed; /* the hook suppress_error_log said so: the failure is not worth a line */
    char summary
        [SUMMARY_BYTES]; /* of the hook request_summary, where an error is to be logged; or empty */
    struct dial_record dials[RECORD_DIALS_MAX];
    unsigned dial_count;
    unsigned dials_lost; /* more than there was room for */
    unsigned attempt_count;
    struct attempt_record attempts[RECORD_ATTEMPTS_MAX];
};

#endif
