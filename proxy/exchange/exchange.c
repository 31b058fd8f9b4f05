#include "proxy/exchange/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/exchange/actions.h"
#include "proxy/exchange/life.h"
#include "proxy/relay/forward.h"
#include "proxy/routes/route.h"

enum {
    STEPS_MAX = 8 * RECORD_ATTEMPTS_MAX + 16
}; /* each state of an attempt once; then the answer */

void exchange_advance(struct exchange *exchange, enum exchange_event event)
{
    for (unsigned steps = 0; event != EVENT_NONE; steps++) {
        const struct transition *transition = life_transition(exchange->state, event);

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

static bool hooks_may_answer(const struct proxy_hooks *hooks)
{
    return hooks->request_filter != NULL || hooks->proxy_upstream_filter != NULL ||
           hooks->fail_to_proxy != NULL;
}

static bool init_feeds(struct exchange *exchange)
{
    const struct exchange_ground *ground = exchange->ground;
    const struct proxy_hooks *hooks = ground->hooks;
    const struct feed_settings up = {
        .exchange = exchange,
        .inlet = exchange->request,
        .hooks = {hooks->request_body_filter},
    };
    const struct feed_settings down = {
        .exchange = exchange,
        .inlet = &exchange->response,
        .hooks = {hooks->upstream_response_body_filter, hooks->response_body_filter},
    };

    return feed_init(&exchange->up, &up) && feed_init(&exchange->down, &down);
}

/* Heads and tails on their way. Behind what is left of a 1xx there is room for an answer of ours, or of a hook. */
static bool init_memory(struct exchange *exchange)
{
    size_t head_bytes = exchange->ground->configuration->settings.head_bytes_max + HOOK_HEAD_BYTES +
                        FORWARD_ADDED_BYTES + APOLOGY_BYTES;

    if (hooks_may_answer(exchange->ground->hooks))
        head_bytes += ANSWER_BYTES_MAX;
    exchange->memory = malloc(2 * (head_bytes + OUTLET_TAIL_BYTES));
    if (exchange->memory == NULL)
        return false;
    exchange->head_bytes_max = head_bytes;
    exchange->up_head = exchange->memory;
    exchange->down_head = exchange->up_head + head_bytes;
    exchange->up_tail = exchange->down_head + head_bytes;
    exchange->down_tail = exchange->up_tail + OUTLET_TAIL_BYTES;
    return true;
}

/*
 * What hooks need and nobody else: their context, and a copy of the request's head to change. The authority of an absolute
 * target stands in the copy twice, as a part of it and as Host.
 */
static bool init_for_hooks(struct exchange *exchange)
{
    const struct proxy_hooks *hooks = exchange->ground->hooks;
    const struct proxy_settings *settings = &exchange->ground->configuration->settings;
    size_t head_bytes = settings->head_bytes_max + settings->uri_bytes_max + HOOK_HEAD_BYTES;

    if (hooks->context_bytes > 0)
        exchange->context = malloc(hooks->context_bytes);
    if (hooks->upstream_request_filter != NULL)
        exchange->up_fields = malloc(sizeof(struct head) + head_bytes);
    if (exchange->up_fields != NULL)
        head_init(exchange->up_fields, (uint8_t *)(exchange->up_fields + 1), head_bytes);
    return (hooks->context_bytes == 0 || exchange->context != NULL) &&
           (hooks->upstream_request_filter == NULL || exchange->up_fields != NULL);
}

static void free_all(struct exchange *exchange)
{
    inlet_release(&exchange->response);
    feed_release(&exchange->up);
    feed_release(&exchange->down);
    free(exchange->memory);
    free(exchange->context);
    free(exchange->up_fields);
    exchange->memory = NULL;
    exchange->context = NULL;
    exchange->up_fields = NULL;
}

bool exchange_init(struct exchange *exchange, struct exchange_ground *ground, struct inlet *request)
{
    const struct proxy_settings *settings = &ground->configuration->settings;
    const struct inlet_settings response = {
        .kind = READ_RESPONSE,
        .window_bytes = settings->window_bytes,
        .head_room = HOOK_HEAD_BYTES,
        .limits = {.head_bytes_max = settings->head_bytes_max,
                   .uri_bytes_max = settings->uri_bytes_max,
                   .body_bytes_max = UINT64_MAX},
    };

    exchange->tag = EXCHANGE_TAG;
    exchange->ground = ground;
    exchange->request = request;
    if (!inlet_init(&exchange->response, &response) || !init_feeds(exchange) ||
        !init_memory(exchange) || !init_for_hooks(exchange)) {
        free_all(exchange);
        return false;
    }
    dial_init(&exchange->dial, ground->world);
    exchange->watch = (struct timer){.on_time = on_watch, .owner = exchange};
    exchange->resume = (struct timer){.on_time = on_resume, .owner = exchange};
    return true;
}

/* Whoever was promised a last word gets it, even from a proxy that is taken away. */
void exchange_release(struct exchange *exchange)
{
    check(exchange->tag == EXCHANGE_TAG);
    if (exchange->state != STATE_IDLE && exchange->state != STATE_DONE) {
        note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, 0);
        if (exchange->attempting)
            present_attempt(exchange)->decision =
                (struct retry_decision){.retry = false, .reason = RETRY_BECAUSE_INTERNAL};
        attempt_end(exchange, &exchange->failure);
        tell(exchange);
    }
    free_all(exchange);
    exchange->tag = 0;
}

static void copy_text(char *to, size_t size_max, struct bytes from)
{
    size_t size = from.size < size_max - 1 ? from.size : size_max - 1;

    if (size > 0)
        memcpy(to, from.data, size);
    to[size] = '\0';
}

/* Where an authority begins in a target that is no path: behind its scheme, or with its first byte, as CONNECT's. */
static size_t find_authority(struct bytes target)
{
    static const char scheme_end[] = "://";
    size_t i = 0;

    while (i < target.size && memchr("/?#@", target.data[i], 4) == NULL)
        i++;
    if (i == 0 || target.size - i < 2 || memcmp(target.data + i - 1, scheme_end, 3) != 0)
        return 0;
    return i + 2;
}

/*
 * As it came, but for a user name and a password before the host of the authority that begins there: they are nobody's to
 * keep, and least of all where they made the request one that is refused. RFC 9110 4.2.4.
 */
static void copy_without_user(char *to, size_t size_max, struct bytes from, size_t authority_at)
{
    size_t host_at = authority_at;
    size_t kept;

    if (from.size == 0 || memchr(from.data, '@', from.size) == NULL) {
        copy_text(to, size_max, from);
        return;
    }
    for (size_t i = authority_at; i < from.size && memchr("/?#", from.data[i], 3) == NULL; i++)
        if (from.data[i] == '@')
            host_at = i + 1;
    copy_text(to, size_max, bytes_make(from.data, authority_at));
    kept = strlen(to);
    if (host_at < from.size)
        copy_text(to + kept, size_max - kept, bytes_make(from.data + host_at, from.size - host_at));
}

static void copy_target(char *to, size_t size_max, struct bytes target)
{
    if (target.size == 0 || target.data[0] == '/')
        copy_text(to, size_max, target);
    else
        copy_without_user(to, size_max, target, find_authority(target));
}

/* The configuration and the route stay the exchange's own to its end, whatever is configured meanwhile. */
static void settle_route(struct exchange *exchange, int route)
{
    exchange->configuration = configuration_hold(exchange->ground->configuration);
    exchange->settings = &exchange->configuration->settings;
    exchange->route_index = route == ROUTE_NONE ? 0 : (size_t)route;
    exchange->route = &exchange->configuration->routes[exchange->route_index];
    exchange->record.route[0] = '\0';
    if (route != ROUTE_NONE)
        memcpy(exchange->record.route, exchange->route->name, sizeof(exchange->record.route));
}

static void begin_record(struct exchange *exchange, struct bytes host)
{
    struct exchange_record *record = &exchange->record;
    const struct head *head = &exchange->request->head;

    record->id = ++exchange->ground->exchanges_begun;
    record->begun_ns = world_now(exchange->ground->world);
    record->status = 0;
    record->error_word = NULL;
    record->error_suppressed = false;
    record->summary[0] = '\0';
    record->failure = (struct failure){0};
    record->response_body_bytes = 0;
    record->held_bytes_peak = 0;
    record->tunnel_up_bytes = 0;
    record->tunnel_down_bytes = 0;
    record->dial_count = 0;
    record->dials_lost = 0;
    record->attempt_count = 0;
    record->kind = exchange->kind;
    record->client = exchange->client_address;
    record->user[0] = '\0';
    copy_without_user(record->host, sizeof(record->host), host, 0);
    copy_text(record->method, sizeof(record->method), head->method);
    copy_target(record->target, sizeof(record->target), head->target);
    exchange->progress_ns = record->begun_ns;
    exchange->ground->live++;
    if (exchange->context != NULL)
        memset(exchange->context, 0, exchange->ground->hooks->context_bytes);
}

/* The authority of an absolute target stands over Host, for hooks too. RFC 9112 3.2.2. */
static void settle_host(struct head *head, struct bytes host)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (bytes_equal_text_nocase(head->fields[i].name, "host"))
            head->fields[i].value = host;
}

