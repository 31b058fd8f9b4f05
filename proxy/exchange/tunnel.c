/*
 * A tunnel: from the 200 to CONNECT, or the 101, to its end bytes go both ways and nobody looks at them. Nothing is tried
 * again, nothing of HTTP is written into it, and a half-close is carried through. RFC 9110 9.3.6, 7.8.
 */
#include <errno.h>

#include "proxy/exchange/actions.h"
#include "proxy/policy/health.h"
#include "proxy/relay/forward.h"

static uint64_t now_ns(const struct exchange *exchange)
{
    return world_now(exchange->ground->world);
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct bytes write_reply(struct exchange *exchange)
{
    struct http1_writer writer;
    bool written;

    http1_writer_init(&writer, exchange->down_head, exchange->head_bytes_max);
    written =
        exchange->kind == EXCHANGE_CONNECT
            ? forward_write_connected(&writer)
            : forward_write_switch(&exchange->response.head, exchange->settings->via, &writer);
    return written ? bytes_make(writer.data, writer.size) : bytes_make(NULL, 0);
}

/* What the client sent behind its request, and the upstream behind its 101, is the beginning of what is carried. */
enum exchange_event open_tunnel(struct exchange *exchange)
{
    const struct outlet_message up = {.framing = FRAMING_CLOSE, .body_allowed = true};
    struct outlet_message down = up;

    down.head = write_reply(exchange);
    if (down.head.size == 0)
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    if (exchange->kind == EXCHANGE_CONNECT)
        inlet_restart(&exchange->response);
    inlet_go_blind(exchange->request);
    inlet_go_blind(&exchange->response);
    outlet_start(&exchange->upload, &up);
    outlet_start(&exchange->download, &down);
    exchange->tunnel = true;
    exchange->ground->tunnels++;
    exchange->response_down = true;
    exchange->keep_alive = false;
    exchange->record.status =
        exchange->kind == EXCHANGE_CONNECT ? 200 : exchange->response.head.status;
    exchange->progress_ns = now_ns(exchange);
    health_note(&exchange->origin->health, NULL, now_ns(exchange));
    return carry(exchange);
}

/* ---- carrying -------------------------------------------------------------------------------- */

static struct outlet_supply supply_of(const struct inlet *inlet)
{
    return (struct outlet_supply){.body = inlet_body(inlet), .complete = inlet->message_ended};
}

/* Writes once what has come, and passes its end on when all of it was written. Whether anything moved. */
static bool write_on(struct inlet *from, struct outlet *outlet, struct stream *to)
{
    uint64_t accepted = outlet->head_accepted + outlet->body_accepted;
    uint64_t body_accepted = outlet->body_accepted;
    struct outlet_supply supply;
    bool was_open = outlet->state != OUTLET_ENDED;

    (void)!inlet_decode(from);
    supply = supply_of(from);
    outlet_write(outlet, &supply, to);
    inlet_consume(from, (size_t)(outlet->body_accepted - body_accepted));
    if (was_open && outlet->state == OUTLET_ENDED)
        (void)stream_shut(to);
    return outlet->head_accepted + outlet->body_accepted != accepted;
}

/* Reads once. 0, or the error of the side that is read. */
static int read_on(struct exchange *exchange, struct inlet *from, bool *readable,
                   struct stream *stream)
{
    ssize_t result;

    if (!*readable || !inlet_has_room(from))
        return 0;
    *readable = false;
    result = inlet_fill(from, stream);
    if (from == &exchange->response)
        note_received(exchange, result);
    if (result >= 0)
        exchange->progress_ns = now_ns(exchange);
    note_held(exchange);
    return result < 0 && result != -EAGAIN ? (int)-result : 0;
}

static enum exchange_event lose_client(struct exchange *exchange, enum tunnel_phase phase,
                                       int os_error)
{
    exchange->phase = phase;
    exchange->client_gone = true;
    return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, os_error);
}

static void lose_upstream(struct exchange *exchange, enum tunnel_phase phase, int os_error)
{
    if (!exchange->upstream_failed)
        exchange->phase = phase;
    note_upstream_failure(exchange, CAUSE_CONNECTION_TERMINATED, os_error);
}

static enum exchange_event carry_up(struct exchange *exchange)
{
    struct outlet *upload = &exchange->upload;
    int os_error =
        read_on(exchange, exchange->request, &exchange->client_readable, exchange->client);

    if (os_error != 0)
        return lose_client(exchange, TUNNEL_UP, os_error);
    if (upload->state == OUTLET_BROKEN)
        return EVENT_NONE;
    if (write_on(exchange->request, upload, &exchange->link->stream))
        exchange->progress_ns = now_ns(exchange);
    if (upload->state == OUTLET_BROKEN)
        lose_upstream(exchange, TUNNEL_UP, upload->os_error);
    return EVENT_NONE;
}

static enum exchange_event carry_down(struct exchange *exchange)
{
    struct outlet *download = &exchange->download;
    int os_error = 0;

    if (!exchange->upstream_lost)
        os_error = read_on(exchange, &exchange->response, &exchange->upstream_readable,
                           &exchange->link->stream);
    if (os_error != 0) {
        exchange->upstream_lost = true;
        lose_upstream(exchange, TUNNEL_DOWN, os_error);
    }
    if (write_on(&exchange->response, download, exchange->client))
        exchange->progress_ns = now_ns(exchange);
    if (download->state != OUTLET_BROKEN)
        return EVENT_NONE;
    return lose_client(exchange, download->head.size > 0 ? TUNNEL_REPLY : TUNNEL_DOWN,
                       download->os_error);
}

/* What came before an upstream's failure is delivered, as far as there is anything. */
static bool has_more_to_deliver(const struct exchange *exchange)
{
    const struct inlet *response = &exchange->response;
    const struct outlet_supply supply = supply_of(response);
    bool may_come = !exchange->upstream_lost && !response->input_ended;

    return may_come || outlet_has_pending(&exchange->download, &supply);
}

enum exchange_event carry(struct exchange *exchange)
{
    enum exchange_event event = carry_up(exchange);

    if (event == EVENT_NONE)
        event = carry_down(exchange);
    if (event != EVENT_NONE)
        return event;
    if (exchange->upstream_failed)
        return has_more_to_deliver(exchange) ? EVENT_NONE : fail_upstream(exchange);
    return exchange->upload.state == OUTLET_ENDED && exchange->download.state == OUTLET_ENDED
               ? EVENT_SENT
               : EVENT_NONE;
}

enum tunnel_phase tunnel_use(const struct exchange *exchange)
{
    bool up = exchange->upload.body_accepted > 0;
    bool down = exchange->download.body_accepted > 0;

    if (up && down)
        return TUNNEL_NONE;
    if (up)
        return TUNNEL_NO_DOWN;
    return down ? TUNNEL_NO_UP : TUNNEL_NO_TRAFFIC;
}
