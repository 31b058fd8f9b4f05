#include "harness/verdict/message_map.h"

#include <string.h>

#include "fakeupstream/wire/transcript.h"

/* The bytes of one direction of a connection, and how they are to be read. */
struct direction_bytes {
    struct fault_message whose; /* party, index, connection, direction */
    const struct witness *witness;
    enum transcript_kind kind;
    struct bytes bytes;
};

struct mapping {
    struct transcript transcript;
    struct fault_message *messages;
    size_t count;
};

/* ---- names ---------------------------------------------------------------------------------- */

/* A copy of a NULL-terminated list; NULL when the region is full. */
static const char *const *copy_names(struct region *region, const char *const *names, size_t count)
{
    const char **copies = region_take(region, (count + 1) * sizeof(*copies));
    for (size_t i = 0; i < count && copies != NULL; i++) {
        copies[i] = region_copy_text(region, names[i], strlen(names[i]));
        if (copies[i] == NULL)
            return NULL;
    }
    return copies;
}

bool message_map_names(const struct scenario *scenario, struct region *region,
                       struct fault_map *out)
{
    const char *clients[SCENARIO_CLIENTS_MAX];
    for (size_t i = 0; i < scenario->client_count; i++)
        clients[i] = scenario->clients[i].name;
    *out = (struct fault_map){{NULL, NULL}, NULL, 0};
    out->names.upstreams = copy_names(region, scenario->upstream_names, scenario->upstream_count);
    out->names.clients = copy_names(region, clients, scenario->client_count);
    return out->names.upstreams != NULL && out->names.clients != NULL;
}

/* ---- messages ------------------------------------------------------------------------------- */

/* Responses are read by the methods of what was asked: a client's own requests, or those that an upstream got. */
static void ask(struct transcript *transcript, const struct direction_bytes *from)
{
    size_t asked = 0;
    if (from->whose.party == WIRE_UPSTREAM) {
        for (const struct witness_message *m = from->witness->received;
             m != NULL && asked < TRANSCRIPT_ASKED_MAX; m = m->next, asked++)
            transcript_ask(transcript, bytes_of(m->method));
        return;
    }
    for (const struct witness_sent *sent = from->witness->sent;
         sent != NULL && asked < TRANSCRIPT_ASKED_MAX; sent = sent->next, asked++)
        if (sent->draft != NULL)
            transcript_ask(transcript, bytes_of(sent->draft->method));
}

static void keep(struct mapping *mapping, const struct fault_message *message)
{
    if (mapping->count < MESSAGE_MAP_MAX)
        mapping->messages[mapping->count++] = *message;
}

/* What begins at that byte. */
static struct fault_message begin_message(const struct fault_message *whose, unsigned number,
                                          uint64_t offset)
{
    struct fault_message message = *whose;
    message.number = number;
    message.begin = offset;
    message.head_end = UINT64_MAX;
    message.body_end = UINT64_MAX;
    message.end = UINT64_MAX;
    return message;
}

static void end_message(struct mapping *mapping, struct fault_message *message, uint64_t offset)
{
    message->end = offset;
    if (message->head_end == UINT64_MAX)
        message->head_end = offset;
    if (message->body_end == UINT64_MAX)
        message->body_end = message->head_end;
    keep(mapping, message);
}

static void read_direction(struct mapping *mapping, const struct direction_bytes *from)
{
    struct transcript *transcript = &mapping->transcript;
    struct fault_message message = begin_message(&from->whose, 1, 0);
    struct transcript_piece piece;
    uint64_t offset = 0;
    transcript_reset(transcript, from->kind);
    if (from->kind == TRANSCRIPT_RESPONSES)
        ask(transcript, from);
    while (offset < from->bytes.size || transcript->state == TRANSCRIPT_AT_END) {
        offset += transcript_next(transcript, from->bytes.data + offset,
                                  from->bytes.size - (size_t)offset, &piece);
        if (piece.event == TRANSCRIPT_HEAD) {
            message.head_end = offset;
            message.interim = transcript->head.interim;
            message.chunked = transcript->head.framing == MESSAGE_CHUNKED;
        }
        if (piece.event == TRANSCRIPT_BODY)
            message.body_end = offset;
        if (piece.event == TRANSCRIPT_END ||
            (piece.event == TRANSCRIPT_HEAD && transcript->head.interim)) {
            end_message(mapping, &message, offset);
            message = begin_message(&from->whose, message.number + !message.interim, offset);
        }
        if (piece.event == TRANSCRIPT_RAW)
            return;
    }
    if (offset > message.begin)
        end_message(mapping, &message, offset);
}

static void read_connection(struct mapping *mapping, enum wire_party party, size_t index,
                            const struct witness *witness)
{
    struct direction_bytes from = {
        .whose = {.party = party, .index = (uint32_t)index, .connection = witness->connection},
        .witness = witness,
    };
    from.whose.direction = WIRE_SENT;
    from.kind = party == WIRE_CLIENT ? TRANSCRIPT_REQUESTS : TRANSCRIPT_RESPONSES;
    from.bytes = bytes_make(witness->out.data, witness->out.size);
    read_direction(mapping, &from);
    from.whose.direction = WIRE_RECEIVED;
    from.kind = party == WIRE_CLIENT ? TRANSCRIPT_RESPONSES : TRANSCRIPT_REQUESTS;
    from.bytes = bytes_make(witness->in.data, witness->in.size);
    read_direction(mapping, &from);
}

bool message_map_read(const struct evidence *evidence, struct region *region, struct fault_map *out)
{
    const struct scenario *scenario = evidence->scenario;
    struct mapping mapping = {.count = 0};
    mapping.messages = region_take(region, MESSAGE_MAP_MAX * sizeof(*mapping.messages));
    if (mapping.messages == NULL || !message_map_names(scenario, region, out))
        return false;
    transcript_init(&mapping.transcript, TRANSCRIPT_REQUESTS);
    for (size_t u = 0; u < scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++)
            read_connection(&mapping, WIRE_UPSTREAM, u,
                            fake_upstream_witness(evidence->upstreams[u], i));
    for (size_t c = 0; c < scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            read_connection(&mapping, WIRE_CLIENT, c, client_witness(evidence->clients[c], i));
    transcript_release(&mapping.transcript);
    out->messages = mapping.messages;
    out->message_count = mapping.count;
    return true;
}
