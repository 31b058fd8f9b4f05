/* The hooks of each state, one after the other, and what their answers mean. */
#include "proxy/exchange/actions.h"
#include "proxy/policy/health.h"

static const struct proxy_hooks *hooks_of(const struct exchange *exchange)
{
    return exchange->ground->hooks;
}

static enum exchange_event fail_hook(struct exchange *exchange)
{
    return note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
}

/* What follows a hook's answer; EVENT_PASSED: the next hook. */
static enum exchange_event settle(struct exchange *exchange, enum hook_answer answer)
{
    if (answer == HOOK_WAIT && !exchange->hook_waited)
        exchange->progress_ns = world_now(exchange->ground->world);
    exchange->hook_waits = exchange->hook_waited = answer == HOOK_WAIT;
    switch (answer) {
    case HOOK_CONTINUE:
        return EVENT_PASSED;
    case HOOK_WAIT:
        return EVENT_NONE;
    case HOOK_RESPONDED:
        return exchange->answered ? EVENT_ANSWER : fail_hook(exchange);
    case HOOK_FAILED:
    default:
        return fail_hook(exchange);
    }
}

static enum exchange_event ask(struct exchange *exchange, exchange_hook *hook)
{
    return hook == NULL ? EVENT_PASSED : settle(exchange, hook(exchange));
}

/*
 * The fields are the hook's to change, the start line is not: by the method and the status is known what a message may
 * carry, and by the method what may be sent twice.
 */
static enum hook_answer call_head_hook(struct exchange *exchange, head_hook *hook,
                                       struct head *head)
{
    struct bytes method = head->method;
    unsigned status = head->status;
    unsigned minor = head->minor;
    enum hook_answer answer = hook(exchange, head);

    head->method = method;
    head->status = status;
    head->minor = minor;
    return answer;
}

static enum exchange_event ask_head(struct exchange *exchange, head_hook *hook, struct head *head)
{
    return hook == NULL ? EVENT_PASSED : settle(exchange, call_head_hook(exchange, hook, head));
}

/* Counts a step that was passed; the next visit to any state begins at its first. */
static enum exchange_event next_step(struct exchange *exchange, enum exchange_event event,
                                     unsigned steps)
{
    if (event == EVENT_PASSED)
        exchange->step++;
    if (exchange->step == steps || (event != EVENT_PASSED && event != EVENT_NONE))
        exchange->step = 0;
    return event;
}

/* ---- before an upstream is chosen -------------------------------------------------------------- */

enum exchange_event filter_request(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = hooks_of(exchange);
    head_hook *const row[] = {hooks->early_request_filter, hooks->request_filter,
                              hooks->proxy_upstream_filter};
    enum exchange_event event;

    do {
        exchange->hook_may_answer = exchange->step > 0;
        event = ask_head(exchange, row[exchange->step], &exchange->request->head);
        event = next_step(exchange, event, COUNT_OF(row));
    } while (event == EVENT_PASSED && exchange->step > 0);
    exchange->hook_may_answer = false;
    return event;
}

enum exchange_event ask_for_peer(struct exchange *exchange, struct proxy_peer *peer)
{
    peer_hook *hook = hooks_of(exchange)->upstream_peer;

    return hook == NULL ? EVENT_PASSED : settle(exchange, hook(exchange, peer));
}

/* ---- before the request is sent ---------------------------------------------------------------- */

enum { STEP_CONNECTED, STEP_REQUEST_FILTER, PREPARE_STEPS };

enum exchange_event prepare(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = hooks_of(exchange);
    enum exchange_event event;

    if (exchange->step == STEP_CONNECTED) {
        adopt_link(exchange);
        event = ask(exchange, hooks->connected_to_upstream);
        if (exchange->kind == EXCHANGE_CONNECT)
            return event == EVENT_PASSED ? EVENT_OPENED : event; /* there is no request to send */
        if (next_step(exchange, event, PREPARE_STEPS) != EVENT_PASSED)
            return event;
        if (hooks->upstream_request_filter != NULL &&
            !head_copy(exchange->up_fields, &exchange->request->head))
            return fail_hook(exchange);
    }
    event = ask_head(exchange, hooks->upstream_request_filter, exchange->up_fields);
    return next_step(exchange, event, PREPARE_STEPS);
}

/* ---- before the response goes down ------------------------------------------------------------- */

enum { STEP_ARRIVED, STEP_DECISION, STEP_RESPONSE_FILTER, DECIDE_STEPS };

