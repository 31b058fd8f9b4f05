#include "proxy/exchange/life.h"

#include "proxy/exchange/actions.h"

static exchange_action stay;
static exchange_action note_cancel;
static exchange_action note_timeout;

static const struct transition TABLE[STATE_COUNT][EVENT_COUNT] =
    {
        [STATE_IDLE] =
            {
                [EVENT_BEGIN] = {STATE_FILTERING, filter_request},
                [EVENT_REFUSE] = {STATE_EXPLAINING, explain},
            },
        [STATE_FILTERING] =
            {
                [EVENT_PASSED] = {STATE_CHOOSING, choose},
                [EVENT_ANSWER] = {STATE_APOLOGISING, start_answer},
                [EVENT_RESUMED] = {STATE_FILTERING, filter_request},
                [EVENT_CLIENT_READY] = {STATE_FILTERING, stay},
                [EVENT_CLIENT_GONE] = {STATE_FILTERING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_FILTERING, note_timeout},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_CHOOSING] =
            {
                [EVENT_TAKEN] = {STATE_PREPARING, prepare},
                [EVENT_DIAL_NEEDED] = {STATE_DIALING, start_dialing},
                [EVENT_RESUMED] = {STATE_CHOOSING, choose},
                [EVENT_CLIENT_READY] = {STATE_CHOOSING, stay},
                [EVENT_CLIENT_GONE] = {STATE_CHOOSING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_CHOOSING, note_timeout},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
                [EVENT_GAVE_UP] = {STATE_EXPLAINING, explain},
            },
        [STATE_DIALING] =
            {
                [EVENT_DIALED] = {STATE_PREPARING, prepare},
                [EVENT_RESUMED] = {STATE_DIALING, stay},
                [EVENT_CLIENT_READY] = {STATE_DIALING, stay},
                [EVENT_CLIENT_GONE] = {STATE_DIALING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_DIALING, note_timeout},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_PREPARING] =
            {
                [EVENT_PASSED] = {STATE_SENDING, start_sending},
                [EVENT_OPENED] = {STATE_TUNNELLING, open_tunnel},
                [EVENT_RESUMED] = {STATE_PREPARING, prepare},
                [EVENT_UPSTREAM_READY] = {STATE_PREPARING, stay},
                [EVENT_CLIENT_READY] = {STATE_PREPARING, stay},
                [EVENT_CLIENT_GONE] = {STATE_PREPARING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_PREPARING, note_timeout},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_SENDING] =
            {
                [EVENT_UPSTREAM_READY] = {STATE_SENDING, send_up},
                [EVENT_CLIENT_READY] = {STATE_SENDING, send_up},
                [EVENT_RESUMED] = {STATE_SENDING, send_up},
                [EVENT_CLIENT_GONE] = {STATE_SENDING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_SENDING, note_timeout},
                [EVENT_HEAD_COMPLETE] = {STATE_DECIDING, decide},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_DECIDING] =
            {
                [EVENT_PASSED] = {STATE_RELAYING, begin_response},
                [EVENT_OPENED] = {STATE_TUNNELLING, open_tunnel},
                [EVENT_RESUMED] = {STATE_DECIDING, decide},
                [EVENT_UPSTREAM_READY] = {STATE_DECIDING, stay},
                [EVENT_CLIENT_READY] = {STATE_DECIDING, stay},
                [EVENT_CLIENT_GONE] = {STATE_DECIDING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_DECIDING, note_timeout},
                [EVENT_RETRY_LATER] = {STATE_BACKING_OFF, stay},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_RELAYING] =
            {
                [EVENT_UPSTREAM_READY] = {STATE_RELAYING, relay},
                [EVENT_CLIENT_READY] = {STATE_RELAYING, relay},
                [EVENT_RESUMED] = {STATE_RELAYING, relay},
                [EVENT_CLIENT_GONE] = {STATE_RELAYING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_RELAYING, note_timeout},
                [EVENT_SENT] = {STATE_DONE, finish},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_TUNNELLING] =
            {
                [EVENT_UPSTREAM_READY] = {STATE_TUNNELLING, carry},
                [EVENT_CLIENT_READY] = {STATE_TUNNELLING, carry},
                [EVENT_RESUMED] = {STATE_TUNNELLING, carry},
                [EVENT_CLIENT_GONE] = {STATE_TUNNELLING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_TUNNELLING, note_timeout},
                [EVENT_SENT] = {STATE_DONE, finish},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_JUDGING] =
            {
                [EVENT_RETRY_ALLOWED] = {STATE_CHOOSING, choose},
                [EVENT_RETRY_LATER] = {STATE_BACKING_OFF, stay},
                [EVENT_GAVE_UP] = {STATE_EXPLAINING, explain},
            },
        [STATE_BACKING_OFF] =
            {
                [EVENT_TIMED_OUT] = {STATE_CHOOSING, choose},
                [EVENT_RESUMED] = {STATE_BACKING_OFF, stay},
                [EVENT_CLIENT_READY] = {STATE_BACKING_OFF, stay},
                [EVENT_CLIENT_GONE] = {STATE_BACKING_OFF, note_cancel},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_EXPLAINING] =
            {
                [EVENT_ANSWER] = {STATE_APOLOGISING, start_answer},
                [EVENT_CUT] = {STATE_DONE, cut},
                [EVENT_RESUMED] = {STATE_EXPLAINING, explain},
                [EVENT_CLIENT_READY] = {STATE_EXPLAINING, stay},
                [EVENT_CLIENT_GONE] = {STATE_EXPLAINING, explain_to_nobody},
                [EVENT_TIMED_OUT] = {STATE_EXPLAINING, explain_late},
            },
        [STATE_APOLOGISING] =
            {
                [EVENT_CLIENT_READY] = {STATE_APOLOGISING, send_answer},
                [EVENT_RESUMED] = {STATE_APOLOGISING, stay},
                [EVENT_CLIENT_GONE] = {STATE_DONE, abandon_answer},
                [EVENT_TIMED_OUT] = {STATE_DONE, abandon_late},
                [EVENT_SENT] = {STATE_DONE, finish},
            },
};

