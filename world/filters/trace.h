/*
 * A world around a world that records what the program above it does at the seam: the witness of the
 * dials, bytes, times and leftovers of the proxy under test.
 *
 * Ownership: the trace does not own the inner world. Records live until trace_reset() or
 * trace_destroy(). Memory is kept over a reset; a warm trace allocates nothing per event.
 * Limits: at most streams_max streams and events_max events are recorded; what comes after is still
 * passed on and counted, and trace_is_complete() says so.
 */
#ifndef WORLD_FILTERS_TRACE_H
#define WORLD_FILTERS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/world.h"

enum {
    TRACE_STREAMS_MAX = 65536, /* records of one case; a case with more proves nothing more */
    TRACE_EVENTS_MAX = 4096,   /* enough to tell any case's story that a person would read */
    TRACE_LINE_BYTES = 160,    /* a line of the story; longer ones are cut */
    TRACE_KEPT_BYTES_MAX =
        4 * 1024 * 1024, /* of all streams together: hundreds of which a few KiB are kept */
};

struct trace_options {
    size_t streams_max; /* 0: TRACE_STREAMS_MAX */
    size_t events_max;  /* 0: no event log */
};

/* NULL when memory runs out. */
struct world *trace_create(struct world *inner, const struct trace_options *options);
void trace_destroy(struct world **trace);

/* Forgets all records and all live objects (see sim_reset()), which are not touched. */
void trace_reset(struct world *trace);

/* ---- streams and dials ------------------------------------------------------------------------- */

enum trace_side { TRACE_ACCEPTED, TRACE_CONNECTED };

/* How the program ended a stream. */
enum trace_end { TRACE_STILL_OPEN, TRACE_CLOSED_FIN, TRACE_CLOSED_RST };

/* One stream, open or not. Every dial is one, also one that was refused or never answered. */
struct trace_stream {
    enum trace_side side;
    struct address address; /* dialled; all zero for an accepted stream */
    uint32_t ordinal;       /* which stream to or from this address, from 1 */
    uint64_t began_ns;      /* dialled or accepted */
    uint64_t opened_ns;     /* TIME_NEVER while a dial has no outcome */
    uint64_t ended_ns;      /* closed by the program; TIME_NEVER while open */
    int outcome;            /* -EINPROGRESS, 0 or -errno of the dial; 0 when accepted */
    enum trace_end end;
    uint64_t down_before; /* bytes that had been written to accepted streams when it began */
    uint64_t tx;          /* bytes written, as the layer below took them */
    uint64_t rx;          /* bytes read */
    uint64_t tx_at_rx;    /* tx when the first byte was read; 0: none was */
    bool tls;             /* what came or went first is a record of TLS */
    bool
        unheeded; /* the program was told of input, or of the peer's end, and did nothing about it */
    uint64_t unheeded_tx;    /* tx when that was last so */
    bool peer_closed;        /* STREAM_CLOSED was told, or a read or write returned an end */
    uint64_t peer_closed_tx; /* tx then */
};

/* In the order in which they began. NULL past the last. */
const struct trace_stream *trace_stream_at(const struct world *trace, size_t index);

/* Dials made so far, to one address or (NULL) to all. */
size_t trace_dials(const struct world *trace, const struct address *address);

/* Connected streams to one address or (NULL) to all that are not closed yet. */
size_t trace_open_to(const struct world *trace, const struct address *address);

/* ---- what is live, what is held ---------------------------------------------------------------- */

struct trace_census {
    size_t streams, listeners, timers, queries;
};
void trace_world_census(const struct world *trace, struct trace_census *out);

/*
 * Bytes that were read on one side and not yet written on the other. up: read from accepted streams, not
 * written to connected ones; down: the reverse. Framing that a proxy drops counts as held and framing
 * that it adds counts against it, so both are counted from 0 again when they would fall below, and
 * when the last stream of the reading side is closed. What is read from an accepted stream to which
 * the program has said FIN is drained and not held.
 */
