#include "harness/run/buffering_cast.h"

#include <string.h>

static const char OUT_OF_MEMORY[] = "out of memory";
static const char CLIENT[] = "client";

/* ---- scripts -------------------------------------------------------------------------------- */

struct part_texts {
    const char *client;
    const char *upstream;
};

static const char GO[] = "go";

/*
 * The last byte of an upload waits until all others are sent: a proxy that holds requests back until it has all of them then
 * goes to its upstreams with all at once, and gives none up because others took their time to come.
 */
static const struct part_texts TEXTS[BUFFERING_PARTS] = {
    [BUFFERING_UPLOAD] = {"[prepare: {method: POST, path: /upload, body: 8388608}, "
                          "send: 8388607 of body, wait: go, send: rest, read: response]",
                          "{then: [read: head, end: stall]}"},
    [BUFFERING_DOWNLOAD] = {"[prepare: {path: /download}, send: rest, read: head, end: stall]",
                            "{then: [read: request, respond: {body: 8388608}]}"},
    [BUFFERING_WARM_UP] = {"[request: {path: /warm-up}]",
                           "{then: [read: request, respond: {body: 100, keep-alive: false}, end: "
                           "fin]}"},
};
_Static_assert(BUFFERING_BODY_BYTES == 8388608, "the scripts say so");

static const struct yaml_node *parse(struct region *region, const char *text,
                                     struct yaml_error *error)
{
    return yaml_parse(region, "buffering", text, strlen(text), error);
}

static bool read_scripts(struct buffering_cast *cast, enum buffering_part part)
{
    struct buffering_scripts *scripts = &cast->scripts[part];
    struct yaml_error error = {{0}};
    const struct yaml_node *client = parse(cast->region, TEXTS[part].client, &error);
    const struct yaml_node *upstream = parse(cast->region, TEXTS[part].upstream, &error);
    return client != NULL && upstream != NULL &&
           client_script_parse(cast->region, client, &scripts->client, &error) &&
           upstream_script_parse(cast->region, upstream, &scripts->upstream, &error);
}

/* ---- playing -------------------------------------------------------------------------------- */

bool buffering_cast_init(struct buffering_cast *cast, struct world *world, struct region *region)
{
    scene_init(&cast->scene, world);
    cast->region = region;
    cast->upstream_count = 0;
    cast->client_count = 0;
    for (size_t i = 0; i < COUNT_OF(cast->upstreams); i++)
        fake_upstream_init(&cast->upstreams[i], &cast->scene);
    for (size_t i = 0; i < COUNT_OF(cast->clients); i++)
        client_init(&cast->clients[i], &cast->scene);
    for (unsigned part = 0; part < BUFFERING_PARTS; part++)
        if (!read_scripts(cast, part))
            return false;
    return true;
}

void buffering_cast_release(struct buffering_cast *cast)
{
    for (size_t i = 0; i < COUNT_OF(cast->upstreams); i++)
        fake_upstream_release(&cast->upstreams[i]);
    for (size_t i = 0; i < COUNT_OF(cast->clients); i++)
        client_release(&cast->clients[i]);
    scene_release(&cast->scene);
}

static const char *or_no_memory(const char *sentence)
{
    return sentence != NULL ? sentence : OUT_OF_MEMORY;
}

const char *buffering_cast_start(struct buffering_cast *cast, const struct cast_place *place,
                                 enum buffering_part part, size_t exchanges)
{
    char where[ADDRESS_TEXT_BYTES];
    check(exchanges <= COUNT_OF(cast->clients));
    check(cast->upstream_count == 0 && cast->client_count == 0);
    cast->scene.manner = place->manner;
    cast->part = part;
    for (size_t i = 0; place->names[i] != NULL; i++) {
        check(i < COUNT_OF(cast->upstreams));
        int outcome = fake_upstream_start(&cast->upstreams[i], place->names[i],
                                          &cast->scripts[part].upstream, &place->upstreams[i]);
        if (outcome != 0)
            return or_no_memory(region_format(
                cast->region, "upstream %s could not listen at %s: %s", place->names[i],
                address_format(&place->upstreams[i], where), strerror(-outcome)));
        cast->upstream_count++;
    }
    for (; cast->client_count < exchanges; cast->client_count++)
        client_start(&cast->clients[cast->client_count], CLIENT, &cast->scripts[part].client,
                     &place->target);
    return NULL;
}

void buffering_cast_end(struct buffering_cast *cast)
{
    for (size_t c = 0; c < cast->client_count; c++) {
        struct client *client = &cast->clients[c];
        for (size_t i = 0; i < client->line_count; i++)
            line_end(client->lines[i], STREAM_RST);
        client_stop(client);
        client_reset(client);
    }
    for (size_t u = 0; u < cast->upstream_count; u++) {
        struct fake_upstream *upstream = &cast->upstreams[u];
        for (size_t i = 0; i < upstream->connection_count; i++)
            line_end(&upstream->connections[i]->line, STREAM_RST);
        fake_upstream_stop(upstream);
        fake_upstream_reset(upstream);
    }
    cast->client_count = 0;
    cast->upstream_count = 0;
    scene_reset(&cast->scene);
}

bool buffering_cast_go_on(struct buffering_cast *cast)
{
    if (cast->part != BUFFERING_UPLOAD || signals_is_raised(&cast->scene.signals, GO))
        return false;
    for (size_t i = 0; i < cast->client_count; i++)
        if (cast->clients[i].actor.waiter.name == NULL)
            return false;
    return signals_raise(&cast->scene.signals, GO);
}