const struct transition *life_transition(enum exchange_state state, enum exchange_event event)
{
    check((unsigned)state < STATE_COUNT);
    check((unsigned)event < EVENT_COUNT);
    return &TABLE[state][event];
}

/* ---- small actions --------------------------------------------------------------------------- */

static enum exchange_event stay(struct exchange *exchange)
{
    (void)exchange;
    return EVENT_NONE;
}

static enum exchange_event note_cancel(struct exchange *exchange)
{
    int status = stream_status(exchange->client);

    if (exchange->tunnel && exchange->phase == TUNNEL_NONE)
        exchange->phase = exchange->download.head.size > 0 ? TUNNEL_REPLY : TUNNEL_UP;
    exchange->client_gone = true;
    return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, -status);
}

/* Whether nothing but a hook keeps everybody waiting. */
static bool waits_for_hook(const struct exchange *exchange)
{
    switch (exchange->state) {
    case STATE_SENDING:
        return exchange_is_uploading(exchange) && feed_waits(&exchange->up);
    case STATE_RELAYING:
        return exchange->hook_waits || feed_waits(&exchange->down);
    default:
        return exchange->hook_waits;
    }
}

static bool deadline_has_passed(const struct exchange *exchange)
{
    uint64_t deadline = exchange->route->retry.deadline_ns;

    return deadline != 0 &&
           world_now(exchange->ground->world) - exchange->record.begun_ns >= deadline;
}

/* Who kept the other waiting decides the cause; the exchange's own deadline is the upstream's. */
static enum exchange_event note_timeout(struct exchange *exchange)
{
    if (waits_for_hook(exchange))
        return note_failure(exchange, SIDE_INTERNAL,
                            deadline_has_passed(exchange) ? CAUSE_HTTP_RESPONSE_TIMEOUT
                                                          : CAUSE_PROXY_INTERNAL_ERROR,
                            0);
    if (exchange->state == STATE_DIALING)
        return note_failure(exchange, SIDE_UPSTREAM,
                            exchange_stage(exchange) == STAGE_RESOLVE ? CAUSE_DNS_TIMEOUT
                                                                      : CAUSE_CONNECTION_TIMEOUT,
                            0);
    if (exchange->tunnel)
        exchange->phase = TUNNEL_IDLE;
    if (exchange->download.state == OUTLET_BLOCKED) {
        exchange->client_gone = true; /* it takes nothing, be it a response or a 1xx */
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_TIMEOUT, 0);
    }
    if (exchange->state == STATE_RELAYING)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_CONNECTION_READ_TIMEOUT, 0);
    if (exchange->upload.state == OUTLET_BLOCKED)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_CONNECTION_WRITE_TIMEOUT, 0);
    if (exchange->tunnel)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_CONNECTION_READ_TIMEOUT, 0);
    if (exchange->upload.state == OUTLET_IDLE)
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_TIMEOUT, 0);
    return note_failure(exchange, SIDE_UPSTREAM, CAUSE_HTTP_RESPONSE_TIMEOUT, 0);
}
