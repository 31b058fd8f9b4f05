#include <stdlib.h>
#include <string.h>

#include "harness/recording/recorder_state.h"
#include "harness/verdict/attempts.h"

/* Where a ClientHello's random stands: behind the headers of its record and message, and a version. RFC 8446 4.1.2, 5.1. */
enum { HELLO_RANDOM_AT = 11, RECORD_HANDSHAKE = 22, MESSAGE_CLIENT_HELLO = 1 };

/* A connection that a client made. */
struct client_line {
    uint32_t dialled; /* which of all that clients made, from 1 */
    size_t client;
    const struct witness *witness;
};

struct client_lines {
    struct client_line *list; /* in the order of dialling */
    size_t count;
    size_t taken; /* streams that were found to be theirs */
};

/* ---- lanes ---------------------------------------------------------------------------------- */

static void fill_lanes(struct recorder *recorder)
{
    const struct scenario *scenario = recorder->evidence->scenario;
    size_t room = scenario->client_count + 1 + scenario->upstream_count + RECORDER_OTHERS_MAX;
    struct recording_lane *lanes = recorder_take(recorder, room * sizeof(*lanes));
    size_t count = 0;
    if (lanes == NULL)
        return;
    for (size_t i = 0; i < scenario->client_count; i++)
        lanes[count++] = (struct recording_lane){scenario->clients[i].name, ROLE_CLIENT};
    lanes[count++] = (struct recording_lane){"proxy", ROLE_PROXY};
    for (size_t i = 0; i < scenario->upstream_count; i++)
        lanes[count++] = (struct recording_lane){scenario->upstream_names[i], ROLE_UPSTREAM};
    recorder->lanes = lanes;
    recorder->out.lanes = lanes;
    recorder->out.lane_count = count;
}

/* The lane of an address that is no upstream's; when there are too many of them, the last one is everybody's. */
static size_t other_lane(struct recorder *recorder, const struct address *address)
{
    const struct scenario *scenario = recorder->evidence->scenario;
    size_t first = recorder_upstream_lane(recorder, scenario->upstream_count);
    const char *name = recorder_say_address(recorder, address);
    for (size_t lane = first; lane < recorder->out.lane_count; lane++)
        if (strcmp(recorder->lanes[lane].name, name) == 0)
            return lane;
    if (recorder->out.lane_count == first + RECORDER_OTHERS_MAX)
        return recorder->out.lane_count - 1;
    recorder->lanes[recorder->out.lane_count] = (struct recording_lane){name, ROLE_UPSTREAM};
    return recorder->out.lane_count++;
}

/* ---- whose it is ---------------------------------------------------------------------------- */

static int by_dialling(const void *a, const void *b)
{
    const struct client_line *left = a;
    const struct client_line *right = b;
    return (left->dialled > right->dialled) - (left->dialled < right->dialled);
}

/* The proxy accepts in the order of dialling; those whose dial failed never came there. */
static struct client_lines find_client_lines(struct recorder *recorder)
{
    const struct evidence *evidence = recorder->evidence;
    struct client_lines lines = {.count = 0};
    size_t room = 1;
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        room += evidence->clients[c]->line_count;
    lines.list = recorder_take(recorder, room * sizeof(*lines.list));
    for (size_t c = 0; c < evidence->scenario->client_count && lines.list != NULL; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++) {
            const struct line *line = evidence->clients[c]->lines[i];
            if (line->dialled > 0 &&
                (line->witness.dial_error == 0 || !recorder->input->from_proxy))
                lines.list[lines.count++] = (struct client_line){line->dialled, c, &line->witness};
        }
    if (lines.count > 1)
        qsort(lines.list, lines.count, sizeof(*lines.list), by_dialling);
    return lines;
}

/* The upstream's end of a dial of the proxy, as its attempts were paired. */
static const struct witness *witness_of_dial(const struct evidence *evidence,
                                             const struct trace_stream *stream)
{
    for (size_t i = 0; i < evidence->attempt_count; i++)
        if (evidence->attempts[i].stream == stream)
            return evidence->attempts[i].connection;
    return NULL;
}

/* A client's connection: the next one of those in line. */
static void name_client_line(struct recorder *recorder, size_t index, struct client_lines *lines)
{
    struct recording_connection *connection = &recorder->connections[index];
    connection->name = recorder_say(recorder, "client#%zu", lines->taken + 1);
    if (lines->taken < lines->count) {
        connection->lane = lines->list[lines->taken].client;
        recorder->lines[index].witness = lines->list[lines->taken].witness;
    }
    lines->taken++;
}

/* An upstream's, or that of an address which is nobody's; seen[] counts them by lane. */
static void name_upstream_line(struct recorder *recorder, size_t index,
                               const struct trace_kept *kept, size_t *seen)
{
    const struct evidence *evidence = recorder->evidence;
    struct recording_connection *connection = &recorder->connections[index];
    size_t upstream = recorder_upstream_at(recorder, &kept->listener);
    size_t known = evidence->scenario->upstream_count;
    connection->lane = upstream < known ? recorder_upstream_lane(recorder, upstream)
                                        : other_lane(recorder, &kept->listener);
    size_t number = ++seen[connection->lane];
    connection->name =
        recorder_say(recorder, "%s#%zu", recorder->lanes[connection->lane].name, number);
    if (recorder->input->from_proxy)
        recorder->lines[index].witness = witness_of_dial(evidence, recorder->lines[index].stream);
    else if (upstream < known && number <= evidence->upstreams[upstream]->connection_count)
        recorder->lines[index].witness =
            fake_upstream_witness(evidence->upstreams[upstream], number - 1);
}

