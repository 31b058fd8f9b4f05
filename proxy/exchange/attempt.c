/* An attempt from its choice to its judgement. */
#include <errno.h>
#include <string.h>

#include "proxy/exchange/actions.h"
#include "proxy/http/method.h"
#include "proxy/policy/backoff.h"
#include "proxy/policy/budget.h"
#include "proxy/policy/health.h"
#include "proxy/policy/progress.h"
#include "proxy/policy/retry.h"
#include "proxy/policy/selection.h"

static void on_dial_end(struct dial *dial, const struct failure *failure);
static void on_address(struct dial *dial, const struct address *address);

static uint64_t now_ns(const struct exchange *exchange)
{
    return world_now(exchange->ground->world);
}

struct attempt_record *present_attempt(struct exchange *exchange)
{
    check(exchange->record.attempt_count > 0);
    return &exchange->record.attempts[exchange->record.attempt_count - 1];
}

static const struct attempt_record *last_attempt(const struct exchange *exchange)
{
    const struct exchange_record *record = &exchange->record;

    return record->attempt_count > 0 ? &record->attempts[record->attempt_count - 1] : NULL;
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* The origin that the request itself asks for; NULL where that is no place, or memory runs out. */
static struct origin *target_origin(struct exchange *exchange)
{
    struct upstream_settings wanted = {.port = exchange->place.port};
    struct origin *origin;

    memcpy(wanted.host, exchange->place.host, sizeof(wanted.host));
    origin = configuration_find(exchange->configuration, &wanted);
    return origin != NULL ? origin : origins_find(&exchange->ground->origins, &wanted);
}

/* The upstreams of the route, as indices in the settings. */
static size_t list_upstreams(const struct exchange *exchange, unsigned list[UPSTREAMS_MAX])
{
    size_t count = 0;

    for (unsigned i = 0; i < exchange->settings->upstream_count; i++)
        if ((exchange->route->upstreams >> i & 1u) != 0)
            list[count++] = i;
    return count;
}

/* Where in the list the last attempt went. */
static bool find_last(const struct exchange *exchange, const unsigned *list, size_t count,
                      size_t *place)
{
    const struct attempt_record *last = last_attempt(exchange);

    for (size_t i = 0; last != NULL && i < count; i++)
        if (list[i] == last->upstream) {
            *place = i;
            return true;
        }
    return false;
}

/* The route's own choice; NULL where it has no upstream. */
static struct origin *choose_upstream(struct exchange *exchange)
{
    struct configuration *configuration = exchange->configuration;
    struct selection_candidate candidates[UPSTREAMS_MAX];
    unsigned list[UPSTREAMS_MAX];
    struct selection_facts facts = {
        .rule = exchange->route->select,
        .candidates = candidates,
        .count = list_upstreams(exchange, list),
        .turn = configuration->turns[exchange->route_index],
    };
    size_t last;
    int chosen;

    if (exchange->route->mode == MODE_FORWARD)
        return target_origin(exchange);
    if (find_last(exchange, list, facts.count, &last)) {
        facts.stay = exchange->route->retry.stay;
        facts.last = (unsigned)last;
    }
    for (size_t i = 0; i < facts.count; i++) {
        const struct origin *origin = configuration->upstreams[list[i]];

        candidates[i] = (struct selection_candidate){
            .ejected = health_is_ejected(&origin->health, now_ns(exchange)),
            .tries = exchange->tries[configuration_index(configuration, origin)],
            .in_use = origin->in_use,
        };
    }
    chosen = selection_decide(&facts);
    if (chosen == SELECTION_NONE)
        return NULL;
    if (last_attempt(exchange) == NULL)
        configuration->turns[exchange->route_index] = (size_t)chosen + 1;
    return configuration->upstreams[list[chosen]];
}

static struct proxy_peer peer_of(const struct exchange *exchange, const struct origin *origin)
{
    struct proxy_peer peer = {
        .upstream = UPSTREAM_OTHER,
        .connect_timeout_ns = exchange->settings->connect_timeout_ns,
    };

    if (origin != NULL) {
        peer.upstream = configuration_index(exchange->configuration, origin);
        peer.port = origin->settings.port;
        peer.tls = origin->settings.tls;
        memcpy(peer.host, origin->settings.host, sizeof(peer.host));
        memcpy(peer.sni, origin->settings.sni, sizeof(peer.sni));
    }
    return peer;
}

static struct origin *origin_of(struct exchange *exchange, const struct proxy_peer *peer)
{
    struct configuration *configuration = exchange->configuration;
    struct upstream_settings wanted = {.port = peer->port, .tls = peer->tls};
    struct origin *origin;
    struct place place;
    const char *wrong;

    check(memchr(peer->host, '\0', sizeof(peer->host)) != NULL);
    check(memchr(peer->sni, '\0', sizeof(peer->sni)) != NULL);
    if (peer->upstream != UPSTREAM_OTHER)
        return peer->upstream < configuration->settings.upstream_count
                   ? configuration->upstreams[peer->upstream]
                   : NULL;
    if (!place_make(peer->host, peer->port, &place, &wrong))
        return NULL;
    memcpy(wanted.host, place.host, sizeof(wanted.host));
    memcpy(wanted.sni, peer->sni, sizeof(wanted.sni));
    origin = configuration_find(configuration, &wanted);
    return origin != NULL ? origin : origins_find(&exchange->ground->origins, &wanted);
}

static void begin_attempt(struct exchange *exchange, struct origin *origin)
{
    struct exchange_record *record = &exchange->record;
    unsigned index = configuration_index(exchange->configuration, origin);

    check(record->attempt_count < RECORD_ATTEMPTS_MAX);
    if (record->attempt_count > 0)
        feed_restart(&exchange->up);
    record->attempts[record->attempt_count++] = (struct attempt_record){
        .upstream = index,
        .begun_ns = now_ns(exchange),
        .tls = origin->tls != NULL,
    };
    origin->in_use++;
    exchange->origin = origin;
    exchange->attempting = true;
    exchange->connected = false;
    exchange->try_begun_ns = record->attempts[record->attempt_count - 1].begun_ns;
    exchange->upload = (struct outlet){0};
    exchange->received = 0;
    exchange->upstream_readable = false;
    exchange->upstream_failed = false;
    exchange->detail = NULL;
    exchange->final_head = false;
    exchange->interim_count = 0;
    exchange->failure_status = 0;
    if (index != UPSTREAM_OTHER)
        exchange->tries[index]++;
}

/* After a failure on a reused connection the next one is fresh (decision 8). A status is none. */
static bool must_dial(const struct exchange *exchange)
{
    const struct attempt_record *last = last_attempt(exchange);

    return last != NULL && last->reused && last->failure.stage < STAGE_STATUS;
}

/*
 * Where a further attempt has nowhere to go, the failure of the one before it stands (decision 8). A status that was to be
 * tried again is none.
 */
static enum exchange_event no_upstream(struct exchange *exchange)
{
    if (exchange->record.attempt_count > 0 && exchange->failure.stage != STAGE_STATUS)
        return EVENT_GAVE_UP;
    exchange->failure =
        (struct failure){SIDE_UPSTREAM, STAGE_ROUTE, CAUSE_DESTINATION_UNAVAILABLE, 0};
    return EVENT_ATTEMPT_FAILED;
}

static enum exchange_event begin_at(struct exchange *exchange, struct origin *origin)
{
    /* A tunnel takes its connection with it, and the pool's are for HTTP. */
    bool fresh = must_dial(exchange) || exchange->kind == EXCHANGE_CONNECT;

    begin_attempt(exchange, origin);
    exchange->link = fresh ? NULL : pool_take(&origin->pool, &exchange->plan);
    if (exchange->link != NULL) {
        present_attempt(exchange)->reused = true;
        return EVENT_TAKEN;
    }
    exchange->link = link_take(&exchange->ground->origins.links, origin);
    return exchange->link != NULL
               ? EVENT_DIAL_NEEDED
               : note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, ENOMEM);
}

