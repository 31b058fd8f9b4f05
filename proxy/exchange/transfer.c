/* Bytes of an exchange on their way: the request up, the response or our own answer down. */
#include <errno.h>

#include "proxy/exchange/actions.h"
#include "proxy/relay/forward.h"
#include "world/tls/tls.h"

static void on_upstream_event(struct stream *stream, unsigned events);

static uint64_t now_ns(const struct exchange *exchange)
{
    return world_now(exchange->ground->world);
}

void note_held(struct exchange *exchange)
{
    uint64_t held = inlet_held(exchange->request) + inlet_held(&exchange->response) +
                    feed_held(&exchange->up) + feed_held(&exchange->down);

    if (held > exchange->record.held_bytes_peak)
        exchange->record.held_bytes_peak = held;
}

void note_received(struct exchange *exchange, ssize_t size)
{
    if (size <= 0)
        return;
    exchange->received += (size_t)size;
    exchange->progress_ns = now_ns(exchange);
}

/*
 * Writes once what a feed has, and lets its filters go on into the room that this makes. What the stream could take at
 * once counts as blocked, so that the next turn writes it.
 */
static void write_from(struct outlet *outlet, struct feed *feed, struct outlet_supply supply,
                       struct stream *stream)
{
    uint64_t accepted = outlet->body_accepted;

    outlet_write(outlet, &supply, stream);
    feed_consume(feed, (size_t)(outlet->body_accepted - accepted));
}

/* Whether the next turn has something to write that no upcall announces. */
static void look_ahead(struct outlet *outlet, const struct outlet_supply *supply)
{
    if (outlet->state == OUTLET_IDLE && outlet_has_pending(outlet, supply))
        outlet->state = OUTLET_BLOCKED;
}

/* ---- the request up -------------------------------------------------------------------------- */

/* What upstream_request_filter made of the head, where there is one. */
static const struct head *request_fields(const struct exchange *exchange)
{
    return exchange->up_fields != NULL ? exchange->up_fields : &exchange->request->head;
}

static struct bytes write_request_head(struct exchange *exchange)
{
    const struct head *head = request_fields(exchange);
    const struct field *host = head_find(head, "host");
    const struct forward_request request = {
        .head = head,
        .framing = exchange->framing_up,
        .content_length = exchange->request->reader.content_length,
        .target = exchange->target,
        .host = host != NULL ? host->value : bytes_make(NULL, 0),
        .upstream_host = exchange->origin->settings.host,
        .upstream_port = exchange->origin->settings.port,
        .via = exchange->settings->via,
        .client = &exchange->client_address,
        .client_host = exchange->client_host,
        .client_secure = exchange->client_secure,
        .upgrade = exchange->kind == EXCHANGE_UPGRADE,
        .drop_expect = exchange->continue_attempt != 0,
    };
    struct http1_writer writer;

    http1_writer_init(&writer, exchange->up_head, exchange->head_bytes_max);
    if (!forward_write_request(&request, &writer))
        return bytes_make(NULL, 0);
    return bytes_make(writer.data, writer.size);
}

void adopt_link(struct exchange *exchange)
{
    struct link *link = exchange->link;
    struct stream_info info;
    struct tls_look look;

    stream_info(&link->stream, &info);
    tls_look(&link->stream, &look);
    present_attempt(exchange)->tls_resumed = look.resumed;
    link->tx_before = info.tx;
    link->stream.on_event = on_upstream_event;
    link->stream.owner = exchange;
    exchange->connected = true;
}

/* The framing of every attempt is that of the first, so that no attempt differs from it. */
static void settle_framing(struct exchange *exchange)
{
    if (exchange->framing_settled)
        return;
    exchange->framing_up = exchange->request->reader.framing;
    if (exchange->request_varies && exchange->framing_up == FRAMING_LENGTH)
        exchange->framing_up = FRAMING_CHUNKED;
    exchange->framing_settled = true;
}

enum exchange_event start_sending(struct exchange *exchange)
{
    struct bytes head;

    settle_framing(exchange);
    head = write_request_head(exchange);
    inlet_restart(&exchange->response);
    http1_reader_expect_response_to(&exchange->response.reader, exchange->request->head.method);
    exchange->progress_ns = now_ns(exchange);
    outlet_start(&exchange->upload, &(struct outlet_message){
                                        .head = head,
                                        .framing = exchange->framing_up,
                                        .content_length = exchange->request->reader.content_length,
                                        .body_allowed = exchange->framing_up != FRAMING_NONE,
                                        .tail_store = exchange->up_tail,
                                    });
    if (head.size == 0)
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    return send_up(exchange);
}