/* ---- what went ------------------------------------------------------------------------------ */

/* As much as there is room for. */
static size_t share(size_t *left, size_t size)
{
    size_t part = size < RECORDING_STREAM_BYTES_MAX ? size : RECORDING_STREAM_BYTES_MAX;
    part = part < *left ? part : *left;
    *left -= part;
    return part;
}

static void fill_stream(struct recording_stream *stream, struct bytes wire, uint64_t total,
                        size_t *left)
{
    stream->data = wire.data;
    stream->size = share(left, wire.size);
    stream->total = total;
}

static void fill_plain(struct recording_stream *stream, const struct witness_stream *plain,
                       size_t *left)
{
    stream->plain = plain->data;
    stream->plain_size = share(left, plain->size);
    stream->plain_total = plain->bytes;
}

static void fill_bytes(struct recorder *recorder, size_t index, const struct trace_kept *kept,
                       size_t *left)
{
    const struct recorded_line *line = &recorder->lines[index];
    const struct trace_stream *stream = line->stream;
    struct recording_connection *connection = &recorder->connections[index];
    bool dialled = stream->side == TRACE_CONNECTED;
    enum recording_way out = dialled ? WAY_UP : WAY_DOWN;
    enum recording_way in = dialled ? WAY_DOWN : WAY_UP;
    bool at_client = recorder->lanes[connection->lane].role == ROLE_CLIENT;
    fill_stream(&connection->streams[out], kept->written, stream->tx, left);
    fill_stream(&connection->streams[in], kept->read, stream->rx, left);
    connection->tls = stream->tls || (line->witness != NULL && line->witness->handshake.tls);
    if (line->witness == NULL || !line->witness->handshake.tls)
        return;
    fill_plain(&connection->streams[at_client ? WAY_UP : WAY_DOWN], &line->witness->out, left);
    fill_plain(&connection->streams[at_client ? WAY_DOWN : WAY_UP], &line->witness->in, left);
}

/* By the random of its ClientHello, which comes first and up. */
static void fill_secrets(struct recorder *recorder, struct recording_connection *connection)
{
    const struct recording_stream *up = &connection->streams[WAY_UP];
    if (!connection->tls || up->size < HELLO_RANDOM_AT + KEY_LOG_RANDOM_BYTES ||
        up->data[0] != RECORD_HANDSHAKE || up->data[5] != MESSAGE_CLIENT_HELLO)
        return;
    connection->secrets =
        key_log_find(recorder->input->secrets, up->data + HELLO_RANDOM_AT, recorder->region);
}

static void fill_addresses(struct recorder *recorder, size_t index, const struct trace_kept *kept)
{
    const struct witness *witness = recorder->lines[index].witness;
    struct recording_connection *connection = &recorder->connections[index];
    bool asks_actor = kept->dialler.family == 0 && witness != NULL;
    connection->client_address =
        recorder_say_address(recorder, asks_actor ? &witness->peer : &kept->dialler);
    connection->server_address = recorder_say_address(recorder, &kept->listener);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void fill_connection(struct recorder *recorder, size_t index, struct client_lines *lines,
                            size_t *seen)
{
    const struct trace_kept kept = trace_kept_at(recorder->input->trace, index);
    bool dialled = recorder->lines[index].stream->side == TRACE_CONNECTED;
    if (dialled == recorder->input->from_proxy)
        name_upstream_line(recorder, index, &kept, seen);
    else
        name_client_line(recorder, index, lines);
    fill_addresses(recorder, index, &kept);
}

void connection_list_fill(struct recorder *recorder)
{
    const struct world *trace = recorder->input->trace;
    size_t left = RECORDER_BYTES_MAX;
    size_t count = 0;
    fill_lanes(recorder);
    struct client_lines lines = find_client_lines(recorder);
    while (count < RECORDER_CONNECTIONS_MAX && trace_stream_at(trace, count) != NULL)
        count++;
    recorder->connections = recorder_take(recorder, (count + 1) * sizeof(*recorder->connections));
    recorder->lines = recorder_take(recorder, (count + 1) * sizeof(*recorder->lines));
    size_t *seen =
        recorder_take(recorder, (recorder->out.lane_count + RECORDER_OTHERS_MAX) * sizeof(*seen));
    if (recorder->full)
        return;
    recorder->out.connections = recorder->connections;
    for (size_t i = 0; i < count; i++) {
        const struct trace_kept kept = trace_kept_at(trace, i);
        recorder->lines[i].stream = trace_stream_at(trace, i);
        fill_connection(recorder, i, &lines, seen);
        fill_bytes(recorder, i, &kept, &left);
        fill_secrets(recorder, &recorder->connections[i]);
        recorder->out.connection_count++;
    }
}
