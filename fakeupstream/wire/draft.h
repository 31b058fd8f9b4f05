/*
 * A message as a script describes it: everything that is known before it is played. Read from the maps
 * of `request:`, `prepare:`, `respond:` and `interim:`.
 *
 * Ownership: a plain value; text lives in the region given. Errors: file:line:column.
 */
#ifndef FAKEUPSTREAM_WIRE_DRAFT_H
#define FAKEUPSTREAM_WIRE_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/base/region.h"
#include "world/data/yaml.h"

enum {
    DRAFT_STATUS_MIN = 100,
    DRAFT_STATUS_MAX = 999,
    DRAFT_CHUNK_BYTES = 16384, /* what docs/scenarios.md promises where `chunk` is not said */
};

#define DRAFT_BODY_BYTES_MAX (UINT64_C(1) << 40) /* 1 TiB: positions stay far from overflow */

enum draft_kind { DRAFT_REQUEST, DRAFT_RESPONSE, DRAFT_INTERIM };

enum message_framing { MESSAGE_NO_BODY, MESSAGE_LENGTH, MESSAGE_CHUNKED, MESSAGE_CLOSE };

struct message_field {
    struct bytes name;
    struct bytes value;
};

struct draft {
    enum draft_kind kind;
    const char *method;                 /* requests; else NULL */
    const char *target;                 /* requests; else NULL. CONNECT with `to`: that name */
    const char *to;                     /* requests: the upstream they are for; NULL: not said */
    const struct yaml_node *to_at;      /* where that is written */
    bool upgrade;                       /* asks for another protocol, or grants it */
    unsigned status;                    /* responses; else 0 */
    const struct message_field *fields; /* as the script gave them, without those made here */
    size_t field_count;
    const struct message_field *trailers;
    size_t trailer_count;

    struct bytes start; /* the start line with its line end; of a request, up to its target */
    struct bytes
        start_rest; /* of a request: the start line from its target on, or behind the place of `to` */
    struct bytes rest; /* the script's fields, the framing fields and the empty line */
    bool own_host;     /* the script names the host: none is added */
    bool expect_continue;

    enum message_framing framing;
    uint64_t body_bytes;  /* the true number of body bytes on the wire */
    struct bytes text;    /* the body where it is text; data NULL: generated */
    uint64_t chunk_bytes; /* MESSAGE_CHUNKED */
    struct bytes tail;    /* MESSAGE_CHUNKED: the last chunk, trailers and the empty line */
};

/* Reads a map, or for responses a status alone. kind decides which keys are known. */
MUST_USE bool draft_parse(struct region *region, const struct yaml_node *node, enum draft_kind kind,
                          struct draft *out, struct yaml_error *error);

/* The response of the standing answer: 200 with no content. */
MUST_USE bool draft_standing(struct region *region, struct draft *out);

/*
 * The Content-Length that the message is sent with, which may be a lie that its script wants. False where it has none, or one
 * that is no number.
 */
bool draft_declares(const struct draft *draft, uint64_t *length);

/* The words of enum message_framing: "none", "content-length", "chunked", "close". */
const char *message_framing_word(enum message_framing framing);

#endif
