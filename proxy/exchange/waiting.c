/* What an exchange waits for: levels of its two streams, and a time. */
#include "proxy/exchange/actions.h"

static uint64_t later(uint64_t since_ns, uint64_t timeout_ns)
{
    return timeout_ns == 0 ? TIME_NEVER : since_ns + timeout_ns;
}

static uint64_t due_ns(const struct exchange *exchange)
{
    const struct proxy_settings *settings = exchange->ground->settings;
    uint64_t deadline = later(exchange->record.begun_ns, settings->retry.deadline_ns);
    uint64_t due = TIME_NEVER;

    if (exchange->state == STATE_SENDING && exchange->upload.state == OUTLET_ENDED)
        due = later(exchange->handed_over_ns, settings->response_timeout_ns);
    else if (exchange->state != STATE_DIALING)
        due = later(exchange->progress_ns, settings->idle_timeout_ns);
    if (exchange->state == STATE_APOLOGISING)
        return due;
    return due < deadline ? due : deadline;
}

/* The timer is moved only forward in time when it fires, so that progress costs nothing. */
static void watch(struct exchange *exchange)
{
    uint64_t due = due_ns(exchange);

    if (timer_is_set(&exchange->watch) && exchange->watch.at_ns <= due)
        return;
    if (due == TIME_NEVER)
        timer_stop(exchange->ground->world, &exchange->watch);
    else
        timer_set(exchange->ground->world, &exchange->watch, due);
}

void on_watch(struct timer *timer)
{
    struct exchange *exchange = object_cast(timer->owner, EXCHANGE_TAG);

    if (world_now(exchange->ground->world) < due_ns(exchange))
        watch(exchange);
    else
        exchange_turn(exchange, EVENT_TIMED_OUT);
}

static void set_wants(struct exchange *exchange)
{
    unsigned client = STREAM_CLOSED;
    unsigned upstream = 0;
    bool sending = exchange->state == STATE_SENDING;
    bool relaying = exchange->state == STATE_RELAYING;

    if ((sending || relaying) && exchange->upload.state != OUTLET_BROKEN &&
        inlet_has_room(exchange->request))
        client |= STREAM_READ;
    if (exchange->download.state == OUTLET_BLOCKED && exchange->state != STATE_DIALING)
        client |= STREAM_WRITE;
    stream_want(exchange->client, client);
    if (exchange->link == NULL || exchange->state == STATE_DIALING)
        return;
    if (exchange->upload.state == OUTLET_BLOCKED)
        upstream |= STREAM_WRITE;
    if (inlet_has_room(&exchange->response) && !exchange->upstream_failed &&
        !(sending && exchange->download.state == OUTLET_BLOCKED))
        upstream |= STREAM_READ;
    stream_want(&exchange->link->stream, upstream);
}

void wait_for_more(struct exchange *exchange)
{
    set_wants(exchange);
    watch(exchange);
}
