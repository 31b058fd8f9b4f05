/*
 * The `expect` of a scenario as values. Pure reading; judging is harness/verdict/judge.
 *
 * Ownership: text and arrays live in the region that was given.
 */
#ifndef HARNESS_SUITE_EXPECTATION_H
#define HARNESS_SUITE_EXPECTATION_H

#include "harness/hooks/hook_name.h"
#include "harness/suite/expected_claim.h"
#include "world/data/number_rule.h"
#include "world/data/yaml.h"

enum expected_tally {
    TALLY_ATTEMPTS,
    TALLY_DELIVERED,
    TALLY_BEGUN,
    TALLY_CONNECTIONS,
    TALLY_OPEN,
    TALLY_HANDSHAKES, /* of TLS, that were completed */
    TALLY_RESUMED,    /* those among them that resumed a session */
    TALLY_COUNT
};
/* The key in `expect`: "attempts", "delivered", ... */
const char *tally_word(enum expected_tally tally);

/* The keys of `expect`; those of the tallies come first, in their order. */
#define EXPECT_KEY_LIST(X)            \
    X(ATTEMPTS, "attempts")           \
    X(DELIVERED, "delivered")         \
    X(BEGUN, "begun")                 \
    X(CONNECTIONS, "connections")     \
    X(OPEN, "open")                   \
    X(HANDSHAKES, "handshakes")       \
    X(RESUMED, "resumed")             \
    X(RECEIVED, "received")           \
    X(CLIENT, "client")               \
    X(CLIENTS, "clients")             \
    X(HELD, "held")                   \
    X(MEMORY_GROWTH, "memory_growth") \
    X(WITHIN, "within")               \
    X(AFTER, "after")                 \
    X(RECORD, "record")               \
    X(HOOKS, "hooks")                 \
    X(HOOKS_WITHIN, "hooks_within")   \
    X(SUMMARY, "summary")             \
    X(SUPPRESSED, "suppressed")       \
    X(LOG, "log")                     \
    X(TUNNEL, "tunnel")               \
    X(LOOKUPS, "lookups")             \
    X(SNI, "sni")                     \
    X(FAULTS, "faults")

enum expect_key {
#define EXPECT_KEY_ENUM(name, word) EXPECT_##name,
    EXPECT_KEY_LIST(EXPECT_KEY_ENUM)
#undef EXPECT_KEY_ENUM
        EXPECT_KEY_COUNT
};

struct expected_header {
    const char *name;
    const char *value; /* NULL: the field must be absent */
    struct expected_header *next;
};

/* The last request at an upstream. NULL and false members ask nothing. */
struct expected_request {
    const char *method;
    const char *target;
    const char *framing; /* "none", "content-length", "chunked" */
    bool body_same;      /* identical with the client's */
    struct number_rule body;
    const struct expected_header *headers;
};

struct expected_upstream {
    struct number_rule tallies[TALLY_COUNT];
    const char *sni; /* the server name in each handshake; "none": no name; NULL: not asked */
    const struct expected_request *received; /* may be NULL */
};

enum expected_closing { CLOSING_ANY, CLOSING_FIN, CLOSING_RST, CLOSING_OPEN };

/* TLS on a client's connection. NULL and false members ask nothing. */
struct expected_tls {
    const char *version; /* "1.2", "1.3" */
    const char *alpn;    /* "none": no protocol was agreed on */
    const char *detail;  /* what broke the handshake, as the client saw it */
    bool failed_set;
    bool failed;
    bool resumed_set;
    bool resumed;
};

/* One response at a client. status_none and a rule exclude each other. */
struct expected_response {
    bool status_none;    /* no byte of a response */
    bool status_gateway; /* 502, 503 or 504 */
    struct number_rule status;
    bool complete_set;
    bool complete;
    enum expected_closing closed;
    struct number_rule body;
    const char *from; /* the upstream whose response this is */
    const struct expected_header *headers;
    bool trailers_set;
    const struct expected_header *trailers; /* all of them */
    struct number_rule *interim;            /* one rule per 1xx, in order; NULL: not asked */
    size_t interim_count;
    const char *error;              /* the word in Proxy-Status' details */
    const char *cause;              /* the error type in Proxy-Status */
    const struct expected_tls *tls; /* of its connection; NULL: not asked */
    unsigned line;                  /* where it stands */
};

struct expected_client {
    const struct expected_response *responses;
    size_t count;
    bool listed; /* a list asks for exactly so many responses; a single map speaks of the last */
};

/* The calls of hooks, exchange after exchange. Lists live in the region. */
struct expected_hooks {
    bool whole_set;
    const enum hook_name *whole; /* all of them */
    size_t whole_count;
    const enum hook_name *within; /* those among them, in that order; others may come between */
    size_t within_count;
};

/* The stream of bytes that were no HTTP: in the last connection that became a tunnel. */
struct expected_tunnel {
    struct number_rule up;   /* bytes of it that reached the upstream */
    struct number_rule down; /* and the client */
    bool same_set;
    bool same; /* every byte that one end sent reached the other, and no others */
};

struct expected_lookup {
    const char *name;
    struct number_rule count; /* questions for its IPv4 addresses */
    struct expected_lookup *next;
};

struct expectation {
    struct number_rule attempts;           /* of all upstreams together */
    struct expected_upstream *upstreams;   /* one per upstream of the scenario, in its order */
    const struct expected_client *clients; /* one per client of the scenario, in its order */
    uint64_t held_max;                     /* UINT64_MAX: not asked */
    uint64_t memory_growth_max;            /* UINT64_MAX: not asked */
    uint64_t within_ns;                    /* TIME_NEVER: not asked */
    uint64_t after_ns;                     /* 0: not asked */
    const struct expected_record *record;  /* NULL: not asked */
    const struct expected_log *log;        /* NULL: not asked, and no log is written */
    const struct expected_tunnel *tunnel;  /* NULL: not asked */
    const struct expected_lookup *lookups;
    struct number_rule faults; /* how many of the scenario's `faults` took place */
    struct expected_hooks hooks;
    const char *summary; /* the record's, of the last exchange; NULL: not asked */
    bool suppressed_set;
    bool suppressed;                  /* the same */
    unsigned lines[EXPECT_KEY_COUNT]; /* where each key stands in its file; 0: it does not */
};

/* The names an expectation may speak of, NULL-terminated, in the scenario's order. */
struct expectation_names {
    const char *const *upstreams;
    const char *const *clients;
    const char *const *hosts; /* that the case's name server knows */
};

MUST_USE bool expectation_read(struct region *region, const struct yaml_node *node,
                               const struct expectation_names *names, struct expectation *out,
                               struct yaml_error *error);

#endif