struct trace_held {
    uint64_t up, down;
    uint64_t up_peak, down_peak;
};
void trace_world_held(const struct world *trace, struct trace_held *out);

/* ---- how the program behaves --------------------------------------------------------------------- */

struct trace_conduct {
    uint64_t closes; /* streams that the program closed */
    uint64_t
        unheeded; /* upcalls about input that was wanted, and then neither taken nor wanted no more */
    uint64_t timers_fired;
    uint64_t timers_early; /* before their time */
    uint64_t
        timers_late; /* after it, or after they were set where it had passed then; on a real clock most are */
    uint64_t times_back;  /* upcalls at a time before that of the upcall before */
    size_t accepted_peak; /* most streams open at one moment */
    size_t connected_peak;
};
void trace_world_conduct(const struct world *trace, struct trace_conduct *out);

/* ---- the story --------------------------------------------------------------------------------- */

enum trace_what {
    TRACE_DIAL,       /* value: 0, or -errno when the dial could not begin */
    TRACE_DIAL_ENDED, /* value: 0 or -errno */
    TRACE_ACCEPT,
    TRACE_READ,  /* value: bytes, 0 for the peer's FIN, or -errno */
    TRACE_WRITE, /* value: bytes, or -errno */
    TRACE_SHUT,
    TRACE_CLOSE,       /* value: enum stream_end */
    TRACE_PEER_CLOSED, /* STREAM_CLOSED was told; value, where bytes are kept: 0 for FIN, or -errno */
};

/* What bytes under TLS begin with, as far as it can be seen from outside (RFC 8446 5.1): the end of a handshake may be DATA. */
enum trace_tls {
    TRACE_TLS_UNKNOWN, /* no TLS, or from within a record */
    TRACE_TLS_CLIENT_HELLO,
    TRACE_TLS_SERVER_HELLO,
    TRACE_TLS_HANDSHAKE,
    TRACE_TLS_ALERT,
    TRACE_TLS_DATA,
};

struct trace_event {
    uint64_t at_ns;
    enum trace_what what;
    enum trace_tls tls; /* of TRACE_READ and TRACE_WRITE */
    uint32_t stream;    /* index for trace_stream_at() */
    int64_t value;
};

size_t trace_event_count(const struct world *trace);
const struct trace_event *trace_event_at(const struct world *trace, size_t index);

/* ---- what went ----------------------------------------------------------------------------------- */

/*
 * From here on the first bytes of each direction of each stream are kept, at most so many, and its addresses; 0: none, as at
 * first. Only while there are no records. A reset changes nothing of it.
 */
void trace_keep_bytes(struct world *trace, size_t bytes_max);

struct trace_kept {
    struct address dialler;  /* of an accepted stream; family 0: not known */
    struct address listener; /* dialled, or of the listener that the stream came to */
    struct bytes written,
        read; /* the first of them; less than were asked for past TRACE_KEPT_BYTES_MAX */
};
/* Of a stream by its index; nothing where nothing is kept. Bytes live until trace_reset(). */
struct trace_kept trace_kept_at(const struct world *trace, size_t index);

/* False when a stream or an event came after the limits; the records are then the first ones. */
bool trace_is_complete(const struct world *trace);

/*
 * Streams to this address are "name#1", "name#2" in the story. False when memory runs
 * out. name must outlive the records.
 */
MUST_USE bool trace_name_address(struct world *trace, const struct address *address,
                                 const char *name);

/* How many more events there were than are kept. */
uint64_t trace_events_lost(const struct world *trace);

/* "+0.3 ms dial a#1 127.0.0.1:9001", "+0.4 ms wrote 323 B to a#1 (TLS ClientHello)"; times since origin_ns. */
const char *trace_story_line(const struct world *trace, const struct trace_event *event,
                             uint64_t origin_ns, char line[TRACE_LINE_BYTES]);

#endif
