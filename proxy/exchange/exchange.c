#include "proxy/exchange/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/exchange/actions.h"
#include "proxy/exchange/forward.h"

enum { STEPS_MAX = 3 * RECORD_ATTEMPTS_MAX + 16 }; /* choosing, dialing, judging; then the answer */

typedef enum exchange_event exchange_action(struct exchange *exchange);

struct transition {
    enum exchange_state next;
    exchange_action *action;
};

static exchange_action stay;
static exchange_action note_cancel;
static exchange_action note_timeout;
static exchange_action finish;
static exchange_action cut;
static exchange_action abandon;

static const struct transition TABLE[STATE_COUNT][EVENT_COUNT] =
    {
        [STATE_IDLE] =
            {
                [EVENT_BEGIN] = {STATE_CHOOSING, choose},
                [EVENT_REFUSE] = {STATE_APOLOGISING, start_apology},
            },
        [STATE_CHOOSING] =
            {
                [EVENT_TAKEN] = {STATE_SENDING, start_sending},
                [EVENT_DIAL_NEEDED] = {STATE_DIALING, start_dialing},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_DIALING] =
            {
                [EVENT_DIALED] = {STATE_SENDING, start_sending},
                [EVENT_CLIENT_READY] = {STATE_DIALING, stay},
                [EVENT_CLIENT_GONE] = {STATE_DIALING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_DIALING, note_timeout},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_SENDING] =
            {
                [EVENT_UPSTREAM_READY] = {STATE_SENDING, send_up},
                [EVENT_CLIENT_READY] = {STATE_SENDING, send_up},
                [EVENT_CLIENT_GONE] = {STATE_SENDING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_SENDING, note_timeout},
                [EVENT_HEAD_COMPLETE] = {STATE_RELAYING, begin_response},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_RELAYING] =
            {
                [EVENT_UPSTREAM_READY] = {STATE_RELAYING, relay},
                [EVENT_CLIENT_READY] = {STATE_RELAYING, relay},
                [EVENT_CLIENT_GONE] = {STATE_RELAYING, note_cancel},
                [EVENT_TIMED_OUT] = {STATE_RELAYING, note_timeout},
                [EVENT_SENT] = {STATE_DONE, finish},
                [EVENT_ATTEMPT_FAILED] = {STATE_JUDGING, judge},
            },
        [STATE_JUDGING] =
            {
                [EVENT_RETRY_ALLOWED] = {STATE_CHOOSING, choose},
                [EVENT_GAVE_UP] = {STATE_APOLOGISING, start_apology},
                [EVENT_CUT] = {STATE_DONE, cut},
            },
        [STATE_APOLOGISING] =
            {
                [EVENT_CLIENT_READY] = {STATE_APOLOGISING, send_apology},
                [EVENT_CLIENT_GONE] = {STATE_DONE, abandon},
                [EVENT_TIMED_OUT] = {STATE_DONE, abandon},
                [EVENT_SENT] = {STATE_DONE, finish},
            },
};

void exchange_advance(struct exchange *exchange, enum exchange_event event)
{
    for (unsigned steps = 0; event != EVENT_NONE; steps++) {
        const struct transition *transition = &TABLE[exchange->state][event];

        check(steps < STEPS_MAX);
        if (transition->action == NULL)
            check_refuse(__FILE__, __LINE__, "an exchange that is %s cannot meet %s",
                         exchange_state_word(exchange->state), exchange_event_word(event));
        exchange->state = transition->next;
        event = transition->action(exchange);
    }
    if (exchange->state != STATE_DONE)
        wait_for_more(exchange);
}

void exchange_turn(struct exchange *exchange, enum exchange_event event)
{
    exchange_advance(exchange, event);
    exchange->on_turn(exchange->owner);
}

/* ---- the life of the object ------------------------------------------------------------------ */

