/* Bytes of an exchange on their way: the request up, the response or our own answer down. */
#include <errno.h>
#include <string.h>

#include "proxy/exchange/actions.h"
#include "proxy/exchange/forward.h"
#include "proxy/policy/health.h"

static void on_upstream_event(struct stream *stream, unsigned events);

static uint64_t now_ns(const struct exchange *exchange)
{
    return world_now(exchange->ground->world);
}

static void note_held(struct exchange *exchange)
{
    uint64_t held = inlet_held(exchange->request) + inlet_held(&exchange->response);

    if (held > exchange->record.held_bytes_peak)
        exchange->record.held_bytes_peak = held;
}

/* What waits in an inlet. */
static struct outlet_supply supply_from(const struct inlet *inlet)
{
    return (struct outlet_supply){
        .body = inlet_body(inlet), .complete = inlet->message_ended, .trailers = &inlet->trailers};
}

/* Writes once what waits in an inlet, and takes off it what was accepted. */
static void write_from(struct outlet *outlet, struct inlet *inlet, struct stream *stream)
{
    const struct outlet_supply supply = supply_from(inlet);
    uint64_t accepted = outlet->body_accepted;

    outlet_write(outlet, &supply, stream);
    inlet_consume(inlet, (size_t)(outlet->body_accepted - accepted));
}

/* ---- the request up -------------------------------------------------------------------------- */

static struct bytes write_request_head(struct exchange *exchange)
{
    const struct exchange_ground *ground = exchange->ground;
    const struct http1_reader *reader = &exchange->request->reader;
    const struct forward_request request = {
        .head = &exchange->request->head,
        .framing = reader->framing,
        .content_length = reader->content_length,
        .target = exchange->target,
        .host = exchange->host,
        .upstream_host = ground->origins[exchange->upstream].host,
        .upstream_port = ground->origins[exchange->upstream].port,
        .via = ground->settings->via,
        .client = &exchange->client_address,
        .client_host = exchange->client_host,
        .drop_expect = exchange->continue_forwarded,
    };
    struct http1_writer writer;

    http1_writer_init(&writer, exchange->up_head, exchange->head_bytes_max);
    if (!forward_write_request(&request, &writer))
        return bytes_make(NULL, 0);
    return bytes_make(writer.data, writer.size);
}

enum exchange_event start_sending(struct exchange *exchange)
{
    struct link *link = exchange->link;
    struct bytes head = write_request_head(exchange);
    struct stream_info info;

    stream_info(&link->stream, &info);
    link->tx_before = info.tx;
    link->rx_before = info.rx;
    link->stream.on_event = on_upstream_event;
    link->stream.owner = exchange;
    inlet_restart(&exchange->response);
    http1_reader_expect_response_to(&exchange->response.reader, exchange->request->head.method);
    exchange->progress_ns = now_ns(exchange);
    outlet_start(&exchange->upload,
                 &(struct outlet_message){
                     .head = head,
                     .framing = exchange->request->reader.framing,
                     .content_length = exchange->request->reader.content_length,
                     .body_allowed = exchange->request->reader.framing != FRAMING_NONE,
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

/* One read from the client if it has something, one write to the upstream if there is something. */
static enum exchange_event pump_up(struct exchange *exchange)
{
    struct inlet *request = exchange->request;
    uint64_t accepted = exchange->upload.head_accepted + exchange->upload.body_accepted;
    ssize_t result;

    if (exchange->upload.state == OUTLET_ENDED || exchange->upload.state == OUTLET_BROKEN)
        return EVENT_NONE;
    if (exchange->client_readable && inlet_has_room(request)) {
        exchange->client_readable = false;
        result = inlet_fill(request, exchange->client);
        if (result < 0 && result != -EAGAIN) {
            exchange->client_gone = true;
            return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, (int)-result);
        }
        if (result > 0)
            exchange->progress_ns = now_ns(exchange);
        note_held(exchange);
    }
    if (!inlet_decode(request))
        return refuse_request_body(exchange);
    write_from(&exchange->upload, request, &exchange->link->stream);
    if (exchange->upload.state == OUTLET_MISMATCHED)
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    if (exchange->upload.head_accepted + exchange->upload.body_accepted != accepted)
        exchange->progress_ns = now_ns(exchange);
    if (exchange->upload.state == OUTLET_ENDED)
        exchange->handed_over_ns = now_ns(exchange);
    return EVENT_NONE;
}

/* ---- the response head ----------------------------------------------------------------------- */

static void note_upstream_failure(struct exchange *exchange, enum cause cause, int os_error)
{
    if (exchange->upstream_failed)
        return;
    exchange->upstream_failed = true;
    exchange->upstream_cause = cause;
    exchange->upstream_error = os_error;
}

static enum exchange_event fail_upstream(struct exchange *exchange)
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
    if (result > 0)
        exchange->progress_ns = now_ns(exchange);
    if (result < 0 && result != -EAGAIN)
        note_upstream_failure(exchange,
                              exchange_stage(exchange) < STAGE_MID_HEAD
                                  ? CAUSE_CONNECTION_TERMINATED
                                  : CAUSE_HTTP_RESPONSE_INCOMPLETE,
                              (int)-result);
    note_held(exchange);
}

/* Sends a 1xx on its way. Its client may be too old for it, RFC 9110 15.2. */
static enum exchange_event forward_interim(struct exchange *exchange)
{
    const struct head *head = &exchange->response.head;
    bool is_continue = head->status == 100;
    struct http1_writer writer;