enum exchange_event choose(struct exchange *exchange)
{
    struct origin *origin = choose_upstream(exchange);
    struct origin *chosen;
    struct proxy_peer peer;
    enum exchange_event event;

    exchange->plan = (struct dial_plan){
        .nameserver = exchange->settings->nameserver,
        .connect_ns = exchange->settings->connect_timeout_ns,
        .handshake_ns = exchange->settings->handshake_timeout_ns,
        .limited = exchange->route->mode == MODE_FORWARD,
        .allow = exchange->route->allow,
        .allow_count = exchange->route->allow_count,
        .closed = exchange->ground->closed,
    };
    if (exchange->ground->hooks->upstream_peer == NULL)
        return origin == NULL ? no_upstream(exchange) : begin_at(exchange, origin);
    peer = peer_of(exchange, origin);
    event = ask_for_peer(exchange, &peer);
    if (event != EVENT_PASSED)
        return event;
    exchange->plan.connect_ns = peer.connect_timeout_ns;
    chosen = origin_of(exchange, &peer);
    exchange->plan.limited = exchange->plan.limited && chosen == origin;
    return chosen == NULL ? no_upstream(exchange) : begin_at(exchange, chosen);
}

/* ---- dialing --------------------------------------------------------------------------------- */

/* Another attempt at the same upstream begins with its next address. */
enum exchange_event start_dialing(struct exchange *exchange)
{
    exchange->dial.on_end = on_dial_end;
    exchange->dial.on_address = on_address;
    exchange->dial.owner = exchange;
    if (exchange->origin == exchange->last_origin)
        exchange->plan.first_address = exchange->next_address;
    exchange->last_origin = exchange->origin;
    dial_start(&exchange->dial, exchange->link, &exchange->plan);
    return EVENT_NONE;
}

