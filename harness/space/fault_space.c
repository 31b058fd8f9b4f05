#include "harness/space/fault_space.h"

#include <stdlib.h>
#include <string.h>

enum {
    THOROUGH_BYTES_MAX =
        4096,          /* of a direction that is taken at every byte: eight small messages */
    OFFSETS_MAX = 128, /* of a direction of which not every byte is taken */
    CONNECTIONS_MAX =
        64, /* of one actor; a run that has more is out of hand, and its first say enough */
    LIST_FIRST = 4096,
    SPANS_FIRST = 256,
};

_Static_assert(WIRE_FAULT_KIND_COUNT < 32, "a set of kinds has a bit for each");

/* ---- what a run shows ----------------------------------------------------------------------- */

static uint32_t lesser(size_t count)
{
    return (uint32_t)(count < CONNECTIONS_MAX ? count : CONNECTIONS_MAX);
}

void wire_shape_of(const struct evidence *evidence, struct wire_shape *out)
{
    const struct scenario *scenario = evidence->scenario;
    *out = (struct wire_shape){.client_count = (uint32_t)scenario->client_count,
                               .upstream_count = (uint32_t)scenario->upstream_count};
    for (size_t c = 0; c < scenario->client_count; c++)
        out->clients[c] = lesser(evidence->clients[c]->line_count);
    for (size_t u = 0; u < scenario->upstream_count; u++) {
        out->upstreams[u] = lesser(evidence->upstreams[u]->connection_count);
        out->dials[u] = lesser(evidence->tallies[u].dials);
    }
    for (size_t r = 0; r < evidence->record_count && scenario->needs_nameserver; r++)
        out->lookups += evidence->records[r].attempt_count;
    out->lookups = lesser(out->lookups);
}

bool fault_would_meet_more(const struct wire_fault *lasting, const struct evidence *evidence)
{
    struct wire_shape shape;
    wire_shape_of(evidence, &shape);
    uint32_t count = lasting->party == WIRE_CLIENT     ? shape.client_count
                     : lasting->party == WIRE_UPSTREAM ? shape.upstream_count
                                                       : 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t last = lasting->party == WIRE_CLIENT     ? shape.clients[i]
                        : lasting->party == WIRE_LOOKUP   ? shape.lookups
                        : lasting->direction == WIRE_DIAL ? shape.dials[i]
                                                          : shape.upstreams[i];
        uint32_t from = i == lasting->index ? lasting->connection : 0;
        if (last > from)
            return true;
    }
    return false;
}

/* ---- growing -------------------------------------------------------------------------------- */

static bool make_room(struct fault_space *space, size_t more)
{
    size_t capacity = space->capacity == 0 ? LIST_FIRST : space->capacity;
    while (capacity < space->count + more)
        capacity *= 2;
    if (capacity != space->capacity) {
        struct wire_fault *list = realloc(space->list, capacity * sizeof(*list));
        if (list == NULL)
            return false;
        space->list = list;
        space->capacity = capacity;
    }
    if (space->span_count == space->span_capacity) {
        size_t spans_capacity = space->span_capacity == 0 ? SPANS_FIRST : 2 * space->span_capacity;
        struct fault_span *spans = realloc(space->spans, spans_capacity * sizeof(*spans));
        if (spans == NULL)
            return false;
        space->spans = spans;
        space->span_capacity = spans_capacity;
    }
    return true;
}

/* Where faults of one direction of one connection are put. */
struct offsets {
    uint64_t list[OFFSETS_MAX]; /* ascending */
    size_t count;
    uint64_t every; /* in place of the list: all from 0 to this */
    bool thorough;
};

static size_t offsets_count(const struct offsets *offsets)
{
    return offsets->thorough ? (size_t)offsets->every + 1 : offsets->count;
}

static size_t add_span(struct fault_space *space, const struct wire_fault *model,
                       const struct offsets *offsets, size_t once)
{
    size_t count = offsets_count(offsets);
    size_t first = space->count;
    if (space->out_of_memory || !make_room(space, count)) {
        space->out_of_memory = true;
        return SIZE_MAX;
    }
    space->spans[space->span_count++] =
        (struct fault_span){.first = first, .count = count, .once = once};
    for (size_t i = 0; i < count; i++) {
        space->list[space->count] = *model;
        space->list[space->count++].offset = offsets->thorough ? i : offsets->list[i];
    }
    return first;
}

/* Kinds of which a second one could do more than the first; the others last for a moment, or end what cannot end twice. */
static bool can_last(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_HALF_CLOSE:
    case WIRE_FAULT_DELAY:
    case WIRE_FAULT_SPLIT:
    case WIRE_FAULT_SHORT_WRITE:
    case WIRE_FAULT_CLIENT_FIN:
    case WIRE_FAULT_CLIENT_RST:
        return false;
    default:
        return true;
    }
}