    if (head->status == 101 || ++exchange->interim_count > INTERIM_MAX)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_HTTP_PROTOCOL_ERROR, 0);
    if (exchange->request->head.minor == 0 || (is_continue && exchange->continue_forwarded))
        return EVENT_NONE;
    http1_writer_init(&writer, exchange->down_head, exchange->head_bytes_max);
    if (!forward_write_interim(head, exchange->ground->settings->via, &writer))
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    exchange->continue_forwarded = exchange->continue_forwarded || is_continue;
    exchange->interim_forwarded = exchange->interim_forwarded || !is_continue;
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

/* The next thing the upstream has said, if it is a head. */
static enum exchange_event read_one_head(struct exchange *exchange)
{
    struct inlet *response = &exchange->response;

    switch (inlet_read_head(response)) {
    case READER_HEAD:
        exchange->final_head = response->head.status >= 200;
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

enum exchange_event begin_response(struct exchange *exchange)
{
    struct inlet *response = &exchange->response;
    const struct inlet *request = exchange->request;
    unsigned minor = request->head.minor;
    enum framing framing = forward_framing_down(response->reader.framing, minor);
    struct forward_response forward = {
        .head = &response->head,
        .framing = response->reader.framing,
        .framing_down = framing,
        .content_length = response->reader.content_length,
        .client_minor = minor,
        .via = exchange->ground->settings->via,
    };
    struct http1_writer writer;

    /* Early responses: what is left of the request is not waited for (decision 3). */
    exchange->keep_alive = request->reader.keep_alive && !exchange->ground->draining &&
                           exchange->upload.state == OUTLET_ENDED && framing != FRAMING_CLOSE;
    forward.keep_alive = exchange->keep_alive;
    http1_writer_init(&writer, exchange->down_head, exchange->head_bytes_max);
    if (!forward_write_response(&forward, &writer))
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    health_note(&exchange->ground->origins[exchange->upstream].health, NULL, now_ns(exchange));
    exchange->response_down = true;
    exchange->record.status = response->head.status;
    outlet_start(&exchange->download, &(struct outlet_message){
                                          .head = bytes_make(writer.data, writer.size),
                                          .framing = framing,
                                          .content_length = response->reader.content_length,
                                          .body_allowed = framing != FRAMING_NONE,
                                          .tail_store = exchange->down_tail,
                                      });
    return relay(exchange);
}

/* Fails when nothing of what came before the failure is left to be sent down. */
static enum exchange_event fail_when_sent(struct exchange *exchange)
{
    const struct outlet_supply supply = supply_from(&exchange->response);

    return outlet_has_pending(&exchange->download, &supply) ? EVENT_NONE : fail_upstream(exchange);
}

static enum exchange_event write_down(struct exchange *exchange)
{
    uint64_t accepted = exchange->download.head_accepted + exchange->download.body_accepted;

    write_from(&exchange->download, &exchange->response, exchange->client);
    exchange->record.response_body_bytes = exchange->download.body_accepted;
    if (exchange->download.head_accepted + exchange->download.body_accepted != accepted)
        exchange->progress_ns = now_ns(exchange);
    if (exchange->download.state == OUTLET_ENDED)
        return EVENT_SENT;
    if (exchange->download.state == OUTLET_MISMATCHED)
        return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
    if (exchange->download.state == OUTLET_BROKEN) {
        exchange->client_gone = true;
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED,
                            exchange->download.os_error);
    }
    return exchange->upstream_failed ? fail_when_sent(exchange) : EVENT_NONE;
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

/* ---- our own answer -------------------------------------------------------------------------- */

/* What is left of a 1xx that the client has in part must go before the answer. */
static size_t keep_interim_rest(struct exchange *exchange)
{
    struct bytes rest = exchange->download.head;

    if (exchange->download.state != OUTLET_BLOCKED)
        return 0;
    memmove(exchange->down_head, rest.data, rest.size);
    return rest.size;
}

/* Whether the request has come whole, so that the next one may follow it. Nothing is read for that. */
static bool request_was_read(struct exchange *exchange)
{
    struct inlet *request = exchange->request;

    return !request->refused && inlet_decode(request) && request->message_ended &&
           request->reader.keep_alive;
}

enum exchange_event start_apology(struct exchange *exchange)
{
    const struct inlet *request = exchange->request;
    struct apology_text text = {
        .failure = exchange->failure,
        .via = exchange->ground->settings->via,
        .head_request = bytes_equal_text(request->head.method, "HEAD"),
        .client_minor = request->head.minor,
    };
    struct http1_writer writer;
    size_t before = keep_interim_rest(exchange);

    if (exchange->apology.word == NULL)
        exchange->apology = apology_for(&exchange->failure);
    text.apology = exchange->apology;
    exchange->record.status = text.apology.status;
    exchange->record.error_word = text.apology.word;
    exchange->keep_alive = false;
    if (text.apology.status == 0)
        return EVENT_SENT;
    exchange->keep_alive = request_was_read(exchange) && !exchange->ground->draining;
    text.keep_alive = exchange->keep_alive;
    exchange->progress_ns = now_ns(exchange);
    http1_writer_init(&writer, exchange->down_head + before, APOLOGY_BYTES);
    apology_write(&text, &writer);
    outlet_start(
        &exchange->download,
        &(struct outlet_message){.head = bytes_make(exchange->down_head, before + writer.size)});
    return send_apology(exchange);
}

enum exchange_event send_apology(struct exchange *exchange)
{
    outlet_write(&exchange->download, NULL, exchange->client);
    if (exchange->download.state == OUTLET_ENDED || exchange->download.state == OUTLET_BROKEN)
        return EVENT_SENT;
    return EVENT_NONE;
}

static void on_upstream_event(struct stream *stream, unsigned events)
{
    struct exchange *exchange = object_cast(stream->owner, EXCHANGE_TAG);

    exchange->upstream_readable = exchange->upstream_readable || (events & STREAM_READ) != 0;
    exchange_turn(exchange, EVENT_UPSTREAM_READY);
}