static void on_address(struct dial *dial, const struct address *address)
{
    struct exchange *exchange = object_cast(dial->owner, EXCHANGE_TAG);
    struct exchange_record *record = &exchange->record;

    if (record->dial_count == RECORD_DIALS_MAX) {
        record->dials_lost++;
        return;
    }
    record->dials[record->dial_count++] = (struct dial_record){
        .attempt = record->attempt_count,
        .address = *address,
        .cause = dial->failure.cause,
        .os_error = dial->failure.os_error,
    };
}

static void on_dial_end(struct dial *dial, const struct failure *failure)
{
    struct exchange *exchange = object_cast(dial->owner, EXCHANGE_TAG);

    exchange->next_address = dial_next_address(dial);
    exchange->detail = dial->detail;
    present_attempt(exchange)->address = dial->address;
    if (failure == NULL) {
        exchange_turn(exchange, EVENT_DIALED);
        return;
    }
    exchange->failure = *failure;
    exchange_turn(exchange, EVENT_ATTEMPT_FAILED);
}

/* ---- failing --------------------------------------------------------------------------------- */

/* Counters of the present attempt's connection since the attempt began; all zero where there is none. */
static struct stream_info counters(const struct exchange *exchange)
{
    struct link *link = exchange->link;
    struct stream_info info = {.tx_known = true};

    /* Before there is a connection, what goes to and fro is its handshake. */
    if (link == NULL || !exchange->connected || !stream_in_use(&link->stream))
        return info;
    stream_info(&link->stream, &info);
    info.tx -= link->tx_before;
    info.rx = exchange->received;
    return info;
}

enum stage exchange_stage(const struct exchange *exchange)
{
    struct stream_info info;
    struct progress progress;

    if (!exchange->attempting)
        return STAGE_ROUTE;
    if (exchange->link == NULL)
        return STAGE_DIAL;
    if (!exchange->connected)
        return dial_stage(&exchange->dial);
    if (exchange->tunnel)
        return STAGE_TUNNEL;
    info = counters(exchange);
    progress = (struct progress){
        .tx = info.tx,
        .rx = info.rx,
        .request_handed_over = exchange->upload.state == OUTLET_ENDED && info.tx_pending == 0,
        .final_head = exchange->final_head,
        .response_down = exchange->response_down,
    };
    return progress_stage(&progress);
}

enum exchange_event note_failure(struct exchange *exchange, enum side side, enum cause cause,
                                 int os_error)
{
    exchange->failure = (struct failure){side, exchange_stage(exchange), cause, os_error};
    return EVENT_ATTEMPT_FAILED;
}

/* ---- ending an attempt ----------------------------------------------------------------------- */

/* Whether the connection may serve again: nothing is left over and both sides keep it. */
static bool is_reusable(const struct exchange *exchange, const struct failure *failure)
{
    const struct inlet *response = &exchange->response;

    if (exchange->tunnel || (failure != NULL && failure->stage != STAGE_STATUS) ||
        counters(exchange).tx_pending > 0)
        return false;
    return exchange->upload.state == OUTLET_ENDED && response->message_ended &&
           response->reader.keep_alive && response->reader.framing != FRAMING_CLOSE &&
           !response->input_ended && inlet_raw(response) == 0;
}

/*
 * How a failed attempt leaves its upstream: what was cut in a tunnel must not look whole at its other end, and what TLS has
 * taken of a request and not handed over must not follow behind the attempt, beside the next one.
 */
static bool must_be_cut(const struct exchange *exchange)
{
    return exchange->tunnel || counters(exchange).tx_pending > 0;
}

static void give_link(struct exchange *exchange, const struct failure *failure)
{
    struct attempt_record *attempt = present_attempt(exchange);
    struct stream_info info = counters(exchange);

    attempt->tx = info.tx;
    attempt->rx = info.rx;
    if (exchange->connected)
        attempt->address = info.peer;
    if (is_reusable(exchange, failure))
        pool_give(&exchange->origin->pool, &exchange->link);
    else
        link_give_back(&exchange->ground->origins.links, &exchange->link,
                       failure != NULL && must_be_cut(exchange) ? STREAM_RST : STREAM_FIN);
}

