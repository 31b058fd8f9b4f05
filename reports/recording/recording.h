/*
 * What was recorded of one case, so that it can be shown later without playing it again: who took part, every connection
 * with its bytes, what happened when, what the proxy decided, and what was expected beside what was seen.
 *
 * A result holds it as one line of JSON (docs/result.schema.json, $defs/recording): it is written once, where the case was
 * played, and every report carries or reads that text.
 *
 * Times are nanoseconds of the world since the case began. "up" is towards the upstream, "down" is towards the client, on
 * either side of the proxy.
 * Ownership: text, bytes and arrays are owned by whoever filled the value, and outlive what is made from it.
 * Limits: RECORDING_*; more is counted and said, never silently left out.
 */
#ifndef REPORTS_RECORDING_RECORDING_H
#define REPORTS_RECORDING_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/check.h"
#include "world/base/region.h"

enum {
    /* Kept of each direction: heads, and enough of a body. What goes in at one side of the proxy and out at the other stands
       twice in a recording, and within the 32 KiB that deflate looks back (RFC 1951 2), so that a page holds it once. */
    RECORDING_STREAM_BYTES_MAX = 8 * 1024,
    RECORDING_EVENTS_MAX = 1024, /* of one case; nobody reads more */
    RECORDING_ERROR_BYTES = 256,
};

/* A lane of the timeline. */
enum recording_role { ROLE_CLIENT, ROLE_PROXY, ROLE_UPSTREAM, ROLE_COUNT };
/* "client", "proxy", "upstream" */
const char *recording_role_word(enum recording_role role);

struct recording_lane {
    const char *name; /* "client", "proxy", "a" */
    enum recording_role role;
};

enum recording_way { WAY_UP, WAY_DOWN, WAY_COUNT };
/* "up", "down" */
const char *recording_way_word(enum recording_way way);

/* One direction of a connection. */
struct recording_stream {
    const uint8_t
        *data; /* the first of its bytes, as they were on the wire: under TLS, ciphertext */
    size_t size;
    uint64_t total; /* all that went */
    /* Under TLS: what the actor at its end handed to TLS, or got from it. Without TLS none. */
    const uint8_t *plain;
    size_t plain_size;
    uint64_t plain_total;
};

struct recording_connection {
    const char *name; /* "client#1", "a#2": as in the story */
    size_t lane; /* who is at its other end than the proxy, or than whoever stands in its place */
    const char *client_address; /* of whoever dialled, "127.0.0.1:40312"; "" if it is not known */
    const char *server_address;
    bool tls;
    const char *secrets; /* lines of the key log of TLS, for whoever reads captures; NULL: none */
    struct recording_stream streams[WAY_COUNT];
};

/* X(NAME, word) */
#define RECORDING_WHAT_LIST(X)                                                                  \
    X(DIAL, "dial")         /* a connection is asked for; way: from whom */                     \
    X(OPEN, "open")         /* it is there */                                                   \
    X(REFUSED, "refused")   /* it is not; text: why */                                          \
    X(BYTES, "bytes")       /* offset and size, of one way */                                   \
    X(FIN, "fin")           /* one way has ended */                                             \
    X(RST, "rst")           /* both have; way: that of the reset */                             \
    X(DECISION, "decision") /* of the proxy: a hook, a failure judged, a retry or none; text */ \
    X(FAULT, "fault")       /* what an actor did on purpose, or was put into the case; text */  \
    X(NOTE, "note")         /* anything else that is worth a line; text */

enum recording_what {
#define RECORDING_WHAT_ENUM(name, word) RECORDED_##name,
    RECORDING_WHAT_LIST(RECORDING_WHAT_ENUM)
#undef RECORDING_WHAT_ENUM
        RECORDED_COUNT
};
const char *recording_what_word(enum recording_what what);

#define RECORDING_NOWHERE SIZE_MAX /* an event of no connection */

struct recording_event {
    uint64_t at_ns;
    enum recording_what what;
    size_t connection; /* or RECORDING_NOWHERE */
    enum recording_way way;
    uint64_t offset; /* of BYTES: in its stream */
    uint64_t size;
    const char *text; /* NULL: none */
};

/* One try at an upstream. */
struct recording_attempt {
    unsigned number;      /* of its exchange, from 1 */
    const char *upstream; /* its name */
    const char *address;  /* NULL: no connection was made, or it is not known */
    size_t connection;    /* or RECORDING_NOWHERE */
    bool reused;
    bool tls;
    uint64_t begun_ns, ended_ns;
    uint64_t tx, rx;
    unsigned status; /* of its final head; 0: none came */
    const char *
        stage; /* where it failed, a word of the stage list; NULL: it did not fail, or nobody knows */
    const char *cause;  /* "connection_refused"; NULL as above */
    const char *detail; /* more than the cause says; NULL: nothing */
    bool retried;       /* another attempt followed by decision */
    const char
        *decision; /* why, or why not, in the words of the log; NULL: there was nothing to decide */
    uint64_t backoff_ns;
};

/* One request of a client, and what the proxy did about it. */
struct recording_exchange {
    const char *client; /* its lane's name; "" if it is not known */
    const char *method;
    const char *target;
    uint64_t begun_ns, ended_ns;
    unsigned status;   /* that the client got; 0: none */
    const char *stage; /* where the exchange itself failed; NULL: it did not */
    const char *cause;
    const char *error_word; /* UPSTREAM_TIMEOUT and such; NULL: the answer is the upstream's */
    const struct recording_attempt *attempts;
    size_t attempt_count;
};

/* One thing that the scenario expects, beside what was seen. */
struct recording_expectation {
    const char *what;     /* "attempts", "delivered to a", "the client's status" */
    const char *expected; /* "1", "gateway-error" */
    const char *observed; /* "502"; "-" where nothing could be seen */
    bool holds;
};

struct case_recording {
    bool virtual_time;
    bool
        from_proxy; /* seen at the proxy's seam; false: by the actors around a proxy of another process */
    const struct recording_lane
        *lanes; /* clients, the proxy, upstreams, in the order to draw them */
    size_t lane_count;
    const struct recording_connection *connections; /* in the order in which they began */
    size_t connection_count;
    const struct recording_event *events; /* by time */
    size_t event_count;
    uint64_t events_lost; /* more than were kept */
    const struct recording_exchange *exchanges;
    size_t exchange_count;
    const struct recording_expectation *expectations;
    size_t expectation_count;
};

/*
 * One line of JSON, without the end of a line. A byte of a stream is a character of text, U+0000 to U+00FF, so that what is text
 * on the wire can be read. What is not there (NULL, RECORDING_NOWHERE, plain text without TLS) is left out. NULL if the region
 * is too small: it must hold some four times the text.
 */
MUST_USE const char *recording_write(const struct case_recording *recording, struct region *region);

/* The value again, in the region. NULL and a sentence if this is no recording, or the region is too small. */
MUST_USE const struct case_recording *recording_read(const char *json, struct region *region,
                                                     char error[RECORDING_ERROR_BYTES]);

#endif