void exchange_begin(struct exchange *exchange, const struct exchange_request *request)
{
    const struct retry_settings *retry;

    check(exchange->state == STATE_IDLE);
    settle_route(exchange, request->route);
    retry = &exchange->route->retry;
    exchange->kind = request->kind;
    exchange->target = request->target;
    exchange->place = request->place;
    begin_record(exchange, request->host);
    if (request->user != NULL)
        copy_text(exchange->record.user, sizeof(exchange->record.user), bytes_of(request->user));
    settle_host(&exchange->request->head, request->host);
    feed_start(&exchange->up, exchange->request->reader.framing != FRAMING_NONE,
               retry->retries_max > 0 ? retry->replay_bytes : 0);
    exchange_advance(exchange, EVENT_BEGIN);
}

void exchange_refuse(struct exchange *exchange, const struct exchange_refusal *refusal)
{
    check(exchange->state == STATE_IDLE);
    settle_route(exchange, refusal->route);
    exchange->kind = refusal->kind;
    begin_record(exchange, refusal->host);
    feed_start(&exchange->up, false, 0);
    exchange->client_gone = refusal->failure.cause == CAUSE_CLIENT_CANCELLED;
    exchange->failure = refusal->failure;
    exchange->apology = refusal->apology;
    exchange_advance(exchange, EVENT_REFUSE);
}

