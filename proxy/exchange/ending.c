/* How an exchange ends: a failure for good and its hooks, the proxy's own answer, and what is told of it. */
#include <string.h>

#include "proxy/exchange/actions.h"

/* ---- explaining ------------------------------------------------------------------------------ */

static void log_error(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = exchange->ground->hooks;
    struct exchange_record *record = &exchange->record;

    record->error_suppressed = hooks->suppress_error_log != NULL &&
                               hooks->suppress_error_log(exchange, &exchange->failure);
    if (hooks->request_summary == NULL || record->error_suppressed)
        return;
    hooks->request_summary(exchange, record->summary);
    check(memchr(record->summary, '\0', sizeof(record->summary)) != NULL);
}

static enum exchange_event after_explaining(struct exchange *exchange)
{
    exchange->hook_may_answer = false;
    log_error(exchange);
    return exchange_can_respond(exchange) ? EVENT_ANSWER : EVENT_CUT;
}

/* An answer of its own, or the default: which of them was asked for shows in exchange->answered. */
enum exchange_event explain(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = exchange->ground->hooks;

    exchange->answered = false;
    if (hooks->fail_to_proxy == NULL)
        return after_explaining(exchange);
    exchange->hook_may_answer = true;
    if (hooks->fail_to_proxy(exchange, &exchange->failure) == HOOK_WAIT) {
        if (!exchange->hook_waited)
            exchange->progress_ns = world_now(exchange->ground->world);
        exchange->hook_waited = true;
        return EVENT_NONE;
    }
    return after_explaining(exchange);
}

/* The client left while fail_to_proxy waited. */
enum exchange_event explain_to_nobody(struct exchange *exchange)
{
    exchange->client_gone = true;
    return after_explaining(exchange);
}

/* It was not resumed in time: the proxy's own page has to do. */
enum exchange_event explain_late(struct exchange *exchange)
{
    return after_explaining(exchange);
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

/*
 * Whether something came behind a CONNECT that gets no tunnel. It may have been meant for that, and who chose it may not be
 * the client: it is not taken for requests. RFC 9110 9.3.6.
 */
static bool has_come_too_early(struct exchange *exchange)
{
    struct inlet *request = exchange->request;

    if (!bytes_equal_text(request->head.method, "CONNECT"))
        return false;
    if (inlet_raw(request) == 0 && !request->input_ended)
        (void)inlet_fill(request, exchange->client);
    return inlet_raw(request) > 0;
}

/* What exchange_fail() asked for stands over the failure's own status. */
static struct apology make_apology(const struct exchange *exchange)
{
    struct apology apology = exchange->apology;

    if (apology.word == NULL)
        apology = apology_for(&exchange->failure);
    if (exchange->failure_status != 0 && exchange->failure.side == SIDE_INTERNAL)
        apology.status = exchange->failure_status;
    return apology;
}

static void send_down(struct exchange *exchange, const struct answer *answer)
{
    const struct head *request = &exchange->request->head;
    size_t before = keep_interim_rest(exchange);
    struct answer_manner manner = {
        .head_request = bytes_equal_text(request->method, "HEAD"),
        .client_minor = request->minor,
    };
    struct http1_writer writer;

    exchange->record.status = answer->status;
    exchange->keep_alive = request_was_read(exchange) && !exchange->ground->draining &&
                           !exchange->close_client && !has_come_too_early(exchange);
    manner.keep_alive = exchange->keep_alive;
    exchange->progress_ns = world_now(exchange->ground->world);
    http1_writer_init(&writer, exchange->down_head + before, exchange->head_bytes_max - before);
    answer_write(answer, &manner, &writer);
    check(!writer.overflowed);
    exchange->answer_begin = before + writer.size - answer_body_size(answer, &manner);
    outlet_start(
        &exchange->download,
        &(struct outlet_message){.head = bytes_make(exchange->down_head, before + writer.size)});
}

enum exchange_event start_answer(struct exchange *exchange)
{
    uint8_t store[APOLOGY_BYTES];
    struct apology apology;
    struct answer answer = exchange->answer;