bool exchange_init(struct exchange *exchange, struct exchange_ground *ground)
{
    const struct proxy_settings *settings = ground->settings;
    const struct inlet_settings response = {
        .kind = READ_RESPONSE,
        .window_bytes = settings->window_bytes,
        .limits = {.head_bytes_max = settings->head_bytes_max,
                   .uri_bytes_max = settings->uri_bytes_max,
                   .body_bytes_max = UINT64_MAX},
    };
    size_t head_bytes = settings->head_bytes_max + FORWARD_ADDED_BYTES + APOLOGY_BYTES;

    *exchange = (struct exchange){.tag = EXCHANGE_TAG, .ground = ground};
    if (!inlet_init(&exchange->response, &response))
        return false;
    exchange->memory = malloc(2 * (head_bytes + OUTLET_TAIL_BYTES));
    if (exchange->memory == NULL) {
        inlet_release(&exchange->response);
        return false;
    }
    exchange->head_bytes_max = head_bytes;
    exchange->up_head = exchange->memory;
    exchange->down_head = exchange->up_head + head_bytes;
    exchange->up_tail = exchange->down_head + head_bytes;
    exchange->down_tail = exchange->up_tail + OUTLET_TAIL_BYTES;
    dial_init(&exchange->dial, ground->world, settings->connect_timeout_ns);
    exchange->watch = (struct timer){.on_time = on_watch, .owner = exchange};
    return true;
}

void exchange_release(struct exchange *exchange)
{
    static const struct failure ended = {SIDE_INTERNAL, STAGE_ROUTE, CAUSE_PROXY_INTERNAL_ERROR, 0};

    check(exchange->tag == EXCHANGE_TAG);
    attempt_end(exchange, &ended);
    timer_stop(exchange->ground->world, &exchange->watch);
    inlet_release(&exchange->response);
    free(exchange->memory);
    exchange->memory = NULL;
    exchange->tag = 0;
}

static void copy_text(char *to, size_t size_max, struct bytes from)
{
    size_t size = from.size < size_max - 1 ? from.size : size_max - 1;

    if (size > 0)
        memcpy(to, from.data, size);
    to[size] = '\0';
}

static void begin_record(struct exchange *exchange)
{
    struct exchange_record *record = &exchange->record;
    const struct head *head = &exchange->request->head;

    record->id = ++exchange->ground->exchanges_begun;
    record->begun_ns = world_now(exchange->ground->world);
    record->status = 0;
    record->error_word = NULL;
    record->failure = (struct failure){0};
    record->response_body_bytes = 0;
    record->held_bytes_peak = 0;
    record->attempt_count = 0;
    copy_text(record->method, sizeof(record->method), head->method);
    copy_text(record->target, sizeof(record->target), head->target);
    exchange->progress_ns = record->begun_ns;
}

void exchange_begin(struct exchange *exchange, const struct exchange_request *request)
{
    check(exchange->state == STATE_IDLE);
    begin_record(exchange);
    exchange->target = request->target;
    exchange->host = request->host;
    exchange_advance(exchange, EVENT_BEGIN);
}

void exchange_refuse(struct exchange *exchange, const struct failure *failure,
                     const struct apology *apology)
{
    check(exchange->state == STATE_IDLE);
    begin_record(exchange);
    exchange->failure = *failure;
    exchange->apology = *apology;
    exchange_advance(exchange, EVENT_REFUSE);
}

void exchange_client_event(struct exchange *exchange, unsigned events)
{
    bool closed = (events & STREAM_CLOSED) != 0;

    if (closed && exchange->ground->settings->client_half_close_allowed)
        closed = stream_status(exchange->client) != 0;
    exchange->client_readable = exchange->client_readable || (events & STREAM_READ) != 0;
    exchange_advance(exchange, closed ? EVENT_CLIENT_GONE : EVENT_CLIENT_READY);
}

bool exchange_is_done(const struct exchange *exchange)
{
    return exchange->state == STATE_DONE;
}