/* ---- looking at the upstreams --------------------------------------------------------------- */

/* A script of the parts sends one message on a connection after the other: the first that is not whole is the last. */
static size_t count_whole(const struct witness *witness)
{
    size_t whole = 0;
    for (const struct witness_sent *sent = witness->sent; sent != NULL; sent = sent->next)
        whole += sent->complete_ns != 0;
    return whole;
}

static bool sends(const struct witness *witness)
{
    return witness->sent_last != NULL && witness->sent_last->complete_ns == 0;
}

static size_t count_heads(const struct witness *witness)
{
    size_t heads = 0;
    for (const struct witness_message *one = witness->received; one != NULL; one = one->next)
        heads += one->head_complete;
    return heads;
}

/* What all connections to upstreams saw together. */
struct upstreams_flow {
    uint64_t in, out;
    size_t heads; /* of requests */
    size_t whole; /* responses */
};

static struct upstreams_flow look_at_upstreams(const struct buffering_cast *cast)
{
    struct upstreams_flow flow = {0};
    for (size_t u = 0; u < cast->upstream_count; u++) {
        const struct fake_upstream *upstream = &cast->upstreams[u];
        for (size_t i = 0; i < upstream->connection_count; i++) {
            const struct witness *witness = fake_upstream_witness(upstream, i);
            flow.in += witness->in.bytes;
            flow.out += witness->out.bytes;
            flow.heads += count_heads(witness);
            flow.whole += count_whole(witness);
        }
    }
    return flow;
}

/* A connection may go when a response was sent on it whole, or nothing was asked on it. */
static const char *upstream_break(const struct buffering_cast *cast,
                                  const struct fake_upstream *upstream)
{
    for (size_t i = 0; i < upstream->connection_count; i++) {
        const struct witness *witness = fake_upstream_witness(upstream, i);
        bool in_use = cast->part == BUFFERING_UPLOAD ? witness->in.bytes > 0 : sends(witness);
        if (in_use && witness->peer_end != WITNESS_OPEN)
            return or_no_memory(region_format(
                cast->region, "the proxy ended a connection to upstream %s (%s) while %s",
                upstream->name, witness_end_word(witness->peer_end),
                cast->part == BUFFERING_UPLOAD ? "that did not read" : "its client did not read"));
    }
    return NULL;
}

/* ---- looking at the clients ----------------------------------------------------------------- */

/* The one connection of a client; NULL if none was begun. */
static const struct witness *client_only(const struct client *client)
{
    return client->line_count == 0 ? NULL : client_witness(client, 0);
}

static unsigned client_status(const struct witness *witness)
{
    return witness->received == NULL ? 0 : witness->received->status;
}

static const char *client_break(const struct buffering_cast *cast, const struct witness *witness)
{
    if (witness == NULL)
        return "no connection to the proxy could be begun";
    if (witness->dial_error != 0)
        return or_no_memory(region_format(cast->region, "no connection to the proxy: %s",
                                          strerror(witness->dial_error)));
    unsigned status = client_status(witness);
    if (status != 0 && (cast->part == BUFFERING_UPLOAD || status >= 300))
        return or_no_memory(region_format(
            cast->region, "the proxy answered %u before anything had come to rest", status));
    if (witness->peer_end != WITNESS_OPEN)
        return or_no_memory(
            region_format(cast->region,
                          "the proxy ended a client's connection (%s) before anything had come to "
                          "rest",
                          witness_end_word(witness->peer_end)));
    return NULL;
}

/* ---- looking at both ------------------------------------------------------------------------ */

struct buffering_flow buffering_cast_flow(const struct buffering_cast *cast)
{
    struct upstreams_flow upstreams = look_at_upstreams(cast);
    uint64_t in = 0;
    uint64_t out = 0;
    size_t whole = 0;
    check(cast->part != BUFFERING_WARM_UP);
    for (size_t i = 0; i < cast->client_count; i++) {
        const struct witness *witness = client_only(&cast->clients[i]);
        if (witness == NULL)
            continue;
        in += witness->in.bytes;
        out += witness->out.bytes;
        whole += count_whole(witness);
    }
    bool up = cast->part == BUFFERING_UPLOAD;
    return (struct buffering_flow){.written = up ? out : upstreams.out,
                                   .read = up ? upstreams.in : in,
                                   .reached = upstreams.heads,
                                   .whole = (up ? whole : upstreams.whole) >= cast->client_count};
}

const char *buffering_cast_break(const struct buffering_cast *cast)
{
    const char *sentence = NULL;
    for (size_t i = 0; i < cast->client_count && sentence == NULL; i++)
        sentence = client_break(cast, client_only(&cast->clients[i]));
    for (size_t i = 0; i < cast->upstream_count && sentence == NULL; i++)
        sentence = upstream_break(cast, &cast->upstreams[i]);
    return sentence;
}

bool buffering_cast_answered(const struct buffering_cast *cast)
{
    enum { OK = 200 };
    const struct witness *witness = client_only(&cast->clients[0]);
    return witness != NULL && client_status(witness) == OK && witness->received->complete;
}

const char *buffering_cast_refusal(const struct buffering_cast *cast)
{
    const struct witness *witness = client_only(&cast->clients[0]);
    if (witness != NULL && witness->dial_error == 0 && client_status(witness) != 0)
        return or_no_memory(
            region_format(cast->region,
                          "a small request before the measurement was answered %u, and not as its "
                          "upstream would have",
                          client_status(witness)));
    if (witness != NULL && witness->dial_error == 0)
        return "a small request before the measurement was not answered";
    return client_break(cast, witness);
}