/* Whatever its status, the upstream has answered. */
static void note_arrival(struct exchange *exchange)
{
    present_attempt(exchange)->status = exchange->response.head.status;
    health_note(&exchange->origin->health, NULL, world_now(exchange->ground->world));
}

/* A response that is not delivered is drained if it has come whole, so that its connection may serve again. */
static enum exchange_event drop_response(struct exchange *exchange, enum exchange_event retry)
{
    (void)!inlet_decode(&exchange->response);
    attempt_end(exchange, &exchange->failure);
    return retry;
}

/* Retry it? Where that is refused, the response in hand is delivered (decision 11 of the design). */
static enum exchange_event decide_response(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = hooks_of(exchange);
    const struct head *head = &exchange->response.head;
    const struct failure answered = {SIDE_UPSTREAM, STAGE_STATUS, CAUSE_HTTP_RESPONSE_STATUS, 0};
    enum retry_wish wish = RETRY_LEAVE;
    enum exchange_event retry;

    if (head->status == SWITCHING_PROTOCOLS)
        return EVENT_PASSED; /* no final status: there is nothing to decide about */
    if (hooks->upstream_response_decision != NULL)
        wish = hooks->upstream_response_decision(exchange, head);
    if (wish == RETRY_WAIT)
        return settle(exchange, HOOK_WAIT);
    if (wish == RETRY_LEAVE && !status_set_has(&exchange->route->retry.on_status, head->status))
        return EVENT_PASSED;
    retry = decide_retry(exchange, &answered, wish);
    if (retry == EVENT_NONE)
        return EVENT_PASSED;
    exchange->failure = answered;
    return drop_response(exchange, retry);
}

static enum exchange_event take_decide_step(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = hooks_of(exchange);
    struct head *head = &exchange->response.head;

    switch (exchange->step) {
    case STEP_ARRIVED:
        note_arrival(exchange);
        return ask_head(exchange, hooks->upstream_response_filter, head);
    case STEP_DECISION:
        return decide_response(exchange);
    case STEP_RESPONSE_FILTER:
    default:
        return ask_head(exchange, hooks->response_filter, head);
    }
}

enum exchange_event decide(struct exchange *exchange)
{
    enum exchange_event event;

    do
        event = next_step(exchange, take_decide_step(exchange), DECIDE_STEPS);
    while (event == EVENT_PASSED && exchange->step > 0);
    if (event == EVENT_PASSED && exchange->response.head.status == SWITCHING_PROTOCOLS)
        return EVENT_OPENED;
    return event;
}

/* ---- while bodies go by ------------------------------------------------------------------------ */

enum exchange_event filter_trailers(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = hooks_of(exchange);
    head_hook *const row[] = {hooks->upstream_response_trailer_filter,
                              hooks->response_trailer_filter};
    enum exchange_event event = EVENT_PASSED;

    if (exchange->trailers_filtered)
        return EVENT_PASSED;
    if (exchange->hook_waits)
        return EVENT_NONE;
    do {
        event = ask_head(exchange, row[exchange->step], &exchange->response.trailers);
        event = next_step(exchange, event, COUNT_OF(row));
    } while (event == EVENT_PASSED && exchange->step > 0);
    exchange->trailers_filtered = event == EVENT_PASSED;
    return event;
}

enum exchange_event note_feed(struct exchange *exchange, enum feed_state state)
{
    return state == FEED_FAILED || state == FEED_STUCK ? fail_hook(exchange) : EVENT_NONE;
}

/* ---- about a failure --------------------------------------------------------------------------- */

static enum retry_wish ask_failure(struct exchange *exchange, failure_hook *hook, const char *name)
{
    enum retry_wish wish = hook == NULL ? RETRY_LEAVE : hook(exchange, &exchange->failure);

    if (wish == RETRY_WAIT)
        check_refuse(__FILE__, __LINE__, "the hook %s may not wait", name);
    return wish;
}

/* A cancel before there is a connection is nobody's failure to connect (decision 4 of the design). */
enum retry_wish ask_about_failure(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = hooks_of(exchange);

    if (!exchange->attempting)
        return RETRY_LEAVE;
    if (exchange->connected)
        return ask_failure(exchange, hooks->error_while_proxy, "error_while_proxy");
    if (exchange->failure.side == SIDE_DOWNSTREAM)
        return RETRY_LEAVE;
    return ask_failure(exchange, hooks->fail_to_connect, "fail_to_connect");
}