    if (exchange->failure.cause != CAUSE_NONE) {
        apology = make_apology(exchange);
        exchange->record.error_word = apology.word;
        exchange->keep_alive = false;
        if (apology.status == 0 && !exchange->answered)
            return EVENT_SENT;
        if (!exchange->answered)
            answer = apology_answer(&apology, &exchange->failure, exchange->settings->via, store);
    }
    send_down(exchange, &answer);
    return send_answer(exchange);
}

enum exchange_event send_answer(struct exchange *exchange)
{
    uint64_t accepted;

    outlet_write(&exchange->download, NULL, exchange->client);
    accepted = exchange->download.head_accepted;
    if (accepted > exchange->answer_begin)
        exchange->record.response_body_bytes = accepted - exchange->answer_begin;
    if (exchange->download.state == OUTLET_BROKEN)
        return EVENT_CLIENT_GONE;
    return exchange->download.state == OUTLET_ENDED ? EVENT_SENT : EVENT_NONE;
}

/* ---- the end --------------------------------------------------------------------------------- */

void tell(struct exchange *exchange)
{
    struct exchange_ground *ground = exchange->ground;

    feed_stop(&exchange->up);
    feed_stop(&exchange->down);
    exchange->record.ended_ns = world_now(ground->world);
    exchange->record.failure = exchange->failure;
    exchange->record.settings = exchange->settings;
    exchange->record.request_body_bytes = exchange->request->body_total;
    exchange->record.replay_bytes_peak = feed_copy_peak(&exchange->up);
    ground->live--;
    ground->retrying -= exchange->retrying;
    exchange->retrying = false;
    if (exchange->tunnel) {
        ground->tunnels--;
        exchange->record.tunnel_up_bytes = exchange->upload.body_accepted;
        exchange->record.tunnel_down_bytes = exchange->download.body_accepted;
    }
    if (ground->hooks->logging != NULL)
        ground->hooks->logging(exchange, &exchange->record);
    if (exchange->settings->on_record != NULL)
        exchange->settings->on_record(exchange->settings->owner, &exchange->record);
    /* Last of all, because a hook's last word may be a resume. */
    timer_stop(ground->world, &exchange->watch);
    timer_stop(ground->world, &exchange->resume);
    exchange->settings = NULL;
    exchange->route = NULL;
    configuration_let_go(&exchange->configuration);
}

/* The answer went down whole, be it the upstream's or our own. */
enum exchange_event finish(struct exchange *exchange)
{
    bool request_read = exchange->request->message_ended;

    if (exchange->tunnel)
        exchange->phase = tunnel_use(exchange);
    attempt_end(exchange, NULL);
    if (exchange->response_down)
        exchange->failure = (struct failure){0};
    tell(exchange);
    exchange->client_end = exchange->keep_alive && request_read && !exchange->close_client
                               ? CLIENT_KEEP
                               : CLIENT_CLOSE;
    return EVENT_NONE;
}

/* Some of a response went down and the rest never will: the client must be able to tell (decision 6). */
enum exchange_event cut(struct exchange *exchange)
{
    bool framed = exchange->download.framing != FRAMING_CLOSE;

    exchange->client_end = framed ? CLIENT_CLOSE : CLIENT_RESET;
    if (exchange->download.head_accepted == 0)
        exchange->record.status = 0; /* it never went on its way */
    tell(exchange);
    return EVENT_NONE;
}

/* An answer that was not delivered is no success; but what it was the answer to says more. */
static enum exchange_event abandon(struct exchange *exchange, enum cause cause)
{
    if (exchange->failure.cause == CAUSE_NONE)
        exchange->failure = (struct failure){SIDE_DOWNSTREAM, STAGE_ROUTE, cause, 0};
    exchange->client_end = CLIENT_RESET;
    tell(exchange);
    return EVENT_NONE;
}

enum exchange_event abandon_answer(struct exchange *exchange)
{
    return abandon(exchange, CAUSE_CLIENT_CANCELLED);
}

enum exchange_event abandon_late(struct exchange *exchange)
{
    return abandon(exchange, CAUSE_CLIENT_TIMEOUT);
}