void attempt_end(struct exchange *exchange, const struct failure *failure)
{
    if (!exchange->attempting)
        return;
    exchange->attempting = false;
    dial_stop(&exchange->dial);
    if (exchange->link != NULL)
        give_link(exchange, failure);
    present_attempt(exchange)->ended_ns = now_ns(exchange);
    present_attempt(exchange)->tunnel = exchange->phase;
    if (failure != NULL) {
        present_attempt(exchange)->failure = *failure;
        present_attempt(exchange)->detail = exchange->detail;
    }
    /* A client's cancel says nothing about the upstream. */
    if (failure != NULL && failure->side == SIDE_UPSTREAM)
        health_note(&exchange->origin->health, failure, now_ns(exchange));
    check(exchange->origin->in_use > 0);
    exchange->origin->in_use--;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* An exchange counts once, however often it is tried again, and to its end. */
static void count_retrying(struct exchange *exchange)
{
    if (!exchange->retrying)
        exchange->ground->retrying++;
    exchange->retrying = true;
}

static struct retry_facts gather(struct exchange *exchange, const struct failure *failure,
                                 uint64_t delay_ns)
{
    const struct exchange_ground *ground = exchange->ground;
    const struct retry_settings *settings = &exchange->route->retry;
    const struct exchange_record *record = &exchange->record;
    const struct stream_info info = counters(exchange);
    uint64_t spent_ns = now_ns(exchange) - record->begun_ns;
    bool has_deadline = settings->deadline_ns != 0;

    return (struct retry_facts){
        .conditions = retry_conditions(settings),
        .internal = failure->side == SIDE_INTERNAL,
        .stage = failure->stage,
        .cause = failure->cause,
        .tx = info.tx,
        .tx_known = info.tx_known,
        .rx = info.rx,
        .reused = exchange->attempting && present_attempt(exchange)->reused,
        .response_bytes_down = exchange->response_down && !exchange->tunnel ? 1 : 0,
        .interim_forwarded = exchange->interim_forwarded,
        .client_gone = exchange->client_gone,
        .client_at_fault = failure->side == SIDE_DOWNSTREAM,
        .method_idempotent = method_is_idempotent(exchange->request->head.method),
        .body_replayable = feed_can_restart(&exchange->up),
        .retry_non_idempotent = settings->non_idempotent,
        .attempts_made = record->attempt_count,
        .retries_max = settings->retries_max,
        .deadline_passed = has_deadline && spent_ns >= settings->deadline_ns,
        .deadline_near = has_deadline && spent_ns + delay_ns >= settings->deadline_ns,
        .budget_empty =
            !budget_allows(&settings->budget, ground->live, ground->retrying - exchange->retrying),
    };
}

static uint64_t draw_backoff(struct exchange *exchange)
{
    const struct backoff_settings *backoff = &exchange->route->retry.backoff;

    if (backoff->base_ns == 0 || exchange->record.attempt_count == 0)
        return 0;
    return backoff_delay_ns(backoff, exchange->record.attempt_count,
                            world_random(exchange->ground->world));
}

enum exchange_event decide_retry(struct exchange *exchange, const struct failure *failure,
                                 enum retry_wish wish)
{
    uint64_t delay_ns = draw_backoff(exchange);
    struct retry_facts facts = gather(exchange, failure, delay_ns);
    struct retry_decision decision;

    facts.wish = wish;
    facts.status_listed =
        failure->stage == STAGE_STATUS &&
        status_set_has(&exchange->route->retry.on_status, exchange->response.head.status);
    decision = retry_decide(&facts);
    if (exchange->attempting)
        present_attempt(exchange)->decision = decision;
    if (!decision.retry)
        return EVENT_NONE;
    count_retrying(exchange);
    present_attempt(exchange)->backoff_ns = delay_ns;
    exchange->backoff_end_ns = now_ns(exchange) + delay_ns;
    /*
     * Behind a response there is a connection that may serve again. In this turn it has been read, and nobody knows yet
     * whether its upstream has closed it: the next attempt begins in a turn of its own.
     */
    return delay_ns > 0 || failure->stage == STAGE_STATUS ? EVENT_RETRY_LATER : EVENT_RETRY_ALLOWED;
}

/* A hook that was waited for may be what failed: the next state asks its own from the first. */
enum exchange_event judge(struct exchange *exchange)
{
    enum retry_wish wish;
    enum exchange_event retry;

    exchange->step = 0;
    exchange->hook_waits = false;
    exchange->hook_waited = false;
    wish = ask_about_failure(exchange);
    retry = decide_retry(exchange, &exchange->failure, wish);
    attempt_end(exchange, &exchange->failure);
    return retry == EVENT_NONE ? EVENT_GAVE_UP : retry;
}
