/* An attempt from its choice to its judgement. */
#include <errno.h>

#include "proxy/exchange/actions.h"
#include "proxy/policy/health.h"
#include "proxy/policy/method.h"
#include "proxy/policy/progress.h"
#include "proxy/policy/retry.h"
#include "proxy/policy/selection.h"

static void on_dial_end(struct dial *dial, const struct failure *failure);

static struct attempt_record *present(struct exchange *exchange)
{
    check(exchange->record.attempt_count > 0);
    return &exchange->record.attempts[exchange->record.attempt_count - 1];
}

static struct origin *present_origin(struct exchange *exchange)
{
    return &exchange->ground->origins[exchange->upstream];
}

/* ---- choosing -------------------------------------------------------------------------------- */

static int choose_upstream(struct exchange *exchange)
{
    struct exchange_ground *ground = exchange->ground;
    size_t count = ground->settings->upstream_count;
    uint64_t now = world_now(ground->world);
    struct selection_candidate candidates[UPSTREAMS_MAX];
    const struct selection_facts facts = {
        .rule = ground->settings->select,
        .candidates = candidates,
        .count = count,
        .turn = ground->turn,
        .last = exchange->upstream,
    };

    for (size_t i = 0; i < count; i++)
        candidates[i] = (struct selection_candidate){
            .ejected = health_is_ejected(&ground->origins[i].health, now),
            .tried = (exchange->tried >> i & 1u) != 0,
            .in_use = ground->origins[i].in_use,
        };
    return selection_decide(&facts);
}

static void begin_attempt(struct exchange *exchange, size_t upstream, bool reused)
{
    struct exchange_record *record = &exchange->record;

    check(record->attempt_count < RECORD_ATTEMPTS_MAX);
    record->attempts[record->attempt_count++] = (struct attempt_record){
        .upstream = (unsigned)upstream,
        .reused = reused,
        .begun_ns = world_now(exchange->ground->world),
    };
    present_origin(exchange)->in_use++;
    exchange->attempting = true;
    exchange->tried |= 1u << upstream;
    exchange->upstream_readable = false;
    exchange->upstream_failed = false;
}

/* After a failure on a reused connection the next one is fresh (decision 8). */
static bool must_dial(const struct exchange *exchange)
{
    const struct exchange_record *record = &exchange->record;

    return record->attempt_count > 0 && record->attempts[record->attempt_count - 1].reused;
}

static enum exchange_event no_upstream(struct exchange *exchange, enum cause cause)
{
    exchange->failure = (struct failure){SIDE_UPSTREAM, STAGE_ROUTE, cause, 0};
    return EVENT_ATTEMPT_FAILED;
}

enum exchange_event choose(struct exchange *exchange)
{
    struct exchange_ground *ground = exchange->ground;
    int chosen = choose_upstream(exchange);
    bool fresh = must_dial(exchange);

    if (chosen == SELECTION_NONE)
        return no_upstream(exchange, CAUSE_DESTINATION_UNAVAILABLE);
    exchange->upstream = (size_t)chosen;
    if (exchange->record.attempt_count == 0)
        ground->turn = (size_t)chosen + 1;
    exchange->link = fresh ? NULL : pool_take(&present_origin(exchange)->pool);
    begin_attempt(exchange, (size_t)chosen, exchange->link != NULL);
    if (exchange->link != NULL)
        return EVENT_TAKEN;
    exchange->link = link_take(&ground->links, present_origin(exchange));
    return exchange->link != NULL
               ? EVENT_DIAL_NEEDED
               : note_failure(exchange, SIDE_INTERNAL, CAUSE_PROXY_INTERNAL_ERROR, ENOMEM);
}

/* ---- dialing --------------------------------------------------------------------------------- */

enum exchange_event start_dialing(struct exchange *exchange)
{
    exchange->dial.on_end = on_dial_end;
    exchange->dial.owner = exchange;
    dial_start(&exchange->dial, exchange->link);
    return EVENT_NONE;
}

static void on_dial_end(struct dial *dial, const struct failure *failure)
{
    struct exchange *exchange = object_cast(dial->owner, EXCHANGE_TAG);

    if (failure == NULL) {
        exchange_turn(exchange, EVENT_DIALED);
        return;
    }
    exchange->failure = *failure;
    exchange_turn(exchange, EVENT_ATTEMPT_FAILED);
}

/* ---- failing and judging --------------------------------------------------------------------- */

static struct progress progress_of(const struct exchange *exchange)
{
    struct stream_info info;