static enum exchange_event refuse_request_body(struct exchange *exchange)
{
    const struct reader_refusal *refusal = &exchange->request->reader.refusal;

    if (exchange->request->incomplete) {
        exchange->client_gone = true;
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, 0);
    }
    exchange->apology = (struct apology){
        .status = (unsigned)refusal->status, .word = "INVALID_PROTOCOL", .rule = refusal->rule};
    return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_HTTP_REQUEST_ERROR, 0);
}

/* One read from the client if it has something. */
static enum exchange_event read_client(struct exchange *exchange)
{
    struct inlet *request = exchange->request;
    ssize_t result;

    if (!exchange->client_readable || !inlet_has_room(request))
        return EVENT_NONE;
    exchange->client_readable = false;
    result = inlet_fill(request, exchange->client);
    if (result < 0 && result != -EAGAIN) {
        exchange->client_gone = true;
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, (int)-result);
    }
    if (result > 0)
        exchange->progress_ns = now_ns(exchange);
    note_held(exchange);
    return EVENT_NONE;
}

/* One write to the upstream if there is something. */
static enum exchange_event write_upstream(struct exchange *exchange)
{
    struct outlet *upload = &exchange->upload;
    bool waited = upload->head_accepted > 0 && upload->state == OUTLET_IDLE; /* for the client */
    uint64_t accepted = upload->head_accepted + upload->body_accepted;
    enum exchange_event event = note_feed(exchange, feed_pump(&exchange->up, now_ns(exchange)));
    struct outlet_supply supply;

    if (event != EVENT_NONE)
        return event;
    write_from(upload, &exchange->up, feed_supply(&exchange->up), &exchange->link->stream);
    event = note_feed(exchange, feed_pump(&exchange->up, now_ns(exchange)));
    supply = feed_supply(&exchange->up);
    look_ahead(upload, &supply);
    if (event == EVENT_NONE && upload->state == OUTLET_MISMATCHED)
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    if (upload->head_accepted + upload->body_accepted != accepted)
        exchange->progress_ns = now_ns(exchange);
    if (upload->state == OUTLET_ENDED)
        exchange->handed_over_ns = now_ns(exchange);
    if (waited || upload->state == OUTLET_IDLE)
        exchange->try_begun_ns = now_ns(exchange);
    return event;
}

static enum exchange_event pump_up(struct exchange *exchange)
{
    enum exchange_event event;

    if (exchange->upload.state == OUTLET_ENDED || exchange->upload.state == OUTLET_BROKEN)
        return EVENT_NONE;
    event = read_client(exchange);
    if (event != EVENT_NONE)
        return event;
    if (!inlet_decode(exchange->request))
        return refuse_request_body(exchange);
    return write_upstream(exchange);
}

/* ---- the response head ----------------------------------------------------------------------- */

void note_upstream_failure(struct exchange *exchange, enum cause cause, int os_error)
{
    if (exchange->upstream_failed)
        return;
    exchange->upstream_failed = true;
    exchange->upstream_cause = link_cause(exchange->link, cause, &exchange->detail);
    exchange->upstream_error = os_error;
}

enum exchange_event fail_upstream(struct exchange *exchange)
{
    return note_failure(exchange, SIDE_UPSTREAM, exchange->upstream_cause,
                        exchange->upstream_error);
}

/* Reads once from the upstream. An error is kept: what came before it is used first. */
static void pump_response(struct exchange *exchange)
{
    struct inlet *response = &exchange->response;
    ssize_t result;

    if (!exchange->upstream_readable || exchange->upstream_failed || !inlet_has_room(response))
        return;
    exchange->upstream_readable = false;
    result = inlet_fill(response, &exchange->link->stream);
    note_received(exchange, result);
    if (result < 0 && result != -EAGAIN)
        note_upstream_failure(exchange,
                              exchange_stage(exchange) < STAGE_MID_HEAD
                                  ? CAUSE_CONNECTION_TERMINATED
                                  : CAUSE_HTTP_RESPONSE_INCOMPLETE,
                              (int)-result);
    note_held(exchange);
}

/*
 * Whether the client gets a 1xx: it may be too old for any, RFC 9110 15.2; and where an earlier attempt's 100 went down, it
 * has begun to send and needs no other (decision 12 of the design).
 */
static bool wants_interim(const struct exchange *exchange, unsigned status)
{
    unsigned earlier = exchange->continue_attempt;

    if (exchange->request->head.minor == 0)
        return false;
    return status != 100 || earlier == 0 || earlier == exchange->record.attempt_count;
}