void exchange_rest(struct exchange *exchange)
{
    check(exchange->state == STATE_DONE);
    check(exchange->link == NULL);
    exchange->state = STATE_IDLE;
    exchange->tried = 0;
    exchange->client_gone = false;
    exchange->client_readable = false;
    exchange->final_head = false;
    exchange->response_down = false;
    exchange->interim_count = 0;
    exchange->upload = (struct outlet){0};
    exchange->download = (struct outlet){0};
    exchange->interim_forwarded = false;
    exchange->continue_forwarded = false;
    exchange->failure = (struct failure){0};
    exchange->apology = (struct apology){0};
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

    exchange->client_gone = true;
    return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_CANCELLED, -status);
}

/* Who kept the other waiting decides the cause; the exchange's own deadline is the upstream's. */
static enum exchange_event note_timeout(struct exchange *exchange)
{
    if (exchange->state == STATE_DIALING)
        return note_failure(exchange, SIDE_UPSTREAM,
                            exchange_stage(exchange) == STAGE_RESOLVE ? CAUSE_DNS_TIMEOUT
                                                                      : CAUSE_CONNECTION_TIMEOUT,
                            0);
    if (exchange->download.state == OUTLET_BLOCKED) {
        exchange->client_gone = true; /* it takes nothing, be it a response or a 1xx */
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_TIMEOUT, 0);
    }
    if (exchange->state == STATE_RELAYING)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_CONNECTION_READ_TIMEOUT, 0);
    if (exchange->upload.state == OUTLET_BLOCKED)
        return note_failure(exchange, SIDE_UPSTREAM, CAUSE_CONNECTION_WRITE_TIMEOUT, 0);
    if (exchange->upload.state == OUTLET_IDLE)
        return note_failure(exchange, SIDE_DOWNSTREAM, CAUSE_CLIENT_TIMEOUT, 0);
    return note_failure(exchange, SIDE_UPSTREAM, CAUSE_HTTP_RESPONSE_TIMEOUT, 0);
}

static void tell(struct exchange *exchange)
{
    const struct proxy_settings *settings = exchange->ground->settings;

    timer_stop(exchange->ground->world, &exchange->watch);
    exchange->record.ended_ns = world_now(exchange->ground->world);
    exchange->record.failure = exchange->failure;
    exchange->record.request_body_bytes = exchange->request->body_total;
    if (settings->on_record != NULL)
        settings->on_record(settings->owner, &exchange->record);
}

/* The answer went down whole, be it the upstream's or our own. */
static enum exchange_event finish(struct exchange *exchange)
{
    bool request_read = exchange->request->message_ended;

    attempt_end(exchange, NULL);
    if (exchange->response_down)
        exchange->failure = (struct failure){0};
    exchange->client_end = exchange->keep_alive && request_read ? CLIENT_KEEP : CLIENT_CLOSE;
    tell(exchange);
    return EVENT_NONE;
}

/* Some of a response went down and the rest never will: the client must be able to tell (decision 6). */
static enum exchange_event cut(struct exchange *exchange)
{
    bool framed = exchange->download.framing != FRAMING_CLOSE;

    exchange->client_end = framed ? CLIENT_CLOSE : CLIENT_RESET;
    tell(exchange);
    return EVENT_NONE;
}

/* The client is gone, or takes nothing: nobody is left to tell. */
static enum exchange_event abandon(struct exchange *exchange)
{
    exchange->client_end = CLIENT_RESET;
    tell(exchange);
    return EVENT_NONE;
}

/* ---- words --------------------------------------------------------------------------------- */

const char *exchange_state_word(enum exchange_state state)
{
    static const char *const words[] = {
#define EXCHANGE_STATE_WORD(name, word) [STATE_##name] = word,
        EXCHANGE_STATE_LIST(EXCHANGE_STATE_WORD)
#undef EXCHANGE_STATE_WORD
    };

    check((unsigned)state < STATE_COUNT);
    return words[state];
}

const char *exchange_event_word(enum exchange_event event)
{
    static const char *const words[] = {
#define EXCHANGE_EVENT_WORD(name, word) [EVENT_##name] = word,
        EXCHANGE_EVENT_LIST(EXCHANGE_EVENT_WORD)
#undef EXCHANGE_EVENT_WORD
    };

    check((unsigned)event < EVENT_COUNT);
    return words[event];
}