void exchange_client_event(struct exchange *exchange, unsigned events)
{
    bool closed = (events & STREAM_CLOSED) != 0;

    /* A tunnel carries a half-close through. */
    if (closed && (exchange->tunnel || exchange->settings->client_half_close_allowed))
        closed = stream_status(exchange->client) != 0;
    exchange->client_readable = exchange->client_readable || (events & STREAM_READ) != 0;
    exchange_advance(exchange, closed ? EVENT_CLIENT_GONE : EVENT_CLIENT_READY);
}

bool exchange_is_done(const struct exchange *exchange)
{
    return exchange->state == STATE_DONE;
}

bool exchange_cuts_unseen(const struct exchange *exchange)
{
    return exchange->state != STATE_IDLE && exchange->state != STATE_DONE &&
           exchange->response_down && exchange->download.framing == FRAMING_CLOSE;
}

void exchange_rest(struct exchange *exchange)
{
    check(exchange->state == STATE_DONE);
    check(exchange->link == NULL);
    exchange->state = STATE_IDLE;
    exchange->client_gone = false;
    exchange->client_readable = false;
    exchange->step = 0;
    exchange->hook_waits = false;
    exchange->hook_waited = false;
    exchange->answered = false;
    exchange->failure_status = 0;
    exchange->close_client = false;
    exchange->request_varies = false;
    exchange->response_varies = false;
    exchange->trailers_filtered = false;
    exchange->connected = false;
    exchange->tunnel = false;
    exchange->phase = TUNNEL_NONE;
    exchange->upstream_lost = false;
    exchange->last_origin = NULL;
    exchange->next_address = 0;
    exchange->detail = NULL;
    exchange->final_head = false;
    exchange->response_down = false;
    exchange->upload = (struct outlet){0};
    exchange->download = (struct outlet){0};
    memset(exchange->tries, 0, sizeof(exchange->tries));
    exchange->framing_settled = false;
    exchange->interim_count = 0;
    exchange->interim_forwarded = false;
    exchange->continue_attempt = 0;
    exchange->failure = (struct failure){0};
    exchange->apology = (struct apology){0};
}

bool exchange_is_uploading(const struct exchange *exchange)
{
    bool open = exchange->upload.state == OUTLET_IDLE || exchange->upload.state == OUTLET_BLOCKED;

    return open && (exchange->state == STATE_SENDING || exchange->state == STATE_RELAYING);
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
