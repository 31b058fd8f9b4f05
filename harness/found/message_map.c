#include "harness/found/message_map.h"

/* No byte of a connection stands there: where a message has not ended. */
#define NO_END UINT64_MAX

/* A map under way. */
struct making {
    struct fault_message *messages;
    size_t count;
};

/* One connection of an actor, as it was. */
struct connection {
    const struct witness *witness;
    struct fault_message place; /* party, index, connection */
};

static void add_connection(struct making *making, const struct connection *connection);

static struct connection connection_of(enum wire_party party, size_t index,
                                       const struct witness *witness)
{
    return (struct connection){
        .witness = witness,
        .place = {.party = party, .index = (uint32_t)index, .connection = witness->connection}};
}

static const char *const *client_names(const struct scenario *scenario, struct region *region)
{
    const char **names = region_take(region, (scenario->client_count + 1) * sizeof(*names));

    for (size_t i = 0; i < scenario->client_count && names != NULL; i++)
        names[i] = scenario->clients[i].name;
    return names;
}

bool message_map_make(const struct scenario *scenario, const struct evidence *evidence,
                      struct region *region, struct fault_map *out)
{
    struct making making = {
        .messages = region_take(region, MESSAGE_MAP_MAX * sizeof(struct fault_message))};

    *out = (struct fault_map){.names = {.upstreams = scenario->upstream_names,
                                        .clients = client_names(scenario, region)}};
    if (making.messages == NULL || out->names.clients == NULL)
        return false;
    for (size_t c = 0; evidence != NULL && c < scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct connection connection =
                connection_of(WIRE_CLIENT, c, client_witness(evidence->clients[c], i));
            add_connection(&making, &connection);
        }
    for (size_t u = 0; evidence != NULL && u < scenario->upstream_count; u++)
        for (size_t i = 0; i < evidence->upstreams[u]->connection_count; i++) {
            const struct connection connection =
                connection_of(WIRE_UPSTREAM, u, fake_upstream_witness(evidence->upstreams[u], i));
            add_connection(&making, &connection);
        }
    out->messages = making.messages;
    out->message_count = making.count;
    return true;
}

/* ---- one connection ------------------------------------------------------------------------- */

/* One direction of it, while it is read again. */
struct reading {
    struct making *making;
    struct transcript transcript;
    struct fault_message next; /* the one that begins, or is under way */
    bool begun;
    unsigned number; /* of messages so far that were no 1xx */
};

static void begin_message(struct reading *reading, uint64_t at)
{
    reading->begun = true;
    reading->next.begin = at;
    reading->next.head_end = reading->next.body_end = reading->next.end = NO_END;
    reading->next.interim = false;
    reading->next.chunked = false;
    reading->next.number = reading->number + 1;
}

static void keep_message(struct reading *reading)
{
    struct making *making = reading->making;

    reading->number += !reading->next.interim;
    reading->begun = false;
    if (making->count < MESSAGE_MAP_MAX)
        making->messages[making->count++] = reading->next;
}

/* What happened up to that byte of the direction. False: from here on it is no HTTP. */
static bool take(struct reading *reading, const struct transcript_piece *piece, uint64_t at)
{
    struct fault_message *message = &reading->next;

    switch (piece->event) {
    case TRANSCRIPT_HEAD:
        message->head_end = at;
        message->body_end = reading->transcript.head.framing == MESSAGE_CLOSE ? NO_END : at;
        message->chunked = reading->transcript.head.framing == MESSAGE_CHUNKED;
        message->interim = reading->transcript.head.interim;
        message->end = message->interim ? at : NO_END;
        if (message->interim)
            keep_message(reading);
        return true;
    case TRANSCRIPT_BODY:
        if (message->body_end != NO_END)
            message->body_end = at;
        return true;
    case TRANSCRIPT_END:
        message->end = at;
        keep_message(reading);
        return true;
    case TRANSCRIPT_MORE:
        return true;
    case TRANSCRIPT_RAW:
        break;
    }
    return false;
}

static void read_stream(struct reading *reading, const struct witness_stream *stream)
{
    size_t at = 0;
    bool is_http = true;

    while (is_http && (at < stream->size || reading->transcript.state == TRANSCRIPT_AT_END)) {
        struct transcript_piece piece;
        if (!reading->begun)
            begin_message(reading, at);
        at += transcript_next(&reading->transcript, stream->data + at, stream->size - at, &piece);
        is_http = take(reading, &piece, at);
    }
    /* A body that was cut may have gone on: only what came whole has an end. */
    if (reading->begun && reading->next.head_end != NO_END)
        reading->next.body_end = NO_END;
    if (reading->begun && is_http)
        keep_message(reading);
}

/* Behind the last message: another one is due, of which not a byte came. */
static void expect_message(struct reading *reading, const struct witness_stream *stream)
{
    begin_message(reading, stream->bytes);
    keep_message(reading);
}

/* A response is due for each request, whose method says whether it has a body. */
static void ask_all(struct transcript *responses, const struct witness *witness, bool is_client)
{
    if (is_client)
        for (const struct witness_sent *sent = witness->sent; sent != NULL; sent = sent->next) {
            if (sent->draft != NULL)
                transcript_ask(responses, bytes_of(sent->draft->method));
            else
                transcript_ask_raw(responses, bytes_make(witness->out.data, witness->out.size));
        }
    for (const struct witness_message *got = witness->received; !is_client && got != NULL;
         got = got->next)
        transcript_ask(responses, bytes_of(got->method));
}

/*
 * Requests first, since responses are read by the methods they answer. What a client sends is a request, and what an upstream
 * receives.
 */
static void add_connection(struct making *making, const struct connection *connection)
{
    const struct witness *witness = connection->witness;
    const bool is_client = connection->place.party == WIRE_CLIENT;
    const struct witness_stream *asked = is_client ? &witness->out : &witness->in;
    const struct witness_stream *answered = is_client ? &witness->in : &witness->out;
    struct reading requests = {.making = making, .next = connection->place};
    struct reading responses = {.making = making, .next = connection->place};
    const size_t first = making->count;

    requests.next.direction = is_client ? WIRE_SENT : WIRE_RECEIVED;
    responses.next.direction = is_client ? WIRE_RECEIVED : WIRE_SENT;
    transcript_init(&requests.transcript, TRANSCRIPT_REQUESTS);
    transcript_init(&responses.transcript, TRANSCRIPT_RESPONSES);
    read_stream(&requests, asked);
    if (making->count == first)
        expect_message(&requests, asked);
    ask_all(&responses.transcript, witness, is_client);
    read_stream(&responses, answered);
    if (responses.number < requests.number)
        expect_message(&responses, answered);
    transcript_release(&requests.transcript);
    transcript_release(&responses.transcript);
}
