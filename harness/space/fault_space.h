/*
 * Every single fault that fits a run: for each connection that it shows, each direction, each byte, each kind, once and
 * lasting; for each dial and lookup, and for the one that would come after the last.
 *
 * Faults of one connection, direction and kind, at one byte after the other, are a span. Behind the last byte comes one
 * position more that no run reaches, to see that a fault that is not met changes nothing.
 *
 * Ownership: embedded, all zero is empty; memory is kept over a reset. Limits: that of memory, told by out_of_memory.
 */
#ifndef HARNESS_SPACE_FAULT_SPACE_H
#define HARNESS_SPACE_FAULT_SPACE_H

#include "harness/verdict/evidence.h"
#include "world/wire_fault.h"

/* Neighbours in the list: same party, connection, direction, kind and lasting, by offset. */
struct fault_span {
    size_t first; /* place in the list */
    size_t count;
    size_t
        once; /* of lasting faults: the place of the first of the same span met once; else SIZE_MAX */
};

struct fault_space {
    struct wire_fault *list;
    size_t count;
    size_t capacity;
    struct fault_span *spans;
    size_t span_count;
    size_t span_capacity;
    uint64_t positions; /* party, connection, direction, byte: whatever the kind */
    bool out_of_memory;
};

/* How many connections, dials and lookups a run had. */
struct wire_shape {
    uint32_t client_count;
    uint32_t upstream_count;
    uint32_t clients[SCENARIO_CLIENTS_MAX]; /* connections of each */
    uint32_t upstreams[UPSTREAMS_MAX];
    uint32_t dials[UPSTREAMS_MAX];
    uint32_t lookups;
};

/* A bit for each enum wire_fault_kind. */
typedef uint32_t fault_kinds;
#define FAULT_KINDS_ALL (((fault_kinds)1 << WIRE_FAULT_KIND_COUNT) - 1)

struct fault_space_options {
    fault_kinds kinds;
    bool thorough; /* each byte; else where parts of messages begin and end, and powers of two */
    const struct wire_shape *known; /* connections that are left out; NULL: none */
};

void wire_shape_of(const struct evidence *evidence, struct wire_shape *out);

/* Adds the faults that fit the run; the space is empty, or holds others. */
void fault_space_fill(struct fault_space *space, const struct evidence *evidence,
                      const struct fault_space_options *options);
void fault_space_reset(struct fault_space *space);
void fault_space_release(struct fault_space *space);

/*
 * Whether a run with that fault once, of which this is the evidence, had anything that the same fault would meet as a
 * lasting one besides. If not, it is the run of the lasting one, too.
 */
bool fault_would_meet_more(const struct wire_fault *lasting, const struct evidence *evidence);

#endif