    stream_info(&exchange->link->stream, &info);
    return (struct progress){
        .tx = info.tx - exchange->link->tx_before,
        .rx = info.rx - exchange->link->rx_before,
        .request_handed_over = exchange->upload.state == OUTLET_ENDED,
        .final_head = exchange->final_head,
        .response_down = exchange->response_down,
    };
}

enum stage exchange_stage(const struct exchange *exchange)
{
    struct progress progress;

    if (!exchange->attempting)
        return STAGE_ROUTE;
    if (exchange->link == NULL)
        return STAGE_DIAL;
    if (exchange->state == STATE_CHOOSING || exchange->state == STATE_DIALING)
        return dial_stage(&exchange->dial);
    progress = progress_of(exchange);
    return progress_stage(&progress);
}

enum exchange_event note_failure(struct exchange *exchange, enum side side, enum cause cause,
                                 int os_error)
{
    exchange->failure = (struct failure){side, exchange_stage(exchange), cause, os_error};
    return EVENT_ATTEMPT_FAILED;
}

/* Whether the connection may serve again: nothing is left over and both sides keep it. */
static bool is_reusable(const struct exchange *exchange, const struct failure *failure)
{
    const struct inlet *response = &exchange->response;

    return failure == NULL && exchange->upload.state == OUTLET_ENDED && response->message_ended &&
           response->reader.keep_alive && response->reader.framing != FRAMING_CLOSE &&
           !response->input_ended && inlet_raw(response) == 0;
}

static void give_link(struct exchange *exchange, const struct failure *failure)
{
    struct attempt_record *attempt = present(exchange);
    struct stream_info info;

    if (stream_in_use(&exchange->link->stream)) {
        stream_info(&exchange->link->stream, &info);
        attempt->tx = info.tx - exchange->link->tx_before;
        attempt->rx = info.rx - exchange->link->rx_before;
    }
    if (is_reusable(exchange, failure))
        pool_give(&present_origin(exchange)->pool, &exchange->link);
    else
        link_give_back(&exchange->ground->links, &exchange->link, STREAM_FIN);
}

void attempt_end(struct exchange *exchange, const struct failure *failure)
{
    struct origin *origin = present_origin(exchange);
    uint64_t now = world_now(exchange->ground->world);

    if (!exchange->attempting)
        return;
    exchange->attempting = false;
    dial_stop(&exchange->dial);
    if (exchange->link != NULL)
        give_link(exchange, failure);
    present(exchange)->ended_ns = now;
    if (failure != NULL)
        present(exchange)->failure = *failure;
    /* A client's cancel says nothing about the upstream. */
    if (failure != NULL && failure->side == SIDE_UPSTREAM)
        health_note(&origin->health, failure, now);
    check(origin->in_use > 0);
    origin->in_use--;
}

static struct retry_facts gather(struct exchange *exchange)
{
    const struct proxy_settings *settings = exchange->ground->settings;
    const struct exchange_record *record = &exchange->record;
    uint64_t now = world_now(exchange->ground->world);
    struct stream_info info = {.tx_known = true};
    uint64_t tx = 0;

    if (exchange->link != NULL && stream_in_use(&exchange->link->stream)) {
        stream_info(&exchange->link->stream, &info);
        tx = info.tx - exchange->link->tx_before;
    }
    return (struct retry_facts){
        .conditions = retry_conditions(&settings->retry),
        .stage = exchange->failure.stage,
        .cause = exchange->failure.cause,
        .tx = tx,
        .tx_known = info.tx_known,
        .reused = exchange->attempting && present(exchange)->reused,
        .response_bytes_down = exchange->response_down ? 1 : 0,
        .interim_forwarded = exchange->interim_forwarded,
        .client_gone = exchange->client_gone || exchange->failure.side == SIDE_DOWNSTREAM,
        .method_idempotent = method_is_idempotent(exchange->request->head.method),
        .body_replayable = exchange->upload.body_accepted == 0,
        .attempts_made = record->attempt_count,
        .retries_max = settings->retry.retries_max,
        .deadline_passed = settings->retry.deadline_ns != 0 &&
                           now - record->begun_ns >= settings->retry.deadline_ns,
    };
}

enum exchange_event judge(struct exchange *exchange)
{
    const struct retry_facts facts = gather(exchange);
    struct retry_decision decision = retry_decide(&facts);

    if (exchange->attempting)
        present(exchange)->decision = decision;
    attempt_end(exchange, &exchange->failure);
    if (decision.retry)
        return EVENT_RETRY_ALLOWED;
    return exchange->response_down || exchange->client_gone ? EVENT_CUT : EVENT_GAVE_UP;
}
