/*
 * The steps one actor plays, read from YAML and checked for everything that can be known before they
 * are played. docs/scenarios.md says what each step means.
 *
 * Ownership: plain values; text lives in the region given. Errors: file:line:column with the nearest word.
 */
#ifndef FAKEUPSTREAM_ACTING_SCRIPT_H
#define FAKEUPSTREAM_ACTING_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/secure/tls_draft.h"
#include "fakeupstream/wire/draft.h"
#include "world/base/bytes.h"
#include "world/base/region.h"
#include "world/data/yaml.h"

enum {
    SCRIPT_STEPS_MAX = 1024,                /* far more than a page holds; grids make the rest */
    SCRIPT_GARBAGE_BYTES_MAX = 1024 * 1024, /* far past every head limit */
};

enum script_side { SCRIPT_CLIENT, SCRIPT_UPSTREAM };

/* The step words, and which side may say them: c client, u upstream, b both. */
#define STEP_LIST(X)                         \
    X(REQUEST, "request", 'c')               \
    X(PREPARE, "prepare", 'b')               \
    X(SEND, "send", 'b')                     \
    X(RAW, "raw", 'b')                       \
    X(GARBAGE, "garbage", 'b')               \
    X(INTERIM, "interim", 'u')               \
    X(READ, "read", 'b')                     \
    X(RESPOND, "respond", 'u')               \
    X(END, "end", 'b')                       \
    X(HALF_CLOSE, "half-close", 'b')         \
    X(DRIP, "drip", 'b')                     \
    X(PAUSE_READING, "pause-reading", 'b')   \
    X(RESUME_READING, "resume-reading", 'b') \
    X(DELAY, "delay", 'b')                   \
    X(SIGNAL, "signal", 'b')                 \
    X(WAIT, "wait", 'b')                     \
    X(CONNECT, "connect", 'c')               \
    X(PRE_WRITE, "pre-write", 'u')           \
    X(TLS, "tls", 'b')                       \
    X(STREAM, "stream", 'b')

enum step_word {
#define STEP_ENUM(name, word, side) STEP_##name,
    STEP_LIST(STEP_ENUM)
#undef STEP_ENUM
        STEP_COUNT
};

const char *step_word(enum step_word word);

/* How far `send` and `read` go. */
enum step_target {
    TARGET_HEAD,
    TARGET_INTERIM,    /* read: the next 1xx head */
    TARGET_BODY_BYTES, /* amount more body bytes */
    TARGET_BODY,       /* send: all body data, without the end of the framing */
    TARGET_MESSAGE,    /* send: rest; read: request, response */
    TARGET_RAW,        /* amount more bytes, wherever that is */
    TARGET_EOF,        /* read: the peer closed */
    TARGET_STREAM,     /* read: amount more bytes that are no HTTP */
};

/* A cut is a FIN without TLS's close_notify. */
enum step_end { STEP_END_FIN, STEP_END_RST, STEP_END_STALL, STEP_END_CUT };

const char *step_end_word(enum step_end end); /* "fin", "rst", "stall", "cut" */

struct step {
    enum step_word word;
    const char *text; /* as written, for telling: "read: 5 of body" */
    unsigned line;
    const struct draft *draft; /* request, prepare, respond, interim */
    enum step_target target;   /* send, read */
    uint64_t amount;           /* send, read, stream; drip: bytes */
    bool exact;                /* read: not a byte further may leave the socket */
    enum step_end end;         /* end, pre-write */
    uint64_t duration_ns;      /* delay; drip: every */
    struct bytes raw;          /* raw, garbage, interim */
    const char *name;          /* signal, wait */
    const struct tls_draft *tls;
};

struct script {
    const struct step *steps;
    size_t count;
    bool
        streams; /* from their first byte its connections are no HTTP: it begins with `stream` or `read: N of stream` */
};

/* Reads a list of steps. */
MUST_USE bool script_parse(struct region *region, const struct yaml_node *list,
                           enum script_side side, struct script *out, struct yaml_error *error);

/* Reads the `client:` list. */
static inline bool client_script_parse(struct region *region, const struct yaml_node *list,
                                       struct script *out, struct yaml_error *error)
{
    return script_parse(region, list, SCRIPT_CLIENT, out, error);
}

/* The last request a client's script makes, by `request` or `prepare`; NULL if none (raw bytes only). */
const struct draft *script_last_request(const struct script *script);

#endif