/* Each kind that fits, met once and lasting. */
static void add_kinds(struct fault_space *space, const struct wire_fault *where,
                      const struct offsets *offsets, fault_kinds kinds)
{
    struct wire_fault model = *where;
    for (enum wire_fault_kind kind = 0; kind < WIRE_FAULT_KIND_COUNT; kind++) {
        if ((kinds >> kind & 1) == 0 || !wire_fault_fits(kind, where->party, where->direction))
            continue;
        model.kind = kind;
        model.lasting = false;
        size_t once = add_span(space, &model, offsets, SIZE_MAX);
        model.lasting = true;
        if (can_last(kind))
            add_span(space, &model, offsets, once);
    }
    space->positions += offsets_count(offsets);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void note_offset(struct offsets *offsets, uint64_t offset)
{
    size_t at = offsets->count;
    while (at > 0 && offsets->list[at - 1] > offset)
        at--;
    if (offsets->count == OFFSETS_MAX || (at > 0 && offsets->list[at - 1] == offset))
        return;
    memmove(&offsets->list[at + 1], &offsets->list[at],
            (offsets->count - at) * sizeof(offsets->list[0]));
    offsets->list[at] = offset;
    offsets->count++;
}

/* An offset and both its neighbours, as far as there are so many bytes. */
static void note_around(struct offsets *offsets, uint64_t offset, uint64_t bytes)
{
    for (uint64_t at = offset == 0 ? 0 : offset - 1; at <= offset + 1 && at <= bytes; at++)
        note_offset(offsets, at);
}

/* First and last byte, ends of heads, begins and ends of messages, powers of two; and one that is never reached. */
static void find_offsets(const struct witness *witness, bool sent, bool thorough,
                         struct offsets *out)
{
    const struct witness_stream *stream = sent ? &witness->out : &witness->in;
    out->count = 0;
    out->thorough = thorough && stream->bytes <= THOROUGH_BYTES_MAX;
    out->every = stream->bytes + 1;
    if (out->thorough)
        return;
    note_around(out, 0, stream->bytes);
    note_around(out, stream->bytes, stream->bytes);
    note_offset(out, stream->bytes + 1);
    uint64_t end = 0;
    for (const struct witness_sent *one = witness->sent; sent && one != NULL; one = one->next) {
        end += one->bytes;
        note_around(out, end, stream->bytes);
    }
    for (size_t i = 4; i <= stream->size; i++)
        if (memcmp(stream->data + i - 4, "\r\n\r\n", 4) == 0)
            note_around(out, i, stream->bytes);
    for (uint64_t power = 2; power < stream->bytes; power *= 2)
        note_offset(out, power);
}

static fault_kinds without_tls(fault_kinds kinds)
{
    for (enum wire_fault_kind kind = 0; kind < WIRE_FAULT_KIND_COUNT; kind++)
        if (wire_fault_is_of_tls(kind))
            kinds &= ~((fault_kinds)1 << kind);
    return kinds;
}

static void add_bytes(struct fault_space *space, struct wire_fault where,
                      const struct witness *witness, const struct fault_space_options *options)
{
    struct offsets offsets;
    fault_kinds kinds = witness->handshake.tls ? options->kinds : without_tls(options->kinds);
    for (enum wire_direction direction = WIRE_SENT; direction <= WIRE_RECEIVED; direction++) {
        where.direction = direction;
        find_offsets(witness, direction == WIRE_SENT, options->thorough, &offsets);
        add_kinds(space, &where, &offsets, kinds);
    }
}

/* ---- dials and lookups ---------------------------------------------------------------------- */

/* Those of one actor, from one after the known to one after the last. */
struct beginnings {
    struct wire_fault where;
    uint32_t known;
    uint32_t last;
};

static void add_beginnings(struct fault_space *space, struct beginnings beginnings,
                           fault_kinds kinds)
{
    static const struct offsets AT_ONCE = {.list = {0}, .count = 1};
    struct wire_fault *where = &beginnings.where;
    where->direction = WIRE_DIAL;
    for (where->connection = beginnings.known + 1; where->connection <= beginnings.last + 1;
         where->connection++)
        add_kinds(space, where, &AT_ONCE, kinds);
}

void fault_space_fill(struct fault_space *space, const struct evidence *evidence,
                      const struct fault_space_options *options)
{
    static const struct wire_shape NONE = {0};
    const struct wire_shape *known = options->known != NULL ? options->known : &NONE;
    const struct scenario *scenario = evidence->scenario;
    bool is_further = options->known != NULL; /* the dial after the last known one is known, too */
    struct wire_shape shape;
    wire_shape_of(evidence, &shape);
    for (uint32_t c = 0; c < shape.client_count; c++) {
        struct wire_fault where = {.party = WIRE_CLIENT, .index = c};
        for (uint32_t i = known->clients[c]; i < shape.clients[c]; i++) {
            where.connection = i + 1;
            add_bytes(space, where, client_witness(evidence->clients[c], i), options);
        }
        add_beginnings(space,
                       (struct beginnings){where, known->clients[c] + is_further, shape.clients[c]},
                       options->kinds);
    }
    for (uint32_t u = 0; u < shape.upstream_count; u++) {
        struct wire_fault where = {.party = WIRE_UPSTREAM, .index = u};
        bool secure = scenario_upstream_is_secure(scenario, u);
        for (uint32_t i = known->upstreams[u]; i < shape.upstreams[u]; i++) {
            where.connection = i + 1;
            add_bytes(space, where, fake_upstream_witness(evidence->upstreams[u], i), options);
        }
        add_beginnings(space,
                       (struct beginnings){where, known->dials[u] + is_further, shape.dials[u]},
                       secure ? options->kinds : without_tls(options->kinds));
    }
    if (scenario->needs_nameserver)
        add_beginnings(
            space,
            (struct beginnings){{.party = WIRE_LOOKUP}, known->lookups + is_further, shape.lookups},
            options->kinds);
}

void fault_space_reset(struct fault_space *space)
{
    space->count = 0;
    space->span_count = 0;
    space->positions = 0;
    space->out_of_memory = false;
}

void fault_space_release(struct fault_space *space)
{
    free(space->list);
    free(space->spans);
    *space = (struct fault_space){0};
}
