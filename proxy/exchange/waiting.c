/* What an exchange waits for: levels of its two streams, hooks, and times. */
#include "proxy/exchange/actions.h"

static uint64_t later(uint64_t since_ns, uint64_t timeout_ns)
{
    return timeout_ns == 0 ? TIME_NEVER : since_ns + timeout_ns;
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/*
 * While an attempt keeps nobody but the proxy waiting. A client that is slow to send its request stops the clock, and so
 * does a hook, which has a limit of its own.
 */
static uint64_t try_due_ns(const struct exchange *exchange)
{
    bool counts = exchange->attempting && !exchange->final_head && !exchange->hook_waits;

    if (exchange->state == STATE_SENDING && exchange->upload.state == OUTLET_IDLE)
        counts = false;
    return counts ? later(exchange->try_begun_ns, exchange->route->retry.per_try_timeout_ns)
                  : TIME_NEVER;
}

static uint64_t due_ns(const struct exchange *exchange)
{
    const struct proxy_settings *settings = exchange->settings;
    uint64_t deadline = later(exchange->record.begun_ns, exchange->route->retry.deadline_ns);
    uint64_t due = TIME_NEVER;

    if (exchange->state == STATE_BACKING_OFF)
        return exchange->backoff_end_ns;
    if (exchange->state == STATE_SENDING && exchange->upload.state == OUTLET_ENDED)
        due = later(exchange->handed_over_ns, settings->response_timeout_ns);
    else if (exchange->state != STATE_DIALING)
        due = later(exchange->progress_ns, settings->idle_timeout_ns);
    /* A tunnel lasts for as long as it is used. */
    if (exchange->state == STATE_APOLOGISING || exchange->state == STATE_EXPLAINING ||
        exchange->tunnel)
        return due;
    return earlier(earlier(due, try_due_ns(exchange)), deadline);
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

/* ---- hooks that wait --------------------------------------------------------------------------- */

/* When a body filter of a direction that still moves is to be called though no stream announces anything. */
static uint64_t filters_due_ns(const struct exchange *exchange)
{
    uint64_t due = TIME_NEVER;

    if (exchange_is_uploading(exchange))
        due = feed_due_ns(&exchange->up);
    if (exchange->state == STATE_RELAYING)
        due = earlier(due, feed_due_ns(&exchange->down));
    return due;
}

/* A throttle is no want of progress: the clock of idleness begins when it ends. */
static void wait_for_throttle(struct exchange *exchange)
{
    uint64_t due = filters_due_ns(exchange);

    if (due == TIME_NEVER)
        return;
    if (exchange->progress_ns < due)
        exchange->progress_ns = due;
    if (!timer_is_set(&exchange->resume) || exchange->resume.at_ns > due)
        timer_set(exchange->ground->world, &exchange->resume, due);
}

void on_resume(struct timer *timer)
{
    struct exchange *exchange = object_cast(timer->owner, EXCHANGE_TAG);

    if (exchange->hook_waits)
        exchange->try_begun_ns = world_now(exchange->ground->world); /* the hook kept it waiting */
    exchange->hook_waits = false;
    feed_resume(&exchange->up);
    feed_resume(&exchange->down);
    exchange_turn(exchange, EVENT_RESUMED);
}

/* ---- streams ----------------------------------------------------------------------------------- */

static void set_wants(struct exchange *exchange)
{
    unsigned client = STREAM_CLOSED;
    unsigned upstream = 0;
    bool sending = exchange->state == STATE_SENDING;
    bool relaying = exchange->state == STATE_RELAYING || exchange->state == STATE_TUNNELLING;

    if ((sending || relaying) && exchange->upload.state != OUTLET_BROKEN &&
        inlet_has_room(exchange->request))
        client |= STREAM_READ;
    if (exchange->download.state == OUTLET_BLOCKED &&
        (sending || relaying || exchange->state == STATE_APOLOGISING))
        client |= STREAM_WRITE;
    stream_want(exchange->client, client);
    if (exchange->link == NULL || exchange->state == STATE_DIALING)
        return;
    if ((sending || relaying) && exchange->upload.state == OUTLET_BLOCKED)
        upstream |= STREAM_WRITE;
    if ((sending || relaying) && inlet_has_room(&exchange->response) &&
        !(exchange->tunnel ? exchange->upstream_lost : exchange->upstream_failed) &&
        !(sending && exchange->download.state == OUTLET_BLOCKED))
        upstream |= STREAM_READ;
    stream_want(&exchange->link->stream, upstream);
}

void wait_for_more(struct exchange *exchange)
{
    set_wants(exchange);
    wait_for_throttle(exchange);
    watch(exchange);
}