/* Sends a 1xx on its way. */
static enum exchange_event forward_interim(struct exchange *exchange)
{
    const struct head *head = &exchange->response.head;
    struct http1_writer writer;

    if (head->status == SWITCHING_PROTOCOLS || ++exchange->interim_count > INTERIM_MAX)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_HTTP_PROTOCOL_ERROR, 0);
    if (!wants_interim(exchange, head->status))
        return EVENT_NONE;
    http1_writer_init(&writer, exchange->down_head, exchange->head_bytes_max);
    if (!forward_write_interim(head, exchange->settings->via, &writer))
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    if (head->status == 100)
        exchange->continue_attempt = exchange->record.attempt_count;
    else
        exchange->interim_forwarded = true;
    outlet_start(&exchange->download,
                 &(struct outlet_message){.head = bytes_make(writer.data, writer.size)});
    outlet_write(&exchange->download, NULL, exchange->client);
    return EVENT_NONE;
}

static enum cause cause_of_refusal(const struct inlet *response)
{
    if (response->incomplete)
        return CAUSE_HTTP_RESPONSE_INCOMPLETE;
    if (response->reader.refusal.status == 431)
        return CAUSE_HTTP_RESPONSE_HEADER_SECTION_SIZE;
    return CAUSE_HTTP_PROTOCOL_ERROR;
}

/* The upstream goes over to another protocol, as it was asked to. Otherwise a 101 is a fault of its own. RFC 9110 7.8. */
static bool is_switch(const struct exchange *exchange)
{
    return exchange->kind == EXCHANGE_UPGRADE &&
           exchange->response.head.status == SWITCHING_PROTOCOLS &&
           exchange->response.reader.upgrade && exchange->upload.state == OUTLET_ENDED;
}

/* The next thing the upstream has said, if it is a head. */
static enum exchange_event read_one_head(struct exchange *exchange)
{
    struct inlet *response = &exchange->response;

    switch (inlet_read_head(response)) {
    case READER_HEAD:
        exchange->final_head = response->head.status >= 200 || is_switch(exchange);
        return exchange->final_head ? EVENT_HEAD_COMPLETE : forward_interim(exchange);
    case READER_END: /* an interim head has ended; the next one follows */
        inlet_next_message(response);
        http1_reader_expect_response_to(&response->reader, exchange->request->head.method);
        return EVENT_NONE;
    case READER_REFUSED:
        note_upstream_failure(exchange, cause_of_refusal(response), 0);
        return fail_upstream(exchange);
    case READER_MORE:
    default:
        exchange->heads_wait = true;
        if (response->input_ended)
            note_upstream_failure(exchange, CAUSE_CONNECTION_TERMINATED, 0);
        return exchange->upstream_failed ? fail_upstream(exchange) : EVENT_NONE;
    }
}

/* Reads heads for as long as they come and the client takes the interim ones. */
static enum exchange_event read_heads(struct exchange *exchange)
{
    enum exchange_event event = EVENT_NONE;

    exchange->heads_wait = false;
    while (event == EVENT_NONE && !exchange->heads_wait &&
           exchange->download.state != OUTLET_BLOCKED)
        event = read_one_head(exchange);
    return event;
}

/* Whatever wakes us while the request goes up: all of it is safe to try at any time. */
enum exchange_event send_up(struct exchange *exchange)
{
    enum exchange_event event;

    if (exchange->download.state == OUTLET_BLOCKED)
        outlet_write(&exchange->download, NULL, exchange->client);
    event = pump_up(exchange);
    if (event != EVENT_NONE)
        return event;
    pump_response(exchange);
    return read_heads(exchange);
}

/* ---- the response down ----------------------------------------------------------------------- */

/* How the response goes on to this client, be its length the upstream's or a filter's. */
static enum framing framing_down(const struct exchange *exchange)
{
    enum framing framing = exchange->response.reader.framing;

    if (exchange->response_varies && framing == FRAMING_LENGTH)
        framing = FRAMING_CHUNKED;
    return forward_framing_down(framing, exchange->request->head.minor);
}

/* Early responses: what is left of the request is not waited for (decision 3 of the design). */
static bool may_keep_alive(const struct exchange *exchange, enum framing framing)
{
    return exchange->request->reader.keep_alive && !exchange->ground->draining &&
           !exchange->close_client && exchange->upload.state == OUTLET_ENDED &&
           framing != FRAMING_CLOSE;
}

enum exchange_event begin_response(struct exchange *exchange)
{
    const struct inlet *response = &exchange->response;
    enum framing framing = framing_down(exchange);
    const struct forward_response forward = {
        .head = &response->head,
        .framing = response->reader.framing,
        .framing_down = framing,
        .content_length = response->reader.content_length,
        .client_minor = exchange->request->head.minor,
        .length_varies = exchange->response_varies,
        .keep_alive = exchange->keep_alive = may_keep_alive(exchange, framing),
        .via = exchange->settings->via,
    };
    struct http1_writer writer;

    http1_writer_init(&writer, exchange->down_head, exchange->head_bytes_max);
    if (!forward_write_response(&forward, &writer))
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    exchange->response_down = true;
    exchange->record.status = response->head.status;
    feed_start(&exchange->down, framing != FRAMING_NONE, 0);
    outlet_start(&exchange->download, &(struct outlet_message){
                                          .head = bytes_make(writer.data, writer.size),
                                          .framing = framing,
                                          .content_length = response->reader.content_length,
                                          .body_allowed = framing != FRAMING_NONE,
                                          .tail_store = exchange->down_tail,
                                      });
    return relay(exchange);
}

/*
 * What goes down next. The end is kept back while a hook looks at the trailers, which only a chunked message can carry.
 */
static enum exchange_event supply_down(struct exchange *exchange, struct outlet_supply *supply)
{
    enum exchange_event event = EVENT_PASSED;

    *supply = feed_supply(&exchange->down);
    if (supply->complete && exchange->download.framing == FRAMING_CHUNKED &&
        exchange->response.trailers.field_count > 0)
        event = filter_trailers(exchange);
    if (event == EVENT_NONE)
        supply->complete = false;
    return event == EVENT_ATTEMPT_FAILED ? event : EVENT_NONE;
}

/* Fails when nothing of what came before the failure is left to be sent down, nor to be filtered. */
static enum exchange_event fail_when_sent(struct exchange *exchange, enum feed_state state,
                                          const struct outlet_supply *supply)
{
    if (state == FEED_WAITING || outlet_has_pending(&exchange->download, supply))
        return EVENT_NONE;
    return fail_upstream(exchange);
}

static enum exchange_event note_download(struct exchange *exchange)
{
    const struct outlet *download = &exchange->download;

    if (download->state == OUTLET_ENDED)
        return EVENT_SENT;
    if (download->state == OUTLET_MISMATCHED)
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    if (download->state != OUTLET_BROKEN)
        return EVENT_NONE;
    exchange->client_gone = true;
    return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, download->os_error);
}

static enum exchange_event write_down(struct exchange *exchange)
{
    struct outlet *download = &exchange->download;
    uint64_t accepted = download->head_accepted + download->body_accepted;
    enum feed_state state = feed_pump(&exchange->down, now_ns(exchange));
    struct outlet_supply supply;
    enum exchange_event event = note_feed(exchange, state);

    if (event == EVENT_NONE)
        event = supply_down(exchange, &supply);
    if (event != EVENT_NONE)
        return event;
    write_from(download, &exchange->down, supply, exchange->client);
    exchange->record.response_body_bytes = download->body_accepted;
    if (download->head_accepted + download->body_accepted != accepted)
        exchange->progress_ns = now_ns(exchange);
    event = note_download(exchange);
    if (event != EVENT_NONE)
        return event;
    state = feed_pump(&exchange->down, now_ns(exchange));
    event = note_feed(exchange, state);
    if (event == EVENT_NONE)
        event = supply_down(exchange, &supply);
    if (event != EVENT_NONE)
        return event;
    look_ahead(download, &supply);
    return exchange->upstream_failed ? fail_when_sent(exchange, state, &supply) : EVENT_NONE;
}

enum exchange_event relay(struct exchange *exchange)
{
    /* A request that turns bad now can no longer be answered: it just ends here. */
    if (pump_up(exchange) != EVENT_NONE) {
        exchange->upload.state = OUTLET_BROKEN;
        if (exchange->client_gone)
            return EVENT_ATTEMPT_FAILED;
    }
    pump_response(exchange);
    if (!inlet_decode(&exchange->response))
        note_upstream_failure(exchange, cause_of_refusal(&exchange->response), 0);
    return write_down(exchange);
}

/* ---- upcalls --------------------------------------------------------------------------------- */

static void on_upstream_event(struct stream *stream, unsigned events)
{
    struct exchange *exchange = object_cast(stream->owner, EXCHANGE_TAG);

    exchange->upstream_readable = exchange->upstream_readable || (events & STREAM_READ) != 0;
    exchange_turn(exchange, EVENT_UPSTREAM_READY);
}
